/* search_read.c - a message that its row does not decide is opened: its card, then its text. */
#include "imap/search_int.h"

struct reading {
    struct imap *s;
    struct body_reader *reader;
};

static enum err read_body(void *arg, uint64_t at, size_t n, str *bytes)
{
    struct reading *r = arg;
    if (conn_gone(r->s->conn)) return ERR_GONE;
    return body_read(r->reader, at, n, bytes);
}

bool imap_search_card(struct imap *s, struct candidate *c)
{
    struct body_reader *reader;
    str side;
    if (imap_search_has_card(c) || c->no_card) return c->has_card;
    c->no_card = true;
    if (body_open(store_engine(s->server->store), c->m.blob, &reader)) return false;
    if (body_side(reader, &side) == OK) {
        c->m.card = arena_copy(c->arena, side);
        c->has_card = card_open(c->m.card, &c->card);
        c->no_card = !c->has_card;
    }
    body_close(reader);
    return c->has_card;
}

enum verdict imap_search_judge_reading(struct imap *s, struct candidate *c)
{
    if (imap_search_card(s, c)) {
        enum verdict verdict = imap_search_judge(c);
        if (verdict != UNSURE) return verdict;
    }
    struct reading r = { .s = s };
    if (!c->has_card || body_open(store_engine(s->server->store), c->m.blob, &r.reader))
        return NO_MATCH;
    const struct text_source source = { &c->card, read_body, &r };
    enum verdict verdict = imap_search_judge_text(c, &source);
    body_close(r.reader);
    return verdict;
}
