/* scan.c - a cursor over a str for hand-written parsers. */
#include "base/scan.h"

struct byteset byteset_of(str chars)
{
    struct byteset set = { { 0 } };
    for (size_t i = 0; i < chars.n; i++) {
        unsigned char c = (unsigned char)chars.p[i];
        set.bits[c >> 5] |= 1u << (c & 31);
    }
    return set;
}

struct byteset byteset_except(str chars)
{
    struct byteset set = byteset_of(chars);
    for (size_t i = 0; i < 8; i++)
        set.bits[i] = ~set.bits[i];
    return set;
}

struct scan scan_make(str in)
{
    return (struct scan){ .in = in };
}

bool scan_end(const struct scan *s)
{
    return s->bad || s->at == s->in.n;
}

str scan_rest(const struct scan *s)
{
    if (s->bad) return (str){ 0 };
    return str_from(s->in, s->at);
}

char scan_peek(const struct scan *s)
{
    return scan_end(s) ? '\0' : s->in.p[s->at];
}

void scan_fail(struct scan *s)
{
    s->bad = true;
}

bool scan_try(struct scan *s, char c)
{
    if (scan_end(s) || s->in.p[s->at] != c) return false; /* the end is no NUL */
    s->at++;
    return true;
}

bool scan_try_lit(struct scan *s, str lit)
{
    if (s->bad || !str_istarts(scan_rest(s), lit)) return false;
    s->at += lit.n;
    return true;
}

void scan_want(struct scan *s, char c)
{
    if (!scan_try(s, c)) scan_fail(s);
}

void scan_want_lit(struct scan *s, str lit)
{
    if (!scan_try_lit(s, lit)) scan_fail(s);
}

void scan_want_end(struct scan *s)
{
    if (!scan_end(s)) scan_fail(s);
}

str scan_while(struct scan *s, const struct byteset *set)
{
    if (s->bad) return (str){ 0 };
    size_t from = s->at;
    while (s->at < s->in.n && byteset_has(set, s->in.p[s->at]))
        s->at++;
    return str_sub(s->in, from, s->at - from);
}

str scan_while1(struct scan *s, const struct byteset *set)
{
    str found = scan_while(s, set);
    if (!found.n) scan_fail(s);
    return found;
}

str scan_until(struct scan *s, char stop)
{
    str rest = scan_rest(s);
    size_t n = str_chr(rest, stop);
    if (n == STR_NPOS) {
        scan_fail(s);
        return (str){ 0 };
    }
    s->at += n;
    return str_take(rest, n);
}

str scan_n(struct scan *s, size_t n)
{
    str rest = scan_rest(s);
    if (n > rest.n) scan_fail(s);
    if (s->bad) return (str){ 0 };
    s->at += n;
    return str_take(rest, n);
}

uint64_t scan_u64(struct scan *s, uint64_t max)
{
    str rest = scan_rest(s);
    size_t n = 0;
    while (n < rest.n && ascii_digit(rest.p[n]))
        n++;
    uint64_t value;
    if (!str_u64(str_take(rest, n), max, &value)) {
        scan_fail(s);
        return 0;
    }
    s->at += n;
    return value;
}

void scan_skip_wsp(struct scan *s)
{
    while (!scan_end(s) && ascii_wsp(s->in.p[s->at]))
        s->at++;
}
