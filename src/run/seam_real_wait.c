/* seam_real_wait.c - the real world, part 3: waiting with epoll, and services as threads. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "run/seam_int.h"

/* --- waiting ---------------------------------------------------------------------------------- */

struct real_poller {
    struct seam_poller poller;
    int epoll;
    int wake;          /* an eventfd; its tag is the poller itself */
    atomic_bool woken; /* a wake is under way: the eventfd need not be written again */
    struct epoll_event ready[LOOP_EVENTS_PER_WAIT];
};

static struct real_poller *real_poller(struct seam_poller *p)
{
    return CONTAINER_OF(p, struct real_poller, poller);
}

struct seam_poller *real_poller_new(struct seam *s)
{
    struct real_poller *p = MEM_NEW(struct real_poller);
    p->poller.seam = s;
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = p };
    if (p->epoll >= 0 && p->wake >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->wake, &event) == 0)
        return &p->poller;
    real_poller_free(&p->poller);
    return NULL;
}

void real_poller_free(struct seam_poller *poller)
{
    struct real_poller *p = real_poller(poller);
    if (p->wake >= 0) close(p->wake);
    if (p->epoll >= 0) close(p->epoll);
    mem_free(p);
}

void real_poller_owner(struct seam_poller *poller, struct loop *owner)
{
    (void)poller;
    (void)owner;
}

static int control(struct real_poller *p, int op, int handle, struct epoll_event *event)
{
    return epoll_ctl(p->epoll, op, handle, event) < 0 ? -errno : 0;
}

int real_poller_set(struct seam_poller *poller, int handle, unsigned what, void *tag,
                    bool exclusive)
{
    struct real_poller *p = real_poller(poller);
    struct epoll_event event = { .data.ptr = tag };
    if (what & SEAM_READABLE) event.events |= EPOLLIN;
    if (what & SEAM_WRITABLE) event.events |= EPOLLOUT;
    if (exclusive) event.events |= EPOLLEXCLUSIVE;

    /* epoll reports a hang-up even to those who ask for nothing: only absence is silent, and an
     * exclusive registration cannot be changed, only replaced. */
    if (what == 0 || exclusive) {
        int e = control(p, EPOLL_CTL_DEL, handle, &event);
        if (e && e != -ENOENT) return e;
        return what == 0 ? 0 : control(p, EPOLL_CTL_ADD, handle, &event);
    }
    int e = control(p, EPOLL_CTL_MOD, handle, &event);
    return e == -ENOENT ? control(p, EPOLL_CTL_ADD, handle, &event) : e;
}

void real_poller_forget(struct seam_poller *poller, int handle)
{
    struct epoll_event none = { 0 };
    control(real_poller(poller), EPOLL_CTL_DEL, handle, &none);
}

/* Rounded up: waking before the time would only mean waiting again. */
static int wait_ms(struct real_poller *p, uint64_t until_mono_us)
{
    enum { MS_MAX = 3600 * 1000 };
    if (until_mono_us == UINT64_MAX) return -1;
    uint64_t now = real_mono_us(p->poller.seam);
    if (until_mono_us <= now) return 0;
    uint64_t ms = (until_mono_us - now + 999) / 1000;
    return ms > MS_MAX ? MS_MAX : (int)ms;
}

static struct seam_event event_of(const struct epoll_event *ready)
{
    unsigned what = 0;
    if (ready->events & EPOLLIN) what |= SEAM_READABLE;
    if (ready->events & EPOLLOUT) what |= SEAM_WRITABLE;
    /* Whichever way the owner is looking, the next call will tell it. */
    if (ready->events & (EPOLLHUP | EPOLLERR)) what |= SEAM_HUP | SEAM_READABLE | SEAM_WRITABLE;
    return (struct seam_event){ ready->data.ptr, what };
}

static void clear_wake(struct real_poller *p)
{
    uint64_t count;
    ssize_t got = read(p->wake, &count, sizeof(count));
    (void)got; /* EAGAIN is as good */
    atomic_store(&p->woken, false);
}

