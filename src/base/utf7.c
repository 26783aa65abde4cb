/* utf7.c - modified UTF-7, the wire form of IMAP4rev1's mailbox names (RFC 3501 5.1.3).
 *
 * A name has exactly one form here: printable ASCII is itself, "&" is "&-", a run of all else is
 * "&", its UTF-16BE in base64 with "," for "/" and no padding, "-". Two forms of one name would be
 * two keys of one mailbox. NUL is in no name.
 */
#include "base/codec.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool direct(char c)
{
    return c >= ' ' && c <= '~';
}

/* The next character of valid UTF-8. */
static uint32_t take_utf8(str *in)
{
    uint8_t lead = (uint8_t)in->p[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? lead : lead & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((uint8_t)in->p[i] & 0x3f);
    *in = str_from(*in, n);
    return c;
}

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_addc(out, (char)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    buf_addc(out, (char)(uint8_t)((0xf00u >> (more + 1) & 0xff) | c >> (6 * more)));
    while (more--)
        buf_addc(out, (char)(uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
}

/* Bits on their way from 16-bit units to 6-bit characters, or back. */
struct bits {
    uint32_t value;
    unsigned have;
};

static void put_unit(struct buf *out, struct bits *bits, uint32_t unit)
{
    bits->value = bits->value << 16 | unit;
    for (bits->have += 16; bits->have >= 6;) {
        bits->have -= 6;
        buf_addc(out, alphabet[bits->value >> bits->have & 63]);
    }
}

static void encode_run(struct buf *out, str *in)
{
    struct bits bits = { 0 };
    buf_addc(out, '&');
    while (in->n && !direct(in->p[0])) {
        uint32_t c = take_utf8(in);
        if (c >= 0x10000) put_unit(out, &bits, 0xd800 + ((c - 0x10000) >> 10));
        put_unit(out, &bits, c >= 0x10000 ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c);
    }
    if (bits.have) buf_addc(out, alphabet[bits.value << (6 - bits.have) & 63]);
    buf_addc(out, '-');
}

bool utf7_encode(struct buf *out, str utf8)
{
    size_t before = out->n;
    if (!utf8_valid(utf8) || str_has(utf8, '\0')) return false;
    while (utf8.n && !out->full) {
        if (!direct(utf8.p[0])) {
            encode_run(out, &utf8);
            continue;
        }
        buf_addc(out, utf8.p[0]);
        if (utf8.p[0] == '&') buf_addc(out, '-');
        utf8 = str_from(utf8, 1);
    }
    if (out->full) buf_truncate(out, before);
    return !out->full;
}

/* One 16-bit unit; *high holds the first half of a surrogate pair until the second comes. */
static bool add_unit(struct buf *out, uint32_t unit, uint32_t *high)
{
    bool first = unit >= 0xd800 && unit <= 0xdbff;
    bool second = unit >= 0xdc00 && unit <= 0xdfff;
    if (second != (*high != 0)) return false;
    if (first) {
        *high = unit;
        return true;
    }
    if (second) unit = 0x10000 + ((*high - 0xd800) << 10 | (unit - 0xdc00));
    *high = 0;
    if (unit == 0 || (unit >= ' ' && unit <= '~')) return false; /* those stand for themselves */
    add_utf8(out, unit);
    return true;
}

/* The run after its "&", up to and with its "-". At least one unit, no half pair, and the bits
 * left over are fewer than a character and zero. */
static bool decode_run(struct buf *out, str *in)
{
    struct bits bits = { 0 };
    uint32_t high = 0;
    size_t at = 0, units = 0;
    for (; at < in->n && in->p[at] != '-'; at++) {
        size_t value = str_chr((str){ alphabet, 64 }, in->p[at]);
        if (value == STR_NPOS) return false;
        bits.value = bits.value << 6 | (uint32_t)value;
        bits.have += 6;
        if (bits.have < 16) continue;
        bits.have -= 16;
        units++;
        if (!add_unit(out, bits.value >> bits.have & 0xffff, &high)) return false;
    }
    if (at == in->n || !units || high) return false;
    if (bits.have >= 6 || bits.value & ((1u << bits.have) - 1)) return false;
    *in = str_from(*in, at + 1);
    return true;
}

/* Appends what the name says, and stops at the first thing that utf7_encode would not write. */
static bool decode(struct buf *out, str in)
{
    bool after_run = false; /* a run right after a run should have been one */
    while (in.n) {
        if (!direct(in.p[0])) return false;
        if (str_starts(in, S("&-"))) {
            buf_addc(out, '&');
            in = str_from(in, 2);
            after_run = false;
        } else if (in.p[0] == '&') {
            in = str_from(in, 1);
            if (after_run || !decode_run(out, &in)) return false;
            after_run = true;
        } else {
            buf_addc(out, in.p[0]);
            in = str_from(in, 1);
            after_run = false;
        }
    }
    return !out->full;
}

bool utf7_decode(struct buf *out, str in)
{
    size_t before = out->n;
    bool good = decode(out, in);
    if (!good) buf_truncate(out, before);
    return good;
}
