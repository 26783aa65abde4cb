/* text.c - from a message's bytes to the words that are looked for.
 *
 * A part goes through a chain, a window at a time: transfer encoding, charset, HTML, white space,
 * fold. Each link keeps what a cut left undone for the next window.
 */
#include "mail/text.h"

#include <unistr.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/encoded.h"
#include "mail/fold.h"
#include "mail/html.h"

/* --- white space ---------------------------------------------------------------------------- */

enum kind { SOLID, SPACE, NOTHING };

static enum kind kind_of(ucs4_t c)
{
    if (c <= ' ' || c == 0x7f || (c >= 0x80 && c <= 0xa0)) return SPACE;
    if (c < 0xad) return SOLID;
    bool wide = (c >= 0x2000 && c <= 0x200a) || c == 0x1680 || c == 0x2028 || c == 0x2029 ||
                c == 0x202f || c == 0x205f || c == 0x3000;
    if (wide) return SPACE;
    bool none = c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
                (c >= 0x2060 && c <= 0x2064) || c == 0xfeff;
    return none ? NOTHING : SOLID;
}

static bool is_solid_ascii(str s, size_t at)
{
    return at < s.n && s.p[at] > ' ' && s.p[at] < 0x7f;
}

/* Bytes at the front that are printable ASCII, words with one space between them. */
static size_t solid_ascii(str s)
{
    size_t n = 0;
    while (is_solid_ascii(s, n)) {
        while (is_solid_ascii(s, n))
            n++;
        if (n < s.n && s.p[n] == ' ' && is_solid_ascii(s, n + 1)) n++;
    }
    return n;
}

/* Takes a run of words or one character; returns its bytes. */
static size_t squeeze_some(struct buf *out, str s, bool *space)
{
    size_t n = solid_ascii(s);
    enum kind kind = SOLID;
    if (!n && (unsigned char)s.p[0] <= ' ') {
        n = 1;
        kind = SPACE;
    } else if (!n) {
        ucs4_t c;
        int bytes = u8_mbtouc(&c, (const uint8_t *)s.p, s.n);
        n = bytes > 0 ? (size_t)bytes : 1;
        kind = kind_of(c);
    }
    if (kind == SPACE) *space = true;
    if (kind != SOLID) return n;
    if (*space) buf_addc(out, ' ');
    *space = false;
    buf_add(out, str_take(s, n));
    return n;
}

/* ASCII in which nothing is to be squeezed. */
static bool is_squeezed(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] == 0x7f) return false;
        if (s.p[i] == ' ' && i && s.p[i - 1] == ' ') return false;
    }
    return true;
}

str text_form(struct arena *a, str utf8)
{
    bool space = false;
    if (is_squeezed(utf8)) return text_fold(a, utf8);
    struct buf squeezed = buf_make(utf8.n + 1);
    while (utf8.n)
        utf8 = str_from(utf8, squeeze_some(&squeezed, utf8, &space));
    if (space) buf_addc(&squeezed, ' ');
    str form = text_fold(a, buf_str(&squeezed));
    buf_free(&squeezed);
    return form;
}

/* --- handing out ---------------------------------------------------------------------------- */
struct walker {
    const struct text_source *source;
    text_fn *each;
    void *arg;
    unsigned wants;
    bool stopped;           /* each has had enough */
    struct text_piece next; /* all but its text */
    struct buf header;      /* a header block; of a body its bytes, still encoded */
    struct buf bytes;       /* decoded, in their charset */
    struct buf utf8;
    struct buf visible; /* of HTML */
    struct buf line;    /* squeezed, not yet handed out */
    bool space;         /* white space came, and is not in line yet */
    struct arena folded;
};

static void hand_out(struct walker *w, size_t n)
{
    if (w->stopped) return;
    arena_reset(&w->folded);
    w->next.text = text_fold(&w->folded, str_take(buf_str(&w->line), n));
    w->stopped = !w->each(w->arg, &w->next);
    w->next.first = false;
    buf_consume(&w->line, n);
}

