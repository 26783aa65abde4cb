/* hosts.c - finds a host that talks to us: each in order, every address of each.
 *
 * RFC 5321 5.1 (hosts in order), 4.5.4 (what is worth another try); RFC 7435 (opportunistic TLS:
 * when the handshake fails, clear text is no worse than before).
 */
#include "base/log.h"
#include "relay/relay_int.h"

/* --- one address ------------------------------------------------------------------------------ */

static void client_options(const struct conversation *c, const struct hop *hop,
                           const struct netaddr *at, bool clear, struct smtp_client_options *o)
{
    const struct relay *r = c->relay;
    const struct relay_settings *s = r->settings;
    const struct relay_route *route = c->destination->route;
    *o = (struct smtp_client_options){
        .to = *at,
        .host = hop->name,
        .hello = deliver_hostname(r->deliver),
        .tls = clear ? SMTP_TLS_NONE : route_tls(route, hop, &c->job->entries[0]),
        .source = route_source(route, at),
        .lmtp = route->lmtp,
        .user = route->user,
        .password = route->password,
        .connect_ms = (unsigned)s->connect_ms,
        .greeting_ms = (unsigned)s->command_ms,
        .command_ms = (unsigned)s->command_ms,
        .data_ms = (unsigned)s->data_ms,
        .end_ms = (unsigned)s->data_ms,
    };
    bool verify = o->tls == SMTP_TLS_VERIFY || o->tls == SMTP_TLS_IMPLICIT;
    o->tls_client = verify ? route->tls_verified : r->routes.tls_any;
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

static void note_refusal(struct conversation *c, const struct hop *hop,
                         const struct smtp_reply *reply, bool unprotected, struct verdict *last)
{
    struct job *j = c->job;
    str text = reply->text.n || reply->code ? job_reply_text(j, reply) : S("no answer");
    if (unprotected) text = arena_fmt(&j->arena, "550 5.7.30 REQUIRETLS: %.*s", STR_ARG(text));
    *last = (struct verdict){ .outcome = QUEUE_DEFERRED, .reply = text, .remote = hop->name };
    log_event(LOG_INFO, "relay.connect_failed", j->key, F_STR("host", hop->name),
              F_STR("why", text));
}

/* RFC 5321 6.3 in its simplest form: a host with our name is us, whichever way led there. */
static bool is_ourselves(const struct conversation *c)
{
    return !c->destination->route->lmtp &&
           str_ieq(smtp_client_peer(c->client), deliver_hostname(c->relay->deliver));
}

static void settle_loop(struct job *j)
{
    struct verdict v = { .outcome = QUEUE_BOUNCED,
                         .reply = S("554 5.4.6 mail for this domain loops back to this server") };
    job_settle_all(j, &v);
}

/* RFC 8689 4.2.1: a host that does not promise TLS onwards is passed over like one that has none.
 */
static bool lacks_requiretls(const struct conversation *c)
{
    return c->job->entries[0].require_tls && !(smtp_client_extensions(c->client) & EXT_REQUIRETLS);
}

static enum reach without_requiretls(struct conversation *c, const struct hop *hop,
                                     struct verdict *last)
{
    *last =
        (struct verdict){ .outcome = QUEUE_DEFERRED,
                          .reply = S("550 5.7.30 REQUIRETLS is not supported by the next server"),
                          .remote = hop->name };
    hang_up(c);
    return REACH_DENIED;
}

/* A connection is open. */
static enum reach opened(struct conversation *c, const struct hop *hop, const struct netaddr *at,
                         uint64_t began_us)
{
    const struct tls_facts *tls = smtp_client_tls(c->client);
    c->hop = *hop;
    c->hop.name = arena_copy(&c->arena, hop->name);
    c->at = *at;
    c->verified = tls && tls->verified;
    c->messages = 0;
    c->mark = arena_mark(&c->arena);
    if (is_ourselves(c)) {
        settle_loop(c->job);
        hang_up(c);
        return REACH_DONE;
    }
    return transfer(c, began_us);
}

/* *last keeps what this address said, for when no other does better. */
static enum reach try_address(struct conversation *c, const struct hop *hop,
                              const struct netaddr *at, bool clear, struct verdict *last)
{
    struct smtp_client_options o;
    struct smtp_reply reply;
    bool tls_failed;
    uint64_t began_us = seam_mono_us(c->relay->seam);

    arena_reset(&c->arena);
    client_options(c, hop, at, clear, &o);
    enum err e = smtp_client_open(&o, &c->arena, &c->client, &reply, &tls_failed);
    if (!e && lacks_requiretls(c)) return without_requiretls(c, hop, last);
    if (!e) return opened(c, hop, at, began_us);
    c->client = NULL;
    if (loop_draining(c->relay->loop)) return REACH_GONE;
    if (tls_failed && !clear && o.tls == SMTP_TLS_MAY) return try_address(c, hop, at, true, last);
    bool unprotected = tls_failed && c->job->entries[0].require_tls;
    note_refusal(c, hop, &reply, unprotected, last);
    last->detail = transfer_detail(c, hop, at, began_us);
    return e == ERR_DENIED || unprotected ? REACH_DENIED : REACH_NEXT;
}

/* --- one host --------------------------------------------------------------------------------- */

/* An address literal names its own address; a name is looked up. */
static enum err host_addresses(struct job *j, const struct hop *hop, struct dns_addresses *out)
{
    struct netaddr *at = ARENA_NEW(&j->arena, struct netaddr);
    if (!at) return ERR_LIMIT;
    *at = hop->literal;
    *out = (struct dns_addresses){ .items = at, .n = 1 };
    if (at->family != NET_NONE) return OK;
    if (!str_starts(hop->name, S("[")))
        return dns_addresses(hop->name, RELAY_DNS_MS, &j->arena, out);
    str inner = str_sub(hop->name, 1, hop->name.n - 2);
    if (str_istarts(inner, S("IPv6:")))
        inner = arena_fmt(&j->arena, "[%.*s]", STR_ARG(str_from(inner, 5)));
    return netaddr_parse(inner, 0, at) ? ERR_NOTFOUND : OK;
}

static enum reach try_host(struct conversation *c, const struct hop *hop, struct verdict *last)
{
    struct job *j = c->job;
    struct dns_addresses addresses;
    enum err e = host_addresses(j, hop, &addresses);
    if (e == ERR_GONE) return REACH_GONE;
    if (e) {
        *last = (struct verdict){ .outcome = QUEUE_DEFERRED,
                                  .reply = arena_fmt(&j->arena, "451 4.4.3 no address of %.*s: %s",
                                                     STR_ARG(hop->name), err_text(e)),
                                  .remote = hop->name };
        return REACH_NEXT;
    }
    size_t n = addresses.n < RELAY_ADDRESSES ? addresses.n : RELAY_ADDRESSES, denied = 0;
    struct arena_mark mark = arena_mark(&j->arena);
    for (size_t i = 0; i < n; i++) {
        struct netaddr at = addresses.items[i];
        if (at.family != NET_UNIX) at.port = hop->port;
        enum reach reached = try_address(c, hop, &at, false, last);
        if (reached == REACH_DONE || reached == REACH_GONE) return reached;
        denied += reached == REACH_DENIED;
        keep_verdict(j, mark, last);
    }
    return denied == n ? REACH_DENIED : REACH_NEXT;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* RFC 5321 5.1: from our own name on the list downwards, sending would be to ourselves. The list is
 * in order; among equals chance has mixed it, so those that are as good as we are not tried either.
 */
static size_t before_ourselves(const struct conversation *c, const struct hops *hops)
{
    str us = deliver_hostname(c->relay->deliver);
    if (c->destination->route->via.n) return hops->n;
    for (size_t i = 0; i < hops->n; i++) {
        if (!str_ieq(hops->items[i].name, us)) continue;
        while (i > 0 && hops->items[i - 1].preference == hops->items[i].preference)
            i--;
        return i;
    }
    return hops->n;
}

static bool try_hops(struct conversation *c, const struct hops *hops)
{
    struct job *j = c->job;
    struct verdict last = { .outcome = QUEUE_DEFERRED, .reply = S("no host could be tried") };
    size_t n = before_ourselves(c, hops), denied = 0;
    if (!n) {
        settle_loop(j);
        return true;
    }
    struct arena_mark mark = arena_mark(&j->arena);
    for (size_t i = 0; i < n; i++) {
        enum reach reached = try_host(c, &hops->items[i], &last);
        if (reached == REACH_GONE) return false;
        if (reached == REACH_DONE) return true;
        denied += reached == REACH_DENIED;
        keep_verdict(j, mark, &last);
    }
    destination_trouble(c->destination, last.reply);
    /* Every host greeted us with 5xx: waiting will not make them kinder. */
    if (denied == n) last.outcome = QUEUE_BOUNCED;
    job_settle_all(j, &last);
    return true;
}

static const struct {
    enum err err;
    enum queue_outcome outcome;
    str reply;
} no_hosts[] = {
    { ERR_DENIED, QUEUE_BOUNCED, S_INIT("556 5.1.10 the domain takes no mail (null MX)") },
    { ERR_NOTFOUND, QUEUE_BOUNCED,
      S_INIT("550 5.1.2 the domain does not exist, or has no mail server") },
};

static void settle_without_hosts(struct job *j, enum err e)
{
    struct verdict v = { .outcome = QUEUE_DEFERRED,
                         .reply = S("451 4.4.3 the domain cannot be looked up now") };
    for (size_t i = 0; i < COUNT_OF(no_hosts); i++)
        if (no_hosts[i].err == e) {
            v.outcome = no_hosts[i].outcome;
            v.reply = no_hosts[i].reply;
        }
    job_settle_all(j, &v);
}

bool hosts_try(struct conversation *c)
{
    struct hops hops;
    str domain; /* DNS knows A-labels only */
    bool ok = address_domain_ascii(&c->job->arena, c->job->domain, &domain);
    enum err e =
        ok ? route_hops(c->destination->route, c->relay->settings, domain, &c->job->arena, &hops)
           : ERR_NOTFOUND;
    if (!e) return try_hops(c, &hops);
    if (e == ERR_GONE) return false;
    settle_without_hosts(c->job, e);
    return true;
}
