/* mx.c - where mail for a domain goes (RFC 5321 5.1, RFC 7505). */
#include "base/limits.h"
#include "dns/mx.h"

/* Preference first; among equals the random number decides (RFC 5321 5.1: "MUST randomize"). */
struct candidate {
    struct mx_host host;
    uint32_t chance;
};

static bool before(const struct candidate *a, const struct candidate *b)
{
    if (a->host.preference != b->host.preference) return a->host.preference < b->host.preference;
    return a->chance < b->chance;
}

/* Insertion: a domain has a handful of hosts, at most DNS_RECORDS. */
static void sort(struct candidate *list, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && before(&list[k], &list[k - 1]); k--) {
            struct candidate t = list[k];
            list[k] = list[k - 1];
            list[k - 1] = t;
        }
}

static bool candidate_parse(str rdata, struct arena *a, struct candidate *out)
{
    size_t used;
    if (rdata.n < 3) return false;
    *out = (struct candidate){ .host.preference = (uint16_t)((unsigned char)rdata.p[0] << 8 |
                                                             (unsigned char)rdata.p[1]) };
    seam_random(loop_seam(loop_self()), &out->chance, sizeof out->chance);
    return dns_name_text(str_from(rdata, 2), &used, a, &out->host.name);
}

/* RFC 7505 3: one record, preference 0, the root. */
static bool is_null(const struct dns_records *r)
{
    return r->n == 1 && r->rdata[0].n == 3 && r->rdata[0].p[2] == '\0';
}

static enum err from_records(const struct dns_records *r, struct arena *a, struct mx *out)
{
    struct candidate *list = ARENA_ARRAY(a, r->n, struct candidate);
    struct mx found = { .hosts = ARENA_ARRAY(a, RELAY_MX_HOSTS, struct mx_host),
                        .secure = r->secure };
    if (!list || !found.hosts) return ERR_LIMIT;

    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (candidate_parse(r->rdata[i], a, &list[n]) && list[n].host.name.n) n++;
    if (!n) return ERR_LATER; /* records, but none of use: a mistake that its owner will mend */
    sort(list, n);
    for (size_t i = 0; i < n && found.n < RELAY_MX_HOSTS; i++)
        found.hosts[found.n++] = list[i].host;
    *out = found;
    return OK;
}

/* RFC 5321 5.1: no MX at all means the domain's own address, if it has one. */
static enum err implicit(str domain, unsigned deadline_ms, struct arena *a, struct mx *out)
{
    struct dns_addresses own;
    enum err e = dns_addresses(domain, deadline_ms, a, &own);
    if (e) return e;
    struct mx found = {
        .hosts = ARENA_NEW(a, struct mx_host), .n = 1, .secure = own.secure, .implicit = true
    };
    if (!found.hosts) return ERR_LIMIT;
    found.hosts[0].name = domain;
    *out = found;
    return OK;
}

enum err mx_find(str domain, unsigned deadline_ms, struct arena *a, struct mx *out)
{
    if (str_starts(domain, S("["))) {
        *out = (struct mx){ .hosts = ARENA_NEW(a, struct mx_host), .n = 1, .implicit = true };
        if (!out->hosts) return ERR_LIMIT;
        out->hosts[0].name = domain;
        return OK;
    }
    struct dns_records r;
    enum err e = dns_lookup(domain, RR_MX, deadline_ms, a, &r);
    if (e == ERR_NOTFOUND) return implicit(domain, deadline_ms, a, out);
    if (e) return e;
    if (is_null(&r)) return ERR_DENIED;
    return from_records(&r, a, out);
}
