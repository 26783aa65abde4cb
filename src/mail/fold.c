/* fold.c - text without case: Unicode casefold, NFKC, by libunistring; ASCII by hand. */
#include "mail/fold.h"

#include <unicase.h>
#include <uninorm.h>

#include "base/mem.h"

str text_fold(struct arena *a, str utf8)
{
    if (str_is_ascii(utf8)) return arena_lower(a, utf8);
    size_t n = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)utf8.p, utf8.n, NULL, UNINORM_NFKC, NULL, &n);
    if (!folded) return arena_lower(a, utf8);
    str text = arena_copy(a, (str){ (const char *)folded, n });
    mem_free(folded);
    return text;
}
