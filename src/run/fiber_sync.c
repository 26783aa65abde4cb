/* fiber_sync.c - what crosses threads: completions and bells; and sleeping. */
#include <assert.h>

#include "run/fiber.h"

enum err fiber_sleep_until(uint64_t mono_us)
{
    while (loop_now_us(loop_self()) < mono_us) {
        if (fiber_suspend_until(mono_us) == ERR_GONE) return ERR_GONE;
    }
    return loop_draining(loop_self()) ? ERR_GONE : OK;
}

/* --- completions ----------------------------------------------------------------------------- */

static void completed(struct loop_post *p)
{
    struct completion *c = CONTAINER_OF(p, struct completion, post);
    struct fiber *f = c->fiber;

    c->done = 1; /* c is gone as soon as the fiber runs */
    fiber_wake(f);
}

void completion_init(struct completion *c)
{
    *c = (struct completion){ .loop = loop_self(), .fiber = fiber_self() };
    c->post.run = completed;
    assert(c->fiber);
}

void completion_done(struct completion *c)
{
    loop_post(c->loop, &c->post);
}

void completion_wait(struct completion *c)
{
    assert(c->fiber == fiber_self());
    while (!c->done)
        fiber_suspend();
}

/* --- bells ----------------------------------------------------------------------------------- */

static void bell_rung(struct loop_post *p)
{
    struct bell *b = CONTAINER_OF(p, struct bell, post);

    /* Before the listener looks: a ring that comes from now on is posted again. */
    __atomic_store_n(&b->pending, 0, __ATOMIC_RELEASE);
    b->rung = 1;
    if (b->fiber) fiber_wake(b->fiber);
}

void bell_init(struct bell *b, struct loop *loop)
{
    *b = (struct bell){ .loop = loop };
    b->post.run = bell_rung;
}

void bell_ring(struct bell *b)
{
    if (__atomic_exchange_n(&b->pending, 1, __ATOMIC_ACQ_REL)) return;
    loop_post(b->loop, &b->post);
}

enum err bell_wait(struct bell *b, uint64_t until_mono_us)
{
    enum err e = OK;

    assert(!b->fiber && "one listener a bell");
    b->fiber = fiber_self();
    while (!b->rung && !e)
        e = fiber_suspend_until(until_mono_us);
    b->fiber = NULL;
    if (!b->rung) return e;
    b->rung = 0;
    return OK;
}

void bell_close(struct bell *b)
{
    assert(!b->fiber);
    while (__atomic_load_n(&b->pending, __ATOMIC_ACQUIRE))
        fiber_yield();
    b->rung = 0;
}
