/* search.c - SEARCH: walk the messages, judge each, tell which match.
 *
 * RFC 9051 6.4.4, 7.3.4; RFC 3501 7.2.5 (untagged SEARCH); ESEARCH RFC 4731; MODSEQ RFC 7162 3.1.5.
 */
#include "imap/search_int.h"

#include "base/limits.h"
#include "run/fiber.h"

struct searching {
    struct imap *s;
    const struct command *c;
    struct named named; /* among which to look */
    struct named_walk walk;
    struct uidset hits; /* UIDs or sequence numbers */
    uint64_t count;
    uint32_t least, largest;
    uint64_t modseq; /* the highest among the hits */
};

static void hit(struct searching *g, const struct candidate *c)
{
    uint32_t number = g->c->uid ? c->m.uid.n : c->seq.n;
    if (g->count++ == 0) g->least = number;
    g->largest = number;
    if (c->m.modseq.n > g->modseq) g->modseq = c->m.modseq.n;
    /* Ascending: the last range grows. */
    struct uidset *hits = &g->hits;
    if (hits->n && hits->ranges[hits->n - 1].to + 1 == number)
        hits->ranges[hits->n - 1].to = number;
    else
        (void)uidset_add(hits, number, number);
}

/* --- one message ---------------------------------------------------------------------------- */
static struct candidate candidate(struct searching *g, struct look *look, struct arena *scratch)
{
    return (struct candidate){
        .s = g->s,
        .arena = scratch,
        .look = look,
        .seq = seqmap_seq(&g->named.map, g->walk.uid),
        .now_s = seam_wall_us(loop_seam(conn_loop(g->s->conn))) / 1000000,
    };
}

/* With its bytes, and without a view. */
static enum verdict judge_reading(struct candidate *c, const struct search_key *program)
{
    struct body_reader *reader;
    if (body_open(store_engine(c->s->server->store), c->m.blob, &reader)) return NO_MATCH;
    c->reader = reader;
    str side = c->m.card;
    if (!side.n && body_side(reader, &side) == OK) side = arena_copy(c->arena, side);
    c->has_card = card_open(side, &c->card);
    enum verdict verdict = imap_search_judge(c, program);
    body_close(reader);
    return verdict == MATCH ? MATCH : NO_MATCH;
}

/* Messages from the walk's place on: until one is undecided (true, and *c is it), or the turn or
 * the messages are over. */
static enum err turn(struct searching *g, struct look *look, struct candidate *c,
                     struct arena *scratch, bool *undecided)
{
    const struct search_key *program = g->c->search.program;
    for (size_t n = 0; n < IMAP_SEARCH_TURN && g->walk.uid.n; n++) {
        *c = candidate(g, look, scratch);
        enum err e = store_message(look->view, &look->mailbox, g->walk.uid, &c->m);
        (void)imap_named_next(&g->named, &g->walk);
        if (e == ERR_NOTFOUND) continue;
        if (e) return e;
        c->has_card = c->m.card.n && card_open(c->m.card, &c->card);
        enum verdict verdict = imap_search_judge(c, program);
        if (verdict == MATCH) hit(g, c);
        if (verdict != UNSURE) continue;
        c->m.card = arena_copy(scratch, c->m.card);
        *undecided = true;
        return OK;
    }
    return OK;
}

static enum err walk(struct searching *g, struct arena *scratch)
{
    struct imap *s = g->s;
    struct candidate c;
    struct look look;
    bool undecided = false;
    arena_reset(scratch);
    struct arena_mark mark = arena_mark(&s->arena);
    enum err e = imap_look(s, &look);
    if (e) return e;
    e = turn(g, &look, &c, scratch, &undecided);
    imap_look_end(&look);
    if (!e && undecided && judge_reading(&c, g->c->search.program) == MATCH) hit(g, &c);
    arena_rewind(&s->arena, mark);
    fiber_yield();
    return conn_gone(s->conn) ? ERR_GONE : e;
}

/* --- where to look -------------------------------------------------------------------------- */

