/* states.c - every state in which a crash may leave the disk: what was promised is there.
 *
 *   states [--states N] [--seed S] [--only WORKLOAD]     N: of each workload, about
 *
 * Each workload runs once while every change of its files, LMDB's included, is recorded. Then, for
 * every prefix of that record and several fates of what was not synced by then (image.h), the files
 * are laid out, the store is opened, and looked at: all it shows must be, row by row, what it was
 * after some commit, and none earlier than the last one that was answered; check must be clean,
 * every letter whole, and life must go on from there. Some states crash once more while they are
 * opened. The same seed makes the same states.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crash/image.h"
#include "crash/look.h"
#include "crash/workloads.h"

static struct {
    uint64_t seed, states; /* of each workload, about */
    const char *only;
    char work[64], scratch[80];
} options = { .seed = 1, .states = 100 };

/* --- a recording */

struct history {
    const struct workload *workload;
    struct op *ops;
    size_t n, begins; /* where the workload itself begins: people are there */
    struct ledger_of_life ledger;
};

static size_t began_at;
static void (*running)(struct life *l);

static void make_people_and_run(struct life *l)
{
    people_make(l);
    began_at = disklog_count();
    running(l);
}

static void record(struct history *h, const struct workload *w)
{
    struct life l;
    *h = (struct history){ .workload = w };
    running = w->run;
    folder_empty(options.work);
    disklog_begin(options.work);
    if (life_open(&l, options.work, options.seed, &h->ledger))
        fail_msg("%s: %.*s", w->name, STR_ARG(buf_str(&l.why)));
    life_run(&l, make_people_and_run);
    life_close(&l);
    disklog_end();
    h->begins = began_at;
    h->ops = disklog_take(&h->n);
}

static void history_free(struct history *h)
{
    ops_free(h->ops, h->n);
    ledger_clear(&h->ledger);
}

/* The oldest picture that may be seen once this many changes were made. */
static size_t promised(const struct history *h, size_t ops)
{
    size_t picture = 0;
    for (size_t i = 0; i < h->ledger.promises_n; i++) {
        const struct promise *p = &h->ledger.promises[i];
        if (p->ops <= ops && p->picture > picture) picture = p->picture;
    }
    return picture;
}

/* --- states */

struct tried {
    size_t states, again, opening_ops;
    const char *fault; /* the first one found; NULL: none */
    size_t at;
};

static bool try_image(const struct history *h, const struct image *i, size_t ops, uint64_t seed,
                      struct tried *t)
{
    struct look look = { .ledger = &h->ledger, .least = promised(h, ops), .seed = seed };
    image_lay_out(i, options.scratch);
    t->fault = look_at(&look, options.scratch);
    disklog_end();
    t->opening_ops = look.opening_ops;
    t->states++;
    t->at = ops;
    return t->fault == NULL;
}

/* The opening of this state was recorded: crash in the middle of it, too. After a kill the kernel
 * has all that was written, and still owes the disk what was not synced. */
static bool try_again(const struct history *h, const struct disk *before, size_t ops, uint64_t seed,
                      struct tried *t)
{
    size_t all, n = t->opening_ops;
    struct op *opening = disklog_take(&all);
    bool good = true;
    for (unsigned k = 0; good && n > 0 && k < 3; k++) {
        struct disk d;
        struct image after;
        size_t until = (seed >> (8 * k)) % (n + 1);
        disk_copy(&d, before);
        for (size_t i = 0; i < until; i++)
            disk_take(&d, &opening[i]);
        disk_crash(&d, (enum fate)((seed + k) % FATES), seed + k, &after);
        good = try_image(h, &after, ops, seed, t);
        t->again++;
        image_free(&after);
        disk_free(&d);
    }
    ops_free(opening, all);
    return good;
}

static bool try_opened(const struct history *h, const struct disk *d, const struct image *i,
                       enum fate fate, size_t ops, uint64_t seed, struct tried *t)
{
    struct disk found;
    if (fate == FATE_ALL) return try_again(h, d, ops, seed, t);
    disk_begin(&found, i, seed); /* what the power left is on the disk */
    bool good = try_again(h, &found, ops, seed, t);
    disk_free(&found);
    return good;
}

