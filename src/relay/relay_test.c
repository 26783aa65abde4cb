/* relay_test.c - what becomes of queued mail under every kind of answer: one server of ours and
 * other people's servers that say what a table tells them to, in simulated time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/place_fixture.h"

/* --- pure: when to try again ------------------------------------------------------------------ */

static void gaps_double_up_to_the_longest(void **state)
{
    (void)state;
    const struct relay_settings s = { .retry_first_ms = 300000, .retry_max_ms = 14400000 };
    static const int64_t wanted_s[] = { 300, 600, 1200, 2400, 4800, 9600, 14400, 14400 };
    for (uint32_t i = 0; i < COUNT_OF(wanted_s); i++)
        for (uint32_t chance = 0; chance < 4000000000u; chance += 399999999u) {
            int64_t gap_s = retry_at(&s, i, 5, chance) / SECOND_US;
            assert_in_range(gap_s, wanted_s[i] * 9 / 10, wanted_s[i] * 11 / 10);
        }
    assert_true(retry_at(&s, UINT32_MAX, 0, 7) <= 14400 * SECOND_US * 11 / 10);
    const struct relay_settings tiny = { .retry_first_ms = 1, .retry_max_ms = 1 };
    assert_int_equal(retry_at(&tiny, 0, 0, 3), 1000);
}

static void what_happens_next_in_words(void **state)
{
    (void)state;
    static const struct {
        struct queue_entry entry;
        const char *words;
    } cases[] = {
        { { .held = true, .next_us = INT64_MAX }, "held by the administrator" },
        { { .next_us = 5 }, "not tried yet, next attempt now" },
        { { .next_us = 30 * 1000000, .attempts = 1 }, "tried 1 time, next attempt in 29 s" },
        { { .next_us = 3600LL * 1000000, .attempts = 2 }, "tried 2 times, next attempt in 59 min" },
        { { .next_us = 3 * 86400LL * 1000000, .attempts = 9 },
          "tried 9 times, next attempt in 2 days" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b = buf_make(200);
        relay_explain(NULL, &cases[i].entry, 10, &b);
        buf_addc(&b, '\0');
        assert_string_equal(b.p, cases[i].words);
        buf_free(&b);
    }
}

/* --- names ------------------------------------------------------------------------------------ */

static void a_domain_without_mail_bounces(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    sim_dns_add(p.world, S("null.test"), RR_MX, (str){ "\0\0\0", 3 });
    send_to(&p, "RCPT TO:<x@null.test>");
    run_for(&p.a, MINUTE_US);
    expect_report(&p, "Status: 5.1.10\r\n");
    assert_int_equal(queue_count(&p.a), 0);
    place_end(&p);
}

static void a_domain_that_does_not_exist_bounces(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    send_to(&p, "RCPT TO:<x@nowhere.test>");
    run_for(&p.a, MINUTE_US);
    expect_report(&p, "Status: 5.1.2\r\n");
    assert_int_equal(queue_count(&p.a), 0);
    place_end(&p);
}

static void no_answer_from_the_dns_is_no_reason_to_bounce(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, kind);
    sim_dns_fail(p.world, true);
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, 4 * DAY_US);
    assert_int_equal(queue_count(&p.a), 1);
    assert_int_equal(count_letters(&p.a, "Action: failed"), 0);
    assert_int_equal(count_letters(&p.a, "Action: delayed"), 1);
    sim_dns_fail(p.world, false);
    run_for(&p.a, 5 * HOUR_US);
    assert_int_equal(b->letters, 1);
    assert_int_equal(queue_count(&p.a), 0);
    place_end(&p);
}

static void hosts_are_tried_by_preference(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *second = add_peer(&p, kind), *third = add_peer(&p, kind);
    dns_add_mx(p.world, "b.test", 30, "mail.c.test");
    dns_add_mx(p.world, "b.test", 20, "mail.b.test");
    dns_add_mx(p.world, "b.test", 10, "gone.b.test"); /* has no address */
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(second->letters, 1);
    assert_int_equal(third->sessions, 0);
    expect_quiet(&p);
    place_end(&p);
}

