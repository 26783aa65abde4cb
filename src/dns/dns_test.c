/* dns_test.c - names from the wire, and where mail for a domain goes, in a simulated world. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "dns/mx.h"

/* --- names --------------------------------------------------------------------------------------
 */

#define W(bytes)                 \
    {                            \
        bytes, sizeof(bytes) - 1 \
    }

static void names_from_the_wire(void **state)
{
    (void)state;
    static const struct {
        str wire;
        const char *text; /* NULL: malformed */
        size_t used;
    } cases[] = {
        { W("\4mail\1A\4Test\0rest"), "mail.a.test", 13 },
        { W("\0"), "", 1 },
        { W("\4_dmx\1a\0"), "_dmx.a", 8 },
        { W(""), NULL, 0 },
        { W("\4mail"), NULL, 0 },   /* no root */
        { W("\4mai"), NULL, 0 },    /* label cut */
        { W("\4a.b.\0"), NULL, 0 }, /* a dot in a label is another name */
        { W("\3a\0b\0"), NULL, 0 }, /* NUL */
        { W("\3a\nb\0"), NULL, 0 }, /* log lines */
        { W("\3a\xff"
            "b\0"),
          NULL, 0 },
        { W("\3a b\0"), NULL, 0 },
        { W("\3[1]\0"), NULL, 0 }, /* would read as an address literal */
        { W("\xc0\0"), NULL, 0 },  /* compression was undone before */
        { W("\x40"
            "a\0"),
          NULL, 0 },
    };
    struct arena a = arena_make(10000);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t used = 0;
        str text = { 0 };
        bool ok = dns_name_text(cases[i].wire, &used, &a, &text);
        if (ok != (cases[i].text != NULL) || used != cases[i].used ||
            !str_eq(text, str_of(cases[i].text)))
            fail_msg("case %zu: %d \"%.*s\" %zu", i, ok, STR_ARG(text), used);
    }
    arena_free(&a);
}

static void long_names(void **state)
{
    (void)state;
    struct arena a = arena_make(10000);
    for (unsigned last = 58; last <= 63; last++) {
        struct buf b = buf_make(1000);
        for (int i = 0; i < 3; i++) {
            buf_addc(&b, 63);
            buf_fill(&b, 'x', 63);
        }
        buf_addc(&b, (char)last);
        buf_fill(&b, 'y', last);
        buf_addc(&b, '\0');
        size_t used;
        str text;
        assert_int_equal(dns_name_text(buf_str(&b), &used, &a, &text),
                         3 * 64 + last <= DOMAIN_BYTES);
        buf_free(&b);
    }
    struct arena none = arena_make(4);
    size_t used;
    str text;
    assert_false(dns_name_text((str)W("\4mail\1a\0"), &used, &none, &text));
    arena_free(&none);
    arena_free(&a);
}

/* --- look-ups --------------------------------------------------------------------------------- */

struct place {
    struct sim_world *world;
    struct seam *seam;
    struct loop *loop;
    struct arena arena;
    const char *domain;
    unsigned ms;
    enum err e;
    struct mx mx;
    struct dns_addresses addresses;
    bool done;
};

static void place_open(struct place *p, uint64_t seed)
{
    *p = (struct place){ .world = sim_world_new(seed), .arena = arena_make(1 << 20), .ms = 20000 };
    p->seam = sim_machine_new(p->world, "machine", "10.0.0.1");
    p->loop = loop_new(p->seam, 0);
}

static void place_end(struct place *p)
{
    loop_stop(p->loop, 1000);
    sim_world_run(p->world, seam_mono_us(p->seam) + 2000000);
    loop_free(p->loop);
    sim_world_free(p->world);
    arena_free(&p->arena);
}

static void add_mx(struct place *p, const char *domain, unsigned preference, str name)
{
    struct buf b = buf_make(1000);
    buf_addc(&b, (char)(preference >> 8));
    buf_addc(&b, (char)preference);
    buf_add(&b, name);
    sim_dns_add(p->world, str_of(domain), RR_MX, buf_str(&b));
    buf_free(&b);
}

static void run(struct place *p, fiber_fn *fn, const char *domain)
{
    p->domain = domain;
    p->done = false;
    assert_int_equal(fiber_start(p->loop, FIBER_SYSTEM, fn, p), OK);
    for (int i = 0; i < 4000 && !p->done; i++)
        sim_world_run(p->world, seam_mono_us(p->seam) + 10000);
    assert_true(p->done);
}

static void mx_run(void *arg)
{
    struct place *p = arg;
    p->mx = (struct mx){ 0 };
    p->e = mx_find(str_of(p->domain), p->ms, &p->arena, &p->mx);
    p->done = true;
}

static enum err mx_of(struct place *p, const char *domain)
{
    run(p, mx_run, domain);
    return p->e;
}

static bool host_is(const struct place *p, size_t i, const char *name)
{
    return i < p->mx.n && str_eq(p->mx.hosts[i].name, str_of(name));
}

static void hosts_come_by_preference(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 1);
    add_mx(&p, "b.test", 300, (str)W("\1d\4test\0"));
    add_mx(&p, "b.test", 0, (str)W("\1A\4test\0"));
    add_mx(&p, "b.test", 65535, (str)W("\1e\4test\0"));
    add_mx(&p, "b.test", 20, (str)W("\1c\4test\0"));
    assert_int_equal(mx_of(&p, "b.test"), OK);
    assert_int_equal(p.mx.n, 4);
    assert_true(host_is(&p, 0, "a.test") && host_is(&p, 1, "c.test") && host_is(&p, 2, "d.test") &&
                host_is(&p, 3, "e.test"));
    assert_false(p.mx.implicit);
    place_end(&p);
}

