/* session_int.h - a POP3 session: what survives a park, the commands, and how they answer. */
#ifndef POP3_SESSION_INT_H
#define POP3_SESSION_INT_H

#include "base/limits.h"
#include "pop3/pop3.h"

enum pop3_state {
    POP3_AUTHORIZATION = 1,
    POP3_TRANSACTION = 2
}; /* RFC 1939 3; UPDATE is in QUIT */

struct pop3_message {
    struct uid uid;
    bool deleted;
    uint64_t size_bytes;
    struct blob blob;
    struct msgid journey;
};

struct pop3 {
    struct conn *conn;
    const struct pop3_server *server;
    struct arena arena; /* of the command; reset after each */
    enum pop3_state state;
    unsigned errors, failures; /* bad commands; failed log-ins */
    unsigned strange_commands; /* before the log-in */
    uint64_t opened_us;        /* monotonic */
    bool ended;                /* after QUIT, or too many errors */
    struct buf user;           /* USER's argument, until PASS */
    struct account account;    /* after log-in, as all below */
    struct auth_stay stay;     /* it ends when the user may no longer be here */
    bool locked;
    struct mailbox_id mailbox;
    uint32_t uidvalidity;
    struct pop3_message *messages; /* the maildrop as it was at log-in: numbers never change */
    size_t n, kept;                /* kept: not marked deleted */
    uint64_t kept_bytes;
};

typedef void pop3_command_fn(struct pop3 *s, str args);
pop3_command_fn pop3_capa, pop3_stls, pop3_user, pop3_pass, pop3_auth, pop3_stat, pop3_list,
    pop3_uidl, pop3_retr, pop3_top, pop3_dele, pop3_rset, pop3_noop, pop3_quit;

/* One line, "+OK …" or "-ERR …". text must not hold CR or LF (asserted). */
void pop3_ok(struct pop3 *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pop3_err(struct pop3 *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pop3_bad(struct pop3 *s, const char *why); /* -ERR, and it counts */

void pop3_bare_lf(struct pop3 *s); /* -ERR, and the end */
bool pop3_may_login(const struct pop3 *s); /* TLS, or the listener allows clear text */

/* maildrop.c: take the lock and the snapshot; replies itself on failure. */
enum err maildrop_open(struct pop3 *s, const struct login *who) MUST_CHECK;
void maildrop_close(struct pop3 *s);
/* The message of this number that is not deleted; NULL after replying why not. */
struct pop3_message *maildrop_message(struct pop3 *s, str number);

#endif
