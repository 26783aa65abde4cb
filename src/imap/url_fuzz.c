/* url_fuzz.c - IMAP URLs and sets: what is read keeps the promises of url.h and seqset.h. */
#include <assert.h>

#include "base/codec.h"
#include "base/mem.h"
#include "imap/seqset.h"
#include "imap/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RANGES = 64 };

static void url(str text, struct arena *a)
{
    struct imap_url u;
    if (!imap_url_parse(text, a, &u)) return;
    assert(u.uid > 0 && utf8_valid(u.mailbox) && !str_has(u.mailbox, '\0'));
    assert(!utf8_has_control(u.mailbox));
    assert(!u.partial || u.count > 0);
    assert(u.offset <= UINT64_MAX - u.count);
}

/* Sorted, disjoint, not touching, and holding what it held before. */
static void set(str bytes, uint32_t max, struct arena *a)
{
    struct seq_range ranges[RANGES], before[RANGES];
    size_t n = bytes.n / 8 < RANGES ? bytes.n / 8 : RANGES;
    for (size_t i = 0; i < n; i++) {
        uint32_t x = get_le32(bytes.p + 8 * i), y = get_le32(bytes.p + 8 * i + 4);
        x += !x;
        y += !y;
        before[i] = ranges[i] = x < y ? (struct seq_range){ x, y } : (struct seq_range){ y, x };
    }
    struct seqset s = { .ranges = ranges, .n = seqset_normalise(ranges, n), .star_from = max % 7 };
    assert(s.n <= n);
    for (size_t i = 0; i < s.n; i++) {
        assert(ranges[i].first >= 1 && ranges[i].first <= ranges[i].last);
        assert(!i || ranges[i].first > (uint64_t)ranges[i - 1].last + 1);
    }
    struct seqset is = seqset_resolve(s, max, a);
    assert(seqset_count(is) <= max && seqset_largest(is) <= max);
    for (size_t i = 0; i < n; i++)
        assert(before[i].last > max ||
               (seqset_has(is, before[i].first) && seqset_has(is, before[i].last)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_make(1 << 20);
    str in = { (const char *)data, size };
    url(in, &a);
    if (size >= 4) set(str_from(in, 4), get_le32(in.p), &a);
    arena_free(&a);
    return 0;
}
