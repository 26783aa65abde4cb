/* conn_io_test.c - what goes in and out of a connection: lines in every split, long ones, much,
 * slowly. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "run/conn_fixture.h"

static str repeat(struct buf *b, char c, size_t n)
{
    *b = buf_make(n);
    buf_fill(b, c, n);
    return buf_str(b);
}

/* --- input ----------------------------------------------------------------------------------- */

static const char script[] = "PING\r\nECHO one\r\nECHO bare\nREAD 5\r\nab\ncdPING\r\nSKIP 3\r\n"
                             "\r\n\nPING\r\nMAX 10\r\nECHO much too long a line\r\nPING\r\n"
                             "ECHO 12345\r\nECHO 1234\n\r\nQUIT\r\nPING\r\n";
static const char answers[] =
    "HELLO\r\nPONG\r\none\r\nbare\nGOT 92513834\r\nPONG\r\nSKIPPED\r\nPONG\r\n"
    "LONG\r\nPONG\r\nLONG\r\n1234\nWHAT\r\nBYE\r\n";

static void test_whole(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_send(s, c, str_of(script));
    client_expect(s, c, answers);
    client_expect_end(s, c);
}

static void test_every_split(void **state)
{
    struct toy_server *s = *state;
    str all = str_of(script);
    for (size_t at = 1; at < all.n; at++) {
        int c = client_open(s);
        client_send(s, c, str_take(all, at));
        spin(s, 6);
        client_send(s, c, str_from(all, at));
        client_expect(s, c, answers);
        client_expect_end(s, c);
    }
}

static void test_byte_by_byte(void **state)
{
    struct toy_server *s = *state;
    str all = str_of(script);
    int c = client_open(s);
    for (size_t at = 0; at + 6 < all.n; at++) { /* up to QUIT's end */
        client_send(s, c, str_sub(all, at, 1));
        spin(s, 3);
    }
    client_expect(s, c, answers);
    client_expect_end(s, c);
}

/* Refused whole, never cut short and then executed; and the next line is whole again. */
static void test_long_lines(void **state)
{
    struct toy_server *s = *state;
    static const size_t sizes[] = { 101,   8191,  8192,
                                    8193,  16383, 16384,
                                    16385, 40000, CONN_SWALLOW_BYTES };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buf b;
        int c = client_open(s);
        client_send(s, c, repeat(&b, 'P', sizes[i]));
        client_send(s, c, S("\r\nPING\r\n"));
        client_expect(s, c, "HELLO\r\nLONG\r\nPONG\r\n");
        client_close(s, c);
        buf_free(&b);
    }
}

/* What has no end is not read for ever, and nothing behind it is a command. */
static void test_line_without_end(void **state)
{
    struct toy_server *s = *state;
    struct buf b;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    client_send(s, c, repeat(&b, 'P', CONN_SWALLOW_BYTES + 2 * CONN_INPUT_BYTES));
    client_send(s, c, S("\r\nPING\r\n"));
    client_expect(s, c, "ENDLESS\r\n");
    client_expect_end(s, c);
    client_close(s, c);
    buf_free(&b);
}

/* Rule 3: what ends it is no line end, so nothing behind it is a line. */
static void test_long_line_with_bare_lf(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_send(s, c, S("MAX 10\r\nECHO much too long\nPING\r\n"));
    client_expect(s, c, "HELLO\r\nENDLESS\r\n");
    client_expect_end(s, c);
}

static void test_line_longer_than_buffer(void **state)
{
    struct toy_server *s = *state;
    struct buf line, got;
    int c = client_open(s);

    client_expect(s, c, "HELLO\r\n");
    client_send(s, c, S("MAX 65536\r\nECHO "));
    spin(s, 3);
    client_send(s, c, repeat(&line, 'y', 65536 - 6));
    client_send(s, c, S("\nPING\r\n"));
    repeat(&got, '?', line.n);
    assert_int_equal(client_read(s, c, got.p, got.n), got.n);
    assert_true(str_eq(buf_str(&got), buf_str(&line)));
    client_expect(s, c, "\nPONG\r\n");

    client_send(s, c, S("ECHO ")); /* one more than that is too long */
    client_send(s, c, buf_str(&line));
    client_send(s, c, S("x\r\nPING\r\n"));
    client_expect(s, c, "LONG\r\nPONG\r\n");
    client_close(s, c);
    buf_free(&line);
    buf_free(&got);
}

static void test_read_and_skip_much(void **state)
{
    struct toy_server *s = *state;
    struct buf b;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    client_send(s, c, S("SKIP 500000\r\n"));
    client_send(s, c, repeat(&b, '\n', 500000)); /* never taken for lines */
    client_send(s, c, S("PING\r\n"));
    client_expect(s, c, "SKIPPED\r\nPONG\r\n");

    unsigned sum = 0;
    for (size_t i = 0; i < b.n; i++)
        sum = sum * 31 + '\n';
    char want[32];
    snprintf(want, sizeof want, "GOT %u\r\n", sum);
    client_send(s, c, S("READ 500000\r\n"));
    client_send(s, c, buf_str(&b));
    client_expect(s, c, want);
    client_close(s, c);
    buf_free(&b);
}

