/* str_test.c - byte strings: compare, find, split, numbers at their limits, UTF-8. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include "base/mem.h"
#include "base/buf.h"
#include "base/str.h"

#define assert_str(got, want)                                     \
    do {                                                          \
        str got_ = (got), want_ = (want);                         \
        assert_int_equal(got_.n, want_.n);                        \
        if (got_.n) assert_memory_equal(got_.p, want_.p, got_.n); \
    } while (0)

static const str none = { NULL, 0 };

static void the_empty_str_is_fit_for_all(void **state)
{
    (void)state;
    assert_str(str_of(NULL), none);
    assert_str(str_of(""), none);
    assert_true(str_eq(none, S("")));
    assert_true(str_ieq(S(""), none));
    assert_int_equal(str_cmp(none, S("")), 0);
    assert_int_equal(str_chr(none, 'a'), STR_NPOS);
    assert_int_equal(str_rchr(none, 'a'), STR_NPOS);
    assert_int_equal(str_find(none, S("a")), STR_NPOS);
    assert_int_equal(str_ifind(none, S("a")), STR_NPOS);
    assert_int_equal(str_find(S("a"), none), 0);
    assert_int_equal(str_ifind(none, none), 0);
    assert_str(str_from(none, 5), none);
    assert_str(str_take(none, 5), none);
    assert_str(str_sub(none, 5, 5), none);
    assert_str(str_trim(none), none);
    assert_str(str_chomp(none), none);
    assert_true(str_starts(none, none) && str_iends(none, none));
    assert_true(utf8_valid(none) && str_is_ascii(none));
}

static const struct {
    str a, b;
    bool eq, ieq;
    int cmp;
} pairs[] = {
    { S_INIT("abc"), S_INIT("abc"), true, true, 0 },
    { S_INIT("abc"), S_INIT("ABC"), false, true, 1 },
    { S_INIT("ab"), S_INIT("abc"), false, false, -1 },
    { S_INIT("a\0b"), S_INIT("a\0c"), false, false, -1 },
    { S_INIT("\xff"), S_INIT("a"), false, false, 1 },     /* bytes are unsigned */
    { S_INIT("\xc4"), S_INIT("\xe4"), false, false, -1 }, /* Latin letters do not fold */
    { S_INIT("@["), S_INIT("`{"), false, false, -1 },     /* nor do the letters' neighbours */
};

static void comparing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert_int_equal(str_eq(pairs[i].a, pairs[i].b), pairs[i].eq);
        assert_int_equal(str_ieq(pairs[i].a, pairs[i].b), pairs[i].ieq);
        int order = str_cmp(pairs[i].a, pairs[i].b), back = str_cmp(pairs[i].b, pairs[i].a);
        assert_int_equal((order > 0) - (order < 0), pairs[i].cmp);
        assert_int_equal((back > 0) - (back < 0), -pairs[i].cmp);
    }
}

static void beginnings_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts(S("MAIL FROM"), S("MAIL")));
    assert_false(str_starts(S("mail FROM"), S("MAIL")));
    assert_true(str_istarts(S("mail FROM"), S("MAIL")));
    assert_false(str_istarts(S("MAI"), S("MAIL")));
    assert_true(str_ends(S("a.test"), S(".test")));
    assert_false(str_ends(S("a.TEST"), S(".test")));
    assert_true(str_iends(S("a.TEST"), S(".test")));
    assert_false(str_iends(S("test"), S(".test")));
}

static const struct {
    str in, needle;
    size_t exact, folded;
} finds[] = {
    { S_INIT("hello world"), S_INIT("o w"), 4, 4 },
    { S_INIT("hello WORLD"), S_INIT("world"), STR_NPOS, 6 },
    { S_INIT("aaa"), S_INIT("aaaa"), STR_NPOS, STR_NPOS },
    { S_INIT("aaab"), S_INIT("ab"), 2, 2 },
    { S_INIT("a\0b\0c"), S_INIT("\0c"), 3, 3 },
    { S_INIT("ababac"), S_INIT("ABAC"), STR_NPOS, 2 },
    { S_INIT("x"), S_INIT(""), 0, 0 },
};

static void finding(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(finds); i++) {
        assert_int_equal(str_find(finds[i].in, finds[i].needle), finds[i].exact);
        assert_int_equal(str_ifind(finds[i].in, finds[i].needle), finds[i].folded);
    }
    assert_int_equal(str_chr(S("a.b.c"), '.'), 1);
    assert_int_equal(str_rchr(S("a.b.c"), '.'), 3);
    assert_true(str_has(S("a\0b"), '\0'));
    assert_false(str_has(S("ab"), '\0')); /* the literal's own end does not count */
}

