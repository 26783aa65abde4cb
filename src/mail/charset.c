/* charset.c - charsets by iconv, whole or as they stream by.
 *
 * The list says what common names really mean; any other name goes to iconv as it is, if it is made
 * of what names of charsets are made of. Strangers write these names: no path, no "//" of iconv's
 * own syntax, and not the one converter that is known for writing past its end.
 */
#include "mail/charset.h"

#include <errno.h>
#include <iconv.h>

#include "base/limits.h"
#include "base/mem.h"

#define ICONV_BYTES 1024 /* converted at a time */

/* Names as mail writes them (RFC 2978's registry, and what is common) and iconv's name for what is
 * really meant: the supersets that Windows writes under the smaller sets' names. */
static const struct {
    str name;
    const char *iconv;
} charsets[] = {
    { S_INIT("iso-8859-1"), "CP1252" },
    { S_INIT("iso8859-1"), "CP1252" },
    { S_INIT("latin1"), "CP1252" },
    { S_INIT("windows-1252"), "CP1252" },
    { S_INIT("cp1252"), "CP1252" },
    { S_INIT("iso-8859-2"), "ISO-8859-2" },
    { S_INIT("iso-8859-3"), "ISO-8859-3" },
    { S_INIT("iso-8859-4"), "ISO-8859-4" },
    { S_INIT("iso-8859-5"), "ISO-8859-5" },
    { S_INIT("iso-8859-6"), "ISO-8859-6" },
    { S_INIT("iso-8859-7"), "ISO-8859-7" },
    { S_INIT("iso-8859-8"), "ISO-8859-8" },
    { S_INIT("iso-8859-8-i"), "ISO-8859-8" },
    { S_INIT("iso-8859-9"), "CP1254" },
    { S_INIT("iso-8859-10"), "ISO-8859-10" },
    { S_INIT("iso-8859-11"), "CP874" },
    { S_INIT("iso-8859-13"), "ISO-8859-13" },
    { S_INIT("iso-8859-14"), "ISO-8859-14" },
    { S_INIT("iso-8859-15"), "ISO-8859-15" },
    { S_INIT("iso-8859-16"), "ISO-8859-16" },
    { S_INIT("windows-1250"), "CP1250" },
    { S_INIT("windows-1251"), "CP1251" },
    { S_INIT("cp1251"), "CP1251" },
    { S_INIT("windows-1253"), "CP1253" },
    { S_INIT("windows-1254"), "CP1254" },
    { S_INIT("windows-1255"), "CP1255" },
    { S_INIT("windows-1256"), "CP1256" },
    { S_INIT("windows-1257"), "CP1257" },
    { S_INIT("windows-1258"), "CP1258" },
    { S_INIT("windows-874"), "CP874" },
    { S_INIT("tis-620"), "CP874" },
    { S_INIT("koi8-r"), "KOI8-R" },
    { S_INIT("koi8-u"), "KOI8-U" },
    { S_INIT("macintosh"), "MACINTOSH" },
    { S_INIT("x-mac-roman"), "MACINTOSH" },
    { S_INIT("ibm850"), "CP850" },
    { S_INIT("cp850"), "CP850" },
    { S_INIT("cp866"), "CP866" },
    { S_INIT("ibm866"), "CP866" },
    { S_INIT("gb2312"), "GB18030" },
    { S_INIT("x-gbk"), "GB18030" },
    { S_INIT("gbk"), "GB18030" },
    { S_INIT("gb18030"), "GB18030" },
    { S_INIT("big5"), "CP950" },
    { S_INIT("big5-hkscs"), "BIG5-HKSCS" },
    { S_INIT("shift_jis"), "CP932" },
    { S_INIT("shift-jis"), "CP932" },
    { S_INIT("sjis"), "CP932" },
    { S_INIT("x-sjis"), "CP932" },
    { S_INIT("windows-31j"), "CP932" },
    { S_INIT("euc-jp"), "EUC-JP" },
    { S_INIT("iso-2022-jp"), "ISO-2022-JP-2" },
    { S_INIT("iso-2022-jp-2"), "ISO-2022-JP-2" },
    { S_INIT("euc-kr"), "CP949" },
    { S_INIT("ks_c_5601-1987"), "CP949" },
    { S_INIT("cp949"), "CP949" },
    { S_INIT("iso-2022-kr"), "ISO-2022-KR" },
    { S_INIT("utf-7"), "UTF-7" },
    { S_INIT("unicode-1-1-utf-7"), "UTF-7" },
    { S_INIT("utf-16"), "UTF-16" },
    { S_INIT("utf-16le"), "UTF-16LE" },
    { S_INIT("utf-16be"), "UTF-16BE" },
    { S_INIT("utf-32"), "UTF-32" },
};

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* --- names --------------------------------------------------------------------------------------
 */

