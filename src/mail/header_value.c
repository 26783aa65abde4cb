/* header_value.c - structured header values: addresses, message-ids, parameters, token lists.
 *
 * RFC 5322 3.2, 3.4, 3.6.4, 4.4; RFC 2045 5.1; RFC 2231. Lenient and linear: each byte is looked at
 * a bounded number of times, comments are skipped by counting, nothing recurses.
 */
#include "mail/header.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/scan.h"
#include "mail/encoded.h"

/* --- lexical tokens, RFC 5322 3.2 --------------------------------------------------------------
 */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Skip one comment, nested ones included. Its text goes to out unless NULL. RFC 5322 3.2.2. */
static void skip_comment(struct scan *s, struct buf *out)
{
    size_t depth = 0;
    do {
        char c = s->in.p[s->at++];
        if (c == '\\' && s->at < s->in.n)
            c = s->in.p[s->at++];
        else if (c == '(' && !depth++)
            continue;
        else if (c == ')' && !--depth)
            return;
        if (out && c != '\r' && c != '\n') buf_addc(out, c);
    } while (s->at < s->in.n);
}

/* Skip white space and comments; the last comment's text is left in comment unless NULL. */
static bool skip_cfws(struct scan *s, struct buf *comment)
{
    size_t from = s->at;
    while (s->at < s->in.n) {
        if (is_space(s->in.p[s->at])) {
            s->at++;
        } else if (s->in.p[s->at] == '(') {
            if (comment) buf_reset(comment);
            skip_comment(s, comment);
        } else {
            break;
        }
    }
    return s->at > from;
}

/* Unquote a quoted string at the cursor into out unless NULL. One without an end goes to the end of
 * the value. */
static void quoted_string(struct scan *s, struct buf *out)
{
    for (s->at++; s->at < s->in.n && s->in.p[s->at] != '"'; s->at++) {
        if (s->in.p[s->at] == '\\' && s->at + 1 < s->in.n) s->at++;
        if (out && s->in.p[s->at] != '\r' && s->in.p[s->at] != '\n') buf_addc(out, s->in.p[s->at]);
    }
    if (s->at < s->in.n) s->at++;
}

static bool is_special(char c)
{
    switch (c) {
    case '(':
    case ')':
    case '<':
    case '>':
    case '@':
    case ',':
    case ';':
    case ':':
    case '"': return true;
    default: return is_space(c);
    }
}

/* A run of anything but specials; the dot counts as a letter (RFC 5322 4.1 obs-phrase). */
static str atom(struct scan *s)
{
    size_t from = s->at;
    while (s->at < s->in.n && !is_special(s->in.p[s->at]))
        s->at++;
    return str_sub(s->in, from, s->at - from);
}

/* --- addresses, RFC 5322 3.4 and 4.4 -----------------------------------------------------------
 */

struct list_parser {
    struct scan s;
    struct arena *arena;
    struct header_address *out;
    size_t n, cap;
    bool in_group;
    struct buf name;    /* the words so far, spaces between */
    struct buf local;   /* the words so far, as a local part */
    struct buf domain;  /* after the @ */
    struct buf comment; /* the last one */
    size_t words;
};

static void emit(struct list_parser *p, struct header_address address)
{
    if (p->n < p->cap) p->out[p->n++] = address;
}

static bool parser_full(const struct list_parser *p)
{
    return p->n + 1 >= p->cap; /* one is kept for the end of a group */
}

static void element_reset(struct list_parser *p)
{
    buf_reset(&p->name);
    buf_reset(&p->local);
    buf_reset(&p->domain);
    buf_reset(&p->comment);
    p->words = 0;
}

/* Words up to a special that is none of theirs. */
static void phrase(struct list_parser *p)
{
    for (;;) {
        bool space = skip_cfws(&p->s, &p->comment);
        char c = scan_peek(&p->s);
        if (scan_end(&p->s) || (is_special(c) && c != '"')) return;
        if (space && p->words) buf_addc(&p->name, ' ');
        size_t before = p->local.n;
        if (c == '"')
            quoted_string(&p->s, &p->local);
        else
            buf_add(&p->local, atom(&p->s));
        buf_add(&p->name, str_from(buf_str(&p->local), before));
        p->words++;
    }
}

/* After the @: atoms, dots and a literal, whatever white space and comments lie between. */
static void domain(struct list_parser *p)
{
    for (;;) {
        skip_cfws(&p->s, &p->comment);
        char c = scan_peek(&p->s);
        if (scan_end(&p->s) || is_special(c)) return;
        buf_add(&p->domain, atom(&p->s));
    }
}

