/* bodystructure.c - the part table as IMAP's BODYSTRUCTURE and BODY. RFC 9051 7.5.2, 9. */
#include "mail/bodystructure.h"

#include "base/scan.h"
#include "mail/envelope.h"

/* --- from the table --------------------------------------------------------------------------- */

struct writer {
    struct buf *out;
    const struct mime *m;
    bool extended;
    int at; /* the next part to write: the table is in the order of the text */
};

/* RFC 2231: continuations are joined, but a value stays in the charset and percent-encoding that it
 * came in, under the name that says so. */
static void param_name(struct buf *out, const struct header_param *p)
{
    struct buf name = buf_make(p->name.n + 1);
    buf_add(&name, p->name);
    if (p->extended) buf_addc(&name, '*');
    imap_string(out, buf_str(&name));
    buf_free(&name);
}

static void params(struct buf *out, const struct header_param *p, size_t n)
{
    if (!n) {
        buf_add(out, S("NIL"));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        buf_addc(out, i ? ' ' : '(');
        param_name(out, &p[i]);
        buf_addc(out, ' ');
        imap_string(out, p[i].value);
    }
    buf_addc(out, ')');
}

static void disposition(struct buf *out, const struct mime_part *part)
{
    if (!part->disposition.n) {
        buf_add(out, S("NIL"));
        return;
    }
    buf_addc(out, '(');
    imap_string(out, part->disposition);
    buf_addc(out, ' ');
    params(out, part->disposition_params, part->ndisposition_params);
    buf_addc(out, ')');
}

static void languages(struct buf *out, const struct mime_part *part)
{
    if (part->nlanguages < 2) {
        imap_nstring(out, part->nlanguages ? part->languages[0] : (str){ 0 });
        return;
    }
    for (size_t i = 0; i < part->nlanguages; i++) {
        buf_addc(out, i ? ' ' : '(');
        imap_string(out, part->languages[i]);
    }
    buf_addc(out, ')');
}

/* body-fld-dsp, -lang, -loc: the end of both body-ext-mpart and body-ext-1part. */
static void extension(struct buf *out, const struct mime_part *part)
{
    buf_addc(out, ' ');
    disposition(out, part);
    buf_addc(out, ' ');
    languages(out, part);
    buf_addc(out, ' ');
    imap_nstring(out, part->location);
}

static void body(struct writer *w);

/* body-type-mpart wants at least one body; where there is none we say an empty text. */
static void multipart(struct writer *w, const struct mime_part *part)
{
    for (int i = 0; i < part->children; i++)
        body(w);
    if (!part->children) buf_add(w->out, S("(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)"));
    buf_addc(w->out, ' ');
    imap_string(w->out, part->subtype);
    if (!w->extended) return;
    buf_addc(w->out, ' ');
    params(w->out, part->params, part->nparams);
    extension(w->out, part);
}

static void inner_message(struct writer *w, const struct mime_part *part)
{
    buf_addc(w->out, ' ');
    buf_add(w->out,
            part->envelope.n ? part->envelope : S("(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"));
    buf_addc(w->out, ' ');
    body(w);
}

static void single_part(struct writer *w, const struct mime_part *part)
{
    struct buf *out = w->out;
    imap_string(out, part->type);
    buf_addc(out, ' ');
    imap_string(out, part->subtype);
    buf_addc(out, ' ');
    params(out, part->params, part->nparams);
    buf_addc(out, ' ');
    imap_nstring(out, part->id);
    buf_addc(out, ' ');
    imap_nstring(out, part->description);
    buf_addc(out, ' ');
    imap_string(out, part->encoding_name.n ? part->encoding_name : S("7bit"));
    buf_addc(out, ' ');
    buf_u64(out, part->body_bytes);
    if (part->kind == MIME_MESSAGE) inner_message(w, part);
    if (part->kind == MIME_MESSAGE || str_eq(part->type, S("text"))) {
        buf_addc(out, ' ');
        buf_u64(out, part->lines);
    }
    if (!w->extended) return;
    buf_addc(out, ' ');
    imap_nstring(out, part->md5);
    extension(out, part);
}

