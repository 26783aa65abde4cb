/* listener.c - listening sockets: accepting, and how many connections one address may have.
 *
 * One socket serves all workers: each loop watches it (the kernel wakes one of them) and counts its
 * own connections, so no count is shared between threads.
 */
#include <assert.h>
#include <errno.h>

#include "base/budget.h"
#include "base/log.h"
#include "base/map.h"
#include "base/purse.h"
#include "run/conn_int.h"
#include "run/lock.h"
#include "run/parent.h"

struct listener {
    struct seam *seam;
    struct listener_config config;
    struct netaddr addr;
    int socket;
    struct lock lock; /* guards ats: each loop attaches itself */
    struct listener_at *ats;
};

/* A listener on one loop. */
struct listener_at {
    struct listener_at *next;
    struct listener *listener;
    struct loop *loop;
    struct loop_watch watch;
    struct loop_member member;
    struct timer pause;    /* after running out of descriptors */
    struct map *addresses; /* limit key -> struct address_count */
    unsigned open;
    unsigned refused;     /* since the last line in the log */
    uint64_t complain_us; /* when the next may be logged: a flood does not fill the disk */
};

struct address_key {
    char bytes[17];
}; /* family and address */
struct address_count {
    struct address_key key;
    unsigned open;
};

enum { ADDRESSES_MAX = 1 << 20 };

/* --- the socket ------------------------------------------------------------------------------ */

enum err listener_open(struct seam *seam, const struct listener_config *config,
                       struct listener **out)
{
    assert(config->handler && (config->certificates || config->tls == LISTEN_PLAIN));
    int socket = seam_listen(seam, &config->at, LISTEN_BACKLOG);
    if (socket == -EADDRINUSE) return ERR_EXISTS;
    if (socket == -EACCES) return ERR_DENIED;
    if (socket < 0) return ERR_LATER;

    struct listener *l = MEM_NEW(struct listener);
    l->seam = seam;
    l->config = *config;
    l->socket = socket;
    l->addr = config->at;
    seam_local_addr(seam, socket, &l->addr);
    lock_init(&l->lock);
    *out = l;
    return OK;
}

const struct netaddr *listener_addr(const struct listener *l)
{
    return &l->addr;
}

static bool free_count(void *arg, str key, void *value)
{
    (void)arg;
    (void)key;
    mem_free(value);
    return true;
}

/* A Unix socket's name outlives it. One that a service manager opened is his to remove. */
static void remove_name(struct listener *l)
{
    if (l->addr.family != NET_UNIX) return;
    int held = inherited(&l->addr);
    if (held >= 0)
        seam_socket_close(l->seam, held);
    else
        (void)seam_unlink(l->seam, l->addr.path);
}

void listener_close(struct listener *l)
{
    if (!l) return;
    while (l->ats) {
        struct listener_at *at = l->ats;
        l->ats = at->next;
        map_each(at->addresses, free_count, NULL);
        map_free(at->addresses);
        mem_free(at);
    }
    remove_name(l);
    seam_socket_close(l->seam, l->socket);
    lock_end(&l->lock);
    mem_free(l);
}

const struct listener_config *listener_at_config(const struct listener_at *at)
{
    return &at->listener->config;
}

unsigned listener_handshake_ms(const struct listener_at *at)
{
    unsigned ms = at->listener->config.handshake_ms;
    return ms ? ms : CONN_HANDSHAKE_MS;
}

/* --- limits ---------------------------------------------------------------------------------- */

static struct address_key key_of(const struct netaddr *peer)
{
    struct netaddr limit = netaddr_limit_key(peer);
    struct address_key key = { { (char)limit.family } };

    bytes_copy(key.bytes + 1, sizeof(key.bytes) - 1, limit.ip, sizeof(limit.ip));
    return key;
}

static struct address_count *count_of(struct listener_at *at, const struct netaddr *peer)
{
    struct address_key key = key_of(peer);
    str name = { key.bytes, sizeof(key.bytes) };
    struct address_count *count = map_get(at->addresses, name);

    if (count) return count;
    count = MEM_NEW(struct address_count);
    count->key = key;
    if (map_put(at->addresses, name, count) == OK) return count;
    mem_free(count);
    return NULL;
}

static struct conns_total *total_of(const struct conn *c)
{
    return c->wire_unix ? NULL : c->home->listener->config.total;
}

static bool join_total(struct conn *c)
{
    struct conns_total *total = total_of(c);
    if (!total || __atomic_add_fetch(&total->open, 1, __ATOMIC_RELAXED) <= total->max) return true;
    __atomic_sub_fetch(&total->open, 1, __ATOMIC_RELAXED);
    budget_struck(BUDGET_PROCESS_CONNS);
    return false;
}

static void leave_total(struct conn *c)
{
    struct conns_total *total = total_of(c);
    if (total) __atomic_sub_fetch(&total->open, 1, __ATOMIC_RELAXED);
}

/* Who administers gets in all the same. */
static bool memory_is_short(const struct conn *c)
{
    if (c->wire_unix || !ceiling_reached()) return false;
    budget_struck(BUDGET_PROCESS_MEMORY);
    return true;
}

static void uncount_address(struct conn *c)
{
    struct address_count *count = c->address;

    c->address = NULL;
    if (!count || --count->open > 0) return;
    map_take(c->home->addresses, (str){ count->key.bytes, sizeof(count->key.bytes) });
    mem_free(count);
}

