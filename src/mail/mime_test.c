/* mime_test.c - the MIME parser and BODYSTRUCTURE: good mail, nasty mail, mail in any chunks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/bodystructure.h"
#include "mail/mime.h"

static struct arena a;
static struct mime m;

static int begin(void **state)
{
    (void)state;
    a = arena_make(64 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    mime_free(&m);
    arena_free(&a);
    return 0;
}

static void parse(str message, size_t chunk)
{
    mime_free(&m);
    mime_begin(&m, &a, NULL);
    for (size_t at = 0; at < message.n; at += chunk)
        mime_feed(&m, str_sub(message, at, chunk));
    mime_end(&m);
}

static str structure(bool extended)
{
    struct buf b = buf_make(64 << 20);
    bodystructure_write(&b, &m, extended);
    assert_false(b.full);
    str text = arena_copy(&a, buf_str(&b));
    buf_free(&b);
    return text;
}

/* clang-format off */
static const struct { const char *name, *message, *body; } cases[] = {
    { "empty", "", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)" },
    { "no header", "\r\nhi\r\n", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1)" },
    { "no body", "A: b\r\n\r\n", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)" },
    { "cut header", "A: b\r\nContent-Type: text/html", "(\"text\" \"html\" NIL NIL NIL \"7bit\" 0 0)" },
    { "LF only", "Content-Type: text/x\n\na\nb", "(\"text\" \"x\" NIL NIL NIL \"7bit\" 3 2)" },
    { "fields", "Content-Type: Image/PNG; name=a.png\r\nContent-ID: <x@y>\r\n"
      "Content-Description: a\r\n picture\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAAA\r\n",
      "(\"image\" \"png\" (\"name\" \"a.png\") \"<x@y>\" \"a picture\" \"BASE64\" 6)" },
    { "bad type", "Content-Type: nonsense; charset=utf-8\r\n\r\nx",
      "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 1 1)" },
    { "first field counts", "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", "(\"a\" \"b\" NIL NIL NIL \"7bit\" 0)" },
    { "alternative",
      "Content-Type: multipart/alternative; boundary=b\r\n\r\npreamble\r\n"
      "--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>\r\n\r\n--b--\r\nepilogue\r\n--b\r\n",
      "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1)"
      "(\"text\" \"html\" NIL NIL NIL \"7bit\" 5 1) \"alternative\")" },
    { "empty parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b\r\n--b\r\n\r\n\r\n--b--",
      "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)"
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)"
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\")" },
    { "no parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n",
      "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0) \"mixed\")" },
    { "no boundary", "Content-Type: multipart/mixed\r\n\r\n--b\r\n", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 5 1)" },
    { "unterminated", "Content-Type: multipart/mixed; boundary=\"b b\"\r\n\r\n--b b  \r\nA: b\r\n\r\nx\r\n--b\r\n",
      "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 8 2) \"mixed\")" },
    { "boundary ends a header", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n--b--\r\n",
      "((\"a\" \"b\" NIL NIL NIL \"7bit\" 0) \"mixed\")" },
    { "outer boundary ends inner",
      "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/x; boundary=i\r\n\r\n"
      "--i\r\n\r\none\r\n--o\r\n\r\ntwo\r\n--i\r\n--o--\r\n",
      "(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1) \"x\")"
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 8 2) \"mixed\")" },
    { "one boundary begins with the other",
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/x; boundary=bb\r\n\r\n"
      "--bb\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--bb--\r\n--b\r\n\r\nthree\r\n--b--\r\n",
      "(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1)"
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1) \"x\")"
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1) \"mixed\")" },
    { "message",
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
      "Subject: inner\r\nFrom: a@b.test\r\n\r\nbody\r\n--b--\r\n",
      "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 38 (NIL \"inner\" ((NIL NIL \"a\" \"b.test\"))"
      " ((NIL NIL \"a\" \"b.test\")) ((NIL NIL \"a\" \"b.test\")) NIL NIL NIL NIL NIL)"
      " (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1) 4) \"mixed\")" },
    { "digest", "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n--b\r\n--b--\r\n",
      "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 10 (NIL \"x\" NIL NIL NIL NIL NIL NIL NIL NIL)"
      " (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) 1)"
      "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
      " (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) 0) \"digest\")" },
    { "encoded message", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTog",
      "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 4)" },
    { "RFC 2231 and 8 bit", "Content-Type: a/b; name*0*=utf-8''%C3; name*1*=%BC\r\nContent-Description: \xfc\r\n\r\n",
      "(\"a\" \"b\" (\"name*\" \"utf-8''%C3%BC\") NIL {1}\r\n\xfc \"7bit\" 0)" },
    { "quotes", "Content-Type: a/b; name=\"a\\\"b\\\\c\"\r\n\r\n", "(\"a\" \"b\" (\"name\" \"a\\\"b\\\\c\") NIL NIL \"7bit\" 0)" },
    { "bare CR", "Content-Type: a/b\r\n\rX: y\r\n\r\nz", "(\"a\" \"b\" NIL NIL NIL \"7bit\" 1)" },
};
/* clang-format on */

