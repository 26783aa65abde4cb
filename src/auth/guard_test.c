/* guard_test.c - what is too much, for whom, and for how long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/guard.h"
#include "base/limits.h"
#include "base/mem.h"
#include "run/loop.h"

static const struct guard_settings usual = {
    .per_hour = { 100, 100, 100, 10, 10 },
    .network_factor = 3,
    .account_failures = 20,
    .delay_max_ms = 1000,
    .known_ms = 86400000,
};

struct place {
    struct sim_world *world;
    struct seam *seam;
    struct guard *guard;
    struct loop *loop; /* with a timer far away: the clock of a world without work stands still */
    struct timer far;
};

static void never(struct timer *t)
{
    (void)t;
}

static void place_make(struct place *p)
{
    p->world = sim_world_new(7);
    p->seam = sim_machine_new(p->world, "a", "10.0.0.1");
    p->guard = guard_new(p->seam, &usual);
    p->loop = loop_new(p->seam, 0);
    p->far = (struct timer){ .fire = never };
    timer_set(p->loop, &p->far, UINT64_C(1) << 60);
}

static void place_end(struct place *p)
{
    guard_free(p->guard);
    timer_cancel(p->loop, &p->far);
    loop_stop(p->loop, 0);
    (void)sim_world_run(p->world, seam_mono_us(p->seam) + 1000000);
    loop_free(p->loop);
    sim_world_free(p->world);
}

static void pass_minutes(struct place *p, uint64_t minutes)
{
    (void)sim_world_run(p->world, seam_mono_us(p->seam) + minutes * 60000000);
}

static struct netaddr at(const char *text)
{
    struct netaddr a;
    assert_int_equal(netaddr_parse(str_of(text), 25, &a), OK);
    return a;
}

static enum err errors(struct place *p, const char *peer, unsigned n)
{
    struct netaddr a = at(peer);
    return guard_count(p->guard, &a, GUARD_ERRORS, n, NULL);
}

static void too_much_is_refused_and_lifted(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    assert_int_equal(errors(&p, "192.0.2.1", 10), OK);
    assert_int_equal(errors(&p, "192.0.2.1", 1), ERR_LATER);
    assert_int_equal(errors(&p, "192.0.3.1", 1), OK);
    pass_minutes(&p, 30);
    assert_int_equal(errors(&p, "192.0.2.1", 1), OK);
    /* However much was done, two hours are the longest. */
    assert_int_equal(errors(&p, "192.0.2.1", 100000), ERR_LATER);
    pass_minutes(&p, 61);
    assert_int_equal(errors(&p, "192.0.2.1", 0), OK);
    place_end(&p);
}

static void answers_come_later_and_later(void **state)
{
    (void)state;
    struct place p;
    struct netaddr a = at("192.0.2.1");
    unsigned delay_ms, before = 0;
    place_make(&p);
    assert_int_equal(guard_count(p.guard, &a, GUARD_RCPTS, 50, &delay_ms), OK);
    assert_int_equal(delay_ms, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(guard_count(p.guard, &a, GUARD_RCPTS, 10, &delay_ms), OK);
        assert_true(delay_ms > before);
        before = delay_ms;
    }
    assert_in_range(before, 900, 1000);
    place_end(&p);
}

static void neighbours_share_a_network(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    for (int i = 1; i <= 3; i++) {
        char peer[32], peer6[64];
        struct buf b = buf_make(100);
        buf_addf(&b, "192.0.2.%d", i);
        bytes_copy(peer, sizeof peer, b.p, b.n);
        peer[b.n] = '\0';
        buf_reset(&b);
        buf_addf(&b, "[2001:db8:1:%d::1]:25", i);
        bytes_copy(peer6, sizeof peer6, b.p, b.n);
        peer6[b.n] = '\0';
        buf_free(&b);
        assert_int_equal(errors(&p, peer, 10), OK);
        assert_int_equal(errors(&p, peer6, 10), OK);
    }
    assert_int_equal(errors(&p, "192.0.2.9", 1), ERR_LATER);
    assert_int_equal(errors(&p, "[2001:db8:1:9::1]:25", 1), ERR_LATER);
    assert_int_equal(errors(&p, "[2001:db8:2:9::1]:25", 1), OK);
    place_end(&p);
}

/* --- log-ins ---------------------------------------------------------------------------------- */

static enum err ask(struct place *p, const char *peer, const char *user)
{
    struct netaddr a = at(peer);
    unsigned delay_ms;
    return guard_login_ask(p->guard, &a, str_of(user), &delay_ms);
}

static void tell(struct place *p, const char *peer, const char *user, bool ok)
{
    struct netaddr a = at(peer);
    guard_login_told(p->guard, &a, str_of(user), ok);
}

