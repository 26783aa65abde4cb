/* seam_sim_net.c - the simulated network: connections whose packets are cut anywhere and take time.
 *
 * A stream is two sockets that hold each other; what one sends lies as packets in the other's
 * queue, each with the time of its arrival. Order is kept, as TCP does; an end and a reset are
 * packets too, and so come after the data that was sent before them.
 */
#include "run/seam_sim_int.h"

#include <errno.h>

#include "base/limits.h"

enum {
    LATENCY_US_MIN = 50,
    LATENCY_US_MAX = 3000,
    PACKET_BYTES_MAX = 1460,
    SYN_RETRY_US = 1000000,       /* a full backlog */
    CONNECT_TIMEOUT_US = 60000000 /* a host that does not answer */
};

enum packet_kind { PACKET_DATA, PACKET_END, PACKET_RESET };
struct packet {
    struct list node;
    uint64_t at_us;
    enum packet_kind kind;
    size_t n, read;
    char bytes[];
};

enum socket_state { LISTENING, CONNECTING, CONNECTED };
struct sim_socket {
    struct list node; /* the world's */
    struct sim_machine *machine;
    int handle; /* -1: not accepted yet */
    enum socket_state state;
    struct netaddr local, peer;
    int error; /* how connecting failed */

    struct list backlog; /* LISTENING: sockets by their waiting; CONNECTED: unused */
    struct list waiting;
    int backlog_n, backlog_max;

    uint64_t settle_us; /* CONNECTING: when its outcome is known */
    uint64_t give_up_us;

    struct sim_socket *other; /* NULL: it was closed, or lost with its machine's power */
    struct list packets;      /* on their way here, or here */
    size_t queued;            /* their unread bytes */
    uint64_t last_us;         /* arrival of the newest */
    bool write_ended;
    struct sim_machine *lost; /* whose power was cut: what is sent there vanishes */
    bool silent;              /* it broke, and nobody is told: likewise */
    size_t vanished;
};

static uint64_t latency(struct sim_world *w)
{
    return LATENCY_US_MIN + sim_below(w, LATENCY_US_MAX - LATENCY_US_MIN);
}

static bool arrived(const struct sim_socket *s, const struct packet *p)
{
    return p->at_us <= s->machine->world->now_us;
}

/* The next packet that is here, or NULL. */
static struct packet *head(const struct sim_socket *s)
{
    if (list_empty(&s->packets)) return NULL;
    struct packet *p = CONTAINER_OF(s->packets.next, struct packet, node);
    return arrived(s, p) ? p : NULL;
}

static struct sim_socket *stream(struct sim_machine *m, int handle)
{
    struct sim_socket *s = sim_handle_get(m, handle, SIM_SOCKET);
    return s && s->state != LISTENING ? s : NULL;
}

/* --- packets ---------------------------------------------------------------------------------- */

static void packet_send(struct sim_socket *to, enum packet_kind kind, const char *bytes, size_t n)
{
    struct sim_world *w = to->machine->world;
    struct packet *p = mem_new(sizeof(*p) + n);
    p->kind = kind;
    p->n = n;
    if (n > 0) bytes_copy(p->bytes, n, bytes, n);
    const struct sim_machine *from = to->other ? to->other->machine : to->machine;
    uint64_t cut = sim_cut_until(from, to->machine);
    uint64_t at = (cut ? cut : w->now_us) + latency(w);
    to->last_us = p->at_us = at > to->last_us ? at : to->last_us;
    to->queued += n;
    list_push_back(&to->packets, &p->node);
}

static void packet_drop(struct sim_socket *s, struct packet *p)
{
    s->queued -= p->n - p->read;
    list_remove(&p->node);
    mem_free(p);
}

/* Mostly whole segments; now and then crumbs, which find every half-read line. */
static size_t packet_size(struct sim_world *w, size_t n)
{
    size_t max = sim_once_in(w, 8) ? 8 : PACKET_BYTES_MAX;
    size_t size = 1 + sim_below(w, max);
    return size < n ? size : n;
}

