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
    _Atomic(struct version *) newest;
    _Atomic(struct memtable_node *) chain; /* another key of the bucket */
    str key;
    uint32_t hash;
    /* Of the key, so that most compare as numbers; beside the links, since each node that a search
     * passes costs a miss of the cache. */
    uint64_t start[START_WORDS];
    _Atomic(struct memtable_node *) next[]; /* as many as its height; then the first version, the
                                               key's bytes and the first value's, in one piece */
};

struct memtable {
    _Atomic unsigned holders;
    struct arena arena; /* the writer's: nodes and their bytes */
    uint64_t dice;      /* heights; no secret and no randomness needed: keys cannot influence it */
    _Atomic size_t bytes, rows;
    _Atomic(struct memtable_node *) head[LEVELS];
    _Atomic(struct memtable_node *) *buckets; /* of the hash, mask + 1 */
    _Atomic uint8_t *filter; /* of each bucket: a bit for each hash that may be in it */
    uint32_t mask;
    /* The writer's: the node put last, and on each level the links right before or of it. */
    const struct memtable_node *last;
    const _Atomic(struct memtable_node *) *finger[LEVELS];
};

struct memtable *memtable_new(enum memtable_size size)
{
    struct memtable *m = MEM_NEW(struct memtable);
    m->mask = (uint32_t)size - 1;
    bool large = size == MEMTABLE_LARGE; /* a small one is emptied too often for large pages */
    m->buckets =
        large ? mem_new_large(size * sizeof *m->buckets) : mem_array(size, sizeof *m->buckets);
    m->filter = mem_array(size, sizeof *m->filter);
    /* Bounded by the limits of those who fill it. */
    m->arena = large ? arena_make_large(SIZE_MAX) : arena_make(SIZE_MAX);
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
    mem_free(m->filter);
    mem_free(m);
}

