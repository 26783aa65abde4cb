/* ids.c - message ids as people see them, and sets of UIDs. */
#include "store/ids.h"

#include <assert.h>
#include <stdlib.h>

/* --- message ids: base 32 with the digits first, so that they sort as numbers do ------------- */

static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* no i, l, o, u */
enum { MSGID_LETTERS = 13 };

void msgid_text(struct msgid id, struct buf *out)
{
    for (int shift = 5 * (MSGID_LETTERS - 1); shift >= 0; shift -= 5)
        buf_addc(out, letters[id.n >> shift & 31]);
}

bool msgid_parse(str text, struct msgid *out)
{
    const str digits = { letters, sizeof letters - 1 };
    uint64_t n = 0;
    if (text.n != MSGID_LETTERS) return false;
    for (size_t i = 0; i < text.n; i++) {
        size_t digit = str_chr(digits, ascii_lower(text.p[i]));
        if (digit == STR_NPOS || n >> 59 != 0) return false;
        n = n << 5 | digit;
    }
    *out = (struct msgid){ n };
    return true;
}

/* --- sets of UIDs ---------------------------------------------------------------------------- */

struct uidset uidset_make(struct arena *a)
{
    return (struct uidset){ .arena = a };
}

static bool grow(struct uidset *s)
{
    size_t cap = s->cap ? s->cap * 2 : 8;
    struct uid_range *ranges = ARENA_ARRAY(s->arena, cap, struct uid_range);
    if (!ranges) return false;
    for (size_t i = 0; i < s->n; i++)
        ranges[i] = s->ranges[i];
    s->ranges = ranges;
    s->cap = cap;
    return true;
}

/* The last range takes what touches it, so a walk in order leaves a normalised set. */
bool uidset_add(struct uidset *s, uint32_t from, uint32_t to)
{
    if (from > to) return uidset_add(s, to, from);
    if (s->n > 0) {
        struct uid_range *last = &s->ranges[s->n - 1];
        bool touches = from >= last->from && (from <= last->to || from - last->to == 1);
        if (touches) {
            if (to > last->to) last->to = to;
            return true;
        }
    }
    if (s->n == s->cap && !grow(s)) return false;
    s->ranges[s->n++] = (struct uid_range){ from, to };
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct uid_range *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static bool in_order(const struct uidset *s)
{
    for (size_t i = 1; i < s->n; i++)
        if (s->ranges[i].from <= s->ranges[i - 1].to || s->ranges[i].from - s->ranges[i - 1].to < 2)
            return false;
    return true;
}

void uidset_normalise(struct uidset *s)
{
    if (in_order(s)) return;
    qsort(s->ranges, s->n, sizeof *s->ranges, by_start);
    size_t kept = 0;
    for (size_t i = 1; i < s->n; i++) {
        struct uid_range *last = &s->ranges[kept], next = s->ranges[i];
        if (next.from > last->to && next.from - last->to > 1)
            s->ranges[++kept] = next;
        else if (next.to > last->to)
            last->to = next.to;
    }
    s->n = kept + 1;
}

bool uidset_has(const struct uidset *s, struct uid uid)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->ranges[middle].to < uid.n)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && s->ranges[low].from <= uid.n;
}

uint64_t uidset_count(const struct uidset *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += (uint64_t)s->ranges[i].to - s->ranges[i].from + 1;
    return n;
}

void uidset_text(const struct uidset *s, struct buf *out)
{
    for (size_t i = 0; i < s->n; i++) {
        if (i > 0) buf_addc(out, ',');
        buf_u64(out, s->ranges[i].from);
        if (s->ranges[i].to == s->ranges[i].from) continue;
        buf_addc(out, ':');
        buf_u64(out, s->ranges[i].to);
    }
}
