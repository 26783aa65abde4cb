/* conn_tls.c - where a connection turns to TLS; from then on there is no way back. */
#include <assert.h>

#include "base/log.h"
#include "run/conn_int.h"

static void log_result(const struct conn *c, bool started)
{
    const struct tls_facts *facts = tls_facts(c->tls);

    if (started && facts)
        log_event(LOG_DEBUG, "tls.started", conn_id(c), F_STR("version", facts->version),
                  F_STR("cipher", facts->cipher), F_STR("sni", facts->sni));
    else
        log_event(LOG_INFO, "tls.failed", conn_id(c), F_STR("why", tls_error(c->tls)));
}

enum io conn_secure(struct conn *c)
{
    if (!c->handshaking) return IO_DONE;

    enum io r = tls_handshake(c->tls);
    if (r == IO_WANT_READ || r == IO_WANT_WRITE) return r;
    log_result(c, r == IO_DONE);
    if (r == IO_DONE) {
        c->handshaking = false;
        return IO_DONE;
    }
    c->gone = true;
    return IO_FAILED;
}

bool conn_tls_begin_server(struct conn *c)
{
    struct tls_server *certificates = listener_at_config(c->home)->certificates;

    if (!certificates) return false;
    c->tls = tls_accept(certificates, c->loop->seam, c->watch.handle);
    c->handshaking = c->tls != NULL;
    return c->handshaking;
}

enum err conn_starttls(struct conn *c)
{
    assert(c->home && "the server side");
    if (c->tls) return ERR_DENIED;
    if (!listener_at_config(c->home)->certificates) return ERR_DENIED;
    if (conn_flush(c)) return ERR_GONE;
    conn_discard_input(c); /* what came in clear is never taken for what came in TLS */
    if (conn_tls_begin_server(c)) return OK;
    c->gone = true;
    return ERR_GONE;
}

enum err conn_starttls_client(struct conn *c, struct tls_client *t, str host)
{
    assert(!c->home && !c->tls);
    if (conn_flush(c)) return ERR_GONE;
    conn_discard_input(c);
    c->tls = tls_connect(t, c->loop->seam, c->watch.handle, host);
    if (!c->tls) return ERR_SYNTAX; /* a host name that cannot be one */
    c->handshaking = true;
    for (;;) {
        enum io r = conn_secure(c);
        if (r == IO_DONE) return OK;
        if (c->gone) return tls_certificate_bad(c->tls) ? ERR_DENIED : ERR_SYNTAX;
        if (conn_wait_io(c, r)) return ERR_GONE;
    }
}

bool conn_has_tls(const struct conn *c)
{
    return c->tls != NULL;
}

const struct tls_facts *conn_tls_facts(const struct conn *c)
{
    return c->tls ? tls_facts(c->tls) : NULL;
}
