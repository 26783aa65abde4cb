/* envelope.h - ENVELOPE: a message's header as IMAP clients list it.
 *
 * RFC 9051 7.5.2, 2.3.5. The text is complete IMAP wire text, valid for rev1 and rev2 alike: strings
 * are quoted, or literals where they hold anything that a quoted string may not (8-bit, controls).
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "mail/header.h"

/* Append "(date subject from sender reply-to to cc bcc in-reply-to message-id)". The arena is
 * scratch, rewound before the return. Sender and Reply-To default to From; several fields of
 * one name with addresses are one list (RFC 5322 4.5.3). */
void envelope_write(struct buf *out, struct arena *scratch, str block);

/* --- reading one (envelope_read.c) -------------------------------------------------------------- */
enum envelope_item {
    ENVELOPE_DATE,
    ENVELOPE_SUBJECT,
    ENVELOPE_FROM,
    ENVELOPE_SENDER,
    ENVELOPE_REPLY_TO,
    ENVELOPE_TO,
    ENVELOPE_CC,
    ENVELOPE_BCC,
    ENVELOPE_IN_REPLY_TO,
    ENVELOPE_MESSAGE_ID,
};
/* A value that is a string, as it stood in the header. False: NIL. Borrowed, or in the arena. */
bool envelope_text(str envelope, enum envelope_item item, struct arena *a, str *out);
/* A list of addresses, at most max of them, flat as in header.h. *out is in the arena. */
size_t envelope_addresses(str envelope, enum envelope_item item, struct arena *a, size_t max,
                          struct header_address **out);

/* --- strings ------------------------------------------------------------------------------------ */
/* One IMAP nstring: NIL when empty, quoted, or a literal. NUL bytes are left out (RFC 9051 9 CHAR8). */
void imap_nstring(struct buf *out, str s);
void imap_string(struct buf *out, str s); /* the same, but "" when empty */

#endif
