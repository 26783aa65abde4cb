/* auth_test.c - passwords of every kind, PLAIN, what failures cost, and whose address one may use.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/password_int.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/memory.h"

struct place {
    struct sim_world *world;
    struct seam *seam;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct auth *auth;
    struct auth_settings settings;
    struct store_settings store_settings;
    struct arena arena;
    /* one question and its answer */
    str user, password, plain; /* plain: the message of SASL, instead of the two */
    enum err e;
    struct login login;
    bool done;
    uint64_t took_us;
};

static void add_user(struct place *p, const char *address, str hash, bool suspended)
{
    struct user u = { .address = str_of(address), .password_hash = hash, .suspended = suspended };
    struct account account;
    assert_int_equal(store_user_add(p->store, &u, &account), OK);
}

static str hash_of(struct place *p, const char *password)
{
    str hash;
    assert_int_equal(auth_hash_now(p->seam, &p->settings, str_of(password), &p->arena, &hash), OK);
    return hash;
}

static void place_open(struct place *p, uint64_t fail_delay_ms, uint64_t cache_ms)
{
    *p = (struct place){ .world = sim_world_new(5), .arena = arena_make(1 << 20) };
    p->settings = (struct auth_settings){ .argon2_memory_bytes = 1 << 16,
                                          .argon2_passes = 1,
                                          .argon2_lanes = 1,
                                          .hash_threads = 1,
                                          .fail_delay_ms = fail_delay_ms,
                                          .failures_max = 3,
                                          .cache_ms = cache_ms };
    p->store_settings =
        (struct store_settings){ .journey_ms = 1ull << 40, .tombstone_ms = 1ull << 40 };
    p->seam = sim_machine_new(p->world, "machine", "10.0.0.1");
    p->loop = loop_new(p->seam, 0);
    assert_int_equal(engine_memory_open(p->seam, &p->engine), OK);
    assert_int_equal(store_open_on(p->engine, p->seam, &p->store_settings, &p->store), OK);
    assert_int_equal(auth_new(p->seam, p->store, &p->settings, &p->auth), OK);
    assert_int_equal(store_domain_add(p->store, S("a.test")), OK);
    add_user(p, "alice@a.test", hash_of(p, "secret"), false);
}

static void place_end(struct place *p)
{
    loop_stop(p->loop, 1000);
    sim_world_run(p->world, seam_mono_us(p->seam) + 2000000);
    loop_free(p->loop);
    auth_free(p->auth);
    store_close(p->store);
    sim_world_free(p->world);
    arena_free(&p->arena);
}

static void question(void *arg)
{
    struct place *p = arg;
    struct netaddr peer = { .family = NET_IP4 };
    uint64_t from_us = seam_mono_us(p->seam);
    p->e = p->plain.p ? auth_sasl_plain(p->auth, p->plain, &peer, &p->arena, &p->login)
                      : auth_password(p->auth, p->user, p->password, &peer, &p->arena, &p->login);
    p->took_us = seam_mono_us(p->seam) - from_us;
    p->done = true;
}

static enum err run_question(struct place *p)
{
    p->done = false;
    p->login = (struct login){ 0 };
    assert_int_equal(fiber_start(p->loop, FIBER_STRANGER, question, p), OK);
    sim_world_run(p->world, seam_mono_us(p->seam) + 100000000);
    assert_true(p->done);
    return p->e;
}

static enum err log_in(struct place *p, const char *user, const char *password)
{
    p->plain = (str){ 0 };
    p->user = str_of(user);
    p->password = str_of(password);
    return run_question(p);
}

/* --- password hashes -------------------------------------------------------------------------- */

