/* engine.h - the lower floor: ordered keys and blobs with atomic, durable commits.
 *
 * An engine knows keys, values, blobs and accounts; it knows nothing of mailboxes or protocols.
 * The upper floor (store.h) is written once over these calls. The embedded engine is the default;
 * one on a distributed object store can follow behind the same contract.
 *
 * Changes are made by a function, not by a list: engine_commit runs txn_fn against the account's
 * newest state, in commit order, and commits atomically and durably what it put, or nothing. So
 * UIDs and modseqs are plain reads and writes of a head row, flag changes are judged per message
 * at commit, and requirements are an if. The function may be run again (another writer came first
 * on a distributed engine): it takes all it needs from arg, sets its results anew each time, reads
 * no clock but txn_wall_us, and never waits. What is recorded is its puts and deletes, so replay
 * is a plain put.
 *
 * Durable is visible: once engine_commit returned OK every later view of any thread has the
 * change, and no view ever shows a change that a power cut could take back.
 *
 * Keys are ordered bytewise and hold 1..STORE_KEY_BYTES-8 bytes of any value (numbers are
 * big-endian, so that they sort); values at most STORE_VALUE_BYTES, and may be empty.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "base/buf.h"
#include "run/fiber.h"
#include "store/ids.h"

struct engine;

/* --- reading ---------------------------------------------------------------------------------- */
/* A consistent snapshot of everything. Cheap. Of one thread, held over no wait of a fiber (asserted).
 * Values point into it and live until view_end. */
struct view;
struct view *engine_view(struct engine *e); /* NULL only when the engine has failed */
void view_end(struct view *v);
enum err view_get(struct view *v, struct account a, str key, str *value) MUST_CHECK; /* ERR_NOTFOUND */
/* Each key in [from, to) in order, until each() returns false. An empty `to` means: while the key
 * starts with `from`. ERR_CORRUPT; OK also when stopped. each() must not wait. */
typedef bool engine_each(void *arg, str key, str value);
enum err view_scan(struct view *v, struct account a, str from, str to, engine_each *each, void *arg) MUST_CHECK;
/* Each account that has any key, ascending: for check, backup and listing. */
enum err view_accounts(struct view *v, bool (*each)(void *arg, struct account a), void *arg) MUST_CHECK;
/* What the engine knows of a blob: for check. ERR_NOTFOUND */
struct blob_facts { uint64_t size_bytes; int64_t refs; };
enum err view_blob(struct view *v, struct blob blob, struct blob_facts *out) MUST_CHECK;
/* Each blob from..to that the engine knows of, ascending, until each() returns false. facts NULL:
 * references are counted, but where its bytes lie is not known. */
typedef bool engine_each_blob(void *arg, struct blob blob, int64_t refs, const struct blob_facts *facts);
enum err view_blobs(struct view *v, struct blob from, struct blob to, engine_each_blob *each, void *arg) MUST_CHECK;

/* --- changing --------------------------------------------------------------------------------- */
struct txn;
typedef enum err txn_fn(struct txn *t, void *arg);

/* Waits until durable. OK; whatever fn returned (nothing is kept then); ERR_LATER: disk full or
 * failing, nothing is kept; ERR_UNKNOWN only from an engine across a network. Never cut short. */
enum err engine_commit(struct engine *e, txn_fn *fn, void *arg) MUST_CHECK;
/* Nobody waits; joins the next group, or is lost with the process. arg is given to done on the
 * writer's thread when it is no longer needed (free it there). For first-seen notes and the like. */
void engine_commit_lazy(struct engine *e, txn_fn *fn, void *arg, void (*done)(void *arg));

/* Inside fn only. Reads see this transaction's own changes. Values live until the next txn call. */
enum err txn_get(struct txn *t, struct account a, str key, str *value) MUST_CHECK;
/* each() may not change the txn while the scan goes on; gather first. */
enum err txn_scan(struct txn *t, struct account a, str from, str to, engine_each *each, void *arg) MUST_CHECK;
/* Sticky: past STORE_BATCH_OPS/BYTES the transaction fails as a whole with ERR_LIMIT. */
void txn_put(struct txn *t, struct account a, str key, str value);
void txn_delete(struct txn *t, struct account a, str key);
/* Sticky: the transaction fails as a whole with this, whatever fn returns; the first one counts. */
void txn_fail(struct txn *t, enum err why);
size_t txn_room(const struct txn *t);       /* puts and deletes still free: split long commands by it */
size_t txn_room_bytes(const struct txn *t); /* and bytes of keys and values */
/* Others wait for this transaction's end, or will: a step of a long command is then a short one. */
bool txn_awaited(const struct txn *t);
int64_t txn_wall_us(const struct txn *t);  /* the time of this commit, never less than an earlier one's */
struct arena *txn_arena(struct txn *t);    /* scratch, reset after the transaction */

