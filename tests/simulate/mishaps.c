/* mishaps.c - what goes wrong in a world: drawn before it begins, struck when it is due, mended. */
#include <errno.h>

#include "simulate/simulate.h"

static uint64_t now_us(const struct world *w)
{
    return seam_mono_us(w->people);
}

/* --- in the middle of a conversation ------------------------------------------------------------
 */

enum { CONVERSATION_US = 60000 }; /* most are over by then */

static void moment_has_come(struct timer *t)
{
    struct server *s = CONTAINER_OF(t, struct server, moment);
    s->excited = false;
    if (s->armed && !s->world->calm && s->state == SERVER_UP && sim_machine_has_power(s->m.seam))
        s->armed(s->world, s);
    s->armed = NULL;
}

static void excitement_heard(struct loop_post *p)
{
    struct server *s = CONTAINER_OF(p, struct server, excitement);
    uint64_t in = 1 + below(&s->world->chance, CONVERSATION_US);
    timer_set(s->world->people_loop, &s->moment, seam_mono_us(s->world->people) + in);
}

void mishaps_excite(struct world *w)
{
    struct server *s = server_of_turn(w);
    if (!s || !s->armed || s->excited) return;
    s->excited = true;
    s->excitement.run = excitement_heard;
    s->moment.fire = moment_has_come;
    loop_post(w->people_loop, &s->excitement);
}

/* --- each kind -------------------------------------------------------------------------------- */

static void back_later(struct world *w, struct server *s)
{
    uint64_t most =
        once_in(&w->chance, 3) ? (uint64_t)(10 * MINUTE_US) : (uint64_t)(20 * SECOND_US);
    s->back_at_us = now_us(w) + below(&w->chance, most);
}

/* It has no power: its ghost ends, and it comes back later. */
static void goes_dark(struct world *w, struct server *s)
{
    tell(w, "%s is dark", s->host);
    count_up(TALLY_POWER_CUTS, 1);
    if (!s->cut_outside) count_up(TALLY_POWER_CUTS_INSIDE, 1);
    s->cut_outside = false;
    sim_machine_power_cut_at(s->m.seam, 0);
    server_halt(s);
    back_later(w, s);
}

static void power_off(struct world *w, struct server *s)
{
    tell(w, "%s loses power", s->host);
    s->cut_outside = true;
    sim_machine_power_cut(s->m.seam);
}

static void power_cut(struct world *w, struct server *s)
{
    if (s->state != SERVER_UP || !sim_machine_has_power(s->m.seam)) return;
    power_off(w, s);
    goes_dark(w, s);
}

static void power_cut_talking(struct world *w, struct server *s)
{
    (void)w;
    s->armed = power_off;
}

static void power_cut_inside(struct world *w, struct server *s)
{
    uint64_t change = 1 + below(&w->chance, 40);
    tell(w, "%s will lose power at its change %llu", s->host, (unsigned long long)change);
    sim_machine_power_cut_at(s->m.seam, change);
}

static void restart(struct world *w, struct server *s)
{
    if (s->state != SERVER_UP) return;
    tell(w, "%s is stopped in good order", s->host);
    count_up(TALLY_RESTARTS, 1);
    server_halt(s);
    back_later(w, s);
}

static void disk_fills(struct world *w, struct server *s)
{
    tell(w, "%s: its disk is full", s->host);
    count_up(TALLY_DISKS_FULL, 1);
    sim_machine_disk(s->m.seam, below(&w->chance, 4) * 65536);
}

static void disk_has_room(struct world *w, struct server *s)
{
    tell(w, "%s: its disk has room", s->host);
    sim_machine_disk(s->m.seam, DISK_BYTES);
}

/* For a while some of its calls fail; it says so again and again, so that no mending is planned. */
static void disk_fails(struct world *w, struct server *s)
{
    static const struct {
        unsigned what;
        const char *name;
    } kinds_of[] = { { SIM_WRITES, "writes" },
                     { SIM_SYNCS, "syncs" },
                     { SIM_READS, "reads" },
                     { SIM_WRITES | SIM_SYNCS, "writes and syncs" } };
    uint64_t drawn = below(&w->chance, COUNT_OF(kinds_of));
    struct sim_trouble trouble = { .what = kinds_of[drawn].what,
                                   .error = -EIO,
                                   .one_in = 1 + (unsigned)below(&w->chance, 12),
                                   .until_mono_us =
                                       now_us(w) + below(&w->chance, (uint64_t)(3 * MINUTE_US)) };
    tell(w, "%s: its disk fails %s, one in %u", s->host, kinds_of[drawn].name, trouble.one_in);
    sim_machine_trouble(s->m.seam, &trouble);
}

static void break_now(struct world *w, struct server *s)
{
    enum sim_drop how = once_in(&w->chance, 3) ? SIM_DROP_SILENT : SIM_DROP_RESET;
    size_t n = sim_machine_drop(s->m.seam, how, 1 + below(&w->chance, 4));
    tell(w, "%s: %zu connections break%s", s->host, n, how == SIM_DROP_SILENT ? " in silence" : "");
    count_up(TALLY_DROPS, n);
}

static void connections_break(struct world *w, struct server *s)
{
    (void)w;
    s->armed = break_now;
}

