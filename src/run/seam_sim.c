/* seam_sim.c - the simulated world: its clock and chance, its machines, and how it runs. */
#include "run/seam_sim_int.h"

#include <assert.h>
#include <errno.h>

#include "base/limits.h"

/* --- chance ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t sim_draw(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(*state);
}

uint64_t sim_below(struct sim_world *w, uint64_t n)
{
    return sim_draw(&w->random) % n;
}

bool sim_once_in(struct sim_world *w, uint64_t n)
{
    return sim_below(w, n) == 0;
}

void sim_note(struct sim_world *w, uint64_t what)
{
    w->digest = mix(w->digest ^ mix(what) ^ w->now_us);
}

/* --- clock and randomness of a machine -------------------------------------------------------- */

static uint64_t sim_mono_us(struct seam *s)
{
    return sim_machine(s)->world->now_us;
}

/* Every world begins on the first day of 2026. */
static int64_t sim_wall_us(struct seam *s)
{
    return INT64_C(1767225600000000) + (int64_t)sim_mono_us(s) + sim_machine(s)->wall_us;
}

static void sim_random(struct seam *s, void *p, size_t n)
{
    char *to = p;
    while (n > 0) {
        uint64_t drawn = sim_draw(&sim_machine(s)->random);
        size_t part = n < sizeof(drawn) ? n : sizeof(drawn);
        bytes_copy(to, n, &drawn, part);
        to += part;
        n -= part;
    }
}

/* --- handles ---------------------------------------------------------------------------------- */

int sim_handle_new(struct sim_machine *m, enum sim_kind kind, void *object)
{
    if (m->handles_n == m->handles_cap) {
        size_t cap = m->handles_cap ? 2 * m->handles_cap : 64;
        m->handles = mem_resize(m->handles, m->handles_cap, cap, sizeof(*m->handles));
        m->handles_cap = cap;
    }
    m->handles[m->handles_n] = (struct sim_handle){ kind, object };
    return (int)m->handles_n++;
}

void *sim_handle_get(struct sim_machine *m, int handle, enum sim_kind kind)
{
    if (handle < 0 || (size_t)handle >= m->handles_n) return NULL;
    return m->handles[handle].kind == kind ? m->handles[handle].object : NULL;
}

void sim_handle_drop(struct sim_machine *m, int handle)
{
    if (handle >= 0) m->handles[handle] = (struct sim_handle){ SIM_NONE, NULL };
}

/* --- machines --------------------------------------------------------------------------------- */

static void sim_free(struct seam *s)
{
    struct sim_machine *m = sim_machine(s);
    sim_net_forget(m);
    sim_cuts_forget(m->world, m);
    sim_files_free(m);
    sim_folder_free(m);
    list_remove(&m->node);
    mem_free(m->handles);
    mem_free(m);
}

static const struct seam_ops sim_ops = {
    .free = sim_free,
    .mono_us = sim_mono_us,
    .wall_us = sim_wall_us,
    .random = sim_random,
    .open = sim_open,
    .close = sim_close,
    .pread = sim_pread,
    .pread_cached = sim_pread_cached,
    .pwritev = sim_pwritev,
    .fdatasync = sim_fdatasync,
    .truncate = sim_truncate,
    .allocate = sim_allocate,
    .size = sim_size,
    .rename = sim_rename,
    .rename_new = sim_rename_new,
    .look = sim_look,
    .set_modified = sim_set_modified,
    .write_out = sim_write_out,
    .sync_all = sim_sync_all,
    .unlink = sim_unlink,
    .mkdir = sim_mkdir,
    .rmdir = sim_rmdir,
    .symlink = sim_symlink,
    .sync_dir = sim_sync_dir,
    .list = sim_list,
    .lock = sim_lock,
    .sync_failed = sim_sync_failed,
    .free_bytes = sim_free_bytes,
    .real_path = sim_real_path,
    .listen = sim_listen,
    .accept = sim_accept,
    .connect = sim_connect,
    .socket_error = sim_socket_error,
    .recv = sim_recv,
    .send = sim_send,
    .shutdown_write = sim_shutdown_write,
    .socket_close = sim_socket_close,
    .local_addr = sim_local_addr,
    .poller_new = sim_poller_new,
    .poller_free = sim_poller_free,
    .poller_owner = sim_poller_owner,
    .poller_set = sim_poller_set,
    .poller_forget = sim_poller_forget,
    .poller_wait = sim_poller_wait,
    .poller_wake = sim_poller_wake,
    .service_new = sim_service_new,
    .service_kick = sim_service_kick,
    .service_kick_at = sim_service_kick_at,
    .service_free = sim_service_free,
};

