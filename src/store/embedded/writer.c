/* writer.c - gathers all commits that wait, makes them durable with one sync, and answers them.
 *
 * While a group is on its way to the disk, its successor gathers: its transactions see the rows of
 * both. When the first has landed the second is launched, and then the first is published and
 * answered. So disk, writer and those who make letters work at the same time. When one does not
 * land, the other cannot either: it was judged by changes that did not come to be.
 */
#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"

/* A group's buffer: closed past STORE_GROUP_BYTES, and one more transaction with all its bodies
 * may come on top. */
static const size_t records_bytes_max = (size_t)2 * 1024 * 1024 * 1024;

void writer_init(struct embedded *e)
{
    for (size_t i = 0; i < COUNT_OF(e->pair); i++) {
        e->pair[i].rows = memtable_new(MEMTABLE_MIDDLE);
        e->pair[i].records = buf_make(records_bytes_max);
    }
    e->open = &e->pair[0];
    e->txn = (struct embedded_txn){ .base = { &e->base },
                                    .e = e,
                                    .staging = memtable_new(MEMTABLE_MIDDLE),
                                    .arena = arena_make(STORE_TXN_ARENA_BYTES) };
}

void writer_end(struct embedded *e)
{
    for (size_t i = 0; i < COUNT_OF(e->pair); i++) {
        memtable_drop(e->pair[i].rows);
        buf_free(&e->pair[i].records);
        mem_free(e->pair[i].places);
        mem_free(e->pair[i].bodies);
    }
    memtable_drop(e->txn.staging);
    arena_free(&e->txn.arena);
    mem_free(e->txn.bodies);
    mem_free(e->txn.copies);
}

void kick(struct embedded *e, struct seam_service *const *service)
{
    lock_take(&e->queue_lock);
    if (*service) seam_service_kick(*service);
    lock_drop(&e->queue_lock);
}

void kick_at(struct embedded *e, struct seam_service *const *service, uint64_t mono_us)
{
    lock_take(&e->queue_lock);
    if (*service) seam_service_kick_at(*service, mono_us);
    lock_drop(&e->queue_lock);
}

/* --- the queue ------------------------------------------------------------------------------ */

/* Behind all whose turn is not later. What nobody waits for stays behind what was there. */
static void put_in_turn(struct embedded *e, struct request *r)
{
    struct request **at = &e->first;
    r->turn = fair_turn(&e->fair, r->owner);
    if (e->last && (r->lazy || e->last->turn <= r->turn)) {
        if (r->turn < e->last->turn) r->turn = e->last->turn;
        at = &e->last->next;
    }
    while (*at && (*at)->turn <= r->turn)
        at = &(*at)->next;
    r->next = *at;
    *at = r;
    if (!r->next) e->last = r;
}

void writer_enqueue(struct embedded *e, struct request *r)
{
    lock_take(&e->queue_lock);
    put_in_turn(e, r);
    if (e->writer && !e->called) seam_service_kick(e->writer);
    e->called = true;
    lock_drop(&e->queue_lock);
}

static struct request *dequeue(struct embedded *e)
{
    lock_take(&e->queue_lock);
    struct request *r = e->first;
    if (r) e->first = r->next;
    if (!e->first) e->last = NULL;
    if (r) fair_served(&e->fair, r->turn);
    lock_drop(&e->queue_lock);
    return r;
}

/* In the queue; lazy ones alone may stay a while. Under its lock. */
static bool is_urgent(struct embedded *e)
{
    for (struct request *r = e->first; r; r = r->next)
        if (!r->lazy) return true;
    return e->first && e->closing;
}

/* Whether anybody waits for an answer. */
static bool anybody_waits(struct embedded *e, bool *any)
{
    lock_take(&e->queue_lock);
    e->called = false; /* who comes from now on calls again */
    *any = e->first != NULL;
    bool waits = is_urgent(e);
    lock_drop(&e->queue_lock);
    return waits;
}

bool writer_awaited(struct embedded *e)
{
    if (e->flight || e->open->members_n > 0) return true;
    lock_take(&e->queue_lock);
    bool waits = is_urgent(e);
    lock_drop(&e->queue_lock);
    return waits;
}

static void enqueue_now(struct loop_post *p)
{
    struct request *r = CONTAINER_OF(p, struct request, last);
    writer_enqueue(r->e, r);
}

/* Those of one turn of a loop come together: the writer is called once and finds them all. */
enum err embedded_commit(struct engine *engine, txn_fn *fn, void *arg)
{
    struct embedded *e = embedded_of(engine);
    struct request r = {
        .fn = fn, .arg = arg, .last = { .run = enqueue_now }, .e = e, .owner = fiber_owner()
    };
    assert_no_view();
    completion_init(&r.done);
    loop_post_last(r.done.loop, &r.last);
    completion_wait(&r.done);
    return r.result;
}

void embedded_commit_lazy(struct engine *engine, txn_fn *fn, void *arg, void (*done)(void *arg))
{
    struct request *r = MEM_NEW(struct request);
    *r = (struct request){ .fn = fn, .arg = arg, .lazy = true, .lazy_done = done };
    writer_enqueue(embedded_of(engine), r);
}

/* --- one group ------------------------------------------------------------------------------ */

static void answer(struct request *r)
{
    if (r->answered) {
        r->answered(r);
        return;
    }
    if (!r->lazy) {
        completion_done(&r->done); /* r is gone */
        return;
    }
    if (r->lazy_done) r->lazy_done(r->arg);
    mem_free(r);
}

