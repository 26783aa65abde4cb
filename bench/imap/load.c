/* load.c - many connections, each with one command under way, from one thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "imap_int.h"

enum { EVENTS = 128, REQUEST_BYTES = 2 * MAIL_BYTES_MAX };

struct running {
    const struct load *load;
    struct client *clients;
    double *since;
    int poll;
    uint64_t asked, answered;
    float *took_ms;
    size_t took_cap;
};

static void say_next(struct running *r, unsigned i)
{
    static char request[REQUEST_BYTES];
    struct client *c = &r->clients[i];
    int tag = snprintf(request, sizeof request, "T%u ", ++c->tag);
    size_t n = r->load->next(r->load->arg, i, request + tag, sizeof request - (size_t)tag);
    r->since[i] = now_s();
    r->asked++;
    client_send(c, request, (size_t)tag + n);
}

static void note(struct running *r, double ms)
{
    if (r->answered == r->took_cap) {
        r->took_cap = r->took_cap ? r->took_cap * 2 : 65536;
        r->took_ms = realloc(r->took_ms, r->took_cap * sizeof *r->took_ms);
    }
    r->took_ms[r->answered++] = (float)ms;
}

static int by_size(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void begin(struct running *r)
{
    for (unsigned i = 0; i < r->load->connections; i++) {
        client_open(&r->clients[i], r->load->system);
        if (r->load->first) client_run(&r->clients[i], "%s", r->load->first);
        struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };
        epoll_ctl(r->poll, EPOLL_CTL_ADD, r->clients[i].fd, &e);
    }
}

/* One answer, or a part of it; the connection goes on while there is time. */
static void hear(struct running *r, unsigned i, double until)
{
    if (!client_take(&r->clients[i])) return;
    double now = now_s();
    note(r, (now - r->since[i]) * 1000);
    bool more = r->load->seconds > 0 ? now < until : r->asked < r->load->count;
    if (more) say_next(r, i);
}

struct loaded load_run(const struct load *l)
{
    struct running r = { .load = l, .poll = epoll_create1(EPOLL_CLOEXEC) };
    r.clients = calloc(l->connections, sizeof *r.clients);
    r.since = calloc(l->connections, sizeof *r.since);
    begin(&r);
    double start = now_s(), until = start + l->seconds;
    for (unsigned i = 0; i < l->connections; i++)
        say_next(&r, i);
    while (r.answered < r.asked) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(r.poll, events, EVENTS, 120000);
        if (n <= 0) bench_die("%s does not answer", l->system->name);
        for (int i = 0; i < n; i++)
            hear(&r, events[i].data.u32, until);
    }
    struct loaded out = { .rate = (double)r.answered / (now_s() - start) };
    qsort(r.took_ms, r.answered, sizeof *r.took_ms, by_size);
    out.p50_ms = (double)r.took_ms[r.answered / 2];
    out.p99_ms = (double)r.took_ms[r.answered * 99 / 100];
    for (unsigned i = 0; i < l->connections; i++)
        client_close(&r.clients[i]);
    close(r.poll);
    free(r.clients);
    free(r.since);
    free(r.took_ms);
    return out;
}