static void structures_are_right_in_any_chunks(void **state)
{
    (void)state;
    static const size_t chunks[] = { 100000, 1, 2, 3, 5, 7, 64 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t k = 0; k < COUNT_OF(chunks); k++) {
            parse(str_of(cases[i].message), chunks[k]);
            str got = structure(false);
            if (!str_eq(got, str_of(cases[i].body)))
                fail_msg("%s by %zu: %.*s", cases[i].name, chunks[k], STR_ARG(got));
            struct buf plain = buf_make(100000);
            assert_true(bodystructure_plain(&plain, structure(true)));
            assert_true(str_eq(buf_str(&plain), got));
            buf_free(&plain);
        }
    }
}

static void extension_data_is_written(void **state)
{
    (void)state;
    parse(S("Content-Type: multipart/mixed; boundary=b\r\nContent-Language: de, en\r\n\r\n--b\r\n"
            "Content-Disposition: ATTACHMENT; filename=x\r\nContent-MD5: Q2hlY2s=\r\n"
            "Content-Location: http://x.test/\r\nContent-Language: fr\r\n\r\n--b--\r\n"),
          9999);
    assert_true(
        str_eq(structure(true),
               S("((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 \"Q2hlY2s=\""
                 " (\"attachment\" (\"filename\" \"x\")) \"fr\" \"http://x.test/\") \"mixed\""
                 " (\"boundary\" \"b\") NIL (\"de\" \"en\") NIL)")));
}

