/* handling_test.c - what a letter asks of its way: by when, not before when, how urgently,
 * encrypted or rather at all, and addresses beyond ASCII. In simulated time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/place_fixture.h"

#define EHLO(keywords)                                          \
    {                                                           \
        "EHLO", "250-peer\r\n" keywords "250 PIPELINING\r\n", 0 \
    }
#define REST          \
    {                 \
        NULL, NULL, 0 \
    }

static const struct peer_rule able[] = {
    EHLO("250-DELIVERBY\r\n250-MT-PRIORITY\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250-DSN\r\n"), REST
};
static const struct peer_rule busy[] = { EHLO("250-DELIVERBY\r\n"),
                                         { "DATA", "451 4.7.1 later\r\n", 0 },
                                         REST };

static void send_mail(struct place *p, const char *mail, const char *rcpt)
{
    send_as(p, (struct person){ .mail = mail, .rcpts = { rcpt } });
}

/* --- DELIVERBY, RFC 2852 ---------------------------------------------------------------------- */

static void the_next_server_is_told_what_time_is_left(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, able);
    send_mail(&p, "MAIL FROM:<alice@a.test> BY=600;R MT-PRIORITY=4", "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 1);
    assert_true(peer_heard(b, " BY=599;R MT-PRIORITY=4 ") ||
                peer_heard(b, " BY=600;R MT-PRIORITY=4 "));
    expect_quiet(&p);
    place_end(&p);
}

static void what_is_late_goes_back(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, busy);
    send_mail(&p, "MAIL FROM:<alice@a.test> BY=400;R", "RCPT TO:<bob@b.test>");
    run_for(&p.a, 399 * SECOND_US);
    assert_int_equal(queue_count(&p.a), 1);
    run_for(&p.a, 5 * SECOND_US);
    assert_int_equal(queue_count(&p.a), 0);
    assert_int_equal(b->letters, 0);
    expect_report(&p, "Action: failed");
    expect_report(&p, "Status: 5.4.7\r\n");
    place_end(&p);
}

static void what_is_late_is_told_of_and_goes_on(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, busy);
    send_mail(&p, "MAIL FROM:<alice@a.test> BY=400;N", "RCPT TO:<bob@b.test> NOTIFY=FAILURE");
    run_for(&p.a, 410 * SECOND_US);
    expect_report(&p, "Action: delayed");
    assert_int_equal(queue_count(&p.a), 1);
    b->rules = able;
    run_for(&p.a, HOUR_US);
    assert_int_equal(b->letters, 1);
    assert_true(peer_heard(b, " BY=-"));
    assert_int_equal(count_letters(&p.a, ""), 1);
    assert_int_equal(queue_count(&p.a), 0);
    place_end(&p);
}

/* RFC 2852 4.1.4: a server that knows no such time cannot be trusted with one that matters. */
static void a_server_without_it(void **state)
{
    (void)state;
    static const struct {
        const char *mail, *rcpt, *report; /* NULL: none */
        unsigned letters;
    } cases[] = {
        { "MAIL FROM:<alice@a.test> BY=600;R", "RCPT TO:<bob@b.test>", "Status: 5.3.3\r\n", 0 },
        { "MAIL FROM:<alice@a.test> BY=600;N", "RCPT TO:<bob@b.test>", "Action: relayed", 1 },
        { "MAIL FROM:<alice@a.test> BY=600;N", "RCPT TO:<bob@b.test> NOTIFY=NEVER", NULL, 1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct place p;
        place_make(&p);
        struct peer *b = add_b(&p, kind);
        send_mail(&p, cases[i].mail, cases[i].rcpt);
        run_for(&p.a, MINUTE_US);
        assert_int_equal(b->letters, cases[i].letters);
        assert_false(peer_heard(b, " BY="));
        if (cases[i].report) expect_report(&p, cases[i].report);
        assert_int_equal(count_letters(&p.a, ""), cases[i].report != NULL);
        assert_int_equal(queue_count(&p.a), 0);
        place_end(&p);
    }
}

static void each_hop_is_traced_when_asked_for(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, able);
    send_mail(&p, "MAIL FROM:<alice@a.test> BY=600;NT", "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 1);
    assert_true(peer_heard(b, ";NT"));
    expect_report(&p, "Action: relayed");
    place_end(&p);
}

/* --- FUTURERELEASE, RFC 4865 ------------------------------------------------------------------ */

static void what_is_held_leaves_at_its_time(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, kind);
    send_mail(&p, "MAIL FROM:<alice@a.test> HOLDFOR=7200", "RCPT TO:<bob@b.test>");
    run_for(&p.a, 2 * HOUR_US - MINUTE_US);
    assert_int_equal(b->sessions, 0);
    assert_int_equal(queue_count(&p.a), 1);
    run_for(&p.a, 2 * MINUTE_US);
    assert_int_equal(b->letters, 1);
    expect_quiet(&p);
    place_end(&p);
}

