/* resync.c - coming back with QRESYNC: what happened to the messages that a client knows.
 *
 * RFC 7162 3.2.5, 3.2.6. The store remembers expunges for a time; a client that was away for longer
 * hears of everything it names that is not there, which is more to read and just as right.
 */
#include "imap/session_int.h"

#include "base/limits.h"
#include "base/mem.h"

/* What of the range is not in the map. */
static bool add_missing(const struct seqmap *has, struct uid_range range, struct uidset *out)
{
    for (uint32_t from = range.from; from <= range.to;) {
        struct uid next = seqmap_next(has, (struct uid){ from });
        if (next.n == 0 || next.n > range.to) return uidset_add(out, from, range.to);
        if (next.n > from && !uidset_add(out, from, next.n - 1)) return false;
        from = next.n + 1;
    }
    return true;
}

static bool all_missing(const struct imap *s, const struct since *since, struct uidset *out)
{
    uint32_t last = s->told.uidnext.n - 1;
    for (size_t i = 0; i < since->among->n; i++) {
        struct uid_range range = since->among->ranges[i];
        if (range.to > last) range.to = last;
        if (!add_missing(since->has, range, out)) return false;
    }
    return true;
}

static bool remembered(const struct uidset *gone, const struct since *since, struct uidset *out)
{
    for (size_t i = 0; i < gone->n; i++) {
        for (uint32_t n = gone->ranges[i].from; n <= gone->ranges[i].to; n++) {
            struct uid uid = { n };
            if (!uidset_has(since->among, uid) || seqmap_seq(since->has, uid).n) continue;
            if (!uidset_add(out, n, n)) return false;
        }
    }
    return true;
}

enum err imap_vanished_since(struct imap *s, const struct look *look, const struct since *since,
                             struct uidset *out)
{
    struct uidset gone = uidset_make(&s->arena);
    *out = uidset_make(&s->arena);
    enum err e = store_expunged(look->view, &look->mailbox, since->modseq, &gone);
    if (e && e != ERR_TOO_OLD) return e;
    bool fits = e ? all_missing(s, since, out) : remembered(&gone, since, out);
    if (!fits) return ERR_LIMIT;
    uidset_normalise(out);
    return OK;
}

/* --- SELECT … (QRESYNC …) ------------------------------------------------------------------- */

/* The last UID of the pairs that still has the number the client gave it: RFC 7162 3.2.5.2, as
 * many messages as the client knows are there up to it, so none of them is gone. */
static uint32_t matched_up_to(const struct select_args *select, const struct seqmap *map)
{
    const struct seqset *seqs = &select->match_seqs, *uids = &select->match_uids;
    uint32_t matched = 0;
    uint64_t seq = 0, uid = 0;
    for (size_t i = 0, j = 0;; seq++, uid++) {
        if (seq == 0 || seq > seqs->ranges[i].last) {
            if (seq && ++i == seqs->n) return matched;
            if (seqs->n == 0) return matched;
            seq = seqs->ranges[i].first;
        }
        if (uid == 0 || uid > uids->ranges[j].last) {
            if (uid && ++j == uids->n) return matched;
            if (uids->n == 0) return matched;
            uid = uids->ranges[j].first;
        }
        if (seqmap_seq(map, (struct uid){ (uint32_t)uid }).n != seq) return matched;
        matched = (uint32_t)uid;
    }
}

/* Of the known UIDs (all there ever were, if none are named) those after `matched`. */
static bool known_uids(struct imap *s, const struct select_args *select, uint32_t matched,
                       struct uidset *out)
{
    struct seqset known = select->known_uids;
    struct seq_range all = { 1, s->told.uidnext.n - 1 };
    *out = uidset_make(&s->arena);
    if (known.n == 0 && all.last > 0) known = (struct seqset){ .ranges = &all, .n = 1 };
    for (size_t i = 0; i < known.n; i++) {
        uint32_t from = known.ranges[i].first;
        if (from <= matched) from = matched + 1;
        if (from > known.ranges[i].last) continue;
        if (!uidset_add(out, from, known.ranges[i].last)) return false;
    }
    return true;
}

