/* work.c - a pool of threads with bounded queues; the fiber that asks sleeps till its item ends.
 *
 * Each thread is a service of the seam that takes one item a step, so that the simulation decides
 * when and in which order items run. An item lives on the stack of the fiber that waits for it.
 */
#include "base/list.h"
#include "base/mem.h"
#include "run/fair.h"
#include "run/fiber.h"
#include "run/lock.h"
#include "run/work.h"

struct work_item {
    struct list node;
    work_fn *fn;
    void *arg;
    uint64_t turn;
    struct completion done;
};

struct work_thread {
    struct pool *pool;
    struct seam_service *service;
    bool busy; /* has been kicked and will look at the queue again before it sleeps */
};

/* Items in the order of their turns: each owner's have one a round (run/fair.h). */
struct queue {
    struct fair fair;
    struct list items;
    unsigned waiting, waiting_max;
};

struct pool {
    struct lock lock; /* guards the queues and busy */
    struct queue first, others;
    unsigned n;
    struct work_thread *threads;
};

static struct work_item *take_item(struct pool *p)
{
    struct queue *q = p->first.waiting ? &p->first : &p->others;
    if (!q->waiting) return NULL;
    struct work_item *item = CONTAINER_OF(q->items.next, struct work_item, node);
    list_remove(&item->node);
    q->waiting--;
    fair_served(&q->fair, item->turn);
    return item;
}

static void run_item(struct work_item *item)
{
    item->fn(item->arg);
    completion_done(&item->done); /* the item may be gone now */
}

static void work_step(void *arg)
{
    struct work_thread *t = arg;
    struct pool *p = t->pool;
    lock_take(&p->lock);
    struct work_item *item = take_item(p);
    t->busy = item != NULL;
    lock_drop(&p->lock);
    if (!item) return;
    run_item(item);
    seam_service_kick(t->service);
}

struct pool *pool_new(struct seam *seam, const char *name, unsigned threads, unsigned queue)
{
    struct pool *p = MEM_NEW(struct pool);
    lock_init(&p->lock);
    list_init(&p->first.items);
    list_init(&p->others.items);
    p->first.waiting_max = p->others.waiting_max = queue;
    p->threads = MEM_ARRAY(threads, struct work_thread);
    for (unsigned i = 0; i < threads; i++) {
        struct work_thread *t = &p->threads[p->n];
        t->pool = p;
        t->service = seam_service_new(seam, name, work_step, t);
        if (t->service) p->n++;
    }
    if (p->n > 0) return p;
    pool_free(p);
    return NULL;
}

void pool_free(struct pool *p)
{
    if (!p) return;
    for (unsigned i = 0; i < p->n; i++)
        seam_service_free(p->threads[i].service);
    for (struct work_item *item; (item = take_item(p));)
        run_item(item);
    lock_end(&p->lock);
    mem_free(p->threads);
    mem_free(p);
}

static struct work_thread *idle_thread(struct pool *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        if (!p->threads[i].busy) return &p->threads[i];
    }
    return NULL;
}

static void put_item(struct queue *q, struct work_item *item)
{
    struct list *before = q->items.prev;
    item->turn = fair_turn(&q->fair, fiber_owner());
    while (before != &q->items && CONTAINER_OF(before, struct work_item, node)->turn > item->turn)
        before = before->prev;
    list_push_front(before, &item->node);
    q->waiting++;
}

static enum err work_in(struct pool *p, struct queue *q, work_fn *fn, void *arg)
{
    struct work_item item = { .fn = fn, .arg = arg };
    lock_take(&p->lock);
    if (q->waiting >= q->waiting_max) {
        lock_drop(&p->lock);
        return ERR_LATER;
    }
    completion_init(&item.done);
    put_item(q, &item);
    struct work_thread *t = idle_thread(p);
    if (t) t->busy = true;
    lock_drop(&p->lock);

    if (t) seam_service_kick(t->service);
    completion_wait(&item.done); /* Waits. */
    return OK;
}

enum err work(struct pool *p, work_fn *fn, void *arg)
{
    return work_in(p, &p->others, fn, arg);
}

enum err work_first(struct pool *p, work_fn *fn, void *arg)
{
    return work_in(p, &p->first, fn, arg);
}