static void argon2id_made_and_checked(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 0, 0);
    const char *hash = arena_cstr(&p.arena, hash_of(&p, "pass w\xc3\xb6rd"));
    assert_true(str_starts(str_of(hash), S("$argon2id$v=19$m=64,t=1,p=1$")));
    assert_true(password_matches(hash, str_of("pass w\xc3\xb6rd")));
    assert_false(password_matches(hash, S("pass word")));
    assert_false(password_matches(hash, S("")));
    assert_false(str_eq(hash_of(&p, "same"), hash_of(&p, "same"))); /* each has a salt of its own */
    struct buf b = buf_make(AUTH_PASSWORD_BYTES + 1);
    str out;
    assert_int_equal(auth_hash_now(p.seam, &p.settings, S(""), &p.arena, &out), ERR_LIMIT);
    buf_fill(&b, 'x', AUTH_PASSWORD_BYTES + 1);
    assert_int_equal(auth_hash_now(p.seam, &p.settings, buf_str(&b), &p.arena, &out), ERR_LIMIT);
    assert_int_equal(auth_hash_now(p.seam, &p.settings, str_take(buf_str(&b), AUTH_PASSWORD_BYTES),
                                   &p.arena, &out),
                     OK);
    buf_free(&b);
    place_end(&p);
}

/* "secret", as other programs have hashed it. */
static void hashes_brought_along(void **state)
{
    (void)state;
    static const struct {
        const char *hash;
        bool same;
    } cases[] = {
        { "$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.", true },
        { "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a", true },
        { "$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/otop/"
          "Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/",
          true },
        { "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2", true },
        { "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0b", false },
        { "", false },
        { "*", false },
        { "!", false },
        { "*0", false },
        { "secret", false },
        { "$argon2id$", false },
        { "$argon2id$v=19$m=4,t=1,p=1$AAAA$AAAA", false },
        { "$y$", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (password_matches(cases[i].hash, S("secret")) != cases[i].same)
            fail_msg("%s", cases[i].hash);
        assert_false(password_matches(cases[i].hash, S("Secret")));
        assert_false(password_matches(cases[i].hash, (str){ "secret\0x", 8 }));
    }
}

/* --- logging in ------------------------------------------------------------------------------- */

static void who_may_log_in(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password;
        enum err e;
    } cases[] = {
        { "alice@a.test", "secret", OK },
        { "Alice@A.TEST", "secret", OK },
        { "alice@a.test", "Secret", ERR_DENIED },
        { "alice@a.test", "", ERR_DENIED },
        { "alice", "secret", ERR_DENIED },
        { "alice+tag@a.test", "secret", ERR_DENIED },
        { "bob@a.test", "secret", ERR_DENIED },
        { "", "", ERR_DENIED },
        { "@", "secret", ERR_DENIED },
        { "alice@a.test\r\n", "secret", ERR_DENIED },
        { "gone@a.test", "secret", ERR_DENIED }, /* suspended */
        { "none@a.test", "", ERR_DENIED },       /* no password was ever set */
    };
    struct place p;
    place_open(&p, 0, 3600000);
    add_user(&p, "gone@a.test", hash_of(&p, "secret"), true);
    add_user(&p, "none@a.test", S(""), false);
    for (size_t twice = 0; twice < 2; twice++) /* the second time some are remembered */
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            if (log_in(&p, cases[i].user, cases[i].password) != cases[i].e) fail_msg("case %zu", i);
            assert_int_equal(p.login.account.n != 0, cases[i].e == OK);
            if (!cases[i].e) assert_true(str_eq(p.login.address, S("alice@a.test")));
        }
    place_end(&p);
}

struct cost {
    uint64_t us, digest;
    enum err e;
};
static struct cost cost_of(const char *user, const char *password)
{
    struct place p;
    place_open(&p, 2000, 3600000);
    add_user(&p, "gone@a.test", hash_of(&p, "secret"), true);
    enum err e = log_in(&p, user, password);
    struct cost c = { p.took_us, sim_world_digest(p.world), e };
    place_end(&p);
    return c;
}

