/* rcpt_test.c - recipients: one by one, aliases, reports of success, quotas. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp/play_fixture.h"

static void recipients_are_judged_one_by_one(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\n"
         "C EHLO x\nS 250 *\n"
         "C RCPT TO:<alice@a.test>\nS 503 5.5.1 *\n"
         "C DATA\nS 503 5.5.1 *\n"
         "C MAIL FROM:<>\nS 250 *\n"
         "C MAIL FROM:<>\nS 503 5.5.1 *\n"
         "C RCPT TO:<nobody@a.test>\nS 550 5.1.1 *\n"
         "C RCPT TO:<bob@b.test>\nS 550 5.7.1 relaying denied\n"
         "C DATA\nS 554 5.5.1 no valid recipients\n");
    play(w, MX,
         "S 220 *\n"
         "C EHLO x\nS 250 *\n"
         "C MAIL FROM:<>\nS 250 *\n"
         "C RCPT TO:<alice%b.test@a.test>\nS 550 5.1.1 *\n"
         "C RCPT TO:<postmaster>\nS 250 *\n"
         "C RCPT TO:<Postmaster@a.test>\nS 250 *\n"
         "C RCPT TO:<carol@a.test>\nS 250 *\n"
         "C RCPT TO:<alice@a.test>\nS 452 4.5.3 *\n"
         "C DATA\nS 354 *\n"
         "C .\nS 250 2.0.0 ok, id *\n");
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 1);
}

static void an_alias_goes_far(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<bob@b.test>\nS 250 *\n"
         "C RCPT TO:<TEAM@a.test>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\nC .\nS 250 2.0.0 ok, id *\n");
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 1);
    assert_true(str_eq(queue_text(w), S("<bob@b.test> to <Far@b.test> notify 0 orcpt \n")));
}

static void success_is_reported(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test> ENVID=e+2B1 RET=FULL\nS 250 *\n"
                   "C RCPT TO:<carol@a.test> NOTIFY=SUCCESS ORCPT=rfc822;c+2Bx@a.test\nS 250 *\n"
                   "C RCPT TO:<bob@b.test> NOTIFY=SUCCESS,DELAY\nS 250 *\n"
                   "C DATA\nS 354 *\nC Subject: report me\nC \nC body text\nC .\nS 250 *\n");
    unsigned n;
    str report = inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    static const char *const lines[] = {
        "Return-Path: <>\r\n",
        "\r\nOriginal-Envelope-Id: e+1\r\n",
        "\r\nAction: delivered\r\n",
        "\r\nOriginal-Recipient: rfc822;c+x@a.test\r\n",
        "carol@a.test",
        "Subject: report me",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (str_find(report, str_of(lines[i])) == STR_NPOS)
            fail_msg("%s is not in %.*s", lines[i], STR_ARG(report));
    assert_int_equal(str_find(report, S("body text")), STR_NPOS);
    assert_int_equal(str_find(report, S("bob@b.test")), STR_NPOS);
    assert_true(str_eq(queue_text(w), S("<alice@a.test> to <bob@b.test> notify 10 orcpt \n")));

    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\n"
         "C RCPT TO:<carol@a.test> NOTIFY=SUCCESS\nS 250 *\nC DATA\nS 354 *\nC .\nS 250 *\n");
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 2);
}

static void an_expansion_is_reported(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\n"
                   "C RCPT TO:<team@a.test> NOTIFY=SUCCESS\nS 250 *\n"
                   "C DATA\nS 354 *\nC .\nS 250 *\n");
    unsigned n;
    str report = inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 2); /* the letter, and the report */
    assert_int_not_equal(str_find(report, S("\r\nAction: expanded\r\n")), STR_NPOS);
    assert_true(str_eq(queue_text(w), S("<alice@a.test> to <Far@b.test> notify 1 orcpt \n")));
}

static void full_and_suspended(void **state)
{
    struct world *w = *state;
    struct user u = { .address = S("alice@a.test"), .password_hash = S("x"), .quota_messages = 1 };
    assert_int_equal(store_user_update(w->store, &u), OK);
    u = (struct user){ .address = S("carol@a.test"), .password_hash = S("x"), .suspended = true };
    assert_int_equal(store_user_update(w->store, &u), OK);
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C RCPT TO:<carol@a.test>\nS 550 5.2.1 *\nC DATA\nS 354 *\nC .\nS 250 *\n"
         "C MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 452 4.2.2 *\n");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(recipients_are_judged_one_by_one), CASE(an_alias_goes_far),  CASE(success_is_reported),
        CASE(an_expansion_is_reported),         CASE(full_and_suspended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
