/* life.c - opens a store in the simulated world, runs fibers in it, and keeps its promises in mind.
 */
#include "crash/life.h"

#include <stdlib.h>
#include <string.h>

#include "crash/disklog.h"

enum { PICTURE_BYTES = 64 << 20, SECOND_US = 1000000 };

static const struct store_settings settings = {
    .journey_ms = 30ull * 86400000,
    .tombstone_ms = 2000,
    .undelete_ms = 2000,
};

/* --- pictures */

/* The directory, the queue, the journeys, and people. */
static const uint64_t accounts[] = { 1, 2, 3, 16, 17, 18, 19, 20 };

static bool add_row(void *arg, str key, str value)
{
    struct buf *b = arg;
    buf_le32(b, (uint32_t)key.n);
    buf_add(b, key);
    buf_le32(b, (uint32_t)value.n);
    buf_add(b, value);
    return true;
}

bool life_picture(struct life *l, struct buf *out)
{
    struct view *v = engine_view(l->engine);
    enum err e = v ? OK : ERR_LATER;
    buf_reset(out);
    for (size_t i = 0; !e && i < sizeof accounts / sizeof *accounts; i++) {
        buf_le64(out, accounts[i]);
        e = view_scan(v, (struct account){ accounts[i] }, S(""), S(""), add_row, out);
    }
    if (v) view_end(v);
    return e == OK;
}

void ledger_clear(struct ledger_of_life *l)
{
    for (size_t i = 0; i < l->pictures_n; i++)
        buf_free(&l->pictures[i]);
    mem_free(l->pictures);
    mem_free(l->promises);
    *l = (struct ledger_of_life){ 0 };
}

/* Its number: that of the last one if it is the same. */
static size_t keep_picture(struct ledger_of_life *l, struct buf *picture)
{
    if (l->pictures_n && str_eq(buf_str(&l->pictures[l->pictures_n - 1]), buf_str(picture))) {
        buf_free(picture);
        return l->pictures_n - 1;
    }
    if (l->pictures_n == l->pictures_cap) {
        size_t cap = l->pictures_cap ? l->pictures_cap * 2 : 64;
        l->pictures = mem_resize(l->pictures, l->pictures_cap, cap, sizeof *l->pictures);
        l->pictures_cap = cap;
    }
    l->pictures[l->pictures_n] = *picture;
    return l->pictures_n++;
}

static void promise(struct ledger_of_life *l, size_t picture)
{
    if (l->promises_n == l->promises_cap) {
        size_t cap = l->promises_cap ? l->promises_cap * 2 : 64;
        l->promises = mem_resize(l->promises, l->promises_cap, cap, sizeof *l->promises);
        l->promises_cap = cap;
    }
    l->promises[l->promises_n++] = (struct promise){ disklog_count(), picture };
}

/* --- commits, watched */

struct watched {
    struct life *life;
    txn_fn *fn;
    void *arg;
    void (*done)(void *arg);
    size_t picture;
};

static enum err watch_txn(struct txn *t, void *arg)
{
    struct watched *w = arg;
    enum err e = w->fn(t, w->arg);
    if (e) return e;
    struct buf picture = buf_make(PICTURE_BYTES);
    for (size_t i = 0; !e && i < sizeof accounts / sizeof *accounts; i++) {
        buf_le64(&picture, accounts[i]);
        e = txn_scan(t, (struct account){ accounts[i] }, S(""), S(""), add_row, &picture);
    }
    if (!e) w->picture = keep_picture(w->life->ledger, &picture);
    return e;
}

static struct life *alive; /* the one whose commits are watched */

static enum err watched_commit(struct engine *engine, txn_fn *fn, void *arg)
{
    struct life *l = alive;
    struct watched w = { l, fn, arg, NULL, 0 };
    enum err e = l->commit(engine, watch_txn, &w);
    if (e == OK) promise(l->ledger, w.picture);
    return e;
}

static void watched_done(void *arg)
{
    struct watched *w = arg;
    if (w->done) w->done(w->arg);
    mem_free(w);
}

static void watched_lazy(struct engine *engine, txn_fn *fn, void *arg, void (*done)(void *arg))
{
    struct watched *w = MEM_NEW(struct watched);
    *w = (struct watched){ alive, fn, arg, done, 0 };
    alive->commit_lazy(engine, watch_txn, w, watched_done);
}

static void watch(struct life *l)
{
    l->ops = *l->engine->ops;
    l->commit = l->ops.commit;
    l->commit_lazy = l->ops.commit_lazy;
    l->ops.commit = watched_commit;
    l->ops.commit_lazy = watched_lazy;
    l->engine->ops = &l->ops;
    alive = l;
    struct buf first = buf_make(PICTURE_BYTES);
    if (!life_picture(l, &first)) abort();
    keep_picture(l->ledger, &first);
}

/* --- a life */

static void end_world(struct life *l)
{
    loop_stop(l->loop, 1000);
    sim_world_run(l->world, seam_mono_us(l->seam) + 2 * SECOND_US);
    if (l->store) store_close(l->store);
    loop_free(l->loop);
    sim_world_free(l->world);
    arena_free(&l->arena);
    buf_free(&l->why);
}

enum err life_open(struct life *l, const char *folder, uint64_t seed, struct ledger_of_life *ledger)
{
    *l = (struct life){ .world = sim_world_new(seed), .ledger = ledger, .random = seed };
    l->seam = sim_machine_new(l->world, "machine", "10.0.0.1");
    sim_machine_folder(l->seam, folder);
    l->arena = arena_make(64 << 20);
    l->why = buf_make(1000);
    l->loop = loop_new(l->seam, 0);
    const struct embedded_options options = { .seam = l->seam,
                                              .map_bytes = 1 << 28,
                                              .segment_bytes = 48 * 1024,
                                              .lag_bytes = 24 * 1024,
                                              .garbage_grace_ms = 500 };
    enum err e = engine_embedded_open(&options, &l->engine, &l->why);
    if (e) return e;
    if (ledger) watch(l);
    return store_open_on(l->engine, l->seam, &settings, &l->store);
}

void life_close(struct life *l)
{
    end_world(l);
}

struct start {
    struct life *life;
    void (*fn)(struct life *l);
};

static void run_fiber(void *arg)
{
    struct start s = *(struct start *)arg;
    mem_free(arg);
    s.fn(s.life);
    s.life->running--;
}

void life_start(struct life *l, void (*fn)(struct life *l))
{
    struct start *s = MEM_NEW(struct start);
    *s = (struct start){ l, fn };
    l->running++;
    if (fiber_start(l->loop, FIBER_KNOWN, run_fiber, s)) abort();
}

void life_run(struct life *l, void (*fn)(struct life *l))
{
    life_start(l, fn);
    for (int i = 0; l->running && i < 600; i++)
        sim_world_run(l->world, seam_mono_us(l->seam) + SECOND_US);
    if (l->running) abort(); /* ten minutes and not done: it hangs */
}

void life_sleep(unsigned ms)
{
    if (fiber_sleep_until(loop_now_us(loop_self()) + ms * 1000ull)) abort();
}

uint64_t life_draw(struct life *l, uint64_t below)
{
    l->random = l->random * 6364136223846793005u + 1442695040888963407u;
    return (l->random >> 33) % below;
}
