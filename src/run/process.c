/* process.c - the process as a whole: workers, signals, the descriptor limit.
 *
 * Only for the real seam: the simulation drives its loops itself. The first worker runs on the
 * caller's thread and reads the signals; the others are services whose one step is their loop.
 */
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/fiber.h"
#include "run/lock.h"
#include "run/parent.h"
#include "run/process.h"
#include "run/watchdog.h"

struct process;

struct worker {
    struct process *process;
    unsigned index;
    struct loop *loop;
    struct seam_service *service; /* NULL for the first */
    struct loop_post start;       /* on its own loop: calls worker_start */
    struct loop_post started;     /* on the first loop: counts those that did */
    bool runs;                    /* worker_start said OK */
    bool over;                    /* atomic: its loop has ended */
};

struct process {
    const struct process_hooks *hooks;
    void *arg;
    unsigned grace_ms;
    struct worker *workers;
    unsigned n;
    struct watchdog *watchdog; /* NULL: none */
    /* The first loop's own: */
    struct loop_watch signals;
    unsigned started;
    bool failed, stopping;
};

/* For process_stop, which anybody may call: the one process that runs. */
static struct {
    struct lock lock;
    struct process *process;
} running = { .lock = { PTHREAD_MUTEX_INITIALIZER } };

/* --- stopping --------------------------------------------------------------------------------- */

static void stop_loops(struct process *p, unsigned grace_ms)
{
    for (unsigned i = 0; i < p->n; i++)
        loop_stop(p->workers[i].loop, grace_ms);
}

void process_stop(void)
{
    lock_take(&running.lock);
    if (running.process) stop_loops(running.process, running.process->grace_ms);
    lock_drop(&running.lock);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_signal(struct process *p, uint32_t number)
{
    if (number == SIGHUP) {
        if (p->hooks->reload) p->hooks->reload(p->arg);
        return;
    }
    /* Whoever asks a second time does not want to wait. */
    if (!p->stopping) manager_tell("STOPPING=1");
    unsigned grace_ms = p->grace_ms;
    if (parent_lost() && grace_ms > PROCESS_ORPHAN_MS) grace_ms = PROCESS_ORPHAN_MS;
    stop_loops(p, p->stopping ? 0 : grace_ms);
    p->stopping = true;
}

static void signals_ready(struct loop_watch *w, unsigned what)
{
    (void)what;
    struct process *p = CONTAINER_OF(w, struct process, signals);
    struct signalfd_siginfo info;
    while (read(w->handle, &info, sizeof(info)) == (ssize_t)sizeof(info))
        on_signal(p, info.ssi_signo);
}

static sigset_t our_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

static bool signals_open(struct process *p)
{
    sigset_t set = our_signals();
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    p->signals = (struct loop_watch){ .handle = fd, .ready = signals_ready };
    return fd >= 0;
}

static void signals_close(struct process *p)
{
    if (p->signals.handle < 0) return;
    loop_unwatch(p->workers[0].loop, &p->signals);
    close(p->signals.handle);
}

/* --- workers ---------------------------------------------------------------------------------- */

static void worker_started(struct loop_post *post)
{
    struct worker *w = CONTAINER_OF(post, struct worker, started);
    struct process *p = w->process;
    if (!w->runs) {
        p->failed = true;
        stop_loops(p, 0);
        return;
    }
    p->started++;
    if (p->started == p->n && !p->failed && p->hooks->ready) p->hooks->ready(p->arg);
}

static void worker_start(struct loop_post *post)
{
    struct worker *w = CONTAINER_OF(post, struct worker, start);
    struct process *p = w->process;
    watchdog_see(p->watchdog, w->loop);
    w->runs = p->hooks->worker_start(p->arg, w->loop, w->index) == OK;
    loop_post(p->workers[0].loop, &w->started);
}

static void worker_run(void *arg)
{
    struct worker *w = arg;
    struct process *p = w->process;
    loop_run(w->loop);
    if (w->runs && p->hooks->worker_end) p->hooks->worker_end(p->arg, w->loop, w->index);
    __atomic_store_n(&w->over, true, __ATOMIC_RELEASE);
}

static bool others_run(const struct process *p)
{
    for (unsigned i = 1; i < p->n; i++)
        if (!__atomic_load_n(&p->workers[i].over, __ATOMIC_ACQUIRE)) return true;
    return false;
}

/* The first loop has ended, and read the signals: a second one is heard all the same. */
static void wait_for_others(struct process *p)
{
    while (others_run(p)) {
        struct pollfd signals = { .fd = p->signals.handle, .events = POLLIN };
        if (poll(&signals, 1, PROCESS_LOOK_MS) == 1) signals_ready(&p->signals, 0);
    }
}

static bool worker_open(struct process *p, struct seam *seam, unsigned index)
{
    struct worker *w = &p->workers[index];
    w->process = p;
    w->index = index;
    w->start.run = worker_start;
    w->started.run = worker_started;
    w->loop = loop_new(seam, index);
    if (!w->loop) return false;
    p->n++;
    if (index > 0) w->service = seam_service_new(seam, "worker", worker_run, w);
    return index == 0 || w->service;
}

static bool workers_open(struct process *p, struct seam *seam, unsigned n)
{
    p->workers = MEM_ARRAY(n, struct worker);
    for (unsigned i = 0; i < n; i++) {
        if (!worker_open(p, seam, i)) return false;
    }
    if (!signals_open(p)) return false;
    p->signals.what = 0;
    return loop_watch(p->workers[0].loop, &p->signals, SEAM_READABLE) == OK;
}

static void workers_run(struct process *p)
{
    lock_take(&running.lock);
    running.process = p;
    lock_drop(&running.lock);
    for (unsigned i = 0; i < p->n; i++)
        loop_post(p->workers[i].loop, &p->workers[i].start);
    for (unsigned i = 1; i < p->n; i++)
        seam_service_kick(p->workers[i].service);
    worker_run(&p->workers[0]);
    wait_for_others(p);
}

/* A fiber that outlasted the grace waits for a thread that will still answer it: its loop must be
 * there to take the answer, and goes with the process. */
static void worker_close(struct worker *w)
{
    if (fiber_stats(w->loop).running == 0) loop_free(w->loop);
}

/* Waits for the other workers' threads. One that was stopped before it began never begins. */
static void workers_close(struct process *p)
{
    for (unsigned i = 1; i < p->n; i++)
        seam_service_free(p->workers[i].service);
    watchdog_end(p->watchdog);
    lock_take(&running.lock);
    running.process = NULL;
    lock_drop(&running.lock);
    if (p->n > 0) signals_close(p);
    for (unsigned i = 0; i < p->n; i++)
        worker_close(&p->workers[i]);
    mem_free(p->workers);
}

/* The cores that we may use, which is not always all of the machine's. */
static unsigned cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) < 0) return 1;
    return (unsigned)CPU_COUNT(&set);
}

