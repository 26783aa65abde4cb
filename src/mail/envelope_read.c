/* envelope_read.c - values out of an ENVELOPE that envelope.c wrote. RFC 9051 7.5.2.
 *
 * For searching and sorting by the card. What is not of the form is taken for absent.
 */
#include "base/mem.h"
#include "base/scan.h"
#include "mail/envelope.h"

/* One nstring off the front. False: NIL, or no string. */
static bool take_string(struct arena *a, str *s, str *out)
{
    *out = (str){ 0 };
    if (str_starts(*s, S("NIL"))) {
        *s = str_from(*s, 3);
        return false;
    }
    if (str_starts(*s, S("{"))) {
        uint64_t n = 0;
        size_t close = str_chr(*s, '}');
        if (close == STR_NPOS || !str_u64(str_sub(*s, 1, close - 1), s->n, &n)) return false;
        *out = str_sub(*s, close + 3, (size_t)n); /* behind the CRLF */
        *s = str_from(*s, close + 3 + (size_t)n);
        return true;
    }
    if (!str_starts(*s, S("\""))) return false;
    size_t end = 1 + str_chr(str_from(*s, 1), '"'); /* 0: there is none */
    bool escaped = end && str_has(str_sub(*s, 1, end - 1), '\\');
    if (escaped || !end) /* which of them ends it? */
        for (end = 1; end < s->n && s->p[end] != '"';)
            end += s->p[end] == '\\' ? 2 : 1;
    *out = str_sub(*s, 1, end - 1);
    *s = str_from(*s, end + 1);
    if (!escaped) return true;
    char *plain = arena_alloc(a, out->n);
    size_t n = 0;
    for (size_t i = 0; plain && i < out->n; i++) {
        if (out->p[i] == '\\' && i + 1 < out->n) i++;
        plain[n++] = out->p[i];
    }
    *out = (str){ plain, n };
    return true;
}

/* Past one nstring, without looking into it. */
static void skip_string(str *s)
{
    str text;
    struct arena none = arena_make(0);
    (void)take_string(&none, s, &text);
    arena_free(&none);
}

static void skip_list(str *s)
{
    if (str_starts(*s, S("NIL"))) {
        *s = str_from(*s, 3);
        return;
    }
    int depth = 0;
    do {
        char c = s->n ? s->p[0] : ')';
        if (c == '"' || c == '{') {
            skip_string(s);
            continue;
        }
        depth += (c == '(') - (c == ')');
        *s = str_from(*s, 1);
    } while (s->n && depth > 0);
}

/* What begins with the item. */
static str item_at(str envelope, enum envelope_item item)
{
    str s = str_from(envelope, 1);
    for (int i = ENVELOPE_DATE; i < (int)item; i++) {
        bool list = i >= ENVELOPE_FROM && i <= ENVELOPE_BCC;
        if (list)
            skip_list(&s);
        else
            skip_string(&s);
        s = str_from(s, 1); /* the space */
    }
    return s;
}

bool envelope_text(str envelope, enum envelope_item item, struct arena *a, str *out)
{
    str s = item_at(envelope, item);
    return take_string(a, &s, out);
}

/* "(name NIL local domain)"; RFC 9051: a NIL domain begins a group, and with a NIL local ends it.
 */
static bool take_address(struct arena *a, str *s, struct header_address *out)
{
    str route;
    if (!str_starts(*s, S("("))) return false;
    *s = str_from(*s, 1);
    *out = (struct header_address){ .kind = HEADER_MAILBOX };
    (void)take_string(a, s, &out->name);
    *s = str_from(*s, 1);
    (void)take_string(a, s, &route);
    *s = str_from(*s, 1);
    bool local = take_string(a, s, &out->local);
    *s = str_from(*s, 1);
    bool domain = take_string(a, s, &out->domain);
    *s = str_from(*s, 1);
    if (!domain) out->kind = local ? HEADER_GROUP : HEADER_GROUP_END;
    if (out->kind == HEADER_GROUP) out->name = out->local;
    return true;
}

size_t envelope_addresses(str envelope, enum envelope_item item, struct arena *a, size_t max,
                          struct header_address **out)
{
    str s = item_at(envelope, item);
    size_t n = 0;
    *out = NULL;
    if (!str_starts(s, S("("))) return 0;
    s = str_from(s, 1);
    struct header_address one;
    while (n < max && take_address(a, &s, &one)) {
        struct header_address *more = arena_more(a, *out, n, sizeof(**out));
        if (!more) return n;
        *out = more;
        more[n++] = one;
    }
    return n;
}
