/* copy.c - COPY and MOVE: the row is copied, the body is shared.
 *
 * Between the mailboxes of two accounts too: the copy counts for its new owner, and has an email id
 * and a thread of that account.
 */
#include "base/log.h"
#include "store/progress_int.h"

enum {
    COPY_OPS = BOX_ADD_OPS + BOX_REMOVE_OPS + 2 + JOURNEY_OPS + 4 * BITS_KINDS,
};

struct copying {
    const struct copy *what;
    struct sweep sweep;
    uint32_t committed_next;
    uint32_t
        last; /* of the source when the command began: copies into itself are not copied again */
    struct growing from, to;
    uint32_t uidvalidity;
    struct mailbox_id target;
    bool done;
};

/* m is the copy: the journey says where the message is now. */
static enum err take_away(const struct copying *c, struct box *from, struct uid uid, struct box *to,
                          const struct message *m, const struct facts *was)
{
    enum err e = box_remove(from, uid, was);
    if (!e) txn_blob_ref(from->ledger->txn, m->blob, -1);
    return e ? e : journey_put_change(to, m->journey, m->uid, S("moved"), c->what->actor);
}

/* The whole message, its card copied: the transaction goes on. ERR_NOTFOUND: a row of it is lost.
 */
static enum err take_message(const struct copying *c, struct box *from, struct uid uid,
                             struct facts *facts, struct message *m)
{
    struct ledger *l = from->ledger;
    struct uid_range on = { uid.n, c->sweep.run_end };
    enum err e = box_facts(from, on, FACTS_FLAGS, facts);
    if (e || !(facts->parts & FACTS_FLAGS)) return e ? e : ERR_NOTFOUND;
    e = message_get(in_txn(l->txn), l->account, from->m, uid, m);
    if (e) return e;
    facts->size_bytes = m->size_bytes;
    m->flags = facts->flags.flags;
    m->card = arena_copy(txn_arena(l->txn), m->card);
    return txn_arena(l->txn)->full ? ERR_LIMIT : OK;
}

static bool abroad(const struct copy *c)
{
    return c->to_account.n && c->to_account.n != c->account.n;
}

static struct account target_account(const struct copy *c)
{
    return abroad(c) ? c->to_account : c->account;
}

/* The copy as its new mailbox has it. */
static enum err adapt(const struct copying *c, const struct box *from, struct box *to,
                      struct message *m)
{
    struct ledger *l = to->ledger;
    enum err e = OK;
    m->flags.system &= (uint8_t)~c->what->without.system;
    if (c->what->without.keywords) m->flags.keywords = 0;
    if (from != to) e = box_translate(to, from->ledger->account, from->m, &m->flags.keywords);
    if (!e && (!c->what->move || abroad(c->what))) e = ledger_room(l, m->size_bytes, 1);
    if (e || !abroad(c->what)) return e;
    m->email_id = ++l->row.emails;
    return thread_join(l, m->card, m->email_id, &m->thread_id);
}

static enum err copy_one(struct copying *c, struct box *from, struct box *to, struct uid uid)
{
    struct ledger *l = from->ledger;
    struct facts facts = { 0 };
    struct message m = { 0 };
    enum err e = take_message(c, from, uid, &facts, &m);
    facts.moved = c->what->move;
    if (e) return e == ERR_NOTFOUND ? OK : e; /* lost: check tells of it, the others go on */
    e = adapt(c, from, to, &m);
    if (!e) e = box_add(to, &m, facts.flags.seen_once);
    if (e) return e;
    txn_blob_ref(l->txn, m.blob, 1);
    if (c->what->move) e = take_away(c, from, uid, to, &m, &facts);
    if (!e) e = growing_add(&c->from, uid);
    if (!e) e = growing_add(&c->to, m.uid);
    return e;
}

static enum err copy_some(struct copying *c, struct box *from, struct box *to)
{
    struct txn *t = from->ledger->txn;
    struct uid uid;
    c->uidvalidity = to->head.uidvalidity;
    c->target = mailbox_id_of(to->ledger->account, to->m);
    size_t ops = COPY_OPS + 2 * BOX_SHARED_OPS + (abroad(c->what) ? THREAD_OPS + 1 : 0);
    if (c->last == 0) c->last = from->head.uidnext - 1;
    while (room_for_step(t, ops)) {
        enum err e = sweep_next(&c->sweep, from, BITS_LIVE, c->last, &uid);
        c->done = uid.n == 0;
        if (e || c->done) return e;
        e = copy_one(c, from, to, uid);
        if (e) return e;
    }
    return OK;
}

