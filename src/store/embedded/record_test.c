/* record_test.c - journal records: what is written reads back, and only there, and only whole. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/blob_int.h"
#include "store/embedded/record_int.h"

static uint8_t secret[RECORD_SECRET_BYTES];
static struct place here = { 7, secret };

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(i * 37 + 11);
    return 0;
}

/* A body of 6 bytes and a commit of two rows. */
static struct buf two_records(uint64_t offset)
{
    struct buf b = buf_make(10000);
    size_t at = record_begin(&b, RECORD_BODY, 77);
    body_add_head(&b, &(struct body_head){ BODY_PLAIN, 4, 6 });
    buf_add(&b, S("cardletter"));
    record_end(&b, at);
    at = record_begin(&b, RECORD_COMMIT, 12);
    commit_add_head(&b, &(struct commit_head){ 123456, 2 });
    commit_add_row(&b, &(struct row){ S("12345678key"), S("value"), false });
    commit_add_row(&b, &(struct row){ S("12345678gone"), S(""), true });
    record_end(&b, at);
    records_seal(&b, &here, offset);
    return b;
}

static void records_read_back(void **state)
{
    (void)state;
    struct buf b = two_records(4096);
    struct record r;
    uint64_t need;
    assert_int_equal(record_read(buf_str(&b), &here, 4096, &r, &need), OK);
    assert_int_equal(r.type, RECORD_BODY);
    assert_int_equal(r.number, 77);
    assert_int_equal(r.group_start, 4096);
    assert_int_equal(r.bytes % RECORD_ALIGN, 0);
    struct body_head head;
    str side, stored;
    assert_true(body_take(r.content, &head, &side, &stored));
    assert_true(str_eq(side, S("card")) && str_eq(stored, S("letter")));

    uint64_t second = r.bytes;
    assert_int_equal(record_read(str_from(buf_str(&b), second), &here, 4096 + second, &r, &need),
                     OK);
    assert_int_equal(r.type, RECORD_COMMIT);
    assert_int_equal(r.number, 12);
    assert_int_equal(r.group_start, 4096);
    struct commit_head commit;
    struct row row;
    str in = r.content;
    assert_true(commit_take_head(&in, &commit));
    assert_int_equal(commit.rows, 2);
    assert_int_equal(commit.wall_us, 123456);
    assert_true(commit_take_row(&in, &row));
    assert_true(str_eq(row.key, S("12345678key")) && str_eq(row.value, S("value")) && !row.gone);
    assert_true(commit_take_row(&in, &row));
    assert_true(str_eq(row.key, S("12345678gone")) && row.gone);
    assert_int_equal(in.n, 0);
    buf_free(&b);
}

static void a_record_is_valid_only_in_its_place(void **state)
{
    (void)state;
    struct buf b = two_records(4096);
    struct record r;
    uint64_t need;
    struct place other = { 8, secret };
    assert_int_equal(record_read(buf_str(&b), &here, 8192, &r, &need), ERR_CORRUPT);
    assert_int_equal(record_read(buf_str(&b), &other, 4096, &r, &need), ERR_CORRUPT);
    uint8_t another[RECORD_SECRET_BYTES];
    for (size_t i = 0; i < sizeof another; i++)
        another[i] = (uint8_t)(secret[i] * 3 + 1);
    other = (struct place){ 7, another };
    assert_int_equal(record_read(buf_str(&b), &other, 4096, &r, &need), ERR_CORRUPT);
    buf_free(&b);
}

static void every_changed_byte_is_found(void **state)
{
    (void)state;
    struct buf b = two_records(4096);
    struct record r;
    uint64_t need;
    assert_int_equal(record_read(buf_str(&b), &here, 4096, &r, &need), OK);
    size_t covered = RECORD_HEADER_BYTES + r.content.n;
    for (size_t i = 0; i < covered; i++) {
        b.p[i] ^= 0x10;
        assert_int_not_equal(record_read(buf_str(&b), &here, 4096, &r, &need), OK);
        b.p[i] ^= 0x10;
    }
    assert_int_equal(record_read(buf_str(&b), &here, 4096, &r, &need), OK);
    buf_free(&b);
}

