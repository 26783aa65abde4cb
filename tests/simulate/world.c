/* world.c - one seed from beginning to end: made, stormed, calmed, judged. */
#include <stdio.h>

#include "simulate/simulate.h"

enum { LOOK_EVERY_MS = 500, LOOKS_OBSERVED = 20, SETTLE_HOURS = 4, CALM_DAYS = 20 };

uint64_t below(struct chance *c, uint64_t n)
{
    c->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = c->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

bool once_in(struct chance *c, uint64_t n)
{
    return below(c, n) == 0;
}

struct server *world_server(struct world *w, unsigned index)
{
    return &w->servers[index % w->servers_n];
}

static uint64_t now_us(const struct world *w)
{
    return seam_mono_us(w->people);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void world_make(struct world *w, uint64_t seed)
{
    *w = (struct world){ .seed = seed, .sim = sim_world_new(seed), .chance = { seed } };
    w->servers_n = 2 + (unsigned)below(&w->chance, SERVERS_MAX - 1);
    w->untroubled = once_in(&w->chance, 12);
    w->observer = observer_new();
    hearing_begin(w);
    players_make(w);
    for (unsigned i = 0; i < w->servers_n; i++)
        server_make(w, i);
    for (unsigned i = 0; i < w->servers_n; i++)
        must(server_boot(&w->servers[i]));
    w->storm_end_us =
        now_us(w) + (uint64_t)(MINUTE_US + (int64_t)below(&w->chance, 2) * 20 * MINUTE_US);
    mishaps_draw(w);
}

/* --- the storm -------------------------------------------------------------------------------- */

static void storm(struct world *w)
{
    tell(w, "seed %llu: %u servers, %u players, %u minutes%s", (unsigned long long)w->seed,
         w->servers_n, w->players_n, (unsigned)(w->storm_end_us / MINUTE_US),
         w->untroubled ? ", untroubled" : "");
    players_start(w, false);
    unsigned looks = 0;
    while (now_us(w) < w->storm_end_us) {
        uint64_t next = now_us(w) + LOOK_EVERY_MS * 1000;
        sim_world_run(w->sim, next < w->storm_end_us ? next : w->storm_end_us);
        mishaps_strike(w);
        if (++looks % LOOKS_OBSERVED == 0) observer_look(w);
    }
}

/* --- the calm --------------------------------------------------------------------------------- */

static bool wait_for_players(struct world *w, const char *what)
{
    uint64_t end = now_us(w) + (uint64_t)(SETTLE_HOURS * HOUR_US);
    while (!players_done(w) && now_us(w) < end)
        sim_world_run(w->sim, now_us(w) + (uint64_t)SECOND_US);
    if (players_done(w)) return true;
    for (unsigned i = 0; i < w->players_n; i++)
        if (!w->players[i].done)
            world_broken(w, "%s[%u] hangs (%s)", w->players[i].kind->name, w->players[i].index,
                         what);
    return false;
}

static uint64_t queued(struct world *w)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < w->servers_n; i++) {
        struct view *v = store_view(w->servers[i].m.store);
        if (v) n += store_queue_count(v);
        if (v) view_end(v);
    }
    return n;
}

/* Days are cheap: until every queue is empty, or everything in it must long have expired. */
static void drain(struct world *w)
{
    uint64_t end = now_us(w) + (uint64_t)(CALM_DAYS * DAY_US) + (uint64_t)w->jumped_us;
    while (queued(w) && now_us(w) < end)
        sim_world_run(w->sim, now_us(w) + (uint64_t)(10 * MINUTE_US));
    if (queued(w)) world_broken(w, "%llu letters stay queued", (unsigned long long)queued(w));
}

static void calm_down(struct world *w)
{
    tell(w, "the storm is over");
    mishaps_end(w);
    w->calm = true;
    if (!wait_for_players(w, "act")) return;
    drain(w);
    sim_world_run(w->sim, now_us(w) + (uint64_t)MINUTE_US);
    players_start(w, true);
    wait_for_players(w, "settle");
}

/* --- the end ---------------------------------------------------------------------------------- */

static void world_end(struct world *w)
{
    players_end(w);
    for (unsigned i = 0; i < w->servers_n; i++) {
        if (w->servers[i].state == SERVER_UP) server_halt(&w->servers[i]);
        config_free(w->servers[i].m.config);
    }
    hearing_end(w);
    observer_free(w->observer);
    sim_world_free(w->sim);
}

bool world_play(uint64_t seed, uint64_t *digest)
{
    struct world *w = MEM_NEW(struct world);
    world_make(w, seed);
    storm(w);
    calm_down(w);
    judge(w);
    *digest = sim_world_digest(w->sim);
    world_end(w);
    bool good = w->broken == 0;
    mem_free(w);
    return good;
}
