/* engine.c - the calls of engine.h go through the table of the engine that a handle belongs to. */
#include "store/engine_int.h"

void engine_close(struct engine *e)
{
    e->ops->close(e);
}

/* --- reading --------------------------------------------------------------------------------- */

struct view *engine_view(struct engine *e)
{
    return e->ops->view(e);
}

void view_end(struct view *v)
{
    v->engine->ops->view_end(v);
}

enum err view_get(struct view *v, struct account a, str key, str *value)
{
    return v->engine->ops->view_get(v, a, key, value);
}

enum err view_scan(struct view *v, struct account a, str from, str to, engine_each *each, void *arg)
{
    return v->engine->ops->view_scan(v, a, from, to, each, arg);
}

enum err view_accounts(struct view *v, bool (*each)(void *arg, struct account a), void *arg)
{
    return v->engine->ops->view_accounts(v, each, arg);
}

enum err view_blob(struct view *v, struct blob blob, struct blob_facts *out)
{
    return v->engine->ops->view_blob(v, blob, out);
}

enum err view_blobs(struct view *v, struct blob from, struct blob to, engine_each_blob *each,
                    void *arg)
{
    return v->engine->ops->view_blobs(v, from, to, each, arg);
}

/* --- changing -------------------------------------------------------------------------------- */

enum err engine_commit(struct engine *e, txn_fn *fn, void *arg)
{
    return e->ops->commit(e, fn, arg);
}

void engine_commit_lazy(struct engine *e, txn_fn *fn, void *arg, void (*done)(void *arg))
{
    e->ops->commit_lazy(e, fn, arg, done);
}

enum err txn_get(struct txn *t, struct account a, str key, str *value)
{
    return t->engine->ops->txn_get(t, a, key, value);
}

enum err txn_scan(struct txn *t, struct account a, str from, str to, engine_each *each, void *arg)
{
    return t->engine->ops->txn_scan(t, a, from, to, each, arg);
}

void txn_put(struct txn *t, struct account a, str key, str value)
{
    t->engine->ops->txn_put(t, a, key, value);
}

void txn_delete(struct txn *t, struct account a, str key)
{
    t->engine->ops->txn_delete(t, a, key);
}

void txn_fail(struct txn *t, enum err why)
{
    t->engine->ops->txn_fail(t, why);
}

size_t txn_room(const struct txn *t)
{
    return t->engine->ops->txn_room(t);
}

size_t txn_room_bytes(const struct txn *t)
{
    return t->engine->ops->txn_room_bytes(t);
}

bool txn_awaited(const struct txn *t)
{
    return t->engine->ops->txn_awaited(t);
}

int64_t txn_wall_us(const struct txn *t)
{
    return t->engine->ops->txn_wall_us(t);
}

struct arena *txn_arena(struct txn *t)
{
    return t->engine->ops->txn_arena(t);
}

void txn_body(struct txn *t, struct body *b, struct blob *out)
{
    t->engine->ops->txn_body(t, b, out);
}

void txn_blob_ref(struct txn *t, struct blob blob, int delta)
{
    t->engine->ops->txn_blob_ref(t, blob, delta);
}

void txn_blob_recount(struct txn *t, struct blob blob, int64_t refs)
{
    t->engine->ops->txn_blob_recount(t, blob, refs);
}

/* --- bodies ---------------------------------------------------------------------------------- */

enum err body_begin(struct engine *e, struct body **out)
{
    return e->ops->body_begin(e, out);
}

enum err body_write(struct body *b, str bytes)
{
    return b->engine->ops->body_write(b, bytes);
}

uint64_t body_size(const struct body *b)
{
    return b->engine->ops->body_size(b);
}

enum err body_seal(struct body *b, str side)
{
    return b->engine->ops->body_seal(b, side);
}

void body_free(struct body *b)
{
    if (b) b->engine->ops->body_free(b);
}

enum err body_open(struct engine *e, struct blob blob, struct body_reader **out)
{
    return e->ops->body_open(e, blob, out);
}

uint64_t body_reader_size(const struct body_reader *r)
{
    return r->engine->ops->body_reader_size(r);
}

enum err body_read(struct body_reader *r, uint64_t offset, size_t n, str *bytes)
{
    return r->engine->ops->body_read(r, offset, n, bytes);
}

enum err body_side(struct body_reader *r, str *side)
{
    return r->engine->ops->body_side(r, side);
}

void body_close(struct body_reader *r)
{
    if (r) r->engine->ops->body_close(r);
}

/* --- watching, leases, care ------------------------------------------------------------------ */

void engine_watch(struct engine *e, struct watch *w)
{
    e->ops->watch(e, w);
}

void engine_unwatch(struct engine *e, struct watch *w)
{
    e->ops->unwatch(e, w);
}

enum err engine_lease(struct engine *e, str name, uint64_t *fence)
{
    return e->ops->lease(e, name, fence);
}

void engine_unlease(struct engine *e, str name)
{
    e->ops->unlease(e, name);
}

enum err engine_check(struct engine *e, struct check_report *report)
{
    return e->ops->check(e, report);
}

enum err engine_compact(struct engine *e, struct compact_result *out)
{
    return e->ops->compact(e, out);
}

void engine_keep_up(struct engine *e, size_t lag_bytes)
{
    if (e->ops->keep_up) e->ops->keep_up(e, lag_bytes);
}

struct engine_stats engine_stats(struct engine *e)
{
    return e->ops->stats(e);
}

/* --- backup ---------------------------------------------------------------------------------- */

enum err engine_backup_begin(struct engine *e, struct backup **out)
{
    return e->ops->backup_begin ? e->ops->backup_begin(e, out) : ERR_DENIED;
}

const struct backup_point *backup_point(const struct backup *b)
{
    return b->engine->ops->backup_point(b);
}

enum err backup_read(struct backup *b, size_t i, uint64_t offset, size_t n, str *bytes)
{
    return b->engine->ops->backup_read(b, i, offset, n, bytes);
}

void backup_end(struct backup *b)
{
    if (b) b->engine->ops->backup_end(b);
}