static void bodies_are_found(void **state)
{
    (void)state;
    str message = S("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                    "--b\r\nX: y\r\n\r\none\r\n\r\n--b\r\n\r\ntwo\n--b--\r\n");
    parse(message, 9999);
    assert_int_equal(m.nparts, 3);
    assert_true(
        str_eq(str_sub(message, m.parts[1].header_at, m.parts[1].header_bytes), S("X: y\r\n\r\n")));
    assert_true(str_eq(str_sub(message, m.parts[1].body_at, m.parts[1].body_bytes), S("one\r\n")));
    assert_true(str_eq(str_sub(message, m.parts[2].body_at, m.parts[2].body_bytes), S("two")));
    assert_int_equal(m.parts[0].body_at + m.parts[0].body_bytes, message.n);
    assert_int_equal(m.parts[2].number, 2);
    assert_int_equal(m.parts[2].parent, 0);
}

/* --- hooks --------------------------------------------------------------------------------------
 */

struct heard {
    struct buf bodies[4];
    int headers;
};

static void hear_header(void *arg, int index, str block)
{
    struct heard *h = arg;
    assert_int_equal(index, h->headers++);
    (void)block;
}

static void hear_body(void *arg, int index, str bytes)
{
    struct heard *h = arg;
    buf_add(&h->bodies[index], bytes);
}

static void hooks_hear_exactly_the_bodies(void **state)
{
    (void)state;
    str message = S("Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\n"
                    "a\r\r\nb\rc\n--no\r\n-\r\n--\r\n\n\r\n--b\r\n\r\n\r\n--b\r\n\r\nlast\r\n\r");
    for (size_t chunk = 1; chunk < 20; chunk++) {
        struct heard h = { 0 };
        for (size_t i = 0; i < 4; i++)
            h.bodies[i] = buf_make(1000);
        struct mime_hooks hooks = { .arg = &h, .header = hear_header, .body = hear_body };
        mime_free(&m);
        mime_begin(&m, &a, &hooks);
        for (size_t at = 0; at < message.n; at += chunk)
            mime_feed(&m, str_sub(message, at, chunk));
        mime_end(&m);
        assert_int_equal(m.nparts, 4);
        assert_int_equal(h.headers, 4);
        for (int i = 1; i < 4; i++)
            assert_true(str_eq(buf_str(&h.bodies[i]),
                               str_sub(message, m.parts[i].body_at, m.parts[i].body_bytes)));
        assert_int_equal(h.bodies[0].n, 0);
        for (size_t i = 0; i < 4; i++)
            buf_free(&h.bodies[i]);
    }
}

/* Longer than any boundary: held only so far, and lost nowhere. */
static void long_lines_of_dashes_are_text(void **state)
{
    (void)state;
    struct buf b = buf_make(100000);
    buf_add(&b, S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--"));
    size_t at = b.n - 2;
    buf_fill(&b, 'x', 3 * MIME_BOUNDARY_BYTES);
    buf_add(&b, S("\r\n--b--\r\n"));
    for (size_t chunk = 1; chunk < 5000; chunk = 3 * chunk + 1) {
        struct heard h = { .bodies[1] = buf_make(100000) };
        struct mime_hooks hooks = { .arg = &h, .header = hear_header, .body = hear_body };
        mime_free(&m);
        mime_begin(&m, &a, &hooks);
        for (size_t i = 0; i < b.n; i += chunk)
            mime_feed(&m, str_sub(buf_str(&b), i, chunk));
        mime_end(&m);
        assert_int_equal(m.nparts, 2);
        assert_true(
            str_eq(buf_str(&h.bodies[1]), str_sub(buf_str(&b), at, 2 + 3 * MIME_BOUNDARY_BYTES)));
        buf_free(&h.bodies[1]);
    }
    buf_free(&b);
}

/* --- what the bytes are like ---------------------------------------------------------------------
 */

/* clang-format off */
static const struct { str message; unsigned flags; } bytes[] = {
    { S_INIT("a\r\n\r\nb\r\n"), 0 },
    { S_INIT("a\r\n\r\n\x80\r\n"), MIME_HAS_8BIT },
    { S_INIT("a\r\n\r\n\0\r\n"), MIME_HAS_NUL },
    { S_INIT("a\r\n\r\nb\r"), MIME_HAS_BARE_CR },
    { S_INIT("a\rb\r\n"), MIME_HAS_BARE_CR },
    { S_INIT("a\r\r\n"), MIME_HAS_BARE_CR },
    { S_INIT("a\n"), MIME_HAS_BARE_LF },
    { S_INIT("\n"), MIME_HAS_BARE_LF },
    { S_INIT("a\n\r\r\n"), MIME_HAS_BARE_LF | MIME_HAS_BARE_CR },
};
/* clang-format on */

static void bytes_are_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bytes); i++) {
        for (size_t chunk = 1; chunk < 8; chunk++) {
            parse(bytes[i].message, chunk);
            assert_int_equal(m.flags, bytes[i].flags);
        }
    }
    struct buf b = buf_make(10000);
    buf_fill(&b, 'x', 998);
    buf_add(&b, S("\r\n"));
    parse(buf_str(&b), 100);
    assert_int_equal(m.flags, 0);
    buf_fill(&b, 'x', 999);
    parse(buf_str(&b), 100);
    assert_int_equal(m.flags, MIME_HAS_LONG_LINE);
    buf_add(&b, S("\r\n"));
    parse(buf_str(&b), 3);
    assert_int_equal(m.flags, MIME_HAS_LONG_LINE);
    buf_free(&b);
}

