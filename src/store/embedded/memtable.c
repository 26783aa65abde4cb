/* memtable.c - the versioned table: keys in a skip list, the versions of a key newest first; and a
 * hash of the keys, since most reads are of one key and most of those find nothing here. */
#include "store/embedded/memtable_int.h"
#include "base/arena.h"
#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <xxhash.h>

enum {
    LEVELS = 12,     /* one node in four rises: 4^12 rows before searches grow */
    START_WORDS = 3, /* account, letter, mailbox and UID */
};

/* What a reader looks at never changes after it is linked; a link is stored with release and loaded
 * with acquire, so whoever sees a node or a version sees what is in it. */
struct version {
    uint64_t seq;
    str value;
    bool gone;
    _Atomic(struct version *) older;
};

struct memtable_node {
    uint64_t start[START_WORDS]; /* of the key, so that most compare as numbers: each node that a
                                    search passes costs a miss of the cache */
    str key;
    uint32_t hash;
    _Atomic(struct version *) newest;
    _Atomic(struct memtable_node *) chain;  /* another key of the bucket */
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

static struct memtable_node *hash_find(const struct memtable *m, uint32_t h, str key)
{
    struct memtable_node *n = load(&m->buckets[h & m->mask]);
    while (n && !is_of(n, h, key))
        n = load(&n->chain);
    return n;
}

static void hash_add(struct memtable *m, struct memtable_node *n)
{
    _Atomic(struct memtable_node *) *bucket = &m->buckets[n->hash & m->mask];
    atomic_init(&n->chain, load(bucket));
    atomic_store_explicit(bucket, n, memory_order_release);
}

/* --- the order ------------------------------------------------------------------------------ */

/* What a search is for. */
struct target {
    str key;
    uint64_t start[START_WORDS];
};

static struct target target(str key)
{
    struct target t = { .key = key };
    for (size_t i = 0; i < START_WORDS; i++) {
        size_t at = 8 * i, n = key.n > at ? key.n - at : 0;
        if (n >= 8)
            t.start[i] = get_be64(key.p + at);
        else
            for (size_t k = 0; k < n; k++)
                t.start[i] |= (uint64_t)(unsigned char)key.p[at + k] << (56 - 8 * k);
    }
    return t;
}

static int order(const struct memtable_node *n, const struct target *t)
{
    for (size_t i = 0; i < START_WORDS; i++)
        if (n->start[i] != t->start[i]) return n->start[i] < t->start[i] ? -1 : 1;
    return str_cmp(n->key, t->key);
}

/* The first node at or after the target. links, unless NULL, receives on each level the array of
 * links that an insertion there must change. */
static struct memtable_node *find(const struct memtable *m, const struct target *t,
                                  const _Atomic(struct memtable_node *) *links[LEVELS])
{
    const _Atomic(struct memtable_node *) *at = m->head;
    struct memtable_node *n = NULL, *past = NULL; /* known to lie at or after it */
    for (int level = LEVELS - 1; level >= 0; level--) {
        while ((n = load(&at[level])) && n != past && order(n, t) < 0)
            at = n->next;
        past = n;
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
static struct memtable_node *find_on(const struct memtable *m, const struct target *t,
                                     const _Atomic(struct memtable_node *) *links[LEVELS])
{
    int top = 0;
    struct memtable_node *n = load(&m->finger[0][0]);
    while (n && order(n, t) < 0 && top < LEVELS - 1) {
        top++;
        n = load(&m->finger[top][top]);
    }
    for (int level = LEVELS - 1; level > top; level--)
        links[level] = m->finger[level];
    const _Atomic(struct memtable_node *) *at = NULL; /* until it moves past the fingers */
    struct memtable_node *past = NULL;
    for (int level = top; level >= 0; level--) {
        const _Atomic(struct memtable_node *) *from = at ? at : m->finger[level];
        while ((n = load(&from[level])) && n != past && order(n, t) < 0)
            from = at = n->next;
        past = n;
        links[level] = from;
    }
    return n;
}

static struct memtable_node *find_place(const struct memtable *m, const struct target *t,
                                        const _Atomic(struct memtable_node *) *links[LEVELS])
{
    bool on = m->last && order(m->last, t) < 0;
    return on ? find_on(m, t, links) : find(m, t, links);
}

static struct memtable_node *add_key(struct memtable *m, str key, uint32_t h)
{
    const _Atomic(struct memtable_node *) *links[LEVELS];
    struct target t = target(key);
    find_place(m, &t, links);
    unsigned levels = height(m);
    struct memtable_node *n = arena_alloc(&m->arena, sizeof *n + levels * sizeof n->next[0]);
    assert(n && "a memtable's arena has no limit");
    for (size_t i = 0; i < START_WORDS; i++)
        n->start[i] = t.start[i];
    n->key = arena_copy(&m->arena, key);
    n->hash = h;
    atomic_init(&n->newest, NULL);
    hash_add(m, n);
    for (unsigned level = 0; level < LEVELS; level++) {
        m->finger[level] = level < levels ? n->next : links[level];
        if (level >= levels) continue;
        _Atomic(struct memtable_node *) *link = (_Atomic(struct memtable_node *) *)links[level];
        atomic_init(&n->next[level], load(&link[level]));
        atomic_store_explicit(&link[level], n, memory_order_release);
    }
    m->last = n;
    return n;
}

/* --- versions ------------------------------------------------------------------------------- */

static struct version *load_version(const _Atomic(struct version *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

static const struct version *version_of(const struct memtable_node *n, uint64_t seq)
{
    const struct version *v = load_version(&n->newest);
    while (v && v->seq > seq)
        v = load_version(&v->older);
    return v;
}

bool memtable_replace(struct memtable *m, uint64_t seq, const struct row *row, size_t *was_bytes)
{
    uint32_t h = hash(m, row->key);
    struct memtable_node *n = hash_find(m, h, row->key);
    if (!n) n = add_key(m, row->key, h);
    _Atomic(struct version *) *link = &n->newest;
    struct version *v = load_version(link);
    for (; v && v->seq > seq; v = load_version(link)) /* one that comes late */
        link = &v->older;
    bool there = v && v->seq == seq;
    *was_bytes = there ? n->key.n + v->value.n : 0;
    if (there) {
        v->value = arena_copy(&m->arena, row->value);
        v->gone = row->gone;
    } else {
        struct version *fresh = arena_alloc(&m->arena, sizeof *fresh);
        assert(fresh && "a memtable's arena has no limit");
        *fresh = (struct version){ seq, arena_copy(&m->arena, row->value), row->gone, v };
        atomic_store_explicit(link, fresh, memory_order_release);
    }
    account_for(m, !there);
    return there;
}

void memtable_put(struct memtable *m, uint64_t seq, const struct row *row)
{
    size_t was_bytes;
    memtable_replace(m, seq, row, &was_bytes);
}

static bool row_of(const struct memtable_node *n, uint64_t seq, struct row *out)
{
    const struct version *v = n ? version_of(n, seq) : NULL;
    if (v) *out = (struct row){ n->key, v->value, v->gone };
    return v != NULL;
}

bool memtable_get(const struct memtable *m, str key, uint64_t seq, struct row *out)
{
    return row_of(hash_find(m, hash(m, key), key), seq, out);
}

/* --- walking -------------------------------------------------------------------------------- */

/* From n on: the first of which seq may see a version. */
static const struct memtable_node *visible(const struct memtable_node *n, uint64_t seq)
{
    while (n && !version_of(n, seq))
        n = load(&n->next[0]);
    return n;
}

struct memtable_cursor memtable_seek(const struct memtable *m, str from, uint64_t seq)
{
    struct target t = target(from);
    return (struct memtable_cursor){ m, visible(find(m, &t, NULL), seq), seq };
}

bool memtable_row(const struct memtable_cursor *c, struct row *out)
{
    return row_of(c->at, c->seq, out);
}

void memtable_next(struct memtable_cursor *c)
{
    assert(c->at);
    c->at = visible(load(&c->at->next[0]), c->seq);
}
