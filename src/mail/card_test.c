/* card_test.c - cards: what they say, where sections lie, and that no corrupt one is believed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/card.h"
#include "mail/card_int.h"

static struct arena a;

static int begin(void **state)
{
    (void)state;
    a = arena_make(128 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&a);
    return 0;
}

/* The card of a message fed in chunks of this size, in the arena. */
static str card_by(str message, size_t chunk)
{
    struct buf out = buf_make(CARD_BYTES);
    struct card_builder *b = card_begin();
    for (size_t at = 0; at < message.n; at += chunk)
        card_feed(b, str_sub(message, at, chunk));
    assert_true(card_end(b, &out));
    card_free(b);
    str bytes = arena_copy(&a, buf_str(&out));
    buf_free(&out);
    return bytes;
}

static struct card card_of(str message)
{
    struct card c;
    str bytes = card_by(message, 65536);
    assert_true(card_open(bytes, &c));
    assert_true(str_eq(bytes, card_by(message, 1)));
    assert_true(str_eq(bytes, card_by(message, 17)));
    return c;
}

static const char letter[] = "Return-Path: <alice@a.test>\r\n"
                             "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
                             "From: =?utf-8?q?Alice_=C3=84?= <alice@a.test>\r\n"
                             "To: Bob <bob@b.test>, \"C, D\" <c@d.test>\r\n"
                             "Subject: Re: [list] Fwd:  =?utf-8?b?R3LDvMOfZQ==?= (fwd)\r\n"
                             "Message-ID: <1@a.test>\r\n"
                             "In-Reply-To: <0@b.test>\r\n"
                             "References: <r1@x>\r\n <r2@x>\r\n"
                             "MIME-Version: 1.0\r\n"
                             "Content-Type: multipart/mixed; boundary=outer\r\n"
                             "\r\n"
                             "preamble\r\n"
                             "--outer\r\n"
                             "Content-Type: multipart/alternative; boundary=inner\r\n"
                             "\r\n"
                             "--inner\r\n"
                             "Content-Type: text/plain; charset=iso-8859-1\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n"
                             "\r\n"
                             "Hello  =FC\r\nworld=\r\n!\r\n"
                             "--inner\r\n"
                             "Content-Type: text/html\r\n"
                             "\r\n"
                             "<b>Hello</b>\r\n"
                             "--inner--\r\n"
                             "--outer\r\n"
                             "Content-Type: message/rfc822\r\n"
                             "\r\n"
                             "Subject: inner\r\n"
                             "Content-Type: multipart/x; boundary=deep\r\n"
                             "\r\n"
                             "--deep\r\n"
                             "\r\n"
                             "deep one\r\n"
                             "--deep--\r\n"
                             "--outer\r\n"
                             "Content-Type: message/rfc822\r\n"
                             "\r\n"
                             "Subject: simple\r\n"
                             "\r\n"
                             "simple body\r\n"
                             "--outer\r\n"
                             "Content-Type: application/pdf; name=x.pdf\r\n"
                             "Content-Transfer-Encoding: base64\r\n"
                             "Content-Disposition: attachment\r\n"
                             "\r\n"
                             "AAAA\r\n"
                             "--outer--\r\n";

