/* conn.c - a connection's life: parked without a stack, served in bursts, ended with care.
 *
 * Everything that happens to a parked connection is a step on the loop's own stack; whatever it
 * leads to that needs protocol code asks for a stack and is a burst. Before a burst gives its stack
 * back it looks again at everything that could have been a reason to go on (input inside TLS, a
 * wake, the drain); and since all of that happens on the loop's thread, nothing can come between
 * that look and the park: no wake-up is lost.
 */
#include "run/conn.h"

#include <assert.h>
#include <errno.h>

#include "base/budget.h"
#include "run/conn_int.h"

static void burst(void *arg);
static void socket_ready(struct loop_watch *w, unsigned what);
static void park_ended(struct timer *t);
static void told_to_drain(struct loop_member *m);

/* --- gauges ---------------------------------------------------------------------------------- */

static enum metric gauge_of(const struct conn *c, bool known)
{
    enum metric strangers = c->handler->conns ? c->handler->conns : METRIC_CONNS_OTHER;
    return known ? strangers + 1 : strangers;
}

/* Among the connections of its protocol, as a stranger or not; or among none. */
static void count_as(struct conn *c, bool counted)
{
    bool known = c->request.class != FIBER_STRANGER;
    if (c->counted) metric_sub(gauge_of(c, c->counted_known), 1);
    if (counted) metric_add(gauge_of(c, known), 1);
    c->counted = counted;
    c->counted_known = known;
}

static void count_parked(struct conn *c, bool parked)
{
    if (parked && !c->counted_parked) metric_add(METRIC_CONNS_PARKED, 1);
    if (!parked && c->counted_parked) metric_sub(METRIC_CONNS_PARKED, 1);
    c->counted_parked = parked;
}

/* --- being there ----------------------------------------------------------------------------- */

/* Strangers share by address; no account has so high a number. */
#define OWNER_ADDRESS (UINT64_C(1) << 63)
static uint64_t owner_of(const struct netaddr *peer)
{
    uint64_t owner = peer->family;
    for (unsigned i = 0; i < (peer->family == NET_IP6 ? 8 : 4); i++)
        owner = owner * 257 + peer->ip[i];
    return owner | OWNER_ADDRESS;
}

struct conn *conn_new(struct loop *l, int socket, const struct netaddr *peer)
{
    struct conn *c = MEM_NEW(struct conn);
    struct buf id = buf_make(sizeof(c->id));

    c->watch = (struct loop_watch){ .handle = socket, .ready = socket_ready };
    c->member.drain = told_to_drain;
    list_init(&c->member.link);
    c->timer.fire = park_ended;
    c->request = (struct fiber_request){
        .fn = burst, .arg = c, .class = FIBER_STRANGER, .owner = owner_of(peer)
    };
    list_init(&c->request.link);
    list_init(&c->waking);
    c->loop = l;
    c->out = buf_make(CONN_OUTPUT_BYTES);
    c->peer = *peer;
    c->park_ms = CONN_PARK_MS;
    c->deadline_us = l->now_us + CONN_BURST_MS * UINT64_C(1000);
    c->state = CONN_STATE_SERVED;

    buf_addf(&id, "%04x-%llx", l->id_prefix & 0xffff, (unsigned long long)++l->conns_made);
    bytes_copy(c->id, sizeof(c->id), id.p, id.n);
    c->id_n = (uint8_t)id.n;
    buf_free(&id);
    return c;
}

/* The session's part of the end; what is left is ours to send. */
static void session_end(struct conn *c)
{
    void *session = c->session;

    conn_trace_flush(c);
    conn_trace(c, NULL, NULL);
    c->session = NULL;
    c->closing = true;
    if (session) c->handler->closed(session);
}