/* It is not too old the moment it may leave. */
static void what_was_held_long_is_tried_long(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, busy);
    send_mail(&p, "MAIL FROM:<alice@a.test> HOLDFOR=1000000", "RCPT TO:<bob@b.test>");
    run_for(&p.a, 1000000 * SECOND_US + HOUR_US);
    assert_true(b->sessions > 1);
    assert_int_equal(queue_count(&p.a), 1);
    assert_int_equal(count_letters(&p.a, ""), 0);
    place_end(&p);
}

static void our_own_users_wait_too(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, kind);
    send_as(&p, (struct person){ .mail = "MAIL FROM:<alice@a.test> HOLDFOR=7200 RET=HDRS",
                                 .rcpts = { "RCPT TO:<Alice+later@a.test> NOTIFY=SUCCESS",
                                            "RCPT TO:<alice@a.test> NOTIFY=NEVER",
                                            "RCPT TO:<bob@b.test>" } });
    run_for(&p.a, 2 * HOUR_US - MINUTE_US);
    assert_int_equal(queue_count(&p.a), 3);
    assert_int_equal(count_letters(&p.a, ""), 0);
    run_for(&p.a, 2 * MINUTE_US);
    assert_int_equal(queue_count(&p.a), 0);
    assert_int_equal(b->letters, 1);
    /* One copy, and the report that was asked for. */
    assert_int_equal(count_letters(&p.a, "Subject: the letter\r\n\r\nText.\r\n"), 1);
    assert_int_equal(count_letters(&p.a, "Return-Path: <alice@a.test>\r\nReceived:"), 1);
    assert_int_equal(count_letters(&p.a, "Action: delivered"), 1);
    assert_int_equal(count_letters(&p.a, ""), 2);
    place_end(&p);
}

static void remove_alias(void *arg)
{
    struct machine *m = arg;
    assert_int_equal(store_alias_remove(m->store, S("team@a.test"), S("alice@a.test")), OK);
    m->step_done = true;
}

static void add_alias(void *arg)
{
    struct machine *m = arg;
    assert_int_equal(store_alias_add(m->store, S("team@a.test"), S("alice@a.test")), OK);
    m->step_done = true;
}

static void who_is_gone_by_then_is_told_of(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    on_fiber(&p.a, add_alias, &p.a);
    send_mail(&p, "MAIL FROM:<alice@a.test> HOLDFOR=7200", "RCPT TO:<team@a.test>");
    on_fiber(&p.a, remove_alias, &p.a);
    run_for(&p.a, 2 * HOUR_US + MINUTE_US);
    assert_int_equal(queue_count(&p.a), 0);
    expect_report(&p, "Status: 5.1.1\r\n");
    place_end(&p);
}

/* --- MT-PRIORITY, RFC 6710 -------------------------------------------------------------------- */

static size_t place_of(const struct peer *b, const char *rcpt)
{
    size_t at = str_find(buf_str(&b->heard), str_of(rcpt));
    assert_int_not_equal(at, STR_NPOS);
    return at;
}

