/* imap_client.h - IMAP from the other side: for `posthorn fetch`, the demo, tests and bench. */
#ifndef CLIENT_IMAP_CLIENT_H
#define CLIENT_IMAP_CLIENT_H

#include "base/arena.h"
#include "run/conn.h"

enum client_tls { CLIENT_CLEAR, CLIENT_STARTTLS, CLIENT_TLS };
struct client_options {
    struct netaddr to; str host;
    enum client_tls tls; struct tls_client *tls_client;
    unsigned connect_ms, command_ms;
    conn_trace_fn *trace; void *trace_arg;
};

struct imap_client;
/* Connects, reads the greeting, TLS. Waits. */
enum err imap_client_open(const struct client_options *o, struct arena *a, struct imap_client **out) MUST_CHECK;
/* Each untagged response, literals included as {n}CRLF bytes in place; valid during the call. */
typedef void imap_untagged_fn(void *arg, str response);
/* Sends one command (tag added); OK, or ERR_DENIED for NO, ERR_SYNTAX for BAD; *text is the tagged
 * line after the tag. Waits. */
enum err imap_client_command(struct imap_client *c, str command, imap_untagged_fn *each, void *arg, str *text) MUST_CHECK;
/* APPEND with what stands between the word and the literal ("INBOX (\\Seen)"): waits for "+". Waits. */
enum err imap_client_append(struct imap_client *c, str arguments, str message, str *text) MUST_CHECK;
enum err imap_client_login(struct imap_client *c, str user, str password, str *text) MUST_CHECK; /* masks the trace. Waits. */
/* IDLE until each() was called at least once or the time passed (ERR_LATER); sends DONE. Waits. */
enum err imap_client_idle(struct imap_client *c, unsigned ms, imap_untagged_fn *each, void *arg) MUST_CHECK;
struct conn *imap_client_conn(struct imap_client *c);
void imap_client_close(struct imap_client *c); /* LOGOUT if possible. Waits. */

#endif
