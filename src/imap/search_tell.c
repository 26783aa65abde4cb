/* search_tell.c - how a search is answered: "* SEARCH" and "* ESEARCH".
 *
 * RFC 9051 7.3.4; RFC 3501 7.2.5; RFC 4731 3.1; MODSEQ RFC 7162 3.1.5, 3.1.10; PARTIAL RFC
 * 9394 3.1; RELEVANCY RFC 6203 4.
 */
#include "imap/search_int.h"

void imap_tell_search(struct imap *s, const struct found *f)
{
    struct reply *r = &s->reply;
    reply_words(r, S("* SEARCH"));
    for (size_t i = 0; i < f->numbers.n; i++) {
        for (uint64_t n = f->numbers.ranges[i].from; n <= f->numbers.ranges[i].to; n++) {
            reply_words(r, S(" "));
            reply_number(r, n);
            imap_send_some(s);
        }
    }
    if (f->c->search.modseq && f->count) {
        reply_words(r, S(" (MODSEQ "));
        reply_number(r, f->modseq);
        reply_words(r, S(")"));
    }
    reply_end(r);
}

void imap_tell_esearch_head(struct imap *s, str tag, str head, bool uid)
{
    struct reply *r = &s->reply;
    reply_words(r, S("* ESEARCH (TAG "));
    reply_string(r, tag);
    reply_bytes(r, head);
    reply_words(r, S(")"));
    if (uid) reply_words(r, S(" UID"));
}

/* --- PARTIAL -------------------------------------------------------------------------------- */
void imap_tell_partial_head(struct imap *s, const struct search_args *args)
{
    struct reply *r = &s->reply;
    reply_words(r, args->places.from_end ? S(" PARTIAL (-") : S(" PARTIAL ("));
    reply_number(r, args->places.from);
    reply_words(r, args->places.from_end ? S(":-") : S(":"));
    reply_number(r, args->places.to);
    reply_words(r, S(" "));
}

static void tell_partial(struct imap *s, const struct found *f)
{
    const struct search_args *args = &f->c->search;
    uint64_t from, to;
    imap_tell_partial_head(s, args);
    if (imap_partial_places(args->places, f->count, &from, &to)) {
        struct uidset part = imap_set_slice(&f->numbers, from, to, &s->arena);
        reply_uids(&s->reply, &part);
    } else {
        reply_words(&s->reply, S("NIL"));
    }
    reply_words(&s->reply, S(")"));
}

/* --- the other items ------------------------------------------------------------------------ */
static void number(struct imap *s, str name, uint64_t value)
{
    reply_words(&s->reply, name);
    reply_number(&s->reply, value);
}

static void tell_scores(struct imap *s, const struct found *f)
{
    uint64_t from = 1, to = f->count;
    bool part = f->c->search.returns & RETURN_PARTIAL;
    if (part && !imap_partial_places(f->c->search.places, f->count, &from, &to)) return;
    reply_words(&s->reply, S(" RELEVANCY ("));
    for (uint64_t i = from; i <= to; i++)
        number(s, i > from ? S(" ") : S(""), f->scores[i - 1]);
    reply_words(&s->reply, S(")"));
}

/* RFC 4731 3.2: of what is told, if that is MIN or MAX alone. */
static uint64_t told_modseq(const struct found *f)
{
    uint32_t ends = f->c->search.returns & (RETURN_MIN | RETURN_MAX);
    if (!ends || (f->c->search.returns & (RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL)))
        return f->modseq;
    if (ends == RETURN_MIN) return f->first_modseq;
    if (ends == RETURN_MAX || f->last_modseq > f->first_modseq) return f->last_modseq;
    return f->first_modseq;
}

void imap_tell_esearch(struct imap *s, const struct found *f, str head)
{
    uint32_t returns = f->c->search.returns;
    const struct uidset *n = &f->numbers;
    /* RFC 5182 2.1: with SAVE alone nothing is told. */
    if (returns == RETURN_SAVE) return;
    imap_tell_esearch_head(s, f->c->tag, head, f->uid);
    if ((returns & RETURN_MIN) && f->count) number(s, S(" MIN "), n->ranges[0].from);
    if ((returns & RETURN_MAX) && f->count) number(s, S(" MAX "), n->ranges[n->n - 1].to);
    if (returns & RETURN_COUNT) number(s, S(" COUNT "), f->count);
    if ((returns & RETURN_ALL) && f->count) {
        reply_words(&s->reply, S(" ALL "));
        reply_uids(&s->reply, n);
    }
    if (returns & RETURN_PARTIAL) tell_partial(s, f);
    if ((returns & RETURN_RELEVANCY) && f->count) tell_scores(s, f);
    if (f->c->search.modseq && f->count) number(s, S(" MODSEQ "), told_modseq(f));
    reply_end(&s->reply);
}
