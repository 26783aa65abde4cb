/* memory.c - the engine that forgets: transactions over memory_rows, bodies in the heap. */
#include "store/memory.h"

#include <assert.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/memory_rows_int.h"

static const int64_t first_day_us = 1767225600000000; /* 2026-01-01, for tests that print dates */
static const size_t body_bytes_max = 64u << 20;
static const size_t scratch_bytes = 8u << 20;

struct memory_blob {
    struct buf bytes, side;
    int64_t refs, refs_before; /* now; when the transaction began */
};

struct memory_lazy {
    struct memory_lazy *next;
    txn_fn *fn;
    void *arg;
    void (*done)(void *arg);
};

struct memory_lease {
    struct list node;
    size_t n;
    char name[];
};

struct memory_watch {
    struct list node;
    struct watch *watch; /* NULL: unwatched while the post is on its way */
    struct loop_post post;
    bool rung, posted;
};

struct memory_engine {
    struct engine base;
    struct view view; /* there is one state, so one view serves all */
    unsigned views;
    bool busy; /* a transaction runs */
    struct seam *seam;
    int64_t wall_us, moved_us;
    unsigned fail_in;
    struct memory_rows rows;
    struct memory_blob *blobs; /* blob n is blobs[n - 1] */
    size_t blobs_n, blobs_cap;
    struct memory_lazy *lazy, **lazy_end;
    struct list watches, leases;
    uint64_t commits, fence;
};

struct memory_txn {
    struct txn base;
    struct arena arena;
    char *scratch; /* the last value handed out */
    size_t ops, bytes;
    size_t blobs_before;
    enum err failed; /* sticky */
};

struct memory_body {
    struct body base;
    struct buf bytes, side;
    uint64_t commit; /* when it became blob: the same body twice is one */
    struct blob blob;
};

struct memory_reader {
    struct body_reader base;
    struct blob blob;
};

static struct memory_engine *engine_of(const struct engine *e)
{
    return CONTAINER_OF(e, struct memory_engine, base);
}

static struct memory_txn *txn_of(const struct txn *t)
{
    return CONTAINER_OF(t, struct memory_txn, base);
}

static struct memory_body *body_of(const struct body *b)
{
    return CONTAINER_OF(b, struct memory_body, base);
}

/* --- views ----------------------------------------------------------------------------------- */

static void run_lazy(struct memory_engine *m);

static struct view *memory_view(struct engine *e)
{
    struct memory_engine *m = engine_of(e);
    m->views++;
    return &m->view;
}

static void memory_view_end(struct view *v)
{
    struct memory_engine *m = engine_of(v->engine);
    assert(m->views > 0);
    m->views--;
    run_lazy(m);
}

static enum err memory_view_get(struct view *v, struct account a, str key, str *value)
{
    return rows_get(&engine_of(v->engine)->rows, a, key, value) ? OK : ERR_NOTFOUND;
}

static enum err memory_view_scan(struct view *v, struct account a, str from, str to,
                                 engine_each *each, void *arg)
{
    rows_scan(&engine_of(v->engine)->rows, a, from, to, each, arg);
    return OK;
}

static enum err memory_view_accounts(struct view *v, bool (*each)(void *arg, struct account a),
                                     void *arg)
{
    rows_accounts(&engine_of(v->engine)->rows, each, arg);
    return OK;
}

static struct memory_blob *blob_at(struct memory_engine *m, struct blob blob)
{
    return blob.n > 0 && blob.n <= m->blobs_n ? &m->blobs[blob.n - 1] : NULL;
}

static enum err memory_view_blob(struct view *v, struct blob blob, struct blob_facts *out)
{
    const struct memory_blob *found = blob_at(engine_of(v->engine), blob);
    if (!found) return ERR_NOTFOUND;
    *out = (struct blob_facts){ found->bytes.n, found->refs };
    return OK;
}

