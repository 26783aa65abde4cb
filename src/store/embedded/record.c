/* record.c - journal records: layout, checksums, and what each type holds. */
#include "store/embedded/record_int.h"
#include "base/codec.h"
#include "base/limits.h"

#include <assert.h>
#include <xxhash.h>

/* Offsets in a record's header, all numbers little-endian. */
enum {
    AT_CHECKSUM = 0,
    AT_LENGTH = 8,
    AT_TYPE = 12,
    AT_VERSION = 13,
    AT_FLAGS = 14,
    AT_NUMBER = 16,
    AT_GROUP = 24,
    AT_TENANT = 32,
    AT_KEY_ID = 36,
};

static const uint8_t record_version = 1;
/* A newer program's, if the checksum is right; beyond them it is no record. */
enum { LATER_TYPES = 15, LATER_VERSIONS = 15 };

static void set_le64(char *p, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        p[i] = (char)(value >> (8 * i));
}

static uint64_t padded(uint64_t content_bytes)
{
    return (RECORD_HEADER_BYTES + content_bytes + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

uint64_t checksum(const struct place *place, uint64_t offset, str bytes)
{
    char bound[24];
    set_le64(bound, place->segment);
    set_le64(bound + 8, offset);
    set_le64(bound + 16,
             XXH3_64bits_withSecret(bytes.p, bytes.n, place->secret, RECORD_SECRET_BYTES));
    return XXH3_64bits_withSecret(bound, sizeof bound, place->secret, RECORD_SECRET_BYTES);
}

size_t record_begin(struct buf *b, enum record_type type, uint64_t number)
{
    assert(b->n % RECORD_ALIGN == 0);
    size_t at = b->n;
    buf_le64(b, 0); /* checksum, at the seal */
    buf_le32(b, 0); /* length, at the end */
    buf_addc(b, (char)type);
    buf_addc(b, (char)record_version);
    buf_fill(b, 0, 2);
    buf_le64(b, number);
    buf_le64(b, 0); /* group, at the seal */
    buf_le64(b, 0); /* tenant and encryption key: none yet */
    return at;
}

void record_end(struct buf *b, size_t at)
{
    if (b->full) return;
    uint64_t length = b->n - at - RECORD_HEADER_BYTES;
    assert(length <= UINT32_MAX);
    for (int i = 0; i < 4; i++)
        b->p[at + AT_LENGTH + (size_t)i] = (char)(length >> (8 * i));
    buf_fill(b, 0, padded(length) - length - RECORD_HEADER_BYTES);
}

void records_seal(struct buf *b, const struct place *place, uint64_t group_start)
{
    for (size_t at = 0; at < b->n;) {
        char *p = b->p + at;
        size_t bytes = RECORD_HEADER_BYTES + get_le32(p + AT_LENGTH);
        set_le64(p + AT_GROUP, group_start);
        set_le64(p, checksum(place, group_start + at, (str){ p + AT_LENGTH, bytes - AT_LENGTH }));
        at += padded(get_le32(p + AT_LENGTH));
    }
}

static bool zeros(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i]) return false;
    return true;
}

enum err record_read(str in, const struct place *place, uint64_t offset, struct record *out,
                     uint64_t *need)
{
    *need = RECORD_HEADER_BYTES;
    if (in.n < RECORD_HEADER_BYTES) return ERR_LIMIT;
    if (zeros(str_take(in, RECORD_HEADER_BYTES))) return ERR_NOTFOUND;

    uint32_t length = get_le32(in.p + AT_LENGTH);
    uint8_t type = (uint8_t)in.p[AT_TYPE];
    uint8_t version = (uint8_t)in.p[AT_VERSION];
    if (length > STORE_RECORD_BYTES || type == 0 || type > LATER_TYPES) return ERR_CORRUPT;
    /* Before anybody reads megabytes to sum them. */
    if (get_le64(in.p + AT_GROUP) > offset) return ERR_CORRUPT;
    if (version == 0 || version > LATER_VERSIONS) return ERR_CORRUPT;
    *need = padded(length);
    if (in.n < RECORD_HEADER_BYTES + length) return ERR_LIMIT;

    str covered = { in.p + AT_LENGTH, RECORD_HEADER_BYTES - AT_LENGTH + length };
    if (get_le64(in.p) != checksum(place, offset, covered)) return ERR_CORRUPT;
    if (type > RECORD_MOVED || version > record_version) return ERR_DENIED;
    *out = (struct record){ .type = (enum record_type)type,
                            .version = version,
                            .number = get_le64(in.p + AT_NUMBER),
                            .group_start = get_le64(in.p + AT_GROUP),
                            .content = { in.p + RECORD_HEADER_BYTES, length },
                            .bytes = padded(length) };
    return OK;
}

/* --- commits -------------------------------------------------------------------------------- */

enum { COMMIT_HEAD_BYTES = 16, ROW_HEAD_BYTES = 4, ROW_PUT = 1, ROW_DELETE = 2 };

