/* compact_test.c - room comes back, and what lives stays: over restarts, lost indexes, power cuts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

enum { LETTERS = 120, LARGE_EVERY = 40, SEGMENT_BYTES = 64 * 1024, ACCOUNT = 20 };

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_make(p);
    p->options.segment_bytes = SEGMENT_BYTES;
    p->options.garbage_grace_ms = 1;
    *state = p;
    return place_open(p) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    place_remove(*state);
    mem_free(*state);
    return 0;
}

static void reopen(struct place *p)
{
    place_close(p);
    assert_int_equal(place_open(p), OK);
}

static void reopen_without_index(struct place *p)
{
    place_close(p);
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
}

/* --- letters -------------------------------------------------------------------------------- */

static size_t letter_bytes(unsigned n)
{
    return n % LARGE_EVERY == LARGE_EVERY - 1 ? 400000 : 100 + n * 977 % 9000;
}

static void add_letter(struct buf *b, unsigned n)
{
    uint32_t x = n + 1;
    while (b->n < letter_bytes(n)) {
        x = x * 1664525 + 1013904223;
        buf_addc(b, (char)(x >> 24));
    }
}

struct letter {
    unsigned n;
    struct body *body;
};

static struct buf letter_key(unsigned n)
{
    struct buf key = buf_make(64);
    buf_addf(&key, "letter-%u", n);
    return key;
}

static enum err keep_fn(struct txn *t, void *arg)
{
    const struct letter *l = arg;
    struct buf key = letter_key(l->n), id = buf_make(8);
    struct blob blob;
    txn_body(t, l->body, &blob);
    txn_blob_ref(t, blob, 1);
    buf_be64(&id, blob.n);
    txn_put(t, (struct account){ ACCOUNT }, buf_str(&key), buf_str(&id));
    txn_put(t, (struct account){ ACCOUNT }, S("head"), buf_str(&key)); /* dies at each commit */
    buf_free(&key);
    buf_free(&id);
    return OK;
}

static enum err put_letter(struct place *p, unsigned n)
{
    struct letter l = { .n = n };
    enum err e = body_begin(p->engine, &l.body);
    if (e) return e;
    struct buf bytes = buf_make(letter_bytes(n));
    add_letter(&bytes, n);
    for (size_t at = 0; !e && at < bytes.n; at += 100000)
        e = body_write(l.body, str_sub(buf_str(&bytes), at, 100000));
    if (!e) e = body_seal(l.body, S("side"));
    if (!e) e = engine_commit(p->engine, keep_fn, &l);
    body_free(l.body);
    buf_free(&bytes);
    return e;
}

static enum err drop_fn(struct txn *t, void *arg)
{
    struct buf key = letter_key(*(unsigned *)arg);
    str id;
    enum err e = txn_get(t, (struct account){ ACCOUNT }, buf_str(&key), &id);
    if (!e) txn_blob_ref(t, (struct blob){ get_be64(id.p) }, -1);
    if (!e) txn_delete(t, (struct account){ ACCOUNT }, buf_str(&key));
    buf_free(&key);
    return e;
}

static enum err drop_letter(struct place *p, unsigned n)
{
    return engine_commit(p->engine, drop_fn, &n);
}

static enum err find_letter(struct place *p, unsigned n, struct blob *blob)
{
    struct buf key = letter_key(n);
    struct view *v = engine_view(p->engine);
    str id;
    enum err e = view_get(v, (struct account){ ACCOUNT }, buf_str(&key), &id);
    if (!e) blob->n = get_be64(id.p);
    view_end(v);
    buf_free(&key);
    return e;
}

static void expect_bytes(struct body_reader *r, unsigned n)
{
    struct buf bytes = buf_make(letter_bytes(n));
    str part, side;
    add_letter(&bytes, n);
    assert_int_equal(body_reader_size(r), bytes.n);
    for (size_t at = 0; at < bytes.n; at += part.n) {
        assert_int_equal(body_read(r, at, 50000, &part), OK);
        assert_true(part.n > 0 && str_eq(part, str_sub(buf_str(&bytes), at, part.n)));
    }
    assert_int_equal(body_side(r, &side), OK);
    assert_true(str_eq(side, S("side")));
    buf_free(&bytes);
}

static void expect_letter(struct place *p, unsigned n)
{
    struct blob blob;
    struct body_reader *r;
    assert_int_equal(find_letter(p, n, &blob), OK);
    assert_int_equal(body_open(p->engine, blob, &r), OK);
    expect_bytes(r, n);
    body_close(r);
}

