/* faults.c - each call of the file layer fails in turn, the store's own and LMDB's: refused with
 * "later" or not noticed, reading goes on, nothing that was answered is lost, and it all comes back
 * by itself.
 *
 *   faults [--every N] [--only WORKLOAD] [--plan WORDS]    N: of the calls, each nth; 1: all
 *
 * After each run the power fails, too: a sync that failed may have lost what it was to write.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/image.h"
#include "crash/look.h"
#include "crash/workloads.h"

enum { FOR_EVER = 1000000 };

static const struct plan {
    const char *why;
    unsigned calls;
    uint64_t times;
    int error;
    bool full; /* statvfs says so, too */
    bool all;  /* such calls are few: each is tried */
} plans[] = {
    { "a sync fails", FAULT_SYNC, 1, EIO, false, false },
    { "syncs fail", FAULT_SYNC, 4, EIO, false, false },
    { "every sync fails", FAULT_SYNC, FOR_EVER, EIO, false, false },
    { "a write fails", FAULT_WRITE, 1, EIO, false, false },
    { "every write fails", FAULT_WRITE, FOR_EVER, EIO, false, false },
    { "a write is short", FAULT_WRITE, 1, 0, false, false },
    { "every write is short", FAULT_WRITE, FOR_EVER, 0, false, false },
    { "a write finds no room", FAULT_WRITE, 1, ENOSPC, false, false },
    { "the disk is full", FAULT_WRITE | FAULT_GROW, FOR_EVER, ENOSPC, true, false },
    { "no room to grow", FAULT_GROW, FOR_EVER, ENOSPC, false, true },
    { "a file cannot be opened", FAULT_OPEN, 1, EMFILE, false, false },
    { "no file can be opened", FAULT_OPEN, FOR_EVER, EMFILE, false, false },
    { "a name cannot be changed", FAULT_NAME, 1, EIO, false, true },
    { "no name can be changed", FAULT_NAME, FOR_EVER, EIO, false, true },
    { "a file cannot be cut", FAULT_SHRINK, 1, EIO, false, true },
    { "a read fails", FAULT_READ, 1, EIO, false, true },
    { "every read fails", FAULT_READ, FOR_EVER, EIO, false, true },
};
enum { PLANS = sizeof plans / sizeof *plans };

static struct {
    uint64_t every;
    const char *only;
    char work[64], scratch[80];
} options = { .every = 17 };

/* One run. */
static struct run {
    const struct workload *workload;
    const struct plan *plan;
    uint64_t nth;
    bool met, put_off;
    const char *wrong; /* NULL: nothing */
    struct ledger_of_life ledger;
} now;

static void wrong(const char *what)
{
    if (!now.wrong) now.wrong = what;
}

/* --- the life with a fault in it */

static void begin_fault(void)
{
    struct fault f = { now.plan->calls, now.nth, now.plan->times, now.plan->error, NULL };
    disklog_fault(&f);
    if (now.plan->full) disklog_free_bytes(1 << 20);
}

static void end_fault(void)
{
    now.met = disklog_faults_met() >= now.nth;
    disklog_fault(NULL);
    disklog_free_bytes(UINT64_MAX);
}

static void make_people_then_fault(struct life *l)
{
    people_make(l);
    letters_put_off();
    begin_fault();
    now.workload->run(l);
}

static void read_on(struct life *l)
{
    struct buf rows = buf_make(64 << 20);
    if (!life_picture(l, &rows)) wrong("reading does not go on");
    buf_free(&rows);
}

/* There is room again: how long until mail is taken, and the index follows? */
static void come_back(struct life *l)
{
    enum err e = ERR_LATER;
    for (int i = 0; i < 50 && e; i++) {
        life_sleep(100);
        e = append_to(l, 0, S("INBOX"), 600, LETTER_PLAIN);
    }
    if (e) wrong("mail is not taken again within 5 s");
    life_sleep(5000);
    if (engine_stats(l->engine).failing) wrong("the index does not come back");
}

