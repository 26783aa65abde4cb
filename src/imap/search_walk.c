/* search_walk.c - the messages of a mailbox, judged in turns, each of one view.
 *
 * A turn looks at rows as the store lists them, by runs of UIDs. What matches, and what must be
 * read to know, is remembered; the view is closed before anything is read or told.
 */
#include "imap/search_int.h"

#include "base/limits.h"
#include "run/fiber.h"

/* A match, or a message that must be read. */
struct entry {
    struct message m;
    bool unsure;
    unsigned score;
};
struct turn {
    struct search_walk *w;
    struct look *look;
    struct entry *entries;
    size_t n;
    size_t looked_at;
    struct arena judging;
    struct uid_range range; /* of it: what store_messages goes through */
    enum err err;
};

/* --- the mailbox ---------------------------------------------------------------------------- */
static enum err look_at(struct search_walk *w, struct look *look)
{
    struct imap *s = w->s;
    if (w->selected) return imap_look(s, look);
    *look = (struct look){ .view = store_view(s->server->store) };
    if (!look->view) return ERR_LATER;
    enum err e = store_mailbox_by_id(look->view, w->account, w->told.mailbox, &look->mailbox);
    bool same = !e && look->mailbox.exists && look->mailbox.uidvalidity == w->told.uidvalidity;
    if (!e && !same) e = ERR_NOTFOUND;
    if (!e) e = store_rights(look->view, w->account, w->told.mailbox, s->account, &look->rights);
    if (!e && !(look->rights & RIGHT_READ)) e = ERR_NOTFOUND;
    if (!e)
        e = store_keywords(look->view, &look->mailbox, &s->arena, &look->keywords,
                           &look->keywords_n);
    if (e) imap_look_end(look);
    return e;
}

/* --- one row -------------------------------------------------------------------------------- */
static void consider(struct turn *t, const struct message *m)
{
    struct search_walk *w = t->w;
    struct candidate c = { .program = w->program, .arena = &t->judging, .m = *m };
    c.now_s = w->now_s;
    t->looked_at++;
    enum verdict verdict = imap_search_judge(&c);
    if (verdict == NO_MATCH) return;
    struct entry *entry = &t->entries[t->n++];
    *entry = (struct entry){ .m = *m, .unsure = verdict == UNSURE, .score = c.score };
    bool card = entry->unsure || w->cards;
    entry->m.card = card ? arena_copy(&w->scratch, m->card) : (str){ 0 };
}

static bool is_over(const struct turn *t)
{
    bool found = t->n && !t->entries[t->n - 1].unsure;
    return t->err || (found && t->w->enough == ENOUGH_FIRST) || t->n == IMAP_SEARCH_TURN ||
           t->looked_at >= IMAP_SEARCH_LOOKED_AT ||
           t->w->scratch.used > IMAP_SEARCH_CARDS_BYTES / 2;
}

/* Those that the session knows and the store has no more, before `uid`: expunged, and not told.
 * Returns whether the session knows `uid`. */
static bool consider_gone(struct turn *t, uint32_t uid)
{
    struct search_walk *w = t->w;
    while (!is_over(t)) {
        struct uid gone = seqmap_next(&w->map, (struct uid){ w->at });
        if (gone.n == 0 || gone.n >= uid) return gone.n == uid;
        struct message m;
        enum err e = store_message(t->look->view, &t->look->mailbox, gone, &m);
        if (!e) consider(t, &m);
        if (e && e != ERR_NOTFOUND) t->err = e;
        w->at = gone.n + 1;
    }
    return false;
}

static bool each_row(void *arg, const struct message *m)
{
    struct turn *t = arg;
    struct search_walk *w = t->w;
    bool known = consider_gone(t, m->uid.n);
    if (is_over(t)) return false;
    if (known) consider(t, m);
    w->at = m->uid.n + 1;
    return !is_over(t);
}

/* --- a turn --------------------------------------------------------------------------------- */
static void range_rows(struct turn *t, struct uid_range range)
{
    struct search_walk *w = t->w;
    if (w->at < range.from) w->at = range.from;
    range.from = w->at;
    enum err e = store_messages(t->look->view, &t->look->mailbox, range,
                                w->program->rows | (w->cards ? WANT_CARD : 0), each_row, t);
    if (e) t->err = e;
    if (!is_over(t) && range.to < UINT32_MAX) (void)consider_gone(t, range.to + 1);
    if (!is_over(t)) w->range++;
}

