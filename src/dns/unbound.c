/* unbound.c - the real resolver behind the seam: libunbound, one context a loop, made when that
 * loop first asks, so that a server that never relays holds no resolver.
 *
 * libunbound resolves on a thread of its own and signals through a descriptor that the loop
 * watches; its callbacks come from ub_process, on the loop's own stack. Its other calls are made
 * there too: reading one zone line takes more than a fiber's whole stack.
 */
#include <unbound.h>

#include "base/limits.h"
#include "base/log.h"
#include "dns/unbound.h"
#include "run/lock.h"
#include "run/loop.h"

/* clang-format off */
static const struct setting rows[] = {
    { "forward",      SET_LIST,     offsetof(struct dns_settings, forward),      "",   0, 0, NULL, "Resolvers to ask, like 127.0.0.1:53; empty: resolve from the root servers." },
    { "trust_anchor", SET_PATH,     offsetof(struct dns_settings, trust_anchor), "",   0, 0, NULL, "File with the DNSSEC trust anchor; empty: no validation." },
    { "insecure",     SET_LIST,     offsetof(struct dns_settings, insecure),     "",   0, 0, NULL, "Domains of your own below which no DNSSEC is expected, like test." },
};
/* clang-format on */
const struct settings_section dns_section = {
    .name = "dns",
    .size = sizeof(struct dns_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "How names are looked up.",
};

/* One loop's resolver. */
struct resolver {
    struct loop *loop;
    const struct dns_settings *settings;
    struct ub_ctx *ctx; /* NULL until the first query */
    struct loop_watch watch;
    struct list node;
    struct list waiting; /* queries that were asked on a fiber and are started by the post */
    struct list asked;   /* those that libunbound works on */
    struct loop_post post, renewal;
    bool posted;
    bool renewing; /* the renewal is posted; guarded by the lock of all */
    struct dns *dns;
};

struct dns {
    struct seam *seam;
    const struct dns_settings *settings;
    struct lock lock; /* guards the list below, and who is renewing */
    struct list resolvers;
};

struct query {
    struct resolver *resolver;
    struct list node; /* among the waiting, or the asked */
    struct buf name;  /* NUL-terminated */
    uint16_t rrtype;
    seam_dns_fn *fn;
    void *arg;
    int id;
    bool started;
};

/* --- a context -----------------------------------------------------------------------------------
 */

/* With the network down libunbound would hold look-ups for half a minute and refuse new ones as
 * long again; these let it notice the return of a server within seconds. */
static const struct {
    const char *name, *value;
} options[] = {
    { "infra-keep-probing:", "yes" },
    { "infra-cache-max-rtt:", "1000" },
    { "infra-host-ttl:", "5" },
    { "msg-cache-size:", "4m" },
    { "rrset-cache-size:", "8m" },
    { "do-not-query-localhost:", "no" }, /* a resolver on this machine is the common case */
};

/* libunbound writes a port after '@'. */
static bool add_forward(struct ub_ctx *ctx, str server, struct arena *a)
{
    struct netaddr at;
    if (netaddr_parse(server, 53, &at)) return false;
    struct buf text = buf_make(128);
    netaddr_ip_text(&at, &text);
    buf_addf(&text, "@%u", at.port);
    const char *forward = arena_cstr(a, buf_str(&text));
    buf_free(&text);
    return forward && ub_ctx_set_fwd(ctx, forward) == 0;
}

/* RFC 6761 names like test. answer NXDOMAIN by themselves unless they are given back to DNS, and
 * that must come after the last option. */
static bool add_insecure(struct ub_ctx *ctx, str domain, struct arena *a)
{
    const char *name = arena_cstr(a, domain);
    return name && ub_ctx_set_option(ctx, "domain-insecure:", name) == 0;
}

static bool configure(struct ub_ctx *ctx, const struct dns_settings *s, struct arena *a)
{
    bool ok = true;
    for (size_t i = 0; i < COUNT_OF(options) && ok; i++)
        ok = ub_ctx_set_option(ctx, options[i].name, options[i].value) == 0;
    for (size_t i = 0; i < s->insecure.n && ok; i++)
        ok = add_insecure(ctx, s->insecure.items[i], a);
    if (ok && s->trust_anchor.n) {
        const char *file = arena_cstr(a, s->trust_anchor);
        ok = file && ub_ctx_add_ta_file(ctx, file) == 0;
    }
    for (size_t i = 0; i < s->forward.n && ok; i++)
        ok = add_forward(ctx, s->forward.items[i], a);
    ok = ok && ub_ctx_async(ctx, 1) == 0; /* the first zone closes the list of settings */
    for (size_t i = 0; i < s->insecure.n && ok; i++) {
        const char *name = arena_cstr(a, s->insecure.items[i]);
        ok = name && ub_ctx_zone_add(ctx, name, "nodefault") == 0;
    }
    return ok;
}

static struct ub_ctx *context_new(const struct dns_settings *s)
{
    struct ub_ctx *ctx = ub_ctx_create();
    if (!ctx) return NULL;
    struct arena a = arena_make(64 * 1024);
    bool ok = configure(ctx, s, &a);
    arena_free(&a);
    if (ok) return ctx;
    ub_ctx_delete(ctx);
    return NULL;
}

static void resolver_ready(struct loop_watch *w, unsigned what)
{
    (void)what;
    ub_process(CONTAINER_OF(w, struct resolver, watch)->ctx);
}

static bool resolver_open(struct resolver *r)
{
    if (r->ctx) return true;
    struct ub_ctx *ctx = context_new(r->settings);
    if (!ctx) return false;
    r->watch = (struct loop_watch){ .handle = ub_fd(ctx), .ready = resolver_ready };
    if (loop_watch(r->loop, &r->watch, SEAM_READABLE)) {
        ub_ctx_delete(ctx);
        return false;
    }
    r->ctx = ctx;
    return true;
}

/* --- queries ---------------------------------------------------------------------------------- */

static enum seam_dns_status status_of(const struct ub_result *r)
{
    if (r->bogus) return DNS_FAILED;
    if (r->havedata) return DNS_ANSWER;
    if (r->nxdomain) return DNS_NXDOMAIN;
    return r->rcode == 0 ? DNS_NODATA : DNS_FAILED;
}

static void answer(struct query *q, const struct ub_result *r)
{
    struct seam_dns_reply reply = { .status = status_of(r) };
    reply.secure = r->secure;
    reply.bogus = r->bogus;
    reply.ttl_s = r->ttl > 0 ? (uint32_t)r->ttl : 0;
    reply.canonical = str_of(r->canonname);

    str rdata[DNS_RECORDS];
    size_t n = 0;
    for (; reply.status == DNS_ANSWER && n < DNS_RECORDS && r->data[n]; n++)
        rdata[n] = (str){ r->data[n], (size_t)r->len[n] };
    reply.rdata = rdata;
    reply.n = n;
    q->fn(q->arg, &reply);
}

static void query_free(struct query *q)
{
    buf_free(&q->name);
    mem_free(q);
}

/* It waits, or is asked. */
static void query_end(struct query *q)
{
    list_remove(&q->node);
    query_free(q);
}

static void fail(struct query *q)
{
    static const struct seam_dns_reply nothing = { .status = DNS_FAILED };
    q->fn(q->arg, &nothing);
}

static void answered(void *arg, int failed, struct ub_result *r)
{
    struct query *q = arg;
    if (failed || !r)
        fail(q);
    else
        answer(q, r);
    if (r) ub_resolve_free(r);
    query_end(q);
}

static void start(struct query *q)
{
    struct resolver *r = q->resolver;
    q->started = true;
    list_push_back(&r->asked, &q->node);
    if (resolver_open(r) && !ub_resolve_async(r->ctx, q->name.p, q->rrtype, 1, q, answered, &q->id))
        return;
    fail(q);
    query_end(q);
}

static void start_all(struct resolver *r)
{
    while (!list_empty(&r->waiting)) {
        struct query *q = CONTAINER_OF(r->waiting.next, struct query, node);
        list_remove(&q->node);
        start(q);
    }
}

static void start_waiting(struct loop_post *p)
{
    struct resolver *r = CONTAINER_OF(p, struct resolver, post);
    r->posted = false;
    start_all(r);
}

/* libunbound remembers for seconds that a server was silent, and has no call to forget it: a new
 * context knows nothing. Whatever the old one was asked is asked again. */
static void renew_resolver(struct loop_post *p)
{
    struct resolver *r = CONTAINER_OF(p, struct resolver, renewal);
    lock_take(&r->dns->lock);
    r->renewing = false;
    lock_drop(&r->dns->lock);
    if (!r->ctx) return;
    loop_unwatch(r->loop, &r->watch);
    ub_ctx_delete(r->ctx);
    r->ctx = NULL;
    while (!list_empty(&r->asked)) {
        struct query *q = CONTAINER_OF(r->asked.next, struct query, node);
        q->started = false;
        list_remove(&q->node);
        list_push_back(&r->waiting, &q->node);
    }
    start_all(r);
}

static struct resolver *resolver_of(struct dns *d, const struct loop *loop)
{
    struct resolver *found = NULL;
    lock_take(&d->lock);
    LIST_EACH(&d->resolvers, node) {
        struct resolver *r = CONTAINER_OF(node, struct resolver, node);
        if (r->loop == loop) found = r;
    }
    lock_drop(&d->lock);
    return found;
}

static enum err query(void *self, struct loop *loop, str name, uint16_t rrtype, seam_dns_fn *fn,
                      void *arg, void **out)
{
    struct resolver *r = resolver_of(self, loop);
    if (!r || str_has(name, '\0') || name.n > DOMAIN_BYTES) return ERR_LATER;

    struct query *q = MEM_NEW(struct query);
    *q = (struct query){ .resolver = r, .rrtype = rrtype, .fn = fn, .arg = arg };
    q->name = buf_make(DOMAIN_BYTES + 1);
    buf_add(&q->name, name);
    buf_addc(&q->name, '\0');
    list_push_back(&r->waiting, &q->node);
    if (!r->posted) loop_post(loop, &r->post);
    r->posted = true;
    *out = q;
    return OK;
}

static void cancel(void *self, void *arg)
{
    (void)self;
    struct query *q = arg;
    if (q->started) ub_cancel(q->resolver->ctx, q->id);
    query_end(q);
}

static void renew(void *self)
{
    struct dns *d = self;
    lock_take(&d->lock);
    LIST_EACH(&d->resolvers, node) {
        struct resolver *r = CONTAINER_OF(node, struct resolver, node);
        if (!r->renewing) loop_post(r->loop, &r->renewal);
        r->renewing = true;
    }
    lock_drop(&d->lock);
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct seam_dns_ops ops = { .query = query, .cancel = cancel, .renew = renew };

/* libunbound takes a missing anchor file in silence, and then every look-up fails. */
static bool anchor_there(struct seam *seam, str path, struct buf *why)
{
    struct arena a = arena_make(8192);
    const char *name = arena_cstr(&a, path);
    int file = name ? seam_open(seam, name, SEAM_READ) : -1;
    if (file >= 0) seam_close(seam, file);
    arena_free(&a);
    if (file < 0) buf_addf(why, "trust_anchor %.*s cannot be read", STR_ARG(path));
    return file >= 0;
}

enum err dns_check(const struct dns_settings *s, struct buf *why)
{
    struct netaddr at;
    for (size_t i = 0; i < s->forward.n; i++)
        if (netaddr_parse(s->forward.items[i], 53, &at)) {
            buf_addf(why, "forward: '%.*s' is no address like 127.0.0.1:53",
                     STR_ARG(s->forward.items[i]));
            return ERR_SYNTAX;
        }
    return OK;
}

enum err dns_new(struct seam *seam, const struct dns_settings *s, struct dns **out, struct buf *why)
{
    if (s->trust_anchor.n && !anchor_there(seam, s->trust_anchor, why)) return ERR_NOTFOUND;
    enum err e = dns_check(s, why);
    if (e) return e;
    struct dns *d = MEM_NEW(struct dns);
    *d = (struct dns){ .seam = seam, .settings = s };
    lock_init(&d->lock);
    list_init(&d->resolvers);
    seam_dns_set(seam, &ops, d);
    *out = d;
    return OK;
}

enum err dns_attach(struct dns *d, struct loop *loop)
{
    struct resolver *r = MEM_NEW(struct resolver);
    *r = (struct resolver){ .loop = loop,
                            .dns = d,
                            .settings = d->settings,
                            .post.run = start_waiting,
                            .renewal.run = renew_resolver };
    list_init(&r->waiting);
    list_init(&r->asked);
    lock_take(&d->lock);
    list_push_back(&d->resolvers, &r->node);
    lock_drop(&d->lock);
    return OK;
}

void dns_detach(struct dns *d, struct loop *loop)
{
    struct resolver *r = resolver_of(d, loop);
    if (!r) return;
    if (r->ctx) {
        loop_unwatch(loop, &r->watch);
        ub_ctx_delete(r->ctx);
    }
    lock_take(&d->lock);
    list_remove(&r->node);
    lock_drop(&d->lock);
    mem_free(r);
}

void dns_free(struct dns *d)
{
    if (!d) return;
    lock_end(&d->lock);
    mem_free(d);
}