static bool try_prefix(const struct history *h, const struct disk *d, size_t ops, unsigned fates,
                       struct tried *t)
{
    uint64_t seen[FATES * 8];
    size_t seen_n = 0;
    bool good = true;
    for (unsigned k = 0; good && k < fates && k < FATES * 8; k++) {
        uint64_t seed = options.seed * 1000003 + ops * 8191 + k;
        struct image i;
        enum fate fate = (enum fate)((ops + k) % FATES);
        disk_crash(d, fate, seed, &i);
        uint64_t digest = image_digest(&i);
        bool is_new = true;
        for (size_t s = 0; s < seen_n; s++)
            is_new = is_new && seen[s] != digest;
        seen[seen_n++] = digest;
        if (is_new) good = try_image(h, &i, ops, seed, t);
        if (is_new && good && seed % 13 == 0) good = try_opened(h, d, &i, fate, ops, seed, t);
        image_free(&i);
    }
    return good;
}

/* Every prefix; how many fates of each follows from the states wanted. */
static struct tried try_all(const struct history *h)
{
    struct tried t = { 0 };
    struct disk d;
    size_t from = h->workload == workloads ? 0 : h->begins;
    unsigned fates = (unsigned)(options.states / (h->n - from + 1)) + 1;
    disk_begin(&d, NULL, options.seed);
    bool good = true;
    for (size_t ops = 0; good && ops <= h->n; ops++) {
        if (ops > 0) disk_take(&d, &h->ops[ops - 1]);
        if (ops >= from) good = try_prefix(h, &d, ops, fates, &t);
    }
    disk_free(&d);
    return t;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_states(void **state)
{
    size_t states = 0, again = 0, changes = 0, commits = 0;
    double began = now_s();
    (void)state;
    for (unsigned i = 0; i < workloads_n; i++) {
        if (options.only && strcmp(options.only, workloads[i].name) != 0) continue;
        struct history h;
        record(&h, &workloads[i]);
        struct tried t = try_all(&h);
        if (t.fault) ops_print(h.ops, t.at);
        if (t.fault)
            fail_msg("%s, after change %zu of %zu: %s\nagain: states --seed %llu --states %llu "
                     "--only %s",
                     workloads[i].name, t.at, h.n, t.fault, (unsigned long long)options.seed,
                     (unsigned long long)options.states, workloads[i].name);
        printf("# %-10s %4zu changes of files, %3zu commits, %5zu states\n", workloads[i].name, h.n,
               h.ledger.pictures_n - 1, t.states);
        fflush(stdout);
        states += t.states, again += t.again, changes += h.n, commits += h.ledger.pictures_n - 1;
        history_free(&h);
    }
    printf(
        "# %zu states after %zu changes of files and %zu commits, %zu of them crashed again while "
        "opened; nothing was lost; %.1f s\n",
        states, changes, commits, again, now_s() - began);
}

/* --- the test of the test: stores that sync too little must be found out */

static void expect_found(const char *word, const char *workload)
{
    struct history h;
    const struct workload *w = workloads;
    while (strcmp(w->name, workload) != 0)
        w++;
    disklog_ignore_syncs(word);
    record(&h, w);
    struct tried t = try_all(&h);
    disklog_ignore_syncs(NULL);
    printf("# without syncs of %s: found after %zu states: %s\n", word, t.states,
           t.fault ? t.fault : "NOT FOUND");
    history_free(&h);
    assert_non_null(t.fault);
}

static void test_answers_before_the_sync_are_found(void **state)
{
    (void)state;
    expect_found("journal", "deliver");
}

static void test_names_that_are_not_synced_are_found(void **state)
{
    (void)state;
    expect_found("folder", "deliver");
}

static void test_an_index_that_is_not_synced_is_found(void **state)
{
    (void)state;
    expect_found("index", "flags");
}

/* --- options */

static bool number(const char *text, uint64_t *out)
{
    return str_u64(str_of(text), UINT64_MAX, out);
}

static bool option(const char *name, const char *value)
{
    if (strcmp(name, "--states") == 0) return number(value, &options.states);
    if (strcmp(name, "--seed") == 0) return number(value, &options.seed);
    if (strcmp(name, "--only") == 0) return options.only = value, true;
    return false;
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (option(argv[i], argv[i + 1])) continue;
        fprintf(stderr, "usage: states [--states N] [--seed S] [--only WORKLOAD]\n");
        return 2;
    }
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(options.work, sizeof options.work, "%s/ph-states-XXXXXX", root);
    if (!mkdtemp(options.work)) return 2;
    snprintf(options.scratch, sizeof options.scratch, "%s.crash", options.work);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_answers_before_the_sync_are_found),
        cmocka_unit_test(test_names_that_are_not_synced_are_found),
        cmocka_unit_test(test_an_index_that_is_not_synced_is_found),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_empty(options.work);
    folder_empty(options.scratch);
    rmdir(options.work);
    rmdir(options.scratch);
    return failed;
}
