/* resolve.c - DNS look-ups for fibers, over the seam's resolver. */
#include "dns/resolve.h"

/* --- one look-up ------------------------------------------------------------------------------ */

/* On the stack of the fiber that waits; the callback comes on the same thread. */
struct lookup {
    struct fiber *fiber;
    struct arena *arena;
    enum seam_dns_status status;
    struct dns_records records;
    bool done, spent; /* spent: the arena had no room */
};

static void looked_up(void *arg, const struct seam_dns_reply *reply)
{
    struct lookup *l = arg;
    l->status = reply->status;
    l->records = (struct dns_records){ .secure = reply->secure, .ttl_s = reply->ttl_s };
    l->records.canonical = arena_copy(l->arena, reply->canonical);
    l->records.rdata = ARENA_ARRAY(l->arena, reply->n + 1, str);
    for (size_t i = 0; i < reply->n && l->records.rdata; i++)
        l->records.rdata[l->records.n++] = arena_copy(l->arena, reply->rdata[i]);
    l->spent = l->arena->full;
    l->done = true;
    fiber_wake(l->fiber);
}

static enum err outcome(const struct lookup *l)
{
    if (l->spent) return ERR_LIMIT;
    switch (l->status) {
    case DNS_ANSWER: return OK;
    case DNS_NODATA:
    case DNS_NXDOMAIN: return ERR_NOTFOUND;
    case DNS_FAILED: return ERR_LATER;
    }
    return ERR_LATER;
}

enum err dns_lookup(str name, uint16_t rrtype, unsigned deadline_ms, struct arena *a,
                    struct dns_records *out)
{
    struct loop *loop = loop_self();
    struct seam *seam = loop_seam(loop);
    struct lookup l = { .fiber = fiber_self(), .arena = a };
    uint64_t until_us = loop_now_us(loop) + (uint64_t)deadline_ms * 1000;
    void *query = NULL;

    enum err e = seam_dns_query(seam, loop, name, rrtype, looked_up, &l, &query);
    if (e) return e;
    while (!l.done && !e)
        e = fiber_suspend_until(until_us);
    if (!l.done) {
        seam_dns_cancel(seam, query);
        return e;
    }
    e = outcome(&l);
    if (!e) *out = l.records;
    return e;
}

/* --- addresses -------------------------------------------------------------------------------- */

static const struct {
    uint16_t rrtype;
    enum net_family family;
    size_t bytes;
} kinds[] = {
    { RR_AAAA, NET_IP6, 16 },
    { RR_A, NET_IP4, 4 },
};

static void add_addresses(const struct dns_records *r, size_t kind, struct dns_addresses *out)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->rdata[i].n != kinds[kind].bytes) continue;
        struct netaddr *at = &out->items[out->n++];
        *at = (struct netaddr){ .family = kinds[kind].family };
        bytes_copy(at->ip, sizeof at->ip, r->rdata[i].p, r->rdata[i].n);
    }
}

enum err dns_addresses(str host, unsigned deadline_ms, struct arena *a, struct dns_addresses *out)
{
    struct dns_records records[COUNT_OF(kinds)] = { 0 };
    enum err worst = ERR_NOTFOUND;
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        enum err e = dns_lookup(host, kinds[i].rrtype, deadline_ms, a, &records[i]);
        if (e == ERR_GONE || e == ERR_LIMIT) return e;
        if (e == ERR_LATER) worst = e;
        n += records[i].n;
    }
    struct dns_addresses found = { .items = ARENA_ARRAY(a, n + 1, struct netaddr), .secure = true };
    if (!found.items) return ERR_LIMIT;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        add_addresses(&records[i], i, &found);
        found.secure &= !records[i].n || records[i].secure;
    }
    if (!found.n) return worst;
    *out = found;
    return OK;
}
