/* codec_test.c - every encoding: known pairs, what strict decoders refuse, what lenient ones make
 * of damage. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/codec.h"
#include "base/mem.h"

typedef void encoder(struct buf *out, str in);
typedef bool decoder(struct buf *out, str in);

static void assert_holds(const struct buf *b, str want, size_t row)
{
    if (b->full || !str_eq(buf_str(b), want))
        fail_msg("row %zu: got %.*s, want %.*s", row, STR_ARG(buf_str(b)), STR_ARG(want));
}

static void assert_encodes(encoder *encode, str in, str want, size_t row)
{
    struct buf out = buf_make(10000);
    encode(&out, in);
    assert_holds(&out, want, row);
    buf_free(&out);
}

/* Also: what stood in the buf stays, and nothing half-decoded is left behind. */
static void assert_decodes(decoder *decode, str in, str want, size_t row)
{
    struct buf out = buf_make(10000);
    if (!decode(&out, in)) fail_msg("row %zu: %.*s refused", row, STR_ARG(in));
    assert_holds(&out, want, row);
    buf_free(&out);
}

static void assert_refuses(decoder *decode, str in, size_t row)
{
    struct buf out = buf_make(10000);
    buf_add(&out, S("before"));
    if (decode(&out, in)) fail_msg("row %zu: %.*s accepted", row, STR_ARG(in));
    assert_holds(&out, S("before"), row);
    buf_free(&out);
}

static const struct {
    str bytes, text;
} base64_pairs[] = {
    { S_INIT(""), S_INIT("") },
    { S_INIT("f"), S_INIT("Zg==") }, /* RFC 4648 10 */
    { S_INIT("fo"), S_INIT("Zm8=") },
    { S_INIT("foo"), S_INIT("Zm9v") },
    { S_INIT("foob"), S_INIT("Zm9vYg==") },
    { S_INIT("fooba"), S_INIT("Zm9vYmE=") },
    { S_INIT("foobar"), S_INIT("Zm9vYmFy") },
    { S_INIT("\0user\0pass"), S_INIT("AHVzZXIAcGFzcw==") },
    { S_INIT("\xff\xfe\xfb\xef\xbe"), S_INIT("//77774=") },
};

static const str base64_bad[] = {
    S_INIT("Z"),          S_INIT("Zg"),       S_INIT("Zg="),      S_INIT("Zg==="), S_INIT("===="),
    S_INIT("Z==="),       S_INIT("Zg==Zg=="), S_INIT("Zm8=Zg=="), S_INIT("Zg=A"),  S_INIT("Zh=="),
    S_INIT("Zm9="),       S_INIT("Zm 9v"),    S_INIT("Zm9v\r\n"), S_INIT("Zm9\0"), S_INIT("Zm9-"),
    S_INIT("\xc3\xbc++"), S_INIT("*"),        S_INIT("="),
};

static void base64(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(base64_pairs); i++) {
        assert_encodes(base64_encode, base64_pairs[i].bytes, base64_pairs[i].text, i);
        assert_decodes(base64_decode, base64_pairs[i].text, base64_pairs[i].bytes, i);
        assert_decodes(base64_decode_lenient, base64_pairs[i].text, base64_pairs[i].bytes, i);
    }
    for (size_t i = 0; i < COUNT_OF(base64_bad); i++)
        assert_refuses(base64_decode, base64_bad[i], i);
}

static const struct {
    str in, out;
} base64_wild[] = {
    { S_INIT("Zm9v\r\n Ym Fy\t"), S_INIT("foobar") },
    { S_INIT("Zm9vYg"), S_INIT("foob") },  /* no padding */
    { S_INIT("Zg==Zm8="), S_INIT("ffo") }, /* two runs */
    { S_INIT("Zm9vY"), S_INIT("foo") },    /* cut within a byte */
    { S_INIT("Zm*9\x80v\0!"), S_INIT("foo") },
    { S_INIT("===="), S_INIT("") },
    { S_INIT("Zh=="), S_INIT("f") },
};

static void base64_in_the_wild(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(base64_wild); i++)
        assert_decodes(base64_decode_lenient, base64_wild[i].in, base64_wild[i].out, i);
}

