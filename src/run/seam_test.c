/* seam_test.c - the real seam: files in a data folder, sockets, the poller, services. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/seam.h"

struct fixture {
    struct seam *seam;
    char dir[32];
};

static int start(void **state)
{
    static struct fixture f;
    f = (struct fixture){ .dir = "/tmp/seam_test_XXXXXX" };
    if (!mkdtemp(f.dir)) return -1;
    f.seam = seam_real_new(f.dir);
    *state = &f;
    return 0;
}

static bool unlink_each(void *arg, const char *name)
{
    struct fixture *f = arg;
    if (seam_unlink(f->seam, name) == -EISDIR) {
        struct arena a = arena_make(1000);
        rmdir(arena_cstr(&a, arena_fmt(&a, "%s/%s", f->dir, name)));
        arena_free(&a);
    }
    return true;
}

static int end(void **state)
{
    struct fixture *f = *state;
    seam_list(f->seam, ".", unlink_each, f);
    seam_free(f->seam);
    return rmdir(f->dir);
}

/* --- files ------------------------------------------------------------------------------------ */

static bool count_names(void *arg, const char *name)
{
    assert_true(name[0] != '.');
    ++*(int *)arg;
    return true;
}

static void files_are_written_and_read(void **state)
{
    struct seam *s = ((struct fixture *)*state)->seam;
    assert_int_equal(seam_open(s, "a", SEAM_READ), -ENOENT);
    int file = seam_open(s, "a", SEAM_WRITE | SEAM_CREATE | SEAM_EXCLUSIVE);
    assert_true(file >= 0);
    assert_int_equal(seam_open(s, "a", SEAM_WRITE | SEAM_CREATE | SEAM_EXCLUSIVE), -EEXIST);

    struct iovec parts[] = { { (void *)"hello ", 6 }, { (void *)"world", 5 } };
    assert_int_equal(seam_pwritev(s, file, parts, 2, 3), 11);
    assert_int_equal(seam_fdatasync(s, file), 0);
    assert_int_equal(seam_size(s, file), 14);
    char got[20];
    assert_int_equal(seam_pread(s, file, got, sizeof(got), 3), 11);
    assert_memory_equal(got, "hello world", 11);
    assert_int_equal(seam_pread(s, file, got, sizeof(got), 100), 0);
    ssize_t cached = seam_pread_cached(s, file, got, 5, 9);
    assert_true(cached == 5 || cached == -EAGAIN);

    assert_int_equal(seam_allocate(s, file, 0, 100000), 0);
    assert_int_equal(seam_size(s, file), 100000);
    assert_int_equal(seam_truncate(s, file, 4), 0);
    assert_int_equal(seam_size(s, file), 4);
    assert_int_equal(seam_close(s, file), 0);
}

