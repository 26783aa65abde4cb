/* model_queue_int.h - the model's operations on the queue: what is accepted, tried, held and gone.
 */
#ifndef STORE_MODEL_QUEUE_INT_H
#define STORE_MODEL_QUEUE_INT_H

#include "store/model_mail_int.h"

enum { FAR = 3 };
static const struct queue_rcpt far[FAR] = { { .address = S_INIT("bob@b.test") },
                                            { .address = S_INIT("carol@c.test") },
                                            { .address = S_INIT("dan@d.test") } };

static inline void do_accept(struct model *m)
{
    struct local_rcpt to[2];
    struct model_name *in[2];
    str text;
    struct model_message one = new_message(m, &text);
    struct accept a = { .local = to, .local_n = draw(m, 3), .queue = far, .queue_n = draw(m, FAR) };
    if (m->queued + FAR > QUEUED) a.queue_n = 0;
    for (size_t i = 0; i < a.local_n; i++) {
        in[i] = mostly_existing(m);
        to[i] = (struct local_rcpt){ m->world.alice, in[i]->name, S("alice@a.test"), 0 };
        to[i].flags = (uint8_t)draw(m, 32);
    }
    bool again = m->last_id.n && draw(m, 10) == 0; /* as after an answer that was lost */
    a.id = again ? m->last_id : store_msgid_new(m->world.store);
    a.body = make_body(&m->world, text);
    arm(m);
    enum err e = store_accept(m->world.store, &a);
    body_free(a.body);
    if (!done(m, e, again ? ERR_EXISTS : OK)) return;
    m->last_id = a.id;
    for (size_t i = 0; i < a.local_n; i++) {
        one.system = to[i].flags;
        model_add(m, in[i]->box ? in[i]->box : m->names[0].box, one);
    }
    for (uint32_t i = 0; i < a.queue_n; i++)
        m->queue[m->queued++] = (struct model_entry){ .key = { a.id, i }, .to = i };
}

/* A bounce is in the commit of the result that makes it. */
static inline void do_result(struct model *m)
{
    if (m->queued == 0) return;
    struct model_entry *entry = &m->queue[draw(m, (uint32_t)m->queued)];
    struct queue_result r = { .key = entry->key, .outcome = draw(m, 3) };
    struct local_rcpt to = { m->world.alice, S("INBOX"), S("alice@a.test"), 0 };
    struct accept notice = { .local = &to, .local_n = 1 };
    str text;
    struct model_message one = new_message(m, &text);
    bool bounce = r.outcome == QUEUE_BOUNCED;
    r.next_us = 1 + draw(m, 1000000);
    notice.id = store_msgid_new(m->world.store);
    notice.body = make_body(&m->world, text);
    arm(m);
    enum err e = store_queue_results(m->world.store, &r, 1, &notice, bounce);
    body_free(notice.body);
    if (!done(m, e, OK)) return;
    if (bounce) model_add(m, m->names[0].box, one);
    entry->attempts++;
    if (!entry->held) entry->next_us = r.next_us;
    if (r.outcome != QUEUE_DEFERRED) *entry = m->queue[--m->queued];
}

static inline void do_order(struct model *m)
{
    struct msgid id = m->last_id;
    if (m->queued && draw(m, 8)) id = m->queue[draw(m, (uint32_t)m->queued)].key.id;
    enum queue_order order = draw(m, 3);
    bool any = false;
    for (size_t i = 0; i < m->queued; i++)
        any |= m->queue[i].key.id.n == id.n;
    arm(m);
    if (!done(m, store_queue_order(m->world.store, id, order), any ? OK : ERR_NOTFOUND)) return;
    for (size_t i = 0; i < m->queued; i++) {
        if (m->queue[i].key.id.n != id.n) continue;
        m->queue[i].held = order == QUEUE_HOLD;
        m->queue[i].next_us = order == QUEUE_HOLD ? INT64_MAX : 0;
    }
}

/* --- comparing -------------------------------------------------------------------------------- */

struct listing {
    struct model *m;
    size_t n;
    int64_t last_us;
};

static inline bool compare_entry(void *arg, const struct queue_entry *e)
{
    struct listing *l = arg;
    struct model *m = l->m;
    const struct model_entry *want = NULL;
    for (size_t i = 0; i < m->queued; i++)
        if (m->queue[i].key.id.n == e->key.id.n && m->queue[i].key.rcpt == e->key.rcpt)
            want = &m->queue[i];
    demand(m, want, "an entry of the queue too many");
    if (!want) return false; /* demand does not return then */
    demand(m, str_eq(e->address, far[want->to].address), "a recipient");
    demand(m, e->attempts == want->attempts && e->held == want->held, "attempts, or on hold");
    demand(m, want->next_us == 0 || e->next_us == want->next_us, "when it is due");
    l->n++;
    return true;
}

static inline bool compare_due(void *arg, const struct queue_place *place)
{
    struct listing *l = arg;
    demand(l->m, place->due_us >= l->last_us, "the order of what is due");
    l->last_us = place->due_us;
    l->n++;
    return true;
}

static inline void compare_queue(struct model *m)
{
    struct listing all = { .m = m }, due = { .m = m };
    struct queue_place first = { 0 };
    size_t held = 0;
    int64_t next_us;
    for (size_t i = 0; i < m->queued; i++)
        held += m->queue[i].held;
    struct view *v = store_view(m->world.store);
    demand(m, store_queue_count(v) == m->queued, "the queue's length");
    demand(m, store_queue_list(v, compare_entry, &all) == OK, "listing the queue");
    demand(m, all.n == m->queued, "an entry of the queue is missing");
    enum err e = store_queue_due(v, first, INT64_MAX - 1, compare_due, &due, &next_us);
    demand(m, !e && due.n == m->queued - held, "how many are due");
    view_end(v);
}

#endif
