/* fiber.h - a stack lent for a burst of work; switching takes ~20 ns.
 *
 * A fiber belongs to the loop that started it and never changes thread. It runs until it returns
 * or suspends. Stacks (FIBER_STACK_BYTES, with a guard page) come from a bounded LIFO pool of the
 * worker; when the pool is empty a start waits its turn in a queue, so an empty pool delays and
 * never deadlocks (no fiber may wait for a fiber that has not started).
 */
#ifndef RUN_FIBER_H
#define RUN_FIBER_H

#include "base/err.h"
#include "run/loop.h"

struct fiber;
typedef void fiber_fn(void *arg);

enum fiber_class {
    FIBER_STRANGER, /* a peer that is not logged in: at most FIBERS_STRANGERS_PERCENT of the pool */
    FIBER_KNOWN,    /* a logged-in user */
    FIBER_SYSTEM,   /* relay, admin, timers: may use the reserved stacks */
};

/* Run fn(arg) on a stack of this loop: at once if one is free and the caller is not a fiber,
 * otherwise soon. Only on the loop's own thread. ERR_LIMIT when the queue of starts is full. */
enum err fiber_start(struct loop *loop, enum fiber_class class, fiber_fn *fn, void *arg) MUST_CHECK;

struct fiber *fiber_self(void); /* NULL on the loop's own stack */

/* Suspend until fiber_wake. A wake that came first is not lost. Never spurious. Waits. */
void fiber_suspend(void);
/* Make a suspended fiber of this loop runnable. Own thread only. */
void fiber_wake(struct fiber *f);

/* Let other work of this loop run: for long computations. Waits. */
void fiber_yield(void);

/* Waits. OK at the time, ERR_GONE when the process is draining. */
enum err fiber_sleep_until(uint64_t mono_us) MUST_CHECK;

/* --- crossing threads --------------------------------------------------------------------------- */
/* One thing that another thread will finish, on the stack of the fiber that waits for it. */
struct completion {
    struct loop *loop;
    struct fiber *fiber; /* who waits */
    struct loop_post post;
    int done;            /* own thread only */
};
void completion_init(struct completion *c);
void completion_done(struct completion *c); /* any thread, exactly once; c may be gone after it */
void completion_wait(struct completion *c); /* Waits, never cut short. */

/* A bell that any thread may ring; one fiber listens. Rings while nobody listens are kept as one. */
struct bell {
    struct loop *loop;
    struct fiber *fiber;
    struct loop_post post;
    struct timer timer;
    int pending;  /* atomic: the post is on its way */
    int rung;     /* own thread only */
    bool timed_out;
};
void bell_init(struct bell *b, struct loop *loop);
void bell_ring(struct bell *b);
/* Waits. OK rung; ERR_LATER at the time; ERR_GONE when draining. */
enum err bell_wait(struct bell *b, uint64_t until_mono_us) MUST_CHECK;
void bell_close(struct bell *b); /* own thread; after it no ring may come */

/* Figures for metrics and tests. */
struct fiber_stats { unsigned stacks, running, queued, peak; };
struct fiber_stats fiber_stats(const struct loop *loop);

#endif
