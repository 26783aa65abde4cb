/* world_test.c - two mail servers in one process: a letter's whole way in simulated time, with
 * servers that are down for hours and power that fails in the middle. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/world_fixture.h"

static const char letter[] = "From: alice@a.test\r\n"
                             "To: bob@b.test\r\n"
                             "Subject: the letter\r\n"
                             "\r\n"
                             "One line.\r\n"
                             "..a dot in front\r\n"
                             "The end.\r\n";

struct pair {
    struct sim_world *world;
    struct machine a, b;
};

static void pair_make(struct pair *p, uint64_t seed)
{
    p->world = sim_world_new(seed);
    dns_add_mx(p->world, "a.test", 10, "mail.a.test");
    dns_add_mx(p->world, "b.test", 10, "mail.b.test");
    dns_add_a(p->world, "mail.a.test", "10.0.0.1");
    dns_add_a(p->world, "mail.b.test", "10.0.0.2");
    machine_make(&p->a, p->world, "a", "10.0.0.1", "");
    machine_make(&p->b, p->world, "b", "10.0.0.2", "");
    machine_boot(&p->a);
    machine_boot(&p->b);
}

static void pair_end(struct pair *p)
{
    machine_end(&p->a);
    machine_end(&p->b);
    sim_world_free(p->world);
}

static void send_letter(struct pair *p)
{
    struct person alice = { .at = &p->a, .letter = letter };
    submit(&alice);
    assert_true(alice.acked);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void one_letter(uint64_t seed)
{
    struct pair p;
    pair_make(&p, seed);
    send_letter(&p);
    run_for(&p.a, MINUTE_US);
    assert_int_equal(count_letters(&p.b, "\r\n.a dot in front\r\nThe end.\r\n"), 1);
    assert_int_equal(count_letters(&p.b, "Return-Path: <alice@a.test>\r\n"), 1);
    assert_int_equal(queue_count(&p.a), 0);
    assert_int_equal(count_letters(&p.a, ""), 0);
    pair_end(&p);
}

static uint64_t digest_of(uint64_t seed)
{
    struct pair p;
    pair_make(&p, seed);
    send_letter(&p);
    run_for(&p.a, MINUTE_US);
    uint64_t digest = sim_world_digest(p.world);
    pair_end(&p);
    return digest;
}

static void a_letter_arrives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        one_letter(seed);
}

static void the_same_seed_is_the_same_history(void **state)
{
    (void)state;
    uint64_t once = digest_of(7);
    assert_true(once == digest_of(7));
    assert_true(once != digest_of(8));
}

/* Journey: mail waits while the receiver is down, the sender is told once, it arrives once. */
static void a_receiver_that_is_down_for_a_while(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p, 11);
    machine_lose_power(&p.b);
    send_letter(&p);
    run_for(&p.a, 3 * HOUR_US);
    assert_int_equal(queue_count(&p.a), 1);
    assert_int_equal(count_letters(&p.a, ""), 0);
    run_for(&p.a, 9 * HOUR_US);
    assert_int_equal(count_letters(&p.a, "Action: delayed"), 1);
    machine_power_back(&p.b);
    run_for(&p.a, 5 * HOUR_US);
    assert_int_equal(count_letters(&p.b, "Subject: the letter"), 1);
    assert_int_equal(queue_count(&p.a), 0);
    assert_int_equal(count_letters(&p.a, ""), 1);
    pair_end(&p);
}

static void a_receiver_that_never_comes_back(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p, 12);
    machine_lose_power(&p.b);
    send_letter(&p);
    run_for(&p.a, 4 * DAY_US);
    assert_int_equal(queue_count(&p.a), 1);
    run_for(&p.a, DAY_US + HOUR_US);
    assert_int_equal(queue_count(&p.a), 0);
    assert_int_equal(count_letters(&p.a, "Action: delayed"), 1);
    assert_int_equal(count_letters(&p.a, "Action: failed"), 1);
    assert_int_equal(count_letters(&p.a, "Status: 5.4.7"), 1);
    assert_int_equal(count_letters(&p.a, "Final-Recipient: rfc822; bob@b.test"), 2);
    assert_int_equal(count_letters(&p.a, "Return-Path: <>\r\n"), 2);
    assert_int_equal(count_letters(&p.a, ""), 2);
    pair_end(&p);
}

static void the_sender_loses_power_after_its_250(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 25; seed++) {
        struct pair p;
        pair_make(&p, seed);
        send_letter(&p);
        assert_int_equal(count_letters(&p.b, ""), 0); /* it has only just left, if at all */
        machine_lose_power(&p.a);
        machine_power_back(&p.a);
        run_for(&p.a, HOUR_US);
        assert_int_equal(count_letters(&p.b, "Subject: the letter"), 1);
        assert_int_equal(queue_count(&p.a), 0);
        pair_end(&p);
    }
}

/* Whenever it happens: what was answered 250 arrives. (Between the receiver's commit and its 250
 * the sender cannot know and sends again, RFC 5321 4.5.3.2.6.) */
static void power_fails_at_any_change(void **state)
{
    (void)state;
    for (uint64_t change = 1; change < 30; change += 3) {
        struct pair p;
        pair_make(&p, 100 + change);
        struct machine *victim = change % 2 ? &p.a : &p.b;
        struct person alice = { .at = &p.a, .letter = letter };
        sim_machine_power_cut_at(victim->seam, change);
        submit(&alice);
        run_for(&p.a, MINUTE_US);
        machine_lose_power(victim);
        machine_power_back(victim);
        run_for(&p.a, HOUR_US);
        size_t n = count_letters(&p.b, "Subject: the letter");
        if (alice.acked) assert_in_range(n, 1, 2);
        assert_true(n <= 2);
        assert_int_equal(queue_count(&p.a), 0);
        pair_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_arrives),
        cmocka_unit_test(the_same_seed_is_the_same_history),
        cmocka_unit_test(a_receiver_that_is_down_for_a_while),
        cmocka_unit_test(a_receiver_that_never_comes_back),
        cmocka_unit_test(the_sender_loses_power_after_its_250),
        cmocka_unit_test(power_fails_at_any_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
