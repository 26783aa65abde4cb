/* seam_sim_test.c - the simulated world: two machines talk, time leaps, the same seed repeats all.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "run/fiber.h"
#include "run/work.h"

enum { LINES = 60, SECOND_US = 1000000 };

/* --- an echo between two machines ------------------------------------------------------------- */

struct place {
    struct sim_world *world;
    struct seam *a, *b; /* client, server */
    struct loop *la, *lb;
    struct buf trace;
};

/* One end of a connection: what came, what must still leave. */
struct end {
    struct loop_watch watch; /* first, so that a watch is its end */
    struct place *place;
    struct seam *seam;
    struct loop *loop;
    char name;
    struct buf in, out;
    unsigned lines;
    int error;
    void (*line)(struct end *e, str line);
    struct end *accepted;
};

static void place_open(struct place *p, uint64_t seed)
{
    *p = (struct place){ .world = sim_world_new(seed), .trace = buf_make(1024 * 1024) };
    p->a = sim_machine_new(p->world, "a", "10.0.0.1");
    p->b = sim_machine_new(p->world, "b", "10.0.0.2");
    p->la = loop_new(p->a, 0);
    p->lb = loop_new(p->b, 0);
}

static void place_close(struct place *p)
{
    loop_stop(p->la, 1000);
    loop_stop(p->lb, 1000);
    sim_world_run(p->world, seam_mono_us(p->a) + 2 * SECOND_US);
    loop_free(p->la);
    loop_free(p->lb);
    sim_world_free(p->world);
    buf_free(&p->trace);
}

static void note(struct end *e, const char *what, size_t n)
{
    buf_addf(&e->place->trace, "%lu %c %s %zu\n", (unsigned long)seam_mono_us(e->seam), e->name,
             what, n);
}

static void end_watch(struct end *e)
{
    unsigned what = SEAM_READABLE | (e->out.n > 0 ? SEAM_WRITABLE : 0);
    assert_int_equal(loop_watch(e->loop, &e->watch, what), OK);
}

static void end_close(struct end *e)
{
    loop_unwatch(e->loop, &e->watch);
    seam_socket_close(e->seam, e->watch.handle);
    buf_free(&e->in);
    buf_free(&e->out);
}

static void end_read(struct end *e)
{
    for (;;) {
        char *room = buf_reserve(&e->in, 512);
        ssize_t got = seam_recv(e->seam, e->watch.handle, room, 512);
        if (got == -EAGAIN) return;
        note(e, "got", got < 0 ? 0 : (size_t)got);
        e->error = got == 0 ? -EPIPE : got < 0 ? (int)got : 0;
        if (got <= 0) return;
        buf_commit(&e->in, (size_t)got);
    }
}

static void end_lines(struct end *e)
{
    for (size_t n; (n = str_chr(buf_str(&e->in), '\n')) != STR_NPOS;) {
        e->lines++;
        e->line(e, str_take(buf_str(&e->in), n + 1));
        buf_consume(&e->in, n + 1);
    }
}

static void end_write(struct end *e)
{
    while (e->out.n > 0) {
        ssize_t put = seam_send(e->seam, e->watch.handle, e->out.p, e->out.n);
        if (put == -EAGAIN) return;
        note(e, "put", put < 0 ? 0 : (size_t)put);
        if (put < 0) {
            e->error = (int)put;
            return;
        }
        buf_consume(&e->out, (size_t)put);
    }
}

static void end_ready(struct loop_watch *w, unsigned what)
{
    struct end *e = (struct end *)w;
    if (what & SEAM_READABLE) end_read(e);
    end_lines(e);
    if (!e->error) end_write(e);
    if (e->error)
        loop_unwatch(e->loop, &e->watch);
    else
        end_watch(e);
}

static void end_open(struct end *e, int handle)
{
    e->watch.handle = handle;
    e->watch.ready = end_ready;
    e->in = buf_make(1024 * 1024);
    e->out = buf_make(1024 * 1024);
}

static void echo_line(struct end *e, str line)
{
    buf_add(&e->out, line);
}

/* Line n has n * 37 letters, some more than a window of the peer's reads. */
static void expect_line(struct end *e, str line)
{
    assert_int_equal(line.n, (e->lines - 1) * 37 + 1);
}

static void accept_ready(struct loop_watch *w, unsigned what)
{
    (void)what;
    struct end *listener = (struct end *)w, *e = listener->accepted;
    struct netaddr peer;
    int handle = seam_accept(listener->seam, w->handle, &peer);
    if (handle == -EAGAIN) return;
    assert_true(handle >= 0);
    assert_int_equal(peer.ip[3], 1);
    end_open(e, handle);
    end_watch(e);
    assert_int_equal(seam_accept(listener->seam, w->handle, &peer), -EAGAIN);
}