void conn_free(struct conn *c)
{
    session_end(c);
    count_as(c, false);
    count_parked(c, false);
    loop_unwatch(c->loop, &c->watch);
    timer_cancel(c->loop, &c->timer);
    fiber_request_cancel(c->loop, &c->request);
    list_remove(&c->waking);
    loop_leave(c->loop, &c->member);
    if (c->home) listener_at_forget(c);
    conn_compress_free(c);
    tls_free(c->tls);
    seam_socket_close(c->loop->seam, c->watch.handle);
    conn_input_drop(c);
    buf_free(&c->out);
    mem_free(c->local);
    mem_free(c);
}

void conn_watch(struct conn *c, unsigned what)
{
    if (c->watch.what == what) return;
    if (loop_watch(c->loop, &c->watch, what)) c->gone = true;
}

void conn_timer_in(struct conn *c, unsigned ms)
{
    timer_set(c->loop, &c->timer, c->loop->now_us + ms * UINT64_C(1000));
}

/* --- waiting inside a burst ------------------------------------------------------------------ */

/* A drain ends waits for what a peer may say some time. What is under way to him he shall have, as
 * long as he takes it. */
static enum err suspend(struct conn *c, uint64_t until_us)
{
    if (!c->home || c->waiting != SEAM_WRITABLE || loop_cutting(c->loop))
        return fiber_suspend_until(until_us);
    uint64_t end = c->loop->now_us + CONN_DRAIN_SEND_MS * UINT64_C(1000);
    if (loop_draining(c->loop) && end < until_us) until_us = end;
    return fiber_suspend_through(until_us);
}

enum err conn_wait_until(struct conn *c, unsigned what, uint64_t until_us)
{
    enum err e = OK;

    conn_watch(c, what);
    if (c->gone) return ERR_GONE;
    assert(!c->fiber && c->state == CONN_STATE_SERVED);
    c->fiber = fiber_self();
    c->waiting = (uint8_t)what;
    c->ready = false;
    while (!c->ready && !e)
        e = suspend(c, until_us);
    c->fiber = NULL;
    c->waiting = 0;
    return c->ready ? OK : e;
}

enum err conn_wait(struct conn *c, unsigned what)
{
    if (!conn_wait_until(c, what, c->deadline_us)) return OK;
    c->gone = true;
    return ERR_GONE;
}

enum err conn_wait_io(struct conn *c, enum io want)
{
    return conn_wait(c, want == IO_WANT_WRITE ? SEAM_WRITABLE : SEAM_READABLE);
}

enum err conn_wait_more(struct conn *c, enum io want)
{
    enum err e = conn_wait_io(c, want);
    c->owes_farewell = e && c->home && loop_draining(c->loop);
    return e;
}

/* --- parking --------------------------------------------------------------------------------- */

static void ask_for_stack(struct conn *c)
{
    if (c->state == CONN_STATE_QUEUED || c->state == CONN_STATE_SERVED) return;
    count_parked(c, false);
    c->state = CONN_STATE_QUEUED;
    fiber_request(c->loop, &c->request);
}

enum discarded { DISCARDED_SOME, DISCARDED_NOTHING, DISCARDED_ALL };

/* What a lingering peer still says is thrown away. */
static enum discarded discard_input(struct conn *c)
{
    char *scratch = conn_input_lend(c->loop);
    ssize_t r = seam_recv(c->loop->seam, c->watch.handle, scratch, CONN_INPUT_BYTES);

    if (r > 0) bytes_wipe(scratch, (size_t)r); /* passwords too are said to who has said goodbye */
    conn_input_return(c->loop, scratch);
    if (r == -EAGAIN || r == -EINTR) return DISCARDED_NOTHING;
    return r > 0 ? DISCARDED_SOME : DISCARDED_ALL;
}

/* The session is over. Closing with unread input in the kernel would send a reset, which can
 * overtake our last words: end our side only, and wait a little for the peer to end its own. */
