/* open.c - opens and closes the embedded engine, and tells engine.h where its functions are. */
#include <errno.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/repair_int.h"
#include "store/repair_marker_int.h"
#include "store/restore_int.h"

static struct engine_stats embedded_stats(struct engine *engine);
static void embedded_close(struct engine *engine);

/* clang-format off */
static const struct engine_ops embedded_ops = {
    .name = "embedded",
    .close = embedded_close,
    .view = embedded_view,
    .view_end = embedded_view_end,
    .view_get = embedded_view_get,
    .view_scan = embedded_view_scan,
    .view_accounts = embedded_view_accounts,
    .view_blob = embedded_view_blob,
    .view_blobs = embedded_view_blobs,
    .commit = embedded_commit,
    .commit_lazy = embedded_commit_lazy,
    .txn_get = embedded_txn_get,
    .txn_scan = embedded_txn_scan,
    .txn_put = embedded_txn_put,
    .txn_delete = embedded_txn_delete,
    .txn_fail = embedded_txn_fail,
    .txn_room = embedded_txn_room,
    .txn_room_bytes = embedded_txn_room_bytes,
    .txn_awaited = embedded_txn_awaited,
    .txn_wall_us = embedded_txn_wall_us,
    .txn_arena = embedded_txn_arena,
    .txn_body = embedded_txn_body,
    .txn_blob_ref = embedded_txn_blob_ref,
    .txn_blob_recount = embedded_txn_blob_recount,
    .body_begin = embedded_body_begin,
    .body_write = embedded_body_write,
    .body_size = embedded_body_size,
    .body_seal = embedded_body_seal,
    .body_free = embedded_body_free,
    .body_open = embedded_body_open,
    .body_reader_size = embedded_body_reader_size,
    .body_read = embedded_body_read,
    .body_side = embedded_body_side,
    .body_close = embedded_body_close,
    .watch = embedded_watch,
    .unwatch = embedded_unwatch,
    .lease = embedded_lease,
    .unlease = embedded_unlease,
    .check = embedded_check,
    .compact = embedded_compact,
    .keep_up = embedded_keep_up,
    .stats = embedded_stats,
    .backup_begin = embedded_backup_begin,
    .backup_point = embedded_backup_point,
    .backup_read = embedded_backup_read,
    .backup_end = embedded_backup_end,
};
/* clang-format on */

/* For what is 0 in the options. */
static const uint64_t default_body_memory_bytes = 256ULL * 1024 * 1024;
static const uint64_t default_segment_bytes = 64ULL * 1024 * 1024;
static const uint64_t default_lag_bytes = 64ULL * 1024 * 1024;

static struct engine_stats embedded_stats(struct engine *engine)
{
    struct embedded *e = embedded_of(engine);
    int64_t room = seam_free_bytes(e->seam, ".");
    struct engine_stats stats = { .commits = atomic_load(&e->commits),
                                  .groups = atomic_load(&e->groups),
                                  .syncs = atomic_load(&e->syncs),
                                  .journal_bytes = atomic_load(&e->journal_bytes),
                                  .lag_bytes = lag_bytes(e),
                                  .bodies_in_memory_bytes = atomic_load(&e->body_bytes),
                                  .free_bytes = room < 0 ? 0 : (uint64_t)room,
                                  .opened_us = e->opened_us,
                                  .failing =
                                      atomic_load(&e->failing) || atomic_load(&e->index_failing) };
    compactor_stats(e->compactor, &stats);
    return stats;
}

/* --- opening -------------------------------------------------------------------------------- */

static enum err take_lock(struct embedded *e, struct buf *why)
{
    e->lock_file = seam_open(e->seam, "lock", SEAM_WRITE | SEAM_CREATE);
    if (e->lock_file < 0) {
        buf_addf(why, "cannot make the file lock in %s: %s", seam_data_dir(e->seam),
                 seam_error_text(e->lock_file));
        return ERR_LATER;
    }
    int code = seam_lock(e->seam, e->lock_file);
    if (code == 0) return OK;
    buf_addf(why, "%s is in use by another process", seam_data_dir(e->seam));
    return ERR_EXISTS;
}

