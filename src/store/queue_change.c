/* queue_change.c - recipients enter the queue, are tried, held and leave it. */
#include "store/queue_int.h"

#include "base/codec.h"

enum { ENVID_BYTES = 256, ORCPT_BYTES = 512, PATH_BYTES = 320 }; /* RFC 3461 4: 100 and 500 */

/* --- entering ------------------------------------------------------------------------------------
 */

static void due_put(struct txn *t, const struct queue_entry *e)
{
    struct key k = key_due(e);
    row_put_empty(t, ACCOUNT_QUEUE, &k);
}

static void due_delete(struct txn *t, const struct queue_entry *e)
{
    struct key k = key_due(e);
    row_delete(t, ACCOUNT_QUEUE, &k);
}

static enum err add_rcpt(struct txn *t, const struct accept *a, uint32_t i, uint32_t *event)
{
    const struct queue_rcpt *to = &a->queue[i];
    if (to->address.n > PATH_BYTES || to->orcpt.n > ORCPT_BYTES) return ERR_LIMIT;
    struct queue_entry entry = { .key = { a->id, i },
                                 .address = to->address,
                                 .orcpt = to->orcpt,
                                 .notify = to->notify,
                                 .priority = a->priority };
    entry.next_us = a->release_us > 0 ? a->release_us : txn_wall_us(t);
    rcpt_put(t, &entry);
    due_put(t, &entry);
    return journey_put(t, a->id, event, S("queued"), to->address);
}

enum err queue_add(struct txn *t, const struct accept *a, struct blob blob, uint32_t *event)
{
    if (a->queue_n == 0) return OK;
    if (a->sender.n > PATH_BYTES || a->envid.n > ENVID_BYTES) return ERR_LIMIT;
    struct queued q = {
        .sender = a->sender,
        .envid = a->envid,
        .ret_full = a->ret_full,
        .utf8 = a->utf8,
        .eight_bit = a->eight_bit,
        .binary = a->binary,
        .require_tls = a->require_tls,
        .tls_optional = a->tls_optional,
        .by = a->by,
        .blob = blob,
        .size_bytes = body_size(a->body),
        /* What is held until later (RFC 4865) does not grow old before it may leave. */
        .arrived_us = a->release_us > txn_wall_us(t) ? a->release_us : txn_wall_us(t),
        .left = (uint32_t)a->queue_n,
    };
    queued_put(t, a->id, &q);
    txn_blob_ref(t, blob, 1);
    for (uint32_t i = 0; i < a->queue_n; i++) {
        enum err e = add_rcpt(t, a, i, event);
        if (e) return e;
    }
    return queue_count_add(t, (int64_t)a->queue_n);
}

/* --- leaving, or trying again ---------------------------------------------------------------- */

/* The strs of a row live until the next call: what is read to be written again is copied. */
static enum err rcpt_copy(struct txn *t, struct queue_key key, struct queue_entry *out)
{
    struct arena *a = txn_arena(t);
    struct queue_entry entry;
    enum err e = rcpt_get(in_txn(t), key, &entry);
    if (e) return e;
    entry.address = arena_copy(a, entry.address);
    entry.orcpt = arena_copy(a, entry.orcpt);
    entry.last_reply = arena_copy(a, entry.last_reply);
    if (a->full) return ERR_LIMIT;
    *out = entry;
    return OK;
}

static enum err let_message_go(struct txn *t, struct msgid id)
{
    struct arena *a = txn_arena(t);
    struct queued q;
    enum err e = queued_get(in_txn(t), id, &q);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    if (q.left > 1) {
        q.left--;
        q.sender = arena_copy(a, q.sender);
        q.envid = arena_copy(a, q.envid);
        if (a->full) return ERR_LIMIT;
        queued_put(t, id, &q);
        return OK;
    }
    struct key k = key_queued(TAG_QUEUED, id);
    row_delete(t, ACCOUNT_QUEUE, &k);
    txn_blob_ref(t, q.blob, -1);
    return OK;
}

static enum err leave(struct txn *t, const struct queue_entry *entry)
{
    struct key k = key_rcpt(entry->key);
    row_delete(t, ACCOUNT_QUEUE, &k);
    due_delete(t, entry);
    enum err e = let_message_go(t, entry->key.id);
    return e ? e : queue_count_add(t, -1);
}

static void move_to(struct txn *t, struct queue_entry *entry, int64_t next_us)
{
    due_delete(t, entry);
    entry->next_us = next_us;
    rcpt_put(t, entry);
    due_put(t, entry);
}

