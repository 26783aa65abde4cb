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

static void opens_and_reads_fail(void **state)
{
    struct fixture *f = *state;
    struct seam_faults plan = { .open = { .nth = 2, .times = 1, .error = -EMFILE },
                                .read = { .nth = 2, .times = 2, .error = -EIO } };
    char bytes[11];
    assert_int_equal(put(f), 11);
    seam_faults(f->seam, &plan);
    int file = seam_open(f->seam, "a", SEAM_READ);
    assert_true(file >= 0);
    assert_int_equal(seam_open(f->seam, "a", SEAM_READ), -EMFILE);
    assert_int_equal(seam_pread(f->seam, file, bytes, 11, 0), 11);
    assert_int_equal(seam_pread(f->seam, file, bytes, 11, 0), -EIO);
    assert_int_equal(seam_pread_cached(f->seam, file, bytes, 11, 0),
                     -EIO); /* counted as one kind */
    assert_int_equal(seam_pread(f->seam, file, bytes, 11, 0), 11);
    assert_int_equal(seam_faults_struck(f->seam), 3);
    seam_close(f->seam, file);
    seam_faults(f->seam, &plan);
    assert_int_equal(seam_faults_struck(f->seam), 0);
}

/* The other end answers in its own time. */
static int accepted(struct seam *s, int listener)
{
    struct netaddr peer;
    int c = -EAGAIN;
    for (int i = 0; c == -EAGAIN && i < 10000; i++)
        c = seam_accept(s, listener, &peer);
    return c;
}

static ssize_t received(struct seam *s, int socket, char *p, size_t n)
{
    ssize_t got = -EAGAIN;
    for (int i = 0; got == -EAGAIN && i < 10000; i++)
        got = seam_recv(s, socket, p, n);
    return got;
}

static void sockets_fail(void **state)
{
    struct fixture *f = *state;
    struct seam_faults plan = { .connect = { .nth = 1, .times = 1, .error = -ENETUNREACH },
                                .accept = { .nth = 1, .times = 1, .error = -EMFILE } };
    struct netaddr here, peer;
    char bytes[4];
    assert_int_equal(netaddr_parse(S("127.0.0.1:0"), 0, &here), OK);
    int listener = seam_listen(f->seam, &here, 5);
    assert_true(listener >= 0);
    assert_int_equal(seam_local_addr(f->seam, listener, &here), 0);
    seam_faults(f->seam, &plan);
    assert_int_equal(seam_connect(f->seam, &here, NULL), -ENETUNREACH);
    int client = seam_connect(f->seam, &here, NULL);
    assert_true(client >= 0);
    assert_int_equal(seam_accept(f->seam, listener, &peer), -EMFILE);
    int server = accepted(f->seam, listener);
    assert_true(server >= 0);
    assert_int_equal(seam_send(f->seam, server, "abcd", 4), 4);
    plan = (struct seam_faults){ .recv = { .nth = 1, .times = 1, .error = -ECONNRESET } };
    seam_faults(f->seam, &plan);
    assert_int_equal(seam_recv(f->seam, client, bytes, 4), -ECONNRESET);
    plan.recv = (struct seam_fault){ .nth = 1, .times = UINT64_MAX, .error = 0 };
    seam_faults(f->seam, &plan);
    assert_int_equal(received(f->seam, client, bytes, 4), 2);
    assert_int_equal(received(f->seam, client, bytes, 4), 2);
    seam_socket_close(f->seam, server);
    seam_socket_close(f->seam, client);
    seam_socket_close(f->seam, listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_nth_write_fails, start, end),
        cmocka_unit_test_setup_teardown(a_write_may_be_short, start, end),
        cmocka_unit_test_setup_teardown(syncs_and_allocations_fail, start, end),
        cmocka_unit_test_setup_teardown(opens_and_reads_fail, start, end),
        cmocka_unit_test_setup_teardown(sockets_fail, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
