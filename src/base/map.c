/* map.c - a hash map from bytes to a pointer: open addressing, linear probing, no tombstones. */
#include "base/map.h"
#include "base/codec.h"
#include "base/mem.h"

#include <assert.h>

static const size_t first_slots = 16; /* a power of two; so are all later sizes */

struct slot {
    char *key;    /* our copy; NULL marks a free slot */
    size_t key_n; /* bytes */
    uint64_t hash;
    void *value;
};

struct map {
    struct slot *slots;
    size_t nslots, count, limit;
    uint8_t seed[16];
};

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* One round a word and three to finish: Aumasson and Bernstein, "SipHash", with c=1, d=3. */
uint64_t siphash13(const uint8_t key[16], str data)
{
    uint64_t k0 = get_le64((const char *)key), k1 = get_le64((const char *)key + 8);
    uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                      k1 ^ 0x7465646279746573 };
    size_t at = 0;
    for (; data.n - at >= 8; at += 8) {
        uint64_t word = get_le64(data.p + at);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)data.n << 56;
    for (size_t i = 0; at + i < data.n; i++)
        last |= (uint64_t)(uint8_t)data.p[at + i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(size_t limit, const uint8_t seed[16])
{
    struct map *m = MEM_NEW(struct map);
    m->limit = limit;
    bytes_copy(m->seed, sizeof m->seed, seed, 16);
    return m;
}

void map_free(struct map *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->nslots; i++)
        mem_free(m->slots[i].key);
    mem_free(m->slots);
    mem_free(m);
}

size_t map_count(const struct map *m)
{
    return m->count;
}

/* The slot that holds the key, or the free one where it would go. There is always a free one. */
static struct slot *find(const struct map *m, uint64_t hash, str key)
{
    for (size_t i = hash & (m->nslots - 1);; i = (i + 1) & (m->nslots - 1)) {
        struct slot *s = &m->slots[i];
        if (!s->key) return s;
        if (s->hash == hash && str_eq((str){ s->key, s->key_n }, key)) return s;
    }
}

void *map_get(const struct map *m, str key)
{
    if (!m->count) return NULL;
    return find(m, siphash13(m->seed, key), key)->value;
}

static void grow(struct map *m)
{
    struct slot *old = m->slots;
    size_t nold = m->nslots;
    m->nslots = nold ? nold * 2 : first_slots;
    m->slots = MEM_ARRAY(m->nslots, struct slot);
    for (size_t i = 0; i < nold; i++)
        if (old[i].key) *find(m, old[i].hash, (str){ old[i].key, old[i].key_n }) = old[i];
    mem_free(old);
}

enum err map_put(struct map *m, str key, void *value)
{
    assert(value); /* NULL is how map_get says absent */
    uint64_t hash = siphash13(m->seed, key);
    struct slot *s = m->nslots ? find(m, hash, key) : NULL;
    if (s && s->key) {
        s->value = value;
        return OK;
    }
    if (m->count >= m->limit) return ERR_LIMIT;

    if (m->count + 1 > m->nslots / 4 * 3) {
        grow(m);
        s = find(m, hash, key);
    }
    assert(s); /* no slots means no room, and grow made some */
    *s = (struct slot){ .key = mem_new(key.n), .key_n = key.n, .hash = hash, .value = value };
    bytes_copy(s->key, key.n, key.p, key.n);
    m->count++;
    return OK;
}

/* Move later entries of the run back, so that no search stops short at the hole. */
static void close_gap(struct map *m, size_t hole)
{
    size_t mask = m->nslots - 1;
    for (size_t i = (hole + 1) & mask; m->slots[i].key; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue; /* its home lies past the hole */
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole] = (struct slot){ 0 };
}

void *map_take(struct map *m, str key)
{
    if (!m->count) return NULL;
    struct slot *s = find(m, siphash13(m->seed, key), key);
    if (!s->key) return NULL;
    void *value = s->value;
    mem_free(s->key);
    close_gap(m, (size_t)(s - m->slots));
    m->count--;
    return value;
}

void map_each(const struct map *m, bool (*visit)(void *arg, str key, void *value), void *arg)
{
    for (size_t i = 0; i < m->nslots; i++) {
        const struct slot *s = &m->slots[i];
        if (s->key && !visit(arg, (str){ s->key, s->key_n }, s->value)) return;
    }
}
