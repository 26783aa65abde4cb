/* engine_test.c - the engine's contract: commits, views, bodies, watches, reopening. */
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

/* --- bodies --------------------------------------------------------------------------------- */

struct letter {
    size_t n;
    bool random;
    str side;
    struct blob blob;
};

static char letter_byte(const struct letter *l, size_t i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15;
    return l->random ? (char)((x ^ x >> 29) * 0xbf58476d1ce4e5b9 >> 40)
                     : (char)('a' + i / 100 % 26);
}

static enum err keep_fn(struct txn *t, void *arg)
{
    void **both = arg;
    struct letter *l = both[0];
    struct blob again;
    txn_body(t, both[1], &l->blob);
    txn_body(t, both[1], &again);
    if (again.n != l->blob.n) return ERR_CORRUPT;
    txn_blob_ref(t, l->blob, 1);
    return OK;
}

static void write_letter(struct place *p, void *arg)
{
    struct letter *l = arg;
    struct body *b;
    char *bytes = mem_new(l->n + 1);
    for (size_t i = 0; i < l->n; i++)
        bytes[i] = letter_byte(l, i);
    assert_int_equal(body_begin(p->engine, &b), OK);
    for (size_t at = 0; at < l->n; at += 10000)
        assert_int_equal(body_write(b, str_sub((str){ bytes, l->n }, at, 10000)), OK);
    assert_int_equal(body_size(b), l->n);
    assert_int_equal(body_seal(b, l->side), OK);
    void *both[2] = { l, b };
    assert_int_equal(engine_commit(p->engine, keep_fn, both), OK);
    body_free(b);
    mem_free(bytes);
}

static void read_letter(struct place *p, void *arg)
{
    struct letter *l = arg;
    struct body_reader *r;
    assert_int_equal(body_open(p->engine, l->blob, &r), OK);
    assert_int_equal(body_reader_size(r), l->n);
    str side, part;
    assert_int_equal(body_side(r, &side), OK);
    assert_true(str_eq(side, l->side));
    for (size_t at = 0; at < l->n; at += part.n) {
        assert_int_equal(body_read(r, at, 70000, &part), OK);
        assert_true(part.n > 0);
        for (size_t i = 0; i < part.n; i++)
            if (part.p[i] != letter_byte(l, at + i)) fail_msg("byte %zu of %zu", at + i, l->n);
    }
    assert_int_equal(body_read(r, l->n, 1, &part), OK);
    assert_int_equal(part.n, 0);
    body_close(r);
}

static void bodies_come_back(struct place *p)
{
    struct letter letters[] = {
        { 0, false, S_INIT(""), { 0 } },
        { 1, true, S_INIT("x"), { 0 } },
        { 5000, false, S_INIT("card"), { 0 } },
        { STORE_MEMORY_BODY_BYTES, true, S_INIT("card"), { 0 } },
        { STORE_MEMORY_BODY_BYTES + 1, false, S_INIT(""), { 0 } },
        { STORE_JOURNAL_BODY_BYTES, false, S_INIT("card"), { 0 } },
        { STORE_JOURNAL_BODY_BYTES + 1, true, S_INIT(""), { 0 } },
        { 3000000, true, S_INIT("card"), { 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, write_letter, &letters[i]);
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, read_letter, &letters[i]);
    assert_int_equal(engine_stats(p->engine).bodies_in_memory_bytes, 0);
    reopen(p);
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, read_letter, &letters[i]);
    /* From the journal alone. */
    place_close(p);
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, read_letter, &letters[i]);
}

static bool count_name(void *arg, const char *name)
{
    (void)name;
    ++*(unsigned *)arg;
    return true;
}

static unsigned segments_of(struct place *p)
{
    unsigned n = 0;
    assert_true(seam_list(p->seam, "journal", count_name, &n) >= 0);
    return n;
}

static void bodies_come_back_byte_for_byte(void **state)
{
    bodies_come_back(*state);
}

/* Up to STORE_JOURNAL_BODY_BYTES no segment is made for them. */
static void large_bodies_go_to_the_journal(void **state)
{
    struct place *p = *state;
    struct letter large = { STORE_JOURNAL_BODY_BYTES, true, S_INIT(""), { 0 } },
                  small = { 10, true, S_INIT(""), { 0 } };
    p->options.body_memory_bytes = 0; /* the default: plenty */
    reopen(p);
    place_run(p, write_letter, &small); /* begins a log */
    unsigned before = segments_of(p);
    place_run(p, write_letter, &large);
    assert_int_equal(segments_of(p), before);
    bodies_come_back(p);
}

static void drop_fiber(struct place *p, void *arg)
{
    struct body *b;
    (void)arg;
    char *zeros = mem_new(2 * STORE_JOURNAL_BODY_BYTES);
    assert_int_equal(body_begin(p->engine, &b), OK);
    assert_int_equal(body_write(b, (str){ zeros, 2 * STORE_JOURNAL_BODY_BYTES }), OK);
    assert_int_equal(body_seal(b, S("")), OK);
    mem_free(zeros);
    body_free(b);
}

