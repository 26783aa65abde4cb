/* conn_fixture.h - for conn_test and tls_test: a toy line protocol on a listener, and a client that
 * runs the server's loop while it waits. */
#ifndef RUN_CONN_FIXTURE_H
#define RUN_CONN_FIXTURE_H

#include <errno.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#include "run/conn_int.h"

/* A checker's heap and descriptors are not the program's. */
static inline bool measurable(void)
{
    return FIBER_STACK_FACTOR == 1 && !RUNNING_ON_VALGRIND;
}

/* --- the toy --------------------------------------------------------------------------------- */

struct toy {
    struct conn *c;
    struct toy_server *server;
    size_t max;
    bool tls_told;
};

struct toy_server {
    struct seam *seam;
    struct loop *loop;
    struct listener *listener;
    int opened, closed, served;
    bool one_line; /* park after each command, as a protocol may */
    struct toy *newest;
    enum conn_why last_why;
};

static void *toy_open(void *arg, struct conn *c)
{
    struct toy_server *server = arg;
    struct toy *t = MEM_NEW(struct toy);
    *t = (struct toy){ .c = c, .server = server, .max = 100 };
    server->opened++;
    server->newest = t;
    return t;
}

static void toy_closed(void *session)
{
    struct toy *t = session;
    t->server->closed++;
    mem_free(t);
}

static uint64_t number_of(str line, str verb)
{
    uint64_t n = 0;
    if (!str_u64(str_chomp(str_from(line, verb.n)), 1 << 30, &n)) return 0;
    return n;
}

static enum err toy_read(struct toy *t, uint64_t n)
{
    unsigned sum = 0;
    uint64_t left = n;
    while (left) {
        str s;
        enum err e = conn_read(t->c, left < 70000 ? (size_t)left : 70000, &s);
        if (e) return e;
        for (size_t i = 0; i < s.n; i++)
            sum = sum * 31 + (unsigned char)s.p[i];
        left -= s.n;
    }
    conn_writef(t->c, "GOT %u\r\n", sum);
    return OK;
}

static void toy_big(struct toy *t, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        conn_write(t->c, (str){ &"0123456789abcdef"[i % 16], 1 });
    conn_write(t->c, S("\r\n"));
}

static enum err toy_starttls(struct toy *t)
{
    if (conn_buffered(t->c)) {
        conn_discard_input(t->c);
        conn_write(t->c, S("NO, YOU SAID MORE\r\n"));
        return OK;
    }
    conn_write(t->c, S("GO\r\n"));
    return conn_starttls(t->c);
}

/* One line; ERR_DENIED ends the session. */
static enum err toy_command(struct toy *t, str line)
{
    struct conn *c = t->c;

    if (str_starts(line, S("PING")))  return conn_write(c, S("PONG\r\n")), OK;
    if (str_starts(line, S("ECHO "))) return conn_write(c, str_from(line, 5)), OK;
    if (str_starts(line, S("MAX ")))  return t->max = number_of(line, S("MAX ")), OK;
    if (str_starts(line, S("READ "))) return toy_read(t, number_of(line, S("READ ")));
    if (str_starts(line, S("BIG ")))  return toy_big(t, number_of(line, S("BIG "))), OK;
    if (str_starts(line, S("PARK "))) return conn_park_for(c, (unsigned)number_of(line, S("PARK "))), OK;
    if (str_starts(line, S("WAIT "))) return conn_deadline(c, (unsigned)number_of(line, S("WAIT "))), conn_line(c, 100, &line);
    if (str_starts(line, S("STARTTLS"))) return toy_starttls(t);
    if (str_starts(line, S("CARELESS"))) return conn_write(c, S("GO\r\n")), conn_starttls(c);
    if (str_starts(line, S("COMPRESS"))) return conn_write(c, S("GO\r\n")), conn_compress(c, S("TOO MUCH\r\n"));
    if (str_starts(line, S("PLAIN"))) return conn_write(c, S("CLEAR\r\n")), conn_compress_end(c);
    if (str_starts(line, S("QUIT")))  return conn_write(c, S("BYE\r\n")), ERR_DENIED;
    if (str_starts(line, S("KNOWN"))) return conn_class(c, FIBER_KNOWN), OK;
    if (str_starts(line, S("SELF")))  return conn_wake(c), OK;
    if (str_starts(line, S("TLS?"))) {
        const struct tls_facts *f = conn_tls_facts(c);
        conn_writef(c, "TLS %s\r\n", f ? "yes" : "no");
        return OK;
    }
    if (str_starts(line, S("SKIP "))) {
        enum err e = conn_skip(c, number_of(line, S("SKIP ")));
        conn_write(c, S("SKIPPED\r\n"));
        return e;
    }
    conn_write(c, S("WHAT\r\n"));
    return OK;
}

