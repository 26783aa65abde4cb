/* trouble_shim.c - stands before the C library in a server under test, and lets its calls fail. */
#undef _FILE_OFFSET_BITS /* both names of each call are wanted as they are */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "crash/trouble.h"

static struct trouble *trouble;

/* What was written since the last sync that went well, by descriptor. */
enum { FILES = 4096 };
static struct {
    pthread_mutex_t lock;
    struct {
        off64_t from, to;
    } unsynced[FILES];
} files = { .lock = PTHREAD_MUTEX_INITIALIZER };

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv(TROUBLE_FILE);
    int f = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (f < 0) return;
    void *at = mmap(NULL, sizeof *trouble, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    if (at != MAP_FAILED) trouble = at;
    close(f);
}

/* The C library's own function of this name. */
#define REAL(name)                 \
    static __typeof__(&name) real; \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

static bool read_only(void)
{
    if (!trouble || !trouble->read_only) return false;
    trouble->changes_struck++;
    errno = EROFS;
    return true;
}

/* --- syncs ------------------------------------------------------------------------------------ */

static void wrote(int file, off64_t at, ssize_t n)
{
    if (n <= 0 || file < 0 || file >= FILES) return;
    pthread_mutex_lock(&files.lock);
    off64_t *from = &files.unsynced[file].from, *to = &files.unsynced[file].to;
    if (*to == 0 || at < *from) *from = at;
    if (at + n > *to) *to = at + n;
    pthread_mutex_unlock(&files.lock);
}

static void forget(int file)
{
    if (file < 0 || file >= FILES) return;
    pthread_mutex_lock(&files.lock);
    files.unsynced[file].from = files.unsynced[file].to = 0;
    pthread_mutex_unlock(&files.lock);
}

/* As a disk that failed leaves it: nothing of it there, and the kernel calls the pages clean. */
static void lose(int file)
{
    static const char zeros[65536];
    REAL(pwrite64);
    if (file < 0 || file >= FILES) return;
    pthread_mutex_lock(&files.lock);
    off64_t at = files.unsynced[file].from, to = files.unsynced[file].to;
    pthread_mutex_unlock(&files.lock);
    for (; at < to; at += (off64_t)sizeof zeros)
        (void)!real(file, zeros, to - at < (off64_t)sizeof zeros ? (size_t)(to - at) : sizeof zeros,
                    at);
    forget(file);
}

static bool strikes(int file)
{
    if (!trouble || trouble->sync_fails <= 0) return false;
    if (trouble->sync_fails-- <= 0) return false; /* another thread was quicker */
    trouble->syncs_struck++;
    lose(file);
    errno = EIO;
    return true;
}

int fdatasync(int file)
{
    REAL(fdatasync);
    if (strikes(file) || read_only()) return -1;
    int e = real(file);
    if (!e) forget(file);
    return e;
}

int fsync(int file)
{
    REAL(fsync);
    return strikes(file) || read_only() ? -1 : real(file);
}

/* --- changes of files ------------------------------------------------------------------------- */

ssize_t pwritev64(int file, const struct iovec *iov, int n, off64_t at)
{
    REAL(pwritev64);
    if (read_only()) return -1;
    ssize_t put = real(file, iov, n, at);
    wrote(file, at, put);
    return put;
}

ssize_t pwrite(int file, const void *p, size_t n, off_t at)
{
    REAL(pwrite);
    if (read_only()) return -1;
    ssize_t put = real(file, p, n, at);
    wrote(file, at, put);
    return put;
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

int openat64(int dir, const char *path, int flags, ...)
{
    REAL(openat64);
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    if ((flags & (O_CREAT | O_RDWR | O_WRONLY)) && read_only()) return -1;
    int file = real(dir, path, flags, mode);
    forget(file);
    return file;
}

int fallocate64(int file, int mode, off64_t from, off64_t n)
{
    REAL(fallocate64);
    return read_only() ? -1 : real(file, mode, from, n);
}

int ftruncate64(int file, off64_t n)
{
    REAL(ftruncate64);
    return read_only() ? -1 : real(file, n);
}

int ftruncate(int file, off_t n)
{
    REAL(ftruncate);
    return read_only() ? -1 : real(file, n);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    REAL(renameat);
    return read_only() ? -1 : real(from_dir, from, to_dir, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    REAL(renameat2);
    return read_only() ? -1 : real(from_dir, from, to_dir, to, flags);
}

int unlinkat(int dir, const char *path, int flags)
{
    REAL(unlinkat);
    return read_only() ? -1 : real(dir, path, flags);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    REAL(mkdirat);
    return read_only() ? -1 : real(dir, path, mode);
}

/* --- clock and threads ------------------------------------------------------------------------ */

int clock_gettime(clockid_t clock, struct timespec *t)
{
    REAL(clock_gettime);
    int e = real(clock, t);
    if (e || !trouble || clock != CLOCK_REALTIME) return e;
    int64_t us = (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000 + trouble->wall_us;
    t->tv_sec = us / 1000000;
    t->tv_nsec = us % 1000000 * 1000;
    return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    REAL(pthread_create);
    if (trouble && trouble->threads_refused > 0 && --trouble->threads_refused == 0) {
        trouble->threads_refused = 1; /* and all that follow */
        trouble->threads_struck++;
        return EAGAIN;
    }
    return real(thread, attr, run, arg);
}
