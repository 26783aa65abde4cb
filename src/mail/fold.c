/* fold.c - text without case: title case, then decomposed, by libunistring; ASCII by hand.
 *
 * RFC 5051 2. ASCII stays apart from the rest at any place: it decomposes into itself.
 */
#include "mail/fold.h"

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/mem.h"

static str upper(struct arena *a, str ascii)
{
    char *out = arena_alloc(a, ascii.n);
    for (size_t i = 0; out && i < ascii.n; i++)
        out[i] = ascii_upper(ascii.p[i]);
    return (str){ out, out ? ascii.n : 0 };
}

static bool is_sharp_s(ucs4_t c)
{
    return c == 0xdf || c == 0x1e9e;
}

/* Characters beyond ASCII. */
static void add_title(struct buf *out, str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    for (size_t at = 0; at < s.n;) {
        ucs4_t c;
        uint8_t bytes[6];
        int n = u8_mbtouc(&c, p + at, s.n - at);
        at += n > 0 ? (size_t)n : 1;
        int written = is_sharp_s(c) ? 0 : u8_uctomb(bytes, uc_totitle(c), sizeof(bytes));
        if (is_sharp_s(c)) buf_add(out, S("SS"));
        if (written > 0) buf_add(out, (str){ (const char *)bytes, (size_t)written });
    }
}

static void add_decomposed(struct buf *out, struct buf *title, str s)
{
    size_t n = 0, from = out->n;
    buf_reset(title);
    add_title(title, s);
    uint8_t *all = u8_normalize(UNINORM_NFKD, (const uint8_t *)title->p, title->n, NULL, &n);
    buf_add(out, all ? (str){ (const char *)all, n } : buf_str(title));
    mem_free(all);
    for (size_t i = from; i < out->n; i++)
        out->p[i] = ascii_upper(out->p[i]);
}

static size_t run(str s, bool ascii)
{
    size_t n = 0;
    while (n < s.n && ((unsigned char)s.p[n] < 0x80) == ascii)
        n++;
    return n;
}

str text_fold(struct arena *a, str utf8)
{
    if (run(utf8, true) == utf8.n) return upper(a, utf8);
    struct buf out = buf_make(24 * utf8.n), title = buf_make(3 * utf8.n);
    while (utf8.n) {
        size_t n = run(utf8, true), from = out.n;
        buf_add(&out, str_take(utf8, n));
        for (size_t i = from; i < out.n; i++)
            out.p[i] = ascii_upper(out.p[i]);
        utf8 = str_from(utf8, n);
        n = run(utf8, false);
        if (n) add_decomposed(&out, &title, str_take(utf8, n));
        utf8 = str_from(utf8, n);
    }
    str folded = arena_copy(a, buf_str(&out));
    buf_free(&out);
    buf_free(&title);
    return folded;
}

str text_nfc(struct arena *a, str utf8)
{
    size_t n = 0;
    if (str_is_ascii(utf8)) return utf8;
    uint8_t *all = u8_normalize(UNINORM_NFC, (const uint8_t *)utf8.p, utf8.n, NULL, &n);
    str composed = arena_copy(a, all ? (str){ (const char *)all, n } : utf8);
    mem_free(all);
    return composed;
}
