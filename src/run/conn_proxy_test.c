/* conn_proxy_test.c - connections that a proxy announces: the peer's name, limits, time,
 * strictness. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "run/conn_fixture.h"

#define V1(ip) "PROXY TCP4 " ip " 127.0.0.1 1000 25\r\n"
#define V2     "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x09\x7f\x00\x00\x01\x03\xe8\x00\x19"

/* A server behind proxies in this network, with one connection an address. */
static struct toy_server *start(const char *network)
{
    static struct netblock proxies;
    struct toy_server *s = MEM_NEW(struct toy_server);
    assert_int_equal(netblock_parse(str_of(network), &proxies), OK);
    toy_start(s, (struct listener_config){ .handshake_ms = 300,
                                           .conns_per_address_max = 1,
                                           .proxies = &proxies,
                                           .proxies_n = 1 });
    return s;
}

static void stop(struct toy_server *s)
{
    toy_stop(s);
    mem_free(s);
}

static void expect_peer(struct toy_server *s, const char *want)
{
    struct buf b = buf_make(100);
    netaddr_text(conn_peer(s->newest->c), &b);
    buf_addc(&b, '\0');
    assert_string_equal(b.p, want);
    buf_free(&b);
}

static void the_named_one_is_the_peer(void **state)
{
    (void)state;
    struct toy_server *s = start("127.0.0.0/8");
    int c = client_open(s);
    client_send(s, c, S(V1("192.0.2.7")));
    client_expect(s, c, "HELLO\r\n");
    expect_peer(s, "192.0.2.7:1000");
    client_send(s, c, S("PING\r\n"));
    client_expect(s, c, "PONG\r\n");
    client_close(s, c);

    c = client_open(s); /* all at once; a second header is a command, and none */
    client_send(s, c, (str){ V2 "PING\r\nPROXY UNKNOWN\r\n", sizeof(V2) - 1 + 6 + 15 });
    client_expect(s, c, "HELLO\r\nPONG\r\nWHAT\r\n");
    expect_peer(s, "192.0.2.9:1000");
    client_close(s, c);

    c = client_open(s); /* a byte at a time */
    str header = S(V1("192.0.2.8"));
    for (size_t i = 0; i < header.n; i++) {
        assert_int_equal(s->opened, 2);
        client_send(s, c, str_sub(header, i, 1));
        spin(s, 2);
    }
    client_expect(s, c, "HELLO\r\n");
    expect_peer(s, "192.0.2.8:1000");
    client_close(s, c);

    c = client_open(s); /* the proxy's own look-in */
    client_send(s, c, S("PROXY UNKNOWN\r\n"));
    client_expect(s, c, "HELLO\r\n");
    assert_true(netaddr_is_loopback(conn_peer(s->newest->c)));
    client_close(s, c);
    stop(s);
}

static void a_proxy_that_says_something_else_is_cut_off(void **state)
{
    (void)state;
    struct toy_server *s = start("127.0.0.0/8");
    static const char *const lines[] = { "PING\r\n", "PROXY TCP4 x\r\n\r\n\r\n\r\n",
                                         "\x16\x03\x01\x02\x01\x01" };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        int c = client_open(s);
        client_send(s, c, str_of(lines[i]));
        client_expect_end(s, c);
    }
    int silent = client_open(s), half = client_open(s); /* so is one that takes its time */
    client_send(s, half, S("PROXY TCP4 192."));
    client_expect_end(s, silent);
    client_expect_end(s, half);
    int gone = client_open(s);
    client_send(s, gone, S("PROXY "));
    client_close(s, gone);
    spin(s, 5);
    assert_int_equal(s->opened, 0);
    stop(s);
}

static void others_are_not_asked_nor_believed(void **state)
{
    (void)state;
    struct toy_server *s = start("192.0.2.0/24");
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    client_send(s, c, S(V1("192.0.2.7")));
    client_expect(s, c, "WHAT\r\n");
    assert_true(netaddr_is_loopback(conn_peer(s->newest->c)));
    client_close(s, c);
    stop(s);
}

static void limits_count_who_is_named(void **state)
{
    (void)state;
    struct toy_server *s = start("127.0.0.0/8");
    int one = client_open(s), two = client_open(s), three = client_open(s);
    client_send(s, one, S(V1("192.0.2.1")));
    client_expect(s, one, "HELLO\r\n");
    client_send(s, two, S(V1("192.0.2.2")));
    client_expect(s, two, "HELLO\r\n");
    client_send(s, three, S(V1("192.0.2.1")));
    client_expect(s, three, "BUSY\r\n");
    client_expect_end(s, three);
    client_close(s, one);
    spin(s, 5);
    three = client_open(s);
    client_send(s, three, S(V1("192.0.2.1")));
    client_expect(s, three, "HELLO\r\n");
    client_close(s, two);
    client_close(s, three);
    stop(s);
}

static void a_drain_does_not_wait_for_headers(void **state)
{
    (void)state;
    struct toy_server *s = start("127.0.0.0/8");
    int c = client_open(s);
    client_send(s, c, S("PROXY TCP4"));
    spin(s, 5);
    loop_stop(s->loop, 3000);
    uint64_t began_us = seam_mono_us(s->seam);
    loop_run(s->loop);
    assert_true(seam_mono_us(s->seam) - began_us < 1000000);
    client_close(s, c);
    stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_named_one_is_the_peer),
        cmocka_unit_test(a_proxy_that_says_something_else_is_cut_off),
        cmocka_unit_test(others_are_not_asked_nor_believed),
        cmocka_unit_test(limits_count_who_is_named),
        cmocka_unit_test(a_drain_does_not_wait_for_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