/* --- output ---------------------------------------------------------------------------------- */

static void test_slow_reader(void **state)
{
    enum { BIG = 20 * 1000 * 1000 };
    struct toy_server *s = *state;
    int slow = client_open(s), other = client_open(s);
    char *got = mem_new(BIG);

    client_expect(s, slow, "HELLO\r\n");
    client_send(s, slow, S("BIG 20000000\r\nPING\r\n"));
    spin(s, 20);
    assert_true(s->newest->c->out.cap <= CONN_OUTPUT_BYTES); /* back-pressure: bounded memory */
    client_expect(s, other, "HELLO\r\n");
    client_send(s, other, S("PING\r\n"));
    client_expect(s, other, "PONG\r\n"); /* and nobody else is held up */
    assert_int_equal(client_read(s, slow, got, BIG), BIG);
    for (int i = 0; i < BIG; i++)
        if (got[i] != "0123456789abcdef"[i % 16]) fail();
    client_expect(s, slow, "\r\nPONG\r\n");
    client_close(s, slow);
    client_close(s, other);
    mem_free(got);
}

/* The end of a burst does not hold a stack for a peer that does not read. */
static void test_slow_reader_is_parked(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    static char sink[4096];

    client_expect(s, c, "HELLO\r\n");
    for (int i = 0; i < 200; i++) { /* fill the kernel's buffers with whole answers */
        client_send(s, c, S("BIG 50000\r\n"));
        spin(s, 3);
    }
    assert_int_equal(s->newest->c->state, CONN_STATE_SENDING);
    assert_int_equal(fiber_stats(s->loop).running, 0);
    conn_wake(s->newest->c); /* remembered until it has room */
    spin(s, 5);
    size_t total = 0;
    while (total < 200 * 50002 + 7) {
        size_t n = client_read(s, c, sink,
                               total + sizeof(sink) < 200 * 50002 + 7 ? sizeof(sink)
                                                                      : 200 * 50002 + 7 - total);
        assert_true(n > 0);
        total += n;
    }
    client_close(s, c);
}

/* One command a serve, and forty at once: all are answered, in order, in few turns. */
static void test_pipeline(void **state)
{
    struct toy_server *s = *state;
    struct buf many = buf_make(2000), want = buf_make(2000), got;
    int c = client_open(s);

    client_expect(s, c, "HELLO\r\n");
    s->one_line = true;
    for (int i = 0; i < 40; i++) {
        buf_addf(&many, "ECHO %d\r\n", i);
        buf_addf(&want, "%d\r\n", i);
    }
    client_send(s, c, buf_str(&many));
    repeat(&got, '?', want.n);
    assert_int_equal(client_read(s, c, got.p, got.n), got.n);
    assert_true(str_eq(buf_str(&got), buf_str(&want)));
    assert_int_equal(s->served, 41);
    client_close(s, c);
    buf_free(&many);
    buf_free(&want);
    buf_free(&got);
}

/* --- the trace ------------------------------------------------------------------------------- */

static void note(void *arg, char direction, str bytes)
{
    buf_addc(arg, direction);
    buf_add(arg, bytes);
}

static void test_trace(void **state)
{
    struct toy_server *s = *state;
    struct buf seen = buf_make(1000);
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    struct conn *server_side = s->newest->c;
    conn_trace(server_side, note, &seen);
    client_send(s, c, S("ECHO one\r\nPING\r\n"));
    client_expect(s, c, "one\r\nPONG\r\n");
    assert_true(str_eq(buf_str(&seen), S("<ECHO one\r\n>one\r\n<PING\r\n>PONG\r\n")));
    buf_reset(&seen);

    /* A secret found in the line just read is still hidden. */
    server_side->trace_input = S("AUTH PLAIN secret\r\n");
    conn_trace_mask(server_side, true);
    conn_trace_mask(server_side, false);
    assert_true(str_eq(buf_str(&seen), S("<***\r\n")));
    client_close(s, c);
    spin(s, 10);
    buf_free(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_whole),
        WITH_SERVER(test_every_split),
        WITH_SERVER(test_byte_by_byte),
        WITH_SERVER(test_long_lines),
        WITH_SERVER(test_line_without_end),
        WITH_SERVER(test_long_line_with_bare_lf),
        WITH_SERVER(test_line_longer_than_buffer),
        WITH_SERVER(test_read_and_skip_much),
        WITH_SERVER(test_slow_reader),
        WITH_SERVER(test_slow_reader_is_parked),
        WITH_SERVER(test_trace),
        WITH_SERVER(test_pipeline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