void commit_add_head(struct buf *b, const struct commit_head *head)
{
    buf_le64(b, (uint64_t)head->wall_us);
    buf_le32(b, head->rows);
    buf_le32(b, 0);
}

bool commit_take_head(str *in, struct commit_head *out)
{
    if (in->n < COMMIT_HEAD_BYTES) return false;
    *out = (struct commit_head){ (int64_t)get_le64(in->p), get_le32(in->p + 8) };
    *in = str_from(*in, COMMIT_HEAD_BYTES);
    return true;
}

void commit_add_row(struct buf *b, const struct row *row)
{
    assert(row->key.n <= STORE_KEY_BYTES && row->value.n <= STORE_VALUE_BYTES);
    buf_addc(b, row->gone ? ROW_DELETE : ROW_PUT);
    buf_addc(b, (char)row->key.n);
    buf_addc(b, (char)(row->value.n & 0xff));
    buf_addc(b, (char)(row->value.n >> 8));
    buf_add(b, row->key);
    buf_add(b, row->value);
}

bool commit_take_row(str *in, struct row *out)
{
    if (in->n < ROW_HEAD_BYTES) return false;
    uint8_t kind = (uint8_t)in->p[0], key_n = (uint8_t)in->p[1];
    size_t value_n = (uint8_t)in->p[2] | (size_t)(uint8_t)in->p[3] << 8;
    if (kind != ROW_PUT && kind != ROW_DELETE) return false;
    if (key_n <= 8 || key_n > STORE_KEY_BYTES || value_n > STORE_VALUE_BYTES) return false;
    if (in->n < ROW_HEAD_BYTES + key_n + value_n) return false;
    *out = (struct row){ str_sub(*in, ROW_HEAD_BYTES, key_n),
                         str_sub(*in, ROW_HEAD_BYTES + key_n, value_n), kind == ROW_DELETE };
    *in = str_from(*in, ROW_HEAD_BYTES + key_n + value_n);
    return true;
}

/* --- bodies --------------------------------------------------------------------------------- */

void body_add_head(struct buf *b, const struct body_head *head)
{
    buf_addc(b, (char)head->coding);
    buf_fill(b, 0, 3);
    buf_le32(b, head->side_bytes);
    buf_le64(b, head->size_bytes);
}

bool body_take(str content, struct body_head *head, str *side, str *stored)
{
    if (content.n < BODY_HEAD_BYTES) return false;
    struct body_head h = { (uint8_t)content.p[0], get_le32(content.p + 4),
                           get_le64(content.p + 8) };
    if (h.coding > BODY_ZSTD || h.side_bytes > content.n - BODY_HEAD_BYTES) return false;
    str bytes = str_from(content, BODY_HEAD_BYTES + h.side_bytes);
    if (h.size_bytes > STORE_JOURNAL_BODY_BYTES) return false;
    if (h.coding == BODY_PLAIN && h.size_bytes != bytes.n) return false;
    *head = h;
    *side = str_sub(content, BODY_HEAD_BYTES, h.side_bytes);
    *stored = bytes;
    return true;
}

void frames_add_head(struct buf *b, const struct frames_head *head)
{
    buf_le32(b, head->frames);
    buf_le32(b, head->frame_bytes);
    buf_le32(b, head->side_bytes);
    buf_le32(b, 0);
    buf_le64(b, head->size_bytes);
}

void frames_add(struct buf *b, const struct frame *f)
{
    buf_le64(b, f->offset);
    buf_le64(b, f->checksum);
    buf_le32(b, f->stored_bytes);
    buf_le32(b, f->coding);
}

bool frames_take(str content, struct frames_head *head, str *table, str *side)
{
    if (content.n < FRAMES_HEAD_BYTES) return false;
    struct frames_head h = { get_le32(content.p), get_le32(content.p + 4), get_le32(content.p + 8),
                             get_le64(content.p + 16) };
    uint64_t table_bytes = (uint64_t)h.frames * FRAME_BYTES;
    if (content.n != FRAMES_HEAD_BYTES + table_bytes + h.side_bytes) return false;
    if (h.frame_bytes == 0 || h.frame_bytes > STORE_FRAME_BYTES) return false;
    /* Every frame but the last is whole. */
    if (h.frames != (h.size_bytes + h.frame_bytes - 1) / h.frame_bytes) return false;
    *head = h;
    *table = str_sub(content, FRAMES_HEAD_BYTES, (size_t)table_bytes);
    *side = str_from(content, FRAMES_HEAD_BYTES + (size_t)table_bytes);
    return true;
}

struct frame frames_at(str table, uint32_t i)
{
    const char *p = table.p + (size_t)i * FRAME_BYTES;
    assert((size_t)(i + 1) * FRAME_BYTES <= table.n);
    return (struct frame){ get_le64(p), get_le64(p + 8), get_le32(p + 16), (uint8_t)p[20] };
}
