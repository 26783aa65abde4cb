/* embedded_int.h - the embedded engine's parts and who may touch them.
 *
 *     fibers --request--> writer: open group --launch--> syncer: journal, one sync
 *                           |  <------------------------------'
 *                           +--> active table, published --> answers
 *                           +--> frozen table --> indexer: LMDB, one transaction
 *
 * The writer alone runs transactions, fills the active table and freezes it. The syncer writes the
 * group that is handed to it to the journal, while the writer gathers the next; of a lone commit the
 * writer does that itself. The indexer alone writes to LMDB. Readers take a snapshot under the lock:
 * the published number, both tables, an LMDB read transaction. All are services of the seam: a step
 * never waits for another service.
 */
#ifndef STORE_EMBEDDED_EMBEDDED_INT_H
#define STORE_EMBEDDED_EMBEDDED_INT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "run/fair.h"
#include "run/fiber.h"
#include "run/lock.h"
#include "run/work.h"
#include "store/embedded/blob_int.h"
#include "store/embedded/journal_int.h"
#include "store/engine_int.h"

struct embedded;

/* --- snapshots (view.c) --------------------------------------------------------------------- */
struct snapshot {
    struct sources sources; /* active and frozen; the tables above them are the writer's to fill */
    struct snapshot *next;  /* among the free ones */
};
/* NULL when the index has failed. Any thread. */
struct snapshot *snapshot_take(struct embedded *e);
void snapshot_give(struct embedded *e, struct snapshot *s);
void snapshots_free(struct embedded *e);
/* A view held here would outlive its moment: every call that waits begins with this. */
void assert_no_view(void);

struct view *embedded_view(struct engine *e);
void embedded_view_end(struct view *v);
enum err embedded_view_get(struct view *v, struct account a, str key, str *value) MUST_CHECK;
enum err embedded_view_scan(struct view *v, struct account a, str from, str to, engine_each *each,
                            void *arg) MUST_CHECK;
enum err embedded_view_accounts(struct view *v, bool (*each)(void *arg, struct account a),
                                void *arg) MUST_CHECK;
enum err embedded_view_blob(struct view *v, struct blob blob, struct blob_facts *out) MUST_CHECK;
enum err embedded_view_blobs(struct view *v, struct blob from, struct blob to,
                             engine_each_blob *each, void *arg) MUST_CHECK;
enum err blob_place_find(struct embedded *e, struct blob blob, struct blob_place *out) MUST_CHECK;

/* --- transactions (txn.c): on the writer's thread ------------------------------------------- */
struct embedded_body;
/* What compaction writes again as it is: in the journal only, for the index has it. */
struct copy {
    uint64_t blob; /* of a body; 0: a row */
    str bytes;     /* the body's content, or the row as in a commit; the compactor's */
};
struct embedded_txn {
    struct txn base;
    struct embedded *e;
    struct snapshot *snapshot; /* of the group */
    struct memtable *staging;  /* this transaction's rows */
    struct arena arena;
    uint64_t seq;
    int64_t wall_us;
    size_t bytes;
    enum err failed; /* sticky */
    struct embedded_body **bodies;
    unsigned bodies_n, bodies_cap;
    struct copy *copies; /* bodies among them move: their place row changes */
    unsigned copies_n, copies_cap;
    size_t copies_bytes;
};
void txn_begin(struct embedded_txn *t, struct snapshot *snapshot, uint64_t seq, int64_t wall_us);
/* Rows of what was kept that only the end can know. */
void txn_end(struct embedded_txn *t);
void txn_copy(struct embedded_txn *t, const struct copy *c);

enum err embedded_txn_get(struct txn *t, struct account a, str key, str *value) MUST_CHECK;
enum err embedded_txn_scan(struct txn *t, struct account a, str from, str to, engine_each *each,
                           void *arg) MUST_CHECK;
void embedded_txn_put(struct txn *t, struct account a, str key, str value);
void embedded_txn_delete(struct txn *t, struct account a, str key);
void embedded_txn_fail(struct txn *t, enum err why);
size_t embedded_txn_room(const struct txn *t);
size_t embedded_txn_room_bytes(const struct txn *t);
bool embedded_txn_awaited(const struct txn *t);
int64_t embedded_txn_wall_us(const struct txn *t);
struct arena *embedded_txn_arena(struct txn *t);
void embedded_txn_body(struct txn *t, struct body *b, struct blob *out);
void embedded_txn_blob_ref(struct txn *t, struct blob blob, int delta);
void embedded_txn_blob_recount(struct txn *t, struct blob blob, int64_t refs);

/* --- the writer (writer.c) ------------------------------------------------------------------ */
struct request {
    struct request *next;
    uint64_t owner, turn; /* whose it is, and when it is served (run/fair.h) */
    txn_fn *fn;
    void *arg;
    void (*lazy_done)(void *arg); /* lazy: the request is on the heap and nobody waits */
    bool lazy;
    void (*answered)(struct request *r); /* no fiber waits: called on the writer's thread */
    enum err result;
    struct completion done;
    struct loop_post last; /* puts it into the queue when its loop's turn ends */
    struct embedded *e;
};