static enum err memory_view_blobs(struct view *v, struct blob from, struct blob to,
                                  engine_each_blob *each, void *arg)
{
    const struct memory_engine *m = engine_of(v->engine);
    for (struct blob b = { from.n ? from.n : 1 }; b.n <= to.n && b.n <= m->blobs_n; b.n++) {
        const struct memory_blob *found = &m->blobs[b.n - 1];
        struct blob_facts facts = { found->bytes.n, found->refs };
        if (!each(arg, b, found->refs, &facts)) break;
    }
    return OK;
}

/* --- transactions ---------------------------------------------------------------------------- */

static void drop_blob(struct memory_engine *m)
{
    struct memory_blob *last = &m->blobs[--m->blobs_n];
    buf_free(&last->bytes);
    buf_free(&last->side);
}

static void settle_blobs(struct memory_engine *m, size_t before, bool keep)
{
    while (!keep && m->blobs_n > before)
        drop_blob(m);
    for (size_t i = 0; i < m->blobs_n; i++) {
        struct memory_blob *b = &m->blobs[i];
        if (keep)
            b->refs_before = b->refs;
        else
            b->refs = b->refs_before;
    }
}

/* A watch with a loop hears there, later, as with any engine; one without hears at once. */
static void note_watchers(struct memory_engine *m)
{
    LIST_EACH(&m->watches, node) {
        struct memory_watch *w = CONTAINER_OF(node, struct memory_watch, node);
        w->rung |= rows_changed(&m->rows, w->watch->account);
    }
}

static void hear(struct loop_post *p)
{
    struct memory_watch *w = CONTAINER_OF(p, struct memory_watch, post);
    w->posted = false;
    if (w->watch)
        w->watch->changed(w->watch);
    else
        mem_free(w);
}

static void ring_watchers(struct memory_engine *m)
{
    LIST_EACH_SAFE(&m->watches, node) {
        struct memory_watch *w = CONTAINER_OF(node, struct memory_watch, node);
        if (!w->rung || w->posted) continue;
        w->rung = false;
        w->posted = w->watch->loop != NULL;
        if (w->posted)
            loop_post(w->watch->loop, &w->post);
        else
            w->watch->changed(w->watch);
    }
}

static bool must_fail(struct memory_engine *m)
{
    return m->fail_in > 0 && --m->fail_in == 0;
}

static enum err run_txn(struct memory_engine *m, txn_fn *fn, void *arg)
{
    assert(!m->busy && m->views == 0); /* a view may not span a commit */
    m->busy = true;
    m->commits++;
    int64_t now_us = m->seam ? seam_wall_us(m->seam) + m->moved_us : m->wall_us + 1000;
    if (now_us > m->wall_us) m->wall_us = now_us;
    struct memory_txn t = { .base.engine = &m->base, .arena = arena_make(scratch_bytes) };
    t.blobs_before = m->blobs_n;
    enum err e = fn(&t.base, arg);
    if (!e) e = t.failed;
    if (!e && (t.ops > STORE_BATCH_OPS || t.bytes > STORE_BATCH_BYTES)) e = ERR_LIMIT;
    if (!e && must_fail(m)) e = ERR_LATER;
    settle_blobs(m, t.blobs_before, e == OK);
    if (!e) note_watchers(m);
    if (!e)
        rows_keep(&m->rows);
    else
        rows_back(&m->rows);
    mem_free(t.scratch);
    arena_free(&t.arena);
    m->busy = false;
    if (!e) ring_watchers(m);
    return e;
}

static void run_lazy(struct memory_engine *m)
{
    while (m->lazy && m->views == 0 && !m->busy) {
        struct memory_lazy *l = m->lazy;
        m->lazy = l->next;
        if (!m->lazy) m->lazy_end = &m->lazy;
        (void)run_txn(m, l->fn, l->arg); /* nobody waits, so nobody is told */
        if (l->done) l->done(l->arg);
        mem_free(l);
    }
}

static enum err memory_commit(struct engine *e, txn_fn *fn, void *arg)
{
    enum err result = run_txn(engine_of(e), fn, arg);
    run_lazy(engine_of(e));
    return result;
}

