/* fold.h - text as searching compares it: without case. RFC 5051 in spirit, Unicode casefold. */
#ifndef MAIL_FOLD_H
#define MAIL_FOLD_H

#include "base/arena.h"

/* Two texts that differ only in case fold to the same bytes. utf8 must be valid. In the arena; the
 * empty str when that is spent. */
str text_fold(struct arena *a, str utf8);

#endif
