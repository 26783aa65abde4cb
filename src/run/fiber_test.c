/* fiber_test.c - fibers on a real loop: stacks, waking, sleeping, other threads, draining. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#include "run/fiber_stack.h"
#include "run/loop_int.h"

struct place {
    struct seam *seam;
    struct loop *loop;
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
    seam_free(p->seam);
    mem_free(p);
    return 0;
}

/* Run until what is going on has ended. */
static void finish(struct loop *l)
{
    loop_stop(l, 5000);
    loop_run(l);
}

static void go(struct loop *l, fiber_fn *fn, void *arg)
{
    assert_int_equal(fiber_start(l, FIBER_SYSTEM, fn, arg), OK);
}

/* --- starting, the first frame --------------------------------------------------------------- */

static void count_one(void *arg)
{
    assert_non_null(fiber_self());
    ++*(int *)arg;
}

static void test_start(void **state)
{
    struct place *p = *state;
    int n = 0;

    assert_null(fiber_self());
    for (int i = 0; i < 10; i++)
        go(p->loop, count_one, &n);
    assert_int_equal(n, 0); /* not before the loop's turn */
    loop_run_once(p->loop, false);
    assert_int_equal(n, 10);
    assert_int_equal(fiber_stats(p->loop).stacks, 1); /* one after the other on one stack */
    assert_int_equal(fiber_stats(p->loop).running, 0);
}

static void need_alignment(void *arg)
{
    _Alignas(16) volatile char local[16] = { 0 };
    char text[64];

    snprintf(text, sizeof text, "%.2f %d", 2.5, (int)((uintptr_t)local % 16));
    *(bool *)arg = str_eq(str_of(text), S("2.50 0"));
}

static void test_alignment(void **state)
{
    struct place *p = *state;

    for (int i = 0; i < 3; i++) { /* a fresh stack, and one that is used again */
        bool aligned = false;
        go(p->loop, need_alignment, &aligned);
        loop_run_once(p->loop, false);
        assert_true(aligned);
    }
}

/* --- the guard ------------------------------------------------------------------------------- */

#pragma GCC diagnostic ignored "-Wframe-larger-than="

/* 26 KiB more than there is: on the plain build a local of 90 KiB. */
enum { TOO_LARGE_BYTES = FIBER_STACK_BYTES * FIBER_STACK_FACTOR + 26 * 1024, SURVIVED = 42 };

static void __attribute__((noinline)) overflow(volatile char *end)
{
    volatile char local[TOO_LARGE_BYTES];
    __asm__ volatile("" : : "r"(local) : "memory"); /* or the compiler keeps only the byte used */
    local[0] = *end; /* only the far end: nothing between is touched */
    *end = local[0];
}

static void overflowing(void *arg)
{
    char here = 0;
    (void)arg;
    overflow(&here);
    _exit(SURVIVED);
}

static void test_guard(void **state)
{
    struct place *p = *state;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2); /* a sanitizer has much to say about it */
        signal(SIGSEGV, SIG_DFL);
        go(p->loop, overflowing, NULL);
        loop_run_once(p->loop, false);
        _exit(SURVIVED);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != SURVIVED);
    if (FIBER_STACK_FACTOR == 1) assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void test_guard_is_below(void **state)
{
    (void)state;
    char *stack = fiber_stack_map();
    assert_non_null(stack);
    stack[0] = 1;                       /* the lowest byte is ours */
    stack[fiber_stack_bytes() - 1] = 1; /* and the highest */
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    /* The kernel says EFAULT where we would die. */
    assert_int_equal(write(ends[1], stack - 1, 1), -1);
    assert_int_equal(write(ends[1], stack - FIBER_GUARD_BYTES, 1), -1);
    assert_int_equal(write(ends[1], stack, 1), 1);
    close(ends[0]);
    close(ends[1]);
    fiber_stack_unmap(stack);
}

/* --- suspending and waking ------------------------------------------------------------------- */

struct sleeper {
    struct fiber *fiber;
    int steps;
};

static void two_naps(void *arg)
{
    struct sleeper *s = arg;
    s->fiber = fiber_self();
    s->steps = 1;
    fiber_suspend();
    s->steps = 2;
    fiber_suspend();
    s->steps = 3;
}

