/* players.c - everybody who does something in a world, each on a fiber of the people's machine. */
#include <stdio.h>

#include "simulate/simulate.h"

const struct player_kind *const player_kinds[] = { &submitter_kind, &stranger_kind,
                                                   &imap_device_kind, &pop3_device_kind };
const size_t player_kinds_n = COUNT_OF(player_kinds);

static void player_new(struct world *w, const struct player_kind *kind, unsigned index)
{
    must(w->players_n < PLAYERS_MAX);
    struct player *a = &w->players[w->players_n++];
    *a = (struct player){ .kind = kind, .world = w, .index = index };
    a->chance.state = below(&w->chance, UINT64_MAX);
    if (kind->make) kind->make(a);
}

void players_make(struct world *w)
{
    w->people = sim_machine_new(w->sim, "people", "10.0.1.1");
    w->people_loop = loop_new(w->people, 0);
    for (size_t i = 0; i < player_kinds_n; i++) {
        unsigned n = player_kinds[i]->how_many(w, &w->chance);
        for (unsigned k = 0; k < n; k++)
            player_new(w, player_kinds[i], k);
    }
}

static void act_run(void *arg)
{
    struct player *a = arg;
    a->kind->act(a);
    a->done = true;
}

static void settle_run(void *arg)
{
    struct player *a = arg;
    a->kind->settle(a);
    a->done = true;
}

void players_start(struct world *w, bool settle)
{
    for (unsigned i = 0; i < w->players_n; i++) {
        struct player *a = &w->players[i];
        bool has = settle ? a->kind->settle != NULL : a->kind->act != NULL;
        a->done = !has;
        if (has) must(!fiber_start(w->people_loop, FIBER_SYSTEM, settle ? settle_run : act_run, a));
    }
}

bool players_done(const struct world *w)
{
    for (unsigned i = 0; i < w->players_n; i++)
        if (!w->players[i].done) return false;
    return true;
}

void players_end(struct world *w)
{
    loop_stop(w->people_loop, 5000);
    sim_world_run(w->sim, seam_mono_us(w->people) + 6 * SECOND_US);
    for (unsigned i = 0; i < w->players_n; i++)
        if (w->players[i].kind->end) w->players[i].kind->end(&w->players[i]);
    loop_free(w->people_loop);
}

bool player_sleep(struct player *a, int64_t us)
{
    return fiber_sleep_until(seam_mono_us(a->world->people) + (uint64_t)us) == OK;
}

struct conn *world_connect(struct server *s, enum server_port port)
{
    struct connect_options to = { .connect_ms = 10000 };
    struct conn *c;
    char at[32];
    snprintf(at, sizeof at, "%s:%d", s->ip, (int)port);
    must(!netaddr_parse(str_of(at), 0, &to.to));
    return conn_connect(&to, &c, NULL) ? NULL : c;
}
