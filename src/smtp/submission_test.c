/* submission_test.c - what only people who logged in may do, and what is done for them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "smtp/play_fixture.h"

static void submission_wants_a_login(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         "S 220 *\nC EHLO x\nS 250 *\n"
         "C MAIL FROM:<alice@a.test>\nS 530 5.7.0 *\n"
         "C AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==\nS 535 5.7.8 *\n"
         "C AUTH PLAIN\nS 334 \nC *\nS 501 5.7.0 cancelled\n"
         "C AUTH CRAM-MD5\nS 504 5.5.4 *\n"
         "C AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC YWxpY2VAYS50ZXN0\nS 334 UGFzc3dvcmQ6\nC c2VjcmV0\nS "
         "235 2.7.0 *\n"
         "C AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\nS 503 5.5.1 *\n"
         "C MAIL FROM:<carol@a.test>\nS 550 5.7.1 *\n"
         "C MAIL FROM:<Alice+x@a.test>\nS 250 *\n"
         "C QUIT\nS 221 *\nE");
    w->submission.auth_in_clear = false;
    play(w, SUBMISSION,
         "S 220 *\nC EHLO x\nS 250 *\nC AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\nS 538 5.7.11 *\n");
    w->submission.auth_in_clear = true;
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC AUTH PLAIN =\nS 502 5.5.1 *\n");
}

static void submission_completes_and_hides(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN
         "C MAIL FROM:<alice@a.test> RET=HDRS ENVID=e1\nS 250 *\n"
         "C RCPT TO:<bob@b.test> NOTIFY=DELAY,FAILURE ORCPT=rfc822;bob+2Bx@b.test\nS 250 *\n"
         "C RCPT TO:<carol@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\n"
         "C From: Alice <alice@a.test>\nC Bcc: carol@a.test,\nC  secret@b.test\nC "
         "Subject: x\nC \nC hi\nC .\n"
         "S 250 2.0.0 ok, id *\nC QUIT\nS 221 *\nE");
    unsigned n;
    str text = inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 1);
    assert_int_not_equal(str_find(text, S("\r\nMessage-ID: <")), STR_NPOS);
    assert_int_not_equal(str_find(text, S("\r\nDate: ")), STR_NPOS);
    assert_int_not_equal(str_find(text, S("with ESMTPA")), STR_NPOS);
    assert_int_equal(str_find(text, S("Bcc")), STR_NPOS);
    assert_int_equal(str_find(text, S("secret@")), STR_NPOS);
    assert_int_equal(str_find(text, S("for <")), STR_NPOS);
    assert_true(str_ends(text, S("From: Alice <alice@a.test>\r\nSubject: x\r\n\r\nhi\r\n")));
    assert_true(str_eq(queue_text(w),
                       S("<alice@a.test> to <bob@b.test> notify 12 orcpt rfc822;bob+x@b.test\n")));
}

static void from_is_ones_own(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN
         "C MAIL FROM:<alice@a.test>\nS 250 *\nC RCPT TO:<carol@a.test>\nS 250 *\nC DATA\nS 354 *\n"
         "C From: The Boss <carol@a.test>\nC \nC .\nS 550 5.7.1 the From address is not yours\n");
}

static void no_relay_to_this_machine(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN
         "C MAIL FROM:<alice@a.test>\nS 250 *\n"
         "C RCPT TO:<x@[127.0.0.1]>\nS 550 5.1.2 *\nC RCPT TO:<x@[127.9.8.7]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[0.0.0.0]>\nS 550 5.1.2 *\nC RCPT TO:<x@[IPv6:::1]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[IPv6:::]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[IPv6:::ffff:127.0.0.1]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[192.0.2.1]>\nS 250 *\nC RCPT TO:<x@[IPv6:2001:db8::1]>\nS 250 *\n"
         "C QUIT\nS 221 *\nE");
}

static void a_client_may_be_hidden(void **state)
{
    struct world *w = *state;
    own_settings(w)->hide_client = true;
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\nC RCPT TO:<carol@a.test>\nS 250 *\n"
                   "C DATA\nS 354 *\nC .\nS 250 2.0.0 ok, id *\n");
    unsigned n;
    assert_int_equal(str_find(inbox(w, S("carol@a.test"), &n), S("127.0.0.1")), STR_NPOS);
    assert_int_equal(n, 1);
}

/* RFC 6409 6.1: what reaches one, one may send with. */
static void whose_address_one_may_use(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *address;
        bool may;
    } cases[] = {
        { "alice@a.test", true },
        { "Alice@A.TEST", true },
        { "alice+shop@a.test", true },
        { "team@a.test", true }, /* an alias of several, herself among them */
        { "deep@a.test", true }, /* over other aliases */
        { "deep+tag@a.test", true },
        { "any@all.test", true }, /* a catch-all */
        { "loop@a.test", false },
        { "", true }, /* the null sender is everybody's */
        { "carol@a.test", false },
        { "carol+alice@a.test", false },
        { "carols@a.test", false },
        { "alice@b.test", false },
        { "far@b.test", false }, /* an alias's target elsewhere is nobody's here */
        { "alicex@a.test", false },
        { "nobody@a.test", false },
        { "alice+smith@a.test", false }, /* somebody else's own address */
    };
    static const char *const aliases[][2] = {
        { "deep@a.test", "deeper@a.test" },  { "deeper@a.test", "deepest@a.test" },
        { "deepest@a.test", "team@a.test" }, { "loop@a.test", "pool@a.test" },
        { "pool@a.test", "loop@a.test" },    { "carols@a.test", "carol@a.test" },
        { "@all.test", "alice@a.test" },
    };
    assert_int_equal(store_domain_add(w->store, S("all.test")), OK);
    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        assert_int_equal(store_alias_add(w->store, str_of(aliases[i][0]), str_of(aliases[i][1])),
                         OK);
    world_user(w, S("alice+smith@a.test"), S("x"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str script = arena_fmt(&w->arena, LOGGED_IN "C MAIL FROM:<%s>\nS %s\n", cases[i].address,
                               cases[i].may ? "250 2.1.0 *" : "550 5.7.1 *");
        play(w, SUBMISSION, arena_cstr(&w->arena, script));
    }
}