static void send_data(struct sim_socket *to, const char *p, size_t n)
{
    while (n > 0) {
        size_t part = packet_size(to->machine->world, n);
        packet_send(to, PACKET_DATA, p, part);
        p += part;
        n -= part;
    }
}

/* --- sockets ---------------------------------------------------------------------------------- */

static struct sim_socket *socket_new(struct sim_machine *m, enum socket_state state)
{
    struct sim_socket *s = MEM_NEW(struct sim_socket);
    s->machine = m;
    s->handle = -1;
    s->state = state;
    list_init(&s->backlog);
    list_init(&s->waiting);
    list_init(&s->packets);
    list_push_back(&m->world->sockets, &s->node);
    return s;
}

static void socket_free(struct sim_socket *s)
{
    while (!list_empty(&s->packets))
        packet_drop(s, CONTAINER_OF(s->packets.next, struct packet, node));
    while (!list_empty(&s->backlog)) /* a power cut frees listeners before those who wait there */
        list_remove(s->backlog.next);
    list_remove(&s->waiting);
    list_remove(&s->node);
    sim_handle_drop(s->machine, s->handle);
    mem_free(s);
}

static bool has_unread(const struct sim_socket *s)
{
    return s->queued > 0;
}

/* Closing with bytes unread is a reset, as the peer's bytes are lost. */
static void stream_close(struct sim_socket *s)
{
    struct sim_socket *other = s->other;
    if (other) {
        if (has_unread(s))
            packet_send(other, PACKET_RESET, NULL, 0);
        else if (!s->write_ended)
            packet_send(other, PACKET_END, NULL, 0);
        other->other = NULL;
    }
    socket_free(s);
}

static void listener_shut(struct sim_socket *s)
{
    while (!list_empty(&s->backlog)) {
        struct sim_socket *one = CONTAINER_OF(s->backlog.next, struct sim_socket, waiting);
        if (one->other) {
            packet_send(one->other, PACKET_RESET, NULL, 0);
            one->other->other = NULL;
        }
        socket_free(one);
    }
    socket_free(s);
}

/* --- addresses -------------------------------------------------------------------------------- */

static bool same_ip(const struct netaddr *a, const struct netaddr *b)
{
    struct netaddr x = *a, y = *b;
    x.port = y.port = 0;
    return netaddr_eq(&x, &y);
}

/* Who has this address, as seen from a machine; NULL: nobody. */
static struct sim_machine *machine_at(struct sim_machine *from, const struct netaddr *to)
{
    if (netaddr_is_loopback(to)) return from;
    LIST_EACH(&from->world->machines, node) {
        struct sim_machine *m = CONTAINER_OF(node, struct sim_machine, node);
        if (same_ip(&m->ip, to)) return m;
    }
    return NULL;
}

static bool listens_at(const struct sim_socket *s, const struct netaddr *at)
{
    if (s->local.family == NET_UNIX || at->family == NET_UNIX) return netaddr_eq(&s->local, at);
    if (s->local.family != at->family || s->local.port != at->port) return false;
    return netaddr_is_any(&s->local) || netaddr_is_any(at) || same_ip(&s->local, at);
}

static struct sim_socket *listener_find(struct sim_machine *m, const struct netaddr *at)
{
    LIST_EACH(&m->world->sockets, node) {
        struct sim_socket *s = CONTAINER_OF(node, struct sim_socket, node);
        if (s->machine == m && s->state == LISTENING && listens_at(s, at)) return s;
    }
    return NULL;
}

static uint16_t port_new(struct sim_machine *m)
{
    if (m->next_port == UINT16_MAX) m->next_port = 32768;
    return m->next_port++;
}

int sim_listen(struct seam *seam, const struct netaddr *at, int backlog)
{
    struct sim_machine *m = sim_machine(seam);
    if (m->off) return -EIO;
    bool ours = at->family == NET_UNIX || netaddr_is_any(at) || machine_at(m, at) == m;
    if (!ours) return -EADDRNOTAVAIL;
    struct netaddr local = *at;
    if (local.family != NET_UNIX && local.port == 0) local.port = port_new(m);
    if (listener_find(m, &local)) return -EADDRINUSE;
    struct sim_socket *s = socket_new(m, LISTENING);
    s->local = local;
    s->backlog_max = backlog;
    s->handle = sim_handle_new(m, SIM_SOCKET, s);
    return s->handle;
}

