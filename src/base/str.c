/* str.c - borrowed runs of bytes: compare, find, split, numbers. */
#include "base/str.h"

#include <assert.h>
#include <string.h>

str str_of(const char *cstr)
{
    return (str){ cstr, cstr ? strlen(cstr) : 0 };
}

str str_range(const char *from, const char *to)
{
    assert(from <= to);
    return (str){ from, (size_t)(to - from) };
}

bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_ieq(str a, str b)
{
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i])) return false;
    return true;
}

int str_cmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order) return order;
    return (a.n > b.n) - (a.n < b.n);
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq(str_take(s, prefix.n), prefix);
}

bool str_istarts(str s, str prefix)
{
    return s.n >= prefix.n && str_ieq(str_take(s, prefix.n), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

bool str_iends(str s, str suffix)
{
    return s.n >= suffix.n && str_ieq(str_from(s, s.n - suffix.n), suffix);
}

size_t str_chr(str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NPOS;
}

size_t str_rchr(str s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NPOS;
}

bool str_has(str s, char c)
{
    return str_chr(s, c) != STR_NPOS;
}

size_t str_find(str s, str needle)
{
    if (needle.n == 0) return 0;
    if (needle.n > s.n) return STR_NPOS;
    const char *at = memmem(s.p, s.n, needle.p, needle.n); /* two-way: linear */
    return at ? (size_t)(at - s.p) : STR_NPOS;
}

/* The start of the needle's greatest suffix under the order of bytes (or its reverse), and that
 * suffix's period: the first half of two-way matching (Crochemore and Perrin, 1991). */
static size_t greatest_suffix(str needle, bool reverse, size_t *period)
{
    size_t start = 0, i = 1, k = 0, p = 1; /* the candidate at i is compared at i + k */
    while (i + k < needle.n) {
        char a = ascii_lower(needle.p[i + k]), b = ascii_lower(needle.p[start + k]);
        bool less = reverse ? a > b : a < b;
        if (a == b && k + 1 < p) {
            k++;
        } else if (a == b) { /* a whole period matched */
            i += p;
            k = 0;
        } else if (less) { /* what is read so far is one period of the candidate */
            i += k + 1;
            k = 0;
            p = i - start;
        } else { /* a greater suffix begins at i */
            start = i++;
            k = 0;
            p = 1;
        }
    }
    *period = p;
    return start;
}

/* Case-folded two-way matching: linear time, no table, so that neither a hostile needle nor a
 * hostile haystack is dear. */
size_t str_ifind(str s, str needle)
{
    if (needle.n == 0) return 0;
    if (needle.n > s.n) return STR_NPOS;

    size_t period, other_period;
    size_t cut = greatest_suffix(needle, false, &period);
    size_t other = greatest_suffix(needle, true, &other_period);
    if (other > cut) {
        cut = other;
        period = other_period;
    }
    bool periodic =
        cut + period <= needle.n && str_ieq(str_take(needle, cut), str_sub(needle, period, cut));
    if (!periodic) period = (cut > needle.n - cut ? cut : needle.n - cut) + 1;

    size_t known = 0; /* of a periodic needle, how much the last shift left matched */
    for (size_t at = 0; at <= s.n - needle.n;) {
        size_t i = cut > known ? cut : known;
        while (i < needle.n && ascii_lower(needle.p[i]) == ascii_lower(s.p[at + i]))
            i++;
        if (i < needle.n) {
            at += i - cut + 1;
            known = 0;
            continue;
        }
        for (i = cut; i > known && ascii_lower(needle.p[i - 1]) == ascii_lower(s.p[at + i - 1]);)
            i--;
        if (i <= known) return at;
        at += period;
        known = periodic ? needle.n - period : 0;
    }
    return STR_NPOS;
}

str str_from(str s, size_t at)
{
    if (at >= s.n) return (str){ s.p ? s.p + s.n : NULL, 0 };
    return (str){ s.p + at, s.n - at };
}

str str_take(str s, size_t n)
{
    return (str){ s.p, n < s.n ? n : s.n };
}

str str_sub(str s, size_t at, size_t n)
{
    return str_take(str_from(s, at), n);
}

static bool is_blank(char c)
{
    return ascii_wsp(c) || c == '\r' || c == '\n';
}

str str_trim(str s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    size_t at = 0;
    while (at < s.n && is_blank(s.p[at]))
        at++;
    return str_from(s, at);
}

str str_chomp(str s)
{
    if (!s.n || s.p[s.n - 1] != '\n') return s;
    s.n--;
    if (s.n && s.p[s.n - 1] == '\r') s.n--;
    return s;
}

bool str_split(str *rest, char sep, str *part)
{
    if (!rest->n) return false;
    size_t at = str_chr(*rest, sep);
    *part = str_take(*rest, at);
    *rest = at == STR_NPOS ? str_from(*rest, rest->n) : str_from(*rest, at + 1);
    return true;
}

bool str_u64(str s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (!s.n) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_digit(s.p[i])) return false;
        if (__builtin_mul_overflow(value, 10u, &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value)) return false;
    }
    if (value > max) return false;
    *out = value;
    return true;
}

void bytes_copy(void *to, size_t cap, const void *from, size_t n)
{
    assert(n <= cap);
    if (n) memcpy(to, from, n);
}

void bytes_wipe(void *p, size_t n)
{
    if (n) explicit_bzero(p, n);
}

bool bytes_equal_secret(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char differ = 0;
    for (size_t i = 0; i < n; i++)
        differ = (unsigned char)(differ | (x[i] ^ y[i]));
    return differ == 0;
}

/* How many bytes a sequence that starts with this one has, and the range its second byte may be
 * in: RFC 3629 4. That range is what shuts out overlong forms, surrogates and past U+10FFFF. */
static size_t utf8_lead(unsigned char c, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (c < 0x80) return 1;
    if (c >= 0xc2 && c <= 0xdf) return 2;
    if (c == 0xe0) *low = 0xa0;
    if (c == 0xed) *high = 0x9f;
    if (c >= 0xe0 && c <= 0xef) return 3;
    if (c == 0xf0) *low = 0x90;
    if (c == 0xf4) *high = 0x8f;
    if (c >= 0xf0 && c <= 0xf4) return 4;
    return 0;
}

/* Most text is ASCII for long stretches: eight bytes at a time. */
static size_t ascii_run(const char *p, size_t n)
{
    size_t i = 0;
    for (uint64_t eight; n - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, p + i, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080)) break;
    }
    return i;
}

bool utf8_valid(str s)
{
    for (size_t i = 0; i < s.n;) {
        i += ascii_run(s.p + i, s.n - i);
        if (i == s.n) break;
        unsigned char low, high;
        size_t n = utf8_lead((unsigned char)s.p[i], &low, &high);
        if (n == 0 || n > s.n - i) return false;
        for (size_t k = 1; k < n; k++) {
            unsigned char c = (unsigned char)s.p[i + k];
            if (c < low || c > high) return false;
            low = 0x80;
            high = 0xbf;
        }
        i += n;
    }
    return true;
}

bool utf8_has_control(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_ctl(s.p[i])) return true;
        bool lead = (unsigned char)s.p[i] == 0xc2 && i + 1 < s.n;
        if (lead && (unsigned char)s.p[i + 1] < 0xa0) return true;
    }
    return false;
}

bool str_is_ascii(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == 0 || (unsigned char)s.p[i] > 0x7f) return false;
    return true;
}
