/* loop_test.c - timers in order, posts from many threads, readiness, draining with members. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/loop_int.h"

static struct seam *seam;
static struct loop *loop;

static int set_up(void **state)
{
    (void)state;
    seam = seam_real_new("/tmp");
    loop = loop_new(seam, 0);
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    seam_free(seam);
    return 0;
}

/* --- timers ---------------------------------------------------------------------------------- */

enum { TIMERS = 500 };
static struct numbered {
    struct timer timer;
    uint64_t fired_at;
} many[TIMERS];
static uint64_t last_at;
static unsigned fired;

static void fire(struct timer *t)
{
    struct numbered *n = CONTAINER_OF(t, struct numbered, timer);
    assert_true(t->at_mono_us >= last_at);
    assert_int_equal(t->slot, 0);
    last_at = t->at_mono_us;
    n->fired_at = last_at;
    fired++;
}

static void test_timers(void **state)
{
    (void)state;
    uint64_t now = loop_now_us(loop);
    unsigned seed = 1;

    fired = 0;
    last_at = 0;
    for (int i = 0; i < TIMERS; i++) {
        many[i] = (struct numbered){ .timer = { .fire = fire } };
        seed = seed * 1103515245 + 12345;
        timer_set(loop, &many[i].timer, now + (seed >> 16) % 5000);
    }
    for (int i = 0; i < TIMERS; i += 3) { /* a third moves, a third is withdrawn */
        seed = seed * 1103515245 + 12345;
        timer_set(loop, &many[i].timer, now + (seed >> 16) % 5000);
        timer_cancel(loop, &many[i + 1].timer);
        timer_cancel(loop, &many[i + 1].timer);
        if (i + 4 > TIMERS) break;
    }
    unsigned expected = (unsigned)loop->timers.n;
    while (loop->timers.n)
        loop_run_once(loop, true);
    assert_int_equal(fired, expected);
    assert_true(expected < TIMERS);
    assert_int_equal(loop_next_us(loop), UINT64_MAX);
}

static unsigned repeats;
static void fire_again(struct timer *t)
{
    repeats++;
    timer_set(loop, t, 0);
}

static void test_timer_repeats_next_turn(void **state)
{
    (void)state;
    struct timer t = { .fire = fire_again };
    repeats = 0;
    timer_set(loop, &t, 0);
    loop_run_once(loop, true);
    assert_int_equal(repeats, 1); /* and the turn ended */
    loop_run_once(loop, true);
    assert_int_equal(repeats, 2);
    timer_cancel(loop, &t);
}

/* --- posts ----------------------------------------------------------------------------------- */

enum { THREADS = 4, POSTS = 2000 };
struct numbered_post {
    struct loop_post post;
    int thread, number;
};
static struct numbered_post posts[THREADS][POSTS];
static int next_number[THREADS], posts_seen;

static void post_ran(struct loop_post *p)
{
    struct numbered_post *n = CONTAINER_OF(p, struct numbered_post, post);
    assert_int_equal(n->number, next_number[n->thread]); /* in the order of its thread */
    next_number[n->thread]++;
    posts_seen++;
}

static void *post_many(void *arg)
{
    struct numbered_post *mine = arg;
    for (int i = 0; i < POSTS; i++)
        loop_post(loop, &mine[i].post);
    return NULL;
}

static void test_posts(void **state)
{
    (void)state;
    pthread_t threads[THREADS];

    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < POSTS; i++)
            posts[t][i] = (struct numbered_post){ { .run = post_ran }, t, i };
        pthread_create(&threads[t], NULL, post_many, posts[t]);
    }
    while (posts_seen < THREADS * POSTS)
        loop_run_once(loop, true); /* a lost wake-up would hang here */
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    assert_int_equal(loop_next_us(loop), UINT64_MAX);
}

struct last_post {
    struct loop_post post;
    unsigned at; /* the how manieth it was */
};
static struct last_post lasts[2];
static unsigned turns_seen;

static void last_ran(struct loop_post *p)
{
    CONTAINER_OF(p, struct last_post, post)->at = ++turns_seen;
}

static void post_lasts(struct loop_post *p)
{
    (void)p;
    for (unsigned i = 0; i < 2; i++)
        loop_post_last(loop, &lasts[i].post);
    assert_int_equal(turns_seen, 0);
}

