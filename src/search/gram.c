/* gram.c - signatures: which trigrams a text has.
 *
 * A gram begins at each character and takes as many as weigh 3: characters of three or more bytes
 * (Chinese, Japanese, Korean, …) weigh 2, for two of them say as much as three letters. So what
 * begins at a character depends on what follows only, and a needle's grams are all in each text
 * that holds it. Text is valid UTF-8, but for TEXT_END, which is a character of one byte.
 */
#include "base/limits.h"
#include "search/search_int.h"

struct walk {
    str text;
    size_t at;
};

static bool ascii(char c)
{
    return !((unsigned char)c & 0x80);
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t character_bytes(str s, size_t at)
{
    size_t n = 1;
    if (ascii(s.p[at])) return n;
    while (at + n < s.n && continues(s.p[at + n]))
        n++;
    return n;
}

/* The gram that begins at a place; 0 if the text ends before it does. */
static size_t gram_bytes(str s, size_t at)
{
    size_t n = 0;
    for (unsigned weight = 0; weight < 3;) {
        if (at + n >= s.n) return 0;
        size_t one = character_bytes(s, at + n);
        weight += one >= 3 ? 2 : 1;
        n += one;
    }
    return n;
}

/* A gram has 8 bytes at most if the text is valid. */
static uint32_t hash(const char *p, size_t n)
{
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++)
        x = (x << 8 | x >> 56) ^ (unsigned char)p[i];
    return (uint32_t)(x * 0x9e3779b97f4a7c15u >> 32);
}

/* The next gram's hash; false at the end. */
static bool gram_next(struct walk *w, uint32_t *out)
{
    const char *p = w->text.p + w->at;
    if (w->text.n - w->at >= 3 && ascii(p[0]) && ascii(p[1]) && ascii(p[2])) {
        *out = hash(p, 3);
        w->at++;
        return true;
    }
    size_t n = w->at < w->text.n ? gram_bytes(w->text, w->at) : 0;
    if (!n) return false;
    *out = hash(p, n);
    w->at += character_bytes(w->text, w->at);
    return true;
}

/* --- signatures ----------------------------------------------------------------------------- */

static size_t bits_set(const uint8_t *bits, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) { /* a signature is whole words */
        uint64_t word;
        bytes_copy(&word, sizeof(word), bits + i, sizeof(word));
        n += (size_t)__builtin_popcountll(word);
    }
    return n;
}

/* Half as long, as if it had been made so. */
static void fold(uint8_t *bits, size_t bytes)
{
    for (size_t i = 0; i < bytes / 2; i++)
        bits[i] |= bits[bytes / 2 + i];
}

void signature_make(struct buf *out, str text, uint8_t *log2)
{
    *log2 = SEARCH_SIGNATURE_LOG2_MIN;
    while (*log2 < SEARCH_SIGNATURE_LOG2_MAX && ((size_t)1 << *log2) < text.n)
        ++*log2;
    size_t bytes = (size_t)1 << (*log2 - 3), at = out->n;
    buf_fill(out, 0, bytes);
    if (out->full) return;
    uint8_t *bits = (uint8_t *)out->p + at;
    uint32_t h, mask = ((uint32_t)1 << *log2) - 1;
    for (struct walk w = { .text = text }; gram_next(&w, &h);)
        bits[(h & mask) >> 3] |= (uint8_t)(1u << (h & 7));
    while (*log2 > SEARCH_SIGNATURE_LOG2_MIN && bits_set(bits, bytes) < bytes) {
        fold(bits, bytes);
        bytes /= 2;
        --*log2;
    }
    buf_truncate(out, at + bytes);
}

/* Of a long needle the first ones are enough. */
void grams_of(struct grams *g, str needle)
{
    struct walk w = { .text = needle };
    g->n = 0;
    while (g->n < SEARCH_GRAMS && gram_next(&w, &g->hash[g->n]))
        g->n++;
}

bool signature_may(str signature, const struct grams *g)
{
    uint32_t mask = (uint32_t)(signature.n * 8) - 1;
    for (size_t i = 0; i < g->n; i++) {
        uint32_t h = g->hash[i] & mask;
        if (!((unsigned char)signature.p[h >> 3] >> (h & 7) & 1)) return false;
    }
    return true;
}