static void without_mx_the_domains_own_address_is_used(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_peer(&p, kind);
    send_to(&p, "RCPT TO:<bob@mail.b.test>");
    send_to(&p, "RCPT TO:<bob@[10.0.0.2]>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 2);
    expect_quiet(&p);
    place_end(&p);
}

/* RFC 5321 5.1: nothing at or behind our own place in the list. */
static void our_own_name_in_the_list_ends_it(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_peer(&p, kind);
    dns_add_mx(p.world, "loop.test", 10, "Mail.A.test");
    dns_add_mx(p.world, "loop.test", 10, "mail.b.test");
    dns_add_mx(p.world, "loop.test", 20, "mail.b.test");
    send_to(&p, "RCPT TO:<bob@loop.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->sessions, 0);
    expect_report(&p, "Status: 5.4.6\r\n");
    place_end(&p);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void each_recipient_has_an_outcome_of_its_own(void **state)
{
    (void)state;
    static const struct peer_rule rules[] = {
        { "RCPT TO:<never@", "550-5.1.1 no\r\n550 5.1.1 such \x1b[31muser\r\n", 0 },
        { "RCPT TO:<later@", "450 4.2.1 not now\r\n", 1 },
        { NULL, NULL, 0 }
    };
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, rules);
    send_as(&p, (struct person){ .rcpts = { "RCPT TO:<bob@b.test>", "RCPT TO:<later@b.test>",
                                            "RCPT TO:<never@b.test> ORCPT=rfc822;old@b.test" } });
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->letters, 1);
    assert_int_equal(b->sessions, 1);
    assert_int_equal(queue_count(&p.a), 1);
    expect_report(&p, "Status: 5.1.1\r\n");
    expect_report(&p, "Final-Recipient: rfc822; never@b.test\r\n");
    expect_report(&p, "Original-Recipient: rfc822;old@b.test\r\n");
    expect_report(&p, "Diagnostic-Code: smtp; 550 5.1.1 no 5.1.1 such ?[31muser\r\n");
    expect_report(&p, "Content-Type: multipart/report");
    expect_report(&p, "Auto-Submitted: auto-replied");
    expect_report(&p, "Subject: the letter");
    assert_int_equal(count_letters(&p.a, "later@b.test"), 0);
    place_end(&p);
}

/* As long as a reply may be: the result is recorded, with as much of it as there is room for. */
static void a_long_reply_is_recorded(void **state)
{
    (void)state;
    static const char *const codes[] = { "450", "550" };
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct buf long_reply = buf_make(100000);
        for (int line = 0; line < 120; line++) {
            buf_addf(&long_reply, "%s%c", codes[i], line < 119 ? '-' : ' ');
            buf_fill(&long_reply, 'x', 130);
            buf_add(&long_reply, S("\r\n"));
        }
        buf_addc(&long_reply, '\0');
        const struct peer_rule rules[] = { { "RCPT", long_reply.p, 0 }, { NULL, NULL, 0 } };
        struct place p;
        place_make(&p);
        struct peer *b = add_b(&p, rules);
        send_to(&p, "RCPT TO:<bob@b.test>");
        run_for(&p.a, MINUTE_US);
        assert_int_equal(b->sessions, 1);
        assert_int_equal(queue_count(&p.a), i == 0);
        assert_int_equal(count_letters(&p.a, "Action: failed"), i == 1);
        place_end(&p);
        buf_free(&long_reply);
    }
}

static void a_greylisted_letter_goes_the_second_time(void **state)
{
    (void)state;
    static const struct peer_rule rules[] = { { "DATA", "451 4.7.1 greylisted\r\n", 0 },
                                              { NULL, NULL, 0 } };
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, rules);
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->sessions, 1);
    assert_int_equal(queue_count(&p.a), 1);
    b->rules = kind;
    run_for(&p.a, 6 * MINUTE_US);
    assert_int_equal(b->letters, 1);
    expect_quiet(&p);
    place_end(&p);
}

static const struct peer_rule refuses[] = { { "greeting", "554 5.7.1 go away\r\n", 0 },
                                            { NULL, NULL, 0 } };

static void a_host_that_refuses_to_talk_is_passed_over(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_peer(&p, refuses), *c = add_peer(&p, kind);
    dns_add_mx(p.world, "b.test", 10, "mail.b.test");
    dns_add_mx(p.world, "b.test", 20, "mail.c.test");
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->sessions, 1);
    assert_int_equal(c->letters, 1);
    expect_quiet(&p);
    place_end(&p);
}

