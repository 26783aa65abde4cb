/* engine_test.c - the engine's contract: commits, views, watches, reopening. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

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

static void reopen(struct place *p)
{
    place_close(p);
    assert_int_equal(place_open(p), OK);
}

/* --- commits -------------------------------------------------------------------------------- */

static void commit_fiber(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 20, S("a"), S("one")), OK);
    assert_true(row_is(p, 20, S("a"), "one"));
    assert_true(row_is(p, 21, S("a"), NULL));
    assert_int_equal(put(p, 20, S("a"), S("two")), OK);
    assert_int_equal(put(p, 20, S("empty"), S("")), OK);
    assert_true(row_is(p, 20, S("a"), "two"));
    assert_true(row_is(p, 20, S("empty"), ""));
}

static void what_is_committed_is_visible_and_stays(void **state)
{
    struct place *p = *state;
    place_run(p, commit_fiber, NULL);
    reopen(p);
    assert_true(row_is(p, 20, S("a"), "two"));
    assert_true(row_is(p, 20, S("empty"), ""));
}

static enum err refuse_fn(struct txn *t, void *arg)
{
    txn_put(t, (struct account){ 20 }, S("a"), S("never"));
    return *(enum err *)arg;
}

static void refuse_fiber(struct place *p, void *arg)
{
    (void)arg;
    enum err wanted = ERR_DENIED;
    assert_int_equal(put(p, 20, S("a"), S("one")), OK);
    assert_int_equal(engine_commit(p->engine, refuse_fn, &wanted), ERR_DENIED);
    assert_true(row_is(p, 20, S("a"), "one"));
}

static void what_its_function_refuses_leaves_nothing(void **state)
{
    place_run(*state, refuse_fiber, NULL);
}

static enum err own_fn(struct txn *t, void *arg)
{
    struct account a = { 30 };
    str value;
    (void)arg;
    if (txn_get(t, a, S("k"), &value) != ERR_NOTFOUND) return ERR_EXISTS;
    txn_put(t, a, S("k"), S("v"));
    if (txn_get(t, a, S("k"), &value) || !str_eq(value, S("v"))) return ERR_CORRUPT;
    txn_delete(t, a, S("k"));
    if (txn_get(t, a, S("k"), &value) != ERR_NOTFOUND) return ERR_CORRUPT;
    txn_put(t, a, S("k"), S("w"));
    return OK;
}

static void own_fiber(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(engine_commit(p->engine, own_fn, NULL), OK);
    assert_int_equal(engine_commit(p->engine, own_fn, NULL), ERR_EXISTS);
    assert_true(row_is(p, 30, S("k"), "w"));
}

static void a_transaction_reads_its_own_writes(void **state)
{
    place_run(*state, own_fiber, NULL);
}

/* A counter that many raise at once: each must see the one before, also within a group. */
static enum err count_fn(struct txn *t, void *arg)
{
    struct account a = { 40 };
    uint64_t n = 0;
    str value;
    if (txn_get(t, a, S("n"), &value) == OK && !str_u64(value, UINT64_MAX, &n)) return ERR_CORRUPT;
    struct buf b = buf_make(30);
    buf_u64(&b, n + 1);
    txn_put(t, a, S("n"), buf_str(&b));
    buf_free(&b);
    *(uint64_t *)arg = n + 1;
    return OK;
}

static void count_fiber(struct place *p, void *arg)
{
    for (int i = 0; i < 20; i++) {
        uint64_t n;
        assert_int_equal(engine_commit(p->engine, count_fn, &n), OK);
        ((bool *)arg)[n] = true;
    }
}

static void each_transaction_sees_the_one_before(void **state)
{
    bool given[64 * 20 + 1] = { false };
    void *args[64];
    for (int i = 0; i < 64; i++)
        args[i] = given;
    place_run_many(*state, count_fiber, args, 64);
    for (int i = 1; i <= 64 * 20; i++)
        assert_true(given[i]);
    struct engine_stats s = engine_stats(((struct place *)*state)->engine);
    assert_int_equal(s.commits, 64 * 20);
    assert_true(s.syncs < s.commits); /* groups were formed */
}

static enum err large_fn(struct txn *t, void *arg)
{
    char value[STORE_VALUE_BYTES];
    memset(value, 'x', sizeof value);
    for (uint32_t i = 0; i < *(uint32_t *)arg; i++) {
        struct buf key = buf_make(8);
        buf_be32(&key, i);
        txn_put(t, (struct account){ 50 }, buf_str(&key), (str){ value, i % 4 ? 10 : 200 });
        buf_free(&key);
    }
    return OK;
}