static void test_wake(void **state)
{
    struct place *p = *state;
    struct sleeper s = { 0 };

    go(p->loop, two_naps, &s);
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 1);
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 1); /* nobody woke it */
    fiber_wake(s.fiber);
    fiber_wake(s.fiber); /* before it runs: one */
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 2);
    fiber_wake(s.fiber);
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 3);
}

static void woken_before(void *arg)
{
    struct sleeper *s = arg;
    s->fiber = fiber_self();
    fiber_wake(s->fiber);
    fiber_suspend(); /* must not sleep */
    s->steps = 1;
    fiber_suspend(); /* must */
    s->steps = 2;
}

static void test_early_wake(void **state)
{
    struct place *p = *state;
    struct sleeper s = { 0 };

    go(p->loop, woken_before, &s);
    loop_run_once(p->loop, false);
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 1);
    fiber_wake(s.fiber);
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 2);
}

static void yield_then_nap(void *arg)
{
    struct sleeper *s = arg;
    s->fiber = fiber_self();
    fiber_yield();
    s->steps = 1;
    fiber_suspend();
    s->steps = 2;
}

static void test_wake_while_yielding(void **state)
{
    struct place *p = *state;
    struct sleeper s = { 0 };

    go(p->loop, yield_then_nap, &s);
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 0);
    fiber_wake(s.fiber);
    loop_run_once(p->loop, false);
    assert_int_equal(s.steps, 2); /* the wake was for the suspend that followed */
}

/* --- the pool -------------------------------------------------------------------------------- */

struct crowd {
    struct fiber *inside[64];
    int entered, left;
};

static void visit(void *arg)
{
    struct crowd *c = arg;
    c->inside[c->entered++] = fiber_self();
    fiber_suspend();
    c->left++;
}

static void test_pool_exhausted(void **state)
{
    struct place *p = *state;
    struct crowd c = { 0 };

    p->loop->fibers.stacks_max = 4;
    for (int i = 0; i < 12; i++)
        go(p->loop, visit, &c);
    loop_run_once(p->loop, false);
    assert_int_equal(c.entered, 4);
    assert_int_equal(fiber_stats(p->loop).queued, 8);
    assert_int_equal(loop_next_us(p->loop), UINT64_MAX); /* waits, does not spin */

    /* Each that leaves lets one in: nobody is forgotten. */
    for (int woken = 0; woken < 12; woken++) {
        assert_true(c.entered > woken);
        fiber_wake(c.inside[woken]);
        loop_run_once(p->loop, false);
    }
    assert_int_equal(c.left, 12);
    assert_int_equal(fiber_stats(p->loop).stacks, 4);
    assert_int_equal(fiber_stats(p->loop).peak, 4);
}

static void test_shares(void **state)
{
    struct place *p = *state;
    struct crowd strangers = { 0 }, known = { 0 }, system = { 0 };

    p->loop->fibers.stacks_max = 40; /* strangers 20, reserved 16: the rest 24 */
    for (int i = 0; i < 30; i++)
        assert_int_equal(fiber_start(p->loop, FIBER_STRANGER, visit, &strangers), OK);
    loop_run_once(p->loop, false);
    assert_int_equal(strangers.entered, 20);
    assert_false(fiber_room(p->loop, FIBER_STRANGER));
    assert_true(fiber_room(p->loop, FIBER_KNOWN));

    for (int i = 0; i < 10; i++)
        assert_int_equal(fiber_start(p->loop, FIBER_KNOWN, visit, &known), OK);
    for (int i = 0; i < 30; i++)
        go(p->loop, visit, &system);
    loop_run_once(p->loop, false);
    /* The system's come first and may use all; nothing is left for the known. */
    assert_int_equal(system.entered, 20);
    assert_int_equal(known.entered, 0);

    for (int i = 0; i < 20; i++)
        fiber_wake(system.inside[i]);
    loop_run_once(p->loop, false);
    loop_run_once(p->loop, false);
    assert_int_equal(system.entered, 30);
    for (int i = 20; i < 30; i++)
        fiber_wake(system.inside[i]);
    loop_run_once(p->loop, false);
    loop_run_once(p->loop, false);
    assert_int_equal(known.entered, 4); /* 24 less the 20 strangers */

    for (int i = 0; i < 20; i++)
        fiber_wake(strangers.inside[i]);
    loop_run_once(p->loop, false);
    loop_run_once(p->loop, false);
    assert_int_equal(known.entered, 10);
    assert_int_equal(strangers.entered, 30);
    for (int i = 0; i < 10; i++) {
        fiber_wake(known.inside[i]);
        fiber_wake(strangers.inside[20 + i]);
    }
    loop_run_once(p->loop, false);
    assert_int_equal(fiber_stats(p->loop).running, 0);
    assert_int_equal(p->loop->fibers.lent_to_strangers, 0);
}

