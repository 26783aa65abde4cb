/* aims.c - whom a letter may be written to, and where that leads: server.c makes the directory that
 * this knows. */
#include <stdio.h>

#include "simulate/simulate.h"

static void hop(struct aim *a, const char *local, const struct server *at)
{
    snprintf(a->path[a->hops++], ADDRESS_MAX, "%s@%s", local, at->domain);
}

static struct server *after(struct world *w, const struct server *s)
{
    return world_server(w, s->index + 1);
}

static unsigned to_user(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)w;
    hop(out, user_names[below(c, USER_FULL)], s);
    out->reachable = true;
    return 1;
}

/* Mail with a tag is the user's; a bounce names the address with it. */
static unsigned to_tag(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)w;
    const char *name = user_names[below(c, USER_FULL)];
    char tagged[ADDRESS_MAX];
    snprintf(tagged, sizeof tagged, "%s+tag", name);
    hop(out, tagged, s);
    hop(out, name, s);
    out->reachable = true;
    return 1;
}

static unsigned to_team(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)w;
    (void)c;
    for (unsigned i = 0; i < 2; i++) {
        hop(&out[i], "team", s);
        hop(&out[i], user_names[i], s);
        out[i].reachable = true;
    }
    return 2;
}

static unsigned to_away(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)c;
    hop(out, "away", s);
    hop(out, "carol", after(w, s));
    out->reachable = true;
    return 1;
}

static unsigned to_round(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)c;
    hop(out, "round", s);
    hop(out, "back", after(w, s));
    hop(out, "bob", s);
    out->reachable = true;
    return 1;
}

static unsigned to_full(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)w;
    (void)c;
    hop(out, user_names[USER_FULL], s);
    out->reachable = out->may_fail = true;
    return 1;
}

static unsigned to_ghost(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)w;
    (void)c;
    hop(out, "ghost", s);
    return 1;
}

static unsigned to_lost(struct world *w, struct chance *c, const struct server *s, struct aim *out)
{
    (void)c;
    hop(out, "lost", s);
    hop(out, "ghost", after(w, s));
    return 1;
}

static const struct {
    unsigned weight;
    unsigned (*fill)(struct world *w, struct chance *c, const struct server *s, struct aim *out);
} ways[] = {
    { 10, to_user }, { 1, to_tag },  { 2, to_team },  { 3, to_away },
    { 2, to_round }, { 1, to_full }, { 2, to_ghost }, { 2, to_lost },
};

unsigned aims_draw(struct chance *c, struct server *at, struct aim *out, unsigned max)
{
    unsigned all = 0;
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        all += ways[i].weight;
    must(max >= 2);
    for (unsigned i = 0; i < max; i++)
        out[i] = (struct aim){ .hops = 0 };
    uint64_t drawn = below(c, all);
    size_t way = 0;
    while (drawn >= ways[way].weight)
        drawn -= ways[way++].weight;
    return ways[way].fill(at->world, c, at, out);
}