static void memory_commit_lazy(struct engine *e, txn_fn *fn, void *arg, void (*done)(void *arg))
{
    struct memory_engine *m = engine_of(e);
    struct memory_lazy *l = MEM_NEW(struct memory_lazy);
    *l = (struct memory_lazy){ .fn = fn, .arg = arg, .done = done };
    *m->lazy_end = l;
    m->lazy_end = &l->next;
    run_lazy(m);
}

static enum err memory_txn_get(struct txn *t, struct account a, str key, str *value)
{
    struct memory_txn *mt = txn_of(t);
    str found;
    if (!rows_get(&engine_of(t->engine)->rows, a, key, &found)) return ERR_NOTFOUND;
    mem_free(mt->scratch);
    mt->scratch = mem_new(found.n + 1);
    bytes_copy(mt->scratch, found.n, found.p, found.n);
    *value = (str){ mt->scratch, found.n };
    return OK;
}

static enum err memory_txn_scan(struct txn *t, struct account a, str from, str to,
                                engine_each *each, void *arg)
{
    rows_scan(&engine_of(t->engine)->rows, a, from, to, each, arg);
    return OK;
}

static void spend(struct txn *t, size_t bytes)
{
    struct memory_txn *mt = txn_of(t);
    mt->ops++;
    mt->bytes += bytes;
    mem_free(mt->scratch);
    mt->scratch = NULL;
}

static void memory_txn_put(struct txn *t, struct account a, str key, str value)
{
    assert(key.n > 0 && key.n <= STORE_KEY_BYTES - 8 && value.n <= STORE_VALUE_BYTES);
    rows_put(&engine_of(t->engine)->rows, a, key, value);
    spend(t, key.n + value.n);
}

static void memory_txn_delete(struct txn *t, struct account a, str key)
{
    rows_delete(&engine_of(t->engine)->rows, a, key);
    spend(t, key.n);
}

static void memory_txn_fail(struct txn *t, enum err why)
{
    if (!txn_of(t)->failed) txn_of(t)->failed = why;
}

static size_t memory_txn_room(const struct txn *t)
{
    size_t ops = txn_of(t)->ops;
    return ops < STORE_BATCH_OPS ? STORE_BATCH_OPS - ops : 0;
}

/* As if somebody always did, so that tests see long commands in several steps. */
static bool memory_txn_awaited(const struct txn *t)
{
    (void)t;
    return true;
}

static size_t memory_txn_room_bytes(const struct txn *t)
{
    size_t bytes = txn_of(t)->bytes;
    return bytes < STORE_BATCH_BYTES ? STORE_BATCH_BYTES - bytes : 0;
}

static int64_t memory_txn_wall_us(const struct txn *t)
{
    return engine_of(t->engine)->wall_us;
}

static struct arena *memory_txn_arena(struct txn *t)
{
    return &txn_of(t)->arena;
}

/* --- bodies ---------------------------------------------------------------------------------- */

static void memory_txn_body(struct txn *t, struct body *b, struct blob *out)
{
    struct memory_engine *m = engine_of(t->engine);
    struct memory_body *mb = body_of(b);
    spend(t, 0);
    if (mb->commit != m->commits) {
        if (m->blobs_n == m->blobs_cap) {
            size_t cap = m->blobs_cap ? m->blobs_cap * 2 : 16;
            m->blobs = mem_resize(m->blobs, m->blobs_cap, cap, sizeof *m->blobs);
            m->blobs_cap = cap;
        }
        struct memory_blob *blob = &m->blobs[m->blobs_n++];
        *blob = (struct memory_blob){ .bytes = buf_make(body_bytes_max),
                                      .side = buf_make(body_bytes_max) };
        buf_add(&blob->bytes, buf_str(&mb->bytes));
        buf_add(&blob->side, buf_str(&mb->side));
        mb->commit = m->commits;
        mb->blob.n = m->blobs_n;
    }
    *out = mb->blob;
}

