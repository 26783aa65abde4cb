/* incoming.c - one message on its way from a client to the store: lines mended, card made. */
#include "imap/append_int.h"

#include "base/limits.h"
#include "mail/card.h"

enum err incoming_begin(struct imap *s, struct incoming *in)
{
    *in = (struct incoming){ 0 };
    enum err e = body_begin(store_engine(s->server->store), &in->body);
    if (!e) in->card = card_begin();
    return e;
}

static enum err store_piece(struct incoming *in, str piece)
{
    if (piece.n == 0) return OK;
    card_feed(in->card, piece);
    return body_write(in->body, piece);
}

enum err incoming_take(struct incoming *in, str bytes)
{
    str rest = bytes;
    size_t from = 0, lf;
    in->bytes += bytes.n;
    in->nul |= str_has(bytes, '\0');
    if (in->nul) return OK;
    while ((lf = str_chr(str_from(rest, from), '\n')) != STR_NPOS) {
        size_t at = from + lf;
        bool whole = at > 0 ? rest.p[at - 1] == '\r' : in->last_cr;
        from = at + 1;
        if (whole) continue;
        enum err e = store_piece(in, str_take(rest, at));
        if (!e) e = store_piece(in, S("\r\n"));
        if (e) return e;
        rest = str_from(rest, at + 1);
        from = 0;
        in->last_cr = false;
    }
    if (bytes.n) in->last_cr = bytes.p[bytes.n - 1] == '\r';
    return store_piece(in, rest);
}

enum err incoming_seal(struct incoming *in, struct buf *cards)
{
    size_t at = cards->n;
    if (!card_end(in->card, cards)) return ERR_LIMIT;
    card_free(in->card);
    in->card = NULL;
    str card = str_from(buf_str(cards), at);
    bool beside = card.n > STORE_CARD_INLINE_BYTES;
    return body_seal(in->body, beside ? card : (str){ 0 });
}

void incoming_end(struct incoming *in)
{
    if (in->card) card_free(in->card);
    if (in->body) body_free(in->body);
    *in = (struct incoming){ 0 };
}