static enum err gather(struct turn *t)
{
    struct search_walk *w = t->w;
    struct look look;
    enum err e = look_at(w, &look);
    if (e) return e;
    t->look = &look;
    imap_search_keywords(w->program, &look);
    while (!is_over(t) && w->range < w->among.n)
        range_rows(t, w->among.ranges[w->range]);
    imap_look_end(&look);
    t->look = NULL;
    return t->err;
}

/* RFC 9585; of several mailboxes it is not known how many messages they all have. */
static void progress(struct search_walk *w)
{
    if (!imap_progress_due(w->s)) return;
    struct named named = { .map = w->map, .uids = w->among };
    bool known = w->selected && w->at > 0 && w->enough != ENOUGH_LAST;
    imap_progress(w->s, known ? imap_named_count(&named, w->at - 1) : 0,
                  known ? imap_named_count(&named, UINT32_MAX) : 0);
}

static enum err tell_entry(struct turn *t, struct entry *entry)
{
    struct search_walk *w = t->w;
    struct arena_mark mark = arena_mark(&t->judging);
    struct candidate c = {
        .program = w->program,
        .arena = &t->judging,
        .m = entry->m,
        .score = entry->score,
        .now_s = w->now_s,
    };
    bool match = !entry->unsure || imap_search_judge_reading(w->s, &c) == MATCH;
    if (match && w->cards) (void)imap_search_card(w->s, &c);
    if (match) w->hit(w->arg, &c, seqmap_seq(&w->map, c.m.uid));
    w->matched |= match;
    if (entry->unsure) {
        progress(w);
        fiber_yield();
    }
    arena_rewind(&t->judging, mark);
    return conn_gone(w->s->conn) ? ERR_GONE : OK;
}

static bool has_enough(const struct search_walk *w)
{
    return w->matched && w->enough == ENOUGH_FIRST;
}

static enum err turn(struct search_walk *w)
{
    struct turn t = { .w = w, .judging = imap_paid(w->s, arena_make(IMAP_MEMORY_BYTES)) };
    struct arena_mark mark = arena_mark(&w->s->arena);
    arena_reset(&w->scratch);
    t.entries = ARENA_ARRAY(&w->scratch, IMAP_SEARCH_TURN, struct entry);
    enum err e = t.entries ? gather(&t) : ERR_LIMIT;
    for (size_t i = 0; !e && i < t.n && !has_enough(w); i++)
        e = tell_entry(&t, &t.entries[i]);
    arena_free(&t.judging);
    arena_rewind(&w->s->arena, mark);
    progress(w);
    fiber_yield();
    return !e && conn_gone(w->s->conn) ? ERR_GONE : e;
}

/* --- beginning ------------------------------------------------------------------------------ */

/* What both name; both ascend. */
static bool intersect(struct uidset *among, struct seqset with, struct arena *a)
{
    struct uidset both = uidset_make(a);
    for (size_t i = 0, k = 0; i < among->n && k < with.n;) {
        struct uid_range one = among->ranges[i];
        struct seq_range other = with.ranges[k];
        uint32_t from = one.from > other.first ? one.from : other.first;
        uint32_t to = one.to < other.last ? one.to : other.last;
        if (from <= to && !uidset_add(&both, from, to)) return false;
        *(one.to < other.last ? &i : &k) += 1;
    }
    *among = both;
    return true;
}

/* By keys all of which must hold. Recursion: IMAP_DEPTH. */
static bool narrow_by(struct search_walk *w, const struct search_key *first)
{
    for (const struct search_key *k = first; k; k = k->next) {
        bool set = k->kind == SEARCH_UID || k->kind == SEARCH_SEQ;
        if (set && !intersect(&w->among, k->uids, &w->s->arena)) return false;
        if (k->kind == SEARCH_AND && !narrow_by(w, k->child)) return false;
    }
    return true;
}

/* The sets that all matches must be in narrow the walk: cost follows the matches. */
static enum err narrow(struct search_walk *w)
{
    if (w->only) {
        w->among = *w->only;
        return OK;
    }
    w->among = uidset_make(&w->s->arena);
    bool fits = uidset_add(&w->among, 1, UINT32_MAX) && narrow_by(w, w->program->root->child);
    if (!fits) return ERR_LIMIT;
    struct named named = { .map = w->map, .uids = w->among };
    uint64_t max = w->s->server->settings->messages_max;
    if (w->whole) return imap_limit_count(w->s, imap_named_count(&named, UINT32_MAX), max);
    imap_limit_cut(w->s, &named); /* RFC 9738 3.1: those that are looked at count */
    w->among = named.uids;
    return OK;
}

