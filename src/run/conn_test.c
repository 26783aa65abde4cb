/* conn_test.c - a connection's life: parking, waking, deadlines, ends, limits, two workers, cost.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "run/conn_fixture.h"
#include "run/process.h"

/* --- parking and waking ---------------------------------------------------------------------- */

static void test_parked_holds_nothing(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    spin(s, 3);
    struct conn *server_side = s->newest->c;
    assert_int_equal(server_side->state, CONN_STATE_IDLE);
    assert_null(server_side->in);
    assert_null(server_side->out.p);
    assert_int_equal(fiber_stats(s->loop).running, 0);

    client_send(s, c, S("PIN")); /* half a line: three bytes, no stack */
    spin(s, 3);
    assert_int_equal(server_side->state, CONN_STATE_IDLE);
    assert_int_equal(server_side->in_cap, 3);
    assert_int_equal(fiber_stats(s->loop).running, 0);
    client_send(s, c, S("G\r\n"));
    client_expect(s, c, "PONG\r\n");
    spin(s, 3);
    assert_null(server_side->in);
    client_close(s, c);
}

static void test_wake(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    spin(s, 3);
    conn_wake(s->newest->c);
    conn_wake(s->newest->c); /* as good as one */
    client_expect(s, c, "WOKEN\r\n");
    int served = s->served;
    spin(s, 3);
    assert_int_equal(s->served, served);

    client_send(s, c, S("SELF\r\nPING\r\n")); /* while it is being served: no park until told */
    client_expect(s, c, "PONG\r\nWOKEN\r\n");
    client_send(s, c, S("PI")); /* beside a half-received line */
    spin(s, 3);
    conn_wake(s->newest->c);
    client_expect(s, c, "WOKEN\r\n");
    client_send(s, c, S("NG\r\n"));
    client_expect(s, c, "PONG\r\n");
    client_close(s, c);
}

/* However many hear of news at once, who speaks meanwhile is answered in the next turn. */
static void test_news_for_many(void **state)
{
    enum { MANY = 3 * CONN_WAKES_PER_TURN };
    static int clients[MANY];
    static struct conn *conns[MANY];
    struct toy_server *s = *state;
    int speaker = client_open(s);
    client_expect(s, speaker, "HELLO\r\n");
    for (int i = 0; i < MANY; i++) {
        clients[i] = client_open(s);
        client_expect(s, clients[i], "HELLO\r\n");
        conns[i] = s->newest->c;
    }
    spin(s, 3);
    int before = s->served;
    for (int i = 0; i < MANY; i++)
        conn_wake(conns[i]);
    assert_int_equal(seam_send(s->seam, speaker, "PING\r\n", 6), 6);
    for (char pong[6]; seam_recv(s->seam, speaker, pong, 6) != 6;)
        spin(s, 1);
    assert_in_range(s->served - before, 2, MANY - CONN_WAKES_PER_TURN + 1);
    for (int i = 0; i < MANY; i++) {
        client_expect(s, clients[i], "WOKEN\r\n");
        client_close(s, clients[i]);
    }
    client_close(s, speaker);
    spin(s, 10);
}

static void test_wake_while_queued(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    spin(s, 3);
    unsigned max = s->loop->fibers.stacks_max;
    s->loop->fibers.stacks_max = 0; /* no stack to be had */
    conn_wake(s->newest->c);
    client_send(s, c, S("PING\r\n"));
    spin(s, 3);
    assert_int_equal(s->newest->c->state, CONN_STATE_QUEUED);
    assert_null(s->newest->c->in); /* and nothing was read for it */
    s->loop->fibers.stacks_max = max;
    client_expect(s, c, "WOKEN\r\nPONG\r\n");
    client_close(s, c);
}

static void test_park_timeout(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    client_send(s, c, S("PARK 60\r\n"));
    uint64_t before = seam_mono_us(s->seam);
    for (int i = 0; i < 3; i++) { /* dripping does not buy time */
        client_send(s, c, S("x"));
        uint64_t until = seam_mono_us(s->seam) + 10000;
        while (seam_mono_us(s->seam) < until)
            spin(s, 1);
    }
    client_expect(s, c, "TIMEOUT\r\n");
    assert_in_range(seam_mono_us(s->seam) - before, 50000, 5000000);
    client_expect_end(s, c);
}

