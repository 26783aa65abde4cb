/* conn_connect.c - the client side: a connection that belongs to the fiber that made it. */
#include <assert.h>
#include <errno.h>

#include "run/conn_int.h"

static enum err failed(int negative_errno, int *why)
{
    if (why) *why = -negative_errno;
    return ERR_LATER;
}

enum err conn_connect(const struct connect_options *o, struct conn **out, int *why)
{
    struct loop *l = loop_self();

    assert(fiber_self());
    if (loop_draining(l)) return ERR_GONE;
    int socket = seam_connect(l->seam, &o->to, o->source);
    if (socket < 0) return failed(socket, why);

    struct conn *c = conn_new(l, socket, &o->to);
    conn_deadline(c, o->connect_ms);
    enum err e = conn_wait(c, SEAM_WRITABLE);
    int error = seam_socket_error(l->seam, socket);
    if (!e && error == 0) {
        conn_deadline(c, CONN_BURST_MS);
        *out = c;
        return OK;
    }
    conn_free(c);
    if (loop_draining(l)) return ERR_GONE;
    return failed(error ? error : -ETIMEDOUT, why);
}

void conn_close(struct conn *c)
{
    if (!c) return;
    assert(!c->home && "the client side");
    if (c->tls && !c->handshaking && !c->gone) tls_goodbye(c->tls);
    conn_free(c);
}