/* --- bodies ----------------------------------------------------------------------------------- */
/* A message's bytes on their way in: in memory up to STORE_MEMORY_BODY_BYTES, and up to
 * STORE_JOURNAL_BODY_BYTES while memory is plenty; beyond that streamed to a segment of their own. Belongs to one fiber until sealed. */
struct body;
/* Waits for memory under the process-wide ceiling; then ERR_LATER. */
enum err body_begin(struct engine *e, struct body **out) MUST_CHECK;
enum err body_write(struct body *b, str bytes) MUST_CHECK; /* Waits. ERR_LATER: disk full */
uint64_t body_size(const struct body *b);
/* No more bytes. side: a few KB kept beside the body and read back with body_side (a card too
 * large for a value); may be empty. Large bodies are made durable here, off the writer's path. Waits. */
enum err body_seal(struct body *b, str side) MUST_CHECK;
void body_free(struct body *b); /* in every case; what was not committed is swept */

/* Inside a txn_fn: keep this sealed body. The same body given twice in one transaction is one
 * blob. Its references start at 0; what is left at 0, or reaches it by txn_blob_ref, is taken away
 * when it stayed there for the grace of the options. */
void txn_body(struct txn *t, struct body *b, struct blob *out);
void txn_blob_ref(struct txn *t, struct blob blob, int delta);
/* For repair: there are this many references, whatever was counted. A blob whose bytes have no
 * place is forgotten, and so is one with refs -1. */
void txn_blob_recount(struct txn *t, struct blob blob, int64_t refs);

/* Reading a part touches only its frames. A reader belongs to one fiber; it may outlive views. */
struct body_reader;
enum err body_open(struct engine *e, struct blob blob, struct body_reader **out) MUST_CHECK; /* Waits. ERR_NOTFOUND, ERR_CORRUPT */
uint64_t body_reader_size(const struct body_reader *r);
/* At most n bytes from offset, at least one unless at the end; valid until the next call. Waits. */
enum err body_read(struct body_reader *r, uint64_t offset, size_t n, str *bytes) MUST_CHECK;
enum err body_side(struct body_reader *r, str *side) MUST_CHECK; /* Waits. Valid until close. */
void body_close(struct body_reader *r);

/* --- watching --------------------------------------------------------------------------------- */
/* "This account changed": called on the watcher's loop, on its own stack, after the change is
 * visible. May be spurious, several changes may be one call; the watcher re-reads. */
struct watch {
    struct account account;
    struct loop *loop;
    void (*changed)(struct watch *w);
    struct list node;      /* the engine's own */
    struct loop_post post; /* the engine's own */
    int pending;           /* the engine's own, atomic */
    struct watch_cell *cell; /* the engine's own */
};
void engine_watch(struct engine *e, struct watch *w);
/* Own loop's thread. After it returns changed() is not called; w may be freed. */
void engine_unwatch(struct engine *e, struct watch *w);

/* --- leases ----------------------------------------------------------------------------------- */
/* One owner in the whole system for a named thing, with a fencing number that only ascends.
 * ERR_EXISTS: somebody has it. */
enum err engine_lease(struct engine *e, str name, uint64_t *fence) MUST_CHECK;
void engine_unlease(struct engine *e, str name);

/* --- care ------------------------------------------------------------------------------------- */
/* Calls back with each fault in words; returns OK when there was none, ERR_CORRUPT otherwise. While
 * serving or not. Waits on a fiber; elsewhere it blocks. The calls back may come from another
 * thread, one at a time. How often a blob is referred to is the upper floor's to check. */
struct check_report {
    void (*fault)(void *arg, str what);
    /* Now and then: what it is at ("journal"), how far. of 0: not known. May be NULL. */
    void (*progress)(void *arg, const char *what, uint64_t done, uint64_t of);
    void *arg;
    uint64_t records, bytes, blobs, rows, messages;
    bool unread; /* asked for: no card is made again from its body */
    bool broken; /* the index cannot be walked: what lies behind it was not looked at */
    _Atomic bool stop; /* any thread: nobody wants to know any more; it ends soon, with ERR_GONE */
};
enum err engine_check(struct engine *e, struct check_report *report) MUST_CHECK;

