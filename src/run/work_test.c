/* work_test.c - the work pool: items run elsewhere and come back; its queue has an end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/fiber.h"
#include "run/work.h"

enum { FIBERS = 50, ITEMS = 20 };

struct place {
    struct seam *seam;
    struct loop *loop;
    struct pool *pool;
    atomic_bool gate; /* items wait for it */
    unsigned done, refused;
};

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    p->seam = seam_real_new("/tmp");
    p->loop = loop_new(p->seam, 0);
    *state = p;
    return p->loop ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    loop_free(p->loop);
    pool_free(p->pool);
    seam_free(p->seam);
    mem_free(p);
    return 0;
}

static void start(struct place *p, unsigned n, fiber_fn *fn)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(fiber_start(p->loop, FIBER_SYSTEM, fn, p), OK);
}

static void finish(struct place *p)
{
    loop_stop(p->loop, 10000);
    loop_run(p->loop);
}

/* --- items ------------------------------------------------------------------------------------ */

struct sum {
    pthread_t thread;
    uint64_t in, out;
};

static void add_one(void *arg)
{
    struct sum *s = arg;
    s->thread = pthread_self();
    s->out = s->in + 1;
}

static void ask_many_times(void *arg)
{
    struct place *p = arg;
    for (uint64_t i = 0; i < ITEMS; i++) {
        struct sum s = { .in = i };
        assert_int_equal(work(p->pool, add_one, &s), OK);
        assert_int_equal(s.out, i + 1);
        assert_false(pthread_equal(s.thread, pthread_self()));
        p->done++;
    }
}

static void items_run_elsewhere_and_come_back(void **state)
{
    struct place *p = *state;
    p->pool = pool_new(p->seam, "test", 3, FIBERS);
    start(p, FIBERS, ask_many_times);
    finish(p); /* also while draining: work is never cut short */
    assert_int_equal(p->done, FIBERS * ITEMS);
}

/* --- the queue's end -------------------------------------------------------------------------- */

static void wait_at_gate(void *arg)
{
    struct place *p = arg;
    while (!atomic_load(&p->gate))
        usleep(100);
}

static void ask_once(void *arg)
{
    struct place *p = arg;
    enum err e = work(p->pool, wait_at_gate, p);
    assert_true(e == OK || e == ERR_LATER);
    if (e)
        p->refused++;
    else
        p->done++;
}

static void a_full_queue_says_later(void **state)
{
    struct place *p = *state;
    p->pool = pool_new(p->seam, "test", 1, 4);
    start(p, FIBERS, ask_once);
    loop_run_once(p->loop, false);
    /* Four wait, and the one thread may have taken one meanwhile. */
    assert_in_range(p->refused, FIBERS - 5, FIBERS - 4);
    atomic_store(&p->gate, true);
    finish(p);
    assert_int_equal(p->done + p->refused, FIBERS);
}

/* --- who goes first --------------------------------------------------------------------------- */

static unsigned order[FIBERS], ordered; /* by the one thread of the pool */

static void note(void *arg)
{
    order[ordered++] = *(unsigned *)arg;
}

static void ask_in_turn(void *arg)
{
    struct place *p = arg;
    unsigned me = p->done++;
    if (me == 0)
        assert_int_equal(work(p->pool, wait_at_gate, p), OK);
    else if (me % 2)
        assert_int_equal(work(p->pool, note, &me), OK);
    else
        assert_int_equal(work_first(p->pool, note, &me), OK);
}

static void who_goes_first_is_not_held_up(void **state)
{
    struct place *p = *state;
    ordered = 0;
    p->pool = pool_new(p->seam, "test", 1, 10);
    start(p, 1, ask_in_turn);
    loop_run_once(p->loop, false);
    usleep(20000); /* the thread has taken it, and waits */
    start(p, 20, ask_in_turn);
    loop_run_once(p->loop, false);
    atomic_store(&p->gate, true);
    finish(p);
    assert_int_equal(ordered, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(order[i] % 2, i >= 10);
}

/* The first item waits at the gate; nine are of one owner, the last is of another. */
static void ask_as_owner(void *arg)
{
    struct place *p = arg;
    unsigned me = p->done++;
    fiber_owner_set(me == 10 ? 2 : 1);
    if (me == 0)
        assert_int_equal(work(p->pool, wait_at_gate, p), OK);
    else
        assert_int_equal(work(p->pool, note, &me), OK);
}

static void each_owner_has_turns(void **state)
{
    struct place *p = *state;
    ordered = 0;
    p->pool = pool_new(p->seam, "test", 1, 20);
    start(p, 1, ask_as_owner);
    loop_run_once(p->loop, false);
    usleep(20000);
    start(p, 10, ask_as_owner);
    loop_run_once(p->loop, false);
    atomic_store(&p->gate, true);
    finish(p);
    assert_int_equal(ordered, 10);
    assert_true(order[0] == 10 || order[1] == 10);
    for (unsigned i = 2; i < 10; i++)
        assert_true(order[i] > order[i - 1] || order[i - 1] == 10);
}

static void freeing_a_pool_finishes_its_queue(void **state)
{
    struct place *p = *state;
    p->pool = pool_new(p->seam, "test", 1, FIBERS);
    start(p, FIBERS, ask_once);
    loop_run_once(p->loop, false);
    atomic_store(&p->gate, true);
    pool_free(p->pool);
    p->pool = NULL;
    finish(p);
    assert_int_equal(p->done, FIBERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(items_run_elsewhere_and_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_says_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_goes_first_is_not_held_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_owner_has_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(freeing_a_pool_finishes_its_queue, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
