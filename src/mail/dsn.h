/* dsn.h - delivery status notifications: what happened to a letter, for people and for programs.
 *
 * RFC 3464 (message/delivery-status), RFC 6522 (multipart/report), RFC 3461 6. Pure text: who gets
 * one, and whether, is relay's decision; the envelope sender of every notification is <>.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "base/buf.h"
#include "mail/address.h"
#include "mail/date.h"

enum dsn_action { DSN_FAILED, DSN_DELAYED, DSN_DELIVERED, DSN_RELAYED, DSN_EXPANDED };

struct dsn_recipient {
    struct address final;
    str orcpt_type, orcpt;  /* decoded ORCPT (address_orcpt); empty if none */
    enum dsn_action action;
    str status;             /* "5.1.1"; anything else is written as x.0.0 of the action */
    str diagnostic;         /* the remote reply, "550 5.1.1 no such user"; empty if none */
    str remote_mta;         /* host that said so; empty if none */
    int64_t last_attempt;   /* seconds since 1970; 0 if none */
    int64_t retry_until;    /* for DSN_DELAYED; 0 if none */
};

struct dsn {
    str reporting_mta;      /* our host name */
    str from_name;          /* display name of our mailer; "Mail Delivery System" if empty */
    struct address from;    /* e.g. postmaster@ or mailer-daemon@ our domain */
    struct address to;      /* the sender of the letter */
    str message_id;         /* of this notification, without angle brackets */
    str boundary;           /* random token, 1 to 60 letters and digits, in no line of the original */
    struct date now;
    struct date arrival;    /* of the letter here; seconds 0 if unknown */
    str envid;              /* decoded; empty if none */
    const struct dsn_recipient *recipients;
    size_t nrecipients;
    str original;           /* header block, or the whole letter */
    bool full;              /* original is the whole letter (RET=FULL) */
    bool ascii;             /* the reader takes no internationalised mail: addresses are written \x{…} */
    str journey;            /* what happened so far, a line (LF) an event; empty: not told */
};

/* Append the complete message, CRLF lines. Whatever remote hosts said is made harmless (controls
 * become '?', lines are folded). 8-bit in the original is declared; a line end is added if the
 * original lacks one. False if out is full, or boundary is not as asked for. */
bool dsn_write(struct buf *out, const struct dsn *d);

/* Does a message's header block say that it is a report, or otherwise not to be answered by a
 * machine (multipart/report, Auto-Submitted other than "no")? RFC 3834 2. */
bool dsn_is_automatic(str block);

#endif