/* Gives back now what background compaction would in time, and what is too little for it: blobs whose
 * references ended longer ago than the grace, and what is dead in the journal. Reads the whole
 * journal. Waits. ERR_LATER: the disk, or the engine, would not; what was done so far stays done.
 * ERR_GONE while draining: it goes on by itself. */
struct compact_result { uint64_t segments, bytes; /* given back */ uint64_t blobs, copied_bytes; };
enum err engine_compact(struct engine *e, struct compact_result *out) MUST_CHECK;

/* For who appends much: the index takes over what has gathered when it is half of so many bytes, instead
 * of when that is best for the disk, and this returns when it is behind by no more than all of them. So
 * memory stays small. Waits, STORE_KEEP_UP_MS at most. */
void engine_keep_up(struct engine *e, size_t lag_bytes);

/* What a repair could not save and what it put right, each in words. Counts are added up. */
struct repair_report {
    void (*lost)(void *arg, str what);
    void (*mended)(void *arg, str what);
    void (*progress)(void *arg, const char *what, uint64_t done, uint64_t of); /* may be NULL */
    void *arg;
    uint64_t lost_n, mended_n;
    uint64_t lost_bytes; /* of the journal: whatever was in them is not known */
    uint64_t users, mailboxes, messages; /* that there are now */
};

struct engine_stats {
    uint64_t commits, groups, syncs, journal_bytes, lag_bytes, bodies_in_memory_bytes;
    uint64_t free_bytes;
    uint64_t segments, dead_bytes; /* files of the journal; what nothing needs in them, as far as is known */
    uint64_t compacted_bytes;      /* given back so far */
    bool failing; /* the last group could not be made durable */
    int64_t opened_us; /* no commit before it was opened has a later time (txn_wall_us); 0: there was none */
};
struct engine_stats engine_stats(struct engine *e);

/* --- backup ----------------------------------------------------------------------------------- */
/* A point of the store, as files that an engine of the same kind can be opened on again. Everything that
 * was answered before engine_backup_begin is in it. While it is held nothing that it names goes away,
 * and committing goes on; hold it no longer than needed, since compaction frees nothing meanwhile. */
struct backup;
struct backup_file {
    uint64_t number;
    uint64_t id;    /* with the number: which file it is, in this store and any copy of it */
    uint64_t bytes; /* of it count. A file only grows: what was copied of it stays right */
    bool log;       /* holds records; else one large body */
};
struct backup_point {
    uint64_t commit;  /* the number of the last one that is in it */
    int64_t wall_us;
    const struct backup_file *files; /* by number */
    size_t n;
    size_t unreadable; /* files whose header is damaged: not among files */
};
/* ERR_DENIED: this kind of engine has nothing to copy; ERR_LATER. Waits. */
enum err engine_backup_begin(struct engine *e, struct backup **out) MUST_CHECK;
const struct backup_point *backup_point(const struct backup *b);
/* Up to n bytes, at most BACKUP_READ_BYTES, of the i-th file from offset; fewer only at its end.
 * Valid until the next call. ERR_LATER, ERR_CORRUPT: the disk, or the file is shorter. Waits. */
enum err backup_read(struct backup *b, size_t i, uint64_t offset, size_t n, str *bytes) MUST_CHECK;
void backup_end(struct backup *b);

/* The contract as a table, one per kind of engine; the calls above go through it. */
struct engine_ops;

/* --- the embedded engine ---------------------------------------------------------------------- */
struct embedded_options {
    struct seam *seam;         /* files and threads */
    bool frozen;               /* only to be read: nothing is compacted, and no segment is opened to write */
    uint64_t map_bytes;        /* LMDB's reservation of addresses; 0: 1 TiB, or 16 GiB under Valgrind */
    uint64_t body_memory_bytes; /* ceiling for bodies on their way in, whole process */
    uint64_t segment_bytes;    /* a journal segment is closed at this size */
    uint64_t lag_bytes;        /* commits wait when the index is this far behind */
    uint64_t garbage_grace_ms; /* a blob without references is kept for; 0: STORE_GARBAGE_GRACE_MS */
    bool verify; /* the index is read page by page first, and refused if it is damaged anywhere */
    struct repair_report *repair; /* not NULL: the index is made anew from the whole journal first */
};
/* Opens or makes the store in the seam's data folder, replays the journal's rest, takes the lock.
 * *why says what is wrong in words (locked by another, newer format: which, disk). */
enum err engine_embedded_open(const struct embedded_options *o, struct engine **out, struct buf *why) MUST_CHECK;
/* Finishes what is queued, applies it to the index, releases the lock. */
void engine_close(struct engine *e);

#endif
