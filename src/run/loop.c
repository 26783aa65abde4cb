/* loop.c - one a worker thread: readiness, posts, timers and fibers, in turns.
 *
 * A turn: wait (only if nothing else is to do), run what other threads posted, deliver readiness,
 * fire timers, then lend stacks. Everything but the fibers runs on the loop's own stack.
 */
#include "run/loop.h"

#include <assert.h>

#include "run/conn_int.h"

static __thread struct loop *self;

struct loop *loop_new(struct seam *seam, unsigned index)
{
    struct loop *l = MEM_NEW(struct loop);

    l->seam = seam;
    l->index = index;
    l->now_us = seam_mono_us(seam);
    list_init(&l->members);
    list_init(&l->waking);
    list_init(&l->spare_inputs);
    list_init(&l->spare_inflaters);
    seam_random(seam, &l->id_prefix, sizeof(l->id_prefix));
    fibers_init(&l->fibers);
    l->poller = seam_poller_new(seam);
    if (l->poller) seam_poller_owner(l->poller, l);
    if (!l->poller || !fibers_ready(l)) {
        loop_free(l);
        return NULL;
    }
    return l;
}

static void spare_inputs_free(struct loop *l)
{
    LIST_EACH_SAFE(&l->spare_inputs, node) {
        mem_free(node);
    }
}

void loop_free(struct loop *l)
{
    if (!l) return;
    /* A thread whose post we have run may still be on its way out of loop_post. */
    while (__atomic_load_n(&l->posting, __ATOMIC_ACQUIRE))
        ;
    fibers_free(l);
    timers_free(&l->timers);
    spare_inputs_free(l);
    conn_compress_spares_free(l);
    if (l->poller) seam_poller_free(l->poller);
    mem_free(l);
}

/* --- posts ----------------------------------------------------------------------------------- */

