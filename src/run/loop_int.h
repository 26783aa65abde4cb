/* loop_int.h - the loop's inside, for the fibers and connections that live on it. Private to run/. */
#ifndef RUN_LOOP_INT_H
#define RUN_LOOP_INT_H

#include "base/limits.h"
#include "run/fiber_int.h"
#include "run/loop.h"

/* Something that keeps a draining loop alive until it has ended: a connection, a listener. */
struct loop_member {
    struct list link;
    /* Once, and again if it is still there when the grace is over; on the loop's own stack; may leave. */
    void (*drain)(struct loop_member *m);
};

struct timers { /* a binary heap; slot 0 is unused so that a timer's slot 0 means "not set" */
    struct timer **heap;
    size_t n, cap;
};

struct deflater;
struct loop {
    struct seam *seam;
    struct seam_poller *poller;
    unsigned index;
    uint64_t now_us;
    uint64_t turn_us; /* atomic: since when this turn lasts; 0: it waits for something to do */
    struct fibers fibers;
    struct timers timers;
    struct list members;

    struct loop_post *posted;  /* atomic: newest first, from any thread */
    struct loop_post *lasts;   /* own thread's: for the end of the turn, newest first */
    unsigned posting;          /* atomic: threads inside loop_post */
    unsigned stopping;         /* atomic: loop_stop was called */
    unsigned grace_ms;         /* written before stopping is */
    bool draining;             /* own thread's view of it */
    bool cutting;              /* the grace is over: whoever still can unwinds at once */
    uint64_t end_us;           /* draining is cut short then, and given up LOOP_UNWIND_MS later */

    struct seam_event events[LOOP_EVENTS_PER_WAIT];
    int events_n;              /* fetched and not all delivered */

    struct list waking;        /* connections that were woken, and not served since */
    struct list spare_inflaters; /* conn_compress.c */
    unsigned spare_inflaters_n;
    struct deflater *deflater; /* NULL until a connection is compressed */
    struct list spare_inputs;  /* buffers of CONN_INPUT_BYTES, warmest first */
    uint64_t conns_made;       /* for conn_id */
    uint32_t id_prefix;
};

struct loop *loop_current(void); /* like loop_self, NULL if this thread runs none */

void loop_join(struct loop *l, struct loop_member *m);
void loop_leave(struct loop *l, struct loop_member *m); /* fine if it never joined: list_init it */

/* The grace is over. */
bool loop_cutting(const struct loop *l);
/* The drain is over: no turn is left to run. */
bool loop_drained(const struct loop *l);

void timers_free(struct timers *t);
uint64_t timers_next_us(const struct timers *t); /* UINT64_MAX: none */
void timers_fire(struct timers *t, struct loop *l);

#endif
