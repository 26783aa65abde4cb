/* admin.h - administration over the local control socket, and the same without a server.
 *
 * The command line sends one request line of words, each base-quoted, and reads lines until the
 * end; the server runs the same function that the command line runs itself when no server holds
 * the store's lock. Output is text for people or, with --json, one JSON object a line.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "auth/auth.h"
#include "relay/relay.h"
#include "run/conn.h"

struct admin {
    struct seam *seam;
    struct store *store;
    struct auth *auth;       /* may be NULL without a server */
    const struct auth_settings *auth_settings;
    struct deliver *deliver; /* may be NULL without a server */
};

/* One request: argv as on the command line after the program's name, secrets in `secret`. Appends
 * text to out. Waits. OK, or the error whose words are in out already. */
enum err admin_run(struct admin *a, const str *argv, size_t argc, str secret, struct buf *out) MUST_CHECK;

/* The commands that admin_run knows: for usage texts and the man page. */
struct admin_command { const char *name, *args, *help; };
extern const struct admin_command admin_commands[];
extern const size_t admin_commands_count;

extern const struct conn_handler admin_handler; /* listener_config.arg is a struct admin */
/* The control socket's client side. ERR_NOTFOUND: no server listens there. Waits. */
enum err admin_call(struct netaddr socket, const str *argv, size_t argc, str secret, struct buf *out, enum err *result) MUST_CHECK;

#endif