int sim_accept(struct seam *seam, int listener, struct netaddr *peer)
{
    struct sim_machine *m = sim_machine(seam);
    if (m->off) return -EIO;
    struct sim_socket *s = sim_handle_get(m, listener, SIM_SOCKET);
    if (!s || s->state != LISTENING) return -EINVAL;
    if (list_empty(&s->backlog)) return -EAGAIN;
    struct sim_socket *one = CONTAINER_OF(s->backlog.next, struct sim_socket, waiting);
    list_remove(&one->waiting);
    s->backlog_n--;
    one->handle = sim_handle_new(m, SIM_SOCKET, one);
    if (peer) *peer = one->peer;
    return one->handle;
}

/* --- connecting ------------------------------------------------------------------------------- */

int sim_connect(struct seam *seam, const struct netaddr *to, const struct netaddr *source)
{
    struct sim_machine *m = sim_machine(seam);
    if (m->off) return -EIO;
    if (to->family == NET_NONE) return -EAFNOSUPPORT;
    if (to->family == NET_UNIX && !listener_find(m, to)) return -ECONNREFUSED;
    struct sim_socket *s = socket_new(m, CONNECTING);
    s->peer = *to;
    s->local = source ? *source : netaddr_is_loopback(to) ? *to : m->ip;
    if (to->family != NET_UNIX) s->local.port = port_new(m);
    s->settle_us = m->world->now_us + (to->family == NET_UNIX ? 0 : 2 * latency(m->world));
    s->give_up_us = m->world->now_us + CONNECT_TIMEOUT_US;
    s->handle = sim_handle_new(m, SIM_SOCKET, s);
    if (to->family == NET_UNIX) sim_net_settle(m->world);
    return s->handle;
}

static void connect_failed(struct sim_socket *s, int error)
{
    s->error = error;
    s->settle_us = UINT64_MAX;
}

static void connect_later(struct sim_socket *s)
{
    if (s->machine->world->now_us >= s->give_up_us)
        connect_failed(s, -ETIMEDOUT);
    else
        s->settle_us = s->machine->world->now_us + SYN_RETRY_US;
}

static void connect_settle(struct sim_socket *s)
{
    struct sim_machine *m =
        s->peer.family == NET_UNIX ? s->machine : machine_at(s->machine, &s->peer);
    if (!m || m->off || sim_cut_until(s->machine, m)) {
        connect_later(s);
        return;
    }
    struct sim_socket *listener = listener_find(m, &s->peer);
    if (!listener) {
        connect_failed(s, -ECONNREFUSED);
        return;
    }
    if (listener->backlog_n >= listener->backlog_max) {
        connect_later(s);
        return;
    }
    struct sim_socket *other = socket_new(m, CONNECTED);
    other->local = s->peer;
    other->peer = s->local;
    other->other = s;
    s->other = other;
    s->state = CONNECTED;
    listener->backlog_n++;
    list_push_back(&listener->backlog, &other->waiting);
}

static bool is_connecting(const struct sim_socket *s)
{
    return s->state == CONNECTING && !s->error;
}

void sim_net_settle(struct sim_world *w)
{
    LIST_EACH(&w->sockets, node) {
        struct sim_socket *s = CONTAINER_OF(node, struct sim_socket, node);
        if (is_connecting(s) && s->settle_us <= w->now_us) connect_settle(s);
    }
}

/* --- bytes ------------------------------------------------------------------------------------ */

int sim_socket_error(struct seam *seam, int socket)
{
    struct sim_machine *m = sim_machine(seam);
    struct sim_socket *s = stream(m, socket);
    if (m->off) return -EIO;
    if (!s) return -EBADF;
    struct packet *p = head(s);
    return p && p->kind == PACKET_RESET ? -ECONNRESET : s->error;
}

