/* encoded.c - charsets by iconv and the encoded words of RFC 2047, both ways.
 *
 * Which charsets are known is a list of ours, not whatever the C library can load: names come from
 * strangers, and its rarer converters are little tested.
 */
#include "mail/encoded.h"

#include <errno.h>
#include <iconv.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"

#define WORD_COLUMNS 75   /* RFC 2047 2 */
#define ICONV_BYTES  1024 /* converted at a time */

/* Names as mail writes them (RFC 2978's registry, and what is common) and iconv's name for what is
 * really meant: the supersets that Windows writes under the smaller sets' names. */
static const struct {
    str name;
    const char *iconv;
} charsets[] = {
    { S_INIT("iso-8859-1"), "CP1252" },
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
    { S_INIT("ibm850"), "CP850" },
    { S_INIT("cp850"), "CP850" },
    { S_INIT("cp866"), "CP866" },
    { S_INIT("ibm866"), "CP866" },
    { S_INIT("gb2312"), "GB18030" },
    { S_INIT("gbk"), "GB18030" },
    { S_INIT("gb18030"), "GB18030" },
    { S_INIT("big5"), "CP950" },
    { S_INIT("big5-hkscs"), "BIG5-HKSCS" },
    { S_INIT("shift_jis"), "CP932" },
    { S_INIT("shift-jis"), "CP932" },
    { S_INIT("sjis"), "CP932" },
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

/* --- charsets -----------------------------------------------------------------------------------
 */

static const char *iconv_name(str charset)
{
    for (size_t i = 0; i < COUNT_OF(charsets); i++)
        if (str_ieq(charset, charsets[i].name)) return charsets[i].iconv;
    return NULL;
}

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

bool charset_known(str charset)
{
    charset = str_trim(charset);
    return is_utf8_name(charset) || is_ascii_name(charset) || iconv_name(charset);
}

/* Bytes of the valid UTF-8 character at the front of s; 0 if there is none. */
static size_t utf8_char(str s)
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

/* One byte or more of progress each time round: what cannot be converted is skipped. */
static void add_converted(struct buf *out, iconv_t cd, str s)
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
    char *to = converted;
    size_t room = sizeof(converted);
    if (iconv(cd, NULL, NULL, &to, &room) != (size_t)-1)
        add_without_nul(out, (str){ converted, sizeof(converted) - room });
}

bool charset_to_utf8(struct buf *out, str charset, str bytes)
{
    charset = str_trim(charset);
    const char *name = iconv_name(charset);
    if (is_utf8_name(charset) || (is_ascii_name(charset) && utf8_valid(bytes))) {
        add_utf8(out, bytes);
        return true;
    }
    if (is_ascii_name(charset)) name = "CP1252";
    iconv_t cd = name ? iconv_open("UTF-8", name) : (iconv_t)-1;
    if (cd == (iconv_t)-1) {
        add_ascii(out, bytes);
        return false;
    }
    add_converted(out, cd, bytes);
    iconv_close(cd);
    return true;
}

/* --- decoding words ------------------------------------------------------------------------------
 */

struct word {
    str charset;
    char encoding; /* 'b' or 'q' */
    str text;
    size_t n; /* bytes of the whole word */
};

/* Each look-up stops at the next '?', so that a byte is looked at a few times at most. */
static bool word_at(str s, struct word *out)
{
    if (!str_starts(s, S("=?"))) return false;
    str rest = str_from(s, 2);
    size_t mark = str_chr(rest, '?');
    if (mark == STR_NPOS || !mark || mark + 2 >= rest.n || rest.p[mark + 2] != '?') return false;
    out->charset = str_take(rest, mark);
    out->encoding = ascii_lower(rest.p[mark + 1]);
    rest = str_from(rest, mark + 3);
    size_t end = str_chr(rest, '?');
    if (end == STR_NPOS || end + 1 >= rest.n || rest.p[end + 1] != '=') return false;
    out->text = str_take(rest, end);
    out->n = (size_t)(out->text.p - s.p) + end + 2;
    size_t language = str_chr(out->charset, '*'); /* RFC 2231 5 */
    if (language != STR_NPOS) out->charset.n = language;
    return (out->encoding == 'b' || out->encoding == 'q') && !str_has(out->charset, ' ');
}

static int hex_digit(char c)
{
    if (ascii_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2047 4.2. */
static void q_decode(struct buf *out, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool hex = s.p[i] == '=' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 &&
                   hex_digit(s.p[i + 2]) >= 0;
        if (hex)
            buf_addc(out, (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2])));
        else
            buf_addc(out, s.p[i] == '_' ? ' ' : s.p[i]);
        i += hex ? 2 : 0;
    }
}

/* What a word hid may not break the line it is put on. */
static void clean(struct buf *out, size_t from)
{
    for (size_t i = from; i < out->n; i++)
        if (ascii_ctl(out->p[i])) out->p[i] = ' ';
}

struct decoder {
    struct buf *out;
    struct buf bytes; /* of the words in a row that share a charset */
    str charset;
};

static void flush(struct decoder *d)
{
    if (!d->bytes.n) return;
    charset_to_utf8(d->out, d->charset, buf_str(&d->bytes));
    buf_reset(&d->bytes);
}