void listener_at_forget(struct conn *c)
{
    struct listener_at *at = c->home;

    at->open--;
    leave_total(c);
    uncount_address(c);
}

bool listener_at_count(struct conn *c)
{
    const struct listener_config *config = &c->home->listener->config;

    if (!config->conns_per_address_max || c->peer.family == NET_UNIX) return true;
    struct address_count *count = count_of(c->home, &c->peer);
    if (!count || count->open >= config->conns_per_address_max) {
        budget_struck(BUDGET_ADDRESS_CONNS);
        return false;
    }
    c->address = count;
    count->open++;
    return true;
}

/* A connection from this machine's administrator is always worth a descriptor. */
static bool has_handle(const struct conn *c)
{
    if (c->peer.family == NET_UNIX || c->home->listener->addr.family == NET_UNIX) return true;
    if (!seam_handles_short(c->loop->seam, c->watch.handle)) return true;
    budget_struck(BUDGET_PROCESS_DESCRIPTORS);
    return false;
}

/* Counts the connection; false, and nothing counted, when there is no room for it. Behind a proxy
 * its address is not known yet. */
static bool admit(struct conn *c)
{
    const struct listener_config *config = &c->home->listener->config;

    if (config->conns_max && c->home->open >= config->conns_max) {
        budget_struck(BUDGET_LISTENER_CONNS);
        return false;
    }
    if (memory_is_short(c)) return false;
    if (!has_handle(c)) return false;
    if (!conn_proxy_expected(c) && !listener_at_count(c)) return false;
    if (!join_total(c)) {
        uncount_address(c);
        return false;
    }
    c->home->open++;
    return true;
}

/* --- accepting ------------------------------------------------------------------------------- */

static void log_refusal(const struct conn *c)
{
    struct listener_at *at = c->home;
    struct buf ip = buf_make(CONN_ADDRESS_TEXT_BYTES);

    at->refused++;
    if (at->loop->now_us < at->complain_us) return;
    netaddr_ip_text(&c->peer, &ip);
    log_event(LOG_WARN, "conn.refused", conn_id(c), F_STR("peer", buf_str(&ip)),
              F_NUM("refused", at->refused));
    buf_free(&ip);
    at->refused = 0;
    at->complain_us = at->loop->now_us + CONN_COMPLAIN_MS * UINT64_C(1000);
}

static void refuse(struct conn *c)
{
    const struct listener_config *config = &c->home->listener->config;

    log_refusal(c);
    if (config->tls == LISTEN_PLAIN) conn_write(c, config->handler->busy);
    conn_push(c);
    c->home = NULL;
    conn_free(c);
}

void listener_at_refuse(struct conn *c)
{
    listener_at_forget(c);
    refuse(c);
}

static void accepted(struct listener_at *at, int socket, const struct netaddr *peer)
{
    struct conn *c = conn_new(at->loop, socket, peer);

    c->home = at;
    c->handler = at->listener->config.handler;
    c->wire_unix = peer->family == NET_UNIX;
    if (admit(c))
        conn_begin(c);
    else
        refuse(c);
}

static bool out_of_means(int e)
{
    return e == -EMFILE || e == -ENFILE || e == -ENOMEM || e == -ENOBUFS;
}

static void accept_some(struct loop_watch *w, unsigned what)
{
    struct listener_at *at = CONTAINER_OF(w, struct listener_at, watch);
    struct netaddr peer;

    (void)what;
    for (int i = 0; i < LISTEN_ACCEPTS_PER_TURN; i++) {
        int socket = seam_accept(at->listener->seam, at->listener->socket, &peer);
        if (socket >= 0) {
            accepted(at, socket, &peer);
        } else if (out_of_means(socket)) {
            /* The event stays: without a pause the loop would spin on it. */
            budget_struck(BUDGET_PROCESS_DESCRIPTORS);
            loop_unwatch(at->loop, &at->watch);
            timer_set(at->loop, &at->pause, at->loop->now_us + LISTEN_PAUSE_MS * UINT64_C(1000));
            return;
        } else if (socket == -EAGAIN) {
            return;
        } /* else that one connection failed before we took it */
    }
}

static void resume(struct timer *t)
{
    struct listener_at *at = CONTAINER_OF(t, struct listener_at, pause);

    if (loop_watch(at->loop, &at->watch, SEAM_READABLE))
        timer_set(at->loop, t, at->loop->now_us + LISTEN_PAUSE_MS * UINT64_C(1000));
}

static void stop_accepting(struct loop_member *m)
{
    struct listener_at *at = CONTAINER_OF(m, struct listener_at, member);

    timer_cancel(at->loop, &at->pause);
    loop_unwatch(at->loop, &at->watch);
    loop_leave(at->loop, &at->member);
}

enum err listener_attach(struct listener *l, struct loop *loop)
{
    struct listener_at *at = MEM_NEW(struct listener_at);
    uint8_t seed[16];

    seam_random(l->seam, seed, sizeof(seed));
    *at = (struct listener_at){
        .listener = l,
        .loop = loop,
        .watch = { .handle = l->socket, .ready = accept_some, .exclusive = true },
        .member = { .drain = stop_accepting },
        .pause = { .fire = resume },
        .addresses = map_new(ADDRESSES_MAX, seed),
    };
    lock_take(&l->lock);
    at->next = l->ats;
    l->ats = at;
    lock_drop(&l->lock);
    enum err e = loop_watch(loop, &at->watch, SEAM_READABLE);
    if (!e) loop_join(loop, &at->member);
    return e;
}