int process_run(struct seam *seam, unsigned workers, unsigned grace_ms,
                const struct process_hooks *hooks, void *arg)
{
    struct process p = { .hooks = hooks, .arg = arg, .grace_ms = grace_ms };
    p.signals.handle = -1;
    bool opened = workers_open(&p, seam, workers > 0 ? workers : cores());
    if (!opened)
        log_event(LOG_ERROR, "server.no_workers", (str){ 0 }, F_NUM("workers", p.n),
                  F_CSTR("why", "no thread, memory or descriptor for one more worker"));
    if (opened) p.watchdog = watchdog_start(seam, hooks->turn_ms);
    if (opened) workers_run(&p);
    workers_close(&p);
    return opened && !p.failed ? 0 : 1;
}

void process_pause(unsigned ms)
{
    struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    nanosleep(&wait, NULL);
}

unsigned process_raise_fd_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur < UINT32_MAX ? (unsigned)limit.rlim_cur : UINT32_MAX;
}

bool process_become_owner(const char *dir)
{
    struct stat folder;
    if (geteuid() != 0 || stat(dir, &folder) < 0 || folder.st_uid == 0) return true;
    return setgroups(1, &folder.st_gid) == 0 && setgid(folder.st_gid) == 0 &&
           setuid(folder.st_uid) == 0;
}

/* nftw gives no argument: whose it shall be is remembered from the folder itself, which comes
 * first. */
static struct stat given_to;

static int give(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)kind;
    if (at->level == 0) given_to = *st;
    return lchown(path, given_to.st_uid, given_to.st_gid);
}

bool process_give_to_owner(const char *dir)
{
    enum { FOLDERS_OPEN = 16 };
    return geteuid() != 0 || nftw(dir, give, FOLDERS_OPEN, FTW_PHYS) == 0;
}
