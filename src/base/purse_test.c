/* purse_test.c - accounts and the process get what they may have, and get it back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/metric.h"

#define MIB ((size_t)1024 * 1024)

static void an_account_has_so_much_at_once(void **state)
{
    (void)state;
    struct purse account = { .max = 3 * MIB };
    struct purse_holder one = { .purse = &account }, other = { .purse = &account };
    struct arena a = arena_make(16 * MIB), b = arena_make(16 * MIB);
    a.purse = &one;
    b.purse = &other;
    uint64_t struck = budget_struck_total(BUDGET_ACCOUNT_MEMORY);
    assert_non_null(arena_alloc(&a, 2 * MIB));
    assert_null(arena_alloc(&b, 2 * MIB));
    assert_true(b.full && other.refused && !one.refused);
    assert_int_equal(budget_struck_total(BUDGET_ACCOUNT_MEMORY), struck + 1);
    arena_free(&b);
    assert_non_null(arena_alloc(&b, 1000)); /* small things are always there */
    arena_free(&a);
    assert_non_null(arena_alloc(&b, 2 * MIB));
    arena_free(&b);
    assert_int_equal(account.used, 0);
}

/* A block goes back to whom it was taken from, whoever the arena belongs to by then. */
static void a_block_goes_back_to_who_paid(void **state)
{
    (void)state;
    struct purse account = { .max = 3 * MIB };
    struct purse_holder holder = { .purse = &account };
    struct arena a = arena_make(16 * MIB);
    a.purse = &holder;
    assert_non_null(arena_alloc(&a, 2 * MIB));
    holder.purse = NULL;
    assert_non_null(arena_alloc(&a, 2 * MIB));
    arena_free(&a);
    assert_int_equal(account.used, 0);
}

static void large_pieces_are_counted(void **state)
{
    (void)state;
    uint64_t before = metric_value(METRIC_MEMORY_LARGE);
    struct buf b = buf_make(8 * MIB);
    buf_fill(&b, 'x', 4 * MIB);
    assert_true(metric_value(METRIC_MEMORY_LARGE) >= before + 4 * MIB);
    buf_fill(&b, 'x', 1);
    buf_free(&b);
    struct arena a = arena_make_large(16 * MIB);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&a, MIB / 10));
    assert_true(metric_value(METRIC_MEMORY_LARGE) >= before + 9 * MIB);
    arena_reset(&a);
    arena_free(&a);
    assert_int_equal(metric_value(METRIC_MEMORY_LARGE), before);
}

/* Some accounts together would have the whole: none has more than its part of the ceiling. */
static void an_account_has_a_part_of_the_ceiling(void **state)
{
    (void)state;
    struct purse account = { .max = 256 * MIB };
    struct purse_holder holder = { .purse = &account };
    struct arena a = arena_make(64 * MIB);
    a.purse = &holder;
    ceiling_set(10 * PURSE_PART * MIB);
    assert_null(arena_alloc(&a, 11 * MIB));
    assert_true(holder.refused);
    a.full = false;
    assert_non_null(arena_alloc(&a, 9 * MIB));
    ceiling_set(0);
    arena_free(&a);
}

static void the_ceiling_is_noticed_at_once_and_lifts_late(void **state)
{
    (void)state;
    struct purse_holder holder = { 0 };
    struct arena a = arena_make(64 * MIB), asked = arena_make(64 * MIB);
    asked.purse = &holder;
    ceiling_set(100 * MIB);
    assert_false(ceiling_measured(90 * MIB));
    assert_non_null(arena_alloc(&a, 8 * MIB));
    assert_false(ceiling_reached());
    assert_non_null(arena_alloc(&a, 8 * MIB)); /* unasked: counted all the same */
    assert_true(ceiling_reached());
    assert_int_equal(metric_value(METRIC_MEMORY_SHORT), 1);
    assert_null(arena_alloc(&asked, MIB));
    assert_true(holder.refused);
    arena_free(&asked);
    arena_free(&a);
    assert_true(ceiling_measured(95 * MIB)); /* not yet a tenth below */
    assert_true(ceiling_reached());
    assert_false(ceiling_measured(89 * MIB));
    assert_false(ceiling_reached());
    assert_non_null(arena_alloc(&asked, MIB));
    arena_free(&asked);
    ceiling_set(0);
    assert_false(ceiling_measured(1000 * MIB));
    assert_false(ceiling_reached());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_has_so_much_at_once),
        cmocka_unit_test(a_block_goes_back_to_who_paid),
        cmocka_unit_test(large_pieces_are_counted),
        cmocka_unit_test(an_account_has_a_part_of_the_ceiling),
        cmocka_unit_test(the_ceiling_is_noticed_at_once_and_lifts_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
