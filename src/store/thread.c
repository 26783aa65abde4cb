/* thread.c - which thread a message belongs to (RFC 8474 5.3).
 *
 * A row for each Message-ID seen, in the messages themselves or in what they refer to, names the
 * thread. So a reply that comes before its parent, or two replies whose parent never comes, still
 * join. A message's thread never changes: two threads that a late message connects stay two.
 */
#include "store/store_int.h"

#include "mail/card.h"

static struct key key_thread(uint64_t id)
{
    struct key k = key_of(TAG_THREAD);
    key_u64(&k, id);
    return k;
}

static enum err thread_get(struct ledger *l, uint64_t id, uint64_t *thread)
{
    struct key k = key_thread(id);
    str value;
    enum err e = source_get(in_txn(l->txn), l->account, &k, &value);
    if (e) return e;
    struct row r = row_open(value);
    uint64_t found = row_u64(&r);
    e = row_end(&r);
    if (!e) *thread = found;
    return e;
}

static void thread_put(struct ledger *l, uint64_t id, uint64_t thread)
{
    struct key k = key_thread(id);
    struct buf b = row_new();
    buf_varint(&b, thread);
    row_put(l->txn, l->account, &k, &b);
}

/* The ids that matter, in the order in which they are asked: its own, its parent, the root, then
 * the nearest ancestors. */
static size_t ids_of(const struct card *c, uint64_t ids[THREAD_OPS])
{
    size_t n = 0;
    if (c->message_id) ids[n++] = c->message_id;
    if (c->in_reply_to) ids[n++] = c->in_reply_to;
    if (c->nreferences > 0) ids[n++] = card_reference(c, 0);
    for (size_t i = c->nreferences; i > 1 && n < THREAD_OPS; i--)
        ids[n++] = card_reference(c, i - 1);
    return n;
}

enum err thread_join(struct ledger *l, str card, uint64_t email_id, uint64_t *thread_id)
{
    struct card c;
    uint64_t ids[THREAD_OPS];
    uint64_t thread = email_id;
    size_t n = card_open(card, &c) ? ids_of(&c, ids) : 0;
    bool known[THREAD_OPS] = { false };
    for (size_t i = n; i > 0; i--) { /* backwards: the first that is known wins */
        enum err e = thread_get(l, ids[i - 1], &thread);
        if (e && e != ERR_NOTFOUND) return e;
        known[i - 1] = e == OK;
    }
    for (size_t i = 0; i < n; i++)
        if (!known[i]) thread_put(l, ids[i], thread);
    *thread_id = thread;
    return OK;
}