/* Decoded piece by piece it is what it is whole. */
static void pieces_are_the_whole(void **state)
{
    (void)state;
    static const str in = S_INIT("Zm9v\r\nYmE=cn0K Zm9vYmFyZm9v");
    struct buf whole = buf_make(100), parts = buf_make(100);
    assert_true(base64_decode_lenient(&whole, in));
    for (size_t cut = 0; cut <= in.n; cut++) {
        struct base64_run run = { 0 };
        buf_reset(&parts);
        assert_true(base64_feed(&run, &parts, str_take(in, cut)));
        assert_true(base64_feed(&run, &parts, str_from(in, cut)));
        assert_true(str_eq(buf_str(&whole), buf_str(&parts)));
    }
    static const str qp = S_INIT("one =\r\ntwo  \r\ncaf=C3=A9 =3D end=\nx");
    buf_reset(&whole);
    qp_decode_lenient(&whole, qp);
    for (size_t n = 1; n <= qp.n; n++) {
        size_t cut = qp_whole(str_take(qp, n));
        assert_in_range(cut, 1, n);
        buf_reset(&parts);
        qp_decode_lenient(&parts, str_take(qp, cut));
        qp_decode_lenient(&parts, str_from(qp, cut));
        assert_true(str_eq(buf_str(&whole), buf_str(&parts)));
    }
    buf_free(&whole);
    buf_free(&parts);
}

static void base64_lines_have_76_columns(void **state)
{
    (void)state;
    char in[115];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = 0;
    struct buf out = buf_make(1000);
    base64_encode_lines(&out, (str){ in, 57 });
    assert_int_equal(out.n, 78);
    assert_true(str_ends(buf_str(&out), S("A\r\n")));
    buf_reset(&out);
    base64_encode_lines(&out, (str){ in, 115 });
    assert_int_equal(out.n, 78 + 78 + 6);
    assert_true(str_ends(buf_str(&out), S("AA\r\nAA==\r\n")));
    buf_reset(&out);
    base64_encode_lines(&out, S(""));
    assert_int_equal(out.n, 0);
    buf_free(&out);
}

#define LINE70 "1234567890123456789012345678901234567890123456789012345678901234567890"
static const struct {
    str in, out;
} qp_pairs[] = {
    { S_INIT("plain text"), S_INIT("plain text") },
    { S_INIT("a=b"), S_INIT("a=3Db") },
    { S_INIT("gr\xc3\xbc\xc3\x9f"), S_INIT("gr=C3=BC=C3=9F") },
    { S_INIT("one\r\ntwo\r\n"), S_INIT("one\r\ntwo\r\n") },
    { S_INIT("end \r\ntab\t\r\nlast "), S_INIT("end=20\r\ntab=09\r\nlast=20") },
    { S_INIT("a  \r\n"), S_INIT("a =20\r\n") },
    { S_INIT("bare\rcr\nlf"), S_INIT("bare=0Dcr=0Alf") },
    { S_INIT("\r\r\n\r"), S_INIT("=0D\r\n=0D") },
    { S_INIT("\0\x7f"), S_INIT("=00=7F") },
    { S_INIT(LINE70 "12345"), S_INIT(LINE70 "12345") },
    { S_INIT(LINE70 "123456"), S_INIT(LINE70 "12345=\r\n6") },
    { S_INIT(LINE70 "123\xff"), S_INIT(LINE70 "123=\r\n=FF") },
    { S_INIT(LINE70 "12\xff"), S_INIT(LINE70 "12=FF") },
    { S_INIT(LINE70 "1234  \r\n"), S_INIT(LINE70 "1234 =\r\n=20\r\n") },
};

static bool qp_decode_always(struct buf *out, str in)
{
    qp_decode_lenient(out, in);
    return true;
}

static void quoted_printable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(qp_pairs); i++) {
        assert_encodes(qp_encode, qp_pairs[i].in, qp_pairs[i].out, i);
        assert_decodes(qp_decode_always, qp_pairs[i].out, qp_pairs[i].in, i);
    }
}

static const struct {
    str in, out;
} qp_wild[] = {
    { S_INIT("=c3=bC"), S_INIT("\xc3\xbc") },             /* lower case digits */
    { S_INIT("soft= \t\r\nbreak"), S_INIT("softbreak") }, /* blanks after the "=" */
    { S_INIT("soft=\nbreak"), S_INIT("softbreak") },      /* a lone LF */
    { S_INIT("trail  \r\nx \n y"), S_INIT("trail\r\nx\n y") },
    { S_INIT("end  "), S_INIT("end") },
    { S_INIT("end="), S_INIT("end") },
    { S_INIT("end= "), S_INIT("end") },
    { S_INIT("=4"), S_INIT("=4") },
    { S_INIT("=G1=1G=="), S_INIT("=G1=1G=") },
    { S_INIT("==41"), S_INIT("=A") },
    { S_INIT("a=  b"), S_INIT("a=  b") },
    { S_INIT("\x80\0\r"), S_INIT("\x80\0\r") },
};

