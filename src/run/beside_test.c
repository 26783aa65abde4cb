/* beside_test.c - a process beside this one: ready, not ready, and the end of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/beside.h"

/* Shared with the other process. */
static int *shared;

static int until_enough(void *arg, struct beside_self *self)
{
    char byte;
    *shared = *(int *)arg;
    beside_ready(self);
    *shared += read(self->until, &byte, 1) == 0 ? 100 : 1000;
    return 0;
}

static int never_ready(void *arg, struct beside_self *self)
{
    (void)arg, (void)self;
    return 1;
}

static void test_runs_until_it_is_enough(void **state)
{
    (void)state;
    struct beside b;
    int arg = 5;
    assert_true(beside_start(&b, until_enough, &arg));
    assert_int_equal(*shared, 5);
    beside_end(&b);
    assert_int_equal(*shared, 105);
}

static void test_who_is_not_ready_is_told_of(void **state)
{
    (void)state;
    struct beside b;
    assert_false(beside_start(&b, never_ready, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_until_it_is_enough),
        cmocka_unit_test(test_who_is_not_ready_is_told_of),
    };
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
