/* watch.c - who wants to hear of an account's changes; and leases, which one process always gets.
 */
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"

/* The engine's half of a watch: it outlives the watch while a post is on its way to the loop. */
struct watch_cell {
    struct list node;
    struct watch *watch; /* the loop's thread only; NULL: unwatched */
    struct account account;
    struct loop *loop;
    struct loop_post post;
    bool pending; /* atomic: the post is on its way */
};

struct lease {
    struct list node;
    struct arena name_arena;
    str name;
};

void watches_init(struct watches *w, uint64_t fence)
{
    lock_init(&w->lock);
    for (unsigned i = 0; i < WATCH_BUCKETS; i++)
        list_init(&w->buckets[i]);
    list_init(&w->leases);
    w->fence = fence;
}

static void lease_free(struct lease *l)
{
    list_remove(&l->node);
    arena_free(&l->name_arena);
    mem_free(l);
}

/* Its loop has ended without it (its fiber outlived the grace): nobody rings it any more, and the
 * watch itself may be gone. */
static void cell_abandon(struct watch_cell *c)
{
    list_remove(&c->node);
    if (!__atomic_load_n(&c->pending, __ATOMIC_ACQUIRE)) mem_free(c);
}

void watches_end(struct watches *w)
{
    size_t left = 0;
    for (unsigned i = 0; i < WATCH_BUCKETS; i++)
        LIST_EACH_SAFE(&w->buckets[i], node) {
            cell_abandon(CONTAINER_OF(node, struct watch_cell, node));
            left++;
        }
    if (left) log_event(LOG_WARN, "store.watches_left", S(""), F_NUM("watches", left));
    LIST_EACH_SAFE(&w->leases, node)
        lease_free(CONTAINER_OF(node, struct lease, node));
    lock_end(&w->lock);
}

static struct list *bucket(struct watches *w, struct account a)
{
    return &w->buckets[a.n * 0x9e3779b97f4a7c15 >> 54];
}

/* --- watches -------------------------------------------------------------------------------- */

static void cell_rung(struct loop_post *p)
{
    struct watch_cell *c = CONTAINER_OF(p, struct watch_cell, post);
    if (!c->watch) {
        mem_free(c);
        return;
    }
    /* Before changed() looks: a change from now on is told again. */
    __atomic_store_n(&c->pending, false, __ATOMIC_RELEASE);
    c->watch->changed(c->watch);
}

void watches_ring(struct watches *w, struct account a)
{
    lock_take(&w->lock);
    LIST_EACH(bucket(w, a), node) {
        struct watch_cell *c = CONTAINER_OF(node, struct watch_cell, node);
        if (c->account.n != a.n || __atomic_exchange_n(&c->pending, true, __ATOMIC_ACQ_REL))
            continue;
        loop_post(c->loop, &c->post);
    }
    lock_drop(&w->lock);
}

void embedded_watch(struct engine *e, struct watch *w)
{
    struct watches *all = &embedded_of(e)->watches;
    struct watch_cell *c = MEM_NEW(struct watch_cell);
    c->watch = w;
    c->account = w->account;
    c->loop = w->loop;
    c->post.run = cell_rung;
    w->cell = c;
    lock_take(&all->lock);
    list_push_back(bucket(all, w->account), &c->node);
    lock_drop(&all->lock);
}

void embedded_unwatch(struct engine *e, struct watch *w)
{
    struct watches *all = &embedded_of(e)->watches;
    struct watch_cell *c = w->cell;
    w->cell = NULL;
    lock_take(&all->lock);
    list_remove(&c->node); /* from here on nobody posts it */
    lock_drop(&all->lock);
    c->watch = NULL;
    if (!__atomic_load_n(&c->pending, __ATOMIC_ACQUIRE)) mem_free(c);
}

/* --- leases --------------------------------------------------------------------------------- */

static struct lease *lease_find(struct watches *w, str name)
{
    LIST_EACH(&w->leases, node) {
        struct lease *l = CONTAINER_OF(node, struct lease, node);
        if (str_eq(l->name, name)) return l;
    }
    return NULL;
}

enum err embedded_lease(struct engine *e, str name, uint64_t *fence)
{
    struct watches *w = &embedded_of(e)->watches;
    lock_take(&w->lock);
    bool taken = lease_find(w, name) != NULL;
    if (!taken) {
        struct lease *l = MEM_NEW(struct lease);
        l->name_arena = arena_make(SIZE_MAX);
        l->name = arena_copy(&l->name_arena, name);
        list_push_back(&w->leases, &l->node);
        *fence = ++w->fence;
    }
    lock_drop(&w->lock);
    return taken ? ERR_EXISTS : OK;
}

void embedded_unlease(struct engine *e, str name)
{
    struct watches *w = &embedded_of(e)->watches;
    lock_take(&w->lock);
    struct lease *l = lease_find(w, name);
    if (l) lease_free(l);
    lock_drop(&w->lock);
}
