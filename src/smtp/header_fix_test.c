/* header_fix_test.c - what changes in a header on its way in, and what does not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "smtp/header_fix_int.h"

#define TOP                                                                                \
    "Return-Path: <a@b.test>\r\nReceived: from x\r\n\tby y with z;\r\n\tThu, 01 Jan 1970 " \
    "00:00:00 "                                                                            \
    "+0000\r\n"
#define DATE "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"

static const struct {
    const char *in, *out;
    bool submission;
} cases[] = {
    /* clang-format off */
    { "A: b\r\n\r\n",                                      TOP "A: b\r\n\r\n", false },
    { "\r\n",                                              TOP "\r\n", false },
    { "",                                                  TOP, false },
    { "A: b",                                              TOP "A: b", false },
    { "Return-Path: <x@y>\r\nA: b\r\n\r\n",                TOP "A: b\r\n\r\n", false },
    { "A: b\r\nreturn-path : <x>\r\n <y>\r\nC: d\r\n\r\n", TOP "A: b\r\nC: d\r\n\r\n", false },
    { "Bcc: x@y\r\nA: b\r\n\r\n",                          TOP "Bcc: x@y\r\nA: b\r\n\r\n", false },
    { " A: b\r\n\r\n",                                     TOP "\r\n A: b\r\n\r\n", false },
    { "\tB\r\n\r\n",                                       TOP "\r\n\tB\r\n\r\n", false },
    { "no field\r\nA: b\r\n\r\n",                          TOP "no field\r\nA: b\r\n\r\n", false },
    { "Message-ID: <i>\r\nDate: d\r\n\r\n",                TOP "Message-ID: <i>\r\nDate: d\r\n\r\n", true },
    { "message-id: <i>\r\n\r\n",                           TOP DATE "message-id: <i>\r\n\r\n", true },
    { "Date: d\r\n\r\n",                                   TOP "Message-ID: <*>\r\nDate: d\r\n\r\n", true },
    { "Message-ID: <i>\r\nDate: d\r\nBCC: a\r\n b\r\nX: y\r\nResent-Bcc: c\r\n\r\n",
                                                           TOP "Message-ID: <i>\r\nDate: d\r\nX: y\r\n\r\n", true },
    { "Message-ID: <i>\r\nDate: d\r\nBcc:\r\nBcc: z",      TOP "Message-ID: <i>\r\nDate: d\r\n", true },
    /* clang-format on */
};

/* '*' in the pattern is any run of bytes without '>'. */
static bool matches(str text, str pattern)
{
    size_t star = str_chr(pattern, '*');
    if (star == STR_NPOS) return str_eq(text, pattern);
    if (!str_starts(text, str_take(pattern, star))) return false;
    text = str_from(text, star);
    size_t end = str_chr(text, '>');
    return end != STR_NPOS && end > 0 && str_eq(str_from(text, end), str_from(pattern, star + 1));
}

static void table(void **state)
{
    (void)state;
    struct received received = { .helo = S("x"), .by = S("y"), .with = S("z") };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct header_fix fix = { .sender = S("a@b.test"),
                                  .received = &received,
                                  .submission = cases[i].submission,
                                  .id_domain = S("id.test") };
        struct buf out = buf_make(1 << 20);
        assert_true(smtp_header_fix(&out, str_of(cases[i].in), &fix));
        if (!matches(buf_str(&out), str_of(cases[i].out)))
            fail_msg("case %zu: %.*s", i, STR_ARG(buf_str(&out)));
        buf_free(&out);
    }
}

/* What is not looked at cannot be hidden: so such a header is refused. */
static void too_many_fields(void **state)
{
    (void)state;
    struct received received = { .helo = S("x"), .by = S("y"), .with = S("z") };
    struct header_fix fix = { .received = &received, .submission = true };
    struct buf in = buf_make(1 << 20), out = buf_make(1 << 20);
    for (int i = 0; i < HEADER_FIELDS; i++)
        buf_add(&in, S("a:b\r\n"));
    buf_add(&in, S("Bcc: secret@b.test\r\n\r\n"));
    assert_false(smtp_header_fix(&out, buf_str(&in), &fix));
    buf_free(&in);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(too_many_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
