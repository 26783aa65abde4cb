/* dsn_test.c - notifications: complete, well-formed by our own MIME parser, and not to be injected.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/dsn.h"
#include "mail/mime.h"

static struct dsn usual(const struct dsn_recipient *recipients, size_t n)
{
    return (struct dsn){ .reporting_mta = S("mx.a.test"),
                         .from = { S("postmaster"), S("a.test") },
                         .to = { S("alice"), S("a.test") },
                         .message_id = S("1.2@a.test"),
                         .boundary = S("B0undary"),
                         .now = { 880127706, 60 },
                         .arrival = { 880127000, 0 },
                         .envid = S("QQ314159"),
                         .recipients = recipients,
                         .nrecipients = n,
                         .original = S("From: alice@a.test\r\nSubject: hi\r\n\r\nbody\r\n") };
}

static const struct dsn_recipient failed = {
    .final = { { "bob", 3 }, { "b.test", 6 } },
    .orcpt_type = { "rfc822", 6 },
    .orcpt = { "bobby@c.test", 12 },
    .action = DSN_FAILED,
    .status = { "5.1.1", 5 },
    .diagnostic = { "550 5.1.1 no such user", 22 },
    .remote_mta = { "mx.b.test", 9 },
    .last_attempt = 880127700,
};

static str part_body(const struct mime *m, str message, int i)
{
    return str_sub(message, m->parts[i].body_at, m->parts[i].body_bytes);
}

static void a_bounce_is_complete(void **state)
{
    (void)state;
    struct dsn d = usual(&failed, 1);
    struct buf b = buf_make(100000);
    assert_true(dsn_write(&b, &d));
    str message = buf_str(&b);
    struct arena a = arena_make(1 << 20);
    struct mime m;
    mime_parse(&m, &a, message);
    assert_int_equal(m.flags, 0);
    assert_int_equal(m.nparts, 4);
    assert_true(str_eq(m.parts[0].subtype, S("report")));
    assert_true(str_eq(m.parts[1].type, S("text")));
    assert_true(str_eq(m.parts[2].subtype, S("delivery-status")));
    assert_true(str_eq(m.parts[3].subtype, S("rfc822-headers")));
    assert_true(str_find(part_body(&m, message, 1), S("550 5.1.1 no such user")) != STR_NPOS);
    assert_true(
        str_eq(part_body(&m, message, 2),
               S("Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mx.a.test\r\n"
                 "Arrival-Date: Fri, 21 Nov 1997 15:43:20 +0000\r\n\r\n"
                 "Original-Recipient: rfc822;bobby@c.test\r\n"
                 "Final-Recipient: rfc822; bob@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                 "Remote-MTA: dns; mx.b.test\r\n"
                 "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
                 "Last-Attempt-Date: Fri, 21 Nov 1997 15:55:00 +0000\r\n")));
    assert_true(str_eq(part_body(&m, message, 3), S("From: alice@a.test\r\nSubject: hi")));
    str block = str_take(message, header_block_size(message));
    assert_true(str_eq(header_value(&a, block, S("to")), S("alice@a.test")));
    assert_true(
        str_eq(header_value(&a, block, S("from")), S("Mail Delivery System <postmaster@a.test>")));
    assert_true(dsn_is_automatic(block));
    mime_free(&m);
    arena_free(&a);
    buf_free(&b);
}

static void the_whole_letter_comes_back_when_it_can(void **state)
{
    (void)state;
    struct dsn d = usual(&failed, 1);
    struct arena a = arena_make(1 << 20);
    struct mime m;
    struct buf b = buf_make(100000);
    d.full = true;
    d.original = S("Subject: \xc3\xbc\r\n\r\nbody without line end");
    assert_true(dsn_write(&b, &d));
    mime_parse(&m, &a, buf_str(&b));
    assert_int_equal(m.nparts, 5);
    assert_int_equal(m.parts[3].kind, MIME_MESSAGE);
    assert_int_equal(m.parts[3].encoding, MIME_8BIT);
    assert_true(str_eq(part_body(&m, buf_str(&b), 4), S("body without line end")));
    mime_free(&m);
    buf_reset(&b);
    d.original = S("Subject: x\nB\0ad\r: y\n\nbody");
    assert_true(dsn_write(&b, &d));
    mime_parse(&m, &a, buf_str(&b));
    assert_int_equal(m.flags, 0);
    assert_true(str_eq(part_body(&m, buf_str(&b), 3), S("Subject: x\r\nBad: y")));
    mime_free(&m);
    arena_free(&a);
    buf_free(&b);
}

static void strangers_cannot_inject(void **state)
{
    (void)state;
    struct dsn_recipient r = failed;
    static char reply[3000];
    for (size_t i = 0; i < sizeof(reply); i++)
        reply[i] = i % 7 ? 'x' : (char)(i % 256);
    const str nasty[] = {
        S("550 no\r\n\r\n--B0undary--\r\nX: y"), S("\x1b[2J\0\xff"), { reply, sizeof(reply) }, S("")
    };
    for (size_t i = 0; i < COUNT_OF(nasty); i++) {
        r.diagnostic = r.remote_mta = nasty[i];
        r.status = nasty[i];
        struct dsn d = usual(&r, 1);
        struct buf b = buf_make(100000);
        assert_true(dsn_write(&b, &d));
        struct arena a = arena_make(1 << 20);
        struct mime m;
        mime_parse(&m, &a, buf_str(&b));
        assert_int_equal(m.flags, 0);
        assert_int_equal(m.nparts, 4);
        str status = part_body(&m, buf_str(&b), 2);
        assert_true(str_find(status, S("\r\nStatus: 5.0.0\r\n")) != STR_NPOS);
        assert_true(str_find(status, S("\r\nX:")) == STR_NPOS);
        mime_free(&m);
        arena_free(&a);
        buf_free(&b);
    }
}

static void the_worst_action_names_it(void **state)
{
    (void)state;
    struct dsn_recipient both[2] = { failed, failed };
    both[0].action = DSN_DELAYED;
    both[0].retry_until = 880200000;
    both[1].action = DSN_DELIVERED;
    struct dsn d = usual(both, 2);
    struct buf b = buf_make(100000);
    assert_true(dsn_write(&b, &d));
    assert_true(str_find(buf_str(&b), S("Subject: Your message is delayed\r\n")) != STR_NPOS);
    assert_true(str_find(buf_str(&b), S("Will-Retry-Until: ")) != STR_NPOS);
    assert_true(str_find(buf_str(&b), S("Action: delivered\r\n")) != STR_NPOS);
    buf_free(&b);
}

static void international_addresses_say_so(void **state)
{
    (void)state;
    struct dsn_recipient r = failed;
    r.final.local = S("j\xc3\xb6rg");
    struct dsn d = usual(&r, 1);
    struct buf b = buf_make(100000);
    assert_true(dsn_write(&b, &d));
    assert_true(str_find(buf_str(&b), S("Final-Recipient: utf-8; j\xc3\xb6rg@b.test")) != STR_NPOS);
    assert_true(str_find(buf_str(&b), S("message/global-delivery-status")) != STR_NPOS);
    buf_free(&b);
}

/* RFC 6533 3: to a reader without SMTPUTF8 nothing beyond ASCII is written outside of the words. */
static void addresses_are_escaped_for_who_reads_ascii(void **state)
{
    (void)state;
    struct dsn_recipient r = failed;
    r.final.local = S("j\xc3\xb6rg");
    r.orcpt_type = S("utf-8");
    r.orcpt = S("\xf0\x9f\x98\x80+x@b.test");
    struct dsn d = usual(&r, 1);
    d.ascii = true;
    struct buf b = buf_make(100000);
    assert_true(dsn_write(&b, &d));
    str text = buf_str(&b);
    assert_true(str_find(text, S("\r\nFinal-Recipient: utf-8; j\\x{F6}rg@b.test\r\n")) != STR_NPOS);
    assert_true(str_find(text, S("\r\nOriginal-Recipient: utf-8;\\x{1F600}\\x{2B}x@b.test\r\n")) !=
                STR_NPOS);
    assert_true(str_find(text, S("message/delivery-status")) != STR_NPOS);
    assert_true(str_find(text, S("text/rfc822-headers")) != STR_NPOS);
    assert_true(str_find(text, S("global")) == STR_NPOS);
    assert_true(str_find(text, S("<j\xc3\xb6rg@b.test>: failed")) != STR_NPOS);
    buf_free(&b);
}

