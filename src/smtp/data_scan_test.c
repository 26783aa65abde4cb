/* data_scan_test.c - where DATA ends: every variant of its end, cut at every place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "smtp/data_scan_int.h"

static void gather(void *arg, str run)
{
    buf_add(arg, run);
}

/* What came after DATA; what the message is; what is left for the next command; what was found.
 * "-" as the message: it does not end, or what it holds is no matter since it is refused. */
static const struct {
    str in;
    str message;
    str rest;
    unsigned found;
    bool ends;
} cases[] = {
    /* clang-format off */
    { S_INIT(".\r\n"),                            S_INIT(""),                     S_INIT(""), 0, true },
    { S_INIT("a\r\n.\r\n"),                       S_INIT("a\r\n"),                S_INIT(""), 0, true },
    { S_INIT("a\r\n.\r\nQUIT\r\n"),               S_INIT("a\r\n"),                S_INIT("QUIT\r\n"), 0, true },
    { S_INIT("a\r\n.\r\n.\r\n"),                  S_INIT("a\r\n"),                S_INIT(".\r\n"), 0, true },
    { S_INIT("\r\n.\r\n"),                        S_INIT("\r\n"),                 S_INIT(""), 0, true },
    { S_INIT("..\r\n.\r\n"),                      S_INIT(".\r\n"),                S_INIT(""), 0, true },
    { S_INIT("...\r\n.\r\n"),                     S_INIT("..\r\n"),               S_INIT(""), 0, true },
    { S_INIT(".a\r\n.\r\n"),                      S_INIT("a\r\n"),                S_INIT(""), 0, true },
    { S_INIT("a.\r\n.\r\n"),                      S_INIT("a.\r\n"),               S_INIT(""), 0, true },
    { S_INIT("a\r\n..\r\nb\r\n.\r\n"),            S_INIT("a\r\n.\r\nb\r\n"),      S_INIT(""), 0, true },
    { S_INIT(". \r\n.\r\n"),                      S_INIT(" \r\n"),                S_INIT(""), 0, true },
    { S_INIT(".\t\r\n.\r\n"),                     S_INIT("\t\r\n"),               S_INIT(""), 0, true },
    { S_INIT("\xc3\xa9\r\n.\r\n"),                S_INIT("\xc3\xa9\r\n"),         S_INIT(""), TEXT_8BIT, true },
    { S_INIT("a"),                                S_INIT("-"), S_INIT(""), 0, false },
    { S_INIT("a\r\n."),                           S_INIT("-"), S_INIT(""), 0, false },
    { S_INIT("a\r\n.\r"),                         S_INIT("-"), S_INIT(""), 0, false },
    { S_INIT("a.\r\n"),                           S_INIT("-"), S_INIT(""), 0, false },
    { S_INIT("a\r\n .\r\n"),                      S_INIT("-"), S_INIT(""), 0, false },
    /* the smugglers' ends: none of them is one */
    { S_INIT("a\n.\n"),                           S_INIT("-"), S_INIT(""), TEXT_BARE_LF, false },
    { S_INIT("a\n.\r\n"),                         S_INIT("-"), S_INIT(""), TEXT_BARE_LF, false },
    { S_INIT("a\r\n.\n"),                         S_INIT("-"), S_INIT(""), TEXT_BARE_LF, false },
    { S_INIT("a\r.\r"),                           S_INIT("-"), S_INIT(""), TEXT_BARE_CR, false },
    { S_INIT("a\r.\r\n"),                         S_INIT("-"), S_INIT(""), TEXT_BARE_CR, false },
    { S_INIT("a\r\n.\r\r\n"),                     S_INIT("-"), S_INIT(""), TEXT_BARE_CR, false },
    { S_INIT("a\r\r\n.\r\r\n"),                   S_INIT("-"), S_INIT(""), TEXT_BARE_CR, false },
    { S_INIT("a\r\n.\rb\r\n"),                    S_INIT("-"), S_INIT(""), TEXT_BARE_CR, false },
    { S_INIT("a\r\n\0.\r\n"),                     S_INIT("-"), S_INIT(""), TEXT_NUL, false },
    { S_INIT("a\r\n.\0\r\n"),                     S_INIT("-"), S_INIT(""), TEXT_NUL, false },
    { S_INIT("a\r\0\n.\r\n"),                     S_INIT("-"), S_INIT(""), TEXT_BARE_CR | TEXT_BARE_LF | TEXT_NUL, false },
    { S_INIT("a\n\r.\r\n"),                       S_INIT("-"), S_INIT(""), TEXT_BARE_CR | TEXT_BARE_LF, false },
    { S_INIT("a\n\r\n.\n\r"),                     S_INIT("-"), S_INIT(""), TEXT_BARE_LF, false },
    { S_INIT("a\x0b.\r\n"),                       S_INIT("-"), S_INIT(""), 0, false },
    { S_INIT("a\xc2\x85.\xc2\x85"),               S_INIT("-"), S_INIT(""), TEXT_8BIT, false },
    { S_INIT("a\n.\nMAIL FROM:<>\n\r\n.\r\nX"),   S_INIT("-"), S_INIT("X"), TEXT_BARE_LF, true },
    { S_INIT("a\r.\rMAIL\r\n.\r\nX"),             S_INIT("-"), S_INIT("X"), TEXT_BARE_CR, true },
    { S_INIT("a\r\n.\nMAIL\r\n.\r\nX"),           S_INIT("-"), S_INIT("X"), TEXT_BARE_LF, true },
    { S_INIT("a\n.\r\nMAIL\r\n.\r\nX"),           S_INIT("-"), S_INIT("X"), TEXT_BARE_LF, true },
    { S_INIT("\n.\r\n\r\n.\r\n"),                 S_INIT("-"), S_INIT(""), TEXT_BARE_LF, true },
    /* clang-format on */
};

