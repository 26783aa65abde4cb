/* pin_test.c - who has a pin loses no file, also one who gets it while a file is about to go; and
 * the index follows whoever asks it to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/once.h"
#include "store/embedded/embedded_int.h"

enum { ROWS = 2000, WAIT_US = 10000, WAITS_MAX = 1000 };

struct scene {
    char folder[64];
    struct seam *seam;
    struct engine *engine;
    struct embedded *e;
};

static int set_up(void **state)
{
    struct scene *s = MEM_NEW(struct scene);
    struct buf why = buf_make(1000);
    *s = (struct scene){ .folder = "/tmp/ph-pin-XXXXXX" };
    if (!mkdtemp(s->folder)) return -1;
    s->seam = seam_real_new(s->folder);
    struct embedded_options options = { .seam = s->seam };
    assert_int_equal(engine_embedded_open(&options, &s->engine, &why), OK);
    s->e = embedded_of(s->engine);
    buf_free(&why);
    *state = s;
    return 0;
}

static int erase_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    engine_close(s->engine);
    seam_free(s->seam);
    nftw(s->folder, erase_one, 16, FTW_DEPTH | FTW_PHYS);
    mem_free(s);
    return 0;
}

static enum err put_row(struct txn *t, void *arg)
{
    struct buf key = buf_make(64), value = buf_make(1024);
    buf_addf(&key, "row %u", *(unsigned *)arg);
    buf_fill(&value, 'x', 1000);
    txn_put(t, (struct account){ 20 }, buf_str(&key), buf_str(&value));
    buf_free(&key);
    buf_free(&value);
    return OK;
}

/* --- the index follows ------------------------------------------------------------------------ */

/* Without being asked it would be 2 MB behind, for seconds. */
static void put_and_keep_up(void *arg)
{
    struct scene *s = arg;
    size_t most = 256 * 1024;
    for (unsigned i = 0; i < ROWS; i++) {
        assert_int_equal(engine_commit(s->engine, put_row, &i), OK);
        if (i % 100) continue;
        engine_keep_up(s->engine, most);
        assert_in_range(engine_stats(s->engine).lag_bytes, 0, most);
    }
    engine_keep_up(s->engine, 0);
    assert_int_equal(engine_stats(s->engine).lag_bytes, 0);
}

static void the_index_keeps_up(void **state)
{
    struct scene *s = *state;
    assert_int_equal(once(s->seam, put_and_keep_up, s), OK);
}

/* --- pins ------------------------------------------------------------------------------------- */

static void put_one(void *arg)
{
    struct scene *s = arg;
    unsigned number = 1;
    assert_int_equal(engine_commit(s->engine, put_row, &number), OK);
    engine_keep_up(s->engine, 0);
}

/* A file that the index knows of and that is to go. */
static uint64_t make_doomed(struct scene *s)
{
    struct segment *segment;
    int code;
    const struct segment_head head = { .kind = SEGMENT_STREAM };
    assert_int_equal(once(s->seam, put_one, s), OK);
    assert_int_equal(segment_create(&s->e->segments, &head, true, &segment, &code), OK);
    uint64_t number = segment->head.number;
    segment_drop(&s->e->segments, segment);
    return number;
}

static bool is_there(struct scene *s, uint64_t number)
{
    struct seam_look look;
    return seam_look(s->seam, segment_path(number).text, &look) == 0;
}

static void expect_gone(struct scene *s, uint64_t number)
{
    for (unsigned i = 0; i < WAITS_MAX && is_there(s, number); i++)
        usleep(WAIT_US);
    assert_false(is_there(s, number));
}

static void pinned_stays(void **state)
{
    struct scene *s = *state;
    uint64_t number = make_doomed(s);
    segments_pin(&s->e->segments);
    segment_doom(s->e, number, 1);
    usleep(20 * WAIT_US);
    assert_true(is_there(s, number));
    segments_unpin(&s->e->segments);
    expect_gone(s, number);
}

/* To look whether anybody has a pin, and to take the file away, is one step: while another removal
 * holds that step, so that a pin could come next, nothing goes. */
static void removal_is_one_step(void **state)
{
    struct scene *s = *state;
    uint64_t number = make_doomed(s);
    assert_true(segments_removal_begin(&s->e->segments));
    segment_doom(s->e, number, 1);
    usleep(20 * WAIT_US);
    assert_true(is_there(s, number));
    segments_removal_end(&s->e->segments);
    expect_gone(s, number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_index_keeps_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pinned_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(removal_is_one_step, set_up, tear_down),
    };
    log_level_set(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
