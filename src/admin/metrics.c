/* metrics.c - the request for the server's figures: measures what nobody counts, then prints all.
 */
#include "admin/admin_int.h"
#include "base/metric.h"
#include "run/memory.h"

static void measure(struct admin *a)
{
    struct view *v = store_view(a->store);
    if (v) {
        metric_set(METRIC_QUEUE, store_queue_count(v));
        view_end(v);
    }
    int64_t room = seam_free_bytes(a->seam, ".");
    if (room >= 0) metric_set(METRIC_DISK_FREE, (uint64_t)room);
    memory_measure();
}

ADMIN_REQUEST(admin_metrics)
{
    (void)r, (void)args;
    measure(a);
    metric_print(out);
    return OK;
}
