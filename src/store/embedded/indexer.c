/* indexer.c - freezes what has gathered and applies it to the index, whole, in one transaction. */
#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"

size_t lag_bytes(struct embedded *e)
{
    lock_take(&e->lock);
    size_t bytes = memtable_bytes(e->active) + (e->frozen ? memtable_bytes(e->frozen) : 0);
    lock_drop(&e->lock);
    return bytes;
}

/* One that is frozen early needs few buckets. */
struct memtable *gathering_table(const struct embedded *e)
{
    bool small = e->options.lag_bytes <= STORE_SMALL_LAG_BYTES;
    return memtable_new(small ? MEMTABLE_MIDDLE : MEMTABLE_LARGE);
}

bool indexer_busy(struct embedded *e)
{
    lock_take(&e->lock);
    bool busy = e->frozen != NULL;
    lock_drop(&e->lock);
    return busy;
}

static bool due(struct embedded *e, bool now)
{
    size_t bytes = memtable_bytes(e->active);
    uint64_t age_us = seam_mono_us(e->seam) - e->active_since_us;
    return now || bytes >= STORE_FREEZE_BYTES || bytes >= e->options.lag_bytes / 2 ||
           age_us >= STORE_FREEZE_MS * 1000ULL;
}

void freeze_if_due(struct embedded *e, bool now)
{
    if (!e->active_since_us || !due(e, now)) return;
    if (indexer_busy(e)) return; /* at the last one */
    struct memtable *fresh = gathering_table(e);
    lock_take(&e->lock);
    e->frozen = e->active;
    e->frozen_mark = e->written;
    e->active = fresh;
    lock_drop(&e->lock);
    e->active_since_us = 0;
    kick(e, &e->indexer);
}

void embedded_keep_up(struct engine *engine, size_t bytes)
{
    struct embedded *e = embedded_of(engine);
    uint64_t until = seam_mono_us(e->seam) + STORE_KEEP_UP_MS * 1000ULL;
    assert_no_view();
    for (;;) {
        size_t lag = lag_bytes(e);
        if (lag >= bytes / 2 && !indexer_busy(e)) {
            atomic_store(&e->freeze_wanted, true);
            kick(e, &e->writer);
        }
        uint64_t now = seam_mono_us(e->seam);
        if (lag <= bytes || now >= until || atomic_load(&e->index_failing)) return;
        if (fiber_sleep_until(now + STORE_KEEP_UP_POLL_MS * 1000ULL)) return;
    }
}

/* True when the index serves. One that does not is opened again as soon as nobody reads. */
static bool index_serves(struct embedded *e)
{
    if (!index_is_dead(e->index)) return true;
    lock_take(&e->lock);
    snapshots_free(e);
    enum err err = index_revive(e->index);
    lock_drop(&e->lock);
    return err == OK;
}

static void apply_frozen(struct embedded *e)
{
    lock_take(&e->lock);
    struct memtable *frozen = e->frozen;
    struct mark mark = e->frozen_mark;
    lock_drop(&e->lock);
    if (!frozen) return;

    enum err err = index_serves(e) ? index_apply(e->index, frozen, &mark) : ERR_LATER;
    if (err && (reserve_give(e) || index_is_dead(e->index)) && index_serves(e))
        err = index_apply(e->index, frozen, &mark);
    atomic_store(&e->index_failing, err != OK);
    if (err) {
        kick_at(e, &e->indexer, seam_mono_us(e->seam) + STORE_RETRY_MS * 1000ULL);
    } else {
        lock_take(&e->lock);
        e->frozen = NULL;
        e->applied = mark;
        lock_drop(&e->lock);
        memtable_drop(frozen);
        kick(e, &e->compactor_service);
    }
    kick(e, &e->writer);
}

void segment_doom(struct embedded *e, uint64_t number, uint64_t after_seq)
{
    lock_take(&e->lock);
    if (e->doomed_n == e->doomed_cap) {
        size_t cap = e->doomed_cap ? e->doomed_cap * 2 : 16;
        e->doomed = mem_resize(e->doomed, e->doomed_cap, cap, sizeof *e->doomed);
        e->doomed_cap = cap;
    }
    e->doomed[e->doomed_n++] = (struct doomed){ number, after_seq };
    lock_drop(&e->lock);
    kick(e, &e->indexer);
}

/* One that may go by now; 0: none. What once counted stays while somebody may go by its number. */
static uint64_t next_doomed(struct embedded *e, bool pinned)
{
    uint64_t number = 0;
    lock_take(&e->lock);
    for (size_t i = e->doomed_n; i-- > 0 && !number;) {
        struct doomed *d = &e->doomed[i];
        if (d->after_seq && (pinned || d->after_seq > e->applied.seq)) continue;
        number = d->number;
        *d = e->doomed[--e->doomed_n];
    }
    lock_drop(&e->lock);
    return number;
}

/* Files of large bodies that were never committed, or that nobody refers to any more: taken away
 * here, since that may take its time. Whether somebody has a pin is asked for each, and nobody gets
 * one until that file is gone: else what was just pinned would go. */
static void sweep(struct embedded *e)
{
    struct segments *t = &e->segments;
    bool pinned = false;
    for (uint64_t number = 1; number;) {
        bool begun = segments_removal_begin(t);
        pinned = !begun;
        number = next_doomed(e, pinned);
        if (number) segment_remove(t, number);
        if (begun) segments_removal_end(t);
    }
    if (pinned) kick_at(e, &e->indexer, seam_mono_us(e->seam) + STORE_RETRY_MS * 1000ULL);
}

void indexer_step(void *arg)
{
    struct embedded *e = arg;
    apply_frozen(e);
    sweep(e);
}
