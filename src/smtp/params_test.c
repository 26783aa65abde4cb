/* params_test.c - the arguments of MAIL, RCPT and BDAT. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "smtp/params_int.h"
#include "store/store.h"

static const struct {
    const char *in;
    enum params_fault fault;
    const char *why;
} mail[] = {
    /* clang-format off */
    { "FROM:<a@b.test>",                              PARAMS_FINE,       "RFC 5321 4.1.1.2" },
    { "from:<a@b.test>",                              PARAMS_FINE,       "case does not matter" },
    { "FROM: <a@b.test>",                             PARAMS_FINE,       "a common slip, harmless" },
    { "FROM:<>",                                      PARAMS_FINE,       "the null sender" },
    { "FROM:<> SIZE=0",                               PARAMS_FINE,       "" },
    { "FROM:<\"a b\"@b.test> SIZE=1",                 PARAMS_FINE,       "a quoted local part" },
    { "FROM:<@x.test:a@b.test>",                      PARAMS_FINE,       "a source route is dropped" },
    { "FROM:<a@b.test>  BODY=7BIT",                   PARAMS_FINE,       "two spaces" },
    { "FROM:<a@b.test> SIZE=18446744073709551615",    PARAMS_FINE,       "64 bits" },
    { "FROM:<a@b.test> SIZE=18446744073709551616",    PARAMS_VALUE,      "and no more" },
    { "FROM:<a@b.test> SIZE=-1",                      PARAMS_VALUE,      "digits only" },
    { "FROM:<a@b.test> SIZE=1 SIZE=1",                PARAMS_VALUE,      "twice" },
    { "FROM:<a@b.test> SIZE",                         PARAMS_VALUE,      "no value" },
    { "FROM:<a@b.test> SIZE=",                        PARAMS_VALUE,      "an empty value" },
    { "FROM:<a@b.test> BODY=8BITMIME SMTPUTF8",       PARAMS_FINE,       "RFC 6531" },
    { "FROM:<a@b.test> SMTPUTF8=1",                   PARAMS_VALUE,      "takes none" },
    { "FROM:<a@b.test> BODY=BINARYMIME",              PARAMS_FINE,       "RFC 3030 3" },
    { "FROM:<a@b.test> BODY=BINARY",                  PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> REQUIRETLS",                   PARAMS_FINE,       "RFC 8689 4.1" },
    { "FROM:<a@b.test> REQUIRETLS=yes",               PARAMS_VALUE,      "takes none" },
    { "FROM:<a@b.test> BY=120;R",                     PARAMS_FINE,       "RFC 2852 4" },
    { "FROM:<a@b.test> BY=-120;nT",                   PARAMS_FINE,       "late already: only told of" },
    { "FROM:<a@b.test> BY=+999999999;N",              PARAMS_FINE,       "nine digits" },
    { "FROM:<a@b.test> BY=1000000000;N",              PARAMS_VALUE,      "and no more" },
    { "FROM:<a@b.test> BY=-120;R",                    PARAMS_VALUE,      "late already: cannot be returned in time" },
    { "FROM:<a@b.test> BY=0;R",                       PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> BY=120",                       PARAMS_VALUE,      "no mode" },
    { "FROM:<a@b.test> BY=120;",                      PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> BY=120;X",                     PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> BY=120;RX",                    PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> BY=120;RTT",                   PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> BY=;R",                        PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> BY=--1;N",                     PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> HOLDFOR=3600",                 PARAMS_FINE,       "RFC 4865 4" },
    { "FROM:<a@b.test> HOLDFOR=-1",                   PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> HOLDFOR=1234567890",           PARAMS_VALUE,      "nine digits" },
    { "FROM:<a@b.test> HOLDUNTIL=2030-01-02T03:04:05Z", PARAMS_FINE,     "RFC 3339" },
    { "FROM:<a@b.test> HOLDUNTIL=tomorrow",           PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> HOLDFOR=1 HOLDUNTIL=2030-01-02T03:04:05Z", PARAMS_VALUE, "only one of them" },
    { "FROM:<a@b.test> MT-PRIORITY=-9",               PARAMS_FINE,       "RFC 6710 6" },
    { "FROM:<a@b.test> MT-PRIORITY=0",                PARAMS_FINE,       "" },
    { "FROM:<a@b.test> MT-PRIORITY=9",                PARAMS_FINE,       "" },
    { "FROM:<a@b.test> MT-PRIORITY=10",               PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> MT-PRIORITY=+1",               PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> MT-PRIORITY=-0",               PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> MT-PRIORITY=01",               PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> MT-PRIORITY=high",             PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> RET=FULL ENVID=abc+2B",        PARAMS_FINE,       "RFC 3461" },
    { "FROM:<a@b.test> RET=SOME",                     PARAMS_VALUE,      "" },
    { "FROM:<a@b.test> ENVID=a+0D+0Ab",               PARAMS_VALUE,      "decoded xtext is looked at again" },
    { "FROM:<a@b.test> AUTH=<>",                      PARAMS_FINE,       "RFC 4954 5" },
    { "FROM:<a@b.test> AUTH=a+40b.test",              PARAMS_FINE,       "an escaped @" },
    { "FROM:<a@b.test> X=1",                          PARAMS_UNKNOWN,    "RFC 5321 4.1.1.11: 555" },
    { "FROM:<a@b.test>SIZE=1",                        PARAMS_ADDRESS,    "no space" },
    { "FROM:a@b.test",                                PARAMS_ADDRESS,    "no angle brackets" },
    { "FROM:<a@b.test",                               PARAMS_ADDRESS,    "" },
    { "FROM:<a@b..test>",                             PARAMS_ADDRESS,    "" },
    { "FROM:<postmaster>",                            PARAMS_ADDRESS,    "only RCPT may" },
    { "FROM",                                         PARAMS_SYNTAX,     "" },
    { "",                                             PARAMS_SYNTAX,     "" },
    { "FROM:<\xc3\xa9@b.test>",                       PARAMS_NEEDS_UTF8, "RFC 6531 3.4" },
    { "FROM:<\xc3\xa9@b.test> SMTPUTF8",              PARAMS_FINE,       "" },
    { "FROM:<\xc3@b.test> SMTPUTF8",                  PARAMS_ADDRESS,    "no UTF-8" },
    /* clang-format on */
};

static void mail_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mail); i++) {
        struct arena a = arena_make(64 * 1024);
        struct mail_params out = { 0 };
        enum params_fault fault = smtp_mail_params(&a, str_of(mail[i].in), &out);
        if (fault != mail[i].fault) fail_msg("%s (%s): %d", mail[i].in, mail[i].why, fault);
        arena_free(&a);
    }
}

static void mail_values(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    struct mail_params m;
    str in =
        S("FROM:<\"a\\\"b\"@B.test> SIZE=77 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x+2By AUTH=<>");
    assert_int_equal(smtp_mail_params(&a, in, &m), PARAMS_FINE);
    assert_true(str_eq(m.sender.local, S("a\"b")));
    assert_true(str_eq(m.sender.domain, S("B.test")));
    assert_int_equal(m.size_bytes, 77);
    assert_true(m.eight_bit && m.utf8 && m.ret_full);
    assert_true(str_eq(m.envid, S("x+y")));
    in = S("FROM:<a@b.test> BODY=binarymime REQUIRETLS BY=-7;NT HOLDFOR=60 MT-PRIORITY=-4");
    assert_int_equal(smtp_mail_params(&a, in, &m), PARAMS_FINE);
    assert_true(m.binary && m.eight_bit && m.require_tls && m.held && m.prioritised);
    assert_true(m.by && m.by_notify && m.by_trace);
    assert_int_equal(m.by_s, -7);
    assert_int_equal(m.hold_for_s, 60);
    assert_int_equal(m.priority, -4);
    in = S("FROM:<a@b.test> BY=7;R HOLDUNTIL=1997-11-21T15:55:06Z");
    assert_int_equal(smtp_mail_params(&a, in, &m), PARAMS_FINE);
    assert_true(m.by && !m.by_notify && !m.by_trace);
    assert_int_equal(m.hold_until_s, 880127706);
    assert_int_equal(smtp_mail_params(&a, S("FROM:<>"), &m), PARAMS_FINE);
    assert_true(address_is_null(m.sender));
    assert_false(m.eight_bit || m.utf8 || m.ret_full);
    arena_free(&a);
}

static const struct {
    const char *in;
    enum params_fault fault;
    unsigned notify;
} rcpt[] = {
    /* clang-format off */
    { "TO:<a@b.test>",                                    PARAMS_FINE,    NOTIFY_DEFAULT },
    { "TO:<postmaster>",                                  PARAMS_FINE,    NOTIFY_DEFAULT },
    { "TO:<PostMaster>",                                  PARAMS_FINE,    NOTIFY_DEFAULT },
    { "TO:<a@[127.0.0.1]>",                               PARAMS_FINE,    NOTIFY_DEFAULT },
    { "TO:<a@b.test> NOTIFY=NEVER",                       PARAMS_FINE,    NOTIFY_NEVER },
    { "TO:<a@b.test> NOTIFY=success,DELAY",               PARAMS_FINE,    NOTIFY_SUCCESS | NOTIFY_DELAY },
    { "TO:<a@b.test> NOTIFY=FAILURE ORCPT=rfc822;a@b.test", PARAMS_FINE,  NOTIFY_FAILURE },
    { "TO:<a@b.test> NOTIFY=NEVER,DELAY",                 PARAMS_VALUE,   0 },
    { "TO:<a@b.test> NOTIFY=DELAY,DELAY",                 PARAMS_VALUE,   0 },
    { "TO:<a@b.test> NOTIFY=DELAY,",                      PARAMS_VALUE,   0 },
    { "TO:<a@b.test> NOTIFY=,",                           PARAMS_VALUE,   0 },
    { "TO:<a@b.test> ORCPT=rfc822;a+0Ab",                 PARAMS_VALUE,   0 },
    { "TO:<a@b.test> ORCPT=a@b.test",                     PARAMS_VALUE,   0 },
    { "TO:<a@b.test> SIZE=1",                             PARAMS_UNKNOWN, 0 },
    { "TO:<>",                                            PARAMS_ADDRESS, 0 },
    { "TO:<a>",                                           PARAMS_ADDRESS, 0 },
    { "TO:<a b@c.test>",                                  PARAMS_ADDRESS, 0 },
    { "FROM:<a@b.test>",                                  PARAMS_SYNTAX,  0 },
    { "TO:<\xc3\xa9@b.test>",                             PARAMS_NEEDS_UTF8, 0 },
    /* clang-format on */
};

static void rcpt_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rcpt); i++) {
        struct arena a = arena_make(64 * 1024);
        struct rcpt_params out = { 0 };
        enum params_fault fault = smtp_rcpt_params(&a, str_of(rcpt[i].in), false, &out);
        if (fault != rcpt[i].fault || (!fault && out.notify != rcpt[i].notify))
            fail_msg("%s: %d, notify %u", rcpt[i].in, fault, out.notify);
        arena_free(&a);
    }
}

