/* disklog.c - the C library's file calls, done and noted (or made to fail).
 *
 * The executable's symbols come before those of every shared library, so liblmdb's calls end here
 * too. Each name has an asm label, since the headers redirect some of them to their 64-bit twins.
 */
#include "crash/disklog.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 4096, NAMES = 4096 };

/* What is open of the folder. */
static struct fd {
    bool ours, dir, synced; /* synced: O_DSYNC */
    int file;
    char name[PATH_MAX_BYTES];
} fds[FDS];

static struct name {
    char name[PATH_MAX_BYTES];
    int file;
} names[NAMES];
static size_t names_n;

static char folder[PATH_MAX];
static bool noting;
static int files;
static struct op *ops;
static size_t ops_n, ops_cap;
static const char *ignored;
static struct fault fault;
static uint64_t faults_met;
static uint64_t free_bytes = UINT64_MAX;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    if (!f) abort();
    return f;
}

/* --- notes */

static struct op *note(enum op_kind kind, int file, const char *name)
{
    if (ops_n == ops_cap) {
        ops_cap = ops_cap ? ops_cap * 2 : 1024;
        ops = realloc(ops, ops_cap * sizeof *ops);
        if (!ops) abort();
    }
    struct op *op = &ops[ops_n++];
    *op = (struct op){ .kind = kind, .file = file };
    snprintf(op->name, sizeof op->name, "%s", name);
    return op;
}

static int *file_of(const char *name)
{
    for (size_t i = 0; i < names_n; i++)
        if (strcmp(names[i].name, name) == 0) return &names[i].file;
    return NULL;
}

void disklog_known(const char *name, int file)
{
    int *known = file_of(name);
    if (!known) {
        if (names_n == NAMES) abort();
        snprintf(names[names_n].name, sizeof names[names_n].name, "%s", name);
        known = &names[names_n++].file;
    }
    *known = file;
    if (file >= files) files = file + 1;
}

static void forget(const char *name)
{
    for (size_t i = 0; i < names_n; i++)
        if (strcmp(names[i].name, name) == 0) names[i] = names[--names_n];
}

void ops_free(struct op *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(all[i].bytes);
    free(all);
}

void ops_print(const struct op *all, size_t until)
{
    static const char *const kinds[] = { "create", "mkdir", "rename",      "unlink",     "write",
                                         "resize", "sync",  "sync failed", "sync folder" };
    for (size_t i = until > 24 ? until - 24 : 0; i < until; i++) {
        const struct op *op = &all[i];
        printf("# %4zu %s %s %s at %llu, %zu bytes%s\n", i + 1, kinds[op->kind], op->name, op->to,
               (unsigned long long)op->at, op->n, op->synced ? ", synced" : "");
    }
}

struct op *disklog_take(size_t *n)
{
    struct op *taken = ops;
    *n = ops_n;
    ops = NULL;
    ops_n = ops_cap = 0;
    return taken;
}

void disklog_begin(const char *path)
{
    ops_free(ops, ops_n);
    ops = NULL;
    ops_n = ops_cap = names_n = 0;
    files = 0;
    snprintf(folder, sizeof folder, "%s", path);
    memset(fds, 0, sizeof fds);
    noting = true;
}

void disklog_end(void)
{
    noting = false;
}

size_t disklog_count(void)
{
    return ops_n;
}

const struct op *disklog_op(size_t i)
{
    return &ops[i];
}

void disklog_ignore_syncs(const char *word)
{
    ignored = word;
}

void disklog_fault(const struct fault *f)
{
    fault = f ? *f : (struct fault){ 0 };
    faults_met = 0;
}

uint64_t disklog_faults_met(void)
{
    return faults_met;
}

void disklog_free_bytes(uint64_t bytes)
{
    free_bytes = bytes;
}

/* --- which file is meant */

static struct fd *ours(int fd)
{
    return noting && fd >= 0 && fd < FDS && fds[fd].ours ? &fds[fd] : NULL;
}

