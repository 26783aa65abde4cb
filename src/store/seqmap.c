/* seqmap.c - message sequence numbers as a session knows them: popcounts over bitmap rows.
 *
 * A session knows the live messages that it was told of, and those that were expunged since it was
 * last told of expunges (RFC 9051 7.5.1: numbers may not shift while FETCH, STORE or SEARCH run).
 */
#include "store/store_int.h"

#include <assert.h>

#include "base/codec.h"

/* --- what was expunged since ----------------------------------------------------------------- */

struct gone {
    struct uidset set;
    uint32_t below; /* messages at or above were never told */
    bool full, bad;
};

static bool take_tombstone(void *arg, str key, str value)
{
    struct gone *g = arg;
    (void)value;
    g->bad = key.n != KEY_CHANGE_BYTES;
    if (g->bad) return false;
    uint32_t uid = get_be32(key.p + 13);
    if (uid < g->below && !uidset_add(&g->set, uid, uid)) g->full = true;
    return !g->full;
}

static enum err find_gone(struct view *v, const struct mailbox *m, struct modseq since,
                          struct gone *out)
{
    struct head head;
    uint32_t number = mailbox_number(m->id);
    struct modseq after = { since.n + 1 };
    enum err e = head_get(in_view(v), m->account, number, &head);
    if (e) return e;
    if (since.n < head.horizon) return ERR_TOO_OLD;
    struct key first = key_change(TAG_TOMBSTONE, number, after, (struct uid){ 0 });
    struct key all = key_box(TAG_TOMBSTONE, number);
    e = source_scan(in_view(v), m->account, &first, &all, take_tombstone, out);
    if (e) return e;
    if (out->bad) return row_corrupt(m->account, "a tombstone");
    if (out->full) return ERR_LIMIT;
    uidset_normalise(&out->set);
    return OK;
}

enum err store_expunged(struct view *v, const struct mailbox *m, struct modseq since,
                        struct uidset *out)
{
    struct gone gone = { .set = *out, .below = UINT32_MAX };
    enum err e = find_gone(v, m, since, &gone);
    *out = gone.set;
    return e;
}

/* What is held for a session that may not be told yet. */
static bool add_held(struct gone *gone, const struct uidset *held)
{
    for (size_t i = 0; i < held->n; i++)
        if (!uidset_add(&gone->set, held->ranges[i].from, held->ranges[i].to)) return false;
    return true;
}

/* --- building -------------------------------------------------------------------------------- */

struct build {
    struct arena *arena;
    const struct gone *gone;
    size_t next_gone;   /* ranges before it are in */
    uint32_t from_gone; /* how far into that range */
    uint32_t below;
    size_t blocks, cap; /* cap 0: only count */
    uint32_t *block, *before;
    uint64_t *words;
    uint32_t count;
};

static uint32_t gone_at(const struct build *b)
{
    if (b->next_gone == b->gone->set.n) return UINT32_MAX;
    uint32_t from = b->gone->set.ranges[b->next_gone].from;
    return from > b->from_gone ? from : b->from_gone;
}

/* Puts the expunged of one block in, and steps over them. */
static void add_gone(struct build *b, struct bitmap *now)
{
    uint32_t uid;
    while ((uid = gone_at(b)) != UINT32_MAX && bitmap_block(uid) == now->block) {
        bitmap_set(now, uid, true);
        b->from_gone = uid + 1;
        if (uid == b->gone->set.ranges[b->next_gone].to) b->next_gone++;
    }
}

static void add_block(struct build *b, const struct bitmap *now)
{
    if (b->cap > 0) {
        assert(b->blocks < b->cap);
        uint64_t *words = b->words + b->blocks * BITMAP_WORDS;
        bytes_copy(words, sizeof now->words, now->words, sizeof now->words);
        b->block[b->blocks] = now->block;
        b->before[b->blocks] = b->count;
        b->count += bitmap_count(words);
    }
    b->blocks++;
}

/* Blocks where nothing lives any more, before this one. */
static void add_blocks_of_gone(struct build *b, uint32_t before)
{
    uint32_t uid;
    while ((uid = gone_at(b)) != UINT32_MAX && bitmap_block(uid) < before) {
        struct bitmap now = { .block = bitmap_block(uid) };
        add_gone(b, &now);
        add_block(b, &now);
    }
}

static void cut(struct bitmap *now, uint32_t below)
{
    if (bitmap_block(below) != now->block) return;
    unsigned bit = below % STORE_BITMAP_UIDS;
    now->words[bit / 64] &= ((uint64_t)1 << bit % 64) - 1;
    for (unsigned i = bit / 64 + 1; i < BITMAP_WORDS; i++)
        now->words[i] = 0;
}

static bool take_block(void *arg, const struct bitmap *live)
{
    struct build *b = arg;
    if (live->block > bitmap_block(b->below)) return false;
    struct bitmap now = *live;
    add_blocks_of_gone(b, now.block);
    cut(&now, b->below);
    add_gone(b, &now);
    if (bitmap_next(now.words, 0) < STORE_BITMAP_UIDS) add_block(b, &now);
    return true;
}

static enum err pass(struct view *v, const struct mailbox *m, struct build *b)
{
    struct bitmap_place at = { m->account, mailbox_number(m->id), BITS_LIVE };
    b->next_gone = b->blocks = 0;
    b->from_gone = b->count = 0;
    enum err e = bitmap_each(in_view(v), at, 0, take_block, b);
    if (!e) add_blocks_of_gone(b, UINT32_MAX);
    return e;
}

