/* answer_fuzz.c - whatever a resolver answers, mail is offered to real host names only, in order of
 * preference, and null MX, no domain and no answer stay three things.
 *
 * The input is a list of answers, one a question: a byte for status and flags, a byte for the
 * number of records, and each record as a length and its bytes. Asked are MX, then the addresses of
 * each host that came out.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "dns/mx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES = 32 * 1024, HOSTS_ASKED = 4, ARENA_BYTES = 4 << 20 };

static void must(bool what)
{
    if (!what) abort();
}

/* --- a resolver that reads its answers from the input ----------------------------------------- */

static str input;

static unsigned next_byte(void)
{
    unsigned c = input.n ? (unsigned char)input.p[0] : 0;
    input = str_from(input, 1);
    return c;
}

/* Some answers come before the question's call returns, which is allowed. */
static enum err query(void *self, struct loop *loop, str name, uint16_t rrtype, seam_dns_fn *fn,
                      void *arg, void **out)
{
    static const enum seam_dns_status statuses[] = { DNS_ANSWER, DNS_ANSWER, DNS_NODATA,
                                                     DNS_NXDOMAIN, DNS_FAILED };
    (void)self, (void)loop, (void)rrtype;
    must(name.n > 0 && name.n <= DOMAIN_BYTES && !str_has(name, '\0'));
    unsigned first = next_byte();
    if (first == 0xff) return ERR_LATER;
    str rdata[DNS_RECORDS];
    struct seam_dns_reply reply = { .status = statuses[first % COUNT_OF(statuses)],
                                    .secure = first & 0x80,
                                    .rdata = rdata,
                                    .ttl_s = first };
    size_t want = next_byte() % (DNS_RECORDS + 1);
    while (reply.status == DNS_ANSWER && reply.n < want) {
        size_t n = next_byte();
        rdata[reply.n++] = str_take(input, n);
        input = str_from(input, n);
    }
    *out = NULL;
    fn(arg, &reply);
    return OK;
}

static void cancel(void *self, void *query_arg)
{
    (void)self, (void)query_arg;
}

static const struct seam_dns_ops ops = { .query = query, .cancel = cancel };

/* --- what must be true ------------------------------------------------------------------------ */

static void want_host_name(str name)
{
    must(name.n > 0 && name.n <= DOMAIN_BYTES && name.p[0] != '.');
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool lower = ascii_alnum(c) && !(c >= 'A' && c <= 'Z');
        must(lower || c == '-' || c == '_' || (c == '.' && i && name.p[i - 1] != '.'));
    }
}

static void want_addresses(str host, struct arena *a)
{
    struct dns_addresses found;
    enum err e = dns_addresses(host, 1000, a, &found);
    must(e == OK || e == ERR_NOTFOUND || e == ERR_LATER || e == ERR_LIMIT);
    if (e) return;
    must(found.n > 0);
    for (size_t i = 0; i < found.n; i++) {
        const struct netaddr *at = &found.items[i];
        must((at->family == NET_IP4 || at->family == NET_IP6) && !at->port);
        must(!i || found.items[i - 1].family == at->family || at->family == NET_IP4);
    }
}

static void want_mx(const struct mx *mx, struct arena *a)
{
    must(mx->n > 0 && mx->n <= RELAY_MX_HOSTS);
    for (size_t i = 0; i < mx->n; i++) {
        want_host_name(mx->hosts[i].name);
        must(!i || mx->hosts[i - 1].preference <= mx->hosts[i].preference);
    }
    for (size_t i = 0; i < mx->n && i < HOSTS_ASKED && !mx->implicit; i++)
        want_addresses(mx->hosts[i].name, a);
}

static void ask(void *arg)
{
    bool *done = arg;
    struct arena a = arena_make(ARENA_BYTES);
    struct mx mx = { 0 };
    enum err e = mx_find(S("b.test"), 1000, &a, &mx);
    must(e == OK || e == ERR_DENIED || e == ERR_NOTFOUND || e == ERR_LATER || e == ERR_LIMIT);
    if (!e) want_mx(&mx, &a);
    arena_free(&a);
    *done = true;
}

/* The same bytes as a name in wire form. */
static void want_name(str wire)
{
    struct arena a = arena_make(ARENA_BYTES);
    size_t used = 0;
    str text = { 0 };
    if (dns_name_text(wire, &used, &a, &text)) {
        must(used > 0 && used <= wire.n && (text.n == 0 || text.n == used - 2));
        if (text.n) want_host_name(text);
    }
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct loop *loop;
    static struct seam *seam;
    if (size > INPUT_BYTES) return 0;
    if (!loop) {
        struct sim_world *world = sim_world_new(1);
        seam = sim_machine_new(world, "machine", "10.0.0.1");
        seam_dns_set(seam, &ops, NULL);
        loop = loop_new(seam, 0);
    }
    bool done = false;
    input = (str){ (const char *)data, size };
    want_name(input);
    must(!fiber_start(loop, FIBER_SYSTEM, ask, &done));
    for (int i = 0; i < 100 && !done; i++)
        loop_run_once(loop, false);
    must(done);
    return 0;
}