/* The same steps at the same times, seen from outside: no name tells whether it exists. */
static void every_failure_costs_the_same(void **state)
{
    (void)state;
    struct cost wrong = cost_of("alice@a.test", "wrong"),
                nobody = cost_of("nobody@a.test", "secret"),
                gone = cost_of("gone@a.test", "secret"), /* suspended */
        elsewhere = cost_of("alice@b.test", "secret"), no_address = cost_of("no address", "secret"),
                right = cost_of("alice@a.test", "secret");
    assert_int_equal(wrong.e, ERR_DENIED);
    assert_int_equal(nobody.e, ERR_DENIED);
    assert_true(wrong.us >= 2000000);
    assert_true(wrong.us == nobody.us && wrong.us == no_address.us);
    assert_int_equal(gone.e, ERR_DENIED);
    assert_true(gone.us == wrong.us && gone.digest == wrong.digest);
    assert_true(elsewhere.us == wrong.us && elsewhere.digest == wrong.digest);
    assert_true(wrong.digest == nobody.digest && wrong.digest == no_address.digest);
    assert_int_equal(right.e, OK);
    assert_true(right.us < 2000000 && right.digest != wrong.digest);
    struct buf b = buf_make(3000);
    buf_fill(&b, 'x', 2000);
    buf_addc(&b, '\0');
    assert_true(cost_of("alice@a.test", b.p).us >= 2000000);
    assert_true(cost_of(b.p, "secret").us >= 2000000);
    buf_free(&b);
}

/* --- guessing --------------------------------------------------------------------------------- */

static const struct guard_settings strict = { .per_hour = { [GUARD_FAILURES] = 1000 },
                                              .network_factor = 4,
                                              .account_failures = 10,
                                              .delay_max_ms = 100,
                                              .known_ms = 86400000 };

/* All spellings of one name are one account to guess at. */
static void spellings_are_one_account(void **state)
{
    static const char *const spellings[] = { "alice@a.test", "ALICE@A.TEST", "\"alice\"@a.test",
                                             "\"al\\ice\"@a.test", "\"\\a\\lice\"@A.test" };
    (void)state;
    struct place p;
    place_open(&p, 0, 0);
    struct guard *g = guard_new(p.seam, &strict);
    auth_use_guard(p.auth, g);
    for (unsigned i = 0; i < 11; i++)
        assert_int_equal(log_in(&p, spellings[i % 5], "wrong"), ERR_DENIED);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(log_in(&p, spellings[i], "secret"), ERR_LATER);
    assert_int_equal(log_in(&p, "nobody@a.test", "secret"), ERR_DENIED);
    place_end(&p);
    guard_free(g);
}

enum { AT_ONCE = 200 };
struct guesses {
    struct place *p;
    unsigned denied, later;
};

static void guess(void *arg)
{
    struct guesses *all = arg;
    struct netaddr peer = { .family = NET_IP4 };
    struct arena arena = arena_make(1 << 16);
    struct login login;
    enum err e = auth_password(all->p->auth, S("alice@a.test"), S("wrong"), &peer, &arena, &login);
    all->denied += e == ERR_DENIED;
    all->later += e == ERR_LATER;
    arena_free(&arena);
}

/* However many try at the same moment, not more are judged than one after the other. */
static void at_once_is_not_more(void **state)
{
    (void)state;
    struct place p;
    struct guesses all = { .p = &p };
    place_open(&p, 1000, 0);
    struct guard *g = guard_new(p.seam, &strict);
    auth_use_guard(p.auth, g);
    for (int i = 0; i < AT_ONCE; i++)
        assert_int_equal(fiber_start(p.loop, FIBER_STRANGER, guess, &all), OK);
    sim_world_run(p.world, seam_mono_us(p.seam) + 100000000);
    assert_int_equal(all.denied + all.later, AT_ONCE);
    assert_in_range(all.denied, 10, 11 + GUARD_TURNS);
    place_end(&p);
    guard_free(g);
}

