/* seam_sim_wait.c - the simulated world: whose turn it is. Pollers and services are those who act.
 */
#include "run/seam_sim_int.h"

#include <errno.h>

#include "run/loop_int.h"

struct sim_watch {
    int handle;
    unsigned what;
    void *tag;
};

struct sim_poller {
    struct seam_poller poller;
    struct list node;
    struct sim_machine *machine;
    struct loop *owner;
    uint32_t id;
    struct sim_watch *watches;
    size_t n, cap;
    bool woken;
    bool asleep;       /* its last wait found nothing and could have lasted until … */
    uint64_t until_us; /* … then */
};

struct sim_service {
    struct seam_service service;
    struct list node;
    struct sim_machine *machine;
    uint32_t id;
    void (*step)(void *arg);
    void *arg;
    bool kicked;
    uint64_t at_us;
};

static struct sim_poller *sim_poller(struct seam_poller *p)
{
    return CONTAINER_OF(p, struct sim_poller, poller);
}

static struct sim_service *sim_service(struct seam_service *s)
{
    return CONTAINER_OF(s, struct sim_service, service);
}

/* --- pollers ---------------------------------------------------------------------------------- */

struct seam_poller *sim_poller_new(struct seam *s)
{
    struct sim_poller *p = MEM_NEW(struct sim_poller);
    p->poller.seam = s;
    p->machine = sim_machine(s);
    p->id = p->machine->world->next_id++;
    list_push_back(&p->machine->world->pollers, &p->node);
    return &p->poller;
}

void sim_poller_free(struct seam_poller *poller)
{
    struct sim_poller *p = sim_poller(poller);
    list_remove(&p->node);
    mem_free(p->watches);
    mem_free(p);
}

void sim_poller_owner(struct seam_poller *poller, struct loop *owner)
{
    sim_poller(poller)->owner = owner;
}

static struct sim_watch *watch_find(struct sim_poller *p, int handle)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->watches[i].handle == handle) return &p->watches[i];
    }
    return NULL;
}

int sim_poller_set(struct seam_poller *poller, int handle, unsigned what, void *tag, bool exclusive)
{
    (void)exclusive; /* one turn at a time: whoever comes second finds the listener quiet */
    struct sim_poller *p = sim_poller(poller);
    if (handle < 0 || (size_t)handle >= p->machine->handles_n) return -EBADF;
    struct sim_watch *watch = watch_find(p, handle);
    if (!watch && p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;
        p->watches = mem_resize(p->watches, p->cap, cap, sizeof(*p->watches));
        p->cap = cap;
    }
    if (!watch) watch = &p->watches[p->n++];
    *watch = (struct sim_watch){ handle, what, tag };
    return 0;
}

void sim_poller_forget(struct seam_poller *poller, int handle)
{
    struct sim_poller *p = sim_poller(poller);
    struct sim_watch *watch = watch_find(p, handle);
    if (watch) *watch = p->watches[--p->n];
}

/* What the watcher wants to hear of; a hang-up is told to all who are not silent. */
static unsigned watch_ready(const struct sim_poller *p, const struct sim_watch *watch)
{
    if (watch->what == 0) return 0;
    return sim_readiness(p->machine, watch->handle) & (watch->what | SEAM_HUP);
}

int sim_poller_wait(struct seam_poller *poller, struct seam_event *events, int n, uint64_t until)
{
    struct sim_poller *p = sim_poller(poller);
    int found = 0;
    /* The kernel promises no order. */
    size_t first = p->n > 0 ? sim_below(p->machine->world, p->n) : 0;
    for (size_t i = 0; i < p->n && found < n; i++) {
        const struct sim_watch *watch = &p->watches[(first + i) % p->n];
        unsigned what = watch_ready(p, watch);
        if (what) events[found++] = (struct seam_event){ watch->tag, what };
    }
    p->asleep = found == 0 && !p->woken && until > p->machine->world->now_us;
    p->until_us = until;
    p->woken = false;
    return found;
}

void sim_poller_wake(struct seam_poller *poller)
{
    sim_poller(poller)->woken = true;
}

/* A loop whose drain is over takes no more turns. */
static bool poller_acts(const struct sim_poller *p)
{
    return p->owner && !loop_drained(p->owner);
}

static bool poller_ready(const struct sim_poller *p)
{
    if (!poller_acts(p)) return false;
    if (!p->asleep || p->woken || p->until_us <= p->machine->world->now_us) return true;
    for (size_t i = 0; i < p->n; i++) {
        if (watch_ready(p, &p->watches[i])) return true;
    }
    return false;
}

/* --- services --------------------------------------------------------------------------------- */

struct seam_service *sim_service_new(struct seam *s, const char *name, void (*step)(void *),
                                     void *arg)
{
    (void)name;
    struct sim_service *v = MEM_NEW(struct sim_service);
    v->service.seam = s;
    v->machine = sim_machine(s);
    v->id = v->machine->world->next_id++;
    v->step = step;
    v->arg = arg;
    v->at_us = UINT64_MAX;
    list_push_back(&v->machine->world->services, &v->node);
    return &v->service;
}

void sim_service_kick(struct seam_service *service)
{
    sim_service(service)->kicked = true;
}

void sim_service_kick_at(struct seam_service *service, uint64_t mono_us)
{
    sim_service(service)->at_us = mono_us;
}

void sim_service_free(struct seam_service *service)
{
    struct sim_service *v = sim_service(service);
    list_remove(&v->node);
    mem_free(v);
}

static bool service_ready(const struct sim_service *v)
{
    return v->kicked || v->at_us <= v->machine->world->now_us;
}

static void service_run(struct sim_service *v)
{
    v->kicked = false;
    v->at_us = UINT64_MAX;
    v->step(v->arg);
}

/* --- turns ------------------------------------------------------------------------------------ */

void sim_rouse(struct sim_world *w)
{
    LIST_EACH(&w->pollers, node) {
        CONTAINER_OF(node, struct sim_poller, node)->asleep = false;
    }
}

/* Of all who could act now one is drawn: each order of events has its seed. */
bool sim_step(struct sim_world *w)
{
    uint64_t ready = 0;
    struct sim_poller *poller = NULL;
    struct sim_service *service = NULL;
    LIST_EACH(&w->pollers, node) {
        struct sim_poller *p = CONTAINER_OF(node, struct sim_poller, node);
        if (poller_ready(p) && sim_once_in(w, ++ready)) poller = p;
    }
    LIST_EACH(&w->services, node) {
        struct sim_service *v = CONTAINER_OF(node, struct sim_service, node);
        if (service_ready(v) && sim_once_in(w, ++ready)) service = v;
    }
    if (service) {
        sim_note(w, service->id);
        service_run(service);
    } else if (poller) {
        sim_note(w, poller->id);
        loop_run_once(poller->owner, true);
    }
    return ready > 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sim_wait_next_us(struct sim_world *w)
{
    uint64_t next = UINT64_MAX;
    LIST_EACH(&w->pollers, node) {
        struct sim_poller *p = CONTAINER_OF(node, struct sim_poller, node);
        if (poller_acts(p)) next = earlier(next, p->until_us);
    }
    LIST_EACH(&w->services, node)
        next = earlier(next, CONTAINER_OF(node, struct sim_service, node)->at_us);
    return next;
}