static void linger(struct conn *c)
{
    struct seam *seam = c->loop->seam;

    session_end(c);
    if (conn_compress_refused(c)) c->gone = false;
    if (c->gone || c->handshaking) {
        conn_free(c);
        return;
    }
    if (c->tls) tls_goodbye(c->tls);
    conn_input_drop(c);
    conn_compress_free(c);
    buf_free(&c->out);
    c->state = CONN_STATE_LINGERING;
    conn_watch(c, SEAM_READABLE);
    conn_timer_in(c, CONN_LINGER_MS);
    bool ended = c->eof || c->gone || seam_shutdown_write(seam, c->watch.handle) < 0;
    enum discarded heard = ended ? DISCARDED_ALL : discard_input(c);
    /* A drain waits only for those who are in the middle of saying something. */
    if (heard == DISCARDED_ALL || (heard == DISCARDED_NOTHING && loop_draining(c->loop)))
        conn_free(c);
}

/* The burst is over (or would be empty): wait for what comes next without a stack. */
static void park(struct conn *c)
{
    bool unsent = c->out_at < c->out.n && !c->handshaking;

    if (c->gone || (c->closing && !unsent)) {
        linger(c);
        return;
    }
    conn_input_park(c);
    if (c->zip) conn_compress_park(c);
    if (unsent) {
        c->state = CONN_STATE_SENDING;
        conn_watch(c, SEAM_WRITABLE);
        /* For all of it: a trickle does not buy more. */
        conn_timer_in(c, loop_draining(c->loop) ? CONN_DRAIN_SEND_MS : CONN_SEND_MS);
        return;
    }
    if (c->out.n == 0) buf_free(&c->out);
    conn_watch(c, SEAM_READABLE);
    if (c->gone) {
        conn_free(c);
        return;
    }
    if (c->handshaking) {
        c->state = CONN_STATE_HANDSHAKE;
        conn_timer_in(c, listener_handshake_ms(c->home));
        return;
    }
    c->state = CONN_STATE_IDLE;
    count_parked(c, true);
    if (!c->timer.slot) conn_timer_in(c, c->park_ms); /* a dripping line does not begin it again */
}

/* --- steps of a parked connection, on the loop's own stack ----------------------------------- */

static void handshake_step(struct conn *c)
{
    enum io r = conn_secure(c);

    if (r == IO_WANT_READ) {
        conn_watch(c, SEAM_READABLE);
    } else if (r == IO_WANT_WRITE) {
        conn_watch(c, SEAM_WRITABLE);
    } else if (r == IO_DONE) {
        timer_cancel(c->loop, &c->timer);
        ask_for_stack(c); /* for the greeting, or for what the client said at once */
    } else {
        conn_free(c);
    }
}

static void sending_step(struct conn *c)
{
    enum io r = conn_push(c);

    if (r == IO_WANT_READ || r == IO_WANT_WRITE) {
        conn_watch(c, r == IO_WANT_READ ? SEAM_READABLE : SEAM_WRITABLE);
        return;
    }
    timer_cancel(c->loop, &c->timer);
    if (c->closing || c->gone)
        linger(c);
    else
        ask_for_stack(c);
}

static void socket_ready(struct loop_watch *w, unsigned what)
{
    struct conn *c = CONTAINER_OF(w, struct conn, watch);

    if (what & SEAM_READABLE) c->readable = true;
    switch ((enum conn_state)c->state) {
    case CONN_STATE_PROXY: conn_proxy_step(c); return;
    case CONN_STATE_HANDSHAKE: handshake_step(c); return;
    case CONN_STATE_IDLE: ask_for_stack(c); return;
    case CONN_STATE_SENDING: sending_step(c); return;
    case CONN_STATE_LINGERING:
        if (discard_input(c) == DISCARDED_ALL) conn_free(c);
        return;
    case CONN_STATE_QUEUED: conn_watch(c, 0); return; /* heard */
    case CONN_STATE_SERVED: break;
    }
    if (!(c->waiting & what)) {
        conn_watch(c, 0); /* the fiber waits for something else: be silent until it asks */
        return;
    }
    c->ready = true;
    fiber_wake(c->fiber);
}

