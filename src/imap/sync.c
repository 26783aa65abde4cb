/* sync.c - telling a session what changed in its mailbox since it was last told.
 *
 * RFC 9051 5.2, 7.4.1, 7.5.1; RFC 7162 3.1.2, 3.2.4, 3.2.10. One way for NOOP, IDLE and the end of
 * every command: the changes since told.modseq, in the order expunges, new messages, flags.
 * Expunges that may not be told now are held by the session, so that it never depends on how long
 * the store remembers them.
 */
#include "imap/session_int.h"

#include "base/limits.h"
#include "base/mem.h"

/* --- telling -------------------------------------------------------------------------------- */
void imap_tell_keywords(struct imap *s, const struct look *look)
{
    size_t n = look->keywords_n;
    struct flags all = {
        .system = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT,
        .keywords = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX,
    };
    reply_words(&s->reply, S("* FLAGS "));
    reply_flags(&s->reply, all, look->keywords, n);
    reply_end(&s->reply);
    struct flags_kept kept = imap_flags_kept(look->rights);
    all.system &= (uint8_t)~kept.system;
    if (kept.keywords) all.keywords = 0;
    reply_permanent_flags(&s->reply, s->read_only ? (struct flags){ 0 } : all, look->keywords, n);
    s->told_keywords = n;
    s->told_rights = look->rights;
}

static void tell_uid(struct imap *s, const struct message *m)
{
    if (s->enabled & ENABLED_UIDONLY) return; /* it stands before UIDFETCH */
    reply_words(&s->reply, S("UID "));
    reply_number(&s->reply, m->uid.n);
    reply_words(&s->reply, S(" "));
}

static void tell_modseq(struct imap *s, const struct message *m)
{
    reply_words(&s->reply, S("MODSEQ ("));
    reply_number(&s->reply, m->modseq.n);
    reply_words(&s->reply, S(")"));
}

void imap_tell_flags(struct imap *s, const struct look *look, struct seq seq,
                     const struct message *m, bool uid)
{
    struct reply *r = &s->reply;
    bool condstore = s->enabled & ENABLED_CONDSTORE;
    imap_fetch_head(s, seq, m->uid);
    /* RFC 7162 3.2.4: both are in every FETCH that was not asked for. */
    if (uid || condstore) tell_uid(s, m);
    reply_words(r, S("FLAGS "));
    reply_flags(r, m->flags, look->keywords, look->keywords_n);
    if (condstore) {
        reply_words(r, S(" "));
        tell_modseq(s, m);
    }
    reply_words(r, S(")"));
    reply_end(r);
}

/* What STORE … .SILENT made of the flags the client knows; not of which change it came. */
static void tell_modseq_alone(struct imap *s, struct seq seq, const struct message *m)
{
    imap_fetch_head(s, seq, m->uid);
    tell_uid(s, m);
    tell_modseq(s, m);
    reply_words(&s->reply, S(")"));
    reply_end(&s->reply);
}

void imap_tell_vanished(struct imap *s, const struct uidset *gone, bool earlier)
{
    for (size_t at = 0; at < gone->n; at += IMAP_VANISHED_RANGES) {
        struct uidset some = { .ranges = gone->ranges + at, .n = gone->n - at };
        if (some.n > IMAP_VANISHED_RANGES) some.n = IMAP_VANISHED_RANGES;
        reply_words(&s->reply, earlier ? S("* VANISHED (EARLIER) ") : S("* VANISHED "));
        reply_uids(&s->reply, &some);
        reply_end(&s->reply);
        imap_send_some(s);
    }
}

void imap_tell_highest_modseq(struct imap *s)
{
    str code = arena_fmt(&s->arena, "HIGHESTMODSEQ %ju", (uintmax_t)s->told.modseq.n);
    reply_untagged(&s->reply, S("OK"), code, S("last"));
    s->owes_modseq = false;
}

/* --- flags, in pages: a view spans no wait -------------------------------------------------- */
static bool known(const struct own_flags *own, const struct message *m)
{
    size_t low = 0, high = own ? own->n : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (own->uids[middle].n < m->uid.n)
            low = middle + 1;
        else
            high = middle;
    }
    if (!own || low == own->n || own->uids[low].n != m->uid.n) return false;
    return own->flags[low].system == m->flags.system &&
           own->flags[low].keywords == m->flags.keywords;
}

/* Of one look: changes as they lie in the store, and then what they made of the messages. */
enum { CHANGES_A_LOOK = 512, CHANGES_DENSE = 8 };
struct telling {
    struct imap *s;
    const struct changed *what;
    struct look look;
    struct change at; /* the last that was looked at */
    struct change *some;
    size_t n, next; /* gathered; the one whose message comes next */
};

static bool gather_change(void *arg, const struct change *c)
{
    struct telling *t = arg;
    const struct changed *what = t->what;
    if (c->modseq.n > what->until.n) return false;
    t->at = *c;
    if (c->uid.n >= what->below.n) return true;
    if (what->among && !uidset_has(what->among, c->uid)) return true;
    t->some[t->n++] = *c;
    return t->n < CHANGES_A_LOOK;
}