static void test_deadline(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    client_send(s, c, S("WAIT 30\r\nhalf a li"));
    uint64_t before = seam_mono_us(s->seam);
    client_expect_end(s, c);
    assert_in_range(seam_mono_us(s->seam) - before, 20000, 5000000);
    assert_int_equal(s->closed, 1);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void test_peer_ends(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_send(s, c, S("PING\r\nECHO last\r\nhalf"));
    seam_shutdown_write(s->seam, c); /* what was said before the end is answered */
    client_expect(s, c, "HELLO\r\nPONG\r\nlast\r\n");
    client_expect_end(s, c);
    assert_int_equal(s->closed, 1);

    c = client_open(s); /* in the middle of counted bytes */
    client_expect(s, c, "HELLO\r\n");
    client_send(s, c, S("READ 10\r\nabc"));
    client_close(s, c);
    for (int i = 0; i < 1000 && s->closed < 2; i++)
        spin(s, 1);
    assert_int_equal(s->closed, 2);
}

/* Our last words arrive although the client goes on talking. */
static void test_last_words(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_send(s, c, S("QUIT\r\nand much more that nobody reads\r\n"));
    spin(s, 10);
    client_send(s, c, S("and more\r\n"));
    client_expect(s, c, "HELLO\r\nBYE\r\n");
    client_expect_end(s, c);
}

static void test_drain(void **state)
{
    struct toy_server *s = *state;
    int idle = client_open(s), waiting = client_open(s), half = client_open(s);
    client_expect(s, idle, "HELLO\r\n");
    client_expect(s, waiting, "HELLO\r\n");
    client_expect(s, half, "HELLO\r\n");
    client_send(s, waiting, S("READ 10\r\nabc"));
    client_send(s, half, S("PI"));
    spin(s, 5);
    loop_stop(s->loop, 3000);
    uint64_t before = seam_mono_us(s->seam);
    loop_run(s->loop);
    assert_true(seam_mono_us(s->seam) - before < 2000000); /* not only because grace ended */
    assert_int_equal(s->closed, 3);
    char got[16];
    assert_int_equal(seam_recv(s->seam, idle, got, 7), 7);
    assert_memory_equal(got, "DRAIN\r\n", 7);
    assert_int_equal(seam_recv(s->seam, half, got, 7), 7);
    assert_int_equal(seam_recv(s->seam, waiting, got, 7), 0); /* cut: as if the peer had gone */
    client_close(s, idle);
    client_close(s, waiting);
    client_close(s, half);
}

/* --- limits ---------------------------------------------------------------------------------- */

static void test_limits(void **state)
{
    (void)state;
    struct toy_server s = { 0 };
    toy_start(&s, (struct listener_config){ .conns_max = 4, .conns_per_address_max = 2 });
    struct netaddr two;
    assert_int_equal(netaddr_parse(S("127.0.0.2:0"), 0, &two), OK);

    int a = client_open(&s), b = client_open(&s);
    client_expect(&s, a, "HELLO\r\n");
    client_expect(&s, b, "HELLO\r\n");
    int c = client_open(&s);
    client_expect(&s, c, "BUSY\r\n"); /* the third of one address */
    client_expect_end(&s, c);

    int others[3];
    for (int i = 0; i < 2; i++) {
        others[i] = seam_connect(s.seam, listener_addr(s.listener), &two);
        client_expect(&s, others[i], "HELLO\r\n");
    }
    client_send(&s, a, S("QUIT\r\n"));
    client_expect(&s, a, "BYE\r\n");
    client_expect_end(&s, a);
    spin(&s, 10);
    a = client_open(&s); /* there is room again */
    client_expect(&s, a, "HELLO\r\n");
    client_close(&s, a);
    client_close(&s, b);
    for (int i = 0; i < 2; i++)
        client_close(&s, others[i]);
    spin(&s, 20);
    assert_int_equal(s.opened, s.closed);
    toy_stop(&s);
}

/* Strangers who each hold a stack keep neither users nor the rest of the strangers out for good. */
static void test_strangers_share(void **state)
{
    struct toy_server *s = *state;
    enum { MANY = 30 };
    int slow[MANY];
    int user = client_open(s);

    s->loop->fibers.stacks_max = 40; /* strangers 20, reserved 16 */
    client_send(s, user, S("KNOWN\r\nPING\r\n"));
    client_expect(s, user, "HELLO\r\nPONG\r\n");
    for (int i = 0; i < MANY; i++) {
        slow[i] = client_open(s);
        client_send(s, slow[i], S("READ 2\r\nx"));
    }
    spin(s, 20);
    assert_int_equal(fiber_stats(s->loop).running, 20);
    assert_true(fiber_stats(s->loop).queued > 0);
    client_send(s, user, S("PING\r\n"));
    client_expect(s, user, "PONG\r\n");
    for (int i = 0; i < 20; i++)
        client_send(s, slow[i], S("y"));
    for (int i = 20; i < MANY; i++)
        client_send(s, slow[i], S("y"));
    for (int i = 0; i < MANY; i++) {
        client_expect(s, slow[i], "HELLO\r\nGOT 3841\r\n");
        client_close(s, slow[i]);
    }
    client_close(s, user);
    spin(s, 20);
}

/* Without descriptors the loop waits, and goes on by itself. */
static void test_no_descriptors(void **state)
{
    struct toy_server *s = *state;
    struct rlimit old;
    int c = client_open(s);

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit none = { .rlim_cur = (rlim_t)c, .rlim_max = old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    spin(s, 5);
    uint64_t next_us = loop_next_us(s->loop);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(s->opened, 0);
    assert_int_not_equal(next_us, 0);          /* no spinning */
    assert_int_not_equal(next_us, UINT64_MAX); /* and not for ever */
    client_expect(s, c, "HELLO\r\n");
    client_close(s, c);
}

/* --- two workers ----------------------------------------------------------------------------- */

static void *worker(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void *shy_open(void *arg, struct conn *c)
{
    (void)arg;
    return c; /* no state shared between the workers */
}

static enum serve shy_serve(void *session, enum conn_why why)
{
    str line;
    if (why == CONN_DRAIN) return SERVE_CLOSE;
    while (conn_line_ready(session)) {
        if (conn_line(session, 100, &line)) return SERVE_CLOSE;
        conn_write(session, line);
    }
    return SERVE_PARK;
}

static void shy_closed(void *session)
{
    (void)session;
}

static void test_two_workers(void **state)
{
    (void)state;
    static const struct conn_handler shy = { .open = shy_open,
                                             .serve = shy_serve,
                                             .closed = shy_closed };
    enum { CLIENTS = 60 };
    struct listener_config config = { .handler = &shy, .conns_per_address_max = 1000 };
    struct seam *seam = seam_real_new("/tmp");
    struct listener *listener;
    struct loop *loops[2];
    pthread_t threads[2];
    int clients[CLIENTS];

    assert_int_equal(netaddr_parse(S("127.0.0.1:0"), 0, &config.at), OK);
    assert_int_equal(listener_open(seam, &config, &listener), OK);
    for (unsigned i = 0; i < 2; i++) {
        loops[i] = loop_new(seam, i);
        assert_int_equal(listener_attach(listener, loops[i]), OK);
        pthread_create(&threads[i], NULL, worker, loops[i]);
    }
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = seam_connect(seam, listener_addr(listener), NULL);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < CLIENTS; i++)
            while (seam_send(seam, clients[i], "echo\r\n", 6) != 6)
                sched_yield();
        for (int i = 0; i < CLIENTS; i++) {
            char got[6];
            ssize_t n;
            while ((n = seam_recv(seam, clients[i], got, 6)) == -EAGAIN)
                sched_yield();
            assert_int_equal(n, 6);
            assert_memory_equal(got, "echo\r\n", 6);
        }
    }
    for (int i = 0; i < 2; i++)
        loop_stop(loops[i], 3000);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++)
        loop_free(loops[i]);
    listener_close(listener);
    for (int i = 0; i < CLIENTS; i++)
        seam_socket_close(seam, clients[i]);
    seam_free(seam);
}