static void decode_word(struct decoder *d, const struct word *w)
{
    if (!str_ieq(w->charset, d->charset)) flush(d);
    d->charset = w->charset;
    if (w->encoding == 'b')
        base64_decode_lenient(&d->bytes, w->text);
    else
        q_decode(&d->bytes, w->text);
}

static void add_plain(struct decoder *d, str s)
{
    flush(d);
    while (s.n) { /* line ends are folds: nothing */
        size_t n = 0;
        while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
            n++;
        charset_to_utf8(d->out, (str){ 0 }, str_take(s, n));
        s = str_from(s, n < s.n ? n + 1 : n);
    }
}

static bool is_blank(str s)
{
    return str_trim(s).n == 0;
}

void encoded_decode(struct buf *out, str value)
{
    struct decoder d = { .out = out, .bytes = buf_make(HEADER_BYTES) };
    size_t before = out->n, plain = 0;
    bool after_word = false;
    value = str_trim(value);
    for (size_t at = 0; at < value.n;) {
        struct word w;
        if (value.p[at] != '=' || !word_at(str_from(value, at), &w)) {
            at++;
            continue;
        }
        str between = str_sub(value, plain, at - plain);
        if (!after_word ||
            !is_blank(between)) /* RFC 2047 6.2: white space between words is nothing */
            add_plain(&d, between);
        decode_word(&d, &w);
        after_word = true;
        at += w.n;
        plain = at;
    }
    add_plain(&d, str_from(value, plain));
    flush(&d);
    buf_free(&d.bytes);
    clean(out, before);
}

str encoded_text(struct arena *a, str value)
{
    struct buf b = buf_make(4 * value.n + 4);
    encoded_decode(&b, value);
    str text = arena_copy(a, buf_str(&b));
    buf_free(&b);
    return text;
}

/* --- encoding words ------------------------------------------------------------------------------
 */

/* Safe in a phrase, hence everywhere. RFC 2047 5 (3). */
static bool q_safe(char c)
{
    return ascii_alnum(c) || (c && str_has(S("!*+-/"), c));
}

static size_t q_width(str s)
{
    size_t width = 0;
    for (size_t i = 0; i < s.n; i++)
        width += q_safe(s.p[i]) || s.p[i] == ' ' ? 1 : 3;
    return width;
}

static void q_encode(struct buf *out, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (q_safe(s.p[i]))
            buf_addc(out, s.p[i]);
        else if (s.p[i] == ' ')
            buf_addc(out, '_');
        else
            buf_addf(out, "=%02X", (unsigned char)s.p[i]);
    }
}

static size_t word_width(str s, bool q)
{
    return q ? q_width(s) : (s.n + 2) / 3 * 4;
}

/* RFC 2047 5: no character is cut in two. */
static void encode_words(struct buf *out, str utf8)
{
    const size_t room = WORD_COLUMNS - (sizeof("=?UTF-8?B?"
                                               "?=") -
                                        1);
    bool q = word_width(utf8, true) <= word_width(utf8, false);
    while (utf8.n) {
        size_t n = 0, next = utf8_char(utf8);
        while (n < utf8.n && word_width(str_take(utf8, n + next), q) <= room) {
            n += next;
            next = n < utf8.n ? utf8_char(str_from(utf8, n)) : 0;
        }
        buf_add(out, q ? S("=?UTF-8?Q?") : S("=?UTF-8?B?"));
        if (q)
            q_encode(out, str_take(utf8, n));
        else
            base64_encode(out, str_take(utf8, n));
        buf_add(out, S("?="));
        utf8 = str_from(utf8, n);
        if (utf8.n) buf_addc(out, ' ');
    }
}

static bool all(str s, bool (*is)(char))
{
    for (size_t i = 0; i < s.n; i++)
        if (!is(s.p[i])) return false;
    return true;
}

static bool is_printable(char c)
{
    return c >= 0x20 && c < 0x7f;
}

static bool is_atom_or_space(char c)
{
    return q_safe(c) || c == ' ';
}

/* Valid UTF-8 on one line. */
static struct buf cleaned(str utf8)
{
    struct buf b = buf_make(3 * utf8.n + 3);
    charset_to_utf8(&b, S("utf-8"), utf8);
    clean(&b, 0);
    return b;
}

void encoded_encode(struct buf *out, str utf8)
{
    struct buf b = cleaned(utf8);
    str text = str_trim(buf_str(&b));
    if (all(text, is_printable) && str_find(text, S("=?")) == STR_NPOS)
        buf_add(out, text);
    else
        encode_words(out, text);
    buf_free(&b);
}

static void quote(struct buf *out, str s)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

void encoded_phrase(struct buf *out, str utf8)
{
    struct buf b = cleaned(utf8);
    str text = str_trim(buf_str(&b));
    if (!all(text, is_printable) || str_find(text, S("=?")) != STR_NPOS)
        encode_words(out, text);
    else if (text.n && all(text, is_atom_or_space) && str_find(text, S("  ")) == STR_NPOS)
        buf_add(out, text);
    else
        quote(out, text);
    buf_free(&b);
}
