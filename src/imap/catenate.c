/* catenate.c - APPEND … CATENATE: a message made of pieces of others and of text that comes.
 *
 * RFC 4469; the URLs are those of RFC 5092 7 that name a message of this account, or a part of one
 * (RFC 5550's URL-PARTIAL too). Pieces go from the store to the store a frame at a time.
 */
#include "imap/append_int.h"

#include "base/limits.h"
#include "imap/fetch_int.h"
#include "imap/parse_int.h"
#include "imap/url.h"
#include "run/fiber.h"

/* RFC 4469 4.1: the code names the URL. What a response code cannot hold is shown as "?". */
static enum err bad_url(struct appending *a, str url)
{
    struct imap *s = a->s;
    struct buf code = buf_make(IMAP_URL_BYTES + 16);
    buf_add(&code, S("BADURL \""));
    for (size_t i = 0; i < url.n && i < IMAP_URL_BYTES; i++) {
        bool good = url.p[i] > ' ' && url.p[i] < 0x7f && !str_has(S("\"\\]"), url.p[i]);
        buf_addc(&code, good ? url.p[i] : '?');
    }
    buf_addc(&code, '"');
    str text = arena_copy(&s->arena, buf_str(&code));
    buf_free(&code);
    return imap_no(s, ERR_NOTFOUND, text, S("no such message or part"));
}

/* --- the message ---------------------------------------------------------------------------- */
static bool take(void *arg, const struct message *m)
{
    *(struct message *)arg = *m;
    return false;
}

/* ERR_NOTFOUND: not there, or not to be read. Its card is copied out of the view. */
static enum err find_message(struct imap *s, const struct imap_url *url, struct message *out)
{
    struct mailbox m;
    struct view *view;
    struct uid_range one = { url->uid, url->uid };
    *out = (struct message){ 0 };
    if (!url->mailbox.n && s->state != SELECTED) return ERR_NOTFOUND;
    if (!url->mailbox.n && !(imap_rights(s) & RIGHT_READ)) return ERR_NOTFOUND; /* no longer */
    enum err e = OK;
    if (url->mailbox.n) e = imap_find_mailbox(s, url->mailbox, RIGHT_READ, &m);
    if (e) return e == ERR_LATER ? e : ERR_NOTFOUND;
    view = store_view(s->server->store);
    if (!view) return ERR_LATER;
    if (!url->mailbox.n) e = store_mailbox_by_id(view, s->selected, s->told.mailbox, &m);
    if (!e && url->uidvalidity && url->uidvalidity != m.uidvalidity) e = ERR_NOTFOUND;
    if (!e) e = store_messages(view, &m, one, WANT_CARD, take, out);
    if (!e && out->uid.n == 0) e = ERR_NOTFOUND;
    if (!e) out->card = arena_copy(&s->arena, out->card);
    view_end(view);
    return e;
}

/* --- its bytes ------------------------------------------------------------------------------ */
static enum err copy_range(struct appending *a, struct body_reader *reader, struct card_range range)
{
    struct incoming *in = &a->items[a->n].in;
    while (range.bytes > 0) {
        str piece;
        size_t most = range.bytes < IMAP_READ_BYTES ? (size_t)range.bytes : IMAP_READ_BYTES;
        enum err e = body_read(reader, range.at, most, &piece);
        if (!e && piece.n == 0) e = ERR_CORRUPT;
        if (!e) e = incoming_take(in, piece);
        if (e) return e;
        range.at += piece.n;
        range.bytes -= piece.n;
        fiber_yield(); /* others have their turn */
    }
    return OK;
}

