/* netaddr_test.c - addresses and networks: what is read, what is refused, what is written back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "run/netaddr.h"

static const struct {
    str in;
    enum err err;
    str out;
} cases[] = {
    { S_INIT("127.0.0.1:25"), OK, S_INIT("127.0.0.1:25") },
    { S_INIT("127.0.0.1"), OK, S_INIT("127.0.0.1:99") },
    { S_INIT("[::1]:587"), OK, S_INIT("[::1]:587") },
    { S_INIT("[::1]"), OK, S_INIT("[::1]:99") },
    { S_INIT("2001:DB8::7"), OK, S_INIT("[2001:db8::7]:99") },
    { S_INIT("unix:/run/p.sock"), OK, S_INIT("unix:/run/p.sock") },
    { S_INIT("0.0.0.0:65535"), OK, S_INIT("0.0.0.0:65535") },
    { S_INIT("127.0.0.1:65536"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("127.0.0.1:"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("127.0.0.1:+5"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("127.0.0.1:18446744073709551617"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("127.0.0:25"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("localhost:25"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("[::1"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("[::1]25"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("[]:25"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("127.0.0.1\0:25"), ERR_SYNTAX, S_INIT("") },
    { S_INIT("unix:"), ERR_SYNTAX, S_INIT("") },
    { S_INIT(""), ERR_SYNTAX, S_INIT("") },
};

static struct netaddr addr(str text)
{
    struct netaddr a;
    assert_int_equal(netaddr_parse(text, 99, &a), OK);
    return a;
}

static void reads_and_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct netaddr a;
        enum err e = netaddr_parse(cases[i].in, 99, &a);
        assert_int_equal(e, cases[i].err);
        if (e) continue;
        struct buf text = buf_make(200);
        netaddr_text(&a, &text);
        assert_true(str_eq(buf_str(&text), cases[i].out));
        buf_free(&text);
    }
}

static void refuses_a_path_too_long(void **state)
{
    (void)state;
    struct buf text = buf_make(200);
    buf_add(&text, S("unix:"));
    buf_fill(&text, 'x', 103);
    struct netaddr a;
    assert_int_equal(netaddr_parse(buf_str(&text), 0, &a), OK);
    buf_addc(&text, 'x');
    assert_int_equal(netaddr_parse(buf_str(&text), 0, &a), ERR_LIMIT);
    buf_free(&text);
}

static void knows_loopback_and_any(void **state)
{
    (void)state;
    struct netaddr a = addr(S("127.8.9.10:1")), b = addr(S("[::1]:1")), c = addr(S("192.0.2.1")),
                   d = addr(S("0.0.0.0")), e = addr(S("[::]:25")), f = addr(S("unix:/x")),
                   g = addr(S("::ffff:127.0.0.1"));
    assert_true(netaddr_is_loopback(&a) && netaddr_is_loopback(&b) && netaddr_is_loopback(&f));
    assert_true(netaddr_is_loopback(&g));
    assert_false(netaddr_is_loopback(&c) || netaddr_is_loopback(&d) || netaddr_is_loopback(&e));
    assert_true(netaddr_is_any(&d) && netaddr_is_any(&e));
    assert_false(netaddr_is_any(&a) || netaddr_is_any(&f));
    assert_true(netaddr_eq(&a, &a) && netaddr_eq(&f, &f));
    assert_false(netaddr_eq(&a, &b) || netaddr_eq(&a, &c) || netaddr_eq(&a, &f));
}

static const struct {
    str net, addr;
    bool has;
} blocks[] = {
    { S_INIT("192.0.2.0/24"), S_INIT("192.0.2.255"), true },
    { S_INIT("192.0.2.0/24"), S_INIT("192.0.3.0"), false },
    { S_INIT("192.0.2.128/25"), S_INIT("192.0.2.127"), false },
    { S_INIT("192.0.2.130/25"), S_INIT("192.0.2.254"), true },
    { S_INIT("0.0.0.0/0"), S_INIT("8.8.8.8"), true },
    { S_INIT("0.0.0.0/0"), S_INIT("::1"), false },
    { S_INIT("127.0.0.1"), S_INIT("127.0.0.1"), true },
    { S_INIT("127.0.0.1"), S_INIT("127.0.0.2"), false },
    { S_INIT("2001:db8::/33"), S_INIT("2001:db8:7fff::1"), true },
    { S_INIT("2001:db8::/33"), S_INIT("2001:db8:8000::1"), false },
    { S_INIT("::/0"), S_INIT("unix:/x"), false },
};

static void matches_networks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        struct netblock net;
        struct netaddr a = addr(blocks[i].addr);
        assert_int_equal(netblock_parse(blocks[i].net, &net), OK);
        assert_int_equal(netblock_has(&net, &a), blocks[i].has);
    }
    static const str bad[] = {
        S_INIT("192.0.2.0/33"), S_INIT("::/129"),     S_INIT("192.0.2.0/"),
        S_INIT("/24"),          S_INIT("192.0.2/24"), S_INIT("192.0.2.0/2 4")
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct netblock net;
        assert_int_equal(netblock_parse(bad[i], &net), ERR_SYNTAX);
    }
}

static void limits_count_ip6_by_its_64(void **state)
{
    (void)state;
    struct netaddr a = addr(S("[2001:db8:0:1::1]:25")), b = addr(S("[2001:db8:0:1:f::9]:26")),
                   c = addr(S("[2001:db8:0:2::1]:25")), d = addr(S("10.0.0.1:1")),
                   e = addr(S("10.0.0.1:2")), f = addr(S("10.0.0.2:1"));
    struct netaddr ka = netaddr_limit_key(&a), kb = netaddr_limit_key(&b),
                   kc = netaddr_limit_key(&c), kd = netaddr_limit_key(&d),
                   ke = netaddr_limit_key(&e), kf = netaddr_limit_key(&f);
    assert_true(netaddr_eq(&ka, &kb) && netaddr_eq(&kd, &ke));
    assert_false(netaddr_eq(&ka, &kc) || netaddr_eq(&kd, &kf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),           cmocka_unit_test(refuses_a_path_too_long),
        cmocka_unit_test(knows_loopback_and_any),     cmocka_unit_test(matches_networks),
        cmocka_unit_test(limits_count_ip6_by_its_64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
