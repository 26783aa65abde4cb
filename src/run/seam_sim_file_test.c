/* seam_sim_file_test.c - simulated files: what reads back, and what a power cut leaves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "run/seam.h"

enum { PAGE = 4096, SEEDS = 64 };

struct place {
    struct sim_world *world;
    struct seam *seam;
};

static void place_open(struct place *p, uint64_t seed)
{
    p->world = sim_world_new(seed);
    p->seam = sim_machine_new(p->world, "a", "10.0.0.1");
}

static void place_close(struct place *p)
{
    sim_world_free(p->world);
}

static void power_cycle(struct place *p)
{
    sim_machine_power_cut(p->seam);
    assert_int_equal(seam_open(p->seam, "any", SEAM_WRITE | SEAM_CREATE), -EIO);
    assert_int_equal(seam_sync_dir(p->seam, "."), -EIO);
    sim_machine_power_on(p->seam);
}

/* All of it, as callers of a write that may be short do. */
static void put(struct place *p, int file, str bytes, uint64_t at)
{
    while (bytes.n > 0) {
        struct iovec one = { (void *)(uintptr_t)bytes.p, bytes.n };
        ssize_t n = seam_pwritev(p->seam, file, &one, 1, at);
        assert_true(n > 0);
        bytes = str_from(bytes, (size_t)n);
        at += (uint64_t)n;
    }
}

static void fill(struct place *p, int file, char c, size_t n, uint64_t at)
{
    struct buf b = buf_make(n);
    buf_fill(&b, c, n);
    put(p, file, buf_str(&b), at);
    buf_free(&b);
}

static int create(struct place *p, const char *path)
{
    int file = seam_open(p->seam, path, SEAM_WRITE | SEAM_CREATE | SEAM_EXCLUSIVE);
    assert_true(file >= 0);
    return file;
}

static char byte_at(struct place *p, int file, uint64_t at)
{
    char c;
    assert_int_equal(seam_pread(p->seam, file, &c, 1, at), 1);
    return c;
}

/* --- without accidents ------------------------------------------------------------------------ */

static void files_read_back(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 1);
    assert_int_equal(seam_open(p.seam, "x", SEAM_READ), -ENOENT);
    int file = create(&p, "x");
    assert_int_equal(seam_open(p.seam, "./x", SEAM_WRITE | SEAM_CREATE | SEAM_EXCLUSIVE), -EEXIST);
    put(&p, file, S("hello"), 2 * PAGE - 2);
    assert_int_equal(seam_size(p.seam, file), 2 * PAGE + 3);
    char got[10];
    assert_int_equal(seam_pread(p.seam, file, got, 10, 2 * PAGE - 4), 7);
    assert_memory_equal(got, "\0\0hello", 7);

    assert_int_equal(seam_truncate(p.seam, file, 2 * PAGE), 0);
    assert_int_equal(seam_truncate(p.seam, file, 3 * PAGE), 0);
    assert_int_equal(seam_pread(p.seam, file, got, 10, 2 * PAGE - 2), 10);
    assert_memory_equal(got, "he\0\0\0\0\0\0\0\0", 10);
    assert_int_equal(seam_allocate(p.seam, file, 0, 1024 * 1024), 0);
    assert_int_equal(seam_size(p.seam, file), 1024 * 1024);

    int cold = 0, partly = 0;
    for (int i = 0; i < 100; i++) {
        ssize_t n = seam_pread_cached(p.seam, file, got, 2, 2 * PAGE - 2);
        assert_true(n == 1 || n == 2 || n == -EAGAIN);
        cold += n < 0;
        partly += n == 1;
    }
    assert_in_range(cold, 5, 60);
    assert_in_range(partly, 1, 40);

    int reader = seam_open(p.seam, "x", SEAM_READ);
    struct iovec one = { got, 1 };
    assert_int_equal(seam_pwritev(p.seam, reader, &one, 1, 0), -EBADF);
    assert_int_equal(seam_lock(p.seam, file), 0);
    assert_int_equal(seam_lock(p.seam, reader), -EAGAIN);
    assert_int_equal(seam_close(p.seam, file), 0);
    assert_int_equal(seam_close(p.seam, file), -EBADF);
    assert_int_equal(seam_lock(p.seam, reader), 0);
    place_close(&p); /* frees what is open, too */
}

static bool add_name(void *arg, const char *name)
{
    struct buf *names = arg;
    buf_add(names, str_of(name));
    buf_addc(names, ' ');
    return true;
}

