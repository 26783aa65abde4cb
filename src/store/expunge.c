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

static enum err expunge_one(struct expunging *x, struct box *b, struct uid uid)
{
    struct txn *t = b->ledger->txn;
    struct message m = { 0 };
    enum err e = message_get(in_txn(t), b->ledger->account, b->m, uid, &m);
    if (e && e != ERR_NOTFOUND) return e; /* what is lost goes all the same */
    e = box_remove(b, uid, m.size_bytes);
    if (e) return e;
    if (m.blob.n) txn_blob_ref(t, m.blob, -1);
    e = journey_put_change(b, m.journey, uid, S("deleted"), x->what->actor);
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
    }
    return OK;
}
