/* card_read.c - reading a card without copying and without trust: see card.c for the format. */
#include "mail/card.h"

#include "base/codec.h"
#include "base/scan.h"
#include "mail/bodystructure.h"
#include "mail/card_int.h"

/* --- taking things off the front; the first error is sticky ----------------------------------- */

struct reader {
    str in;
    bool bad;
};

static uint64_t take_number(struct reader *r, uint64_t max)
{
    uint64_t value = 0;
    if (r->bad || !get_varint(&r->in, &value) || value > max) {
        r->bad = true;
        return 0;
    }
    return value;
}

static int64_t take_signed(struct reader *r)
{
    uint64_t value = take_number(r, UINT64_MAX);
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

static str take_bytes(struct reader *r, size_t n)
{
    if (r->bad || n > r->in.n) {
        r->bad = true;
        return (str){ 0 };
    }
    str bytes = str_take(r->in, n);
    r->in = str_from(r->in, n);
    return bytes;
}

static str take_string(struct reader *r)
{
    return take_bytes(r, take_number(r, CARD_BYTES));
}

static uint64_t take_hash(struct reader *r)
{
    str bytes = take_bytes(r, 8);
    return r->bad ? 0 : get_le64(bytes.p);
}

/* --- parts ------------------------------------------------------------------------------------ */

/* RFC 2046 structure: a parent comes first and can have children, offsets never go back. */
static bool part_ok(const struct card *c, const struct card_part *p)
{
    if (p->kind > MIME_MESSAGE || p->encoding > MIME_UNKNOWN) return false;
    if (p->header_at > c->size || p->header_bytes > c->size - p->header_at) return false;
    if (p->body_bytes > c->size - p->body_at) return false;
    if (p->index == 0) return p->depth == 0 && p->header_at == 0 && p->number == 1;
    return p->parent >= 0 && p->depth > 0 && p->number >= 1;
}

bool card_part_next(const struct card *c, struct card_walk *w, struct card_part *out)
{
    if ((size_t)w->index >= c->nparts) return false;
    struct reader r = { .in = str_from(c->parts, w->at) };
    str byte = take_bytes(&r, 1);
    if (r.bad) return false;
    unsigned bits = (unsigned char)byte.p[0];
    struct card_part p = { .index = w->index,
                           .kind = bits & 3,
                           .encoding = bits >> 2 & 7,
                           .text = bits >> 5 & 3,
                           .attachment = bits >> 7 };
    p.parent = p.index - (int)take_number(&r, (uint64_t)p.index);
    if (p.index == 0)
        p.parent = -1;
    else if (p.parent == p.index)
        r.bad = true;
    p.depth = (int)take_number(&r, MIME_DEPTH + 1);
    p.number = (int)take_number(&r, MIME_PARTS);
    p.header_at = w->header_at + take_number(&r, c->size);
    p.header_bytes = take_number(&r, c->size);
    p.body_at = p.header_at + p.header_bytes;
    p.body_bytes = take_number(&r, c->size);
    p.lines = take_number(&r, c->size);
    p.charset = take_string(&r);
    if (r.bad || !part_ok(c, &p)) return false;
    w->at = c->parts.n - r.in.n;
    w->index++;
    w->header_at = p.header_at;
    *out = p;
    return true;
}

static bool parts_ok(const struct card *c)
{
    struct card_walk w = { 0 };
    struct card_part p;
    for (size_t i = 0; i < c->nparts; i++)
        if (!card_part_next(c, &w, &p)) return false;
    return c->nparts > 0 && w.at == c->parts.n;
}

/* --- the card --------------------------------------------------------------------------------- */

bool card_is_ours(str bytes)
{
    return bytes.n && bytes.p[0] == CARD_FIRST_BYTE;
}

bool card_open(str bytes, struct card *out)
{
    if (!bytes.n || (bytes.p[0] & 0xf) != CARD_FORMAT) return false;
    struct reader r = { .in = str_from(bytes, 1) };
    struct card c = { .flags = (unsigned)take_number(&r, UINT32_MAX) };
    c.size = take_number(&r, INT64_MAX);
    c.header_bytes = take_number(&r, c.size);
    c.date.seconds = take_signed(&r);
    int64_t zone = take_signed(&r);
    if (zone < -1439 || zone > 1439) return false;
    c.date.zone_minutes = (int)zone;
    c.message_id = take_hash(&r);
    c.in_reply_to = take_hash(&r);
    c.nreferences = take_number(&r, MESSAGE_REFERENCES);
    c.references = take_bytes(&r, 8 * c.nreferences);
    c.base_subject = take_string(&r);
    c.preview = take_string(&r);
    c.envelope = take_string(&r);
    c.bodystructure = take_string(&r);
    c.nparts = take_number(&r, MIME_PARTS);
    c.parts = r.in;
    if (r.bad || !parts_ok(&c)) return false;
    *out = c;
    return true;
}

uint64_t card_reference(const struct card *c, size_t i)
{
    return get_le64(c->references.p + 8 * i);
}

void card_body(const struct card *c, struct buf *out)
{
    if (!bodystructure_plain(out, c->bodystructure)) out->full = true;
}

/* --- sections, RFC 9051 6.4.5.1 --------------------------------------------------------------- */

struct finder {
    const struct card *card;
    struct card_walk walk;
    struct card_part at;
    bool message; /* at is a message as such: its number has yet to come */
};

static bool go_to_child(struct finder *f, uint64_t number)
{
    int parent = f->at.index;
    while (card_part_next(f->card, &f->walk, &f->at))
        if (f->at.parent == parent && (uint64_t)f->at.number == number) return true;
    return false;
}

/* From an attached message to the message inside. */
static bool enter_message(struct finder *f)
{
    if (f->message) return true;
    if (f->at.kind != MIME_MESSAGE || !go_to_child(f, 1)) return false;
    f->message = true;
    return true;
}

/* One number of the path. The only part of a message that is no multipart is part 1. */
static bool step(struct finder *f, uint64_t number)
{
    if (f->at.kind == MIME_MESSAGE && !enter_message(f)) return false;
    bool message = f->message;
    f->message = false;
    if (f->at.kind == MIME_MULTIPART) return go_to_child(f, number);
    return message && number == 1;
}

static struct card_range header_of(const struct card_part *p)
{
    return (struct card_range){ p->header_at, p->header_bytes };
}

static struct card_range body_of(const struct card_part *p)
{
    return (struct card_range){ p->body_at, p->body_bytes };
}

/* What stands after the numbers; empty is the part itself. */
static bool keyword(struct finder *f, str word, bool numbered, struct card_range *out)
{
    if (!word.n || str_ieq(word, S("MIME"))) {
        if (!numbered && word.n) return false;
        *out = word.n ? header_of(&f->at) : body_of(&f->at);
        if (!numbered) *out = (struct card_range){ 0, f->card->size };
        return true;
    }
    bool header = str_ieq(word, S("HEADER"));
    if (!header && !str_ieq(word, S("TEXT"))) return false;
    if (!enter_message(f)) return false;
    *out = header ? header_of(&f->at) : body_of(&f->at);
    return true;
}

bool card_section(const struct card *c, str section, struct card_range *out, struct card_part *part)
{
    struct finder f = { .card = c, .message = true };
    struct scan s = scan_make(section);
    bool numbered = false;
    if (!card_part_next(c, &f.walk, &f.at)) return false;
    while (ascii_digit(scan_peek(&s))) {
        uint64_t number = scan_u64(&s, UINT32_MAX);
        if (s.bad || !number || !step(&f, number)) return false;
        numbered = true;
        if (!scan_end(&s)) scan_want(&s, '.');
        if (s.bad || (scan_end(&s) && str_ends(section, S(".")))) return false;
    }
    struct card_range range;
    if (!keyword(&f, scan_rest(&s), numbered, &range)) return false;
    *out = range;
    if (part) *part = f.at;
    return true;
}
