/* conn_proxy.c - before anything else, a listed proxy says whom it speaks for.
 *
 * The header is read on the loop's own stack, never a byte past its end: what follows belongs to
 * the TLS library, which reads the socket itself. A proxy that says something else is cut off.
 */
#include <errno.h>

#include "base/limits.h"
#include "base/log.h"
#include "run/conn_int.h"
#include "run/proxy_int.h"

bool conn_proxy_expected(const struct conn *c)
{
    const struct listener_config *config = listener_at_config(c->home);

    for (size_t i = 0; i < config->proxies_n; i++)
        if (netblock_has(&config->proxies[i], &c->peer)) return true;
    return false;
}

void conn_proxy_begin(struct conn *c)
{
    c->in = mem_new(PROXY_BYTES);
    c->in_cap = PROXY_BYTES;
    c->state = CONN_STATE_PROXY;
    conn_timer_in(c, listener_handshake_ms(c->home));
    conn_watch(c, SEAM_READABLE);
    if (c->gone) conn_free(c);
}

static void no_header(struct conn *c, const char *why)
{
    struct buf peer = buf_make(CONN_ADDRESS_TEXT_BYTES);

    netaddr_text(&c->peer, &peer);
    log_event(LOG_WARN, "conn.bad_proxy", conn_id(c), F_STR("peer", buf_str(&peer)),
              F_CSTR("why", why));
    buf_free(&peer);
    conn_free(c);
}

static void header_done(struct conn *c)
{
    timer_cancel(c->loop, &c->timer);
    conn_input_drop(c);
    c->readable = true; /* the first command may lie there already */
    if (listener_at_count(c))
        conn_greet(c);
    else
        listener_at_refuse(c);
}

void conn_proxy_step(struct conn *c)
{
    enum proxy_step step;
    size_t more = 0;

    while ((step = proxy_parse((str){ c->in, c->in_end }, &more, &c->peer)) == PROXY_MORE) {
        ssize_t r = seam_recv(c->loop->seam, c->watch.handle, c->in + c->in_end, more);
        if (r == -EAGAIN || r == -EINTR) return;
        if (r <= 0) {
            no_header(c, "it ended");
            return;
        }
        c->in_end += (uint32_t)r;
        c->bytes_in += (uint64_t)r;
    }
    if (step == PROXY_DONE)
        header_done(c);
    else
        no_header(c, "that is no PROXY header");
}
