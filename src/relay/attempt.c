/* attempt.c - one conversation: find the hosts, reach one, hand the message over, record what came.
 *
 * RFC 5321 5.1 (hosts in order, every address of each), 4.5.4 (what is worth another try),
 * RFC 7435 (opportunistic TLS: when the handshake fails, clear text is no worse than before).
 */
#include "base/log.h"
#include "dns/mx.h"
#include "relay/relay_int.h"

/* What became of trying one address. */
enum reach {
    REACH_DONE,   /* the message was handed over or refused: results are set */
    REACH_NEXT,   /* this host cannot now: try the next */
    REACH_DENIED, /* this host does not talk to us */
    REACH_GONE,   /* the process is ending */
};

/* --- results for all -------------------------------------------------------------------------- */

static void settle_all(struct job *j, enum queue_outcome outcome, str reply, str detail)
{
    struct verdict v = { .outcome = outcome, .reply = reply, .detail = detail };
    for (size_t i = 0; i < j->n; i++)
        job_settle(j, i, &v);
}

/* One line: it goes to the journey, the log and the report. */
static str reply_text(struct job *j, const struct smtp_reply *r)
{
    if (!r->code) return r->text;
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

/* --- one conversation ------------------------------------------------------------------------- */

static str detail_text(struct job *j, str host, const struct netaddr *at,
                       const struct smtp_client *c, uint64_t began_us)
{
    struct buf b = buf_make(1024);
    buf_addf(&b, "%.*s ", STR_ARG(host));
    netaddr_text(at, &b);
    const struct tls_facts *tls = c ? smtp_client_tls(c) : NULL;
    if (tls)
        buf_addf(&b, " %.*s %.*s", STR_ARG(tls->version), STR_ARG(tls->cipher));
    else if (c) /* without one nothing was said, in clear or otherwise */
        buf_add(&b, S(" in clear"));
    buf_addf(&b, " %llu ms",
             (unsigned long long)((seam_mono_us(j->relay->seam) - began_us) / 1000));
    str text = arena_copy(&j->arena, buf_str(&b));
    buf_free(&b);
    return text;
}

static enum queue_outcome outcome_of(const struct smtp_client_rcpt *r)
{
    if (r->accepted)
        return r->dsn_relayed && r->notify & NOTIFY_SUCCESS ? QUEUE_RELAYED_DSN : QUEUE_DELIVERED;
    return r->reply.code >= 500 ? QUEUE_BOUNCED : QUEUE_DEFERRED;
}

static void settle_each(struct job *j, const struct smtp_client_rcpt *rcpts, str host, str detail)
{
    for (size_t i = 0; i < j->n; i++) {
        struct verdict v = { .outcome = outcome_of(&rcpts[i]),
                             .reply = reply_text(j, &rcpts[i].reply),
                             .detail = detail,
                             .remote = host };
        job_settle(j, i, &v);
    }
}

static void fill_message(const struct job *j, struct smtp_client_rcpt *rcpts, struct source *source,
                         struct smtp_client_message *m)
{
    const struct queue_entry *e = &j->entries[0];
    for (size_t i = 0; i < j->n; i++)
        rcpts[i] = (struct smtp_client_rcpt){ .address = j->entries[i].address,
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
        .by_s = (e->by.at_us - seam_wall_us(j->relay->seam)) / 1000000,
        .size_bytes = source->size - source->at,
        .rcpts = rcpts,
        .n = j->n,
        .source = source_read,
        .source_arg = source,
    };
}

static enum reach hand_over(struct job *j, struct smtp_client *c, str host,
                            const struct netaddr *at, uint64_t began_us)
{
    struct source source;
    struct smtp_client_message m;
    struct smtp_reply reply;
    struct smtp_client_rcpt *rcpts = ARENA_ARRAY(&j->arena, j->n, struct smtp_client_rcpt);
    if (!rcpts) return REACH_NEXT;
    if (source_open(j, &source)) {
        settle_all(j, QUEUE_DEFERRED, S("451 4.3.0 the stored message cannot be read now"),
                   (str){ 0 });
        return REACH_DONE;
    }
    fill_message(j, rcpts, &source, &m);
    enum err e = smtp_client_send(c, &m, &reply);
    j->by_passed_on = smtp_client_extensions(c) & EXT_DELIVERBY;
    body_close(source.body);
    str detail = detail_text(j, host, at, c, began_us);
    if (loop_draining(j->relay->loop) && e) return REACH_GONE;
    if (e == ERR_GONE || e == ERR_CORRUPT)
        settle_all(j, QUEUE_DEFERRED, S("the conversation broke off"), detail);
    else
        settle_each(j, rcpts, host, detail);
    return REACH_DONE;
}

/* The sender's wish goes before the setting: RFC 8689 4.2.1, 5. */
static enum smtp_tls tls_wanted(const struct job *j, bool clear)
{
    static const enum smtp_tls by_setting[] = { SMTP_TLS_MAY, SMTP_TLS_MUST, SMTP_TLS_VERIFY };
    if (j->entries[0].require_tls) return SMTP_TLS_VERIFY;
    if (clear) return SMTP_TLS_NONE;
    return j->entries[0].tls_optional ? SMTP_TLS_MAY : by_setting[j->relay->settings->tls];
}

static void client_options(const struct job *j, str host, const struct netaddr *at, bool clear,
                           struct smtp_client_options *o)
{
    struct relay *r = j->relay;
    const struct relay_settings *s = r->settings;
    *o = (struct smtp_client_options){
        .to = *at,
        .host = host,
        .hello = deliver_hostname(r->deliver),
        .tls = tls_wanted(j, clear),
        .source = at->family == r->source.family ? &r->source : NULL,
        .connect_ms = (unsigned)s->connect_ms,
        .greeting_ms = (unsigned)s->command_ms,
        .command_ms = (unsigned)s->command_ms,
        .data_ms = (unsigned)s->data_ms,
        .end_ms = (unsigned)s->data_ms,
    };
    o->tls_client = o->tls == SMTP_TLS_VERIFY ? r->tls_verified : r->tls_any;
}

/* A conversation that came to nothing leaves only its verdict in the arena: hosts times addresses
 * times greetings would fill it, and the report at the end wants room. */
static void keep_verdict(struct job *j, struct arena_mark mark, struct verdict *last)
{
    struct buf reply = buf_make(SMTP_REPLY_BYTES + 64), detail = buf_make(1024);
    buf_add(&reply, last->reply);
    buf_add(&detail, last->detail);
    arena_rewind(&j->arena, mark);
    last->reply = arena_copy(&j->arena, buf_str(&reply));
    last->detail = arena_copy(&j->arena, buf_str(&detail));
    buf_free(&reply);
    buf_free(&detail);
}

/* *last keeps what this address said, for when no other does better. */
static enum reach try_address(struct job *j, str host, const struct netaddr *at, bool clear,
                              struct verdict *last)
{
    struct smtp_client_options o;
    struct smtp_client *c;
    struct smtp_reply reply;
    bool tls_failed;
    uint64_t began_us = seam_mono_us(j->relay->seam);

    client_options(j, host, at, clear, &o);
    enum err e = smtp_client_open(&o, &j->arena, &c, &reply, &tls_failed);
    if (e && loop_draining(j->relay->loop)) return REACH_GONE;
    if (e && tls_failed && !clear && o.tls == SMTP_TLS_MAY)
        return try_address(j, host, at, true, last);
    if (e) {
        bool unprotected = tls_failed && j->entries[0].require_tls;
        str text = reply.text.n || reply.code ? reply_text(j, &reply) : S("no answer");
        if (unprotected) text = arena_fmt(&j->arena, "550 5.7.30 REQUIRETLS: %.*s", STR_ARG(text));
        *last = (struct verdict){ .outcome = QUEUE_DEFERRED,
                                  .reply = text,
                                  .detail = detail_text(j, host, at, NULL, began_us),
                                  .remote = host };
        log_event(LOG_INFO, "relay.connect_failed", j->key, F_STR("host", host),
                  F_STR("why", text));
        return e == ERR_DENIED || unprotected ? REACH_DENIED : REACH_NEXT;
    }
    enum reach reached = hand_over(j, c, host, at, began_us);
    smtp_client_close(c);
    return reached;
}

/* --- the hosts -------------------------------------------------------------------------------- */

/* An address literal names its own address; a name is looked up. */
static enum err host_addresses(struct job *j, str host, struct dns_addresses *out)
{
    if (!str_starts(host, S("["))) return dns_addresses(host, RELAY_DNS_MS, &j->arena, out);
    str inner = str_sub(host, 1, host.n - 2);
    if (str_istarts(inner, S("IPv6:")))
        inner = arena_fmt(&j->arena, "[%.*s]", STR_ARG(str_from(inner, 5)));
    struct netaddr *at = ARENA_NEW(&j->arena, struct netaddr);
    if (!at) return ERR_LIMIT;
    if (netaddr_parse(inner, 0, at)) return ERR_NOTFOUND;
    *out = (struct dns_addresses){ .items = at, .n = 1 };
    return OK;
}

static enum reach try_host(struct job *j, str host, struct verdict *last)
{
    struct dns_addresses addresses;
    enum err e = host_addresses(j, host, &addresses);
    if (e == ERR_GONE) return REACH_GONE;
    if (e) {
        *last = (struct verdict){ .outcome = QUEUE_DEFERRED,
                                  .reply = arena_fmt(&j->arena, "451 4.4.3 no address of %.*s: %s",
                                                     STR_ARG(host), err_text(e)),
                                  .remote = host };
        return REACH_NEXT;
    }
    size_t n = addresses.n < RELAY_ADDRESSES ? addresses.n : RELAY_ADDRESSES, denied = 0;
    struct arena_mark mark = arena_mark(&j->arena);
    for (size_t i = 0; i < n; i++) {
        struct netaddr at = addresses.items[i];
        at.port = (uint16_t)j->relay->settings->port;
        enum reach reached = try_address(j, host, &at, false, last);
        if (reached == REACH_DONE || reached == REACH_GONE) return reached;
        denied += reached == REACH_DENIED;
        keep_verdict(j, mark, last);
    }
    return denied == n ? REACH_DENIED : REACH_NEXT;
}

/* RFC 5321 5.1: from our own name on the list downwards, sending would be to ourselves. */
static size_t before_ourselves(const struct relay *r, const struct mx *mx)
{
    for (size_t i = 0; i < mx->n; i++)
        if (str_ieq(mx->hosts[i].name, deliver_hostname(r->deliver))) {
            while (i > 0 && mx->hosts[i - 1].preference == mx->hosts[i].preference)
                i--;
            return i;
        }
    return mx->n;
}

static bool try_hosts(struct job *j, const struct mx *mx)
{
    struct verdict last = { .outcome = QUEUE_DEFERRED, .reply = S("no host could be tried") };
    size_t n = before_ourselves(j->relay, mx), denied = 0;
    if (!n) {
        settle_all(j, QUEUE_BOUNCED, S("554 5.4.6 mail for this domain loops back to this server"),
                   (str){ 0 });
        return true;
    }
    struct arena_mark mark = arena_mark(&j->arena);
    for (size_t i = 0; i < n; i++) {
        enum reach reached = try_host(j, mx->hosts[i].name, &last);
        if (reached == REACH_GONE) return false;
        if (reached == REACH_DONE) return true;
        denied += reached == REACH_DENIED;
        keep_verdict(j, mark, &last);
    }
    /* Every host greeted us with 5xx: waiting will not make them kinder. */
    if (denied == n) last.outcome = QUEUE_BOUNCED;
    for (size_t i = 0; i < j->n; i++)
        job_settle(j, i, &last);
    return true;
}

/* RFC 2852 4.1.4: what is late goes back, if that was asked for. */
static bool is_late(const struct job *j)
{
    const struct deliver_by *by = &j->entries[0].by;
    return by->at_us && !by->notify && seam_wall_us(j->relay->seam) >= by->at_us;
}

/* False when the process is ending: nothing is recorded, all stays due. */
static bool attempt(struct job *j)
{
    struct mx mx;
    if (is_late(j)) {
        settle_all(j, QUEUE_BOUNCED, S("550 5.4.7 it could not be delivered in the time asked for"),
                   (str){ 0 });
        return true;
    }
    if (!local_release(j)) return true;
    enum err e = mx_find(j->domain, RELAY_DNS_MS, &j->arena, &mx);
    switch (e) {
    case OK: return try_hosts(j, &mx);
    case ERR_GONE: return false;
    case ERR_DENIED:
        settle_all(j, QUEUE_BOUNCED, S("556 5.1.10 the domain takes no mail (null MX)"),
                   (str){ 0 });
        return true;
    case ERR_NOTFOUND:
        settle_all(j, QUEUE_BOUNCED,
                   S("550 5.1.2 the domain does not exist, or has no mail server"), (str){ 0 });
        return true;
    default:
        settle_all(j, QUEUE_DEFERRED, S("451 4.4.3 the domain cannot be looked up now"),
                   (str){ 0 });
        return true;
    }
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
static void record(struct job *j)
{
    bool ending = false;
    enum err e = record_once(j, true);
    for (unsigned tries = 1; e && !ending; tries++) {
        log_event(LOG_ERROR, "relay.unrecorded", j->key, F_CSTR("why", err_text(e)));
        ending = fiber_sleep_until(seam_mono_us(j->relay->seam) + RELAY_RECORD_GAP_US);
        e = record_once(j, e == ERR_LATER || tries < RELAY_RECORD_TRIES);
    }
    for (size_t i = 0; i < j->n && !e; i++)
        report(j, i);
}

void job_run(void *arg)
{
    struct job *j = arg;
    log_event(LOG_DEBUG, "relay.attempt", j->key, F_NUM("recipients", j->n));
    if (attempt(j)) record(j);
    job_done(j);
}
