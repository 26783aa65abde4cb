/* seam_sim_dns.c - the simulated world's DNS: one table for all, answers after a while. */
#include "run/seam_sim_int.h"

#include "run/loop.h"

enum {
    DNS_LATENCY_US_MIN = 500,
    DNS_LATENCY_US_MAX = 30000,
    DNS_TIMEOUT_US = 5000000, /* what a failing world makes one wait */
    DNS_RECORDS_MAX = 64,     /* of one name and type */
    DNS_CNAMES_MAX = 8,
    DNS_TTL_S = 300,
    RR_CNAME = 5,
};

struct record {
    struct list node;
    str name; /* lower case, without the last dot */
    uint16_t rrtype;
    str rdata;
};

struct query {
    struct timer timer;
    struct sim_machine *machine;
    struct loop *loop;
    struct arena arena;
    str name;
    uint16_t rrtype;
    seam_dns_fn *fn;
    void *arg;
};

static str name_clean(struct arena *a, str name)
{
    if (str_ends(name, S("."))) name = str_take(name, name.n - 1);
    return arena_lower(a, name);
}

void sim_dns_add(struct sim_world *w, str name, uint16_t rrtype, str rdata)
{
    struct record *r = ARENA_NEW(&w->arena, struct record);
    if (!r) return;
    r->name = name_clean(&w->arena, name);
    r->rrtype = rrtype;
    r->rdata = arena_copy(&w->arena, rdata);
    list_push_back(&w->records, &r->node);
}

void sim_dns_fail(struct sim_world *w, bool fail)
{
    w->dns_fails = fail;
}

/* --- answers ---------------------------------------------------------------------------------- */

static size_t collect(struct sim_world *w, str name, uint16_t rrtype, str *rdata)
{
    size_t n = 0;
    LIST_EACH(&w->records, node) {
        const struct record *r = CONTAINER_OF(node, struct record, node);
        if (r->rrtype == rrtype && str_eq(r->name, name) && n < DNS_RECORDS_MAX)
            rdata[n++] = r->rdata;
    }
    return n;
}

/* A name exists too if only names below it do. */
static bool name_exists(struct sim_world *w, str name)
{
    LIST_EACH(&w->records, node) {
        str one = CONTAINER_OF(node, struct record, node)->name;
        if (str_eq(one, name)) return true;
        if (one.n > name.n && str_ends(one, name) && one.p[one.n - name.n - 1] == '.') return true;
    }
    return false;
}

/* RFC 1035 3.1: labels, each with its length in front. */
static str name_from_wire(struct arena *a, str wire)
{
    struct buf text = buf_make(256);
    while (wire.n > 0 && wire.p[0] != 0) {
        size_t n = (unsigned char)wire.p[0];
        if (text.n > 0) buf_addc(&text, '.');
        buf_add(&text, str_sub(wire, 1, n));
        wire = str_from(wire, n + 1);
    }
    str name = name_clean(a, buf_str(&text));
    buf_free(&text);
    return name;
}

static str follow_cnames(struct query *q, struct sim_world *w)
{
    str name = name_clean(&q->arena, q->name), target[DNS_RECORDS_MAX];
    for (int i = 0; i < DNS_CNAMES_MAX && q->rrtype != RR_CNAME; i++) {
        if (collect(w, name, RR_CNAME, target) == 0) break;
        name = name_from_wire(&q->arena, target[0]);
    }
    return name;
}

static void query_free(struct query *q)
{
    arena_free(&q->arena);
    mem_free(q);
}

static void answer(struct timer *t)
{
    struct query *q = CONTAINER_OF(t, struct query, timer);
    struct sim_world *w = q->machine->world;
    str rdata[DNS_RECORDS_MAX], asked = name_clean(&q->arena, q->name);
    str name = follow_cnames(q, w);
    struct seam_dns_reply reply = { .ttl_s = DNS_TTL_S, .rdata = rdata };
    reply.n = collect(w, name, q->rrtype, rdata);
    if (!str_eq(name, asked)) reply.canonical = name;
    reply.status = reply.n > 0 ? DNS_ANSWER : name_exists(w, name) ? DNS_NODATA : DNS_NXDOMAIN;
    if (w->dns_fails || q->machine->off) reply = (struct seam_dns_reply){ .status = DNS_FAILED };
    q->fn(q->arg, &reply);
    query_free(q);
}

static enum err sim_dns_query(void *self, struct loop *loop, str name, uint16_t rrtype,
                              seam_dns_fn *fn, void *arg, void **query)
{
    struct sim_machine *m = self;
    struct sim_world *w = m->world;
    struct query *q = MEM_NEW(struct query);
    q->machine = m;
    q->loop = loop;
    q->arena = arena_make(8192);
    q->name = arena_copy(&q->arena, name);
    q->rrtype = rrtype;
    q->fn = fn;
    q->arg = arg;
    q->timer.fire = answer;
    uint64_t wait = DNS_LATENCY_US_MIN + sim_below(w, DNS_LATENCY_US_MAX - DNS_LATENCY_US_MIN);
    if (w->dns_fails || m->off) wait = DNS_TIMEOUT_US;
    *query = q;
    timer_set(loop, &q->timer, w->now_us + wait);
    return OK;
}

static void sim_dns_cancel(void *self, void *query)
{
    (void)self;
    struct query *q = query;
    timer_cancel(q->loop, &q->timer);
    query_free(q);
}

const struct seam_dns_ops sim_dns_ops = { .query = sim_dns_query, .cancel = sim_dns_cancel };