static struct netaddr addr(const char *text)
{
    struct netaddr a;
    assert_int_equal(netaddr_parse(str_of(text), 25, &a), OK);
    return a;
}

struct talk {
    struct end listener, server, client;
};

static void talk_open(struct talk *t, struct place *p)
{
    *t = (struct talk){
        .listener = { .place = p, .seam = p->b, .loop = p->lb, .name = 'l' },
        .server = { .place = p, .seam = p->b, .loop = p->lb, .name = 's', .line = echo_line },
        .client = { .place = p, .seam = p->a, .loop = p->la, .name = 'c', .line = expect_line },
    };
    struct netaddr any = addr("0.0.0.0:25"), to = addr("10.0.0.2:25");
    int handle = seam_listen(p->b, &any, 10);
    assert_true(handle >= 0);
    t->listener.watch = (struct loop_watch){ .handle = handle, .ready = accept_ready };
    t->listener.accepted = &t->server;
    assert_int_equal(loop_watch(p->lb, &t->listener.watch, SEAM_READABLE), OK);

    handle = seam_connect(p->a, &to, NULL);
    assert_true(handle >= 0);
    end_open(&t->client, handle);
    for (unsigned i = 0; i < LINES; i++) {
        buf_fill(&t->client.out, 'x', i * 37);
        buf_addc(&t->client.out, '\n');
    }
    end_watch(&t->client);
}

static void talk_close(struct talk *t)
{
    end_close(&t->client);
    if (t->server.watch.ready) end_close(&t->server);
    end_close(&t->listener);
}

static uint64_t echo_world(uint64_t seed, struct buf *trace)
{
    struct place p;
    struct talk t;
    place_open(&p, seed);
    talk_open(&t, &p);
    assert_true(sim_world_run(p.world, 100 * SECOND_US));
    assert_int_equal(t.client.lines, LINES);
    assert_int_equal(t.client.error, 0);
    uint64_t digest = sim_world_digest(p.world);
    buf_add(trace, buf_str(&p.trace));
    talk_close(&t);
    place_close(&p);
    return digest;
}

static void the_same_seed_repeats_everything(void **state)
{
    (void)state;
    struct buf one = buf_make(1024 * 1024), two = buf_make(1024 * 1024),
               other = buf_make(1024 * 1024);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        buf_reset(&one);
        buf_reset(&two);
        buf_reset(&other);
        uint64_t digest = echo_world(seed, &one);
        assert_true(digest == echo_world(seed, &two));
        assert_true(str_eq(buf_str(&one), buf_str(&two)));
        assert_true(digest != echo_world(seed + 1000, &other));
        assert_false(str_eq(buf_str(&one), buf_str(&other)));
    }
    buf_free(&one);
    buf_free(&two);
    buf_free(&other);
}

static void a_closed_end_is_heard_of(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct place p;
        struct talk t;
        place_open(&p, seed);
        talk_open(&t, &p);
        sim_world_run(p.world, SECOND_US + 20000);
        bool unread = t.client.lines < LINES;
        end_close(&t.client);
        assert_true(sim_world_run(p.world, 100 * SECOND_US));
        if (t.server.watch.ready) /* an end, or a reset if bytes were thrown away */
            assert_true(t.server.error == -EPIPE || (unread && t.server.error == -ECONNRESET));
        t.client = (struct end){ .seam = p.a, .loop = p.la, .watch = { .handle = 0 } };
        talk_close(&t);
        place_close(&p);
    }
}

/* --- who cannot be reached -------------------------------------------------------------------- */

static int connect_outcome(struct place *p, const char *to, uint64_t *took_us)
{
    struct netaddr at = addr(to);
    int handle = seam_connect(p->a, &at, NULL);
    if (handle < 0) return handle;
    struct seam_poller *poller = seam_poller_new(p->a);
    struct seam_event event;
    uint64_t before = seam_mono_us(p->a);
    assert_int_equal(seam_poller_set(poller, handle, SEAM_WRITABLE, NULL, false), 0);
    while (seam_poller_wait(poller, &event, 1, 0) == 0)
        sim_world_run(p->world, seam_mono_us(p->a) + 1000);
    *took_us = seam_mono_us(p->a) - before;
    int error = seam_socket_error(p->a, handle);
    seam_poller_free(poller);
    seam_socket_close(p->a, handle);
    return error;
}