static void log_in(void *arg)
{
    fiber_class_set(FIBER_KNOWN);
    visit(arg);
}

static void test_class_change(void **state)
{
    struct place *p = *state;
    struct crowd c = { 0 };

    p->loop->fibers.stacks_max = 8; /* strangers 4 */
    for (int i = 0; i < 6; i++)
        assert_int_equal(fiber_start(p->loop, FIBER_STRANGER, log_in, &c), OK);
    loop_run_once(p->loop, false);
    assert_int_equal(c.entered, 6); /* each made room for the next stranger */
    assert_int_equal(p->loop->fibers.lent_to_strangers, 0);
    for (int i = 0; i < 6; i++)
        fiber_wake(c.inside[i]);
    loop_run_once(p->loop, false);
}

/* --- time ------------------------------------------------------------------------------------ */

static void nap(void *arg)
{
    uint64_t *woke_us = arg;
    uint64_t until = loop_now_us(loop_self()) + 20000;
    if (fiber_sleep_until(until) == OK) *woke_us = loop_now_us(loop_self()) - until + 1;
}

static void test_sleep(void **state)
{
    struct place *p = *state;
    uint64_t woke_us = 0;

    go(p->loop, nap, &woke_us);
    for (int i = 0; i < 100 && !woke_us; i++)
        loop_run_once(p->loop, true);
    assert_true(woke_us > 0);
    assert_true(woke_us < 5 * 1000 * 1000);
}

static void sleep_long(void *arg)
{
    *(enum err *)arg = fiber_sleep_until(UINT64_MAX - 1);
}

static void test_drain_ends_sleep(void **state)
{
    struct place *p = *state;
    enum err e = OK, late = OK;

    go(p->loop, sleep_long, &e);
    loop_run_once(p->loop, false);
    finish(p->loop);
    assert_int_equal(e, ERR_GONE);
    assert_true(loop_draining(p->loop));
    go(p->loop, sleep_long, &late); /* and none begins */
    loop_run_once(p->loop, false);
    assert_int_equal(late, ERR_GONE);
}

static void yielding(void *arg)
{
    int *turns = arg;
    for (int i = 0; i < 5; i++) {
        ++*turns;
        fiber_yield();
    }
}

static void test_yield(void **state)
{
    struct place *p = *state;
    int a = 0, b = 0;

    go(p->loop, yielding, &a);
    go(p->loop, yielding, &b);
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(loop_next_us(p->loop), 0);
        loop_run_once(p->loop, true); /* does not wait */
        assert_int_equal(a, i);
        assert_int_equal(b, i);
    }
    loop_run_once(p->loop, false);
    assert_int_equal(fiber_stats(p->loop).running, 0);
}

/* --- other threads --------------------------------------------------------------------------- */

struct errand {
    struct completion done;
    int value;
};

static void *errand_thread(void *arg)
{
    struct errand *e = arg;
    e->value = 7;
    completion_done(&e->done);
    return NULL;
}

static void send_errand(void *arg)
{
    for (int i = 0; i < 20; i++) {
        struct errand e = { 0 };
        pthread_t thread;
        completion_init(&e.done);
        pthread_create(&thread, NULL, errand_thread, &e);
        completion_wait(&e.done);
        if (e.value == 7) ++*(int *)arg;
        pthread_join(thread, NULL);
    }
}

/* loop_stop while it runs: the drain cuts no completion short. */
static void test_completion(void **state)
{
    struct place *p = *state;
    int done = 0;

    go(p->loop, send_errand, &done);
    go(p->loop, send_errand, &done);
    finish(p->loop);
    assert_int_equal(done, 40);
}

struct doorbell {
    struct bell bell;
    int rings_heard, late;
    enum err last;
};

