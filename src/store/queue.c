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

/* The time's top byte is the priority's class: 0 is the usual one, 1 to 9 come before it (1 the
 * most urgent), 10 to 18 after it. */
enum { CLASS_SHIFT = 56, CLASS_USUAL = 0, CLASS_FIRST = 1, CLASS_LATER = 10, CLASS_END = 19 };

static uint64_t class_of(int priority)
{
    if (!priority) return CLASS_USUAL;
    return priority > 0 ? (uint64_t)(CLASS_LATER - priority)
                        : (uint64_t)(CLASS_LATER - 1 - priority);
}

/* The time within a class: one that never comes (a held entry) is its last. */
static uint64_t time_in(uint64_t class, int64_t us)
{
    const uint64_t last = (UINT64_C(1) << CLASS_SHIFT) - 1;
    if (class == CLASS_USUAL) return (uint64_t)us;
    return class << CLASS_SHIFT | ((uint64_t)us < last ? (uint64_t)us : last);
}

struct key key_due(const struct queue_entry *e)
{
    struct key k = key_of(TAG_DUE);
    key_u64(&k, time_in(class_of(e->priority), e->next_us));
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

struct showing {
    struct view *view;
    bool (*each)(void *arg, const struct queue_entry *e);
    void *arg;
    size_t key_at; /* where in a row's key the id begins */
    bool stopped;  /* by each() */
    enum err bad;
};

/* A damaged entry is named and passed over: it may not keep all others from leaving. */
static bool show_entry(void *arg, str key, str value)
{
    struct showing *s = arg;
    (void)value;
    struct queue_entry entry;
    struct queue_key k = { { get_be64(key.p + s->key_at) }, get_be32(key.p + s->key_at + 8) };
    enum err e = entry_get(s->view, k, &entry);
    if (e == ERR_NOTFOUND || e == ERR_CORRUPT) {
        log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "an entry of the queue"),
                  F_NUM("id", k.id.n), F_NUM("rcpt", k.rcpt));
        return true;
    }
    s->bad = e;
    s->stopped = e || !s->each(s->arg, &entry);
    return !s->stopped;
}

enum err store_queue_list(struct view *v, bool (*each)(void *arg, const struct queue_entry *e),
                          void *arg)
{
    struct showing s = { .view = v, .each = each, .arg = arg, .key_at = 1 };
    struct key all = key_of(TAG_RCPT);
    enum err e = source_scan(in_view(v), ACCOUNT_QUEUE, &all, &all, show_entry, &s);
    return e ? e : s.bad;
}

/* --- what is due ---------------------------------------------------------------------------------
 */

struct due {
    struct showing showing;
    int64_t now_us, next_us;
};

static struct key key_time(uint64_t time)
{
    struct key k = key_of(TAG_DUE);
    key_u64(&k, time);
    return k;
}

static bool take_time(void *arg, str key, str value)
{
    (void)value;
    *(uint64_t *)arg = get_be64(key.p + 1);
    return false;
}

/* The first time at or after `from` and before `end`; UINT64_MAX if none. */
static enum err time_after(struct view *v, uint64_t from, uint64_t end, uint64_t *out)
{
    struct key first = key_time(from), past = key_time(end);
    *out = UINT64_MAX;
    return view_scan(v, ACCOUNT_QUEUE, key_str(&first), key_str(&past), take_time, out);
}

static enum err due_in_class(struct due *d, uint64_t class)
{
    struct showing *s = &d->showing;
    struct key first = key_time(time_in(class, 0)), past = key_time(time_in(class, d->now_us + 1));
    uint64_t next;
    enum err e = OK;
    if (!s->stopped)
        e = view_scan(s->view, ACCOUNT_QUEUE, key_str(&first), key_str(&past), show_entry, s);
    if (!e) e = s->bad;
    if (!e) e = time_after(s->view, time_in(class, d->now_us + 1), time_in(class + 1, 0), &next);
    if (e || next == UINT64_MAX || next == time_in(class, INT64_MAX)) return e;
    int64_t us = (int64_t)(next - time_in(class, 0));
    if (us < d->next_us) d->next_us = us;
    return OK;
}

/* From one class to the next that has an entry. */
static enum err due_in_classes(struct due *d, uint64_t class, uint64_t end)
{
    enum err e = OK;
    while (!e && class < end) {
        uint64_t next;
        e = time_after(d->showing.view, time_in(class, 0), time_in(end, 0), &next);
        if (e || next == UINT64_MAX) return e;
        class = next >> CLASS_SHIFT;
        e = due_in_class(d, class ++);
    }
    return e;
}

enum err store_queue_due(struct view *v, int64_t now_us,
                         bool (*each)(void *arg, const struct queue_entry *e), void *arg,
                         int64_t *next_us)
{
    struct due d = { .showing = { .view = v, .each = each, .arg = arg, .key_at = 9 },
                     .now_us = now_us,
                     .next_us = INT64_MAX };
    enum err e = due_in_classes(&d, CLASS_FIRST, CLASS_LATER);
    if (!e) e = due_in_class(&d, CLASS_USUAL);
    if (!e) e = due_in_classes(&d, CLASS_LATER, CLASS_END);
    if (!e) *next_us = d.next_us;
    return e;
}
