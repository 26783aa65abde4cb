/* schedule_test.c - which way mail goes and when: routes, connections used again, destinations in
 * trouble, long queues. In simulated time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/place_fixture.h"

static const struct peer_rule busy[] = { { "greeting", "421 too busy\r\n", 0 }, { NULL, NULL, 0 } };
static const char one_at_a_time[] = "[relay]\nper_destination = 1\n";

/* --- routes ----------------------------------------------------------------------------------- */

static void a_route_leads_elsewhere(void **state)
{
    (void)state;
    struct place p;
    place_make_set(&p, "[route isp]\ndomains = b.test, .c.test\nvia = mail.c.test, 10.0.0.9:26\n");
    struct peer *b = add_b(&p, kind), *c = add_peer(&p, kind);
    send_to(&p, "RCPT TO:<bob@b.test>");
    send_to(&p, "RCPT TO:<carol@deep.below.c.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 0);
    assert_int_equal(c->letters, 2);
    expect_quiet(&p);
    place_end(&p);
}

/* Of one letter to people of two domains, one copy goes to the smarthost. */
static void a_smarthost_gets_one_copy(void **state)
{
    (void)state;
    struct place p;
    place_make_set(&p, "[route isp]\ndomains = *\nvia = 10.0.0.2\n");
    struct peer *b = add_b(&p, kind);
    send_as(&p, (struct person){ .rcpts = { "RCPT TO:<x@one.test>", "RCPT TO:<y@two.test>" } });
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 1);
    assert_true(peer_heard(b, "RCPT TO:<x@one.test>") && peer_heard(b, "RCPT TO:<y@two.test>"));
    expect_quiet(&p);
    place_end(&p);
}

static void another_store_is_reached_by_lmtp(void **state)
{
    (void)state;
    static const struct peer_rule store[] = { { "EHLO", "500 this is LMTP\r\n", 0 },
                                              { "LHLO", "250-peer\r\n250 PIPELINING\r\n", 0 },
                                              { NULL, NULL, 0 } };
    struct place p;
    place_make_set(&p, "[route b]\ndomains = b.test\nvia = 10.0.0.2:25\nprotocol = lmtp\n");
    struct peer *b = add_peer(&p, store);
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 1);
    assert_false(peer_heard(b, "EHLO"));
    expect_quiet(&p);
    place_end(&p);
}

static unsigned times_heard(const struct peer *p, str text)
{
    unsigned n = 0;
    str rest = buf_str(&p->heard);
    for (size_t at = str_find(rest, text); at != STR_NPOS; at = str_find(rest, text), n++)
        rest = str_from(rest, at + text.n);
    return n;
}

/* Bob was answered, Carol was not: only hers is sent again. */
static void lmtp_that_breaks_off_between_answers_doubles_nothing(void **state)
{
    (void)state;
    static const struct peer_rule store[] = { { "LHLO", "250-peer\r\n250 PIPELINING\r\n", 0 },
                                              { "end", "250 2.0.0 one\r\n", 0 },
                                              { NULL, NULL, 0 } };
    struct place p;
    place_make_set(&p, "[route b]\ndomains = b.test\nvia = 10.0.0.2:25\nprotocol = lmtp\n");
    struct peer *b = add_peer(&p, store);
    send_as(&p, (struct person){ .rcpts = { "RCPT TO:<bob@b.test>", "RCPT TO:<carol@b.test>" } });
    run_for(&p.a, 2 * 60 * MINUTE_US);
    assert_int_equal(b->letters, 2);
    assert_int_equal(times_heard(b, S("RCPT TO:<bob@b.test>")), 1);
    assert_int_equal(times_heard(b, S("RCPT TO:<carol@b.test>")), 2);
    expect_quiet(&p);
    place_end(&p);
}

