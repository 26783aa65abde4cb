/* once_test.c - a loop for one job: it may wait, it may start others, and nothing is left. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "run/once.h"

struct job {
    struct seam *seam;
    uint64_t from_us, to_us;
    enum err slept, other;
    unsigned others;
};

static void sleeper(void *arg)
{
    struct job *j = arg;
    j->other = fiber_sleep_until(seam_mono_us(j->seam) + 60000000);
    j->others++;
}

static void job(void *arg)
{
    struct job *j = arg;
    j->from_us = seam_mono_us(j->seam);
    if (fiber_start(loop_self(), FIBER_SYSTEM, sleeper, j)) return;
    j->slept = fiber_sleep_until(j->from_us + 20000);
    j->to_us = seam_mono_us(j->seam);
}

/* What it started and left behind is told to end, and waited for. */
static void it_waits_and_leaves_nothing(void **state)
{
    (void)state;
    struct job j = { .seam = seam_real_new("/tmp") };
    assert_int_equal(once(j.seam, job, &j), OK);
    assert_int_equal(j.slept, OK);
    assert_true(j.to_us >= j.from_us + 20000);
    assert_int_equal(j.others, 1);
    assert_int_equal(j.other, ERR_GONE);
    assert_int_equal(once(j.seam, job, &j), OK); /* and again */
    assert_int_equal(j.others, 2);
    seam_free(j.seam);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(it_waits_and_leaves_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
