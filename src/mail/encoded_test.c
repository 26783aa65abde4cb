/* encoded_test.c - charsets and encoded words, both ways. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/encoded.h"

/* clang-format off */
static const struct { const char *in, *out; } words[] = { /* RFC 2047 8 and the wild */
    { "plain", "plain" },
    { "=?ISO-8859-1?Q?a?=", "a" },
    { "(=?ISO-8859-1?Q?a?=)", "(a)" },
    { "=?ISO-8859-1?Q?a?= b", "a b" },
    { "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab" },
    { "=?ISO-8859-1?Q?a?=\r\n  =?ISO-8859-1?Q?b?=", "ab" },
    { "=?ISO-8859-1?Q?a_b?=", "a b" },
    { "=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b" },
    { "=?iso-8859-1*de?q?=FC?=", "\xc3\xbc" },
    { "=?utf-8?b?w7w=?=", "\xc3\xbc" },
    { "=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "\xc3\xbc" },    /* a character cut in two */
    { "=?utf-8?q?=C3=BC", "=?utf-8?q?=C3=BC" },           /* no end */
    { "=?utf-8?x?abc?=", "=?utf-8?x?abc?=" },
    { "=??q?abc?=", "=??q?abc?=" },
    { "=?utf-8?q?" "?=", "" },
    { "=?utf-8?q?a=0D=0ABcc:_b=00?=", "a  Bcc: b" },      /* nothing breaks the line */
    { "=?bogus?q?a=FCb?=", "a\xef\xbf\xbd" "b" },
    { "=?utf-8?q?=?=", "=" },
    { "a =?utf-8?q?b?= c =?utf-8?q?d?=", "a b c d" },
    { "folded\r\n value", "folded value" },
    { "raw \xfc", "raw \xc3\xbc" },
    { "raw \xc3\xbc", "raw \xc3\xbc" },
    { "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac" },
    { "=?gb2312?b?1tDOxA==?=", "\xe4\xb8\xad\xe6\x96\x87" },
    { "=?koi8-r?q?=F0=D2?=", "\xd0\x9f\xd1\x80" },
    { "=?=?=?=?=?", "=?=?=?=?=?" },
    { "", "" },
};
/* clang-format on */

static void words_are_decoded(void **state)
{
    (void)state;
    struct buf b = buf_make(10000);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        buf_reset(&b);
        encoded_decode(&b, str_of(words[i].in));
        if (!str_eq(buf_str(&b), str_of(words[i].out)))
            fail_msg("%s: %.*s", words[i].in, STR_ARG(buf_str(&b)));
    }
    buf_free(&b);
}

static void hostile_words_take_linear_time(void **state)
{
    (void)state;
    struct buf in = buf_make(4 << 20), out = buf_make(16 << 20);
    for (int i = 0; i < 300000; i++)
        buf_add(&in, S("=?x?q?"));
    encoded_decode(&out, buf_str(&in));
    assert_int_equal(out.n, in.n);
    buf_free(&in);
    buf_free(&out);
}

