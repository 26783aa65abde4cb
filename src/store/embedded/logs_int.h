/* logs_int.h - the journal's logs as compaction sees them: which there are, what is dead in each.
 *
 * Some 80 bytes of memory a log, which is about a megabyte for each terabyte of journal. The
 * compactor's own; the writer's thread reads it while it runs the compactor's transactions.
 */
#ifndef STORE_EMBEDDED_LOGS_INT_H
#define STORE_EMBEDDED_LOGS_INT_H

#include "store/embedded/catalog_int.h"

struct log {
    uint64_t number, previous;
    uint64_t end; /* what of it counts; 0: it is the newest, and grows */
    int64_t created_us;
    struct log_care care;
    uint64_t garbage_bytes; /* dead by the transaction that is being made */
    uint64_t emptied_seq;   /* of the commit since which nothing in it is needed */
    uint64_t not_before_us; /* mono: the disk would not let it go */
    uint64_t round;         /* in which it was surveyed last */
    bool cut;               /* its file durably ends where what counts of it ends */
    bool damaged;           /* kept as it is: what cannot be read may be needed */
};
struct logs {
    struct log *at; /* by number */
    size_t n, cap;
};

void logs_load(struct logs *l, const struct catalog *c);
void logs_free(struct logs *l);
struct log *logs_find(const struct logs *l, uint64_t number); /* NULL; until logs change */
/* Those that began since, and where those before them end, from the headers. False: the disk. */
bool logs_follow(struct logs *l, struct segments *t, uint64_t newest);
/* Takes it away, once the log before it has been cut: its end was named here alone. False: the
 * disk would not; nothing is lost. */
bool logs_remove(struct logs *l, struct segments *t, uint64_t number);

/* Whether any log but `number` itself is at most as old as `horizon`: then it may hold what a
 * delete made there hides. */
bool logs_older(const struct logs *l, uint64_t horizon, uint64_t number);

static inline bool log_closed(const struct log *l)
{
    return l->end != 0;
}
static inline bool log_emptied(const struct log *l)
{
    return l->end && l->care.copied_to >= l->end;
}
static inline uint64_t log_content(const struct log *l)
{
    return l->end > SEGMENT_HEADER_BYTES ? l->end - SEGMENT_HEADER_BYTES : 0;
}
static inline uint64_t log_dead(const struct log *l) /* at most what there is */
{
    uint64_t all = log_content(l);
    return log_emptied(l) || l->care.dead_bytes > all ? all : l->care.dead_bytes;
}

#endif