static void wrong_routes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *why;
    } cases[] = {
        { "via = :25\n", "[route x] via: ':25' is no host" },
        { "via = a:70000\n", "[route x] via: 'a:70000' is no host" },
        { "protocol = lmtp\n", "[route x] via: lmtp needs a host" },
        { "source = mail.a.test\n", "[route x] source: 'mail.a.test' is no address" },
        { "user = me\n", "[route x] user: a password is not sent without TLS" },
        { "user = me\ntls = encrypt\npassword_file = none\n",
          "[route x] cannot read the password" },
    };
    struct place p;
    place_make(&p);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf text = buf_make(1000), why = buf_make(1000);
        struct config *config;
        struct relay *r;
        buf_addf(&text, "[route x]\ndomains = b.test\n%s", cases[i].lines);
        assert_int_equal(config_parse(S("test"), buf_str(&text), world_sections,
                                      COUNT_OF(world_sections), &config, &why),
                         OK);
        assert_int_not_equal(relay_new(p.a.seam, p.a.store, p.a.deliver, config, &r, &why), OK);
        if (str_find(buf_str(&why), str_of(cases[i].why)) == STR_NPOS)
            fail_msg("%.*s", STR_ARG(buf_str(&why)));
        config_free(config);
        buf_free(&text);
        buf_free(&why);
    }
    place_end(&p);
}

static void a_host_with_our_name_is_us(void **state)
{
    (void)state;
    static const struct peer_rule mirror[] = { { "EHLO", "250-Mail.A.test hi\r\n250 DSN\r\n", 0 },
                                               { NULL, NULL, 0 } };
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, mirror);
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 0);
    expect_report(&p, "5.4.6");
    place_end(&p);
}

/* --- connections ------------------------------------------------------------------------------ */

static void one_connection_carries_many(void **state)
{
    (void)state;
    struct place p;
    place_make_set(&p, "[relay]\nper_destination = 1\nper_connection = 3\n");
    struct peer *b = add_b(&p, busy);
    for (int i = 0; i < 6; i++)
        send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, SECOND_US);
    b->rules = kind;
    b->sessions = 0;
    run_for(&p.a, HOUR_US);
    assert_int_equal(b->letters, 6);
    assert_in_range(b->sessions, 2, 3); /* the letter that was refused comes later */
    expect_quiet(&p);
    place_end(&p);
}