static void park_ended(struct timer *t)
{
    struct conn *c = CONTAINER_OF(t, struct conn, timer);

    switch ((enum conn_state)c->state) {
    case CONN_STATE_PROXY:
    case CONN_STATE_HANDSHAKE:
        budget_struck(BUDGET_CONN_HANDSHAKE);
        conn_free(c);
        return;
    case CONN_STATE_SENDING:
        budget_struck(BUDGET_CONN_SEND);
        conn_free(c);
        return;
    case CONN_STATE_LINGERING: conn_free(c); return;
    case CONN_STATE_IDLE:
    case CONN_STATE_QUEUED:
    case CONN_STATE_SERVED: break;
    }
    c->timed_out = true;
    ask_for_stack(c);
}

static void told_to_drain(struct loop_member *m)
{
    struct conn *c = CONTAINER_OF(m, struct conn, member);

    if (c->state == CONN_STATE_IDLE) ask_for_stack(c);
    if (c->state == CONN_STATE_SENDING) conn_timer_in(c, CONN_DRAIN_SEND_MS);
    if (c->state == CONN_STATE_SERVED && c->home && c->waiting == SEAM_WRITABLE)
        fiber_wake(c->fiber); /* it has less time from now on */
    bool over = loop_cutting(c->loop) && c->state != CONN_STATE_SERVED;
    if (over || c->state == CONN_STATE_PROXY || c->state == CONN_STATE_HANDSHAKE) conn_free(c);
}

void conn_wake(struct conn *c)
{
    c->woken = true;
    if (c->state == CONN_STATE_IDLE && list_empty(&c->waking))
        list_push_back(&c->loop->waking, &c->waking);
}

void conn_wakes(struct loop *l)
{
    for (unsigned n = 0; n < CONN_WAKES_PER_TURN && !list_empty(&l->waking); n++) {
        struct conn *c = CONTAINER_OF(l->waking.next, struct conn, waking);
        list_remove(&c->waking);
        if (c->woken && c->state == CONN_STATE_IDLE) ask_for_stack(c);
    }
}

/* --- bursts ---------------------------------------------------------------------------------- */

/* Take what has come until a line is whole; true if the session should hear of it. */
static bool look_at_input(struct conn *c)
{
    while (!conn_line_ready(c)) {
        if (!c->readable && !conn_compress_pending(c) && !(c->tls && tls_pending(c->tls)))
            return false;
        enum io r = conn_fill(c);
        if (r == IO_WANT_READ || r == IO_WANT_WRITE) return false;
    }
    return true;
}

/* Why the session should be served now; false: no reason, park. */
static bool next_why(struct conn *c, enum conn_why *why)
{
    if (c->closing || c->handshaking) return false;
    if (loop_draining(c->loop) && !c->told_drain) {
        c->told_drain = true;
        *why = CONN_DRAIN;
    } else if (!c->started) {
        c->started = true;
        *why = CONN_STARTED;
    } else if (c->woken) {
        c->woken = false;
        *why = CONN_WOKEN;
    } else if (look_at_input(c)) {
        c->timed_out = false; /* it came just in time */
        *why = CONN_INPUT;
    } else if (c->timed_out) {
        c->timed_out = false;
        *why = CONN_TIMEOUT;
    } else {
        return false;
    }
    return true;
}

static bool session_open(struct conn *c)
{
    if (c->session || c->closing) return true;
    c->session = c->handler->open(listener_at_config(c->home)->arg, c);
    return c->session != NULL;
}

/* The session has unwound from a wait for input: all that was written was sent before it. */
static void say_farewell(struct conn *c)
{
    c->gone = c->owes_farewell = false;
    c->closing = true;
    conn_write(c, c->handler->farewell);
}