static void the_card_says_what_the_letter_says(void **state)
{
    (void)state;
    struct card c = card_of(str_of(letter));
    assert_int_equal(c.size, sizeof(letter) - 1);
    assert_int_equal(c.header_bytes, str_find(str_of(letter), S("preamble")));
    assert_int_equal(c.flags, CARD_HAS_ATTACHMENT | CARD_HAS_DATE | CARD_IS_REPLY);
    assert_int_equal(c.date.seconds, 880127706);
    assert_int_equal(c.date.zone_minutes, -360);
    assert_true(str_eq(c.base_subject, S("gr\xc3\xbcsse")));
    assert_true(str_eq(c.preview, S("Hello \xc3\xbc world!")));
    assert_int_equal(c.message_id, card_id_hash(S("1@a.test")));
    assert_int_equal(c.in_reply_to, card_id_hash(S("0@b.test")));
    assert_int_equal(c.nreferences, 2);
    assert_int_equal(card_reference(&c, 0), card_id_hash(S("r1@x")));
    assert_int_equal(card_reference(&c, 1), card_id_hash(S("r2@x")));
    assert_true(str_eq(
        c.envelope,
        S("(\"Fri, 21 Nov 1997 09:55:06 -0600\" \"Re: [list] Fwd:  =?utf-8?b?R3LDvMOfZQ==?= (fwd)\""
          " ((\"=?utf-8?q?Alice_=C3=84?=\" NIL \"alice\" \"a.test\"))"
          " ((\"=?utf-8?q?Alice_=C3=84?=\" NIL \"alice\" \"a.test\"))"
          " ((\"=?utf-8?q?Alice_=C3=84?=\" NIL \"alice\" \"a.test\"))"
          " ((\"Bob\" NIL \"bob\" \"b.test\")(\"C, D\" NIL \"c\" \"d.test\"))"
          " NIL NIL \"<0@b.test>\" \"<1@a.test>\")")));
    struct buf body = buf_make(10000);
    card_body(&c, &body);
    assert_false(body.full);
    assert_true(
        str_starts(buf_str(&body), S("(((\"text\" \"plain\" (\"charset\" \"iso-8859-1\")")));
    buf_free(&body);
}

/* clang-format off */
static const struct { const char *section, *begins; size_t bytes; } sections[] = {
    { "", "Return-Path", sizeof(letter) - 1 },
    { "HEADER", "Return-Path", 0 },
    { "TEXT", "preamble\r\n--outer", 0 },
    { "1", "--inner\r\nContent-Type: text/plain", 0 },
    { "1.MIME", "Content-Type: multipart/alternative; boundary=inner\r\n\r\n", 55 },
    { "1.1", "Hello  =FC\r\nworld=\r\n!", 21 },
    { "1.2", "<b>Hello</b>", 12 },
    { "1.2.mime", "Content-Type: text/html\r\n\r\n", 27 },
    { "2", "Subject: inner\r\n", 0 },
    { "2.MIME", "Content-Type: message/rfc822\r\n\r\n", 32 },
    { "2.HEADER", "Subject: inner\r\nContent-Type: multipart/x; boundary=deep\r\n\r\n", 60 },
    { "2.TEXT", "--deep\r\n\r\ndeep one\r\n--deep--", 28 },
    { "2.1", "deep one", 8 },
    { "2.1.MIME", "\r\n", 2 },
    { "3.1", "simple body", 11 },
    { "3.TEXT", "simple body", 11 },
    { "3.1.MIME", "Subject: simple\r\n\r\n", 19 },
    { "4", "AAAA", 4 },
};
static const char *const absent[] = { "5", "0", "1.3", "1.1.1", "1.HEADER", "1.TEXT", "4.HEADER", "2.2", "3.2",
    "2.1.1", "MIME", "HEADER.FIELDS", "1.", ".1", "1..2", "01.", "x", "1x", "1.x", "99999999999999999999", "-1",
    "3.1.1", "1 ", "HEADER ", "4.1" };
/* clang-format on */

static void sections_are_found(void **state)
{
    (void)state;
    struct card c = card_of(str_of(letter));
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        struct card_range r;
        struct card_part part;
        if (!card_section(&c, str_of(sections[i].section), &r, &part))
            fail_msg("no %s", sections[i].section);
        str bytes = str_sub(str_of(letter), r.at, r.bytes);
        assert_int_equal(bytes.n, r.bytes);
        if (!str_starts(bytes, str_of(sections[i].begins)))
            fail_msg("%s: %.*s", sections[i].section, STR_ARG(bytes));
        if (sections[i].bytes) assert_int_equal(r.bytes, sections[i].bytes);
    }
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        struct card_range r;
        if (card_section(&c, str_of(absent[i]), &r, NULL)) fail_msg("there: %s", absent[i]);
    }
}

