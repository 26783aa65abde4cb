/* seam_real_net.c - the real world, part 2: TCP and Unix sockets, all non-blocking. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "run/parent.h"
#include "run/seam_int.h"

union address {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
    struct sockaddr_un local;
};

/* Returns the length the kernel wants, 0 for NET_NONE. */
static socklen_t to_kernel(const struct netaddr *a, union address *out)
{
    *out = (union address){ 0 };
    switch (a->family) {
    case NET_IP4:
        out->ip4.sin_family = AF_INET;
        out->ip4.sin_port = htons(a->port);
        bytes_copy(&out->ip4.sin_addr, 4, a->ip, 4);
        return sizeof(out->ip4);
    case NET_IP6:
        out->ip6.sin6_family = AF_INET6;
        out->ip6.sin6_port = htons(a->port);
        bytes_copy(&out->ip6.sin6_addr, 16, a->ip, 16);
        return sizeof(out->ip6);
    case NET_UNIX:
        out->local.sun_family = AF_UNIX;
        bytes_copy(out->local.sun_path, sizeof(out->local.sun_path), a->path, sizeof(a->path));
        return sizeof(out->local);
    case NET_NONE: break;
    }
    return 0;
}

static struct netaddr from_kernel(const union address *in)
{
    struct netaddr a = { 0 };
    switch (in->any.sa_family) {
    case AF_INET:
        a.family = NET_IP4;
        a.port = ntohs(in->ip4.sin_port);
        bytes_copy(a.ip, sizeof(a.ip), &in->ip4.sin_addr, 4);
        break;
    case AF_INET6:
        a.family = NET_IP6;
        a.port = ntohs(in->ip6.sin6_port);
        bytes_copy(a.ip, sizeof(a.ip), &in->ip6.sin6_addr, 16);
        break;
    case AF_UNIX:
        a.family = NET_UNIX;
        bytes_copy(a.path, sizeof(a.path), in->local.sun_path, sizeof(a.path) - 1);
        break;
    default: break;
    }
    return a;
}

static int set_on(int fd, int level, int option)
{
    int on = 1;
    return setsockopt(fd, level, option, &on, sizeof(on));
}

/* Replies are written whole; waiting for company (Nagle) only adds delay. */
static void set_no_delay(int fd, enum net_family family)
{
    if (family != NET_UNIX) set_on(fd, IPPROTO_TCP, TCP_NODELAY);
}

static int fail_closing(int fd)
{
    int e = -errno;
    close(fd);
    return e;
}

static int open_socket(const union address *at)
{
    int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

/* A Unix socket's file outlives a process that was killed. It is removed only if it is a socket
 * and nobody answers there. */
static void remove_stale(const struct netaddr *at)
{
    struct stat st;
    if (lstat(at->path, &st) < 0 || !S_ISSOCK(st.st_mode)) return;
    union address to;
    socklen_t n = to_kernel(at, &to);
    int fd = open_socket(&to);
    if (fd < 0) return;
    if (connect(fd, &to.any, n) < 0 && errno == ECONNREFUSED) unlink(at->path);
    close(fd);
}

/* s is NULL for a port that is opened ahead of the seam that will ask for it. */
int real_listen(struct seam *s, const struct netaddr *at, int backlog)
{
    int there = s ? inherited(at) : -ENOENT;
    if (there >= 0) return there;
    union address to;
    socklen_t n = to_kernel(at, &to);
    if (n == 0) return -EAFNOSUPPORT;
    int fd = open_socket(&to);
    if (fd < 0) return fd;
    if (at->family == NET_UNIX) {
        remove_stale(at);
        fchmod(fd, 0600); /* bind gives the file the socket's mode: it is never open to others */
    } else {
        set_on(fd, SOL_SOCKET, SO_REUSEADDR);
    }
    if (at->family == NET_IP6) set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (bind(fd, &to.any, n) < 0) return fail_closing(fd);
    if (listen(fd, backlog) < 0) return fail_closing(fd);
    return fd;
}

/* The kernel gives the lowest number that is free. */
bool real_handles_short(struct seam *s, int socket)
{
    (void)s;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY) return false;
    return (rlim_t)socket + LISTEN_HANDLES_RESERVED >= files.rlim_cur;
}

int real_accept(struct seam *s, int listener, struct netaddr *peer)
{
    (void)s;
    union address from = { 0 };
    socklen_t n = sizeof(from);
    int fd;
    do {
        fd = accept4(listener, &from.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return -errno;
    struct netaddr a = from_kernel(&from);
    set_no_delay(fd, a.family);
    if (peer) *peer = a;
    return fd;
}

static int bind_source(int fd, const struct netaddr *source)
{
    union address from;
    socklen_t n = to_kernel(source, &from);
    if (n == 0) return 0;
    /* The kernel picks the port at connect, knowing the peer: far more of them can be open. */
    if (source->port == 0) set_on(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    return bind(fd, &from.any, n);
}

int real_connect(struct seam *s, const struct netaddr *to, const struct netaddr *source)
{
    (void)s;
    union address at;
    socklen_t n = to_kernel(to, &at);
    if (n == 0) return -EAFNOSUPPORT;
    int fd = open_socket(&at);
    if (fd < 0) return fd;
    set_no_delay(fd, to->family);
    if (source && bind_source(fd, source) < 0) return fail_closing(fd);
    if (connect(fd, &at.any, n) < 0 && errno != EINPROGRESS && errno != EINTR)
        return fail_closing(fd);
    return fd;
}

int real_socket_error(struct seam *s, int socket)
{
    (void)s;
    int e = 0;
    socklen_t n = sizeof(e);
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &e, &n) < 0) return -errno;
    return -e;
}

ssize_t real_recv(struct seam *s, int socket, void *p, size_t n)
{
    (void)s;
    ssize_t got;
    do {
        got = recv(socket, p, n, 0);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

ssize_t real_send(struct seam *s, int socket, const void *p, size_t n)
{
    (void)s;
    ssize_t put;
    do {
        put = send(socket, p, n, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : put;
}

int real_shutdown_write(struct seam *s, int socket)
{
    (void)s;
    return shutdown(socket, SHUT_WR) < 0 ? -errno : 0;
}

int real_socket_close(struct seam *s, int socket)
{
    (void)s;
    return close(socket) < 0 && errno != EINTR ? -errno : 0;
}

int real_local_addr(struct seam *s, int socket, struct netaddr *out)
{
    (void)s;
    union address at = { 0 };
    socklen_t n = sizeof(at);
    if (getsockname(socket, &at.any, &n) < 0) return -errno;
    *out = from_kernel(&at);
    return 0;
}
