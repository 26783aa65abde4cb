/* header_fix_int.h - what changes in a header on its way in. RFC 5321 4.4, RFC 6409 8, RFC 5322 3.6. */
#ifndef SMTP_HEADER_FIX_INT_H
#define SMTP_HEADER_FIX_INT_H

#include "mail/received.h"

/* How the header is to be stored. */
struct header_fix {
    str sender;                      /* envelope, for Return-Path; empty: the null sender */
    const struct received *received;
    bool submission;                 /* complete it, and hide Bcc */
    uint8_t random[12];              /* for a Message-ID */
    str id_domain;                   /* likewise */
};

/* Append a message's header (its empty line included, if it has one) as it is stored: Return-Path,
 * Received, on submission what is missing of Message-ID and Date, then what came, without any
 * Return-Path and on submission without Bcc. False, and out unusable, when it has more fields than
 * we look at (HEADER_FIELDS): what is not looked at cannot be removed. */
bool smtp_header_fix(struct buf *out, str header, const struct header_fix *fix);

#endif
