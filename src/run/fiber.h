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

/* Run fn(arg) on a stack of this loop, soon: in this turn of the loop if a stack is free. Only on
 * the loop's own thread. ERR_LIMIT when FIBER_STARTS_WAITING starts wait already. */
enum err fiber_start(struct loop *loop, enum fiber_class class, fiber_fn *fn, void *arg) MUST_CHECK;

struct fiber *fiber_self(void); /* NULL on the loop's own stack */

/* Suspend until fiber_wake, never cut short. A wake that came first is not lost, and several that
 * come before the fiber runs again are one: wait in a loop that looks at what you wait for. Waits. */
void fiber_suspend(void);
/* The same with an end: OK woken; ERR_LATER at that time (UINT64_MAX: never); ERR_GONE when the
 * loop drains, at once if it does already. What you wait for may have come at the same moment: look
 * before you believe an error. Waits. */
enum err fiber_suspend_until(uint64_t mono_us) MUST_CHECK;
/* The same, but a drain does not end it: OK woken, ERR_LATER at that time. Waits. */
enum err fiber_suspend_through(uint64_t mono_us) MUST_CHECK;
/* Make a suspended fiber of this loop runnable. Own thread only. */
void fiber_wake(struct fiber *f);
/* The class of the calling fiber from now on (a peer has logged in). */
void fiber_class_set(enum fiber_class class);

/* Whose work the calling fiber does from now on: an account's number, or conn_owner's of a stranger's
 * address; 0: nobody's. What is done for one owner shares: a millisecond of each turn of the loop
 * (FIBER_SHARE_US), and a place in the round of pools and of the store's writer. */
void fiber_owner_set(uint64_t owner);
uint64_t fiber_owner(void); /* 0 outside fibers too */

/* Let other work of this loop run: for long computations. Waits. */
void fiber_yield(void);

/* Waits. OK at the time, ERR_GONE when the process is draining. */
enum err fiber_sleep_until(uint64_t mono_us) MUST_CHECK;

/* --- crossing threads ------------------------------------------------------------------------- */
/* One thing that another thread will finish, on the stack of the fiber that waits for it. */
struct completion {
    struct loop *loop;
    struct fiber *fiber; /* who waits */
    struct loop_post post;
    int done;            /* own thread only */
};
void completion_init(struct completion *c); /* on the fiber that will wait */
void completion_done(struct completion *c); /* any thread, exactly once; c may be gone after it */
void completion_wait(struct completion *c); /* Waits, never cut short. */

/* A bell that any thread may ring; one fiber listens. Rings while nobody listens are kept as one. */
struct bell {
    struct loop *loop;
    struct fiber *fiber;
    struct loop_post post;
    int pending;  /* atomic: the post is on its way */
    int rung;     /* own thread only */
};
void bell_init(struct bell *b, struct loop *loop);
void bell_ring(struct bell *b);
/* Waits. OK rung (also while draining); ERR_LATER at the time; ERR_GONE when draining. */
enum err bell_wait(struct bell *b, uint64_t until_mono_us) MUST_CHECK;
void bell_close(struct bell *b); /* own thread, and no ring may come any more. Waits for one on its way. */

/* Figures for metrics and tests: stacks mapped, lent now, starts waiting, most lent at once. */
struct fiber_stats { unsigned stacks, running, queued, peak; };
struct fiber_stats fiber_stats(const struct loop *loop);

#endif
