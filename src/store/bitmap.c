/* bitmap.c - bitmap rows: little-endian words, the zero bytes at the end left out. */
#include "store/bitmap_int.h"

#include "base/codec.h"

static const enum tag tag_of[BITS_KINDS] = {
    [BITS_LIVE] = TAG_LIVE,
    [BITS_UNSEEN] = TAG_UNSEEN,
    [BITS_DELETED] = TAG_DELETED,
};

static unsigned bit_of(uint32_t uid)
{
    return uid % STORE_BITMAP_UIDS;
}

bool bitmap_has(const struct bitmap *b, uint32_t uid)
{
    return b->words[bit_of(uid) / 64] >> (bit_of(uid) % 64) & 1;
}

bool bitmap_set(struct bitmap *b, uint32_t uid, bool on)
{
    if (bitmap_has(b, uid) == on) return false;
    b->words[bit_of(uid) / 64] ^= (uint64_t)1 << (bit_of(uid) % 64);
    return true;
}

uint32_t bitmap_count(const uint64_t *words)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < BITMAP_WORDS; i++)
        n += (uint32_t)__builtin_popcountll(words[i]);
    return n;
}

unsigned bitmap_next(const uint64_t *words, unsigned bit)
{
    while (bit < STORE_BITMAP_UIDS) {
        uint64_t rest = words[bit / 64] >> (bit % 64);
        if (rest) return bit + (unsigned)__builtin_ctzll(rest);
        bit = (bit / 64 + 1) * 64;
    }
    return STORE_BITMAP_UIDS;
}

static bool bitmap_read(uint32_t block, str value, struct bitmap *out)
{
    *out = (struct bitmap){ .block = block };
    if (value.n > sizeof out->words || block > bitmap_block(UINT32_MAX)) return false;
    for (size_t i = 0; i < value.n; i++)
        out->words[i / 8] |= (uint64_t)(unsigned char)value.p[i] << 8 * (i % 8);
    return true;
}

enum err bitmap_load(struct source from, struct bitmap_place at, uint32_t block, struct bitmap *out)
{
    struct key k = key_box_u32(tag_of[at.kind], at.m, block);
    str value;
    enum err e = source_get(from, at.account, &k, &value);
    if (e == ERR_NOTFOUND) {
        *out = (struct bitmap){ .block = block };
        return OK;
    }
    if (e) return e;
    return bitmap_read(block, value, out) ? OK : row_corrupt(at.account, "a bitmap");
}

struct walk {
    struct bitmap now;
    bool (*each)(void *arg, const struct bitmap *b);
    void *arg;
    bool bad;
};

static bool walk_row(void *arg, str key, str value)
{
    struct walk *w = arg;
    if (key.n != 9 || !bitmap_read(get_be32(key.p + 5), value, &w->now)) {
        w->bad = true;
        return false;
    }
    return w->each(w->arg, &w->now);
}

enum err bitmap_each(struct source from, struct bitmap_place at, uint32_t block,
                     bool (*each)(void *arg, const struct bitmap *b), void *arg)
{
    struct walk w = { .each = each, .arg = arg };
    struct key first = key_box_u32(tag_of[at.kind], at.m, block);
    struct key prefix = key_box(tag_of[at.kind], at.m);
    enum err e = source_scan(from, at.account, &first, &prefix, walk_row, &w);
    return w.bad ? row_corrupt(at.account, "a bitmap") : e;
}

struct first {
    struct bitmap *out;
    bool found;
};

static bool take_first(void *arg, const struct bitmap *b)
{
    struct first *f = arg;
    *f->out = *b;
    f->found = true;
    return false;
}

enum err bitmap_find(struct source from, struct bitmap_place at, uint32_t block, struct bitmap *out)
{
    struct first f = { .out = out };
    enum err e = bitmap_each(from, at, block, take_first, &f);
    return e ? e : f.found ? OK : ERR_NOTFOUND;
}

void bitmap_save(struct txn *t, struct bitmap_place at, const struct bitmap *b)
{
    struct key k = key_box_u32(tag_of[at.kind], at.m, b->block);
    char bytes[sizeof b->words];
    size_t words = BITMAP_WORDS, n = 0;
    while (words > 0 && b->words[words - 1] == 0)
        words--;
    for (size_t i = 0; i < words; i++)
        for (int shift = 0; shift < 64; shift += 8)
            bytes[n++] = (char)(b->words[i] >> shift);
    while (n > 0 && bytes[n - 1] == 0)
        n--;
    if (n > 0)
        txn_put(t, at.account, key_str(&k), (str){ bytes, n });
    else
        txn_delete(t, at.account, key_str(&k));
}