static void sections_of_a_single_part(void **state)
{
    (void)state;
    struct card c = card_of(S("A: b\r\n\r\nbody\r\n"));
    struct card_range r;
    struct card_part part;
    assert_true(card_section(&c, S("1"), &r, &part) && r.at == 8 && r.bytes == 6);
    assert_int_equal(part.text, CARD_TEXT_PLAIN);
    assert_true(card_section(&c, S("1.MIME"), &r, NULL) && r.at == 0 && r.bytes == 8);
    assert_false(card_section(&c, S("2"), &r, NULL));
    assert_false(card_section(&c, S("1.1"), &r, NULL));
    /* A message that is nothing but a message. */
    c = card_of(S("Content-Type: message/rfc822\r\n\r\nX: y\r\n\r\ninner"));
    assert_true(card_section(&c, S("1"), &r, NULL) && r.at == 32 && r.bytes == 13);
    assert_true(card_section(&c, S("1.HEADER"), &r, NULL) && r.at == 32 && r.bytes == 8);
    assert_true(card_section(&c, S("1.1"), &r, NULL) && r.at == 40 && r.bytes == 5);
    assert_true(card_section(&c, S("HEADER"), &r, NULL) && r.at == 0 && r.bytes == 32);
}

static void parts_are_walked(void **state)
{
    (void)state;
    struct card c = card_of(str_of(letter));
    assert_int_equal(c.nparts, 10);
    struct card_walk w = { 0 };
    struct card_part p;
    int attachments = 0, texts = 0;
    while (card_part_next(&c, &w, &p)) {
        attachments += p.attachment;
        texts += p.text != CARD_NOT_TEXT;
        if (p.text == CARD_TEXT_PLAIN && p.index == 2) {
            assert_true(str_eq(p.charset, S("iso-8859-1")));
            assert_int_equal(p.encoding, MIME_QP);
            assert_int_equal(p.lines, 3);
        }
    }
    assert_int_equal(attachments, 3);
    assert_int_equal(texts, 4);
}

/* --- corrupt cards ------------------------------------------------------------------------------
 */

/* Whatever opens must be safe to use. */
static void use(const struct card *c)
{
    struct card_walk w = { 0 };
    struct card_part p;
    while (card_part_next(c, &w, &p))
        assert_true(p.body_at + p.body_bytes <= c->size);
    struct card_range r;
    (void)card_section(c, S("1.1.1"), &r, NULL);
    (void)card_section(c, S("2.HEADER"), &r, NULL);
    for (size_t i = 0; i < c->nreferences; i++)
        (void)card_reference(c, i);
    struct buf body = buf_make(100000);
    card_body(c, &body);
    buf_free(&body);
}

static void corrupt_cards_are_refused_or_harmless(void **state)
{
    (void)state;
    str good = card_by(str_of(letter), 1000);
    struct card c;
    for (size_t n = 0; n < good.n; n++)
        assert_false(card_open(arena_copy(&a, str_take(good, n)), &c)); /* ASan sees the end */
    struct buf longer = buf_make(10000);
    buf_add(&longer, good);
    buf_addc(&longer, 'x');
    assert_false(card_open(buf_str(&longer), &c));
    for (size_t i = 0; i < good.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            buf_reset(&longer);
            buf_add(&longer, good);
            longer.p[i] = (char)(longer.p[i] ^ 1 << bit);
            if (card_open(buf_str(&longer), &c)) use(&c);
        }
    }
    buf_free(&longer);
    assert_false(card_open(S(""), &c));
    assert_false(card_open(S("\x02"), &c));
}

