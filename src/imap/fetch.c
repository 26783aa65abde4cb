/* fetch.c - FETCH: data of messages, the small ones from their cards, the large ones streamed.
 *
 * RFC 9051 6.4.5, 7.5.2; RFC 3501 6.4.5 (RFC822…); RFC 7162 3.1.4 (CHANGEDSINCE, MODSEQ);
 * RFC 8474 5; RFC 8514 4.2; RFC 8970 3; RFC 9394 3.3.
 * Envelope, structure, size, dates and flags come from rows and cards: listing reads no body.
 */
#include "imap/fetch_int.h"

#include "base/limits.h"
#include "run/fiber.h"

static bool sets_seen(const struct fetch_item *item)
{
    bool bytes = item->kind == FETCH_SECTION || item->kind == FETCH_BINARY ||
                 item->kind == FETCH_RFC822 || item->kind == FETCH_RFC822_TEXT;
    return bytes && !item->peek;
}

bool imap_item_reads(const struct fetch_item *item)
{
    return item->kind >= FETCH_RFC822 && item->kind <= FETCH_BINARY_SIZE;
}

/* What a whole FETCH asks for. */
struct wants {
    bool bytes; /* some item reads bodies */
    bool seen;  /* some item marks as read */
    bool card;
    unsigned rows; /* enum message_want: what the message's rows must say */
};

/* Of the items that are not here, the message's row knows, or its card. */
static unsigned rows_of(enum fetch_kind kind)
{
    if (kind == FETCH_UID) return 0;
    return kind == FETCH_FLAGS || kind == FETCH_MODSEQ ? WANT_FLAGS : WANT_CARD;
}

static struct wants wants(const struct fetch_args *fetch)
{
    struct wants w = { .rows = fetch->has_changed_since ? WANT_FLAGS : 0 };
    for (size_t i = 0; i < fetch->n; i++) {
        const struct fetch_item *item = &fetch->items[i];
        w.bytes |= imap_item_reads(item);
        w.seen |= sets_seen(item);
        w.rows |= rows_of(item->kind);
        w.card |= imap_item_reads(item) || item->kind == FETCH_ENVELOPE ||
                  item->kind == FETCH_BODY || item->kind == FETCH_BODYSTRUCTURE ||
                  item->kind == FETCH_PREVIEW;
    }
    if (!w.rows) w.rows = WANT_FLAGS; /* of UID alone: is it there at all? */
    return w;
}

/* --- \Seen ---------------------------------------------------------------------------------- */
struct unseen {
    const struct named *named;
    struct uidset uids;
};

static bool gather_unseen(void *arg, const struct message *m)
{
    struct unseen *u = arg;
    if (m->flags.system & FLAG_SEEN) return true;
    if (seqmap_seq(&u->named->map, m->uid).n == 0) return true;
    return uidset_add(&u->uids, m->uid.n, m->uid.n);
}

/* RFC 9051 6.4.5: reading a body marks it as read; the flags are told when the command ends. If
 * the store cannot take it now (a full disk), reading goes on. */
static void mark_seen(struct imap *s, struct look *look, const struct named *named)
{
    struct unseen u = { .named = named, .uids = uidset_make(&s->arena) };
    enum err e = OK;
    for (size_t i = 0; !e && i < named->uids.n; i++)
        e = store_messages(look->view, &look->mailbox, named->uids.ranges[i], WANT_FLAGS,
                           gather_unseen, &u);
    imap_look_end(look);
    if (e || u.uids.n == 0) return;
    uidset_normalise(&u.uids);
    struct flag_change change = {
        .account = s->selected,
        .mailbox = s->told.mailbox,
        .uids = &u.uids,
        .op = FLAGS_ADD,
        .system = FLAG_SEEN,
        .unchanged_since = { UINT64_MAX },
        .actor = imap_actor(s),
    };
    (void)(store_flags(s->server->store, &change, NULL) == OK);
}