/* Past whatever follows an address, up to the separator. */
static void skip_to_separator(struct list_parser *p)
{
    while (skip_cfws(&p->s, &p->comment), !scan_end(&p->s)) {
        char c = scan_peek(&p->s);
        if (c == ',' || c == ';') return;
        if (c == '"')
            quoted_string(&p->s, NULL);
        else
            p->s.at++;
    }
}

static void emit_mailbox(struct list_parser *p, bool named)
{
    struct header_address found = { .kind = HEADER_MAILBOX };
    struct buf *name = named ? &p->name : &p->comment;
    found.name = arena_copy(p->arena, str_trim(buf_str(name)));
    found.local = arena_copy(p->arena, buf_str(&p->local));
    found.domain = arena_copy(p->arena, buf_str(&p->domain));
    emit(p, found);
}

/* "<local@domain>", perhaps with a route before it, which means nothing (RFC 5322 4.4). */
static void angle_address(struct list_parser *p)
{
    p->s.at++;
    buf_reset(&p->local);
    skip_cfws(&p->s, NULL);
    while (scan_peek(&p->s) == '@' || scan_peek(&p->s) == ',') {
        p->s.at++;
        domain(p);
    }
    scan_try(&p->s, ':');
    buf_reset(&p->domain);
    struct buf name = p->name; /* the local part's words are no part of the name */
    p->name = buf_make(HEADER_BYTES);
    phrase(p);
    buf_free(&p->name);
    p->name = name;
    if (scan_try(&p->s, '@')) domain(p);
    skip_to_separator(p);
    emit_mailbox(p, p->name.n > 0);
}

/* Neither < nor @ nor : came: one word is a local part without a domain, more are a name. */
static void bare_words(struct list_parser *p)
{
    if (!p->words) return;
    if (p->words > 1) buf_reset(&p->local);
    emit_mailbox(p, p->words > 1);
}

static void group_end(struct list_parser *p)
{
    if (!p->in_group) return;
    p->in_group = false;
    emit(p, (struct header_address){ .kind = HEADER_GROUP_END });
}

static void group_begin(struct list_parser *p)
{
    p->s.at++;
    if (p->in_group) return;
    p->in_group = true;
    str name = arena_copy(p->arena, buf_str(&p->name));
    emit(p, (struct header_address){ .kind = HEADER_GROUP, .name = name });
}

static void element(struct list_parser *p)
{
    element_reset(p);
    phrase(p);
    switch (scan_peek(&p->s)) {
    case '<': angle_address(p); return;
    case ':': group_begin(p); return;
    case '@':
        p->s.at++;
        domain(p);
        skip_to_separator(p);
        emit_mailbox(p, false);
        return;
    case ',':
        bare_words(p);
        p->s.at++;
        return;
    case ';':
        bare_words(p);
        group_end(p);
        p->s.at++;
        return;
    default: /* the end, or a stray ')' or '>' */
        bare_words(p);
        if (!scan_end(&p->s)) p->s.at++;
    }
}

/* No list has more elements than this, whatever it says. */
static size_t elements_at_most(str value)
{
    size_t n = 4;
    for (size_t i = 0; i < value.n && n < ENVELOPE_ADDRESSES; i++) {
        char c = value.p[i];
        n += is_special(c) && !is_space(c) ? 2 : 0;
    }
    return n < ENVELOPE_ADDRESSES ? n : ENVELOPE_ADDRESSES;
}

size_t header_addresses(struct arena *a, str value, struct header_address **out)
{
    struct list_parser p = { .s = scan_make(value),
                             .arena = a,
                             .cap = elements_at_most(value),
                             .name = buf_make(HEADER_BYTES),
                             .local = buf_make(HEADER_BYTES),
                             .domain = buf_make(HEADER_BYTES),
                             .comment = buf_make(HEADER_BYTES) };
    p.out = ARENA_ARRAY(a, p.cap, struct header_address);
    *out = p.out;
    while (p.out && !parser_full(&p) && !scan_end(&p.s))
        element(&p);
    group_end(&p);
    buf_free(&p.name);
    buf_free(&p.local);
    buf_free(&p.domain);
    buf_free(&p.comment);
    return a->full ? 0 : p.n;
}

/* --- message-ids, RFC 5322 3.6.4 ---------------------------------------------------------------
 */

