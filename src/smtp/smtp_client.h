/* smtp_client.h - our side of an outgoing SMTP conversation (RFC 5321 3, 4.2).
 *
 * Used by relay, by `posthorn send` and by tests. One connection may carry several transactions.
 * Every reply is kept whole, up to SMTP_REPLY_BYTES, in the arena.
 */
#ifndef SMTP_SMTP_CLIENT_H
#define SMTP_SMTP_CLIENT_H

#include "base/arena.h"
#include "run/conn.h"

struct smtp_reply {
    unsigned code;    /* 250; 0: no reply came (see err) */
    str enhanced;     /* "2.1.5" or empty (RFC 2034) */
    str text;         /* every line after its code, joined by LF; without a code: our own words */
};

/* What the peer offered in EHLO. */
enum { EXT_PIPELINING = 1, EXT_SIZE = 2, EXT_8BITMIME = 4, EXT_SMTPUTF8 = 8, EXT_DSN = 16,
       EXT_CHUNKING = 32, EXT_BINARYMIME = 64, EXT_STARTTLS = 128, EXT_AUTH_PLAIN = 256, EXT_REQUIRETLS = 512,
       EXT_ENHANCED = 1024, EXT_AUTH_LOGIN = 2048, EXT_DELIVERBY = 4096, EXT_PRIORITY = 8192 };

enum smtp_tls { SMTP_TLS_NONE, SMTP_TLS_MAY, SMTP_TLS_MUST, SMTP_TLS_VERIFY, SMTP_TLS_IMPLICIT };

struct smtp_client_options {
    struct netaddr to;
    const struct netaddr *source;
    str host;               /* the name connected to: SNI, certificate check */
    str hello;              /* our name for EHLO */
    enum smtp_tls tls;
    struct tls_client *tls_client;
    bool lmtp;
    str user, password;     /* AUTH PLAIN when user is not empty; needs TLS */
    unsigned connect_ms, greeting_ms, command_ms, data_ms, end_ms; /* RFC 5321 4.5.3.2 */
    conn_trace_fn *trace; void *trace_arg;
};

struct smtp_client;
/* Connects, greets, EHLO (HELO if refused), STARTTLS per tls, AUTH. Waits.
 * OK; ERR_LATER: not reached, 4xx, or TLS failed (with MAY the caller may try again in clear:
 * *tls_failed, also when TLS was demanded and not offered); ERR_DENIED: 5xx; ERR_GONE. reply says what came. Arena lives as long as the client. */
enum err smtp_client_open(const struct smtp_client_options *o, struct arena *a, struct smtp_client **out,
                          struct smtp_reply *reply, bool *tls_failed) MUST_CHECK;
const struct tls_facts *smtp_client_tls(const struct smtp_client *c);
unsigned smtp_client_extensions(const struct smtp_client *c); /* EXT_… */

struct smtp_client_rcpt {
    str address;              /* as SMTP writes it, without angle brackets */
    str orcpt;                /* "rfc822;alice@a.test", decoded; empty: none */
    unsigned notify;          /* NOTIFY_… of store.h; 0: not said */
    struct smtp_reply reply;  /* out: of RCPT, or of the end of DATA (LMTP: its own) */
    bool accepted;            /* out: the message was taken for this one */
    bool dsn_relayed;         /* out: the next hop speaks DSN and was told */
    bool decided;             /* out, LMTP: its own answer came, whatever became of the others */
};
/* Gives the message's bytes piece by piece (CRLF lines); sets *end at the last. Waits. */
typedef enum err smtp_source_fn(void *arg, str *bytes, bool *end);
struct smtp_client_message {
    str sender, envid;        /* empty sender: <>; envid decoded */
    bool dsn_ret;             /* RET is said, when the peer speaks DSN */
    bool ret_full, utf8, eight_bit, binary, require_tls;
    int priority;             /* RFC 6710; said when the peer knows it */
    bool by, by_notify, by_trace; /* RFC 2852; without by_notify only a peer that knows it may have it */
    int64_t by_s;             /* from now; may be negative with by_notify */
    uint64_t size_bytes;
    struct smtp_client_rcpt *rcpts; size_t n;
    smtp_source_fn *source; void *source_arg;
};
/* One transaction: MAIL, RCPTs (pipelined where offered), DATA or BDAT with dot-stuffing. Waits.
 * OK: look at each rcpt. ERR_LATER/ERR_DENIED: refused as a whole (*reply; every rcpt's reply is set
 * to it). ERR_GONE: the connection broke: *reply.code 0, nothing is known to be accepted.
 * ERR_LIMIT: the peer cannot take it (SIZE, 8BITMIME, BINARYMIME, SMTPUTF8, REQUIRETLS, DELIVERBY):
 * *reply is ours. A recipient's address beyond ASCII alone costs only that recipient. */
enum err smtp_client_send(struct smtp_client *c, const struct smtp_client_message *m, struct smtp_reply *reply) MUST_CHECK;
/* After ERR_GONE: the message's end was written and no answer to it came; the peer may have taken it. */
bool smtp_client_undecided(const struct smtp_client *c);
bool smtp_client_broken(const struct smtp_client *c); /* nothing more can be said: close it */
str smtp_client_trouble(const struct smtp_client *c); /* after ERR_GONE: why, and at which step; or empty */
str smtp_client_peer(const struct smtp_client *c);    /* what the peer calls itself in its EHLO reply */
enum err smtp_client_reset(struct smtp_client *c) MUST_CHECK; /* RSET between transactions; Waits. */
void smtp_client_close(struct smtp_client *c); /* QUIT if possible, at most 1 s; Waits. */

#endif
