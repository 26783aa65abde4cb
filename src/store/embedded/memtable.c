/* memtable.c - the versioned table as a skip list ordered by key, newest version first; and a hash
 * of the keys, since most reads are of one key and most of those find nothing here. */
#include "store/embedded/memtable_int.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <xxhash.h>

enum { LEVELS = 12 }; /* one node in four rises: 4^12 rows before searches grow */

/* What a reader looks at never changes after the node is linked; a link is stored with release and
 * loaded with acquire, so whoever sees a node sees what is in it. */
struct memtable_node {
    uint64_t seq;
    str key, value;
    bool gone;
    uint32_t hash;
    _Atomic(struct memtable_node *) chain;  /* the newest version of another key of the bucket */
    _Atomic(struct memtable_node *) older;  /* the version of this key before it */
    _Atomic(struct memtable_node *) next[]; /* as many as its height */
};

struct memtable {
    _Atomic unsigned holders;
    struct arena arena; /* the writer's: nodes and their bytes */
    uint64_t dice;      /* heights; no secret and no randomness needed: keys cannot influence it */
    _Atomic size_t bytes, rows;
    _Atomic(struct memtable_node *) head[LEVELS];
    _Atomic(struct memtable_node *) *buckets; /* of the hash, mask + 1 */
    uint32_t mask;
    /* The writer's: the node put last, and on each level the links right before or of it. */
    const struct memtable_node *last;
    const _Atomic(struct memtable_node *) *finger[LEVELS];
};

struct memtable *memtable_new(enum memtable_size size)
{
    struct memtable *m = MEM_NEW(struct memtable);
    m->mask = (uint32_t)size - 1;
    m->buckets = mem_array(size, sizeof *m->buckets);
    m->arena = arena_make(SIZE_MAX); /* bounded by the lag and batch limits of those who fill it */
    m->dice = 0x9e3779b97f4a7c15;
    atomic_init(&m->holders, 1);
    return m;
}

void memtable_hold(struct memtable *m)
{
    atomic_fetch_add_explicit(&m->holders, 1, memory_order_relaxed);
}

void memtable_drop(struct memtable *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->holders, 1, memory_order_acq_rel) != 1) return;
    arena_free(&m->arena);
    mem_free(m->buckets);
    mem_free(m);
}

