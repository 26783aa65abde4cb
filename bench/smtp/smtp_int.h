/* smtp_int.h - the parts of `./do bench smtp`: systems under load, the load, sinks, and what they
 * cost.
 *
 * The same load goes to Posthorn, to Debian's Postfix with Dovecot, and to a bare sink, in turn on
 * the same machine and disk.
 */
#ifndef BENCH_SMTP_SMTP_INT_H
#define BENCH_SMTP_SMTP_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/server.h"

enum { USERS = 20, CONNECTIONS_MAX = 200 };

/* --- systems (system.c) ----------------------------------------------------------------------- */

struct system {
    const char *name;
    char address[16]; /* of all its ports */
    int port_mx, port_submission, port_imap;
    bool relays_unasked; /* its MX port relays for us; otherwise mail goes out by submission */
    struct peer *parts[2];
    size_t parts_n;
};
/* out_port: on 127.0.0.1, where all mail for other domains goes. */
void posthorn_start(struct world *w, struct system *s, int out_port);
void postfix_start(struct world *w, struct system *s, int out_port);
void system_stop(struct system *s);
double system_cpu_s(const struct system *s); /* of all its processes, also those that ended */
double system_pss_mb(const struct system *s);

/* --- the load (load.c) ------------------------------------------------------------------------ */

struct load {
    const char *address;
    int port;
    unsigned connections;
    size_t message_bytes;
    double seconds;
    bool login;         /* AUTH PLAIN as u0 first */
    const char *domain; /* recipients: u0 to u19 there */
};
struct loaded {
    uint64_t accepted;
    uint64_t by_user[USERS];
    double began_s; /* when the first connection was ready */
};
/* Each connection sends one message after another until the time is over. */
void load_run(const struct load *l, struct loaded *out);
/* Connect, STARTTLS, AUTH PLAIN, QUIT, over and over: log-ins a second. */
double load_logins(const char *address, int port, unsigned connections, double seconds);

/* --- sinks (sink.c) --------------------------------------------------------------------------- */

/* Speaks SMTP on 127.0.0.1, on a thread of its own. With a folder: appends each message to one file
 * there, and answers a group after one fdatasync; without: throws away. */
struct sink;
struct sink *sink_start(const char *folder);
int sink_port(const struct sink *s);
uint64_t sink_messages(const struct sink *s);
void sink_stop(struct sink *s);

/* --- what came (visible.c) -------------------------------------------------------------------- */

/* Messages in the INBOXes of all users by IMAP STATUS, over connections that stay open. */
struct watcher;
struct watcher *watcher_open(const struct system *s);
uint64_t watcher_count(struct watcher *w);
void watcher_close(struct watcher *w);

_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
