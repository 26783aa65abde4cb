/* preview.h - the first words of a message, for a list of messages. RFC 8970 3. */
#ifndef MAIL_PREVIEW_H
#define MAIL_PREVIEW_H

#include "base/buf.h"

/* Append the preview of a text: UTF-8 in, at most PREVIEW_CHARACTERS and PREVIEW_BYTES out, white
 * space squeezed to single spaces, controls gone. html says that tags are to be taken out. */
void preview_write(struct buf *out, str utf8, bool html);

#endif