static void when_all_hosts_refuse_to_talk_it_bounces(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    (void)add_b(&p, refuses);
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    expect_report(&p, "Status: 5.7.1\r\n");
    place_end(&p);
}

/* As many hosts, addresses and words as one attempt takes: there is still room for the report. */
static void many_wordy_refusals_are_reported(void **state)
{
    (void)state;
    struct place p;
    struct buf words = buf_make(SMTP_REPLY_BYTES);
    for (int i = 0; i < 15; i++) {
        buf_add(&words, S("554-5.7.1 "));
        for (int k = 0; k < 80; k++)
            buf_add(&words, S("go away, "));
        buf_add(&words, S("now\r\n"));
    }
    buf_add(&words, S("554 5.7.1 go away\r\n"));
    buf_addc(&words, '\0');
    const struct peer_rule wordy[] = { { "greeting", words.p, 0 }, { NULL, NULL, 0 } };
    place_make(&p);
    struct peer *b = add_peer(&p, wordy);
    for (uint16_t i = 0; i < RELAY_MX_HOSTS; i++) {
        char host[] = "x.b.test";
        host[0] = (char)('a' + i);
        dns_add_mx(p.world, "b.test", i, host);
        for (int k = 0; k < RELAY_ADDRESSES; k++)
            dns_add_a(p.world, host, "10.0.0.2");
    }
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, 10 * MINUTE_US);
    assert_int_equal(b->sessions, RELAY_MX_HOSTS * RELAY_ADDRESSES);
    expect_report(&p, "Status: 5.7.1\r\n");
    assert_int_equal(queue_count(&p.a), 0);
    place_end(&p);
    buf_free(&words);
}

/* What is no SMTP decides nothing: the letter waits. */
static void nonsense_is_no_verdict(void **state)
{
    (void)state;
    static const struct peer_rule tables[][2] = {
        { { "greeting", "HTTP/1.1 200 OK\r\n", 0 }, { NULL, NULL, 0 } },
        { { "greeting", "", 0 }, { NULL, NULL, 0 } },
        { { "MAIL", "354 go on\r\n", 0 }, { NULL, NULL, 0 } },
        { { "RCPT", "250-ok\r\n550 mixed\r\n", 0 }, { NULL, NULL, 0 } },
        { { "DATA", "250 ok\r\n", 0 }, { NULL, NULL, 0 } },
        { { "end", "354 more\r\n", 0 }, { NULL, NULL, 0 } },
        { { "end", "", 0 }, { NULL, NULL, 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct place p;
        place_make(&p);
        struct peer *b = add_b(&p, tables[i]);
        send_to(&p, "RCPT TO:<bob@b.test>");
        run_for(&p.a, MINUTE_US);
        if (b->sessions != 1 || queue_count(&p.a) != 1) fail_msg("case %zu", i);
        assert_int_equal(count_letters(&p.a, ""), 0);
        place_end(&p);
    }
}

/* --- TLS -------------------------------------------------------------------------------------- */

static const struct peer_rule broken_tls[] = { { "EHLO", "250-peer\r\n250 STARTTLS\r\n", 0 },
                                               { "STARTTLS", "220 go on\r\n", 0 },
                                               { "MAIL", "250 ok\r\n", 0 },
                                               { NULL, NULL, 0 } };

static void a_failed_handshake_falls_back_to_clear(void **state)
{
    (void)state;
    static const struct peer_rule dies[] = { { "EHLO", "250-peer\r\n250 STARTTLS\r\n", 0 },
                                             { "STARTTLS", "", 0 },
                                             { NULL, NULL, 0 } };
    static const struct peer_rule *const tables[] = { broken_tls, dies };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct place p;
        place_make_set(&p, "[relay]\ncommand = 5s\n");
        struct peer *b = add_b(&p, tables[i]);
        send_to(&p, "RCPT TO:<bob@b.test>");
        run_for(&p.a, MINUTE_US);
        assert_int_equal(b->sessions, 2);
        assert_int_equal(b->letters, 1);
        expect_quiet(&p);
        place_end(&p);
    }
}

static void where_tls_is_demanded_nothing_goes_in_clear(void **state)
{
    (void)state;
    static const struct peer_rule *const tables[] = { broken_tls, kind };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct place p;
        place_make_set(&p, "[relay]\ntls = encrypt\ncommand = 5s\n");
        struct peer *b = add_b(&p, tables[i]);
        send_to(&p, "RCPT TO:<bob@b.test>");
        run_for(&p.a, HOUR_US);
        assert_true(b->sessions > 1);
        assert_false(peer_heard(b, "MAIL FROM"));
        assert_int_equal(queue_count(&p.a), 1);
        place_end(&p);
    }
}

