/* received.h - the lines that we add on top: Received, Message-ID, Date.
 *
 * RFC 5321 4.4, RFC 5322 3.6.4. Pure text: the caller brings time and random bytes. What strangers
 * said (HELO) is reduced to characters that are harmless in a header.
 */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H

#include "mail/address.h"
#include "mail/date.h"

struct received {
    str helo;          /* what the peer called itself; may be anything */
    str peer_ip;       /* textual address, "192.0.2.1" or "2001:db8::1"; empty: no "from" clause's
                          comment (local submission) */
    str by;            /* our host name */
    str with;          /* "ESMTP", "ESMTPSA", "UTF8SMTPS", … RFC 3848, RFC 6531 4.3 */
    str tls;           /* "TLS1.3 TLS_AES_256_GCM_SHA384"; empty without TLS. Becomes a comment */
    str id;            /* transaction id */
    struct address for_; /* the one recipient; null when there are several (privacy, RFC 5321 7.2) */
    int priority;      /* RFC 6710 4.5; 0: not told */
    struct date date;
};

/* Append the folded field, CRLF at the end. */
void received_write(struct buf *out, const struct received *r);
void date_field_write(struct buf *out, struct date d);          /* "Date: …" CRLF */

/* A message-id without angle brackets: time and random bytes in letters and digits, "@domain". */
void message_id_make(struct buf *out, int64_t seconds, const uint8_t random[12], str domain);
void message_id_field_write(struct buf *out, str message_id); /* "Message-ID: <…>" CRLF */

#endif
