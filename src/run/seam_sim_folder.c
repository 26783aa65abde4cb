/* seam_sim_folder.c - a simulated machine whose files are real ones, for tests that look at what
 * reaches the disk: its clock, chance, threads and network stay simulated. */
#include "run/seam_sim_int.h"

static struct seam *real(struct seam *s)
{
    return sim_machine(s)->folder;
}

static int folder_open(struct seam *s, const char *path, unsigned how)
{
    return seam_open(real(s), path, how);
}

static int folder_close(struct seam *s, int file)
{
    return seam_close(real(s), file);
}

static ssize_t folder_pread(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    return seam_pread(real(s), file, p, n, at);
}

static ssize_t folder_pread_cached(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    return seam_pread_cached(real(s), file, p, n, at);
}

static ssize_t folder_pwritev(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at)
{
    return seam_pwritev(real(s), file, iov, n, at);
}

static int folder_fdatasync(struct seam *s, int file)
{
    return seam_fdatasync(real(s), file);
}

static int folder_truncate(struct seam *s, int file, uint64_t size)
{
    return seam_truncate(real(s), file, size);
}

static int folder_allocate(struct seam *s, int file, uint64_t from, uint64_t size)
{
    return seam_allocate(real(s), file, from, size);
}

static int64_t folder_size(struct seam *s, int file)
{
    return seam_size(real(s), file);
}

static int folder_rename(struct seam *s, const char *from, const char *to)
{
    return seam_rename(real(s), from, to);
}

static int folder_unlink(struct seam *s, const char *path)
{
    return seam_unlink(real(s), path);
}

static int folder_mkdir(struct seam *s, const char *path)
{
    return seam_mkdir(real(s), path);
}

static int folder_sync_dir(struct seam *s, const char *path)
{
    return seam_sync_dir(real(s), path);
}

static int folder_list(struct seam *s, const char *path, bool (*each)(void *, const char *),
                       void *arg)
{
    return seam_list(real(s), path, each, arg);
}

static int folder_lock(struct seam *s, int file)
{
    return seam_lock(real(s), file);
}

static int64_t folder_free_bytes(struct seam *s, const char *path)
{
    return seam_free_bytes(real(s), path);
}

static const char *folder_real_path(struct seam *s, const char *name, struct arena *a)
{
    return seam_real_path(real(s), name, a);
}

void sim_machine_folder(struct seam *machine, const char *folder)
{
    struct sim_machine *m = sim_machine(machine);
    struct seam_ops *ops = MEM_NEW(struct seam_ops);
    *ops = *machine->ops;
    ops->open = folder_open;
    ops->close = folder_close;
    ops->pread = folder_pread;
    ops->pread_cached = folder_pread_cached;
    ops->pwritev = folder_pwritev;
    ops->fdatasync = folder_fdatasync;
    ops->truncate = folder_truncate;
    ops->allocate = folder_allocate;
    ops->size = folder_size;
    ops->rename = folder_rename;
    ops->unlink = folder_unlink;
    ops->mkdir = folder_mkdir;
    ops->sync_dir = folder_sync_dir;
    ops->list = folder_list;
    ops->lock = folder_lock;
    ops->free_bytes = folder_free_bytes;
    ops->real_path = folder_real_path;
    ops->sync_failed = NULL;
    m->folder = seam_real_new(folder);
    m->folder_ops = ops;
    machine->ops = ops;
    machine->data_dir = m->folder->data_dir;
}

void sim_folder_free(struct sim_machine *m)
{
    seam_free(m->folder);
    mem_free(m->folder_ops);
}
