/* expunge.c - EXPUNGE and POP3's QUIT: messages leave, a tombstone stays. */
#include "store/progress_int.h"

enum { EXPUNGE_OPS = BOX_REMOVE_OPS + 1 + JOURNEY_OPS + 2 * BITS_KINDS };

struct expunging {
    const struct expunge *what;
    struct sweep sweep;
    uint32_t committed_next;
    struct growing expunged;
    bool done;
};

enum err expunge_message(struct box *b, struct uid_range in, struct actor by)
{
    struct uid uid = { in.from };
    struct facts was; /* what is lost goes all the same */
    enum err e = box_facts(b, in, FACTS_FLAGS | FACTS_MESSAGE, &was);
    if (!e) e = box_remove(b, uid, &was);
    if (e) return e;
    if (was.blob.n) txn_blob_ref(b->ledger->txn, was.blob, -1);
    if (by.protocol.n == 0) return OK;
    return journey_put_change(b, was.journey, uid, S("deleted"), by);
}

static enum err expunge_one(struct expunging *x, struct box *b, struct uid uid)
{
    struct uid_range in = { uid.n, x->sweep.run_end };
    enum err e = expunge_message(b, in, x->what->actor);
    return e ? e : growing_add(&x->expunged, uid);
}

static enum err expunge_some(struct expunging *x, struct box *b)
{
    enum bits kind = x->what->unconditional ? BITS_LIVE : BITS_DELETED;
    struct uid uid;
    while (room_for_step(b->ledger->txn, EXPUNGE_OPS + BOX_SHARED_OPS)) {
        enum err e = sweep_next(&x->sweep, b, kind, UINT32_MAX - 1, &uid);
        x->done = uid.n == 0;
        if (e || x->done) return e;
        e = expunge_one(x, b, uid);
        if (e) return e;
    }
    return OK;
}

static enum err expunge(struct txn *t, void *arg)
{
    struct expunging *x = arg;
    struct ledger l;
    struct box *b;
    x->done = false;
    x->sweep.next = x->committed_next;
    growing_back(&x->expunged);
    enum err e = ledger_open(t, x->what->account, &l);
    if (!e) e = box_open(&l, mailbox_number(x->what->mailbox), &b);
    if (!e) e = expunge_some(x, b);
    if (e) return e;
    box_close(b);
    ledger_close(&l);
    return OK;
}

enum err store_expunge(struct store *s, const struct expunge *what, struct uidset *expunged)
{
    struct expunging x = { .what = what, .sweep.uids = what->uids, .committed_next = 1 };
    x.expunged.set = expunged;
    while (!x.done) {
        growing_keep(&x.expunged);
        enum err e = store_commit(s, expunge, &x);
        if (e) return e;
        x.committed_next = x.sweep.next;
        if (!x.done) stepped(&what->steps, x.committed_next);
    }
    return OK;
}
