/* judge_test.c - which SEARCH finds which message. RFC 9051 6.4.4, RFC 6203 3, RFC 5051. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "imap/judge_int.h"

/* clang-format off */
static const char letter[] =
    "Date: Sun, 1 Feb 2026 12:00:00 +0000\r\n"
    "From: \"Doe, J\xc3\xb6rg\" <joerg@c.test>\r\n"
    "To: a@b.test\r\nTo: team: two@b.test, three@b.test;\r\n"
    "Subject: =?iso-8859-1?Q?Gr=FC=DFe?= from\r\n =?utf-8?q?Par?= =?utf-8?q?is?=\r\n"
    "Message-ID: <x@y>\r\n"
    "X-Note: first\r\nX-Note: second\r\n"
    "Content-Type: text/html\r\n\r\n"
    "<p>Hello&nbsp;brave\r\n  <i>new</i> world &mdash; caf&eacute;</p>\r\n";

static const struct { const char *keys; bool match; unsigned score; } cases[] = {
    { "ALL", true, 100 },
    { "FROM joerg", true, 100 },
    { "FROM {11}\r\nJ\xc3\x96RG <joer", true, 100 },
    { "FROM \"doe, j\"", true, 100 },
    { "TO three@b.test", true, 100 },       /* in the second field, in a group */
    { "TO team:", true, 100 },
    { "CC a", false, 100 },
    { "HEADER Cc \"\"", false, 100 },
    { "HEADER To \"\"", true, 100 },
    { "SUBJECT {7}\r\nGR\xc3\x9cSSE", true, 100 },
    { "SUBJECT \"e from paris\"", true, 100 },
    { "SUBJECT grusse", false, 100 },       /* an accent is a character of its own */
    { "SUBJECT gru", true, 100 },           /* but what it stands on is found */
    { "HEADER X-Note second", true, 100 },
    { "HEADER X-Note FIRST HEADER X-Note Sec", true, 100 },
    { "HEADER X-Note firstsecond", false, 100 },
    { "HEADER Message-ID <x@y>", true, 100 },
    { "BODY \"hello brave new world\"", true, 100 },
    { "BODY {5}\r\nCAF\xc3\x89", true, 100 },
    { "BODY nbsp", false, 100 },
    { "BODY paris", false, 100 },
    { "TEXT paris", true, 100 },
    { "TEXT \"x-note: second\"", true, 100 },
    { "NOT BODY brave", false, 100 },
    { "OR BODY nothing BODY world", true, 100 },
    { "OR BODY nothing NOT TEXT world", false, 100 },
    { "SENTON 1-Feb-2026 BODY new", true, 100 },
    { "SENTON 2-Feb-2026 BODY new", false, 100 },
    { "FUZZY BODY \"world brave\"", true, 90 },
    { "FUZZY BODY \"brave new\"", true, 100 },
    { "FUZZY BODY \"world mars\"", true, 45 },
    { "FUZZY BODY \"venus world mars\"", false, 100 },
    { "FUZZY SUBJECT \"paris from\"", true, 90 },
    { "CHARSET KOI8-R BODY {3}\r\n\xf0\xd2\xc9", false, 100 },
    { "CHARSET ISO-8859-1 BODY {4}\r\ncaf\xe9", true, 100 },
};
/* clang-format on */

static void finds(void **state)
{
    (void)state;
    struct buf card = buf_make(CARD_BYTES);
    assert_true(card_build(&card, str_of(letter)));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena a = arena_make(16 << 20);
        struct search_program program;
        unsigned score;
        str command = arena_fmt(&a, "a SEARCH %s\r\n", cases[i].keys);
        if (judge_compile(command, &a, &program)) fail_msg("%s", cases[i].keys);
        enum verdict verdict = judge_message(&program, &a, str_of(letter), buf_str(&card), &score);
        if (verdict != (cases[i].match ? MATCH : NO_MATCH) ||
            (verdict == MATCH && score != cases[i].score))
            fail_msg("%s: %d, score %u", cases[i].keys, verdict, score);
        arena_free(&a);
    }
    buf_free(&card);
}

static void refuses_unknown_charsets(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    struct search_program program;
    assert_int_equal(judge_compile(S("a SEARCH CHARSET X-NONE ALL\r\n"), &a, &program), ERR_DENIED);
    assert_int_equal(judge_compile(S("a SEARCH CHARSET ../x ALL\r\n"), &a, &program), ERR_DENIED);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(refuses_unknown_charsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
