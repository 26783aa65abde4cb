/* seam_int.h - what an implementation of the seam provides: a table of operations.
 *
 * Each implementation's struct begins with a struct seam (and its poller and service with theirs),
 * so that seam.c can dispatch. The operations mean what seam.h says of the calls of their name.
 */
#ifndef RUN_SEAM_INT_H
#define RUN_SEAM_INT_H

#include "run/seam.h"

struct seam_ops {
    void (*free)(struct seam *s);

    uint64_t (*mono_us)(struct seam *s);
    int64_t (*wall_us)(struct seam *s);
    void (*random)(struct seam *s, void *p, size_t n);

    int (*open)(struct seam *s, const char *path, unsigned how);
    int (*close)(struct seam *s, int file);
    ssize_t (*pread)(struct seam *s, int file, void *p, size_t n, uint64_t at);
    ssize_t (*pread_cached)(struct seam *s, int file, void *p, size_t n, uint64_t at);
    ssize_t (*pwritev)(struct seam *s, int file, const struct iovec *iov, int n, uint64_t at);
    int (*fdatasync)(struct seam *s, int file);
    int (*truncate)(struct seam *s, int file, uint64_t size);
    int (*allocate)(struct seam *s, int file, uint64_t from, uint64_t size);
    int64_t (*size)(struct seam *s, int file);
    int (*rename)(struct seam *s, const char *from, const char *to);
    int (*rename_new)(struct seam *s, const char *from, const char *to);
    int (*look)(struct seam *s, const char *path, struct seam_look *out);
    int (*set_modified)(struct seam *s, int file, int64_t seconds);
    int (*write_out)(struct seam *s, int file, bool wait);
    int (*sync_all)(struct seam *s, int file);
    int (*unlink)(struct seam *s, const char *path);
    int (*mkdir)(struct seam *s, const char *path);
    int (*rmdir)(struct seam *s, const char *path);
    int (*symlink)(struct seam *s, const char *target, const char *path);
    int (*sync_dir)(struct seam *s, const char *path);
    int (*list)(struct seam *s, const char *path, bool (*each)(void *, const char *), void *arg);
    int (*lock)(struct seam *s, int file);
    /* After a sync that was made to fail: what the kernel does then. NULL: nothing to imitate. */
    void (*sync_failed)(struct seam *s, int file);
    int64_t (*free_bytes)(struct seam *s, const char *path);
    const char *(*real_path)(struct seam *s, const char *name, struct arena *a);

    int (*listen)(struct seam *s, const struct netaddr *at, int backlog);
    int (*accept)(struct seam *s, int listener, struct netaddr *peer);
    bool (*handles_short)(struct seam *s, int socket); /* NULL: never */
    int (*connect)(struct seam *s, const struct netaddr *to, const struct netaddr *source);
    int (*socket_error)(struct seam *s, int socket);
    ssize_t (*recv)(struct seam *s, int socket, void *p, size_t n);
    ssize_t (*send)(struct seam *s, int socket, const void *p, size_t n);
    int (*shutdown_write)(struct seam *s, int socket);
    int (*socket_close)(struct seam *s, int socket);
    int (*local_addr)(struct seam *s, int socket, struct netaddr *out);

    struct seam_poller *(*poller_new)(struct seam *s);
    void (*poller_free)(struct seam_poller *p);
    void (*poller_owner)(struct seam_poller *p, struct loop *owner);
    int (*poller_set)(struct seam_poller *p, int handle, unsigned what, void *tag, bool exclusive);
    void (*poller_forget)(struct seam_poller *p, int handle);
    int (*poller_wait)(struct seam_poller *p, struct seam_event *events, int n, uint64_t until);
    void (*poller_wake)(struct seam_poller *p);

    struct seam_service *(*service_new)(struct seam *s, const char *name, void (*step)(void *),
                                        void *arg);
    void (*service_kick)(struct seam_service *service);
    void (*service_kick_at)(struct seam_service *service, uint64_t mono_us);
    void (*service_free)(struct seam_service *service);
};

struct seam {
    const struct seam_ops *ops;
    const struct seam_dns_ops *dns; /* NULL: nobody resolves, every query is ERR_LATER */
    void *dns_self;
    const char *data_dir; /* the implementation's */
    struct faults *faults; /* NULL but in tests */
};

struct seam_poller {
    struct seam *seam;
};

struct seam_service {
    struct seam *seam;
};

void faults_free(struct seam *s); /* puts the implementation's own table back */

/* The real seam's parts, each in its own file. */
int real_listen(struct seam *s, const struct netaddr *at, int backlog);
int real_accept(struct seam *s, int listener, struct netaddr *peer);
bool real_handles_short(struct seam *s, int socket);
int real_connect(struct seam *s, const struct netaddr *to, const struct netaddr *source);
int real_socket_error(struct seam *s, int socket);
ssize_t real_recv(struct seam *s, int socket, void *p, size_t n);
ssize_t real_send(struct seam *s, int socket, const void *p, size_t n);
int real_shutdown_write(struct seam *s, int socket);
int real_socket_close(struct seam *s, int socket);
int real_local_addr(struct seam *s, int socket, struct netaddr *out);

struct seam_poller *real_poller_new(struct seam *s);
void real_poller_free(struct seam_poller *p);
void real_poller_owner(struct seam_poller *p, struct loop *owner);
int real_poller_set(struct seam_poller *p, int handle, unsigned what, void *tag, bool exclusive);
void real_poller_forget(struct seam_poller *p, int handle);
int real_poller_wait(struct seam_poller *p, struct seam_event *events, int n, uint64_t until);
void real_poller_wake(struct seam_poller *p);

struct seam_service *real_service_new(struct seam *s, const char *name, void (*step)(void *),
                                      void *arg);
void real_service_kick(struct seam_service *service);
void real_service_kick_at(struct seam_service *service, uint64_t mono_us);
void real_service_free(struct seam_service *service);

uint64_t real_mono_us(struct seam *s);

#endif