/* Without the white space that folding or a careless sender put inside. */
static str msgid_clean(struct arena *a, str id)
{
    char *out = NULL;
    size_t n = 0;
    for (size_t i = 0; i < id.n; i++) {
        if (is_space(id.p[i]) && !out) {
            out = arena_alloc(a, id.n);
            if (!out) return (str){ 0 };
            n = i;
            bytes_copy(out, id.n, id.p, i);
        } else if (!is_space(id.p[i]) && out) {
            out[n++] = id.p[i];
        }
    }
    return out ? (str){ out, n } : id;
}

bool header_msgid_next(struct arena *a, str *rest, str *out)
{
    size_t close;
    while ((close = str_chr(*rest, '>')) != STR_NPOS) {
        str upto = str_take(*rest, close);
        *rest = str_from(*rest, close + 1);
        size_t open = str_rchr(upto, '<');
        if (open == STR_NPOS) continue;
        str id = msgid_clean(a, str_from(upto, open + 1));
        if (!id.n) continue;
        *out = id;
        return true;
    }
    *rest = (str){ 0 };
    return false;
}

/* --- token lists -------------------------------------------------------------------------------
 */

size_t header_tokens(struct arena *a, str value, size_t max, str **out)
{
    size_t n = 0;
    *out = ARENA_ARRAY(a, max, str);
    struct scan s = scan_make(value);
    while (*out && n < max && !scan_end(&s)) {
        skip_cfws(&s, NULL);
        str token = atom(&s);
        if (token.n)
            (*out)[n++] = token;
        else if (!scan_end(&s))
            s.at++;
    }
    return n;
}

/* --- parameters, RFC 2045 5.1 and RFC 2231 ------------------------------------------------------
 */

/* One "name*0*=value" as it stands. */
struct segment {
    str name;
    int section; /* -1: not one of several */
    bool extended;
    bool taken;
    str value;
};

struct param_parser {
    struct scan s;
    struct arena *arena;
    struct segment *segments;
    size_t n;
    struct buf scratch;
};

static str param_value(struct param_parser *p)
{
    struct scan *s = &p->s;
    buf_reset(&p->scratch);
    skip_cfws(s, NULL);
    if (scan_peek(s) == '"') {
        quoted_string(s, &p->scratch);
        return arena_copy(p->arena, buf_str(&p->scratch));
    }
    /* Tokens with spaces in them are wrong but common: up to the semicolon or a comment. */
    for (; s->at < s->in.n && s->in.p[s->at] != ';'; s->at++) {
        char c = s->in.p[s->at];
        if (c == '(' && s->at && is_space(s->in.p[s->at - 1])) break;
        if (c != '\r' && c != '\n') buf_addc(&p->scratch, c);
    }
    return arena_copy(p->arena, str_trim(buf_str(&p->scratch)));
}

/* RFC 2231 3 and 4: split the marks off the name. */
static void segment_name(struct segment *g)
{
    g->section = -1;
    if (str_ends(g->name, S("*"))) {
        g->extended = true;
        g->name.n--;
    }
    size_t star = str_rchr(g->name, '*');
    uint64_t section;
    if (star == STR_NPOS || !str_u64(str_from(g->name, star + 1), MIME_PARAMETERS, &section))
        return;
    g->section = (int)section;
    g->name.n = star;
}

static void segment_read(struct param_parser *p)
{
    struct scan *s = &p->s;
    skip_cfws(s, NULL);
    size_t from = s->at;
    while (s->at < s->in.n && !str_has(S("=;\" \t\r\n("), s->in.p[s->at]))
        s->at++;
    str name = str_sub(s->in, from, s->at - from);
    skip_cfws(s, NULL);
    if (!scan_try(s, '=') || !name.n) return;
    struct segment g = { .name = arena_lower(p->arena, name), .value = param_value(p) };
    segment_name(&g);
    if (g.name.n) p->segments[p->n++] = g;
}

/* Past what is left of this parameter, quoted semicolons included. */
static void segment_skip(struct param_parser *p)
{
    struct scan *s = &p->s;
    while (s->at < s->in.n && s->in.p[s->at] != ';') {
        if (s->in.p[s->at] == '"')
            quoted_string(s, NULL);
        else if (!skip_cfws(s, NULL))
            s->at++;
    }
    scan_try(s, ';');
}