static void quoted_printable_in_the_wild(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(qp_wild); i++)
        assert_decodes(qp_decode_always, qp_wild[i].in, qp_wild[i].out, i);
}

static void hex(void **state)
{
    (void)state;
    assert_encodes(hex_encode, S("\0\x1f\xff"), S("001fff"), 0);
    assert_decodes(hex_decode, S("001fFF"), S("\0\x1f\xff"), 1);
    assert_decodes(hex_decode, S(""), S(""), 2);
    assert_refuses(hex_decode, S("0"), 3);
    assert_refuses(hex_decode, S("00g0"), 4);
    assert_refuses(hex_decode, S("00 0"), 5);
}

static const str xtext_bad[] = {
    S_INIT("+"),  S_INIT("+4"),  S_INIT("+4g"), S_INIT("+2b"),  S_INIT("a b"),      S_INIT("a=b"),
    S_INIT("++"), S_INIT("a\n"), S_INIT("\0"),  S_INIT("\x7f"), S_INIT("\xc3\xbc"), S_INIT("+-1"),
};

static void xtext(void **state)
{
    (void)state;
    assert_encodes(xtext_encode, S("a+b=c d\xfc\r\n"), S("a+2Bb+3Dc+20d+FC+0D+0A"), 0);
    assert_decodes(xtext_decode, S("a+2Bb+3Dc+20d+FC+0D+0A"), S("a+b=c d\xfc\r\n"), 1);
    assert_decodes(xtext_decode, S("+00"), S("\0"), 2); /* the caller must look again */
    assert_decodes(xtext_decode, S(""), S(""), 3);
    for (size_t i = 0; i < COUNT_OF(xtext_bad); i++)
        assert_refuses(xtext_decode, xtext_bad[i], i);
}

static const struct {
    str utf8, name;
} utf7_pairs[] = {
    { S_INIT(""), S_INIT("") },
    { S_INIT("INBOX"), S_INIT("INBOX") },
    { S_INIT("a & b"), S_INIT("a &- b") },
    { S_INIT("&&"), S_INIT("&-&-") },
    { S_INIT("Entw\xc3\xbcrfe"), S_INIT("Entw&APw-rfe") },
    { S_INIT("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"),
      S_INIT("~peter/mail/&U,BTFw-/&ZeVnLIqe-") }, /* RFC 3501 5.1.3 */
    { S_INIT("\xe2\x98\xba&"), S_INIT("&Jjo-&-") },
    { S_INIT("&\xe2\x98\xba"), S_INIT("&-&Jjo-") },
    { S_INIT("\xf0\x9f\x98\x80"), S_INIT("&2D3eAA-") },
    { S_INIT("\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9"), S_INIT("&AOnYPd4AAOk-") },
    { S_INIT("\xf4\x8f\xbf\xbf"), S_INIT("&2,,f,w-") },
    { S_INIT("a\tb\x7f"), S_INIT("a&AAk-b&AH8-") }, /* control characters do not stand alone */
    { S_INIT("\xef\xbf\xbf"), S_INIT("&,,8-") },
    { S_INIT("-+,/"), S_INIT("-+,/") },
};

static const struct {
    str name;
    const char *why;
} utf7_bad[] = {
    { S_INIT("&"), "cut" },
    { S_INIT("&Jjo"), "cut" },
    { S_INIT("&Jjo!"), "the run never ends" },
    { S_INIT("a&Jjo b-"), "no base64" },
    { S_INIT("&U/BTFw-"), "plain base64's slash" },
    { S_INIT("&Jjo=-"), "padding" },
    { S_INIT("&Jj-"), "less than a unit" },
    { S_INIT("&A-"), "less than a unit" },
    { S_INIT("&Jjp-"), "left-over bits that are not zero" },
    { S_INIT("&JjoA-"), "a whole left-over character" },
    { S_INIT("&JjoAA-"), "a whole left-over character" },
    { S_INIT("&AGE-"), "a letter that stands for itself" },
    { S_INIT("&ACY-"), "an ampersand has its own form" },
    { S_INIT("&Jjo-&ZeU-"), "two runs that are one" },
    { S_INIT("&JjoAYQ-"), "a letter within a run" },
    { S_INIT("&2D0-"), "half a surrogate pair" },
    { S_INIT("&3gA-"), "the second half alone" },
    { S_INIT("&2D3YPQ-"), "two first halves" },
    { S_INIT("&2D0mOg-"), "half a pair, then a letter" },
    { S_INIT("&AAA-"), "NUL" },
    { S_INIT("a\0b"), "NUL" },
    { S_INIT("Entw\xc3\xbcrfe"), "UTF-8" },
    { S_INIT("a\x7f"), "a control character" },
    { S_INIT("a\r\n"), "a line end" },
};

