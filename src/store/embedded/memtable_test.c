/* memtable_test.c - the versioned table: order, versions, cursors, and readers beside the writer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/mem.h"
#include "store/embedded/memtable_int.h"

static void put(struct memtable *m, uint64_t seq, str key, str value)
{
    memtable_put(m, seq, &(struct row){ key, value, false });
}

static void is(const struct memtable *m, str key, uint64_t seq, const char *wanted)
{
    struct row row;
    bool found = memtable_get(m, key, seq, &row);
    assert_int_equal(found, wanted != NULL);
    if (found) assert_true(str_eq(row.value, str_of(wanted)));
}

static void a_reader_sees_the_newest_version_it_may(void **state)
{
    (void)state;
    struct memtable *m = memtable_new(MEMTABLE_SMALL);
    put(m, 5, S("k"), S("five"));
    put(m, 9, S("k"), S("nine"));
    put(m, 7, S("j"), S("seven"));
    is(m, S("k"), 4, NULL);
    is(m, S("k"), 5, "five");
    is(m, S("k"), 8, "five");
    is(m, S("k"), 9, "nine");
    is(m, S("k"), UINT64_MAX, "nine");
    is(m, S("j"), 6, NULL);
    is(m, S("kk"), 9, NULL);
    is(m, S(""), 9, NULL);
    memtable_drop(m);
}

/* A replay may meet an older version after a newer one. */
static void versions_may_come_late(void **state)
{
    (void)state;
    struct memtable *m = memtable_new(MEMTABLE_SMALL);
    put(m, 5, S("k"), S("five"));
    put(m, 9, S("k"), S("nine"));
    put(m, 3, S("k"), S("three"));
    put(m, 7, S("k"), S("seven"));
    put(m, 11, S("k"), S("eleven"));
    is(m, S("k"), 2, NULL);
    is(m, S("k"), 4, "three");
    is(m, S("k"), 6, "five");
    is(m, S("k"), 8, "seven");
    is(m, S("k"), 10, "nine");
    is(m, S("k"), 11, "eleven");
    memtable_drop(m);
}

static void the_same_version_is_replaced(void **state)
{
    (void)state;
    struct memtable *m = memtable_new(MEMTABLE_SMALL);
    put(m, 0, S("k"), S("one"));
    put(m, 0, S("k"), S("two"));
    is(m, S("k"), 0, "two");
    assert_int_equal(memtable_rows(m), 1);
    memtable_put(m, 0, &(struct row){ S("k"), S(""), true });
    struct row row;
    assert_true(memtable_get(m, S("k"), 0, &row));
    assert_true(row.gone);
    memtable_reset(m);
    is(m, S("k"), 0, NULL);
    assert_int_equal(memtable_rows(m), 0);
    assert_int_equal(memtable_bytes(m), 0);
    memtable_drop(m);
}

static void walk_is(const struct memtable *m, str from, uint64_t seq, const char *wanted)
{
    struct buf b = buf_make(1000);
    struct row row;
    struct memtable_cursor c = memtable_seek(m, from, seq);
    for (; memtable_row(&c, &row); memtable_next(&c)) {
        buf_add(&b, row.key);
        buf_add(&b, row.gone ? S("!") : row.value);
        buf_addc(&b, ' ');
    }
    buf_addc(&b, 0);
    assert_string_equal(b.p, wanted);
    buf_free(&b);
}

static void a_cursor_meets_each_key_once(void **state)
{
    (void)state;
    struct memtable *m = memtable_new(MEMTABLE_SMALL);
    put(m, 3, S("c"), S("3"));
    put(m, 1, S("a"), S("1"));
    put(m, 2, S("b"), S("2"));
    put(m, 4, S("b"), S("4"));
    put(m, 8, S("aa"), S("8"));
    memtable_put(m, 5, &(struct row){ S("c"), S(""), true });
    walk_is(m, S(""), 9, "a1 aa8 b4 c! ");
    walk_is(m, S(""), 7, "a1 b4 c! ");
    walk_is(m, S(""), 3, "a1 b2 c3 ");
    walk_is(m, S(""), 0, "");
    walk_is(m, S("aa"), 9, "aa8 b4 c! ");
    walk_is(m, S("b"), 2, "b2 ");
    walk_is(m, S("d"), 9, "");
    memtable_drop(m);
}

static void one_table_takes_the_rows_of_another(void **state)
{
    (void)state;
    struct memtable *from = memtable_new(MEMTABLE_SMALL), *m = memtable_new(MEMTABLE_SMALL);
    memtable_put_all(m, 4, from);
    assert_int_equal(memtable_rows(m), 0);
    put(m, 2, S("b"), S("old"));
    put(m, 2, S("d"), S("stays"));
    put(from, 0, S("c"), S("3"));
    put(from, 0, S("a"), S("1"));
    put(from, 0, S("b"), S("2"));
    put(from, 0, S("b"), S("a longer one"));
    memtable_put_all(m, 4, from);
    memtable_drop(from);
    walk_is(m, S(""), 3, "bold dstays ");
    walk_is(m, S(""), 4, "a1 ba longer one c3 dstays ");
    is(m, S("b"), 2, "old");
    assert_int_equal(memtable_rows(m), 5);
    memtable_drop(m);
}

