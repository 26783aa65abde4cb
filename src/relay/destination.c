/* destination.c - what is known of each destination: the mail that waits, and what it can bear.
 *
 * The number of conversations grows by one for each full round that went well and halves with
 * trouble; a destination that does not answer is left alone for a while, then tried with one.
 */
#include "base/codec.h"
#include "base/mem.h"
#include "relay/relay_int.h"

int place_order(const struct queue_place *a, const struct queue_place *b)
{
    if (a->due_us != b->due_us) return a->due_us < b->due_us ? -1 : 1;
    if (a->key.id.n != b->key.id.n) return a->key.id.n < b->key.id.n ? -1 : 1;
    return a->key.rcpt < b->key.rcpt ? -1 : a->key.rcpt > b->key.rcpt;
}

struct taken_key taken_key(struct queue_key key)
{
    struct taken_key k;
    bytes_copy(k.bytes, sizeof k.bytes, &key.id.n, sizeof key.id.n);
    bytes_copy(k.bytes + 8, sizeof k.bytes - 8, &key.rcpt, sizeof key.rcpt);
    return k;
}

/* --- making and forgetting -------------------------------------------------------------------- */

static struct destination *destination_make(struct relay *r, str name,
                                            const struct relay_route *route)
{
    struct destination *d = MEM_NEW(struct destination);
    size_t start = route->conversations_max < RELAY_START ? route->conversations_max : RELAY_START;
    *d = (struct destination){ .relay = r,
                               .name = buf_make(DOMAIN_BYTES + 64),
                               .route = route,
                               .limit_16 = start * 16,
                               .trouble = buf_make(SMTP_REPLY_BYTES) };
    buf_add(&d->name, name);
    lock_take(&r->lock);
    enum err e = map_put(r->destinations, name, d);
    if (!e) list_push_back(&r->served, &d->node);
    lock_drop(&r->lock);
    if (!e) return d;
    buf_free(&d->name);
    mem_free(d);
    return NULL;
}

/* A domain in letters of its own is the same as in A-labels (RFC 5891). No domain has a
 * space. */
const struct relay_route *destination_name(struct relay *r, struct view *v, str domain,
                                           struct buf *name)
{
    struct arena a = arena_make(RELAY_DOMAIN_BYTES);
    if (!str_is_ascii(domain)) (void)address_domain_ascii(&a, domain, &domain);
    const struct relay_route *route = route_of(&r->routes, domain);
    if (store_domain_is_ours(v, domain))
        buf_addf(name, "here %.*s", STR_ARG(domain));
    else if (route->via.n)
        buf_addf(name, "route %.*s", STR_ARG(route->name));
    else
        buf_add(name, domain);
    arena_free(&a);
    return route;
}

struct destination *destination_for(struct relay *r, struct view *v, str domain)
{
    struct buf name = buf_make(DOMAIN_BYTES + 64);
    const struct relay_route *route = destination_name(r, v, domain, &name);
    struct destination *d = map_get(r->destinations, buf_str(&name));
    if (!d) d = destination_make(r, buf_str(&name), route);
    buf_free(&name);
    return d;
}

static void forget(struct destination *d)
{
    struct relay *r = d->relay;
    lock_take(&r->lock);
    map_take(r->destinations, buf_str(&d->name));
    list_remove(&d->node);
    lock_drop(&r->lock);
    for (size_t i = 0; i < d->n; i++) {
        struct taken_key k = taken_key(waiting_at(d, i)->place.key);
        map_take(r->taken, taken_str(&k));
    }
    buf_free(&d->name);
    buf_free(&d->trouble);
    mem_free(d->waiting);
    mem_free(d);
}

void destinations_sweep(struct relay *r)
{
    uint64_t now_us = seam_mono_us(r->seam);
    LIST_EACH_SAFE(&r->served, node) {
        struct destination *d = CONTAINER_OF(node, struct destination, node);
        bool works = d->conversations || d->n || d->more;
        bool remembered = d->failures && now_us < d->troubled_us + RELAY_MEMORY_US;
        if (!works && !remembered) forget(d);
    }
}

void destinations_free(struct relay *r)
{
    LIST_EACH_SAFE(&r->served, node)
        forget(CONTAINER_OF(node, struct destination, node));
}

/* --- what waits ------------------------------------------------------------------------------- */

static size_t room(const struct destination *d)
{
    size_t most = map_count(d->relay->taken) < RELAY_TAKEN ? RELAY_WAITING : RELAY_WAITING_FEW;
    return d->n < most ? most - d->n : 0;
}

bool destination_hungry(const struct destination *d)
{
    return d->more && !destination_paused(d) && room(d) > 0 && d->n < RELAY_WAITING / 4;
}

