/* address_test.c - the address parser against the grammar, its writer, and the comparing forms. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/address.h"

/* clang-format off */
static const struct {
    const char *in;
    unsigned allow;
    bool ok;
    const char *local, *domain; /* decoded */
    const char *written;        /* NULL: as it came */
} mailboxes[] = {
    { "bob@b.test", 0, true, "bob", "b.test", NULL },
    { "BoB+tag@B.Test", 0, true, "BoB+tag", "B.Test", NULL },
    { "a!b%c@b.test", 0, true, "a!b%c", "b.test", NULL },
    { "first.last@b.test", 0, true, "first.last", "b.test", NULL },
    { "\"first last\"@b.test", 0, true, "first last", "b.test", NULL },
    { "\"plain\"@b.test", 0, true, "plain", "b.test", "plain@b.test" },
    { "\"a\\\"b\\\\c\"@b.test", 0, true, "a\"b\\c", "b.test", NULL },
    { "\"a@b\"@b.test", 0, true, "a@b", "b.test", NULL },
    { "\"..\"@b.test", 0, true, "..", "b.test", NULL },
    { "a@[192.0.2.1]", 0, true, "a", "[192.0.2.1]", NULL },
    { "a@[IPv6:2001:db8::1]", 0, true, "a", "[IPv6:2001:db8::1]", NULL },
    { "a@[IPv6:::ffff:192.0.2.1]", 0, true, "a", "[IPv6:::ffff:192.0.2.1]", NULL },
    { "a@[IPv6:1:2:3:4:5:6:7:8]", 0, true, "a", "[IPv6:1:2:3:4:5:6:7:8]", NULL },
    { "j\xc3\xb6rg@b\xc3\xbc.test", ADDRESS_UTF8, true, "j\xc3\xb6rg", "b\xc3\xbc.test", NULL },
    { "postmaster", ADDRESS_POSTMASTER, true, "postmaster", "", NULL },
    { "localhost@localhost", 0, true, "localhost", "localhost", NULL },

    { "\xc2\x9b" "2J@b.test", ADDRESS_UTF8, false, "", "", "a control of eight bits" },
    { "j@b\xc2\x85.test", ADDRESS_UTF8, false, "", "", "the same in a domain" },
    { "j\xc3\xb6rg@b.test", 0, false, "", "", NULL },
    { "j\xff@b.test", ADDRESS_UTF8, false, "", "", NULL },
    { "j@b\xff.test", ADDRESS_UTF8, false, "", "", NULL },
    { "postmaster", 0, false, "", "", NULL },
    { "root", ADDRESS_POSTMASTER, false, "", "", NULL },
    { "", ADDRESS_NULL, false, "", "", NULL },
    { "@b.test", 0, false, "", "", NULL },
    { "\"\"@b.test", 0, false, "", "", NULL },
    { "a@", 0, false, "", "", NULL },
    { "a@b..test", 0, false, "", "", NULL },
    { "a@.b.test", 0, false, "", "", NULL },
    { "a@b.test.", 0, false, "", "", NULL },
    { "a@-b.test", 0, false, "", "", NULL },
    { "a@b-.test", 0, false, "", "", NULL },
    { "a@b_c.test", 0, false, "", "", NULL },
    { ".a@b.test", 0, false, "", "", NULL },
    { "a.@b.test", 0, false, "", "", NULL },
    { "a..b@b.test", 0, false, "", "", NULL },
    { "a b@b.test", 0, false, "", "", NULL },
    { "a@b.test ", 0, false, "", "", NULL },
    { "a@b.test\r\n", 0, false, "", "", NULL },
    { "a\n@b.test", 0, false, "", "", NULL },
    { "\"a\nb\"@b.test", 0, false, "", "", NULL },
    { "\"a\\", 0, false, "", "", NULL },
    { "\"ab@b.test", 0, false, "", "", NULL },
    { "\"a\"b@b.test", 0, false, "", "", NULL },
    { "a@b@c.test", 0, false, "", "", NULL },
    { "<a@b.test>", 0, false, "", "", NULL },
    { "a@[192.0.2.256]", 0, false, "", "", NULL },
    { "a@[192.0.2]", 0, false, "", "", NULL },
    { "a@[192.0.2.1.]", 0, false, "", "", NULL },
    { "a@[192.0.02.1]", 0, false, "", "", NULL },
    { "a@[IPv6:1:2:3:4:5:6:7]", 0, false, "", "", NULL },
    { "a@[IPv6:1::2::3]", 0, false, "", "", NULL },
    { "a@[IPv6::1]", 0, false, "", "", NULL },
    { "a@[IPv6:1:2:3:4:5:6:7:8:9]", 0, false, "", "", NULL },
    { "a@[IPv6:12345::]", 0, false, "", "", NULL },
    { "a@[x y]", 0, false, "", "", NULL },
    { "a@[]", 0, false, "", "", NULL },
    { "a@[192.0.2.1", 0, false, "", "", NULL },
};
/* clang-format on */