static void listen_to(void *arg)
{
    struct doorbell *d = arg;
    d->last = bell_wait(&d->bell, loop_now_us(loop_self()) + 2000);
    if (d->last == ERR_LATER) d->late++;
    while ((d->last = bell_wait(&d->bell, UINT64_MAX)) == OK)
        d->rings_heard++;
    bell_close(&d->bell);
}

static void *ringer(void *arg)
{
    for (int i = 0; i < 1000; i++)
        bell_ring(arg);
    return NULL;
}

static void test_bell(void **state)
{
    struct place *p = *state;
    struct doorbell d = { 0 };

    bell_init(&d.bell, p->loop);
    go(p->loop, listen_to, &d);
    for (int i = 0; i < 100 && !d.late; i++)
        loop_run_once(p->loop, true);
    assert_int_equal(d.late, 1);

    bell_ring(&d.bell); /* rings nobody has heard yet are one */
    bell_ring(&d.bell);
    loop_run_once(p->loop, true);
    loop_run_once(p->loop, false);
    assert_int_equal(d.rings_heard, 1);

    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, ringer, &d.bell);
    while (d.rings_heard < 2)
        loop_run_once(p->loop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    finish(p->loop);
    assert_int_equal(d.last, ERR_GONE);
}

/* --- cost ------------------------------------------------------------------------------------ */

/* Whose work it is, whenever a fiber has run for its share. */
enum { STORM = 30, ROUNDS = 20 };
struct storm {
    struct loop *loop;
    unsigned runs, seen, most; /* of the storm; until then; between two of the other's */
};

static void storm_on(void *arg)
{
    struct storm *s = arg;

    fiber_owner_set(7);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t end_us = seam_mono_us(loop_seam(s->loop)) + FIBER_SHARE_US;
        while (seam_mono_us(loop_seam(s->loop)) < end_us)
            ;
        s->runs++;
        fiber_yield();
    }
}

static void live_on(void *arg)
{
    struct storm *s = arg;

    fiber_owner_set(8);
    for (int i = 0; i < ROUNDS; i++) {
        s->seen = s->runs;
        fiber_yield();
        if (i && s->runs - s->seen > s->most) s->most = s->runs - s->seen;
    }
}

/* However many fibers one owner has, another waits for one of them a turn. */
static void test_owners(void **state)
{
    struct place *p = *state;
    struct storm s = { .loop = p->loop };

    for (int i = 0; i < STORM; i++)
        go(p->loop, storm_on, &s);
    go(p->loop, live_on, &s);
    finish(p->loop);
    assert_int_equal(s.runs, STORM * ROUNDS);
    assert_int_equal(s.most, 1);
}

static void empty(void *arg)
{
    (void)arg;
}

static void test_price(void **state)
{
    enum { TIMES = 20000 };
    struct place *p = *state;
    uint64_t before = seam_mono_us(p->seam);

    for (int i = 0; i < TIMES; i++)
        go(p->loop, empty, NULL);
    while (fiber_stats(p->loop).queued)
        loop_run_once(p->loop, false);
    print_message("start and end of a fiber: %u ns\n",
                  (unsigned)((seam_mono_us(p->seam) - before) * 1000 / TIMES));
    assert_int_equal(fiber_stats(p->loop).stacks, 1);
}

int main(void)
{
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_LOOP(test_start),
        WITH_LOOP(test_alignment),
        WITH_LOOP(test_guard),
        WITH_LOOP(test_wake),
        WITH_LOOP(test_early_wake),
        WITH_LOOP(test_wake_while_yielding),
        WITH_LOOP(test_pool_exhausted),
        WITH_LOOP(test_shares),
        WITH_LOOP(test_class_change),
        WITH_LOOP(test_sleep),
        WITH_LOOP(test_drain_ends_sleep),
        WITH_LOOP(test_yield),
        WITH_LOOP(test_owners),
        WITH_LOOP(test_completion),
        WITH_LOOP(test_bell),
        WITH_LOOP(test_price),
        WITH_LOOP(test_guard_is_below), /* valgrind reports what it tries on purpose */
    };
    size_t n = COUNT_OF(tests) - (RUNNING_ON_VALGRIND ? 1 : 0);
    return _cmocka_run_group_tests("fiber", tests, n, NULL, NULL);
}
