/* keys.c - building keys: a letter, big-endian numbers, texts that are cut with a hash. */
#include "store/keys_int.h"

#include <assert.h>

#include "base/map.h"

/* 128 bits in two halves. Users choose mailbox names, so a collision can be made on purpose; it
 * hits only the maker's own account, and the value's whole text shows it. */
static const uint8_t hash_seed[2][16] = { "posthorn key lo", "posthorn key hi" };
enum { HASH_BYTES = 16, TEXT_BYTES = STORE_KEY_BYTES - 8 - 1 };

static void key_add(struct key *k, const void *p, size_t n)
{
    assert(k->n + n <= sizeof k->p);
    bytes_copy(k->p + k->n, sizeof k->p - k->n, p, n);
    k->n = (uint8_t)(k->n + n);
}

struct key key_of(enum tag tag)
{
    struct key k = { .n = 1 };
    k.p[0] = (char)tag;
    return k;
}

void key_u32(struct key *k, uint32_t value)
{
    const char be[4] = { (char)(value >> 24), (char)(value >> 16), (char)(value >> 8),
                         (char)value };
    key_add(k, be, sizeof be);
}

void key_u64(struct key *k, uint64_t value)
{
    key_u32(k, (uint32_t)(value >> 32));
    key_u32(k, (uint32_t)value);
}

void key_hash(struct key *k, str text)
{
    key_u64(k, siphash13(hash_seed[0], text));
    key_u64(k, siphash13(hash_seed[1], text));
}

/* 0xff is in no UTF-8 text, so a cut text is never taken for a whole one. */
void key_text(struct key *k, str text, size_t room)
{
    assert(room > HASH_BYTES + 1);
    if (text.n <= room) {
        key_add(k, text.p, text.n);
        return;
    }
    key_add(k, text.p, room - HASH_BYTES - 1);
    key_add(k, "\xff", 1);
    key_hash(k, text);
}

struct key key_after(struct key k)
{
    while (k.n > 0 && (unsigned char)k.p[k.n - 1] == 0xff)
        k.n--;
    assert(k.n > 0);
    k.p[k.n - 1]++;
    return k;
}

struct key key_name(enum tag tag, str text)
{
    struct key k = key_of(tag);
    key_text(&k, text, TEXT_BYTES);
    return k;
}

struct key key_name_prefix(enum tag tag, str text)
{
    struct key k = key_of(tag);
    str shared = str_take(text, TEXT_BYTES - HASH_BYTES - 1);
    key_add(&k, shared.p, shared.n);
    return k;
}

struct key key_box(enum tag tag, uint32_t m)
{
    struct key k = key_of(tag);
    key_u32(&k, m);
    return k;
}

struct key key_box_u32(enum tag tag, uint32_t m, uint32_t n)
{
    struct key k = key_box(tag, m);
    key_u32(&k, n);
    return k;
}

struct key key_change(enum tag tag, uint32_t m, struct modseq modseq, struct uid uid)
{
    struct key k = key_box(tag, m);
    key_u64(&k, modseq.n);
    key_u32(&k, uid.n);
    return k;
}