/* What to tell, found in the view whose counts were told. */
struct imap_resync {
    struct seqmap map;
    struct uidset gone, changed;
};

struct gathering {
    const struct imap *s;
    const struct uidset *known;
    struct uidset *changed;
};

static bool gather_changed(void *arg, const struct change *c)
{
    struct gathering *g = arg;
    if (c->uid.n >= g->s->told.uidnext.n || !uidset_has(g->known, c->uid)) return true;
    return uidset_add(g->changed, c->uid.n, c->uid.n);
}

static enum err changed_since(struct imap *s, const struct look *look, struct modseq since,
                              const struct uidset *known, struct uidset *out)
{
    struct change after = { .modseq = since, .uid = { UINT32_MAX } };
    struct gathering g = { .s = s, .known = known, .changed = out };
    *out = uidset_make(&s->arena);
    enum err e = store_changed(look->view, &look->mailbox, after, gather_changed, &g);
    if (!e && s->arena.full) e = ERR_LIMIT;
    uidset_normalise(out);
    return e;
}

enum err imap_resync_look(struct imap *s, const struct look *look, const struct select_args *select,
                          struct imap_resync **out)
{
    struct uidset known, all;
    *out = NULL;
    /* RFC 7162 3.2.5.1: of another mailbox that had the name, nothing can be said. */
    if (!select->qresync || select->uidvalidity != s->told.uidvalidity) return OK;
    struct imap_resync *r = ARENA_NEW(&s->arena, struct imap_resync);
    if (!r) return ERR_LIMIT;
    enum err e = store_seqmap(look->view, &look->mailbox, &s->told, &s->arena, &r->map);
    struct since since = { .modseq = { select->modseq }, .among = &known, .has = &r->map };
    if (!e && !known_uids(s, select, matched_up_to(select, &r->map), &known)) e = ERR_LIMIT;
    if (!e) e = imap_vanished_since(s, look, &since, &r->gone);
    if (!e && !known_uids(s, select, 0, &all)) e = ERR_LIMIT;
    if (!e) e = changed_since(s, look, since.modseq, &all, &r->changed);
    *out = r;
    return e;
}

/* --- telling, in pages: a view spans no wait ------------------------------------------------- */
struct page {
    struct imap *s;
    struct look look;
    uint32_t last; /* the UID that was told last */
    unsigned n;
};

static bool tell_message(void *arg, struct seq seq, const struct message *m)
{
    struct page *p = arg;
    imap_tell_flags(p->s, &p->look, seq, m, true);
    p->last = m->uid.n;
    return ++p->n < IMAP_RESYNC_PAGE;
}

/* Also of those that were expunged or changed again meanwhile: they were counted. */
static enum err tell_page(struct page *p, const struct seqmap *map, struct uid_range range)
{
    struct imap *s = p->s;
    uint32_t lost;
    enum err e = imap_look(s, &p->look);
    if (e) return e;
    if (p->look.keywords_n > s->told_keywords) imap_tell_keywords(s, &p->look);
    p->n = 0;
    p->last = range.to;
    struct numbered which = { map, range, WANT_FLAGS };
    e = store_numbered(p->look.view, &p->look.mailbox, &which, tell_message, p, &lost);
    if (p->n < IMAP_RESYNC_PAGE) p->last = range.to;
    imap_look_end(&p->look);
    return e;
}

static enum err tell_changed(struct imap *s, const struct imap_resync *r)
{
    for (size_t i = 0; i < r->changed.n; i++) {
        struct uid_range left = r->changed.ranges[i];
        while (left.from <= left.to) {
            struct page p = { .s = s };
            struct arena_mark mark = arena_mark(&s->arena);
            enum err e = tell_page(&p, &r->map, left);
            arena_rewind(&s->arena, mark);
            if (e) return e;
            imap_send_some(s);
            if (conn_gone(s->conn)) return ERR_GONE;
            left.from = p.last + 1; /* below uidnext: never past the last number */
        }
    }
    return OK;
}

enum err imap_resync_tell(struct imap *s, const struct imap_resync *r)
{
    if (!r) return OK;
    imap_tell_vanished(s, &r->gone, true);
    return tell_changed(s, r);
}
