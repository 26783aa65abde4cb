/* ids_test.c - message ids as text, sets of UIDs, keys that sort. */
#include "store/testing_int.h"

static void ids_read_back_and_sort(void **state)
{
    (void)state;
    static const uint64_t ids[] = { 0, 1, 31, 32, 1ull << 40, UINT64_MAX - 1, UINT64_MAX };
    struct buf text = buf_make(64), last = buf_make(64);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct msgid back;
        buf_reset(&text);
        msgid_text((struct msgid){ ids[i] }, &text);
        assert_int_equal(text.n, 13);
        assert_true(msgid_parse(buf_str(&text), &back));
        assert_int_equal(back.n, ids[i]);
        assert_true(i == 0 || str_cmp(buf_str(&last), buf_str(&text)) < 0);
        buf_reset(&last);
        buf_add(&last, buf_str(&text));
    }
    buf_free(&text);
    buf_free(&last);
}

static void bad_ids_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "000000000000",
                                       "00000000000000",
                                       "000000000000i",
                                       "000000000000-",
                                       "g000000000000", /* over 64 bits */
                                       "zzzzzzzzzzzzz" };
    struct msgid id;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(msgid_parse(str_of(bad[i]), &id));
}

static const struct {
    struct uid_range in[5];
    size_t n;
    const char *text;
    uint64_t count;
} sets[] = {
    { { { 0 } }, 0, "", 0 },
    { { { 5, 5 } }, 1, "5", 1 },
    { { { 9, 7 } }, 1, "7:9", 3 },
    { { { 1, 2 }, { 3, 4 } }, 2, "1:4", 4 },
    { { { 10, 12 }, { 1, 2 }, { 11, 20 }, { 4, 4 } }, 4, "1:2,4,10:20", 14 },
    { { { 1, 100 }, { 5, 6 } }, 2, "1:100", 100 },
    { { { 7, 7 }, { 1, UINT32_MAX } }, 2, "1:4294967295", UINT32_MAX },
    { { { UINT32_MAX, UINT32_MAX }, { 1, 1 }, { UINT32_MAX, UINT32_MAX } }, 3, "1,4294967295", 2 },
};

static void sets_are_normalised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        struct arena a = arena_make(65536);
        struct buf text = buf_make(256);
        struct uidset set = uidset_make(&a);
        for (size_t k = 0; k < sets[i].n; k++)
            assert_true(uidset_add(&set, sets[i].in[k].from, sets[i].in[k].to));
        uidset_normalise(&set);
        uidset_text(&set, &text);
        if (!str_eq(buf_str(&text), str_of(sets[i].text)))
            fail_msg("%.*s is not %s", STR_ARG(buf_str(&text)), sets[i].text);
        assert_int_equal(uidset_count(&set), sets[i].count);
        buf_free(&text);
        arena_free(&a);
    }
}

static void sets_know_their_members(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    struct uidset set = uidset_make(&a);
    for (uint32_t i = 1000; i > 0; i--) /* the worst order */
        if (i % 7 < 3) assert_true(uidset_add(&set, i, i));
    uidset_normalise(&set);
    for (uint32_t i = 0; i <= 1001; i++)
        assert_int_equal(uidset_has(&set, (struct uid){ i }), i >= 1 && i <= 1000 && i % 7 < 3);
    arena_free(&a);
}

static void a_set_ends_with_its_arena(void **state)
{
    (void)state;
    struct arena a = arena_make(256);
    struct uidset set = uidset_make(&a);
    uint32_t n = 0;
    while (n < 1000 && uidset_add(&set, n * 2, n * 2))
        n++;
    assert_true(n > 0 && n < 1000);
    arena_free(&a);
}

/* --- keys ----------------------------------------------------------------------------------------
 */

static void numbers_sort_in_keys(void **state)
{
    (void)state;
    static const uint32_t numbers[] = { 0, 1, 255, 256, 65535, 65536, UINT32_MAX };
    for (size_t i = 1; i < COUNT_OF(numbers); i++) {
        struct key a = key_box_u32(TAG_FLAGS, 7, numbers[i - 1]);
        struct key b = key_box_u32(TAG_FLAGS, 7, numbers[i]);
        struct key after = key_after(key_box(TAG_FLAGS, 7));
        assert_true(str_cmp(key_str(&a), key_str(&b)) < 0);
        assert_true(str_cmp(key_str(&b), key_str(&after)) < 0);
    }
    struct key full = key_box(TAG_FLAGS, UINT32_MAX), after = key_after(full);
    assert_true(str_eq(key_str(&after), S("G")));
}

static void long_names_have_keys_of_their_own(void **state)
{
    (void)state;
    struct buf a = buf_make(2000), b = buf_make(2000);
    buf_fill(&a, 'x', 900);
    buf_add(&b, buf_str(&a));
    b.p[899] = 'y';
    struct key ka = key_name(TAG_NAME, buf_str(&a)), kb = key_name(TAG_NAME, buf_str(&b));
    struct key prefix = key_name_prefix(TAG_NAME, buf_str(&a));
    assert_int_equal(ka.n, sizeof ka.p);
    assert_false(str_eq(key_str(&ka), key_str(&kb)));
    assert_true(str_starts(key_str(&kb), key_str(&prefix)));
    buf_free(&a);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_read_back_and_sort),
        cmocka_unit_test(bad_ids_are_refused),
        cmocka_unit_test(sets_are_normalised),
        cmocka_unit_test(sets_know_their_members),
        cmocka_unit_test(a_set_ends_with_its_arena),
        cmocka_unit_test(numbers_sort_in_keys),
        cmocka_unit_test(long_names_have_keys_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