static void limit_fiber(struct place *p, void *arg)
{
    (void)arg;
    uint32_t n = STORE_BATCH_OPS + 1;
    assert_int_equal(engine_commit(p->engine, large_fn, &n), ERR_LIMIT);
    n = STORE_BATCH_OPS;
    assert_int_equal(engine_commit(p->engine, large_fn, &n), OK);
}

static bool count_rows(void *arg, str key, str value)
{
    (void)key, (void)value;
    return ++*(unsigned *)arg < 100000;
}

static void a_batch_has_a_limit(void **state)
{
    struct place *p = *state;
    place_run(p, limit_fiber, NULL);
    reopen(p);
    unsigned n = 0;
    struct view *v = engine_view(p->engine);
    assert_int_equal(view_scan(v, (struct account){ 50 }, S(""), S(""), count_rows, &n), OK);
    view_end(v);
    assert_int_equal(n, STORE_BATCH_OPS);
}

/* A small lag bound: commits wait for the index again and again, and none is lost. */
static void commits_wait_for_the_index(void **state)
{
    struct place *p = *state;
    p->options.lag_bytes = 4096;
    reopen(p);
    bool given[8 * 20 + 1] = { false };
    void *args[8];
    for (int i = 0; i < 8; i++)
        args[i] = given;
    place_run_many(p, count_fiber, args, 8);
    assert_true(row_is(p, 40, S("n"), "160"));
    assert_true(engine_stats(p->engine).lag_bytes < 100000);
}

/* --- views and scans ------------------------------------------------------------------------ */

static bool join(void *arg, str key, str value)
{
    struct buf *b = arg;
    buf_add(b, key);
    buf_addc(b, '=');
    buf_add(b, value);
    buf_addc(b, ' ');
    return true;
}

static void scan_is(struct view *v, uint64_t account, str from, str to, const char *wanted)
{
    struct buf b = buf_make(1000);
    assert_int_equal(view_scan(v, (struct account){ account }, from, to, join, &b), OK);
    buf_addc(&b, 0);
    assert_string_equal(b.p, wanted);
    buf_free(&b);
}

static enum err delete_fn(struct txn *t, void *arg)
{
    const struct put *p = arg;
    txn_delete(t, p->a, p->key);
    return OK;
}

static void scan_fiber(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 60, S("b1"), S("1")), OK);
    assert_int_equal(put(p, 60, S("b2"), S("2")), OK);
    assert_int_equal(put(p, 60, S("c"), S("3")), OK);
    assert_int_equal(put(p, 61, S("b"), S("4")), OK);
    struct put gone = { { 60 }, S("b2"), S("") };
    assert_int_equal(engine_commit(p->engine, delete_fn, &gone), OK);
    assert_int_equal(put(p, 60, S("a"), S("0")), OK);
}

static bool add_account(void *arg, struct account a)
{
    buf_u64(arg, a.n);
    buf_addc(arg, ' ');
    return true;
}

static void scans_look(struct place *p)
{
    struct view *v = engine_view(p->engine);
    scan_is(v, 60, S(""), S(""), "a=0 b1=1 c=3 ");
    scan_is(v, 60, S("b"), S(""), "b1=1 ");
    scan_is(v, 60, S("a"), S("c"), "a=0 b1=1 ");
    scan_is(v, 61, S(""), S(""), "b=4 ");
    scan_is(v, 62, S(""), S(""), "");
    struct buf b = buf_make(100);
    assert_int_equal(view_accounts(v, add_account, &b), OK);
    buf_addc(&b, 0);
    assert_string_equal(b.p, "60 61 ");
    buf_free(&b);
    view_end(v);
}

static void scans_are_in_order_over_all_tables(void **state)
{
    struct place *p = *state;
    place_run(p, scan_fiber, NULL);
    scans_look(p);
    reopen(p);
    scans_look(p);
}

static void old_view_fiber(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 70, S("k"), S("new")), OK);
}

static void a_view_stays_as_it_was(void **state)
{
    struct place *p = *state;
    place_run(p, commit_fiber, NULL);
    /* Of two kinds: rows from before a reopen lie in the index, later ones in memory. */
    reopen(p);
    struct view *v = engine_view(p->engine);
    str value;
    assert_int_equal(view_get(v, (struct account){ 20 }, S("a"), &value), OK);
    assert_int_equal(view_get(v, (struct account){ 70 }, S("k"), &value), ERR_NOTFOUND);
    view_end(v);
    place_run(p, old_view_fiber, NULL);
    assert_true(row_is(p, 70, S("k"), "new"));
}

/* --- watches, leases, lazy ------------------------------------------------------------------ */