/* Eight are looked at at once: one of them is noticed wherever it stands. */
static void bytes_are_noticed_anywhere(void **state)
{
    (void)state;
    for (size_t at = 0; at < 24; at++) {
        for (int c = 0; c < 256; c++) {
            char text[] = "a\r\n\r\nabcdefghijklmnopqrstuvwx\r\n";
            text[5 + at] = (char)c;
            unsigned flags = c >= 0x80   ? MIME_HAS_8BIT
                             : c == 0    ? MIME_HAS_NUL
                             : c == '\r' ? MIME_HAS_BARE_CR
                             : c == '\n' ? MIME_HAS_BARE_LF
                                         : 0;
            parse((str){ text, sizeof text - 1 }, 1000);
            assert_int_equal(m.flags, flags);
        }
    }
}

/* --- caps ------------------------------------------------------------------------------------- */

static void parts_are_capped(void **state)
{
    (void)state;
    struct buf b = buf_make(8 << 20);
    buf_add(&b, S("Content-Type: multipart/mixed; boundary=b\r\n\r\n"));
    for (int i = 0; i < 20000; i++)
        buf_add(&b, S("--b\r\n\r\nx\r\n"));
    buf_add(&b, S("--b--\r\n"));
    parse(buf_str(&b), 4096);
    assert_int_equal(m.nparts, MIME_PARTS);
    assert_true(m.flags & MIME_WAS_CAPPED);
    struct mime_part *last = &m.parts[MIME_PARTS - 1];
    assert_int_equal(last->body_at + last->body_bytes, b.n - 9); /* before "\r\n--b--\r\n" */
    buf_reset(&b);
    buf_add(&b, S("Content-Type: multipart/digest; boundary=b\r\n\r\n"));
    for (int i = 0; i < 20000; i++)
        buf_add(&b, S("--b\r\n"));
    parse(buf_str(&b), 777);
    assert_true(m.nparts <= MIME_PARTS && m.nparts > MIME_PARTS - 3);
    structure(true);
    buf_free(&b);
}

static void depth_is_capped(void **state)
{
    (void)state;
    struct buf b = buf_make(8 << 20);
    for (int i = 0; i < 100; i++)
        buf_add(&b, S("Content-Type: message/rfc822\r\n\r\n"));
    parse(buf_str(&b), 100);
    assert_true(m.flags & MIME_WAS_CAPPED);
    assert_int_equal(m.nparts, MIME_DEPTH + 1);
    assert_true(str_eq(m.parts[MIME_DEPTH].subtype, S("octet-stream")));
    str first = structure(true);
    parse(buf_str(&b), 1);
    assert_true(str_eq(first, structure(true)));

    buf_reset(&b);
    for (int i = 0; i < 10000; i++)
        buf_addf(&b, "Content-Type: multipart/mixed; boundary=x%dx\r\n\r\n--x%dx\r\n", i, i);
    parse(buf_str(&b), 1000);
    assert_int_equal(m.nparts, MIME_DEPTH + 1);
    structure(true);
    buf_free(&b);
}