/* RFC 5321 5.1: equals in random order, each first about as often. */
static void equals_come_in_any_order(void **state)
{
    (void)state;
    unsigned first[3] = { 0 };
    struct place p;
    place_open(&p, 2);
    add_mx(&p, "b.test", 10, (str)W("\1a\0"));
    add_mx(&p, "b.test", 10, (str)W("\1b\0"));
    add_mx(&p, "b.test", 10, (str)W("\1c\0"));
    for (int i = 0; i < 120; i++) {
        assert_int_equal(mx_of(&p, "b.test"), OK);
        assert_int_equal(p.mx.n, 3);
        first[p.mx.hosts[0].name.p[0] - 'a']++;
    }
    for (size_t i = 0; i < 3; i++)
        assert_in_range(first[i], 20, 60);
    place_end(&p);
}

static void no_mail_no_domain_and_no_answer_are_three_things(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 3);
    add_mx(&p, "null.test", 0, (str)W("\0"));
    add_mx(&p, "half.test", 0, (str)W("\0"));
    add_mx(&p, "half.test", 5, (str)W("\1a\0"));
    add_mx(&p, "bad.test", 5, (str)W("\3a.b\0"));
    sim_dns_add(p.world, S("short.test"), RR_MX, (str)W("\0\1"));
    sim_dns_add(p.world, S("text.test"), RR_TXT, (str)W("\1x"));
    sim_dns_add(p.world, S("own.test"), RR_A, (str)W("\12\0\0\7"));
    assert_int_equal(mx_of(&p, "null.test"), ERR_DENIED);
    assert_int_equal(mx_of(&p, "half.test"), OK); /* RFC 7505 3: beside others it is no null MX */
    assert_int_equal(p.mx.n, 1);
    assert_int_equal(mx_of(&p, "bad.test"), ERR_LATER);
    assert_int_equal(mx_of(&p, "short.test"), ERR_LATER);
    assert_int_equal(mx_of(&p, "none.test"), ERR_NOTFOUND);
    assert_int_equal(mx_of(&p, "text.test"), ERR_NOTFOUND);
    assert_int_equal(mx_of(&p, "own.test"), OK);
    assert_true(p.mx.implicit && host_is(&p, 0, "own.test"));
    assert_int_equal(mx_of(&p, "[10.0.0.7]"), OK);
    assert_true(host_is(&p, 0, "[10.0.0.7]"));
    sim_dns_fail(p.world, true);
    assert_int_equal(mx_of(&p, "own.test"), ERR_LATER);
    p.ms = 100; /* before the resolver gives up */
    assert_int_equal(mx_of(&p, "own.test"), ERR_LATER);
    place_end(&p);
}

static void only_so_many_hosts_are_kept(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 4);
    for (unsigned i = 0; i < 60; i++) {
        char label[4] = { 2, (char)('a' + i / 26), (char)('a' + i % 26), 0 };
        add_mx(&p, "many.test", 1000 - i, (str){ label, 4 });
    }
    assert_int_equal(mx_of(&p, "many.test"), OK);
    assert_int_equal(p.mx.n, RELAY_MX_HOSTS);
    assert_int_equal(p.mx.hosts[0].preference, 1000 - 59);
    place_end(&p);
}

static void addresses_run(void *arg)
{
    struct place *p = arg;
    p->e = dns_addresses(str_of(p->domain), p->ms, &p->arena, &p->addresses);
    p->done = true;
}

static void addresses_of_both_kinds(void **state)
{
    (void)state;
    static const char six[16] = { 0x20, 1, 13, -72, [15] = 1 };
    struct place p;
    place_open(&p, 5);
    sim_dns_add(p.world, S("b.test"), RR_A, (str)W("\12\0\0\7"));
    sim_dns_add(p.world, S("b.test"), RR_A, (str)W("\12\0\0")); /* too short: not looked at */
    sim_dns_add(p.world, S("b.test"), RR_AAAA, (str){ six, 16 });
    run(&p, addresses_run, "b.test");
    assert_int_equal(p.e, OK);
    assert_int_equal(p.addresses.n, 2);
    assert_int_equal(p.addresses.items[0].family, NET_IP6);
    assert_int_equal(p.addresses.items[1].family, NET_IP4);
    assert_int_equal(p.addresses.items[1].ip[3], 7);
    run(&p, addresses_run, "none.test");
    assert_int_equal(p.e, ERR_NOTFOUND);
    place_end(&p);
}

/* The process ends while a question is under way: the fiber is let go at once, the answer is not
 * awaited. */
static void ending_while_asking(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 7);
    sim_dns_fail(p.world, true);
    p.domain = "b.test";
    assert_int_equal(fiber_start(p.loop, FIBER_SYSTEM, mx_run, &p), OK);
    sim_world_run(p.world, seam_mono_us(p.seam) + 1000);
    assert_false(p.done);
    loop_stop(p.loop, 1000);
    sim_world_run(p.world, seam_mono_us(p.seam) + 1000);
    assert_true(p.done);
    assert_int_equal(p.e, ERR_GONE);
    place_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_from_the_wire),
        cmocka_unit_test(long_names),
        cmocka_unit_test(hosts_come_by_preference),
        cmocka_unit_test(equals_come_in_any_order),
        cmocka_unit_test(no_mail_no_domain_and_no_answer_are_three_things),
        cmocka_unit_test(only_so_many_hosts_are_kept),
        cmocka_unit_test(addresses_of_both_kinds),
        cmocka_unit_test(ending_while_asking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