static void memory_txn_blob_ref(struct txn *t, struct blob blob, int delta)
{
    struct memory_blob *found = blob_at(engine_of(t->engine), blob);
    assert(found);
    found->refs += delta;
    assert(found->refs >= 0);
    spend(t, 0);
}

static void memory_txn_blob_recount(struct txn *t, struct blob blob, int64_t refs)
{
    struct memory_blob *found = blob_at(engine_of(t->engine), blob);
    if (found) found->refs = refs < 0 ? 0 : refs;
    spend(t, 0);
}

static enum err memory_body_begin(struct engine *e, struct body **out)
{
    struct memory_body *b = MEM_NEW(struct memory_body);
    b->base.engine = e;
    b->bytes = buf_make(body_bytes_max);
    b->side = buf_make(body_bytes_max);
    *out = &b->base;
    return OK;
}

static enum err memory_body_write(struct body *b, str bytes)
{
    buf_add(&body_of(b)->bytes, bytes);
    return body_of(b)->bytes.full ? ERR_LATER : OK;
}

static uint64_t memory_body_size(const struct body *b)
{
    return body_of(b)->bytes.n;
}

static enum err memory_body_seal(struct body *b, str side)
{
    buf_add(&body_of(b)->side, side);
    return body_of(b)->side.full ? ERR_LATER : OK;
}

static void memory_body_free(struct body *b)
{
    struct memory_body *mb = body_of(b);
    buf_free(&mb->bytes);
    buf_free(&mb->side);
    mem_free(mb);
}

static enum err memory_body_open(struct engine *e, struct blob blob, struct body_reader **out)
{
    if (!blob_at(engine_of(e), blob)) return ERR_NOTFOUND;
    struct memory_reader *r = MEM_NEW(struct memory_reader);
    *r = (struct memory_reader){ { e }, blob };
    *out = &r->base;
    return OK;
}

static const struct memory_blob *blob_of(const struct body_reader *r)
{
    const struct memory_reader *mr = CONTAINER_OF(r, const struct memory_reader, base);
    return blob_at(engine_of(r->engine), mr->blob);
}

static uint64_t memory_reader_size(const struct body_reader *r)
{
    return blob_of(r)->bytes.n;
}

static enum err memory_body_read(struct body_reader *r, uint64_t offset, size_t n, str *bytes)
{
    *bytes = str_sub(buf_str(&blob_of(r)->bytes), offset, n);
    return OK;
}

static enum err memory_body_side(struct body_reader *r, str *side)
{
    *side = buf_str(&blob_of(r)->side);
    return OK;
}

static void memory_body_close(struct body_reader *r)
{
    mem_free(CONTAINER_OF(r, struct memory_reader, base));
}

/* --- watches, leases, care ------------------------------------------------------------------- */

static void memory_watch(struct engine *e, struct watch *watch)
{
    struct memory_watch *w = MEM_NEW(struct memory_watch);
    w->watch = watch;
    w->post.run = hear;
    list_push_back(&engine_of(e)->watches, &w->node);
}

static void memory_unwatch(struct engine *e, struct watch *watch)
{
    LIST_EACH_SAFE(&engine_of(e)->watches, node) {
        struct memory_watch *w = CONTAINER_OF(node, struct memory_watch, node);
        if (w->watch != watch) continue;
        list_remove(&w->node);
        w->watch = NULL;
        if (!w->posted) mem_free(w); /* else the post frees it */
    }
}

static struct memory_lease *lease_find(struct memory_engine *m, str name)
{
    LIST_EACH(&m->leases, node) {
        struct memory_lease *l = CONTAINER_OF(node, struct memory_lease, node);
        if (str_eq((str){ l->name, l->n }, name)) return l;
    }
    return NULL;
}

