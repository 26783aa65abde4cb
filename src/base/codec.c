/* codec.c - encodings of bytes as bytes: base64, quoted-printable, hex, xtext; numbers in records.
 *
 * Modified UTF-7 has its own file, utf7.c.
 */
#include "base/codec.h"

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const size_t mime_columns = 76; /* RFC 2045 6.7 (5), 6.8 */

/* From '+' to 'z'. */
/* clang-format off */
static const int8_t base64_values[] = {
    62, -1, -1, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1,
    -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
    18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1, -1, 26, 27, 28, 29, 30, 31,
    32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
};
/* clang-format on */

/* The value of one base64 character, or -1. */
static int base64_value(char c)
{
    unsigned at = (unsigned)(unsigned char)c - '+';
    return at < sizeof(base64_values) ? base64_values[at] : -1;
}

/* Every strict decoder ends here: all or nothing, and what did not fit was not decoded. */
static bool decoded(struct buf *out, size_t before, bool good)
{
    if (good && !out->full) return true;
    buf_truncate(out, before);
    return false;
}

void base64_encode(struct buf *out, str in)
{
    if (in.n > SIZE_MAX / 2) {
        out->full = true;
        return;
    }
    size_t n = (in.n + 2) / 3 * 4;
    char *to = buf_reserve(out, n);
    if (!to || !in.n) return;
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t bits = (uint32_t)(uint8_t)in.p[i] << 16;
        if (left > 1) bits |= (uint32_t)(uint8_t)in.p[i + 1] << 8;
        if (left > 2) bits |= (uint8_t)in.p[i + 2];
        *to++ = base64_alphabet[bits >> 18];
        *to++ = base64_alphabet[bits >> 12 & 63];
        *to++ = left > 1 ? base64_alphabet[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_alphabet[bits & 63] : '=';
    }
    buf_commit(out, n);
}

void base64_encode_lines(struct buf *out, str in)
{
    const size_t line_bytes = mime_columns / 4 * 3;
    for (; in.n; in = str_from(in, line_bytes)) {
        base64_encode(out, str_take(in, line_bytes));
        buf_add(out, S("\r\n"));
        if (out->full) return;
    }
}

/* RFC 4648 3.5: the bits that the padding leaves over must be zero, so that one value has one
 * form. */
static bool base64_quantum(struct buf *out, const char *p, bool last)
{
    size_t pad = p[3] != '=' ? 0 : p[2] != '=' ? 1 : 2;
    if (pad && !last) return false;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int v = i >= 4 - pad ? 0 : base64_value(p[i]);
        if (v < 0) return false;
        bits = bits << 6 | (uint32_t)v;
    }
    if (bits & ((1u << (8 * pad)) - 1)) return false;
    char bytes[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
    buf_add(out, (str){ bytes, 3 - pad });
    return true;
}

bool base64_decode(struct buf *out, str in)
{
    size_t before = out->n;
    bool good = in.n % 4 == 0;
    for (size_t i = 0; good && i < in.n; i += 4)
        good = base64_quantum(out, in.p + i, i + 4 == in.n);
    return decoded(out, before, good);
}

/* Four letters from the front of a run, which is how nearly all of them come; false: something
 * else. */
