/* blob.c - the engine's own rows as bytes. */
#include "store/embedded/blob_int.h"
#include "base/codec.h"
#include "base/limits.h"

#include <assert.h>

static void put_be64(char *p, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        p[i] = (char)(value >> (56 - 8 * i));
}

static void put_le64(char *p, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        p[i] = (char)(value >> (8 * i));
}

struct blob_key blob_key(enum blob_row row, uint64_t number)
{
    struct blob_key k = { .n = 9 };
    k.bytes[0] = (char)row;
    put_be64(k.bytes + 1, number);
    return k;
}

struct blob_key blob_garbage_key(int64_t since_us, struct blob blob)
{
    struct blob_key k = blob_key(BLOB_GARBAGE, (uint64_t)since_us);
    put_be64(k.bytes + 9, blob.n);
    k.n = 17;
    return k;
}

uint64_t blob_key_number(str key)
{
    assert(key.n >= 9);
    return get_be64(key.p + key.n - 8);
}

struct blob_place_bytes blob_place_pack(const struct blob_place *p)
{
    struct blob_place_bytes b = { 0 };
    put_le64(b.bytes, p->segment);
    put_le64(b.bytes + 8, p->offset);
    put_le64(b.bytes + 16, p->record_bytes);
    put_le64(b.bytes + 24, p->size_bytes);
    put_le64(b.bytes + 32, p->side_bytes | (uint64_t)p->coding << 32);
    return b;
}

bool blob_place_unpack(str value, struct blob_place *out)
{
    if (value.n != BLOB_PLACE_BYTES) return false;
    *out = (struct blob_place){ .segment = get_le64(value.p),
                                .offset = get_le64(value.p + 8),
                                .record_bytes = get_le64(value.p + 16),
                                .size_bytes = get_le64(value.p + 24),
                                .side_bytes = get_le32(value.p + 32),
                                .coding = (uint8_t)value.p[36] };
    return out->coding <= BODY_FRAMES && out->segment <= STORE_SEGMENT_NUMBERS &&
           out->record_bytes >= RECORD_HEADER_BYTES &&
           out->record_bytes <= RECORD_HEADER_BYTES + STORE_RECORD_BYTES + RECORD_ALIGN;
}

struct blob_refs_bytes blob_refs_pack(const struct blob_refs *r)
{
    struct blob_refs_bytes b;
    put_le64(b.bytes, (uint64_t)r->count);
    put_le64(b.bytes + 8, (uint64_t)r->zero_since_us);
    return b;
}

bool blob_refs_unpack(str value, struct blob_refs *out)
{
    if (value.n != BLOB_REFS_BYTES) return false;
    *out = (struct blob_refs){ (int64_t)get_le64(value.p), (int64_t)get_le64(value.p + 8) };
    return true;
}

struct log_care_bytes log_care_pack(const struct log_care *c)
{
    struct log_care_bytes b;
    put_le64(b.bytes, c->dead_bytes);
    put_le64(b.bytes + 8, (uint64_t)c->surveyed_us);
    put_le64(b.bytes + 16, c->copied_to);
    return b;
}

bool log_care_unpack(str value, struct log_care *out)
{
    if (value.n != LOG_CARE_BYTES) return false;
    *out = (struct log_care){ get_le64(value.p), (int64_t)get_le64(value.p + 8),
                              get_le64(value.p + 16) };
    return true;
}

bool body_of_record(const struct record *r, str *content, uint64_t *commit)
{
    if (r->type == RECORD_BODY) {
        *content = r->content;
        *commit = blob_seq(r->number);
        return true;
    }
    if (r->type != RECORD_MOVED || r->content.n < MOVED_HEAD_BYTES) return false;
    *content = str_from(r->content, MOVED_HEAD_BYTES);
    *commit = get_le64(r->content.p);
    return true;
}

bool blob_place_of_record(const struct record *r, uint64_t segment, uint64_t offset,
                          struct blob_place *out)
{
    struct body_head head;
    str content, side, stored;
    uint64_t commit;
    if (!body_of_record(r, &content, &commit)) return false;
    if (!body_take(content, &head, &side, &stored)) return false;
    *out = (struct blob_place){ segment,         offset,          r->bytes,
                                head.size_bytes, head.side_bytes, head.coding };
    return true;
}
