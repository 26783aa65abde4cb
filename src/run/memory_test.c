/* memory_test.c - what the process has is seen to grow and to shrink. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/metric.h"
#include "run/memory.h"

enum { PIECE_BYTES = 64 * 1024 * 1024 };

static void it_is_seen_to_grow_and_shrink(void **state)
{
    (void)state;
    memory_open();
    uint64_t before = memory_resident();
    assert_true(before > 0);
    char *piece = mem_new_large(PIECE_BYTES);
    assert_true(memory_resident() > before + PIECE_BYTES / 2);
    mem_free(piece);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed for a while, to find who still uses it \
                              */
    assert_true(memory_resident() < before + PIECE_BYTES / 2);
#endif
}

static void the_machine_has_more_than_we(void **state)
{
    (void)state;
    assert_true(memory_of_machine() > memory_resident());
}

static void the_gauges_are_set(void **state)
{
    (void)state;
    memory_measure();
    assert_true(metric_value(METRIC_MEMORY_RESIDENT) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_seen_to_grow_and_shrink),
        cmocka_unit_test(the_machine_has_more_than_we),
        cmocka_unit_test(the_gauges_are_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
