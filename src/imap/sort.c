/* sort.c - SORT: the messages that match, in an order.
 *
 * RFC 5256 2.2, 3, BASE.7.2.SORT; SORT=DISPLAY RFC 5957; ESORT RFC 5267 3; RELEVANCY RFC 6203 5;
 * MODSEQ RFC 7162 3.1.6. By the cards alone: no body is read for it.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "imap/search_int.h"
#include "mail/encoded.h"
#include "mail/envelope.h"
#include "mail/fold.h"

/* What one key compares: the number first, then the text. */
struct value {
    int64_t number;
    str text;
};
struct row {
    uint32_t number, uid; /* told; for "$" */
    uint8_t score;
    struct value *values; /* of each key */
};
struct sorting {
    const struct command *c;
    struct arena *arena;
    struct row *rows;
    size_t n;
    uint64_t modseq;
};

/* --- values --------------------------------------------------------------------------------- */

/* RFC 5256 2.2.3: the local part of the first address; of a group its name. RFC 5957 3: its name,
 * or else the address. */
static str address(struct arena *a, const struct card *card, enum envelope_item item, bool display)
{
    struct header_address *first;
    if (!envelope_addresses(card->envelope, item, a, 1, &first)) return (str){ 0 };
    if (!display) return text_fold(a, encoded_text(a, first->local));
    if (first->name.n) return text_fold(a, encoded_text(a, first->name));
    const str parts[] = { first->local, S("@"), first->domain };
    return text_fold(a, encoded_text(a, arena_concat(a, parts, first->domain.n ? 3 : 1)));
}

static struct value text_value(struct arena *a, const struct candidate *c, enum sort_by by)
{
    str text = { 0 };
    if (!c->has_card) return (struct value){ 0 };
    switch (by) {
    case SORT_SUBJECT: text = text_fold(a, c->card.base_subject); break;
    case SORT_FROM: text = address(a, &c->card, ENVELOPE_FROM, false); break;
    case SORT_TO: text = address(a, &c->card, ENVELOPE_TO, false); break;
    case SORT_CC: text = address(a, &c->card, ENVELOPE_CC, false); break;
    case SORT_DISPLAYFROM: text = address(a, &c->card, ENVELOPE_FROM, true); break;
    default: text = address(a, &c->card, ENVELOPE_TO, true); break;
    }
    return (struct value){ .text = text };
}

static struct value value(struct arena *a, const struct candidate *c, enum sort_by by)
{
    bool sent = c->has_card && (c->card.flags & CARD_HAS_DATE);
    switch (by) {
    case SORT_ARRIVAL: return (struct value){ .number = c->m.internal_date_s };
    case SORT_SIZE: return (struct value){ .number = (int64_t)c->m.size_bytes };
    case SORT_RELEVANCY: return (struct value){ .number = -(int64_t)c->score }; /* the best first */
    case SORT_DATE: /* RFC 5256 2.2.3: without one that can be read, when it came */
        return (struct value){ .number = sent ? c->card.date.seconds : c->m.internal_date_s };
    default: return text_value(a, c, by);
    }
}

static void take(void *arg, struct candidate *c, struct seq seq)
{
    struct sorting *g = arg;
    const struct search_args *args = &g->c->search;
    struct row *rows = arena_more(g->arena, g->rows, g->n, sizeof(*rows));
    struct value *values = ARENA_ARRAY(g->arena, args->sort_n, struct value);
    if (!rows || !values) return; /* the arena says so */
    for (size_t i = 0; i < args->sort_n; i++) {
        struct arena_mark mark = arena_mark(c->arena);
        values[i] = value(c->arena, c, args->sort[i].by);
        values[i].text = arena_copy(g->arena, values[i].text);
        arena_rewind(c->arena, mark);
    }
    g->rows = rows;
    rows[g->n++] = (struct row){ .number = g->c->uid ? c->m.uid.n : seq.n,
                                 .uid = c->m.uid.n,
                                 .score = (uint8_t)c->score,
                                 .values = values };
    if (c->m.modseq.n > g->modseq) g->modseq = c->m.modseq.n;
}

/* --- order ---------------------------------------------------------------------------------- */
static int by_keys(const void *a, const void *b, void *arg)
{
    const struct row *x = a, *y = b;
    const struct search_args *args = arg;
    for (size_t i = 0; i < args->sort_n; i++) {
        const struct value *v = &x->values[i], *w = &y->values[i];
        int order = v->number < w->number ? -1 : v->number > w->number;
        if (!order) order = str_cmp(v->text, w->text);
        if (order) return args->sort[i].reverse ? -order : order;
    }
    return x->uid < y->uid ? -1 : 1; /* RFC 5256 3: by sequence number in the end, never reversed */
}

/* --- telling -------------------------------------------------------------------------------- */
static void tell_sort(struct imap *s, const struct sorting *g)
{
    struct reply *r = &s->reply;
    reply_words(r, S("* SORT"));
    for (size_t i = 0; i < g->n; i++) {
        reply_words(r, S(" "));
        reply_number(r, g->rows[i].number);
        imap_send_some(s);
    }
    if (g->c->search.modseq && g->n) {
        reply_words(r, S(" (MODSEQ "));
        reply_number(r, g->modseq);
        reply_words(r, S(")"));
    }
    reply_end(r);
}

