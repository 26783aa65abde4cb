/* power_test.c - the engine on a simulated disk whose power fails at every one of its changes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

enum { ROWS = 40, FIBERS = 4, SECOND_US = 1000000 };

struct crash {
    struct place p;
    struct sim_world *world;
    bool acked[ROWS];
    unsigned next, acks, fibers;
};

/* --- what is written -------------------------------------------------------------------------- */

static void add_key(struct buf *b, unsigned n)
{
    buf_addf(b, "key-%u", n);
}

static void add_value(struct buf *b, unsigned n)
{
    buf_addf(b, "value-%u-", n);
    buf_fill(b, (char)('a' + n % 26), n * 97 % 1500);
}

static enum err put_row(struct crash *c, unsigned n)
{
    struct buf key = buf_make(64), value = buf_make(2000);
    add_key(&key, n);
    add_value(&value, n);
    enum err e = put(&c->p, 20, buf_str(&key), buf_str(&value));
    buf_free(&key);
    buf_free(&value);
    return e;
}

/* NOTFOUND, OK, or CORRUPT if it holds something else. */
static enum err find_row(struct crash *c, unsigned n)
{
    struct buf key = buf_make(64), wanted = buf_make(2000);
    add_key(&key, n);
    add_value(&wanted, n);
    struct view *v = engine_view(c->p.engine);
    str value;
    enum err e = view_get(v, (struct account){ 20 }, buf_str(&key), &value);
    if (!e && !str_eq(value, buf_str(&wanted))) e = ERR_CORRUPT;
    view_end(v);
    buf_free(&key);
    buf_free(&wanted);
    return e;
}

static void write_rows(void *arg)
{
    struct crash *c = arg;
    while (c->next < ROWS) {
        unsigned n = c->next++;
        if (put_row(c, n)) break;
        c->acked[n] = true;
        c->acks++;
        if (fiber_sleep_until(loop_now_us(loop_self()) + n % 7 * 50)) break;
    }
    c->fibers--;
}

/* --- a machine's life ------------------------------------------------------------------------- */

static void crash_make(struct crash *c, uint64_t seed)
{
    *c = (struct crash){ .world = sim_world_new(seed) };
    c->p.seam = sim_machine_new(c->world, "machine", "10.0.0.1");
    c->p.options = (struct embedded_options){ .seam = c->p.seam, .map_bytes = 1 << 28 };
}

static enum err boot(struct crash *c)
{
    c->p.loop = loop_new(c->p.seam, 0);
    struct buf why = buf_make(1000);
    enum err e = engine_embedded_open(&c->p.options, &c->p.engine, &why);
    if (e) c->p.engine = NULL;
    buf_free(&why);
    return e;
}

/* Also of a ghost. */
static void halt(struct crash *c)
{
    loop_stop(c->p.loop, 1000);
    sim_world_run(c->world, seam_mono_us(c->p.seam) + 2 * SECOND_US);
    assert_int_equal(c->fibers, 0);
    if (c->p.engine) engine_close(c->p.engine);
    loop_free(c->p.loop);
}

static void serve(struct crash *c)
{
    for (c->fibers = 0; c->fibers < FIBERS; c->fibers++)
        assert_int_equal(fiber_start(c->p.loop, FIBER_SYSTEM, write_rows, c), OK);
    sim_world_run(c->world, seam_mono_us(c->p.seam) + SECOND_US);
}

static void power_back(struct crash *c)
{
    if (sim_machine_has_power(c->p.seam)) sim_machine_power_cut(c->p.seam);
    sim_machine_power_cut_at(c->p.seam, 0);
    sim_machine_power_on(c->p.seam);
}

static void check_rows(struct crash *c)
{
    for (unsigned n = 0; n < ROWS; n++) {
        enum err e = find_row(c, n);
        if (c->acked[n] && e) print_error("row %u was answered OK and is now %s\n", n, err_text(e));
        assert_int_equal(e, c->acked[n] || !e ? OK : ERR_NOTFOUND);
    }
}

/* --- tests ------------------------------------------------------------------------------------ */

static void every_crash_while_serving(void **state)
{
    (void)state;
    unsigned acks = 0;
    bool ended = false;
    for (uint64_t change = 1; !ended; change++) {
        struct crash c;
        crash_make(&c, change);
        assert_int_equal(boot(&c), OK);
        sim_machine_power_cut_at(c.p.seam, change);
        serve(&c);
        ended = sim_machine_has_power(c.p.seam);
        acks += c.acks;
        halt(&c);
        power_back(&c);
        assert_int_equal(boot(&c), OK);
        check_rows(&c);
        assert_int_equal(ended, c.acks == ROWS);
        halt(&c);
        sim_world_free(c.world);
    }
    assert_true(acks > 20 * ROWS); /* it did come to pass in the middle of things */
}

/* The first power cut while serving, the second while starting again. */
static void every_crash_while_starting(void **state)
{
    (void)state;
    for (uint64_t first = 1; first < 60; first += 7) {
        bool ended = false;
        for (uint64_t second = 1; !ended; second++) {
            struct crash c;
            crash_make(&c, first * 1000 + second);
            assert_int_equal(boot(&c), OK);
            sim_machine_power_cut_at(c.p.seam, first);
            serve(&c);
            halt(&c);
            power_back(&c);
            sim_machine_power_cut_at(c.p.seam, second);
            enum err e = boot(&c);
            ended = sim_machine_has_power(c.p.seam);
            if (ended) assert_int_equal(e, OK);
            halt(&c);
            power_back(&c);
            assert_int_equal(boot(&c), OK);
            check_rows(&c);
            halt(&c);
            sim_world_free(c.world);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_crash_while_serving),
        cmocka_unit_test(every_crash_while_starting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