static void mailboxes_follow_the_grammar(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    for (size_t i = 0; i < COUNT_OF(mailboxes); i++) {
        struct address got = { S("untouched"), S("") };
        str in = str_of(mailboxes[i].in);
        if (address_parse(&a, in, mailboxes[i].allow, &got) != mailboxes[i].ok)
            fail_msg("%s", mailboxes[i].in);
        if (!mailboxes[i].ok) {
            assert_true(str_eq(got.local, S("untouched")));
            continue;
        }
        assert_true(str_eq(got.local, str_of(mailboxes[i].local)));
        assert_true(str_eq(got.domain, str_of(mailboxes[i].domain)));
        str want = mailboxes[i].written ? str_of(mailboxes[i].written) : in;
        assert_true(str_eq(address_text(&a, got), want));
    }
    arena_free(&a);
}

/* clang-format off */
static const struct { const char *in; unsigned allow; bool ok; const char *text, *rest; } paths[] = {
    { "<a@b.test> SIZE=1", 0, true, "a@b.test", " SIZE=1" },
    { "<>", ADDRESS_NULL, true, "", "" },
    { "<> BODY=8BITMIME", ADDRESS_NULL, true, "", " BODY=8BITMIME" },
    { "<>", 0, false, "", "" },
    { "<Postmaster>", ADDRESS_POSTMASTER, true, "Postmaster", "" },
    { "<@x.test,@y.test:a@b.test>", 0, true, "a@b.test", "" },
    { "<@x.test:a@b.test>x", 0, true, "a@b.test", "x" },
    { "<@x.test,a@b.test>", 0, false, "", "" },
    { "<@x.test:>", ADDRESS_NULL, false, "", "" },
    { "<@:a@b.test>", 0, false, "", "" },
    { "<a@b.test", 0, false, "", "" },
    { "a@b.test", 0, false, "", "" },
    { "< a@b.test>", 0, false, "", "" },
    { "<a@b.test >", 0, false, "", "" },
    { "<\"a>b\"@b.test>", 0, true, "\"a>b\"@b.test", "" },
    { "", ADDRESS_NULL, false, "", "" },
    { "<", ADDRESS_NULL, false, "", "" },
};
/* clang-format on */

static void paths_follow_the_grammar(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct scan s = scan_make(str_of(paths[i].in));
        struct address got = { S("untouched"), S("") };
        address_path(&s, &a, paths[i].allow, &got);
        if (s.bad == paths[i].ok) fail_msg("%s", paths[i].in);
        if (s.bad) {
            assert_true(str_eq(got.local, S("untouched")));
            continue;
        }
        assert_true(str_eq(address_text(&a, got), str_of(paths[i].text)));
        assert_true(str_eq(scan_rest(&s), str_of(paths[i].rest)));
    }
    arena_free(&a);
}

static str repeat(struct arena *a, char c, size_t n)
{
    char *p = arena_alloc(a, n);
    for (size_t i = 0; i < n; i++)
        p[i] = c;
    return (str){ p, n };
}

static bool parses(struct arena *a, size_t local, size_t labels, size_t label)
{
    struct buf b = buf_make(4096);
    buf_add(&b, repeat(a, 'l', local));
    for (size_t i = 0; i < labels; i++) {
        buf_addc(&b, i ? '.' : '@');
        buf_add(&b, repeat(a, 'd', label));
    }
    struct address out;
    bool ok = address_parse(a, buf_str(&b), 0, &out);
    buf_free(&b);
    return ok;
}

static void sizes_are_limited(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    assert_true(parses(&a, 64, 1, 63));
    assert_false(parses(&a, 65, 1, 63));
    assert_false(parses(&a, 1, 1, 64));
    assert_true(parses(&a, 62, 3, 63));  /* 62 + 1 + 191 = 254 */
    assert_false(parses(&a, 63, 3, 63)); /* 255 */
    assert_false(parses(&a, 1, 64, 3));  /* domain of 255 */
    arena_free(&a);
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    struct address out;
    assert_false(address_parse(&a, S("a\0b@b.test"), 0, &out));
    assert_false(address_parse(&a, S("\"a\0b\"@b.test"), 0, &out));
    assert_false(address_parse(&a, S("a@b\0.test"), 0, &out));
    assert_false(address_parse(&a, S("a@b.test\0"), 0, &out));
    arena_free(&a);
}

