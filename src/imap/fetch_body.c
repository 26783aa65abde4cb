/* fetch_body.c - FETCH BODY[…]<…> and RFC822…: ranges of a message, streamed.
 *
 * RFC 9051 6.4.5.1, 7.5.2. The card says where a section lies, so only its bytes are
 * read, and of those only the part that was asked for.
 */
#include "imap/fetch_int.h"

#include "base/limits.h"
#include "base/mem.h"

/* --- names of sections ---------------------------------------------------------------------- */
static const str text_names[] = {
    [SECTION_ALL] = S_INIT(""),
    [SECTION_HEADER] = S_INIT("HEADER"),
    [SECTION_HEADER_FIELDS] = S_INIT("HEADER.FIELDS"),
    [SECTION_HEADER_FIELDS_NOT] = S_INIT("HEADER.FIELDS.NOT"),
    [SECTION_TEXT] = S_INIT("TEXT"),
    [SECTION_MIME] = S_INIT("MIME"),
};

static bool has_fields(const struct section *section)
{
    return section->text == SECTION_HEADER_FIELDS || section->text == SECTION_HEADER_FIELDS_NOT;
}

static void section_part(struct buf *out, const struct section *section, str text)
{
    for (size_t i = 0; i < section->parts; i++)
        buf_addf(out, "%s%u", i ? "." : "", section->part[i]);
    if (section->parts && text.n) buf_addc(out, '.');
    buf_add(out, text);
}

/* Echoed to the client: "1.2.HEADER.FIELDS (From To)". */
static void section_spec(struct reply *r, const struct section *section)
{
    section_part(&r->out, section, text_names[section->text]);
    if (!has_fields(section)) return;
    reply_words(r, S(" ("));
    for (size_t i = 0; i < section->fields.n; i++) {
        if (i) reply_words(r, S(" "));
        reply_astring(r, section->fields.items[i]);
    }
    reply_words(r, S(")"));
}

static void item_name(struct reply *r, const struct fetch_item *item)
{
    static const str names[] = {
        [FETCH_RFC822] = S_INIT("RFC822"),
        [FETCH_RFC822_HEADER] = S_INIT("RFC822.HEADER"),
        [FETCH_RFC822_TEXT] = S_INIT("RFC822.TEXT"),
        [FETCH_SECTION] = S_INIT("BODY["),
        [FETCH_BINARY] = S_INIT("BINARY["),
        [FETCH_BINARY_SIZE] = S_INIT("BINARY.SIZE["),
    };
    reply_words(r, names[item->kind]);
    if (item->kind < FETCH_SECTION) {
        reply_words(r, S(" "));
        return;
    }
    section_spec(r, &item->section);
    reply_words(r, S("]"));
    if (item->partial) {
        reply_words(r, S("<"));
        reply_number(r, item->offset);
        reply_words(r, S(">"));
    }
    reply_words(r, S(" "));
}

/* --- bytes ---------------------------------------------------------------------------------- */
enum err imap_read_range(struct body_reader *reader, struct arena *a, struct card_range range,
                         size_t max, str *out)
{
    size_t size = range.bytes < max ? (size_t)range.bytes : max, n = 0;
    char *place = arena_alloc(a, size + 1);
    if (!place) return ERR_LIMIT;
    while (n < size) {
        str piece;
        enum err e = body_read(reader, range.at + n, size - n, &piece);
        if (e) return e;
        if (piece.n == 0) return ERR_CORRUPT; /* the card promised more */
        bytes_copy(place + n, size - n, piece.p, piece.n);
        n += piece.n;
    }
    *out = (str){ place, n };
    return OK;
}

struct card_range imap_fetch_cut(const struct fetch_item *item, uint64_t size)
{
    struct card_range all = { .at = 0, .bytes = size };
    if (!item->partial) return all;
    if (item->offset >= size) return (struct card_range){ .at = size, .bytes = 0 };
    uint64_t left = size - item->offset;
    return (struct card_range){ item->offset, item->count < left ? item->count : left };
}