static void many_keys_in_any_order(void **state)
{
    (void)state;
    struct memtable *m = memtable_new(MEMTABLE_SMALL);
    uint32_t n = 5000;
    for (uint32_t i = 0; i < n; i++) {
        struct buf key = buf_make(4);
        buf_be32(&key, (uint32_t)((uint64_t)i * 2654435761 % n));
        put(m, i + 1, buf_str(&key), buf_str(&key));
        buf_free(&key);
    }
    uint32_t next = 0;
    struct row row;
    struct memtable_cursor c = memtable_seek(m, S(""), UINT64_MAX);
    for (; memtable_row(&c, &row); memtable_next(&c))
        assert_int_equal(get_be32(row.key.p), next++);
    assert_int_equal(next, n);
    memtable_drop(m);
}

/* What a commit puts comes in runs: each key's place is near the last one's, or far away. */
static void keys_in_runs(void **state)
{
    (void)state;
    enum { RANGE = 20000, RUNS = 400, RUN = 60 };
    struct memtable *m = memtable_new(MEMTABLE_SMALL);
    bool *there = mem_array(RANGE, sizeof *there);
    uint64_t dice = 1;
    for (int run = 0; run < RUNS; run++) {
        dice = dice * 6364136223846793005 + 1442695040888963407;
        uint32_t at = (uint32_t)(dice >> 33) % RANGE, step = (uint32_t)(dice >> 20) % 4;
        for (int i = 0; i < RUN && at < RANGE; i++, at += step) {
            struct buf key = buf_make(4);
            size_t was_bytes;
            buf_be32(&key, at);
            bool replaced = memtable_replace(
                m, 0, &(struct row){ buf_str(&key), buf_str(&key), false }, &was_bytes);
            assert_int_equal(replaced, there[at]);
            assert_int_equal(was_bytes, there[at] ? 8 : 0);
            there[at] = true;
            buf_free(&key);
        }
    }
    uint32_t next = 0;
    struct row row;
    struct memtable_cursor c = memtable_seek(m, S(""), 0);
    for (; memtable_row(&c, &row); memtable_next(&c), next++) {
        while (!there[next])
            next++;
        assert_int_equal(get_be32(row.key.p), next);
    }
    for (; next < RANGE; next++)
        assert_false(there[next]);
    mem_free(there);
    memtable_drop(m);
}

/* --- readers beside the writer -------------------------------------------------------------- */

enum { KEYS = 50, COMMITS = 2000, READERS = 3 };

struct shared {
    struct memtable *table;
    _Atomic uint64_t published;
    _Atomic bool torn;
};

/* Each commit writes its number to every key: at any published number all keys must show it. */
static void *read_on(void *arg)
{
    struct shared *s = arg;
    uint64_t seq = 0;
    while (seq < COMMITS) {
        seq = atomic_load_explicit(&s->published, memory_order_acquire);
        struct row row;
        unsigned keys = 0;
        struct memtable_cursor c = memtable_seek(s->table, S(""), seq);
        for (; memtable_row(&c, &row); memtable_next(&c), keys++)
            if (get_be64(row.value.p) != seq) atomic_store(&s->torn, true);
        if (keys != (seq ? KEYS : 0)) atomic_store(&s->torn, true);
    }
    return NULL;
}

static void commit_all(struct shared *s, uint64_t seq)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        struct buf b = buf_make(16);
        buf_be32(&b, i * 7919 % KEYS);
        buf_be64(&b, seq);
        put(s->table, seq, str_take(buf_str(&b), 4), str_from(buf_str(&b), 4));
        buf_free(&b);
    }
    atomic_store_explicit(&s->published, seq, memory_order_release);
}

static void readers_see_whole_commits_while_one_writes(void **state)
{
    (void)state;
    struct shared s = { .table = memtable_new(MEMTABLE_SMALL) };
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, &s), 0);
    for (uint64_t seq = 1; seq <= COMMITS; seq++)
        commit_all(&s, seq);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_false(s.torn);
    memtable_drop(s.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_sees_the_newest_version_it_may),
        cmocka_unit_test(versions_may_come_late),
        cmocka_unit_test(the_same_version_is_replaced),
        cmocka_unit_test(a_cursor_meets_each_key_once),
        cmocka_unit_test(one_table_takes_the_rows_of_another),
        cmocka_unit_test(many_keys_in_any_order),
        cmocka_unit_test(keys_in_runs),
        cmocka_unit_test(readers_see_whole_commits_while_one_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
