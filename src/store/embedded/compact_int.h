/* compact_int.h - the compactor: a service that gives back the room of what nothing needs.
 *
 * It does one small thing a step, and never waits: transactions are requests to the writer, whose
 * answer makes the next step. While one is on its way the compactor's memory is the writer's.
 */
#ifndef STORE_EMBEDDED_COMPACT_INT_H
#define STORE_EMBEDDED_COMPACT_INT_H

#include "store/embedded/logs_int.h"

/* Something in the log that is being gone through which lived when it was read. */
struct item {
    uint64_t blob; /* of a body; 0: a row */
    uint64_t offset;
    size_t at, n; /* in the chunk's bytes */
};

/* A piece of a log, as far as it lives. */
struct chunk {
    struct buf bytes;
    struct item *items;
    size_t n, cap;
    size_t next, tried_next; /* items before are done, would be done if the transaction is */
    uint64_t to;             /* where in the log it ends */
    uint64_t live_bytes;
    bool damaged;
    enum err failed;
};

enum { GARBAGE_AT_ONCE = 128 };
struct garbage {
    int64_t since_us;
    struct blob blob;
};

struct compactor {
    struct embedded *e;
    struct logs logs;
    struct request request;
    _Atomic bool in_flight;
    uint64_t request_seq;                /* of its transaction */
    void (*settle)(struct compactor *c); /* after OK */
    uint64_t not_before_us;              /* mono: the pace, or a failure */
    uint64_t request_at_us;

    /* The log that is being gone through; 0: none. */
    uint64_t work, work_at, work_live_bytes;
    uint64_t work_end; /* of the newest log, which grows */
    bool copying;      /* or only counting */
    struct chunk chunk;

    struct garbage garbage[GARBAGE_AT_ONCE];
    size_t garbage_n, dropped_n;
    bool garbage_stuck;                /* none of it could be read: no more until the next start */
    uint64_t streams[GARBAGE_AT_ONCE]; /* of large bodies that went with it */
    size_t streams_n;
    uint64_t streams_bytes;
    uint64_t removed; /* a log whose row is to be deleted; 0: none */

    _Atomic uint64_t asked, answered; /* rounds; equal: nobody waits */
    bool was_full;                    /* the disk, at the last step */
    uint64_t round;                   /* being run for those who asked, or the last one */
    _Atomic int round_result;         /* enum err */
    _Atomic uint64_t segments, bytes, blobs, copied_bytes, dead_bytes; /* figures */
};

/* compact_copy.c: read a piece of c->work from c->work_at on; then copy what lives of it. */
void chunk_read(struct compactor *c);
void chunk_submit(struct compactor *c);
void chunk_free(struct chunk *k);

/* compact_garbage.c */
/* Fills c->garbage with what is older than the grace. *due_us: when the oldest other will be, wall
 * clock; INT64_MAX: there is none. */
void garbage_find(struct compactor *c, int64_t *due_us);
void garbage_submit(struct compactor *c);

/* compact.c */
void compactor_submit(struct compactor *c, txn_fn *fn, void (*settle)(struct compactor *c));
void care_put(struct txn *t, const struct log *log, const struct log_care *care);

#endif