static void test_posts_last(void **state)
{
    (void)state;
    struct loop_post first = { .run = post_lasts };
    turns_seen = 0;
    for (unsigned i = 0; i < 2; i++)
        lasts[i] = (struct last_post){ { .run = last_ran }, 0 };
    loop_post(loop, &first);
    loop_run_once(loop, true);
    assert_int_equal(lasts[0].at, 1); /* in the same turn, in order */
    assert_int_equal(lasts[1].at, 2);
}

/* --- readiness ------------------------------------------------------------------------------- */

struct end {
    struct loop_watch watch;
    struct end *other;
    int events;
};

/* Both ends become ready in one turn; the first that is told puts the other away. */
static void ready_once(struct loop_watch *w, unsigned what)
{
    struct end *e = CONTAINER_OF(w, struct end, watch);
    assert_true(what & SEAM_READABLE);
    e->events++;
    loop_unwatch(loop, &e->watch);
    loop_unwatch(loop, &e->other->watch);
}

static void test_unwatch_in_turn(void **state)
{
    (void)state;
    int s[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
    struct end a = { .watch = { .handle = s[0], .ready = ready_once } };
    struct end b = { .watch = { .handle = s[1], .ready = ready_once }, .other = &a };
    a.other = &b;

    assert_int_equal(loop_watch(loop, &a.watch, SEAM_READABLE), OK);
    assert_int_equal(loop_watch(loop, &b.watch, SEAM_READABLE), OK);
    assert_int_equal(write(s[0], "x", 1), 1);
    assert_int_equal(write(s[1], "x", 1), 1);
    loop_run_once(loop, true);
    assert_int_equal(a.events + b.events, 1);
    loop_run_once(loop, false);
    assert_int_equal(a.events + b.events, 1);

    assert_int_equal(loop_watch(loop, &a.watch, SEAM_READABLE), OK);
    assert_int_equal(loop_watch(loop, &a.watch, 0), OK); /* kept, silent */
    loop_run_once(loop, false);
    assert_int_equal(a.events + b.events, 1);
    loop_unwatch(loop, &a.watch);
    close(s[0]);
    close(s[1]);
}

/* --- draining -------------------------------------------------------------------------------- */

struct stayer {
    struct loop_member member;
    struct timer timer;
    struct stayer *takes_along;
    int drained;
};

static void leave_later(struct loop_member *m)
{
    struct stayer *s = CONTAINER_OF(m, struct stayer, member);
    s->drained++;
    if (s->takes_along) loop_leave(loop, &s->takes_along->member);
    timer_set(loop, &s->timer, loop_now_us(loop) + 3000);
}

static void left(struct timer *t)
{
    loop_leave(loop, &CONTAINER_OF(t, struct stayer, timer)->member);
}

static void test_drain_waits_for_members(void **state)
{
    (void)state;
    struct stayer a = { .member.drain = leave_later, .timer.fire = left }, b = a, c = a;
    a.takes_along = &b; /* ended by another one's end */
    loop_join(loop, &a.member);
    loop_join(loop, &b.member);
    loop_join(loop, &c.member);
    loop_stop(loop, 10000);
    loop_run(loop);
    assert_int_equal(a.drained, 1);
    assert_int_equal(b.drained, 0);
    assert_int_equal(c.drained, 1);
    assert_true(list_empty(&loop->members));
}

static void never(struct loop_member *m)
{
    (void)m;
}

static void test_drain_ends_after_grace(void **state)
{
    (void)state;
    struct loop_member stubborn = { .drain = never };
    uint64_t before = seam_mono_us(seam);
    loop_join(loop, &stubborn);
    loop_stop(loop, 20);
    loop_run(loop);
    assert_in_range(seam_mono_us(seam) - before, 15000, 5000000);
}

int main(void)
{
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_LOOP(test_timers),
        WITH_LOOP(test_timer_repeats_next_turn),
        WITH_LOOP(test_posts),
        WITH_LOOP(test_posts_last),
        WITH_LOOP(test_unwatch_in_turn),
        WITH_LOOP(test_drain_waits_for_members),
        WITH_LOOP(test_drain_ends_after_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
