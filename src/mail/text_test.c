/* text_test.c - the text of messages: where it is from, decoded, in pieces that lose nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/text.h"

struct memory {
    str message;
    size_t most; /* bytes of one read */
};

static enum err read_memory(void *arg, uint64_t at, size_t n, str *bytes)
{
    struct memory *m = arg;
    *bytes = str_sub(m->message, (size_t)at, n < m->most ? n : m->most);
    return OK;
}

static bool note(void *arg, const struct text_piece *piece)
{
    struct buf *b = arg;
    char where = piece->where == TEXT_HEADER ? 'H' : piece->where == TEXT_MIME ? 'M' : 'B';
    if (piece->first) buf_addf(b, "\n%c%d %.*s|", where, piece->part, STR_ARG(piece->field));
    buf_add(b, piece->text);
    assert_true(utf8_valid(piece->text));
    return true;
}

static enum err walk_into(struct buf *out, str message, unsigned wants, size_t most)
{
    struct buf bytes = buf_make(CARD_BYTES);
    struct card card;
    struct memory memory = { message, most };
    assert_true(card_build(&bytes, message));
    assert_true(card_open(buf_str(&bytes), &card));
    const struct text_source source = { &card, read_memory, &memory };
    enum err e = text_walk(&source, wants, note, out);
    buf_free(&bytes);
    return e;
}

static void gives(str message, unsigned wants, const char *expected)
{
    static const size_t steps[] = { 1 << 20, 1, 3, 100 };
    struct buf out = buf_make(1 << 20);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        buf_reset(&out);
        assert_int_equal(walk_into(&out, message, wants, steps[i]), OK);
        if (!str_eq(buf_str(&out), str_of(expected)))
            fail_msg("by %zu:%.*s\nexpected:%s", steps[i], STR_ARG(buf_str(&out)), expected);
    }
    buf_free(&out);
}

/* clang-format off */
static const char nested[] =
    "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "preamble\r\n"
    "--b\r\nContent-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n8NLJ\r\nx8XU\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "<p>caf=C3=\r\n=A9</p><script>x</script>\r\n a&amp;b\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n"
    "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''%C3%A4.png\r\n\r\nbinary\r\n"
    "--b--\r\n";
/* clang-format on */

static void parts_and_fields(void **state)
{
    (void)state;
    gives(str_of(nested), TEXT_BODY,
          "\nB1 |\xd0\x9f\xd0\xa0\xd0\x98\xd0\x93\xd0\x95\xd0\xa2\nB2 |CAFE\xcc\x81 A&B"
          "\nB4 Subject|INNER\nB4 |INSIDE");
    gives(str_of(nested), TEXT_HEADER,
          "\nH0 Subject|GRU\xcc\x88SSE\nH0 Content-Type|MULTIPART/MIXED; BOUNDARY=B");
    gives(
        str_of(nested), TEXT_MIME,
        "\nM1 Content-Type|TEXT/PLAIN; CHARSET=KOI8-R\nM1 Content-Transfer-Encoding|BASE64"
        "\nM2 Content-Type|TEXT/HTML; CHARSET=UTF-8\nM2 Content-Transfer-Encoding|QUOTED-PRINTABLE"
        "\nM3 Content-Type|MESSAGE/RFC822\nM5 Content-Type|IMAGE/PNG"
        "\nM5 Content-Disposition|ATTACHMENT; FILENAME*=UTF-8''%C3%A4.PNG"
        "\nM5 Content-Disposition|A\xcc\x88.PNG");
}

static void white_space_is_one_space(void **state)
{
    (void)state;
    gives(S("\r\n\r\n  a\r\n\tb\xc2\xa0\xe3\x80\x80"
            "c\0d \xc2\xad"
            "e\xe2\x80\x8b"
            "f\r\n"),
          TEXT_BODY, "\nB0 |A B CD EF");
    gives(S("X: \r\n\r\n"), TEXT_ALL, "\nH0 X|\nB0 |");
}