static bool is_utf8_name(str charset)
{
    return str_ieq(charset, S("utf-8")) || str_ieq(charset, S("utf8"));
}

/* Not worth believing: 8-bit text under these names is UTF-8 or Latin-1. */
static bool is_ascii_name(str charset)
{
    return !charset.n || str_ieq(charset, S("us-ascii")) || str_ieq(charset, S("ascii")) ||
           str_ieq(charset, S("unknown-8bit")) || str_ieq(charset, S("x-unknown"));
}

static bool is_name(str charset)
{
    static const str never[] = { S_INIT("char"), S_INIT("wchar_t"), S_INIT("internal"),
                                 S_INIT("iso-2022-cn-ext"), S_INIT("iso2022cnext") };
    if (charset.n >= CHARSET_NAME_BYTES) return false;
    for (size_t i = 0; i < charset.n; i++)
        if (!ascii_alnum(charset.p[i]) && !str_has(S("-_.:+()"), charset.p[i])) return false;
    for (size_t i = 0; i < COUNT_OF(never); i++)
        if (str_ieq(charset, never[i])) return false;
    return charset.n > 0;
}

static iconv_t open_named(str charset)
{
    char name[CHARSET_NAME_BYTES] = { 0 };
    for (size_t i = 0; i < COUNT_OF(charsets); i++)
        if (str_ieq(charset, charsets[i].name)) return iconv_open("UTF-8", charsets[i].iconv);
    if (!is_name(charset)) return (iconv_t)-1;
    bytes_copy(name, sizeof(name) - 1, charset.p, charset.n);
    return iconv_open("UTF-8", name);
}

bool charset_known(str charset)
{
    charset = str_trim(charset);
    if (is_utf8_name(charset) || is_ascii_name(charset)) return true;
    iconv_t cd = open_named(charset);
    if (cd == (iconv_t)-1) return false;
    iconv_close(cd);
    return true;
}

void charset_list(struct buf *out)
{
    buf_add(out, S("UTF-8 US-ASCII"));
    for (size_t i = 0; i < COUNT_OF(charsets); i++) {
        buf_addc(out, ' ');
        for (size_t j = 0; j < charsets[i].name.n; j++)
            buf_addc(out, ascii_upper(charsets[i].name.p[j]));
    }
}

/* --- UTF-8 --------------------------------------------------------------------------------------
 */

size_t utf8_char(str s)
{
    unsigned char c = (unsigned char)s.p[0];
    size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    return n <= s.n && utf8_valid(str_take(s, n)) ? n : 0;
}

/* Is s the beginning of a character whose end is missing? */
static bool utf8_is_cut(str s)
{
    unsigned char c = (unsigned char)s.p[0];
    size_t want = c >= 0xf0 && c <= 0xf4 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || s.n >= want) return false;
    for (size_t i = 1; i < s.n; i++)
        if (((unsigned char)s.p[i] & 0xc0) != 0x80) return false;
    return true;
}

/* How many bytes at the end begin a character and do not end it. */
static size_t utf8_cut_bytes(str s)
{
    for (size_t n = 1; n <= 3 && n <= s.n; n++)
        if (utf8_is_cut(str_from(s, s.n - n))) return n;
    return 0;
}

static void add_without_nul(struct buf *out, str s)
{
    for (size_t nul = str_chr(s, '\0'); nul != STR_NPOS; nul = str_chr(s, '\0')) {
        buf_add(out, str_take(s, nul));
        s = str_from(s, nul + 1);
    }
    buf_add(out, s);
}

