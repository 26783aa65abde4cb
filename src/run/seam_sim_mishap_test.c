/* seam_sim_mishap_test.c - broken connections, a cut network, jumping clocks and disks in trouble,
 * in the simulated world. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "run/seam.h"

enum { SEEDS = 64, SECOND_US = 1000000, PAGE = 4096 };

struct place {
    struct sim_world *world;
    struct seam *a, *b, *c;
    int listener; /* of b, at port 25 */
    struct seam_service *alarm;
};

static void step(void *arg)
{
    (void)arg;
}

static void place_open(struct place *p, uint64_t seed)
{
    struct netaddr at;
    p->world = sim_world_new(seed);
    p->a = sim_machine_new(p->world, "a", "10.0.0.1");
    p->b = sim_machine_new(p->world, "b", "10.0.0.2");
    p->c = sim_machine_new(p->world, "c", "10.0.0.3");
    assert_int_equal(netaddr_parse(S("10.0.0.2:25"), 0, &at), OK);
    p->listener = seam_listen(p->b, &at, 10);
    assert_true(p->listener >= 0);
    p->alarm = seam_service_new(p->c, "alarm", step, p);
}

static void place_close(struct place *p)
{
    seam_service_free(p->alarm);
    sim_world_free(p->world);
}

static void pass(struct place *p, uint64_t us)
{
    uint64_t until = seam_mono_us(p->a) + us;
    seam_service_kick_at(p->alarm, until); /* a world that is quiet stands still */
    sim_world_run(p->world, until);
}

static int begin(struct seam *from)
{
    struct netaddr at;
    assert_int_equal(netaddr_parse(S("10.0.0.2:25"), 0, &at), OK);
    return seam_connect(from, &at, NULL);
}

/* A connection to b: the two ends. */
static void join(struct place *p, struct seam *from, int *client, int *server)
{
    struct netaddr peer;
    *client = begin(from);
    pass(p, SECOND_US);
    *server = seam_accept(p->b, p->listener, &peer);
    assert_true(*client >= 0 && *server >= 0);
}

/* --- connections ------------------------------------------------------------------------------ */

static void a_reset_is_heard_by_both(void **state)
{
    (void)state;
    struct place p;
    char bytes[8];
    int client, server;
    place_open(&p, 1);
    join(&p, p.a, &client, &server);
    assert_int_equal(seam_send(p.a, client, "lost", 1), 1);
    assert_int_equal(sim_machine_drop(p.b, SIM_DROP_RESET, 5), 1);
    pass(&p, SECOND_US);
    assert_int_equal(seam_recv(p.a, client, bytes, 8), -ECONNRESET);
    assert_int_equal(seam_recv(p.b, server, bytes, 8), -ECONNRESET);
    assert_int_equal(seam_send(p.a, client, "x", 1), -ECONNRESET);
    assert_int_equal(sim_machine_drop(p.b, SIM_DROP_RESET, 5), 0);
    place_close(&p);
}

static void a_silent_break_is_heard_by_nobody(void **state)
{
    (void)state;
    struct place p;
    char bytes[8];
    int client, server;
    place_open(&p, 2);
    join(&p, p.a, &client, &server);
    assert_int_equal(seam_send(p.a, client, "x", 1), 1);
    pass(&p, SECOND_US);
    assert_int_equal(sim_machine_drop(p.a, SIM_DROP_SILENT, 1), 1);
    assert_int_equal(seam_send(p.a, client, "y", 1), 1);
    seam_socket_close(p.a, client);
    pass(&p, 3600 * (uint64_t)SECOND_US);
    assert_int_equal(seam_recv(p.b, server, bytes, 8), 1); /* it was there before */
    assert_int_equal(seam_recv(p.b, server, bytes, 8), -EAGAIN);
    assert_int_equal(seam_send(p.b, server, "z", 1), 1);
    pass(&p, SECOND_US);
    assert_int_equal(seam_recv(p.b, server, bytes, 8), -EAGAIN);
    place_close(&p);
}