static void live(struct life *l)
{
    folder_empty(options.work);
    disklog_begin(options.work);
    if (life_open(l, options.work, 1, &now.ledger)) fail_msg("it does not open");
    life_run(l, make_people_then_fault);
    now.put_off = letters_put_off();
    if (!(now.plan->calls & FAULT_READ)) life_run(l, read_on);
    end_fault();
    life_run(l, come_back);
    life_close(l);
    disklog_end();
}

/* --- and after it */

static void look(const struct image *i, size_t least)
{
    struct look look = { .ledger = &now.ledger, .least = least, .seed = now.nth };
    image_lay_out(i, options.scratch);
    const char *fault = look_at(&look, options.scratch);
    disklog_end();
    if (fault) wrong(fault);
}

static size_t promised(size_t ops)
{
    size_t picture = 0;
    for (size_t i = 0; i < now.ledger.promises_n; i++)
        if (now.ledger.promises[i].ops <= ops && now.ledger.promises[i].picture > picture)
            picture = now.ledger.promises[i].picture;
    return picture;
}

/* Power cuts at some moments of the run, and at its end. */
static void crash(const struct op *ops, size_t n)
{
    struct disk d;
    size_t step = n / 6 + 1;
    disk_begin(&d, NULL, now.nth);
    for (size_t i = 0; i < n && !now.wrong; i++) {
        disk_take(&d, &ops[i]);
        if (i + 1 < n && (i + now.nth) % step) continue;
        struct image image;
        disk_crash(&d, (enum fate)((i + now.nth) % FATES), now.nth, &image);
        look(&image, promised(i + 1));
        if (now.wrong) ops_print(ops, i + 1);
        image_free(&image);
    }
    disk_free(&d);
}

static void run(const struct workload *w, const struct plan *plan, uint64_t nth)
{
    struct life l;
    size_t n;
    now = (struct run){ .workload = w, .plan = plan, .nth = nth };
    live(&l);
    struct op *ops = disklog_take(&n);
    if (!now.wrong) crash(ops, n);
    if (now.wrong)
        fail_msg("%s, %s from call %llu on: %s", w->name, plan->why, (unsigned long long)nth,
                 now.wrong);
    ops_free(ops, n);
    ledger_clear(&now.ledger);
}

static void try_plan(const struct plan *plan)
{
    unsigned runs = 0, put_off = 0, unnoticed = 0;
    for (unsigned i = 0; i < workloads_n; i++) {
        if (options.only && strcmp(options.only, workloads[i].name) != 0) continue;
        uint64_t step = plan->all ? 1 : options.every;
        bool any = true;
        for (uint64_t nth = 1 + i % step; any; nth += step) {
            run(&workloads[i], plan, nth);
            any = now.met;
            runs += any;
            put_off += any && now.put_off;
            unnoticed += any && !now.put_off;
        }
    }
    printf("# %-26s %4u runs: %4u answered with later, %4u did not notice\n", plan->why, runs,
           put_off, unnoticed);
    fflush(stdout);
    assert_true(runs > 0 || options.only);
}

static void test_plan(void **state)
{
    try_plan(*state);
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--only") == 0) options.only = argv[i + 1];
        if (strcmp(argv[i], "--plan") == 0) cmocka_set_test_filter(argv[i + 1]);
        if (strcmp(argv[i], "--every") == 0 && !str_u64(str_of(argv[i + 1]), 1000, &options.every))
            return 2;
    }
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(options.work, sizeof options.work, "%s/ph-faults-XXXXXX", root);
    if (!mkdtemp(options.work)) return 2;
    snprintf(options.scratch, sizeof options.scratch, "%s.crash", options.work);
    struct CMUnitTest tests[PLANS];
    for (size_t i = 0; i < PLANS; i++)
        tests[i] = (struct CMUnitTest){ plans[i].why, test_plan, NULL, NULL,
                                        (void *)(uintptr_t)&plans[i] };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_empty(options.work);
    folder_empty(options.scratch);
    rmdir(options.work);
    rmdir(options.scratch);
    return failed;
}
