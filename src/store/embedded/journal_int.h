/* journal_int.h - where groups of records become durable: append, sync, rotate, and what failure
 * means. */
#ifndef STORE_EMBEDDED_JOURNAL_INT_H
#define STORE_EMBEDDED_JOURNAL_INT_H

#include "store/embedded/segment_int.h"

struct journal {
    struct segments *segments;
    uint64_t segment_bytes;
    bool (*make_room)(void *arg); /* the disk is full: true if something was given up for us */
    void *arg;
    char *zeros;             /* STORE_ZEROED_BYTES */
    struct segment *current; /* held; NULL: the next group opens one */
    uint64_t end;            /* of current: what is durable */
    uint64_t allocated;      /* of current: room up to here */
    uint64_t zeroed;         /* of current: written up to here, perhaps with zeros */
    bool uncertain;          /* a group that failed may be read after a crash: no successor says otherwise yet */
    uint64_t last, last_end; /* the newest log that has anything durable, and how much of it */
    _Atomic bool leave; /* any thread: current is worth compacting: the next group opens another */
    uint64_t syncs, bytes; /* statistics */
};
void journal_init(struct journal *j, struct segments *segments, uint64_t segment_bytes);
void journal_end(struct journal *j);

/* Makes the unsealed records of group durable, all or none, with one sync; *segment and *at say
 * where they lie. A segment that failed to write or sync is abandoned: its header's successor says
 * what of it counts, and the group is written once more, in a new one. ERR_LATER when that fails
 * too: the next group tries again. */
enum err journal_write(struct journal *j, struct buf *group, uint64_t first_seq, uint64_t *segment,
                       uint64_t *at) MUST_CHECK;
/* Makes sure that what failed is gone for good, for those who are to be told OK though they wrote
 * nothing: they judged by a state without it. ERR_LATER */
enum err journal_settle(struct journal *j, uint64_t first_seq) MUST_CHECK;

#endif