static void of_several_as_many_break_as_were_asked(void **state)
{
    (void)state;
    int first_broke = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        int client[3], server[3], broke = 0;
        char bytes[8];
        place_open(&p, seed);
        for (int i = 0; i < 3; i++)
            join(&p, i < 2 ? p.a : p.c, &client[i], &server[i]);
        assert_int_equal(sim_machine_drop(p.b, SIM_DROP_RESET, 2), 2);
        pass(&p, SECOND_US);
        for (int i = 0; i < 3; i++)
            broke += seam_recv(p.b, server[i], bytes, 8) == -ECONNRESET;
        first_broke += seam_recv(p.a, client[0], bytes, 8) == -ECONNRESET;
        assert_int_equal(broke, 2);
        assert_int_equal(sim_machine_drop(p.b, SIM_DROP_RESET, SIZE_MAX), 1);
        place_close(&p);
    }
    assert_in_range(first_broke, SEEDS / 3, SEEDS - SEEDS / 8);
}

/* --- the network ------------------------------------------------------------------------------ */

static void what_is_sent_into_a_cut_arrives_after_it(void **state)
{
    (void)state;
    struct place p;
    char bytes[8];
    int client, server, other, other_server;
    place_open(&p, 3);
    join(&p, p.a, &client, &server);
    join(&p, p.c, &other, &other_server);
    sim_cut(p.a, p.b, seam_mono_us(p.a) + 60 * SECOND_US);
    assert_int_equal(seam_send(p.a, client, "x", 1), 1);
    assert_int_equal(seam_send(p.c, other, "y", 1), 1);
    int late = begin(p.a);
    pass(&p, 59 * SECOND_US);
    assert_int_equal(seam_recv(p.b, server, bytes, 8), -EAGAIN);
    assert_int_equal(seam_recv(p.b, other_server, bytes, 8), 1); /* c is not concerned */
    assert_int_equal(seam_accept(p.b, p.listener, NULL), -EAGAIN);
    pass(&p, 3 * SECOND_US);
    assert_int_equal(seam_recv(p.b, server, bytes, 8), 1);
    assert_true(seam_accept(p.b, p.listener, NULL) >= 0); /* tried again, as SYN is */
    assert_int_equal(seam_socket_error(p.a, late), 0);
    place_close(&p);
}

static void a_long_cut_from_everybody_ends_connecting(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 4);
    sim_cut(p.b, NULL, seam_mono_us(p.a) + 1000 * (uint64_t)SECOND_US);
    int from_a = begin(p.a), from_c = begin(p.c), from_b = begin(p.b);
    pass(&p, 100 * SECOND_US);
    assert_int_equal(seam_socket_error(p.a, from_a), -ETIMEDOUT);
    assert_int_equal(seam_socket_error(p.c, from_c), -ETIMEDOUT);
    assert_int_equal(seam_socket_error(p.b, from_b), 0); /* its own address is no network */
    assert_true(seam_accept(p.b, p.listener, NULL) >= 0);
    place_close(&p);
}

/* --- clock ------------------------------------------------------------------------------------ */

static void the_wall_clock_jumps_alone(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, 5);
    int64_t year = INT64_C(365) * 86400 * SECOND_US, wall = seam_wall_us(p.a);
    uint64_t mono = seam_mono_us(p.a);
    sim_machine_clock(p.a, 30 * year);
    assert_true(seam_wall_us(p.a) == wall + 30 * year);
    assert_true(seam_wall_us(p.b) == wall);
    assert_true(seam_mono_us(p.a) == mono);
    sim_machine_power_cut(p.a);
    sim_machine_power_on(p.a);
    sim_machine_clock(p.a, -40 * year);
    assert_true(seam_wall_us(p.a) == wall - 10 * year);
    place_close(&p);
}

/* --- disk ------------------------------------------------------------------------------------- */

static ssize_t put(struct seam *s, int file, char c)
{
    static char page[PAGE];
    for (int i = 0; i < PAGE; i++)
        page[i] = c;
    struct iovec iov = { page, PAGE };
    return seam_pwritev(s, file, &iov, 1, 0);
}

static char first_byte(struct seam *s, const char *name)
{
    char c = '?';
    int file = seam_open(s, name, SEAM_READ);
    assert_int_equal(seam_pread(s, file, &c, 1, 0), 1);
    seam_close(s, file);
    return c;
}