/* --- nasty mail ----------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct { const char *header, *envelope; } envelopes[] = {
    { "To: a@x\r\nCc: c@x\r\nTo: Bob <b@x>, G: g@x;\r\nto: d@x\r\n",
      "(NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"x\")(\"Bob\" NIL \"b\" \"x\")(NIL NIL \"G\" NIL)(NIL NIL \"g\" \"x\")"
      "(NIL NIL NIL NIL)(NIL NIL \"d\" \"x\")) ((NIL NIL \"c\" \"x\")) NIL NIL NIL)" },
    { "From: a@x\r\nFrom: b@x\r\nSubject: one\r\nSubject: two\r\n",
      "(NIL \"one\" ((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")) ((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\"))"
      " ((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")) NIL NIL NIL NIL NIL)" },
    { "To: \r\nFrom: \r\nReply-To:\r\nReply-To: r@x\r\nSubject:\r\nDate:\r\nMessage-ID:  \r\n",
      "(\"\" \"\" NIL NIL ((NIL NIL \"r\" \"x\")) NIL NIL NIL NIL \"\")" },
    { "To: undisclosed-recipients:;\r\nFrom: (only a comment)\r\nCc: \"never closed <a@x>\r\nBcc: c@x\r\n",
      "(NIL NIL NIL NIL NIL ((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL))"
      " ((NIL NIL \"never closed <a@x>\" \"\")) ((NIL NIL \"c\" \"x\")) NIL NIL)" },
    { "From: a (b (c) \\) d) @ (e) x (f)\r\nSubject: \xfc\r\n",
      "(NIL {1}\r\n\xfc ((\"f\" NIL \"a\" \"x\")) ((\"f\" NIL \"a\" \"x\")) ((\"f\" NIL \"a\" \"x\")) NIL NIL NIL NIL NIL)" },
};
/* clang-format on */

static void envelopes_of_odd_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(envelopes); i++) {
        struct card c = card_of(str_of(envelopes[i].header));
        if (!str_eq(c.envelope, str_of(envelopes[i].envelope)))
            fail_msg("%s: %.*s", envelopes[i].header, STR_ARG(c.envelope));
    }
    /* Repeated for ever, a field brings about as much as one may. */
    struct buf b = buf_make(4 << 20);
    for (int i = 0; i < 9000; i++)
        buf_add(&b, S("To: a@x, b@x, c@x, d@x, e@x, f@x, g@x, h@x\r\n"));
    struct card c = card_of(buf_str(&b));
    assert_true(c.envelope.n < 2 * ENVELOPE_ADDRESSES * 30);
    assert_true(c.envelope.n > 8 * ENVELOPE_REPEATS * 15);
    buf_free(&b);
}

static void every_message_gets_a_card(void **state)
{
    (void)state;
    struct buf b = buf_make(16 << 20);
    static const char *const fields[] = { "From", "Sender", "Reply-To", "To", "Cc", "Bcc" };
    for (size_t i = 0; i < COUNT_OF(fields); i++) { /* the largest envelope there can be */
        buf_addf(&b, "%s: ", fields[i]);
        for (int k = 0; k < 170000 / 4; k++)
            buf_add(&b, S("\"\\\"\\\"\","));
        buf_add(&b, S("\r\n"));
    }
    buf_add(&b, S("\r\n"));
    card_of(buf_str(&b));

    buf_reset(&b); /* every part brings long strings */
    buf_add(&b, S("Content-Type: multipart/mixed; boundary=b\r\n\r\n"));
    for (int i = 0; i < 12000; i++)
        buf_addf(&b, "--b\r\nContent-Type: a/b; name=\"%0500d\\\"\\\"\"\r\n\r\nx\r\n", i);
    struct card c = card_of(buf_str(&b));
    assert_int_equal(c.nparts, MIME_PARTS);
    assert_true(c.flags & MIME_WAS_CAPPED);

    buf_reset(&b);
    buf_add(&b, S("References: "));
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "<%d@x>", i);
    buf_add(&b, S("\r\nSubject:"));
    for (int i = 0; i < 100000; i++)
        buf_add(&b, S(" re: [x]"));
    c = card_of(buf_str(&b));
    assert_int_equal(c.nreferences, MESSAGE_REFERENCES);
    assert_int_equal(card_reference(&c, 63), card_id_hash(S("999@x")));
    buf_free(&b);
    card_of(S(""));
}

