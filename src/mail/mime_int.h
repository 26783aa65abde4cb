/* mime_int.h - between the MIME parser's line side (mime.c) and its field side (mime_part.c). */
#ifndef MAIL_MIME_INT_H
#define MAIL_MIME_INT_H

#include "mail/mime.h"

/* Fill in what m->header, now complete, says of part: type, encoding, kind, and the rest; and the
 * envelope of the part around it if this is the header of an inner message. A part that says it
 * contains others is a leaf unless may_contain. */
void mime_part_read(struct mime *m, struct mime_part *part, bool may_contain);

#endif
