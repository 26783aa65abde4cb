/* compact_power_test.c - compaction on a simulated disk: the power fails at every one of its
 * changes, the disk fails, the disk is full. */
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

enum { LETTERS = 24, SECOND_US = 1000000, ACCOUNT = 20 };

enum state { NEVER, MAYBE, KEPT, MAYBE_GONE, GONE };

struct crash {
    struct place p;
    struct sim_world *world;
    enum state letters[LETTERS];
    unsigned fibers;
    bool done;
};

/* --- letters ---------------------------------------------------------------------------------- */

static size_t letter_bytes(unsigned n)
{
    return n == 7 || n == 20 ? 300000 : 50 + n * 577 % 6000;
}

static void add_letter(struct buf *b, unsigned n)
{
    uint32_t x = n + 1;
    while (b->n < letter_bytes(n)) {
        x = x * 1664525 + 1013904223;
        buf_addc(b, (char)(x >> 24));
    }
}

struct keep {
    struct body *body;
    unsigned n;
};

static void letter_key(struct buf *b, unsigned n)
{
    buf_addf(b, "letter-%u", n);
}

static enum err keep_fn(struct txn *t, void *arg)
{
    const struct keep *k = arg;
    struct buf key = buf_make(64), id = buf_make(8);
    struct blob blob;
    txn_body(t, k->body, &blob);
    txn_blob_ref(t, blob, 1);
    letter_key(&key, k->n);
    buf_be64(&id, blob.n);
    txn_put(t, (struct account){ ACCOUNT }, buf_str(&key), buf_str(&id));
    txn_put(t, (struct account){ ACCOUNT }, S("last"), buf_str(&key));
    buf_free(&key);
    buf_free(&id);
    return OK;
}

static enum err put_letter(struct crash *c, unsigned n)
{
    struct keep k = { .n = n };
    enum err e = body_begin(c->p.engine, &k.body);
    if (e) return e;
    struct buf letter = buf_make(letter_bytes(n));
    add_letter(&letter, n);
    c->letters[n] = MAYBE;
    for (size_t at = 0; !e && at < letter.n; at += 50000)
        e = body_write(k.body, str_sub(buf_str(&letter), at, 50000));
    if (!e) e = body_seal(k.body, S("side"));
    if (!e) e = engine_commit(c->p.engine, keep_fn, &k);
    if (!e) c->letters[n] = KEPT;
    body_free(k.body);
    buf_free(&letter);
    return e;
}

static enum err drop_fn(struct txn *t, void *arg)
{
    struct buf key = buf_make(64);
    letter_key(&key, *(unsigned *)arg);
    str id;
    enum err e = txn_get(t, (struct account){ ACCOUNT }, buf_str(&key), &id);
    if (!e) txn_blob_ref(t, (struct blob){ get_be64(id.p) }, -1);
    if (!e) txn_delete(t, (struct account){ ACCOUNT }, buf_str(&key));
    buf_free(&key);
    return e;
}

static enum err drop_letter(struct crash *c, unsigned n)
{
    if (c->letters[n] != KEPT) return OK;
    c->letters[n] = MAYBE_GONE;
    enum err e = engine_commit(c->p.engine, drop_fn, &n);
    if (!e) c->letters[n] = GONE;
    return e;
}

/* Seen in passing: as long as nothing is said to be gone a body must read back. */
static enum err read_letter(struct crash *c, unsigned n)
{
    struct buf key = buf_make(64), letter = buf_make(letter_bytes(n));
    struct view *v = engine_view(c->p.engine);
    struct blob blob = { 0 };
    struct body_reader *r = NULL;
    str id, part, side;
    letter_key(&key, n);
    enum err e = v ? view_get(v, (struct account){ ACCOUNT }, buf_str(&key), &id) : ERR_LATER;
    if (!e) blob.n = get_be64(id.p);
    if (v) view_end(v);
    if (!e) e = body_open(c->p.engine, blob, &r);
    add_letter(&letter, n);
    for (size_t at = 0; !e && at < letter.n; at += part.n) {
        e = body_read(r, at, 50000, &part);
        if (!e && (part.n == 0 || !str_eq(part, str_sub(buf_str(&letter), at, part.n))))
            e = ERR_CORRUPT;
    }
    if (!e) e = body_side(r, &side);
    if (!e && !str_eq(side, S("side"))) e = ERR_CORRUPT;
    body_close(r);
    buf_free(&key);
    buf_free(&letter);
    return e;
}

/* --- fibers ------------------------------------------------------------------------------------
 */

/* Every third letter stays. */
static enum err live(struct crash *c, unsigned from, unsigned to)
{
    enum err e = OK;
    for (unsigned n = from; n < to && !e; n++) {
        e = put_letter(c, n);
        if (!e && n >= 6 && n % 3) e = drop_letter(c, n - 6);
    }
    return e;
}