/* A session outlives its account, but sends no more; whoever gets the address is another. */
static void an_account_that_is_gone_sends_no_more(void **state)
{
    struct world *w = *state;
    static const char refused[] = "C MAIL FROM:<alice@a.test>\nS 550 5.7.1 *\n"
                                  "C MAIL FROM:<>\nS 550 5.7.1 *\n";
    int socket = client_open(w, SUBMISSION);
    play_on(w, socket, LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\nC RSET\nS 250 *\n");
    assert_int_equal(store_user_remove(w->store, S("alice@a.test")), OK);
    play_on(w, socket, refused);
    world_user(w, S("alice@a.test"), S("x"));
    play_on(w, socket, refused);
    seam_socket_close(w->seam, socket);
}

static void each_from_is_looked_at(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *header, *reply;
    } cases[] = {
        { "From: team@a.test, Alice <alice+x@a.test>", "250 *" },
        { "From: alice@a.test, carol@a.test", "550 5.7.1 the From address is not yours" },
        { "From: alice@a.test\nC From: carol@a.test", "550 5.7.1 *" },
        { "From: (alice@a.test) carol@a.test", "550 5.7.1 *" },
        { "From: friends: alice@a.test, carol@a.test;", "550 5.7.1 *" },
        { "From: alice", "250 *" },
        { "X-From: carol@a.test", "250 *" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str script = arena_fmt(&w->arena,
                               LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\n"
                                         "C RCPT TO:<alice@a.test>\nS 250 *\nC DATA\nS 354 *\n"
                                         "C %s\nC \nC .\nS %s\n",
                               cases[i].header, cases[i].reply);
        play(w, SUBMISSION, arena_cstr(&w->arena, script));
    }
    struct buf many = buf_make(10000);
    buf_add(&many, S("From: "));
    for (int i = 0; i < SMTP_FROM_ADDRESSES + 1; i++)
        buf_add(&many, S("alice@a.test,"));
    buf_add(&many, S("\r\n\r\n.\r\n"));
    int socket = client_open(w, SUBMISSION);
    play_on(w, socket,
            LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
                      "C DATA\nS 354 *\n");
    client_send(w, socket, buf_str(&many));
    play_on(w, socket, "S 550 5.7.1 *\n");
    seam_socket_close(w->seam, socket);
    buf_free(&many);
}

/* --- how much --------------------------------------------------------------------------------- */

static void a_user_sends_only_so_much(void **state)
{
    struct world *w = *state;
    struct smtp_settings *own = own_settings(w);
    own->user_messages = 3;
    own->user_rcpts = 4;
    own->rcpts_max = 100;
    w->submission.rates = smtp_rates_new(w->seam, own);
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\n"
                   "C RCPT TO:<nobody@a.test>\nS 550 5.1.1 *\n"
                   "C RCPT TO:<x1@b.test>\nS 250 *\nC RCPT TO:<x2@b.test>\nS 250 *\n"
                   "C RSET\nS 250 *\n"
                   "C MAIL FROM:<carol@a.test>\nS 550 5.7.1 *\n"
                   "C MAIL FROM:<alice@a.test>\nS 250 *\n"
                   "C RCPT TO:<x1@b.test>\nS 250 *\nC RCPT TO:<x2@b.test>\nS 250 *\n"
                   "C RCPT TO:<x3@b.test>\n"
                   "S 450 4.7.1 at most 4 recipients an hour for one user, try again later\n");
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\nC RSET\nS 250 *\n"
                   "C MAIL FROM:<alice@a.test>\n"
                   "S 450 4.7.1 at most 3 messages an hour for one user, try again later\n");
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<alice@a.test>\nS 250 *\n");
    smtp_rates_free(w->submission.rates);
    w->submission.rates = NULL;
}

