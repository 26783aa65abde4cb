/* connect.c - what both clients share: connecting, and TLS where it belongs. */
#include "client/client_int.h"

enum err client_connect(const struct client_options *o, struct conn **out)
{
    struct connect_options to = { .to = o->to, .connect_ms = o->connect_ms };
    struct conn *c;
    enum err e = conn_connect(&to, &c, NULL);
    if (e) return e;
    conn_deadline(c, o->command_ms);
    if (o->trace) conn_trace(c, o->trace, o->trace_arg);
    if (o->tls == CLIENT_TLS) e = conn_starttls_client(c, o->tls_client, o->host);
    if (e) {
        conn_close(c);
        return e;
    }
    *out = c;
    return OK;
}

enum err client_upgrade(struct conn *c, const struct client_options *o)
{
    if (conn_buffered(c)) return ERR_DENIED;
    return conn_starttls_client(c, o->tls_client, o->host);
}

bool client_is_line(const struct buf *b)
{
    str line = buf_str(b);
    return !b->full && !str_has(line, '\n') && !str_has(line, '\r') && !str_has(line, '\0');
}
