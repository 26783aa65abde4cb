/* fiber_int.h - fibers as the loop and the connections see them. Private to run/. */
#ifndef RUN_FIBER_INT_H
#define RUN_FIBER_INT_H

#include "base/list.h"
#include "run/fiber.h"
#include "run/fair.h"
#include "run/fiber_switch.h"

#define FIBER_CLASSES 3

/* Something that wants a stack. Whoever embeds one can always be queued: no allocation, no limit. */
struct fiber_request {
    struct list link;
    fiber_fn *fn;
    void *arg;
    enum fiber_class class;
    uint64_t owner; /* of the fiber when it starts */
};

enum fiber_state {
    FIBER_FREE,      /* in the pool */
    FIBER_RUNNABLE,  /* in the queue of the next turn */
    FIBER_RUNNING,   /* now */
    FIBER_SUSPENDED, /* until a wake */
};

struct fiber {
    struct fiber_context context;
    struct list link;     /* free or runnable */
    struct list every;    /* among all of its loop, for a trace */
    struct list cuttable; /* among those whose wait a drain ends */
    struct loop *loop;
    struct timer timer;   /* of fiber_suspend_until */
    fiber_fn *fn;
    void *arg;
    enum fiber_class class;
    uint64_t owner; /* whose work it does */
    enum fiber_state state;
    bool woken;     /* a wake came while running */
    bool yielding;
    bool timed_out;
    bool retire;    /* leave the stack for ever */
};

/* How long the fibers of an owner, or of those who share his slot, ran in a turn. */
struct fiber_share {
    uint64_t turn, used_us;
};

struct fibers {
    struct fiber_share shares[1 << FAIR_BITS];
    uint64_t turn;              /* counted */
    struct fiber_context host;  /* the loop's own stack */
    struct fiber *current;      /* NULL on the loop's own stack */
    struct list all;            /* every fiber there is */
    struct list free;           /* LIFO: the warmest stack first */
    struct list runnable;
    struct list cuttable;
    struct list waiting[FIBER_CLASSES]; /* requests */
    unsigned queued;            /* in all three */
    unsigned starts;            /* of them by fiber_start */
    unsigned stacks, lent, lent_to_strangers, peak;
    bool no_memory;             /* no new stack could be mapped; until one comes back */
    uint64_t complain_us;       /* when the next line about a lack of stacks may be logged */
    unsigned stacks_max;        /* FIBERS_PER_WORKER; tests make it small */
};

void fibers_init(struct fibers *f);
bool fibers_ready(struct loop *l);     /* maps the first stack; false without memory */
void fibers_free(struct loop *l);
void fibers_run(struct loop *l);       /* resume what is runnable, start what may start */
bool fibers_idle(const struct fibers *f); /* nothing runnable, nothing that could start */
void fibers_drain(struct fibers *f);   /* ends every wait that may be cut short */

/* A request of this class would be started at once. */
bool fiber_room(const struct loop *l, enum fiber_class class);
/* Queue it; fn(arg) runs on a fiber, in this turn of the loop or later. Not twice at a time. */
void fiber_request(struct loop *l, struct fiber_request *r);
void fiber_request_cancel(struct loop *l, struct fiber_request *r); /* fine if not queued */

#endif
