#!/usr/bin/env python3
"""lint_banned.py - calls that are banned everywhere, outside base, or outside the seam.

Memory and bytes go through base (so there is no size to get wrong); clock, randomness, files, sockets
and threads go through run/seam.h (so that a simulated world can stand in). What must be otherwise
stands in tools/lint_exceptions.txt with its reason.
"""

import fnmatch
import re
import sys

import csource

EVERYWHERE = """
    strcpy strncpy strcat strncat stpcpy sprintf vsprintf gets strtok strtok_r atoi atol atoll atof
    alloca system popen tmpnam mktemp rand srand random srandom localtime gmtime ctime asctime
    gethostbyname setjmp longjmp vfork
"""
BASE = """
    malloc calloc realloc reallocarray free aligned_alloc posix_memalign strdup strndup asprintf
    vasprintf memcpy mempcpy memmove memcmp memchr memrchr memmem strlen strnlen snprintf vsnprintf
    strtol strtoul strtoll strtoull strtod sscanf
"""
SEAM = """
    time clock_gettime gettimeofday clock_nanosleep nanosleep usleep sleep alarm setitimer
    getrandom getentropy RAND_bytes RAND_priv_bytes
    open openat creat fopen fdopen freopen close read write readv writev pread pwrite preadv pwritev
    preadv2 pwritev2 lseek fsync fdatasync sync_file_range ftruncate truncate fallocate unlink unlinkat
    rename renameat mkdir mkdirat rmdir opendir readdir scandir stat fstat lstat statx statvfs fstatvfs
    access flock lockf link symlink readlink realpath chmod chown chdir mmap munmap mprotect madvise
    socket socketpair bind listen accept accept4 connect shutdown send sendto sendmsg recv recvfrom
    recvmsg setsockopt getsockopt getsockname getpeername getaddrinfo getnameinfo
    poll ppoll select pselect epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
    eventfd signalfd timerfd_create timerfd_settime pipe pipe2 dup dup2 dup3 fcntl ioctl
    pthread_create pthread_join pthread_detach pthread_mutex_lock pthread_mutex_unlock
    pthread_cond_wait pthread_cond_signal pthread_cond_broadcast thrd_create
    fork execv execve execvp execl execlp posix_spawn wait waitpid kill raise signal sigaction
    getenv setenv setuid setgid setgroups umask prctl exit _exit strerror
"""
EXCEPTIONS = "tools/lint_exceptions.txt"


def calls(words):
    # A member (seam->open) is a call through a table, and our own business.
    return re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(words.split()))


RULES = (
    ("everywhere", calls(EVERYWHERE)),
    ("outside base", calls(BASE)),
    ("outside the seam", calls(SEAM)),
)


def exceptions():
    """[pattern of paths, set of names or {'*'}, line, used]"""
    for number, line in enumerate(csource.read(EXCEPTIONS).split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            pattern, names, reason = line.split(None, 2)
            yield [pattern, set(names.split(",")), number, False]


def excused(path, name, rows):
    for row in rows:
        if fnmatch.fnmatch(path, row[0]) and ("*" in row[1] or name in row[1]):
            row[3] = True
            return True
    return False


def free_of(rule, path):
    if rule == "everywhere":
        return False
    if path.endswith(("_test.c", "_fuzz.c", "_fixture.h")) or not path.startswith("src/"):
        return True
    return rule == "outside base" and path.startswith("src/base/")


def defined(path):
    """The functions that a file defines, whose names are then its own: a parser's read(), a reply's send()."""
    return set(re.findall(r"^\w[\w *]*?\b(\w+)\([^;]*$", csource.read(path), re.M))


def main():
    rows = list(exceptions())
    found = []
    for path in csource.files("src/*.[ch]", "tests/*.[ch]", "bench/*.[ch]"):
        rules = [(rule, pattern) for rule, pattern in RULES if not free_of(rule, path)]
        own = defined(path)
        for number, line in csource.code_lines(path):
            for rule, pattern in rules:
                found += ["%s:%d: %s() is banned %s" % (path, number, m[1], rule)
                          for m in pattern.finditer(line) if m[1] not in own and not excused(path, m[1], rows)]
    found += ["%s:%d: nothing needs this exception any more" % (EXCEPTIONS, row[2])
              for row in rows if not row[3] and csource.files(row[0])]
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


sys.exit(main())