/* --- one message ---------------------------------------------------------------------------- */
static enum err item(struct fetched *f, const struct fetch_item *want)
{
    struct reply *r = &f->s->reply;
    switch (want->kind) {
    case FETCH_FLAGS:
        reply_words(r, S("FLAGS "));
        reply_flags(r, f->m.flags, f->look->keywords, f->look->keywords_n);
        return OK;
    case FETCH_UID:
        reply_words(r, S("UID "));
        reply_number(r, f->m.uid.n);
        return OK;
    case FETCH_INTERNALDATE:
        reply_words(r, S("INTERNALDATE "));
        reply_date_time(r, f->m.internal_date_s, f->m.internal_zone_min);
        return OK;
    case FETCH_RFC822_SIZE:
        reply_words(r, S("RFC822.SIZE "));
        reply_number(r, f->m.size_bytes);
        return OK;
    case FETCH_MODSEQ:
        reply_words(r, S("MODSEQ ("));
        reply_number(r, f->m.modseq.n);
        reply_words(r, S(")"));
        return OK;
    case FETCH_ENVELOPE:
        reply_words(r, S("ENVELOPE "));
        reply_bytes(r, f->card.envelope);
        return OK;
    case FETCH_BODYSTRUCTURE:
        reply_words(r, S("BODYSTRUCTURE "));
        reply_bytes(r, f->card.bodystructure);
        return OK;
    case FETCH_BODY:
        reply_words(r, S("BODY "));
        card_body(&f->card, &r->out);
        return OK;
    case FETCH_EMAILID:
        reply_words(r, S("EMAILID ("));
        imap_email_id(&r->out, f->look->mailbox.account, f->m.email_id);
        reply_words(r, S(")"));
        return OK;
    case FETCH_THREADID:
        reply_words(r, S("THREADID ("));
        imap_thread_id(&r->out, f->look->mailbox.account, f->m.thread_id);
        reply_words(r, S(")"));
        return OK;
    case FETCH_SAVEDATE:
        reply_words(r, S("SAVEDATE "));
        reply_date_time(r, f->m.saved_us / 1000000, 0);
        return OK;
    case FETCH_PREVIEW:
        reply_words(r, S("PREVIEW "));
        reply_string(r, f->card.preview);
        return OK;
    default: return imap_fetch_bytes(f, want);
    }
}

static bool asks_for(const struct fetch_args *fetch, enum fetch_kind kind)
{
    for (size_t i = 0; i < fetch->n; i++)
        if (fetch->items[i].kind == kind) return true;
    return false;
}

static enum err response(struct fetched *f, const struct command *c, struct seq seq)
{
    static const struct fetch_item uid = { .kind = FETCH_UID }, modseq = { .kind = FETCH_MODSEQ };
    const struct fetch_args *fetch = &c->fetch;
    struct reply *r = &f->s->reply;
    enum err e = OK;
    bool uid_said = f->s->enabled & ENABLED_UIDONLY;
    imap_fetch_head(f->s, seq, f->m.uid);
    size_t start = r->out.n;
    if (c->uid && !uid_said && !asks_for(fetch, FETCH_UID)) (void)(item(f, &uid) == OK);
    if (fetch->has_changed_since && !asks_for(fetch, FETCH_MODSEQ)) {
        if (r->out.n > start) reply_words(r, S(" "));
        (void)(item(f, &modseq) == OK);
    }
    bool first = r->out.n == start;
    for (size_t i = 0; !e && i < fetch->n; i++) {
        if (!first) reply_words(r, S(" "));
        first = false;
        e = item(f, &fetch->items[i]);
        if (f->reader) imap_send_some(f->s); /* no view is open then, and items may be large */
    }
    reply_words(r, S(")"));
    reply_end(r);
    return e;
}

/* --- the messages --------------------------------------------------------------------------- */
struct fetching {
    struct imap *s;
    const struct command *c;
    struct wants wants;
    struct named named;
    struct named_walk walk;
    bool missing; /* some message could not be read any more */
    bool corrupt;
    bool singly; /* a row could not be read: the others are, one by one */
};

/* The card is in the row, or beside the body when it is long. */
static enum err open_card(struct fetched *f)
{
    if (!f->reader && f->m.card.n == 0) {
        enum err e = body_open(store_engine(f->s->server->store), f->m.blob, &f->reader);
        if (e) return e;
    }
    if (f->m.card.n == 0) {
        enum err e = body_side(f->reader, &f->m.card);
        if (e) return e;
    }
    return card_open(f->m.card, &f->card) ? OK : ERR_CORRUPT;
}

/* With the view closed. */
static enum err fetch_reading(struct fetching *g, struct fetched *f, struct seq seq)
{
    enum err e = OK;
    if (g->wants.bytes) e = body_open(store_engine(g->s->server->store), f->m.blob, &f->reader);
    if (!e) e = open_card(f);
    if (!e) e = response(f, g->c, seq);
    if (f->reader) body_close(f->reader);
    return e;
}

static void note(struct fetching *g, enum err e)
{
    g->missing |= e == ERR_NOTFOUND;
    g->corrupt |= e == ERR_CORRUPT;
}