/* The from-th to the to-th, in their order; a run that goes up is a range. RFC 5267 3.1. */
static void tell_rows(struct imap *s, const struct sorting *g, uint64_t from, uint64_t to)
{
    struct reply *r = &s->reply;
    for (uint64_t i = from - 1; i < to; i++) {
        uint64_t first = i;
        while (i + 1 < to && g->rows[i + 1].number == g->rows[i].number + 1)
            i++;
        if (first + 1 > from) reply_words(r, S(","));
        reply_number(r, g->rows[first].number);
        if (i > first) reply_words(r, S(":"));
        if (i > first) reply_number(r, g->rows[i].number);
        imap_send_some(s);
    }
}

static void tell_one(struct imap *s, str name, uint64_t value)
{
    reply_words(&s->reply, name);
    reply_number(&s->reply, value);
}

static void tell_part(struct imap *s, const struct sorting *g)
{
    uint64_t from, to;
    imap_tell_partial_head(s, &g->c->search);
    if (imap_partial_places(g->c->search.places, g->n, &from, &to))
        tell_rows(s, g, from, to);
    else
        reply_words(&s->reply, S("NIL"));
    reply_words(&s->reply, S(")"));
}

static void tell_scores(struct imap *s, const struct sorting *g)
{
    uint64_t from = 1, to = g->n;
    bool part = g->c->search.returns & RETURN_PARTIAL;
    if (part && !imap_partial_places(g->c->search.places, g->n, &from, &to)) return;
    reply_words(&s->reply, S(" RELEVANCY ("));
    for (uint64_t i = from; i <= to; i++)
        tell_one(s, i > from ? S(" ") : S(""), g->rows[i - 1].score);
    reply_words(&s->reply, S(")"));
}

static void tell_esort(struct imap *s, const struct sorting *g)
{
    uint32_t returns = g->c->search.returns;
    if (returns == RETURN_SAVE) return;
    imap_tell_esearch_head(s, g->c->tag, (str){ 0 }, g->c->uid);
    if ((returns & RETURN_MIN) && g->n) tell_one(s, S(" MIN "), g->rows[0].number);
    if ((returns & RETURN_MAX) && g->n) tell_one(s, S(" MAX "), g->rows[g->n - 1].number);
    if (returns & RETURN_COUNT) tell_one(s, S(" COUNT "), g->n);
    if ((returns & RETURN_ALL) && g->n) {
        reply_words(&s->reply, S(" ALL "));
        tell_rows(s, g, 1, g->n);
    }
    if (returns & RETURN_PARTIAL) tell_part(s, g);
    if ((returns & RETURN_RELEVANCY) && g->n) tell_scores(s, g);
    if (g->c->search.modseq && g->n) tell_one(s, S(" MODSEQ "), g->modseq);
    reply_end(&s->reply);
}

/* --- "$": what SEARCH would save, where first and last are those of this order ---------------- */
static bool keep(const struct search_args *args, size_t i, size_t n)
{
    uint64_t from, to;
    bool some = args->returns & (RETURN_MIN | RETURN_MAX | RETURN_PARTIAL);
    if (!some || (args->returns & (RETURN_ALL | RETURN_COUNT))) return true;
    if ((args->returns & RETURN_MIN) && i == 0) return true;
    if ((args->returns & RETURN_MAX) && i == n - 1) return true;
    return (args->returns & RETURN_PARTIAL) && imap_partial_places(args->places, n, &from, &to) &&
           i + 1 >= from && i + 1 <= to;
}

static enum err save(struct imap *s, const struct sorting *g)
{
    if (!(g->c->search.returns & RETURN_SAVE)) return OK;
    struct command all = *g->c;
    all.search.returns = RETURN_SAVE;
    struct found f = imap_found_none(&all, g->arena);
    for (size_t i = 0; i < g->n; i++)
        if (keep(&g->c->search, i, g->n) && !uidset_add(&f.uids, g->rows[i].uid, g->rows[i].uid))
            return ERR_LIMIT;
    uidset_normalise(&f.uids);
    return imap_found_save(s, &f);
}

enum err imap_sort(struct imap *s, const struct command *c)
{
    struct arena kept = imap_paid(s, arena_make_large(IMAP_SORT_BYTES));
    struct sorting g = { .c = c, .arena = &kept };
    struct search_walk w = { .cards = true, .whole = true, .hit = take, .arg = &g };
    enum err e = imap_search_selected(s, c, &w);
    if (!e && kept.full) e = ERR_LIMIT;
    if (!e && g.n) qsort_r(g.rows, g.n, sizeof(*g.rows), by_keys, (void *)(uintptr_t)&c->search);
    if (!e) e = save(s, &g);
    if (e && e != ERR_SYNTAX && (c->search.returns & RETURN_SAVE)) imap_saved_clear(s);
    if (!e && c->search.extended) tell_esort(s, &g);
    if (!e && !c->search.extended) tell_sort(s, &g);
    if (!e) imap_context_keep(s, c, &(struct uidset){ 0 });
    arena_free(&kept);
    return e;
}
