/* view.c - consistent snapshots: a number, two tables and an LMDB read transaction, taken together.
 */
#include <assert.h>

#include "base/mem.h"
#include "run/fiber.h"
#include "store/embedded/embedded_int.h"

struct embedded_view {
    struct view base;
    struct embedded *e;
    struct snapshot *snapshot;
    unsigned *thread; /* whose it is */
};

/* How many views this thread has open, and which fiber's they are. All are closed before their
 * fiber waits: so at a wait there are none, and never are there two fibers' at once. */
static _Thread_local unsigned open_views;
static _Thread_local const struct fiber *views_of;

void assert_no_view(void)
{
    assert(open_views == 0 && "a view may not be held over a wait");
}

static struct snapshot *snapshot_fill(struct embedded *e, struct snapshot *s)
{
    s->sources.index = e->index;
    if (index_begin(e->index, &s->sources.snapshot)) return NULL;
    s->sources.tables[MERGE_ACTIVE].table = e->active;
    s->sources.tables[MERGE_ACTIVE].seq = e->published;
    memtable_hold(e->active);
    s->sources.tables[MERGE_FROZEN].table = e->frozen;
    s->sources.tables[MERGE_FROZEN].seq = e->published;
    if (e->frozen) memtable_hold(e->frozen);
    return s;
}

struct snapshot *snapshot_take(struct embedded *e)
{
    lock_take(&e->lock);
    struct snapshot *s = e->free_snapshots;
    if (s)
        e->free_snapshots = s->next;
    else
        s = MEM_NEW(struct snapshot);
    /* Under the lock: an index that went on in between would hold rows newer than the number. */
    struct snapshot *filled = snapshot_fill(e, s);
    if (!filled) {
        index_free(s->sources.snapshot); /* under it too: index_revive must find none left */
        mem_free(s);
    }
    lock_drop(&e->lock);
    return filled;
}

void snapshot_give(struct embedded *e, struct snapshot *s)
{
    memtable_drop((struct memtable *)(uintptr_t)s->sources.tables[MERGE_ACTIVE].table);
    memtable_drop((struct memtable *)(uintptr_t)s->sources.tables[MERGE_FROZEN].table);
    MDB_txn *txn = s->sources.snapshot;
    *s = (struct snapshot){ .sources.snapshot = txn };
    lock_take(&e->lock);
    index_end(e->index, txn);
    s->next = e->free_snapshots;
    e->free_snapshots = s;
    lock_drop(&e->lock);
}

void snapshots_free(struct embedded *e)
{
    while (e->free_snapshots) {
        struct snapshot *s = e->free_snapshots;
        e->free_snapshots = s->next;
        index_free(s->sources.snapshot);
        mem_free(s);
    }
}

static struct embedded_view *view_of(struct view *v)
{
    struct embedded_view *view = CONTAINER_OF(v, struct embedded_view, base);
    assert(view->thread == &open_views && "a view belongs to one thread");
    return view;
}

struct view *embedded_view(struct engine *engine)
{
    struct embedded *e = embedded_of(engine);
    struct snapshot *s = snapshot_take(e);
    if (!s) return NULL;
    struct embedded_view *v = MEM_NEW(struct embedded_view);
    *v = (struct embedded_view){ { engine }, e, s, &open_views };
    assert((open_views == 0 || views_of == fiber_self()) && "another fiber waits with a view open");
    views_of = fiber_self();
    open_views++;
    return &v->base;
}

void embedded_view_end(struct view *base)
{
    struct embedded_view *v = view_of(base);
    assert(open_views > 0);
    open_views--;
    snapshot_give(v->e, v->snapshot);
    mem_free(v);
}

enum err embedded_view_get(struct view *v, struct account a, str key, str *value)
{
    struct full_key full = full_key(a, key);
    return merge_get(&view_of(v)->snapshot->sources, full_key_str(&full), value);
}

enum err embedded_view_scan(struct view *v, struct account a, str from, str to, engine_each *each,
                            void *arg)
{
    return merge_scan(&view_of(v)->snapshot->sources, a, from, to, each, arg);
}

enum err embedded_view_accounts(struct view *v, bool (*each)(void *arg, struct account a),
                                void *arg)
{
    return merge_accounts(&view_of(v)->snapshot->sources, each, arg);
}

/* --- blobs ---------------------------------------------------------------------------------- */

static enum err blob_row_get(const struct sources *s, enum blob_row row, struct blob blob,
                             str *value)
{
    struct blob_key key = blob_key(row, blob.n);
    struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&key));
    return merge_get(s, full_key_str(&full), value);
}

static enum err place_of(const struct sources *s, struct blob blob, struct blob_place *out)
{
    str value;
    enum err e = blob_row_get(s, BLOB_PLACE, blob, &value);
    if (e) return e;
    return blob_place_unpack(value, out) ? OK : ERR_CORRUPT;
}

enum err blob_place_find(struct embedded *e, struct blob blob, struct blob_place *out)
{
    struct snapshot *s = snapshot_take(e);
    if (!s) return ERR_LATER;
    enum err err = place_of(&s->sources, blob, out);
    snapshot_give(e, s);
    return err;
}

enum err embedded_view_blob(struct view *v, struct blob blob, struct blob_facts *out)
{
    const struct sources *s = &view_of(v)->snapshot->sources;
    struct blob_place place;
    struct blob_refs refs;
    str value;
    enum err e = place_of(s, blob, &place);
    if (!e) e = blob_row_get(s, BLOB_REFS, blob, &value);
    if (e) return e;
    if (!blob_refs_unpack(value, &refs)) return ERR_CORRUPT;
    *out = (struct blob_facts){ .size_bytes = place.size_bytes, .refs = refs.count };
    return OK;
}

struct each_blob {
    const struct sources *sources;
    struct blob to;
    engine_each_blob *each;
    void *arg;
};

static bool show_blob(void *arg, str key, str value)
{
    const struct each_blob *b = arg;
    struct blob blob = { blob_key_number(key) };
    struct blob_place place;
    struct blob_refs refs = { -1, 0 }; /* what no count is, when the row does not read */
    if (blob.n > b->to.n) return false;
    if (!blob_refs_unpack(value, &refs)) refs.count = -1;
    if (place_of(b->sources, blob, &place)) return b->each(b->arg, blob, refs.count, NULL);
    struct blob_facts facts = { place.size_bytes, refs.count };
    return b->each(b->arg, blob, refs.count, &facts);
}

enum err embedded_view_blobs(struct view *v, struct blob from, struct blob to,
                             engine_each_blob *each, void *arg)
{
    struct each_blob b = { &view_of(v)->snapshot->sources, to, each, arg };
    struct blob_key first = blob_key(BLOB_REFS, from.n);
    struct blob_key end = { .bytes = { BLOB_REFS + 1 }, .n = 1 };
    return merge_scan(b.sources, ACCOUNT_ENGINE, blob_key_str(&first), blob_key_str(&end),
                      show_blob, &b);
}