static void live_and_compact(void *arg)
{
    struct crash *c = arg;
    struct compact_result result;
    enum err e = live(c, 0, LETTERS / 2);
    if (!e) e = fiber_sleep_until(loop_now_us(loop_self()) + 5000);
    if (!e) e = engine_compact(c->p.engine, &result);
    if (!e) e = live(c, LETTERS / 2, LETTERS);
    if (!e) e = fiber_sleep_until(loop_now_us(loop_self()) + 5000);
    if (!e) e = engine_compact(c->p.engine, &result);
    c->done = e == OK;
    c->fibers--;
}

static void live_in_full(void *arg)
{
    struct crash *c = arg;
    assert_int_equal(live(c, 0, LETTERS), OK);
    c->fibers--;
}

/* Two hundred times the same ones: all but the last are dead. */
static enum err rows_fn(struct txn *t, void *arg)
{
    struct buf value = buf_make(1000);
    buf_addf(&value, "%u", *(unsigned *)arg);
    buf_fill(&value, 'x', 500);
    txn_put(t, (struct account){ ACCOUNT }, S("one"), buf_str(&value));
    txn_put(t, (struct account){ ACCOUNT }, S("two"), buf_str(&value));
    buf_free(&value);
    return OK;
}

static void write_rows_again(void *arg)
{
    struct crash *c = arg;
    for (unsigned n = 0; n < 200; n++)
        assert_int_equal(engine_commit(c->p.engine, rows_fn, &n), OK);
    c->fibers--;
}

static void check_all(void *arg)
{
    struct crash *c = arg;
    for (unsigned n = 0; n < LETTERS; n++) {
        enum err e = read_letter(c, n);
        enum state s = c->letters[n];
        bool may_be = s == MAYBE || s == KEPT || s == MAYBE_GONE, may_not = s != KEPT;
        if (!(e == OK && may_be) && !(e == ERR_NOTFOUND && may_not))
            print_error("letter %u in state %d: %s\n", n, s, err_text(e));
        assert_true((e == OK && may_be) || (e == ERR_NOTFOUND && may_not));
        c->letters[n] = e ? GONE : KEPT;
    }
    c->fibers--;
}

static void say_fault(void *arg, str what)
{
    (void)arg;
    print_error("%.*s\n", STR_ARG(what));
}

static void check_engine(void *arg)
{
    struct crash *c = arg;
    struct check_report report = { .fault = say_fault };
    assert_int_equal(engine_check(c->p.engine, &report), OK);
    c->fibers--;
}

static void compact_and_check(void *arg)
{
    struct crash *c = arg;
    struct compact_result result;
    c->fibers++;
    check_all(c);
    assert_int_equal(engine_compact(c->p.engine, &result), OK);
    c->fibers++;
    check_all(c);
    check_engine(c);
}

/* --- a machine's life ---------------------------------------------------------------------------
 */

static void crash_make(struct crash *c, uint64_t seed)
{
    *c = (struct crash){ .world = sim_world_new(seed) };
    c->p.seam = sim_machine_new(c->world, "machine", "10.0.0.1");
    c->p.options = (struct embedded_options){ .body_memory_bytes = PLACE_BODY_MEMORY_BYTES,
                                              .seam = c->p.seam,
                                              .map_bytes = 1 << 28,
                                              .segment_bytes = 16384,
                                              .garbage_grace_ms = 1 };
}

static void boot(struct crash *c)
{
    c->p.loop = loop_new(c->p.seam, 0);
    assert_int_equal(place_open(&c->p), OK);
}

static void halt(struct crash *c)
{
    loop_stop(c->p.loop, 1000);
    sim_world_run(c->world, seam_mono_us(c->p.seam) + 2 * SECOND_US);
    assert_int_equal(c->fibers, 0);
    place_close(&c->p);
    loop_free(c->p.loop);
}

static void run(struct crash *c, fiber_fn *fn)
{
    c->fibers = 1;
    assert_int_equal(fiber_start(c->p.loop, FIBER_SYSTEM, fn, c), OK);
    sim_world_run(c->world, seam_mono_us(c->p.seam) + 20 * SECOND_US);
}

static void power_off_and_on(struct crash *c)
{
    if (sim_machine_has_power(c->p.seam)) sim_machine_power_cut(c->p.seam);
    sim_machine_power_cut_at(c->p.seam, 0);
    halt(c);
    sim_machine_power_on(c->p.seam);
}

/* --- tests ---------------------------------------------------------------------------------------
 */

/* The index does not survive a power cut here: each start has the journal alone. */
static void every_crash_while_compacting(void **state)
{
    (void)state;
    bool ended = false;
    unsigned crashes = 0;
    for (uint64_t change = 1; !ended; change++, crashes++) {
        struct crash c;
        crash_make(&c, change);
        boot(&c);
        sim_machine_power_cut_at(c.p.seam, change);
        run(&c, live_and_compact);
        ended = sim_machine_has_power(c.p.seam);
        assert_int_equal(ended, c.done);
        power_off_and_on(&c);
        boot(&c);
        run(&c, compact_and_check);
        power_off_and_on(&c);
        boot(&c);
        run(&c, check_all);
        run(&c, check_engine);
        halt(&c);
        sim_world_free(c.world);
    }
    print_message("%u power cuts\n", crashes);
    assert_true(crashes > 150);
}