static void a_disk_is_in_trouble_for_a_while(void **state)
{
    (void)state;
    struct place p;
    char c;
    place_open(&p, 6);
    int file = seam_open(p.a, "x", SEAM_WRITE | SEAM_CREATE);
    assert_int_equal(put(p.a, file, 'a'), PAGE);
    struct sim_trouble trouble = { SIM_WRITES | SIM_SYNCS, -EIO, 1,
                                   seam_mono_us(p.a) + 10 * SECOND_US };
    sim_machine_trouble(p.a, &trouble);
    assert_int_equal(put(p.a, file, 'b'), -EIO);
    assert_int_equal(seam_open(p.a, "y", SEAM_WRITE | SEAM_CREATE), -EIO);
    assert_int_equal(seam_rename(p.a, "x", "z"), -EIO);
    assert_int_equal(seam_sync_dir(p.a, "."), -EIO);
    assert_int_equal(seam_fdatasync(p.a, file), -EIO);
    assert_int_equal(seam_pread(p.a, file, &c, 1, 0), 1);
    assert_int_equal(c, 'a');
    assert_int_equal(sim_machine_troubled(p.a), 5);
    pass(&p, 10 * SECOND_US);
    assert_int_equal(put(p.a, file, 'b'), PAGE);
    assert_int_equal(seam_fdatasync(p.a, file), 0);
    trouble = (struct sim_trouble){ SIM_READS, -EIO, 1, UINT64_MAX };
    sim_machine_trouble(p.a, &trouble);
    assert_int_equal(seam_pread(p.a, file, &c, 1, 0), -EIO);
    sim_machine_trouble(p.a, &(struct sim_trouble){ 0 });
    assert_int_equal(seam_pread(p.a, file, &c, 1, 0), 1);
    place_close(&p);
}

/* What the failed sync covered is there to be read, and a later sync does not bring it to the disk.
 */
static void a_later_sync_does_not_mend_a_failed_one(void **state)
{
    (void)state;
    int lost = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        place_open(&p, seed);
        int file = seam_open(p.a, "x", SEAM_WRITE | SEAM_CREATE);
        put(p.a, file, 'a');
        assert_int_equal(seam_fdatasync(p.a, file), 0);
        assert_int_equal(seam_sync_dir(p.a, "."), 0);
        put(p.a, file, 'b');
        struct sim_trouble trouble = { SIM_SYNCS, -EIO, 1, UINT64_MAX };
        sim_machine_trouble(p.a, &trouble);
        assert_int_equal(seam_fdatasync(p.a, file), -EIO);
        sim_machine_trouble(p.a, &(struct sim_trouble){ 0 });
        assert_int_equal(seam_fdatasync(p.a, file), 0);
        assert_int_equal(first_byte(p.a, "x"), 'b');
        sim_machine_power_cut(p.a);
        sim_machine_power_on(p.a);
        lost += first_byte(p.a, "x") == 'a';
        place_close(&p);
    }
    assert_in_range(lost, SEEDS / 4, 3 * SEEDS / 4);
}

static void what_is_written_again_after_a_failed_sync_can_be_synced(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct place p;
        place_open(&p, seed);
        struct seam_faults plan = {
            .sync = { 1, 1, -EIO }
        }; /* the other kind of fault, with power cuts */
        seam_faults(p.a, &plan);
        int file = seam_open(p.a, "x", SEAM_WRITE | SEAM_CREATE);
        put(p.a, file, 'a');
        assert_int_equal(seam_sync_dir(p.a, "."), 0);
        assert_int_equal(seam_fdatasync(p.a, file), -EIO);
        put(p.a, file, 'b');
        assert_int_equal(seam_fdatasync(p.a, file), 0);
        sim_machine_power_cut(p.a);
        assert_int_equal(seam_fdatasync(p.a, file), -EIO);
        sim_machine_power_on(p.a);
        assert_int_equal(first_byte(p.a, "x"), 'b');
        assert_int_equal(seam_faults_struck(p.a), 1);
        place_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_is_heard_by_both),
        cmocka_unit_test(a_silent_break_is_heard_by_nobody),
        cmocka_unit_test(of_several_as_many_break_as_were_asked),
        cmocka_unit_test(what_is_sent_into_a_cut_arrives_after_it),
        cmocka_unit_test(a_long_cut_from_everybody_ends_connecting),
        cmocka_unit_test(the_wall_clock_jumps_alone),
        cmocka_unit_test(a_disk_is_in_trouble_for_a_while),
        cmocka_unit_test(a_later_sync_does_not_mend_a_failed_one),
        cmocka_unit_test(what_is_written_again_after_a_failed_sync_can_be_synced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
