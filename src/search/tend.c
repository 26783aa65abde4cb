/* tend.c - files are brought up to date as mail arrives, and what is removed leaves them.
 *
 * A watch says which accounts changed, and only those cost anything. What fails here is tried again
 * with the next change, or the next question.
 */
#include "base/limits.h"
#include "search/search_int.h"

static void changed(struct watch *w)
{
    CONTAINER_OF(w, struct shelf, watch)->dirty = true;
}

static void begin_watch(struct search *s, struct shelf *shelf)
{
    shelf->watch = (struct watch){ .account = shelf->account, .changed = changed };
    shelf->watch.loop = loop_self();
    shelf->watched = true;
    store_watch(s->store, &shelf->watch);
}

/* Shelves are added in front and stay as long as s, so that who walks may wait between two. */
static struct shelf *next_shelf(struct search *s, const struct shelf *after)
{
    lock_take(&s->lock);
    struct list *node = after ? after->node.next : s->shelves.next;
    struct shelf *next = node == &s->shelves ? NULL : CONTAINER_OF(node, struct shelf, node);
    lock_drop(&s->lock);
    return next;
}

static bool account_is_gone(struct search *s, struct account a)
{
    struct user user;
    struct view *v = store_view(s->store);
    if (!v) return false;
    enum err e = store_user_by_account(v, a, &user);
    view_end(v);
    return e == ERR_NOTFOUND;
}

static enum err tend_book(struct search *s, struct shelf *shelf, bool sweep)
{
    struct book b = book_make(s, shelf->account);
    enum err e = search_book(&b);
    if (!e && b.end && sweep) e = search_sweep(&b, shelf);
    if (!e && b.end && !sweep) e = search_gather(&b, shelf, NULL);
    if (e == ERR_CORRUPT) e = book_remove(s, shelf->account);
    book_free(&b);
    return e;
}

static enum err tend_shelf(struct search *s, struct shelf *shelf, bool sweep)
{
    enum err e = shelf_take(s, shelf->account, false, &shelf);
    if (e) return e;
    e = account_is_gone(s, shelf->account) ? book_remove(s, shelf->account)
                                           : tend_book(s, shelf, sweep);
    shelf_give(s, shelf);
    return e;
}

enum err search_tend_once(struct search *s, uint64_t sweep_after_us)
{
    unsigned swept = 0;
    enum err e = OK;
    for (struct shelf *shelf = NULL; e != ERR_GONE && (shelf = next_shelf(s, shelf));) {
        if (!shelf->watched) begin_watch(s, shelf);
        uint64_t now = seam_mono_us(s->seam);
        bool sweep = now - shelf->swept_mono_us >= sweep_after_us && swept < SEARCH_SWEEPS;
        if (sweep) shelf->swept_mono_us = now;
        swept += sweep;
        if (sweep) e = tend_shelf(s, shelf, true);
        if (!shelf->dirty || e == ERR_GONE) continue;
        shelf->dirty = false;
        e = tend_shelf(s, shelf, false);
    }
    return e == ERR_GONE ? e : OK;
}

void search_tend(struct search *s)
{
    enum err e = s->settings->enabled ? OK : ERR_GONE;
    while (!e) {
        e = fiber_sleep_until(seam_mono_us(s->seam) + SEARCH_TEND_US);
        if (!e) e = search_tend_once(s, SEARCH_SWEEP_US);
    }
    search_unwatch(s);
}

void search_unwatch(struct search *s)
{
    for (struct shelf *shelf = NULL; (shelf = next_shelf(s, shelf));) {
        if (shelf->watched) store_unwatch(s->store, &shelf->watch);
        shelf->watched = false;
    }
}
