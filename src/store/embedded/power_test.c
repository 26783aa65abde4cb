/* power_test.c - the engine on a simulated disk whose power fails at every one of its changes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

enum { ROWS = 40, FIBERS = 4, SECOND_US = 1000000 };

struct crash {
    struct place p;
    struct sim_world *world;
    bool acked[ROWS];
    unsigned rows; /* to be written until now */
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
    while (c->next < c->rows) {
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
    c->p.options = (struct embedded_options){ .seam = c->p.seam,
                                              .map_bytes = 1 << 28,
                                              .body_memory_bytes = PLACE_BODY_MEMORY_BYTES };
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

static void run_fibers(struct crash *c, unsigned n, fiber_fn *fn)
{
    for (c->fibers = 0; c->fibers < n; c->fibers++)
        assert_int_equal(fiber_start(c->p.loop, FIBER_SYSTEM, fn, c), OK);
    sim_world_run(c->world, seam_mono_us(c->p.seam) + SECOND_US);
}

static void serve_some(struct crash *c, unsigned rows)
{
    c->rows = rows;
    run_fibers(c, FIBERS, write_rows);
}

static void serve(struct crash *c)
{
    serve_some(c, ROWS);
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

/* The disk's n-th write or sync fails, later the power too: what was answered OK was synced again
 * elsewhere, for a sync that failed is never to be trusted the second time. */
static void survive(const struct seam_faults *plan, uint64_t seed, unsigned *acks)
{
    struct crash c;
    crash_make(&c, seed);
    assert_int_equal(boot(&c), OK);
    seam_faults(c.p.seam, plan);
    serve(&c);
    seam_faults(c.p.seam, NULL);
    check_rows(&c);
    *acks += c.acks;
    sim_machine_power_cut(c.p.seam);
    halt(&c);
    power_back(&c);
    assert_int_equal(boot(&c), OK);
    check_rows(&c);
    halt(&c);
    sim_world_free(c.world);
}

static void failing_disks_lose_nothing(void **state)
{
    (void)state;
    unsigned acks = 0;
    for (uint64_t nth = 1; nth <= 20; nth++) {
        const struct seam_faults plans[] = {
            { .sync = { nth, 1, -EIO } },     { .sync = { nth, 2, -EIO } },
            { .write = { nth, 1, -EIO } },    { .write = { nth, 1, 0 } },
            { .write = { nth, 5, -ENOSPC } }, { .allocate = { nth % 3 + 1, 3, -ENOSPC } },
        };
        for (size_t i = 0; i < COUNT_OF(plans); i++)
            survive(&plans[i], nth * 100 + i, &acks);
    }
    assert_true(acks > 60 * ROWS); /* one failure does not end it all */
}

static void say_fault(void *arg, str what)
{
    (void)arg;
    print_error("%.*s\n", STR_ARG(what));
}

static void check_store(void *arg)
{
    struct crash *c = arg;
    struct check_report report = { .fault = say_fault };
    assert_int_equal(engine_check(c->p.engine, &report), OK);
    c->fibers--;
}

/* What was read back once, answered or not, others have acted upon: it must last. */
static unsigned note_what_is_there(struct crash *c)
{
    unsigned more = 0;
    for (unsigned n = 0; n < ROWS; n++) {
        more += !c->acked[n] && !find_row(c, n);
        c->acked[n] |= !find_row(c, n);
    }
    return more;
}

/* The process ends while its disk fails, and starts again: it reads pages that the disk never got,
 * and that a sync passes over. Then the power goes. */
static unsigned restart_between(uint64_t seed)
{
    struct crash c;
    crash_make(&c, seed);
    assert_int_equal(boot(&c), OK);
    serve_some(&c, 5);
    struct sim_trouble trouble = { .what = SIM_WRITES | SIM_SYNCS,
                                   .error = -EIO,
                                   .one_in = 1 + (unsigned)(seed % 3),
                                   .until_mono_us = UINT64_MAX };
    sim_machine_trouble(c.p.seam, &trouble);
    serve_some(&c, 10);
    halt(&c);
    sim_machine_trouble(c.p.seam, &(struct sim_trouble){ 0 });
    assert_int_equal(boot(&c), OK);
    check_rows(&c);
    unsigned unanswered = note_what_is_there(&c);
    serve_some(&c, ROWS);
    sim_machine_power_cut(c.p.seam);
    halt(&c);
    power_back(&c);
    assert_int_equal(boot(&c), OK);
    check_rows(&c);
    run_fibers(&c, 1, check_store);
    halt(&c);
    sim_world_free(c.world);
    return unanswered;
}

static void what_a_restart_reads_after_failed_syncs_lasts(void **state)
{
    (void)state;
    unsigned unanswered = 0;
    for (uint64_t seed = 1; seed <= 200; seed++)
        unanswered += restart_between(seed);
    assert_true(unanswered > 0); /* some had not been answered, and were there */
}

/* --- letters ---------------------------------------------------------------------------------- */

/* Some in memory on their way in, some streamed to a segment of their own. */
static const size_t letter_bytes[] = { 10, 3000, 300000, 70000, 20, 700000 };

struct keep {
    struct body *body;
    unsigned n;
};

static enum err keep_fn(struct txn *t, void *arg)
{
    const struct keep *k = arg;
    struct blob blob;
    struct buf key = buf_make(64), id = buf_make(8);
    txn_body(t, k->body, &blob);
    txn_blob_ref(t, blob, 1);
    add_key(&key, k->n);
    buf_be64(&id, blob.n);
    txn_put(t, (struct account){ 20 }, buf_str(&key), buf_str(&id));
    buf_free(&key);
    buf_free(&id);
    return OK;
}

/* Not of one letter alone: zstd would leave nothing to lose. */
static void add_letter(struct buf *b, unsigned n)
{
    uint32_t x = n + 1;
    while (b->n < letter_bytes[n]) {
        x = x * 1664525 + 1013904223;
        buf_addc(b, (char)(x >> 26 | 0x40));
    }
}

static enum err write_body(struct body *body, str letter)
{
    enum err e = OK;
    for (size_t at = 0; at < letter.n && !e; at += 50000)
        e = body_write(body, str_sub(letter, at, 50000));
    return e ? e : body_seal(body, S("side"));
}

static enum err put_letter(struct crash *c, unsigned n)
{
    struct keep k = { .n = n };
    enum err e = body_begin(c->p.engine, &k.body);
    if (e) return e;
    struct buf letter = buf_make(letter_bytes[n]);
    add_letter(&letter, n);
    e = write_body(k.body, buf_str(&letter));
    if (!e) e = engine_commit(c->p.engine, keep_fn, &k);
    body_free(k.body);
    buf_free(&letter);
    return e;
}

static void write_letters(void *arg)
{
    struct crash *c = arg;
    while (c->next < COUNT_OF(letter_bytes)) {
        unsigned n = c->next++;
        if (put_letter(c, n)) break;
        c->acked[n] = true;
        c->acks++;
    }
    c->fibers--;
}

static enum err find_blob(struct crash *c, unsigned n, struct blob *blob)
{
    struct buf key = buf_make(64);
    add_key(&key, n);
    struct view *v = engine_view(c->p.engine);
    str id;
    enum err e = view_get(v, (struct account){ 20 }, buf_str(&key), &id);
    if (!e) blob->n = get_be64(id.p);
    view_end(v);
    buf_free(&key);
    return e;
}

static void expect_letter(struct crash *c, unsigned n, struct blob blob)
{
    struct body_reader *r;
    struct buf letter = buf_make(letter_bytes[n]);
    add_letter(&letter, n);
    assert_int_equal(body_open(c->p.engine, blob, &r), OK);
    assert_int_equal(body_reader_size(r), letter.n);
    str side, part;
    assert_int_equal(body_side(r, &side), OK);
    assert_true(str_eq(side, S("side")));
    for (size_t at = 0; at < letter.n; at += part.n) {
        assert_int_equal(body_read(r, at, 50000, &part), OK);
        assert_true(part.n > 0 && str_eq(part, str_sub(buf_str(&letter), at, part.n)));
    }
    body_close(r);
    buf_free(&letter);
}

static void check_letters(void *arg)
{
    struct crash *c = arg;
    for (unsigned n = 0; n < COUNT_OF(letter_bytes); n++) {
        struct blob blob;
        enum err e = find_blob(c, n, &blob);
        assert_int_equal(e, c->acked[n] || !e ? OK : ERR_NOTFOUND);
        if (!e) expect_letter(c, n, blob);
    }
    check_store(c);
}

static void every_crash_while_letters_arrive(void **state)
{
    (void)state;
    bool ended = false;
    for (uint64_t change = 1; !ended; change++) {
        struct crash c;
        crash_make(&c, change);
        assert_int_equal(boot(&c), OK);
        sim_machine_power_cut_at(c.p.seam, change);
        run_fibers(&c, 3, write_letters);
        ended = sim_machine_has_power(c.p.seam);
        halt(&c);
        power_back(&c);
        assert_int_equal(boot(&c), OK);
        run_fibers(&c, 1, check_letters);
        assert_int_equal(ended, c.acks == COUNT_OF(letter_bytes));
        halt(&c);
        sim_world_free(c.world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_crash_while_serving),
        cmocka_unit_test(every_crash_while_starting),
        cmocka_unit_test(failing_disks_lose_nothing),
        cmocka_unit_test(what_a_restart_reads_after_failed_syncs_lasts),
        cmocka_unit_test(every_crash_while_letters_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
