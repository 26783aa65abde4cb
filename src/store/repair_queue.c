/* repair_queue.c - the queue: a message for each recipient, a place in the order, and no more. */
#include "store/repair_int.h"

#include "base/codec.h"
#include "base/mem.h"

/* Faults are gathered, some at a time, and mended; then the look begins anew until there are none.
 */
enum { FAULTS_AT_ONCE = 256 };
enum fault_kind { LOST_RCPT = 1, LOST_MESSAGE, NO_DUE, STRAY_DUE, EMPTY_MESSAGE, WRONG_LEFT };
struct fault {
    enum fault_kind kind;
    struct key key;
    struct msgid id;
    uint32_t left;
};
struct queue_mend {
    struct mending *m;
    struct view *view;
    struct fault *faults;
    size_t n;
    uint64_t rcpts;
};

static bool add(struct queue_mend *q, enum fault_kind kind, str key, struct msgid id, uint32_t left)
{
    struct fault *f = &q->faults[q->n++];
    *f = (struct fault){ .kind = kind, .id = id, .left = left };
    bytes_copy(f->key.p, sizeof f->key.p, key.p, key.n);
    f->key.n = (uint8_t)key.n;
    return q->n < FAULTS_AT_ONCE;
}

static bool see_rcpt(void *arg, str key, str value)
{
    struct queue_mend *q = arg;
    struct queue_key k = { { get_be64(key.p + 1) }, get_be32(key.p + 9) };
    struct queue_entry entry;
    struct queued message;
    (void)value;
    q->rcpts++;
    if (rcpt_get(in_view(q->view), k, &entry)) return add(q, LOST_RCPT, key, k.id, 0);
    if (queued_get(in_view(q->view), k.id, &message)) return add(q, LOST_MESSAGE, key, k.id, 0);
    struct key due = key_due(&entry);
    if (source_get(in_view(q->view), ACCOUNT_QUEUE, &due, &value) != OK)
        return add(q, NO_DUE, key_str(&due), k.id, 0);
    return true;
}

static bool see_due(void *arg, str key, str value)
{
    struct queue_mend *q = arg;
    struct queue_key k = { { get_be64(key.p + 9) }, get_be32(key.p + 17) };
    struct queue_entry entry;
    (void)value;
    if (rcpt_get(in_view(q->view), k, &entry) == OK) {
        struct key due = key_due(&entry);
        if (str_eq(key_str(&due), key)) return true;
    }
    return add(q, STRAY_DUE, key, k.id, 0);
}

static bool count_row(void *arg, str key, str value)
{
    (void)key, (void)value;
    ++*(uint32_t *)arg;
    return true;
}

static bool see_message(void *arg, str key, str value)
{
    struct queue_mend *q = arg;
    struct msgid id = { get_be64(key.p + 1) };
    struct key rcpts = key_queued(TAG_RCPT, id);
    struct queued message;
    uint32_t n = 0;
    (void)value;
    if (source_scan(in_view(q->view), ACCOUNT_QUEUE, &rcpts, &rcpts, count_row, &n)) return true;
    if (n == 0 || queued_get(in_view(q->view), id, &message))
        return add(q, EMPTY_MESSAGE, key, id, 0);
    return message.left == n ? true : add(q, WRONG_LEFT, key, id, n);
}

static enum err look(struct queue_mend *q)
{
    struct source view = in_view(q->view);
    struct key rcpts = key_of(TAG_RCPT), due = key_of(TAG_DUE), messages = key_of(TAG_QUEUED);
    q->n = 0;
    q->rcpts = 0;
    enum err e = source_scan(view, ACCOUNT_QUEUE, &rcpts, &rcpts, see_rcpt, q);
    if (!e && !q->n) e = source_scan(view, ACCOUNT_QUEUE, &due, &due, see_due, q);
    if (!e && !q->n) e = source_scan(view, ACCOUNT_QUEUE, &messages, &messages, see_message, q);
    return e;
}

static enum err mend_one(struct txn *t, const struct fault *f)
{
    struct queued message;
    if (f->kind == NO_DUE) {
        row_put_empty(t, ACCOUNT_QUEUE, &f->key);
    } else if (f->kind == WRONG_LEFT) {
        enum err e = queued_get(in_txn(t), f->id, &message);
        if (e) return e;
        struct buf sender = buf_make(STORE_VALUE_BYTES), envid = buf_make(STORE_VALUE_BYTES);
        buf_add(&sender, message.sender);
        buf_add(&envid, message.envid);
        message.sender = buf_str(&sender);
        message.envid = buf_str(&envid);
        message.left = f->left;
        queued_put(t, f->id, &message);
        buf_free(&sender);
        buf_free(&envid);
    } else {
        row_delete(t, ACCOUNT_QUEUE, &f->key);
    }
    return OK;
}

static enum err mend_some(struct txn *t, void *arg)
{
    const struct queue_mend *q = arg;
    enum err e = OK;
    for (size_t i = 0; !e && i < q->n; i++)
        e = mend_one(t, &q->faults[i]);
    return e;
}

static void tell(const struct queue_mend *q)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct fault *f = &q->faults[i];
        unsigned long long id = f->id.n;
        if (f->kind == LOST_RCPT) mend_lost(q->m, "queue %llu: a recipient", id);
        if (f->kind == LOST_MESSAGE) mend_lost(q->m, "queue %llu: the message for a recipient", id);
        if (f->kind == EMPTY_MESSAGE)
            mend_lost(q->m, "queue %llu: all recipients of a message", id);
        if (f->kind == NO_DUE || f->kind == STRAY_DUE || f->kind == WRONG_LEFT)
            mend_done(q->m, "queue %llu: its place in the order", id);
    }
}

static enum err mend_count(struct txn *t, void *arg)
{
    const struct queue_mend *q = arg;
    struct key k = key_of(TAG_NEXT);
    struct buf b = row_new();
    buf_varint(&b, q->rcpts);
    row_put(t, ACCOUNT_QUEUE, &k, &b);
    return OK;
}

static enum err mend_rows(struct queue_mend *q, bool *wrong_count)
{
    enum err e;
    do {
        q->view = store_view(q->m->store);
        if (!q->view) return ERR_LATER;
        e = look(q);
        *wrong_count = store_queue_count(q->view) != q->rcpts;
        view_end(q->view);
        if (e || q->n == 0) return e;
        tell(q);
        e = store_commit(q->m->store, mend_some, q);
    } while (!e);
    return e;
}

enum err mend_queue(struct mending *m)
{
    struct queue_mend q = { .m = m, .faults = MEM_ARRAY(FAULTS_AT_ONCE, struct fault) };
    bool wrong_count = false;
    enum err e = mend_rows(&q, &wrong_count);
    if (!e && wrong_count) {
        mend_done(m, "queue: its count");
        e = store_commit(m->store, mend_count, &q);
    }
    mem_free(q.faults);
    return e;
}
