/* body_test.c - the engine's bodies: byte for byte, swept, in their memory; and check reads them
 * all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_make(p);
    *state = p;
    return place_open(p) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    place_remove(*state);
    mem_free(*state);
    return 0;
}

static void reopen(struct place *p)
{
    place_close(p);
    assert_int_equal(place_open(p), OK);
}

/* --- bodies --------------------------------------------------------------------------------- */

struct letter {
    size_t n;
    bool random;
    str side;
    struct blob blob;
};

static char letter_byte(const struct letter *l, size_t i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15;
    return l->random ? (char)((x ^ x >> 29) * 0xbf58476d1ce4e5b9 >> 40)
                     : (char)('a' + i / 100 % 26);
}

static enum err keep_fn(struct txn *t, void *arg)
{
    void **both = arg;
    struct letter *l = both[0];
    struct blob again;
    txn_body(t, both[1], &l->blob);
    txn_body(t, both[1], &again);
    if (again.n != l->blob.n) return ERR_CORRUPT;
    txn_blob_ref(t, l->blob, 1);
    return OK;
}

static void write_letter(struct place *p, void *arg)
{
    struct letter *l = arg;
    struct body *b;
    char *bytes = mem_new(l->n + 1);
    for (size_t i = 0; i < l->n; i++)
        bytes[i] = letter_byte(l, i);
    assert_int_equal(body_begin(p->engine, &b), OK);
    for (size_t at = 0; at < l->n; at += 10000)
        assert_int_equal(body_write(b, str_sub((str){ bytes, l->n }, at, 10000)), OK);
    assert_int_equal(body_size(b), l->n);
    assert_int_equal(body_seal(b, l->side), OK);
    void *both[2] = { l, b };
    assert_int_equal(engine_commit(p->engine, keep_fn, both), OK);
    body_free(b);
    mem_free(bytes);
}

static void read_letter(struct place *p, void *arg)
{
    struct letter *l = arg;
    struct body_reader *r;
    assert_int_equal(body_open(p->engine, l->blob, &r), OK);
    assert_int_equal(body_reader_size(r), l->n);
    str side, part;
    assert_int_equal(body_side(r, &side), OK);
    assert_true(str_eq(side, l->side));
    for (size_t at = 0; at < l->n; at += part.n) {
        assert_int_equal(body_read(r, at, 70000, &part), OK);
        assert_true(part.n > 0);
        for (size_t i = 0; i < part.n; i++)
            if (part.p[i] != letter_byte(l, at + i)) fail_msg("byte %zu of %zu", at + i, l->n);
    }
    assert_int_equal(body_read(r, l->n, 1, &part), OK);
    assert_int_equal(part.n, 0);
    body_close(r);
}

static void bodies_come_back(struct place *p)
{
    struct letter letters[] = {
        { 0, false, S_INIT(""), { 0 } },
        { 1, true, S_INIT("x"), { 0 } },
        { 5000, false, S_INIT("card"), { 0 } },
        { STORE_MEMORY_BODY_BYTES, true, S_INIT("card"), { 0 } },
        { STORE_MEMORY_BODY_BYTES + 1, false, S_INIT(""), { 0 } },
        { STORE_JOURNAL_BODY_BYTES, false, S_INIT("card"), { 0 } },
        { STORE_JOURNAL_BODY_BYTES + 1, true, S_INIT(""), { 0 } },
        { 3000000, true, S_INIT("card"), { 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, write_letter, &letters[i]);
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, read_letter, &letters[i]);
    assert_int_equal(engine_stats(p->engine).bodies_in_memory_bytes, 0);
    reopen(p);
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, read_letter, &letters[i]);
    /* From the journal alone. */
    place_close(p);
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        place_run(p, read_letter, &letters[i]);
}

static bool count_name(void *arg, const char *name)
{
    (void)name;
    ++*(unsigned *)arg;
    return true;
}

static unsigned segments_of(struct place *p)
{
    unsigned n = 0;
    assert_true(seam_list(p->seam, "journal", count_name, &n) >= 0);
    return n;
}

static void bodies_come_back_byte_for_byte(void **state)
{
    bodies_come_back(*state);
}

/* Up to STORE_JOURNAL_BODY_BYTES no segment is made for them. */
static void large_bodies_go_to_the_journal(void **state)
{
    struct place *p = *state;
    struct letter large = { STORE_JOURNAL_BODY_BYTES, true, S_INIT(""), { 0 } },
                  small = { 10, true, S_INIT(""), { 0 } };
    p->options.body_memory_bytes = 0; /* the default: plenty */
    reopen(p);
    place_run(p, write_letter, &small); /* begins a log */
    unsigned before = segments_of(p);
    place_run(p, write_letter, &large);
    assert_int_equal(segments_of(p), before);
    bodies_come_back(p);
}

