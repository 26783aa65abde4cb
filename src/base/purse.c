/* purse.c - what accounts and the process have in large pieces, against what they may have. */
#include "base/purse.h"

#include <stdatomic.h>

#include "base/budget.h"
#include "base/metric.h"

/* --- the ceiling ------------------------------------------------------------------------------ */

static struct {
    _Atomic uint64_t max;
    _Atomic int64_t other; /* what the process had beside the large pieces, when it was measured */
    atomic_bool reached;
} ceiling;

static int64_t large(void)
{
    return (int64_t)metric_value(METRIC_MEMORY_LARGE);
}

static void tell(bool reached)
{
    atomic_store_explicit(&ceiling.reached, reached, memory_order_relaxed);
    metric_set(METRIC_MEMORY_SHORT, reached);
}

void ceiling_set(uint64_t bytes)
{
    atomic_store(&ceiling.max, bytes);
    metric_set(METRIC_MEMORY_CEILING, bytes);
    tell(false);
}

bool ceiling_measured(uint64_t resident_bytes)
{
    uint64_t max = atomic_load(&ceiling.max);
    atomic_store(&ceiling.other, (int64_t)resident_bytes - large());
    metric_set(METRIC_MEMORY_RESIDENT, resident_bytes);
    bool reached = atomic_load(&ceiling.reached);
    if (max && resident_bytes > max)
        tell(reached = true);
    else if (reached && resident_bytes < max - max / 10)
        tell(reached = false);
    return reached;
}

bool ceiling_reached(void)
{
    uint64_t max = atomic_load_explicit(&ceiling.max, memory_order_relaxed);
    if (!max) return false;
    if (atomic_load_explicit(&ceiling.reached, memory_order_relaxed)) return true;
    int64_t now = atomic_load_explicit(&ceiling.other, memory_order_relaxed) + large();
    if (now < 0 || (uint64_t)now <= max) return false;
    tell(true);
    return true;
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* What one account may have: as it is set, and never so much that a few of them are the whole. */
static uint64_t purse_max(const struct purse *p)
{
    uint64_t whole = atomic_load_explicit(&ceiling.max, memory_order_relaxed);
    uint64_t part = whole / PURSE_PART;
    return part && part < p->max ? part : p->max;
}

static bool charge(struct purse *p, size_t bytes)
{
    uint64_t used = __atomic_add_fetch(&p->used, bytes, __ATOMIC_RELAXED);
    uint64_t max = purse_max(p);
    if (!max || used <= max) return true;
    __atomic_sub_fetch(&p->used, bytes, __ATOMIC_RELAXED);
    return false;
}

bool purse_take(struct purse_holder *h, size_t bytes, struct purse **from)
{
    *from = h ? h->purse : NULL;
    bool past = h && ceiling_reached();
    bool paid = !past && (!*from || charge(*from, bytes));
    if (paid) {
        metric_add(METRIC_MEMORY_LARGE, bytes);
        return true;
    }
    budget_struck(past ? BUDGET_PROCESS_MEMORY : BUDGET_ACCOUNT_MEMORY);
    h->refused = true;
    return false;
}

void purse_give(struct purse *from, size_t bytes)
{
    metric_sub(METRIC_MEMORY_LARGE, bytes);
    if (from) __atomic_sub_fetch(&from->used, bytes, __ATOMIC_RELAXED);
}

static size_t counted(size_t bytes)
{
    return bytes >= PURSE_PIECE_BYTES ? bytes : 0;
}

void purse_grew(size_t from_bytes, size_t to_bytes)
{
    size_t from = counted(from_bytes), to = counted(to_bytes);
    if (from != to) metric_add(METRIC_MEMORY_LARGE, (uint64_t)to - from);
}