static void folding_makes_equal(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    struct address out;
    assert_true(address_fold(&a, (struct address){ S("BoB"), S("B.TEST.") }, &out));
    assert_true(str_eq(out.local, S("bob")));
    assert_true(str_eq(out.domain, S("b.test")));
    /* U+00D6 and O with a combining diaeresis are one letter. */
    struct address composed, apart;
    assert_true(address_fold(&a, (struct address){ S("J\xc3\x96RG"), S("b.test") }, &composed));
    assert_true(address_fold(&a, (struct address){ S("jo\xcc\x88rg"), S("b.test") }, &apart));
    assert_true(str_eq(composed.local, apart.local));
    assert_true(address_fold(&a, (struct address){ S("a"), S("B\xc3\x9c.test") }, &out));
    assert_true(str_eq(out.domain, S("xn--b-xga.test")) || str_starts(out.domain, S("xn--")));
    assert_false(address_fold(&a, (struct address){ S("\xff"), S("b.test") }, &out));
    arena_free(&a);
}

static void domains_become_a_labels(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    str out;
    assert_true(address_domain_ascii(&a, S("M\xc3\xbcnchen.DE."), &out));
    assert_true(str_eq(out, S("xn--mnchen-3ya.de")));
    assert_true(address_domain_ascii(&a, S("[IPv6:2001:DB8::1]"), &out));
    assert_true(str_eq(out, S("[ipv6:2001:db8::1]")));
    assert_false(address_domain_ascii(&a, S("a b.test"), &out));
    assert_false(address_domain_ascii(&a, S(""), &out));
    assert_false(address_domain_ascii(&a, S("."), &out));
    assert_false(address_domain_ascii(&a, S("\xe2\x80\xa8.test"), &out)); /* a line separator */
    arena_free(&a);
}

static void xtext_is_validated_again(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    str type, text;
    assert_true(address_orcpt(&a, S("rfc822;bob+2Btag@b.test"), 0, &type, &text));
    assert_true(str_eq(type, S("rfc822")));
    assert_true(str_eq(text, S("bob+tag@b.test")));
    assert_false(address_orcpt(&a, S("rfc822;bob+0D+0ARCPT"), 0, &type, &text));
    assert_false(address_orcpt(&a, S("rfc822;bob+00"), 0, &type, &text));
    assert_false(address_orcpt(&a, S("rfc822;"), 0, &type, &text));
    /* RFC 6533 3 */
    static const char *const same[] = { "utf-8;j\\x{F6}rg\\x{2B}x@b.test",
                                        "UTF-8;j+C3+B6rg+2Bx@b.test",
                                        "utf-8;j\xc3\xb6rg\\x{2b}x@b.test" };
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        assert_true(address_orcpt(&a, str_of(same[i]), ADDRESS_UTF8, &type, &text));
        assert_true(str_eq(text, S("j\xc3\xb6rg+x@b.test")));
    }
    assert_true(address_orcpt(&a, S("utf-8;\\x{1F600}"), 0, &type, &text));
    assert_true(str_eq(text, S("\xf0\x9f\x98\x80")));
    static const char *const bad[] = { "utf-8;\\x{A}", "utf-8;\\x{D800}", "utf-8;\\x{110000}",
                                       "utf-8;a b",    "utf-8;a=b",       "utf-8;\\x{7F}",
                                       "utf-8;+0A",    "utf-8;+4" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(address_orcpt(&a, str_of(bad[i]), ADDRESS_UTF8, &type, &text));
    assert_false(address_orcpt(&a, S("utf-8;\xc3\xb6"), 0, &type, &text));
    assert_false(address_orcpt(&a, S(";bob"), 0, &type, &text));
    assert_false(address_orcpt(&a, S("rfc822"), 0, &type, &text));
    assert_false(address_orcpt(&a, S("r c;bob"), 0, &type, &text));
    assert_true(address_xtext(&a, S("QQ314159"), 0, 100, &text));
    assert_false(address_xtext(&a, S("QQ314159"), 0, 7, &text));
    assert_false(address_xtext(&a, S("a+0A"), 0, 100, &text));
    assert_false(address_xtext(&a, S("a+FF"), ADDRESS_UTF8, 100, &text));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mailboxes_follow_the_grammar),
        cmocka_unit_test(paths_follow_the_grammar),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(folding_makes_equal),
        cmocka_unit_test(domains_become_a_labels),
        cmocka_unit_test(xtext_is_validated_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
