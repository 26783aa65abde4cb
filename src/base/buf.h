/* buf.h - a growable byte buffer with a limit; overflow is sticky and checked once.
 *
 * Appending past the limit sets b->full and adds nothing more; every later append is a no-op.
 * Build the whole thing, then ask b->full once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <string.h>

#include "base/str.h"

struct buf {
    char *p;
    size_t n;       /* bytes held */
    size_t cap;     /* bytes allocated */
    size_t max;     /* the limit, bytes */
    bool full;      /* something did not fit */
};

/* An empty buffer that owns nothing yet and will hold at most max bytes. */
struct buf buf_make(size_t max);
void buf_free(struct buf *b);           /* frees and leaves it empty, limit kept, usable again */
void buf_wipe(struct buf *b);           /* the same for what held a secret; reserve its room first: growing moves it */
void buf_reset(struct buf *b);          /* empties, keeps the memory, clears full */
void buf_truncate(struct buf *b, size_t n);

void buf_add_slowly(struct buf *b, str s); /* buf_add, when there is no room yet */
/* Here, so that the many small pieces of a reply are a few instructions each. */
static inline void buf_add(struct buf *b, str s)
{
    if (b->full || s.n == 0 || s.n > b->cap - b->n || s.n > b->max - b->n) {
        buf_add_slowly(b, s);
        return;
    }
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}
static inline void buf_addc(struct buf *b, char c) { buf_add(b, (str){ &c, 1 }); }
void buf_fill(struct buf *b, char c, size_t n);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* What somebody else wrote, for people's eyes: one line of UTF-8 in which each control character (C0,
 * DEL, C1), each character that ends a line or turns the direction of what follows and, if the text is
 * no UTF-8, each byte above 0x7f is '?'; a tab is a space. No terminal obeys it. */
void buf_add_shown(struct buf *b, str text);
void buf_u64(struct buf *b, uint64_t value);      /* decimal */
void buf_le32(struct buf *b, uint32_t value);     /* fixed width, little-endian: records on disk */
void buf_le64(struct buf *b, uint64_t value);
void buf_be32(struct buf *b, uint32_t value);     /* big-endian: keys that must sort */
void buf_be64(struct buf *b, uint64_t value);
void buf_varint(struct buf *b, uint64_t value);   /* LEB128, at most 10 bytes */

/* Room for n bytes to be written by somebody else (recv, inflate); NULL past the limit, and full.
 * buf_commit says how many of them were. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
void buf_consume(struct buf *b, size_t n);        /* drops the first n bytes */

static inline str buf_str(const struct buf *b) { return (str){ b->p, b->n }; } /* until it grows */

#endif
