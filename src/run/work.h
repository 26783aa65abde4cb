/* work.h - a pool of threads for what would block or compute long: file reads, password hashes. */
#ifndef RUN_WORK_H
#define RUN_WORK_H

#include "base/err.h"
#include "run/seam.h"

struct pool;
typedef void work_fn(void *arg);

/* threads: how many; queue: waiting items, past it work() answers ERR_LATER. */
struct pool *pool_new(struct seam *seam, const char *name, unsigned threads, unsigned queue);
void pool_free(struct pool *p); /* finishes what is queued */

/* Run fn(arg) on a thread of the pool and come back when it has ended; arg may live on the
 * fiber's stack, for the wait is never cut short. Waits. */
enum err work(struct pool *p, work_fn *fn, void *arg) MUST_CHECK;
/* The same ahead of all that came by work(), and with room of its own, as much again. Waits. */
enum err work_first(struct pool *p, work_fn *fn, void *arg) MUST_CHECK;

#endif
