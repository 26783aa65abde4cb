/* inherit.c - listening sockets that are open before anybody asks for them: by a parent with more
 * privileges, or by a service manager.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/scan.h"
#include "run/parent.h"
#include "run/seam_int.h"

static struct {
    struct netaddr at;
    int socket;
} held[INHERIT_PORTS];
static size_t held_n;

static int hold(int socket)
{
    if (held_n == INHERIT_PORTS) return -EMFILE;
    if (real_local_addr(NULL, socket, &held[held_n].at) < 0) return -EINVAL;
    held[held_n++].socket = socket;
    return 0;
}

int inherit_listen(const struct netaddr *at, int backlog)
{
    int socket = real_listen(NULL, at, backlog);
    if (socket < 0) return socket;
    int code = hold(socket);
    if (code) close(socket);
    return code;
}

static uint64_t variable(const char *name)
{
    const char *text = getenv(name);
    if (!text) return 0;
    struct scan s = scan_make(str_of(text));
    uint64_t value = scan_u64(&s, UINT32_MAX);
    return scan_end(&s) && !s.bad ? value : 0;
}

unsigned inherit_activated(void)
{
    enum { FIRST = 3 };
    uint64_t n = variable("LISTEN_PID") == (uint64_t)getpid() ? variable("LISTEN_FDS") : 0;
    unsigned taken = 0;
    for (uint64_t i = 0; i < n && i < INHERIT_PORTS; i++) {
        int socket = FIRST + (int)i;
        if (fcntl(socket, F_SETFD, FD_CLOEXEC) < 0 || fcntl(socket, F_SETFL, O_NONBLOCK) < 0) break;
        taken += hold(socket) == 0;
    }
    return taken;
}

int inherited(const struct netaddr *at)
{
    for (size_t i = 0; i < held_n; i++) {
        if (!netaddr_eq(&held[i].at, at)) continue;
        int socket = fcntl(held[i].socket, F_DUPFD_CLOEXEC, 0);
        return socket < 0 ? -errno : socket;
    }
    return -ENOENT;
}
