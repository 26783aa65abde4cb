/* seam_fault.c - calls that fail when a test says so: a table laid over another's. */
#include "base/mem.h"
#include "run/lock.h"
#include "run/seam_int.h"

struct fault_count {
    struct seam_fault plan;
    uint64_t calls;
};

struct faults {
    struct seam_ops ops;            /* the wrapped table that the seam uses */
    const struct seam_ops *beneath; /* the implementation's own */
    struct lock lock;               /* guards the counts */
    uint64_t struck;                /* calls that failed since the plan */
    struct fault_count write, sync, allocate, open, read, recv, accept, connect;
};

/* Counts the call; says whether it is one of those that fail. */
static bool fails(struct seam *s, struct fault_count *count, int *error)
{
    lock_take(&s->faults->lock);
    count->calls++;
    const struct seam_fault *plan = &count->plan;
    bool hit = plan->nth > 0 && count->calls >= plan->nth && count->calls - plan->nth < plan->times;
    *error = plan->error;
    s->faults->struck += hit;
    lock_drop(&s->faults->lock);
    return hit;
}

static ssize_t faulty_pwritev(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at)
{
    int error;
    if (!fails(s, &s->faults->write, &error))
        return s->faults->beneath->pwritev(s, file, iov, n, at);
    if (error) return error;
    struct iovec half = { iov[0].iov_base, (iov[0].iov_len + 1) / 2 };
    return s->faults->beneath->pwritev(s, file, &half, 1, at);
}

static int faulty_fdatasync(struct seam *s, int file)
{
    int error;
    if (!fails(s, &s->faults->sync, &error)) return s->faults->beneath->fdatasync(s, file);
    if (s->faults->beneath->sync_failed) s->faults->beneath->sync_failed(s, file);
    return error;
}

static int faulty_allocate(struct seam *s, int file, uint64_t from, uint64_t size)
{
    int error;
    if (!fails(s, &s->faults->allocate, &error))
        return s->faults->beneath->allocate(s, file, from, size);
    return error;
}

static int faulty_open(struct seam *s, const char *path, unsigned how)
{
    int error;
    if (!fails(s, &s->faults->open, &error)) return s->faults->beneath->open(s, path, how);
    return error;
}

static ssize_t faulty_pread(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    int error;
    if (!fails(s, &s->faults->read, &error)) return s->faults->beneath->pread(s, file, p, n, at);
    return error;
}

static ssize_t faulty_pread_cached(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    int error;
    if (!fails(s, &s->faults->read, &error))
        return s->faults->beneath->pread_cached(s, file, p, n, at);
    return error;
}

static ssize_t faulty_recv(struct seam *s, int socket, void *p, size_t n)
{
    int error;
    if (!fails(s, &s->faults->recv, &error)) return s->faults->beneath->recv(s, socket, p, n);
    if (error) return error;
    return s->faults->beneath->recv(s, socket, p, (n + 1) / 2);
}

static int faulty_accept(struct seam *s, int listener, struct netaddr *peer)
{
    int error;
    if (!fails(s, &s->faults->accept, &error)) return s->faults->beneath->accept(s, listener, peer);
    return error;
}

static int faulty_connect(struct seam *s, const struct netaddr *to, const struct netaddr *source)
{
    int error;
    if (!fails(s, &s->faults->connect, &error)) return s->faults->beneath->connect(s, to, source);
    return error;
}

static void faults_install(struct seam *s)
{
    struct faults *f = MEM_NEW(struct faults);
    lock_init(&f->lock);
    f->beneath = s->ops;
    f->ops = *s->ops;
    f->ops.pwritev = faulty_pwritev;
    f->ops.fdatasync = faulty_fdatasync;
    f->ops.allocate = faulty_allocate;
    f->ops.open = faulty_open;
    f->ops.pread = faulty_pread;
    f->ops.pread_cached = faulty_pread_cached;
    f->ops.recv = faulty_recv;
    f->ops.accept = faulty_accept;
    f->ops.connect = faulty_connect;
    s->faults = f;
    s->ops = &f->ops;
}

void seam_faults(struct seam *s, const struct seam_faults *plan)
{
    if (!s->faults) faults_install(s);
    struct faults *f = s->faults;
    struct seam_faults none = { 0 };
    if (!plan) plan = &none;
    lock_take(&f->lock);
    f->write = (struct fault_count){ .plan = plan->write };
    f->sync = (struct fault_count){ .plan = plan->sync };
    f->allocate = (struct fault_count){ .plan = plan->allocate };
    f->open = (struct fault_count){ .plan = plan->open };
    f->read = (struct fault_count){ .plan = plan->read };
    f->recv = (struct fault_count){ .plan = plan->recv };
    f->accept = (struct fault_count){ .plan = plan->accept };
    f->connect = (struct fault_count){ .plan = plan->connect };
    f->struck = 0;
    lock_drop(&f->lock);
}

uint64_t seam_faults_struck(struct seam *s)
{
    if (!s->faults) return 0;
    lock_take(&s->faults->lock);
    uint64_t n = s->faults->struck;
    lock_drop(&s->faults->lock);
    return n;
}

void faults_free(struct seam *s)
{
    struct faults *f = s->faults;
    if (!f) return;
    s->ops = f->beneath;
    s->faults = NULL;
    lock_end(&f->lock);
    mem_free(f);
}
