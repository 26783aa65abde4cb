/* return_path_test.c - the line that only mailboxes see: written and found again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "deliver/deliver.h"

static const struct {
    str first;
    size_t n;
} cases[] = {
    { S_INIT("Return-Path: <>\r\nReceived: x\r\n"), 17 },
    { S_INIT("Return-Path: <a@b.test>\r\nReturn-Path: <c@d.test>\r\n"), 25 },
    { S_INIT("Return-Path: <\"a>b\"@b.test>\r\nX: y\r\n"), 29 },
    { S_INIT("Received: x\r\nReturn-Path: <>\r\n"), 0 },
    { S_INIT("Return-Path: <a@b.test>"), 0 },
    { S_INIT("Return-Path: a@b.test\r\n\r\n<x>\r\n"), 0 },
    { S_INIT(""), 0 },
};

static void is_found_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (deliver_return_path_bytes(cases[i].first) != cases[i].n) fail_msg("case %zu", i);
}

static void what_is_written_is_found(void **state)
{
    (void)state;
    struct buf b = buf_make(4096);
    char long_sender[2 * ADDRESS_BYTES];
    for (size_t i = 0; i < sizeof(long_sender); i++)
        long_sender[i] = 'a';
    str senders[] = { S(""), S("a@b.test"), { long_sender, sizeof(long_sender) } };
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        buf_reset(&b);
        deliver_return_path_write(&b, senders[i]);
        size_t n = b.n;
        buf_add(&b, S("Received: x\r\n"));
        assert_int_equal(deliver_return_path_bytes(buf_str(&b)), n);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_found_or_not),
        cmocka_unit_test(what_is_written_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