static void tell_change(struct telling *t, struct seq seq, const struct message *m)
{
    struct imap *s = t->s;
    const struct changed *what = t->what;
    if (!known(what->own, m))
        imap_tell_flags(s, &t->look, seq, m, true);
    else if (what->own->silent && (s->enabled & ENABLED_CONDSTORE))
        tell_modseq_alone(s, seq, m);
}

static bool tell_if_changed(void *arg, struct seq seq, const struct message *m)
{
    struct telling *t = arg;
    while (t->next < t->n && t->some[t->next].uid.n < m->uid.n)
        t->next++;
    if (t->next < t->n && t->some[t->next].uid.n == m->uid.n) tell_change(t, seq, m);
    return true;
}

/* From the next one on, those whose UIDs ascend; where they lie close together all rows from the
 * first to the last are read in order. */
static enum err tell_run(struct telling *t)
{
    size_t end = t->next + 1, n = t->n;
    uint32_t first = t->some[t->next].uid.n, last = first, lost;
    for (; end < n && t->some[end].uid.n > last; end++) {
        if (t->some[end].uid.n - last > CHANGES_DENSE) break;
        last = t->some[end].uid.n;
    }
    struct numbered which = { t->what->map, { first, last }, WANT_FLAGS };
    t->n = end;
    enum err e = store_numbered(t->look.view, &t->look.mailbox, &which, tell_if_changed, t, &lost);
    t->n = n;
    t->next = end;
    return e;
}

static enum err tell_some(struct telling *t)
{
    struct imap *s = t->s;
    enum err e = imap_look(s, &t->look);
    if (e) return e;
    if (t->look.keywords_n > s->told_keywords) imap_tell_keywords(s, &t->look);
    t->n = t->next = 0;
    t->some = ARENA_ARRAY(&s->arena, CHANGES_A_LOOK, struct change);
    e = t->some ? store_changed(t->look.view, &t->look.mailbox, t->at, gather_change, t)
                : ERR_LIMIT;
    while (!e && t->next < t->n)
        e = tell_run(t);
    imap_look_end(&t->look);
    return e;
}

enum err imap_tell_changed(struct imap *s, const struct changed *what)
{
    struct telling t = { .s = s, .what = what };
    t.at = (struct change){ .modseq = what->since, .uid = { UINT32_MAX } };
    do {
        struct arena_mark mark = arena_mark(&s->arena);
        enum err e = tell_some(&t);
        arena_rewind(&s->arena, mark);
        if (e) return e;
        imap_send_some(s);
        if (conn_gone(s->conn)) return ERR_GONE;
    } while (t.n == CHANGES_A_LOOK);
    return OK;
}

/* --- expunges and new messages -------------------------------------------------------------- */
struct news {
    struct imap *s;
    struct seqmap before; /* as the session knows the mailbox */
    struct seqmap now;    /* as it will */
    struct uidset gone;   /* expunged, and not told */
    struct told told;     /* what will have been told */
    bool lost;            /* before is not known any more */
};

/* VANISHED in place of EXPUNGE: RFC 7162 3.2.10, RFC 9586 3. */
static bool hears_uids(const struct imap *s)
{
    return s->enabled & (ENABLED_QRESYNC | ENABLED_UIDONLY);
}

/* Below uidnext and not there; it may never have been there, or been told as gone already. */
static enum err all_that_is_not(struct news *n)
{
    uint32_t from = 1;
    for (;;) {
        struct uid next = seqmap_next(&n->now, (struct uid){ from });
        uint32_t end = n->s->told.uidnext.n;
        bool last = next.n == 0 || next.n >= end;
        if (!last) end = next.n;
        if (end > from && !uidset_add(&n->gone, from, end - 1)) return ERR_LIMIT;
        if (last) return OK;
        from = next.n + 1;
    }
}

static enum err find_gone(struct news *n)
{
    if (n->lost) return all_that_is_not(n);
    struct uid uid = seqmap_next_without(&n->before, &n->now, (struct uid){ 1 });
    for (; uid.n; uid = seqmap_next_without(&n->before, &n->now, (struct uid){ uid.n + 1 }))
        if (!uidset_add(&n->gone, uid.n, uid.n)) return ERR_LIMIT;
    return OK;
}

static enum err gather(struct news *n, struct look *look, bool expunges)
{
    struct imap *s = n->s;
    struct arena *a = &s->arena;
    n->gone = uidset_make(a);
    n->told = s->told;
    n->told.held = (struct uidset){ 0 };
    n->told.uidnext = look->mailbox.uidnext;
    n->told.modseq = n->told.expunge_modseq = look->mailbox.highest_modseq;
    enum err e = store_seqmap(look->view, &look->mailbox, &s->told, a, &n->before);
    n->lost = e == ERR_TOO_OLD && hears_uids(s) && expunges;
    if (e && !n->lost) return e;
    e = store_seqmap(look->view, &look->mailbox, &n->told, a, &n->now);
    if (!e) e = find_gone(n);
    if (e || expunges || n->gone.n == 0) return e;
    n->told.held = n->gone;
    return store_seqmap(look->view, &look->mailbox, &n->told, a, &n->now);
}

