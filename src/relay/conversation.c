/* conversation.c - a fiber that carries one message after another to the same destination, over one
 * connection while it holds. */
#include "base/log.h"
#include "relay/relay_int.h"

void hang_up(struct conversation *c)
{
    if (c->client) smtp_client_close(c->client);
    c->client = NULL;
}

/* The connection that is open serves this message too. */
static bool suits(const struct conversation *c)
{
    if (c->messages >= c->relay->settings->messages_max) return false;
    return c->verified || !c->job->entries[0].require_tls;
}

/* RFC 2852 4.1.4: what is late goes back, if that was asked for. */
static bool is_late(const struct job *j)
{
    const struct deliver_by *by = &j->entries[0].by;
    return by->at_us && !by->notify && relay_now_us(j->relay) >= by->at_us;
}

static void settle_late(struct job *j)
{
    struct verdict v = { .outcome = QUEUE_BOUNCED,
                         .reply = S("550 5.4.7 it could not be delivered in the time asked for") };
    job_settle_all(j, &v);
}

/* False when the process is ending: nothing is recorded, all stays due. */
static bool carry(struct conversation *c)
{
    log_event(LOG_DEBUG, "relay.attempt", c->job->key, F_NUM("recipients", c->job->n));
    if (is_late(c->job)) {
        settle_late(c->job);
        return true;
    }
    if (!local_release(c->job)) return true;
    if (c->client && !suits(c)) hang_up(c);
    if (c->client) {
        enum reach reached = transfer(c, seam_mono_us(c->relay->seam));
        if (reached != REACH_STALE) return reached != REACH_GONE;
        hang_up(c);
    }
    return hosts_try(c);
}

/* Replies of the last message are recorded; the connection's arena is for the next. */
static void next_message(struct conversation *c)
{
    if (!c->client) return;
    if (smtp_client_broken(c->client)) {
        hang_up(c);
        return;
    }
    arena_rewind(&c->arena, c->mark);
    c->messages++;
}

void conversation_run(void *arg)
{
    struct conversation *c = arg;
    bool known = true;
    while (known && c->job) {
        known = carry(c);
        if (known) job_record(c->job);
        job_free(c->job);
        c->job = NULL;
        next_message(c);
        bool on = known && !loop_draining(c->relay->loop) && !destination_paused(c->destination);
        if (on && !destination_gives_way(c->destination)) c->job = job_next(c->destination);
    }
    hang_up(c);
    conversation_done(c);
}
