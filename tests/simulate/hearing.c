/* hearing.c - what the servers' logs say: which handover was recorded by its sender, and what may
 * never be logged. */
#include <stdio.h>

#include "base/log.h"
#include "base/map.h"
#include "simulate/simulate.h"

enum { RECORDED_MAX = 100000 };

struct hearing {
    struct world *world;
    struct map *recorded; /* ids whose 250 the handing server read, and wrote down */
};

/* Never, whatever the weather. */
static const char *const forbidden[] = { "store.corrupt", "server.stuck", "store.copy_left" };

/* "… reply="250 2.0.0 ok, id 0123456789abcdef" …" */
static void note_delivered(struct hearing *h, str line)
{
    size_t at = str_find(line, S("ok, id "));
    if (at == STR_NPOS) return;
    str id = str_from(line, at + 7);
    size_t end = str_chr(id, '"');
    must(!map_put(h->recorded, str_take(id, end), h));
}

static void note_accepted(struct world *w)
{
    struct server *s = server_of_turn(w);
    if (!s) return;
    s->accepted_us = seam_mono_us(w->people);
    s->troubled = sim_machine_troubled(s->m.seam);
}

static void hear_line(void *arg, enum log_level level, str line)
{
    struct hearing *h = arg;
    str rest = line, event;
    (void)level;
    str_split(&rest, ' ', &event);
    str_split(&rest, ' ', &event);
    if (str_ends(event, S(".connected"))) mishaps_excite(h->world);
    if (str_eq(event, S("smtp.accepted"))) note_accepted(h->world);
    if (str_eq(event, S("relay.delivered"))) note_delivered(h, line);
    for (size_t i = 0; i < COUNT_OF(forbidden); i++)
        if (str_eq(event, str_of(forbidden[i])))
            world_broken(h->world, "a server says: %.*s", STR_ARG(str_chomp(line)));
    if (story_shown) tell(h->world, "    %.*s", STR_ARG(str_chomp(line)));
}

void hearing_begin(struct world *w)
{
    static const uint8_t seed[16];
    w->hearing = MEM_NEW(struct hearing);
    *w->hearing = (struct hearing){ .world = w, .recorded = map_new(RECORDED_MAX, seed) };
    log_level_set(LOG_INFO);
    log_to(hear_line, w->hearing);
}

bool hearing_recorded(const struct world *w, str id)
{
    return map_get(w->hearing->recorded, id) != NULL;
}

void hearing_end(struct world *w)
{
    log_to(NULL, NULL);
    map_free(w->hearing->recorded);
    mem_free(w->hearing);
    w->hearing = NULL;
}
