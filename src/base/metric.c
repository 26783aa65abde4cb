/* metric.c - the table of figures, counting, and printing them. */
#include "base/metric.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>

#include "base/budget.h"
#include "base/log.h"
#include "base/mem.h"

static void print_budgets(struct buf *out, str name);
static void print_events(struct buf *out, str name);

/* clang-format off */
const struct metric_row metrics[METRICS] = {
    [METRIC_BUDGETS]           = { "posthorn_budget_exceeded_total", NULL, METRIC_COUNTER, "How often a budget struck (docs/budgets.md).", print_budgets },
    [METRIC_BYTES_IN]          = { "posthorn_bytes_received_total", NULL, METRIC_COUNTER, "Read from all connections, as it came over the wire.", NULL },
    [METRIC_BYTES_OUT]         = { "posthorn_bytes_sent_total", NULL, METRIC_COUNTER, "Written to all connections, as it went over the wire.", NULL },
    [METRIC_CONNS_OTHER]       = { "posthorn_connections", "protocol=\"control\",login=\"no\"", METRIC_GAUGE, "Connections that are open.", NULL },
    [METRIC_CONNS_OTHER_KNOWN] = { "posthorn_connections", "protocol=\"control\",login=\"yes\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_CONNS_IMAP]        = { "posthorn_connections", "protocol=\"imap\",login=\"no\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_CONNS_IMAP_KNOWN]  = { "posthorn_connections", "protocol=\"imap\",login=\"yes\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_CONNS_POP3]        = { "posthorn_connections", "protocol=\"pop3\",login=\"no\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_CONNS_POP3_KNOWN]  = { "posthorn_connections", "protocol=\"pop3\",login=\"yes\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_CONNS_SMTP]        = { "posthorn_connections", "protocol=\"smtp\",login=\"no\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_CONNS_SMTP_KNOWN]  = { "posthorn_connections", "protocol=\"smtp\",login=\"yes\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_CONNS_PARKED]      = { "posthorn_connections_parked", NULL, METRIC_GAUGE, "Of them those that wait without a stack.", NULL },
    [METRIC_CONNS_ACCEPTED]    = { "posthorn_connections_total", NULL, METRIC_COUNTER, "Connections that were let in.", NULL },
    [METRIC_DISK_FREE]         = { "posthorn_disk_free_bytes", NULL, METRIC_GAUGE, "Room on the data folder's file system.", NULL },
    [METRIC_EVENTS]            = { "posthorn_events_total", NULL, METRIC_COUNTER, "Events of the log, also of levels that are not written.", print_events },
    [METRIC_FIBERS_LENT]       = { "posthorn_fibers", "state=\"lent\"", METRIC_GAUGE, "Stacks that work is done on; mapped: all there are; waiting: work that has none.", NULL },
    [METRIC_FIBERS_MAPPED]     = { "posthorn_fibers", "state=\"mapped\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_FIBERS_WAITING]    = { "posthorn_fibers", "state=\"waiting\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_MEMORY_CEILING]    = { "posthorn_memory_ceiling_bytes", NULL, METRIC_GAUGE, "server.memory_max in bytes; 0: none.", NULL },
    [METRIC_MEMORY_HEAP_FREE]  = { "posthorn_memory_heap_bytes", "state=\"free\"", METRIC_GAUGE, "What the allocator has from the system.", NULL },
    [METRIC_MEMORY_HEAP_USED]  = { "posthorn_memory_heap_bytes", "state=\"used\"", METRIC_GAUGE, NULL, NULL },
    [METRIC_MEMORY_LARGE]      = { "posthorn_memory_large_bytes", NULL, METRIC_GAUGE, "Of it in large pieces, which are counted as they come and go.", NULL },
    [METRIC_MEMORY_RESIDENT]   = { "posthorn_memory_resident_bytes", NULL, METRIC_GAUGE, "The process's own memory, without the pages of mapped files.", NULL },
    [METRIC_MEMORY_SHORT]      = { "posthorn_memory_short", NULL, METRIC_GAUGE, "1: past the ceiling; new connections are told to come back.", NULL },
    [METRIC_MEMORY_TRIMS]      = { "posthorn_memory_trims_total", NULL, METRIC_COUNTER, "How often free memory was given back to the system.", NULL },
    [METRIC_QUEUE]             = { "posthorn_queue_entries", NULL, METRIC_GAUGE, "Recipients that wait for other servers.", NULL },
    [METRIC_STARTED]           = { "posthorn_start_time_seconds", NULL, METRIC_GAUGE, "When the server started, since 1970.", NULL },
};
/* clang-format on */

/* --- counting --------------------------------------------------------------------------------- */

enum { SHARDS = 16, LINE_BYTES = 64 };

/* One row of cells a shard, each beginning a cache line of its own. */
static struct shard {
    _Alignas(LINE_BYTES) _Atomic uint64_t cells[METRICS];
} shards[SHARDS];

/* A thread's errno lies somewhere else than any other's, and costs nothing to find. Two threads
 * that meet in a shard are only slower. */
static struct shard *mine(void)
{
    uint64_t place = (uint64_t)(uintptr_t)&errno;
    return &shards[(place * UINT64_C(0x9E3779B97F4A7C15)) >> 60];
}

void metric_add(enum metric m, uint64_t n)
{
    assert(m < METRICS);
    atomic_fetch_add_explicit(&mine()->cells[m], n, memory_order_relaxed);
}

void metric_sub(enum metric m, uint64_t n)
{
    metric_add(m, 0 - n); /* the sum is right: cells wrap as it does */
}

void metric_set(enum metric m, uint64_t value)
{
    atomic_store_explicit(&shards[0].cells[m], value, memory_order_relaxed);
}

/* While others count, a gauge may be caught between a cell's plus and another's minus. */
uint64_t metric_value(enum metric m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SHARDS; i++)
        sum += atomic_load_explicit(&shards[i].cells[m], memory_order_relaxed);
    return metrics[m].kind == METRIC_GAUGE && (int64_t)sum < 0 ? 0 : sum;
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_row(struct buf *out, str name, str label, str labelled, uint64_t value)
{
    buf_addf(out, "%.*s{%.*s=\"%.*s\"} ", STR_ARG(name), STR_ARG(label), STR_ARG(labelled));
    buf_u64(out, value);
    buf_addc(out, '\n');
}

static void print_budgets(struct buf *out, str name)
{
    for (size_t i = 0; i < BUDGETS; i++)
        print_row(out, name, S("budget"), str_of(budgets[i].name),
                  budget_struck_total((enum budget)i));
}

static void print_events(struct buf *out, str name)
{
    for (size_t i = 0; i < log_events_count; i++)
        print_row(out, name, S("event"), str_of(log_events[i].name), log_event_total(i));
}

static void print_metric(struct buf *out, enum metric m)
{
    const struct metric_row *row = &metrics[m];
    if (row->help)
        buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                 row->kind == METRIC_COUNTER ? "counter" : "gauge");
    if (row->each) {
        row->each(out, str_of(row->name));
        return;
    }
    buf_add(out, str_of(row->name));
    if (row->labels) buf_addf(out, "{%s}", row->labels);
    buf_addc(out, ' ');
    buf_u64(out, metric_value(m));
    buf_addc(out, '\n');
}

void metric_print(struct buf *out)
{
    for (size_t i = 0; i < METRICS; i++)
        print_metric(out, (enum metric)i);
}
