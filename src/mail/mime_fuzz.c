/* mime_fuzz.c - any message, cut anyhow, gives one card; its texts are IMAP; no card is believed.
 *
 * The judge of the texts is a checker written from the ABNF of RFC 9051 9 alone.
 */
#include <assert.h>

#include "base/limits.h"
#include "base/scan.h"
#include "mail/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- a strict checker of body and envelope, RFC 9051 9 ---------------------------------------- */

static void string(struct scan *s)
{
    if (scan_try(s, '{')) {
        uint64_t n = scan_u64(s, CARD_BYTES);
        scan_want(s, '}');
        scan_want(s, '\r');
        scan_want(s, '\n');
        assert(!str_has(scan_n(s, n), '\0'));
        return;
    }
    scan_want(s, '"');
    while (!s->bad && !scan_try(s, '"')) {
        str c = scan_n(s, 1);
        assert(c.n && c.p[0] > 0 && c.p[0] != '\r' && c.p[0] != '\n');
        if (c.p[0] == '\\') assert(scan_try(s, '\\') || scan_try(s, '"'));
    }
}

static void nstring(struct scan *s)
{
    if (!scan_try_lit(s, S("NIL"))) string(s);
}

static void space(struct scan *s)
{
    scan_want(s, ' ');
}

static void number(struct scan *s)
{
    (void)scan_u64(s, UINT64_MAX >> 1);
}

/* "(" string SP string … ")" or NIL; in twos if pairs. */
static void list(struct scan *s, bool pairs)
{
    if (scan_try_lit(s, S("NIL"))) return;
    scan_want(s, '(');
    do {
        string(s);
        if (!pairs) continue;
        space(s);
        string(s);
    } while (scan_try(s, ' '));
    scan_want(s, ')');
}

static void addresses(struct scan *s)
{
    if (scan_try_lit(s, S("NIL"))) return;
    scan_want(s, '(');
    do {
        scan_want(s, '(');
        for (int i = 0; i < 4; i++) {
            if (i) space(s);
            nstring(s);
        }
        scan_want(s, ')');
    } while (scan_peek(s) == '(');
    scan_want(s, ')');
}

static void envelope(struct scan *s)
{
    scan_want(s, '(');
    for (int i = 0; i < 10; i++) {
        if (i) space(s);
        if (i >= 2 && i <= 7)
            addresses(s);
        else
            nstring(s);
    }
    scan_want(s, ')');
}

static void extension(struct scan *s)
{
    space(s);
    if (!scan_try_lit(s, S("NIL"))) {
        scan_want(s, '(');
        string(s);
        space(s);
        list(s, true);
        scan_want(s, ')');
    }
    space(s);
    if (scan_peek(s) == '(')
        list(s, false);
    else
        nstring(s);
    space(s);
    nstring(s);
}

static void body(struct scan *s, bool extended);

static void single_part(struct scan *s, bool extended)
{
    size_t from = s->at;
    string(s);
    space(s);
    string(s);
    str media = str_sub(s->in, from, s->at - from);
    space(s);
    list(s, true);
    space(s);
    nstring(s);
    space(s);
    nstring(s);
    space(s);
    string(s);
    space(s);
    number(s);
    bool message =
        str_eq(media, S("\"message\" \"rfc822\"")) || str_eq(media, S("\"message\" \"global\""));
    if (message) {
        space(s);
        envelope(s);
        space(s);
        body(s, extended);
    }
    if (message || str_starts(media, S("\"text\" "))) {
        space(s);
        number(s);
    }
    if (!extended || s->bad || scan_peek(s) == ')') return; /* the stand-in for no parts has none */
    space(s);
    nstring(s);
    extension(s);
}

static void body(struct scan *s, bool extended)
{
    scan_want(s, '(');
    if (scan_peek(s) == '(') {
        while (scan_peek(s) == '(')
            body(s, extended);
        space(s);
        string(s);
        if (extended) {
            space(s);
            list(s, true);
            extension(s);
        }
    } else {
        single_part(s, extended);
    }
    scan_want(s, ')');
}

static void check_body(str text, bool extended)
{
    struct scan s = scan_make(text);
    body(&s, extended);
    assert(!s.bad && scan_end(&s));
}

/* --- cards ------------------------------------------------------------------------------------ */

static void build(struct buf *out, str message, size_t chunk)
{
    struct card_builder *b = card_begin();
    for (size_t at = 0; at < message.n; at += chunk)
        card_feed(b, str_sub(message, at, chunk));
    assert(card_end(b, out));
    card_free(b);
}

static void use_parts(const struct card *c)
{
    static const char *const sections[] = {
        "", "HEADER", "TEXT", "1", "1.MIME", "2.1", "1.1.HEADER"
    };
    struct card_walk w = { 0 };
    struct card_part p;
    struct card_range r;
    size_t n = 0;
    for (; card_part_next(c, &w, &p); n++) {
        assert(p.header_at <= c->size && p.header_bytes <= c->size - p.header_at);
        assert(p.body_at <= c->size && p.body_bytes <= c->size - p.body_at);
        assert(p.parent < p.index);
    }
    assert(n == c->nparts);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (card_section(c, str_of(sections[i]), &r, NULL)) assert(r.bytes <= c->size - r.at);
}

static void check_card(str bytes, str message)
{
    struct card c;
    assert(card_open(bytes, &c));
    assert(c.size == message.n && utf8_valid(c.preview) && utf8_valid(c.base_subject));
    assert(c.preview.n <= PREVIEW_BYTES);
    struct scan s = scan_make(c.envelope);
    envelope(&s);
    assert(!s.bad && scan_end(&s));
    check_body(c.bodystructure, true);
    struct buf plain = buf_make(CARD_BYTES);
    card_body(&c, &plain);
    assert(!plain.full);
    check_body(buf_str(&plain), false);
    buf_free(&plain);
    use_parts(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = { (const char *)data, size };
    struct buf whole = buf_make(CARD_BYTES), bytewise = buf_make(CARD_BYTES);
    build(&whole, in, size ? size : 1);
    build(&bytewise, in, 1);
    assert(str_eq(buf_str(&whole), buf_str(&bytewise)));
    buf_reset(&bytewise);
    build(&bytewise, in, 1 + size % 61);
    assert(str_eq(buf_str(&whole), buf_str(&bytewise)));
    check_card(buf_str(&whole), in);
    struct card c;
    if (card_open(in, &c)) use_parts(&c); /* the same bytes, said to be a card */
    buf_free(&whole);
    buf_free(&bytewise);
    return 0;
}
