/* purge.c - removing what belonged to a deleted mailbox or a removed user, a transaction at a time.
 *
 * The mailbox or user is gone already, marked by a row that this removes last; so a purge that a
 * crash interrupts is found again and finished by store_tidy.
 */
#include "store/store_int.h"

#include "base/codec.h"
#include "base/mem.h"

/* --- blobs: let go of what live messages hold ------------------------------------------------ */

struct purge {
    struct account account;
    uint32_t m;
    bool done;
};

static enum err let_go(struct txn *t, const struct purge *p, struct uid uid)
{
    struct message message = { 0 };
    uint32_t n = 0;
    enum err e = message_get(in_txn(t), p->account, p->m, uid, &message);
    if (e) return e == ERR_NOTFOUND ? OK : e; /* a lost one holds nothing */
    struct msgid journey = message.journey;
    txn_blob_ref(t, message.blob, -1);
    return journey_put(t, journey, &n, S("deleted"), S("with its mailbox"));
}

static enum err let_go_block(struct txn *t, struct purge *p, struct bitmap *live)
{
    struct bitmap_place at = { p->account, p->m, BITS_LIVE };
    unsigned bit = 0;
    while (room_for_step(t, 4) && (bit = bitmap_next(live->words, bit)) < STORE_BITMAP_UIDS) {
        struct uid uid = { live->block * STORE_BITMAP_UIDS + bit };
        enum err e = let_go(t, p, uid);
        if (e) return e;
        bitmap_set(live, uid.n, false);
    }
    bitmap_save(t, at, live);
    return OK;
}

static enum err purge_blobs(struct txn *t, void *arg)
{
    struct purge *p = arg;
    struct bitmap_place at = { p->account, p->m, BITS_LIVE };
    struct bitmap live;
    p->done = false;
    while (room_for_step(t, 8)) {
        enum err e = bitmap_find(in_txn(t), at, 0, &live);
        p->done = e == ERR_NOTFOUND;
        if (p->done) return OK;
        if (!e) e = let_go_block(t, p, &live);
        if (e) return e;
    }
    return OK;
}

/* --- rows ------------------------------------------------------------------------------------ */

struct doomed {
    struct key *keys;
    size_t n;
};

static bool take_key(void *arg, str key, str value)
{
    struct doomed *d = arg;
    (void)value;
    struct key *k = &d->keys[d->n++];
    k->n = (uint8_t)key.n;
    bytes_copy(k->p, sizeof k->p, key.p, key.n);
    return d->n < PURGE_KEYS;
}

enum err purge_keys(struct txn *t, struct account a, const struct key *first,
                    const struct key *prefix, bool *done)
{
    struct doomed d = { .keys = ARENA_ARRAY(txn_arena(t), PURGE_KEYS, struct key) };
    if (!d.keys) return ERR_LIMIT;
    enum err e = source_scan(in_txn(t), a, first, prefix, take_key, &d);
    if (e) return e;
    for (size_t i = 0; i < d.n; i++)
        row_delete(t, a, &d.keys[i]);
    *done = d.n < PURGE_KEYS;
    return OK;
}

static enum err purge_rows(struct txn *t, void *arg)
{
    static const enum tag tags[] = { TAG_UNSEEN, TAG_DELETED, TAG_MESSAGE,   TAG_FLAGS,
                                     TAG_CHANGE, TAG_KEYWORD, TAG_TOMBSTONE, TAG_ENTRY };
    struct purge *p = arg;
    bool shared_no_more = false;
    p->done = false;
    enum err failed = grants_purge(t, p->account, p->m, &shared_no_more);
    if (failed || !shared_no_more) return failed;
    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        struct key prefix = key_box(tags[i], p->m);
        bool all = false;
        if (!room_for_step(t, PURGE_KEYS)) return OK;
        enum err e = purge_keys(t, p->account, &prefix, &prefix, &all);
        if (e || !all) return e;
    }
    struct key dying = key_box(TAG_DYING, p->m);
    row_delete(t, p->account, &dying);
    p->done = true;
    return OK;
}

static enum err until_done(struct store *s, txn_fn *fn, struct purge *p)
{
    enum err e;
    do
        e = store_commit(s, fn, p);
    while (!e && !p->done);
    return e;
}

enum err purge_mailbox(struct store *s, struct account a, uint32_t m)
{
    struct purge p = { .account = a, .m = m };
    enum err e = until_done(s, purge_blobs, &p);
    return e ? e : until_done(s, purge_rows, &p);
}

/* --- users ----------------------------------------------------------------------------------- */

struct first_box {
    uint32_t m;
};

static bool take_box(void *arg, str key, str value)
{
    (void)value;
    if (key.n == 5) ((struct first_box *)arg)->m = get_be32(key.p + 1);
    return false;
}

/* Any mailbox that is left, dying or not; 0 if none. */
static enum err any_mailbox(struct store *s, struct account a, uint32_t *m)
{
    static const enum tag tags[] = { TAG_HEAD, TAG_DYING };
    struct first_box first = { 0 };
    struct view *v = store_view(s);
    if (!v) return ERR_LATER;
    enum err e = OK;
    for (size_t i = 0; !e && first.m == 0 && i < COUNT_OF(tags); i++) {
        struct key all = key_of(tags[i]);
        e = source_scan(in_view(v), a, &all, &all, take_box, &first);
    }
    view_end(v);
    if (!e) *m = first.m;
    return e;
}

static enum err forget_head(struct txn *t, void *arg)
{
    const struct purge *p = arg;
    struct key head = key_box(TAG_HEAD, p->m);
    struct key title = key_box(TAG_TITLE, p->m);
    row_delete(t, p->account, &head);
    row_delete(t, p->account, &title);
    return OK;
}

static enum err forget_shared(struct txn *t, void *arg)
{
    struct purge *p = arg;
    return grants_forget(t, p->account, &p->done);
}

static enum err purge_rest(struct txn *t, void *arg)
{
    struct purge *p = arg;
    struct key first = { .p = { 1 }, .n = 1 }, last = { .p = { 'z' }, .n = 1 };
    enum err e = purge_keys(t, p->account, &first, &last, &p->done);
    if (e || !p->done) return e;
    struct key leaving = key_of(TAG_LEAVING);
    key_u64(&leaving, p->account.n);
    row_delete(t, ACCOUNT_DIRECTORY, &leaving);
    return OK;
}

enum err purge_account(struct store *s, struct account a)
{
    struct purge p = { .account = a };
    for (;;) {
        enum err e = any_mailbox(s, a, &p.m);
        if (e) return e;
        if (p.m == 0) break;
        e = purge_mailbox(s, a, p.m);
        if (!e) e = store_commit(s, forget_head, &p);
        if (e) return e;
    }
    enum err e = until_done(s, forget_shared, &p);
    return e ? e : until_done(s, purge_rest, &p);
}