static enum err memory_lease(struct engine *e, str name, uint64_t *fence)
{
    struct memory_engine *m = engine_of(e);
    if (lease_find(m, name)) return ERR_EXISTS;
    struct memory_lease *l = mem_new(sizeof *l + name.n);
    l->n = name.n;
    bytes_copy(l->name, name.n, name.p, name.n);
    list_push_back(&m->leases, &l->node);
    *fence = ++m->fence;
    return OK;
}

static void memory_unlease(struct engine *e, str name)
{
    struct memory_lease *l = lease_find(engine_of(e), name);
    assert(l);
    list_remove(&l->node);
    mem_free(l);
}

static enum err memory_check(struct engine *e, struct check_report *report)
{
    const struct memory_engine *m = engine_of(e);
    report->records += m->rows.n;
    report->blobs += m->blobs_n;
    return OK;
}

/* Nothing of it lies on a disk. */
static enum err memory_compact(struct engine *e, struct compact_result *out)
{
    (void)e;
    *out = (struct compact_result){ 0 };
    return OK;
}

static struct engine_stats memory_stats(struct engine *e)
{
    return (struct engine_stats){ .commits = engine_of(e)->commits };
}

static void memory_close(struct engine *e)
{
    struct memory_engine *m = engine_of(e);
    assert(m->views == 0 && !m->lazy);
    LIST_EACH_SAFE(&m->leases, node) {
        list_remove(node);
        mem_free(CONTAINER_OF(node, struct memory_lease, node));
    }
    while (m->blobs_n > 0)
        drop_blob(m);
    mem_free(m->blobs);
    rows_free(&m->rows);
    mem_free(m);
}

static const struct engine_ops memory_ops = {
    .name = "memory",
    .close = memory_close,
    .view = memory_view,
    .view_end = memory_view_end,
    .view_get = memory_view_get,
    .view_scan = memory_view_scan,
    .view_accounts = memory_view_accounts,
    .view_blob = memory_view_blob,
    .view_blobs = memory_view_blobs,
    .commit = memory_commit,
    .commit_lazy = memory_commit_lazy,
    .txn_get = memory_txn_get,
    .txn_scan = memory_txn_scan,
    .txn_put = memory_txn_put,
    .txn_delete = memory_txn_delete,
    .txn_fail = memory_txn_fail,
    .txn_room = memory_txn_room,
    .txn_room_bytes = memory_txn_room_bytes,
    .txn_awaited = memory_txn_awaited,
    .txn_wall_us = memory_txn_wall_us,
    .txn_arena = memory_txn_arena,
    .txn_body = memory_txn_body,
    .txn_blob_ref = memory_txn_blob_ref,
    .txn_blob_recount = memory_txn_blob_recount,
    .body_begin = memory_body_begin,
    .body_write = memory_body_write,
    .body_size = memory_body_size,
    .body_seal = memory_body_seal,
    .body_free = memory_body_free,
    .body_open = memory_body_open,
    .body_reader_size = memory_reader_size,
    .body_read = memory_body_read,
    .body_side = memory_body_side,
    .body_close = memory_body_close,
    .watch = memory_watch,
    .unwatch = memory_unwatch,
    .lease = memory_lease,
    .unlease = memory_unlease,
    .check = memory_check,
    .compact = memory_compact,
    .stats = memory_stats,
};

enum err engine_memory_open(struct seam *seam, struct engine **out)
{
    struct memory_engine *m = MEM_NEW(struct memory_engine);
    m->base.ops = &memory_ops;
    m->view.engine = &m->base;
    m->seam = seam;
    m->wall_us = seam ? 0 : first_day_us;
    m->lazy_end = &m->lazy;
    list_init(&m->watches);
    list_init(&m->leases);
    *out = &m->base;
    return OK;
}

void engine_memory_advance(struct engine *e, int64_t us)
{
    engine_of(e)->moved_us += us;
    if (!engine_of(e)->seam) engine_of(e)->wall_us += us;
}

void engine_memory_fail(struct engine *e, unsigned n)
{
    engine_of(e)->fail_in = n;
}
