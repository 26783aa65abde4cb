/* index_test.c - the index's files: older formats, sums of rows, what is damaged or cut. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"
#include "store/embedded/index_int.h"

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_make(p);
    *state = p;
    return place_open(p) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    place_remove(*state);
    mem_free(*state);
    return 0;
}

static void put_some(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 20, S("a"), S("first")), OK);
    assert_int_equal(put(p, 20, S("b"), S("")), OK);
    assert_int_equal(put(p, 20, S("c"), S("third")), OK);
}

/* What a program that knows nothing of us does to the rows. */
static void raw_put(struct place *p, str key, str value)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi rows;
    struct buf path = buf_make(STORE_PATH_BYTES);
    MDB_val k = { key.n, (void *)(uintptr_t)key.p }, v = { value.n, (void *)(uintptr_t)value.p };
    buf_addf(&path, "%s/index", p->folder);
    buf_addc(&path, 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 1 << 28), 0);
    assert_int_equal(mdb_env_open(env, path.p, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &rows), 0);
    assert_int_equal(mdb_put(txn, rows, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    buf_free(&path);
}

#define ROW_A              \
    S("\0\0\0\0\0\0\0\x14" \
      "a")
#define ROW_STRAY          \
    S("\0\0\0\0\0\0\0\x14" \
      "z")
#define MARK S("\0\0\0\0\0\0\0\0m")

static void an_index_of_format_1_is_made_again(void **state)
{
    struct place *p = *state;
    static const char mark_1[32] = { 3 };
    place_run(p, put_some, NULL);
    place_close(p);
    raw_put(p, MARK, (str){ mark_1, sizeof mark_1 });
    raw_put(p, ROW_STRAY, S("not in the journal"));
    assert_int_equal(place_open(p), OK);
    assert_true(row_is(p, 20, S("a"), "first"));
    assert_true(row_is(p, 20, S("b"), ""));
    assert_true(row_is(p, 20, S("z"), NULL));
}

static enum err read_a(struct txn *t, void *arg)
{
    (void)arg;
    str value;
    return txn_get(t, (struct account){ 20 }, S("a"), &value);
}

static void commit_read(struct place *p, void *arg)
{
    *(enum err *)arg = engine_commit(p->engine, read_a, NULL);
}

static void a_transaction_reads_no_damaged_row(void **state)
{
    struct place *p = *state;
    enum err e;
    place_run(p, put_some, NULL);
    place_close(p);
    raw_put(p, ROW_A, S("firstXXXX"));
    assert_int_equal(place_open(p), OK);
    place_run(p, commit_read, &e);
    assert_int_equal(e, ERR_CORRUPT);
}

/* So small an index is made anew without a question; a larger one is refused with advice. */
static void a_damaged_mark_is_not_believed(void **state)
{
    struct place *p = *state;
    static const char mark[44] = { 3 };
    place_run(p, put_some, NULL);
    place_close(p);
    raw_put(p, MARK, (str){ mark, sizeof mark });
    assert_int_equal(place_open(p), OK);
    assert_true(row_is(p, 20, S("a"), "first"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_index_of_format_1_is_made_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_reads_no_damaged_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_mark_is_not_believed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