static void make_room(struct destination *d)
{
    if (d->n < d->cap) return;
    size_t cap = d->cap ? d->cap * 2 : RELAY_WAITING_FEW;
    struct waiting *ring = mem_array(cap, sizeof *ring); /* laid out anew, from its first on */
    for (size_t i = 0; i < d->n; i++)
        ring[i] = *waiting_at(d, i);
    mem_free(d->waiting);
    d->waiting = ring;
    d->cap = cap;
    d->first = 0;
}

/* Before those that are less urgent. */
static void push(struct destination *d, const struct waiting *w)
{
    make_room(d);
    size_t i = d->n++;
    for (; i > 0 && waiting_at(d, i - 1)->priority < w->priority; i--)
        *waiting_at(d, i) = *waiting_at(d, i - 1);
    *waiting_at(d, i) = *w;
}

static void wait_in_index(struct destination *d, const struct queue_place *p)
{
    if (!d->more || place_order(p, &d->from) < 0) d->from = *p;
    d->more = true;
}

static bool is_more_urgent(const struct destination *d, int priority)
{
    return d->n && waiting_at(d, d->n - 1)->priority < priority;
}

/* The last of a full ring goes back to wait in the index. */
static void drop_last(struct destination *d)
{
    struct queue_place last = waiting_at(d, --d->n)->place;
    struct taken_key k = taken_key(last.key);
    map_take(d->relay->taken, taken_str(&k));
    wait_in_index(d, &last);
}

void destination_offer(struct destination *d, const struct waiting *w)
{
    struct taken_key k = taken_key(w->place.key);
    bool urgent = is_more_urgent(d, w->priority);
    if (urgent && !room(d)) drop_last(d);
    if ((!d->more || urgent) && room(d) && !map_put(d->relay->taken, taken_str(&k), d))
        push(d, w);
    else
        wait_in_index(d, &w->place);
}

/* --- what it can bear ------------------------------------------------------------------------- */

bool destination_paused(const struct destination *d)
{
    return d->paused_until_us > seam_mono_us(d->relay->seam);
}

bool destination_may_start(const struct destination *d)
{
    const struct relay *r = d->relay;
    size_t most = r->settings->conversations_max;
    if (!d->n || destination_paused(d) || r->conversations >= most) return false;
    if (d->conversations >= d->limit_16 / 16) return false;
    /* The last quarter is for destinations that have none, half for those that answer. */
    if (d->conversations && most > 4 && r->conversations >= most - most / 4) return false;
    return !d->failures || r->troubled < (most + 1) / 2;
}

bool destination_gives_way(const struct destination *d)
{
    struct relay *r = d->relay;
    if (r->conversations < r->settings->conversations_max) return false;
    LIST_EACH(&r->served, node) {
        const struct destination *other = CONTAINER_OF(node, struct destination, node);
        if (other->n && !other->conversations && !destination_paused(other)) return true;
    }
    return false;
}

void destination_fine(struct destination *d)
{
    size_t most = d->route->conversations_max * 16, more = 256 / d->limit_16;
    lock_take(&d->relay->lock);
    d->failures = 0;
    d->paused_until_us = 0;
    buf_reset(&d->trouble);
    lock_drop(&d->relay->lock);
    d->limit_16 += more ? more : 1;
    if (d->limit_16 > most) d->limit_16 = most;
}

/* Always less than the gap until the same message is tried again, so that a lone one never waits
 * for the pause. */
static uint64_t pause_us(const struct destination *d)
{
    unsigned shifts = d->failures < RELAY_PAUSE_SHIFTS ? d->failures : RELAY_PAUSE_SHIFTS;
    uint64_t most_ms = d->relay->settings->retry_max_ms / 2;
    uint64_t ms = d->relay->settings->retry_first_ms / 4 << shifts;
    return (ms < most_ms ? ms : most_ms) * 1000;
}

void destination_trouble(struct destination *d, str why)
{
    struct relay *r = d->relay;
    uint64_t now_us = seam_mono_us(r->seam), until_us = now_us + pause_us(d);
    /* Conversations that fail together are one failure. */
    bool again = destination_paused(d);
    d->limit_16 = d->limit_16 > 32 ? d->limit_16 / 2 : 16;
    lock_take(&r->lock);
    if (!again) {
        d->failures++;
        d->paused_until_us = until_us;
    }
    d->troubled_us = now_us;
    buf_reset(&d->trouble);
    buf_add(&d->trouble, why);
    lock_drop(&r->lock);
}

void destinations_hurry(struct relay *r)
{
    LIST_EACH(&r->served, node) {
        struct destination *d = CONTAINER_OF(node, struct destination, node);
        lock_take(&r->lock);
        d->paused_until_us = 0;
        lock_drop(&r->lock);
    }
}