static void every_cut_is_found(void **state)
{
    (void)state;
    struct buf b = two_records(4096);
    struct record r;
    uint64_t need;
    assert_int_equal(record_read(buf_str(&b), &here, 4096, &r, &need), OK);
    size_t covered = RECORD_HEADER_BYTES + r.content.n;
    for (size_t n = 0; n < covered; n++) {
        assert_int_equal(record_read(str_take(buf_str(&b), n), &here, 4096, &r, &need), ERR_LIMIT);
        assert_true(need > n);
    }
    buf_free(&b);
}

static void zeros_are_no_record(void **state)
{
    (void)state;
    char *zeros = mem_new(1000);
    struct record r;
    uint64_t need;
    assert_int_equal(record_read((str){ zeros, 1000 }, &here, 4096, &r, &need), ERR_NOTFOUND);
    mem_free(zeros);
}

static const struct {
    str content;
    const char *why;
} bad_rows[] = {
    { S_INIT("\1\13\0"), "cut in its head" },
    { S_INIT("\3\13\0\00012345678key"), "no such kind" },
    { S_INIT("\1\10\0\00012345678"), "a key of an account alone" },
    { S_INIT("\1\101\0\0"), "a key over the limit" },
    { S_INIT("\1\13\6\00012345678keyvalue"), "a value cut short" },
    { S_INIT("\1\13\377\37712345678keyvalue"), "a value over the limit" },
};

static void malformed_rows_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
        str in = bad_rows[i].content;
        struct row row;
        if (commit_take_row(&in, &row)) fail_msg("%s", bad_rows[i].why);
    }
}

static void frame_tables_read_back(void **state)
{
    (void)state;
    struct buf b = buf_make(1000);
    frames_add_head(&b, &(struct frames_head){ 2, STORE_FRAME_BYTES, 3, STORE_FRAME_BYTES + 1 });
    frames_add(&b, &(struct frame){ 4096, 11, 500, BODY_ZSTD });
    frames_add(&b, &(struct frame){ 4596, 12, 1, BODY_PLAIN });
    buf_add(&b, S("abc"));
    struct frames_head head;
    str table, side;
    assert_true(frames_take(buf_str(&b), &head, &table, &side));
    assert_true(str_eq(side, S("abc")));
    struct frame f = frames_at(table, 1);
    assert_int_equal(f.offset, 4596);
    assert_int_equal(f.checksum, 12);
    assert_int_equal(f.stored_bytes, 1);
    assert_int_equal(f.coding, BODY_PLAIN);
    for (size_t n = 0; n < b.n; n++)
        assert_false(frames_take(str_take(buf_str(&b), n), &head, &table, &side));
    b.p[0] = 3; /* more frames than the size says */
    assert_false(frames_take(buf_str(&b), &head, &table, &side));
    buf_free(&b);
}

static void the_engines_rows_read_back(void **state)
{
    (void)state;
    struct blob_place p = { 5, 4096, 200, 1000, 30, BODY_FRAMES }, q;
    struct blob_place_bytes bytes = blob_place_pack(&p);
    assert_true(blob_place_unpack((str){ bytes.bytes, sizeof bytes.bytes }, &q));
    assert_int_equal(q.segment, 5);
    assert_int_equal(q.offset, 4096);
    assert_int_equal(q.record_bytes, 200);
    assert_int_equal(q.size_bytes, 1000);
    assert_int_equal(q.side_bytes, 30);
    assert_int_equal(q.coding, BODY_FRAMES);
    assert_false(blob_place_unpack((str){ bytes.bytes, sizeof bytes.bytes - 1 }, &q));
    p.segment = UINT64_C(10000000000); /* no file can have that name */
    bytes = blob_place_pack(&p);
    assert_false(blob_place_unpack((str){ bytes.bytes, sizeof bytes.bytes }, &q));
    struct blob blob = blob_of(99, 5);
    struct blob_key key = blob_key(BLOB_PLACE, blob.n);
    assert_int_equal(blob_key_number(blob_key_str(&key)), blob.n);
    assert_int_equal(blob_seq(blob.n), 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_read_back),
        cmocka_unit_test(a_record_is_valid_only_in_its_place),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(every_cut_is_found),
        cmocka_unit_test(zeros_are_no_record),
        cmocka_unit_test(malformed_rows_are_refused),
        cmocka_unit_test(frame_tables_read_back),
        cmocka_unit_test(the_engines_rows_read_back),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