static void bdat(void **state)
{
    (void)state;
    uint64_t n;
    bool last;
    assert_true(smtp_bdat_params(S("0"), &n, &last) && n == 0 && !last);
    assert_true(smtp_bdat_params(S("17 last"), &n, &last) && n == 17 && last);
    assert_false(smtp_bdat_params(S("-1"), &n, &last));
    assert_false(smtp_bdat_params(S("0x10"), &n, &last));
    assert_false(smtp_bdat_params(S("18446744073709551616"), &n, &last));
    assert_false(smtp_bdat_params(S("10 LASTING"), &n, &last));
    assert_false(smtp_bdat_params(S("LAST"), &n, &last));
    assert_false(smtp_bdat_params(S(""), &n, &last));
}

static void parameters_have_a_limit(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    struct mail_params m;
    str spaces = S("FROM:<>                                                              SIZE=1");
    assert_int_equal(smtp_mail_params(&a, spaces, &m), PARAMS_FINE);
    arena_free(&a);
    struct arena small = arena_make(8);
    assert_int_equal(smtp_mail_params(&small, S("FROM:<> ENVID=aaaaaaaaaaaaaaaaaaaaaaaa"), &m),
                     PARAMS_VALUE);
    arena_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_table),
        cmocka_unit_test(mail_values),
        cmocka_unit_test(rcpt_table),
        cmocka_unit_test(bdat),
        cmocka_unit_test(parameters_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