/* --- who is told ------------------------------------------------------------------------------ */

static const struct peer_rule no_such_user[] = { { "RCPT", "550 5.1.1 no such user\r\n", 0 },
                                                 { NULL, NULL, 0 } };

static void no_bounce_goes_to_the_null_sender(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, no_such_user);
    send_as(&p, (struct person){ .mail = "MAIL FROM:<>" });
    run_for(&p.a, MINUTE_US);
    assert_true(peer_heard(b, "MAIL FROM:<>"));
    expect_quiet(&p);
    place_end(&p);
}

static void nobody_is_told_who_did_not_want_to_know(void **state)
{
    (void)state;
    static const char *const rcpts[] = { "RCPT TO:<bob@b.test> NOTIFY=NEVER",
                                         "RCPT TO:<bob@b.test> NOTIFY=SUCCESS",
                                         "RCPT TO:<bob@b.test> NOTIFY=DELAY" };
    struct place p;
    place_make(&p);
    (void)add_b(&p, no_such_user);
    for (size_t i = 0; i < COUNT_OF(rcpts); i++)
        send_to(&p, rcpts[i]);
    run_for(&p.a, MINUTE_US);
    expect_quiet(&p);
    place_end(&p);
}

/* RFC 3461 5.2.2: who asked hears of it here, unless the next server promises to say it. */
static void success_is_told_where_the_next_server_will_not(void **state)
{
    (void)state;
    static const struct peer_rule with_dsn[] = { { "EHLO", "250-peer\r\n250 DSN\r\n", 0 },
                                                 { NULL, NULL, 0 } };
    struct place p;
    place_make(&p);
    struct peer *b = add_b(&p, with_dsn);
    send_as(
        &p,
        (struct person){
            .mail = "MAIL FROM:<alice@a.test> RET=HDRS ENVID=a+2Bb",
            .rcpts = { "RCPT TO:<bob@b.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bx@b.test" } });
    run_for(&p.a, MINUTE_US);
    assert_true(peer_heard(b, "MAIL FROM:<alice@a.test> RET=HDRS ENVID=a+2Bb\r\n"));
    assert_true(peer_heard(b, " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bx@b.test\r\n"));
    expect_quiet(&p);
    b->rules = kind;
    send_to(&p, "RCPT TO:<bob@b.test> NOTIFY=SUCCESS");
    run_for(&p.a, MINUTE_US);
    expect_report(&p, "Action: relayed\r\n");
    place_end(&p);
}

static void a_delay_is_told_once_and_only_if_wanted(void **state)
{
    (void)state;
    static const struct peer_rule later[] = { { "RCPT", "450 4.2.0 later\r\n", 0 },
                                              { NULL, NULL, 0 } };
    struct place p;
    place_make(&p);
    (void)add_b(&p, later);
    send_as(&p, (struct person){
                    .rcpts = { "RCPT TO:<bob@b.test>", "RCPT TO:<quiet@b.test> NOTIFY=FAILURE" } });
    run_for(&p.a, 2 * DAY_US);
    expect_report(&p, "Action: delayed\r\n");
    expect_report(&p, "Will-Retry-Until: ");
    assert_int_equal(count_letters(&p.a, "Final-Recipient: rfc822; quiet@b.test"), 0);
    assert_int_equal(queue_count(&p.a), 2);
    place_end(&p);
}

/* --- the scheduler ---------------------------------------------------------------------------- */