static void drop_fiber(struct place *p, void *arg)
{
    struct body *b;
    (void)arg;
    char *zeros = mem_new(2 * STORE_JOURNAL_BODY_BYTES);
    assert_int_equal(body_begin(p->engine, &b), OK);
    assert_int_equal(body_write(b, (str){ zeros, 2 * STORE_JOURNAL_BODY_BYTES }), OK);
    assert_int_equal(body_seal(b, S("")), OK);
    mem_free(zeros);
    body_free(b);
}

static void what_is_not_committed_is_swept(void **state)
{
    struct place *p = *state;
    struct letter kept = { 2000000, true, S_INIT(""), { 0 } };
    place_run(p, write_letter, &kept);
    unsigned before = segments_of(p);
    place_run(p, drop_fiber, NULL);
    place_close(p);
    assert_int_equal(segments_of(p), before);
    assert_int_equal(place_open(p), OK);
    place_run(p, read_letter, &kept);
}

static void no_blob_fiber(struct place *p, void *arg)
{
    struct body_reader *r;
    (void)arg;
    assert_int_equal(body_open(p->engine, (struct blob){ 99999 }, &r), ERR_NOTFOUND);
}

static void an_unknown_blob_is_not_found(void **state)
{
    place_run(*state, no_blob_fiber, NULL);
}

/* Room for two at once: the third waits until one goes. */
struct crowd {
    struct body *bodies[2];
    bool third_waited;
};

static void hold_two(struct place *p, void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < 2; i++)
        assert_int_equal(body_begin(p->engine, &c->bodies[i]), OK);
    assert_int_equal(fiber_sleep_until(seam_mono_us(p->seam) + 50000), OK);
    c->third_waited = true;
    for (int i = 0; i < 2; i++)
        body_free(c->bodies[i]);
}

static void be_third(struct place *p, void *arg)
{
    struct crowd *c = arg;
    struct body *b;
    while (!c->bodies[1])
        fiber_yield();
    assert_int_equal(body_begin(p->engine, &b), OK);
    assert_true(c->third_waited);
    body_free(b);
}

static void hold_or_wait(struct place *p, void *arg)
{
    void **which = arg;
    if (which[1])
        be_third(p, which[0]);
    else
        hold_two(p, which[0]);
}

static void bodies_wait_for_memory(void **state)
{
    struct place *p = *state;
    struct crowd crowd = { .third_waited = false };
    p->options.body_memory_bytes = 2 * STORE_MEMORY_BODY_BYTES;
    reopen(p);
    void *first[2] = { &crowd, NULL }, *second[2] = { &crowd, &crowd },
         *args[2] = { first, second };
    place_run_many(p, hold_or_wait, args, 2);
    assert_int_equal(engine_stats(p->engine).bodies_in_memory_bytes, 0);
}

static void a_large_side_goes_with_its_body(void **state)
{
    struct place *p = *state;
    char *side = mem_new(STORE_MEMORY_BODY_BYTES + 1000);
    struct letter l = { 100, true, { side, STORE_MEMORY_BODY_BYTES + 1000 }, { 0 } };
    place_run(p, write_letter, &l);
    reopen(p);
    place_run(p, read_letter, &l);
    mem_free(side);
}

/* --- care ----------------------------------------------------------------------------------- */

static void count_fault(void *arg, str what)
{
    (void)what;
    ++*(unsigned *)arg;
}

static void check_fiber(struct place *p, void *arg)
{
    unsigned faults = 0;
    struct check_report report = { .fault = count_fault, .arg = &faults };
    enum err e = engine_check(p->engine, &report);
    assert_int_equal(e == OK, faults == 0);
    *(unsigned *)arg = faults;
    assert_true(report.records > 0);
}

/* The folder's segments, one after the other, with the byte at offset changed. */
static void damage_file(struct place *p, const char *file, long offset)
{
    char path[200];
    snprintf(path, sizeof path, "%s/journal/%s", p->folder, file);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, offset, SEEK_SET);
    int c = fgetc(f);
    fseek(f, offset, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

static void put_a_row(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 20, S("a"), S("first")), OK);
}

static void check_reads_everything(void **state)
{
    struct place *p = *state;
    struct letter small = { 3000, true, S_INIT(""), { 0 } },
                  large = { 700000, true, S_INIT(""), { 0 } };
    unsigned faults;
    place_run(p, write_letter, &small);
    place_run(p, write_letter, &large);
    place_run(p, put_a_row, NULL);
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 0);
    reopen(p);
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 0);
    damage_file(p, "0000000002.seg", 300000); /* the large body's */
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 1);
    damage_file(p, "0000000002.seg", 300000);
    damage_file(p, "0000000001.seg", 4096 + 200); /* the small one: its record and its blob */
    place_run(p, check_fiber, &faults);
    assert_int_equal(faults, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bodies_come_back_byte_for_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_bodies_go_to_the_journal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_committed_is_swept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_blob_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bodies_wait_for_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_side_goes_with_its_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check_reads_everything, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