static struct segment *segment_find(struct param_parser *p, str name, int section)
{
    for (size_t i = 0; i < p->n; i++) {
        struct segment *g = &p->segments[i];
        if (!g->taken && g->section == section && str_eq(g->name, name)) return g;
    }
    return NULL;
}

/* A plain piece among extended ones: its percent signs are themselves. */
static void add_plain_piece(struct buf *out, str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '%')
            buf_add(out, S("%25"));
        else
            buf_addc(out, value.p[i]);
    }
}

/* RFC 2231 3: sections 0, 1, 2 … in whatever order they came; a gap ends the value. */
static struct header_param join(struct param_parser *p, str name)
{
    struct header_param out = { .name = name };
    for (size_t i = 0; i < p->n; i++)
        if (p->segments[i].section >= 0 && str_eq(p->segments[i].name, name))
            out.extended |= p->segments[i].extended;
    buf_reset(&p->scratch);
    struct segment *g;
    for (int section = 0; (g = segment_find(p, name, section)); section++) {
        g->taken = true;
        if (section == 0 && out.extended && !g->extended) buf_add(&p->scratch, S("''"));
        if (out.extended && !g->extended)
            add_plain_piece(&p->scratch, g->value);
        else
            buf_add(&p->scratch, g->value);
    }
    for (size_t i = 0; i < p->n; i++) /* those behind a gap */
        if (p->segments[i].section >= 0 && str_eq(p->segments[i].name, name))
            p->segments[i].taken = true;
    out.value = arena_copy(p->arena, buf_str(&p->scratch));
    return out;
}

static size_t assemble(struct param_parser *p, struct header_param *out)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct segment *g = &p->segments[i];
        if (g->taken) continue;
        if (g->section >= 0)
            out[n++] = join(p, g->name);
        else
            out[n++] = (struct header_param){ g->name, g->value, g->extended };
    }
    return n;
}

static str params_head(struct arena *a, struct scan *s)
{
    skip_cfws(s, NULL);
    size_t from = s->at;
    while (s->at < s->in.n && s->in.p[s->at] != ';' && s->in.p[s->at] != '(')
        s->at++;
    return header_unfold(a, str_sub(s->in, from, s->at - from));
}

size_t header_params(struct arena *a, str value, str *head, struct header_param **out)
{
    struct param_parser p = { .s = scan_make(value),
                              .arena = a,
                              .scratch = buf_make(HEADER_BYTES) };
    *head = params_head(a, &p.s);
    *out = NULL;
    size_t n = 0;
    struct segment *segments = NULL;
    segment_skip(&p);
    if (!scan_end(&p.s)) segments = p.segments = MEM_ARRAY(MIME_PARAMETERS, struct segment);
    while (segments && p.n < MIME_PARAMETERS && !scan_end(&p.s)) {
        segment_read(&p);
        segment_skip(&p);
    }
    if (p.n) *out = ARENA_ARRAY(a, p.n, struct header_param);
    if (*out) n = assemble(&p, *out);
    mem_free(segments);
    buf_free(&p.scratch);
    return n;
}

const struct header_param *header_param_find(const struct header_param *p, size_t n, str name)
{
    const struct header_param *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(p[i].name, name)) continue;
        if (p[i].extended) /* RFC 6266 4.3, by analogy: it says more than the plain one beside it */
            return &p[i];
        if (!found) found = &p[i];
    }
    return found;
}

static int hex_digit(char c)
{
    if (ascii_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void percent_decode(struct buf *out, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool hex = s.p[i] == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 &&
                   hex_digit(s.p[i + 2]) >= 0;
        char c = s.p[i];
        if (hex) c = (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
        buf_addc(out, c);
        i += hex ? 2 : 0;
    }
}

str header_param_text(struct arena *a, const struct header_param *p)
{
    if (!p->extended) return encoded_text(a, p->value);
    size_t first = str_chr(p->value, '\'');
    size_t second = first == STR_NPOS ? STR_NPOS : str_chr(str_from(p->value, first + 1), '\'');
    str charset = second == STR_NPOS ? (str){ 0 } : str_take(p->value, first);
    str encoded = second == STR_NPOS ? p->value : str_from(p->value, first + second + 2);
    struct buf bytes = buf_make(HEADER_BYTES), text = buf_make(4 * HEADER_BYTES);
    percent_decode(&bytes, encoded);
    charset_to_utf8(&text, charset, buf_str(&bytes));
    str out = arena_copy(a, buf_str(&text));
    buf_free(&bytes);
    buf_free(&text);
    return out;
}
