/* seqset.h - sequence sets: normalised on reading, "*" kept symbolic until a maximum is known.
 *
 * RFC 9051 9 (sequence-set), 4.1.1. However a client spells a set, it becomes sorted, disjoint,
 * non-touching ranges, so that its cost follows the messages it matches and not the numbers it
 * names. All "n:*" of one set are one number: the smallest n decides, since nothing lies above "*".
 */
#ifndef IMAP_SEQSET_H
#define IMAP_SEQSET_H

#include "base/arena.h"

struct seq_range {
    uint32_t first, last; /* both included, 1 <= first <= last */
};

struct seqset {
    const struct seq_range *ranges; /* sorted, disjoint, not touching */
    size_t n;
    uint32_t star_from; /* 0: no "*" in it; n: "n:*"; UINT32_MAX: "*" alone */
    bool saved; /* "$", RFC 5182: what the last SEARCH saved; then nothing else is set */
};

/* Sort and merge in place; returns how many ranges are left. */
size_t seqset_normalise(struct seq_range *ranges, size_t n);

/* The set with "*" replaced by max, cut at max, in the arena. max == 0 (empty mailbox) gives the
 * empty set. The empty set too when the arena is full: its owner looks at arena->full. */
struct seqset seqset_resolve(struct seqset set, uint32_t max, struct arena *arena);

/* The largest number that is named, not counting "*"; 0 for none. A client that names a sequence
 * number past the last message has lost its view. */
uint32_t seqset_largest(struct seqset set);

/* Of a resolved set; O(log n). */
bool seqset_has(struct seqset set, uint32_t number);
uint64_t seqset_count(struct seqset set);

#endif
