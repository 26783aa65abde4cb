/* fiber.c - fibers: the pool of stacks, who gets one next, suspending and waking.
 *
 * A stack's context is made once and then resumed for one piece of work after another, so starting
 * a fiber costs one switch. Stacks are lent by class: strangers get at most their share, and the
 * last few go only to the system itself. What finds no stack waits in the queue of its class; a
 * stack that comes back serves the system first, then known users, then strangers. Nothing that
 * runs waits for something that has not started, so a full pool delays and never deadlocks.
 */
#include "run/fiber.h"

#include <assert.h>

#include "base/budget.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"
#include "run/fiber_stack.h"
#include "run/loop_int.h"

/* --- the pool -------------------------------------------------------------------------------- */

void fibers_init(struct fibers *f)
{
    f->stacks_max = FIBERS_PER_WORKER;
    list_init(&f->all);
    list_init(&f->free);
    list_init(&f->runnable);
    list_init(&f->cuttable);
    for (int i = 0; i < FIBER_CLASSES; i++)
        list_init(&f->waiting[i]);
}

static void give_back(struct fiber *f)
{
    struct fibers *all = &f->loop->fibers;

    all->lent--;
    metric_sub(METRIC_FIBERS_LENT, 1);
    all->no_memory = false;
    if (f->class == FIBER_STRANGER) all->lent_to_strangers--;
    f->state = FIBER_FREE;
    list_push_front(&all->free, &f->link);
}

/* The first and only function on each stack. */
static void fiber_main(void *arg)
{
    struct fiber *f = arg;
    struct fibers *all = &f->loop->fibers;

    while (!f->retire) {
        f->fn(f->arg);
        give_back(f);
        fiber_context_switch(&f->context, &all->host);
    }
    fiber_context_leave(&f->context, &all->host);
}

static void suspended_too_long(struct timer *t)
{
    struct fiber *f = CONTAINER_OF(t, struct fiber, timer);

    f->timed_out = true;
    fiber_wake(f);
}

static bool pool_grow(struct loop *l)
{
    if (l->fibers.stacks == l->fibers.stacks_max) return false;
    void *stack = fiber_stack_map();
    if (!stack) return false;

    struct fiber *f = MEM_NEW(struct fiber);
    f->loop = l;
    f->timer.fire = suspended_too_long;
    list_init(&f->cuttable);
    fiber_context_make(&f->context, stack, fiber_stack_bytes(), fiber_main, f);
    list_push_front(&l->fibers.free, &f->link);
    list_push_back(&l->fibers.all, &f->every);
    l->fibers.stacks++;
    metric_add(METRIC_FIBERS_MAPPED, 1);
    return true;
}

bool fibers_ready(struct loop *l)
{
    return pool_grow(l);
}

static void enter(struct fibers *all, struct fiber *f)
{
    f->state = FIBER_RUNNING;
    all->current = f;
    fiber_context_switch(&all->host, &f->context);
    all->current = NULL;
}

/* A stack that never ran has nothing to unwind; the others leave properly, for ASan's sake. */
static void retire(struct fibers *all, struct fiber *f)
{
    void *stack = (void *)(uintptr_t)f->context.stack;

    list_remove(&f->link);
    list_remove(&f->every);
    if (f->fn) {
        f->retire = true;
        enter(all, f);
    }
    fiber_context_free(&f->context);
    fiber_stack_unmap(stack);
    metric_sub(METRIC_FIBERS_MAPPED, 1);
    mem_free(f);
}

/* A fiber that outlived the grace of a drain may still be written to by a thread that works for it:
 * its stack stays. */
void fibers_free(struct loop *l)
{
    struct fibers *all = &l->fibers;

    fiber_context_host(&all->host);
    LIST_EACH_SAFE(&all->free, node) {
        retire(all, CONTAINER_OF(node, struct fiber, link));
    }
}

/* --- shares ---------------------------------------------------------------------------------- */

/* One owner's many fibers, each a millisecond or two, would make everybody else wait for all of
 * them in every turn. What is over its share stays in the queue for the next turn, which begins
 * with looking who else has come. */
static bool has_share(const struct fibers *all, uint64_t owner)
{
    const struct fiber_share *s = &all->shares[fair_slot(owner)];

    return !owner || s->turn != all->turn || s->used_us < FIBER_SHARE_US;
}

static void charge(struct fibers *all, uint64_t owner, uint64_t us)
{
    struct fiber_share *s = &all->shares[fair_slot(owner)];

    if (s->turn != all->turn) *s = (struct fiber_share){ .turn = all->turn };
    s->used_us += us;
}

static void enter_charged(struct fibers *all, struct fiber *f)
{
    uint64_t owner = f->owner, began_us = seam_mono_us(f->loop->seam);

    enter(all, f);
    charge(all, owner, seam_mono_us(f->loop->seam) - began_us);
}

