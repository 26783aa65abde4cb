/* relay.c - the scheduler: which destinations to talk to now, and how many at once.
 *
 * One fiber on one loop. It sleeps until the next attempt is due, the queue changes, or a
 * conversation ends; then it feeds what is due to the destinations and starts a fiber for each
 * conversation that may begin. Destinations have their turns in a circle, so none holds up another.
 */
#include "base/log.h"
#include "relay/relay_int.h"

/* clang-format off */
static const struct setting rows[] = {
    { "port",              SET_COUNT,    offsetof(struct relay_settings, port),                "25",   1, 65535,      NULL, "Port that other servers are reached on." },
    { "retry_first",       SET_DURATION, offsetof(struct relay_settings, retry_first_ms),      "5m",   100, 86400000, NULL, "Gap before the second attempt; it doubles with each." },
    { "retry_max",         SET_DURATION, offsetof(struct relay_settings, retry_max_ms),        "4h",   100, 604800000, NULL, "The longest gap." },
    { "give_up",           SET_DURATION, offsetof(struct relay_settings, give_up_ms),          "5d",   1000, 2592000000, NULL, "Mail that waited this long goes back to its sender." },
    { "delay_notice",      SET_DURATION, offsetof(struct relay_settings, delay_notice_ms),     "4h",   1000, 2592000000, NULL, "After this long the sender is told that it waits." },
    { "conversations_max", SET_COUNT,    offsetof(struct relay_settings, conversations_max),   "100",  1, 500,        NULL, "Conversations at once with all other servers." },
    { "per_destination",   SET_COUNT,    offsetof(struct relay_settings, per_destination_max), "10",   1, 500,        NULL, "Conversations at once for one domain." },
    { "per_connection",    SET_COUNT,    offsetof(struct relay_settings, messages_max),        "100",  1, 100000,     NULL, "Messages over one connection." },
    { "connect",           SET_DURATION, offsetof(struct relay_settings, connect_ms),          "30s",  100, 600000,   NULL, "A connection must be made by then." },
    { "command",           SET_DURATION, offsetof(struct relay_settings, command_ms),          "5m",   100, 3600000,  NULL, "A reply to a command must come by then." },
    { "data",              SET_DURATION, offsetof(struct relay_settings, data_ms),             "10m",  100, 3600000,  NULL, "The reply to a whole message must come by then." },
    { "tls",               SET_CHOICE,   offsetof(struct relay_settings, tls),                 "may",  0, 0, "may|encrypt|verify", "Encrypt when offered, always, or always and only with a valid certificate." },
    { "ca_file",           SET_PATH,     offsetof(struct relay_settings, ca_file),             "",     0, 0,          NULL, "Certificate authorities for tls = verify; empty: the system's." },
    { "source",            SET_LIST,     offsetof(struct relay_settings, source),              "",     0, 0,          NULL, "Connect from these addresses, one IPv4, one IPv6; empty: the system chooses." },
};
/* clang-format on */
const struct settings_section relay_section = {
    .name = "relay",
    .size = sizeof(struct relay_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "Carrying mail to other servers.",
};

/* --- life ------------------------------------------------------------------------------------- */

int64_t relay_now_us(struct relay *r)
{
    uint64_t mono_us = seam_mono_us(r->seam);
    int64_t wall_us = seam_wall_us(r->seam);
    int64_t now_us = r->since_us + (int64_t)(mono_us - r->since_mono_us);
    if (now_us < wall_us) now_us = wall_us;
    r->since_us = now_us;
    r->since_mono_us = mono_us;
    return now_us;
}

enum err relay_new(struct seam *seam, struct store *store, struct deliver *deliver,
                   const struct config *config, struct relay **out, struct buf *why)
{
    struct relay *r = MEM_NEW(struct relay);
    uint8_t seed[16];
    *r = (struct relay){ .seam = seam,
                         .store = store,
                         .deliver = deliver,
                         .settings = config_section(config, "relay") };
    /* Not before any time that an entry was given by an earlier clock. */
    r->since_us = engine_stats(store_engine(store)).opened_us;
    r->since_mono_us = seam_mono_us(seam);
    seam_random(seam, seed, sizeof seed);
    lock_init(&r->lock);
    list_init(&r->served);
    r->destinations = map_new(RELAY_DESTINATIONS, seed);
    r->taken = map_new(RELAY_TAKEN + RELAY_DESTINATIONS * RELAY_WAITING_FEW, seed);
    enum err e = routes_read(&r->routes, seam, config, why);
    if (e) {
        relay_free(r);
        return e;
    }
    *out = r;
    return OK;
}

void relay_free(struct relay *r)
{
    if (!r) return;
    destinations_free(r);
    routes_free(&r->routes);
    map_free(r->taken);
    map_free(r->destinations);
    lock_end(&r->lock);
    mem_free(r);
}

enum err relay_check(struct seam *seam, const struct config *config, struct buf *why)
{
    struct relay_routes routes;
    enum err e = routes_read(&routes, seam, config, why);
    routes_free(&routes);
    return e;
}

/* --- conversations ---------------------------------------------------------------------------- */

static void count(struct conversation *c, size_t by)
{
    c->relay->conversations += by;
    c->destination->conversations += by;
    if (c->counted_troubled) c->relay->troubled += by;
}

static void conversation_free(struct conversation *c)
{
    count(c, (size_t)-1);
    if (c->job) job_free(c->job);
    arena_free(&c->arena);
    mem_free(c);
}

/* False: nothing was left to carry, or no fiber is to be had. */
static bool conversation_start(struct destination *d)
{
    struct relay *r = d->relay;
    struct job *j = job_next(d);
    if (!j) return false;
    struct conversation *c = MEM_NEW(struct conversation);
    *c = (struct conversation){ .relay = r,
                                .destination = d,
                                .job = j,
                                .arena = arena_make(RELAY_ARENA_BYTES),
                                .counted_troubled = d->failures > 0 };
    count(c, 1);
    if (!fiber_start(r->loop, FIBER_SYSTEM, conversation_run, c)) return true;
    conversation_free(c); /* its entries stay due */
    return false;
}

void conversation_done(struct conversation *c)
{
    struct relay *r = c->relay;
    conversation_free(c);
    if (r->ending)
        fiber_wake(r->ending);
    else
        bell_ring(&r->bell);
}

/* --- one pass --------------------------------------------------------------------------------- */

/* Each in its turn, one conversation a round, until none may have another. */
static void start_conversations(struct relay *r)
{
    bool any = true;
    while (any) {
        any = false;
        LIST_EACH(&r->served, node) {
            struct destination *d = CONTAINER_OF(node, struct destination, node);
            if (destination_may_start(d)) any |= conversation_start(d);
        }
    }
}

static uint64_t earliest_pause(const struct relay *r)
{
    uint64_t at = UINT64_MAX;
    LIST_EACH(&r->served, node) {
        const struct destination *d = CONTAINER_OF(node, struct destination, node);
        if (d->n && destination_paused(d) && d->paused_until_us < at) at = d->paused_until_us;
    }
    return at;
}

/* Those who were served first come last in the next round. */
static void turn(struct relay *r)
{
    if (list_empty(&r->served)) return;
    struct list *first = r->served.next;
    list_remove(first);
    list_push_back(&r->served, first);
}

/* Returns the wall clock of the next thing to do. Waits. */
static int64_t pass_run(struct relay *r)
{
    if (atomic_exchange(&r->hurry, false)) destinations_hurry(r);
    int64_t next_us = feed(r);
    turn(r);
    if (!loop_draining(r->loop)) start_conversations(r);
    return next_us;
}

/* --- the scheduler's fiber -------------------------------------------------------------------- */

/* The wall clock may jump: never sleep longer than a re-check. */
static uint64_t sleep_until(struct relay *r, int64_t next_us)
{
    int64_t ahead = next_us == INT64_MAX ? RELAY_RECHECK_US : next_us - relay_now_us(r);
    if (ahead < 0) ahead = 0;
    if (ahead > RELAY_RECHECK_US) ahead = RELAY_RECHECK_US;
    return seam_mono_us(r->seam) + (uint64_t)ahead;
}

static void queue_changed(struct watch *w)
{
    bell_ring(&CONTAINER_OF(w, struct relay, watch)->bell);
}

static void scheduler(void *arg)
{
    struct relay *r = arg;
    store_watch(r->store, &r->watch);
    enum err e = OK;
    while (e != ERR_GONE) {
        uint64_t next_us = sleep_until(r, pass_run(r)), paused_us = earliest_pause(r);
        e = bell_wait(&r->bell, next_us < paused_us ? next_us : paused_us);
        if (loop_draining(r->loop)) e = ERR_GONE;
    }
    store_unwatch(r->store, &r->watch);
    r->ending = fiber_self();
    while (r->conversations) /* theirs end with ERR_GONE soon; their entries stay due */
        fiber_suspend();
    r->ending = NULL;
    bell_close(&r->bell);
}

enum err relay_start(struct relay *r, struct loop *loop)
{
    r->loop = loop;
    bell_init(&r->bell, loop);
    r->watch = (struct watch){ .account = ACCOUNT_QUEUE, .loop = loop, .changed = queue_changed };
    return fiber_start(loop, FIBER_SYSTEM, scheduler, r);
}

void relay_refresh(struct relay *r)
{
    seam_dns_renew(r->seam);
}

void relay_hurry(struct relay *r)
{
    atomic_store(&r->hurry, true);
    bell_ring(&r->bell);
}
