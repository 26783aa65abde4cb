/* name_test.c - mailbox names: what may be made, and LIST's wildcards. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/name.h"

/* clang-format off */
static const struct { const char *pattern, *name; bool matches; } matches[] = {
    { "*", "", true },            { "*", "a/b/c", true },     { "%", "", true },
    { "%", "abc", true },         { "%", "a/b", false },      { "", "", true },
    { "", "a", false },           { "a", "", false },         { "a%", "a", true },
    { "a%", "ab/c", false },      { "a/%", "a/b", true },     { "a/%", "a/b/c", false },
    { "a/%/c", "a/b/c", true },   { "%/%", "a/b", true },     { "%/%", "a/b/c", false },
    { "*%", "a/b/c", true },      { "%*", "a/b/c", true },    { "*/%", "a/b/c", true },
    { "*c%", "a/bc/d", false },   { "*b%", "a/bc", true },    { "%b%d", "abcd", true },
    { "%b%d", "ab/d", false },    { "*b*d", "ab/d", true },   { "a*b*c", "axxbxxbxxc", true },
    { "a*b*c", "axxbxxbxx", false }, { "%a%a%a%b", "aaaaaaaaaaaaaaaa", false },
    { "**a", "bba", true },       { "INBOX", "INBOX", true }, { "inbox", "INBOX", false },
    { "\xc3\xa9%", "\xc3\xa9t\xc3\xa9", true },
};

static const struct { const char *name; bool refused; } made[] = {
    { "a", false }, { "a/b", false }, { "a b", false }, { "..", false }, { "a.b", false },
    { "", true }, { "/", true }, { "/a", true }, { "a/", true }, { "a//b", true },
    { "a*", true }, { "50%", true },
    { "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32", false },
    { "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/33", true },
};
/* clang-format on */

static void list_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(matches); i++)
        if (imap_name_matches(str_of(matches[i].pattern), str_of(matches[i].name)) !=
            matches[i].matches)
            fail_msg("pattern %s, name %s", matches[i].pattern, matches[i].name);
}

static void refuses_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(made); i++)
        if ((imap_name_refused(str_of(made[i].name)) != NULL) != made[i].refused)
            fail_msg("name %s", made[i].name);
}

static void decodes(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    str name = { 0 };
    assert_int_equal(imap_name_decode(S("Entw&APw-rfe"), NAME_UTF7, &a, &name), OK);
    assert_true(str_eq(name, S("Entw\xc3\xbcrfe")));
    assert_int_equal(imap_name_decode(S("Entw\xc3\xbcrfe & mehr"), NAME_UTF7, &a, &name), OK);
    assert_true(str_eq(name, S("Entw\xc3\xbcrfe & mehr")));
    assert_int_equal(imap_name_decode(S("a & b"), NAME_UTF7, &a, &name), ERR_SYNTAX);
    assert_int_equal(imap_name_decode(S("\xed\xa0\x80"), NAME_UTF7, &a, &name),
                     ERR_SYNTAX); /* a surrogate */
    assert_int_equal(imap_name_decode(S("a & b"), NAME_UTF8, &a, &name), OK);
    assert_true(str_eq(name, S("a & b")));
    assert_int_equal(imap_name_decode(S("&AOk-"), NAME_UTF8, &a, &name), OK);
    assert_true(str_eq(name, S("&AOk-")));
    assert_int_equal(imap_name_decode(S("cafe\xcc\x81"), NAME_UTF8, &a, &name), OK);
    assert_true(str_eq(name, S("caf\xc3\xa9")));
    assert_int_equal(imap_pattern_decode(S("inbox"), NAME_UTF7, &a, &name), OK);
    assert_true(str_eq(name, S("inbox")));
    arena_free(&a);
}

static void knows_what_is_below(void **state)
{
    (void)state;
    assert_true(imap_name_is_below(S("a/b"), S("a")));
    assert_true(imap_name_is_below(S("a/b/c"), S("a")));
    assert_false(imap_name_is_below(S("a"), S("a")));
    assert_false(imap_name_is_below(S("ab/c"), S("a")));
    assert_false(imap_name_is_below(S("a"), S("a/b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_matches),
        cmocka_unit_test(refuses_names),
        cmocka_unit_test(decodes),
        cmocka_unit_test(knows_what_is_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