/* A folder that cannot be looked into says nothing of what was cut off in it. */
static enum err refuse_if(struct embedded *e, const char *marker, const char *what,
                          const char *remedy, struct buf *why)
{
    struct seam_look found;
    int code = seam_look(e->seam, marker, &found);
    if (code == -ENOENT) return OK;
    if (code)
        buf_addf(why, "cannot look into %s: %s", seam_data_dir(e->seam), seam_error_text(code));
    else
        buf_addf(why, "a %s %s was cut off: posthorn %s", what, seam_data_dir(e->seam), remedy);
    return code ? ERR_LATER : ERR_DENIED;
}

static enum err refuse_unfinished(struct embedded *e, struct buf *why)
{
    enum err err =
        refuse_if(e, restore_marker, "restore into", "restore FOLDER begins it again", why);
    if (err || e->options.repair) return err;
    return refuse_if(e, repair_marker, "repair of", "check --repair goes on with it", why);
}

static enum err make_folder(struct embedded *e, struct buf *why)
{
    int code = seam_mkdir(e->seam, "journal");
    /* Also when it is there: the process that made it may have ended before this. */
    if (code == 0 || code == -EEXIST) code = seam_sync_dir(e->seam, ".");
    if (code == 0) return OK;
    buf_addf(why, "cannot make the folder journal in %s: %s", seam_data_dir(e->seam),
             seam_error_text(code));
    return ERR_LATER;
}

/* A file that the power left while it was being made holds no row: it is made anew. */
static bool remove_unbegun_index(struct embedded *e)
{
    static const char path[] = "index/data.mdb";
    int file = seam_open(e->seam, path, SEAM_READ);
    if (file < 0) return false;
    int64_t size = seam_size(e->seam, file);
    seam_close(e->seam, file);
    if (size < 0 || size > STORE_INDEX_UNBEGUN_BYTES || seam_unlink(e->seam, path)) return false;
    log_event(LOG_WARN, "store.index_anew", S(""), F_NUM("bytes", (uint64_t)size));
    return true;
}

static enum err open_index(struct embedded *e, struct buf *why)
{
    struct arena a = arena_make(STORE_PATH_BYTES);
    const char *folder = seam_real_path(e->seam, "index", &a);
    enum err err = ERR_LATER;
    if (folder)
        err = index_open(folder, e->options.map_bytes, e->options.verify, &e->index, why);
    else
        buf_addf(why, "cannot make the folder index in %s", seam_data_dir(e->seam));
    if (err == ERR_CORRUPT && remove_unbegun_index(e)) {
        buf_reset(why);
        err = index_open(folder, e->options.map_bytes, e->options.verify, &e->index, why);
    }
    arena_free(&a);
    return err;
}

static void set_options(struct embedded *e, const struct embedded_options *o)
{
    e->options = *o;
    if (!e->options.body_memory_bytes) e->options.body_memory_bytes = default_body_memory_bytes;
    if (e->options.body_memory_bytes < STORE_MEMORY_BODY_BYTES)
        e->options.body_memory_bytes = STORE_MEMORY_BODY_BYTES;
    if (!e->options.segment_bytes) e->options.segment_bytes = default_segment_bytes;
    if (!e->options.lag_bytes) e->options.lag_bytes = default_lag_bytes;
    if (!e->options.garbage_grace_ms) e->options.garbage_grace_ms = STORE_GARBAGE_GRACE_MS;
}

static struct embedded *embedded_new(const struct embedded_options *o)
{
    struct embedded *e = MEM_NEW(struct embedded);
    e->base.ops = &embedded_ops;
    e->seam = o->seam;
    set_options(e, o);
    e->lock_file = -1;
    lock_init(&e->lock);
    lock_init(&e->queue_lock);
    segments_init(&e->segments, o->seam);
    e->segments.frozen = o->frozen;
    journal_init(&e->journal, &e->segments, e->options.segment_bytes);
    e->journal.make_room = reserve_give;
    e->journal.arg = e;
    e->active = gathering_table(e);
    writer_init(e);
    e->zip = zip_new();
    return e;
}

