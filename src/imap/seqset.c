/* seqset.c - sequence sets: sort, merge, resolve "*", look up. */
#include "imap/seqset.h"

#include <assert.h>
#include <stdlib.h>

static int by_first(const void *a, const void *b)
{
    const struct seq_range *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    if (x->last != y->last) return x->last < y->last ? -1 : 1;
    return 0;
}

size_t seqset_normalise(struct seq_range *ranges, size_t n)
{
    if (n == 0) return 0;
    qsort(ranges, n, sizeof(*ranges), by_first);
    size_t kept = 0;
    for (size_t i = 1; i < n; i++) {
        struct seq_range *top = &ranges[kept];
        bool touches = top->last == UINT32_MAX || ranges[i].first <= top->last + 1;
        if (!touches) {
            ranges[++kept] = ranges[i];
            continue;
        }
        if (ranges[i].last > top->last) top->last = ranges[i].last;
    }
    return kept + 1;
}

struct seqset seqset_resolve(struct seqset set, uint32_t max, struct arena *arena)
{
    const struct seqset none = { 0 };
    if (max == 0) return none;
    struct seq_range *ranges = ARENA_ARRAY(arena, set.n + 1, struct seq_range);
    if (!ranges) return none;

    size_t n = 0;
    for (size_t i = 0; i < set.n && set.ranges[i].first <= max; i++) {
        ranges[n] = set.ranges[i];
        if (ranges[n].last > max) ranges[n].last = max;
        n++;
    }
    if (set.star_from) {
        uint32_t from = set.star_from < max ? set.star_from : max;
        ranges[n++] = (struct seq_range){ from, max };
    }
    return (struct seqset){ .ranges = ranges, .n = seqset_normalise(ranges, n) };
}

uint32_t seqset_largest(struct seqset set)
{
    return set.n ? set.ranges[set.n - 1].last : 0;
}

bool seqset_has(struct seqset set, uint32_t number)
{
    assert(!set.star_from);
    size_t low = 0, high = set.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number > set.ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set.n && set.ranges[low].first <= number;
}

uint64_t seqset_count(struct seqset set)
{
    uint64_t count = 0;
    for (size_t i = 0; i < set.n; i++)
        count += (uint64_t)set.ranges[i].last - set.ranges[i].first + 1;
    return count;
}
