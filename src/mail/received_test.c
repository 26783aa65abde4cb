/* received_test.c - the lines that a server adds on top. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/header.h"
#include "mail/received.h"

static void received_tells_the_hop(void **state)
{
    (void)state;
    struct received r = { .helo = S("mail.a.test"),
                          .peer_ip = S("192.0.2.1"),
                          .by = S("b.test"),
                          .with = S("ESMTPS"),
                          .tls = S("TLS1.3 TLS_AES_256_GCM_SHA384"),
                          .id = S("abc123"),
                          .for_ = { S("bob"), S("b.test") },
                          .date = { 880127706, -360 } };
    struct buf b = buf_make(2000);
    received_write(&b, &r);
    assert_true(str_eq(buf_str(&b), S("Received: from mail.a.test ([192.0.2.1])\r\n"
                                      "\tby b.test with ESMTPS\r\n"
                                      "\t(TLS1.3 TLS_AES_256_GCM_SHA384)\r\n"
                                      "\tid abc123\r\n"
                                      "\tfor <bob@b.test>;\r\n"
                                      "\tFri, 21 Nov 1997 09:55:06 -0600\r\n")));
    buf_free(&b);
}

static void strangers_names_are_harmless(void **state)
{
    (void)state;
    struct received r = { .helo = S("x\r\nBcc: y (\0\xff) ;"),
                          .peer_ip = S("2001:db8::1"),
                          .by = S("b.test"),
                          .with = S("SMTP") };
    struct buf b = buf_make(2000);
    received_write(&b, &r);
    assert_true(str_starts(buf_str(&b), S("Received: from x??Bcc:?y??????? ("
                                          "[IPv6:2001:db8::1])\r\n\tby b.test with SMTP;\r\n")));
    assert_int_equal(header_count(buf_str(&b), S("Bcc")), 0);
    assert_false(str_has(buf_str(&b), '\0'));
    buf_reset(&b);
    r.helo = (str){ 0 };
    r.peer_ip = (str){ 0 };
    received_write(&b, &r);
    assert_true(str_starts(buf_str(&b), S("Received: from unknown\r\n\tby b.test")));
    buf_free(&b);
}

static void small_fields_are_written(void **state)
{
    (void)state;
    struct buf b = buf_make(2000);
    date_field_write(&b, (struct date){ 0, 0 });
    message_id_field_write(&b, S("x@y>\r\nBcc: z"));
    assert_true(str_eq(buf_str(&b), S("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
                                      "Message-ID: <x@yBcc:z>\r\n")));
    buf_free(&b);
}

static void message_ids_differ(void **state)
{
    (void)state;
    uint8_t random[12] = { 0 };
    struct buf one = buf_make(200), two = buf_make(200);
    message_id_make(&one, 1700000000, random, S("a.test"));
    random[11] = 1;
    message_id_make(&two, 1700000000, random, S("a.test"));
    assert_false(str_eq(buf_str(&one), buf_str(&two)));
    assert_true(str_ends(buf_str(&one), S("@a.test")));
    assert_int_equal(one.n, 8 + 1 + 20 + 7);
    struct arena a = arena_make(1000);
    struct address parsed; /* RFC 5322 3.6.4: dot-atoms on both sides */
    assert_true(address_parse(&a, buf_str(&one), 0, &parsed));
    arena_free(&a);
    buf_free(&one);
    buf_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_tells_the_hop),
        cmocka_unit_test(strangers_names_are_harmless),
        cmocka_unit_test(small_fields_are_written),
        cmocka_unit_test(message_ids_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