static void names_are_kept(void **state)
{
    (void)state;
    struct place p;
    struct buf names = buf_make(1000);
    place_open(&p, 1);
    assert_int_equal(seam_open(p.seam, "d/x", SEAM_WRITE | SEAM_CREATE), -ENOENT);
    assert_int_equal(seam_mkdir(p.seam, "d"), 0);
    assert_int_equal(seam_mkdir(p.seam, "d/"), -EEXIST);
    create(&p, "/data/d/x");
    create(&p, "y");
    assert_int_equal(seam_list(p.seam, "d", add_name, &names), 0);
    assert_true(str_eq(buf_str(&names), S("x ")));
    assert_int_equal(seam_rename(p.seam, "y", "d/x"), 0);
    assert_int_equal(seam_rename(p.seam, "y", "d/x"), -ENOENT);
    assert_int_equal(seam_list(p.seam, ".", add_name, &names), 0);
    assert_true(str_eq(buf_str(&names), S("x d ")));
    assert_int_equal(seam_unlink(p.seam, "d"), -EISDIR);
    assert_int_equal(seam_symlink(p.seam, "/data/d/x", "d/y"), 0);
    assert_int_equal(seam_symlink(p.seam, "/data/d/x", "d/y"), -EEXIST);
    assert_int_equal(seam_symlink(p.seam, "/data/z", "d/z"), -ENOENT);
    assert_int_equal(seam_rmdir(p.seam, "d"), -ENOTEMPTY);
    assert_int_equal(seam_unlink(p.seam, "d/y"), 0);
    assert_int_equal(seam_unlink(p.seam, "d/x"), 0);
    assert_int_equal(seam_unlink(p.seam, "d/x"), -ENOENT);
    assert_int_equal(seam_rmdir(p.seam, "d"), 0);
    assert_int_equal(seam_rmdir(p.seam, "d"), -ENOENT);
    assert_int_equal(seam_list(p.seam, "e", add_name, &names), -ENOENT);
    assert_int_equal(seam_sync_dir(p.seam, "e"), -ENOENT);
    buf_free(&names);
    place_close(&p);
}

static void a_name_is_looked_at_and_never_replaced(void **state)
{
    (void)state;
    struct place p;
    struct seam_look look;
    place_open(&p, 1);
    int file = seam_open(p.seam, "old", SEAM_WRITE | SEAM_CREATE);
    put(&p, file, S("four"), 0);
    assert_int_equal(seam_set_modified(p.seam, file, 1000000001), 0);
    seam_close(p.seam, seam_open(p.seam, "taken", SEAM_WRITE | SEAM_CREATE));
    assert_int_equal(seam_rename_new(p.seam, "old", "taken"), -EEXIST);
    assert_int_equal(seam_rename_new(p.seam, "old", "new"), 0);
    assert_int_equal(seam_write_out(p.seam, file, true), 0);
    assert_int_equal(seam_sync_all(p.seam, file), 0);
    power_cycle(&p);
    assert_int_equal(seam_look(p.seam, "old", &look), -ENOENT);
    assert_int_equal(seam_look(p.seam, "new", &look), 0);
    assert_int_equal(look.kind, SEAM_FILE);
    assert_int_equal(look.size, 4);
    assert_int_equal(look.modified_s, 1000000001);
    assert_int_equal(seam_look(p.seam, ".", &look), 0);
    assert_int_equal(look.kind, SEAM_FOLDER);
    place_close(&p);
}

static void a_small_disk_fills(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 1);
    sim_machine_disk(p.seam, 3 * PAGE);
    int file = create(&p, "x");
    fill(&p, file, 'a', 3 * PAGE, 0);
    struct iovec one = { (void *)"b", 1 };
    assert_int_equal(seam_free_bytes(p.seam, "."), 0);
    assert_int_equal(seam_pwritev(p.seam, file, &one, 1, 3 * PAGE), -ENOSPC);
    assert_int_equal(seam_allocate(p.seam, file, 0, PAGE), -ENOSPC);
    assert_int_equal(seam_size(p.seam, file), 3 * PAGE);
    put(&p, file, S("b"), 0); /* its page is there already */
    assert_int_equal(seam_fdatasync(p.seam, file), 0);
    put(&p, file, S("c"), 0);
    assert_int_equal(seam_truncate(p.seam, file, PAGE), 0);
    fill(&p, file, 'd', 2 * PAGE, PAGE);
    assert_int_equal(seam_close(p.seam, file), 0);
    assert_int_equal(seam_unlink(p.seam, "x"), 0);
    assert_int_equal(seam_sync_dir(p.seam, "."), 0);
    assert_int_equal(seam_free_bytes(p.seam, "."), 3 * PAGE);
    place_close(&p);
}

/* --- power cuts ------------------------------------------------------------------------------- */