/* All haystacks and needles over two letters, against the obvious search. */
static void folded_finding_agrees_with_the_obvious_way(void **state)
{
    (void)state;
    unsigned random = 1;
    for (int round = 0; round < 50000; round++) {
        char hay[40], needle[12];
        random = random * 1103515245u + 12345u;
        size_t hay_n = random >> 16 & 31, needle_n = random >> 24 & 7;
        for (size_t i = 0; i < hay_n; i++) {
            random = random * 1103515245u + 12345u;
            hay[i] = "abAB"[random >> 20 & 3];
            if (i < needle_n) needle[i] = "abAB"[random >> 24 & 3];
        }
        if (needle_n > hay_n) needle_n = hay_n;
        size_t want = STR_NPOS;
        for (size_t i = 0; i + needle_n <= hay_n && want == STR_NPOS; i++)
            if (str_ieq((str){ hay + i, needle_n }, (str){ needle, needle_n })) want = i;
        assert_int_equal(str_ifind((str){ hay, hay_n }, (str){ needle, needle_n }), want);
    }
}

/* The obvious search needs 10^11 steps for each of these; a linear one is done at once. */
static void finding_is_linear(void **state)
{
    (void)state;
    const size_t n = 1000 * 1000, m = 200 * 1000;
    char *hay = mem_new(n), *needle = mem_new(m);
    for (size_t i = 0; i < n; i++)
        hay[i] = 'a';
    for (size_t i = 0; i < m; i++)
        needle[i] = 'A';
    clock_t start = clock();
    needle[0] = 'b';
    assert_int_equal(str_ifind((str){ hay, n }, (str){ needle, m }), STR_NPOS);
    needle[0] = 'A';
    needle[m / 2] = 'b';
    assert_int_equal(str_ifind((str){ hay, n }, (str){ needle, m }), STR_NPOS);
    needle[m / 2] = 'A';
    needle[m - 1] = 'b';
    assert_int_equal(str_ifind((str){ hay, n }, (str){ needle, m }), STR_NPOS);
    assert_int_equal(str_find((str){ hay, n }, (str){ needle, m }), STR_NPOS);
    assert_true((clock() - start) / CLOCKS_PER_SEC < 5);
    mem_free(hay);
    mem_free(needle);
}

static void cutting(void **state)
{
    (void)state;
    assert_str(str_from(S("abc"), 1), S("bc"));
    assert_str(str_from(S("abc"), SIZE_MAX), S(""));
    assert_str(str_take(S("abc"), SIZE_MAX), S("abc"));
    assert_str(str_sub(S("abc"), 1, 1), S("b"));
    assert_str(str_sub(S("abc"), 2, SIZE_MAX), S("c"));
    assert_str(str_trim(S(" \t\r\n a b \r\n")), S("a b"));
    assert_str(str_trim(S(" \t ")), S(""));
    assert_str(str_chomp(S("a\r\n")), S("a"));
    assert_str(str_chomp(S("a\n")), S("a"));
    assert_str(str_chomp(S("a\r")), S("a\r"));
    assert_str(str_chomp(S("a\n\n")), S("a\n"));
    assert_str(str_chomp(S("\n")), S(""));
    const char *p = "range";
    assert_str(str_range(p + 1, p + 3), S("an"));
}

static void splitting(void **state)
{
    (void)state;
    str rest = S("a,,b,"), part;
    assert_true(str_split(&rest, ',', &part));
    assert_str(part, S("a"));
    assert_true(str_split(&rest, ',', &part));
    assert_str(part, S(""));
    assert_true(str_split(&rest, ',', &part));
    assert_str(part, S("b"));
    assert_false(str_split(&rest, ',', &part));
    rest = S("whole");
    assert_true(str_split(&rest, ',', &part));
    assert_str(part, S("whole"));
    assert_false(str_split(&rest, ',', &part));
}

static const struct {
    str in;
    uint64_t max;
    bool ok;
    uint64_t value;
} numbers[] = {
    { S_INIT("0"), 0, true, 0 },
    { S_INIT("1"), 0, false, 0 },
    { S_INIT("007"), 7, true, 7 },
    { S_INIT("00000000000000000000000000000000000000001"), 1, true, 1 },
    { S_INIT("4294967295"), UINT32_MAX, true, UINT32_MAX },
    { S_INIT("4294967296"), UINT32_MAX, false, 0 },
    { S_INIT("4294967297"), UINT32_MAX, false, 0 },
    { S_INIT("18446744073709551615"), UINT64_MAX, true, UINT64_MAX },
    { S_INIT("18446744073709551616"), UINT64_MAX, false, 0 }, /* 2^64 */
    { S_INIT("18446744073709551617"), UINT64_MAX, false, 0 }, /* 2^64 + 1, not message 1 */
    { S_INIT("36893488147419103233"), UINT64_MAX, false, 0 }, /* 2^65 + 1 */
    { S_INIT("99999999999999999999999999"), UINT64_MAX, false, 0 },
    { S_INIT(""), 9, false, 0 },
    { S_INIT("-1"), 9, false, 0 },
    { S_INIT("+1"), 9, false, 0 },
    { S_INIT(" 1"), 9, false, 0 },
    { S_INIT("1 "), 9, false, 0 },
    { S_INIT("1\0"), 9, false, 0 },
    { S_INIT("0x1"), 9, false, 0 },
};

static void numbers_never_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uint64_t value = 4711;
        assert_int_equal(str_u64(numbers[i].in, numbers[i].max, &value), numbers[i].ok);
        assert_int_equal(value, numbers[i].ok ? numbers[i].value : 4711);
    }
}