/* A set that all matches must be in narrows the walk: cost follows the matches. */
static struct seqset domain(const struct search_key *program, bool *uid)
{
    for (const struct search_key *k = program->child; k; k = k->next) {
        if (k->kind != SEARCH_UID && k->kind != SEARCH_SEQ) continue;
        *uid = k->kind == SEARCH_UID;
        return k->set;
    }
    static const struct seq_range everything = { 1, UINT32_MAX };
    *uid = true;
    return (struct seqset){ .ranges = &everything, .n = 1 };
}

static enum err begin(struct searching *g)
{
    struct imap *s = g->s;
    struct search_key *program = g->c->search.program;
    struct command where = { 0 };
    struct look look;
    bool reads = false;
    enum err e = imap_look(s, &look);
    if (e) return e;
    e = store_seqmap(look.view, &look.mailbox, &s->told, &s->arena, &g->named.map);
    if (!e) e = imap_search_prepare(s, program, g->c->search.charset, &g->named.map, &reads);
    if (!e) {
        struct seqset set = domain(program, &where.uid);
        e = imap_named(s, &look, &where, set, &g->named);
    }
    imap_look_end(&look);
    if (e == ERR_DENIED)
        return imap_no(s, e, S("BADCHARSET (UTF-8 US-ASCII ISO-8859-1)"), S("charset not known"));
    if (!e) imap_named_first(&g->named, &g->walk);
    return e;
}

/* --- telling -------------------------------------------------------------------------------- */
static void tell_modseq(struct searching *g)
{
    if (!g->c->search.modseq || !g->count) return;
    reply_words(&g->s->reply, S(" (MODSEQ "));
    reply_number(&g->s->reply, g->modseq);
    reply_words(&g->s->reply, S(")"));
}

static void tell_search(struct searching *g)
{
    struct reply *r = &g->s->reply;
    reply_words(r, S("* SEARCH"));
    for (size_t i = 0; i < g->hits.n; i++) {
        for (uint64_t n = g->hits.ranges[i].from; n <= g->hits.ranges[i].to; n++) {
            reply_words(r, S(" "));
            reply_number(r, n);
            imap_send_some(g->s);
        }
    }
    tell_modseq(g);
    reply_end(r);
}

static void number(struct searching *g, enum search_return what, str name, uint64_t value)
{
    if (!(g->c->search.returns & what)) return;
    if (what != RETURN_COUNT && g->count == 0) return;
    reply_words(&g->s->reply, name);
    reply_number(&g->s->reply, value);
}

static void tell_esearch(struct searching *g)
{
    struct reply *r = &g->s->reply;
    reply_words(r, S("* ESEARCH (TAG "));
    reply_string(r, g->c->tag);
    reply_words(r, S(")"));
    if (g->c->uid) reply_words(r, S(" UID"));
    number(g, RETURN_MIN, S(" MIN "), g->least);
    number(g, RETURN_MAX, S(" MAX "), g->largest);
    number(g, RETURN_COUNT, S(" COUNT "), g->count);
    if ((g->c->search.returns & RETURN_ALL) && g->count) {
        reply_words(r, S(" ALL "));
        reply_uids(r, &g->hits);
    }
    if (g->c->search.modseq && g->count) {
        reply_words(r, S(" MODSEQ "));
        reply_number(r, g->modseq);
    }
    reply_end(r);
}

enum err imap_search(struct imap *s, const struct command *c)
{
    /* Scratch is emptied for each turn, what was found is kept apart from it. */
    struct arena scratch = arena_make(IMAP_MEMORY_BYTES), kept = arena_make(IMAP_MEMORY_BYTES);
    struct searching g = { .s = s, .c = c, .hits = uidset_make(&kept) };
    if (c->search.modseq) imap_enable_now(s, ENABLED_CONDSTORE);
    enum err e = begin(&g);
    while (!e && g.walk.uid.n)
        e = walk(&g, &scratch);
    if (!e && kept.full) e = ERR_LIMIT;
    if (!e && c->search.extended) tell_esearch(&g);
    if (!e && !c->search.extended) tell_search(&g);
    arena_free(&scratch);
    arena_free(&kept);
    return e;
}