static void what_was_synced_stays_and_the_rest_is_chance(void **state)
{
    (void)state;
    int kept = 0, reverted = 0, grown = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        place_open(&p, seed);
        int file = create(&p, "x");
        assert_int_equal(seam_sync_dir(p.seam, "."), 0);
        fill(&p, file, 'a', 8 * PAGE, 0);
        assert_int_equal(seam_fdatasync(p.seam, file), 0);
        fill(&p, file, 'b', 2 * PAGE, 2 * PAGE);
        fill(&p, file, 'b', PAGE, 8 * PAGE);
        power_cycle(&p);

        assert_int_equal(seam_pread(p.seam, file, NULL, 0, 0), -EBADF); /* lost with the power */
        file = seam_open(p.seam, "x", SEAM_WRITE);
        assert_true(file >= 0);
        int64_t size = seam_size(p.seam, file);
        assert_true(size == 8 * PAGE || size == 9 * PAGE);
        for (uint64_t page = 0; page < 8; page++) {
            char c = byte_at(&p, file, page * PAGE);
            assert_int_equal(byte_at(&p, file, page * PAGE + PAGE - 1), c); /* a page is atomic */
            bool synced = page != 2 && page != 3;
            assert_true(c == 'a' || (!synced && c == 'b'));
            kept += c == 'b';
            reverted += !synced && c == 'a';
        }
        if (size == 9 * PAGE) {
            char c = byte_at(&p, file, 8 * PAGE);
            assert_true(c == 'b' || c == 0);
            grown++;
        }
        place_close(&p);
    }
    /* 128 pages and 64 sizes, each falling with probability 1/2. */
    assert_in_range(kept, 30, 98);
    assert_int_equal(kept + reverted, 2 * SEEDS);
    assert_in_range(grown, 15, 49);
}

static void a_second_cut_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        place_open(&p, seed);
        int file = create(&p, "x");
        seam_sync_dir(p.seam, ".");
        fill(&p, file, 'a', 5 * PAGE, 0);
        power_cycle(&p);
        char first[5], second[5];
        file = seam_open(p.seam, "x", SEAM_READ);
        int64_t size = seam_size(p.seam, file);
        for (int i = 0; i < size / PAGE; i++)
            first[i] = byte_at(&p, file, (uint64_t)i * PAGE);
        power_cycle(&p);
        file = seam_open(p.seam, "x", SEAM_READ);
        assert_int_equal(seam_size(p.seam, file), size);
        for (int i = 0; i < size / PAGE; i++)
            second[i] = byte_at(&p, file, (uint64_t)i * PAGE);
        if (size > 0) assert_memory_equal(first, second, (size_t)(size / PAGE));
        place_close(&p);
    }
}

static void a_failed_sync_may_lose_what_it_covered(void **state)
{
    (void)state;
    int lost = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        place_open(&p, seed);
        struct seam_faults plan = { .sync = { .nth = 1, .times = 1, .error = -EIO } };
        int file = create(&p, "x");
        seam_sync_dir(p.seam, ".");
        fill(&p, file, 'a', PAGE, 0);
        seam_faults(p.seam, &plan);
        assert_int_equal(seam_fdatasync(p.seam, file), -EIO);
        assert_int_equal(seam_fdatasync(p.seam, file), 0); /* a lie, as Linux tells it */
        assert_int_equal(byte_at(&p, file, 0), 'a');
        power_cycle(&p);
        file = seam_open(p.seam, "x", SEAM_READ);
        assert_int_equal(seam_size(p.seam, file), PAGE);
        lost += byte_at(&p, file, 0) == 0;
        place_close(&p);
    }
    assert_in_range(lost, 15, 49);
}

static void names_need_a_sync_of_their_folder(void **state)
{
    (void)state;
    int created = 0, renamed = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        place_open(&p, seed);
        assert_int_equal(seam_mkdir(p.seam, "d"), 0);
        int old = create(&p, "d/old");
        fill(&p, old, 'o', 10, 0);
        assert_int_equal(seam_fdatasync(p.seam, old), 0);
        assert_int_equal(seam_sync_dir(p.seam, "."), 0);
        assert_int_equal(seam_sync_dir(p.seam, "d"), 0);

        int file = create(&p, "d/new");
        fill(&p, file, 'n', 10, 0);
        assert_int_equal(seam_fdatasync(p.seam, file), 0); /* the bytes, not the name */
        assert_int_equal(seam_rename(p.seam, "d/new", "d/old"), 0);
        power_cycle(&p);

        old = seam_open(p.seam, "d/old", SEAM_READ);
        file = seam_open(p.seam, "d/new", SEAM_READ);
        assert_true(old >= 0); /* one or the other, never neither */
        char c = byte_at(&p, old, 0);
        assert_true(c == 'o' || c == 'n');
        assert_true(file < 0 || c == 'o'); /* a rename leaves no second name */
        created += file >= 0;
        renamed += c == 'n';
        place_close(&p);
    }
    assert_in_range(created, 8, 40);
    assert_in_range(renamed, 8, 40);
}