/* A range of the message as a literal. Once its size is said there is no way back. */
static enum err stream(struct fetched *f, const struct fetch_item *item, struct card_range range)
{
    struct imap *s = f->s;
    struct card_range part = imap_fetch_cut(item, range.bytes);
    uint64_t at = range.at + part.at, left = part.bytes;
    reply_literal_head(&s->reply, left, false);
    imap_send(s);
    while (left > 0) {
        str piece;
        size_t most = left < IMAP_READ_BYTES ? (size_t)left : IMAP_READ_BYTES;
        if (body_read(f->reader, at, most, &piece) || piece.n == 0) return ERR_GONE;
        conn_write(s->conn, piece);
        if (conn_gone(s->conn)) return ERR_GONE;
        imap_went_on(s);
        at += piece.n;
        left -= piece.n;
    }
    return OK;
}

/* Bytes that are in memory, cut as asked, as a literal. */
static void whole(struct fetched *f, const struct fetch_item *item, str bytes, bool binary)
{
    struct card_range part = imap_fetch_cut(item, bytes.n);
    reply_literal_head(&f->s->reply, part.bytes, binary);
    reply_bytes(&f->s->reply, str_sub(bytes, (size_t)part.at, (size_t)part.bytes));
}

static enum err header_fields(struct fetched *f, const struct fetch_item *item,
                              struct card_range range)
{
    str block;
    struct arena_mark mark = arena_mark(&f->s->arena);
    struct buf chosen = buf_make(HEADER_BYTES + 2);
    enum err e = imap_read_range(f->reader, &f->s->arena, range, HEADER_BYTES, &block);
    if (!e) {
        header_select(&chosen, block, item->section.fields.items, item->section.fields.n,
                      item->section.text == SECTION_HEADER_FIELDS_NOT);
        whole(f, item, buf_str(&chosen), false);
    }
    buf_free(&chosen);
    arena_rewind(&f->s->arena, mark);
    return e ? ERR_GONE : OK;
}

/* --- an item -------------------------------------------------------------------------------- */

/* The section as the card names it; HEADER.FIELDS are cut from HEADER. */
bool imap_fetch_find(struct fetched *f, const struct fetch_item *item, struct card_range *range,
                     struct card_part *part)
{
    struct buf name = buf_make(IMAP_SECTION_PARTS * 11 + 16);
    str text = has_fields(&item->section) ? S("HEADER") : text_names[item->section.text];
    if (item->kind == FETCH_RFC822_HEADER) text = S("HEADER");
    if (item->kind == FETCH_RFC822_TEXT) text = S("TEXT");
    section_part(&name, &item->section, text);
    bool found = card_section(&f->card, buf_str(&name), range, part);
    buf_free(&name);
    return found;
}

/* The journey hears who took the whole message; parts and previews would only be noise. */
static void note_fetched(struct fetched *f, const struct fetch_item *item)
{
    bool all = item->section.text == SECTION_ALL && !item->section.parts && !item->partial &&
               (item->kind == FETCH_SECTION || item->kind == FETCH_RFC822);
    if (!all || !f->m.journey.n) return;
    struct buf who = buf_make(160);
    buf_add(&who, S("whole, over imap, to "));
    netaddr_text(conn_peer(f->s->conn), &who);
    store_journey_note(f->s->server->store, f->m.journey, "fetched", buf_str(&who));
    buf_free(&who);
}

enum err imap_fetch_bytes(struct fetched *f, const struct fetch_item *item)
{
    struct card_range range;
    struct card_part part;
    item_name(&f->s->reply, item);
    if (!imap_fetch_find(f, item, &range, &part)) {
        /* RFC 9051 6.4.5: a section that is not there is NIL; a size is 0. */
        reply_words(&f->s->reply, item->kind == FETCH_BINARY_SIZE ? S("0") : S("NIL"));
        return OK;
    }
    if (item->kind == FETCH_BINARY || item->kind == FETCH_BINARY_SIZE)
        return imap_fetch_binary(f, item, range, item->section.parts ? &part : NULL);
    if (has_fields(&item->section)) return header_fields(f, item, range);
    enum err e = stream(f, item, range);
    if (!e) note_fetched(f, item);
    return e;
}