/* One body record of the group, whose place is known when the group has been written. */
struct pending_place {
    uint64_t blob;
    size_t at;
    struct blob_place place;
};

/* What becomes durable together. */
struct group {
    struct snapshot *snapshot;
    struct memtable *rows; /* of the transactions so far, one version a key */
    struct buf records;
    struct pending_place *places;
    size_t places_n, places_cap;
    struct embedded_body **bodies;
    size_t bodies_n, bodies_cap;
    struct request *members; /* to be answered */
    unsigned members_n;
    uint64_t first_seq, last_seq;
    int64_t wall_us;
    unsigned commits; /* with records */
    uint64_t worked_us; /* that its transactions took */
    bool garbage_made;
    uint64_t segment, at; /* where it lies, when written */
    enum err result;
    _Atomic bool written; /* or failed: the result is there */
};

/* &e->writer and the like; nothing when it has ended. kick_at: own step only. */
void kick(struct embedded *e, struct seam_service *const *service);
void kick_at(struct embedded *e, struct seam_service *const *service, uint64_t mono_us);

void writer_init(struct embedded *e);
void writer_end(struct embedded *e);
void writer_step(void *arg);
/* Of who runs a transaction: whether others wait, for its group or for the writer. */
bool writer_awaited(struct embedded *e);
void writer_enqueue(struct embedded *e, struct request *r); /* r->answered or r->done tells */
enum err embedded_commit(struct engine *e, txn_fn *fn, void *arg) MUST_CHECK;
void embedded_commit_lazy(struct engine *e, txn_fn *fn, void *arg, void (*done)(void *arg));

void sync_step(void *arg); /* writes the group that was handed over */

/* group.c: begin, run, close, write, then publish or forget */
void group_begin(struct embedded *e, struct group *g, struct snapshot *snapshot);
void group_run(struct embedded *e, struct group *g, struct request *r);
void group_close(struct embedded *e, struct group *g);
void group_write(struct embedded *e, struct group *g); /* durable or not, as g->result says */
void group_publish(struct embedded *e, struct group *g);
/* Nothing of it came to be; uncertain: unless the process ends before a successor says so. */
void group_forget(struct group *g, bool uncertain);

/* --- the indexer (indexer.c) ---------------------------------------------------------------- */
void indexer_step(void *arg);
void freeze_if_due(struct embedded *e, bool now); /* the writer's */
struct memtable *gathering_table(const struct embedded *e); /* a new one for what is not in the index yet */
size_t lag_bytes(struct embedded *e);
/* Any thread: unlink it, once the index durably holds this commit. 0: soon, it never counted. */
void segment_doom(struct embedded *e, uint64_t number, uint64_t after_seq);
bool indexer_busy(struct embedded *e); /* a frozen table waits to be applied */

/* --- bodies (body.c, stream.c, reader.c, zip.c) --------------------------------------------- */
struct embedded_body {
    struct body base;
    struct embedded *e;
    struct buf bytes;        /* as they came: all of them, or the frame being filled */
    struct buf stored, side; /* sealed: what the record will hold */
    uint64_t size_bytes, charged_bytes;
    size_t limit_bytes; /* what may be gathered in memory */
    enum body_coding coding;
    bool sealed, kept;
    bool uncertain;  /* a commit that named it failed: it may yet be found at the next start */
    enum err failed; /* sticky */
    struct segment *segment; /* of a large body */
    uint64_t at;             /* of a large body: where its next frame goes */
    struct buf table;
    uint32_t frames;
    struct blob_place place; /* of a large body, sealed */
    struct blob blob;        /* given by the writer; 0: not in the store */
};
enum err embedded_body_begin(struct engine *e, struct body **out) MUST_CHECK;
enum err embedded_body_write(struct body *b, str bytes) MUST_CHECK;
uint64_t embedded_body_size(const struct body *b);
enum err embedded_body_seal(struct body *b, str side) MUST_CHECK;
void embedded_body_free(struct body *b);

enum err stream_begin(struct embedded_body *b) MUST_CHECK; /* Waits. */
enum err stream_flush(struct embedded_body *b) MUST_CHECK; /* the whole frames. Waits. */
enum err stream_seal(struct embedded_body *b) MUST_CHECK;  /* Waits. */

/* zstd contexts, lent: one costs some hundred KiB. Any thread. */
struct zip;
struct zip *zip_new(void);
void zip_free(struct zip *z);
/* Appends; BODY_PLAIN when compressing does not pay. */
enum body_coding zip_pack(struct zip *z, str bytes, struct buf *out);
enum err zip_unpack(struct zip *z, enum body_coding coding, str stored, size_t size_bytes,
                    struct buf *out) MUST_CHECK;

