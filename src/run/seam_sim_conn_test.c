/* seam_sim_conn_test.c - real connections and fibers in a simulated world: a line server on one
 * machine, a client on another, the same in every repetition; and what a power cut does to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "run/conn.h"

enum { LINES = 30, SECOND_US = 1000000 };

struct place {
    struct sim_world *world;
    struct seam *client, *server;
    struct loop *client_loop, *server_loop;
    struct listener *listener;
    struct buf trace;
    unsigned talks, sessions;
    enum err err; /* how the client's talk ended */
};

/* --- the server: says every line again -------------------------------------------------------- */

struct session {
    struct conn *conn;
    struct place *place;
};

static void *on_open(void *arg, struct conn *c)
{
    struct session *s = MEM_NEW(struct session);
    *s = (struct session){ c, arg };
    s->place->sessions++;
    return s;
}

static enum serve on_serve(void *session, enum conn_why why)
{
    struct session *s = session;
    if (why == CONN_STARTED) conn_write(s->conn, S("hello\r\n"));
    if (why == CONN_TIMEOUT || why == CONN_DRAIN) return SERVE_CLOSE;
    while (conn_line_ready(s->conn)) {
        str line;
        if (conn_line(s->conn, 1000, &line)) return SERVE_CLOSE;
        conn_write(s->conn, line);
    }
    return conn_gone(s->conn) ? SERVE_CLOSE : SERVE_PARK;
}

static void on_closed(void *session)
{
    struct session *s = session;
    s->place->sessions--;
    mem_free(s);
}

static const struct conn_handler handler = { on_open, on_serve, on_closed, S_INIT("busy\r\n") };

/* --- the client ------------------------------------------------------------------------------- */

static void note(struct place *p, str line)
{
    buf_addf(&p->trace, "%lu %.*s", (unsigned long)seam_mono_us(p->client), STR_ARG(line));
}

static enum err say_lines(struct place *p, struct conn *c)
{
    str line;
    enum err e = conn_line(c, 1000, &line);
    if (e) return e;
    note(p, line);
    for (unsigned i = 0; i < LINES; i++) {
        conn_writef(c, "line %u of %u\r\n", i, LINES);
        e = conn_line(c, 1000, &line);
        if (e) return e;
        note(p, line);
        assert_true(str_starts(line, S("line ")));
    }
    return OK;
}

static void talk(void *arg)
{
    struct place *p = arg;
    struct connect_options to = { .connect_ms = 20000 };
    assert_int_equal(netaddr_parse(S("10.0.0.2:25"), 0, &to.to), OK);
    struct conn *c;
    p->err = conn_connect(&to, &c, NULL);
    if (p->err) return;
    conn_deadline(c, 30000);
    p->err = say_lines(p, c);
    conn_close(c);
    p->talks++;
}

static void start_talk(struct place *p)
{
    p->err = ERR_UNKNOWN;
    assert_int_equal(fiber_start(p->client_loop, FIBER_SYSTEM, talk, p), OK);
}

/* --- the place -------------------------------------------------------------------------------- */

static void server_boot(struct place *p)
{
    struct listener_config config = { .handler = &handler, .arg = p, .conns_max = 100 };
    p->server_loop = loop_new(p->server, 0);
    assert_int_equal(netaddr_parse(S("0.0.0.0:25"), 0, &config.at), OK);
    assert_int_equal(listener_open(p->server, &config, &p->listener), OK);
    assert_int_equal(listener_attach(p->listener, p->server_loop), OK);
}

static void loop_end(struct place *p, struct loop *l)
{
    loop_stop(l, 1000);
    sim_world_run(p->world, seam_mono_us(p->client) + 2 * SECOND_US);
    loop_free(l);
}

static void server_halt(struct place *p)
{
    loop_end(p, p->server_loop);
    listener_close(p->listener);
    assert_int_equal(p->sessions, 0);
}

static void place_open(struct place *p, uint64_t seed)
{
    *p = (struct place){ .world = sim_world_new(seed), .trace = buf_make(65536) };
    p->client = sim_machine_new(p->world, "client", "10.0.0.1");
    p->server = sim_machine_new(p->world, "server", "10.0.0.2");
    p->client_loop = loop_new(p->client, 0);
    server_boot(p);
}

static void place_close(struct place *p)
{
    server_halt(p);
    loop_end(p, p->client_loop);
    sim_world_free(p->world);
    buf_free(&p->trace);
}

/* --- tests ------------------------------------------------------------------------------------ */

static uint64_t world_of(uint64_t seed, struct buf *trace)
{
    struct place p;
    place_open(&p, seed);
    for (int i = 0; i < 3; i++)
        start_talk(&p);
    sim_world_run(p.world, 20 * SECOND_US);
    assert_int_equal(p.talks, 3);
    assert_int_equal(p.err, OK);
    buf_add(trace, buf_str(&p.trace));
    uint64_t digest = sim_world_digest(p.world);
    place_close(&p);
    return digest;
}

static void the_same_seed_says_the_same_at_the_same_time(void **state)
{
    (void)state;
    struct buf one = buf_make(65536), two = buf_make(65536), other = buf_make(65536);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        buf_reset(&one);
        buf_reset(&two);
        buf_reset(&other);
        uint64_t digest = world_of(seed, &one);
        assert_true(digest == world_of(seed, &two));
        assert_true(one.n > 0 && str_eq(buf_str(&one), buf_str(&two)));
        assert_true(digest != world_of(seed + 1000, &other));
        assert_false(str_eq(buf_str(&one), buf_str(&other)));
    }
    buf_free(&one);
    buf_free(&two);
    buf_free(&other);
}

static void a_power_cut_ends_talks_and_a_restart_takes_new_ones(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct place p;
        place_open(&p, seed);
        start_talk(&p);
        sim_world_run(p.world, SECOND_US + 5000 + seed * 1000);
        sim_machine_power_cut(p.server);
        server_halt(&p); /* the ghost unwinds */
        sim_world_run(p.world, 60 * SECOND_US);
        assert_true(p.err == ERR_GONE || p.err == ERR_LATER || p.talks == 1);

        sim_machine_power_on(p.server);
        server_boot(&p);
        p.talks = 0;
        start_talk(&p);
        sim_world_run(p.world, 80 * SECOND_US);
        assert_int_equal(p.err, OK);
        assert_int_equal(p.talks, 1);
        place_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_says_the_same_at_the_same_time),
        cmocka_unit_test(a_power_cut_ends_talks_and_a_restart_takes_new_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