struct seam *sim_machine_new(struct sim_world *w, const char *name, const char *ip)
{
    struct sim_machine *m = MEM_NEW(struct sim_machine);
    enum err e = netaddr_parse(str_of(ip), 0, &m->ip);
    assert(!e && "a machine's address is IPv4 or IPv6");
    (void)e;
    str text = str_of(name);
    bytes_copy(m->name, sizeof(m->name) - 1, text.p, text.n);
    m->seam.ops = &sim_ops;
    m->seam.data_dir = "/data";
    m->world = w;
    m->random = sim_draw(&w->random);
    m->next_port = 32768;
    sim_files_init(m);
    list_push_back(&w->machines, &m->node);
    seam_dns_set(&m->seam, &sim_dns_ops, m);
    return &m->seam;
}

void sim_machine_disk(struct seam *machine, uint64_t bytes)
{
    sim_machine(machine)->pages_max = bytes / SIM_PAGE_BYTES;
}

void sim_machine_power_cut(struct seam *machine)
{
    struct sim_machine *m = sim_machine(machine);
    assert(!m->off);
    m->off = true;
    sim_note(m->world, m->ip.ip[3]);
    sim_net_power_cut(m);
    sim_files_power_cut(m);
    for (size_t i = 0; i < m->handles_n; i++) {
        struct sim_handle *h = &m->handles[i];
        if (h->kind == SIM_FILE || h->kind == SIM_SOCKET)
            *h = (struct sim_handle){ SIM_LOST, NULL };
    }
}

void sim_machine_power_on(struct seam *machine)
{
    struct sim_machine *m = sim_machine(machine);
    assert(m->off);
    m->off = false;
    sim_net_power_on(m);
}

bool sim_machine_has_power(struct seam *machine)
{
    return !sim_machine(machine)->off;
}

void sim_machine_power_cut_at(struct seam *machine, uint64_t change)
{
    struct sim_machine *m = sim_machine(machine);
    m->cut_at = change > 0 ? m->asked + change : 0;
}

uint64_t sim_machine_changes(struct seam *machine)
{
    return sim_machine(machine)->asked;
}

bool sim_may_change(struct sim_machine *m)
{
    m->asked++;
    if (!m->off && m->asked == m->cut_at) sim_machine_power_cut(&m->seam);
    return !m->off;
}

/* --- the world -------------------------------------------------------------------------------- */

struct sim_world *sim_world_new(uint64_t seed)
{
    struct sim_world *w = MEM_NEW(struct sim_world);
    w->random = seed;
    w->now_us = 1000000; /* not 0: a time of 0 is often "never" to those who forget */
    w->arena = arena_make(SIM_DNS_BYTES);
    list_init(&w->machines);
    list_init(&w->pollers);
    list_init(&w->services);
    list_init(&w->sockets);
    list_init(&w->records);
    list_init(&w->cuts);
    return w;
}

void sim_world_free(struct sim_world *w)
{
    if (!w) return;
    LIST_EACH_SAFE(&w->machines, node)
        seam_free(&CONTAINER_OF(node, struct sim_machine, node)->seam);
    assert(list_empty(&w->pollers) && list_empty(&w->services));
    arena_free(&w->arena);
    mem_free(w);
}

static uint64_t next_us(struct sim_world *w)
{
    uint64_t wait = sim_wait_next_us(w), net = sim_net_next_us(w);
    return wait < net ? wait : net;
}

static void clock_set(struct sim_world *w, uint64_t now_us)
{
    if (now_us > w->now_us) w->now_us = now_us;
    w->steps_now = 0;
    sim_net_settle(w);
}

bool sim_world_run(struct sim_world *w, uint64_t until_mono_us)
{
    sim_rouse(w);
    for (;;) {
        while (sim_step(w)) {
            w->steps_now++;
            assert(w->steps_now < SIM_STEPS_PER_INSTANT && "somebody turns in circles");
        }
        uint64_t next = next_us(w);
        if (next == UINT64_MAX) return true;
        clock_set(w, next < until_mono_us ? next : until_mono_us);
        if (next > until_mono_us) return false;
    }
}

uint64_t sim_world_digest(const struct sim_world *w)
{
    return w->digest;
}