static void a_silent_domain_does_not_hold_up_another(void **state)
{
    (void)state;
    static const struct peer_rule silent[] = { { "greeting", NULL, 0 }, { NULL, NULL, 0 } };
    struct place p;
    place_make_set(&p, "[relay]\nper_destination = 2\nconversations_max = 3\n");
    struct peer *b = add_b(&p, silent), *c = add_peer(&p, kind);
    dns_add_mx(p.world, "c.test", 10, "mail.c.test");
    for (int i = 0; i < 5; i++)
        send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(b->sessions, 2);
    for (int i = 0; i < 5; i++)
        send_to(&p, "RCPT TO:<carol@c.test>");
    run_for(&p.a, MINUTE_US);
    assert_int_equal(c->letters, 5);
    assert_int_equal(queue_count(&p.a), 5);
    place_end(&p);
}

/* In the middle of a conversation the process ends: nothing is recorded, and the next one carries
 * on. */
static void ending_in_the_middle_leaves_the_letter_due(void **state)
{
    (void)state;
    static const char *const words[] = { "greeting", "MAIL", "DATA", "end" };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct peer_rule rules[] = { { words[i], NULL, 0 }, { NULL, NULL, 0 } };
        struct place p;
        place_make(&p);
        struct peer *b = add_b(&p, rules);
        send_to(&p, "RCPT TO:<bob@b.test>");
        run_for(&p.a, 10 * SECOND_US);
        assert_int_equal(b->sessions, 1);
        machine_halt(&p.a);
        b->rules = kind;
        b->letters = 0;
        machine_boot(&p.a);
        run_for(&p.a, 10 * SECOND_US);
        assert_int_equal(b->letters, 1);
        expect_quiet(&p);
        place_end(&p);
    }
}

/* The result of a conversation is written however long the disk is full: nothing is sent twice. */
static void a_full_disk_does_not_send_twice(void **state)
{
    (void)state;
    static const struct peer_rule slow[] = { { "end", NULL, 0 }, { NULL, NULL, 0 } };
    struct place p;
    place_make_set(&p, "[relay]\ndata = 20s\n");
    struct peer *b = add_b(&p, slow);
    send_to(&p, "RCPT TO:<bob@b.test>");
    run_for(&p.a, 10 * SECOND_US);
    assert_int_equal(b->letters, 1);
    struct seam_faults full = { .write = { 1, UINT64_MAX / 2, -ENOSPC },
                                .allocate = { 1, UINT64_MAX / 2, -ENOSPC } };
    seam_faults(p.a.seam, &full);
    run_for(&p.a, HOUR_US);
    assert_int_equal(b->sessions, 1);
    seam_faults(p.a.seam, NULL);
    b->rules = kind;
    run_for(&p.a, HOUR_US);
    assert_int_equal(b->sessions, 2);
    expect_quiet(&p);
    place_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_double_up_to_the_longest),
        cmocka_unit_test(what_happens_next_in_words),
        cmocka_unit_test(a_domain_without_mail_bounces),
        cmocka_unit_test(a_domain_that_does_not_exist_bounces),
        cmocka_unit_test(no_answer_from_the_dns_is_no_reason_to_bounce),
        cmocka_unit_test(hosts_are_tried_by_preference),
        cmocka_unit_test(without_mx_the_domains_own_address_is_used),
        cmocka_unit_test(our_own_name_in_the_list_ends_it),
        cmocka_unit_test(each_recipient_has_an_outcome_of_its_own),
        cmocka_unit_test(a_long_reply_is_recorded),
        cmocka_unit_test(a_greylisted_letter_goes_the_second_time),
        cmocka_unit_test(a_host_that_refuses_to_talk_is_passed_over),
        cmocka_unit_test(when_all_hosts_refuse_to_talk_it_bounces),
        cmocka_unit_test(many_wordy_refusals_are_reported),
        cmocka_unit_test(nonsense_is_no_verdict),
        cmocka_unit_test(a_failed_handshake_falls_back_to_clear),
        cmocka_unit_test(where_tls_is_demanded_nothing_goes_in_clear),
        cmocka_unit_test(no_bounce_goes_to_the_null_sender),
        cmocka_unit_test(nobody_is_told_who_did_not_want_to_know),
        cmocka_unit_test(success_is_told_where_the_next_server_will_not),
        cmocka_unit_test(a_delay_is_told_once_and_only_if_wanted),
        cmocka_unit_test(a_silent_domain_does_not_hold_up_another),
        cmocka_unit_test(ending_in_the_middle_leaves_the_letter_due),
        cmocka_unit_test(a_full_disk_does_not_send_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
