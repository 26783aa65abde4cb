/* conn_compress_test.c - a connection in DEFLATE: every flush and split, parks, bombs, damage, the
 * way back to clear text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <zlib.h>

#include "base/limits.h"
#include "run/conn_fixture.h"

/* --- a client that compresses ----------------------------------------------------------------- */

struct peer {
    struct toy_server *server;
    int socket;
    z_stream out, in;
};

static void peer_open(struct peer *p, struct toy_server *s, int level)
{
    *p = (struct peer){ .server = s, .socket = client_open(s) };
    assert_int_equal(deflateInit2(&p->out, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(inflateInit2(&p->in, -15), Z_OK);
    client_send(s, p->socket, S("COMPRESS\r\n"));
    client_expect(s, p->socket, "HELLO\r\nGO\r\n");
}

static void peer_end(struct peer *p)
{
    deflateEnd(&p->out);
    inflateEnd(&p->in);
    seam_socket_close(p->server->seam, p->socket);
}

static str squeeze(struct peer *p, str plain, int flush, struct buf *out)
{
    *out = buf_make(16 << 20);
    char *room = buf_reserve(out, plain.n + 1000);
    p->out.next_in = (Bytef *)(uintptr_t)plain.p;
    p->out.avail_in = (uInt)plain.n;
    p->out.next_out = (Bytef *)room;
    p->out.avail_out = (uInt)plain.n + 1000;
    assert_in_range(deflate(&p->out, flush), Z_OK, Z_STREAM_END);
    buf_commit(out, plain.n + 1000 - p->out.avail_out);
    return buf_str(out);
}

static void say(struct peer *p, str plain, int flush)
{
    struct buf b;
    client_send(p->server, p->socket, squeeze(p, plain, flush, &b));
    buf_free(&b);
}

/* Inflates what comes until it is this text. */
static void hears(struct peer *p, const char *text)
{
    static char got[1 << 20];
    str want = str_of(text);
    assert_true(want.n < sizeof(got));
    p->in.next_out = (Bytef *)got;
    p->in.avail_out = (uInt)want.n;
    while (p->in.avail_out) {
        char wire;
        if (client_read(p->server, p->socket, &wire, 1) != 1) break;
        p->in.next_in = (Bytef *)&wire;
        p->in.avail_in = 1;
        assert_int_equal(inflate(&p->in, Z_SYNC_FLUSH), Z_OK);
    }
    got[want.n - p->in.avail_out] = '\0';
    assert_string_equal(got, text);
}

/* The empty block that ends what the server compressed last. */
static void pass_flush(struct peer *p)
{
    uint32_t last = 1;
    char wire = 1;
    while (last != 0x0000ffff && client_read(p->server, p->socket, &wire, 1) == 1)
        last = last << 8 | (unsigned char)wire;
    assert_int_equal(last, 0x0000ffff);
}

/* --- lines, flushes, splits ------------------------------------------------------------------- */

static const char script[] = "PING\r\nECHO one\r\nREAD 5\r\nab\ncdPING\r\nSKIP 3\r\n\r\n\nPING\r\n";
static const char answers[] = "PONG\r\none\r\nGOT 92513834\r\nPONG\r\nSKIPPED\r\nPONG\r\n";

static void test_flushes(void **state)
{
    static const int flushes[] = { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_PARTIAL_FLUSH };
    static const int levels[] = { 0, 1, 6, 9 };
    for (size_t f = 0; f < COUNT_OF(flushes); f++)
        for (size_t l = 0; l < COUNT_OF(levels); l++) {
            struct peer p;
            peer_open(&p, *state, levels[l]);
            for (int i = 0; i < 3; i++) { /* parked in between, and referred to again */
                say(&p, str_of(script), flushes[f]);
                hears(&p, answers);
                spin(*state, 3);
                assert_int_equal(p.server->newest->c->state, CONN_STATE_IDLE);
            }
            say(&p, S("QUIT\r\n"), Z_FINISH);
            hears(&p, "BYE\r\n");
            peer_end(&p);
        }
}

static void test_byte_by_byte(void **state)
{
    static const int flushes[] = { Z_SYNC_FLUSH, Z_PARTIAL_FLUSH };
    for (size_t f = 0; f < COUNT_OF(flushes); f++) {
        struct peer p;
        peer_open(&p, *state, 9);
        for (int i = 0; i < 2; i++) {
            struct buf b;
            str all = squeeze(&p, str_of(script), flushes[f], &b);
            for (size_t at = 0; at < all.n; at++) {
                client_send(p.server, p.socket, str_sub(all, at, 1));
                spin(*state, 3);
            }
            hears(&p, answers);
            buf_free(&b);
        }
        peer_end(&p);
    }
}

static void test_every_split(void **state)
{
    struct peer p;
    peer_open(&p, *state, 6);
    size_t n = 100;
    for (size_t at = 1; at < n; at++) {
        struct buf b;
        str all = squeeze(&p, str_of(script), Z_SYNC_FLUSH, &b);
        n = all.n > 20 ? all.n : 20; /* later ones say it again in fewer bytes */
        client_send(p.server, p.socket, str_take(all, at));
        spin(*state, 6);
        client_send(p.server, p.socket, str_from(all, at));
        hears(&p, answers);
        buf_free(&b);
    }
    peer_end(&p);
}

/* --- much ------------------------------------------------------------------------------------- */

static void test_much(void **state)
{
    struct peer p;
    peer_open(&p, *state, 6);
    struct buf b = buf_make(1 << 20);
    buf_add(&b, S("SKIP 700000\r\n"));
    for (uint32_t x = 1; b.n < 700013;)
        buf_addc(&b, (char)((x = x * 1664525 + 1013904223) >> 24)); /* nothing to compress */
    buf_add(&b, S("PING\r\n"));
    say(&p, buf_str(&b), Z_SYNC_FLUSH);
    hears(&p, "SKIPPED\r\nPONG\r\n");
    buf_free(&b);

    struct buf want = buf_make(1 << 20);
    for (int i = 0; i < 500000; i++)
        buf_addc(&want, "0123456789abcdef"[i % 16]);
    buf_add(&want, S("\r\n"));
    buf_addc(&want, '\0');
    uint64_t before = conn_bytes_out(p.server->newest->c);
    say(&p, S("BIG 500000\r\n"), Z_SYNC_FLUSH);
    hears(&p, want.p);
    assert_in_range(conn_bytes_out(p.server->newest->c) - before, 100, 20000);
    buf_free(&want);
    peer_end(&p);
}

/* A wake is told while the client is silent, and a pipeline's answers come in order. */
static void test_wake_and_pipeline(void **state)
{
    struct peer p;
    peer_open(&p, *state, 6);
    conn_wake(p.server->newest->c);
    hears(&p, "WOKEN\r\n");
    p.server->one_line = true;
    struct buf all = buf_make(1 << 16), want = buf_make(1 << 16);
    for (int i = 0; i < 100; i++) {
        buf_addf(&all, "ECHO %d\r\n", i);
        buf_addf(&want, "%d\r\n", i);
    }
    buf_addc(&want, '\0');
    say(&p, buf_str(&all), Z_SYNC_FLUSH);
    hears(&p, want.p);
    buf_free(&all);
    buf_free(&want);
    peer_end(&p);
}

/* --- what a quiet one keeps ------------------------------------------------------------------- */

static size_t heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void test_parked_keeps_little(void **state)
{
    enum { MANY = 100 };
    static struct peer p[MANY];
    struct toy_server *s = *state;
    for (int i = 0; i < MANY; i++) {
        peer_open(&p[i], s, 6);
        say(&p[i], S("PING\r\nECHO the commands of a session that then idles\r\n"), Z_SYNC_FLUSH);
        hears(&p[i], "PONG\r\nthe commands of a session that then idles\r\n");
    }
    spin(s, 10);
    size_t before = heap_bytes();
    for (int i = 0; i < MANY; i++)
        client_close(s, p[i].socket);
    for (int i = 0; i < 10000 && s->closed < s->opened; i++)
        spin(s, 1);
    size_t each = (before - heap_bytes()) / MANY;
    print_message("a parked compressed connection: %zu bytes, %zu of them struct conn\n", each,
                  sizeof(struct conn));
    if (measurable()) assert_in_range(each, sizeof(struct conn), 1200);
    for (int i = 0; i < MANY; i++) {
        deflateEnd(&p[i].out);
        inflateEnd(&p[i].in);
    }
}

/* --- bombs and damage ------------------------------------------------------------------------- */

/* False: the server has ended it. */
static bool send_while_open(struct peer *p, str bytes)
{
    while (bytes.n && !p->server->closed) {
        ssize_t r = seam_send(p->server->seam, p->socket, bytes.p, bytes.n);
        if (r > 0) bytes = str_from(bytes, (size_t)r);
        spin(p->server, 5);
    }
    return !p->server->closed;
}

static void test_bomb(void **state)
{
    struct toy_server *s = *state;
    struct peer p;
    peer_open(&p, s, 9);
    static char zeros[1 << 20];
    size_t sent = 0, skipped = 0;
    struct buf b;
    say(&p, S("SKIP 1000000000\r\n"), Z_SYNC_FLUSH);
    size_t heap = heap_bytes();
    for (; skipped < 1000; skipped++) {
        str piece = squeeze(&p, (str){ zeros, sizeof(zeros) }, Z_SYNC_FLUSH, &b);
        sent += piece.n;
        bool taken = send_while_open(&p, piece);
        buf_free(&b);
        if (!taken) break;
        if (measurable()) assert_true(heap_bytes() < heap + 100000); /* nothing gathers */
    }
    assert_in_range(skipped << 20, COMPRESS_FREE_BYTES, 2 * COMPRESS_FREE_BYTES);
    print_message("%zu bytes were taken for %zu MiB\n", sent, skipped);
    hears(&p, "TOO MUCH\r\n");
    spin(s, 10);
    assert_int_equal(s->closed, 1);
    peer_end(&p);
}

static void test_damage(void **state)
{
    struct toy_server *s = *state;
    static const str bad[] = { S_INIT("\x07"), S_INIT("PING\r\nPING\r\n"),
                               S_INIT("\xff\xff\xff\xff\xff"),
                               S_INIT("\x01\x05\x00\x00\x00hello") };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct peer p;
        peer_open(&p, s, 6);
        client_send(s, p.socket, bad[i]);
        hears(&p, "TOO MUCH\r\n");
        peer_end(&p);
    }
    struct peer last;
    peer_open(&last, s, 6); /* what follows the last block is nobody's */
    say(&last, S("PING\r\n"), Z_FINISH);
    hears(&last, "PONG\r\n");
    spin(s, 10);
    assert_int_equal(s->closed, (int)COUNT_OF(bad) + 1);
    peer_end(&last);
}

static void test_twice(void **state)
{
    struct peer p;
    peer_open(&p, *state, 6);
    say(&p, S("COMPRESS\r\n"), Z_SYNC_FLUSH); /* the toy closes when it is refused */
    hears(&p, "GO\r\n");
    spin(*state, 10);
    assert_int_equal(p.server->closed, 1);
    peer_end(&p);
}

/* --- back to clear text ----------------------------------------------------------------------- */

static void test_end(void **state)
{
    static const int flushes[] = { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH }; /* whole bytes */
    struct toy_server *s = *state;
    for (size_t f = 0; f < COUNT_OF(flushes); f++)
        for (int split = 0; split < 3; split++) {
            struct peer p;
            peer_open(&p, s, 6);
            struct buf b;
            str first = squeeze(&p, S("PING\r\nPLAIN\r\n"), flushes[f], &b);
            buf_add(&b, S("PING\r\nECHO clear\r\n")); /* sent along, as RFC 8437 3 allows */
            str all = buf_str(&b);
            size_t at = split == 0 ? all.n : split == 1 ? first.n - 3 : 0;
            client_send(s, p.socket, str_take(all, at));
            spin(s, 6);
            for (; at < all.n; at++) {
                client_send(s, p.socket, str_sub(all, at, 1));
                spin(s, 3);
            }
            hears(&p, "PONG\r\nCLEAR\r\n");
            pass_flush(&p);
            buf_free(&b);
            client_send(s, p.socket, S("COMPRESS\r\n")); /* and once more */
            client_expect(s, p.socket, "PONG\r\nclear\r\nGO\r\n");
            assert_true(conn_compressed(s->newest->c));
            peer_end(&p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_flushes),
        WITH_SERVER(test_byte_by_byte),
        WITH_SERVER(test_every_split),
        WITH_SERVER(test_much),
        WITH_SERVER(test_wake_and_pipeline),
        WITH_SERVER(test_parked_keeps_little),
        WITH_SERVER(test_bomb),
        WITH_SERVER(test_damage),
        WITH_SERVER(test_twice),
        WITH_SERVER(test_end),
    };
    return cmocka_run_group_tests_name("conn_compress", tests, NULL, NULL);
}
