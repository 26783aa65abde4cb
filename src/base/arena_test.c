/* arena_test.c - arenas: budget, alignment, reuse, marks, poisoning. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/mem.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static void assert_str(str got, str want)
{
    assert_int_equal(got.n, want.n);
    if (want.n) assert_memory_equal(got.p, want.p, want.n);
}

static void every_piece_is_zeroed_aligned_and_its_own(void **state)
{
    (void)state;
    struct arena a = arena_make(1000 * 1000);
    for (int round = 0; round < 2; round++) {
        unsigned char *before = NULL;
        for (size_t size = 0; size < 300; size++) {
            unsigned char *p = arena_alloc(&a, size);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(p[i], 0);
                p[i] = 0xee;
            }
            if (before && size > 1) assert_int_equal(before[size - 2], 0xee);
            before = p;
        }
        arena_reset(&a);
    }
    arena_free(&a);
}

static void the_budget_ends_in_null_and_full(void **state)
{
    (void)state;
    struct arena a = arena_make(1024);
    assert_null(a.blocks); /* nothing is owned before the first use */
    assert_non_null(arena_alloc(&a, 1024));
    assert_false(a.full);
    assert_null(arena_alloc(&a, 1));
    assert_true(a.full);
    arena_reset(&a);
    assert_false(a.full);
    assert_int_equal(a.used, 0);
    assert_null(arena_alloc(&a, 1025));
    assert_non_null(arena_alloc(&a, 16)); /* full is sticky, but what fits is still given */
    assert_true(a.full);
    arena_free(&a);
}

static void tiny_pieces_are_charged_what_they_cost(void **state)
{
    (void)state;
    struct arena a = arena_make(1024);
    int n = 0;
    while (arena_alloc(&a, 1))
        n++;
    assert_int_equal(n, 1024 / _Alignof(max_align_t));
    arena_free(&a);
}

static void sizes_that_wrap_are_refused(void **state)
{
    (void)state;
    struct arena a = arena_make(SIZE_MAX);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    assert_null(arena_array(&a, SIZE_MAX / 2 + 2, 2));
    assert_null(arena_array(&a, (size_t)1 << 32, (size_t)1 << 32)); /* 2^64 */
    assert_true(a.full);
    arena_reset(&a);
    str parts[2] = { { "x", SIZE_MAX }, { "y", 2 } };
    assert_null(arena_concat(&a, parts, 2).p);
    assert_true(a.full);
    arena_free(&a);
}

static void large_and_small_pieces_mix(void **state)
{
    (void)state;
    struct arena a = arena_make(10 * 1024 * 1024);
    char *large = arena_alloc(&a, 1024 * 1024);
    char *small = arena_alloc(&a, 10);
    large[1024 * 1024 - 1] = 1;
    small[9] = 2;
    assert_int_equal(large[1024 * 1024 - 1], 1);
    arena_reset(&a);
    assert_true(!a.blocks || a.end - a.at <= 64 * 1024); /* a quiet session keeps no megabyte */
    arena_free(&a);
}

static void megabytes_come_in_large_blocks(void **state)
{
    (void)state;
    struct arena a = arena_make_large(SIZE_MAX);
    for (unsigned i = 0; i < 10000; i++) {
        char *p = arena_alloc(&a, 1000);
        for (unsigned k = 0; k < 1000; k++)
            assert_int_equal(p[k], 0);
        p[0] = p[999] = 1;
    }
    assert_true(a.end - a.at <= 2 * 1024 * 1024);
    char *larger = arena_alloc(&a, 5 * 1024 * 1024);
    larger[5 * 1024 * 1024 - 1] = 1;
    arena_reset(&a);
    assert_true(!a.blocks || a.end - a.at <= 64 * 1024);
    arena_free(&a);
    assert_true(a.large);
}