/* One conversation at a time: what is urgent is carried first, though it came last. */
static void the_urgent_overtake(void **state)
{
    (void)state;
    struct place p;
    place_make_set(&p, "[relay]\nconversations_max = 1\n");
    struct peer *b = add_b(&p, able);
    send_mail(&p, "MAIL FROM:<alice@a.test> MT-PRIORITY=-3 HOLDUNTIL=2026-01-01T01:00:00Z",
              "RCPT TO:<low@b.test>");
    send_mail(&p, "MAIL FROM:<alice@a.test> HOLDUNTIL=2026-01-01T01:00:00Z",
              "RCPT TO:<usual@b.test>");
    send_mail(&p, "MAIL FROM:<alice@a.test> MT-PRIORITY=3 HOLDUNTIL=2026-01-01T01:00:00Z",
              "RCPT TO:<high@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 0);
    run_for(&p.a, HOUR_US); /* all are due at the same moment */
    assert_int_equal(b->letters, 3);
    assert_true(place_of(b, "<high@") < place_of(b, "<usual@"));
    assert_true(place_of(b, "<usual@") < place_of(b, "<low@"));
    assert_true(peer_heard(b, "PRIORITY -3;"));
    place_end(&p);
}

/* --- REQUIRETLS and its opposite, RFC 8689 ---------------------------------------------------- */

struct queued_letter {
    struct machine *machine;
    bool require_tls, tls_optional;
};

/* Straight into the queue: nobody here can submit over TLS. */
static void queue_letter(void *arg)
{
    struct queued_letter *q = arg;
    struct store *store = q->machine->store;
    struct queue_rcpt to = { .address = S("bob@b.test") };
    struct accept a = { .id = store_msgid_new(store),
                        .sender = S("alice@a.test"),
                        .ret_full = true,
                        .require_tls = q->require_tls,
                        .tls_optional = q->tls_optional,
                        .queue = &to,
                        .queue_n = 1 };
    assert_int_equal(body_begin(store_engine(store), &a.body), OK);
    assert_int_equal(body_write(a.body, str_of(letter)), OK);
    assert_int_equal(body_seal(a.body, S("")), OK);
    assert_int_equal(store_accept(store, &a), OK);
    body_free(a.body);
    q->machine->step_done = true;
}

/* One host without TLS is passed over, one of two that cannot be reached is waited for; a letter
 * that no host can take goes back, without its text. */
static void without_tls_a_protected_letter_goes_back(void **state)
{
    (void)state;
    static const struct peer_rule offers[] = { EHLO("250-STARTTLS\r\n250-REQUIRETLS\r\n"),
                                               { "STARTTLS", "454 4.7.0 not now\r\n", 0 },
                                               REST };
    struct place p;
    place_make(&p);
    struct queued_letter q = { &p.a, true, false };
    struct peer *b = add_peer(&p, kind), *c = add_peer(&p, kind);
    dns_add_mx(p.world, "b.test", 10, "mail.b.test");
    dns_add_mx(p.world, "b.test", 20, "mail.c.test");
    c->rules = offers;
    on_fiber(&p.a, queue_letter, &q);
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->sessions, 1);
    assert_int_equal(c->sessions, 1);
    assert_int_equal(queue_count(&p.a), 1);
    c->rules = kind;
    run_for(&p.a, 10 * MINUTE_US);
    assert_int_equal(queue_count(&p.a), 0);
    assert_int_equal(b->letters + c->letters, 0);
    expect_report(&p, "Status: 5.7.30\r\n");
    assert_int_equal(count_letters(&p.a, "Text."), 0);
    place_end(&p);
}

static void tls_that_we_insist_on_may_be_waived(void **state)
{
    (void)state;
    struct place p;
    place_make_set(&p, "[relay]\ntls = verify\n");
    struct queued_letter strict = { &p.a, false, false }, waived = { &p.a, false, true };
    struct peer *b = add_b(&p, kind);
    on_fiber(&p.a, queue_letter, &strict);
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 0);
    on_fiber(&p.a, queue_letter, &waived);
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 1);
    assert_int_equal(queue_count(&p.a), 1);
    place_end(&p);
}

/* --- addresses beyond ASCII, RFC 6531 --------------------------------------------------------- */

static void an_address_beyond_ascii_is_not_garbled(void **state)
{
    (void)state;
    static const struct {
        const struct peer_rule *rules;
        const char *mail, *heard; /* NULL: no letter */
    } cases[] = {
        { able, "MAIL FROM:<alice@a.test> SMTPUTF8", "SMTPUTF8" },
        { able, "MAIL FROM:<alice@a.test>", "RCPT TO:<bob@b.test>" },
        { kind, "MAIL FROM:<alice@a.test> SMTPUTF8", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct place p;
        place_make(&p);
        struct peer *b = add_b(&p, cases[i].rules);
        bool utf8 = i != 1;
        send_as(&p, (struct person){ .mail = cases[i].mail,
                                     .rcpts = { "RCPT TO:<bob@b.test>",
                                                utf8 ? "RCPT TO:<jos\xc3\xa9@b.test>" : NULL } });
        run_for(&p.a, MINUTE_US);
        assert_int_equal(b->letters, 1); /* bob's at least: his letter is plain ASCII */
        if (cases[i].heard) assert_true(peer_heard(b, cases[i].heard));
        assert_int_equal(peer_heard(b, "jos\xc3\xa9"), cases[i].rules == able && utf8);
        assert_int_equal(peer_heard(b, "SMTPUTF8"), cases[i].rules == able && utf8);
        if (!cases[i].heard) expect_report(&p, "Status: 5.6.7\r\n");
        assert_int_equal(queue_count(&p.a), 0);
        place_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_server_is_told_what_time_is_left),
        cmocka_unit_test(what_is_late_goes_back),
        cmocka_unit_test(what_is_late_is_told_of_and_goes_on),
        cmocka_unit_test(a_server_without_it),
        cmocka_unit_test(each_hop_is_traced_when_asked_for),
        cmocka_unit_test(what_is_held_leaves_at_its_time),
        cmocka_unit_test(what_was_held_long_is_tried_long),
        cmocka_unit_test(our_own_users_wait_too),
        cmocka_unit_test(who_is_gone_by_then_is_told_of),
        cmocka_unit_test(the_urgent_overtake),
        cmocka_unit_test(without_tls_a_protected_letter_goes_back),
        cmocka_unit_test(tls_that_we_insist_on_may_be_waived),
        cmocka_unit_test(an_address_beyond_ascii_is_not_garbled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