/* The path below the folder, "" the folder itself; false: elsewhere. */
static bool inside(int dir, const char *path, char out[PATH_MAX_BYTES])
{
    size_t n = strlen(folder);
    if (!noting) return false;
    if (path[0] == '/') {
        if (strncmp(path, folder, n) != 0 || (path[n] && path[n] != '/')) return false;
        path += n + (path[n] == '/');
    } else if (!ours(dir) || fds[dir].name[0]) {
        return false;
    }
    snprintf(out, PATH_MAX_BYTES, "%s", strcmp(path, ".") == 0 ? "" : path);
    return true;
}

/* Counts the call; true with errno set when it is to fail. */
static bool fails(unsigned call, const char *name)
{
    if (!(fault.calls & call) || (fault.word && !strstr(name, fault.word))) return false;
    faults_met++;
    if (faults_met < fault.nth || faults_met - fault.nth >= fault.times) return false;
    errno = fault.error;
    return true;
}

/* --- opening and names */

static int opened(int fd, const char *name, int flags, bool is_new)
{
    if (fd < 0 || fd >= FDS) return fd;
    struct stat st;
    fds[fd] = (struct fd){ .ours = true, .synced = (flags & O_DSYNC) != 0, .file = -1 };
    snprintf(fds[fd].name, PATH_MAX_BYTES, "%s", name);
    fds[fd].dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    if (fds[fd].dir) return fd;
    if (is_new) {
        disklog_known(name, files);
        note(OP_CREATE, *file_of(name), name);
    }
    int *file = file_of(name);
    if (!file) abort(); /* a file that nobody told of */
    fds[fd].file = *file;
    return fd;
}

static int open_any(const char *which, int dir, const char *path, int flags, mode_t mode)
{
    char name[PATH_MAX_BYTES];
    int (*really)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))real(which);
    bool is_ours = inside(dir, path, name);
    if (is_ours && fails(FAULT_OPEN, name)) return -1;
    bool is_new = is_ours && (flags & O_CREAT) && faccessat(dir, path, F_OK, 0) != 0;
    int fd = really(dir, path, flags, mode);
    if (fd >= 0 && fd < FDS) fds[fd].ours = false;
    return is_ours ? opened(fd, name, flags, is_new) : fd;
}

#define DEFAULT __attribute__((visibility("default")))
#define OPEN(c_name, label)                                                       \
    DEFAULT int c_name(const char *path, int flags, ...) __asm__(label);          \
    int c_name(const char *path, int flags, ...)                                  \
    {                                                                             \
        va_list args;                                                             \
        va_start(args, flags);                                                    \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0; \
        va_end(args);                                                             \
        return open_any("openat64", AT_FDCWD, path, flags, mode);                 \
    }
OPEN(our_open, "open")
OPEN(our_open64, "open64")

#define OPENAT(c_name, label)                                                     \
    DEFAULT int c_name(int dir, const char *path, int flags, ...) __asm__(label); \
    int c_name(int dir, const char *path, int flags, ...)                         \
    {                                                                             \
        va_list args;                                                             \
        va_start(args, flags);                                                    \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0; \
        va_end(args);                                                             \
        return open_any("openat64", dir, path, flags, mode);                      \
    }
OPENAT(our_openat, "openat")
OPENAT(our_openat64, "openat64")

DEFAULT int our_close(int fd) __asm__("close");
int our_close(int fd)
{
    if (fd >= 0 && fd < FDS) fds[fd].ours = false;
    return REAL(close)(fd);
}

DEFAULT int our_unlinkat(int dir, const char *path, int flags) __asm__("unlinkat");
int our_unlinkat(int dir, const char *path, int flags)
{
    char name[PATH_MAX_BYTES];
    bool is_ours = inside(dir, path, name);
    if (is_ours && fails(FAULT_NAME, name)) return -1;
    int result = REAL(unlinkat)(dir, path, flags);
    if (result == 0 && is_ours) {
        note(OP_UNLINK, -1, name);
        forget(name);
    }
    return result;
}

DEFAULT int our_renameat(int dir, const char *from, int to_dir, const char *to) __asm__("renameat");
int our_renameat(int dir, const char *from, int to_dir, const char *to)
{
    char name[PATH_MAX_BYTES], to_name[PATH_MAX_BYTES];
    bool is_ours = inside(dir, from, name) && inside(to_dir, to, to_name);
    if (is_ours && fails(FAULT_NAME, name)) return -1;
    int result = REAL(renameat)(dir, from, to_dir, to);
    if (result != 0 || !is_ours) return result;
    int file = file_of(name) ? *file_of(name) : -1;
    struct op *op = note(OP_RENAME, file, name);
    snprintf(op->to, sizeof op->to, "%s", to_name);
    forget(name);
    disklog_known(to_name, file);
    return result;
}

