/* mbox_test.c - where messages of an mbox begin and end, quoting, and the file's own header fields.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/maildir.h"
#include "mail/mbox.h"

/* clang-format off */
static const struct { const char *line; int64_t date_s; } from_lines[] = { /* -1: none */
    { "From alice@a.test Fri Jul 14 02:40:00 2017",        1500000000 },
    { "From MAILER-DAEMON Fri Jul 14 02:40:00 2017\r\n",   1500000000 },
    { "From - Fri Jul 14 02:40:00 2017",                   1500000000 },
    { "From alice Sun Nov  2 00:00:00 1997",               878428800 },
    { "From alice Fri Jul 14 02:40:00 GMT 2017",           1500000000 },
    { "From alice Fri Jul 14 02:40:00 2017 -0100",         1500003600 },
    { "From alice Fri Jul 14 02:40 2017",                  1500000000 },
    { "From \"a b\"@c Fri Jul 14 02:40:00 2017",           1500000000 },
    { "From here on it is text",                           -1 },
    { "From Monday to Friday, Jul 14 is 2017",             -1 },
    { "From alice Fri Jul 99 02:40:00 2017",               -1 },
    { "From alice Fri Jul 14 02:40:00",                    -1 },
    { "From ",                                             -1 },
    { ">From alice Fri Jul 14 02:40:00 2017",              -1 },
    { "from alice Fri Jul 14 02:40:00 2017",               -1 },
};
/* clang-format on */

static void from_lines_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(from_lines); i++) {
        int64_t date_s = -1;
        if (!mbox_from_line(str_of(from_lines[i].line), &date_s)) date_s = -1;
        if (date_s != from_lines[i].date_s)
            print_error("'%s': %lld\n", from_lines[i].line, (long long)date_s);
        assert_int_equal(date_s, from_lines[i].date_s);
    }
}

static void written_from_lines_are_read(void **state)
{
    static const int64_t dates[] = { 0, 1500000000, 878428800, 4102444800, 951782400 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(dates); i++) {
        struct buf b = buf_make(256);
        int64_t date_s = -1;
        mbox_write_from(&b, dates[i]);
        assert_true(mbox_from_line(buf_str(&b), &date_s));
        assert_int_equal(date_s, dates[i]);
        buf_free(&b);
    }
}

/* --- splitting -------------------------------------------------------------------------------- */

#define FROM "From a Fri Jul 14 02:40:00 2017\n"

static bool take(void *arg, enum mbox_kind kind, uint64_t offset, str text)
{
    struct buf *out = arg;
    if (kind == MBOX_START) buf_addf(out, "[%ju ", (uintmax_t)offset);
    if (kind == MBOX_TEXT) buf_add(out, text);
    if (kind == MBOX_END) buf_addc(out, ']');
    if (kind == MBOX_NO_MBOX) buf_addc(out, '!');
    return true;
}

static const struct {
    const char *in, *out;
} splits[] = {
    { FROM "a: b\n\nhello\n\n" FROM "c: d\n\n", "[0 a: b\n\nhello\n][45 c: d\n]" },
    { FROM "a: b\n\nhello\n", "[0 a: b\n\nhello\n]" },
    { FROM "a\n\n\n\n" FROM "b\n", "[0 a\n\n\n][37 b\n]" },
    { FROM "a\n\nFrom here on\n\nFrom there\n", "[0 a\n\nFrom here on\n\nFrom there\n]" },
    { FROM "a\n" FROM "b\n", "[0 a\n" FROM "b\n]" }, /* no empty line: text */
    { FROM "a\n\n>From x\n>>From y\n> From z\n>Fro\n",
      "[0 a\n\nFrom x\n>From y\n> From z\n>Fro\n]" },
    { FROM "a\r\n\r\n" FROM "b", "[0 a\r\n][37 b]" },
    { FROM FROM, "[0 " FROM "]" },
    { FROM, "[0 ]" },
    { "hello\n" FROM "a\n", "!" },
    { "\n" FROM, "!" },
    { "", "" },
};

