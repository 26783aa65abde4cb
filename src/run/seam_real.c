/* seam_real.c - the real world, part 1: clock, randomness and files, over system calls.
 *
 * Sockets are in seam_real_net.c, waiting and threads in seam_real_wait.c. Relative paths are taken
 * from an open descriptor of the data folder, so that a later change of directory or a moved parent
 * does not lead us elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/seam_int.h"

struct real_seam {
    struct seam seam;
    char *data_dir;
    int dir;       /* the data folder, or -1 */
    int dir_error; /* why not: a negative errno */
};

/* --- clock and randomness --------------------------------------------------------------------- */

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint64_t real_mono_us(struct seam *s)
{
    (void)s;
    return (uint64_t)clock_us(CLOCK_MONOTONIC);
}

static int64_t real_wall_us(struct seam *s)
{
    (void)s;
    return clock_us(CLOCK_REALTIME);
}

static void real_random(struct seam *s, void *p, size_t n)
{
    (void)s;
    char *at = p;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) abort(); /* keys without randomness are worse than no process */
        at += got;
        n -= (size_t)got;
    }
}

/* --- paths ------------------------------------------------------------------------------------ */

/* The descriptor that path is relative to, or a negative errno. */
static int base_dir(const struct seam *s, const char *path)
{
    const struct real_seam *real = (const struct real_seam *)s;
    if (path[0] == '/') return AT_FDCWD;
    return real->dir >= 0 ? real->dir : real->dir_error;
}

/* AT_FDCWD is negative too, but no errno. */
static bool bad_dir(int dir)
{
    return dir < 0 && dir != AT_FDCWD;
}