static struct memtable_node *load(const _Atomic(struct memtable_node *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

void memtable_reset(struct memtable *m)
{
    for (struct memtable_node *n = load(&m->head[0]); n; n = load(&n->next[0]))
        atomic_store_explicit(&m->buckets[n->hash & m->mask], NULL, memory_order_relaxed);
    arena_reset(&m->arena);
    for (unsigned level = 0; level < LEVELS; level++)
        atomic_store_explicit(&m->head[level], NULL, memory_order_relaxed);
    atomic_store_explicit(&m->bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&m->rows, 0, memory_order_relaxed);
    m->last = NULL;
}

size_t memtable_bytes(const struct memtable *m)
{
    return atomic_load_explicit(&m->bytes, memory_order_relaxed);
}

size_t memtable_rows(const struct memtable *m)
{
    return atomic_load_explicit(&m->rows, memory_order_relaxed);
}

static int order(const struct memtable_node *n, str key, uint64_t seq)
{
    int by_key = str_cmp(n->key, key);
    if (by_key) return by_key;
    return n->seq == seq ? 0 : n->seq > seq ? -1 : 1;
}

/* --- the hash ------------------------------------------------------------------------------- */

/* Seeded with where the table lies, so that nobody outside can make keys that meet in one bucket.
 */
static uint32_t hash(const struct memtable *m, str key)
{
    return (uint32_t)XXH3_64bits_withSeed(key.p, key.n, (uintptr_t)m);
}

static bool is_of(const struct memtable_node *n, uint32_t h, str key)
{
    return n->hash == h && str_eq(n->key, key);
}

/* A bucket chains the newest version of each of its keys; a new version takes the place of the one
 * before. Who stands at the old one meanwhile goes on from there as if nothing had happened. */
static void hash_add(struct memtable *m, struct memtable_node *n)
{
    _Atomic(struct memtable_node *) *bucket = &m->buckets[n->hash & m->mask], *link = bucket;
    struct memtable_node *at = load(link);
    for (; at && !is_of(at, n->hash, n->key); at = load(link))
        link = &at->chain;
    bool late = at && at->seq > n->seq; /* then behind those that are newer */
    for (; late && at && at->seq > n->seq; at = load(link))
        link = &at->older;
    if (!at && !late) link = bucket; /* a new key comes first */
    atomic_init(&n->older, at);
    atomic_init(&n->chain, late ? NULL : load(at ? &at->chain : bucket));
    atomic_store_explicit(link, n, memory_order_release);
}

/* --- the order ------------------------------------------------------------------------------ */

/* The first node at or after (key, seq). links, unless NULL, receives on each level the array of
 * links that an insertion there must change. */
static struct memtable_node *find(const struct memtable *m, str key, uint64_t seq,
                                  const _Atomic(struct memtable_node *) *links[LEVELS])
{
    const _Atomic(struct memtable_node *) *at = m->head;
    struct memtable_node *n = NULL;
    for (int level = LEVELS - 1; level >= 0; level--) {
        while ((n = load(&at[level])) && order(n, key, seq) < 0)
            at = n->next;
        if (links) links[level] = at;
    }
    return n;
}

static unsigned height(struct memtable *m)
{
    m->dice ^= m->dice << 13;
    m->dice ^= m->dice >> 7;
    m->dice ^= m->dice << 17;
    uint64_t bits = m->dice >> 20;
    unsigned h = 1;
    for (; h < LEVELS && (bits & 3) == 0; bits >>= 2)
        h++;
    return h;
}

static void account_for(struct memtable *m, size_t rows)
{
    atomic_store_explicit(&m->bytes, m->arena.used, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->rows, rows, memory_order_relaxed);
}

/* The same for a key after the last one put: most rows come in order, and then their place is near.
 * Up while the finger's next node is still before the key, then down as ever. */
static struct memtable_node *find_on(const struct memtable *m, str key, uint64_t seq,
                                     const _Atomic(struct memtable_node *) *links[LEVELS])
{
    int top = 0;
    struct memtable_node *n = load(&m->finger[0][0]);
    while (n && order(n, key, seq) < 0 && top < LEVELS - 1) {
        top++;
        n = load(&m->finger[top][top]);
    }
    for (int level = LEVELS - 1; level > top; level--)
        links[level] = m->finger[level];
    const _Atomic(struct memtable_node *) *at = NULL; /* until it moves past the fingers */
    for (int level = top; level >= 0; level--) {
        const _Atomic(struct memtable_node *) *from = at ? at : m->finger[level];
        while ((n = load(&from[level])) && order(n, key, seq) < 0)
            from = at = n->next;
        links[level] = from;
    }
    return n;
}

static struct memtable_node *find_place(const struct memtable *m, str key, uint64_t seq,
                                        const _Atomic(struct memtable_node *) *links[LEVELS])
{
    bool on = m->last && order(m->last, key, seq) < 0;
    return on ? find_on(m, key, seq, links) : find(m, key, seq, links);
}

static void insert(struct memtable *m, uint64_t seq, const struct row *row,
                   const _Atomic(struct memtable_node *) *links[LEVELS])
{
    unsigned h = height(m);
    struct memtable_node *n = arena_alloc(&m->arena, sizeof *n + h * sizeof n->next[0]);
    assert(n && "a memtable's arena has no limit");
    n->seq = seq;
    n->key = arena_copy(&m->arena, row->key);
    n->value = arena_copy(&m->arena, row->value);
    n->gone = row->gone;
    n->hash = hash(m, n->key);
    hash_add(m, n);
    for (unsigned level = 0; level < LEVELS; level++) {
        m->finger[level] = level < h ? n->next : links[level];
        if (level >= h) continue;
        _Atomic(struct memtable_node *) *link = (_Atomic(struct memtable_node *) *)links[level];
        atomic_init(&n->next[level], load(&link[level]));
        atomic_store_explicit(&link[level], n, memory_order_release);
    }
    m->last = n;
}

bool memtable_replace(struct memtable *m, uint64_t seq, const struct row *row, size_t *was_bytes)
{
    const _Atomic(struct memtable_node *) *links[LEVELS];
    struct memtable_node *n = find_place(m, row->key, seq, links);
    bool there = n && order(n, row->key, seq) == 0;
    *was_bytes = there ? n->key.n + n->value.n : 0;
    if (there) {
        n->value = arena_copy(&m->arena, row->value);
        n->gone = row->gone;
    } else {
        insert(m, seq, row, links);
    }
    account_for(m, !there);
    return there;
}

void memtable_put(struct memtable *m, uint64_t seq, const struct row *row)
{
    size_t was_bytes;
    memtable_replace(m, seq, row, &was_bytes);
}

static void row_of(const struct memtable_node *n, struct row *out)
{
    *out = (struct row){ n->key, n->value, n->gone };
}

bool memtable_get(const struct memtable *m, str key, uint64_t seq, struct row *out)
{
    uint32_t h = hash(m, key);
    const struct memtable_node *n = load(&m->buckets[h & m->mask]);
    while (n && !is_of(n, h, key))
        n = load(&n->chain);
    while (n && n->seq > seq)
        n = load(&n->older);
    if (!n) return false;
    row_of(n, out);
    return true;
}

/* From n on: the first version that seq may see. Of each key the first such is the newest. */
static const struct memtable_node *visible(const struct memtable_node *n, uint64_t seq)
{
    while (n && n->seq > seq)
        n = load(&n->next[0]);
    return n;
}

struct memtable_cursor memtable_seek(const struct memtable *m, str from, uint64_t seq)
{
    return (struct memtable_cursor){ m, visible(find(m, from, UINT64_MAX, NULL), seq), seq };
}

bool memtable_row(const struct memtable_cursor *c, struct row *out)
{
    if (!c->at) return false;
    row_of(c->at, out);
    return true;
}

void memtable_next(struct memtable_cursor *c)
{
    assert(c->at);
    str key = c->at->key;
    const struct memtable_node *n = load(&c->at->next[0]);
    /* A row that changes at every commit has thousands of versions: those are jumped, not walked.
     */
    if (n && str_eq(n->key, key)) {
        n = find(c->table, key, 0, NULL);
        if (n && str_eq(n->key, key)) n = load(&n->next[0]);
    }
    c->at = visible(n, c->seq);
}
