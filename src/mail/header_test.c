/* header_test.c - header blocks and structured values, in good order and in none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/header.h"

static struct arena a;

static int begin(void **state)
{
    (void)state;
    a = arena_make(64 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&a);
    return 0;
}

static const char block[] = "From bob Sat Jan  3 01:05:34 1996\r\n"
                            "Received: one\r\n"
                            "Subject : folded\r\n"
                            "\tsubject \r\n"
                            "no field at all\r\n"
                            " and its continuation\r\n"
                            "X y: bad name\r\n"
                            ": no name\r\n"
                            "received:two\n"
                            "Empty:\r\n"
                            "\r\n"
                            "Received: in the body\r\n";

static void fields_are_walked(void **state)
{
    (void)state;
    static const char *const want[] = { "Received", "Subject", "received", "Empty" };
    struct header_field f;
    size_t n = 0;
    for (struct header_iter it = header_iter(str_of(block)); header_next(&it, &f); n++) {
        assert_true(n < COUNT_OF(want) && str_eq(f.name, str_of(want[n])));
        assert_true(str_starts(str_from(str_of(block), f.at), f.name));
    }
    assert_int_equal(n, 4);
    assert_int_equal(header_count(str_of(block), S("RECEIVED")), 2);
    assert_true(header_find_last(str_of(block), S("Received"), &f));
    assert_true(str_eq(f.value, S("two")));
    assert_true(str_eq(header_value(&a, str_of(block), S("subject")), S("folded\tsubject")));
    assert_false(header_find(str_of(block), S("X"), &f));
    assert_int_equal(header_block_size(str_of(block)),
                     str_find(str_of(block), S("Received: in the")));
    assert_int_equal(header_block_size(S("")), 0);
    assert_int_equal(header_block_size(S("A: b")), 4);
    assert_int_equal(header_block_size(S("\r\nbody")), 2);
}

static void a_hundred_thousand_fields_end(void **state)
{
    (void)state;
    struct buf b = buf_make(4 << 20);
    for (int i = 0; i < 100000; i++)
        buf_addf(&b, "X-%d: y\r\n", i);
    struct header_field f;
    size_t n = 0;
    for (struct header_iter it = header_iter(buf_str(&b)); header_next(&it, &f);)
        n++;
    assert_int_equal(n, HEADER_FIELDS);
    buf_free(&b);
}

static void selections_keep_bytes(void **state)
{
    (void)state;
    str names[] = { S("SUBJECT"), S("empty") };
    struct buf b = buf_make(1000);
    header_select(&b, str_of(block), names, 2, false);
    assert_true(str_eq(buf_str(&b), S("Subject : folded\r\n\tsubject \r\nEmpty:\r\n\r\n")));
    buf_reset(&b);
    header_select(&b, str_of(block), names, 2, true);
    assert_true(str_eq(buf_str(&b), S("Received: one\r\nreceived:two\n\r\n")));
    buf_reset(&b);
    header_select(&b, S("Subject: cut off"), names, 1, false);
    assert_true(str_eq(buf_str(&b), S("Subject: cut off\r\n\r\n")));
    buf_free(&b);
}

static void fields_cannot_be_injected(void **state)
{
    (void)state;
    struct buf b = buf_make(100000);
    assert_false(header_write(&b, S("Subject"), S("a\r\nBcc: b")));
    assert_false(header_write(&b, S("Subject"), S("a\nb")));
    assert_false(header_write(&b, S("Subject"), S("a\rb")));
    assert_false(header_write(&b, S("Subject"), S("a\0b")));
    assert_false(header_write(&b, S("Sub:ject"), S("a")));
    assert_false(header_write(&b, S("Sub ject"), S("a")));
    assert_false(header_write(&b, S(""), S("a")));
    char long_word[1200];
    for (size_t i = 0; i < sizeof(long_word); i++)
        long_word[i] = 'x';
    assert_false(header_write(&b, S("Subject"), (str){ long_word, sizeof(long_word) }));
    assert_int_equal(b.n, 0);
    assert_true(header_write(&b, S("Subject"), (str){ long_word, 997 }));
    buf_reset(&b);
    assert_true(header_write(&b, S("Subject"), S("")));
    assert_true(header_write(&b, S("To"), S("bob@b.test")));
    assert_true(str_eq(buf_str(&b), S("Subject: \r\nTo: bob@b.test\r\n")));
    buf_free(&b);
}

static void long_values_are_folded(void **state)
{
    (void)state;
    struct buf value = buf_make(10000), b = buf_make(20000);
    for (int i = 0; i < 300; i++)
        buf_addf(&value, "%sword%d", i ? "  " : "", i);
    assert_true(header_write(&b, S("Subject"), buf_str(&value)));
    str rest = buf_str(&b), line;
    while (str_split(&rest, '\n', &line))
        assert_true(line.n <= 79 && str_trim(line).n > 0);
    struct header_field f;
    assert_true(header_find(buf_str(&b), S("Subject"), &f));
    assert_true(str_eq(header_unfold(&a, f.value), buf_str(&value)));
    buf_free(&value);
    buf_free(&b);
}

/* --- addresses -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct { const char *in, *want; } lists[] = { /* name|local|domain; {group} { } */
    { "bob@b.test", "|bob|b.test" },
    { "Bob <bob@b.test>", "Bob|bob|b.test" },
    { "\"Bob, B. \\\"x\\\"\" <bob@b.test>, a@a.test", "Bob, B. \"x\"|bob|b.test,|a|a.test" },
    { "John Q. Public <j@x.test>", "John Q. Public|j|x.test" },
    { "bob@b.test (Bob B.)", "Bob B.|bob|b.test" },
    { "(a (nested (c)) comment) bob @ b . test (Bob)", "Bob|bob|b.test" },
    { "A Group:Ed <e@x.test>,joe@w.test;", "{A Group},Ed|e|x.test,|joe|w.test,{}" }, /* A.1.3 */
    { "Undisclosed recipients:;", "{Undisclosed recipients},{}" },
    { "a:b@x.test;, c@y.test", "{a},|b|x.test,{},|c|y.test" },
    { "a:b@x.test", "{a},|b|x.test,{}" },
    { "a:b:c@x.test;", "{a},|c|x.test,{}" },
    { "<@r.test,@s.test:bob@b.test>", "|bob|b.test" },
    { "Bob <@r.test:bob@b.test>", "Bob|bob|b.test" },
    { "\"quoted local\"@b.test", "|quoted local|b.test" },
    { "\"a\".b@b.test", "|a.b|b.test" },
    { "Bob <\"b o\"@b.test>", "Bob|b o|b.test" },
    { "bob@[192.0.2.1]", "|bob|[192.0.2.1]" },
    { "root", "|root|" },
    { "Bob Builder", "Bob Builder||" },
    { ",, ,a@b.test,,", "|a|b.test" },
    { "Bob <bob@b.test", "Bob|bob|b.test" },
    { "Bob <bob@b.test, c@d.test", "Bob|bob|b.test,|c|d.test" },
    { "Bob <>", "Bob||" },
    { "=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_X?= <j@x.test>", "=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_X?=|j|x.test" },
    { "J\xc3\xb6rg <j@x.test>", "J\xc3\xb6rg|j|x.test" },
    { "Bob\r\n Builder\r\n\t<bob@b.test>", "Bob Builder|bob|b.test" },
    { "\"unterminated", "|unterminated|" },
    { "((((", "" },
    { "", "" },
    { ">>>)))", "" },
    { "<bob@b.test> (Bob)", "Bob|bob|b.test" },
};
/* clang-format on */