static void test_local_and_peer(void **state)
{
    struct toy_server *s = *state;
    int c = client_open(s);
    client_expect(s, c, "HELLO\r\n");
    assert_true(netaddr_eq(conn_local(s->newest->c), listener_addr(s->listener)));
    assert_true(netaddr_is_loopback(conn_peer(s->newest->c)));
    assert_true(conn_id(s->newest->c).n >= 6);
    client_send(s, c, S("PING\r\n"));
    client_expect(s, c, "PONG\r\n");
    assert_int_equal(conn_bytes_in(s->newest->c), 6);
    assert_int_equal(conn_bytes_out(s->newest->c), 13);
    client_close(s, c);
}

/* --- the client side ------------------------------------------------------------------------- */

struct errand {
    struct toy_server *s;
    struct netaddr to;
    struct buf got;
    enum err e;
    int why;
    bool done;
};

static void run_errand(void *arg)
{
    struct errand *errand = arg;
    struct connect_options o = { .to = errand->to, .connect_ms = 2000 };
    struct conn *c;
    str line;

    errand->e = conn_connect(&o, &c, &errand->why);
    errand->done = true;
    if (errand->e) return;
    conn_writef(c, "ECHO %s %d\r\n", "from a client", 7);
    while (conn_line(c, 100, &line) == OK) {
        buf_add(&errand->got, line);
        if (str_starts(line, S("from"))) conn_write(c, S("QUIT\r\n"));
    }
    assert_true(conn_gone(c));
    assert_int_equal(conn_line(c, 100, &line), ERR_GONE); /* and stays so */
    conn_close(c);
}