/* An entry that was put on hold while it was being tried stays on hold. */
static void defer(struct txn *t, struct queue_entry *entry, const struct queue_result *r)
{
    entry->attempts++;
    entry->delay_told |= r->delay_told;
    entry->last_reply = r->reply;
    move_to(t, entry, entry->held ? INT64_MAX : r->next_us);
}

static enum err tell_result(struct txn *t, const struct queue_entry *entry,
                            const struct queue_result *r)
{
    static const str what[] = {
        [QUEUE_DELIVERED] = S_INIT("delivered"),     [QUEUE_BOUNCED] = S_INIT("bounced"),
        [QUEUE_DEFERRED] = S_INIT("deferred"),       [QUEUE_DROPPED] = S_INIT("dropped"),
        [QUEUE_RELAYED_DSN] = S_INIT("handed over"),
    };
    uint32_t n = 0;
    struct buf text = buf_make(STORE_VALUE_BYTES);
    buf_add(&text, entry->address);
    if (r->reply.n > 0) buf_add(&text, S(": "));
    buf_add(&text, str_take(r->reply, 1024));
    if (r->detail.n > 0) buf_add(&text, S("; "));
    buf_add(&text, str_take(r->detail, 400));
    enum err e = journey_put(t, entry->key.id, &n, what[r->outcome], buf_str(&text));
    buf_free(&text);
    return e;
}

/* A recipient that somebody dropped while it was being tried is gone: nothing to record. */
static enum err one_result(struct txn *t, const struct queue_result *r)
{
    struct queue_entry entry;
    enum err e = rcpt_copy(t, r->key, &entry);
    if (e) return e == ERR_NOTFOUND ? OK : e;
    e = tell_result(t, &entry, r);
    if (e) return e;
    if (r->outcome != QUEUE_DEFERRED) return leave(t, &entry);
    defer(t, &entry, r);
    return OK;
}

struct results {
    const struct queue_result *results;
    size_t n;
    const struct accept *notices;
    size_t notices_n;
};

static enum err put_results(struct txn *t, void *arg)
{
    const struct results *r = arg;
    enum err e = OK;
    for (size_t i = 0; !e && i < r->n; i++)
        e = one_result(t, &r->results[i]);
    for (size_t i = 0; !e && i < r->notices_n; i++)
        e = accept_put(t, &r->notices[i]);
    return e;
}

enum err store_queue_results(struct store *s, const struct queue_result *r, size_t n,
                             const struct accept *notices, size_t notices_n)
{
    struct results all = { r, n, notices, notices_n };
    return store_commit(s, put_results, &all);
}

/* --- orders of the administrator ------------------------------------------------------------- */

struct order {
    struct msgid id;
    enum queue_order order;
};

struct rcpts {
    uint32_t *numbers;
    size_t n, cap;
};

static bool take_number(void *arg, str key, str value)
{
    struct rcpts *r = arg;
    (void)value;
    if (r->n == r->cap) return false;
    r->numbers[r->n++] = get_be32(key.p + 9);
    return true;
}

static enum err order_one(struct txn *t, const struct order *o, uint32_t rcpt)
{
    static const str what[] = {
        [QUEUE_RETRY_NOW] = S_INIT("retry"),
        [QUEUE_HOLD] = S_INIT("held"),
        [QUEUE_RELEASE] = S_INIT("released"),
    };
    struct queue_entry entry;
    uint32_t n = 0;
    enum err e = rcpt_copy(t, (struct queue_key){ o->id, rcpt }, &entry);
    if (e) return e;
    entry.held = o->order == QUEUE_HOLD;
    move_to(t, &entry, entry.held ? INT64_MAX : txn_wall_us(t));
    return journey_put(t, o->id, &n, what[o->order], entry.address);
}

static enum err put_order(struct txn *t, void *arg)
{
    const struct order *o = arg;
    struct key all = key_queued(TAG_RCPT, o->id);
    struct rcpts r = { .cap = STORE_STEP_OPS / 2 };
    r.numbers = ARENA_ARRAY(txn_arena(t), r.cap, uint32_t);
    if (!r.numbers) return ERR_LIMIT;
    enum err e = source_scan(in_txn(t), ACCOUNT_QUEUE, &all, &all, take_number, &r);
    if (!e && r.n == 0) return ERR_NOTFOUND;
    for (size_t i = 0; !e && i < r.n; i++)
        e = order_one(t, o, r.numbers[i]);
    return e;
}

enum err store_queue_order(struct store *s, struct msgid id, enum queue_order order)
{
    struct order o = { id, order };
    return store_commit(s, put_order, &o);
}
