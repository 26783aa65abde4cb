/* buf.c - a growable byte buffer with a limit. */
#include "base/buf.h"
#include "base/purse.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t first_bytes = 64;

struct buf buf_make(size_t max)
{
    return (struct buf){ .max = max };
}

void buf_free(struct buf *b)
{
    purse_grew(b->cap, 0);
    free(b->p);
    *b = buf_make(b->max);
}

void buf_wipe(struct buf *b)
{
    if (b->p) bytes_wipe(b->p, b->cap);
    buf_free(b);
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

void buf_truncate(struct buf *b, size_t n)
{
    assert(n <= b->n);
    b->n = n;
}

/* Doubling, so that appending is linear over all; want is within the limit. */
static bool grow(struct buf *b, size_t want)
{
    size_t cap = b->cap > b->max / 2 ? b->max : b->cap * 2;
    if (cap < first_bytes) cap = first_bytes;
    if (cap < want) cap = want;
    if (cap > b->max && want <= b->max) cap = b->max;
    char *p = realloc(b->p, cap ? cap : 1);
    if (!p) return false;
    purse_grew(b->cap, cap);
    b->p = p;
    b->cap = cap;
    return true;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->full) return NULL;
    bool fits = b->n <= b->max && n <= b->max - b->n;
    bool there = b->p && n <= b->cap - b->n;
    if (!fits || (!there && !grow(b, b->n + n))) {
        b->full = true;
        return NULL;
    }
    return b->p + b->n;
}

void buf_commit(struct buf *b, size_t n)
{
    assert(n <= b->cap - b->n);
    b->n += n;
}

void buf_add_slowly(struct buf *b, str s)
{
    char *to = buf_reserve(b, s.n);
    if (!to || !s.n) return;
    memcpy(to, s.p, s.n);
    b->n += s.n;
}

void buf_fill(struct buf *b, char c, size_t n)
{
    char *to = buf_reserve(b, n);
    if (!to || !n) return;
    memset(to, c, n);
    b->n += n;
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addv(b, format, args);
    va_end(args);
}

void buf_addv(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    assert(n >= 0);

    /* vsnprintf wants room for its NUL, which does not count against the limit. */
    char *to = buf_reserve(b, (size_t)n);
    if (to && b->cap - b->n == (size_t)n && !grow(b, b->n + (size_t)n + 1)) {
        b->full = true;
    } else if (to && n) {
        vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

/* Two digits at a time: numbers are a good part of what a server says. */
void buf_u64(struct buf *b, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char digits[20];
    size_t at = sizeof digits;
    for (; value >= 10; value /= 100) {
        const char *pair = &pairs[value % 100 * 2];
        digits[--at] = pair[1];
        digits[--at] = pair[0];
    }
    if (value || at == sizeof digits) digits[--at] = (char)('0' + value);
    buf_add(b, (str){ digits + at, sizeof digits - at });
}

static void add_bytes(struct buf *b, uint64_t value, size_t n, bool big_endian)
{
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(unsigned char)(value >> (8 * (big_endian ? n - 1 - i : i)));
    buf_add(b, (str){ bytes, n });
}

void buf_le32(struct buf *b, uint32_t value)
{
    add_bytes(b, value, 4, false);
}

void buf_le64(struct buf *b, uint64_t value)
{
    add_bytes(b, value, 8, false);
}

void buf_be32(struct buf *b, uint32_t value)
{
    add_bytes(b, value, 4, true);
}

void buf_be64(struct buf *b, uint64_t value)
{
    add_bytes(b, value, 8, true);
}

void buf_varint(struct buf *b, uint64_t value)
{
    char bytes[10];
    size_t n = 0;
    while (value > 0x7f) {
        bytes[n++] = (char)(unsigned char)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (char)value;
    buf_add(b, (str){ bytes, n });
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->n);
    b->n -= n;
    if (b->n && n) memmove(b->p, b->p + n, b->n);
}

/* How many bytes of valid UTF-8 begin here that are a C1 control, end a line (U+2028, 2029), or
 * turn round what stands behind them (U+202A to 202E, U+2066 to 2069: "exe.txt" for "txt.exe"). */
static size_t misleading(const char *p)
{
    unsigned char c = (unsigned char)p[0];
    if (c == 0xc2) return (unsigned char)p[1] < 0xa0 ? 2 : 0;
    if (c != 0xe2) return 0;
    unsigned char second = (unsigned char)p[1], third = (unsigned char)p[2];
    bool turns = (second == 0x80 && third >= 0xa8 && third <= 0xae) ||
                 (second == 0x81 && third >= 0xa6 && third <= 0xa9);
    return turns ? 3 : 0;
}

void buf_add_shown(struct buf *b, str text)
{
    bool utf8 = utf8_valid(text);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        size_t hidden = utf8 ? misleading(text.p + i) : c >= 0x80;
        bool bad = ascii_ctl(text.p[i]) || hidden;
        buf_addc(b, text.p[i] == '\t' ? ' ' : bad ? '?' : text.p[i]);
        if (hidden) i += hidden - 1;
    }
}