struct result {
    struct buf message;
    unsigned found;
    bool ends;
    size_t used;
};

/* In two pieces, or byte by byte if cut is past the end. */
static struct result run(str in, size_t cut, bool repair, bool chunk)
{
    struct result r = { .message = buf_make(1 << 20) };
    struct data_scan d = { .repair_lf = repair, .chunk = chunk };
    size_t step = cut > in.n ? 1 : cut;
    while (r.used < in.n && d.place != AT_END) {
        size_t n = step ? step : in.n;
        r.used += data_scan(&d, str_sub(in, r.used, n), gather, &r.message);
        step = cut > in.n ? 1 : in.n;
    }
    r.found = d.found;
    r.ends = d.place == AT_END;
    if (chunk) {
        data_scan_finish(&d, gather, &r.message);
        r.found = d.found;
    }
    return r;
}

static void ends_in_one_way_only(void **state)
{
    (void)state;
    assert_true(COUNT_OF(cases) >= 30);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t cut = 0; cut <= cases[i].in.n + 1; cut++) {
            struct result r = run(cases[i].in, cut, false, false);
            bool same = r.ends == cases[i].ends && r.found == cases[i].found &&
                        (!r.ends || str_eq(str_from(cases[i].in, r.used), cases[i].rest));
            if (!str_eq(cases[i].message, S("-")))
                same = same && str_eq(buf_str(&r.message), cases[i].message);
            if (!same) fail_msg("case %zu cut at %zu: ends %d found %u", i, cut, r.ends, r.found);
            buf_free(&r.message);
        }
    }
}

static const struct {
    str in, message, rest;
} repaired[] = {
    /* clang-format off */
    { S_INIT("a\nb\r\n.\r\nX"),        S_INIT("a\r\nb\r\n"),           S_INIT("X") },
    { S_INIT("a\n.\nb\r\n.\r\nX"),     S_INIT("a\r\n.\r\nb\r\n"),      S_INIT("X") },
    { S_INIT("a\n.\r\nb\r\n.\r\nX"),   S_INIT("a\r\n.\r\nb\r\n"),      S_INIT("X") },
    { S_INIT("a\r\n.\nb\r\n.\r\nX"),   S_INIT("a\r\n\r\nb\r\n"),       S_INIT("X") },
    { S_INIT("\n\n\r\n.\r\n"),         S_INIT("\r\n\r\n\r\n"),         S_INIT("") },
    /* clang-format on */
};

static void repair_never_moves_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(repaired); i++) {
        for (size_t cut = 0; cut <= repaired[i].in.n + 1; cut++) {
            struct result r = run(repaired[i].in, cut, true, false);
            assert_true(r.ends);
            assert_int_equal(r.found & TEXT_FAULTS, 0);
            assert_true(str_eq(buf_str(&r.message), repaired[i].message));
            assert_true(str_eq(str_from(repaired[i].in, r.used), repaired[i].rest));
            buf_free(&r.message);
        }
    }
}

static const struct {
    str in, message;
    unsigned found;
} chunks[] = {
    /* clang-format off */
    { S_INIT(""),                   S_INIT(""),                    0 },
    { S_INIT("a\r\n.\r\nb\r\n"),    S_INIT("a\r\n.\r\nb\r\n"),     0 },
    { S_INIT("..a\r\n"),            S_INIT("..a\r\n"),             0 },
    { S_INIT("a"),                  S_INIT("a\r\n"),               0 },
    { S_INIT("a\r"),                S_INIT("-"),                   TEXT_BARE_CR },
    { S_INIT("a\nb\r\n"),           S_INIT("-"),                   TEXT_BARE_LF },
    { S_INIT("a\0\r\n"),            S_INIT("-"),                   TEXT_NUL },
    /* clang-format on */
};

static void chunks_have_no_dots(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chunks); i++) {
        for (size_t cut = 0; cut <= chunks[i].in.n + 1; cut++) {
            struct result r = run(chunks[i].in, cut, false, true);
            assert_false(r.ends);
            assert_int_equal(r.used, chunks[i].in.n);
            assert_int_equal(r.found, chunks[i].found);
            if (!str_eq(chunks[i].message, S("-")))
                assert_true(str_eq(buf_str(&r.message), chunks[i].message));
            buf_free(&r.message);
        }
    }
}

static void a_line_has_a_limit(void **state)
{
    (void)state;
    struct buf in = buf_make(1 << 20);
    buf_fill(&in, 'a', SMTP_TEXT_LINE_BYTES);
    buf_add(&in, S("\r\n.\r\n"));
    struct result r = run(buf_str(&in), 1000, false, false);
    assert_true(r.ends);
    assert_int_equal(r.found, 0);
    buf_free(&r.message);

    buf_reset(&in);
    buf_fill(&in, 'a', SMTP_TEXT_LINE_BYTES + 1);
    buf_add(&in, S("\r\n.\r\n"));
    r = run(buf_str(&in), 1000, false, false);
    assert_true(r.ends);
    assert_int_equal(r.found, TEXT_LONG_LINE);
    buf_free(&r.message);
    buf_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_in_one_way_only),
        cmocka_unit_test(repair_never_moves_the_end),
        cmocka_unit_test(chunks_have_no_dots),
        cmocka_unit_test(a_line_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
