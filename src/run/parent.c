/* parent.c - the small process above the server: its signals, the files it opens for the server,
 * and starting it again when it has died.
 */
#include "run/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"

/* In the child: where to ask, and for what. Nobody: it has no parent. */
static struct {
    int socket;
    const char *const *files;
    pid_t parent;
} above = { .socket = -1 };

struct running {
    const struct parent *p;
    int signals, files;
    pid_t child;
    bool ending; /* somebody asked us to */
    int status;  /* of the child that ended */
};

/* --- files ------------------------------------------------------------------------------------ */

/* One byte asks for the file of that number; the answer is a descriptor, or none and the reason. */
union passed {
    struct cmsghdr head; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int))];
};

static void pass(int socket, int file)
{
    int reason = file < 0 ? errno : 0;
    struct iovec iov = { &reason, sizeof(reason) };
    union passed control = { 0 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (file >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        bytes_copy(CMSG_DATA(c), sizeof(int), &file, sizeof(int));
    }
    (void)!sendmsg(socket, &m, MSG_NOSIGNAL);
}

/* Nothing but those files, whatever the child has become. */
static bool answer_file(struct running *r)
{
    unsigned char number;
    ssize_t n = recv(r->files, &number, 1, 0);
    if (n <= 0) return n < 0 && errno == EINTR;
    size_t count = 0;
    while (r->p->files[count])
        count++;
    errno = EPERM;
    int file = number < count ? open(r->p->files[number], O_RDONLY | O_CLOEXEC) : -1;
    pass(r->files, file);
    if (file >= 0) close(file);
    return true;
}

static int receive(int socket)
{
    int reason = EIO, file = -1;
    struct iovec iov = { &reason, sizeof(reason) };
    union passed control = { 0 };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof(control.bytes) };
    if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(reason)) return -EIO;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_type != SCM_RIGHTS) return reason ? -reason : -EIO;
    bytes_copy(&file, sizeof(int), CMSG_DATA(c), sizeof(int));
    return file;
}

int parent_open(const char *path)
{
    for (unsigned char i = 0; above.socket >= 0 && above.files[i]; i++) {
        if (!str_eq(str_of(above.files[i]), str_of(path))) continue;
        if (send(above.socket, &i, 1, MSG_NOSIGNAL) != 1) return -EIO;
        return receive(above.socket);
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    return file < 0 ? -errno : file;
}

/* --- the child -------------------------------------------------------------------------------- */

void parent_bind(void)
{
    if (above.socket < 0) return;
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != above.parent) raise(SIGTERM); /* it went before we could ask */
}

bool parent_lost(void)
{
    return above.socket >= 0 && getppid() != above.parent;
}

static bool start(struct running *r)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return false;
    pid_t me = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        close(r->signals);
        above.socket = ends[1];
        above.files = r->p->files;
        above.parent = me;
        exit(r->p->child(r->p->arg));
    }
    close(ends[1]);
    if (child < 0) close(ends[0]);
    r->child = child;
    r->files = child < 0 ? -1 : ends[0];
    return child > 0;
}

/* --- signals ---------------------------------------------------------------------------------- */

static bool signals_open(struct running *r)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    r->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return r->signals >= 0;
}

static void on_signal(struct running *r)
{
    struct signalfd_siginfo info;
    if (read(r->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) return;
    r->ending |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    if (info.ssi_signo != SIGCHLD) {
        /* From the terminal it has the signal already, and a second one cuts its grace short. */
        bool terminal = info.ssi_signo == SIGINT && info.ssi_code == SI_KERNEL;
        if (r->child > 0 && !terminal) kill(r->child, (int)info.ssi_signo);
        return;
    }
    int status;
    if (waitpid(r->child, &status, WNOHANG) != r->child) return;
    r->child = 0;
    r->status = status;
}

/* Until the child ends. */
static void watch(struct running *r)
{
    while (r->child > 0) {
        struct pollfd p[] = { { .fd = r->signals, .events = POLLIN },
                              { .fd = r->files, .events = POLLIN } };
        if (poll(p, 2, -1) < 0) continue;
        if (p[0].revents) on_signal(r);
        if (p[1].revents && !answer_file(r)) {
            close(r->files);
            r->files = -1;
        }
    }
    if (r->files >= 0) close(r->files);
}

/* --- again and again -------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A signal to us ends the pause. */
static void pause_for(struct running *r, unsigned ms)
{
    struct pollfd p = { .fd = r->signals, .events = POLLIN };
    if (ms && poll(&p, 1, (int)ms) == 1) on_signal(r);
}

static unsigned next_pause(unsigned pause, uint64_t lived_ms)
{
    if (lived_ms > PARENT_LIVED_MS) return 0;
    if (pause == 0) return PARENT_PAUSE_MS;
    return pause * 2 < PARENT_PAUSE_MAX_MS ? pause * 2 : PARENT_PAUSE_MAX_MS;
}

int parent_run(const struct parent *p)
{
    struct running r = { .p = p, .files = -1 };
    unsigned pause = 0;
    if (!signals_open(&r)) return 1;
    while (!r.ending) {
        uint64_t began = now_ms();
        if (!start(&r)) return 1;
        watch(&r);
        if (WIFEXITED(r.status)) return WEXITSTATUS(r.status);
        log_event(LOG_ERROR, "server.died", (str){ 0 },
                  F_NUM("signal", (uint64_t)WTERMSIG(r.status)),
                  F_NUM("lived_ms", now_ms() - began), F_NUM("again_in_ms", pause));
        pause_for(&r, pause);
        pause = next_pause(pause, now_ms() - began);
    }
    return 1;
}
