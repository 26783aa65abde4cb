/* tidy.c - forgetting: tombstones, expunged messages and journeys whose time is over; and what a
 * crash left of a removal.
 *
 * Small transactions, with views that span none of them; stopped anywhere, the next run goes on.
 */
#include "store/store_int.h"

#include "base/codec.h"
#include "base/mem.h"
#include "run/fiber.h"

/* --- gathering: what a view shows, kept beyond it -------------------------------------------- */

struct numbers {
    uint64_t *at;
    size_t n, cap;
};

static void add_number(struct numbers *all, uint64_t number)
{
    if (all->n == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : 64;
        all->at = mem_resize(all->at, all->cap, cap, sizeof *all->at);
        all->cap = cap;
    }
    all->at[all->n++] = number;
}

static bool add_account(void *arg, struct account a)
{
    if (a.n >= ACCOUNT_FIRST_USER) add_number(arg, a.n);
    return true;
}

static bool add_u64(void *arg, str key, str value)
{
    (void)value;
    add_number(arg, get_be64(key.p + 1));
    return true;
}

static bool add_u32(void *arg, str key, str value)
{
    (void)value;
    add_number(arg, get_be32(key.p + 1));
    return true;
}

/* The numbers after the tag of each such key. */
static enum err gather(struct store *s, struct account a, enum tag tag, engine_each *each,
                       struct numbers *out)
{
    struct key all = key_of(tag);
    struct view *v = store_view(s);
    if (!v) return ERR_LATER;
    enum err e = source_scan(in_view(v), a, &all, &all, each, out);
    view_end(v);
    return e;
}

/* --- tombstones ------------------------------------------------------------------------------ */

struct forgetting {
    struct account account;
    uint32_t m;
    uint64_t keep_us;
    bool done;
};

enum { FORGET_OPS = 3 };

struct old {
    int64_t before_us;
    struct change *changes;
    size_t n, cap;
};

static bool take_old(void *arg, str key, str value)
{
    struct old *o = arg;
    struct tombstone_row row = { 0 }; /* what cannot be read is old */
    if (tombstone_read(value, &row)) row.when_us = 0;
    if (row.when_us >= o->before_us || o->n == o->cap) return false;
    struct change *c = &o->changes[o->n++];
    c->modseq.n = get_be64(key.p + 5);
    c->uid.n = get_be32(key.p + 13);
    return true;
}

static void forget_one(struct txn *t, const struct forgetting *f, const struct change *c)
{
    struct key tombstone = key_change(TAG_TOMBSTONE, f->m, c->modseq, c->uid);
    struct key message = key_box_u32(TAG_MESSAGE, f->m, c->uid.n);
    struct key flags = key_box_u32(TAG_FLAGS, f->m, c->uid.n);
    row_delete(t, f->account, &tombstone);
    row_delete(t, f->account, &message);
    row_delete(t, f->account, &flags);
}

static enum err count_forgotten(struct txn *t, struct account a, size_t n)
{
    struct ledger_row row;
    enum err e = ledger_row_get(in_txn(t), a, &row);
    if (e) return e == ERR_NOTFOUND ? OK : e;
    row.forgotten += n;
    ledger_row_put(t, a, &row);
    return OK;
}

/* A session that was told of less than the horizon is told to start over, also when a transaction
 * stops in the middle of a modseq and its other tombstones are still there. */
