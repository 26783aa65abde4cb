/* route_test.c - where recipients go: users, tags, aliases, loops, postmaster, catch-alls. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "deliver/deliver_int.h"
#include "mail/card.h"
#include "store/memory.h"

struct world {
    struct engine *engine;
    struct store *store;
    struct deliver_settings settings;
    struct deliver *deliver;
    struct account alice, bob, full, gone;
    struct arena arena;
};
static const struct store_settings store_settings = { .journey_ms = 1000,
                                                      .tombstone_ms = 1000,
                                                      .undelete_ms = 1000 };

static struct account add(struct world *w, str address, bool suspended, uint64_t quota)
{
    struct account a;
    struct user u = {
        .address = address, .password_hash = S("x"), .suspended = suspended, .quota_messages = quota
    };
    assert_int_equal(store_user_add(w->store, &u, &a), OK);
    return a;
}

static void alias(struct world *w, const char *address, const char *target)
{
    assert_int_equal(store_alias_add(w->store, str_of(address), str_of(target)), OK);
}

static struct body *letter(struct world *w)
{
    struct body *b;
    assert_int_equal(body_begin(w->engine, &b), OK);
    assert_int_equal(body_write(b, S("a: b\r\n\r\n")), OK);
    assert_int_equal(body_seal(b, S("")), OK);
    return b;
}

static struct accept accept_of(struct world *w, struct body *b, struct buf *card)
{
    assert_true(card_build(card, S("a: b\r\n\r\n")));
    return (struct accept){ .id = store_msgid_new(w->store),
                            .body = b,
                            .card = buf_str(card),
                            .sender = S("x@y.test"),
                            .received = S("from a test") };
}

static int begin(void **state)
{
    struct world *w = MEM_NEW(struct world);
    w->arena = arena_make(1 << 20);
    w->settings =
        (struct deliver_settings){ .hostname = S("mail.a.test"), .tag_separator = S("+") };
    assert_int_equal(engine_memory_open(NULL, &w->engine), OK);
    assert_int_equal(store_open_on(w->engine, NULL, &store_settings, &w->store), OK);
    assert_int_equal(deliver_new(NULL, w->store, &w->settings, &w->deliver), OK);
    assert_int_equal(store_domain_add(w->store, S("a.test")), OK);
    assert_int_equal(store_domain_add(w->store, S("c.test")), OK);
    w->alice = add(w, S("alice@a.test"), false, 0);
    w->bob = add(w, S("bob@a.test"), false, 0);
    w->full = add(w, S("full@a.test"), false, 1);
    w->gone = add(w, S("gone@a.test"), true, 0);

    struct buf card = buf_make(CARD_BYTES);
    struct body *b = letter(w);
    struct accept m = accept_of(w, b, &card);
    struct local_rcpt to = { .account = w->full,
                             .mailbox = S("INBOX"),
                             .delivered_to = S("full@a.test") };
    m.local = &to;
    m.local_n = 1;
    assert_int_equal(deliver_accept(w->deliver, &m), OK);
    body_free(b);
    buf_free(&card);

    alias(w, "team@a.test", "alice@a.test");
    alias(w, "team@a.test", "bob@a.test");
    alias(w, "team@a.test", "Far@Away.test");
    alias(w, "both@a.test", "team@a.test");
    alias(w, "both@a.test", "alice+x@a.test");
    alias(w, "loop@a.test", "loop2@a.test");
    alias(w, "loop2@a.test", "loop@a.test");
    alias(w, "half@a.test", "half2@a.test");
    alias(w, "half2@a.test", "half@a.test");
    alias(w, "half2@a.test", "bob@a.test");
    alias(w, "dead@a.test", "nobody@a.test");
    alias(w, "dying@a.test", "nobody@a.test");
    alias(w, "dying@a.test", "gone@a.test");
    alias(w, "dying@a.test", "bob@a.test");
    alias(w, "onlyfull@a.test", "full@a.test");
    alias(w, "withfull@a.test", "full@a.test");
    alias(w, "withfull@a.test", "bob@a.test");
    alias(w, "onlygone@a.test", "gone@a.test");
    alias(w, "away@a.test", "far@away.test");
    alias(w, "@c.test", "bob@a.test");
    alias(w, "sales@c.test", "alice@a.test");
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    deliver_free(w->deliver);
    store_close(w->store);
    arena_free(&w->arena);
    mem_free(w);
    return 0;
}

static const char *name_of(struct world *w, struct account a)
{
    return a.n == w->alice.n  ? "alice"
           : a.n == w->bob.n  ? "bob"
           : a.n == w->full.n ? "full"
                              : "gone";
}

/* "alice bob far@away.test", or the error. */
static str route_text(struct world *w, const char *address, struct route *route)
{
    struct address to;
    struct buf b = buf_make(4096);
    *route = (struct route){ 0 };
    assert_true(address_parse(&w->arena, str_of(address), ADDRESS_UTF8 | ADDRESS_POSTMASTER, &to));
    enum err e = route_find(w->deliver, &to, &w->arena, route);
    if (e) buf_addf(&b, "error %s ", err_text(e));
    for (size_t i = 0; !e && i < route->local_n; i++)
        buf_addf(&b, "%s ", name_of(w, route->local[i].account));
    for (size_t i = 0; !e && i < route->remote_n; i++)
        buf_addf(&b, "%.*s ", STR_ARG(route->remote[i].address));
    str text = str_trim(arena_copy(&w->arena, buf_str(&b)));
    buf_free(&b);
    return text;
}

