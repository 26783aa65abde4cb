/* relay.c - the scheduler: which queued messages to carry now, and how many at once.
 *
 * One fiber on one loop. It sleeps until the next attempt is due, the queue changes, or a
 * conversation ends; then it walks what is due and starts a fiber for each message and domain.
 * A domain with enough conversations is passed over, so it never holds up another.
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
    { "connect",           SET_DURATION, offsetof(struct relay_settings, connect_ms),          "30s",  100, 600000,   NULL, "A connection must be made by then." },
    { "command",           SET_DURATION, offsetof(struct relay_settings, command_ms),          "5m",   100, 3600000,  NULL, "A reply to a command must come by then." },
    { "data",              SET_DURATION, offsetof(struct relay_settings, data_ms),             "10m",  100, 3600000,  NULL, "The reply to a whole message must come by then." },
    { "tls",               SET_CHOICE,   offsetof(struct relay_settings, tls),                 "may",  0, 0, "may|encrypt|verify", "Encrypt when offered, always, or always and only with a valid certificate." },
    { "ca_file",           SET_PATH,     offsetof(struct relay_settings, ca_file),             "",     0, 0,          NULL, "Certificate authorities for tls = verify; empty: the system's." },
    { "source",            SET_TEXT,     offsetof(struct relay_settings, source) ,             "",     0, 0,          NULL, "Connect to IPv4 hosts from this address; empty: the system chooses." },
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

static enum err make_tls(struct relay *r, struct buf *why)
{
    struct arena a = arena_make(16 * 1024);
    const char *ca = r->settings->ca_file.n ? arena_cstr(&a, r->settings->ca_file) : NULL;
    str reason = { 0 };
    enum err e = tls_client_new(TLS_OPPORTUNISTIC, NULL, &a, &r->tls_any, &reason);
    if (!e) e = tls_client_new(TLS_VERIFY_NAME, ca, &a, &r->tls_verified, &reason);
    buf_add(why, reason);
    arena_free(&a);
    return e;
}

enum err relay_new(struct seam *seam, struct store *store, struct deliver *deliver,
                   const struct relay_settings *s, struct relay **out, struct buf *why)
{
    struct relay *r = MEM_NEW(struct relay);
    uint8_t seed[16];
    *r = (struct relay){ .seam = seam, .store = store, .deliver = deliver, .settings = s };
    seam_random(seam, seed, sizeof seed);
    r->busy = map_new(RELAY_CONVERSATIONS, seed);
    r->destinations = map_new(RELAY_CONVERSATIONS, seed);
    enum err e = s->source.n ? netaddr_parse(s->source, 0, &r->source) : OK;
    if (e) buf_addf(why, "source: '%.*s' is no address", STR_ARG(s->source));
    if (!e) e = make_tls(r, why);
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
    tls_client_free(r->tls_any);
    tls_client_free(r->tls_verified);
    map_free(r->busy);
    map_free(r->destinations);
    mem_free(r);
}

/* --- one pass over what is due ---------------------------------------------------------------- */

struct pass {
    struct relay *relay;
    struct list jobs;
};

/* A key with a space: neither an id nor a domain has one. */
static str job_key(const struct queue_entry *e, struct buf *b)
{
    buf_reset(b);
    msgid_text(e->key.id, b);
    buf_addf(b, " %.*s", STR_ARG(e->domain));
    return buf_str(b);
}

static bool room_at(struct relay *r, str domain)
{
    const struct destination *d = map_get(r->destinations, domain);
    return !d || d->conversations < r->settings->per_destination_max;
}

static struct destination *destination_enter(struct relay *r, str domain)
{
    struct destination *d = map_get(r->destinations, domain);
    if (!d) {
        d = MEM_NEW(struct destination);
        if (map_put(r->destinations, domain, d)) {
            mem_free(d);
            return NULL;
        }
    }
    d->conversations++;
    return d;
}

static void destination_leave(struct relay *r, str domain)
{
    struct destination *d = map_get(r->destinations, domain);
    if (!d || --d->conversations) return;
    mem_free(map_take(r->destinations, domain));
}