static void cut_now(struct world *w, struct server *s)
{
    struct server *other = world_server(w, (unsigned)below(&w->chance, w->servers_n));
    struct seam *from = other == s ? NULL : other->m.seam;
    uint64_t us = below(&w->chance, (uint64_t)(2 * MINUTE_US));
    tell(w, "%s hears nothing of %s for %llu s", s->host, from ? other->host : "anybody",
         (unsigned long long)us / SECOND_US);
    count_up(TALLY_CUTS, 1);
    sim_cut(s->m.seam, from, now_us(w) + us);
}

static void network_cut(struct world *w, struct server *s)
{
    if (once_in(&w->chance, 2))
        s->armed = cut_now;
    else
        cut_now(w, s);
}

/* Mostly by minutes; seldom by days, and then letters may expire. */
static void clock_jumps(struct world *w, struct server *s)
{
    bool far = once_in(&w->chance, 8);
    int64_t us = (int64_t)below(&w->chance, (uint64_t)(far ? 6 * DAY_US : 20 * MINUTE_US));
    bool back = once_in(&w->chance, 2);
    tell(w, "%s: its clock jumps %s by %lld s", s->host, back ? "back" : "forward",
         (long long)(us / SECOND_US));
    count_up(TALLY_CLOCK_JUMPS, 1);
    w->jumped_us += us;
    sim_machine_clock(s->m.seam, back ? -us : us);
}

static void dns_fails(struct world *w, struct server *s)
{
    (void)s;
    tell(w, "DNS fails");
    count_up(TALLY_DNS_FAILURES, 1);
    sim_dns_fail(w->sim, true);
}

static void dns_right(struct world *w, struct server *s)
{
    (void)s;
    tell(w, "DNS answers again");
    sim_dns_fail(w->sim, false);
}

/* --- the schedule ----------------------------------------------------------------------------- */

static const struct mishap_kind {
    unsigned weight;
    void (*strike)(struct world *w, struct server *s);
    void (*mend)(struct world *w, struct server *s); /* NULL: it mends itself */
} kinds[] = {
    { 2, power_cut, NULL },      { 4, power_cut_talking, NULL },   { 8, power_cut_inside, NULL },
    { 3, restart, NULL },        { 2, disk_fills, disk_has_room }, { 3, disk_fails, NULL },
    { 1, dns_fails, dns_right }, { 4, connections_break, NULL },   { 2, network_cut, NULL },
    { 2, clock_jumps, NULL },
};

static const struct mishap_kind *kind_draw(struct chance *c)
{
    unsigned all = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        all += kinds[i].weight;
    uint64_t drawn = below(c, all);
    const struct mishap_kind *kind = kinds;
    while (drawn >= kind->weight)
        drawn -= (kind++)->weight;
    return kind;
}

static void plan(struct world *w, uint64_t at_us, void (*what)(struct world *, struct server *),
                 unsigned server)
{
    if (w->mishaps_n == MISHAPS_MAX) return;
    w->mishaps[w->mishaps_n++] = (struct mishap){ at_us, what, server };
}

void mishaps_draw(struct world *w)
{
    for (unsigned i = 0; i < w->servers_n; i++)
        sim_machine_disk(w->servers[i].m.seam, DISK_BYTES);
    if (w->untroubled) return;
    uint64_t began = now_us(w), length = w->storm_end_us - began;
    for (uint64_t n = 1 + below(&w->chance, MISHAPS_MAX / 2); n > 0; n--) {
        const struct mishap_kind *kind = kind_draw(&w->chance);
        uint64_t at = began + below(&w->chance, length);
        unsigned server = (unsigned)below(&w->chance, w->servers_n);
        plan(w, at, kind->strike, server);
        if (kind->mend) plan(w, at + below(&w->chance, length / 4), kind->mend, server);
    }
}

/* A machine that lost power inside a change went silent by itself. */
static void notice(struct world *w, struct server *s)
{
    if (s->state != SERVER_UP || sim_machine_has_power(s->m.seam)) return;
    goes_dark(w, s);
}

static void come_up(struct world *w, struct server *s)
{
    if (s->state != SERVER_DOWN || now_us(w) < s->back_at_us) return;
    if (!sim_machine_has_power(s->m.seam)) sim_machine_power_on(s->m.seam);
    if (!server_boot(s)) back_later(w, s);
}

void mishaps_strike(struct world *w)
{
    for (unsigned i = 0; i < w->servers_n; i++) {
        notice(w, &w->servers[i]);
        come_up(w, &w->servers[i]);
    }
    for (unsigned i = 0; i < w->mishaps_n; i++) {
        struct mishap *m = &w->mishaps[i];
        if (!m->strike || m->at_us > now_us(w)) continue;
        void (*strike)(struct world *, struct server *) = m->strike;
        m->strike = NULL;
        observer_look(w);
        strike(w, &w->servers[m->server]);
    }
}

void mishaps_end(struct world *w)
{
    w->mishaps_n = 0;
    sim_dns_fail(w->sim, false);
    for (unsigned i = 0; i < w->servers_n; i++) {
        struct server *s = &w->servers[i];
        sim_machine_power_cut_at(s->m.seam, 0);
        sim_machine_disk(s->m.seam, DISK_BYTES);
        struct sim_trouble none = { 0 };
        count_up(TALLY_DISK_FAULTS, sim_machine_troubled(s->m.seam));
        sim_machine_trouble(s->m.seam, &none);
        notice(w, s);
        s->back_at_us = 0;
        s->armed = NULL;
        come_up(w, s);
        if (s->state != SERVER_UP) world_broken(w, "%s does not come up any more", s->host);
    }
}