DEFAULT int our_mkdirat(int dir, const char *path, mode_t mode) __asm__("mkdirat");
int our_mkdirat(int dir, const char *path, mode_t mode)
{
    char name[PATH_MAX_BYTES];
    bool is_ours = inside(dir, path, name);
    if (is_ours && fails(FAULT_NAME, name)) return -1;
    int result = REAL(mkdirat)(dir, path, mode);
    if (result == 0 && is_ours) note(OP_MKDIR, -1, name);
    return result;
}

/* --- contents */

/* What the kernel now holds of these bytes, in whole sectors. */
static void note_write(int fd, off_t at, size_t n)
{
    off_t from = at / SECTOR * SECTOR, to = (at + (off_t)n + SECTOR - 1) / SECTOR * SECTOR;
    struct op *op = note(OP_WRITE, fds[fd].file, fds[fd].name);
    op->synced = fds[fd].synced;
    op->at = (uint64_t)from;
    op->bytes = malloc((size_t)(to - from));
    if (!op->bytes) abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* it may be open for writing only */
    int reader = REAL(open64)(path, O_RDONLY);
    ssize_t got = REAL(pread)(reader, op->bytes, (size_t)(to - from), from);
    REAL(close)(reader);
    if (got < 0) abort();
    op->n = (size_t)got;
}

static ssize_t written(int fd, off_t at, ssize_t n)
{
    if (n > 0) note_write(fd, at, (size_t)n);
    return n;
}

/* True: *result is what the call answers, without more ado. */
static bool write_fails(struct fd *f, int fd, const void *p, size_t n, off_t at, ssize_t *result)
{
    *result = -1;
    if (!f || !fails(FAULT_WRITE, f->name)) return false;
    if (fault.error) return true;
    *result = written(fd, at, REAL(pwrite)(fd, p, (n + 1) / 2, at));
    return true;
}

#define PWRITE(c_name, label)                                                         \
    DEFAULT ssize_t c_name(int fd, const void *p, size_t n, off_t at) __asm__(label); \
    ssize_t c_name(int fd, const void *p, size_t n, off_t at)                         \
    {                                                                                 \
        ssize_t result;                                                               \
        if (write_fails(ours(fd), fd, p, n, at, &result)) return result;              \
        result = REAL(pwrite)(fd, p, n, at);                                          \
        return ours(fd) ? written(fd, at, result) : result;                           \
    }
PWRITE(our_pwrite, "pwrite")
PWRITE(our_pwrite64, "pwrite64")

#define PWRITEV(c_name, label)                                                                  \
    DEFAULT ssize_t c_name(int fd, const struct iovec *v, int n, off_t at) __asm__(label);      \
    ssize_t c_name(int fd, const struct iovec *v, int n, off_t at)                              \
    {                                                                                           \
        ssize_t result;                                                                         \
        if (write_fails(ours(fd), fd, v[0].iov_base, v[0].iov_len, at, &result)) return result; \
        result = REAL(pwritev)(fd, v, n, at);                                                   \
        return ours(fd) ? written(fd, at, result) : result;                                     \
    }
PWRITEV(our_pwritev, "pwritev")
PWRITEV(our_pwritev64, "pwritev64")

