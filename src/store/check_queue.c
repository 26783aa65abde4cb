/* check_queue.c - the queue: each recipient has its message and its place in the order, and no
 * more. */
#include "store/check_int.h"

#include "base/codec.h"

struct queue_check {
    struct checking *c;
    uint64_t rcpts, due;
    struct msgid id; /* the message whose recipients are being counted */
    uint32_t left;
};

static void check_left(struct queue_check *q)
{
    struct queued message;
    if (q->id.n == 0) return;
    if (queued_get(in_view(q->c->view), q->id, &message))
        check_fault(q->c, "queue %llu: recipients without a message", (unsigned long long)q->id.n);
    else if (message.left != q->left)
        check_fault(q->c, "queue %llu: %u recipients, the message says %u",
                    (unsigned long long)q->id.n, q->left, message.left);
    q->left = 0;
}

static bool check_rcpt(void *arg, str key, str value)
{
    struct queue_check *q = arg;
    struct queue_key k = { { get_be64(key.p + 1) }, get_be32(key.p + 9) };
    struct queue_entry entry;
    (void)value;
    if (k.id.n != q->id.n) check_left(q);
    q->id = k.id;
    q->left++;
    q->rcpts++;
    if (rcpt_get(in_view(q->c->view), k, &entry)) {
        check_fault(q->c, "queue %llu: a recipient cannot be read", (unsigned long long)k.id.n);
        return true;
    }
    struct key due = key_due(&entry);
    str unused;
    if (view_get(q->c->view, ACCOUNT_QUEUE, key_str(&due), &unused))
        check_fault(q->c, "queue %llu: %.*s is never due", (unsigned long long)k.id.n,
                    STR_ARG(entry.address));
    return true;
}

static bool count_row(void *arg, str key, str value)
{
    (void)key, (void)value;
    ++*(uint64_t *)arg;
    return true;
}

static bool check_message(void *arg, str key, str value)
{
    struct queue_check *q = arg;
    struct msgid id = { get_be64(key.p + 1) };
    struct key rcpts = key_queued(TAG_RCPT, id);
    uint64_t n = 0;
    (void)value;
    enum err e = source_scan(in_view(q->c->view), ACCOUNT_QUEUE, &rcpts, &rcpts, count_row, &n);
    if (e || n == 0)
        check_fault(q->c, "queue %llu: a message without recipients", (unsigned long long)id.n);
    return true;
}

enum err check_queue(struct checking *c)
{
    struct queue_check q = { .c = c };
    struct source view = in_view(c->view);
    struct key rcpts = key_of(TAG_RCPT), due = key_of(TAG_DUE), messages = key_of(TAG_QUEUED);
    enum err e = source_scan(view, ACCOUNT_QUEUE, &rcpts, &rcpts, check_rcpt, &q);
    if (e) return e;
    check_left(&q);
    e = source_scan(view, ACCOUNT_QUEUE, &due, &due, count_row, &q.due);
    if (!e) e = source_scan(view, ACCOUNT_QUEUE, &messages, &messages, check_message, &q);
    if (e) return e;
    if (q.due != q.rcpts || store_queue_count(c->view) != q.rcpts)
        check_fault(c, "queue: %llu recipients, %llu due, count says %llu",
                    (unsigned long long)q.rcpts, (unsigned long long)q.due,
                    (unsigned long long)store_queue_count(c->view));
    return OK;
}