/* clang-format off */
static const struct { const char *to, *where; enum route_kind kind; enum err e; } cases[] = {
    { "alice@a.test",        "alice",                     ROUTE_LOCAL,  OK },
    { "ALICE@A.TEST",        "alice",                     ROUTE_LOCAL,  OK },
    { "\"alice\"@a.test",    "alice",                     ROUTE_LOCAL,  OK },
    { "alice+shop@a.test",   "alice",                     ROUTE_LOCAL,  OK },
    { "alice+a+b@a.test",    "alice",                     ROUTE_LOCAL,  OK },
    { "team+x@a.test",       "alice bob Far@Away.test",   ROUTE_LOCAL,  OK },
    { "+alice@a.test",       NULL,                        ROUTE_LOCAL,  ERR_NOTFOUND },
    { "nobody@a.test",       NULL,                        ROUTE_LOCAL,  ERR_NOTFOUND },
    { "nobody+x@a.test",     NULL,                        ROUTE_LOCAL,  ERR_NOTFOUND },
    { "Ann@B.test",          "Ann@B.test",                ROUTE_REMOTE, OK },
    { "ann@[192.0.2.1]",     "ann@[192.0.2.1]",           ROUTE_REMOTE, OK },
    { "team@a.test",         "alice bob Far@Away.test",   ROUTE_LOCAL,  OK },
    { "both@a.test",         "alice bob Far@Away.test",   ROUTE_LOCAL,  OK },
    { "away@a.test",         "far@away.test",             ROUTE_LOCAL,  OK },
    { "loop@a.test",         NULL,                        ROUTE_LOCAL,  ERR_LIMIT },
    { "half@a.test",         "bob",                       ROUTE_LOCAL,  OK },
    { "dead@a.test",         NULL,                        ROUTE_LOCAL,  ERR_NOTFOUND },
    { "dying@a.test",        "bob",                       ROUTE_LOCAL,  OK },
    { "gone@a.test",         NULL,                        ROUTE_LOCAL,  ERR_DENIED },
    { "onlygone@a.test",     NULL,                        ROUTE_LOCAL,  ERR_DENIED },
    { "full@a.test",         NULL,                        ROUTE_LOCAL,  ERR_LATER },
    { "onlyfull@a.test",     NULL,                        ROUTE_LOCAL,  ERR_LATER },
    { "withfull@a.test",     "bob full",                  ROUTE_LOCAL,  OK },
    { "anyone@c.test",       "bob",                       ROUTE_LOCAL,  OK },
    { "sales@c.test",        "alice",                     ROUTE_LOCAL,  OK },
    { "sales+1@c.test",      "alice",                     ROUTE_LOCAL,  OK },
    { "postmaster",          "alice",                     ROUTE_LOCAL,  OK },
    { "Postmaster@a.test",   "alice",                     ROUTE_LOCAL,  OK },
    { "postmaster@c.test",   "bob",                       ROUTE_LOCAL,  OK },
    { "postmaster@mail.a.test", "alice",                  ROUTE_LOCAL,  OK },
    { "alice@mail.a.test",   "alice@mail.a.test",         ROUTE_REMOTE, OK },
};
/* clang-format on */

