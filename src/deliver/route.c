/* route.c - where a recipient's mail goes: aliases, users, tags, postmaster, catch-alls, the world.
 *
 * A look-up is a list of addresses that grows at its end: each step takes the next address and
 * either finds a user, or appends an alias's targets. An address is on the list once, so loops end
 * by themselves, and ALIAS_DEPTH and ALIAS_TARGETS bound what is left.
 */
#include "base/limits.h"
#include "base/log.h"
#include "deliver/deliver_int.h"

/* One address of the list. */
struct stop {
    struct address
        as_written; /* kept for other people's domains: their local part's case is theirs */
    struct address folded;
    unsigned depth; /* aliases between it and the recipient */
};

struct search {
    const struct deliver_settings *settings;
    struct view *v;
    struct arena *arena; /* the caller's: results */
    struct arena scratch;
    struct stop *stops;
    size_t n;
    str delivered_to;                /* the recipient as it was given */
    struct local_rcpt *local, *full; /* full: users over their quota */
    size_t local_n, full_n;
    struct queue_rcpt *remote;
    size_t remote_n;
    enum err passed_over; /* why the last target that cannot take it could not; or OK */
};

/* --- the list ----------------------------------------------------------------------------------
 */

static bool folded_eq(struct address a, struct address b)
{
    return str_eq(a.local, b.local) && str_eq(a.domain, b.domain);
}

static bool listed(const struct search *s, struct address folded)
{
    for (size_t i = 0; i < s->n; i++)
        if (folded_eq(s->stops[i].folded, folded)) return true;
    return false;
}

static enum err add_stop(struct search *s, struct address written, unsigned depth)
{
    struct stop stop = { .as_written = written, .depth = depth };
    if (depth > ALIAS_DEPTH) return ERR_LIMIT;
    if (!address_fold(&s->scratch, written, &stop.folded)) return ERR_LIMIT;
    if (listed(s, stop.folded)) return OK;
    if (s->n == ALIAS_TARGETS) return ERR_LIMIT;
    struct stop *stops = arena_more(&s->scratch, s->stops, s->n, sizeof(stop));
    if (!stops) return ERR_LIMIT;
    s->stops = stops;
    s->stops[s->n++] = stop;
    return OK;
}

/* --- what an address turns out to be ------------------------------------------------------------
 */

static void pass_over(struct search *s, str address, enum err why)
{
    s->passed_over = why;
    log_event(LOG_INFO, "deliver.refused", (str){ 0 }, F_STR("to", address),
              F_CSTR("why", err_text(why)));
}

static bool over_quota(struct view *v, struct account account)
{
    struct quota q;
    if (store_quota(v, account, &q)) return false;
    return (q.bytes_max && q.bytes >= q.bytes_max) ||
           (q.messages_max && q.messages >= q.messages_max);
}

/* Each user once. */
static void add_local(struct search *s, struct local_rcpt **items, size_t *n,
                      struct local_rcpt rcpt)
{
    for (size_t i = 0; i < *n; i++)
        if ((*items)[i].account.n == rcpt.account.n) return;
    struct local_rcpt *moved = arena_more(s->arena, *items, *n, sizeof(rcpt));
    if (!moved) return; /* the arena says so */
    *items = moved;
    moved[(*n)++] = rcpt;
}

static void reach_user(struct search *s, const struct user *u)
{
    struct local_rcpt rcpt = { .account = u->account, .mailbox = S("INBOX") };
    rcpt.delivered_to = s->delivered_to;
    if (u->suspended) {
        pass_over(s, s->delivered_to, ERR_DENIED);
    } else if (over_quota(s->v, u->account)) {
        add_local(s, &s->full, &s->full_n, rcpt);
    } else {
        add_local(s, &s->local, &s->local_n, rcpt);
    }
}

/* ERR_NOTFOUND if no user has this address. */
static enum err try_user(struct search *s, str address)
{
    struct user u;
    enum err e = store_user_find(s->v, address, &u);
    if (!e) reach_user(s, &u);
    return e;
}

/* Append the targets of an alias to the list. ERR_NOTFOUND if there is no such alias. */
static enum err try_alias(struct search *s, str address, const struct stop *from)
{
    const str *targets;
    size_t n;
    enum err e = store_alias_targets(s->v, address, &s->scratch, &targets, &n);
    if (e || !n) return e ? e : ERR_NOTFOUND;
    for (size_t i = 0; i < n && !e; i++) {
        struct address to;
        if (address_parse(&s->scratch, targets[i], ADDRESS_UTF8, &to))
            e = add_stop(s, to, from->depth + 1);
        else
            pass_over(s, targets[i], ERR_SYNTAX);
    }
    return e;
}

static str at_domain(struct search *s, str local, str domain)
{
    return address_text(&s->scratch, (struct address){ local, domain });
}

/* "alice+shop" is alice's; a separator in front makes no tag of everything. */
static bool without_tag(const struct search *s, str local, str *base)
{
    str separator = s->settings->tag_separator;
    size_t at = separator.n ? str_find(local, separator) : STR_NPOS;
    if (at == STR_NPOS || at == 0) return false;
    *base = str_take(local, at);
    return true;
}

static enum err try_address(struct search *s, str local, const struct stop *stop)
{
    str address = at_domain(s, local, stop->folded.domain);
    enum err e = try_alias(s, address, stop);
    return e == ERR_NOTFOUND ? try_user(s, address) : e;
}

/* --- postmaster: somebody always reads it. RFC 5321 4.5.1 ---------------------------------------
 */

struct first_user {
    str domain;
    struct user user;
    bool found;
};