enum err store_seqmap(struct view *v, const struct mailbox *m, const struct told *told,
                      struct arena *a, struct seqmap *out)
{
    struct gone gone = { .set = uidset_make(a), .below = told->uidnext.n };
    struct build b = { .arena = a, .gone = &gone, .below = told->uidnext.n };
    if (!add_held(&gone, &told->held)) return ERR_LIMIT;
    enum err e = find_gone(v, m, told->expunge_modseq, &gone);
    if (!e) e = pass(v, m, &b); /* counts the blocks, so that the arena pays for no more */
    if (e) return e;
    struct seqmap map = { 0 };
    if (b.blocks > 0) {
        b.cap = b.blocks;
        b.block = ARENA_ARRAY(a, b.cap, uint32_t);
        b.before = ARENA_ARRAY(a, b.cap, uint32_t);
        b.words = ARENA_ARRAY(a, b.cap * BITMAP_WORDS, uint64_t);
        if (!b.block || !b.before || !b.words) return ERR_LIMIT;
        e = pass(v, m, &b);
        if (e) return e;
        map = (struct seqmap){ b.count, b.block, b.before, b.words, b.blocks };
    }
    *out = map;
    return OK;
}

/* --- asking ---------------------------------------------------------------------------------- */

static const uint64_t *words_of(const struct seqmap *m, size_t i)
{
    return m->words + i * BITMAP_WORDS;
}

/* The last block that begins before what is asked for; blocks > 0 is the caller's care. */
static size_t last_not_above(const uint32_t *sorted, size_t n, uint32_t value)
{
    size_t low = 0, high = n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static unsigned nth_bit(uint64_t word, unsigned n)
{
    while (n-- > 0)
        word &= word - 1;
    return (unsigned)__builtin_ctzll(word);
}

struct uid seqmap_uid(const struct seqmap *m, struct seq seq)
{
    assert(seq.n >= 1 && seq.n <= m->count);
    size_t i = last_not_above(m->before, m->blocks, seq.n - 1);
    uint32_t rest = seq.n - 1 - m->before[i];
    for (unsigned w = 0;; w++) {
        uint32_t here = (uint32_t)__builtin_popcountll(words_of(m, i)[w]);
        if (rest < here) {
            unsigned bit = w * 64 + nth_bit(words_of(m, i)[w], rest);
            return (struct uid){ m->block[i] * STORE_BITMAP_UIDS + bit };
        }
        rest -= here;
    }
}

struct seq seqmap_seq(const struct seqmap *m, struct uid uid)
{
    const struct seq none = { 0 };
    if (m->blocks == 0) return none;
    size_t i = last_not_above(m->block, m->blocks, bitmap_block(uid.n));
    if (m->block[i] != bitmap_block(uid.n)) return none;
    unsigned bit = uid.n % STORE_BITMAP_UIDS;
    const uint64_t *words = words_of(m, i);
    uint64_t mask = (uint64_t)1 << bit % 64;
    if (!(words[bit / 64] & mask)) return none;
    uint32_t seq = m->before[i] + (uint32_t)__builtin_popcountll(words[bit / 64] & (mask - 1));
    for (unsigned w = 0; w < bit / 64; w++)
        seq += (uint32_t)__builtin_popcountll(words[w]);
    return (struct seq){ seq + 1 };
}

struct uid seqmap_next(const struct seqmap *m, struct uid from)
{
    if (m->blocks == 0) return (struct uid){ 0 };
    uint32_t block = bitmap_block(from.n);
    size_t i = last_not_above(m->block, m->blocks, block);
    for (; i < m->blocks; i++) {
        if (m->block[i] < block) continue;
        unsigned bit = m->block[i] == block ? from.n % STORE_BITMAP_UIDS : 0;
        bit = bitmap_next(words_of(m, i), bit);
        if (bit < STORE_BITMAP_UIDS) return (struct uid){ m->block[i] * STORE_BITMAP_UIDS + bit };
    }
    return (struct uid){ 0 };
}

struct uid seqmap_next_without(const struct seqmap *m, const struct seqmap *other, struct uid from)
{
    uint32_t block = bitmap_block(from.n);
    size_t i = m->blocks ? last_not_above(m->block, m->blocks, block) : 0;
    size_t j = m->blocks && other->blocks ? last_not_above(other->block, other->blocks, block) : 0;
    for (; i < m->blocks; i++) {
        if (m->block[i] < block) continue;
        while (j < other->blocks && other->block[j] < m->block[i])
            j++;
        bool both = j < other->blocks && other->block[j] == m->block[i];
        uint64_t left[BITMAP_WORDS];
        for (unsigned w = 0; w < BITMAP_WORDS; w++)
            left[w] = words_of(m, i)[w] & (both ? ~words_of(other, j)[w] : UINT64_MAX);
        unsigned bit = m->block[i] == block ? from.n % STORE_BITMAP_UIDS : 0;
        bit = bitmap_next(left, bit);
        if (bit < STORE_BITMAP_UIDS) return (struct uid){ m->block[i] * STORE_BITMAP_UIDS + bit };
    }
    return (struct uid){ 0 };
}