/* The line is as long as a piece may be: up to its last space, or all but the last character. */
static void hand_out_some(struct walker *w)
{
    size_t space = str_rchr(buf_str(&w->line), ' ');
    size_t n = space == STR_NPOS ? w->line.n : space + 1;
    hand_out(w, n);
}

static void run_begin(struct walker *w, enum text_where where, int part, str field)
{
    w->next = (struct text_piece){ .where = where, .first = true, .part = part, .field = field };
    w->space = false;
    buf_reset(&w->line);
}

static void add_text(struct walker *w, str utf8)
{
    while (utf8.n && !w->stopped) {
        bool space = w->space && (w->line.n || !w->next.first);
        w->space = space; /* none at the very beginning */
        size_t room = TEXT_PIECE_BYTES - w->line.n, n = utf8.n < room ? utf8.n : room;
        while (n < utf8.n && n > 0 && ((unsigned char)utf8.p[n] & 0xc0) == 0x80)
            n--;
        n = squeeze_some(&w->line, str_take(utf8, n ? n : utf8.n), &w->space);
        utf8 = str_from(utf8, n);
        if (w->line.n + 8 >= TEXT_PIECE_BYTES) hand_out_some(w);
    }
}

/* An empty run is handed out too: the field is there, and has no text. */
static void run_end(struct walker *w)
{
    if (w->line.n || w->next.first) hand_out(w, w->line.n);
}

/* --- header fields -------------------------------------------------------------------------- */
/* Bytes of the message, behind those that w->header holds. */
static enum err read_more(struct walker *w, uint64_t at, uint64_t left)
{
    while (left) {
        str piece;
        size_t want = left < TEXT_READ_BYTES ? (size_t)left : TEXT_READ_BYTES;
        enum err e = w->source->read(w->source->arg, at, want, &piece);
        if (e) return e;
        if (!piece.n) return ERR_CORRUPT;
        buf_add(&w->header, piece);
        at += piece.n;
        left -= piece.n;
    }
    return OK;
}

/* Names of files in the forms of RFC 2231, which are no encoded words. */
static void parameters(struct walker *w, const struct header_field *field)
{
    if (!str_istarts(field->name, S("Content-")) || !str_has(field->value, '*')) return;
    struct arena a = arena_make(CARD_STRINGS_BYTES);
    struct header_param *params;
    str head;
    size_t n = header_params(&a, field->value, &head, &params);
    for (size_t i = 0; i < n && !w->stopped; i++) {
        if (!params[i].extended) continue;
        run_begin(w, w->next.where, w->next.part, field->name);
        add_text(w, header_param_text(&a, &params[i]));
        run_end(w);
    }
    arena_free(&a);
}

static enum err fields(struct walker *w, enum text_where where, const struct card_part *part)
{
    uint64_t n = part->header_bytes < HEADER_BYTES ? part->header_bytes : HEADER_BYTES;
    buf_reset(&w->header);
    enum err e = read_more(w, part->header_at, n);
    struct header_field field;
    struct header_iter it = header_iter(buf_str(&w->header));
    while (!e && !w->stopped && header_next(&it, &field)) {
        buf_reset(&w->utf8);
        encoded_decode(&w->utf8, field.value);
        run_begin(w, where, part->index, field.name);
        add_text(w, buf_str(&w->utf8));
        run_end(w);
        parameters(w, &field);
    }
    return e;
}

/* --- a part's body -------------------------------------------------------------------------- */
struct chain {
    const struct card_part *part;
    struct base64_run base64;
    struct charset charset;
    struct html html;
};

/* Where quoted-printable may be cut: behind a line, or else before what may belong to the next. */
static size_t qp_cut(str s)
{
    size_t lf = str_rchr(s, '\n');
    if (lf != STR_NPOS) return lf + 1;
    size_t n = s.n;
    while (n && ascii_wsp(s.p[n - 1]))
        n--;
    size_t mark = str_rchr(str_take(s, n), '=');
    if (mark != STR_NPOS && mark + 3 > n) n = mark;
    return n || s.n < HEADER_LINE_BYTES ? n : s.n;
}