/* Recursion is bounded by MIME_DEPTH: the table is no deeper. */
static void body(struct writer *w)
{
    const struct mime_part *part = &w->m->parts[w->at++];
    buf_addc(w->out, '(');
    if (part->kind == MIME_MULTIPART)
        multipart(w, part);
    else
        single_part(w, part);
    buf_addc(w->out, ')');
}

void bodystructure_write(struct buf *out, const struct mime *m, bool extended)
{
    struct writer w = { .out = out, .m = m, .extended = extended };
    body(&w);
}

/* --- from the text ---------------------------------------------------------------------------- */

static void skip_quoted(struct scan *s)
{
    scan_want(s, '"');
    while (!s->bad && scan_peek(s) != '"') {
        if (scan_peek(s) == '\\') s->at++;
        scan_n(s, 1);
    }
    scan_want(s, '"');
}

static void skip_literal(struct scan *s)
{
    scan_want(s, '{');
    uint64_t n = scan_u64(s, CARD_BYTES);
    scan_want(s, '}');
    scan_want(s, '\r');
    scan_want(s, '\n');
    scan_n(s, n);
}

static void skip_atom(struct scan *s)
{
    size_t from = s->at;
    while (s->at < s->in.n && ascii_alnum(s->in.p[s->at]))
        s->at++;
    if (s->at == from) scan_fail(s);
}

/* One item: an atom, a string, or a whole list. */
static void skip_item(struct scan *s)
{
    size_t depth = 0;
    do {
        char c = scan_peek(s);
        if (c == '(')
            depth++, s->at++;
        else if (c == ')' && depth)
            depth--, s->at++;
        else if (c == ' ' && depth)
            s->at++;
        else if (c == '"')
            skip_quoted(s);
        else if (c == '{')
            skip_literal(s);
        else
            skip_atom(s);
    } while (depth && !s->bad);
}

static str copy_items(struct scan *s, struct buf *out, int n)
{
    str last = { 0 };
    for (int i = 0; i < n; i++) {
        scan_want(s, ' ');
        size_t from = s->at;
        skip_item(s);
        if (s->bad) return last;
        last = str_sub(s->in, from, s->at - from);
        buf_addc(out, ' ');
        buf_add(out, last);
    }
    return last;
}

static void plain_body(struct scan *s, struct buf *out, int depth);

static void plain_single(struct scan *s, struct buf *out, int depth)
{
    size_t from = s->at;
    skip_item(s);
    if (s->bad) return;
    str type = str_sub(s->in, from, s->at - from);
    buf_add(out, type);
    str subtype = copy_items(s, out, 1);
    copy_items(s, out, 5);
    if (str_eq(type, S("\"text\""))) copy_items(s, out, 1);
    if (!str_eq(type, S("\"message\""))) return;
    if (!str_eq(subtype, S("\"rfc822\"")) && !str_eq(subtype, S("\"global\""))) return;
    copy_items(s, out, 1);
    scan_want(s, ' ');
    buf_addc(out, ' ');
    plain_body(s, out, depth);
    copy_items(s, out, 1);
}

/* Recursion is bounded by depth: the text was written from a table no deeper than MIME_DEPTH. */
static void plain_body(struct scan *s, struct buf *out, int depth)
{
    if (depth > MIME_DEPTH + 1) scan_fail(s);
    scan_want(s, '(');
    if (s->bad) return;
    buf_addc(out, '(');
    if (scan_peek(s) == '(') {
        while (scan_peek(s) == '(')
            plain_body(s, out, depth + 1);
        copy_items(s, out, 1);
    } else {
        plain_single(s, out, depth + 1);
    }
    while (scan_try(s, ' '))
        skip_item(s);
    scan_want(s, ')');
    buf_addc(out, ')');
}

bool bodystructure_plain(struct buf *out, str text)
{
    struct scan s = scan_make(text);
    plain_body(&s, out, 0);
    scan_want_end(&s);
    return !s.bad;
}