static bool is_of_domain(void *arg, const struct user *u)
{
    struct first_user *first = arg;
    size_t at = str_rchr(u->address, '@');
    if (u->suspended || at == STR_NPOS) return true;
    if (first->domain.n && !str_eq(str_from(u->address, at + 1), first->domain)) return true;
    first->user = *u;
    first->found = true;
    return false;
}

static enum err try_postmaster(struct search *s, const struct stop *stop, bool ours)
{
    struct address to;
    if (s->settings->postmaster.n &&
        address_parse(&s->scratch, s->settings->postmaster, ADDRESS_UTF8, &to))
        return add_stop(s, to, stop->depth + 1);
    struct first_user first = { .domain = ours ? stop->folded.domain : (str){ 0 } };
    enum err e = store_users(s->v, is_of_domain, &first);
    if (e || !first.found) return e ? e : ERR_NOTFOUND;
    reach_user(s, &first.user);
    return OK;
}

/* --- one step --------------------------------------------------------------------------------- */

static enum err visit_ours(struct search *s, const struct stop *stop)
{
    str base;
    enum err e = try_address(s, stop->folded.local, stop);
    if (e == ERR_NOTFOUND && without_tag(s, stop->folded.local, &base))
        e = try_address(s, base, stop);
    if (e == ERR_NOTFOUND && str_eq(stop->folded.local, S("postmaster")))
        e = try_postmaster(s, stop, true);
    if (e == ERR_NOTFOUND)
        e = try_alias(s, arena_concat(&s->scratch, (str[]){ S("@"), stop->folded.domain }, 2),
                      stop);
    return e;
}

static void reach_remote(struct search *s, const struct stop *stop)
{
    struct queue_rcpt *moved = arena_more(s->arena, s->remote, s->remote_n, sizeof(*moved));
    if (!moved) return; /* the arena says so */
    s->remote = moved;
    s->remote[s->remote_n++] =
        (struct queue_rcpt){ .address = address_text(s->arena, stop->as_written) };
}

/* Bare postmaster, and postmaster at the name in our greeting, are ours too. */
static bool is_our_postmaster(const struct search *s, struct address folded)
{
    if (!str_eq(folded.local, S("postmaster"))) return false;
    return !folded.domain.n || str_ieq(folded.domain, s->settings->hostname);
}

static enum err visit(struct search *s, const struct stop *stop)
{
    enum err e = OK;
    if (stop->folded.domain.n && store_domain_is_ours(s->v, stop->folded.domain))
        e = visit_ours(s, stop);
    else if (is_our_postmaster(s, stop->folded))
        e = try_postmaster(s, stop, false);
    else
        reach_remote(s, stop);
    if (e == ERR_NOTFOUND && stop->depth) {
        pass_over(s, at_domain(s, stop->folded.local, stop->folded.domain), e);
        e = OK; /* one dead target of an alias is no reason to refuse the others */
    }
    return s->scratch.full || s->arena->full ? ERR_LIMIT : e;
}

static enum err follow(struct search *s, const struct address *to)
{
    enum err e = add_stop(s, *to, 0);
    for (size_t i = 0; i < s->n && !e; i++) {
        struct stop stop = s->stops[i];
        e = visit(s, &stop);
    }
    return e;
}

/* --- the outcome ------------------------------------------------------------------------------ */

static enum err nobody(const struct search *s)
{
    if (s->full_n) return ERR_LATER;
    if (s->passed_over) return s->passed_over == ERR_SYNTAX ? ERR_NOTFOUND : s->passed_over;
    return ERR_LIMIT; /* aliases that name only each other */
}

/* A full mailbox beside others that are not is overdrawn: refusing would hold up the others, and
 * passing it over would lose the message for one. */
static void add_full(struct search *s)
{
    for (size_t i = 0; i < s->full_n; i++)
        add_local(s, &s->local, &s->local_n, s->full[i]);
}

static enum err decide(struct search *s, void *arg)
{
    struct route *out = arg;
    if (!s->local_n && !s->remote_n) return nobody(s);
    add_full(s);
    if (s->arena->full) return ERR_LIMIT;
    bool straight = s->n == 1 && !s->local_n;
    *out = (struct route){
        .kind = straight ? ROUTE_REMOTE : ROUTE_LOCAL,
        .local = s->local,
        .local_n = s->local_n,
        .remote = s->remote,
        .remote_n = s->remote_n,
    };
    return OK;
}

static bool has_account(const struct local_rcpt *items, size_t n, struct account who)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].account.n == who.n) return true;
    return false;
}

/* How one search begins and ends; `outcome` looks at what was found. */
static enum err search(struct deliver *d, const struct address *to, struct arena *a,
                       enum err (*outcome)(struct search *s, void *arg), void *arg)
{
    struct search s = {
        .settings = d->settings,
        .arena = a,
        .scratch = arena_make(DELIVER_ARENA_BYTES),
        .delivered_to = address_text(a, *to),
    };
    enum err e = ERR_LATER;
    s.v = store_view(d->store);
    if (s.v) {
        e = follow(&s, to);
        if (!e) e = outcome(&s, arg);
        view_end(s.v);
    }
    arena_free(&s.scratch);
    return e;
}

enum err route_find(struct deliver *d, const struct address *to, struct arena *a, struct route *out)
{
    return search(d, to, a, decide, out);
}

static enum err is_reached(struct search *s, void *arg)
{
    const struct account *who = arg;
    bool reached = has_account(s->local, s->local_n, *who) || has_account(s->full, s->full_n, *who);
    return reached ? OK : ERR_NOTFOUND;
}

bool route_reaches(struct deliver *d, const struct address *address, struct account who)
{
    struct arena a = arena_make(DELIVER_ARENA_BYTES);
    bool reached = !search(d, address, &a, is_reached, &who);
    arena_free(&a);
    return reached;
}
