/* fold.h - text as searching and sorting compare it: without case. RFC 5051, i;unicode-casemap. */
#ifndef MAIL_FOLD_H
#define MAIL_FOLD_H

#include "base/arena.h"

/* Two texts that are equal under i;unicode-casemap fold to the same bytes, whose order is theirs;
 * besides, sharp s is SS, and a ligature is its letters. What is compared is decomposed: CAFE is in
 * the folded form of "café". utf8 must be valid. In the arena; the empty str when that is spent. */
str text_fold(struct arena *a, str utf8);

/* The composed form (Unicode NFC), in which names are kept: RFC 5198 3. utf8 must be valid, and is
 * returned itself if it is ASCII; else in the arena, empty when that is spent. */
str text_nfc(struct arena *a, str utf8);

#endif
