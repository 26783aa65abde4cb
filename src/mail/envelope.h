/* envelope.h - ENVELOPE: a message's header as IMAP clients list it.
 *
 * RFC 9051 7.5.2, 2.3.5. The text is complete IMAP wire text, valid for rev1 and rev2 alike: strings
 * are quoted, or literals where they hold anything that a quoted string may not (8-bit, controls).
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "base/arena.h"
#include "base/buf.h"

/* Append "(date subject from sender reply-to to cc bcc in-reply-to message-id)". The arena is
 * scratch, rewound before the return. Sender and Reply-To default to From. */
void envelope_write(struct buf *out, struct arena *scratch, str block);

/* One IMAP nstring: NIL when empty, quoted, or a literal. NUL bytes are left out (RFC 9051 9 CHAR8). */
void imap_nstring(struct buf *out, str s);
void imap_string(struct buf *out, str s); /* the same, but "" when empty */

#endif