int real_poller_wait(struct seam_poller *poller, struct seam_event *events, int n,
                     uint64_t until_mono_us)
{
    struct real_poller *p = real_poller(poller);
    if (n > LOOP_EVENTS_PER_WAIT) n = LOOP_EVENTS_PER_WAIT;
    int found = epoll_wait(p->epoll, p->ready, n, wait_ms(p, until_mono_us));
    int filled = 0;
    for (int i = 0; i < found; i++) {
        if (p->ready[i].data.ptr == p)
            clear_wake(p);
        else
            events[filled++] = event_of(&p->ready[i]);
    }
    return filled;
}

void real_poller_wake(struct seam_poller *poller)
{
    struct real_poller *p = real_poller(poller);
    if (atomic_exchange(&p->woken, true)) return;
    uint64_t one = 1;
    ssize_t put = write(p->wake, &one, sizeof(one));
    (void)put; /* cannot fail: the counter is at most 1 */
}

/* --- services --------------------------------------------------------------------------------- */

struct real_service {
    const char *name; /* static */
    struct seam_service service;
    void (*step)(void *arg);
    void *arg;
    uint64_t at_mono_us; /* the thread's own */
    pthread_t thread;
    pthread_mutex_t lock; /* guards the two below */
    pthread_cond_t changed;
    bool kicked, ending;
};

/* Returns true when a step is due, false at the end. */
static bool wait_for_kick(struct real_service *v)
{
    pthread_mutex_lock(&v->lock);
    while (!v->kicked && !v->ending) {
        if (v->at_mono_us == UINT64_MAX) {
            pthread_cond_wait(&v->changed, &v->lock);
            continue;
        }
        if (real_mono_us(v->service.seam) >= v->at_mono_us) break;
        struct timespec at = { .tv_sec = (time_t)(v->at_mono_us / 1000000),
                               .tv_nsec = (long)(v->at_mono_us % 1000000) * 1000 };
        pthread_cond_timedwait(&v->changed, &v->lock, &at);
    }
    bool due = !v->ending;
    v->kicked = false;
    pthread_mutex_unlock(&v->lock);
    return due;
}

/* By the thread itself: of another one the name is a file, and files are not everywhere. */
static void name_me(const char *name)
{
    char text[16] = { 0 }; /* the kernel's limit, with its NUL */
    str part = str_take(str_of(name), sizeof(text) - 1);
    bytes_copy(text, sizeof(text), part.p, part.n);
    pthread_setname_np(pthread_self(), text);
}

static void *service_thread(void *arg)
{
    struct real_service *v = arg;
    name_me(v->name);
    while (wait_for_kick(v)) {
        v->at_mono_us = UINT64_MAX; /* one that passed is used up; the step may ask again */
        v->step(v->arg);
    }
    return NULL;
}

/* A new thread inherits the mask: signals are for the first loop's signalfd alone. */
static int start_without_signals(struct real_service *v)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS); /* the thread's own fault, which is told (lost_page.c) */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&v->thread, NULL, service_thread, v);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

struct seam_service *real_service_new(struct seam *s, const char *name, void (*step)(void *),
                                      void *arg)
{
    struct real_service *v = MEM_NEW(struct real_service);
    v->service.seam = s;
    v->name = name;
    v->step = step;
    v->arg = arg;
    v->at_mono_us = UINT64_MAX;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&v->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&v->lock, NULL);
    if (start_without_signals(v) == 0) return &v->service;
    pthread_cond_destroy(&v->changed);
    pthread_mutex_destroy(&v->lock);
    mem_free(v);
    return NULL;
}

void real_service_kick(struct seam_service *service)
{
    struct real_service *v = CONTAINER_OF(service, struct real_service, service);
    pthread_mutex_lock(&v->lock);
    v->kicked = true;
    pthread_cond_signal(&v->changed);
    pthread_mutex_unlock(&v->lock);
}

void real_service_kick_at(struct seam_service *service, uint64_t mono_us)
{
    struct real_service *v = CONTAINER_OF(service, struct real_service, service);
    assert(pthread_equal(v->thread, pthread_self()));
    v->at_mono_us = mono_us;
}

void real_service_free(struct seam_service *service)
{
    struct real_service *v = CONTAINER_OF(service, struct real_service, service);
    pthread_mutex_lock(&v->lock);
    v->ending = true;
    pthread_cond_signal(&v->changed);
    pthread_mutex_unlock(&v->lock);
    pthread_join(v->thread, NULL);
    pthread_cond_destroy(&v->changed);
    pthread_mutex_destroy(&v->lock);
    mem_free(v);
}