static bool base64_four(struct buf *out, const char *p)
{
    int a = base64_value(p[0]), b = base64_value(p[1]), c = base64_value(p[2]),
        d = base64_value(p[3]);
    if ((a | b | c | d) < 0) return false;
    uint32_t bits = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;
    char bytes[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
    buf_add(out, (str){ bytes, 3 });
    return true;
}

bool base64_feed(struct base64_run *run, struct buf *out, str in)
{
    for (size_t i = 0; i < in.n && !out->full; i++) {
        while (run->have == 0 && in.n - i >= 4 && base64_four(out, in.p + i))
            i += 4;
        if (i == in.n || out->full) break;
        int v = base64_value(in.p[i]);
        if (in.p[i] == '=') run->have = 0; /* padding ends a run; another may follow */
        if (v < 0) continue;
        run->bits = run->bits << 6 | (uint32_t)v;
        run->have += 6; /* bits not yet written */
        if (run->have < 8) continue;
        run->have -= 8;
        buf_addc(out, (char)(uint8_t)(run->bits >> run->have));
    }
    return !out->full;
}

bool base64_decode_lenient(struct buf *out, str in)
{
    struct base64_run run = { 0 };
    return base64_feed(&run, out, in);
}

static const char hex_upper[] = "0123456789ABCDEF";
static const char hex_lower[] = "0123456789abcdef";

/* The value of one hexadecimal digit, or -1. */
static int hex_value(char c)
{
    if (ascii_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void hex_encode(struct buf *out, str in)
{
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = (uint8_t)in.p[i];
        buf_add(out, (str){ (char[]){ hex_lower[c >> 4], hex_lower[c & 15] }, 2 });
    }
}

bool hex_decode(struct buf *out, str in)
{
    size_t before = out->n;
    bool good = in.n % 2 == 0;
    for (size_t i = 0; good && i < in.n; i += 2) {
        int high = hex_value(in.p[i]), low = hex_value(in.p[i + 1]);
        good = high >= 0 && low >= 0;
        if (good) buf_addc(out, (char)(uint8_t)(high << 4 | low));
    }
    return decoded(out, before, good);
}

static void escape(struct buf *out, char mark, char c)
{
    uint8_t byte = (uint8_t)c;
    buf_add(out, (str){ (char[]){ mark, hex_upper[byte >> 4], hex_upper[byte & 15] }, 3 });
}

static bool line_end(str in, size_t at)
{
    return in.n - at >= 2 && in.p[at] == '\r' && in.p[at + 1] == '\n';
}

/* RFC 2045 6.7 (3): white space may not end a line as it is. */
static bool qp_literal(str in, size_t at)
{
    char c = in.p[at];
    if (ascii_wsp(c)) return at + 1 < in.n && !line_end(in, at + 1);
    return c > ' ' && c <= '~' && c != '=';
}

void qp_encode(struct buf *out, str in)
{
    size_t column = 0;
    for (size_t i = 0; i < in.n && !out->full; i++) {
        if (line_end(in, i)) {
            buf_add(out, S("\r\n"));
            column = 0;
            i++;
            continue;
        }
        bool literal = qp_literal(in, i);
        size_t width = literal ? 1 : 3;
        if (column + width > mime_columns - 1) { /* a column is kept for the soft break's "=" */
            buf_add(out, S("=\r\n"));
            column = 0;
        }
        if (literal)
            buf_addc(out, in.p[i]);
        else
            escape(out, '=', in.p[i]);
        column += width;
    }
}

/* How many bytes of white space and then a line end (or, in total, everything to the end of the
 * text) stand here; *blank says how many are the white space. 0 if text follows. */
static size_t qp_break(str rest, size_t *blank)
{
    size_t n = 0;
    while (n < rest.n && ascii_wsp(rest.p[n]))
        n++;
    *blank = n;
    if (n == rest.n) return n;
    if (rest.p[n] == '\n') return n + 1;
    return line_end(rest, n) ? n + 2 : 0;
}

/* One "=": a soft line break, an escaped byte, or damage, which stays as it is. Returns how many
 * bytes it was. */
static size_t qp_decode_escape(struct buf *out, str rest)
{
    size_t blank, soft = qp_break(str_from(rest, 1), &blank);
    if (soft || rest.n == 1) return 1 + soft;
    int high = hex_value(rest.p[1]), low = rest.n > 2 ? hex_value(rest.p[2]) : -1;
    if (high >= 0 && low >= 0) {
        buf_addc(out, (char)(uint8_t)(high << 4 | low));
        return 3;
    }
    buf_add(out, str_take(rest, 1 + blank)); /* the blanks too, so that none is read twice */
    return 1 + blank;
}

void qp_decode_lenient(struct buf *out, str in)
{
    for (size_t i = 0; i < in.n && !out->full;) {
        str rest = str_from(in, i);
        if (in.p[i] == '=') {
            i += qp_decode_escape(out, rest);
        } else if (ascii_wsp(
                       in.p[i])) { /* RFC 2045 6.7 (3): before a line end it was added on the way */
            size_t blank, whole = qp_break(rest, &blank);
            if (!whole) buf_add(out, str_take(rest, blank));
            i += blank;
        } else {
            buf_addc(out, in.p[i++]);
        }
    }
}

/* After a line end; in a line without one, before an escape or blanks that may go on. */
size_t qp_whole(str in)
{
    size_t lf = str_rchr(in, '\n'), n = in.n;
    if (lf != STR_NPOS) return lf + 1;
    for (size_t back = 1; back <= 2 && back <= in.n; back++)
        if (in.p[in.n - back] == '=') n = in.n - back;
    while (n > 0 && (ascii_wsp(in.p[n - 1]) || in.p[n - 1] == '\r'))
        n--;
    return n ? n : in.n;
}

void xtext_encode(struct buf *out, str in)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c > ' ' && c <= '~' && c != '+' && c != '=')
            buf_addc(out, c);
        else
            escape(out, '+', c);
    }
}

/* RFC 3461 4: the digits are upper case. */
static bool xtext_hexchar(str in, size_t at, char *c)
{
    if (in.n - at < 3) return false;
    int high = hex_value(in.p[at + 1]), low = hex_value(in.p[at + 2]);
    if (high < 0 || low < 0) return false;
    if (in.p[at + 1] >= 'a' || in.p[at + 2] >= 'a') return false;
    *c = (char)(uint8_t)(high << 4 | low);
    return true;
}

bool xtext_decode(struct buf *out, str in)
{
    size_t before = out->n;
    bool good = true;
    for (size_t i = 0; good && i < in.n; i++) {
        char c = in.p[i];
        if (c == '+') {
            good = xtext_hexchar(in, i, &c);
            i += 2;
        } else {
            good = c > ' ' && c <= '~' && c != '=';
        }
        if (good) buf_addc(out, c);
    }
    return decoded(out, before, good);
}

uint32_t get_le32(const char *p)
{
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--)
        value = value << 8 | (uint8_t)p[i];
    return value;
}

uint64_t get_le64(const char *p)
{
    return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

uint32_t get_be32(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | (uint8_t)p[i];
    return value;
}

uint64_t get_be64(const char *p)
{
    return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

bool get_varint(str *in, uint64_t *out)
{
    if (in->n && !(in->p[0] & 0x80)) { /* most are one byte */
        *out = (uint8_t)in->p[0];
        *in = (str){ in->p + 1, in->n - 1 };
        return true;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < in->n && i < 10; i++) {
        uint8_t byte = (uint8_t)in->p[i];
        if (i == 9 && byte > 1) return false; /* 63 bits stand before it */
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80) continue;
        *in = str_from(*in, i + 1);
        *out = value;
        return true;
    }
    return false;
}
