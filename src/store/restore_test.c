/* restore_test.c - a restore whose power fails at every one of its changes leaves a folder that
 * says so, or the whole store. */
#include "store/backup_fixture.h"

enum { LETTERS = 8, SECOND_US = 1000000 };

struct crash {
    struct sim_world *world;
    struct place from, to;
    struct loop *loop;
    struct taking taking;
    struct uid uids[LETTERS];
    unsigned fibers;
    enum err result;
};

static void run(struct crash *c, struct place *p, fiber_fn *fn)
{
    c->loop = loop_new(p->seam, 0);
    c->fibers = 1;
    assert_int_equal(fiber_start(c->loop, FIBER_SYSTEM, fn, c), OK);
    sim_world_run(c->world, seam_mono_us(p->seam) + 60 * SECOND_US);
    loop_stop(c->loop, 1000);
    sim_world_run(c->world, seam_mono_us(p->seam) + 2 * SECOND_US);
    assert_int_equal(c->fibers, 0);
    loop_free(c->loop);
}

static void prepare(void *arg)
{
    struct crash *c = arg;
    user_make(&c->from.world);
    for (unsigned n = 0; n < LETTERS; n++)
        c->uids[n] = append_letter(&c->from.world, S("INBOX"), n);
    c->taking = (struct taking){ .place = &c->from, .folder = "backup" };
    take_backup(&c->taking);
    assert_int_equal(c->taking.result, OK);
    buf_free(&c->taking.why);
    c->fibers--;
}

static void restore(void *arg)
{
    struct crash *c = arg;
    struct backup_manifest m = manifest_of(c->from.seam, "backup");
    struct buf why = buf_make(4096);
    struct faults faults = { .text = buf_make(1000) };
    struct restore_run r = { .seam = c->to.seam,
                             .from = c->from.seam,
                             .folder = "backup",
                             .manifest = &m,
                             .fault = count_fault,
                             .arg = &faults };
    c->result = restore_store(&r, &why);
    assert_int_equal(faults.n, 0);
    manifest_free(&m);
    buf_free(&why);
    buf_free(&faults.text);
    c->fibers--;
}

static void expect_all(void *arg)
{
    struct crash *c = arg;
    user_find(&c->to.world);
    for (unsigned n = 0; n < LETTERS; n++)
        expect_letter(&c->to.world, c->uids[n], n);
    struct check_report report = { .fault = print_fault };
    assert_int_equal(store_check(c->to.world.store, &report), OK);
    c->fibers--;
}

static void crash_make(struct crash *c, uint64_t seed)
{
    *c = (struct crash){ .world = sim_world_new(seed) };
    c->from.seam = sim_machine_new(c->world, "old", "10.0.0.1");
    c->to.seam = sim_machine_new(c->world, "new", "10.0.0.2");
    place_open_well(&c->from, 1 << 20);
    run(c, &c->from, prepare);
    place_close(&c->from);
}

static bool has_any(struct seam *seam, bool (*each)(void *, const char *))
{
    bool any = false;
    assert_int_equal(seam_list(seam, ".", each, &any), 0);
    return any;
}

static bool see(void *arg, const char *name)
{
    (void)name;
    *(bool *)arg = true;
    return false;
}

/* After a cut: nothing at all, or refused with words, or whole. Then the same restore again. */
static void look(struct crash *c, unsigned *refused, unsigned *whole)
{
    struct buf why = buf_make(1000);
    if (has_any(c->to.seam, see)) {
        enum err e = place_open(&c->to, 1 << 20, &why);
        if (!e) {
            run(c, &c->to, expect_all);
            place_close(&c->to);
            ++*whole;
            buf_free(&why);
            return;
        }
        assert_int_equal(e, ERR_DENIED);
        assert_true(str_find(buf_str(&why), S("restore")) != STR_NPOS);
        ++*refused;
    }
    buf_free(&why);
}

static void every_power_cut(void **state)
{
    (void)state;
    unsigned refused = 0, whole = 0, cuts = 0;
    bool ended = false;
    for (uint64_t change = 1; !ended; change++) {
        struct crash c;
        crash_make(&c, change);
        sim_machine_power_cut_at(c.to.seam, change);
        run(&c, &c.to, restore);
        ended = sim_machine_has_power(c.to.seam);
        assert_int_equal(c.result == OK, ended);
        if (ended) sim_machine_power_cut(c.to.seam); /* what was answered is durable */
        sim_machine_power_cut_at(c.to.seam, 0);
        sim_machine_power_on(c.to.seam);
        unsigned whole_before = whole;
        look(&c, &refused, &whole);
        if (ended) assert_int_equal(whole, whole_before + 1);
        cuts++;
        if (whole == whole_before) { /* begun again, it is done */
            run(&c, &c.to, restore);
            assert_int_equal(c.result, OK);
            look(&c, &refused, &whole);
            assert_int_equal(whole, whole_before + 1);
        }
        sim_world_free(c.world);
    }
    print_message("%u cuts: %u left a folder that says so\n", cuts, refused);
    assert_true(refused > 10);
}

/* --- a backup to a disk whose power fails -------------------------------------------------------
 */

static void take_it(struct crash *c)
{
    c->taking = (struct taking){ .place = &c->from, .folder = "copy", .disk = c->to.seam };
    take_backup(&c->taking);
    buf_free(&c->taking.why);
}

static void take_first(void *arg)
{
    struct crash *c = arg;
    take_it(c);
    assert_int_equal(c->taking.result, OK);
    user_find(&c->from.world);
    for (unsigned n = LETTERS; n < 2 * LETTERS; n++)
        append_letter(&c->from.world, S("INBOX"), n);
    c->fibers--;
}

static void take_next(void *arg)
{
    struct crash *c = arg;
    take_it(c);
    c->fibers--;
}

static void verify(void *arg)
{
    struct crash *c = arg;
    struct backup_manifest m = manifest_of(c->to.seam, "copy");
    struct faults faults = { .text = buf_make(10000) };
    struct backup_verify v = {
        .seam = c->to.seam, .folder = "copy", .manifest = &m, .fault = count_fault, .arg = &faults
    };
    assert_int_equal(backup_verify(&v), OK);
    if (faults.n) print_error("%.*s", STR_ARG(buf_str(&faults.text)));
    assert_int_equal(faults.n, 0);
    manifest_free(&m);
    buf_free(&faults.text);
    c->fibers--;
}

static void every_power_cut_of_a_backup(void **state)
{
    (void)state;
    unsigned cuts = 0;
    bool ended = false;
    for (uint64_t change = 1; !ended; change++) {
        struct crash c;
        crash_make(&c, 1000 + change);
        place_open_well(&c.from, 1 << 20);
        run(&c, &c.from, take_first);
        sim_machine_power_cut_at(c.to.seam, change);
        run(&c, &c.from, take_next);
        ended = sim_machine_has_power(c.to.seam);
        if (ended) assert_int_equal(c.taking.result, OK);
        if (ended) sim_machine_power_cut(c.to.seam);
        sim_machine_power_cut_at(c.to.seam, 0);
        sim_machine_power_on(c.to.seam);
        run(&c, &c.to, verify);
        run(&c, &c.from, take_next); /* and goes on */
        assert_int_equal(c.taking.result, OK);
        run(&c, &c.to, verify);
        cuts++;
        place_close(&c.from);
        sim_world_free(c.world);
    }
    print_message("%u cuts\n", cuts);
    assert_true(cuts > 10);
}

int main(void)
{
    log_level_set(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_power_cut),
        cmocka_unit_test(every_power_cut_of_a_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