/* clang-format off */
static const struct { const char *charset; str in; const char *out; bool known; } charsets[] = {
    { "utf-8", S_INIT("a\xc3\xbc"), "a\xc3\xbc", true },
    { "UTF-8", S_INIT("a\xff\xc3\xbc"), "a\xef\xbf\xbd\xc3\xbc", true },
    { "utf-8", S_INIT("a\xe2\x82"), "a", true },             /* cut at the end */
    { "utf-8", S_INIT("a\0b"), "ab", true },
    { "utf-8", S_INIT("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true }, /* a surrogate */
    { "", S_INIT("\x93x\x94"), "\xe2\x80\x9cx\xe2\x80\x9d", true },
    { "us-ascii", S_INIT("\xc3\xbc"), "\xc3\xbc", true },
    { " ISO-8859-1 ", S_INIT("\xfc"), "\xc3\xbc", true },
    { "windows-1251", S_INIT("\xcf"), "\xd0\x9f", true },
    { "utf-16le", S_INIT("a\0\xfc\0"), "a\xc3\xbc", true },
    { "shift_jis", S_INIT("\x93\xfa\xff\x41"), "\xe6\x97\xa5\xef\xbf\xbd" "A", true },
    { "utf-7", S_INIT("+APw-"), "\xc3\xbc", true },
    { "no-such", S_INIT("a\x80"), "a\xef\xbf\xbd", false },
    { "utf-8//TRANSLIT", S_INIT("a"), "a", false },
    { "../../x", S_INIT("a"), "a", false },
};
/* clang-format on */

static void charsets_become_utf8(void **state)
{
    (void)state;
    struct buf b = buf_make(10000);
    for (size_t i = 0; i < COUNT_OF(charsets); i++) {
        buf_reset(&b);
        bool known = charset_to_utf8(&b, str_of(charsets[i].charset), charsets[i].in);
        if (known != charsets[i].known || !str_eq(buf_str(&b), str_of(charsets[i].out)))
            fail_msg("%zu %s: %.*s", i, charsets[i].charset, STR_ARG(buf_str(&b)));
        assert_int_equal(charset_known(str_of(charsets[i].charset)), known);
    }
    buf_free(&b);
}

static void any_bytes_become_valid_utf8(void **state)
{
    (void)state;
    static const char *const names[] = { "utf-8", "",       "iso-2022-jp", "gb18030", "utf-7",
                                         "big5",  "utf-16", "euc-kr",      "cp1255",  "utf-32" };
    uint32_t seed = 1;
    char in[300];
    struct buf b = buf_make(10000);
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof(in); i++)
            in[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
        buf_reset(&b);
        charset_to_utf8(&b, str_of(names[round % 10]), (str){ in, sizeof(in) });
        assert_true(utf8_valid(buf_str(&b)));
        assert_false(str_has(buf_str(&b), '\0'));
    }
    buf_free(&b);
}

static const char *const texts[] = {
    "",
    "plain",
    "J\xc3\xb6rg",
    "=?utf-8?q?looks_like?=",
    "a  b",
    "tr\xc3\xa8s tr\xc3\xa8s tr\xc3\xa8s long "
    "subject that needs several words because it is so very long, with \xe2\x82\xac signs "
    "\xf0\x9f\x98\x80",
    "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96"
    "\x87"
    "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96"
    "\x87",
};

static void what_is_encoded_is_decoded(void **state)
{
    (void)state;
    struct buf words_out = buf_make(10000), back = buf_make(10000);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        buf_reset(&words_out);
        buf_reset(&back);
        encoded_encode(&words_out, str_of(texts[i]));
        str rest = buf_str(&words_out), word;
        assert_true(str_is_ascii(rest));
        while (str_starts(rest, S("=?")) && str_split(&rest, ' ', &word))
            assert_true(word.n <= 75);
        encoded_decode(&back, buf_str(&words_out));
        if (!str_eq(buf_str(&back), str_of(texts[i]))) fail_msg("%s", texts[i]);
    }
    buf_free(&words_out);
    buf_free(&back);
}

/* clang-format off */
static const struct { const char *in, *out; } phrases[] = {
    { "Bob Builder", "Bob Builder" },
    { "Bob B. \"x\\y\"", "\"Bob B. \\\"x\\\\y\\\"\"" },
    { "a,b", "\"a,b\"" },
    { "", "\"\"" },
    { "J\xc3\xb6rg", "=?UTF-8?B?SsO2cmc=?=" },
    { "a\r\nBcc: b", "\"a  Bcc: b\"" },
};
/* clang-format on */

static void phrases_are_safe(void **state)
{
    (void)state;
    struct buf b = buf_make(10000);
    for (size_t i = 0; i < COUNT_OF(phrases); i++) {
        buf_reset(&b);
        encoded_phrase(&b, str_of(phrases[i].in));
        if (!str_eq(buf_str(&b), str_of(phrases[i].out)))
            fail_msg("%s: %.*s", phrases[i].in, STR_ARG(buf_str(&b)));
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_decoded),
        cmocka_unit_test(hostile_words_take_linear_time),
        cmocka_unit_test(charsets_become_utf8),
        cmocka_unit_test(any_bytes_become_valid_utf8),
        cmocka_unit_test(what_is_encoded_is_decoded),
        cmocka_unit_test(phrases_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
