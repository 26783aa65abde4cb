/* store.c - the store: opening over an engine, ids of messages, locks on maildrops. */
#include "store/store_int.h"

#include "base/mem.h"
#include "run/seam.h"

enum err store_open_on(struct engine *engine, struct seam *seam,
                       const struct store_settings *settings, struct store **out)
{
    struct store *s = MEM_NEW(struct store);
    *s = (struct store){ .engine = engine, .seam = seam, .settings = *settings };
    *out = s;
    return OK;
}

void store_close(struct store *s)
{
    if (!s) return;
    engine_close(s->engine);
    mem_free(s);
}

struct engine *store_engine(struct store *s)
{
    return s->engine;
}

struct view *store_view(struct store *s)
{
    return engine_view(s->engine);
}

enum err store_commit(struct store *s, txn_fn *fn, void *arg)
{
    return engine_commit(s->engine, fn, arg);
}

enum { CHANCE_BITS = 21 };

uint64_t msgid_floor(int64_t wall_us)
{
    return wall_us < 0 ? 0 : (uint64_t)(wall_us / 1000) << CHANCE_BITS;
}

/* Milliseconds, then chance: ids ascend with time, and nobody can guess the next one from the
 * last. Should the clock stand or go back, the next number is taken; a commit refuses what is used
 * all the same. */
struct msgid store_msgid_new(struct store *s)
{
    uint64_t fresh = 0;
    if (s->seam) {
        uint64_t chance;
        seam_random(s->seam, &chance, sizeof chance);
        fresh = msgid_floor(seam_wall_us(s->seam));
        fresh |= chance & ((1u << CHANCE_BITS) - 1);
    }
    uint64_t last = __atomic_load_n(&s->last_id, __ATOMIC_RELAXED);
    uint64_t next;
    do {
        next = fresh > last ? fresh : last + 1;
    } while (!__atomic_compare_exchange_n(&s->last_id, &last, next, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return (struct msgid){ next };
}

/* A maildrop's lock is a lease: one owner in the whole system. */
static str maildrop_name(struct account a, struct buf *b)
{
    buf_addf(b, "maildrop/%llu", (unsigned long long)a.n);
    return buf_str(b);
}

enum err store_maildrop_lock(struct store *s, struct account a)
{
    struct buf b = buf_make(64);
    uint64_t fence;
    enum err e = engine_lease(s->engine, maildrop_name(a, &b), &fence);
    buf_free(&b);
    return e;
}

void store_maildrop_unlock(struct store *s, struct account a)
{
    struct buf b = buf_make(64);
    engine_unlease(s->engine, maildrop_name(a, &b));
    buf_free(&b);
}
