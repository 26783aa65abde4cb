/* imap_int.h - the parts of `./do bench imap`: systems, a client that costs little, mail, rows.
 *
 * The same mailboxes are filled and the same load is given to Posthorn and to Debian's Dovecot, in
 * turn on the same machine and disk: the server has one core, the client the other.
 */
#ifndef BENCH_IMAP_IMAP_INT_H
#define BENCH_IMAP_IMAP_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/server.h"

_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- systems (system.c) ----------------------------------------------------------------------- */

/* The core of the servers, and that of the clients. */
enum { CORE_SERVER, CORE_CLIENT };

struct system {
    const char *name;
    char address[16];
    int port_imap, port_pop3;
    struct peer *peer;
};
void posthorn_start(struct world *w, struct system *s);
void dovecot_start(struct world *w, struct system *s); /* sdbox, mail_fsync=optimized as it ships */
void system_stop(struct system *s);
double system_pss_kb(const struct system *s);
double system_cpu_s(const struct system *s);
void run_on_core(int core); /* from here on; nothing where there is one core only */

/* --- a client (client.c) ---------------------------------------------------------------------- */

/* Looks at nothing but the beginning of each last line: what is measured is the server. */
struct client {
    int fd;
    unsigned tag;
    uint64_t bytes; /* received since the connection was opened */
    char head[24];  /* how the line that came last begins */
    size_t head_n;
    bool line_over;
};
void client_dial(struct client *c, const char *address, int port); /* the greeting is not read */
void client_open(struct client *c, const struct system *s);        /* greeted and logged in */
void client_close(struct client *c);
void client_send(struct client *c, const char *p, size_t n);
/* Takes what has come, at most a buffer full; true when the last line is the tagged one. */
bool client_take(struct client *c);
/* The same with the bytes for a look: in a buffer of the process, until the next call. */
size_t client_read(struct client *c, const char **p);
/* Sends TAG COMMAND and takes all until the tagged OK. */
void client_run(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, in seconds. */
double client_time(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, and what came: at most CLIENT_TEXT bytes of it, until the next call. */
enum { CLIENT_TEXT = 1 << 20 };
const char *client_ask(struct client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void client_start(struct client *c, const char *command); /* the first half of client_run */
void client_await(struct client *c, const char *text);    /* takes all until this was said */
bool client_offers(struct client *c, const char *capability);

/* --- many at once (load.c) -------------------------------------------------------------------- */

struct load {
    const struct system *system;
    unsigned connections;
    const char *first; /* what each says first: SELECT … */
    double seconds;    /* 0: until count requests were answered */
    uint64_t count;
    /* The next command of connection i, without tag, with CRLF; returns its length. */
    size_t (*next)(void *arg, unsigned i, char *out, size_t max);
    void *arg;
};
struct loaded {
    double rate; /* answers a second */
    double p50_ms, p99_ms;
};
struct loaded load_run(const struct load *l);

/* --- mail (mail.c) ---------------------------------------------------------------------------- */

enum { MAIL_BYTES_MAX = 64 * 1024 };
enum mail_kind {
    MAIL_SMALL,    /* one part, about 1 KiB */
    MAIL_ORDINARY, /* letters, alternatives with HTML, attachments: 6 KiB on average */
    MAIL_4K,       /* text of 4 KiB */
};
/* The i-th message: the same in each run. */
size_t mail_make(enum mail_kind kind, unsigned i, char out[MAIL_BYTES_MAX]);
/* " (\Seen …)" or "", as people leave them. */
const char *mail_flags(unsigned i);
unsigned mail_random(uint64_t *state); /* 31 bits */
/* The word of this rank: 0 is in nearly every letter, a few thousand in very few. */
const char *mail_word(unsigned rank, char out[16]);

/* --- mailboxes (fill.c) ----------------------------------------------------------------------- */

/* Appends count messages, by MULTIAPPEND where it is offered; messages a second. */
double fill(const struct system *s, const char *mailbox, enum mail_kind kind, unsigned count);
/* The same, but a tenth is appended and then copied ten times: quicker where each costs a sync. */
double fill_by_copies(const struct system *s, const char *mailbox, enum mail_kind kind,
                      unsigned count);

/* --- rows ------------------------------------------------------------------------------------- */

/* What a system has, while it is measured. */
struct ground {
    struct system system;
    bool brief;
    struct world *world;
    unsigned big; /* messages in "big", where they are small; INBOX has LETTERS ordinary ones */
    struct loaded random;
    bool random_known;
    double qresync_bytes;
};
enum { LETTERS = 10000, BIG = 100000 };

/* A figure; NAN: the server does not offer it. */
typedef double row_fn(struct ground *g);

row_fn row_session, row_select, row_pop3, row_memory, row_notified, row_qresync, row_qresync_bytes,
    row_flags, row_envelopes, row_bodies, row_random, row_random_p50, row_random_p99, row_append_1,
    row_append_10, row_multiappend, row_store_one, row_store_all, row_copy, row_move, row_expunge,
    row_subject, row_body;
/* Small appends with a sync each, to a file that was written before: what a journal can do. */
double journal_rate(const char *folder, double seconds);

#endif