static void answer_all(struct request *r, enum err failed)
{
    for (struct request *next; r; r = next) {
        next = r->next;
        /* Also those that fn refused: it may have judged by changes that did not come to be. */
        if (failed) r->result = failed;
        answer(r);
    }
}

static void refuse_all(struct embedded *e)
{
    for (struct request *r = dequeue(e); r; r = dequeue(e)) {
        r->result = ERR_LATER;
        answer(r);
    }
}

/* --- groups --------------------------------------------------------------------------------- */

static bool is_full(const struct group *g)
{
    return g->snapshot && (g->members_n >= STORE_GROUP_COMMITS ||
                           g->records.n >= STORE_GROUP_BYTES || g->worked_us >= STORE_GROUP_US);
}

/* Transactions of those who wait, into the open group. */
static void gather(struct embedded *e)
{
    struct group *g = e->open;
    if (is_full(g)) return;
    struct snapshot *snapshot = g->snapshot ? g->snapshot : snapshot_take(e);
    if (!snapshot) {
        refuse_all(e);
        return;
    }
    if (!g->snapshot) group_begin(e, g, snapshot);
    struct request *r;
    while (!is_full(g) && (r = dequeue(e))) {
        uint64_t began_us = seam_mono_us(e->seam);
        group_run(e, g, r);
        g->worked_us += seam_mono_us(e->seam) - began_us;
    }
}

/* Nobody but this one waits: then another thread would only be a detour. */
static bool is_alone(struct embedded *e, const struct group *g)
{
    bool any;
    return g->members_n == 1 && !anybody_waits(e, &any);
}

void sync_step(void *arg)
{
    struct embedded *e = arg;
    lock_take(&e->queue_lock);
    struct group *g = e->launched;
    e->launched = NULL;
    lock_drop(&e->queue_lock);
    if (!g) return;
    group_write(e, g);
    kick(e, &e->writer);
}

static void hand_over(struct embedded *e, struct group *g)
{
    lock_take(&e->queue_lock);
    e->launched = g;
    if (e->syncer) seam_service_kick(e->syncer);
    lock_drop(&e->queue_lock);
}

static void finish(struct embedded *e, struct group *g)
{
    if (g->result)
        group_forget(g, true);
    else
        group_publish(e, g);
    answer_all(g->members, g->result);
}

static void refuse_open(struct embedded *e, enum err why)
{
    struct group *g = e->open;
    if (!g->snapshot) return;
    group_close(e, g);
    group_forget(g, false);
    answer_all(g->members, why);
}

/* The open group, closed and on its way; NULL: nobody is in it. */
static struct group *launch(struct embedded *e)
{
    struct group *g = e->open;
    if (!g->snapshot) return NULL;
    group_close(e, g);
    e->open = g == &e->pair[0] ? &e->pair[1] : &e->pair[0];
    return g;
}

/* If the one before has landed, or there is none. */
static void launch_next(struct embedded *e)
{
    struct group *landed = e->flight;
    if (landed && !atomic_load(&landed->written)) return;
    if (landed && landed->result) refuse_open(e, landed->result);
    struct group *g = e->flight = launch(e);
    bool here = g && (g->commits == 0 || (!landed && is_alone(e, g)));
    if (g && !here) hand_over(e, g);
    if (landed) finish(e, landed);
    if (!here) return;
    group_write(e, g);
    e->flight = NULL;
    finish(e, g);
}

/* When nobody waits: the time at which the lazy ones are due. */
static bool lazy_due(struct embedded *e)
{
    uint64_t now = seam_mono_us(e->seam);
    if (!e->lazy_since_us) e->lazy_since_us = now;
    return now - e->lazy_since_us >= STORE_LAZY_MS * 1000ULL;
}

static uint64_t sooner(uint64_t a, uint64_t since_us, uint64_t after_ms)
{
    uint64_t at = since_us + after_ms * 1000;
    return since_us && at < a ? at : a;
}

static void plan_next_step(struct embedded *e)
{
    /* While the indexer is at a frozen table, it kicks when it is done. */
    uint64_t at = UINT64_MAX;
    if (!indexer_busy(e)) at = sooner(at, e->active_since_us, STORE_FREEZE_MS);
    at = sooner(at, e->lazy_since_us, STORE_LAZY_MS);
    if (atomic_load(&e->disk_full)) at = sooner(at, e->reserve_checked_us, STORE_RETRY_MS);
    kick_at(e, &e->writer, at);
}

void writer_step(void *arg)
{
    struct embedded *e = arg;
    bool any, waits = anybody_waits(e, &any);
    reserve_watch(e);
    freeze_if_due(e, atomic_exchange(&e->freeze_wanted, false));
    bool lagging = waits && lag_bytes(e) >= e->options.lag_bytes;
    if (lagging) {
        freeze_if_due(e, true);
        /* The indexer kicks when it is done, or when it cannot: then there is no use in waiting. */
        if (atomic_load(&e->index_failing)) refuse_all(e);
    } else if (waits || (any && lazy_due(e))) {
        e->lazy_since_us = 0;
        gather(e);
    }
    launch_next(e);
    freeze_if_due(e, false);
    if (!lagging && anybody_waits(e, &any) && !is_full(e->open)) kick(e, &e->writer);
    plan_next_step(e);
}