static void serve_once(struct conn *c, enum conn_why why)
{
    timer_cancel(c->loop, &c->timer);
    conn_deadline(c, CONN_BURST_MS);
    if (c->handler->serve(c->session, why) == SERVE_CLOSE || why == CONN_DRAIN) c->closing = true;
    if (c->owes_farewell) say_farewell(c);
    if (c->gone || (c->eof && c->in_at == c->in_end)) c->closing = true;
    conn_trace_flush(c);
}

/* Another line is at hand: the answers to a pipelined group leave together (RFC 2920 3.2). */
static bool more_at_hand(const struct conn *c)
{
    return !c->closing && !c->handshaking && conn_line_ready(c);
}

static void serve_all(struct conn *c)
{
    enum conn_why why;

    for (unsigned served = 0; next_why(c, &why); served++) {
        /* One session's pipeline does not starve the others. */
        if (served % CONN_SERVES_PER_TURN == CONN_SERVES_PER_TURN - 1) fiber_yield();
        serve_once(c, why);
        if (more_at_hand(c)) continue;
        if (conn_push(c)) return; /* the rest is sent while parked, and before any more is said */
    }
}

static void burst(void *arg)
{
    struct conn *c = arg;

    c->state = CONN_STATE_SERVED;
    if (!c->handshaking && !session_open(c)) {
        c->closing = true;
        conn_push(c);
    }
    serve_all(c);
    park(c);
}

void conn_begin(struct conn *c)
{
    loop_join(c->loop, &c->member);
    metric_add(METRIC_CONNS_ACCEPTED, 1);
    count_as(c, true);
    if (conn_proxy_expected(c))
        conn_proxy_begin(c);
    else
        conn_greet(c);
}

void conn_greet(struct conn *c)
{
    if (listener_at_config(c->home)->tls == LISTEN_PLAIN) {
        c->state = CONN_STATE_IDLE;
        ask_for_stack(c);
        return;
    }
    if (!conn_tls_begin_server(c)) {
        conn_free(c);
        return;
    }
    park(c);
}

/* --- time, class, facts ---------------------------------------------------------------------- */

void conn_deadline(struct conn *c, unsigned ms)
{
    c->deadline_us = c->loop->now_us + ms * UINT64_C(1000);
}

void conn_park_for(struct conn *c, unsigned ms)
{
    c->park_ms = ms;
}

void conn_class(struct conn *c, enum fiber_class class)
{
    c->request.class = class;
    if (c->counted) count_as(c, true);
    if (c->state == CONN_STATE_SERVED && fiber_self()) fiber_class_set(class);
}

void conn_owner(struct conn *c, uint64_t owner)
{
    c->request.owner = owner ? owner : owner_of(&c->peer);
    if (c->state == CONN_STATE_SERVED && fiber_self()) fiber_owner_set(c->request.owner);
}

const struct netaddr *conn_peer(const struct conn *c)
{
    return &c->peer;
}

void conn_peer_set(struct conn *c, const struct netaddr *peer)
{
    c->peer = *peer;
    if (c->request.owner >= OWNER_ADDRESS) conn_owner(c, 0);
}

/* Few ask, and an address is large: it is fetched when somebody does. */
const struct netaddr *conn_local(const struct conn *c)
{
    struct conn *mine = (struct conn *)(uintptr_t)c;

    if (!c->local) {
        mine->local = MEM_NEW(struct netaddr);
        seam_local_addr(c->loop->seam, c->watch.handle, mine->local);
    }
    return c->local;
}

str conn_id(const struct conn *c)
{
    return (str){ c->id, c->id_n };
}

struct loop *conn_loop(const struct conn *c)
{
    return c->loop;
}

uint64_t conn_bytes_in(const struct conn *c)
{
    return c->bytes_in;
}

uint64_t conn_bytes_out(const struct conn *c)
{
    return c->bytes_out;
}
