/* params_int.h - the arguments of MAIL, RCPT and BDAT: paths, numbers, ESMTP parameters.
 *
 * Pure: from text to values. RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2; RFC 1870 (SIZE); RFC 6152 (BODY);
 * RFC 6531 (SMTPUTF8); RFC 3461 (RET, ENVID, NOTIFY, ORCPT); RFC 4954 5 (AUTH); RFC 3030 (BDAT,
 * BINARYMIME); RFC 8689 (REQUIRETLS); RFC 2852 (BY); RFC 4865 (HOLDFOR, HOLDUNTIL); RFC 6710
 * (MT-PRIORITY).
 */
#ifndef SMTP_PARAMS_INT_H
#define SMTP_PARAMS_INT_H

#include "base/arena.h"
#include "mail/address.h"

/* What is wrong with the arguments; smtp_params_reply has the words. */
enum params_fault {
    PARAMS_FINE,
    PARAMS_SYNTAX,     /* not of the form "FROM:<path>" */
    PARAMS_ADDRESS,    /* the path is no path */
    PARAMS_NEEDS_UTF8, /* non-ASCII without SMTPUTF8 */
    PARAMS_UNKNOWN,    /* a parameter that we do not know */
    PARAMS_VALUE,      /* one that we do, with a bad value, or twice */
    PARAMS_MANY,       /* more than SMTP_PARAMETERS, or too long for the arena */
};

struct mail_params {
    struct address sender;
    uint64_t size_bytes;  /* declared; 0: not */
    bool eight_bit;       /* BODY=8BITMIME or BINARYMIME */
    bool binary;          /* BODY=BINARYMIME: comes by BDAT alone */
    bool utf8, ret_full, require_tls;
    str envid;            /* decoded */
    bool by, by_notify, by_trace; /* BY was given; a late message is told of, not returned; T */
    int64_t by_s;                 /* from now; may be negative */
    bool held;            /* HOLDFOR or HOLDUNTIL: exactly one of the next two */
    int64_t hold_for_s, hold_until_s; /* from now; since 1970 */
    bool prioritised;     /* MT-PRIORITY was given */
    int priority;         /* -9 to 9 */
};
struct rcpt_params {
    struct address rcpt;
    unsigned notify;      /* NOTIFY_… of store.h */
    str orcpt;            /* "rfc822;decoded text", checked: for reports and the next hop */
};

/* args: what follows "MAIL " or "RCPT ". Results borrow from args or lie in the arena. */
enum params_fault smtp_mail_params(struct arena *a, str args, struct mail_params *out);
enum params_fault smtp_rcpt_params(struct arena *a, str args, bool utf8, struct rcpt_params *out);

/* "1024" or "1024 LAST", digits only, checked in 64 bits. */
bool smtp_bdat_params(str args, uint64_t *bytes, bool *last);

#endif