/* w->header holds encoded bytes; what is left there comes again with the next. */
static void decode(struct walker *w, struct chain *c, bool last)
{
    str all = buf_str(&w->header);
    size_t n = all.n;
    if (c->part->encoding == MIME_BASE64) {
        (void)base64_feed(&c->base64, &w->bytes, all);
    } else {
        if (c->part->encoding == MIME_QP && !last) n = qp_cut(all);
        mime_decode(&w->bytes, c->part->encoding, str_take(all, n));
    }
    buf_consume(&w->header, n);
}

static void see(struct walker *w, struct chain *c, bool last)
{
    if (c->part->text != CARD_TEXT_HTML) {
        add_text(w, buf_str(&w->utf8));
        return;
    }
    buf_reset(&w->visible);
    html_feed(&c->html, buf_str(&w->utf8), &w->visible);
    if (last) html_end(&c->html, &w->visible);
    add_text(w, buf_str(&w->visible));
}

static void window(struct walker *w, struct chain *c, bool last)
{
    decode(w, c, last);
    buf_reset(&w->utf8);
    buf_consume(&w->bytes, charset_feed(&c->charset, &w->utf8, buf_str(&w->bytes), last));
    see(w, c, last);
}

static enum err leaf(struct walker *w, const struct card_part *part)
{
    struct chain c = { .part = part };
    uint64_t at = part->body_at, left = part->body_bytes;
    enum err e = OK;
    (void)charset_begin(&c.charset, part->charset);
    run_begin(w, TEXT_BODY, part->index, (str){ 0 });
    buf_reset(&w->header);
    buf_reset(&w->bytes);
    while (!e && left && !w->stopped) {
        /* However much a read gives: which charset it is may depend on where the text is cut. */
        uint64_t n = left < TEXT_READ_BYTES ? left : TEXT_READ_BYTES;
        e = read_more(w, at, n);
        at += n;
        left -= n;
        if (!e) window(w, &c, left == 0);
    }
    charset_end(&c.charset);
    if (!e) run_end(w);
    return e;
}

/* --- all parts ------------------------------------------------------------------------------ */
static enum err one_part(struct walker *w, const struct card_part *part, bool of_message)
{
    enum text_where where = part->index == 0 ? TEXT_HEADER : of_message ? TEXT_BODY : TEXT_MIME;
    enum err e = w->wants & where ? fields(w, where, part) : OK;
    bool text = part->kind == MIME_LEAF && part->text != CARD_NOT_TEXT && w->wants & TEXT_BODY;
    return e || !text || w->stopped ? e : leaf(w, part);
}

enum err text_walk(const struct text_source *source, unsigned wants, text_fn *each, void *arg)
{
    struct walker w = {
        .source = source,
        .each = each,
        .arg = arg,
        .wants = wants,
        .header = buf_make(HEADER_BYTES),
        .bytes = buf_make(2 * HEADER_BYTES),
        .utf8 = buf_make(TEXT_UTF8_BYTES),
        .visible = buf_make(TEXT_UTF8_BYTES),
        .line = buf_make(2 * TEXT_PIECE_BYTES),
        .folded = arena_make(TEXT_FOLDED_BYTES),
    };
    struct card_walk walk = { 0 };
    struct card_part part;
    int message = -1; /* the last part that is a message: its child follows it */
    enum err e = OK;
    while (!e && !w.stopped && card_part_next(source->card, &walk, &part)) {
        e = one_part(&w, &part, part.parent == message);
        if (part.kind == MIME_MESSAGE) message = part.index;
    }
    buf_free(&w.header);
    buf_free(&w.bytes);
    buf_free(&w.utf8);
    buf_free(&w.visible);
    buf_free(&w.line);
    arena_free(&w.folded);
    return e;
}