static void survive(const struct seam_faults *plan, uint64_t seed)
{
    struct crash c;
    crash_make(&c, seed);
    boot(&c);
    seam_faults(c.p.seam, plan);
    run(&c, live_and_compact);
    seam_faults(c.p.seam, NULL);
    run(&c, compact_and_check);
    power_off_and_on(&c);
    boot(&c);
    run(&c, compact_and_check);
    power_off_and_on(&c);
    boot(&c);
    run(&c, check_all);
    run(&c, check_engine);
    halt(&c);
    sim_world_free(c.world);
}

/* What a failed sync left behind is passed over by the next log's header, until that is gone too.
 */
static void failing_disks_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 3; nth <= 150; nth += 7) {
        const struct seam_faults plans[] = {
            { .sync = { nth, 1, -EIO } },
            { .sync = { nth, 2, -EIO } },
            { .write = { nth, 1, 0 } },
            { .write = { nth, 4, -ENOSPC } },
        };
        survive(&plans[nth % COUNT_OF(plans)], nth * 10);
    }
}

/* Nobody asks: bodies go after the grace, and rows that died are found when a log has its age. */
static void it_comes_by_itself(void **state)
{
    (void)state;
    struct crash c;
    crash_make(&c, 5);
    c.p.options.garbage_grace_ms = 600000;
    boot(&c);
    run(&c, live_in_full);
    assert_int_equal(engine_stats(c.p.engine).compacted_bytes, 0);
    sim_world_run(c.world, seam_mono_us(c.p.seam) + 700 * SECOND_US);
    uint64_t by_bodies = engine_stats(c.p.engine).compacted_bytes;
    assert_true(by_bodies > 300000); /* a large one and small ones */
    run(&c, write_rows_again);
    uint64_t segments = engine_stats(c.p.engine).segments;
    sim_world_run(c.world, seam_mono_us(c.p.seam) + 2 * 3600ULL * SECOND_US);
    assert_true(engine_stats(c.p.engine).segments < segments / 2);
    run(&c, check_all);
    run(&c, check_engine);
    halt(&c);
    sim_world_free(c.world);
}

/* --- a full disk --------------------------------------------------------------------------------
 */

enum { MIB = 1024 * 1024, PIECES = 2000, PIECE_BYTES = 200000 };

struct full {
    struct crash c;
    unsigned n;
};

/* Incompressible, and one in eight stays. */
static enum err put_piece(struct full *f, unsigned n)
{
    struct keep k = { .n = n };
    enum err e = body_begin(f->c.p.engine, &k.body);
    if (e) return e;
    struct buf bytes = buf_make(PIECE_BYTES);
    char *room = buf_reserve(&bytes, PIECE_BYTES);
    seam_random(f->c.p.seam, room, PIECE_BYTES);
    buf_commit(&bytes, PIECE_BYTES);
    e = body_write(k.body, buf_str(&bytes));
    if (!e) e = body_seal(k.body, S(""));
    if (!e) e = engine_commit(f->c.p.engine, keep_fn, &k);
    body_free(k.body);
    buf_free(&bytes);
    return e;
}

static void fill_and_free(void *arg)
{
    struct full *f = arg;
    enum err e = OK;
    while (!e && f->n < PIECES)
        e = put_piece(f, f->n++);
    assert_int_equal(e, ERR_LATER);
    for (unsigned n = 0; n + 1 < f->n; n++)
        if (n % 8) assert_int_equal(engine_commit(f->c.p.engine, drop_fn, &n), OK);
    uint64_t now = loop_now_us(loop_self());
    for (e = ERR_LATER; e && loop_now_us(loop_self()) < now + 60ULL * SECOND_US;) {
        assert_int_equal(fiber_sleep_until(loop_now_us(loop_self()) + SECOND_US), OK);
        e = put_piece(f, PIECES);
    }
    assert_int_equal(e, OK);
    f->c.done = true;
    f->c.fibers--;
}

/* Deleting goes on from the reserve, and is all that it takes. */
static void a_full_disk_gets_room(void **state)
{
    (void)state;
    struct full *f = MEM_NEW(struct full);
    crash_make(&f->c, 9);
    f->c.p.options.segment_bytes = 2 * MIB;
    sim_machine_disk(f->c.p.seam, 160 * MIB);
    boot(&f->c);
    f->c.fibers = 1;
    assert_int_equal(fiber_start(f->c.p.loop, FIBER_SYSTEM, fill_and_free, f), OK);
    sim_world_run(f->c.world, seam_mono_us(f->c.p.seam) + 120ULL * SECOND_US);
    assert_true(f->c.done);
    run(&f->c, check_engine);
    halt(&f->c);
    sim_world_free(f->c.world);
    mem_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_by_itself),
        cmocka_unit_test(a_full_disk_gets_room),
        cmocka_unit_test(failing_disks_lose_nothing),
        cmocka_unit_test(every_crash_while_compacting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
