/* metric.h - figures of the running process: counters, gauges, and how they are printed.
 *
 * A fixed table (metric.c). Counting is one relaxed addition to a cell that the thread shares with
 * few others, so it may stand anywhere; a figure is the sum of its cells, read when somebody asks.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buf.h"

/* In the order of their names, which is the order in which they are printed. */
enum metric {
    METRIC_BUDGETS, /* prints every row of budget.h */
    METRIC_BYTES_IN,
    METRIC_BYTES_OUT,
    /* Of each protocol: first those that are not logged in, then those that are. */
    METRIC_CONNS_OTHER,
    METRIC_CONNS_OTHER_KNOWN,
    METRIC_CONNS_IMAP,
    METRIC_CONNS_IMAP_KNOWN,
    METRIC_CONNS_POP3,
    METRIC_CONNS_POP3_KNOWN,
    METRIC_CONNS_SMTP,
    METRIC_CONNS_SMTP_KNOWN,
    METRIC_CONNS_PARKED,
    METRIC_CONNS_ACCEPTED,
    METRIC_DISK_FREE,
    METRIC_EVENTS, /* prints every row of log.h's list */
    METRIC_FIBERS_LENT,
    METRIC_FIBERS_MAPPED,
    METRIC_FIBERS_WAITING,
    METRIC_MEMORY_CEILING,
    METRIC_MEMORY_HEAP_FREE,
    METRIC_MEMORY_HEAP_USED,
    METRIC_MEMORY_LARGE,
    METRIC_MEMORY_RESIDENT,
    METRIC_MEMORY_SHORT,
    METRIC_MEMORY_TRIMS,
    METRIC_QUEUE,
    METRIC_STARTED,
    METRICS
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };
struct metric_row {
    const char *name;   /* with its unit last: posthorn_memory_resident_bytes */
    const char *labels; /* what tells rows of one name apart: protocol="imap",login="no"; NULL */
    enum metric_kind kind;
    const char *help;   /* of the first row of a name; NULL for the others */
    void (*each)(struct buf *out, str name); /* prints rows of another table instead */
};
extern const struct metric_row metrics[METRICS];

/* Any thread, no locks. */
void metric_add(enum metric m, uint64_t n);
void metric_sub(enum metric m, uint64_t n);
/* A gauge that one place measures: never mixed with the two above. */
void metric_set(enum metric m, uint64_t value);
uint64_t metric_value(enum metric m);

/* All of them, in Prometheus' text format (version 0.0.4). out needs METRIC_TEXT_BYTES. */
void metric_print(struct buf *out);

#endif
