/* flags.c - STORE: flags by UID set, judged per message at commit.
 *
 * Two devices that change different flags of one message never undo each other: what is recorded
 * is what to add or remove, and the writer applies it to the newest flags.
 */
#include "store/progress_int.h"

enum { FLAGS_OPS = BOX_FLAGS_OPS + JOURNEY_OPS + 2 * BITS_KINDS };

struct flagging {
    const struct flag_change *change;
    struct sweep sweep;      /* of the transaction that runs */
    uint32_t committed_next; /* where the next one starts */
    struct growing failed;
    uint64_t keywords;
    bool done;
};

static struct flags asked(const struct flagging *f, struct flags old)
{
    const struct flag_change *c = f->change;
    switch (c->op) {
    case FLAGS_ADD: return (struct flags){ old.system | c->system, old.keywords | f->keywords };
    case FLAGS_REMOVE:
        return (struct flags){ old.system & (uint8_t)~c->system, old.keywords & ~f->keywords };
    case FLAGS_REPLACE: break;
    }
    return (struct flags){ c->system, f->keywords };
}

static struct flags apply(const struct flagging *f, struct flags old)
{
    struct flags now = asked(f, old);
    uint8_t kept = f->change->kept.system;
    now.system = (uint8_t)((now.system & ~kept) | (old.system & kept));
    if (f->change->kept.keywords) now.keywords = old.keywords;
    return now;
}

/* The journey is told of the first reading only: then the message's row is wanted too. */
static unsigned wanted(const struct flag_change *c)
{
    bool may_see = c->op != FLAGS_REMOVE && (c->system & FLAG_SEEN);
    return may_see ? FACTS_FLAGS | FACTS_MESSAGE : FACTS_FLAGS;
}

static enum err flag_one(struct flagging *f, struct box *b, struct uid uid)
{
    struct facts facts;
    struct uid_range on = { uid.n, f->sweep.run_end };
    enum err e = box_facts(b, on, wanted(f->change), &facts);
    if (e) return e;
    if (!(facts.parts & FACTS_FLAGS)) return OK; /* lost: check tells of it, the others go on */
    const struct flags_row *old = &facts.flags;
    if (old->modseq.n > f->change->unchanged_since.n) return growing_add(&f->failed, uid);
    struct flags_row now = *old;
    now.flags = apply(f, old->flags);
    if (now.flags.system == old->flags.system && now.flags.keywords == old->flags.keywords)
        return OK;
    bool first_seen = (now.flags.system & FLAG_SEEN) && !old->seen_once;
    now.seen_once |= first_seen;
    e = box_set_flags(b, uid, old, now);
    if (e || !first_seen) return e;
    if (!(facts.parts & FACTS_MESSAGE)) return ERR_CORRUPT;
    return journey_put_change(b, facts.journey, uid, S("seen"), f->change->actor);
}

static enum err flag_some(struct flagging *f, struct box *b)
{
    struct uid uid;
    const struct flag_change *c = f->change;
    enum err e = box_keywords(b, c->keywords, c->keywords_n, c->op != FLAGS_REMOVE, &f->keywords);
    if (e) return e;
    while (room_for_step(b->ledger->txn, FLAGS_OPS + BOX_SHARED_OPS)) {
        e = sweep_next(&f->sweep, b, BITS_LIVE, UINT32_MAX - 1, &uid);
        f->done = uid.n == 0;
        if (e || f->done) return e;
        e = flag_one(f, b, uid);
        if (e) return e;
    }
    return OK;
}

static enum err change_flags(struct txn *t, void *arg)
{
    struct flagging *f = arg;
    struct ledger l;
    struct box *b;
    f->done = false;
    f->sweep.next = f->committed_next;
    growing_back(&f->failed);
    enum err e = ledger_open(t, f->change->account, &l);
    if (!e) e = box_open(&l, mailbox_number(f->change->mailbox), &b);
    if (!e) e = flag_some(f, b);
    if (e) return e;
    box_close(b);
    ledger_close(&l);
    return OK;
}

enum err store_flags(struct store *s, const struct flag_change *c, struct uidset *failed)
{
    struct flagging f = { .change = c, .sweep.uids = c->uids, .committed_next = 1 };
    f.failed.set = failed;
    while (!f.done) {
        growing_keep(&f.failed);
        enum err e = store_commit(s, change_flags, &f);
        if (e) return e;
        f.committed_next = f.sweep.next;
        if (!f.done) stepped(&c->steps, f.committed_next);
    }
    return OK;
}
