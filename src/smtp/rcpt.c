/* rcpt.c - RCPT TO: decide whether we take responsibility for one recipient.
 *
 * RFC 5321 3.3, 4.1.1.3; RFC 3461 4 (NOTIFY, ORCPT). Refusing here is cheap; after DATA we would
 * have to bounce, so everything that can be judged by now is judged by now.
 */
#include "base/budget.h"
#include "base/limits.h"
#include "smtp/smtp_int.h"

static enum err refuse_params(struct smtp *s, enum params_fault fault)
{
    switch (fault) {
    case PARAMS_FINE: break;
    case PARAMS_SYNTAX: return smtp_reply(s, 501, "5.5.4", S("RCPT TO:<address>"));
    case PARAMS_ADDRESS: return smtp_reply(s, 501, "5.1.3", S("that is no address"));
    case PARAMS_NEEDS_UTF8: return smtp_reply(s, 553, "5.6.7", S("that address needs SMTPUTF8"));
    case PARAMS_UNKNOWN:
        return smtp_reply(s, 555, "5.5.4", S("a parameter that is not known here"));
    case PARAMS_VALUE: return smtp_reply(s, 501, "5.5.4", S("a parameter has a bad value"));
    case PARAMS_MANY: return smtp_reply(s, 501, "5.5.4", S("too many parameters"));
    }
    return OK;
}

enum err smtp_refuse_route(struct smtp *s, enum err why)
{
    switch (why) {
    case ERR_NOTFOUND: return smtp_reply(s, 550, "5.1.1", S("no such user here"));
    case ERR_DENIED: return smtp_reply(s, 550, "5.2.1", S("that account takes no mail"));
    case ERR_LIMIT: return smtp_reply(s, 550, "5.4.6", S("that alias goes in circles, or too far"));
    case ERR_LATER: return smtp_reply(s, 452, "4.2.2", S("that mailbox is full"));
    default: return smtp_reply(s, 451, "4.3.0", S("cannot look that up now, try again"));
    }
}

bool smtp_has_room(struct view *v, const struct local_rcpt *to, size_t n, uint64_t bytes)
{
    for (size_t i = 0; i < n; i++) {
        struct quota q;
        if (store_quota(v, to[i].account, &q)) return true;
        if ((!q.bytes_max || q.bytes + bytes <= q.bytes_max) &&
            (!q.messages_max || q.messages < q.messages_max))
            return true;
    }
    return false;
}

/* RFC 1870 6.1: the size was declared, so the message need not come to be refused. */
static bool is_too_big_for(struct smtp *s, const struct route *route)
{
    uint64_t bytes = s->tx.mail.size_bytes;
    if (!bytes || !route->local_n || route->remote_n) return false;
    struct view *v = store_view(s->server->store);
    bool room = !v || smtp_has_room(v, route->local, route->local_n, bytes);
    if (v) view_end(v);
    return !room;
}

static enum err too_many(struct smtp *s)
{
    budget_struck(BUDGET_SMTP_RCPTS);
    return smtp_reply(s, 452, "4.5.3",
                      S("too many recipients, send the rest in another transaction"));
}

/* RFC 3461 5.2.7: where an alias goes to several, or to somebody elsewhere besides, we report its
 * expansion and the next hop is not asked to report again. */
static bool is_expanded(const struct route *route)
{
    return route->local_n + route->remote_n > 1;
}

static unsigned notify_onward(unsigned notify, const struct route *route)
{
    if (!(notify & NOTIFY_SUCCESS) || !is_expanded(route)) return notify;
    notify &= ~(unsigned)NOTIFY_SUCCESS;
    return notify ? notify : NOTIFY_NEVER;
}

static bool add_local(struct smtp *s, const struct route *route)
{
    struct transaction *tx = &s->tx;
    for (size_t i = 0; i < route->local_n; i++) {
        struct local_rcpt *more = arena_more(&s->tx_arena, tx->local, tx->local_n, sizeof(*more));
        if (!more) return false;
        tx->local = more;
        more[tx->local_n++] = route->local[i];
    }
    return true;
}

static bool add_remote(struct smtp *s, const struct rcpt_params *rcpt, const struct route *route)
{
    struct transaction *tx = &s->tx;
    for (size_t i = 0; i < route->remote_n; i++) {
        struct queue_rcpt *more = arena_more(&s->tx_arena, tx->queue, tx->queue_n, sizeof(*more));
        if (!more) return false;
        tx->queue = more;
        more[tx->queue_n] = route->remote[i];
        more[tx->queue_n].notify = notify_onward(rcpt->notify, route);
        more[tx->queue_n++].orcpt = rcpt->orcpt;
    }
    return true;
}

static bool add_told(struct smtp *s, const struct rcpt_params *rcpt, const struct route *route)
{
    struct transaction *tx = &s->tx;
    if (!(rcpt->notify & NOTIFY_SUCCESS)) return true;
    if (!route->local_n && !is_expanded(route)) return true; /* the next hop's affair */
    struct delivered *more = arena_more(&s->tx_arena, tx->told, tx->told_n, sizeof(*more));
    if (!more) return false;
    tx->told = more;
    more[tx->told_n++] = (struct delivered){ rcpt->rcpt, rcpt->orcpt, is_expanded(route) };
    return true;
}

