/* fault_test.c - disks that fail or are full: later, and by itself; and what was refused stays so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/embedded/recovery_fixture.h"

/* --- disks that fail ------------------------------------------------------------------------ */

static const struct {
    struct seam_faults plan;
    const char *why;
} once[] = {
    { { .sync = { 1, 1, -EIO } }, "a sync fails" },
    { { .write = { 1, 1, -EIO } }, "a write fails" },
    { { .write = { 1, 1, 0 } }, "a write is short" },
    { { .write = { 1, 1, -ENOSPC } }, "the disk is full for once" },
};

static void one_failure_goes_unnoticed(void **state)
{
    struct place *p = *state;
    try_put(p, S("before"), S("x"));
    for (size_t i = 0; i < COUNT_OF(once); i++) {
        seam_faults(p->seam, &once[i].plan);
        try_put(p, S("k"), str_of(once[i].why));
        seam_faults(p->seam, &no_faults);
        assert_true(row_is(p, 20, S("k"), once[i].why));
        reopen_without_index(p);
        assert_true(row_is(p, 20, S("k"), once[i].why));
        assert_true(row_is(p, 20, S("before"), "x"));
    }
}

static const struct {
    struct seam_faults plan;
    const char *why;
} lasting[] = {
    { { .sync = { 1, 1000, -EIO } }, "every sync fails" },
    { { .write = { 1, 1000, -EIO } }, "every write fails" },
    { { .write = { 1, 1000, 0 } }, "every write is short" },
    { { .allocate = { 1, 1000, -ENOSPC }, .write = { 1, 1000, -ENOSPC } }, "the disk is full" },
};

static void a_failing_disk_means_later_and_it_goes_on_by_itself(void **state)
{
    struct place *p = *state;
    for (size_t i = 0; i < COUNT_OF(lasting); i++) {
        try_put(p, S("before"), str_of(lasting[i].why));
        seam_faults(p->seam, &lasting[i].plan);
        try_put(p, S("refused"), S(""));
        try_put(p, S("refused"), S(""));
        assert_true(row_is(p, 20, S("refused"), NULL));
        assert_true(row_is(p, 20, S("before"), lasting[i].why));
        assert_true(engine_stats(p->engine).failing);
        seam_faults(p->seam, &no_faults);
        try_put(p, S("after"), str_of(lasting[i].why));
        assert_false(engine_stats(p->engine).failing);
        reopen_without_index(p);
        assert_true(row_is(p, 20, S("refused"), NULL));
        assert_true(row_is(p, 20, S("before"), lasting[i].why));
        assert_true(row_is(p, 20, S("after"), lasting[i].why));
    }
}

/* --- a full disk ------------------------------------------------------------------------------ */

static uint64_t corruptions_told(void)
{
    size_t row = 0;
    while (strcmp(log_events[row].name, "store.corrupt") != 0)
        row++;
    return log_event_total(row);
}

static enum err keep_body(struct txn *t, void *arg)
{
    struct blob blob;
    txn_body(t, arg, &blob);
    txn_blob_ref(t, blob, 1);
    return OK;
}

/* A letter that was on its way in is refused, and nothing is said of damage. */
static void letter_too_late(struct place *p, struct body *b)
{
    uint64_t before = corruptions_told();
    assert_int_equal(engine_commit(p->engine, keep_body, b), ERR_LATER);
    assert_int_equal(corruptions_told(), before);
    body_free(b);
}

static void full_disk(struct place *p, void *arg)
{
    struct body *b, *early;
    (void)arg;
    assert_int_equal(body_begin(p->engine, &early), OK);
    assert_int_equal(body_write(early, S("a letter")), OK);
    assert_int_equal(body_seal(early, S("")), OK);
    /* The first group needs room: the reserve is given up for it. */
    seam_faults(p->seam, &(struct seam_faults){ .allocate = { 1, 1, -ENOSPC } });
    assert_int_equal(put(p, 20, S("k"), S("kept")), OK);
    assert_true(row_is(p, 20, S("k"), "kept"));
    assert_int_equal(body_begin(p->engine, &b), ERR_LATER); /* rows go on, new mail does not */
    assert_int_equal(put(p, 20, S("k"), S("changed")), OK);
    letter_too_late(p, early);
    seam_faults(p->seam, &no_faults);
    enum err e = ERR_LATER;
    for (int i = 0; i < 60 && e; i++) {
        assert_int_equal(fiber_sleep_until(seam_mono_us(p->seam) + 100000), OK);
        e = body_begin(p->engine, &b);
    }
    assert_int_equal(e, OK); /* there is room: it noticed by itself */
    body_free(b);
}

static void a_full_disk_refuses_mail_and_keeps_rows(void **state)
{
    struct place *p = *state;
    struct buf path = path_of(p, "reserve");
    assert_int_equal(access(path.p, F_OK), 0);
    place_run(p, full_disk, NULL);
    assert_int_equal(access(path.p, F_OK), 0); /* made again */
    buf_free(&path);
}

static size_t files_in_journal(struct place *p)
{
    struct buf path = path_of(p, "journal");
    DIR *d = opendir(path.p);
    assert_non_null(d);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    buf_free(&path);
    return n;
}