DEFAULT ssize_t our_writev(int fd, const struct iovec *v, int n) __asm__("writev");
ssize_t our_writev(int fd, const struct iovec *v, int n)
{
    ssize_t result;
    off_t at = ours(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    if (write_fails(ours(fd), fd, v[0].iov_base, v[0].iov_len, at, &result)) return result;
    result = REAL(writev)(fd, v, n);
    return ours(fd) ? written(fd, at, result) : result;
}

DEFAULT ssize_t our_write(int fd, const void *p, size_t n) __asm__("write");
ssize_t our_write(int fd, const void *p, size_t n)
{
    ssize_t result;
    off_t at = ours(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    if (write_fails(ours(fd), fd, p, n, at, &result)) return result;
    result = REAL(write)(fd, p, n);
    return ours(fd) ? written(fd, at, result) : result;
}

#define PREAD(c_name, label)                                                    \
    DEFAULT ssize_t c_name(int fd, void *p, size_t n, off_t at) __asm__(label); \
    ssize_t c_name(int fd, void *p, size_t n, off_t at)                         \
    {                                                                           \
        if (ours(fd) && fails(FAULT_READ, ours(fd)->name)) return -1;           \
        return REAL(pread)(fd, p, n, at);                                       \
    }
PREAD(our_pread, "pread")
PREAD(our_pread64, "pread64")

/* While reads are to fail nothing is in the cache. */
#define PREADV2(c_name, label)                                                                   \
    DEFAULT ssize_t c_name(int fd, const struct iovec *v, int n, off_t at,                       \
                           int flags) __asm__(label);                                            \
    ssize_t c_name(int fd, const struct iovec *v, int n, off_t at, int flags)                    \
    {                                                                                            \
        if (!ours(fd) || !(fault.calls & FAULT_READ)) return REAL(preadv2)(fd, v, n, at, flags); \
        errno = EAGAIN;                                                                          \
        return -1;                                                                               \
    }
PREADV2(our_preadv2, "preadv2")
PREADV2(our_preadv64v2, "preadv64v2")

static int resize(int fd, off_t size)
{
    int result = REAL(ftruncate)(fd, size);
    if (result == 0 && ours(fd))
        note(OP_RESIZE, ours(fd)->file, ours(fd)->name)->at = (uint64_t)size;
    return result;
}

#define FTRUNCATE(c_name, label)                                        \
    DEFAULT int c_name(int fd, off_t size) __asm__(label);              \
    int c_name(int fd, off_t size)                                      \
    {                                                                   \
        if (ours(fd) && fails(FAULT_SHRINK, ours(fd)->name)) return -1; \
        return resize(fd, size);                                        \
    }
FTRUNCATE(our_ftruncate, "ftruncate")
FTRUNCATE(our_ftruncate64, "ftruncate64")

/* A hole will do: what is tested is what is on the disk, not how much of it. */
#define FALLOCATE(c_name, label)                                              \
    DEFAULT int c_name(int fd, int mode, off_t from, off_t n) __asm__(label); \
    int c_name(int fd, int mode, off_t from, off_t n)                         \
    {                                                                         \
        struct stat st;                                                       \
        if (!ours(fd)) return REAL(fallocate)(fd, mode, from, n);             \
        if (fails(FAULT_GROW, ours(fd)->name)) return -1;                     \
        if (fstat(fd, &st) != 0) return -1;                                   \
        return from + n > st.st_size ? resize(fd, from + n) : 0;              \
    }
FALLOCATE(our_fallocate, "fallocate")
FALLOCATE(our_fallocate64, "fallocate64")

/* --- syncs */

/* The kernel is not asked: nobody pulls the plug of this machine. */
static int sync_any(int fd)
{
    struct fd *f = ours(fd);
    if (!f) return 0;
    if (fails(f->dir ? FAULT_NAME : FAULT_SYNC, f->name)) {
        if (!f->dir) note(OP_SYNC_FAILED, f->file, f->name);
        return -1;
    }
    if (ignored && strstr(f->dir ? "folder" : f->name, ignored)) return 0;
    note(f->dir ? OP_SYNC_DIR : OP_SYNC, f->file, f->name);
    return 0;
}

DEFAULT int our_fsync(int fd) __asm__("fsync");
int our_fsync(int fd)
{
    return sync_any(fd);
}

DEFAULT int our_fdatasync(int fd) __asm__("fdatasync");
int our_fdatasync(int fd)
{
    return sync_any(fd);
}

#define FSTATVFS(c_name, label)                                                                \
    DEFAULT int c_name(int fd, struct statvfs *st) __asm__(label);                             \
    int c_name(int fd, struct statvfs *st)                                                     \
    {                                                                                          \
        int result = REAL(fstatvfs)(fd, st);                                                   \
        if (result == 0 && free_bytes != UINT64_MAX) st->f_bavail = free_bytes / st->f_frsize; \
        return result;                                                                         \
    }
FSTATVFS(our_fstatvfs, "fstatvfs")
FSTATVFS(our_fstatvfs64, "fstatvfs64")