static enum err forget(struct txn *t, void *arg)
{
    struct forgetting *f = arg;
    struct key all = key_box(TAG_TOMBSTONE, f->m);
    struct old old = { .before_us = txn_wall_us(t) - (int64_t)f->keep_us };
    struct head head;
    f->done = true;
    old.cap = STORE_STEP_OPS / FORGET_OPS;
    old.changes = ARENA_ARRAY(txn_arena(t), old.cap, struct change);
    if (!old.changes) return ERR_LIMIT;
    enum err e = head_get(in_txn(t), f->account, f->m, &head);
    if (e) return e == ERR_NOTFOUND ? OK : e; /* deleted meanwhile */
    e = source_scan(in_txn(t), f->account, &all, &all, take_old, &old);
    if (e || old.n == 0) return e;
    for (size_t i = 0; i < old.n; i++)
        forget_one(t, f, &old.changes[i]);
    e = count_forgotten(t, f->account, old.n);
    if (e) return e;
    head.horizon = old.changes[old.n - 1].modseq.n;
    head_put(t, f->account, f->m, &head);
    f->done = old.n < old.cap;
    return OK;
}

static enum err tidy_mailbox(struct store *s, struct account a, uint32_t m)
{
    const struct store_settings *keep = &s->settings;
    uint64_t keep_ms =
        keep->tombstone_ms > keep->undelete_ms ? keep->tombstone_ms : keep->undelete_ms;
    struct forgetting f = { .account = a, .m = m, .keep_us = keep_ms * 1000 };
    while (!f.done) {
        enum err e = store_commit(s, forget, &f);
        if (e) return e;
    }
    return OK;
}

/* Most mailboxes have none, and cost no commit. */
static bool any_tombstone(struct store *s, struct account a, uint32_t m)
{
    struct view *v = store_view(s);
    struct key all = key_box(TAG_TOMBSTONE, m);
    struct change one;
    struct old first = { .before_us = INT64_MAX, .changes = &one, .cap = 1 };
    enum err e = v ? source_scan(in_view(v), a, &all, &all, take_old, &first) : ERR_LATER;
    if (v) view_end(v);
    return e || first.n > 0;
}

/* --- deleted mailboxes ------------------------------------------------------------------------ */

struct ending {
    struct account account;
    uint32_t m;
    uint64_t keep_us;
    bool over;
};

static enum err is_over(struct txn *t, void *arg)
{
    struct ending *d = arg;
    struct key k = key_box(TAG_DYING, d->m);
    struct dying_row row = { 0 };
    str value;
    enum err e = source_get(in_txn(t), d->account, &k, &value);
    if (!e && dying_read(value, &row)) row.when_us = 0;
    d->over = !e && row.when_us <= txn_wall_us(t) - (int64_t)d->keep_us;
    return e == ERR_NOTFOUND ? OK : e;
}

/* Its messages can be restored for as long as expunged ones. */
static enum err tidy_dying(struct store *s, struct account a, uint32_t m)
{
    struct ending d = { .account = a, .m = m, .keep_us = s->settings.undelete_ms * 1000 };
    enum err e = store_commit(s, is_over, &d);
    return e || !d.over ? e : purge_mailbox(s, a, m);
}

static enum err tidy_account(struct store *s, struct account a)
{
    struct numbers dying = { 0 }, boxes = { 0 };
    enum err e = gather(s, a, TAG_DYING, add_u32, &dying);
    if (!e) e = gather(s, a, TAG_HEAD, add_u32, &boxes);
    if (!e) e = rename_resume(s, a);
    for (size_t i = 0; !e && i < dying.n; i++)
        e = tidy_dying(s, a, (uint32_t)dying.at[i]);
    for (size_t i = 0; !e && i < boxes.n; i++)
        if (any_tombstone(s, a, (uint32_t)boxes.at[i]))
            e = tidy_mailbox(s, a, (uint32_t)boxes.at[i]);
    if (!e) e = thread_tidy(s, a);
    mem_free(dying.at);
    mem_free(boxes.at);
    return e;
}

static enum err tidy_accounts(struct store *s)
{
    struct numbers leaving = { 0 }, accounts = { 0 };
    enum err e = gather(s, ACCOUNT_DIRECTORY, TAG_LEAVING, add_u64, &leaving);
    for (size_t i = 0; !e && i < leaving.n; i++)
        e = purge_account(s, (struct account){ leaving.at[i] });
    struct view *v = e ? NULL : store_view(s);
    if (!e) e = v ? view_accounts(v, add_account, &accounts) : ERR_LATER;
    if (v) view_end(v);
    for (size_t i = 0; !e && i < accounts.n; i++) {
        if (fiber_self()) fiber_yield();
        e = tidy_account(s, (struct account){ accounts.at[i] });
    }
    mem_free(leaving.at);
    mem_free(accounts.at);
    return e;
}

