/* mishaps.c - what goes wrong in a world: drawn before it begins, struck when it is due, mended. */
#include <errno.h>

#include "simulate/simulate.h"

static uint64_t now_us(const struct world *w)
{
    return seam_mono_us(w->people);
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
    tell(w, "%s has lost power", s->host);
    count_up(TALLY_POWER_CUTS, 1);
    sim_machine_power_cut_at(s->m.seam, 0);
    server_halt(s);
    back_later(w, s);
}

static void power_cut(struct world *w, struct server *s)
{
    if (s->state != SERVER_UP || !sim_machine_has_power(s->m.seam)) return;
    sim_machine_power_cut(s->m.seam);
    goes_dark(w, s);
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

static void disk_fails(struct world *w, struct server *s)
{
    struct seam_fault some = { .nth = 1 + below(&w->chance, 10),
                               .times = 1 + below(&w->chance, 6),
                               .error = -EIO };
    struct seam_faults plan = { 0 };
    struct seam_fault *const which[] = { &plan.write, &plan.sync, &plan.open };
    static const char *const names[] = { "write", "sync", "open" };
    uint64_t drawn = below(&w->chance, COUNT_OF(which));
    *which[drawn] = some;
    tell(w, "%s: its disk fails to %s, %llu times after %llu", s->host, names[drawn],
         (unsigned long long)some.times, (unsigned long long)some.nth - 1);
    count_up(TALLY_DISK_FAULTS, 1);
    seam_faults(s->m.seam, &plan);
}

static void disk_mended(struct world *w, struct server *s)
{
    tell(w, "%s: its disk is mended", s->host);
    seam_faults(s->m.seam, NULL);
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
    { 3, power_cut, NULL },           { 6, power_cut_inside, NULL },  { 2, restart, NULL },
    { 2, disk_fills, disk_has_room }, { 2, disk_fails, disk_mended }, { 1, dns_fails, dns_right },
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
    count_up(TALLY_POWER_CUTS_INSIDE, 1);
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
        seam_faults(s->m.seam, NULL);
        notice(w, s);
        s->back_at_us = 0;
        come_up(w, s);
        if (s->state != SERVER_UP) world_broken(w, "%s does not come up any more", s->host);
    }
}
