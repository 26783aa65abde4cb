/* record_fuzz.c - an account's file of the text index with any bytes in it, the checksums put
 * right: what is read of it lies within it, and whatever is wrong ends the file there. */
#include <assert.h>
#include <xxhash.h>

#include "base/codec.h"
#include "base/mem.h"
#include "search/search_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES = 64 * 1024 };

static uint64_t sum(str bytes, uint64_t salt, uint64_t at)
{
    return XXH3_64bits_withSeed(bytes.p, bytes.n, salt ^ at * 0x9e3779b97f4a7c15u);
}

static void put_le64(char *p, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        p[i] = (char)(value >> 8 * i);
}

static void put_le32(char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (char)(value >> 8 * i);
}

/* The head says what its rows add up to, and the rest is packed text. */
static void mend_head(char *p, size_t n)
{
    uint32_t messages = 1 + (uint8_t)p[4] % 4;
    uint64_t signatures = 0, text = 0;
    size_t front = RECORD_HEAD_BYTES + messages * (size_t)RECORD_ROW_BYTES;
    if (n < front) return;
    bytes_copy(p, 4, "PSR1", 4);
    put_le32(p + 4, messages);
    for (uint32_t i = 0; i < messages; i++) {
        char *log2 = p + RECORD_HEAD_BYTES + i * (size_t)RECORD_ROW_BYTES + 16;
        *log2 = (char)(SEARCH_SIGNATURE_LOG2_MIN + (uint8_t)*log2 % 3);
        struct record_row row = record_row((str){ p, n }, i);
        signatures += (uint64_t)1 << (row.signature_log2 - 3);
        text += (uint64_t)row.outside_bytes + row.body_bytes + 2;
    }
    put_le32(p + 8, (uint32_t)signatures);
    put_le32(p + 16, (uint32_t)text);
    if (n - front >= signatures) put_le32(p + 12, (uint32_t)(n - front - signatures));
}

/* Of the record that the bytes may be: the sums that its head promises. */
static void mend_sums(char *p, size_t n, uint64_t salt, uint64_t at)
{
    str bytes = { p, n };
    if (n < RECORD_HEAD_BYTES) return;
    if (p[5]) mend_head(p, n);
    size_t rows = (size_t)get_le32(p + 4) * RECORD_ROW_BYTES;
    size_t signatures = get_le32(p + 8), packed = get_le32(p + 12);
    if (rows > n || signatures > n || packed > n) return;
    str rest = str_from(bytes, RECORD_HEAD_BYTES + rows);
    put_le64(p + 24, sum(str_take(rest, signatures), salt, at));
    put_le64(p + 32, sum(str_take(str_from(rest, signatures), packed), salt, at));
    put_le64(p + 40, sum(str_take(bytes, 40), salt, at) ^
                         sum(str_sub(bytes, RECORD_HEAD_BYTES, rows), salt, at + 40));
}

static void read_back(struct book *b)
{
    struct record_reader r = record_reader_make(b);
    for (size_t i = 0; i < b->records_n; i++) {
        struct record_walk w = { 0 };
        struct record_message m;
        if (record_front(&r, &b->records[i])) continue;
        (void)!record_text(&r);
        while (record_next(&r, &w, &m))
            assert(m.body.n <= m.text.n && m.signature.n <= r.signatures.n);
    }
    record_reader_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_BYTES) return 0;
    struct sim_world *world = sim_world_new(1);
    struct search s = { .seam = sim_machine_new(world, "machine", "10.0.0.1") };
    struct book b = book_make(&s, (struct account){ 3 });
    assert(!seam_mkdir(s.seam, "search"));
    assert(!book_begin(&b, false));
    struct buf bytes = buf_make(INPUT_BYTES);
    buf_add(&bytes, (str){ (const char *)data, size });
    mend_sums(bytes.p, size, b.salt, b.end);
    if (size) assert(!book_write(&b, buf_str(&bytes), b.end));
    book_free(&b);

    b = book_make(&s, (struct account){ 3 });
    if (!book_open(&b)) read_back(&b);
    book_free(&b);
    buf_free(&bytes);
    sim_world_free(world);
    return 0;
}
