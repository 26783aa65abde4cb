/* check_cards.c - a message's card, made again from its body, and the one that is kept. */
#include "store/check_int.h"

#include "mail/card.h"
#include "run/fiber.h"

enum { CHUNK_BYTES = STORE_FRAME_BYTES };

static enum err feed(struct body_reader *r, struct card_builder *card)
{
    uint64_t size = body_reader_size(r);
    for (uint64_t at = 0; at < size;) {
        str piece;
        enum err e = body_read(r, at, CHUNK_BYTES, &piece); /* Waits. */
        if (e) return e;
        if (piece.n == 0) return ERR_CORRUPT;
        card_feed(card, piece);
        at += piece.n;
        if (fiber_self()) fiber_yield(); /* a large one takes long */
    }
    return OK;
}

enum err card_again(struct engine *e, struct blob blob, struct buf *card)
{
    struct body_reader *r;
    enum err err = body_open(e, blob, &r); /* Waits. */
    if (err) return err;
    struct card_builder *builder = card_begin();
    err = feed(r, builder);
    if (!err && !card_end(builder, card)) err = ERR_LIMIT;
    card_free(builder);
    body_close(r);
    return err;
}

enum err card_kept(struct engine *e, const struct message *m, struct buf *card)
{
    if (m->card.n) {
        buf_add(card, m->card);
        return OK;
    }
    struct body_reader *r;
    str side;
    enum err err = body_open(e, m->blob, &r); /* Waits. */
    if (err) return err;
    err = body_side(r, &side);
    if (!err) buf_add(card, side);
    body_close(r);
    return err;
}

bool card_agrees(str kept, str wanted)
{
    struct card k, w;
    if (card_is_ours(kept) || !card_open(kept, &k) || !card_open(wanted, &w))
        return str_eq(kept, wanted);
    return k.size == w.size && k.header_bytes == w.header_bytes;
}

void card_words(str bytes, struct buf *out)
{
    struct card card;
    if (!card_open(bytes, &card) || !card.base_subject.n) return;
    buf_add(out, S(" ("));
    buf_add(out, str_take(card.base_subject, CHECK_SUBJECT_BYTES));
    buf_add(out, S(")"));
}

bool ref_name(struct checking *c, const struct ref *r, struct named *out, struct buf *card)
{
    struct account a = { r->account };
    uint32_t m = (uint32_t)(r->n >> 32), uid = (uint32_t)r->n;
    struct view *v = store_view(c->store);
    if (!v) return false;
    *out = (struct named){ .name = buf_make(LOG_VALUE_BYTES) };
    bool found = message_get(in_view(v), a, m, (struct uid){ uid }, &out->m) == OK;
    if (found) {
        struct title_row title;
        struct whose whose = check_whose(v, a);
        if (title_get(in_view(v), a, m, &title)) title.name = S("(a mailbox without a name)");
        buf_addf(&out->name, "%s %.*s uid %u", whose.text, STR_ARG(title.name), uid);
        buf_reset(card);
        buf_add(card, out->m.card);
        out->m.card = buf_str(card);
        out->m.uid.n = uid;
    }
    view_end(v);
    if (!found) buf_free(&out->name);
    return found;
}