static void guessing_from_one_address_ends(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    for (int i = 0; i < 11; i++) {
        assert_int_equal(ask(&p, "192.0.2.1", "alice@a.test"), OK);
        tell(&p, "192.0.2.1", "alice@a.test", false);
    }
    assert_int_equal(ask(&p, "192.0.2.1", "alice@a.test"), ERR_LATER);
    assert_int_equal(ask(&p, "192.0.2.1", "nobody@a.test"), ERR_LATER);
    assert_int_equal(ask(&p, "198.51.100.1", "alice@a.test"), OK);
    pass_minutes(&p, 60);
    assert_int_equal(ask(&p, "192.0.2.1", "alice@a.test"), OK);
    place_end(&p);
}

/* Many addresses that try one account lock it for strangers, and never for who logged in lately. */
static void a_known_address_is_not_locked_out(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    tell(&p, "203.0.113.5", "Alice@A.test", true);
    for (int i = 0; i < 30; i++) {
        struct buf b = buf_make(100);
        buf_addf(&b, "10.%d.0.1%c", i, '\0');
        tell(&p, b.p, "alice@a.test", false);
        buf_free(&b);
    }
    assert_int_equal(ask(&p, "198.51.100.1", "alice@a.test"), ERR_LATER);
    assert_int_equal(ask(&p, "203.0.113.5", "alice@a.test"), OK);
    assert_int_equal(ask(&p, "198.51.100.1", "bob@a.test"), OK);

    /* Nor for what its neighbours behind the same address do. */
    for (int i = 0; i < 12; i++)
        tell(&p, "203.0.113.5", "bob@a.test", false);
    assert_int_equal(ask(&p, "203.0.113.5", "bob@a.test"), ERR_LATER);
    assert_int_equal(ask(&p, "203.0.113.5", "alice@a.test"), OK);
    /* But its own guesses count. */
    for (int i = 0; i < 12; i++)
        tell(&p, "203.0.113.5", "alice@a.test", false);
    assert_int_equal(ask(&p, "203.0.113.5", "alice@a.test"), ERR_LATER);
    place_end(&p);
}

/* One who may not try any more cannot make us forget others by trying ever new names. */
static void refused_names_push_nobody_out(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    tell(&p, "203.0.113.5", "alice@a.test", true);
    for (int i = 0; i < 30; i++)
        tell(&p, i % 2 ? "192.0.2.1" : "10.0.0.1", "alice@a.test", false);
    for (uint32_t i = 0; i < GUARD_ENTRIES + 5000; i++) {
        struct buf b = buf_make(100);
        buf_addf(&b, "n%u@a.test%c", i, '\0');
        assert_int_equal(ask(&p, "192.0.2.1", b.p), ERR_LATER);
        buf_free(&b);
    }
    assert_int_equal(ask(&p, "198.51.100.1", "alice@a.test"), ERR_LATER);
    assert_int_equal(ask(&p, "203.0.113.5", "alice@a.test"), OK);
    place_end(&p);
}

/* Nor by guessing from ever new addresses: where people logged in is kept apart. */
static void strangers_push_nobody_out(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    tell(&p, "203.0.113.5", "alice@a.test", true);
    for (int i = 0; i < 30; i++)
        tell(&p, "198.51.100.9", "alice@a.test", false);
    for (uint32_t i = 0; i < GUARD_ENTRIES + 5000; i++) {
        struct netaddr a = { .family = NET_IP4 };
        bytes_copy(a.ip, sizeof a.ip, &i, sizeof i);
        guard_login_told(p.guard, &a, S("bob@a.test"), false);
    }
    for (int i = 0; i < 20; i++)
        tell(&p, "203.0.113.6", "alice@a.test", false);
    assert_int_equal(ask(&p, "203.0.113.5", "alice@a.test"), OK);
    place_end(&p);
}

/* Where somebody logged in lately, what the /24 or the /64 does counts for nothing. */
static void neighbours_ban_nobody_who_is_known(void **state)
{
    static const char *const good[] = { "192.0.2.77", "[2001:db8:1:1::77]:25" };
    static const char *const bad[] = { "192.0.2.%d", "[2001:db8:1:1::%d]:25" };
    (void)state;
    for (int v = 0; v < 2; v++) {
        struct place p;
        place_make(&p);
        tell(&p, good[v], "alice@a.test", true);
        for (int i = 1; i <= 9; i++) {
            struct buf b = buf_make(100);
            buf_add(&b, str_take(str_of(bad[v]), str_chr(str_of(bad[v]), '%')));
            buf_addf(&b, "%d%s%c", i, v ? "]:25" : "", '\0');
            errors(&p, b.p, 10);
            tell(&p, b.p, "bob@a.test", false);
            tell(&p, b.p, "bob@a.test", false);
            buf_free(&b);
        }
        assert_int_equal(errors(&p, v ? "[2001:db8:1:1::99]:25" : "192.0.2.99", 1), ERR_LATER);
        assert_int_equal(errors(&p, good[v], 1), OK);
        assert_int_equal(ask(&p, good[v], "alice@a.test"), OK);
        assert_int_equal(errors(&p, good[v], 10), ERR_LATER); /* its own deeds count */
        pass_minutes(&p, 25 * 60);
        errors(&p, v ? "[2001:db8:1:1::1]:25" : "192.0.2.1", 100);
        assert_int_equal(errors(&p, good[v], 0), ERR_LATER); /* known no more */
        place_end(&p);
    }
}