static str shown(const struct header_address *list, size_t n)
{
    struct buf b = buf_make(100000);
    for (size_t i = 0; i < n; i++) {
        if (i) buf_addc(&b, ',');
        if (list[i].kind == HEADER_MAILBOX)
            buf_addf(&b, "%.*s|%.*s|%.*s", STR_ARG(list[i].name), STR_ARG(list[i].local),
                     STR_ARG(list[i].domain));
        else
            buf_addf(&b, "{%.*s}", STR_ARG(list[i].name));
    }
    str text = arena_copy(&a, buf_str(&b));
    buf_free(&b);
    return text;
}

static void address_lists_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct header_address *list;
        size_t n = header_addresses(&a, str_of(lists[i].in), &list);
        str got = shown(list, n);
        if (!str_eq(got, str_of(lists[i].want))) fail_msg("%s: %.*s", lists[i].in, STR_ARG(got));
    }
}

static void address_lists_are_capped(void **state)
{
    (void)state;
    struct buf b = buf_make(4 << 20);
    for (int i = 0; i < 100000; i++)
        buf_add(&b, S("g:a@b.test;,"));
    struct header_address *list;
    size_t n = header_addresses(&a, buf_str(&b), &list);
    assert_true(n <= ENVELOPE_ADDRESSES && n >= ENVELOPE_ADDRESSES - 2);
    int open = 0;
    for (size_t i = 0; i < n; i++) {
        open += list[i].kind == HEADER_GROUP;
        open -= list[i].kind == HEADER_GROUP_END;
        assert_true(open == 0 || open == 1);
    }
    assert_int_equal(open, 0);
    buf_reset(&b);
    buf_fill(&b, '(', 1 << 20);
    assert_int_equal(header_addresses(&a, buf_str(&b), &list), 0);
    buf_reset(&b);
    buf_fill(&b, '<', 1 << 20);
    assert_true(header_addresses(&a, buf_str(&b), &list) <= ENVELOPE_ADDRESSES);
    buf_free(&b);
}