static void put_letters(struct place *p, void *arg)
{
    (void)arg;
    for (unsigned n = 0; n < LETTERS; n++)
        assert_int_equal(put_letter(p, n), OK);
}

static bool is_kept(unsigned n)
{
    return n % 10 == 3 || n == LARGE_EVERY - 1;
}

static void drop_most(struct place *p, void *arg)
{
    (void)arg;
    for (unsigned n = 0; n < LETTERS; n++)
        if (!is_kept(n)) assert_int_equal(drop_letter(p, n), OK);
}

static void say_fault(void *arg, str what)
{
    (void)arg;
    print_error("%.*s\n", STR_ARG(what));
}

static void expect_kept(struct place *p, void *arg)
{
    struct blob blob;
    (void)arg;
    for (unsigned n = 0; n < LETTERS; n++) {
        if (is_kept(n))
            expect_letter(p, n);
        else
            assert_int_equal(find_letter(p, n, &blob), ERR_NOTFOUND);
    }
    struct check_report report = { .fault = say_fault };
    assert_int_equal(engine_check(p->engine, &report), OK);
}

static void compact(struct place *p, void *arg)
{
    struct compact_result result;
    assert_int_equal(engine_compact(p->engine, arg ? arg : &result), OK);
}

/* --- all rows, the engine's own too ----------------------------------------------------------- */

static bool add_row(void *arg, str key, str value)
{
    if (str_eq(key, S("m"))) return true; /* how far the index is */
    buf_le32(arg, (uint32_t)key.n);
    buf_add(arg, key);
    buf_le32(arg, (uint32_t)value.n);
    buf_add(arg, value);
    return true;
}

static struct buf all_rows(struct place *p)
{
    struct buf rows = buf_make(10000000);
    struct view *v = engine_view(p->engine);
    assert_int_equal(view_scan(v, (struct account){ 0 }, S(""), S(""), add_row, &rows), OK);
    assert_int_equal(view_scan(v, (struct account){ ACCOUNT }, S(""), S(""), add_row, &rows), OK);
    view_end(v);
    assert_false(rows.full);
    return rows;
}

static uint64_t journal_bytes(struct place *p)
{
    struct buf path = buf_make(300);
    uint64_t bytes = 0;
    buf_addf(&path, "%s/journal", p->folder);
    buf_addc(&path, 0);
    DIR *d = opendir(path.p);
    assert_non_null(d);
    for (struct dirent *f; (f = readdir(d));) {
        struct stat st;
        if (!fstatat(dirfd(d), f->d_name, &st, 0) && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_blocks * 512;
    }
    closedir(d);
    buf_free(&path);
    return bytes;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void room_comes_back(void **state)
{
    struct place *p = *state;
    struct compact_result result;
    place_run(p, put_letters, NULL);
    uint64_t full = journal_bytes(p);
    place_run(p, drop_most, NULL);
    place_run(p, compact, &result);
    uint64_t left = journal_bytes(p);
    /* One large letter in three and one small one in ten are left, and an extent of the newest. */
    assert_true(full > 1500000);
    assert_in_range(left, 400000, 400000 + 150000 + 1024 * 1024 + 65536);
    struct engine_stats stats = engine_stats(p->engine); /* some went by itself before we asked */
    assert_in_range(stats.compacted_bytes, result.bytes, full);
    assert_true(stats.compacted_bytes > 1200000);
    assert_in_range(stats.segments, 1, 8);
    assert_true(stats.dead_bytes < 65536);
    place_run(p, expect_kept, NULL);
    reopen(p);
    place_run(p, expect_kept, NULL);
}

static void put_more(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, ACCOUNT, S("one"), S("x")), OK);
    assert_int_equal(put(p, ACCOUNT, S("two"), S("y")), OK);
}

static void the_journal_alone_says_the_same(void **state)
{
    struct place *p = *state;
    place_run(p, put_letters, NULL);
    place_run(p, drop_most, NULL);
    for (int round = 0; round < 3; round++) {
        place_run(p, compact, NULL);
        place_close(p);
        assert_int_equal(place_open(p), OK);
        struct buf before = all_rows(p);
        reopen_without_index(p);
        struct buf after = all_rows(p);
        assert_true(str_eq(buf_str(&before), buf_str(&after)));
        place_run(p, expect_kept, NULL);
        buf_free(&before);
        buf_free(&after);
        place_run(p, put_more, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(room_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_journal_alone_says_the_same, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