enum err embedded_body_open(struct engine *e, struct blob blob,
                            struct body_reader **out) MUST_CHECK;
uint64_t embedded_body_reader_size(const struct body_reader *r);
enum err embedded_body_read(struct body_reader *r, uint64_t offset, size_t n,
                            str *bytes) MUST_CHECK;
enum err embedded_body_side(struct body_reader *r, str *side) MUST_CHECK;
void embedded_body_close(struct body_reader *r);

/* --- watches and leases (watch.c) ----------------------------------------------------------- */
enum { WATCH_BUCKETS = 1024 };
struct watches {
    struct lock lock;
    struct list buckets[WATCH_BUCKETS]; /* by account */
    struct list leases;
    uint64_t fence; /* the last one given */
};
void watches_init(struct watches *w, uint64_t fence);
void watches_end(struct watches *w);
void watches_ring(struct watches *w, struct account a);
void embedded_watch(struct engine *e, struct watch *w);
void embedded_unwatch(struct engine *e, struct watch *w);
enum err embedded_lease(struct engine *e, str name, uint64_t *fence) MUST_CHECK;
void embedded_unlease(struct engine *e, str name);

/* --- compaction (compact.c) ----------------------------------------------------------------- */
struct compactor;
struct catalog;
/* At open, when the journal has been replayed. Copies what it needs of the catalog. */
struct compactor *compactor_new(struct embedded *e, const struct catalog *c);
void compactor_free(struct compactor *c); /* NULL is fine */
void compactor_step(void *arg);
void compactor_stats(struct compactor *c, struct engine_stats *out);
void embedded_keep_up(struct engine *e, size_t lag_bytes);
enum err embedded_compact(struct engine *e, struct compact_result *out) MUST_CHECK;

/* --- opening and care (open.c, replay.c, scan.c, reserve.c, check.c) ------------------------ */
enum err replay(struct embedded *e, struct buf *why) MUST_CHECK;
void reserve_make(struct embedded *e);
bool reserve_give(void *arg);           /* embedded; true if there was something to give */
void reserve_watch(struct embedded *e); /* looks whether the disk is full or no longer so */
enum err embedded_check(struct engine *e, struct check_report *report) MUST_CHECK;

/* --- backup (backup.c) ---------------------------------------------------------------------- */
enum err embedded_backup_begin(struct engine *e, struct backup **out) MUST_CHECK;
const struct backup_point *embedded_backup_point(const struct backup *b);
enum err embedded_backup_read(struct backup *b, size_t i, uint64_t offset, size_t n,
                              str *bytes) MUST_CHECK;
void embedded_backup_end(struct backup *b);

struct embedded {
    struct engine base;
    struct seam *seam;
    struct embedded_options options;
    int lock_file;
    struct segments segments;
    struct index *index;
    struct pool *io;
    struct zip *zip;
    struct watches watches;

    struct lock lock; /* guards what follows, up to the blank line */
    uint64_t published;
    struct mark published_mark; /* where the journal ended then */
    struct memtable *active, *frozen;
    struct mark frozen_mark;
    struct mark applied; /* what the index durably holds */
    struct snapshot *free_snapshots;
    struct doomed {
        uint64_t number, after_seq;
    } * doomed; /* segments to be unlinked */
    size_t doomed_n, doomed_cap;

    struct lock queue_lock; /* guards the queue and whether the services are there */
    struct request *first, *last; /* by turn */
    struct fair fair;
    bool called; /* the writer, for the queue, and it has not looked yet */
    bool closing;
    struct seam_service *writer, *syncer, *indexer, *compactor_service;
    struct group *launched; /* for the syncer to write */

    struct journal journal; /* who writes a group has it: the syncer, or the writer */

    /* The writer's own. */
    struct group pair[2];
    struct group *open;   /* takes transactions */
    struct group *flight; /* the one before it, on its way to the disk; NULL: none */
    struct embedded_txn txn;
    uint64_t seq;             /* of the last transaction tried; never used again */
    int64_t wall_us;          /* likewise, its time */
    int64_t opened_us;        /* as engine_stats tells it */
    struct mark written;      /* up to where the active table goes */
    uint64_t active_since_us; /* when the active table got its first row; 0: it is empty */
    uint64_t lazy_since_us;
    bool garbage_made; /* by this group */

    struct compactor *compactor;
    _Atomic bool garbage_known; /* to the compactor, which has a time for it */
    _Atomic bool freeze_wanted; /* by who waits for the index to go on */
    _Atomic bool failing, index_failing, disk_full;
    bool reserve_there;          /* under lock */
    uint64_t reserve_checked_us; /* the writer's */
    _Atomic uint64_t commits, groups, syncs, journal_bytes, body_bytes;
};
static inline struct embedded *embedded_of(struct engine *e)
{
    return CONTAINER_OF(e, struct embedded, base);
}

#endif