static enum err copy(struct txn *t, void *arg)
{
    struct copying *c = arg;
    struct ledger l, other, *target = abroad(c->what) ? &other : &l;
    struct box *from = NULL, *to = NULL;
    c->done = false;
    c->sweep.next = c->committed_next;
    growing_back(&c->from);
    growing_back(&c->to);
    enum err e = ledger_open(t, c->what->account, &l);
    if (!e && target != &l) e = ledger_open(t, target_account(c->what), target);
    if (!e) e = box_open(&l, mailbox_number(c->what->from), &from);
    if (!e) e = box_open_name(target, c->what->to, &to);
    if (!e && target == &l && to->m == from->m) to = from; /* one head row may be open once */
    if (!e) e = copy_some(c, from, to);
    if (e) return e;
    box_close(from);
    if (to != from) box_close(to);
    ledger_close(&l);
    if (target != &l) ledger_close(target);
    return OK;
}

/* --- a copy that is more than one transaction should not stop halfway for quota -------------- */

struct total {
    const struct uidset *uids;
    uint64_t bytes, messages;
};

static bool add_size(void *arg, const struct message *m)
{
    struct total *t = arg;
    if (t->uids && !uidset_has(t->uids, m->uid)) return true;
    t->bytes += m->size_bytes;
    t->messages++;
    return true;
}

static enum err room_for(struct store *s, const struct copy *c)
{
    struct view *v = store_view(s);
    struct mailbox from;
    struct quota quota;
    struct ledger_row used;
    struct total total = { .uids = c->uids };
    if (!v) return ERR_LATER;
    struct account target = target_account(c);
    enum err e = store_quota(v, target, &quota);
    if (!e && (quota.bytes_max || quota.messages_max)) {
        e = store_mailbox_by_id(v, c->account, c->from, &from);
        struct uid_range all = { 1, UINT32_MAX };
        if (!e && c->uids && c->uids->n > 0)
            all = (struct uid_range){ c->uids->ranges[0].from, c->uids->ranges[c->uids->n - 1].to };
        if (!e) e = store_messages(v, &from, all, WANT_CARD, add_size, &total);
        if (!e) e = ledger_row_get(in_view(v), target, &used);
        if (!e) e = quota_room(in_view(v), target, &used, total.bytes, total.messages);
    }
    view_end(v);
    return e;
}

/* RFC 9051 6.4.7: a COPY that fails leaves its target as it was. What earlier commits have put
 * there goes again; should that fail too (the disk), the copies stay, and the log says so. */
static void take_back(struct store *s, const struct copying *c)
{
    struct expunge x = { .account = target_account(c->what),
                         .mailbox = c->target,
                         .unconditional = true };
    x.uids = c->to.set;
    if (c->to.set->n == 0) return;
    enum err e = store_expunge(s, &x, NULL);
    if (e)
        log_event(LOG_ERROR, "store.copy_left", S(""), F_NUM("account", x.account.n),
                  F_NUM("messages", uidset_count(c->to.set)), F_CSTR("why", err_text(e)));
}

static enum err copy_all(struct store *s, struct copying *c)
{
    enum err e = c->what->move && !abroad(c->what) ? OK : room_for(s, c->what);
    while (!e && !c->done) {
        growing_keep(&c->from);
        growing_keep(&c->to);
        e = store_commit(s, copy, c);
        c->committed_next = c->sweep.next;
        if (!e && !c->done) stepped(&c->what->steps, c->committed_next);
    }
    if (!e) return OK;
    growing_back(&c->from);
    growing_back(&c->to);
    if (c->what->move) return e;
    take_back(s, c);
    c->from.set->n = c->to.set->n = 0;
    return e;
}

enum err store_copy(struct store *s, const struct copy *c, struct copied *out)
{
    struct copying copying = { .what = c, .sweep.uids = c->uids, .committed_next = 1 };
    struct arena arena = arena_make(COPY_SETS_BYTES);
    struct uidset from = uidset_make(&arena), to = uidset_make(&arena);
    copying.from.set = out ? &out->from : &from;
    copying.to.set = out ? &out->to : &to;
    enum err e = copy_all(s, &copying);
    if (out) out->uidvalidity = copying.uidvalidity;
    arena_free(&arena);
    return e;
}
