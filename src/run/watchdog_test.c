/* watchdog_test.c - a worker that hangs ends the process, and says where every fiber was; one that
 * only waits, or works in many turns, is left alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "run/fiber.h"
#include "run/process.h"
#include "run/watchdog.h"

enum { TURN_MS = 300, HANG_BYTES_MAX = 200 };

extern const char __executable_start[]; /* the linker's */

struct scene {
    fiber_fn *work;
};

static void wait_long(void *arg)
{
    (void)arg;
    (void)!fiber_sleep_until(seam_mono_us(loop_seam(loop_self())) + UINT64_C(3600000000));
}

static void hang(void *arg)
{
    (void)arg;
    for (volatile int forever = 1; forever;)
        ;
}

static void work_in_turns(void *arg)
{
    (void)arg;
    struct seam *seam = loop_seam(loop_self());
    for (uint64_t end = seam_mono_us(seam) + 3 * TURN_MS * 1000; seam_mono_us(seam) < end;)
        fiber_yield();
    process_stop();
}

static void wait_in_turns(void *arg)
{
    (void)arg;
    (void)!fiber_sleep_until(seam_mono_us(loop_seam(loop_self())) + 3 * TURN_MS * 1000);
    process_stop();
}

static enum err start(void *arg, struct loop *loop, unsigned index)
{
    struct scene *s = arg;
    enum err e = fiber_start(loop, FIBER_SYSTEM, wait_long, NULL);
    if (!e && index == 0) e = fiber_start(loop, FIBER_KNOWN, s->work, NULL);
    return e;
}

/* A process of its own that runs two workers, one of them with this work; its exit status as
 * waitpid has it. */
static int run(fiber_fn *work, char *output, size_t size)
{
    int ends[2], status;
    size_t n = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct scene s = { work };
        struct process_hooks hooks = { .worker_start = start, .turn_ms = TURN_MS };
        dup2(ends[1], 2);
        close(ends[0]);
        process_log_to_fd(2);
        struct seam *seam = seam_real_new("/tmp");
        _exit(process_run(seam, 2, 100, &hooks, &s));
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], output + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    output[n] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static char output[20000];

static void test_hanging(void **state)
{
    (void)state;
    int status = run(hang, output, sizeof output);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(output, "server.stuck session=- worker=0"));
    if (!strstr(output, "fiber known running: 0x")) fail_msg("%s", output);
    assert_non_null(strstr(output, "fiber system suspended: "));
}

/* What is told leads to the function that hangs: the offset lies within it. */
static void test_where(void **state)
{
    (void)state;
    run(hang, output, sizeof output);
    static const char before[] = "fiber known running: ";
    const char *at = strstr(output, before);
    assert_non_null(at);
    uintptr_t offset = strtoul(at + sizeof before - 1, NULL, 16);
    uintptr_t function = (uintptr_t)hang - (uintptr_t)__executable_start;
    assert_true(offset >= function);
    assert_true(offset < function + HANG_BYTES_MAX);
}

static void test_busy_is_not_late(void **state)
{
    (void)state;
    assert_int_equal(run(work_in_turns, output, sizeof output), 0);
    assert_int_equal(run(wait_in_turns, output, sizeof output), 0);
    assert_null(strstr(output, "server.stuck"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hanging),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_busy_is_not_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
