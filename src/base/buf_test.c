/* buf_test.c - the growable buffer: exact limits, sticky overflow, numbers in records. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/mem.h"

static void assert_holds(const struct buf *b, str want)
{
    assert_int_equal(b->n, want.n);
    if (want.n) assert_memory_equal(b->p, want.p, want.n);
}

static void it_holds_its_limit_and_not_a_byte_more(void **state)
{
    (void)state;
    struct buf b = buf_make(5);
    buf_add(&b, S("hello"));
    assert_false(b.full);
    buf_add(&b, S(""));
    assert_false(b.full);
    buf_addc(&b, '!');
    assert_true(b.full);
    assert_holds(&b, S("hello"));
    buf_free(&b);
}

static void overflow_is_sticky(void **state)
{
    (void)state;
    struct buf b = buf_make(5);
    buf_add(&b, S("abc"));
    buf_add(&b, S("def"));
    assert_true(b.full);
    buf_addc(&b, 'd'); /* would fit, but would come after a gap */
    buf_u64(&b, 1);
    buf_fill(&b, 'x', 1);
    buf_addf(&b, "%d", 1);
    assert_null(buf_reserve(&b, 0));
    assert_holds(&b, S("abc"));
    buf_reset(&b);
    assert_false(b.full);
    buf_add(&b, S("again"));
    assert_holds(&b, S("again"));
    assert_false(b.full);
    buf_free(&b);
}

static void sizes_near_the_end_of_memory_do_not_wrap(void **state)
{
    (void)state;
    struct buf b = buf_make(100);
    buf_add(&b, S("abc"));
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_true(b.full);
    buf_reset(&b);
    buf_fill(&b, 'x', SIZE_MAX - 1);
    assert_true(b.full);
    assert_int_equal(b.n, 0);
    buf_free(&b);

    b = buf_make(0);
    buf_addc(&b, 'x');
    assert_true(b.full);
    buf_free(&b);
}

static void a_limit_is_a_budget_and_no_allocation(void **state)
{
    (void)state;
    struct buf b = buf_make(SIZE_MAX);
    assert_int_equal(b.cap, 0);
    for (int i = 0; i < 10000; i++)
        buf_addc(&b, (char)('a' + i % 26));
    assert_false(b.full);
    assert_true(b.cap < 40000);
    assert_int_equal(b.p[9999], 'a' + 9999 % 26);
    buf_free(&b);
    assert_null(b.p);
    assert_int_equal(b.max, SIZE_MAX);
}

static void formatting_fits_to_the_byte(void **state)
{
    (void)state;
    struct buf b = buf_make(8);
    buf_addf(&b, "%s-%d", "abcd", 123);
    assert_false(b.full);
    assert_holds(&b, S("abcd-123"));
    buf_addf(&b, "%s", "");
    assert_false(b.full);
    buf_truncate(&b, 7);
    buf_addf(&b, "%d", 45);
    assert_true(b.full);
    assert_holds(&b, S("abcd-12"));
    buf_free(&b);
}

static void reserve_commit_consume(void **state)
{
    (void)state;
    struct buf b = buf_make(100);
    char *to = buf_reserve(&b, 50);
    assert_non_null(to);
    for (int i = 0; i < 50; i++)
        to[i] = (char)i;
    buf_commit(&b, 10);
    assert_int_equal(b.n, 10);
    buf_consume(&b, 4);
    assert_int_equal(b.n, 6);
    assert_int_equal(b.p[0], 4);
    buf_consume(&b, 6);
    assert_int_equal(b.n, 0);
    assert_non_null(buf_reserve(&b, 100));
    assert_null(buf_reserve(&b, 101));
    assert_true(b.full);
    buf_free(&b);
}

static void numbers(void **state)
{
    (void)state;
    struct buf b = buf_make(1000);
    buf_u64(&b, 0);
    buf_addc(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    assert_holds(&b, S("0 18446744073709551615"));
    buf_reset(&b);
    buf_le32(&b, 0x80ff0102);
    buf_le64(&b, 0x80ff030405060708);
    assert_holds(&b, S("\x02\x01\xff\x80\x08\x07\x06\x05\x04\x03\xff\x80"));
    buf_reset(&b);
    buf_be32(&b, 0x80ff0102);
    buf_be64(&b, 0x80ff030405060708);
    assert_holds(&b, S("\x80\xff\x01\x02\x80\xff\x03\x04\x05\x06\x07\x08"));
    buf_free(&b);
}

static const struct {
    uint64_t value;
    str bytes;
} varints[] = {
    { 0, S_INIT("\0") },
    { 127, S_INIT("\x7f") },
    { 128, S_INIT("\x80\x01") },
    { 300, S_INIT("\xac\x02") },
    { UINT64_MAX, S_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
};

static void varints_are_leb128(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(varints); i++) {
        struct buf b = buf_make(10);
        buf_varint(&b, varints[i].value);
        assert_holds(&b, varints[i].bytes);
        buf_free(&b);
    }
}

static void what_a_terminal_would_obey_is_not_shown(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "pla\tin", "pla in" },
        { "\x1b[31m\x7f\r", "?[31m??" },
        { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
        { "\xc2\x9b"
          "31m",
          "?31m" },
        { "caf\xe9", "caf?" },
        { "\xc3\xa9\xff", "???" },
        { "\xc2\xa0", "\xc2\xa0" },
        { "gpj\xe2\x80\xae.exe", "gpj?.exe" },
        { "\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9.", "???." },
        { "a\xe2\x80\xa8\xe2\x80\xa9", "a??" },
        { "\xe2\x80\xa6\xe2\x81\xa5\xe2\x82\xac", "\xe2\x80\xa6\xe2\x81\xa5\xe2\x82\xac" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b = buf_make(100);
        buf_add_shown(&b, str_of(cases[i].in));
        buf_addc(&b, '\0');
        assert_string_equal(b.p, cases[i].out);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_its_limit_and_not_a_byte_more),
        cmocka_unit_test(overflow_is_sticky),
        cmocka_unit_test(sizes_near_the_end_of_memory_do_not_wrap),
        cmocka_unit_test(a_limit_is_a_budget_and_no_allocation),
        cmocka_unit_test(formatting_fits_to_the_byte),
        cmocka_unit_test(reserve_commit_consume),
        cmocka_unit_test(numbers),
        cmocka_unit_test(varints_are_leb128),
        cmocka_unit_test(what_a_terminal_would_obey_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
