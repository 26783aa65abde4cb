/* seam_fault_test.c - planned faults strike the calls they name, and only those. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/seam.h"

struct fixture {
    struct seam *seam;
    int file;
    char dir[32];
};

static int start(void **state)
{
    static struct fixture f;
    f = (struct fixture){ .dir = "/tmp/fault_test_XXXXXX" };
    if (!mkdtemp(f.dir)) return -1;
    f.seam = seam_real_new(f.dir);
    f.file = seam_open(f.seam, "a", SEAM_WRITE | SEAM_CREATE);
    *state = &f;
    return f.file < 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    seam_close(f->seam, f->file);
    seam_unlink(f->seam, "a");
    seam_free(f->seam);
    return rmdir(f->dir);
}

static ssize_t put(struct fixture *f)
{
    struct iovec parts[] = { { (void *)"hello ", 6 }, { (void *)"world", 5 } };
    return seam_pwritev(f->seam, f->file, parts, 2, 0);
}

static void the_nth_write_fails(void **state)
{
    struct fixture *f = *state;
    struct seam_faults plan = { .write = { .nth = 2, .times = 2, .error = -ENOSPC } };
    seam_faults(f->seam, &plan);
    assert_int_equal(put(f), 11);
    assert_int_equal(put(f), -ENOSPC);
    assert_int_equal(put(f), -ENOSPC);
    assert_int_equal(put(f), 11);
    assert_int_equal(seam_fdatasync(f->seam, f->file), 0);
    seam_faults(f->seam, &plan); /* counted anew */
    assert_int_equal(put(f), 11);
    assert_int_equal(put(f), -ENOSPC);
}

static void a_write_may_be_short(void **state)
{
    struct fixture *f = *state;
    struct seam_faults plan = { .write = { .nth = 1, .times = 1, .error = 0 } };
    seam_faults(f->seam, &plan);
    assert_int_equal(put(f), 3);
    assert_int_equal(seam_size(f->seam, f->file), 3);
    assert_int_equal(put(f), 11);
}

static void syncs_and_allocations_fail(void **state)
{
    struct fixture *f = *state;
    struct seam_faults plan = { .sync = { .nth = 1, .times = 1, .error = -EIO },
                                .allocate = { .nth = 1, .times = UINT64_MAX, .error = -ENOSPC } };
    seam_faults(f->seam, &plan);
    assert_int_equal(seam_fdatasync(f->seam, f->file), -EIO);
    assert_int_equal(seam_fdatasync(f->seam, f->file), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(seam_allocate(f->seam, f->file, 0, 4096), -ENOSPC);
    seam_faults(f->seam, NULL);
    assert_int_equal(seam_allocate(f->seam, f->file, 0, 4096), 0);
    assert_int_equal(put(f), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_nth_write_fails, start, end),
        cmocka_unit_test_setup_teardown(a_write_may_be_short, start, end),
        cmocka_unit_test_setup_teardown(syncs_and_allocations_fail, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