/* --- CHANGEDSINCE --------------------------------------------------------------------------- */
struct narrowing {
    const struct uidset *named;
    struct uidset changed;
    bool full;
};

static bool gather_changed(void *arg, const struct change *c)
{
    struct narrowing *n = arg;
    if (!uidset_has(n->named, c->uid)) return true;
    n->full = !uidset_add(&n->changed, c->uid.n, c->uid.n);
    return !n->full;
}

/* RFC 7162 3.1.4.1. The changes are asked, not each message: who comes back asks for 1:*. */
static enum err narrow(struct fetching *g, const struct look *look)
{
    struct narrowing n = { .named = &g->named.uids, .changed = uidset_make(&g->s->arena) };
    struct change after = { .modseq = { g->c->fetch.changed_since }, .uid = { UINT32_MAX } };
    enum err e = store_changed(look->view, &look->mailbox, after, gather_changed, &n);
    if (e || n.full) return e ? e : ERR_LIMIT;
    uidset_normalise(&n.changed);
    g->named.uids = n.changed;
    return OK;
}

/* --- PARTIAL ---------------------------------------------------------------------------------- */

/* RFC 9394 3.3: of the messages that are asked for, those in these places. RFC 9738 3.1: more
 * places than a command may be about are refused. */
static enum err cut(struct fetching *g)
{
    const struct partial *places = &g->c->fetch.places;
    enum err e = imap_limit_count(g->s, (uint64_t)places->to - places->from + 1,
                                  g->s->server->settings->messages_max);
    if (e) return e;
    uint64_t all = imap_named_count(&g->named, UINT32_MAX), from, to;
    if (!imap_partial_places(*places, all, &from, &to)) to = from = 0;
    bool fits = imap_named_slice(&g->named, from, to, &g->s->arena, &g->named.uids);
    return fits ? OK : ERR_LIMIT;
}

/* RFC 7162 3.2.6; those that the session still has are told as expunged when the command ends. */
static enum err find_vanished(struct fetching *g, const struct look *look, struct uidset *out)
{
    struct since since = {
        .modseq = { g->c->fetch.changed_since },
        .among = &g->named.uids,
        .has = &g->named.map,
    };
    return imap_vanished_since(g->s, look, &since, out);
}

/* From the walk's place on, while a view is open. */
struct page {
    struct fetching *g;
    struct look look;
    struct fetched f;
    struct aside {
        struct message m;
        struct seq seq;
    } * aside; /* to be read without the view: for their bytes, or for a card beside the body */
    size_t aside_n, aside_max;
    bool moved; /* the message at the walk's place was looked at */
    enum err err;
};

static bool page_full(const struct page *p)
{
    return p->aside_n == p->aside_max || p->err || p->g->s->reply.out.n >= IMAP_REPLY_FLUSH_BYTES;
}

static bool put_aside(struct page *p, struct seq seq, const struct message *m)
{
    struct arena *a = &p->g->s->arena;
    struct aside *place = &p->aside[p->aside_n++];
    *place = (struct aside){ .m = *m, .seq = seq };
    place->m.card = arena_copy(a, m->card);
    if (a->full) p->err = ERR_LIMIT;
    return !page_full(p);
}

static bool tell_message(void *arg, struct seq seq, const struct message *m)
{
    struct page *p = arg;
    struct fetching *g = p->g;
    enum err e = OK;
    g->walk.uid = m->uid;
    p->moved = true;
    if (g->wants.bytes) return put_aside(p, seq, m);
    if (g->wants.card && m->card.n == 0) {
        p->aside_max = 1; /* its response comes before those of the next */
        return put_aside(p, seq, m);
    }
    p->f.m = *m;
    if (g->wants.card) e = open_card(&p->f);
    if (!e) e = response(&p->f, g->c, seq);
    note(g, e);
    if (e != ERR_CORRUPT && e != ERR_NOTFOUND) p->err = e;
    return !page_full(p);
}

static void tell_single(struct page *p)
{
    struct fetching *g = p->g;
    struct message m;
    enum err e = store_message(p->look.view, &p->look.mailbox, g->walk.uid, &m);
    note(g, e);
    p->moved = true;
    if (!e)
        tell_message(p, seqmap_seq(&g->named.map, m.uid), &m);
    else if (e != ERR_CORRUPT && e != ERR_NOTFOUND)
        p->err = e;
}