static void strings(void **state)
{
    (void)state;
    struct arena a = arena_make(10000);
    char source[] = "MiXed\xC4";
    str copy = arena_copy(&a, str_of(source));
    str lower = arena_lower(&a, str_of(source));
    source[0] = 'x';
    assert_str(copy, S("MiXed\xC4"));
    assert_str(lower, S("mixed\xC4"));
    str parts[] = { S("a"), { NULL, 0 }, S("\0b"), S("c") };
    assert_str(arena_concat(&a, parts, COUNT_OF(parts)), S("a\0bc"));
    assert_str(arena_concat(&a, NULL, 0), S(""));
    assert_str(arena_copy(&a, (str){ NULL, 0 }), S(""));
    assert_str(arena_fmt(&a, "%s=%d", "k", 7), S("k=7"));
    assert_str(arena_fmt(&a, "%s", ""), S(""));
    assert_string_equal(arena_cstr(&a, str_take(S("abcdef"), 3)), "abc");
    assert_string_equal(arena_cstr(&a, (str){ NULL, 0 }), "");
    assert_null(arena_cstr(&a, S("a\0b")));
    assert_false(a.full);
    arena_free(&a);
}

static void strings_past_the_budget_are_empty(void **state)
{
    (void)state;
    struct arena a = arena_make(16);
    assert_int_equal(arena_copy(&a, S("seventeen letters")).n, 0);
    assert_true(a.full);
    arena_reset(&a);
    assert_int_equal(arena_fmt(&a, "%d%s", 1, "6 with its NUL is too long").n, 0);
    assert_true(a.full);
    arena_reset(&a);
    assert_null(arena_cstr(&a, S("sixteen letters!")));
    assert_true(a.full);
    assert_int_equal(arena_lower(&a, S("seventeen letters")).n, 0);
    arena_free(&a);
}

static void a_rewind_gives_back_what_came_after_the_mark(void **state)
{
    (void)state;
    struct arena a = arena_make(100 * 1024);
    struct arena_mark start = arena_mark(&a); /* before any block */
    str kept = arena_copy(&a, S("kept"));
    for (int i = 0; i < 1000; i++) { /* 1000 x 50 KiB would not fit the budget */
        struct arena_mark mark = arena_mark(&a);
        for (int k = 0; k < 50; k++)
            assert_non_null(arena_alloc(&a, 1000));
        arena_rewind(&a, mark);
    }
    assert_str(kept, S("kept"));
    assert_int_equal(a.used, 16);
    arena_rewind(&a, start);
    assert_int_equal(a.used, 0);
    assert_str(arena_copy(&a, S("again")), S("again"));
    arena_free(&a);
}

#ifdef __SANITIZE_ADDRESS__
static void what_is_not_handed_out_is_poisoned(void **state)
{
    (void)state;
    struct arena a = arena_make(10000);
    char *p = arena_alloc(&a, 20);
    assert_false(__asan_address_is_poisoned(p + 19));
    assert_true(__asan_address_is_poisoned(p + 20));
    assert_true(__asan_address_is_poisoned(p + 32)); /* the gap before the next */
    char *q = arena_alloc(&a, 8);
    assert_false(__asan_address_is_poisoned(q));
    struct arena_mark mark = arena_mark(&a);
    char *r = arena_alloc(&a, 8);
    arena_rewind(&a, mark);
    assert_true(__asan_address_is_poisoned(r));
    assert_false(__asan_address_is_poisoned(q));
    arena_reset(&a);
    assert_true(__asan_address_is_poisoned(p));
    assert_true(__asan_address_is_poisoned(q));
    arena_free(&a);
}
#endif

static void more_keeps_what_was_there(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    int *items = NULL;
    for (int i = 0; i < 1000; i++) {
        int *moved = arena_more(&a, items, (size_t)i, sizeof(*items));
        assert_non_null(moved);
        items = moved;
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    arena_free(&a);

    a = arena_make(100);
    assert_non_null(items = arena_more(&a, NULL, 0, sizeof(*items)));
    assert_ptr_equal(arena_more(&a, items, 3, sizeof(*items)), items);
    assert_null(arena_more(&a, items, 16, sizeof(*items)));
    assert_true(a.full);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_zeroed_aligned_and_its_own),
        cmocka_unit_test(the_budget_ends_in_null_and_full),
        cmocka_unit_test(tiny_pieces_are_charged_what_they_cost),
        cmocka_unit_test(sizes_that_wrap_are_refused),
        cmocka_unit_test(large_and_small_pieces_mix),
        cmocka_unit_test(megabytes_come_in_large_blocks),
        cmocka_unit_test(strings),
        cmocka_unit_test(strings_past_the_budget_are_empty),
        cmocka_unit_test(a_rewind_gives_back_what_came_after_the_mark),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(what_is_not_handed_out_is_poisoned),
#endif
        cmocka_unit_test(more_keeps_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