static void what_is_not_committed_is_swept(void **state)
{
    struct place *p = *state;
    struct letter kept = { 2000000, true, S_INIT(""), { 0 } };
    place_run(p, write_letter, &kept);
    unsigned before = segments_of(p);
    place_run(p, drop_fiber, NULL);
    place_close(p);
    assert_int_equal(segments_of(p), before);
    assert_int_equal(place_open(p), OK);
    place_run(p, read_letter, &kept);
}

static void no_blob_fiber(struct place *p, void *arg)
{
    struct body_reader *r;
    (void)arg;
    assert_int_equal(body_open(p->engine, (struct blob){ 99999 }, &r), ERR_NOTFOUND);
}

static void an_unknown_blob_is_not_found(void **state)
{
    place_run(*state, no_blob_fiber, NULL);
}

/* Room for two at once: the third waits until one goes. */
struct crowd {
    struct body *bodies[2];
    bool third_waited;
};

static void hold_two(struct place *p, void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < 2; i++)
        assert_int_equal(body_begin(p->engine, &c->bodies[i]), OK);
    assert_int_equal(fiber_sleep_until(seam_mono_us(p->seam) + 50000), OK);
    c->third_waited = true;
    for (int i = 0; i < 2; i++)
        body_free(c->bodies[i]);
}

static void be_third(struct place *p, void *arg)
{
    struct crowd *c = arg;
    struct body *b;
    while (!c->bodies[1])
        fiber_yield();
    assert_int_equal(body_begin(p->engine, &b), OK);
    assert_true(c->third_waited);
    body_free(b);
}

static void hold_or_wait(struct place *p, void *arg)
{
    void **which = arg;
    if (which[1])
        be_third(p, which[0]);
    else
        hold_two(p, which[0]);
}

static void bodies_wait_for_memory(void **state)
{
    struct place *p = *state;
    struct crowd crowd = { .third_waited = false };
    p->options.body_memory_bytes = 2 * STORE_MEMORY_BODY_BYTES;
    reopen(p);
    void *first[2] = { &crowd, NULL }, *second[2] = { &crowd, &crowd },
         *args[2] = { first, second };
    place_run_many(p, hold_or_wait, args, 2);
    assert_int_equal(engine_stats(p->engine).bodies_in_memory_bytes, 0);
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

static void a_large_side_goes_with_its_body(void **state)
{
    struct place *p = *state;
    char *side = mem_new(STORE_MEMORY_BODY_BYTES + 1000);
    struct letter l = { 100, true, { side, STORE_MEMORY_BODY_BYTES + 1000 }, { 0 } };
    place_run(p, write_letter, &l);
    reopen(p);
    place_run(p, read_letter, &l);
    mem_free(side);
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

/* --- care ----------------------------------------------------------------------------------- */

static void count_fault(void *arg, str what)
{
    (void)what;
    ++*(unsigned *)arg;
}

static void check_fiber(struct place *p, void *arg)
{
    unsigned faults = 0;
    struct check_report report = { .fault = count_fault, .arg = &faults };
    enum err e = engine_check(p->engine, &report);
    assert_int_equal(e == OK, faults == 0);
    *(unsigned *)arg = faults;
    assert_true(report.records > 0);
}

/* The folder's segments, one after the other, with the byte at offset changed. */
static void damage_file(struct place *p, const char *file, long offset)
{
    char path[200];
    snprintf(path, sizeof path, "%s/journal/%s", p->folder, file);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, offset, SEEK_SET);
    int c = fgetc(f);
    fseek(f, offset, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

static void check_reads_everything(void **state)
{
    struct place *p = *state;
    struct letter small = { 3000, true, S_INIT(""), { 0 } },
                  large = { 700000, true, S_INIT(""), { 0 } };
    unsigned faults;
    place_run(p, write_letter, &small);
    place_run(p, write_letter, &large);
    place_run(p, commit_fiber, NULL);
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 0);
    reopen(p);
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 0);
    damage_file(p, "0000000002.seg", 300000); /* the large body's */
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 1);
    damage_file(p, "0000000002.seg", 300000);
    damage_file(p, "0000000001.seg", 4096 + 200); /* the small one: its record and its blob */
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 2);
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
        cmocka_unit_test_setup_teardown(scans_are_in_order_over_all_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_view_stays_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bodies_come_back_byte_for_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_bodies_go_to_the_journal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_committed_is_swept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_blob_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bodies_wait_for_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commits_wait_for_the_index, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_side_goes_with_its_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_watcher_hears_of_its_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_engine_closes_beside_a_watch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lease_has_one_owner_and_an_ascending_number, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_lazy_is_written_at_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check_reads_everything, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
