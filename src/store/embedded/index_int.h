/* index_int.h - the index: every row's newest value and how far the journal has been applied, in
 * LMDB.
 *
 * One environment, one table, one writer. It can always be rebuilt from the journal. Account 0 is
 * the engine's own (rows_int.h).
 */
#ifndef STORE_EMBEDDED_INDEX_INT_H
#define STORE_EMBEDDED_INDEX_INT_H

#include <lmdb.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/embedded/memtable_int.h"

struct index;

/* Each value in LMDB is followed by four bytes of checksum over its key and itself. */
enum { INDEX_SUM_BYTES = 4 };
/* Of a row read from an index: check asks of each, and what a transaction reads. Not every reader
 * does: it would cost a fifth of listing a mailbox. */
bool index_sum_is_right(str key, str value) MUST_CHECK;
/* "; posthorn check --repair …": ends a refusal. */
extern const char index_advice[];

/* How far the journal has been applied. */
struct mark {
    uint64_t seq;             /* of the last commit applied; 0: none */
    uint64_t segment, offset; /* where the next record lies */
    int64_t wall_us;          /* of the last commit applied */
};

/* folder is there. map_bytes 0: a fit size. *why says what is wrong and what to do. An index of an
 * older format is emptied, so that replay fills it. verify: any damaged page is found first, and it
 * is refused. */
enum err index_open(const char *folder, uint64_t map_bytes, bool verify, struct index **out,
                    struct buf *why) MUST_CHECK;
/* What can be believed of an index that may be damaged: how far it had got (zeros: not known), and
 * each row whose sum is right. */
void index_believed(const char *folder, struct mark *out,
                    void (*row)(void *arg, str key, str value), void *arg);
/* The same in a file of this name, which is not there yet; its lock is a file beside it. */
enum err index_make(const char *file, uint64_t map_bytes, struct index **out,
                    struct buf *why) MUST_CHECK;
void index_close(struct index *x); /* no reader may be left */

/* ERR_NOTFOUND: a new index. */
enum err index_mark(struct index *x, struct mark *out) MUST_CHECK;
/* The newest version of every row, and the mark, in one durable transaction. On failure nothing
 * was applied: ERR_LATER (disk full), ERR_CORRUPT (told in the log). One thread at a time. */
enum err index_apply(struct index *x, const struct memtable *rows,
                     const struct mark *mark) MUST_CHECK;

/* A snapshot; *txn NULL makes one, otherwise an ended one is used again. Any thread. */
enum err index_begin(struct index *x, MDB_txn **txn) MUST_CHECK;
void index_end(struct index *x, MDB_txn *txn); /* keeps it for another begin */
void index_free(MDB_txn *txn); /* one that has ended; NULL is fine */
enum err index_get(struct index *x, MDB_txn *txn, str key,
                   str *value) MUST_CHECK; /* value lives until index_end */
/* And its sum is right, or ERR_CORRUPT: what is written again may not be made from damage. */
enum err index_get_sure(struct index *x, MDB_txn *txn, str key, str *value) MUST_CHECK;

/* Each page and row of the newest state. As pages_walk; the rows' sums are the caller's. Blocks. */
struct pages_visitor;
enum err index_verify(struct index *x, const struct pages_visitor *v) MUST_CHECK;

struct index_cursor {
    MDB_cursor *cursor;
    str key, value;
    enum err state;
    /* The row after it, from the second on: on its way into the cache while this one is used. */
    bool looked_ahead;
    struct {
        str key, value;
        enum err state;
    } ahead;
};
/* state: OK at a row, ERR_NOTFOUND at the end, or an error. */
void index_seek(struct index *x, MDB_txn *txn, str from, struct index_cursor *c);
void index_next(struct index_cursor *c);
void index_done(struct index_cursor *c);

/* After a failed index_apply: LMDB serves nothing any more, neither reads nor writes, until it is
 * opened again. Every index_begin is refused meanwhile. */
bool index_is_dead(struct index *x);
/* Opens a dead one again, for the thread that applies. Ended snapshots must have been freed, under a
 * lock that also covers their index_begin. ERR_LATER: somebody reads still, or the disk fails. */
enum err index_revive(struct index *x) MUST_CHECK;

#endif
