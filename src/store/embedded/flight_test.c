/* flight_test.c - groups in the air: while one becomes durable the next is judged by its rows.
 *
 * Many fibers count in one row, so each commit depends on the one before it, whatever group that is
 * in. Then the disk fails for a while, in the middle of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

enum { FIBERS = 16, COMMITS = 40, ACCOUNT = 30 };

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_make(p);
    if (place_open(p)) return 1;
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place_remove(*state);
    mem_free(*state);
    return 0;
}

/* One of the fibers, and which of its commits were answered OK. */
struct counter {
    char name;
    unsigned answered;
    bool ok[COMMITS];
};
struct step {
    const struct counter *who;
    unsigned n;
};

static str step_key(const struct step *s, char text[4])
{
    text[0] = s->who->name;
    text[1] = (char)('0' + s->n / 10);
    text[2] = (char)('0' + s->n % 10);
    return (str){ text, 3 };
}

static enum err count_one(struct txn *t, void *arg)
{
    const struct account a = { ACCOUNT };
    char text[4];
    str value;
    uint64_t n = 0;
    enum err e = txn_get(t, a, S("count"), &value);
    if (!e && !str_u64(value, UINT64_MAX, &n)) return ERR_CORRUPT;
    if (e && e != ERR_NOTFOUND) return e;
    struct buf b = buf_make(32);
    buf_addf(&b, "%llu", (unsigned long long)n + 1);
    txn_put(t, a, S("count"), buf_str(&b));
    txn_put(t, a, step_key(arg, text), S("here"));
    buf_free(&b);
    return OK;
}

static void count_on(struct place *p, void *arg)
{
    struct counter *c = arg;
    for (unsigned i = 0; i < COMMITS; i++) {
        struct step s = { c, i };
        enum err e = engine_commit(p->engine, count_one, &s);
        assert_true(e == OK || e == ERR_LATER);
        c->ok[i] = e == OK;
        c->answered += e == OK;
    }
}

static void is_as_answered(struct place *p, const struct counter *counters, unsigned n)
{
    unsigned answered = 0;
    for (unsigned i = 0; i < n; i++) {
        answered += counters[i].answered;
        for (unsigned k = 0; k < COMMITS; k++) {
            char text[4];
            struct step s = { &counters[i], k };
            assert_true(row_is(p, ACCOUNT, step_key(&s, text), counters[i].ok[k] ? "here" : NULL));
        }
    }
    char text[32];
    snprintf(text, sizeof text, "%u", answered);
    assert_true(row_is(p, ACCOUNT, S("count"), text));
}

static void count_while(struct place *p, const struct seam_faults *faults)
{
    struct counter *counters = mem_array(FIBERS + 1, sizeof *counters);
    void *args[FIBERS + 1];
    for (unsigned i = 0; i <= FIBERS; i++) {
        counters[i].name = (char)('a' + i);
        args[i] = &counters[i];
    }
    seam_faults(p->seam, faults);
    place_run_many(p, count_on, args, FIBERS);
    seam_faults(p->seam, &(struct seam_faults){ 0 });
    is_as_answered(p, counters, FIBERS);
    /* A commit more: what was refused is then refused for good. */
    place_run_many(p, count_on, &args[FIBERS], 1);
    place_close(p);
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
    is_as_answered(p, counters, FIBERS + 1);
    mem_free(counters);
}

static void each_group_sees_the_one_in_the_air(void **state)
{
    count_while(*state, &(struct seam_faults){ 0 });
}

static void what_fails_takes_along_what_was_judged_by_it(void **state)
{
    (void)state;
    static const struct seam_faults plans[] = {
        { .sync = { 2, 2, -EIO } },  { .sync = { 9, 2, -EIO } }, { .sync = { 5, 12, -EIO } },
        { .write = { 6, 4, -EIO } }, { .write = { 4, 9, 0 } },   { .write = { 7, 6, -ENOSPC } },
    };
    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        void *place;
        assert_int_equal(set_up(&place), 0);
        count_while(place, &plans[i]);
        tear_down(&place);
    }
}

/* --- who is waited for ------------------------------------------------------------------------ */

/* Alone nobody waits for it; of two each does, sooner or later, for the other's. */
struct waited {
    bool alone, awaited;
};

static enum err see_awaited(struct txn *t, void *arg)
{
    struct waited *w = arg;
    for (unsigned ms = 0; ms < 10000 && !w->alone && !txn_awaited(t); ms++)
        usleep(1000);
    w->awaited = txn_awaited(t);
    txn_put(t, (struct account){ ACCOUNT }, S("x"), S("y"));
    return OK;
}

static void commit_seeing(struct place *p, void *arg)
{
    assert_int_equal(engine_commit(p->engine, see_awaited, arg), OK);
}

static void transactions_know_whether_others_wait(void **state)
{
    struct waited one = { .alone = true }, two[2] = { { 0 }, { 0 } };
    void *both[] = { &two[0], &two[1] };
    place_run(*state, commit_seeing, &one);
    assert_false(one.awaited);
    place_run_many(*state, commit_seeing, both, 2);
    assert_true(two[0].awaited && two[1].awaited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_group_sees_the_one_in_the_air, set_up, tear_down),
        cmocka_unit_test(what_fails_takes_along_what_was_judged_by_it),
        cmocka_unit_test_setup_teardown(transactions_know_whether_others_wait, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