void loop_post(struct loop *l, struct loop_post *p)
{
    __atomic_add_fetch(&l->posting, 1, __ATOMIC_ACQ_REL);
    struct loop_post *head = __atomic_load_n(&l->posted, __ATOMIC_RELAXED);
    do {
        p->next = head;
    } while (!__atomic_compare_exchange_n(&l->posted, &head, p, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    /* p may be gone by now. Who finds the list empty wakes; the others ride along. */
    if (!head) seam_poller_wake(l->poller);
    __atomic_sub_fetch(&l->posting, 1, __ATOMIC_ACQ_REL);
}

void loop_post_last(struct loop *l, struct loop_post *p)
{
    assert(l == self);
    p->next = l->lasts;
    l->lasts = p;
}

static struct loop_post *in_order_of(struct loop_post *newest_first)
{
    struct loop_post *in_order = NULL;

    while (newest_first) {
        struct loop_post *next = newest_first->next;
        newest_first->next = in_order;
        in_order = newest_first;
        newest_first = next;
    }
    return in_order;
}

static void posts_run(struct loop_post *newest_first)
{
    struct loop_post *p = in_order_of(newest_first);

    while (p) {
        struct loop_post *next = p->next; /* p may be freed or posted again by run */
        p->run(p);
        p = next;
    }
}

/* --- readiness ------------------------------------------------------------------------------- */

static void events_deliver(struct loop *l)
{
    for (int i = 0; i < l->events_n; i++) {
        struct loop_watch *w = l->events[i].tag;
        if (w) w->ready(w, l->events[i].what);
    }
    l->events_n = 0;
}

enum err loop_watch(struct loop *l, struct loop_watch *w, unsigned what)
{
    assert(w->ready);
    if (seam_poller_set(l->poller, w->handle, what, w, w->exclusive) < 0) return ERR_LATER;
    w->what = what;
    return OK;
}

void loop_unwatch(struct loop *l, struct loop_watch *w)
{
    seam_poller_forget(l->poller, w->handle);
    w->what = 0;
    for (int i = 0; i < l->events_n; i++)
        if (l->events[i].tag == w) l->events[i].tag = NULL;
}

/* --- draining -------------------------------------------------------------------------------- */

void loop_join(struct loop *l, struct loop_member *m)
{
    list_push_back(&l->members, &m->link);
}

void loop_leave(struct loop *l, struct loop_member *m)
{
    (void)l;
    list_remove(&m->link);
}

void loop_stop(struct loop *l, unsigned grace_ms)
{
    __atomic_store_n(&l->grace_ms, grace_ms, __ATOMIC_RELAXED);
    __atomic_store_n(&l->stopping, 1, __ATOMIC_RELEASE);
    seam_poller_wake(l->poller);
}

bool loop_draining(const struct loop *l)
{
    return l->draining;
}

bool loop_cutting(const struct loop *l)
{
    return l->cutting;
}

/* Each member is told; telling one may end others. */
static void tell_members(struct loop *l)
{
    struct list untold;

    list_init(&untold);
    while (!list_empty(&l->members)) {
        struct list *node = l->members.next;
        list_remove(node);
        list_push_back(&untold, node);
    }
    while (!list_empty(&untold)) {
        struct list *node = untold.next;
        list_remove(node);
        list_push_back(&l->members, node);
        struct loop_member *m = CONTAINER_OF(node, struct loop_member, link);
        m->drain(m);
    }
}

static void drain_begin(struct loop *l)
{
    l->draining = true;
    l->end_us = UINT64_MAX;
    fibers_drain(&l->fibers);
    tell_members(l);
}

/* Those who are left unwind, so that what they hold is given back in good order. */
static void drain_cut(struct loop *l)
{
    l->cutting = true;
    l->end_us = l->now_us + LOOP_UNWIND_MS * UINT64_C(1000);
    tell_members(l);
}

/* A second loop_stop with less grace ends it sooner. */
static void drain(struct loop *l)
{
    if (l->cutting) return;
    if (!l->draining) drain_begin(l);
    uint64_t end = l->now_us + __atomic_load_n(&l->grace_ms, __ATOMIC_RELAXED) * UINT64_C(1000);
    if (end < l->end_us) l->end_us = end;
    if (l->now_us >= l->end_us) drain_cut(l);
}

bool loop_drained(const struct loop *l)
{
    if (!l->draining) return false;
    if (l->cutting && l->now_us >= l->end_us) return true;
    if (l->fibers.lent) return false;
    if (l->fibers.queued) return false;
    return list_empty(&l->members);
}

/* --- turns ----------------------------------------------------------------------------------- */

uint64_t loop_next_us(const struct loop *l)
{
    if (!fibers_idle(&l->fibers) || !list_empty(&l->waking)) return 0;
    if (__atomic_load_n(&l->posted, __ATOMIC_RELAXED)) return 0;
    if (__atomic_load_n(&l->stopping, __ATOMIC_RELAXED) && !l->draining) return 0;

    uint64_t next = timers_next_us(&l->timers);
    if (l->draining && l->end_us < next) next = l->end_us;
    return next;
}

static void turn(struct loop *l, bool may_wait)
{
    uint64_t until = may_wait ? loop_next_us(l) : 0;

    __atomic_store_n(&l->turn_us, 0, __ATOMIC_RELAXED);
    l->events_n = seam_poller_wait(l->poller, l->events, LOOP_EVENTS_PER_WAIT, until);
    if (l->events_n < 0) l->events_n = 0;
    l->now_us = seam_mono_us(l->seam);
    __atomic_store_n(&l->turn_us, l->now_us, __ATOMIC_RELAXED);
    posts_run(__atomic_exchange_n(&l->posted, NULL, __ATOMIC_ACQ_REL));
    if (__atomic_load_n(&l->stopping, __ATOMIC_ACQUIRE)) drain(l);
    events_deliver(l);
    timers_fire(&l->timers, l);
    conn_wakes(l);
    fibers_run(l);
    struct loop_post *lasts = l->lasts;
    l->lasts = NULL;
    posts_run(lasts);
}

void loop_run_once(struct loop *l, bool may_wait)
{
    struct loop *before = self;

    self = l;
    turn(l, may_wait);
    self = before;
}

void loop_run(struct loop *l)
{
    while (!loop_drained(l))
        loop_run_once(l, true);
    __atomic_store_n(&l->turn_us, 0, __ATOMIC_RELAXED);
}

struct loop *loop_current(void)
{
    return self;
}

struct loop *loop_self(void)
{
    assert(self);
    return self;
}

struct seam *loop_seam(const struct loop *l)
{
    return l->seam;
}

uint64_t loop_now_us(const struct loop *l)
{
    return l->now_us;
}
