/* watchdog.c - a thread that looks at the loops once in a while.
 *
 * A late worker gets a signal, and says itself where it and its fibers are; if it cannot even do
 * that (a disk that hangs), the process ends without.
 */
#include "run/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/scan.h"
#include "run/loop_int.h"

enum { SIGNAL = SIGUSR2 };

struct seen {
    struct loop *loop;
    pthread_t thread;
};

struct watchdog {
    struct seam *seam;
    struct seam_service *service;
    uint64_t turn_us, look_us;
    struct seen seen[WATCHDOG_LOOPS];
    atomic_uint n; /* that asked to be seen */
};

/* --- the service manager ---------------------------------------------------------------------- */

static struct {
    int socket;
    uint64_t patience_us; /* 0: it does not wait for us */
} manager = { .socket = -1 };

static uint64_t patience(void)
{
    const char *text = getenv("WATCHDOG_USEC");
    struct scan s = scan_make(str_of(text ? text : ""));
    uint64_t us = scan_u64(&s, UINT32_MAX);
    return s.bad || !scan_end(&s) ? 0 : us;
}

void manager_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    str name = str_of(path ? path : "");
    if (name.n < 2 || name.n >= sizeof at.sun_path) return;
    bytes_copy(at.sun_path, sizeof at.sun_path, name.p, name.n);
    if (at.sun_path[0] == '@') at.sun_path[0] = '\0'; /* an abstract name */
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.n);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, n) < 0) {
        close(fd);
        return;
    }
    manager.socket = fd;
    manager.patience_us = patience();
}

void manager_tell(const char *words)
{
    str s = str_of(words);
    if (manager.socket >= 0) (void)!send(manager.socket, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- a late worker ---------------------------------------------------------------------------- */

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    trace_all(context);
    abort();
}

static void end_process(struct watchdog *w, const struct seen *late, uint64_t since_us)
{
    log_event(LOG_ERROR, "server.stuck", (str){ 0 }, F_NUM("worker", late->loop->index),
              F_NUM("ms", (seam_mono_us(w->seam) - since_us) / 1000));
    pthread_kill(late->thread, SIGNAL);
    struct timespec wait = { .tv_sec = WATCHDOG_TRACE_MS / 1000 };
    nanosleep(&wait, NULL);
    abort(); /* not even its signal handler runs */
}

static void look(void *arg)
{
    struct watchdog *w = arg;
    uint64_t now = seam_mono_us(w->seam);
    for (unsigned i = 0; i < WATCHDOG_LOOPS; i++) {
        const struct loop *loop = __atomic_load_n(&w->seen[i].loop, __ATOMIC_ACQUIRE);
        uint64_t since = loop ? __atomic_load_n(&loop->turn_us, __ATOMIC_RELAXED) : 0;
        if (since && now > since + w->turn_us) end_process(w, &w->seen[i], since);
    }
    if (manager.patience_us) manager_tell("WATCHDOG=1");
    seam_service_kick_at(w->service, now + w->look_us);
}

/* --- its life --------------------------------------------------------------------------------- */

struct watchdog *watchdog_start(struct seam *seam, unsigned turn_ms)
{
    if (turn_ms == 0) return NULL;
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    sigaction(SIGNAL, &action, NULL);
    struct watchdog *w = MEM_NEW(struct watchdog);
    w->seam = seam;
    w->turn_us = turn_ms * UINT64_C(1000);
    w->look_us = w->turn_us / 4;
    if (manager.patience_us && manager.patience_us / 3 < w->look_us)
        w->look_us = manager.patience_us / 3;
    w->service = seam_service_new(seam, "watchdog", look, w);
    if (w->service)
        seam_service_kick(w->service);
    else
        log_event(LOG_ERROR, "server.no_workers", (str){ 0 },
                  F_CSTR("why", "no thread for the watchdog"));
    return w;
}

void watchdog_see(struct watchdog *w, struct loop *loop)
{
    if (!w) return;
    unsigned i = atomic_fetch_add(&w->n, 1);
    if (i >= WATCHDOG_LOOPS) return;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    w->seen[i].thread = pthread_self();
    __atomic_store_n(&w->seen[i].loop, loop, __ATOMIC_RELEASE);
}

void watchdog_end(struct watchdog *w)
{
    if (!w) return;
    seam_service_free(w->service);
    mem_free(w);
}