static void msgids_are_found(void **state)
{
    (void)state;
    str rest = S("junk <a@b> <c\r\n d@e>\t<f <g@h>> <> <unterminated"), id;
    assert_true(header_msgid_next(&a, &rest, &id) && str_eq(id, S("a@b")));
    assert_true(header_msgid_next(&a, &rest, &id) && str_eq(id, S("cd@e")));
    assert_true(header_msgid_next(&a, &rest, &id) && str_eq(id, S("g@h")));
    assert_false(header_msgid_next(&a, &rest, &id));
    assert_false(header_msgid_next(&a, &rest, &id));
}

/* --- parameters ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct { const char *in, *head, *want; } params[] = { /* name=value; name*=value */
    { "text/plain", "text/plain", "" },
    { "text/plain; charset=utf-8", "text/plain", "charset=utf-8;" },
    { "text/plain; charset=us-ascii (Plain text)", "text/plain", "charset=us-ascii;" },
    { " Text/Plain (c) ; CHARSET = \"us-ascii\" ;x=y;", "Text/Plain", "charset=us-ascii;x=y;" },
    { "a; b=\"c;d\\\"e\"; f=g", "a", "b=c;d\"e;f=g;" },
    { "a; name=my file.pdf; c=d", "a", "name=my file.pdf;c=d;" },
    { "a; =b; c; d=; e=f", "a", "d=;e=f;" },
    { "a; b=\"unterminated; c=d", "a", "b=unterminated; c=d;" },
    { "m/e; URL*0=\"ftp://\"; URL*1=\"cs.test\"", "m/e", "url=ftp://cs.test;" }, /* RFC 2231 3 */
    { "a; t*=us-ascii'en-us'This%20is", "a", "t*=us-ascii'en-us'This%20is;" },     /* 4 */
    { "a; t*0*=us-ascii'en'This%20; t*1*=a%2A; t*2=\"b%c\"", "a", "t*=us-ascii'en'This%20a%2Ab%25c;" },
    { "a; t*0=it's; t*1*=%41", "a", "t*=''it's%41;" },
    { "a; t*1=two; t*0=one; t*3=lost", "a", "t=onetwo;" },
    { "a; t*0=a; u=b; t*1=c", "a", "t=ac;u=b;" },
    { "a; t=plain; t*=utf-8''x", "a", "t=plain;t*=utf-8''x;" },
    { "a; t*99999999999999999999=x", "a", "t*99999999999999999999=x;" },
    { ";;;", "", "" },
    { "", "", "" },
};
/* clang-format on */