/* The first search of an account makes its index: seconds, if there is much mail. How far that is
 * says nothing of how far the search is. */
static bool goes_on(void *arg, uint64_t done, uint64_t of)
{
    struct imap *s = arg;
    (void)done;
    (void)of;
    imap_progress(s, 0, 0);
    return !conn_gone(s->conn);
}

/* The texts of BODY and TEXT keys: what the index is asked for. */
static void put_questions(struct search_program *program, struct search_question *q,
                          struct search_text asked[SEARCH_TEXTS])
{
    q->texts = asked;
    for (size_t i = 0; i < program->texts_n; i++) {
        struct search_text_key *t = &program->texts[i];
        t->asked = 0;
        if (t->key->kind == SEARCH_HEADER || q->n == SEARCH_TEXTS) continue;
        asked[q->n++] = (struct search_text){ t->needle.text, t->key->kind == SEARCH_BODY };
        t->asked = q->n;
    }
}

/* Sooner read than asked for. */
static bool few(const struct search_walk *w)
{
    return w->map.count <= IMAP_SEARCH_FEW || uidset_count(&w->among) <= IMAP_SEARCH_FEW;
}

/* The index knows accounts: its answer does for the next mailbox, too. */
static enum err ask_index(struct search_walk *w)
{
    struct search *search = w->s->server->search;
    struct search_program *program = w->program;
    struct search_question q = { .account = program->account, .progress = goes_on, .arg = w->s };
    struct search_text asked[SEARCH_TEXTS];
    if (program->answers && program->index.n && program->indexed.n == program->account.n) return OK;
    program->index = (struct search_answer){ 0 };
    put_questions(program, &q, asked);
    if (!q.n || !search || few(w)) return OK;
    if (program->answers) arena_reset(program->answers);
    struct arena *a = program->answers ? program->answers : &w->s->arena;
    enum err e = search_ask(search, &q, a, &program->index);
    program->indexed = program->account;
    return e == ERR_GONE ? e : OK;
}

enum err imap_search_begin(struct search_walk *w)
{
    struct imap *s = w->s;
    struct look look;
    enum err e = look_at(w, &look);
    if (e) return e;
    w->program->account = look.mailbox.account;
    if (w->selected) w->told = s->told;
    if (!w->selected) w->told.modseq = w->told.expunge_modseq = look.mailbox.highest_modseq;
    if (!w->selected) w->told.uidnext = look.mailbox.uidnext;
    e = store_seqmap(look.view, &look.mailbox, &w->told, &s->arena, &w->map);
    imap_look_end(&look);
    if (!e) e = imap_search_resolve(s, w->program, &w->map, w->selected ? &s->saved : NULL);
    if (!e) e = narrow(w);
    if (!e) e = ask_index(w);
    w->at = 1;
    return e;
}

enum search_enough imap_search_enough(uint32_t returns)
{
    uint32_t asked = returns & ~(uint32_t)(RETURN_SAVE | RETURN_CONTEXT);
    if (asked == RETURN_MIN) return ENOUGH_FIRST;
    return asked == RETURN_MAX ? ENOUGH_LAST : ENOUGH_ALL;
}

static enum err run_forward(struct search_walk *w)
{
    enum err e = OK;
    while (!e && w->range < w->among.n && !has_enough(w))
        e = turn(w);
    return e;
}

/* Rows are listed forward alone: from the end in growing pieces, until one of them has a match. */
static enum err run_from_end(struct search_walk *w)
{
    const struct named all = { .map = w->map, .uids = w->among };
    uint64_t left = imap_named_count(&all, UINT32_MAX), piece = IMAP_SEARCH_END;
    enum err e = OK;
    for (; !e && left && !w->matched; piece *= 4) {
        uint64_t from = left > piece ? left - piece + 1 : 1;
        if (!imap_named_slice(&all, from, left, &w->s->arena, &w->among)) return ERR_LIMIT;
        w->range = 0;
        w->at = 1;
        left = from - 1;
        e = run_forward(w);
    }
    return e;
}

enum err imap_search_run(struct search_walk *w)
{
    w->now_s = seam_wall_us(loop_seam(conn_loop(w->s->conn))) / 1000000;
    w->scratch = arena_make(IMAP_SEARCH_CARDS_BYTES + STORE_SIDE_BYTES);
    enum err e = w->enough == ENOUGH_LAST ? run_from_end(w) : run_forward(w);
    arena_free(&w->scratch);
    return e;
}
