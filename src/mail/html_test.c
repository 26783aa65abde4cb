/* html_test.c - what is to be seen of HTML, however it is cut. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/html.h"

/* clang-format off */
static const struct { const char *in, *out; } cases[] = {
    { "plain", "plain" },
    { "<p>one</p><p>two</p>", " one  two " },
    { "wo<b>r</b>d", "word" },
    { "a<br>b", "a b" },
    { "<A HREF='x>y'>link</A>", "link" },
    { "<td title=\"a>b\">c</td>", " c " },
    { "<td title=a\"b>c", " c" },                       /* a quotation mark not behind = */
    { "a<!-- no > no -->b", "ab" },
    { "a<!-->b", "ab" },
    { "a<!doctype html>b", "a b" },
    { "<style>p { x: '</p>' }</style>b", "  b" },
    { "<SCRIPT>if (a<b) </scrip></script >b", "  b" },
    { "<script>no end", " " },
    { "<title>t</title>b", "  b" },
    { "1 < 2 & 3 > 2", "1 < 2 & 3 > 2" },
    { "a<<b>c", "a<c" },
    { "&lt;b&gt;&amp;lt;", "<b>&lt;" },
    { "caf&eacute; &Eacute; &yuml;", "caf\xc3\xa9 \xc3\x89 \xc3\xbf" },
    { "&#8212;&#x2014;&#X2014", "\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94" },
    { "&#146;", "\xe2\x80\x99" },
    { "&#0;&#xd800;&#1114112;&nosuch;&", "&#0;&#xd800;&#1114112;&nosuch;&" },
    { "&amp", "&amp" },
    { "a&verylongnamethatisnone;b", "a&verylongnamethatisnone;b" },
    { "a<", "a<" },
    { "</p", "" },
    { "a</>b", "ab" },
    { "<p", "" },
    { "", "" },
};
/* clang-format on */

static void shows(str in, size_t step, const char *out)
{
    struct html h = { 0 };
    struct buf b = buf_make(10000);
    for (size_t at = 0; at < in.n; at += step)
        html_feed(&h, str_sub(in, at, step), &b);
    html_end(&h, &b);
    if (!str_eq(buf_str(&b), str_of(out)))
        fail_msg("%.*s by %zu: %.*s", STR_ARG(in), step, STR_ARG(buf_str(&b)));
    buf_free(&b);
}

static void what_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        shows(str_of(cases[i].in), 1000, cases[i].out);
        shows(str_of(cases[i].in), 1, cases[i].out);
        shows(str_of(cases[i].in), 3, cases[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