static void parameters_are_understood(void **state)
{
    (void)state;
    struct buf b = buf_make(10000);
    for (size_t i = 0; i < COUNT_OF(params); i++) {
        str head;
        struct header_param *p;
        size_t n = header_params(&a, str_of(params[i].in), &head, &p);
        buf_reset(&b);
        for (size_t k = 0; k < n; k++)
            buf_addf(&b, "%.*s%s=%.*s;", STR_ARG(p[k].name), p[k].extended ? "*" : "",
                     STR_ARG(p[k].value));
        if (!str_eq(buf_str(&b), str_of(params[i].want)) || !str_eq(head, str_of(params[i].head)))
            fail_msg("%s: %.*s %.*s", params[i].in, STR_ARG(head), STR_ARG(buf_str(&b)));
    }
    buf_free(&b);
}

static str text_of(const char *value, str name)
{
    str head;
    struct header_param *p;
    size_t n = header_params(&a, str_of(value), &head, &p);
    const struct header_param *found = header_param_find(p, n, name);
    return found ? header_param_text(&a, found) : S("absent");
}

static void parameters_become_text(void **state)
{
    (void)state;
    str u = S("\xc3\xbc.txt");
    assert_true(str_eq(text_of("a; filename*=utf-8''%C3%BC.txt", S("filename")), u));
    assert_true(str_eq(text_of("a; filename*=iso-8859-1'de'%FC.txt", S("filename")), u));
    assert_true(
        str_eq(text_of("a; filename*0*=utf-8''%C3; filename*1*=%BC.txt", S("filename")), u));
    assert_true(str_eq(text_of("a; filename=\"=?iso-8859-1?q?=FC.txt?=\"", S("filename")), u));
    assert_true(str_eq(text_of("a; filename=x; filename*=utf-8''%C3%BC.txt", S("filename")), u));
    assert_true(str_eq(text_of("a; filename*=no marks%", S("filename")), S("no marks%")));
    assert_true(str_eq(text_of("a; b=c", S("filename")), S("absent")));
}

static void parameters_are_capped(void **state)
{
    (void)state;
    struct buf b = buf_make(4 << 20);
    buf_add(&b, S("text/plain"));
    for (int i = 0; i < 100000; i++)
        buf_addf(&b, ";p%d=v", i);
    str head;
    struct header_param *p;
    assert_int_equal(header_params(&a, buf_str(&b), &head, &p), MIME_PARAMETERS);
    buf_free(&b);
}

static void tokens_are_listed(void **state)
{
    (void)state;
    str *list;
    assert_int_equal(header_tokens(&a, S("de, (x) en-GB,,\r\n fr"), 10, &list), 3);
    assert_true(str_eq(list[1], S("en-GB")));
    assert_int_equal(header_tokens(&a, S("de, en, fr"), 2, &list), 2);
    assert_int_equal(header_tokens(&a, S(""), 2, &list), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_are_walked, begin, end),
        cmocka_unit_test_setup_teardown(a_hundred_thousand_fields_end, begin, end),
        cmocka_unit_test_setup_teardown(selections_keep_bytes, begin, end),
        cmocka_unit_test_setup_teardown(fields_cannot_be_injected, begin, end),
        cmocka_unit_test_setup_teardown(long_values_are_folded, begin, end),
        cmocka_unit_test_setup_teardown(address_lists_are_understood, begin, end),
        cmocka_unit_test_setup_teardown(address_lists_are_capped, begin, end),
        cmocka_unit_test_setup_teardown(msgids_are_found, begin, end),
        cmocka_unit_test_setup_teardown(parameters_are_understood, begin, end),
        cmocka_unit_test_setup_teardown(parameters_become_text, begin, end),
        cmocka_unit_test_setup_teardown(parameters_are_capped, begin, end),
        cmocka_unit_test_setup_teardown(tokens_are_listed, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