static void entry_copy(struct queue_entry *to, const struct queue_entry *from, struct arena *a)
{
    *to = *from;
    to->sender = arena_copy(a, from->sender);
    to->address = arena_copy(a, from->address);
    to->domain = arena_copy(a, from->domain);
    to->envid = arena_copy(a, from->envid);
    to->orcpt = arena_copy(a, from->orcpt);
    to->last_reply = arena_copy(a, from->last_reply);
}

static struct job *job_new(struct pass *p, const struct queue_entry *e, str key)
{
    struct relay *r = p->relay;
    struct job *j = MEM_NEW(struct job);
    *j = (struct job){ .relay = r, .arena = arena_make(RELAY_ARENA_BYTES) };
    j->key = arena_copy(&j->arena, key);
    j->domain = arena_copy(&j->arena, e->domain);
    j->entries = ARENA_ARRAY(&j->arena, RELAY_RCPTS, struct queue_entry);
    j->results = ARENA_ARRAY(&j->arena, RELAY_RCPTS, struct queue_result);
    j->remote = ARENA_ARRAY(&j->arena, RELAY_RCPTS, str);
    j->destination = destination_enter(r, j->domain);
    if (j->arena.full || !j->destination || map_put(r->busy, j->key, j)) {
        if (j->destination) destination_leave(r, j->domain);
        arena_free(&j->arena);
        mem_free(j);
        return NULL;
    }
    r->conversations++;
    list_push_back(&p->jobs, &j->node);
    return j;
}

/* Is this job of the pass that is going on, so that recipients may still join it? */
static bool is_fresh(const struct pass *p, const struct job *job)
{
    LIST_EACH(&p->jobs, node)
        if (node == &job->node) return true;
    return false;
}

static bool consider(void *arg, const struct queue_entry *e)
{
    struct pass *p = arg;
    struct relay *r = p->relay;
    struct buf b = buf_make(DOMAIN_BYTES + 64);
    str key = job_key(e, &b);
    struct job *j = map_get(r->busy, key);
    if (j && !is_fresh(p, j))
        j = NULL;
    else if (!j && r->conversations < r->settings->conversations_max && room_at(r, e->domain))
        j = job_new(p, e, key);
    if (j && j->n < RELAY_RCPTS) entry_copy(&j->entries[j->n++], e, &j->arena);
    buf_free(&b);
    return r->conversations < r->settings->conversations_max || !list_empty(&p->jobs);
}

static void start_jobs(struct pass *p)
{
    LIST_EACH_SAFE(&p->jobs, node) {
        struct job *j = CONTAINER_OF(node, struct job, node);
        list_remove(&j->node);
        if (fiber_start(p->relay->loop, FIBER_SYSTEM, job_run, j)) job_done(j);
    }
}

/* Returns the wall clock of the next thing to do. */
static int64_t pass_run(struct relay *r)
{
    struct pass p = { .relay = r };
    int64_t now_us = seam_wall_us(r->seam), next_us = now_us + RELAY_RECHECK_US;
    list_init(&p.jobs);
    struct view *v = store_view(r->store);
    if (!v) return next_us;
    if (store_queue_due(v, now_us, consider, &p, &next_us)) next_us = now_us + RELAY_RECHECK_US;
    view_end(v);
    start_jobs(&p);
    return next_us;
}

/* --- the scheduler's fiber -------------------------------------------------------------------- */

void job_done(struct job *j)
{
    struct relay *r = j->relay;
    map_take(r->busy, j->key);
    destination_leave(r, j->domain);
    r->conversations--;
    body_free(j->letter.body);
    buf_free(&j->card);
    arena_free(&j->arena);
    mem_free(j);
    if (r->ending)
        fiber_wake(r->ending);
    else
        bell_ring(&r->bell);
}

/* The wall clock may jump: never sleep longer than a re-check. */
static uint64_t sleep_until(const struct relay *r, int64_t next_us)
{
    int64_t ahead = next_us == INT64_MAX ? RELAY_RECHECK_US : next_us - seam_wall_us(r->seam);
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
        int64_t next_us = pass_run(r);
        e = bell_wait(&r->bell, sleep_until(r, next_us));
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