static struct memtable_node *load(const _Atomic(struct memtable_node *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

static void empty_bucket(struct memtable *m, uint32_t i)
{
    atomic_store_explicit(&m->buckets[i], NULL, memory_order_relaxed);
    atomic_store_explicit(&m->filter[i], 0, memory_order_relaxed);
}

void memtable_reset(struct memtable *m)
{
    /* By its rows or by its buckets, whichever are fewer. */
    if (memtable_rows(m) > m->mask / 8)
        for (uint32_t i = 0; i <= m->mask; i++)
            empty_bucket(m, i);
    else
        for (struct memtable_node *n = load(&m->head[0]); n; n = load(&n->next[0]))
            empty_bucket(m, n->hash & m->mask);
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

/* Seeded with where the program lies, so that nobody outside can make keys that meet in one bucket.
 * All tables hash alike: a row that goes from one to the next takes its hash along. */
static uint32_t hash(str key)
{
    static const char somewhere;
    return (uint32_t)XXH3_64bits_withSeed(key.p, key.n, (uintptr_t)&somewhere);
}

static bool is_of(const struct memtable_node *n, uint32_t h, str key)
{
    return n->hash == h && str_eq(n->key, key);
}

/* By bits that do not choose the bucket. The filter is an eighth of the buckets: of the many keys
 * that are not here, most cost no miss of the cache. */
static uint8_t filter_bit(uint32_t h)
{
    return (uint8_t)(1u << (h >> 29));
}

static struct memtable_node *hash_find(const struct memtable *m, uint32_t h, str key)
{
    uint8_t bits = atomic_load_explicit(&m->filter[h & m->mask], memory_order_acquire);
    if (!(bits & filter_bit(h))) return NULL;
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
    _Atomic uint8_t *bits = &m->filter[n->hash & m->mask];
    uint8_t more = atomic_load_explicit(bits, memory_order_relaxed) | filter_bit(n->hash);
    atomic_store_explicit(bits, more, memory_order_release);
}

/* --- the order ------------------------------------------------------------------------------ */

/* What a search is for. */
struct target {
    str key;
    uint64_t start[START_WORDS];
    uint32_t hash; /* of who puts */
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

static struct version *version_in(struct version *v, uint64_t seq, const struct row *row,
                                  struct version *older)
{
    char *bytes = (char *)(v + 1);
    bytes_copy(bytes, row->value.n, row->value.p, row->value.n);
    *v = (struct version){ seq, { bytes, row->value.n }, row->gone, older };
    return v;
}

/* Node, version, key and value in one piece: whoever looks at one soon looks at the others. */
static struct memtable_node *new_node(struct memtable *m, uint64_t seq, const struct target *t,
                                      const struct row *row, unsigned levels)
{
    struct memtable_node *n;
    size_t links = levels * sizeof n->next[0];
    n = arena_alloc(&m->arena,
                    sizeof *n + links + sizeof(struct version) + row->value.n + row->key.n);
    assert(n && "a memtable's arena has no limit");
    struct version *v = (struct version *)(void *)&n->next[levels];
    char *key = (char *)(v + 1) + row->value.n;
    bytes_copy(key, row->key.n, row->key.p, row->key.n);
    for (size_t i = 0; i < START_WORDS; i++)
        n->start[i] = t->start[i];
    n->key = (str){ key, row->key.n };
    n->hash = t->hash;
    atomic_init(&n->newest, version_in(v, seq, row, NULL));
    return n;
}

static void add_node(struct memtable *m, uint64_t seq, const struct target *t,
                     const struct row *row)
{
    const _Atomic(struct memtable_node *) *links[LEVELS];
    find_place(m, t, links);
    unsigned levels = height(m);
    struct memtable_node *n = new_node(m, seq, t, row, levels);
    hash_add(m, n);
    for (unsigned level = 0; level < LEVELS; level++) {
        m->finger[level] = level < levels ? n->next : links[level];
        if (level >= levels) continue;
        _Atomic(struct memtable_node *) *link = (_Atomic(struct memtable_node *) *)links[level];
        atomic_init(&n->next[level], load(&link[level]));
        atomic_store_explicit(&link[level], n, memory_order_release);
    }
    m->last = n;
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

static struct version *new_version(struct memtable *m, uint64_t seq, const struct row *row,
                                   struct version *older)
{
    struct version *v = arena_alloc(&m->arena, sizeof *v + row->value.n);
    assert(v && "a memtable's arena has no limit");
    return version_in(v, seq, row, older);
}

/* A version more, or another in its place: then true, and what it had. */
static bool put_version(struct memtable *m, struct memtable_node *n, uint64_t seq,
                        const struct row *row, size_t *was_bytes)
{
    _Atomic(struct version *) *link = &n->newest;
    struct version *v = load_version(link);
    for (; v && v->seq > seq; v = load_version(link)) /* one that comes late */
        link = &v->older;
    if (!v || v->seq != seq) {
        atomic_store_explicit(link, new_version(m, seq, row, v), memory_order_release);
        return false;
    }
    *was_bytes = n->key.n + v->value.n;
    v->value = arena_copy(&m->arena, row->value); /* whoever has the old one may keep it */
    v->gone = row->gone;
    return true;
}

static bool put(struct memtable *m, uint64_t seq, const struct target *t, const struct row *row,
                size_t *was_bytes)
{
    struct memtable_node *n = hash_find(m, t->hash, row->key);
    bool there = false;
    *was_bytes = 0;
    if (n)
        there = put_version(m, n, seq, row, was_bytes);
    else
        add_node(m, seq, t, row);
    account_for(m, !there);
    return there;
}

bool memtable_replace(struct memtable *m, uint64_t seq, const struct row *row, size_t *was_bytes)
{
    struct target t = target(row->key);
    t.hash = hash(row->key);
    return put(m, seq, &t, row, was_bytes);
}

void memtable_put(struct memtable *m, uint64_t seq, const struct row *row)
{
    size_t was_bytes;
    memtable_replace(m, seq, row, &was_bytes);
}

/* Its bucket, into the cache. */
static void fetch(const struct memtable *m, const struct memtable_node *n)
{
    if (n) __builtin_prefetch(&m->buckets[n->hash & m->mask]);
}

static const struct memtable_node *after(const struct memtable_node *n)
{
    return n ? load(&n->next[0]) : NULL;
}

void memtable_put_all(struct memtable *m, uint64_t seq, const struct memtable *from)
{
    const struct memtable_node *n = load(&from->head[0]), *ahead = after(n);
    for (; n; n = after(n), ahead = after(ahead)) {
        fetch(m, ahead);
        const struct version *v = load_version(&n->newest);
        struct target t = { n->key, { n->start[0], n->start[1], n->start[2] }, n->hash };
        size_t was_bytes;
        put(m, seq, &t, &(struct row){ n->key, v->value, v->gone }, &was_bytes);
    }
}

static bool row_of(const struct memtable_node *n, uint64_t seq, struct row *out)
{
    const struct version *v = n ? version_of(n, seq) : NULL;
    if (v) *out = (struct row){ n->key, v->value, v->gone };
    return v != NULL;
}

bool memtable_get(const struct memtable *m, str key, uint64_t seq, struct row *out)
{
    return row_of(hash_find(m, hash(key), key), seq, out);
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