ssize_t sim_recv(struct seam *seam, int socket, void *p, size_t n)
{
    struct sim_machine *m = sim_machine(seam);
    struct sim_socket *s = stream(m, socket);
    if (m->off) return -EIO;
    if (!s) return -EBADF;
    if (s->state != CONNECTED) return s->error ? s->error : -ENOTCONN;
    struct packet *packet = head(s);
    if (!packet) return -EAGAIN;
    if (packet->kind == PACKET_RESET) return -ECONNRESET;
    if (packet->kind == PACKET_END) return 0;
    size_t part = packet->n - packet->read;
    if (part > n) part = n;
    bytes_copy(p, n, packet->bytes + packet->read, part);
    packet->read += part;
    s->queued -= part;
    if (packet->read == packet->n) packet_drop(s, packet);
    return (ssize_t)part;
}

/* To somebody who is gone: the first bytes are taken, and answered by a reset; to one without
 * power: nothing is ever answered, and at last the window is full. */
static ssize_t send_into_void(struct sim_socket *s, size_t n)
{
    if (s->lost || s->silent) {
        size_t room = SIM_WINDOW_BYTES - s->vanished;
        if (room == 0) return -EAGAIN;
        if (n > room) n = room;
        s->vanished += n;
        return (ssize_t)n;
    }
    s->write_ended = true; /* -EPIPE from now on */
    packet_send(s, PACKET_RESET, NULL, 0);
    return (ssize_t)n;
}

ssize_t sim_send(struct seam *seam, int socket, const void *p, size_t n)
{
    struct sim_machine *m = sim_machine(seam);
    struct sim_socket *s = stream(m, socket);
    if (m->off) return -EIO;
    if (!s) return -EBADF;
    if (s->state != CONNECTED) return s->error ? s->error : -EAGAIN;
    struct packet *packet = head(s);
    if (packet && packet->kind == PACKET_RESET) return -ECONNRESET;
    if (s->write_ended) return -EPIPE;
    if (n == 0) return 0;
    if (!s->other) return send_into_void(s, n);
    size_t room = SIM_WINDOW_BYTES - s->other->queued;
    if (room == 0) return -EAGAIN;
    if (n > room) n = room;
    if (sim_once_in(m->world, 8)) n = 1 + sim_below(m->world, n);
    send_data(s->other, p, n);
    return (ssize_t)n;
}

int sim_shutdown_write(struct seam *seam, int socket)
{
    struct sim_machine *m = sim_machine(seam);
    struct sim_socket *s = stream(m, socket);
    if (m->off) return -EIO;
    if (!s) return -EBADF;
    if (s->state != CONNECTED) return -ENOTCONN;
    if (!s->write_ended && s->other) packet_send(s->other, PACKET_END, NULL, 0);
    s->write_ended = true;
    return 0;
}

int sim_socket_close(struct seam *seam, int socket)
{
    struct sim_machine *m = sim_machine(seam);
    struct sim_socket *s = sim_handle_get(m, socket, SIM_SOCKET);
    if (m->off) return -EIO;
    if (!s) return -EBADF;
    if (s->state == LISTENING)
        listener_shut(s);
    else
        stream_close(s);
    return 0;
}

int sim_local_addr(struct seam *seam, int socket, struct netaddr *out)
{
    struct sim_machine *m = sim_machine(seam);
    struct sim_socket *s = sim_handle_get(m, socket, SIM_SOCKET);
    if (m->off) return -EIO;
    if (!s) return -EBADF;
    *out = s->local;
    return 0;
}

/* --- readiness -------------------------------------------------------------------------------- */

static unsigned stream_readiness(const struct sim_socket *s)
{
    enum { ALL = SEAM_READABLE | SEAM_WRITABLE | SEAM_HUP };
    if (s->error) return ALL;
    if (s->state == CONNECTING) return 0;
    unsigned what = 0;
    const struct packet *p = head(s);
    if (p) what |= SEAM_READABLE;
    if (p && p->kind == PACKET_RESET) return ALL;
    if (p && p->kind == PACKET_END && s->write_ended) return ALL;
    bool room = s->other ? s->other->queued < SIM_WINDOW_BYTES : s->vanished < SIM_WINDOW_BYTES;
    if (room) what |= SEAM_WRITABLE;
    return what;
}