/* Pure: the hour that is looked at moves on; users do not share; their number has a limit. */
static void an_hour_moves_on(void **state)
{
    struct world *w = *state;
    struct smtp_settings *own = own_settings(w);
    own->user_messages = 60;
    struct smtp_rates *r = smtp_rates_new(w->seam, own);
    const uint64_t minute_us = 60 * UINT64_C(1000000);
    struct account alice = { 20 }, carol = { 21 };
    unsigned taken = 0;
    for (unsigned minute = 0; minute < 600; minute++) /* ten tries a minute, for ten hours */
        for (unsigned i = 0; i < 10; i++)
            taken += smtp_rate_take(r, alice, RATE_MESSAGES, minute * minute_us + i);
    assert_in_range(taken, 540, 660);
    assert_true(smtp_rate_take(r, carol, RATE_MESSAGES, 600 * minute_us));
    for (unsigned i = 0; i < 100; i++)
        assert_true(smtp_rate_take(r, alice, RATE_RCPTS, 0)); /* no limit is set for these */
    for (uint64_t i = 0; i < SMTP_RATE_USERS + 10; i++)
        (void)smtp_rate_take(r, (struct account){ 100 + i }, RATE_MESSAGES, 600 * minute_us);
    for (unsigned i = 0; i < 60; i++) /* those of hours ago make room */
        assert_true(smtp_rate_take(r, (struct account){ 7 }, RATE_MESSAGES, 800 * minute_us));
    assert_false(smtp_rate_take(r, (struct account){ 7 }, RATE_MESSAGES, 800 * minute_us));
    smtp_rates_free(r);
}

/* --- later ------------------------------------------------------------------------------------ */

static void what_is_held_is_queued(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test> HOLDFOR=99999999\nS 554 5.5.4 that is too far *\n"
                   "C MAIL FROM:<alice@a.test> HOLDUNTIL=2001-01-01T00:00:00Z\n"
                   "S 554 5.5.4 that moment has passed\n"
                   "C MAIL FROM:<alice@a.test> HOLDFOR=60 BY=30;N\nS 501 5.5.4 *\n"
                   "C MAIL FROM:<alice@a.test> HOLDFOR=3600\nS 250 *\n"
                   "C RCPT TO:<nobody@a.test>\nS 550 5.1.1 *\n"
                   "C RCPT TO:<Carol@a.test>\nS 250 *\nC RCPT TO:<team@a.test>\nS 250 *\n"
                   "C RCPT TO:<Postmaster>\nS 250 *\n"
                   "C DATA\nS 354 *\nC From: alice@a.test\nC \nC .\nS 250 *\n");
    unsigned n;
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 0);
    str want = S("<alice@a.test> to <Carol@a.test> notify 0 orcpt \n"
                 "<alice@a.test> to <team@a.test> notify 0 orcpt \n"
                 "<alice@a.test> to <Postmaster@mail.a.test> notify 0 orcpt \n");
    assert_true(str_eq(queue_text(w), want));
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<a@b.test> HOLDFOR=1\nS 555 5.5.4 *\n");
}

/* --- asking ----------------------------------------------------------------------------------- */

static void users_may_ask_when_it_is_set(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION, LOGGED_IN "C VRFY carol@a.test\nS 252 *\nC EXPN team@a.test\nS 502 *\n");
    own_settings(w)->verify = VERIFY_USERS;
    play(w, SUBMISSION,
         LOGGED_IN "C VRFY carol@a.test\nS 250 2.1.5 <carol@a.test>\n"
                   "C VRFY <nobody@a.test>\nS 550 5.1.1 *\nC VRFY x@b.test\nS 252 *\n"
                   "C VRFY carol\nS 501 5.1.3 *\nC EXPN <team@a.test>\nS 250 2.1.5 <*\n"
                   "C EXPN alice@a.test\nS 550 5.1.1 no such list here\n");
    play(w, SUBMISSION, "S 220 *\nC EHLO x\nS 250 *\nC VRFY carol@a.test\nS 252 *\n");
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC VRFY carol@a.test\nS 252 *\nC EXPN x\nS 502 *\n");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(submission_wants_a_login),
        CASE(submission_completes_and_hides),
        CASE(from_is_ones_own),
        CASE(no_relay_to_this_machine),
        CASE(a_client_may_be_hidden),
        CASE(whose_address_one_may_use),
        CASE(an_account_that_is_gone_sends_no_more),
        CASE(each_from_is_looked_at),
        CASE(a_user_sends_only_so_much),
        CASE(an_hour_moves_on),
        CASE(what_is_held_is_queued),
        CASE(users_may_ask_when_it_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