/* A server that ends the connection between two letters has refused neither. */
static void a_connection_that_ended_is_made_again(void **state)
{
    (void)state;
    static const struct peer_rule one_each[][3] = {
        { { "MAIL", "250 ok\r\n", 1 }, { "MAIL", "", 0 }, { NULL, NULL, 0 } },
        { { "MAIL", "250 ok\r\n", 1 }, { "MAIL", "421 enough\r\n", 0 }, { NULL, NULL, 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(one_each); i++) {
        struct place p;
        place_make_set(&p, one_at_a_time);
        struct peer *b = add_b(&p, one_each[i]);
        for (int k = 0; k < 4; k++)
            send_to(&p, "RCPT TO:<bob@b.test>");
        run_for(&p.a, 30 * SECOND_US);
        assert_int_equal(b->letters, 4);
        expect_quiet(&p);
        place_end(&p);
    }
}

/* --- trouble ---------------------------------------------------------------------------------- */

static struct queue_entry any_entry;
static bool take_due_entry(void *arg, const struct queue_entry *e)
{
    (void)arg;
    any_entry = *e;
    return e->next_us > 0 && e->attempts > 0; /* one that was not tried */
}

static void expect_explained(struct place *p, const char *words)
{
    struct buf b = buf_make(1000);
    struct view *v = store_view(p->a.store);
    assert_int_equal(store_queue_list(v, take_due_entry, NULL), OK);
    relay_explain(p->a.relay, &any_entry, seam_wall_us(p->a.seam), &b);
    if (str_find(buf_str(&b), str_of(words)) == STR_NPOS) fail_msg("%.*s", STR_ARG(buf_str(&b)));
    view_end(v);
    buf_free(&b);
}

static void a_server_in_trouble_is_spared(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, busy);
    for (int i = 0; i < 12; i++)
        send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_in_range(b->sessions, 1, RELAY_START);
    expect_explained(&p, "its server did not talk to us (421 too busy): tried again in ");

    b->rules = kind;
    relay_hurry(p.a.relay);
    run_for(&p.a, SECOND_US);
    assert_true(b->letters >= 12 - RELAY_START);
    run_for(&p.a, HOUR_US);
    assert_int_equal(b->letters, 12);
    expect_quiet(&p);
    place_end(&p);
}

static void the_urgent_go_first(void **state)
{
    (void)state;
    struct place p;
    place_make_set(&p, one_at_a_time);
    struct peer *b = add_b(&p, busy);
    send_to(&p, "RCPT TO:<first@b.test>");
    run_for(&p.a, SECOND_US);
    static const char *const mail[] = { "MAIL FROM:<alice@a.test> MT-PRIORITY=-3",
                                        "MAIL FROM:<alice@a.test>",
                                        "MAIL FROM:<alice@a.test> MT-PRIORITY=5" };
    static const char *const rcpts[] = { "RCPT TO:<low@b.test>", "RCPT TO:<usual@b.test>",
                                         "RCPT TO:<high@b.test>" };
    for (size_t i = 0; i < COUNT_OF(mail); i++)
        send_as(&p, (struct person){ .mail = mail[i], .rcpts = { rcpts[i] } });
    b->rules = kind;
    run_for(&p.a, HOUR_US);
    size_t low = str_find(buf_str(&b->heard), str_of(rcpts[0]));
    size_t usual = str_find(buf_str(&b->heard), str_of(rcpts[1]));
    size_t high = str_find(buf_str(&b->heard), str_of(rcpts[2]));
    assert_true(high < usual && usual < low && low != STR_NPOS);
    place_end(&p);
}

/* --- a long queue ----------------------------------------------------------------------------- */

enum { LONG_MESSAGES = 1300 };

static void fill_queue(void *arg)
{
    struct machine *m = arg;
    struct queue_rcpt to = { .address = S("bob@b.test") };
    struct accept a = { .sender = S(""), .queue = &to, .queue_n = 1 };
    assert_int_equal(body_begin(store_engine(m->store), &a.body), OK);
    assert_int_equal(body_write(a.body, S("a: b\r\n\r\ntext\r\n")), OK);
    assert_int_equal(body_seal(a.body, (str){ 0 }), OK);
    for (int i = 0; i < LONG_MESSAGES; i++) {
        a.id = store_msgid_new(m->store);
        assert_int_equal(store_accept(m->store, &a), OK);
    }
    body_free(a.body);
    m->step_done = true;
}

static void of_a_long_queue_few_are_in_memory(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, busy), *c = add_peer(&p, kind);
    dns_add_mx(p.world, "c.test", 10, "mail.c.test");
    on_fiber(&p.a, fill_queue, &p.a);
    run_for(&p.a, 2 * SECOND_US);
    const struct destination *d = map_get(p.a.relay->destinations, S("b.test"));
    assert_in_range(d->n, RELAY_WAITING / 2, RELAY_WAITING);
    assert_true(d->more && map_count(p.a.relay->taken) <= RELAY_WAITING + RELAY_START);

    send_to(&p, "RCPT TO:<carol@c.test>");
    run_for(&p.a, SECOND_US);
    assert_int_equal(c->letters, 1);
    b->rules = kind;
    relay_hurry(p.a.relay);
    run_for(&p.a, HOUR_US);
    assert_int_equal(b->letters, LONG_MESSAGES);
    expect_quiet(&p);
    assert_int_equal(map_count(p.a.relay->taken), 0);
    place_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_leads_elsewhere),
        cmocka_unit_test(a_smarthost_gets_one_copy),
        cmocka_unit_test(another_store_is_reached_by_lmtp),
        cmocka_unit_test(lmtp_that_breaks_off_between_answers_doubles_nothing),
        cmocka_unit_test(wrong_routes_are_named),
        cmocka_unit_test(a_host_with_our_name_is_us),
        cmocka_unit_test(one_connection_carries_many),
        cmocka_unit_test(a_connection_that_ended_is_made_again),
        cmocka_unit_test(a_server_in_trouble_is_spared),
        cmocka_unit_test(the_urgent_go_first),
        cmocka_unit_test(of_a_long_queue_few_are_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
