/* seqset_test.c - sequence sets: normalising, resolving "*", looking up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "imap/seqset.h"

static const struct seq_range some[] = { { 2, 4 }, { 7, 7 }, { 10, 20 } };

/* clang-format off */
static const struct { struct seqset set; uint32_t max; const char *means, *why; } cases[] = {
    { { some, 3, 0 },          0,  "",               "an empty mailbox" },
    { { some, 3, 0 },          1,  "",               "nothing so low" },
    { { some, 3, 0 },          3,  "2-3",            "cut in a range" },
    { { some, 3, 0 },          8,  "2-4,7-7",        "cut between ranges" },
    { { some, 3, 0 },          99, "2-4,7-7,10-20",  "all of it" },
    { { NULL, 0, UINT32_MAX }, 5,  "5-5",            "* is the last" },
    { { NULL, 0, UINT32_MAX }, 0,  "",               "* of nothing" },
    { { NULL, 0, 1 },          5,  "1-5",            "1:*" },
    { { NULL, 0, 9 },          5,  "5-5",            "9:* is *:9, RFC 9051 9: it has the last" },
    { { some, 3, 5 },          9,  "2-9",            "5:* joins 2:4" },
    { { some, 3, 15 },         99, "2-4,7-7,10-99",  "15:* lengthens 10:20" },
};
/* clang-format on */

static void resolves(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf text = buf_make(1024);
        struct seqset set = seqset_resolve(cases[i].set, cases[i].max, &a);
        for (size_t k = 0; k < set.n; k++)
            buf_addf(&text, "%s%u-%u", k ? "," : "", set.ranges[k].first, set.ranges[k].last);
        if (!str_eq(buf_str(&text), str_of(cases[i].means)))
            fail_msg("%s: %.*s, not %s", cases[i].why, STR_ARG(buf_str(&text)), cases[i].means);
        assert_int_equal(set.star_from, 0);
        buf_free(&text);
    }
    arena_free(&a);
}

static void merges(void **state)
{
    (void)state;
    struct seq_range r[] = { { 9, 9 }, { 1, 3 }, { 4, 5 }, { 2, 8 }, { 11, 12 }, { 11, 11 } };
    assert_int_equal(seqset_normalise(r, COUNT_OF(r)), 2);
    assert_int_equal(r[0].first, 1);
    assert_int_equal(r[0].last, 9);
    assert_int_equal(r[1].first, 11);
    assert_int_equal(r[1].last, 12);
    struct seq_range top[] = { { UINT32_MAX - 1, UINT32_MAX }, { 1, UINT32_MAX }, { 5, 6 } };
    assert_int_equal(seqset_normalise(top, 3), 1);
    assert_int_equal(top[0].last, UINT32_MAX);
    assert_int_equal(seqset_normalise(top, 0), 0);
}

static void looks_up(void **state)
{
    (void)state;
    const struct seqset set = { some, 3, 0 };
    static const uint32_t in[] = { 2, 3, 4, 7, 10, 15, 20 },
                          out[] = { 1, 5, 6, 8, 9, 21, UINT32_MAX };
    for (size_t i = 0; i < COUNT_OF(in); i++)
        assert_true(seqset_has(set, in[i]));
    for (size_t i = 0; i < COUNT_OF(out); i++)
        assert_false(seqset_has(set, out[i]));
    assert_int_equal(seqset_count(set), 15);
    assert_int_equal(seqset_largest(set), 20);
    assert_int_equal(seqset_largest((struct seqset){ 0 }), 0);
}

static void says_when_memory_is_spent(void **state)
{
    (void)state;
    struct arena a = arena_make(8);
    struct seqset set = seqset_resolve((struct seqset){ some, 3, 1 }, 99, &a);
    assert_int_equal(set.n, 0);
    assert_true(a.full);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolves),
        cmocka_unit_test(merges),
        cmocka_unit_test(looks_up),
        cmocka_unit_test(says_when_memory_is_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