static int open_at(const struct seam *s, const char *path, int flags)
{
    int dir = base_dir(s, path);
    if (bad_dir(dir)) return dir;
    int fd;
    do {
        fd = openat(dir, path, flags | O_CLOEXEC, 0600);
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

/* --- files ------------------------------------------------------------------------------------ */

static int real_open(struct seam *s, const char *path, unsigned how)
{
    int flags = O_NOCTTY;
    flags |= how & SEAM_WRITE ? O_RDWR : O_RDONLY;
    if (how & SEAM_CREATE) flags |= O_CREAT;
    if (how & SEAM_EXCLUSIVE) flags |= O_EXCL;
    if (how & SEAM_NOFOLLOW) flags |= O_NOFOLLOW;
    return open_at(s, path, flags);
}

static int real_close(struct seam *s, int file)
{
    (void)s;
    return close(file) < 0 && errno != EINTR ? -errno : 0;
}

static ssize_t real_pread(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    (void)s;
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(file, (char *)p + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static ssize_t real_pread_cached(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    (void)s;
    struct iovec one = { p, n };
    ssize_t got;
    do {
        got = preadv2(file, &one, 1, (off_t)at, RWF_NOWAIT);
    } while (got < 0 && errno == EINTR);
    /* A file system that cannot tell: leave it to those who may wait. */
    if (got < 0) return errno == EOPNOTSUPP || errno == ENOSYS ? -EAGAIN : -errno;
    return got;
}

static ssize_t real_pwritev(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at)
{
    (void)s;
    ssize_t put;
    do {
        put = pwritev(file, iov, n, (off_t)at);
    } while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : put;
}

static int real_fdatasync(struct seam *s, int file)
{
    (void)s;
    return fdatasync(file) < 0 ? -errno : 0; /* never again after a failure: pages may be lost */
}

static int real_truncate(struct seam *s, int file, uint64_t size)
{
    (void)s;
    return ftruncate(file, (off_t)size) < 0 ? -errno : 0;
}

static int real_allocate(struct seam *s, int file, uint64_t from, uint64_t size)
{
    (void)s;
    int e = 0;
    do {
        e = fallocate(file, 0, (off_t)from, (off_t)size) < 0 ? errno : 0;
    } while (e == EINTR);
    if (e == EOPNOTSUPP) e = posix_fallocate(file, (off_t)from, (off_t)size);
    return -e;
}

static int64_t real_size(struct seam *s, int file)
{
    (void)s;
    struct stat st;
    return fstat(file, &st) < 0 ? -errno : (int64_t)st.st_size;
}

static int real_rename(struct seam *s, const char *from, const char *to)
{
    int from_dir = base_dir(s, from), to_dir = base_dir(s, to);
    if (bad_dir(from_dir)) return from_dir;
    if (bad_dir(to_dir)) return to_dir;
    return renameat(from_dir, from, to_dir, to) < 0 ? -errno : 0;
}

/* Some file systems cannot rename without replacing; a second name, then one less, is the same. */
static int rename_by_link(int from_dir, const char *from, int to_dir, const char *to)
{
    if (linkat(from_dir, from, to_dir, to, 0) < 0) return -errno;
    return unlinkat(from_dir, from, 0) < 0 ? -errno : 0;
}

static int real_rename_new(struct seam *s, const char *from, const char *to)
{
    int from_dir = base_dir(s, from), to_dir = base_dir(s, to);
    if (bad_dir(from_dir)) return from_dir;
    if (bad_dir(to_dir)) return to_dir;
    if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno == EINVAL || errno == ENOSYS) return rename_by_link(from_dir, from, to_dir, to);
    return -errno;
}

static int real_look(struct seam *s, const char *path, struct seam_look *out)
{
    int dir = base_dir(s, path);
    struct stat st;
    if (bad_dir(dir)) return dir;
    if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    out->kind = S_ISREG(st.st_mode) ? SEAM_FILE : S_ISDIR(st.st_mode) ? SEAM_FOLDER : SEAM_OTHER;
    out->size = (uint64_t)st.st_size;
    out->modified_s = st.st_mtim.tv_sec;
    return 0;
}

static int real_set_modified(struct seam *s, int file, int64_t seconds)
{
    (void)s;
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = seconds } };
    return futimens(file, times) < 0 ? -errno : 0;
}

static int real_sync_all(struct seam *s, int file)
{
    (void)s;
    return syncfs(file) < 0 ? -errno : 0;
}

static int real_write_out(struct seam *s, int file, bool wait)
{
    (void)s;
    unsigned how = SYNC_FILE_RANGE_WRITE;
    if (wait) how |= SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER;
    return sync_file_range(file, 0, 0, how) < 0 ? -errno : 0;
}

static int real_unlink(struct seam *s, const char *path)
{
    int dir = base_dir(s, path);
    if (bad_dir(dir)) return dir;
    return unlinkat(dir, path, 0) < 0 ? -errno : 0;
}

static int real_mkdir(struct seam *s, const char *path)
{
    int dir = base_dir(s, path);
    if (bad_dir(dir)) return dir;
    return mkdirat(dir, path, 0700) < 0 ? -errno : 0;
}

static int real_rmdir(struct seam *s, const char *path)
{
    int dir = base_dir(s, path);
    if (bad_dir(dir)) return dir;
    return unlinkat(dir, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int real_symlink(struct seam *s, const char *target, const char *path)
{
    int dir = base_dir(s, path);
    if (bad_dir(dir)) return dir;
    return symlinkat(target, dir, path) < 0 ? -errno : 0;
}

static int real_sync_dir(struct seam *s, const char *path)
{
    int fd = open_at(s, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    int e = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return e;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int real_list(struct seam *s, const char *path, bool (*each)(void *, const char *),
                     void *arg)
{
    int fd = open_at(s, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int e = -errno;
        close(fd);
        return e;
    }
    errno = 0;
    for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
        if (!is_dots(entry->d_name) && !each(arg, entry->d_name)) break;
    }
    int e = -errno;
    closedir(dir);
    return e;
}

static int real_lock(struct seam *s, int file)
{
    (void)s;
    return flock(file, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int64_t real_free_bytes(struct seam *s, const char *path)
{
    int fd = open_at(s, path, O_PATH);
    if (fd < 0) return fd;
    struct statvfs fs;
    int64_t n = fstatvfs(fd, &fs) < 0 ? -errno : (int64_t)(fs.f_bavail * fs.f_frsize);
    close(fd);
    return n;
}

static const char *real_real_path(struct seam *s, const char *name, struct arena *a)
{
    int e = real_mkdir(s, name);
    if (e && e != -EEXIST) return NULL;
    if (name[0] == '/') return arena_cstr(a, str_of(name));
    return arena_cstr(a, arena_fmt(a, "%s/%s", s->data_dir, name));
}

/* --- the table -------------------------------------------------------------------------------- */

static void real_free(struct seam *s)
{
    struct real_seam *real = (struct real_seam *)s;
    if (real->dir >= 0) close(real->dir);
    mem_free(real->data_dir);
    mem_free(real);
}

static const struct seam_ops real_ops = {
    .free = real_free,
    .mono_us = real_mono_us,
    .wall_us = real_wall_us,
    .random = real_random,
    .open = real_open,
    .close = real_close,
    .pread = real_pread,
    .pread_cached = real_pread_cached,
    .pwritev = real_pwritev,
    .fdatasync = real_fdatasync,
    .truncate = real_truncate,
    .allocate = real_allocate,
    .size = real_size,
    .rename = real_rename,
    .rename_new = real_rename_new,
    .look = real_look,
    .set_modified = real_set_modified,
    .write_out = real_write_out,
    .sync_all = real_sync_all,
    .unlink = real_unlink,
    .mkdir = real_mkdir,
    .rmdir = real_rmdir,
    .symlink = real_symlink,
    .sync_dir = real_sync_dir,
    .list = real_list,
    .lock = real_lock,
    .free_bytes = real_free_bytes,
    .real_path = real_real_path,
    .listen = real_listen,
    .accept = real_accept,
    .handles_short = real_handles_short,
    .connect = real_connect,
    .socket_error = real_socket_error,
    .recv = real_recv,
    .send = real_send,
    .shutdown_write = real_shutdown_write,
    .socket_close = real_socket_close,
    .local_addr = real_local_addr,
    .poller_new = real_poller_new,
    .poller_free = real_poller_free,
    .poller_owner = real_poller_owner,
    .poller_set = real_poller_set,
    .poller_forget = real_poller_forget,
    .poller_wait = real_poller_wait,
    .poller_wake = real_poller_wake,
    .service_new = real_service_new,
    .service_kick = real_service_kick,
    .service_kick_at = real_service_kick_at,
    .service_free = real_service_free,
};

struct seam *seam_real_new(const char *data_dir)
{
    struct real_seam *real = MEM_NEW(struct real_seam);
    size_t n = str_of(data_dir).n + 1;
    real->data_dir = mem_new(n);
    bytes_copy(real->data_dir, n, data_dir, n);
    real->seam.ops = &real_ops;
    real->seam.data_dir = real->data_dir;
    if (mkdir(data_dir, 0700) < 0 && errno != EEXIST) real->dir_error = -errno;
    real->dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (real->dir < 0 && real->dir_error == 0) real->dir_error = -errno;
    return &real->seam;
}
