/* accept.c - the one commit behind a 250: recipients merged, everything stored, the log told. */
#include "base/limits.h"
#include "base/log.h"
#include "deliver/deliver_int.h"

static bool same_box(const struct local_rcpt *a, const struct local_rcpt *b)
{
    return a->account.n == b->account.n && str_eq(a->mailbox, b->mailbox);
}

/* Domains compare without case, local parts of other people's domains do not. RFC 5321 2.4. */
static bool same_address(str a, str b)
{
    size_t at = str_rchr(a, '@');
    if (at == STR_NPOS || at != str_rchr(b, '@')) return str_eq(a, b);
    return str_eq(str_take(a, at), str_take(b, at)) && str_ieq(str_from(a, at), str_from(b, at));
}

/* The arrays are the caller's own scratch (deliver.h), const only to the store. */
static size_t merge_local(struct local_rcpt *items, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < kept && !same_box(&items[j], &items[i]))
            j++;
        if (j == kept) items[kept++] = items[i];
    }
    return kept;
}

static size_t merge_queue(struct queue_rcpt *items, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < kept && !same_address(items[j].address, items[i].address))
            j++;
        if (j == kept) items[kept++] = items[i];
    }
    return kept;
}

void deliver_log(const struct accept *m)
{
    struct buf id = buf_make(32);
    msgid_text(m->id, &id);
    for (size_t i = 0; i < m->local_n; i++)
        log_event(LOG_INFO, "deliver.filed", (str){ 0 }, F_STR("id", buf_str(&id)),
                  F_STR("to", m->local[i].delivered_to), F_STR("mailbox", m->local[i].mailbox));
    for (size_t i = 0; i < m->queue_n; i++)
        log_event(LOG_INFO, "deliver.queued", (str){ 0 }, F_STR("id", buf_str(&id)),
                  F_STR("to", m->queue[i].address));
    buf_free(&id);
}

void deliver_merge(struct accept *m)
{
    m->local_n = merge_local((struct local_rcpt *)(uintptr_t)m->local, m->local_n);
    m->queue_n = merge_queue((struct queue_rcpt *)(uintptr_t)m->queue, m->queue_n);
}

enum err deliver_accept(struct deliver *d, struct accept *message)
{
    deliver_merge(message);
    enum err e = store_accept(d->store, message);
    if (!e) deliver_log(message);
    return e;
}