/* LMTP answers for each: remember whose targets are whose. */
static bool add_share(struct smtp *s, size_t local_at, size_t queue_at, size_t told_at)
{
    struct transaction *tx = &s->tx;
    if (!smtp_is_lmtp(s)) return true;
    struct rcpt_share *more = arena_more(&s->tx_arena, tx->shares, tx->rcpts, sizeof(*more));
    if (!more) return false;
    tx->shares = more;
    more[tx->rcpts] = (struct rcpt_share){ .local_at = local_at,
                                           .local_n = tx->local_n - local_at,
                                           .queue_n = tx->queue_n - queue_at,
                                           .told_at = told_at,
                                           .told_n = tx->told_n - told_at };
    return true;
}

/* All of this recipient's targets or none. */
static bool add(struct smtp *s, const struct rcpt_params *rcpt, const struct route *route)
{
    struct transaction *tx = &s->tx;
    size_t local_n = tx->local_n, queue_n = tx->queue_n, told_n = tx->told_n;
    if (local_n + queue_n + route->local_n + route->remote_n > ACCEPT_RCPTS) return false;
    if (!add_local(s, route) || !add_remote(s, rcpt, route) || !add_told(s, rcpt, route) ||
        !add_share(s, local_n, queue_n, told_n)) {
        tx->local_n = local_n;
        tx->queue_n = queue_n;
        tx->told_n = told_n;
        return false;
    }
    if (!tx->rcpts++) tx->first_rcpt = rcpt->rcpt;
    s->state = SMTP_RCPT;
    return true;
}

/* What is held until later (RFC 4865) waits in the queue, wherever it goes; it is routed again when
 * it is released. */
static enum err hold_for_later(struct smtp *s, const struct rcpt_params *rcpt, struct route *route)
{
    struct queue_rcpt *waiting = ARENA_NEW(&s->tx_arena, struct queue_rcpt);
    if (!waiting) return ERR_LIMIT;
    struct address to = rcpt->rcpt;
    if (!to.domain.n) to.domain = smtp_hostname(s); /* <postmaster> */
    waiting->address = address_text(&s->tx_arena, to);
    *route = (struct route){ .kind = route->kind, .remote = waiting, .remote_n = 1 };
    return OK;
}

/* An address literal (RFC 5321 4.1.3) that means this machine: what listens there trusts it, and
 * is not for those who log in here. */
static bool is_this_machine(struct smtp *s, str domain)
{
    struct netaddr at;
    if (!str_starts(domain, S("["))) return false;
    str inner = str_sub(domain, 1, domain.n - 2);
    if (str_istarts(inner, S("IPv6:")))
        inner = arena_fmt(&s->tx_arena, "[%.*s]", STR_ARG(str_from(inner, 5)));
    if (netaddr_parse(inner, 0, &at)) return false;
    return netaddr_is_loopback(&at) || netaddr_is_any(&at);
}

/* OK, or why not, replied. Waits for nothing. */
static enum err judge(struct smtp *s, str args, struct rcpt_params *rcpt, struct route *route)
{
    enum params_fault fault =
        smtp_rcpt_params(&s->tx_arena, arena_copy(&s->tx_arena, args), s->tx.mail.utf8, rcpt);
    if (fault) return refuse_params(s, fault);
    enum err e = route_find(s->server->deliver, &rcpt->rcpt, &s->tx_arena, route);
    if (e) return smtp_refuse_route(s, e);
    if (route->kind == ROUTE_REMOTE && !s->logged_in)
        return smtp_reply(s, 550, "5.7.1", S("relaying denied"));
    if (route->kind == ROUTE_REMOTE && is_this_machine(s, rcpt->rcpt.domain))
        return smtp_reply(s, 550, "5.1.2", S("no mail goes to that address"));
    if (route->local_n + route->remote_n > ACCEPT_RCPTS) return smtp_refuse_route(s, ERR_LIMIT);
    if (is_too_big_for(s, route)) return smtp_refuse_route(s, ERR_LATER);
    if (s->tx.release_us && hold_for_later(s, rcpt, route)) return too_many(s);
    return OK;
}

enum err smtp_rcpt(struct smtp *s, str args)
{
    if (s->tx.rcpts >= s->server->settings->rcpts_max) return too_many(s);
    struct arena_mark before = arena_mark(&s->tx_arena);
    struct rcpt_params rcpt;
    struct route route;
    enum err e = judge(s, args, &rcpt, &route);
    if (!e) e = smtp_rate(s, RATE_RCPTS);
    if (!e) e = smtp_guard(s, GUARD_RCPTS);
    if (e) {
        arena_rewind(&s->tx_arena, before);
        return e;
    }
    if (!add(s, &rcpt, &route)) return too_many(s);
    return smtp_reply(s, 250, "2.1.5", S("recipient ok"));
}
