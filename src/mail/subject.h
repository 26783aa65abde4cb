/* subject.h - the base subject of RFC 5256 2.1, by which SORT and THREAD compare. */
#ifndef MAIL_SUBJECT_H
#define MAIL_SUBJECT_H

#include "base/arena.h"

/* From a decoded (UTF-8) subject: without Re:, Fwd:, [blobs] and (fwd), lower case. *reply says
 * whether a reply or forward mark was there. In the arena; empty when that is spent. */
str subject_base(struct arena *a, str subject, bool *reply);

#endif
