/* reply_test.c - the encoder: whatever it is given, the line stays one valid line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "imap/reply.h"

static struct reply r;

static int setup(void **state)
{
    (void)state;
    r = (struct reply){ .out = buf_make(1 << 20) };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&r.out);
    return 0;
}

static void says(const char *text, bool refused)
{
    if (!str_eq(buf_str(&r.out), str_of(text)))
        fail_msg("says %.*s, not %s", STR_ARG(buf_str(&r.out)), text);
    assert_int_equal(r.refused, refused);
    buf_reset(&r.out);
    r.refused = false;
}

static void cannot_be_injected_into(void **state)
{
    (void)state;
    reply_tagged(&r, S("a1"), S("NO"), S("TRYCREATE"), S("no\r\n* BYE x"));
    says("a1 NO [TRYCREATE] no??* BYE x\r\n", true);
    reply_tagged(&r, S("a\r\nb OK"), S("OK"), S(""), S("fine"));
    says("a??b?OK OK fine\r\n", true);
    reply_atom(&r, S("a b(\"\xff"));
    says("a?b???", true);
    reply_atom(&r, S(""));
    says("?", true);
}

static void writes_lines(void **state)
{
    (void)state;
    reply_count(&r, 4294967295, S("EXISTS"));
    says("* 4294967295 EXISTS\r\n", false);
    reply_untagged(&r, S("OK"), S("UIDNEXT 7"), S("next"));
    says("* OK [UIDNEXT 7] next\r\n", false);
    reply_tagged(&r, S(""), S("BAD"), S(""), S(""));
    says("* BAD done\r\n", false);
    reply_tagged(&r, S("]a]"), S("OK"), S(""), S("a tag may hold brackets"));
    says("]a] OK a tag may hold brackets\r\n", false);
}

static void writes_flags(void **state)
{
    (void)state;
    const str keywords[] = { S("$Work"), S("a b"), S("Junk") };
    reply_flags(&r, (struct flags){ 0 }, keywords, 3);
    says("()", false);
    reply_flags(&r, (struct flags){ .system = 31, .keywords = 5 }, keywords, 3);
    says("(\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work Junk)", false);
    reply_flags(&r, (struct flags){ .keywords = 2 }, keywords, 3);
    says("(a?b)", true);
    reply_flags(&r, (struct flags){ .keywords = 8 }, keywords, 3); /* a bit without a name */
    says("()", false);
}

static void writes_strings(void **state)
{
    (void)state;
    reply_string(&r, S("plain \"x\" \\"));
    says("\"plain \\\"x\\\" \\\\\"", false);
    reply_string(&r, S("a\r\nb"));
    says("{4}\r\na\r\nb", false);
    reply_string(&r, S("\xc3\xa9"));
    says("{2}\r\n\xc3\xa9", false);
    reply_nstring(&r, (str){ 0 });
    says("NIL", false);
    reply_nstring(&r, S(""));
    says("\"\"", false);
    reply_mailbox(&r, S("Entw\xc3\xbcrfe & \"x\""));
    says("\"Entw&APw-rfe &- \\\"x\\\"\"", false);
    reply_mailbox(&r, S("\xff"));
    says("\"?\"", true);
    r.utf8 = true;
    reply_mailbox(&r, S("Entw\xc3\xbcrfe & \"x\" \\"));
    says("\"Entw\xc3\xbcrfe & \\\"x\\\" \\\\\"", false);
    reply_mailbox(&r, S("a\r\nb"));
    says("\"a??b\"", true);
    reply_literal_head(&r, 5000000000, false);
    says("{5000000000}\r\n", false);
    reply_date_time(&r, 760686745, -480);
    says("\" 7-Feb-1994 21:52:25 -0800\"", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cannot_be_injected_into, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_strings, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