static void synced_names_stay(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        place_open(&p, seed);
        seam_mkdir(p.seam, "d");
        seam_mkdir(p.seam, "e");
        seam_sync_dir(p.seam, ".");
        create(&p, "d/a");
        create(&p, "d/gone");
        assert_int_equal(seam_rename(p.seam, "d/a", "e/a"), 0);
        assert_int_equal(seam_unlink(p.seam, "d/gone"), 0);
        seam_sync_dir(p.seam, "e"); /* the move carries what came before it */
        power_cycle(&p);
        assert_true(seam_open(p.seam, "e/a", SEAM_READ) >= 0);
        assert_int_equal(seam_open(p.seam, "d/a", SEAM_READ), -ENOENT);
        place_close(&p);
    }
}

/* A new generation of a file, as careful programs replace one. */
static enum err replace(struct place *p, char generation)
{
    struct iovec one = { &generation, 1 };
    int file = seam_open(p->seam, "new", SEAM_WRITE | SEAM_CREATE);
    enum err e = OK;
    for (uint64_t at = 0; at < 3 * PAGE && !e; at += PAGE)
        e = seam_pwritev(p->seam, file, &one, 1, at) == 1 ? OK : ERR_LATER;
    if (!e && seam_fdatasync(p->seam, file)) e = ERR_LATER;
    if (!e && seam_rename(p->seam, "new", "file")) e = ERR_LATER;
    if (!e && seam_sync_dir(p->seam, ".")) e = ERR_LATER;
    seam_close(p->seam, file);
    return e;
}

static void every_moment_of_a_replacement_is_safe(void **state)
{
    (void)state;
    enum { CHANGES = 7 }; /* open, 3 writes, sync, rename, sync */
    for (uint64_t change = 1; change <= CHANGES + 1; change++) {
        struct place p;
        place_open(&p, change);
        assert_int_equal(replace(&p, 'a'), OK);
        assert_int_equal(sim_machine_changes(p.seam), CHANGES);
        sim_machine_power_cut_at(p.seam, change);
        assert_int_equal(replace(&p, 'b'), change > CHANGES ? OK : ERR_LATER);
        assert_int_equal(sim_machine_has_power(p.seam), change > CHANGES);
        if (change > CHANGES) sim_machine_power_cut(p.seam);
        sim_machine_power_on(p.seam);

        int file = seam_open(p.seam, "file", SEAM_READ);
        assert_int_equal(seam_size(p.seam, file), 2 * PAGE + 1);
        char first = byte_at(&p, file, 0);
        assert_true(first == 'b' || (first == 'a' && change <= CHANGES));
        assert_true(first == 'a' || change >= CHANGES);
        assert_int_equal(byte_at(&p, file, PAGE), first);
        assert_int_equal(byte_at(&p, file, 2 * PAGE), first);
        place_close(&p);
    }
}

static void a_folder_for_libraries_is_emptied(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 1);
    struct arena a = arena_make(1000);
    const char *path = seam_real_path(p.seam, "index", &a);
    assert_non_null(path);
    const char *inside = arena_cstr(&a, arena_fmt(&a, "%s/file", path));
    int fd = open(inside, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    struct stat st;
    assert_string_equal(seam_real_path(p.seam, "index", &a), path);
    sim_machine_power_cut(p.seam);
    assert_null(seam_real_path(p.seam, "index", &a));
    assert_int_equal(stat(inside, &st), -1);
    sim_machine_power_on(p.seam);
    const char *again = seam_real_path(p.seam, "index", &a);
    assert_non_null(again);
    assert_int_equal(rmdir(again), 0); /* empty */
    assert_non_null(seam_real_path(p.seam, "index", &a));
    place_close(&p);
    assert_int_equal(stat(again, &st), -1);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_read_back),
        cmocka_unit_test(names_are_kept),
        cmocka_unit_test(a_name_is_looked_at_and_never_replaced),
        cmocka_unit_test(a_small_disk_fills),
        cmocka_unit_test(what_was_synced_stays_and_the_rest_is_chance),
        cmocka_unit_test(a_second_cut_changes_nothing),
        cmocka_unit_test(a_failed_sync_may_lose_what_it_covered),
        cmocka_unit_test(names_need_a_sync_of_their_folder),
        cmocka_unit_test(synced_names_stay),
        cmocka_unit_test(every_moment_of_a_replacement_is_safe),
        cmocka_unit_test(a_folder_for_libraries_is_emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
