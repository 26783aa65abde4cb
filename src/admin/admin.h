/* admin.h - administration: one table of requests, run by the server for its control socket and by
 * the command line itself when no server holds the store.
 *
 * A request is the words of the command line after the program's name ("user", "add", …) and, apart
 * from them, a secret (a password is never a word). The answer is text for people.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "auth/auth.h"
#include "relay/relay.h"
#include "run/conn.h"

struct admin {
    struct seam *seam;
    struct store *store;
    const struct auth_settings *auth_settings;
    struct relay *relay;     /* NULL without a server */
    struct auth *auth;       /* NULL without a server: hashes are made on the calling thread */
};

struct admin_request { const str *words; size_t n; str secret; };

/* Runs one request; appends its text to out, the words of an error too. Waits.
 * ERR_SYNTAX: no such request or wrong words (out holds the usage). */
enum err admin_run(struct admin *a, const struct admin_request *r, struct buf *out) MUST_CHECK;

/* Are there such a command and so many words? Asked before a password is typed, or the store opened.
 * ERR_SYNTAX: no, and out holds the usage. */
enum err admin_check_words(const struct admin_request *r, struct buf *out) MUST_CHECK;

/* Does the request need a secret, so that the command line asks for it? */
bool admin_wants_secret(const struct admin_request *r);

/* What admin_run knows: for usage texts and the man page. */
struct admin_command {
    str group, verb;           /* "user", "add"; verb empty: the group is the whole command */
    const char *args, *help;   /* help NULL: the command line has a command of this name, and its own words */
    size_t args_min, args_max; /* words after group and verb */
    bool secret;
    enum err (*run)(struct admin *a, const struct admin_request *r, const str *args, struct buf *out);
};
extern const struct admin_command admin_commands[];
extern const size_t admin_commands_count;
void admin_usage(struct buf *out);

/* "512M", "0", "2G" to bytes; otherwise out says what a size is. And back. */
enum err admin_size(str text, uint64_t *bytes, struct buf *out) MUST_CHECK;
void admin_size_text(uint64_t bytes, struct buf *out);

/* The control socket, a unix socket that only its owner may open. listener_config.arg: struct admin. */
extern const struct conn_handler admin_handler;
/* Its client side. ERR_NOTFOUND: nobody listens there; ERR_GONE: it closed without an answer, and out
 * says what that may mean; otherwise OK, and *result is the request's. Waits. */
enum err admin_call(const struct netaddr *socket, const struct admin_request *r, struct buf *out,
                    enum err *result) MUST_CHECK;
extern const str admin_gone_text;

#endif
