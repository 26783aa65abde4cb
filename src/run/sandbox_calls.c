/* sandbox_calls.c - seccomp: the system calls that the process makes, and no others.
 *
 * What is not in the table fails with EPERM, as it does for a caller without the right; what only
 * an attack would call ends the process. Memory is never writable and executable at once.
 */
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "run/sandbox.h"

/* clang-format off */
static const char *const allowed[] = {
    /* files */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",
    "open", "openat", "close", "lseek", "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate",
    "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "getdents64",
    "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat",
    "faccessat2", "flock", "fcntl", "link", "linkat", "readlink", "readlinkat", "chmod", "fchmod", "umask",
    "fadvise64", "copy_file_range", "getcwd", "dup", "dup2", "dup3", "pipe2",
    /* memory */
    "munmap", "mremap", "madvise", "mincore", "brk", "msync", "mlock", "munlock",
    /* sockets; which families: below */
    "bind", "listen", "accept", "accept4", "connect", "shutdown", "sendto", "sendmsg", "sendmmsg",
    "recvfrom", "recvmsg", "recvmmsg", "getsockname", "getpeername", "setsockopt", "getsockopt",
    "socketpair",
    /* waiting */
    "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "eventfd2", "signalfd4", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "nanosleep", "clock_nanosleep", "restart_syscall", "pause",
    /* threads and signals; no new namespace: below */
    "futex", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "membarrier", "sched_yield",
    "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "getcpu", "exit",
    "exit_group", "wait4", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
    "rt_sigpending", "sigaltstack", "tgkill",
    /* who and when we are */
    "gettid", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "clock_gettime",
    "clock_getres", "gettimeofday", "time", "times", "getrandom", "sysinfo", "uname", "getrlimit",
    "setrlimit", "prlimit64", "getrusage", "prctl", "arch_prctl", "getpriority", "setpriority",
};

/* Nothing of ours, nor of a library we use, comes near these. */
static const char *const deadly[] = {
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "unshare", "setns", "mount",
    "umount2", "pivot_root", "chroot", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
    "request_key", "init_module", "finit_module", "kexec_load", "kexec_file_load", "open_by_handle_at",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "personality", "reboot", "swapon",
};
/* clang-format on */

static int families[] = { AF_INET, AF_INET6, AF_UNIX };

/* A name that this architecture does not have needs no rule. */
static int add(scmp_filter_ctx f, uint32_t action, const char *name)
{
    int call = seccomp_syscall_resolve_name(name);
    return call < 0 ? 0 : seccomp_rule_add(f, action, call, 0);
}

/* Executable or writable, not both. */
static int add_memory(scmp_filter_ctx f, int call)
{
    int code =
        seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (code) return code;
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC));
}

/* Threads and forks. The C library falls back from clone3, whose flags no filter can see. */
static int add_clone(scmp_filter_ctx f)
{
    const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    int code = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0));
    return code ? code : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int fill(scmp_filter_ctx f)
{
    int code = 0;
    for (size_t i = 0; i < COUNT_OF(allowed) && !code; i++)
        code = add(f, SCMP_ACT_ALLOW, allowed[i]);
    for (size_t i = 0; i < COUNT_OF(deadly) && !code; i++)
        code = add(f, SCMP_ACT_KILL_PROCESS, deadly[i]);
    for (size_t i = 0; i < COUNT_OF(families) && !code; i++)
        code = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    if (!code) code = add_memory(f, SCMP_SYS(mmap));
    if (!code) code = add_memory(f, SCMP_SYS(mprotect));
    return code ? code : add_clone(f);
}

int sandbox_filter_calls(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!f) return -ENOMEM;
    /* A tree of comparisons instead of a list; an older libseccomp goes without. */
    (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    int code = fill(f);
    if (!code) code = seccomp_load(f);
    seccomp_release(f);
    return code ? code : (int)COUNT_OF(allowed);
}