static void few_are_judged_at_once(void **state)
{
    (void)state;
    struct place p;
    struct netaddr here = at("192.0.2.1"), there = at("198.51.100.1");
    struct guard_turn turns[GUARD_TURNS], one;
    place_make(&p);
    for (int i = 0; i < GUARD_TURNS; i++)
        assert_true(guard_turn_take(p.guard, &here, S("alice@a.test"), &turns[i]));
    assert_false(guard_turn_take(p.guard, &there, S("Alice@a.test"), &one));
    assert_false(guard_turn_take(p.guard, &here, S("bob@a.test"), &one));
    assert_true(guard_turn_take(p.guard, &there, S("bob@a.test"), &one));
    assert_false(one.known);
    guard_turn_give(p.guard, &one);
    tell(&p, "198.51.100.1", "alice@a.test", true); /* she has turns of her own there */
    assert_true(guard_turn_take(p.guard, &there, S("alice@a.test"), &one));
    assert_true(one.known);
    guard_turn_give(p.guard, &one);
    for (int i = 0; i < GUARD_TURNS; i++)
        guard_turn_give(p.guard, &turns[i]);
    assert_true(guard_turn_take(p.guard, &here, S("bob@a.test"), &one));
    guard_turn_give(p.guard, &one);
    place_end(&p);
}

static void it_says_what_it_knows(void **state)
{
    (void)state;
    struct place p;
    struct buf b = buf_make(4000);
    struct netaddr a = at("192.0.2.1");
    place_make(&p);
    guard_explain(p.guard, &a, &b);
    assert_true(str_eq(buf_str(&b), S("nothing is known of this address\n")));
    buf_reset(&b);
    errors(&p, "192.0.2.1", 15);
    tell(&p, "192.0.2.1", "alice@a.test", true);
    guard_explain(p.guard, &a, &b);
    static const char *const lines[] = {
        "this address:\n  errors: 15 of 10 an hour: refused for another 30 minutes\n",
        "its network:\n  errors: 15 of 30 an hour\n", "logged in there lately: alice@a.test; "
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (str_find(buf_str(&b), str_of(lines[i])) == STR_NPOS)
            fail_msg("%.*s", STR_ARG(buf_str(&b)));
    buf_free(&b);
    place_end(&p);
}

/* However many addresses come, the table does not grow past its limit. */
static void a_flood_of_addresses_is_bounded(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    for (uint32_t i = 0; i < GUARD_ENTRIES + 5000; i++) {
        struct netaddr a = { .family = NET_IP4 };
        bytes_copy(a.ip, sizeof a.ip, &i, sizeof i);
        (void)guard_count(p.guard, &a, GUARD_CONNECTIONS, 1, NULL);
    }
    assert_int_equal(errors(&p, "192.0.2.1", 11), ERR_LATER);
    place_end(&p);
}

static struct netaddr of_many(uint32_t i)
{
    struct netaddr a = at("2001:db8::");
    bytes_copy(a.ip + 8, 4, &i, sizeof i);
    return a;
}

/* A user who has a /64 for himself logs in from as many addresses as we remember: where others
 * logged in stays known. */
static void one_user_pushes_nobody_out(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    unsigned delay_ms;
    struct netaddr home = at("192.0.2.1"), cafe = at("198.51.100.9");
    guard_login_told(p.guard, &home, S("ann@a.test"), true);
    for (uint32_t i = 0; i < GUARD_KNOWN + 1000; i++) {
        struct netaddr a = of_many(i);
        guard_login_told(p.guard, &a, S("mallory@a.test"), true);
    }
    for (int i = 0; i < 30; i++)
        guard_login_told(p.guard, &cafe, S("ann@a.test"), false);
    assert_true(guard_knows(p.guard, &home));
    assert_int_equal(guard_login_ask(p.guard, &cafe, S("ann@a.test"), &delay_ms), ERR_LATER);
    assert_int_equal(guard_login_ask(p.guard, &home, S("ann@a.test"), &delay_ms), OK);
    /* Others become known all the same. */
    guard_login_told(p.guard, &cafe, S("ben@a.test"), true);
    assert_true(guard_knows(p.guard, &cafe));
    place_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_much_is_refused_and_lifted),
        cmocka_unit_test(answers_come_later_and_later),
        cmocka_unit_test(neighbours_share_a_network),
        cmocka_unit_test(guessing_from_one_address_ends),
        cmocka_unit_test(a_known_address_is_not_locked_out),
        cmocka_unit_test(refused_names_push_nobody_out),
        cmocka_unit_test(strangers_push_nobody_out),
        cmocka_unit_test(neighbours_ban_nobody_who_is_known),
        cmocka_unit_test(few_are_judged_at_once),
        cmocka_unit_test(it_says_what_it_knows),
        cmocka_unit_test(a_flood_of_addresses_is_bounded),
        cmocka_unit_test(one_user_pushes_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