static void nobody_there_and_nobody_listening_differ(void **state)
{
    (void)state;
    struct place p;
    uint64_t took_us;
    place_open(&p, 7);
    assert_int_equal(connect_outcome(&p, "10.0.0.2:26", &took_us), -ECONNREFUSED);
    assert_true(took_us < 10000);
    assert_int_equal(connect_outcome(&p, "10.0.0.9:25", &took_us), -ETIMEDOUT);
    assert_true(took_us >= 60 * (uint64_t)SECOND_US);

    struct netaddr loopback = addr("127.0.0.1:25"), elsewhere = addr("10.0.0.2:25");
    int listener = seam_listen(p.a, &loopback, 1);
    assert_true(listener >= 0);
    assert_int_equal(seam_listen(p.a, &loopback, 1), -EADDRINUSE);
    assert_int_equal(seam_listen(p.a, &elsewhere, 1), -EADDRNOTAVAIL);
    assert_int_equal(connect_outcome(&p, "127.0.0.1:25", &took_us), 0);
    assert_int_equal(connect_outcome(&p, "10.0.0.1:25", &took_us), -ECONNREFUSED);
    seam_socket_close(p.a, listener);
    place_close(&p);
}

static void unix_sockets_are_the_machines_own(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 7);
    struct netaddr at = addr("unix:/run/x");
    int listener = seam_listen(p.a, &at, 1);
    assert_int_equal(seam_connect(p.b, &at, NULL), -ECONNREFUSED);
    int client = seam_connect(p.a, &at, NULL), server = seam_accept(p.a, listener, NULL);
    assert_true(server >= 0);
    char got[4];
    assert_true(seam_send(p.a, client, "abc", 3) > 0);
    assert_int_equal(seam_recv(p.a, server, got, 4), -EAGAIN);
    sim_world_run(p.world, 2 * SECOND_US);
    assert_true(seam_recv(p.a, server, got, 4) > 0);
    assert_int_equal(got[0], 'a');
    seam_socket_close(p.a, client);
    seam_socket_close(p.a, server);
    seam_socket_close(p.a, listener);
    place_close(&p);
}

static void a_window_fills_and_empties(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 9);
    struct netaddr at = addr("10.0.0.2:25");
    int listener = seam_listen(p.b, &at, 1), client = seam_connect(p.a, &at, NULL);
    sim_world_run(p.world, 2 * SECOND_US);
    int server = seam_accept(p.b, listener, NULL);
    static char bytes[8192];
    size_t sent = 0, received = 0;
    ssize_t n;
    while ((n = seam_send(p.a, client, bytes, sizeof(bytes))) > 0)
        sent += (size_t)n;
    assert_int_equal(n, -EAGAIN);
    assert_int_equal(sent, 64 * 1024);
    sim_world_run(p.world, 3 * SECOND_US);
    while ((n = seam_recv(p.b, server, bytes, sizeof(bytes))) > 0)
        received += (size_t)n;
    assert_int_equal(received, sent);
    assert_true(seam_send(p.a, client, bytes, 1) == 1);
    seam_socket_close(p.a, client);
    seam_socket_close(p.b, server);
    seam_socket_close(p.b, listener);
    place_close(&p);
}

/* --- fibers, services, DNS -------------------------------------------------------------------- */

static void count_up(void *arg)
{
    ++*(int *)arg;
}

struct busy {
    struct place *place;
    struct pool *pool;
    int worked, slept, asked;
};

static void work_and_sleep(void *arg)
{
    struct busy *b = arg;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(work(b->pool, count_up, &b->worked), OK);
        uint64_t at = loop_now_us(loop_self()) + 3600 * (uint64_t)SECOND_US;
        assert_int_equal(fiber_sleep_until(at), OK);
        assert_true(seam_mono_us(b->place->a) == at);
        b->slept++;
    }
}

static void time_leaps_while_everybody_waits(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 11);
    struct busy b = { .place = &p, .pool = pool_new(p.a, "work", 3, 10) };
    for (int i = 0; i < 5; i++)
        assert_int_equal(fiber_start(p.la, FIBER_SYSTEM, work_and_sleep, &b), OK);
    int64_t wall = seam_wall_us(p.a);
    assert_false(sim_world_run(p.world, 3600 * (uint64_t)SECOND_US));
    assert_int_equal(seam_mono_us(p.b), 3600 * (uint64_t)SECOND_US);
    assert_int_equal(b.slept, 0);
    assert_true(sim_world_run(p.world, UINT64_MAX - 1));
    assert_int_equal(b.worked, 50);
    assert_int_equal(b.slept, 50);
    assert_int_equal(seam_wall_us(p.a) - wall, INT64_C(36000) * SECOND_US);
    pool_free(p.la ? b.pool : NULL);
    place_close(&p);
}

static void expect_mx(void *arg, const struct seam_dns_reply *r)
{
    struct busy *b = arg;
    assert_int_equal(r->status, DNS_ANSWER);
    assert_int_equal(r->n, 2);
    assert_true(str_eq(r->rdata[1], S("\0\x14\x01y\0")));
    assert_true(str_eq(r->canonical, S("b.test")));
    b->asked++;
}