static void split(str in, size_t piece, struct buf *out)
{
    struct mbox m;
    mbox_begin(&m, take, out);
    while (in.n) {
        mbox_feed(&m, str_take(in, piece));
        in = str_from(in, piece);
    }
    mbox_end(&m);
}

static void messages_begin_and_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(splits); i++) {
        str in = str_of(splits[i].in);
        for (size_t piece = 1; piece <= in.n + 1; piece++) {
            struct buf out = buf_make(4096);
            split(in, piece, &out);
            if (!str_eq(buf_str(&out), str_of(splits[i].out)))
                print_error("%zu by %zu: %.*s\n", i, piece, STR_ARG(buf_str(&out)));
            assert_true(str_eq(buf_str(&out), str_of(splits[i].out)));
            buf_free(&out);
        }
    }
}

static void a_long_line_is_text(void **state)
{
    (void)state;
    struct buf in = buf_make(1 << 20), out = buf_make(1 << 20);
    buf_add(&in, S(FROM "a\n\n"));
    buf_fill(&in, 'x', 100000);
    buf_add(&in, S("\n\n" FROM "b\n"));
    split(buf_str(&in), 1000, &out);
    assert_int_equal(out.n, 3 + 3 + 100000 + 1 + 1 + 8 + 2 + 1);
    assert_true(str_ends(buf_str(&out), S("x\n][100037 b\n]")));
    buf_free(&in);
    buf_free(&out);
}

/* --- the file's own fields -------------------------------------------------------------------- */

static void flags_leave_the_header(void **state)
{
    (void)state;
    static const str lines[] = {
        S_INIT("Subject: x\n"),
        S_INIT("Status: RO\n"),
        S_INIT("X-Status: AFTD\n"),
        S_INIT("X-Keywords: a  b\n"),
        S_INIT(" $c   \n"),
        S_INIT("X-UID: 5\n"),
        S_INIT("X-Imapbase: 1 2\n"),
        S_INIT("Statusline: kept\n"),
        S_INIT(" too\n"),
        S_INIT("\n"),
    };
    struct mbox_header h;
    struct buf out = buf_make(1000);
    mbox_header_begin(&h);
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        assert_false(h.over);
        mbox_header_line(&h, lines[i], &out);
    }
    assert_true(h.over);
    assert_true(str_eq(buf_str(&out), S("Subject: x\nStatusline: kept\n too\n\n")));
    assert_true(str_eq(buf_str(&h.words), S(" a b $c")));
    assert_int_equal(h.flags, MAILDIR_SEEN | MAILDIR_REPLIED | MAILDIR_FLAGGED | MAILDIR_DRAFT |
                                  MAILDIR_TRASHED);
    buf_free(&h.words);
    buf_free(&out);
}

static void written_flags_are_read(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 64; flags++) {
        struct mbox_header h;
        struct buf fields = buf_make(1000), out = buf_make(1000);
        unsigned wanted = flags & ~(unsigned)MAILDIR_PASSED; /* a keyword here */
        mbox_header_write(wanted, S(" w"), &fields);
        mbox_header_begin(&h);
        str rest = buf_str(&fields), line;
        while (str_split(&rest, '\n', &line))
            mbox_header_line(&h, line, &out);
        assert_int_equal(h.flags, wanted);
        assert_int_equal(out.n, 0);
        assert_true(str_eq(buf_str(&h.words), S(" w")));
        buf_free(&h.words);
        buf_free(&fields);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_lines_are_told),    cmocka_unit_test(written_from_lines_are_read),
        cmocka_unit_test(messages_begin_and_end), cmocka_unit_test(a_long_line_is_text),
        cmocka_unit_test(flags_leave_the_header), cmocka_unit_test(written_flags_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