static void a_remembered_password_ends_with_its_hash(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 0, 600000);
    assert_int_equal(log_in(&p, "alice@a.test", "secret"), OK);
    uint64_t first_us = p.took_us;
    assert_int_equal(log_in(&p, "alice@a.test", "secret"), OK);
    assert_true(p.took_us <= first_us);
    assert_int_equal(log_in(&p, "alice@a.test", "wrong"), ERR_DENIED);
    struct user u = { .address = S("alice@a.test"), .password_hash = hash_of(&p, "changed") };
    assert_int_equal(store_user_update(p.store, &u), OK);
    assert_int_equal(log_in(&p, "alice@a.test", "secret"), ERR_DENIED);
    assert_int_equal(log_in(&p, "alice@a.test", "changed"), OK);
    u.suspended = true;
    assert_int_equal(store_user_update(p.store, &u), OK);
    assert_int_equal(log_in(&p, "alice@a.test", "changed"), ERR_DENIED);
    assert_int_equal(store_user_remove(p.store, S("alice@a.test")), OK);
    assert_int_equal(log_in(&p, "alice@a.test", "changed"), ERR_DENIED);
    place_end(&p);
}

static void sasl_plain(void **state)
{
    (void)state;
#define M(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }
    static const struct {
        str message;
        enum err e;
    } cases[] = {
        { M("\0alice@a.test\0secret"), OK },
        { M("alice@a.test\0alice@a.test\0secret"), OK },
        { M("ALICE@a.test\0alice@a.test\0secret"), OK },
        { M("bob@a.test\0alice@a.test\0secret"), ERR_DENIED },
        { M("bob@a.test\0alice@a.test\0wrong"), ERR_DENIED },
        { M("\0alice@a.test\0wrong"), ERR_DENIED },
        { M("\0alice@a.test\0"), ERR_DENIED },
        { M("\0\0secret"), ERR_SYNTAX },
        { M("alice@a.test\0secret"), ERR_SYNTAX },
        { M("\0alice@a.test\0secret\0"), ERR_SYNTAX },
        { M("\0alice@a.test\0sec\0ret"), ERR_SYNTAX },
        { M("\0alice@a.test\0\xff"), ERR_SYNTAX },
        { M("alice"), ERR_SYNTAX },
        { M(""), ERR_SYNTAX },
        { M("\0"), ERR_SYNTAX },
        { M("\0\0"), ERR_SYNTAX },
    };
#undef M
    struct place p;
    place_open(&p, 0, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        p.plain = cases[i].message;
        if (run_question(&p) != cases[i].e) fail_msg("case %zu: %s", i, err_text(p.e));
        assert_int_equal(p.login.account.n != 0, cases[i].e == OK);
    }
    place_end(&p);
}

/* --- names ------------------------------------------------------------------------------------ */

/* What is longer than any address is not cut to one. */
static void a_long_name_is_nobodys(void **state)
{
    (void)state;
    struct place p;
    char name[ADDRESS_BYTES + 2] = { 0 };
    place_open(&p, 0, 0);
    struct buf b = buf_make(ADDRESS_BYTES);
    buf_add(&b, S("a@"));
    while (b.n < ADDRESS_BYTES - 50) {
        buf_fill(&b, 'd', 49);
        buf_addc(&b, '.');
    }
    buf_fill(&b, 'd', ADDRESS_BYTES - b.n);
    bytes_copy(name, sizeof name, b.p, b.n);
    assert_int_equal(store_domain_add(p.store, str_of(name + 2)), OK);
    add_user(&p, name, hash_of(&p, "secret"), false);
    assert_int_equal(log_in(&p, name, "secret"), OK);
    name[ADDRESS_BYTES] = 'd';
    assert_int_equal(log_in(&p, name, "secret"), ERR_DENIED);
    buf_free(&b);
    place_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argon2id_made_and_checked),
        cmocka_unit_test(hashes_brought_along),
        cmocka_unit_test(who_may_log_in),
        cmocka_unit_test(every_failure_costs_the_same),
        cmocka_unit_test(spellings_are_one_account),
        cmocka_unit_test(at_once_is_not_more),
        cmocka_unit_test(a_remembered_password_ends_with_its_hash),
        cmocka_unit_test(sasl_plain),
        cmocka_unit_test(a_long_name_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
