/* queue.c - what waits to be sent: the rows, listing, what is due. */
#include "store/queue_int.h"

#include "base/codec.h"
#include "base/log.h"

/* --- rows ----------------------------------------------------------------------------------------
 */

enum { /* of a message */
       IS_RET_FULL = 1,
       IS_UTF8 = 2,
       IS_EIGHT_BIT = 4,
       IS_BINARY = 8,
       IS_REQUIRE_TLS = 16,
       IS_TLS_OPTIONAL = 32,
       IS_BY_NOTIFY = 64,
       IS_BY_TRACE = 128,
};
enum { IS_DELAY_TOLD = 1, IS_HELD = 2 }; /* of a recipient */

struct key key_queued(enum tag tag, struct msgid id)
{
    struct key k = key_of(tag);
    key_u64(&k, id.n);
    return k;
}

struct key key_rcpt(struct queue_key key)
{
    struct key k = key_queued(TAG_RCPT, key.id);
    key_u32(&k, key.rcpt);
    return k;
}

struct key key_due(const struct queue_entry *e)
{
    struct key k = key_of(TAG_DUE);
    key_u64(&k, (uint64_t)e->next_us);
    key_u64(&k, e->key.id.n);
    key_u32(&k, e->key.rcpt);
    return k;
}

enum err queued_get(struct source from, struct msgid id, struct queued *out)
{
    struct key k = key_queued(TAG_QUEUED, id);
    str value;
    enum err e = source_get(from, ACCOUNT_QUEUE, &k, &value);
    if (e) return e;
    struct row r = row_open(value);
    struct queued q = { .sender = row_str(&r) };
    q.envid = row_str(&r);
    uint64_t is = row_u64(&r);
    q.ret_full = is & IS_RET_FULL;
    q.utf8 = is & IS_UTF8;
    q.eight_bit = is & IS_EIGHT_BIT;
    q.binary = is & IS_BINARY;
    q.require_tls = is & IS_REQUIRE_TLS;
    q.tls_optional = is & IS_TLS_OPTIONAL;
    q.by.notify = is & IS_BY_NOTIFY;
    q.by.trace = is & IS_BY_TRACE;
    q.blob.n = row_u64(&r);
    q.size_bytes = row_u64(&r);
    q.arrived_us = row_i64(&r);
    q.left = (uint32_t)row_u64(&r);
    q.by.at_us = row_i64(&r);
    e = row_end(&r);
    if (!e) *out = q;
    return e;
}

void queued_put(struct txn *t, struct msgid id, const struct queued *q)
{
    struct key k = key_queued(TAG_QUEUED, id);
    struct buf b = row_new();
    row_add_str(&b, q->sender);
    row_add_str(&b, q->envid);
    unsigned is = (q->ret_full ? IS_RET_FULL : 0u) | (q->utf8 ? IS_UTF8 : 0u);
    is |= (q->eight_bit ? IS_EIGHT_BIT : 0u) | (q->binary ? IS_BINARY : 0u);
    is |= (q->require_tls ? IS_REQUIRE_TLS : 0u) | (q->tls_optional ? IS_TLS_OPTIONAL : 0u);
    is |= (q->by.notify ? IS_BY_NOTIFY : 0u) | (q->by.trace ? IS_BY_TRACE : 0u);
    buf_varint(&b, is);
    buf_varint(&b, q->blob.n);
    buf_varint(&b, q->size_bytes);
    row_add_i64(&b, q->arrived_us);
    buf_varint(&b, q->left);
    row_add_i64(&b, q->by.at_us);
    row_put(t, ACCOUNT_QUEUE, &k, &b);
}

enum err rcpt_get(struct source from, struct queue_key key, struct queue_entry *out)
{
    struct key k = key_rcpt(key);
    str value;
    enum err e = source_get(from, ACCOUNT_QUEUE, &k, &value);
    if (e) return e;
    struct row r = row_open(value);
    struct queue_entry entry = { .key = key, .address = row_str(&r) };
    entry.orcpt = row_str(&r);
    entry.notify = (unsigned)row_u64(&r);
    entry.next_us = row_i64(&r);
    entry.attempts = (uint32_t)row_u64(&r);
    uint64_t is = row_u64(&r);
    entry.delay_told = is & IS_DELAY_TOLD;
    entry.held = is & IS_HELD;
    entry.last_reply = row_str(&r);
    entry.priority = (int)row_i64(&r);
    entry.domain = str_from(entry.address, str_rchr(entry.address, '@') + 1);
    e = row_end(&r);
    if (!e) *out = entry;
    return e;
}

void rcpt_put(struct txn *t, const struct queue_entry *e)
{
    struct key k = key_rcpt(e->key);
    struct buf b = row_new();
    row_add_str(&b, e->address);
    row_add_str(&b, e->orcpt);
    buf_varint(&b, e->notify);
    row_add_i64(&b, e->next_us);
    buf_varint(&b, e->attempts);
    buf_varint(&b, (e->delay_told ? IS_DELAY_TOLD : 0u) | (e->held ? IS_HELD : 0u));
    row_add_str(&b, str_take(e->last_reply, QUEUE_REPLY_BYTES));
    row_add_i64(&b, e->priority);
    row_put(t, ACCOUNT_QUEUE, &k, &b);
}