static void charsets_of_the_wild(void **state)
{
    (void)state;
    gives(S("\r\nna\xefve"), TEXT_BODY, "\nB0 |NAI\xcc\x88VE");
    gives(S("Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$BF|K\\\x1b(B."), TEXT_BODY,
          "\nB0 |\xe6\x97\xa5\xe6\x9c\xac.");
    gives(S("Content-Type: text/plain; charset=ibm437\r\n\r\n\x84"), TEXT_BODY, "\nB0 |A\xcc\x88");
    gives(S("Content-Type: text/plain; charset=none-such\r\n\r\na\x84"), TEXT_BODY,
          "\nB0 |A\xef\xbf\xbd");
}

/* Put together, the pieces are the text; whatever straddles two of them is found. */
static void a_long_text_in_pieces(void **state)
{
    (void)state;
    struct buf message = buf_make(1 << 20), out = buf_make(1 << 20), want = buf_make(1 << 20);
    buf_add(&message, S("Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
    buf_add(&want, S("\nB0 |"));
    for (int i = 0; i < 20000; i++) {
        buf_addf(&message, "w%d=\r\n\xc3\xa9 ", i);
        buf_addf(&want, "%sW%dE\xcc\x81", i ? " " : "", i);
    }
    assert_int_equal(walk_into(&out, buf_str(&message), TEXT_BODY, 1000), OK);
    assert_true(str_eq(buf_str(&out), buf_str(&want)));
    buf_free(&message);
    buf_free(&out);
    buf_free(&want);
}

static void a_card_that_promises_too_much(void **state)
{
    (void)state;
    struct buf bytes = buf_make(CARD_BYTES), out = buf_make(1000);
    struct card card;
    struct memory memory = { S("\r\nab"), 10 };
    assert_true(card_build(&bytes, S("\r\nabcdef")));
    assert_true(card_open(buf_str(&bytes), &card));
    const struct text_source source = { &card, read_memory, &memory };
    assert_int_equal(text_walk(&source, TEXT_BODY, note, &out), ERR_CORRUPT);
    buf_free(&bytes);
    buf_free(&out);
}

/* Every needle of an evil text, in pieces of every size, against the plain search. */
static void needles_across_pieces(void **state)
{
    (void)state;
    static const str texts[] = { S_INIT("AABAABAAABAABAABAAAB"), S_INIT("AAAAAAAAAAAAAAAAAAAB"),
                                 S_INIT("ABCABDABCABCABD") };
    struct arena a = arena_make(1 << 20);
    for (size_t t = 0; t < COUNT_OF(texts); t++)
        for (size_t from = 0; from < texts[t].n; from++)
            for (size_t n = 0; from + n <= texts[t].n; n++)
                for (size_t step = 1; step <= texts[t].n; step++) {
                    struct text_needle needle;
                    struct text_match match = { 0 };
                    str other = texts[(t + step) % COUNT_OF(texts)];
                    bool found = n == 0;
                    assert_true(text_needle_make(&a, str_sub(texts[t], from, n), &needle));
                    for (size_t at = 0; at < other.n; at += step)
                        found = text_match_feed(&match, &needle, str_sub(other, at, step));
                    assert_int_equal(found, str_find(other, needle.text) != STR_NPOS);
                    arena_reset(&a);
                }
    arena_free(&a);
}

static void needles_have_the_form(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 16);
    assert_true(str_eq(text_form(&a, S(" Caf\xc3\xa9 \r\n\tx\xc2\xad ")), S(" CAFE\xcc\x81 X ")));
    assert_true(str_eq(text_form(&a, S("")), S("")));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_and_fields),
        cmocka_unit_test(white_space_is_one_space),
        cmocka_unit_test(charsets_of_the_wild),
        cmocka_unit_test(a_long_text_in_pieces),
        cmocka_unit_test(a_card_that_promises_too_much),
        cmocka_unit_test(needles_across_pieces),
        cmocka_unit_test(needles_have_the_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