static void add_utf8(struct buf *out, str s)
{
    size_t from = 0, at = utf8_valid(s) ? s.n : 0; /* most is, and then goes as a whole */
    while (at < s.n) {
        size_t n = utf8_char(str_from(s, at));
        if (n) {
            at += n;
            continue;
        }
        add_without_nul(out, str_sub(s, from, at - from));
        if (utf8_is_cut(str_from(s, at))) return;
        buf_add(out, S(REPLACEMENT));
        from = ++at;
    }
    add_without_nul(out, str_from(s, from));
}

static void add_ascii(struct buf *out, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80)
            buf_add(out, S(REPLACEMENT));
        else if (s.p[i])
            buf_addc(out, s.p[i]);
    }
}

/* --- conversion ---------------------------------------------------------------------------------
 */

/* One byte or more of progress each time round: what cannot be converted is skipped. Returns the
 * bytes taken: all, but for a sequence that is cut off at the end. */
static size_t add_converted(struct buf *out, iconv_t cd, str s)
{
    char converted[ICONV_BYTES];
    char *in = (char *)(uintptr_t)s.p; /* iconv's prototype lacks the const it keeps */
    size_t left = s.n;
    while (left && !out->full) {
        char *to = converted;
        size_t room = sizeof(converted);
        size_t result = iconv(cd, &in, &left, &to, &room);
        int why = errno;
        add_without_nul(out, (str){ converted, sizeof(converted) - room });
        if (result != (size_t)-1 || why == EINVAL) break;
        if (why == EILSEQ) {
            buf_add(out, S(REPLACEMENT));
            in++;
            left--;
        } else if (why != E2BIG) {
            break;
        }
    }
    return s.n - left;
}

static void add_last(struct buf *out, iconv_t cd)
{
    char converted[ICONV_BYTES];
    char *to = converted;
    size_t room = sizeof(converted);
    if (iconv(cd, NULL, NULL, &to, &room) != (size_t)-1)
        add_without_nul(out, (str){ converted, sizeof(converted) - room });
}

bool charset_begin(struct charset *c, str charset)
{
    charset = str_trim(charset);
    *c = (struct charset){ .how = CHARSET_UTF8 };
    if (is_utf8_name(charset)) return true;
    if (is_ascii_name(charset)) {
        c->how = CHARSET_GUESS;
        return true;
    }
    iconv_t cd = open_named(charset);
    c->how = cd == (iconv_t)-1 ? CHARSET_UNKNOWN : CHARSET_ICONV;
    if (c->how == CHARSET_ICONV) c->cd = cd;
    return c->how == CHARSET_ICONV;
}

/* No more UTF-8 from here on. */
static void become_latin(struct charset *c)
{
    iconv_t cd = iconv_open("UTF-8", "CP1252");
    c->how = cd == (iconv_t)-1 ? CHARSET_UNKNOWN : CHARSET_ICONV;
    if (c->how == CHARSET_ICONV) c->cd = cd;
}

size_t charset_feed(struct charset *c, struct buf *out, str bytes, bool last)
{
    size_t cut = c->how == CHARSET_UTF8 || c->how == CHARSET_GUESS ? utf8_cut_bytes(bytes) : 0;
    str whole = str_take(bytes, bytes.n - cut);
    if (c->how == CHARSET_GUESS && (!utf8_valid(whole) || (last && cut))) become_latin(c);
    switch (c->how) {
    case CHARSET_UTF8:
    case CHARSET_GUESS: add_utf8(out, whole); return whole.n;
    case CHARSET_UNKNOWN: add_ascii(out, bytes); return bytes.n;
    case CHARSET_ICONV: break;
    }
    size_t n = add_converted(out, c->cd, bytes);
    if (last) add_last(out, c->cd);
    return n;
}

void charset_end(struct charset *c)
{
    if (c->cd) iconv_close(c->cd);
    c->cd = NULL;
}

bool charset_to_utf8(struct buf *out, str charset, str bytes)
{
    struct charset c;
    bool known = charset_begin(&c, charset);
    (void)charset_feed(&c, out, bytes, true);
    charset_end(&c);
    return known;
}
