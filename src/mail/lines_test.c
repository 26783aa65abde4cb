/* lines_test.c - line ends both ways, whole and cut anywhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/lines.h"

static const struct {
    const char *in, *crlf, *lf;
} cases[] = {
    { "a\nb\n", "a\r\nb\r\n", "a\nb\n" },
    { "a\r\nb\r\n", "a\r\nb\r\n", "a\nb\n" },
    { "a\r\nb\n\n", "a\r\nb\r\n\r\n", "a\nb\n\n" },
    { "a\rb\r", "a\rb\r", "a\rb\r" },
    { "\r\r\n\n\r", "\r\r\n\r\n\r", "\r\n\n\r" },
    { "\n", "\r\n", "\n" },
    { "", "", "" },
    { "no end", "no end", "no end" },
};

static void convert(str in, size_t piece, bool to_lf, struct buf *out)
{
    struct lines l = { 0 };
    while (in.n) {
        str part = str_take(in, piece);
        in = str_from(in, part.n);
        if (to_lf)
            lines_to_lf(&l, part, out);
        else
            lines_to_crlf(&l, part, out);
    }
    if (to_lf) lines_to_lf_end(&l, out);
}

static void check(str in, bool to_lf, const char *wanted)
{
    for (size_t piece = 1; piece <= in.n + 1; piece++) {
        struct buf out = buf_make(1000);
        convert(in, piece, to_lf, &out);
        assert_true(str_eq(buf_str(&out), str_of(wanted)));
        buf_free(&out);
    }
}

static void line_ends_are_turned(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(str_of(cases[i].in), false, cases[i].crlf);
        check(str_of(cases[i].in), true, cases[i].lf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(line_ends_are_turned) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
