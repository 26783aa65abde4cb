/* text_match.c - is a text in another that comes in pieces? Knuth, Morris and Pratt. */
#include "mail/text.h"

bool text_needle_make(struct arena *a, str form, struct text_needle *out)
{
    uint32_t *border = ARENA_ARRAY(a, form.n + 1, uint32_t);
    if (!border || form.n > UINT32_MAX) return false;
    for (size_t i = 1, k = 0; i < form.n; i++) {
        while (k && form.p[i] != form.p[k])
            k = border[k - 1];
        k += form.p[i] == form.p[k];
        border[i] = (uint32_t)k;
    }
    *out = (struct text_needle){ .text = form, .border = border };
    return true;
}

/* Byte by byte from where the last piece ended. */
static bool follow(struct text_match *m, const struct text_needle *needle, str s)
{
    size_t k = m->matched;
    for (size_t i = 0; i < s.n && k < needle->text.n; i++) {
        while (k && s.p[i] != needle->text.p[k])
            k = needle->border[k - 1];
        k += s.p[i] == needle->text.p[k];
    }
    m->matched = k;
    return k == needle->text.n;
}

bool text_match_feed(struct text_match *m, const struct text_needle *needle, str piece)
{
    size_t n = needle->text.n;
    if (m->matched == n) return true;
    if (piece.n < 2 * n) return follow(m, needle, piece);
    /* What begins before this piece ends within its first n bytes; what ends behind it begins
     * within its last n: only between is the piece long, and there the fast search does it. */
    if (m->matched && follow(m, needle, str_take(piece, n))) return true;
    m->matched = 0;
    if (str_find(piece, needle->text) == STR_NPOS)
        return follow(m, needle, str_from(piece, piece.n - n + 1));
    m->matched = n;
    return true;
}