static void embedded_free(struct embedded *e)
{
    if (e->io) pool_free(e->io);
    compactor_free(e->compactor);
    journal_end(&e->journal);
    writer_end(e);
    memtable_drop(e->active);
    memtable_drop(e->frozen);
    snapshots_free(e);
    if (e->index) index_close(e->index);
    segments_end(&e->segments);
    zip_free(e->zip);
    if (e->lock_file >= 0) seam_close(e->seam, e->lock_file);
    lock_end(&e->lock);
    lock_end(&e->queue_lock);
    mem_free(e->doomed);
    mem_free(e);
}

enum err engine_embedded_open(const struct embedded_options *o, struct engine **out,
                              struct buf *why)
{
    struct embedded *e = embedded_new(o);
    enum err err = take_lock(e, why);
    if (!err) err = refuse_unfinished(e, why);
    if (!err) err = make_folder(e, why);
    if (!err && !o->frozen) reserve_make(e);
    if (!err && e->options.repair) err = rebuild(e, why);
    if (!err) err = open_index(e, why);
    if (!err) err = replay(e, why);
    if (err) {
        embedded_free(e);
        return err;
    }
    /* From the clock, and never below the last commit's: so that fences ascend over restarts. */
    int64_t now = seam_wall_us(e->seam);
    e->opened_us = now > e->written.wall_us ? now : e->written.wall_us;
    watches_init(&e->watches, (uint64_t)e->opened_us);
    e->io = pool_new(e->seam, "store-io", STORE_IO_THREADS, WORK_QUEUE_ITEMS);
    lock_take(&e->queue_lock); /* each may kick the other from its first step on */
    e->writer = seam_service_new(e->seam, "store-writer", writer_step, e);
    e->syncer = seam_service_new(e->seam, "store-sync", sync_step, e);
    e->indexer = seam_service_new(e->seam, "store-index", indexer_step, e);
    if (!o->frozen)
        e->compactor_service = seam_service_new(e->seam, "store-compact", compactor_step, e);
    bool all = e->io && e->writer && e->syncer && e->indexer && (o->frozen || e->compactor_service);
    if (all && !o->frozen) seam_service_kick(e->compactor_service);
    lock_drop(&e->queue_lock);
    if (!all) {
        buf_add(why, S("no thread could be started"));
        embedded_close(&e->base);
        return ERR_LATER;
    }
    log_event(LOG_INFO, "store.opened", S(""), F_CSTR("folder", seam_data_dir(e->seam)));
    *out = &e->base;
    return OK;
}

/* --- closing -------------------------------------------------------------------------------- */

static bool queue_is_empty(struct embedded *e)
{
    lock_take(&e->queue_lock);
    bool empty = e->first == NULL;
    lock_drop(&e->queue_lock);
    return empty;
}

/* From here on a kick goes nowhere. */
static void services_end(struct embedded *e)
{
    lock_take(&e->queue_lock);
    struct seam_service *writer = e->writer, *syncer = e->syncer, *indexer = e->indexer,
                        *compactor = e->compactor_service;
    e->writer = e->syncer = e->indexer = e->compactor_service = NULL;
    lock_drop(&e->queue_lock);
    seam_service_free(compactor);
    seam_service_free(writer);
    seam_service_free(syncer);
    seam_service_free(indexer);
}

/* The services have ended: their last steps run here. */
static void finish(struct embedded *e)
{
    indexer_step(e);
    while (e->flight || (!queue_is_empty(e) && !atomic_load(&e->index_failing))) {
        sync_step(e);
        writer_step(e);
        indexer_step(e);
    }
    freeze_if_due(e, true);
    indexer_step(e);
}

static void embedded_close(struct engine *engine)
{
    struct embedded *e = embedded_of(engine);
    lock_take(&e->queue_lock);
    e->closing = true;
    lock_drop(&e->queue_lock);
    services_end(e);
    finish(e);
    watches_end(&e->watches);
    log_event(LOG_INFO, "store.closed", S(""), F_CSTR("folder", seam_data_dir(e->seam)));
    embedded_free(e);
}