static void headers_are_capped(void **state)
{
    (void)state;
    struct buf b = buf_make(8 << 20);
    buf_add(&b, S("Content-Type: text/html\r\n"));
    for (int i = 0; i < 100000; i++)
        buf_addf(&b, "X-%d: yyyyyyyyyyyy\r\n", i);
    buf_add(&b, S("\r\nbody"));
    parse(buf_str(&b), 1 << 20);
    assert_int_equal(m.parts[0].header_bytes, HEADER_BYTES);
    assert_int_equal(m.parts[0].body_bytes, b.n - HEADER_BYTES);
    assert_true(m.flags & MIME_WAS_CAPPED);
    str first = structure(true);
    parse(buf_str(&b), 13);
    assert_true(str_eq(first, structure(true)));

    buf_reset(&b); /* exactly as long as may be */
    buf_add(&b, S("X:"));
    buf_fill(&b, 'x', HEADER_BYTES - 6);
    buf_add(&b, S("\r\n\r\nbody"));
    parse(buf_str(&b), 4096);
    assert_int_equal(m.parts[0].header_bytes, HEADER_BYTES);
    assert_int_equal(m.parts[0].body_bytes, 4);
    assert_false(m.flags & MIME_WAS_CAPPED);

    buf_reset(&b); /* one line without end, within a multipart */
    buf_add(&b, S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX:"));
    buf_fill(&b, 'x', 2 << 20);
    buf_add(&b, S("\r\n\r\n--b--\r\n"));
    parse(buf_str(&b), 1 << 20);
    assert_int_equal(m.nparts, 2);
    assert_int_equal(m.parts[1].header_bytes, HEADER_BYTES);
    first = structure(true);
    parse(buf_str(&b), 4099);
    assert_true(str_eq(first, structure(true)));
    buf_free(&b);
}

static void a_spent_arena_is_no_crash(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 4000; limit += 48) {
        struct arena small = arena_make(limit);
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            mime_free(&m);
            mime_parse(&m, &small, str_of(cases[i].message));
            struct buf text = buf_make(100000), plain = buf_make(100000);
            bodystructure_write(&text, &m, true);
            assert_true(bodystructure_plain(&plain, buf_str(&text)));
            buf_free(&text);
            buf_free(&plain);
            arena_reset(&small);
        }
        mime_free(&m);
        arena_free(&small);
    }
}

static void attachments_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool attachment;
        const char *name;
    } rows[] = {
        { "", false, "" },
        { "Content-Disposition: attachment", true, "" },
        { "Content-Disposition: attachment; filename*=utf-8''%C3%BC", true, "\xc3\xbc" },
        { "Content-Type: text/plain; name=x.txt", true, "x.txt" },
        { "Content-Type: image/png\r\nContent-ID: <x>", false, "" },
        { "Content-Type: image/png", true, "" },
        { "Content-Type: application/pgp-signature; name=sig", false, "sig" },
        { "Content-Type: application/pdf", true, "" },
        { "Content-Type: multipart/mixed; boundary=x", false, "" },
        { "Content-Type: message/rfc822", true, "" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        parse(str_of(rows[i].header), 9999);
        if (mime_is_attachment(&m.parts[0]) != rows[i].attachment) fail_msg("%s", rows[i].header);
        assert_true(str_eq(mime_filename(&a, &m.parts[0]), str_of(rows[i].name)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(structures_are_right_in_any_chunks, begin, end),
        cmocka_unit_test_setup_teardown(extension_data_is_written, begin, end),
        cmocka_unit_test_setup_teardown(bodies_are_found, begin, end),
        cmocka_unit_test_setup_teardown(hooks_hear_exactly_the_bodies, begin, end),
        cmocka_unit_test_setup_teardown(long_lines_of_dashes_are_text, begin, end),
        cmocka_unit_test_setup_teardown(bytes_are_noticed, begin, end),
        cmocka_unit_test_setup_teardown(bytes_are_noticed_anywhere, begin, end),
        cmocka_unit_test_setup_teardown(parts_are_capped, begin, end),
        cmocka_unit_test_setup_teardown(depth_is_capped, begin, end),
        cmocka_unit_test_setup_teardown(headers_are_capped, begin, end),
        cmocka_unit_test_setup_teardown(a_spent_arena_is_no_crash, begin, end),
        cmocka_unit_test_setup_teardown(attachments_are_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
