/* encoded.c - the encoded words of RFC 2047, both ways. */
#include "mail/encoded.h"

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"

#define WORD_COLUMNS 75 /* RFC 2047 2 */

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
