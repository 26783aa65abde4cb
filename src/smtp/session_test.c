/* session_test.c - the conversation itself: order, pipelining, limits, how it ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp/play_fixture.h"

static void everything_at_once(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\n"
         "C EHLO x\nC MAIL FROM:<a@b.test>\nC RCPT TO:<alice@a.test>\nC DATA\n"
         "S 250 *\nS 250 *\nS 250 *\nS 354 *\n"
         "C a: b\nC \nC hi\nC .\nC NOOP\nC MAIL FROM:<>\nC RSET\nC QUIT\n"
         "S 250 2.0.0 ok, id *\nS 250 2.0.0 ok\nS 250 2.1.0 *\nS 250 2.0.0 forgotten\nS 221 *\nE");
    unsigned n;
    assert_true(str_ends(inbox(w, S("alice@a.test"), &n), S("a: b\r\n\r\nhi\r\n")));
}

static void errors_have_a_limit(void **state)
{
    struct world *w = *state;
    play(
        w, MX,
        "S 220 *\nC A\nC B\nC C\nC D\nC E\nC F\nC G\nC H\n"
        "S 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\n"
        "S 500 5.5.1 *\nS 500 5.5.1 *\nS 421 4.7.0 mail.a.test too many errors\nE");
}

/* A web form that a stranger's page makes a browser post here. */
static void a_web_form_sends_no_mail(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\nC POST / HTTP/1.1\nC Host: x\nC \nC EHLO x\nC MAIL FROM:<>\n"
         "S 421 4.7.0 mail.a.test is no web server\nE");
    play(w, MX, "S 220 *\nC GET /x?y HTTP/1.0\nS 421 4.7.0 *\nE");
    play(w, MX, "S 220 *\nC GET\nS 500 *\nC POST / HTTP\nS 500 *\nC QUIT\nS 221 *\nE");
}

static void too_much_from_one_address_is_refused(void **state)
{
    struct world *w = *state;
    const struct guard_settings few = { .per_hour = { 5, 2, 3, 4, 0 }, .network_factor = 10 };
    struct guard *g = guard_new(w->seam, &few);
    auth_use_guard(w->auth, g);
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RSET\nS 250 *\nC MAIL FROM:<>\nS "
         "250 *\n"
         "C RCPT TO:<alice@a.test>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\nC RSET\nS 250 *\n"
         "C MAIL FROM:<>\nS 450 4.7.1 too many messages from your address lately*\nC QUIT\nS 221 "
         "*\nE");
    play(w, MX,
         "S 220 *\nC A\nC B\nC C\nC D\nC E\nS 500 *\nS 500 *\nS 500 *\nS 500 *\nS 500 *\n"
         "S 421 4.7.0 mail.a.test too many errors from your address lately*\nE");
    play(w, MX, "S 421 4.7.0 mail.a.test too many errors from your address lately*\nE");
    /* Another one is not meant. */
    play(w, LMTP, "S 220 *\nC QUIT\nS 221 *\nE");
    auth_use_guard(w->auth, NULL);
    guard_free(g);
}

static void nothing_may_follow_starttls(void **state)
{
    struct world *w = *state;
    int socket = client_open(w, MX);
    play_on(w, socket, "S 220 *\nC EHLO x\nS 250 *\n");
    client_send(w, socket, S("STARTTLS\r\nNOOP\r\n"));
    play_on(w, socket, "S 503 5.5.1 nothing may follow*\nE");
    seam_socket_close(w->seam, socket);
    /* Later still it can only be the beginning of a handshake, which it is not. */
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC STARTTLS\nS 220 2.0.0 *\nC NOOP\nE");
    play(w, MX, "S 220 *\nB NOOP\nB  \nC \nS 250 *\n"); /* a half line waits for its end */
}

static void silence_has_an_end(void **state)
{
    struct world *w = *state;
    struct smtp_settings *own = own_settings(w);
    own->idle_ms = 50;
    own->data_ms = 50;
    play(w, MX, "S 220 *\nS 421 4.4.2 mail.a.test nothing heard for too long\nE");
    play(w, MX, "S 220 *\nB EHL\nS 421 4.4.2 *\nE");
    own->idle_ms = 60000;
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\nB half a li\nS 421 4.4.2 mail.a.test the message did not come in "
         "time\nE");
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C BDAT 100 LAST\nB half a chu\nS 421 4.4.2 *\nE");
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 0);
}

static void the_end_of_the_process_is_told(void **state)
{
    struct world *w = *state;
    int idle = client_open(w, MX), busy = client_open(w, MX);
    play_on(w, idle, "S 220 *\nC EHLO x\nS 250 *\n");
    play_on(
        w, busy,
        "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
        "C DATA\nS 354 *\nB half a li\n");
    loop_stop(w->loop, 3000);
    play_on(w, idle, "S 421 4.3.2 mail.a.test going down, try again soon\nE");
    play_on(w, busy, "S 421 4.3.2 mail.a.test going down, try again soon\nE");
    seam_socket_close(w->seam, idle);
    seam_socket_close(w->seam, busy);
}

static void a_cut_connection_leaves_nothing(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\nC a: b\nC \nC half a letter\n");
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C BDAT 6\nC a: b\nS 250 *\n");
    play(w, MX, "S 220 *\nC NOOP\nS 250 *\n");
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 0);
}

/* Who may, says whom it stands for; the session begins anew, and proves nothing by it. */
static void a_test_says_whom_it_stands_for(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\nC XCLIENT ADDR=192.0.2.5\nS 503 5.5.1 say EHLO first\n"
         "C EHLO x\nS 250 *\nC XCLIENT\nS 501 5.5.4 *\n"
         "C XCLIENT ADDR=192.0.2.5 LOGIN=alice\nS 501 5.5.4 *\n"
         "C XCLIENT ADDR=192.0.2.256\nS 501 5.5.4 *\nC XCLIENT ADDR=192.0.2.5:7\nS 501 5.5.4 *\n"
         "C XCLIENT ADDR=unix:/x\nS 501 5.5.4 *\nC XCLIENT PORT=65536\nS 501 5.5.4 *\n"
         "C XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::5 PORT=77\nS 220 *\n"
         "C MAIL FROM:<>\nS 503 5.5.1 say EHLO first\n");
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC XCLIENT ADDR=192.0.2.5\nS 220 *\nC EHLO y\nS 250 *\n"
         "C MAIL FROM:<>\nS 250 *\nC XCLIENT ADDR=192.0.2.6\nS 503 5.5.1 *\n"
         "C RCPT TO:<alice@a.test>\nS 250 *\nC DATA\nS 354 *\nC .\nS 250 *\n");
    unsigned n;
    str text = inbox(w, S("alice@a.test"), &n);
    assert_int_not_equal(str_find(text, S("from y ([192.0.2.5])")), STR_NPOS);
    own_settings(w)->xclient.n = 0;
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC XCLIENT ADDR=192.0.2.5\nS 500 5.5.1 *\n");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_test_says_whom_it_stands_for),
        CASE(everything_at_once),
        CASE(errors_have_a_limit),
        CASE(a_web_form_sends_no_mail),
        CASE(too_much_from_one_address_is_refused),
        CASE(too_much_from_one_address_is_refused),
        CASE(nothing_may_follow_starttls),
        CASE(silence_has_an_end),
        CASE(the_end_of_the_process_is_told),
        CASE(a_cut_connection_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
