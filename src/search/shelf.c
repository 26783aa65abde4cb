/* shelf.c - whose turn it is with an account's file. */
#include "base/limits.h"
#include "search/search_int.h"

static struct shelf *shelf_find(struct search *s, struct account a)
{
    LIST_EACH(&s->shelves, node) {
        struct shelf *shelf = CONTAINER_OF(node, struct shelf, node);
        if (shelf->account.n == a.n) return shelf;
    }
    return NULL;
}

static struct shelf *shelf_make(struct search *s, struct account a)
{
    if (s->shelves_n == SEARCH_SHELVES) return NULL;
    struct shelf *shelf = MEM_NEW(struct shelf);
    shelf->account = a;
    shelf->swept_mono_us = seam_mono_us(s->seam);
    list_push_front(&s->shelves, &shelf->node);
    s->shelves_n++;
    return shelf;
}

/* OK; ERR_LATER: not now. */
static enum err try_take(struct search *s, struct account a, bool make, struct shelf **out)
{
    enum err e = OK;
    lock_take(&s->lock);
    struct shelf *shelf = shelf_find(s, a);
    if (!shelf && !make) e = ERR_NOTFOUND;
    if (!shelf && make) shelf = shelf_make(s, a);
    if (!e && !shelf) e = ERR_LIMIT;
    if (!e && (shelf->busy || s->asking >= SEARCH_ASKING)) e = ERR_LATER;
    if (!e) {
        shelf->busy = true;
        s->asking++;
        *out = shelf;
    }
    lock_drop(&s->lock);
    return e;
}

enum err shelf_take(struct search *s, struct account a, bool make, struct shelf **out)
{
    for (;;) {
        enum err e = try_take(s, a, make, out);
        if (e != ERR_LATER) return e;
        e = fiber_sleep_until(seam_mono_us(s->seam) + SEARCH_WAIT_US);
        if (e) return e;
    }
}

void shelf_give(struct search *s, struct shelf *shelf)
{
    lock_take(&s->lock);
    shelf->busy = false;
    s->asking--;
    lock_drop(&s->lock);
}

void shelf_free(struct shelf *shelf)
{
    mem_free(shelf->marks);
    mem_free(shelf);
}

bool shelf_known(struct search *s, struct account a)
{
    return shelf_make(s, a) != NULL;
}