static void table(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route route;
        str got = route_text(w, cases[i].to, &route);
        str want = cases[i].e ? arena_fmt(&w->arena, "error %s", err_text(cases[i].e))
                              : str_of(cases[i].where);
        if (!str_eq(got, want)) fail_msg("%s goes to \"%.*s\"", cases[i].to, STR_ARG(got));
        if (!cases[i].e) assert_int_equal(route.kind, cases[i].kind);
    }
}

static void postmaster_is_who_was_named(void **state)
{
    struct world *w = *state;
    struct route route;
    w->settings.postmaster = S("bob@a.test");
    assert_true(str_eq(route_text(w, "postmaster@a.test", &route), S("bob")));
    assert_true(str_eq(route_text(w, "postmaster", &route), S("bob")));
}

static void tags_can_be_off(void **state)
{
    struct world *w = *state;
    struct route route;
    w->settings.tag_separator = S("");
    assert_true(str_starts(route_text(w, "alice+x@a.test", &route), S("error")));
}

static void aliases_have_limits(void **state)
{
    struct world *w = *state;
    struct route route;
    char from[32], to[32];
    for (unsigned i = 0; i < ALIAS_DEPTH + 2; i++) {
        snprintf(from, sizeof(from), "deep%u@a.test", i);
        snprintf(to, sizeof(to), "deep%u@a.test", i + 1);
        alias(w, from, to);
    }
    alias(w, "deep12@a.test", "bob@a.test");
    assert_true(str_eq(route_text(w, "deep3@a.test", &route), S("bob")));
    assert_true(str_eq(route_text(w, "deep0@a.test", &route),
                       arena_fmt(&w->arena, "error %s", err_text(ERR_LIMIT))));
}

static void a_user_reached_twice_gets_one_copy(void **state)
{
    struct world *w = *state;
    struct buf card = buf_make(CARD_BYTES);
    struct body *b = letter(w);
    struct accept m = accept_of(w, b, &card);
    struct local_rcpt local[] = {
        { .account = w->alice, .mailbox = S("INBOX"), .delivered_to = S("alice@a.test") },
        { .account = w->bob, .mailbox = S("INBOX"), .delivered_to = S("bob@a.test") },
        { .account = w->alice, .mailbox = S("INBOX"), .delivered_to = S("team@a.test") },
    };
    struct queue_rcpt queue[] = {
        { .address = S("x@b.test") },
        { .address = S("x@B.test") },
        { .address = S("X@b.test") },
    };
    m.local = local;
    m.local_n = COUNT_OF(local);
    m.queue = queue;
    m.queue_n = COUNT_OF(queue);
    assert_int_equal(deliver_accept(w->deliver, &m), OK);
    assert_int_equal(m.local_n, 2);
    assert_int_equal(m.queue_n, 2);

    struct mailbox box;
    struct view *v = store_view(w->store);
    assert_int_equal(store_mailbox_find(v, w->alice, S("INBOX"), &box), OK);
    assert_int_equal(box.messages, 1);
    assert_int_equal(store_queue_count(v), 2);
    view_end(v);
    body_free(b);
    buf_free(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(table, begin, end),
        cmocka_unit_test_setup_teardown(postmaster_is_who_was_named, begin, end),
        cmocka_unit_test_setup_teardown(tags_can_be_off, begin, end),
        cmocka_unit_test_setup_teardown(aliases_have_limits, begin, end),
        cmocka_unit_test_setup_teardown(a_user_reached_twice_gets_one_copy, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