static enum serve toy_serve(void *session, enum conn_why why)
{
    struct toy *t = session;

    t->server->served++;
    t->server->last_why = why;
    switch (why) {
    case CONN_STARTED: conn_write(t->c, S("HELLO\r\n")); return SERVE_PARK;
    case CONN_WOKEN: conn_write(t->c, S("WOKEN\r\n")); return SERVE_PARK;
    case CONN_TIMEOUT: conn_write(t->c, S("TIMEOUT\r\n")); return SERVE_CLOSE;
    case CONN_DRAIN: conn_write(t->c, S("DRAIN\r\n")); return SERVE_CLOSE;
    case CONN_INPUT: break;
    }
    while (conn_line_ready(t->c)) {
        str line;
        enum err e = conn_line(t->c, t->max, &line);
        if (e == ERR_LIMIT) {
            conn_write(t->c, S("LONG\r\n"));
            continue;
        }
        if (e == ERR_DENIED) conn_write(t->c, S("ENDLESS\r\n"));
        if (e || toy_command(t, line)) return SERVE_CLOSE;
        if (t->server->one_line) break;
    }
    return SERVE_PARK;
}

static const struct conn_handler toy_handler = {
    .open = toy_open, .serve = toy_serve, .closed = toy_closed, .busy = S_INIT("BUSY\r\n")
};

static void toy_start(struct toy_server *s, struct listener_config config)
{
    s->seam = seam_real_new("/tmp");
    s->loop = loop_new(s->seam, 0);
    assert_non_null(s->loop);
    config.handler = &toy_handler;
    config.arg = s;
    if (config.at.family == NET_NONE)
        assert_int_equal(netaddr_parse(S("127.0.0.1:0"), 0, &config.at), OK);
    assert_int_equal(listener_open(s->seam, &config, &s->listener), OK);
    assert_int_equal(listener_attach(s->listener, s->loop), OK);
}

static void toy_stop(struct toy_server *s)
{
    if (!loop_draining(s->loop)) {
        loop_stop(s->loop, 3000);
        loop_run(s->loop);
    }
    assert_int_equal(s->opened, s->closed);
    assert_int_equal(fiber_stats(s->loop).running, 0);
    loop_free(s->loop);
    listener_close(s->listener);
    seam_free(s->seam);
}

/* For cmocka: a plain server for each test. */
static inline int set_up(void **state)
{
    struct toy_server *s = MEM_NEW(struct toy_server);
    toy_start(s, (struct listener_config){ .handshake_ms = 5000 });
    *state = s;
    return 0;
}

static inline int tear_down(void **state)
{
    toy_stop(*state);
    mem_free(*state);
    return 0;
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* --- the client ------------------------------------------------------------------------------ */

enum { PATIENCE_US = 20 * 1000 * 1000 };

static void spin(struct toy_server *s, int turns)
{
    for (int i = 0; i < turns; i++)
        loop_run_once(s->loop, false);
}

static inline int client_open(struct toy_server *s)
{
    int socket = seam_connect(s->seam, listener_addr(s->listener), NULL);
    assert_true(socket >= 0);
    return socket;
}

static inline void client_send(struct toy_server *s, int socket, str bytes)
{
    uint64_t until = seam_mono_us(s->seam) + PATIENCE_US;
    while (bytes.n) {
        ssize_t r = seam_send(s->seam, socket, bytes.p, bytes.n);
        if (r > 0) bytes = str_from(bytes, (size_t)r);
        assert_true(r > 0 || r == -EAGAIN || r == -ENOTCONN);
        spin(s, 1);
        assert_true(seam_mono_us(s->seam) < until);
    }
}

/* What comes until there are n bytes, or the end; runs the server meanwhile. */
static size_t client_read(struct toy_server *s, int socket, char *p, size_t n)
{
    uint64_t until = seam_mono_us(s->seam) + PATIENCE_US;
    size_t got = 0;
    while (got < n) {
        ssize_t r = seam_recv(s->seam, socket, p + got, n - got);
        if (r == 0 || r == -ECONNRESET) break;
        if (r > 0) got += (size_t)r;
        spin(s, 1);
        assert_true(seam_mono_us(s->seam) < until);
    }
    return got;
}

static inline void client_expect(struct toy_server *s, int socket, const char *text)
{
    char got[512];
    str want = str_of(text);
    assert_true(want.n < sizeof(got));
    size_t n = client_read(s, socket, got, want.n);
    got[n] = '\0';
    assert_string_equal(got, text);
}

static inline void client_expect_end(struct toy_server *s, int socket)
{
    char one;
    assert_int_equal(client_read(s, socket, &one, 1), 0);
    seam_socket_close(s->seam, socket);
}

static inline void client_close(struct toy_server *s, int socket)
{
    seam_socket_close(s->seam, socket);
}

#endif
