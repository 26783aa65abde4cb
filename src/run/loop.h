/* loop.h - one a worker thread: readiness, timers, posts from other threads, fibers.
 *
 * The loop of the current thread is the one thread-local variable of the program.
 */
#ifndef RUN_LOOP_H
#define RUN_LOOP_H

#include "base/err.h"
#include "base/list.h"
#include "run/seam.h"

struct loop;

struct loop *loop_new(struct seam *seam, unsigned index); /* NULL without descriptors */
void loop_free(struct loop *l);          /* after loop_run returned; no fiber may be left */
void loop_run(struct loop *l);           /* on the thread that will own it; returns after loop_stop */
void loop_run_once(struct loop *l, bool may_wait); /* one turn: tests and the simulation */
/* When the next turn has something to do without any outside event: 0 now, UINT64_MAX never. */
uint64_t loop_next_us(const struct loop *l);
/* Any thread. Draining: every socket, timer and DNS wait returns ERR_GONE, parked sessions are
 * served a last time (CONN_DRAIN), loop_run returns when nothing is left or after grace_ms. */
void loop_stop(struct loop *l, unsigned grace_ms);
bool loop_draining(const struct loop *l);

struct loop *loop_self(void);            /* asserts that this thread has one */
struct seam *loop_seam(const struct loop *l);
uint64_t loop_now_us(const struct loop *l); /* monotonic, read once a turn */

/* --- timers: owner's struct, no allocation ---------------------------------------------------- */
struct timer {
    uint64_t at_mono_us;
    void (*fire)(struct timer *t); /* on the loop's own stack; may set or cancel any timer */
    size_t slot;                   /* the heap's own; 0 when not set */
};
void timer_set(struct loop *l, struct timer *t, uint64_t at_mono_us); /* moves it if set */
void timer_cancel(struct loop *l, struct timer *t);                   /* fine if not set */

/* --- posts: from any thread, run once each on the loop's own stack, in order ------------------ */
struct loop_post {
    struct loop_post *next;
    void (*run)(struct loop_post *p);
};
/* The post is the caller's and must live, and not be posted again, until it has run. */
void loop_post(struct loop *l, struct loop_post *p);
/* Own thread only: run when this turn's fibers have all had their turn, before the loop waits. */
void loop_post_last(struct loop *l, struct loop_post *p);

/* --- readiness: for connections and for libraries that signal through a descriptor ------------ */
struct loop_watch {
    int handle;
    unsigned what;
    void (*ready)(struct loop_watch *w, unsigned what); /* on the loop's own stack */
    bool exclusive; /* a listener that several loops watch: only one of them is woken */
};
enum err loop_watch(struct loop *l, struct loop_watch *w, unsigned what) MUST_CHECK; /* again to change */
void loop_unwatch(struct loop *l, struct loop_watch *w); /* an event already fetched is not delivered */

/* A plain descriptor of a library (libunbound) can be watched as it is on the real seam. */

#endif