unsigned sim_readiness(struct sim_machine *m, int handle)
{
    if (m->handles[handle].kind == SIM_LOST) return SEAM_READABLE | SEAM_WRITABLE | SEAM_HUP;
    const struct sim_socket *s = sim_handle_get(m, handle, SIM_SOCKET);
    if (!s) return 0;
    if (s->state != LISTENING) return stream_readiness(s);
    return list_empty(&s->backlog) ? 0 : SEAM_READABLE;
}

static uint64_t socket_next_us(const struct sim_socket *s)
{
    if (is_connecting(s)) return s->settle_us;
    LIST_EACH(&s->packets, node) {
        const struct packet *p = CONTAINER_OF(node, struct packet, node);
        if (!arrived(s, p)) return p->at_us;
    }
    return UINT64_MAX;
}

uint64_t sim_net_next_us(struct sim_world *w)
{
    uint64_t next = UINT64_MAX;
    LIST_EACH(&w->sockets, node) {
        uint64_t at = socket_next_us(CONTAINER_OF(node, struct sim_socket, node));
        if (at < next) next = at;
    }
    return next;
}

/* --- connections that break ------------------------------------------------------------------- */

static void packets_lose(struct sim_socket *s)
{
    LIST_EACH_SAFE(&s->packets, node) {
        struct packet *p = CONTAINER_OF(node, struct packet, node);
        if (!arrived(s, p)) packet_drop(s, p);
    }
}

static void end_break(struct sim_socket *s, enum sim_drop how)
{
    packets_lose(s);
    s->other = NULL;
    if (how == SIM_DROP_SILENT)
        s->silent = true;
    else
        packet_send(s, PACKET_RESET, NULL, 0);
}

static void stream_break(struct sim_socket *s, enum sim_drop how)
{
    end_break(s->other, how);
    end_break(s, how);
}

static bool may_break(const struct sim_socket *s, const struct sim_machine *m)
{
    return s->machine == m && s->other && s->other->machine != m;
}

size_t sim_machine_drop(struct seam *machine, enum sim_drop how, size_t n)
{
    struct sim_machine *m = sim_machine(machine);
    size_t left = 0, dropped = 0;
    LIST_EACH(&m->world->sockets, node)
        left += may_break(CONTAINER_OF(node, struct sim_socket, node), m);
    LIST_EACH(&m->world->sockets, node) {
        struct sim_socket *s = CONTAINER_OF(node, struct sim_socket, node);
        if (dropped == n || !may_break(s, m)) continue;
        if (sim_below(m->world, left--) >= n - dropped) continue;
        stream_break(s, how);
        dropped++;
    }
    sim_note(m->world, dropped);
    return dropped;
}

/* --- power ------------------------------------------------------------------------------------ */

static void socket_lose(struct sim_socket *s)
{
    if (s->other) {
        s->other->lost = s->machine;
        s->other->other = NULL;
    }
    enum sim_kind kind = s->state == LISTENING ? SIM_SILENT : SIM_LOST;
    if (s->handle >= 0) s->machine->handles[s->handle].kind = kind;
    s->handle = -1; /* not closed */
    socket_free(s);
}

void sim_net_power_cut(struct sim_machine *m)
{
    LIST_EACH_SAFE(&m->world->sockets, node) {
        struct sim_socket *s = CONTAINER_OF(node, struct sim_socket, node);
        if (s->machine == m) socket_lose(s);
    }
}

/* The new system knows nothing of the old connections: what was sent meanwhile is sent again by
 * TCP, and answered by a reset. */
void sim_net_power_on(struct sim_machine *m)
{
    LIST_EACH(&m->world->sockets, node) {
        struct sim_socket *s = CONTAINER_OF(node, struct sim_socket, node);
        if (s->lost != m) continue;
        s->lost = NULL;
        if (s->vanished > 0) packet_send(s, PACKET_RESET, NULL, 0);
        s->vanished = 0;
    }
}

void sim_net_forget(struct sim_machine *m)
{
    sim_net_power_cut(m);
    LIST_EACH(&m->world->sockets, node) {
        struct sim_socket *s = CONTAINER_OF(node, struct sim_socket, node);
        if (s->lost == m) s->lost = NULL;
    }
}
