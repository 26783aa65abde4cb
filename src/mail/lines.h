/* lines.h - line ends while a message streams by: lone LF to CRLF, and CRLF to LF.
 *
 * Mail on the wire and in the store has CRLF; files of the Maildir and mbox kind have LF. A CR without
 * LF is neither's line end and stays. Cuts do not matter; in between, one CR may be held back.
 */
#ifndef MAIL_LINES_H
#define MAIL_LINES_H

#include "base/buf.h"

struct lines {
    bool cr; /* the byte before was CR */
};
void lines_to_crlf(struct lines *l, str piece, struct buf *out);
void lines_to_lf(struct lines *l, str piece, struct buf *out);
void lines_to_lf_end(struct lines *l, struct buf *out); /* after the last piece */

#endif
