/* seam.c - the calls of the seam, handed to the implementation behind it. */
#include <string.h>

#include "run/seam_int.h"

const char *seam_error_text(int error)
{
    const char *text = error ? strerrordesc_np(error < 0 ? -error : error) : "no error";
    return text ? text : "unknown error";
}

/* --- clock and randomness --------------------------------------------------------------------- */

uint64_t seam_mono_us(struct seam *s)
{
    return s->ops->mono_us(s);
}

int64_t seam_wall_us(struct seam *s)
{
    return s->ops->wall_us(s);
}

void seam_random(struct seam *s, void *p, size_t n)
{
    s->ops->random(s, p, n);
}

/* --- files ------------------------------------------------------------------------------------ */

int seam_open(struct seam *s, const char *path, unsigned how)
{
    return s->ops->open(s, path, how);
}

int seam_close(struct seam *s, int file)
{
    return s->ops->close(s, file);
}

ssize_t seam_pread(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    return s->ops->pread(s, file, p, n, at);
}

ssize_t seam_pread_cached(struct seam *s, int file, void *p, size_t n, uint64_t at)
{
    return s->ops->pread_cached(s, file, p, n, at);
}

ssize_t seam_pwritev(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at)
{
    return s->ops->pwritev(s, file, iov, n, at);
}

int seam_fdatasync(struct seam *s, int file)
{
    return s->ops->fdatasync(s, file);
}

int seam_truncate(struct seam *s, int file, uint64_t size)
{
    return s->ops->truncate(s, file, size);
}

int seam_allocate(struct seam *s, int file, uint64_t from, uint64_t size)
{
    return s->ops->allocate(s, file, from, size);
}

int64_t seam_size(struct seam *s, int file)
{
    return s->ops->size(s, file);
}

int seam_rename(struct seam *s, const char *from, const char *to)
{
    return s->ops->rename(s, from, to);
}

int seam_rename_new(struct seam *s, const char *from, const char *to)
{
    return s->ops->rename_new(s, from, to);
}

int seam_look(struct seam *s, const char *path, struct seam_look *out)
{
    return s->ops->look(s, path, out);
}

int seam_set_modified(struct seam *s, int file, int64_t seconds)
{
    return s->ops->set_modified(s, file, seconds);
}

int seam_sync_all(struct seam *s, int file)
{
    return s->ops->sync_all(s, file);
}

int seam_write_out(struct seam *s, int file, bool wait)
{
    return s->ops->write_out(s, file, wait);
}

int seam_unlink(struct seam *s, const char *path)
{
    return s->ops->unlink(s, path);
}

int seam_mkdir(struct seam *s, const char *path)
{
    return s->ops->mkdir(s, path);
}

int seam_rmdir(struct seam *s, const char *path)
{
    return s->ops->rmdir(s, path);
}

int seam_symlink(struct seam *s, const char *target, const char *path)
{
    return s->ops->symlink(s, target, path);
}

int seam_sync_dir(struct seam *s, const char *path)
{
    return s->ops->sync_dir(s, path);
}

int seam_list(struct seam *s, const char *path, bool (*each)(void *arg, const char *name),
              void *arg)
{
    return s->ops->list(s, path, each, arg);
}

int seam_lock(struct seam *s, int file)
{
    return s->ops->lock(s, file);
}

int64_t seam_free_bytes(struct seam *s, const char *path)
{
    return s->ops->free_bytes(s, path);
}

const char *seam_data_dir(const struct seam *s)
{
    return s->data_dir;
}

const char *seam_real_path(struct seam *s, const char *name, struct arena *a)
{
    return s->ops->real_path(s, name, a);
}

/* --- sockets ---------------------------------------------------------------------------------- */

int seam_listen(struct seam *s, const struct netaddr *at, int backlog)
{
    return s->ops->listen(s, at, backlog);
}

int seam_accept(struct seam *s, int listener, struct netaddr *peer)
{
    return s->ops->accept(s, listener, peer);
}

bool seam_handles_short(struct seam *s, int socket)
{
    return s->ops->handles_short && s->ops->handles_short(s, socket);
}

int seam_connect(struct seam *s, const struct netaddr *to, const struct netaddr *source)
{
    return s->ops->connect(s, to, source);
}

int seam_socket_error(struct seam *s, int socket)
{
    return s->ops->socket_error(s, socket);
}

ssize_t seam_recv(struct seam *s, int socket, void *p, size_t n)
{
    return s->ops->recv(s, socket, p, n);
}

ssize_t seam_send(struct seam *s, int socket, const void *p, size_t n)
{
    return s->ops->send(s, socket, p, n);
}

int seam_shutdown_write(struct seam *s, int socket)
{
    return s->ops->shutdown_write(s, socket);
}

int seam_socket_close(struct seam *s, int socket)
{
    return s->ops->socket_close(s, socket);
}

int seam_local_addr(struct seam *s, int socket, struct netaddr *out)
{
    return s->ops->local_addr(s, socket, out);
}

/* --- waiting ---------------------------------------------------------------------------------- */

struct seam_poller *seam_poller_new(struct seam *s)
{
    return s->ops->poller_new(s);
}

void seam_poller_free(struct seam_poller *p)
{
    if (p) p->seam->ops->poller_free(p);
}

void seam_poller_owner(struct seam_poller *p, struct loop *owner)
{
    p->seam->ops->poller_owner(p, owner);
}

int seam_poller_set(struct seam_poller *p, int handle, unsigned what, void *tag, bool exclusive)
{
    return p->seam->ops->poller_set(p, handle, what, tag, exclusive);
}

void seam_poller_forget(struct seam_poller *p, int handle)
{
    p->seam->ops->poller_forget(p, handle);
}

int seam_poller_wait(struct seam_poller *p, struct seam_event *events, int n,
                     uint64_t until_mono_us)
{
    return p->seam->ops->poller_wait(p, events, n, until_mono_us);
}

void seam_poller_wake(struct seam_poller *p)
{
    p->seam->ops->poller_wake(p);
}

/* --- services --------------------------------------------------------------------------------- */

struct seam_service *seam_service_new(struct seam *s, const char *name, void (*step)(void *arg),
                                      void *arg)
{
    return s->ops->service_new(s, name, step, arg);
}

void seam_service_kick(struct seam_service *service)
{
    service->seam->ops->service_kick(service);
}

void seam_service_kick_at(struct seam_service *service, uint64_t mono_us)
{
    service->seam->ops->service_kick_at(service, mono_us);
}

void seam_service_free(struct seam_service *service)
{
    if (service) service->seam->ops->service_free(service);
}

/* --- DNS -------------------------------------------------------------------------------------- */

void seam_dns_set(struct seam *s, const struct seam_dns_ops *ops, void *self)
{
    s->dns = ops;
    s->dns_self = self;
}

enum err seam_dns_query(struct seam *s, struct loop *loop, str name, uint16_t rrtype,
                        seam_dns_fn *fn, void *arg, void **query)
{
    if (!s->dns) return ERR_LATER;
    return s->dns->query(s->dns_self, loop, name, rrtype, fn, arg, query);
}

void seam_dns_cancel(struct seam *s, void *query)
{
    if (s->dns) s->dns->cancel(s->dns_self, query);
}

void seam_dns_renew(struct seam *s)
{
    if (s->dns && s->dns->renew) s->dns->renew(s->dns_self);
}

void seam_free(struct seam *s)
{
    if (!s) return;
    faults_free(s);
    s->ops->free(s);
}