static void expect_nodata(void *arg, const struct seam_dns_reply *r)
{
    assert_int_equal(r->status, DNS_NODATA);
    ((struct busy *)arg)->asked++;
}

static void expect_nxdomain(void *arg, const struct seam_dns_reply *r)
{
    assert_int_equal(r->status, DNS_NXDOMAIN);
    ((struct busy *)arg)->asked++;
}

static void expect_failure(void *arg, const struct seam_dns_reply *r)
{
    assert_int_equal(r->status, DNS_FAILED);
    ((struct busy *)arg)->asked++;
}

static void names_resolve_from_the_table(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 12);
    sim_dns_add(p.world, S("B.test."), 15, S("\0\x0a\x01x\0"));
    sim_dns_add(p.world, S("b.test"), 15, S("\0\x14\x01y\0"));
    sim_dns_add(p.world, S("alias.test"), 5,
                S("\x01"
                  "B\x04test\0"));
    struct busy b = { .place = &p };
    void *q;
    assert_int_equal(seam_dns_query(p.a, p.la, S("ALIAS.test"), 15, expect_mx, &b, &q), OK);
    assert_int_equal(seam_dns_query(p.b, p.lb, S("b.test"), 1, expect_nodata, &b, &q), OK);
    assert_int_equal(seam_dns_query(p.b, p.lb, S("test"), 15, expect_nodata, &b, &q), OK);
    assert_int_equal(seam_dns_query(p.a, p.la, S("c.test"), 15, expect_nxdomain, &b, &q), OK);
    assert_int_equal(seam_dns_query(p.a, p.la, S("c.test"), 15, expect_failure, &b, &q), OK);
    seam_dns_cancel(p.a, q);
    assert_int_equal(b.asked, 0);
    assert_true(sim_world_run(p.world, 10 * SECOND_US));
    assert_int_equal(b.asked, 4);
    sim_dns_fail(p.world, true);
    assert_int_equal(seam_dns_query(p.a, p.la, S("b.test"), 15, expect_failure, &b, &q), OK);
    assert_true(sim_world_run(p.world, 20 * SECOND_US));
    assert_int_equal(b.asked, 5);
    place_close(&p);
}

/* --- power and the network -------------------------------------------------------------------- */

static void a_power_cut_silences_the_network(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct place p;
        struct talk t;
        place_open(&p, seed);
        talk_open(&t, &p);
        sim_world_run(p.world, SECOND_US + 20000);
        sim_machine_power_cut(p.b);
        sim_world_run(p.world, 100 * SECOND_US);
        assert_int_equal(t.client.error, 0);                              /* not a word */
        if (t.server.watch.ready) assert_int_equal(t.server.error, -EIO); /* its ghost knows */

        /* The ghost ends in good order, and the machine starts anew. */
        loop_stop(p.lb, 0);
        sim_world_run(p.world, 101 * SECOND_US);
        loop_free(p.lb);
        sim_machine_power_on(p.b);
        p.lb = loop_new(p.b, 0);
        seam_send(p.a, t.client.watch.handle, "x", 1);
        sim_world_run(p.world, 102 * SECOND_US);
        assert_true(t.client.error == -ECONNRESET || t.client.error == -ECONNREFUSED);
        t.server.loop = t.listener.loop = p.lb;
        talk_close(&t);
        place_close(&p);
    }
}

/* Its machine ends, or loses its power, while somebody waits to be let in. */
static void a_listener_goes_before_those_who_wait(void **state)
{
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        struct place p;
        struct netaddr at;
        place_open(&p, 1);
        assert_int_equal(netaddr_parse(S("0.0.0.0:25"), 0, &at), OK);
        assert_true(seam_listen(p.b, &at, 10) >= 0);
        assert_int_equal(netaddr_parse(S("127.0.0.1:25"), 0, &at), OK);
        assert_true(seam_connect(p.b, &at, NULL) >= 0);
        sim_world_run(p.world, SECOND_US);
        if (cut) sim_machine_power_cut(p.b);
        if (cut) sim_machine_power_on(p.b);
        place_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_repeats_everything),
        cmocka_unit_test(a_closed_end_is_heard_of),
        cmocka_unit_test(nobody_there_and_nobody_listening_differ),
        cmocka_unit_test(unix_sockets_are_the_machines_own),
        cmocka_unit_test(a_window_fills_and_empties),
        cmocka_unit_test(time_leaps_while_everybody_waits),
        cmocka_unit_test(names_resolve_from_the_table),
        cmocka_unit_test(a_power_cut_silences_the_network),
        cmocka_unit_test(a_listener_goes_before_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