static enum err count_get(struct source from, uint64_t *out)
{
    struct key k = key_of(TAG_NEXT);
    str value;
    enum err e = source_get(from, ACCOUNT_QUEUE, &k, &value);
    if (e == ERR_NOTFOUND) {
        *out = 0;
        return OK;
    }
    if (e) return e;
    struct row r = row_open(value);
    uint64_t n = row_u64(&r);
    e = row_end(&r);
    if (!e) *out = n;
    return e;
}

enum err queue_count_add(struct txn *t, int64_t more)
{
    struct key k = key_of(TAG_NEXT);
    uint64_t n;
    enum err e = count_get(in_txn(t), &n);
    if (e) return e;
    struct buf b = row_new();
    buf_varint(&b, n + (uint64_t)more);
    row_put(t, ACCOUNT_QUEUE, &k, &b);
    return OK;
}

uint64_t store_queue_count(struct view *v)
{
    uint64_t n = 0;
    return count_get(in_view(v), &n) ? 0 : n;
}

/* --- reading -------------------------------------------------------------------------------------
 */

static enum err entry_get(struct view *v, struct queue_key key, struct queue_entry *out)
{
    struct queue_entry entry;
    struct queued q;
    enum err e = rcpt_get(in_view(v), key, &entry);
    if (e) return e;
    e = queued_get(in_view(v), key.id, &q);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    entry.sender = q.sender;
    entry.envid = q.envid;
    entry.ret_full = q.ret_full;
    entry.utf8 = q.utf8;
    entry.eight_bit = q.eight_bit;
    entry.binary = q.binary;
    entry.require_tls = q.require_tls;
    entry.tls_optional = q.tls_optional;
    entry.by = q.by;
    entry.blob = q.blob;
    entry.size_bytes = q.size_bytes;
    entry.arrived_us = q.arrived_us;
    *out = entry;
    return OK;
}

enum err store_queue_get(struct view *v, struct queue_key key, struct arena *a,
                         struct queue_entry *out)
{
    struct queue_entry entry;
    enum err e = entry_get(v, key, &entry);
    if (e) return e;
    entry.sender = arena_copy(a, entry.sender);
    entry.address = arena_copy(a, entry.address);
    entry.domain = arena_copy(a, entry.domain);
    entry.envid = arena_copy(a, entry.envid);
    entry.orcpt = arena_copy(a, entry.orcpt);
    entry.last_reply = arena_copy(a, entry.last_reply);
    if (a->full) return ERR_LIMIT;
    *out = entry;
    return OK;
}

/* A damaged entry is named: those who walk the queue pass it over, so that it keeps no other from
 * leaving. */
enum err store_queue_entry(struct view *v, struct queue_key key, struct queue_entry *out)
{
    enum err e = entry_get(v, key, out);
    if (e == ERR_CORRUPT)
        log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "an entry of the queue"),
                  F_NUM("id", key.id.n), F_NUM("rcpt", key.rcpt));
    return e;
}

struct showing {
    struct view *view;
    bool (*each)(void *arg, const struct queue_entry *e);
    void *arg;
    enum err bad;
};

static bool show_entry(void *arg, str key, str value)
{
    struct showing *s = arg;
    (void)value;
    struct queue_entry entry;
    struct queue_key k = { { get_be64(key.p + 1) }, get_be32(key.p + 9) };
    enum err e = store_queue_entry(s->view, k, &entry);
    if (e == ERR_NOTFOUND || e == ERR_CORRUPT) return true;
    s->bad = e;
    return !e && s->each(s->arg, &entry);
}

enum err store_queue_list(struct view *v, bool (*each)(void *arg, const struct queue_entry *e),
                          void *arg)
{
    struct showing s = { .view = v, .each = each, .arg = arg };
    struct key all = key_of(TAG_RCPT);
    enum err e = source_scan(in_view(v), ACCOUNT_QUEUE, &all, &all, show_entry, &s);
    return e ? e : s.bad;
}

/* --- what is due ---------------------------------------------------------------------------------
 */

struct due {
    bool (*each)(void *arg, const struct queue_place *place);
    void *arg;
};

static bool show_place(void *arg, str key, str value)
{
    struct due *d = arg;
    (void)value;
    struct queue_place p = { (int64_t)get_be64(key.p + 1),
                             { { get_be64(key.p + 9) }, get_be32(key.p + 17) } };
    return d->each(d->arg, &p);
}

static bool take_time(void *arg, str key, str value)
{
    (void)value;
    *(int64_t *)arg = (int64_t)get_be64(key.p + 1);
    return false;
}

static struct key key_of_place(struct queue_place p)
{
    struct queue_entry e = { .key = p.key, .next_us = p.due_us };
    return key_due(&e);
}

enum err store_queue_due(struct view *v, struct queue_place from, int64_t now_us,
                         bool (*each)(void *arg, const struct queue_place *place), void *arg,
                         int64_t *next_us)
{
    struct due d = { each, arg };
    struct key all = key_of(TAG_DUE), first = key_of_place(from);
    struct key after = key_of_place((struct queue_place){ .due_us = now_us + 1 });
    int64_t next = INT64_MAX;
    enum err e = view_scan(v, ACCOUNT_QUEUE, key_str(&first), key_str(&after), show_place, &d);
    if (!e) e = source_scan(in_view(v), ACCOUNT_QUEUE, &after, &all, take_time, &next);
    if (!e) *next_us = next;
    return e;
}
