/* watchdog.h - notices a worker that no longer answers, and ends the process with a trace of every
 * fiber, so that whoever watches the process starts it again.
 *
 * A turn of a loop is bounded by design: one that lasts longer than all patience is a fault that no
 * other measure will mend. A worker that waits for readiness is never late.
 */
#ifndef RUN_WATCHDOG_H
#define RUN_WATCHDOG_H

#include "run/loop.h"

struct watchdog;
/* A turn may last so many milliseconds; 0: any, and NULL is returned, which all calls take. */
struct watchdog *watchdog_start(struct seam *seam, unsigned turn_ms);
/* The loop of the calling thread is seen to from now on; at most WATCHDOG_LOOPS. */
void watchdog_see(struct watchdog *w, struct loop *loop);
/* After the loops have ended. Waits for its thread. */
void watchdog_end(struct watchdog *w);

/* Tells the service manager that started us (sd_notify(3)): "READY=1", "STOPPING=1". Nobody listens:
 * nothing happens. Once the watchdog runs it says WATCHDOG=1 by itself as often as WATCHDOG_USEC asks,
 * and no longer when a worker is late. */
void manager_open(void); /* before the sandbox: finds its socket */
void manager_tell(const char *words);

/* The calling thread's stack, from a signal's context, and those of all suspended fibers of its loop, to
 * standard error: offsets in the program, for addr2line -fe. Only what a signal handler may do. */
void trace_all(const void *context);

#endif