static void utf7(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(utf7_pairs); i++) {
        assert_decodes(utf7_encode, utf7_pairs[i].utf8, utf7_pairs[i].name, i);
        assert_decodes(utf7_decode, utf7_pairs[i].name, utf7_pairs[i].utf8, i);
    }
    for (size_t i = 0; i < COUNT_OF(utf7_bad); i++)
        assert_refuses(utf7_decode, utf7_bad[i].name, i);
    assert_refuses(utf7_encode, S("a\0b"), 0);
    assert_refuses(utf7_encode, S("\xc3"), 1);
    assert_refuses(utf7_encode, S("\xed\xa0\x80"), 2);
}

/* A decoder whose buf fills up may not say that all is well. */
static void what_does_not_fit_is_not_decoded(void **state)
{
    (void)state;
    static const struct {
        decoder *decode;
        str in;
    } all[] = {
        { base64_decode, S_INIT("Zm9vYmFy") },    { base64_decode_lenient, S_INIT("Zm9vYmFy") },
        { hex_decode, S_INIT("0011223344") },     { xtext_decode, S_INIT("foobar") },
        { utf7_decode, S_INIT("&AOnYPd4AAOk-") }, { utf7_encode, S_INIT("\xc3\xa9") },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct buf out = buf_make(4);
        assert_false(all[i].decode(&out, all[i].in));
        assert_true(out.full);
        buf_free(&out);
    }
}

static void fixed_numbers_are_read_as_written(void **state)
{
    (void)state;
    static const uint64_t values[] = {
        0, 1, 0x7f, 0x80, 0xffffffff, 0x8000000000000000, UINT64_MAX
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct buf b = buf_make(24);
        buf_le32(&b, (uint32_t)values[i]);
        buf_be32(&b, (uint32_t)values[i]);
        buf_le64(&b, values[i]);
        buf_be64(&b, values[i]);
        assert_int_equal(get_le32(b.p), (uint32_t)values[i]);
        assert_int_equal(get_be32(b.p + 4), (uint32_t)values[i]);
        assert_int_equal(get_le64(b.p + 8), values[i]);
        assert_int_equal(get_be64(b.p + 16), values[i]);
        buf_free(&b);
    }
}

static const struct {
    str in;
    bool ok;
    uint64_t value;
    size_t left;
} varints[] = {
    { S_INIT("\0x"), true, 0, 1 },
    { S_INIT("\xac\x02"), true, 300, 0 },
    { S_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01y"), true, UINT64_MAX, 1 },
    { S_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), false, 0, 10 }, /* 65 bits */
    { S_INIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), false, 0, 11 },
    { S_INIT("\xff"), false, 0, 1 },
    { S_INIT(""), false, 0, 0 },
};

static void varints_that_are_cut_or_too_large(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(varints); i++) {
        str in = varints[i].in;
        uint64_t value = 0;
        assert_int_equal(get_varint(&in, &value), varints[i].ok);
        assert_int_equal(value, varints[i].value);
        assert_int_equal(in.n, varints[i].left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64),
        cmocka_unit_test(base64_in_the_wild),
        cmocka_unit_test(pieces_are_the_whole),
        cmocka_unit_test(base64_lines_have_76_columns),
        cmocka_unit_test(quoted_printable),
        cmocka_unit_test(quoted_printable_in_the_wild),
        cmocka_unit_test(hex),
        cmocka_unit_test(xtext),
        cmocka_unit_test(utf7),
        cmocka_unit_test(what_does_not_fit_is_not_decoded),
        cmocka_unit_test(fixed_numbers_are_read_as_written),
        cmocka_unit_test(varints_that_are_cut_or_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
