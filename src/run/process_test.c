/* process_test.c - workers start and end together, signals arrive, log lines leave whole. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "run/fiber.h"
#include "run/process.h"

enum { WORKERS = 3 };

struct place {
    struct seam *seam;
    atomic_int starts, ends, readies, reloads;
    int fail_index;        /* this worker refuses to start; -1: none */
    int signal_when_ready; /* 0: process_stop */
};

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    p->seam = seam_real_new("/tmp");
    p->fail_index = -1;
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    seam_free(p->seam);
    mem_free(p);
    return 0;
}

static enum err on_start(void *arg, struct loop *loop, unsigned index)
{
    struct place *p = arg;
    assert_ptr_equal(loop_self(), loop);
    if ((int)index == p->fail_index) return ERR_LATER;
    atomic_fetch_add(&p->starts, 1);
    return OK;
}

static void on_end(void *arg, struct loop *loop, unsigned index)
{
    struct place *p = arg;
    (void)loop;
    (void)index;
    atomic_fetch_add(&p->ends, 1);
}

static void on_ready(void *arg)
{
    struct place *p = arg;
    assert_int_equal(atomic_load(&p->starts), WORKERS);
    atomic_fetch_add(&p->readies, 1);
    if (p->signal_when_ready)
        kill(getpid(), p->signal_when_ready);
    else
        process_stop();
}

static void on_reload(void *arg)
{
    struct place *p = arg;
    atomic_fetch_add(&p->reloads, 1);
    kill(getpid(), SIGTERM);
}

static const struct process_hooks hooks = { on_start, on_end, on_reload, on_ready };

static void workers_start_and_end_together(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(process_run(p->seam, WORKERS, 1000, &hooks, p), 0);
        assert_int_equal(atomic_exchange(&p->starts, 0), WORKERS);
        assert_int_equal(atomic_exchange(&p->ends, 0), WORKERS);
        assert_int_equal(atomic_exchange(&p->readies, 0), 1);
    }
    process_stop(); /* nothing runs: nothing happens */
}

static void one_that_cannot_start_ends_all(void **state)
{
    struct place *p = *state;
    for (p->fail_index = 0; p->fail_index < WORKERS; p->fail_index++) {
        assert_int_equal(process_run(p->seam, WORKERS, 1000, &hooks, p), 1);
        assert_int_equal(atomic_load(&p->readies), 0);
        assert_int_equal(atomic_load(&p->starts), atomic_load(&p->ends));
    }
}

static void signals_end_and_reload(void **state)
{
    struct place *p = *state;
    p->signal_when_ready = SIGINT;
    assert_int_equal(process_run(p->seam, WORKERS, 1000, &hooks, p), 0);
    assert_int_equal(atomic_load(&p->reloads), 0);
    atomic_store(&p->starts, 0);
    p->signal_when_ready = SIGHUP;
    assert_int_equal(process_run(p->seam, WORKERS, 1000, &hooks, p), 0);
    assert_int_equal(atomic_load(&p->reloads), 1);
}

/* --- draining --------------------------------------------------------------------------------- */

/* A signal in the middle of the drain changes nothing for those who are on their way out. */
static void stay(void *arg)
{
    struct place *p = arg;
    while (fiber_sleep_until(UINT64_MAX) == OK)
        ;
    kill(getpid(), SIGTERM);
    atomic_fetch_add(&p->reloads, 1);
}

static enum err start_stayer(void *arg, struct loop *loop, unsigned index)
{
    if (index == 0) assert_int_equal(fiber_start(loop, FIBER_SYSTEM, stay, arg), OK);
    return on_start(arg, loop, index);
}

static void draining_ends_fibers(void **state)
{
    struct place *p = *state;
    const struct process_hooks with_fiber = { start_stayer, on_end, on_reload, on_ready };
    assert_int_equal(process_run(p->seam, WORKERS, 5000, &with_fiber, p), 0);
    assert_int_equal(atomic_load(&p->reloads), 1);
}

static void on_ready_one(void *arg)
{
    (void)arg;
    process_stop();
}

/* Waits for what never comes, and is not told of the drain. */
static void outlast(void *arg)
{
    (void)arg;
    struct completion never;
    completion_init(&never);
    completion_wait(&never);
}

static enum err start_outlaster(void *arg, struct loop *loop, unsigned index)
{
    (void)index;
    assert_int_equal(fiber_start(loop, FIBER_SYSTEM, outlast, arg), OK);
    return on_start(arg, loop, index);
}

static void *signal_twice(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        usleep(20000);
        kill(getpid(), SIGTERM);
    }
    return NULL;
}

static void on_ready_twice(void *arg)
{
    (void)arg;
    pthread_t thread;
    pthread_create(&thread, NULL, signal_twice, NULL);
    pthread_detach(thread);
}

/* In a child: what is given up is not freed, and the leak is meant. */
static void a_second_signal_does_not_wait(void **state)
{
    struct place *p = *state;
    uint64_t before = seam_mono_us(p->seam);
    pid_t child = fork();
    if (child == 0) {
        const struct process_hooks h = { start_outlaster, on_end, on_reload, on_ready_twice };
        _exit(process_run(p->seam, WORKERS, 60000, &h, p));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(seam_mono_us(p->seam) - before < 30000000);
}

static void by_default_there_is_a_worker_a_core(void **state)
{
    struct place *p = *state;
    const struct process_hooks h = { on_start, on_end, on_reload, on_ready_one };
    assert_int_equal(process_run(p->seam, 0, 1000, &h, p), 0);
    assert_true(atomic_load(&p->starts) >= 1);
    assert_int_equal(atomic_load(&p->starts), atomic_load(&p->ends));
}

/* --- the log ---------------------------------------------------------------------------------- */

enum { LINES = 200, WRITERS = 4 };

static void *write_lines(void *arg)
{
    (void)arg;
    for (int i = 0; i < LINES; i++)
        log_event(LOG_ERROR, "server.started", S("test"), F_NUM("n", (uint64_t)i));
    return NULL;
}

/* "2026-11-22T00:48:01.123456Z error …" */
static bool is_whole(str line)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ error ";
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (i >= line.n) return false;
        if (form[i] == 'd' ? !ascii_digit(line.p[i]) : line.p[i] != form[i]) return false;
    }
    return str_find(line, S(" error ")) == str_find(line, S("error")) - 1;
}

static void log_lines_leave_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/log_test_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    process_log_to_fd(fd);
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);

    struct buf text = buf_make(1024 * 1024);
    off_t size = lseek(fd, 0, SEEK_END);
    char *room = buf_reserve(&text, (size_t)size);
    assert_int_equal(pread(fd, room, (size_t)size, 0), size);
    buf_commit(&text, (size_t)size);
    str rest = buf_str(&text), line;
    int n = 0;
    for (; str_split(&rest, '\n', &line); n++)
        assert_true(is_whole(line));
    assert_int_equal(n, LINES * WRITERS);
    process_log_to_fd(-1);
    buf_free(&text);
    close(fd);
}

static void the_descriptor_limit_is_raised(void **state)
{
    (void)state;
    struct rlimit before, after;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit low = { before.rlim_max / 2, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    process_raise_fd_limit();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, before.rlim_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(workers_start_and_end_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_cannot_start_ends_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_end_and_reload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(draining_ends_fibers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_signal_does_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_default_there_is_a_worker_a_core, set_up, tear_down),
        cmocka_unit_test(log_lines_leave_whole),
        cmocka_unit_test(the_descriptor_limit_is_raised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
