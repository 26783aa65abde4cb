/* scan_test.c - the cursor: what each primitive takes, and that the first error stays. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/scan.h"

static void assert_str(str got, str want)
{
    assert_int_equal(got.n, want.n);
    if (want.n) assert_memory_equal(got.p, want.p, want.n);
}

static void a_rule_reads_as_a_list(void **state)
{
    (void)state;
    const struct byteset letters = byteset_of(S("abcdefghijklmnopqrstuvwxyz"));
    struct scan s = scan_make(S("size  limit=42;rest of it"));
    assert_str(scan_while1(&s, &letters), S("size"));
    scan_skip_wsp(&s);
    scan_want_lit(&s, S("LIMIT"));
    assert_true(scan_try(&s, '='));
    assert_false(scan_try(&s, '='));
    assert_int_equal(scan_u64(&s, 100), 42);
    assert_int_equal(scan_peek(&s), ';');
    scan_want(&s, ';');
    assert_str(scan_until(&s, ' '), S("rest"));
    assert_str(scan_n(&s, 3), S(" of"));
    assert_str(scan_rest(&s), S(" it"));
    assert_false(scan_end(&s));
    assert_true(scan_try_lit(&s, S(" IT")));
    assert_true(scan_end(&s));
    scan_want_end(&s);
    assert_false(s.bad);
}

static void the_first_error_stays(void **state)
{
    (void)state;
    const struct byteset all = byteset_except(S(""));
    struct scan s = scan_make(S("abc123"));
    scan_want(&s, 'x');
    assert_true(s.bad);
    assert_true(scan_end(&s));
    assert_int_equal(scan_peek(&s), 0);
    assert_false(scan_try(&s, 'a'));
    assert_false(scan_try_lit(&s, S("abc")));
    assert_false(scan_try_lit(&s, S("")));
    assert_str(scan_while(&s, &all), S(""));
    assert_str(scan_n(&s, 1), S(""));
    assert_str(scan_n(&s, 0), S(""));
    assert_str(scan_until(&s, 'c'), S(""));
    assert_str(scan_rest(&s), S(""));
    assert_int_equal(scan_u64(&s, 9), 0);
    scan_skip_wsp(&s);
    scan_want_end(&s);
    assert_int_equal(s.at, 0);
    assert_true(s.bad);
}

static void a_nul_is_a_byte_and_the_end_is_none(void **state)
{
    (void)state;
    struct scan s = scan_make(S("\0x"));
    assert_false(scan_end(&s));
    assert_true(scan_try(&s, '\0'));
    assert_true(scan_try(&s, 'x'));
    assert_false(scan_try(&s, '\0'));
    scan_want(&s, '\0');
    assert_true(s.bad);
}

enum rule { WANT_A, WANT_LIT, WANT_END, WHILE1_A, UNTIL_A, N_3, N_HUGE, NUMBER, FAIL };
static const struct {
    str in;
    size_t at; /* after the rule */
    enum rule rule;
    bool bad;
} rules[] = {
    { S_INIT("a"), 1, WANT_A, false },
    { S_INIT("A"), 0, WANT_A, true },
    { S_INIT(""), 0, WANT_A, true },
    { S_INIT("okay"), 2, WANT_LIT, false },
    { S_INIT("O"), 0, WANT_LIT, true },
    { S_INIT(""), 0, WANT_END, false },
    { S_INIT("\0"), 0, WANT_END, true },
    { S_INIT("aab"), 2, WHILE1_A, false },
    { S_INIT("b"), 0, WHILE1_A, true },
    { S_INIT("xya"), 2, UNTIL_A, false },
    { S_INIT("a"), 0, UNTIL_A, false },
    { S_INIT("xyz"), 0, UNTIL_A, true },
    { S_INIT("xyz"), 3, N_3, false },
    { S_INIT("xy"), 0, N_3, true },
    { S_INIT("xy"), 0, N_HUGE, true },
    { S_INIT("0"), 1, NUMBER, false },
    { S_INIT("000012x"), 6, NUMBER, false },
    { S_INIT("4294967295"), 10, NUMBER, false },
    { S_INIT("4294967296"), 0, NUMBER, true },
    { S_INIT("18446744073709551617"), 0, NUMBER, true }, /* 2^64 + 1 */
    { S_INIT("-1"), 0, NUMBER, true },
    { S_INIT("+1"), 0, NUMBER, true },
    { S_INIT(""), 0, NUMBER, true },
    { S_INIT("x"), 0, FAIL, true },
};

static void apply(struct scan *s, enum rule rule)
{
    const struct byteset a = byteset_of(S("a"));
    switch (rule) {
    case WANT_A: scan_want(s, 'a'); break;
    case WANT_LIT: scan_want_lit(s, S("Ok")); break;
    case WANT_END: scan_want_end(s); break;
    case WHILE1_A: scan_while1(s, &a); break;
    case UNTIL_A: scan_until(s, 'a'); break;
    case N_3: scan_n(s, 3); break;
    case N_HUGE: scan_n(s, SIZE_MAX); break;
    case NUMBER: scan_u64(s, UINT32_MAX); break;
    case FAIL: scan_fail(s); break;
    }
}

static void each_primitive(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct scan s = scan_make(rules[i].in);
        apply(&s, rules[i].rule);
        if (s.bad != rules[i].bad || s.at != rules[i].at) fail_msg("row %zu", i);
    }
}

static void bytesets_cover_all_256(void **state)
{
    (void)state;
    const struct byteset some = byteset_of(S("a\0\xff ")), others = byteset_except(S("a\0\xff "));
    for (int i = 0; i < 256; i++) {
        bool in = i == 'a' || i == 0 || i == 255 || i == ' ';
        assert_int_equal(byteset_has(&some, (char)i), in);
        assert_int_equal(byteset_has(&others, (char)i), !in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_reads_as_a_list),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(a_nul_is_a_byte_and_the_end_is_none),
        cmocka_unit_test(each_primitive),
        cmocka_unit_test(bytesets_cover_all_256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
