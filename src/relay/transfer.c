/* transfer.c - a job's message over an open connection, and what became of each recipient. */
#include "relay/relay_int.h"

/* --- the message's bytes ---------------------------------------------------------------------- */

/* A stored body begins with a Return-Path line that does not travel. */
struct source {
    struct body_reader *body;
    uint64_t at, size;
};

static enum err source_open(struct job *j, struct source *s)
{
    enum err e = body_open(store_engine(j->relay->store), j->entries[0].blob, &s->body);
    if (e) return e;
    str first;
    s->size = body_reader_size(s->body);
    e = body_read(s->body, 0, DELIVER_RETURN_PATH_BYTES, &first);
    if (e) {
        body_close(s->body);
        return e;
    }
    s->at = deliver_return_path_bytes(first);
    return OK;
}

static enum err source_read(void *arg, str *bytes, bool *end)
{
    struct source *s = arg;
    enum err e = body_read(s->body, s->at, RELAY_READ_BYTES, bytes);
    if (e) return e;
    s->at += bytes->n;
    *end = s->at >= s->size;
    return OK;
}

/* --- in words --------------------------------------------------------------------------------- */

str transfer_detail(struct conversation *c, const struct hop *hop, const struct netaddr *at,
                    uint64_t began_us)
{
    struct job *j = c->job;
    struct buf b = buf_make(1024);
    buf_addf(&b, "%.*s ", STR_ARG(hop->name));
    netaddr_text(at, &b);
    const struct tls_facts *tls = c->client ? smtp_client_tls(c->client) : NULL;
    if (tls)
        buf_addf(&b, " %.*s %.*s", STR_ARG(tls->version), STR_ARG(tls->cipher));
    else if (c->client) /* without one nothing was said, in clear or otherwise */
        buf_add(&b, S(" in clear"));
    buf_addf(&b, " %llu ms",
             (unsigned long long)((seam_mono_us(c->relay->seam) - began_us) / 1000));
    str text = arena_copy(&j->arena, buf_str(&b));
    buf_free(&b);
    return text;
}

/* --- outcomes --------------------------------------------------------------------------------- */

static enum queue_outcome outcome_of(const struct smtp_client_rcpt *r)
{
    if (r->accepted)
        return r->dsn_relayed && r->notify & NOTIFY_SUCCESS ? QUEUE_RELAYED_DSN : QUEUE_DELIVERED;
    return r->reply.code >= 500 ? QUEUE_BOUNCED : QUEUE_DEFERRED;
}

static void settle_one(struct conversation *c, size_t i, const struct smtp_client_rcpt *r,
                       str detail)
{
    struct job *j = c->job;
    struct verdict v = { .outcome = outcome_of(r),
                         .reply = job_reply_text(j, &r->reply),
                         .detail = detail,
                         .remote = arena_copy(&j->arena, c->hop.name) };
    job_settle(j, i, &v);
}

static bool any_decided(const struct smtp_client_rcpt *rcpts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rcpts[i].decided) return true;
    return false;
}

/* RFC 5321 3.8: 421 closes the channel, whatever it answers. */
static bool all_closed(const struct smtp_client_rcpt *rcpts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rcpts[i].reply.code != 421) return false;
    return true;
}

/* Nothing was accepted: it may be said again to the next connection without a second copy. */
static bool is_stale(const struct conversation *c, enum err e, const struct smtp_client_rcpt *rcpts)
{
    if (!c->messages || smtp_client_undecided(c->client)) return false;
    return e == ERR_GONE || all_closed(rcpts, c->job->n);
}

/* --- one transaction -------------------------------------------------------------------------- */

/* A domain in A-labels is understood by every server; a local part has no such form. RFC 6531 3.2.
 */
static str on_the_wire(struct job *j, str text)
{
    struct address address;
    if (str_is_ascii(text) || !address_parse(&j->arena, text, ADDRESS_UTF8, &address)) return text;
    if (!str_is_ascii(address.local)) return text;
    if (!address_domain_ascii(&j->arena, address.domain, &address.domain)) return text;
    return address_text(&j->arena, address);
}

static void fill_message(struct job *j, struct smtp_client_rcpt *rcpts, struct source *source,
                         struct smtp_client_message *m)
{
    const struct queue_entry *e = &j->entries[0];
    for (size_t i = 0; i < j->n; i++)
        rcpts[i] = (struct smtp_client_rcpt){ .address = on_the_wire(j, j->entries[i].address),
                                              .orcpt = j->entries[i].orcpt,
                                              .notify = j->entries[i].notify };
    *m = (struct smtp_client_message){
        .sender = e->sender,
        .envid = e->envid,
        .dsn_ret = true,
        .ret_full = e->ret_full,
        .utf8 = e->utf8,
        .eight_bit = e->eight_bit,
        .binary = e->binary,
        .require_tls = e->require_tls,
        .priority = e->priority,
        .by = e->by.at_us != 0,
        .by_notify = e->by.notify,
        .by_trace = e->by.trace,
        .by_s = (e->by.at_us - relay_now_us(j->relay)) / 1000000,
        .size_bytes = source->size - source->at,
        .rcpts = rcpts,
        .n = j->n,
        .source = source_read,
        .source_arg = source,
    };
}

static enum reach unreadable(struct job *j)
{
    struct verdict v = { .outcome = QUEUE_DEFERRED,
                         .reply = S("451 4.3.0 the stored message cannot be read now") };
    job_settle_all(j, &v);
    return REACH_DONE;
}

/* RFC 2033 4.2: who was answered before the end has it, or is refused; the others are tried again.
 */
static void broke_off(struct conversation *c, const struct smtp_client_rcpt *rcpts, str detail)
{
    struct verdict v = { .outcome = QUEUE_DEFERRED,
                         .reply = arena_copy(&c->job->arena, smtp_client_trouble(c->client)),
                         .detail = detail };
    if (!v.reply.n) v.reply = S("the conversation broke off");
    for (size_t i = 0; i < c->job->n; i++) {
        if (rcpts[i].decided)
            settle_one(c, i, &rcpts[i], detail);
        else
            job_settle(c->job, i, &v);
    }
    destination_trouble(c->destination, v.reply);
}

enum reach transfer(struct conversation *c, uint64_t began_us)
{
    struct job *j = c->job;
    struct source source;
    struct smtp_client_message m;
    struct smtp_reply reply;
    struct smtp_client_rcpt *rcpts = ARENA_ARRAY(&j->arena, j->n, struct smtp_client_rcpt);
    if (!rcpts || source_open(j, &source)) return unreadable(j);

    fill_message(j, rcpts, &source, &m);
    enum err e = smtp_client_send(c->client, &m, &reply);
    j->by_passed_on = smtp_client_extensions(c->client) & EXT_DELIVERBY;
    body_close(source.body);
    bool decided = any_decided(rcpts, j->n);
    if (loop_draining(c->relay->loop) && e && !decided) return REACH_GONE;
    if (is_stale(c, e, rcpts)) return REACH_STALE;

    str detail = transfer_detail(c, &c->hop, &c->at, began_us);
    if (e == ERR_GONE || e == ERR_CORRUPT) {
        broke_off(c, rcpts, detail);
        return REACH_DONE;
    }
    for (size_t i = 0; i < j->n; i++)
        settle_one(c, i, &rcpts[i], detail);
    if (all_closed(rcpts, j->n))
        destination_trouble(c->destination, j->results[0].reply);
    else
        destination_fine(c->destination);
    return REACH_DONE;
}
