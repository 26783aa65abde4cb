/* retry.c - what follows an attempt: delivered, again later, or never; and saying so in words. */
#include "mail/date.h"
#include "relay/relay_int.h"

/* The gap doubles with each attempt up to the longest; a fifth of it is chance, so that a thousand
 * messages that failed together do not come back together. */
int64_t retry_at(const struct relay_settings *s, uint32_t attempts, int64_t now_us, uint32_t chance)
{
    uint64_t gap_ms = s->retry_first_ms;
    for (uint32_t i = 0; i < attempts && gap_ms < s->retry_max_ms; i++)
        gap_ms *= 2;
    if (gap_ms > s->retry_max_ms) gap_ms = s->retry_max_ms;
    uint64_t spread = gap_ms / 5;
    gap_ms = gap_ms - spread / 2 + (spread ? chance % spread : 0);
    return now_us + (int64_t)gap_ms * 1000;
}

/* A clock that jumps on makes everything old at once: what was tried so seldom that it cannot have
 * been here for a quarter of the time is not given up. */
static bool was_tried_enough(const struct relay_settings *s, uint32_t attempts)
{
    uint64_t gap_ms = s->retry_first_ms, tried_ms = 0;
    for (uint32_t i = 0; i < attempts && tried_ms < s->give_up_ms / 4; i++) {
        tried_ms += gap_ms < s->retry_max_ms ? gap_ms : s->retry_max_ms;
        if (gap_ms < s->retry_max_ms) gap_ms *= 2;
    }
    return tried_ms >= s->give_up_ms / 4;
}

static bool is_too_old(const struct job *j, const struct queue_entry *e, int64_t now_us)
{
    const struct relay_settings *s = j->relay->settings;
    return now_us - e->arrived_us >= (int64_t)s->give_up_ms * 1000 &&
           was_tried_enough(s, e->attempts);
}

/* RFC 2852: after its time it goes back, or its sender is told. */
static bool is_past_its_time(const struct queue_entry *e, int64_t now_us)
{
    return e->by.at_us && now_us >= e->by.at_us;
}

static bool wants_delay_notice(const struct job *j, const struct queue_entry *e, int64_t now_us)
{
    if (e->delay_told || !e->sender.n) return false;
    if (is_past_its_time(e, now_us) && !(e->notify & NOTIFY_NEVER)) return true;
    if (e->notify && !(e->notify & NOTIFY_DELAY)) return false;
    return now_us - e->arrived_us >= (int64_t)j->relay->settings->delay_notice_ms * 1000;
}

void job_settle(struct job *j, size_t i, const struct verdict *v)
{
    const struct queue_entry *e = &j->entries[i];
    int64_t now_us = relay_now_us(j->relay);
    uint32_t chance;
    seam_random(j->relay->seam, &chance, sizeof chance);

    struct queue_result r = {
        .key = e->key, .outcome = v->outcome, .reply = v->reply, .detail = v->detail
    };
    bool over = is_too_old(j, e, now_us) || (is_past_its_time(e, now_us) && !e->by.notify);
    if (r.outcome == QUEUE_DEFERRED && over) r.outcome = QUEUE_BOUNCED;
    if (r.outcome == QUEUE_DEFERRED) {
        int64_t last_us = e->arrived_us + (int64_t)j->relay->settings->give_up_ms * 1000;
        r.next_us = retry_at(j->relay->settings, e->attempts, now_us, chance);
        /* The delay notice has promised that time. */
        if (r.next_us > last_us && last_us > now_us) r.next_us = last_us;
        if (e->by.at_us > now_us && r.next_us > e->by.at_us) r.next_us = e->by.at_us;
        r.delay_told = wants_delay_notice(j, e, now_us);
    }
    j->results[i] = r;
    j->remote[i] = v->remote;
}

void job_settle_all(struct job *j, const struct verdict *v)
{
    for (size_t i = 0; i < j->n; i++)
        job_settle(j, i, v);
}

/* --- in words --------------------------------------------------------------------------------- */

static void duration_text(int64_t us, struct buf *out)
{
    int64_t s = us / 1000000;
    if (s < 120)
        buf_addf(out, "%lld s", (long long)s);
    else if (s < 7200)
        buf_addf(out, "%lld min", (long long)(s / 60));
    else if (s < 172800)
        buf_addf(out, "%lld h", (long long)(s / 3600));
    else
        buf_addf(out, "%lld days", (long long)(s / 86400));
}

/* What is known of the entry's destination, if that is what it waits for. */
static void explain_destination(struct relay *r, const struct queue_entry *e, struct buf *out)
{
    struct view *v = store_view(r->store);
    if (!v) return;
    struct buf name = buf_make(DOMAIN_BYTES + 64);
    const struct relay_route *route = destination_name(r, v, e->domain, &name);
    view_end(v);
    lock_take(&r->lock);
    const struct destination *d = map_get(r->destinations, buf_str(&name));
    uint64_t now_us = seam_mono_us(r->seam);
    if (d && d->paused_until_us > now_us) {
        buf_add(out, S("its server did not talk to us ("));
        buf_add_shown(out, buf_str(&d->trouble));
        buf_add(out, S("): tried again in "));
        duration_text((int64_t)(d->paused_until_us - now_us), out);
    } else {
        buf_add(out, S("next attempt now"));
    }
    lock_drop(&r->lock);
    if (route->name.n) buf_addf(out, ", by [route %.*s]", STR_ARG(route->name));
    buf_free(&name);
}

void relay_explain(struct relay *r, const struct queue_entry *e, int64_t now_us, struct buf *out)
{
    if (e->held) {
        buf_add(out, S("held by the administrator"));
        return;
    }
    if (!e->attempts)
        buf_add(out, S("not tried yet, "));
    else
        buf_addf(out, "tried %u time%s, ", e->attempts, e->attempts == 1 ? "" : "s");
    if (e->next_us <= now_us && r) {
        explain_destination(r, e, out);
    } else if (e->next_us <= now_us) {
        buf_add(out, S("next attempt now"));
    } else {
        buf_add(out, S("next attempt in "));
        duration_text(e->next_us - now_us, out);
    }
}