void imap_told_free(struct imap *s)
{
    mem_free(s->told.held.ranges);
    s->told = (struct told){ 0 };
}

/* What is held outlives the command. */
static void keep_told(struct imap *s, const struct told *told)
{
    struct uidset held = told->held;
    if (held.n) {
        held.ranges = MEM_ARRAY(held.n, struct uid_range);
        bytes_copy(held.ranges, held.n * sizeof(*held.ranges), told->held.ranges,
                   held.n * sizeof(*held.ranges));
    }
    imap_told_free(s);
    s->told = *told;
    s->told.held = (struct uidset){ .ranges = held.ranges, .n = held.n };
}

/* RFC 9051 7.5.1: each EXPUNGE renumbers what follows it, so the last goes first. */
static void tell_gone(struct news *n)
{
    struct imap *s = n->s;
    s->owes_modseq |= n->gone.n > 0;
    if (hears_uids(s)) {
        imap_tell_vanished(s, &n->gone, false);
        return;
    }
    for (size_t i = n->gone.n; i-- > 0;) {
        const struct uid_range *range = &n->gone.ranges[i];
        for (uint32_t uid = range->to; uid >= range->from; uid--) { /* from is never 0 */
            reply_count(&s->reply, seqmap_seq(&n->before, (struct uid){ uid }).n, S("EXPUNGE"));
            imap_send_some(s);
        }
    }
}

static bool nothing_new(const struct imap *s, const struct mailbox *m, bool expunges)
{
    if (m->highest_modseq.n != s->told.modseq.n || m->uidnext.n != s->told.uidnext.n) return false;
    return !expunges || s->told.held.n == 0;
}

/* RFC 5465 5: who does not listen to flags hears of those alone that a command of its own owes it.
 */
static enum err tell_flags_changed(struct imap *s, struct changed *changed)
{
    if (imap_hears_flags(s)) return imap_tell_changed(s, changed);
    struct uidset own = uidset_make(&s->arena);
    imap_flags_kept_back(s, changed->since);
    for (size_t i = 0; changed->own && i < changed->own->n; i++)
        if (!uidset_add(&own, changed->own->uids[i].n, changed->own->uids[i].n)) return ERR_LIMIT;
    changed->among = &own;
    enum err e = own.n ? imap_tell_changed(s, changed) : OK;
    changed->among = NULL;
    return e;
}

/* Who does not listen hears nothing, but what is expunged meanwhile is held for him like for who
 * may not hear yet: the store may forget it before he listens again, or names a number. */
static enum err hold(struct imap *s)
{
    struct look look;
    struct news n = { .s = s };
    enum err e = imap_look(s, &look);
    if (e) return e;
    bool any = look.mailbox.highest_modseq.n != s->told.expunge_modseq.n;
    if (any) e = gather(&n, &look, false);
    imap_look_end(&look);
    if (!any || e) return e;
    n.told.modseq = s->told.modseq;
    n.told.uidnext = s->told.uidnext;
    keep_told(s, &n.told);
    return OK;
}

enum err imap_sync(struct imap *s, bool expunges, const struct own_flags *own)
{
    if (!imap_hears(s)) return hold(s) == ERR_GONE ? ERR_GONE : OK;
    struct look look;
    enum err e = imap_look(s, &look);
    if (e) return e;
    if (look.rights != s->told_rights) imap_tell_keywords(s, &look);
    if (nothing_new(s, &look.mailbox, expunges)) {
        imap_look_end(&look);
        return OK;
    }
    struct news n = { .s = s };
    struct changed changed = {
        .map = &n.now, .own = own, .since = s->told.modseq, .below = s->told.uidnext
    };
    e = gather(&n, &look, expunges);
    imap_look_end(&look);
    if (e == ERR_TOO_OLD || e == ERR_LIMIT) {
        /* Numbers from before what the store remembers cannot be known again; a client with
         * QRESYNC does not need them. */
        imap_bye(s, S("UNAVAILABLE"), S("too much has changed, connect again"));
        return ERR_GONE;
    }
    if (e) return e;
    struct modseq since = s->told.modseq;
    keep_told(s, &n.told);
    uint64_t left = n.before.count;
    if (expunges) {
        imap_contexts_gone(s, &n.gone, &n.before);
        tell_gone(&n);
        left -= n.lost ? 0 : uidset_count(&n.gone);
    }
    if (n.now.count != left || n.lost) {
        reply_count(&s->reply, n.now.count, S("EXISTS"));
        imap_tell_overquota(s);
    }
    changed.until = n.told.modseq;
    e = tell_flags_changed(s, &changed);
    bool grown = !n.lost && n.now.count > left;
    struct arrived new = { .map = &n.now };
    if (grown) new.first = seqmap_uid(&n.now, (struct seq){ (uint32_t)left + 1 });
    if (!e) e = imap_contexts_changed(s, since, &new);
    /* RFC 5465 5.2: behind ADDTO. */
    return e || !grown ? e : imap_notify_new(s, &n.now, (uint32_t)left + 1);
}