/* --- who may start --------------------------------------------------------------------------- */

static bool share_left(const struct fibers *f, enum fiber_class class)
{
    unsigned reserved = f->stacks_max > 2 * FIBERS_RESERVED ? FIBERS_RESERVED : 0;

    if (class == FIBER_SYSTEM) return f->lent < f->stacks_max;
    if (f->lent + reserved >= f->stacks_max) return false;
    if (class == FIBER_KNOWN) return true;
    return f->lent_to_strangers * 100 < f->stacks_max * FIBERS_STRANGERS_PERCENT;
}

bool fiber_room(const struct loop *l, enum fiber_class class)
{
    const struct fibers *f = &l->fibers;

    if (!share_left(f, class)) return false;
    if (!list_empty(&f->free)) return true;
    return f->stacks < f->stacks_max;
}

/* The request that is next to get a stack, or NULL. */
static struct fiber_request *next_request(const struct fibers *f)
{
    static const enum fiber_class first_to_last[] = { FIBER_SYSTEM, FIBER_KNOWN, FIBER_STRANGER };

    for (int i = 0; i < FIBER_CLASSES; i++) {
        const struct list *queue = &f->waiting[first_to_last[i]];
        if (!list_empty(queue) && share_left(f, first_to_last[i]))
            return CONTAINER_OF(queue->next, struct fiber_request, link);
    }
    return NULL;
}

void fiber_request(struct loop *l, struct fiber_request *r)
{
    list_push_back(&l->fibers.waiting[r->class], &r->link);
    l->fibers.queued++;
    metric_add(METRIC_FIBERS_WAITING, 1);
}

void fiber_request_cancel(struct loop *l, struct fiber_request *r)
{
    if (list_empty(&r->link)) return;
    list_remove(&r->link);
    l->fibers.queued--;
    metric_sub(METRIC_FIBERS_WAITING, 1);
}

static void start(struct loop *l, struct fiber_request *r)
{
    struct fibers *all = &l->fibers;
    struct fiber *f = CONTAINER_OF(all->free.next, struct fiber, link);

    fiber_request_cancel(l, r);
    list_remove(&f->link);
    f->fn = r->fn;
    f->arg = r->arg;
    f->class = r->class;
    f->owner = r->owner;
    f->woken = f->timed_out = false;
    all->lent++;
    metric_add(METRIC_FIBERS_LENT, 1);
    if (f->class == FIBER_STRANGER) all->lent_to_strangers++;
    if (all->lent > all->peak) all->peak = all->lent;
    enter_charged(all, f);
}

/* fiber_start's request, on the heap until it has its stack. */
struct start {
    struct fiber_request request;
    struct fibers *fibers;
    fiber_fn *fn;
    void *arg;
};

static void started(void *arg)
{
    struct start s = *(struct start *)arg;

    mem_free(arg);
    s.fibers->starts--;
    s.fn(s.arg);
}

enum err fiber_start(struct loop *loop, enum fiber_class class, fiber_fn *fn, void *arg)
{
    if (loop->fibers.starts >= FIBER_STARTS_WAITING) return ERR_LIMIT;

    struct start *s = MEM_NEW(struct start);
    *s = (struct start){
        .request = { .fn = started, .arg = s, .class = class },
        .fibers = &loop->fibers,
        .fn = fn,
        .arg = arg,
    };
    loop->fibers.starts++;
    fiber_request(loop, &s->request);
    return OK;
}

/* --- a turn ---------------------------------------------------------------------------------- */

bool fibers_idle(const struct fibers *f)
{
    if (!list_empty(&f->runnable)) return false;
    if (!next_request(f)) return true;
    /* A start that only lacks memory for a stack waits for a lent one to come back. */
    return f->no_memory;
}

static void resume_runnable(struct fibers *all)
{
    struct list now; /* those that become runnable meanwhile have their turn after the poll */

    list_init(&now);
    while (!list_empty(&all->runnable)) {
        struct list *node = all->runnable.next;
        list_remove(node);
        list_push_back(&now, node);
    }
    while (!list_empty(&now)) {
        struct fiber *f = CONTAINER_OF(now.next, struct fiber, link);
        list_remove(&f->link);
        if (has_share(all, f->owner))
            enter_charged(all, f);
        else
            list_push_back(&all->runnable, &f->link);
    }
}

/* Those without a share for now, until the turn's end: then they are the first again. */
static void set_aside(struct fibers *all, struct list aside[FIBER_CLASSES])
{
    for (struct fiber_request *r; (r = next_request(all)) && !has_share(all, r->owner);) {
        list_remove(&r->link);
        list_push_back(&aside[r->class], &r->link);
    }
}