static const struct {
    str in;
    bool ok;
    const char *why;
} utf8[] = {
    { S_INIT("plain"), true, "" },
    { S_INIT("gr\xc3\xbc\xc3\x9f"), true, "two bytes" },
    { S_INIT("\xe2\x82\xac"), true, "three bytes" },
    { S_INIT("\xf0\x9f\x98\x80"), true, "four bytes" },
    { S_INIT("\xf4\x8f\xbf\xbf"), true, "U+10FFFF" },
    { S_INIT("\xed\x9f\xbf\xee\x80\x80"), true, "around the surrogates" },
    { S_INIT("\x80"), false, "a continuation alone" },
    { S_INIT("\xc3"), false, "cut" },
    { S_INIT("\xe2\x82"), false, "cut" },
    { S_INIT("\xf0\x9f\x98"), false, "cut" },
    { S_INIT("\xc3\xc3\xbc"), false, "cut by another" },
    { S_INIT("\xc0\x80"), false, "overlong NUL" },
    { S_INIT("\xc1\xbf"), false, "overlong" },
    { S_INIT("\xe0\x9f\xbf"), false, "overlong" },
    { S_INIT("\xf0\x8f\xbf\xbf"), false, "overlong" },
    { S_INIT("\xed\xa0\x80"), false, "surrogate" },
    { S_INIT("\xed\xbf\xbf"), false, "surrogate" },
    { S_INIT("\xf4\x90\x80\x80"), false, "past U+10FFFF" },
    { S_INIT("\xf5\x80\x80\x80"), false, "past U+10FFFF" },
    { S_INIT("\xf8\x88\x80\x80\x80"), false, "five bytes" },
    { S_INIT("\xff"), false, "no such byte" },
};

static void utf8_has_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(utf8); i++)
        if (utf8_valid(utf8[i].in) != utf8[i].ok) fail_msg("row %zu: %s", i, utf8[i].why);
    assert_true(str_is_ascii(S("a\r\n\x7f")));
    assert_false(str_is_ascii(S("a\0")));
    assert_false(str_is_ascii(S("\x80")));
    assert_true(utf8_has_control(S("a\nb")) && utf8_has_control(S("\x7f")));
    assert_true(utf8_has_control(S("\xc2\x80")) && utf8_has_control(S("a\xc2\x9f")));
    assert_false(utf8_has_control(S("a b\xc2\xa0\xc3\x80")) || utf8_has_control(S("")));
}

/* Eight bytes are looked at at once: whatever stands wherever among ASCII, the answer is the same.
 */
static void utf8_among_ascii(void **state)
{
    (void)state;
    for (size_t at = 0; at < 24; at++) {
        for (size_t i = 0; i < COUNT_OF(utf8); i++) {
            struct buf b = buf_make(100);
            buf_fill(&b, 'a', at);
            buf_add(&b, utf8[i].in);
            if (utf8_valid(buf_str(&b)) != utf8[i].ok) fail_msg("%zu, at %zu", i, at);
            buf_fill(&b, 'z', 24 - at);
            if (utf8_valid(buf_str(&b)) != utf8[i].ok) fail_msg("%zu, at %zu, more", i, at);
            buf_free(&b);
        }
    }
}

static void bytes(void **state)
{
    (void)state;
    char to[4] = "xxxx";
    bytes_copy(to, sizeof to, "abcd", 4);
    assert_memory_equal(to, "abcd", 4);
    bytes_copy(to, 0, NULL, 0);
    assert_true(bytes_equal_secret(to, "abcd", 4));
    assert_false(bytes_equal_secret(to, "abce", 4));
    assert_false(bytes_equal_secret(to, "bbcd", 4));
    assert_true(bytes_equal_secret(to, "x", 0));
    bytes_wipe(to, 3);
    assert_memory_equal(to, "\0\0\0d", 4);
    bytes_wipe(NULL, 0);
}

static void classes(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool upper = i >= 0x41 && i <= 0x5a, lower = i >= 0x61 && i <= 0x7a;
        assert_int_equal(ascii_alpha(c), upper || lower);
        assert_int_equal(ascii_digit(c), i >= 0x30 && i <= 0x39);
        assert_int_equal(ascii_ctl(c), i < 32 || i == 127);
        assert_int_equal((unsigned char)ascii_lower(c), upper ? i + 32 : i);
        assert_int_equal((unsigned char)ascii_upper(c), lower ? i - 32 : i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_empty_str_is_fit_for_all),
        cmocka_unit_test(comparing),
        cmocka_unit_test(beginnings_and_ends),
        cmocka_unit_test(finding),
        cmocka_unit_test(folded_finding_agrees_with_the_obvious_way),
        cmocka_unit_test(finding_is_linear),
        cmocka_unit_test(cutting),
        cmocka_unit_test(splitting),
        cmocka_unit_test(numbers_never_wrap),
        cmocka_unit_test(utf8_has_one_form),
        cmocka_unit_test(utf8_among_ascii),
        cmocka_unit_test(bytes),
        cmocka_unit_test(classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