/* Room for a header and none for an extent: each try would else leave one more file behind. */
static void a_full_disk_costs_no_segments(void **state)
{
    struct place *p = *state;
    seam_faults(p->seam, &(struct seam_faults){ .allocate = { 1, 1000, -ENOSPC } });
    for (int i = 0; i < 10; i++)
        try_put(p, S("refused"), S(""));
    assert_int_equal(files_in_journal(p), 1);
    seam_faults(p->seam, &no_faults);
    try_put(p, S("after"), S("x"));
    assert_int_equal(files_in_journal(p), 1);
    reopen_without_index(p);
    assert_true(row_is(p, 20, S("refused"), NULL));
    assert_true(row_is(p, 20, S("after"), "x"));
}

/* --- what was refused ------------------------------------------------------------------------ */

static enum err change_nothing(struct txn *t, void *arg)
{
    (void)t, (void)arg;
    return OK;
}

static void commit_nothing(struct place *p, void *arg)
{
    *(enum err *)arg = engine_commit(p->engine, change_nothing, NULL);
}

static void copy_file(int from, int to, const char *name)
{
    struct stat st;
    int in = openat(from, name, O_RDONLY);
    if (in < 0) return;
    int out = openat(to, name, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(fstat(in, &st), 0);
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(out, in, NULL, (size_t)left);
        assert_true(n > 0);
        left -= n;
    }
    close(in);
    close(out);
}

/* What a crash now would leave: is the row there after it? */
static bool row_after_crash(struct place *p, str key)
{
    struct place after = { .folder = "/tmp/ph-engine-XXXXXX" };
    if (!mkdtemp(after.folder)) abort();
    int from = open(p->folder, O_RDONLY | O_DIRECTORY);
    int to = open(after.folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(to, "journal", 0700), 0);
    for (unsigned n = 1; n < 9; n++) {
        char name[40];
        snprintf(name, sizeof name, "journal/%010u.seg", n);
        copy_file(from, to, name);
    }
    close(from);
    close(to);
    after.seam = seam_real_new(after.folder);
    after.loop = loop_new(after.seam, 0);
    after.options = (struct embedded_options){ .seam = after.seam };
    assert_int_equal(place_open(&after), OK);
    bool there = !row_is(&after, 20, key, NULL);
    place_remove(&after);
    return there;
}

/* A group that reached the file and was not synced may come back. So nobody is told that all is
 * well without it before a new segment says that it does not count. */
static void what_was_refused_does_not_come_back_once_others_were_answered(void **state)
{
    static const struct seam_faults dead = { .sync = { 1, 1, -EIO }, .open = { 1, 1000, -EIO } };
    struct place *p = *state;
    enum err e;
    try_put(p, S("a"), S("first"));
    seam_faults(p->seam, &dead);
    try_put(p, S("b"), S("")); /* and is refused */
    assert_true(row_is(p, 20, S("b"), NULL));
    place_run(p, commit_nothing, &e);
    assert_int_equal(e, ERR_LATER);
    assert_true(row_after_crash(p, S("b"))); /* for it can come back */
    seam_faults(p->seam, &no_faults);
    place_run(p, commit_nothing, &e);
    assert_int_equal(e, OK);
    assert_false(row_after_crash(p, S("b")));
    assert_true(row_after_crash(p, S("a")));
}

/* --- at the start ----------------------------------------------------------------------------- */

/* Whichever call fails: later, or unnoticed; and the next start finds all there was. */
static void a_start_survives_each_failure_in_turn(void **state)
{
    struct place *p = *state;
    static const struct seam_faults kinds[] = {
        { .open = { 1, 1, -EMFILE } },  { .read = { 1, 1, -EIO } },
        { .sync = { 1, 1, -EIO } },     { .write = { 1, 1, -EIO } },
        { .write = { 1, 1, -ENOSPC } }, { .write = { 1, 1, 0 } },
        { .allocate = { 1, 1, -EIO } }, { .allocate = { 1, 1, -ENOSPC } },
    };
    uint64_t failed = 0;
    place_run(p, three_puts, NULL);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        bool met = true;
        for (uint64_t nth = 1; met; nth++) {
            struct seam_faults plan = kinds[i];
            plan.open.nth *= nth, plan.read.nth *= nth, plan.sync.nth *= nth;
            plan.write.nth *= nth, plan.allocate.nth *= nth;
            place_close(p);
            place_erase(p, "index"); /* so that all of the journal is read */
            seam_faults(p->seam, &plan);
            enum err e = place_open(p);
            met = seam_faults_struck(p->seam) > 0;
            seam_faults(p->seam, &no_faults);
            if (e) assert_int_equal(e, ERR_LATER);
            failed += e != OK;
            if (e) assert_int_equal(place_open(p), OK);
            assert_true(row_is(p, 20, S("a"), "first"));
            assert_true(row_is(p, 20, S("c"), "third"));
        }
    }
    assert_true(failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_failure_goes_unnoticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failing_disk_means_later_and_it_goes_on_by_itself, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_mail_and_keeps_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_costs_no_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_was_refused_does_not_come_back_once_others_were_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_start_survives_each_failure_in_turn, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
