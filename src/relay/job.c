/* job.c - one message to one destination: taken from what waits, and recorded when it is known. */
#include "base/log.h"
#include "base/mem.h"
#include "relay/relay_int.h"

/* --- taking ----------------------------------------------------------------------------------- */

static void untake(struct relay *r, struct queue_key key)
{
    struct taken_key k = taken_key(key);
    map_take(r->taken, taken_str(&k));
}

static struct queue_key pop(struct destination *d)
{
    struct queue_key key = waiting_at(d, 0)->place.key;
    d->first = (d->first + 1) & (d->cap - 1);
    d->n--;
    return key;
}

static size_t recipients_of_head(const struct destination *d)
{
    size_t n = 0;
    uint64_t id = waiting_at(d, 0)->place.key.id.n;
    while (n < d->n && n < RELAY_RCPTS && waiting_at(d, n)->place.key.id.n == id)
        n++;
    return n;
}

static bool entry_copy(struct queue_entry *to, const struct queue_entry *from, struct arena *a)
{
    *to = *from;
    to->sender = arena_copy(a, from->sender);
    to->address = arena_copy(a, from->address);
    to->domain = arena_copy(a, from->domain);
    to->envid = arena_copy(a, from->envid);
    to->orcpt = arena_copy(a, from->orcpt);
    to->last_reply = arena_copy(a, from->last_reply);
    return !a->full;
}

static struct job *job_new(struct destination *d, size_t rcpts)
{
    struct job *j = MEM_NEW(struct job);
    *j =
        (struct job){ .relay = d->relay, .arena = arena_make(RELAY_ARENA_BYTES), .destination = d };
    j->entries = ARENA_ARRAY(&j->arena, rcpts, struct queue_entry);
    j->results = ARENA_ARRAY(&j->arena, rcpts, struct queue_result);
    j->remote = ARENA_ARRAY(&j->arena, rcpts, str);
    return j;
}

/* Since the key was taken the entry may have been held, dropped, or put off: then it is no longer
 * this job's, and the feed finds it when it is due. */
static void take_rcpts(struct job *j, struct view *v, size_t rcpts)
{
    struct destination *d = j->destination;
    int64_t now_us = relay_now_us(j->relay);
    for (size_t i = 0; i < rcpts; i++) {
        struct queue_key key = pop(d);
        struct queue_entry e;
        bool due = !store_queue_entry(v, key, &e) && !e.held && e.next_us <= now_us;
        if (due && entry_copy(&j->entries[j->n], &e, &j->arena))
            j->n++;
        else
            untake(j->relay, key);
    }
}

static void name_job(struct job *j)
{
    struct buf b = buf_make(DOMAIN_BYTES + 100);
    msgid_text(j->entries[0].key.id, &b);
    buf_addf(&b, " %.*s", STR_ARG(buf_str(&j->destination->name)));
    j->key = arena_copy(&j->arena, buf_str(&b));
    j->domain = j->entries[0].domain;
    buf_free(&b);
}

struct job *job_next(struct destination *d)
{
    while (d->n) {
        size_t rcpts = recipients_of_head(d);
        struct view *v = store_view(d->relay->store);
        if (!v) return NULL;
        struct job *j = job_new(d, rcpts);
        take_rcpts(j, v, rcpts);
        view_end(v);
        if (j->n) {
            name_job(j);
            return j;
        }
        job_free(j);
    }
    return NULL;
}

void job_free(struct job *j)
{
    for (size_t i = 0; i < j->n; i++)
        untake(j->relay, j->entries[i].key);
    body_free(j->letter.body);
    buf_free(&j->card);
    arena_free(&j->arena);
    mem_free(j);
}

/* --- words ------------------------------------------------------------------------------------ */

str job_reply_text(struct job *j, const struct smtp_reply *r)
{
    if (!r->code) return arena_copy(&j->arena, r->text);
    struct buf b = buf_make(SMTP_REPLY_BYTES + 16);
    str rest = r->text, line;
    buf_addf(&b, "%u", r->code);
    while (str_split(&rest, '\n', &line)) {
        buf_addc(&b, ' ');
        buf_add(&b, line);
    }
    str text = arena_copy(&j->arena, buf_str(&b));
    buf_free(&b);
    return text;
}

/* --- recording -------------------------------------------------------------------------------- */

static const struct {
    enum queue_outcome outcome;
    const char *event;
} events[] = {
    { QUEUE_DELIVERED, "relay.delivered" },
    { QUEUE_RELAYED_DSN, "relay.delivered" },
    { QUEUE_BOUNCED, "relay.bounced" },
    { QUEUE_DEFERRED, "relay.deferred" },
};

static void report(const struct job *j, size_t i)
{
    for (size_t k = 0; k < COUNT_OF(events); k++)
        if (events[k].outcome == j->results[i].outcome)
            log_event(LOG_INFO, events[k].event, j->key, F_STR("to", j->entries[i].address),
                      F_STR("reply", j->results[i].reply), F_STR("how", j->results[i].detail));
}

static enum err record_once(struct job *j, bool with_notices)
{
    struct arena_mark mark = arena_mark(&j->arena);
    struct notices notices = { .n = 0 };
    enum err e = with_notices ? notices_make(j, &notices) : OK;
    size_t made = notices.n;
    if (j->letter.body) notices.items[notices.n++] = j->letter;
    if (!e) e = store_queue_results(j->relay->store, j->results, j->n, notices.items, notices.n);
    notices.n = made; /* the letter is the job's */
    notices_free(&notices);
    arena_rewind(&j->arena, mark);
    return e;
}

/* What is known must be written, however long the disk is full: otherwise a delivered message would
 * be sent again. A report that cannot be written for another reason is given up in the end; the
 * result is not. While the process ends it is tried once more. */
void job_record(struct job *j)
{
    bool ending = false;
    enum err e = record_once(j, true);
    for (unsigned tries = 1; e && !ending; tries++) {
        log_event(LOG_ERROR, "relay.unrecorded", j->key, F_CSTR("why", err_text(e)));
        ending = fiber_sleep_until(seam_mono_us(j->relay->seam) + RELAY_RECORD_GAP_US);
        e = record_once(j, e == ERR_LATER || tries < RELAY_RECORD_TRIES);
        /* The times that it gives are of the attempt: the feed has gone past them meanwhile. */
        if (!e) j->relay->refeed_us = 0;
    }
    for (size_t i = 0; i < j->n && !e; i++)
        report(j, i);
}