/* Fields are chosen in memory; the header they come from is bounded. */
static enum err copy_fields(struct appending *a, const struct fetch_item *item, struct fetched *f,
                            struct card_range range)
{
    str block;
    struct buf chosen = buf_make(HEADER_BYTES + 2);
    const struct section *section = &item->section;
    enum err e = imap_read_range(f->reader, &a->s->arena, range, HEADER_BYTES, &block);
    if (!e) {
        header_select(&chosen, block, section->fields.items, section->fields.n,
                      section->text == SECTION_HEADER_FIELDS_NOT);
        struct card_range part = imap_fetch_cut(item, chosen.n);
        e = incoming_take(&a->items[a->n].in,
                          str_sub(buf_str(&chosen), (size_t)part.at, (size_t)part.bytes));
    }
    buf_free(&chosen);
    return e;
}

static enum err copy_section(struct appending *a, str url, const struct fetch_item *item,
                             struct fetched *f)
{
    struct card_range range, part;
    if (!imap_fetch_find(f, item, &range, NULL)) return bad_url(a, url);
    if (item->section.fields.n) return copy_fields(a, item, f, range);
    part = imap_fetch_cut(item, range.bytes);
    enum err e = appending_room(a, a->items[a->n].in.bytes + part.bytes);
    if (e) return e;
    return copy_range(a, f->reader, (struct card_range){ range.at + part.at, part.bytes });
}

/* What a URL asks for, as FETCH BODY[…]<…> would. */
static bool item_of(struct imap *s, const struct imap_url *url, struct fetch_item *item)
{
    str spec = arena_concat(&s->arena, (str[]){ S("["), url->section, S("]") }, 3);
    *item = (struct fetch_item){
        .kind = FETCH_SECTION, .partial = url->partial, .offset = url->offset, .count = url->count
    };
    struct parse p = parse_begin(spec, &s->arena, &parse_limits_user, imap_literal, s);
    if (str_has(url->section, '{')) return false; /* no literals here */
    parse_section(&p, item);
    return !p.err && scan_end(&p.scan);
}

static enum err add_url(struct appending *a, str text)
{
    struct imap *s = a->s;
    struct imap_url url;
    struct fetch_item item;
    struct fetched f = { .s = s };
    if (!imap_url_parse(text, &s->arena, &url) || !item_of(s, &url, &item)) return bad_url(a, text);
    enum err e = find_message(s, &url, &f.m);
    if (!e) e = body_open(store_engine(s->server->store), f.m.blob, &f.reader);
    if (e == ERR_NOTFOUND) return bad_url(a, text);
    if (e) return e;
    if (f.m.card.n == 0) e = body_side(f.reader, &f.m.card);
    if (!e && !card_open(f.m.card, &f.card)) e = ERR_CORRUPT;
    if (!e) e = copy_section(a, text, &item, &f);
    body_close(f.reader);
    if (!e && a->items[a->n].in.nul)
        e = imap_no(s, ERR_DENIED, S("CANNOT"), S("a message holds no NUL"));
    return e;
}

/* --- parts ---------------------------------------------------------------------------------- */
static enum err add_part(struct appending *a)
{
    struct cat_part part;
    appending_wait(a);
    parse_cat_part(&a->parse, &part);
    if (a->parse.err) return appending_bad(a);
    if (part.utf8 && !a->s->reply.utf8)
        return imap_no(a->s, ERR_DENIED, S("CANNOT"), S("ENABLE UTF8=ACCEPT first"));
    enum err e = part.kind == CAT_URL ? add_url(a, part.url) : appending_literal(a, part.literal);
    if (!e) parse_cat_part_end(&a->parse, &part);
    return e;
}

enum err appending_catenate(struct appending *a)
{
    size_t parts = 0;
    do {
        if (parts++ == IMAP_CATENATE_PARTS)
            return imap_no(a->s, ERR_LIMIT, S("LIMIT"), S("too many parts in one message"));
        enum err e = add_part(a);
        if (e) return e;
    } while (parse_cat_more(&a->parse));
    if (a->parse.err) return appending_bad(a);
    if (a->items[a->n].in.bytes) return OK;
    return imap_no(a->s, ERR_DENIED, S("CANNOT"), S("a message is not empty"));
}
