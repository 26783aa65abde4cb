/* record.c - some messages' texts as they lie in a file: head, rows, signatures, text.
 *
 * Checksums are over what they are of and the file's salt and the place, so that nothing old, and
 * nothing of another file, is taken for a record. Format: docs/storage-format.md.
 */
#include <xxhash.h>
#include <zstd.h>

#include "base/codec.h"
#include "base/limits.h"
#include "search/search_int.h"

enum { LEVEL = 1 };
static const uint32_t magic = 0x31525350; /* "PSR1" */

static uint64_t sum(str bytes, uint64_t salt, uint64_t at)
{
    return XXH3_64bits_withSeed(bytes.p, bytes.n, salt ^ at * 0x9e3779b97f4a7c15u);
}

bool record_sum_is(str bytes, uint64_t salt, uint64_t at, uint64_t expected)
{
    return sum(bytes, salt, at) == expected;
}

uint64_t search_key(const struct message *m)
{
    char facts[32];
    struct buf b = buf_make(sizeof facts);
    buf_le64(&b, m->email_id);
    buf_le64(&b, m->blob.n);
    buf_le64(&b, m->size_bytes);
    buf_le64(&b, (uint64_t)m->internal_date_s);
    bytes_copy(facts, sizeof facts, b.p, b.n);
    buf_free(&b);
    return XXH3_64bits(facts, sizeof facts);
}

/* --- reading -------------------------------------------------------------------------------- */

static bool sane(const struct record_head *h)
{
    return h->messages && h->messages <= SEARCH_RECORD_MESSAGES &&
           h->signature_bytes <= SEARCH_RECORD_BYTES && h->text_bytes <= SEARCH_RECORD_BYTES &&
           h->packed_bytes <= ZSTD_compressBound(SEARCH_RECORD_BYTES);
}

struct record_row record_row(str bytes, uint32_t i)
{
    const char *p = bytes.p + RECORD_HEAD_BYTES + (size_t)i * RECORD_ROW_BYTES;
    return (struct record_row){
        .key = get_le64(p),
        .outside_bytes = get_le32(p + 8),
        .body_bytes = get_le32(p + 12),
        .signature_log2 = (uint8_t)p[16],
        .state = (uint8_t)p[17],
    };
}

/* Do the rows say what the head says? */
static bool adds_up(str bytes, const struct record_head *h)
{
    uint64_t signatures = 0, text = 0;
    for (uint32_t i = 0; i < h->messages; i++) {
        struct record_row row = record_row(bytes, i);
        if (row.signature_log2 < SEARCH_SIGNATURE_LOG2_MIN ||
            row.signature_log2 > SEARCH_SIGNATURE_LOG2_MAX)
            return false;
        signatures += (uint64_t)1 << (row.signature_log2 - 3);
        text += (uint64_t)row.outside_bytes + row.body_bytes + 2;
    }
    return signatures == h->signature_bytes && text == h->text_bytes;
}

enum err record_open(str bytes, uint64_t salt, uint64_t at, struct record_head *out, size_t *need)
{
    *need = RECORD_HEAD_BYTES;
    if (bytes.n < *need) return ERR_LIMIT;
    struct record_head h = {
        .messages = get_le32(bytes.p + 4),
        .signature_bytes = get_le32(bytes.p + 8),
        .packed_bytes = get_le32(bytes.p + 12),
        .text_bytes = get_le32(bytes.p + 16),
        .signature_sum = get_le64(bytes.p + 24),
        .text_sum = get_le64(bytes.p + 32),
    };
    if (get_le32(bytes.p) != magic || !sane(&h)) return ERR_CORRUPT;
    *need += (size_t)h.messages * RECORD_ROW_BYTES;
    if (bytes.n < *need) return ERR_LIMIT;
    str rows = str_sub(bytes, RECORD_HEAD_BYTES, *need - RECORD_HEAD_BYTES);
    uint64_t expected = get_le64(bytes.p + 40);
    if ((sum(str_take(bytes, 40), salt, at) ^ sum(rows, salt, at + 40)) != expected)
        return ERR_CORRUPT;
    if (!adds_up(bytes, &h)) return ERR_CORRUPT;
    *out = h;
    return OK;
}

/* --- writing -------------------------------------------------------------------------------- */

struct page page_make(void)
{
    return (struct page){
        .rows = buf_make(SEARCH_RECORD_MESSAGES * RECORD_ROW_BYTES),
        .signatures = buf_make(SEARCH_RECORD_BYTES),
        .text = buf_make(SEARCH_RECORD_BYTES),
        .out = buf_make(3 * (size_t)SEARCH_RECORD_BYTES),
    };
}

void page_reset(struct page *p)
{
    buf_reset(&p->rows);
    buf_reset(&p->signatures);
    buf_reset(&p->text);
    p->messages = 0;
}

void page_free(struct page *p)
{
    buf_free(&p->rows);
    buf_free(&p->signatures);
    buf_free(&p->text);
    buf_free(&p->out);
}

bool page_full(const struct page *p)
{
    return p->text.n >= SEARCH_PAGE_BYTES || p->messages == SEARCH_RECORD_MESSAGES;
}

void page_add(struct page *p, const struct record_row *row, str signature, str text)
{
    buf_le64(&p->rows, row->key);
    buf_le32(&p->rows, row->outside_bytes);
    buf_le32(&p->rows, row->body_bytes);
    buf_addc(&p->rows, (char)row->signature_log2);
    buf_addc(&p->rows, (char)row->state);
    buf_fill(&p->rows, 0, 2);
    buf_add(&p->signatures, signature);
    buf_add(&p->text, text);
    p->messages++;
}

/* The text packed, behind the room for head, rows and signatures. */
static enum err pack(struct page *p, str *packed)
{
    size_t front = RECORD_HEAD_BYTES + p->rows.n + p->signatures.n;
    size_t most = ZSTD_compressBound(p->text.n);
    buf_reset(&p->out);
    char *room = buf_reserve(&p->out, front + most);
    if (!room) return ERR_LATER;
    size_t n = ZSTD_compress(room + front, most, p->text.p, p->text.n, LEVEL);
    if (ZSTD_isError(n)) return ERR_LATER;
    *packed = (str){ room + front, n };
    return OK;
}

enum err page_seal(struct page *p, uint64_t salt, uint64_t at)
{
    str packed;
    enum err e = pack(p, &packed);
    if (e) return e;
    struct buf head = buf_make(RECORD_HEAD_BYTES);
    buf_le32(&head, magic);
    buf_le32(&head, p->messages);
    buf_le32(&head, (uint32_t)p->signatures.n);
    buf_le32(&head, (uint32_t)packed.n);
    buf_le32(&head, (uint32_t)p->text.n);
    buf_le32(&head, 0);
    buf_le64(&head, sum(buf_str(&p->signatures), salt, at));
    buf_le64(&head, sum(packed, salt, at));
    buf_le64(&head, sum(buf_str(&head), salt, at) ^ sum(buf_str(&p->rows), salt, at + 40));
    char *to = p->out.p;
    bytes_copy(to, RECORD_HEAD_BYTES, head.p, head.n);
    bytes_copy(to + RECORD_HEAD_BYTES, p->rows.n, p->rows.p, p->rows.n);
    bytes_copy(to + RECORD_HEAD_BYTES + p->rows.n, p->signatures.n, p->signatures.p,
               p->signatures.n);
    buf_commit(&p->out, RECORD_HEAD_BYTES + p->rows.n + p->signatures.n + packed.n);
    buf_free(&head);
    return OK;
}