static void test_client(void **state)
{
    struct toy_server *s = *state;
    struct errand errand = { .s = s, .to = *listener_addr(s->listener), .got = buf_make(1000) };
    assert_int_equal(fiber_start(s->loop, FIBER_SYSTEM, run_errand, &errand), OK);
    for (int i = 0; i < 1000 && s->closed < 1; i++)
        spin(s, 1);
    spin(s, 10);
    assert_true(str_eq(buf_str(&errand.got), S("HELLO\r\nfrom a client 7\r\nBYE\r\n")));
    buf_free(&errand.got);

    struct errand refused = { .s = s };
    assert_int_equal(netaddr_parse(S("127.0.0.1:1"), 0, &refused.to), OK);
    assert_int_equal(fiber_start(s->loop, FIBER_SYSTEM, run_errand, &refused), OK);
    for (int i = 0; i < 1000 && !refused.done; i++)
        spin(s, 1);
    assert_int_equal(refused.e, ERR_LATER);
    assert_int_equal(refused.why, ECONNREFUSED);
}

/* --- what a quiet connection costs ------------------------------------------------------------ */

static size_t heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void test_idle_cost(void **state)
{
    struct toy_server *s = *state;
    const int conns = measurable() ? 9000 : 300;
    int *clients = MEM_ARRAY((size_t)conns, int);
    struct netaddr from;
    int n = 0;

    process_raise_fd_limit();
    size_t before = heap_bytes();
    for (; n < conns; n++) {
        char text[32];
        snprintf(text, sizeof text, "127.0.1.%d:0", n % 200 + 1); /* enough local ports for all */
        assert_int_equal(netaddr_parse(str_of(text), 0, &from), OK);
        clients[n] = seam_connect(s->seam, listener_addr(s->listener), &from);
        if (clients[n] < 0) break;
        client_expect(s, clients[n], "HELLO\r\n");
        client_send(s, clients[n], S("PING\r\n"));
        client_expect(s, clients[n], "PONG\r\n");
        if (s->opened < n) break;
    }
    spin(s, 5);
    size_t each = (heap_bytes() - before - (size_t)n * sizeof(struct toy)) / (size_t)n;
    if (measurable()) {
        print_message("idle connection in clear: %zu bytes on the heap (of %d; struct conn %zu)\n",
                      each, n, sizeof(struct conn));
        assert_in_range(each, 100, 999);
    }
    assert_true(n > 200);
    assert_true(fiber_stats(s->loop).stacks < 10);
    for (int i = 0; i < n; i++)
        client_close(s, clients[i]);
    mem_free(clients);
    for (int i = 0; i < 10000 && s->closed < s->opened; i++)
        spin(s, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_parked_holds_nothing),
        WITH_SERVER(test_wake),
        WITH_SERVER(test_news_for_many),
        WITH_SERVER(test_wake_while_queued),
        WITH_SERVER(test_park_timeout),
        WITH_SERVER(test_deadline),
        WITH_SERVER(test_peer_ends),
        WITH_SERVER(test_last_words),
        WITH_SERVER(test_drain),
        cmocka_unit_test(test_limits),
        WITH_SERVER(test_strangers_share),
        cmocka_unit_test(test_two_workers),
        WITH_SERVER(test_local_and_peer),
        WITH_SERVER(test_client),
        WITH_SERVER(test_idle_cost),
        WITH_SERVER(test_no_descriptors), /* valgrind moves descriptors about */
    };
    size_t n = COUNT_OF(tests) - (RUNNING_ON_VALGRIND ? 1 : 0);
    return _cmocka_run_group_tests("conn", tests, n, NULL, NULL);
}