/* clang-format off */
static const struct { const char *message, *preview; } previews[] = {
    { "\r\n  two \t\r\n words \r\n", "two words" },
    { "Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>no</title><style>p{}</style></head>"
      "<body><!-- <p> --><p>One&nbsp;&amp;&#8212;two</p><script>x<y</script>th<b>r</b>ee<br>&bogus;&#0;",
      "One &\xe2\x80\x94two th" "ree &bogus;&#0;" },
    { "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n", "hello" },
    { "Content-Type: text/plain; charset=bogus\r\n\r\na\x80z", "a\xef\xbf\xbdz" },
    { "Content-Type: text/plain; charset=utf-16be\r\n\r\n\x01", "" },
    { "Content-Type: application/pdf\r\n\r\nx", "" },
    { "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx", "" },
    { "Content-Type: text/html\r\n\r\n<!-- never closed", "" },
    { "Content-Type: text/html\r\n\r\na < b", "a < b" },
    { "Content-Type: text/html\r\n\r\n<style>never closed", "" },
    { "Content-Type: text/html\r\n\r\n<", "<" },
};
/* clang-format on */

static void previews_are_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(previews); i++) {
        struct card c = card_of(str_of(previews[i].message));
        if (!str_eq(c.preview, str_of(previews[i].preview)))
            fail_msg("%s: %.*s", previews[i].message, STR_ARG(c.preview));
    }
    struct buf b = buf_make(100000);
    buf_add(&b, S("Content-Type: text/plain; charset=utf-8\r\n\r\n"));
    for (int i = 0; i < 300; i++)
        buf_add(&b, S("\xf0\x9f\x98\x80 "));
    struct card c = card_of(buf_str(&b));
    assert_true(utf8_valid(c.preview));
    assert_true(c.preview.n <= PREVIEW_BYTES && c.preview.n > PREVIEW_BYTES - 250);
    buf_reset(&b);
    buf_add(&b, S("\r\n"));
    buf_fill(&b, 'x', 90000);
    c = card_of(buf_str(&b));
    assert_int_equal(c.preview.n, PREVIEW_CHARACTERS);
    buf_free(&b);
}

/* Whoever changes what is made of a message finds this test fail, and raises CARD_PARSER: then the
 * cards that are kept are not taken for damage. */
static void another_card_is_another_parsers(void **state)
{
    (void)state;
    str bytes = card_by(str_of(letter), 65536);
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < bytes.n; i++)
        sum = (sum ^ (uint8_t)bytes.p[i]) * 1099511628211u;
    assert_true(card_is_ours(bytes));
    assert_int_equal(CARD_PARSER, 1);
    assert_int_equal(sum, 0xb9e91614b6294b7bu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_card_says_what_the_letter_says, begin, end),
        cmocka_unit_test_setup_teardown(sections_are_found, begin, end),
        cmocka_unit_test_setup_teardown(sections_of_a_single_part, begin, end),
        cmocka_unit_test_setup_teardown(parts_are_walked, begin, end),
        cmocka_unit_test_setup_teardown(corrupt_cards_are_refused_or_harmless, begin, end),
        cmocka_unit_test_setup_teardown(envelopes_of_odd_headers, begin, end),
        cmocka_unit_test_setup_teardown(every_message_gets_a_card, begin, end),
        cmocka_unit_test_setup_teardown(previews_are_words, begin, end),
        cmocka_unit_test_setup_teardown(another_card_is_another_parsers, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