static void put_back(struct fibers *all, struct list aside[FIBER_CLASSES])
{
    for (int i = 0; i < FIBER_CLASSES; i++)
        while (!list_empty(&aside[i])) {
            struct list *node = aside[i].prev;
            list_remove(node);
            list_push_front(&all->waiting[i], node);
        }
}

static void start_waiting(struct loop *l)
{
    struct fibers *all = &l->fibers;
    struct list aside[FIBER_CLASSES];

    for (int i = 0; i < FIBER_CLASSES; i++)
        list_init(&aside[i]);
    for (unsigned left = all->queued; left; left--) {
        set_aside(all, aside);
        struct fiber_request *r = next_request(all);
        if (!r) break;
        all->no_memory = list_empty(&all->free) && !pool_grow(l);
        if (all->no_memory) break;
        start(l, r);
    }
    put_back(all, aside);
}

/* Those who wait for a stack are worth a line in the log, one a second. */
static void complain_if_empty(struct loop *l)
{
    struct fibers *all = &l->fibers;

    if (!all->queued || l->now_us < all->complain_us) return;
    all->complain_us = l->now_us + FIBER_COMPLAIN_MS * UINT64_C(1000);
    budget_struck(BUDGET_PROCESS_STACKS);
    log_event(LOG_WARN, "fiber.pool_empty", S(""), F_NUM("waiting", all->queued),
              F_NUM("lent", all->lent), F_NUM("to_strangers", all->lent_to_strangers));
}

void fibers_run(struct loop *l)
{
    struct fibers *all = &l->fibers;

    assert(!all->current);
    fiber_context_host(&all->host);
    all->turn++;
    resume_runnable(all);
    start_waiting(l);
    if (!next_request(all) || all->no_memory) complain_if_empty(l);
}

/* --- suspending ------------------------------------------------------------------------------ */

struct fiber *fiber_self(void)
{
    return loop_current() ? loop_current()->fibers.current : NULL;
}

static struct fiber *here(void)
{
    struct fiber *f = fiber_self();

    assert(f && "only a fiber may wait");
    return f;
}

static void leave_stack(struct fiber *f)
{
    fiber_context_switch(&f->context, &f->loop->fibers.host);
}

void fiber_suspend(void)
{
    struct fiber *f = here();

    if (!f->woken) {
        f->state = FIBER_SUSPENDED;
        leave_stack(f);
    }
    f->woken = false;
}

void fiber_wake(struct fiber *f)
{
    assert(f->state != FIBER_FREE);
    if (f->state == FIBER_RUNNING || f->yielding) f->woken = true;
    if (f->state != FIBER_SUSPENDED) return;
    f->state = FIBER_RUNNABLE;
    list_push_back(&f->loop->fibers.runnable, &f->link);
}

enum err fiber_suspend_through(uint64_t mono_us)
{
    struct fiber *f = here();
    struct loop *l = f->loop;

    f->timed_out = false;
    if (mono_us != UINT64_MAX) timer_set(l, &f->timer, mono_us);
    fiber_suspend();
    timer_cancel(l, &f->timer);
    return f->timed_out ? ERR_LATER : OK;
}

enum err fiber_suspend_until(uint64_t mono_us)
{
    struct fiber *f = here();
    struct loop *l = f->loop;

    if (l->draining) return ERR_GONE;
    list_push_back(&l->fibers.cuttable, &f->cuttable);
    enum err e = fiber_suspend_through(mono_us);
    list_remove(&f->cuttable);
    return l->draining ? ERR_GONE : e;
}

void fibers_drain(struct fibers *f)
{
    LIST_EACH(&f->cuttable, node) {
        fiber_wake(CONTAINER_OF(node, struct fiber, cuttable));
    }
}

void fiber_yield(void)
{
    struct fiber *f = here();

    f->state = FIBER_RUNNABLE;
    f->yielding = true; /* a wake meanwhile is for the next suspend */
    list_push_back(&f->loop->fibers.runnable, &f->link);
    leave_stack(f);
    f->yielding = false;
}

void fiber_class_set(enum fiber_class class)
{
    struct fiber *f = here();
    struct fibers *all = &f->loop->fibers;

    all->lent_to_strangers -= f->class == FIBER_STRANGER;
    all->lent_to_strangers += class == FIBER_STRANGER;
    f->class = class;
}

void fiber_owner_set(uint64_t owner)
{
    here()->owner = owner;
}

uint64_t fiber_owner(void)
{
    const struct fiber *f = fiber_self();

    return f ? f->owner : 0;
}

struct fiber_stats fiber_stats(const struct loop *loop)
{
    const struct fibers *f = &loop->fibers;

    return (struct fiber_stats){
        .stacks = f->stacks, .running = f->lent, .queued = f->queued, .peak = f->peak
    };
}
