/* bodystructure.h - BODYSTRUCTURE and BODY: the tree of parts as IMAP text.
 *
 * RFC 9051 7.5.2. Always valid: a multipart without parts is given an empty text part, what was too
 * deep to parse is application/octet-stream.
 */
#ifndef MAIL_BODYSTRUCTURE_H
#define MAIL_BODYSTRUCTURE_H

#include "mail/mime.h"

/* Append the tree: with extension data (BODYSTRUCTURE) or without (BODY). */
void bodystructure_write(struct buf *out, const struct mime *m, bool extended);

/* BODY from the text of BODYSTRUCTURE, as the card keeps it: extension data left out.
 * False (out then holds a part of it) if text is not what bodystructure_write writes. */
bool bodystructure_plain(struct buf *out, str text);

#endif
