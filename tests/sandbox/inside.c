/* inside.c - from inside the sandbox: what a broken server can still do, and what not.
 *
 * Each attempt is made by a child of its own, which ends with how it went.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/sandbox.h"

static char folder[] = "/tmp/ph-sandbox-XXXXXX";

static void enter(bool cores)
{
    const char *writes[] = { folder, NULL }, *reads[] = { "/usr/share", "/nowhere/at/all", NULL };
    struct sandbox s = {
        .folder = "/", .writes = writes, .reads = reads, .cores = cores, .filters = true
    };
    struct buf why = buf_make(200);
    if (sandbox_enter(&s, &why)) exit(99);
    buf_free(&why);
}

/* 0, an errno, or 128 and the signal that ended it. */
static int inside(int (*attempt)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        enter(false);
        errno = 0;
        _exit(attempt() < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_shell(void)
{
    return execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
}
static int trace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static int new_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}
static int packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static int writable_code(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : 0;
}
static int code_of_data(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}
static int read_passwords(void)
{
    return open("/etc/passwd", O_RDONLY);
}
static int write_elsewhere(void)
{
    return open("/tmp/ph-sandbox-escaped", O_WRONLY | O_CREAT, 0600);
}
static int out_by_a_link(void)
{
    if (symlink("/etc/passwd", "link") == 0) return 0;
    return chdir(folder);
}
static int write_what_is_read(void)
{
    return open("/usr/share/ph-sandbox", O_WRONLY | O_CREAT, 0600);
}
static int kill_others(void)
{
    return kill(getppid(), 0);
}
static int be_root_again(void)
{
    return setuid(0);
}

static void test_out_of_reach(void **state)
{
    (void)state;
    static const struct {
        int (*attempt)(void);
        int ends;
    } rows[] = {
        { run_shell, 128 + SIGSYS },     { trace, 128 + SIGSYS },
        { new_namespace, 128 + SIGSYS }, { packet_socket, EPERM },
        { writable_code, EPERM },        { code_of_data, EPERM },
        { read_passwords, EACCES },      { write_elsewhere, EACCES },
        { out_by_a_link, EPERM },        { write_what_is_read, EACCES },
        { kill_others, EPERM },          { be_root_again, EPERM },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (inside(rows[i].attempt) != rows[i].ends)
            fail_msg("attempt %zu ended with %d, not %d", i, inside(rows[i].attempt), rows[i].ends);
}

static int keep_mail(void)
{
    char path[100], other[100];
    snprintf(path, sizeof path, "%s/mail", folder);
    snprintf(other, sizeof other, "%s/moved", folder);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0 || write(file, "x", 1) != 1 || fdatasync(file)) return -1;
    if (ftruncate(file, 0) || rename(path, other) || unlink(other)) return -1;
    snprintf(path, sizeof path, "%s/folder", folder);
    if (mkdir(path, 0700) || rmdir(path)) return -1;
    return close(file);
}
static int have_a_child(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) _exit(0);
    return waitpid(child, &status, 0) == child ? status : -1;
}
static int talk(void)
{
    return socket(AF_INET6, SOCK_STREAM, 0) < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM, 0);
}
static int read_shared(void)
{
    return open("/usr/share", O_RDONLY | O_DIRECTORY);
}

static void test_within_reach(void **state)
{
    (void)state;
    assert_int_equal(inside(keep_mail), 0);
    assert_int_equal(inside(have_a_child), 0);
    assert_int_equal(inside(talk), 0);
    assert_int_equal(inside(read_shared), 0);
}

static int leave_nothing(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) || limit.rlim_cur || limit.rlim_max) return errno = 1, -1;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return errno = 2, -1;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return errno = 3, -1;
    return 0;
}

static void test_nothing_left_behind(void **state)
{
    (void)state;
    assert_int_equal(inside(leave_nothing), 0);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_of_reach),
        cmocka_unit_test(test_within_reach),
        cmocka_unit_test(test_nothing_left_behind),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