static void names_move_and_go(void **state)
{
    struct seam *s = ((struct fixture *)*state)->seam;
    int file = seam_open(s, "a", SEAM_WRITE | SEAM_CREATE);
    assert_int_equal(seam_close(s, file), 0);
    assert_int_equal(seam_mkdir(s, "d"), 0);
    assert_int_equal(seam_mkdir(s, "d"), -EEXIST);
    assert_int_equal(seam_rename(s, "a", "d/b"), 0);
    assert_int_equal(seam_sync_dir(s, "d"), 0);
    assert_int_equal(seam_sync_dir(s, "."), 0);
    int n = 0;
    assert_int_equal(seam_list(s, "d", count_names, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(seam_symlink(s, "b", "d/link"), 0);
    assert_int_equal(seam_symlink(s, "b", "d/link"), -EEXIST);
    file = seam_open(s, "d/link", SEAM_READ);
    assert_int_equal(seam_close(s, file), 0);
    assert_int_equal(seam_unlink(s, "d/link"), 0);
    assert_int_equal(seam_rmdir(s, "d"), -ENOTEMPTY);
    assert_int_equal(seam_unlink(s, "d/b"), 0);
    assert_int_equal(seam_unlink(s, "d/b"), -ENOENT);
    assert_int_equal(seam_rmdir(s, "d"), 0);
    assert_int_equal(seam_rmdir(s, "d"), -ENOENT);
    assert_int_equal(seam_list(s, "nowhere", count_names, &n), -ENOENT);
    assert_true(seam_free_bytes(s, ".") > 0);
}

static void a_name_is_looked_at_and_never_replaced(void **state)
{
    struct fixture *f = *state;
    struct seam *s = f->seam;
    struct seam_look look;
    int file = seam_open(s, "old", SEAM_WRITE | SEAM_CREATE | SEAM_EXCLUSIVE);
    assert_true(file >= 0);
    assert_int_equal(seam_pwritev(s, file, &(struct iovec){ (char[]){ "four" }, 4 }, 1, 0), 4);
    assert_int_equal(seam_set_modified(s, file, 1000000001), 0);
    assert_int_equal(seam_write_out(s, file, true), 0);
    assert_int_equal(seam_sync_all(s, file), 0);
    seam_close(s, file);
    seam_close(s, seam_open(s, "taken", SEAM_WRITE | SEAM_CREATE));

    assert_int_equal(seam_rename_new(s, "old", "taken"), -EEXIST);
    assert_int_equal(seam_rename_new(s, "old", "new"), 0);
    assert_int_equal(seam_look(s, "old", &look), -ENOENT);
    assert_int_equal(seam_look(s, "new", &look), 0);
    assert_int_equal(look.kind, SEAM_FILE);
    assert_int_equal(look.size, 4);
    assert_int_equal(look.modified_s, 1000000001);
    assert_int_equal(seam_look(s, ".", &look), 0);
    assert_int_equal(look.kind, SEAM_FOLDER);

    assert_int_equal(symlinkat("new", open(f->dir, O_RDONLY), "link"), 0);
    assert_int_equal(seam_look(s, "link", &look), 0);
    assert_int_equal(look.kind, SEAM_OTHER);
    assert_int_equal(seam_open(s, "link", SEAM_READ | SEAM_NOFOLLOW), -ELOOP);
}

static void a_lock_excludes(void **state)
{
    struct seam *s = ((struct fixture *)*state)->seam;
    int one = seam_open(s, "lock", SEAM_WRITE | SEAM_CREATE),
        two = seam_open(s, "lock", SEAM_WRITE);
    assert_int_equal(seam_lock(s, one), 0);
    assert_int_equal(seam_lock(s, two), -EAGAIN);
    assert_int_equal(seam_close(s, one), 0);
    assert_int_equal(seam_lock(s, two), 0);
    assert_int_equal(seam_close(s, two), 0);
}

static void libraries_get_a_real_folder(void **state)
{
    struct fixture *f = *state;
    struct arena a = arena_make(1000);
    const char *path = seam_real_path(f->seam, "index", &a);
    struct stat st;
    assert_non_null(path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_non_null(seam_real_path(f->seam, "index", &a));
    assert_string_equal(seam_data_dir(f->seam), f->dir);
    arena_free(&a);
}

static void a_bad_data_folder_says_why(void **state)
{
    (void)state;
    struct seam *s = seam_real_new("/nowhere/at/all");
    assert_int_equal(seam_open(s, "a", SEAM_READ), -ENOENT);
    assert_int_equal(seam_mkdir(s, "a"), -ENOENT);
    seam_free(s);
}

static void clock_and_randomness_move(void **state)
{
    struct seam *s = ((struct fixture *)*state)->seam;
    uint64_t before = seam_mono_us(s);
    assert_true(seam_mono_us(s) >= before);
    assert_true(seam_wall_us(s) > INT64_C(1600000000) * 1000000);
    uint64_t a = 0, b = 0;
    seam_random(s, &a, sizeof(a));
    seam_random(s, &b, sizeof(b));
    assert_true(a != b);
}

/* --- sockets and waiting ---------------------------------------------------------------------- */

static uint64_t soon(struct seam *s)
{
    return seam_mono_us(s) + 5000000;
}

static void bytes_cross(struct fixture *f, const struct netaddr *at)
{
    struct seam *s = f->seam;
    int listener = seam_listen(s, at, 5);
    assert_true(listener >= 0);
    struct netaddr to, peer;
    assert_int_equal(seam_local_addr(s, listener, &to), 0);
    assert_int_equal(seam_accept(s, listener, &peer), -EAGAIN);

    struct seam_poller *p = seam_poller_new(s);
    struct seam_event events[4];
    int tag_l, tag_c;
    assert_int_equal(seam_poller_set(p, listener, SEAM_READABLE, &tag_l, true), 0);
    int client = seam_connect(s, &to, NULL);
    assert_true(client >= 0);
    assert_int_equal(seam_poller_wait(p, events, 4, soon(s)), 1);
    assert_ptr_equal(events[0].tag, &tag_l);
    int server = seam_accept(s, listener, &peer);
    assert_true(server >= 0);
    assert_int_equal(peer.family, at->family);
    assert_int_equal(seam_socket_error(s, client), 0);

    char got[8];
    assert_int_equal(seam_recv(s, client, got, 8), -EAGAIN);
    assert_int_equal(seam_poller_set(p, client, SEAM_READABLE | SEAM_WRITABLE, &tag_c, false), 0);
    assert_int_equal(seam_poller_wait(p, events, 4, soon(s)), 1);
    assert_int_equal(events[0].what, SEAM_WRITABLE);
    assert_int_equal(seam_poller_set(p, client, SEAM_READABLE, &tag_c, false), 0);
    assert_int_equal(seam_poller_wait(p, events, 4, 0), 0);
    assert_int_equal(seam_send(s, server, "hello", 5), 5);
    assert_int_equal(seam_poller_wait(p, events, 4, soon(s)), 1);
    assert_ptr_equal(events[0].tag, &tag_c);
    assert_int_equal(seam_recv(s, client, got, 8), 5);
    assert_memory_equal(got, "hello", 5);

    /* Silent means silent, even when the peer has gone. */
    assert_int_equal(seam_poller_set(p, client, 0, &tag_c, false), 0);
    assert_int_equal(seam_shutdown_write(s, client), 0);
    assert_int_equal(seam_socket_close(s, server), 0);
    assert_int_equal(seam_poller_wait(p, events, 4, 0), 0);
    assert_int_equal(seam_poller_set(p, client, SEAM_READABLE, &tag_c, false), 0);
    assert_int_equal(seam_poller_wait(p, events, 4, soon(s)), 1);
    assert_int_equal(seam_recv(s, client, got, 8), 0);

    seam_poller_forget(p, client);
    seam_poller_forget(p, listener);
    seam_poller_free(p);
    seam_socket_close(s, client);
    seam_socket_close(s, listener);
}

static void tcp_carries_bytes(void **state)
{
    struct netaddr at;
    assert_int_equal(netaddr_parse(S("127.0.0.1:0"), 0, &at), OK);
    bytes_cross(*state, &at);
}

static void unix_sockets_carry_bytes_and_replace_dead_ones(void **state)
{
    struct fixture *f = *state;
    struct netaddr at = { .family = NET_UNIX };
    struct arena a = arena_make(1000);
    str path = arena_fmt(&a, "%s/sock", f->dir);
    bytes_copy(at.path, sizeof(at.path), path.p, path.n);
    arena_free(&a);
    bytes_cross(f, &at); /* leaves its file behind */
    bytes_cross(f, &at);
    int live = seam_listen(f->seam, &at, 5);
    struct stat st;
    assert_int_equal(stat(at.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(seam_listen(f->seam, &at, 5), -EADDRINUSE);
    seam_socket_close(f->seam, live);
}

static void a_closed_port_refuses(void **state)
{
    struct seam *s = ((struct fixture *)*state)->seam;
    struct netaddr at;
    assert_int_equal(netaddr_parse(S("127.0.0.1:0"), 0, &at), OK);
    int listener = seam_listen(s, &at, 5);
    assert_int_equal(seam_local_addr(s, listener, &at), 0);
    seam_socket_close(s, listener);

    struct netaddr source;
    assert_int_equal(netaddr_parse(S("127.0.0.2:0"), 0, &source), OK);
    int client = seam_connect(s, &at, &source);
    assert_true(client >= 0 || client == -ECONNREFUSED);
    if (client < 0) return;
    struct seam_poller *p = seam_poller_new(s);
    struct seam_event event;
    assert_int_equal(seam_poller_set(p, client, SEAM_WRITABLE, NULL, false), 0);
    assert_int_equal(seam_poller_wait(p, &event, 1, soon(s)), 1);
    assert_int_equal(seam_socket_error(s, client), -ECONNREFUSED);
    seam_poller_free(p);
    seam_socket_close(s, client);
}

static void *wake_it(void *arg)
{
    seam_poller_wake(arg);
    return NULL;
}

static void a_wake_and_the_time_end_a_wait(void **state)
{
    struct seam *s = ((struct fixture *)*state)->seam;
    struct seam_poller *p = seam_poller_new(s);
    struct seam_event event;
    for (int i = 0; i < 3; i++) { /* each wake counts again after it was seen */
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wake_it, p), 0);
        uint64_t before = seam_mono_us(s);
        assert_int_equal(seam_poller_wait(p, &event, 1, before + 5000000), 0);
        assert_true(seam_mono_us(s) < before + 4000000);
        pthread_join(thread, NULL);
        assert_int_equal(seam_poller_wait(p, &event, 1, 0), 0);
    }
    uint64_t until = seam_mono_us(s) + 20000;
    assert_int_equal(seam_poller_wait(p, &event, 1, until), 0);
    assert_true(seam_mono_us(s) >= until);
    seam_poller_free(p);
}

/* --- services --------------------------------------------------------------------------------- */

struct counter {
    struct seam *seam;
    struct seam_service *service;
    atomic_int steps;
};

static void count_step(void *arg)
{
    struct counter *c = arg;
    int n = atomic_fetch_add(&c->steps, 1) + 1;
    /* The second comes by itself after 5 ms, and no third. */
    if (n == 1) seam_service_kick_at(c->service, seam_mono_us(c->seam) + 5000);
}

static void wait_for_steps(struct counter *c, int n)
{
    for (int i = 0; i < 5000 && atomic_load(&c->steps) < n; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&c->steps), n);
}

static void a_service_steps_when_kicked_and_in_time(void **state)
{
    struct counter c = { .seam = ((struct fixture *)*state)->seam };
    c.service = seam_service_new(c.seam, "a service with a long name", count_step, &c);
    assert_non_null(c.service);
    assert_int_equal(atomic_load(&c.steps), 0);
    seam_service_kick(c.service);
    wait_for_steps(&c, 2);
    usleep(20000);
    assert_int_equal(atomic_load(&c.steps), 2);
    seam_service_kick(c.service);
    wait_for_steps(&c, 3);
    seam_service_free(c.service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_written_and_read, start, end),
        cmocka_unit_test_setup_teardown(names_move_and_go, start, end),
        cmocka_unit_test_setup_teardown(a_name_is_looked_at_and_never_replaced, start, end),
        cmocka_unit_test_setup_teardown(a_lock_excludes, start, end),
        cmocka_unit_test_setup_teardown(libraries_get_a_real_folder, start, end),
        cmocka_unit_test(a_bad_data_folder_says_why),
        cmocka_unit_test_setup_teardown(clock_and_randomness_move, start, end),
        cmocka_unit_test_setup_teardown(tcp_carries_bytes, start, end),
        cmocka_unit_test_setup_teardown(unix_sockets_carry_bytes_and_replace_dead_ones, start, end),
        cmocka_unit_test_setup_teardown(a_closed_port_refuses, start, end),
        cmocka_unit_test_setup_teardown(a_wake_and_the_time_end_a_wait, start, end),
        cmocka_unit_test_setup_teardown(a_service_steps_when_kicked_and_in_time, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
