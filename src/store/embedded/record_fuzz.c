/* record_fuzz.c - journal records as a damaged disk has them, and, with their checksums put right,
 * as nobody should have written them. */
#include <assert.h>

#include "base/mem.h"
#include "store/embedded/blob_int.h"
#include "store/embedded/record_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 20, OFFSET = 4096 };

static const uint8_t secret[RECORD_SECRET_BYTES] = { 1, 2, 3 };
static const struct place place = { .segment = 7, .secret = secret };

static void use_commit(str in)
{
    struct commit_head head;
    struct row row;
    if (!commit_take_head(&in, &head)) return;
    for (uint32_t i = 0; i < head.rows && commit_take_row(&in, &row); i++)
        assert(row.key.n + row.value.n <= ROOM);
}

static void use_bodies(str in)
{
    struct body_head head;
    struct frames_head frames;
    str side, rest;
    if (body_take(in, &head, &side, &rest)) assert(side.n + rest.n <= in.n);
    if (!frames_take(in, &frames, &rest, &side)) return;
    for (uint32_t i = 0; i < frames.frames; i++)
        (void)frames_at(rest, i);
}

static void use(const struct record *r)
{
    struct blob_place where;
    uint64_t commit;
    str content;
    use_commit(r->content);
    use_bodies(r->content);
    if (body_of_record(r, &content, &commit)) use_bodies(content);
    (void)!blob_place_of_record(r, place.segment, OFFSET, &where);
}

static void as_it_is(str in)
{
    struct record r;
    uint64_t need = 0;
    enum err e = record_read(in, &place, OFFSET, &r, &need);
    if (e == ERR_LIMIT) assert(need > in.n);
    if (!e) use(&r);
}

static void sealed(str in)
{
    struct buf b = buf_make(ROOM);
    struct record r;
    uint64_t need = 0;
    size_t at = record_begin(&b, (enum record_type)(1 + (uint8_t)in.p[0] % 5), 12);
    buf_add(&b, str_from(in, 1));
    record_end(&b, at);
    records_seal(&b, &place, OFFSET);
    if (!record_read(buf_str(&b), &place, OFFSET, &r, &need)) {
        assert(str_eq(str_take(r.content, in.n - 1), str_from(in, 1)));
        use(&r);
    }
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = { (const char *)data, size };
    as_it_is(in);
    if (size) sealed(in);
    return 0;
}
