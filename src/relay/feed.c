/* feed.c - from the index, in the order of next attempts, to the destinations.
 *
 * What is due is walked once: the feed remembers how far it came. A destination keeps the keys of
 * some hundred messages; of others it only remembers where in the index they begin, and they are
 * fetched when room is made. So a hundred thousand messages cost the memory of a few.
 */
#include "base/mem.h"
#include "relay/relay_int.h"

struct walk {
    struct relay *relay;
    struct view *view;
    struct destination *only; /* NULL: all */
    struct queue_place at, until;
    size_t rows;
    bool cut, full;
};

static bool is_taken(const struct relay *r, struct queue_key key)
{
    struct taken_key k = taken_key(key);
    return map_get(r->taken, taken_str(&k)) != NULL;
}

static void offer(struct walk *w, const struct queue_place *p)
{
    struct queue_entry e;
    if (is_taken(w->relay, p->key) || store_queue_entry(w->view, p->key, &e)) return;
    struct destination *d = destination_for(w->relay, w->view, e.domain);
    if (!d || (w->only && w->only != d)) return;
    destination_offer(d, &(struct waiting){ *p, e.priority });
    w->full = w->only && d->more;
}

static bool each(void *arg, const struct queue_place *p)
{
    struct walk *w = arg;
    w->at = *p;
    w->cut = w->rows++ == RELAY_FEED_ROWS;
    if (w->cut || place_order(p, &w->until) > 0) return false;
    offer(w, p);
    return !w->full;
}

/* Others have their turn now and then. ERR_GONE: the process is ending. Waits. */
static enum err walk(struct walk *w, int64_t now_us, int64_t *next_us)
{
    struct relay *r = w->relay;
    do {
        w->rows = 0;
        w->cut = false;
        w->view = store_view(r->store);
        if (!w->view) return ERR_LATER;
        enum err e = store_queue_due(w->view, w->at, now_us, each, w, next_us);
        view_end(w->view);
        if (e) return e;
        if (w->cut) fiber_yield();
        if (loop_draining(r->loop)) return ERR_GONE;
    } while (w->cut);
    return OK;
}

/* More of what is known to wait for this destination. Waits. */
static void refill(struct destination *d, int64_t now_us)
{
    struct relay *r = d->relay;
    struct walk w = { .relay = r, .only = d, .at = d->from, .until = r->fed };
    int64_t next_us;
    d->more = false;
    if (walk(&w, now_us, &next_us) && !d->more) { /* not all was seen */
        d->more = true;
        d->from = w.at;
    }
}

static void refill_all(struct relay *r, int64_t now_us)
{
    LIST_EACH(&r->served, node) {
        struct destination *d = CONTAINER_OF(node, struct destination, node);
        if (destination_hungry(d)) refill(d, now_us);
    }
}

/* The clock may have jumped, an entry may have come late, a destination may have been one too many:
 * now and then everything is looked at. */
static struct queue_place begin(struct relay *r, int64_t now_us)
{
    uint64_t mono_us = seam_mono_us(r->seam);
    struct queue_place none = { 0 };
    if (mono_us < r->refeed_us && r->fed.due_us <= now_us)
        return r->fed.due_us > RELAY_REWIND_US
                   ? (struct queue_place){ .due_us = r->fed.due_us - RELAY_REWIND_US }
                   : none;
    r->refeed_us = mono_us + RELAY_RECHECK_US;
    destinations_sweep(r);
    return none;
}

int64_t feed(struct relay *r)
{
    int64_t now_us = relay_now_us(r), next_us = now_us + RELAY_RECHECK_US;
    struct queue_place last = { .due_us = now_us, .key = { { UINT64_MAX }, UINT32_MAX } };
    struct walk w = { .relay = r, .at = begin(r, now_us), .until = last };
    if (walk(&w, now_us, &next_us)) return now_us + RELAY_RECHECK_US;
    r->fed = last;
    refill_all(r, now_us);
    return next_us;
}