static unsigned calls;
static void changed(struct watch *w)
{
    (void)w;
    calls++;
}

static void watch_fiber(struct place *p, void *arg)
{
    (void)arg;
    struct watch w = { .account = { 80 }, .loop = p->loop, .changed = changed };
    engine_watch(p->engine, &w);
    calls = 0;
    assert_int_equal(put(p, 81, S("k"), S("v")), OK);
    fiber_yield();
    assert_int_equal(calls, 0);
    assert_int_equal(put(p, 80, S("k"), S("v")), OK);
    for (int i = 0; i < 1000 && calls == 0; i++)
        fiber_yield();
    assert_int_equal(calls, 1);
    assert_int_equal(put(p, 80, S("k"), S("w")), OK);
    engine_unwatch(p->engine, &w);
    unsigned before = calls;
    assert_int_equal(put(p, 80, S("k"), S("x")), OK);
    fiber_yield();
    assert_int_equal(calls, before);
}

static void a_watcher_hears_of_its_account(void **state)
{
    place_run(*state, watch_fiber, NULL);
}

static struct watch left_over;

static void leave_watch_fiber(struct place *p, void *arg)
{
    (void)arg;
    left_over = (struct watch){ .account = { 80 }, .loop = p->loop, .changed = changed };
    engine_watch(p->engine, &left_over);
}

/* As when a fiber outlives the grace: a slow stop is still a stop in good order. */
static void an_engine_closes_beside_a_watch(void **state)
{
    struct place *p = *state;
    place_run(p, leave_watch_fiber, NULL);
    place_close(p);
    assert_int_equal(place_open(p), OK);
}

static void a_lease_has_one_owner_and_an_ascending_number(void **state)
{
    struct place *p = *state;
    uint64_t first, second;
    assert_int_equal(engine_lease(p->engine, S("queue"), &first), OK);
    assert_int_equal(engine_lease(p->engine, S("queue"), &second), ERR_EXISTS);
    engine_unlease(p->engine, S("queue"));
    assert_int_equal(engine_lease(p->engine, S("queue"), &second), OK);
    assert_true(second > first);
    reopen(p);
    assert_int_equal(engine_lease(p->engine, S("queue"), &first), OK);
    assert_true(first > second);
}

static unsigned done_calls;
static void done(void *arg)
{
    (void)arg;
    done_calls++;
}

/* --- turns --------------------------------------------------------------------------------------
 */

enum { MANY_COMMITS = 40 };
static unsigned ran; /* transactions so far, on the writer's thread */

struct in_turn {
    uint64_t owner;
    unsigned order;
};

/* The first takes so long that all others have come before it ends. */
static enum err note_order(struct txn *t, void *arg)
{
    struct in_turn *mine = arg;
    if (ran == 0) usleep(30000);
    mine->order = ++ran;
    txn_put(t, (struct account){ 90 }, S("turn"), S("x"));
    return OK;
}

static void commit_in_turn(struct place *p, void *arg)
{
    struct in_turn *mine = arg;
    fiber_owner_set(mine->owner);
    assert_int_equal(engine_commit(p->engine, note_order, mine), OK);
}

/* Whose commits are few does not wait for all that another account has put there. */
static void accounts_have_their_turns(void **state)
{
    struct place *p = *state;
    struct in_turn all[MANY_COMMITS];
    void *args[MANY_COMMITS];
    ran = 0;
    for (unsigned i = 0; i < MANY_COMMITS; i++) {
        all[i] = (struct in_turn){ .owner = i + 1 < MANY_COMMITS ? 1 : 2 };
        args[i] = &all[i];
    }
    place_run_many(p, commit_in_turn, args, MANY_COMMITS);
    assert_in_range(all[MANY_COMMITS - 1].order, 1, 3);
    for (unsigned i = 1; i + 1 < MANY_COMMITS; i++)
        assert_true(all[i].order > all[i - 1].order);
}

static void what_is_lazy_is_written_at_close(void **state)
{
    struct place *p = *state;
    static struct put note = { { 90 }, S_INIT("k"), S_INIT("v") };
    done_calls = 0;
    engine_commit_lazy(p->engine, put_fn, &note, done);
    reopen(p);
    assert_int_equal(done_calls, 1);
    assert_true(row_is(p, 90, S("k"), "v"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_committed_is_visible_and_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_its_function_refuses_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_reads_its_own_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_transaction_sees_the_one_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_batch_has_a_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commits_wait_for_the_index, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scans_are_in_order_over_all_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_view_stays_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_watcher_hears_of_its_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_engine_closes_beside_a_watch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lease_has_one_owner_and_an_ascending_number, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(accounts_have_their_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_lazy_is_written_at_close, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