static void the_journey_so_far_is_told(void **state)
{
    (void)state;
    struct dsn d = usual(&failed, 1);
    d.journey = S("2026-01-01T10:00:00Z received from 10.0.0.9\n"
                  "2026-01-01T10:00:01Z deferred bob@b.test: 451 later\r\n--B0undary--\n");
    struct buf b = buf_make(100000);
    assert_true(dsn_write(&b, &d));
    str text = buf_str(&b);
    assert_true(str_find(text, S("What happened before:\r\n    2026-01-01T10:00:00Z received from"
                                 " 10.0.0.9\r\n    2026-01-01T10:00:01Z deferred bob@b.test: 451 "
                                 "later\r\n    --B0undary--\r\n\r\n--B0undary\r\n")) != STR_NPOS);
    buf_free(&b);
}

static void a_boundary_must_be_new(void **state)
{
    (void)state;
    struct dsn d = usual(&failed, 1);
    const str bad[] = { S(""), S("a b"), S("a\"b"),
                        S("0123456789012345678901234567890123456789012345678901234567890") };
    struct buf b = buf_make(100000);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        d.boundary = bad[i];
        assert_false(dsn_write(&b, &d));
    }
    d.boundary = S("hi");
    assert_false(dsn_write(&b, &d));
    buf_free(&b);
    b = buf_make(500);
    d.boundary = S("B0undary");
    assert_false(dsn_write(&b, &d)); /* does not fit */
    buf_free(&b);
}

static void machines_are_recognised(void **state)
{
    (void)state;
    assert_true(dsn_is_automatic(S("Auto-Submitted: auto-generated (x)\r\n")));
    assert_true(dsn_is_automatic(S("Content-Type: Multipart/Report; x=y\r\n")));
    assert_false(dsn_is_automatic(S("Auto-Submitted: No\r\n")));
    assert_false(dsn_is_automatic(S("Subject: Auto-Submitted: yes\r\n")));
    assert_false(dsn_is_automatic(S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bounce_is_complete),
        cmocka_unit_test(the_whole_letter_comes_back_when_it_can),
        cmocka_unit_test(strangers_cannot_inject),
        cmocka_unit_test(the_worst_action_names_it),
        cmocka_unit_test(international_addresses_say_so),
        cmocka_unit_test(addresses_are_escaped_for_who_reads_ascii),
        cmocka_unit_test(the_journey_so_far_is_told),
        cmocka_unit_test(a_boundary_must_be_new),
        cmocka_unit_test(machines_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