/* --- journeys -------------------------------------------------------------------------------- */

enum { JOURNEYS_AT_ONCE = 256 };

/* Walks the ids from `next` on, as long as they may be old enough. */
struct journeys {
    uint64_t next, end; /* ids */
    struct msgid ids[JOURNEYS_AT_ONCE];
    size_t n;
    uint64_t keep_us;
    size_t at; /* the next of ids to look at, when committed */
    size_t committed_at;
};

static bool take_id(void *arg, str key, str value)
{
    struct journeys *j = arg;
    (void)value;
    uint64_t id = get_be64(key.p + 1);
    if (id >= j->end) return false;
    j->ids[j->n++].n = id;
    j->next = id + 1;
    return j->n < JOURNEYS_AT_ONCE;
}

static enum err next_ids(struct store *s, struct journeys *j)
{
    struct key first = key_of(TAG_ID), all = key_of(TAG_ID);
    struct view *v = store_view(s);
    if (!v) return ERR_LATER;
    key_u64(&first, j->next);
    j->n = j->committed_at = 0;
    enum err e = source_scan(in_view(v), ACCOUNT_JOURNEY, &first, &all, take_id, j);
    view_end(v);
    return e;
}

static bool take_time(void *arg, str key, str value)
{
    (void)value;
    *(int64_t *)arg = (int64_t)get_be64(key.p + 9);
    return true;
}

/* A journey with an event that is young enough stays whole. */
static enum err forget_journey(struct txn *t, const struct journeys *j, struct msgid id,
                               bool *all_gone)
{
    struct key events = key_of(TAG_EVENT), taken = key_of(TAG_ID);
    int64_t last_us = 0;
    key_u64(&events, id.n);
    key_u64(&taken, id.n);
    *all_gone = true;
    enum err e = source_scan(in_txn(t), ACCOUNT_JOURNEY, &events, &events, take_time, &last_us);
    if (e || last_us >= txn_wall_us(t) - (int64_t)j->keep_us) return e;
    e = purge_keys(t, ACCOUNT_JOURNEY, &events, &events, all_gone);
    if (!e && *all_gone) row_delete(t, ACCOUNT_JOURNEY, &taken);
    return e;
}

static enum err forget_journeys(struct txn *t, void *arg)
{
    struct journeys *j = arg;
    for (j->at = j->committed_at; j->at < j->n && room_for_step(t, PURGE_KEYS + 1); j->at++) {
        bool all_gone;
        enum err e = forget_journey(t, j, j->ids[j->at], &all_gone);
        if (e) return e;
        if (!all_gone) return OK;
    }
    return OK;
}

static enum err tidy_journeys(struct store *s)
{
    struct journeys *j = MEM_NEW(struct journeys);
    j->keep_us = s->settings.journey_ms * 1000;
    j->end = s->seam ? msgid_floor(seam_wall_us(s->seam) - (int64_t)j->keep_us) : UINT64_MAX;
    enum err e;
    do {
        e = next_ids(s, j);
        while (!e && j->committed_at < j->n) {
            e = store_commit(s, forget_journeys, j);
            j->committed_at = j->at;
        }
    } while (!e && j->n == JOURNEYS_AT_ONCE);
    mem_free(j);
    return e;
}

enum err store_tidy(struct store *s)
{
    enum err e = tidy_accounts(s);
    return e ? e : tidy_journeys(s);
}

enum err store_compact(struct store *s, struct compact_result *out)
{
    enum err e = store_tidy(s);
    return e ? e : engine_compact(s->engine, out);
}