/* Those that follow each other: their rows are read in order, which costs a tenth. */
static void tell_range(struct page *p, struct uid_range range)
{
    struct fetching *g = p->g;
    struct numbered which = { &g->named.map, range, g->wants.rows };
    uint32_t lost = 0;
    enum err e = store_numbered(p->look.view, &p->look.mailbox, &which, tell_message, p, &lost);
    g->missing |= lost > 0;
    g->singly = e == ERR_CORRUPT;
    if (e && !g->singly) p->err = e;
    if (e || page_full(p)) return;
    g->walk.uid.n = range.to; /* all of it was told */
    p->moved = true;
}

/* Large messages of one client leave the others their turns. */
static void yield_after(struct imap *s, uint64_t *sent)
{
    uint64_t now = conn_bytes_out(s->conn);
    if (now - *sent < IMAP_READ_BYTES) return;
    *sent = now;
    fiber_yield();
}

static enum err read_aside(struct page *p)
{
    struct imap *s = p->g->s;
    enum err e = p->err;
    uint64_t sent = conn_bytes_out(s->conn);
    for (size_t i = 0; i < p->aside_n && !e; i++) {
        struct arena_mark mark = arena_mark(&s->arena);
        struct fetched f = { .s = s, .look = &p->look, .m = p->aside[i].m };
        e = fetch_reading(p->g, &f, p->aside[i].seq);
        note(p->g, e);
        if (e == ERR_NOTFOUND || e == ERR_CORRUPT) e = OK;
        arena_rewind(&s->arena, mark);
        imap_send_some(s);
        yield_after(s, &sent);
        if (conn_gone(s->conn)) return ERR_GONE;
    }
    return e;
}

/* Messages from the walk's place on, until some need a wait or enough is said. */
static enum err page(struct fetching *g)
{
    struct page p = { .g = g, .f = { .s = g->s, .look = &p.look } };
    p.aside_max = IMAP_FETCH_ASIDE;
    p.aside = ARENA_ARRAY(&g->s->arena, p.aside_max, struct aside);
    if (!p.aside) return ERR_LIMIT;
    enum err e = imap_look(g->s, &p.look);
    if (e) return e;
    while (g->walk.uid.n && !page_full(&p)) {
        struct uid_range range = { g->walk.uid.n, g->named.uids.ranges[g->walk.range].to };
        p.moved = false;
        if (range.from == range.to || g->singly)
            tell_single(&p);
        else
            tell_range(&p, range);
        if (p.moved) imap_named_next(&g->named, &g->walk);
    }
    imap_look_end(&p.look);
    return read_aside(&p);
}

enum err imap_fetch(struct imap *s, const struct command *c)
{
    struct fetching g = { .s = s, .c = c, .wants = wants(&c->fetch) };
    if (c->fetch.vanished && !(s->enabled & ENABLED_QRESYNC))
        return imap_bad(s, S("QRESYNC is not enabled"));
    if (c->fetch.has_changed_since || asks_for(&c->fetch, FETCH_MODSEQ))
        imap_enable_now(s, ENABLED_CONDSTORE);
    struct look look;
    struct uidset vanished = { 0 };
    enum err e = imap_look(s, &look);
    if (e) return e;
    e = imap_named(s, &look, c, c->fetch.set, &g.named);
    if (!e && c->fetch.vanished) e = find_vanished(&g, &look, &vanished);
    if (!e && c->fetch.has_changed_since) e = narrow(&g, &look);
    if (!e && c->fetch.places.from) e = cut(&g);
    if (!e && c->tag.n) imap_limit_cut(s, &g.named); /* without a tag it is news */
    if (!e && g.wants.seen && !s->read_only && (look.rights & RIGHT_SEEN))
        mark_seen(s, &look, &g.named);
    else
        imap_look_end(&look);
    if (e) return e;
    imap_tell_vanished(s, &vanished, true);

    imap_named_first(&g.named, &g.walk);
    while (!e && g.walk.uid.n) {
        struct arena_mark mark = arena_mark(&s->arena);
        e = page(&g);
        arena_rewind(&s->arena, mark);
        imap_send_some(s);
        if (g.wants.bytes) fiber_yield();
        if (conn_gone(s->conn)) return ERR_GONE;
    }
    if (e) return e;
    if (g.corrupt) return ERR_CORRUPT;
    /* RFC 5530: EXPUNGEISSUED; the data of a message that is gone for good. */
    if (g.missing) return imap_no(s, ERR_NOTFOUND, S("EXPUNGEISSUED"), S("some messages are gone"));
    return OK;
}
