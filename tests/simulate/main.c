/* main.c - seeds side by side: each child plays one after the other, and a child that breaks down
 * tells which seed it was at.
 *
 *   simulate [--seeds N] [--from SEED] [--jobs N]   N worlds; the default is 1000 from seed 1
 *   simulate --seed S                               one, telling what happens
 *   simulate --twice N                              each of N seeds twice: the same history?
 *   simulate --find N                               stops at the first seed that breaks something;
 * none in N is the failure: for bugs that were planted
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "simulate/simulate.h"

enum { JOBS_MAX = 64, FAILURES_MAX = 5, SEED_CPU_SECONDS_MAX = 20, ENOUGH_SEEDS = 200 };

static struct options {
    unsigned long seeds, from, seed, jobs, twice, find;
} options = { .seeds = 1000, .from = 1 };

/* Shared with the children. */
static struct shared {
    _Atomic unsigned long next, done, failures, first;
    _Atomic unsigned long at[JOBS_MAX]; /* the seed that each plays */
    _Atomic uint64_t tallies[TALLY_N];
} * shared;

void count_up(enum tally what, uint64_t n)
{
    shared->tallies[what] += n;
}

/* --- children --------------------------------------------------------------------------------- */

static void failed(unsigned long seed)
{
    if (!shared->failures++) shared->first = seed;
}

static void play_one(unsigned long seed)
{
    uint64_t once, again;
    bool good = world_play(seed, &once);
    if (options.twice) {
        good &= world_play(seed, &again);
        if (once != again) {
            printf("BROKEN: seed %lu is not the same history twice\n", seed);
            good = false;
        }
    }
    if (!good) failed(seed);
    shared->done++;
}

static void child(unsigned job)
{
    for (;;) {
        unsigned long n = shared->next++;
        if (n >= options.seeds || shared->failures >= (options.find ? 1 : FAILURES_MAX)) break;
        shared->at[job] = options.from + n;
        struct itimerval limit = { .it_value.tv_sec = SEED_CPU_SECONDS_MAX };
        setitimer(ITIMER_PROF, &limit, NULL);
        play_one(options.from + n);
    }
    fflush(stdout);
    _exit(0);
}

static pid_t child_start(unsigned job)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) child(job);
    if (pid < 0) exit(2);
    return pid;
}

static void crashed(unsigned long seed, int status)
{
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    printf("BROKEN in seed %lu: %s (%s): %s --seed %lu\n", seed,
           sig == SIGPROF ? "it hangs" : "it broke down", sig ? strsignal(sig) : "exit",
           story_program, seed);
    failed(seed);
    shared->done++;
}

/* What was looked for is found: nobody needs to go on. */
static void stop_all(const pid_t *pids)
{
    for (unsigned i = 0; i < options.jobs; i++)
        if (pids[i] > 0) kill(pids[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
}

static void play_all(void)
{
    pid_t pids[JOBS_MAX] = { 0 };
    unsigned left = (unsigned)options.jobs;
    for (unsigned i = 0; i < left; i++)
        pids[i] = child_start(i);
    while (left > 0) {
        int status;
        pid_t pid = wait(&status);
        unsigned job = 0;
        while (job < options.jobs && pids[job] != pid)
            job++;
        if (job == options.jobs) continue;
        pids[job] = 0;
        if (status) crashed(shared->at[job], status);
        if (options.find && shared->failures) {
            stop_all(pids);
            return;
        }
        if (status)
            pids[job] = child_start(job);
        else
            left--;
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(double took_s)
{
    printf("%lu seeds in %.1f s, %.1f a second, %lu broken\n", (unsigned long)shared->done, took_s,
           (double)shared->done / took_s, (unsigned long)shared->failures);
    for (size_t i = 0; i < TALLY_N; i++)
        printf("%s%llu %s", i ? ", " : "", (unsigned long long)shared->tallies[i],
               tally_rows[i].name);
    printf("\n");
    if (!shared->done) shared->failures++; /* nothing was shown */
    for (size_t i = 0; i < TALLY_N && shared->done >= ENOUGH_SEEDS; i++) {
        if (!tally_rows[i].mishap || shared->tallies[i]) continue;
        printf("BROKEN: no %s at all, this run shows nothing\n", tally_rows[i].name);
        shared->failures++;
    }
}

static int found(double took_s)
{
    if (shared->failures)
        printf("found at seed %lu, the %lu. that was played (%.1f s)\n",
               (unsigned long)shared->first, (unsigned long)shared->done, took_s);
    else
        printf("nothing found in %lu seeds (%.1f s)\n", (unsigned long)shared->done, took_s);
    return !shared->failures;
}

static void read_options(int argc, char **argv)
{
    static const struct {
        const char *name;
        unsigned long *value;
    } known[] = { { "--seeds", &options.seeds }, { "--from", &options.from },
                  { "--seed", &options.seed },   { "--jobs", &options.jobs },
                  { "--twice", &options.twice }, { "--find", &options.find } };
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        while (k < COUNT_OF(known) && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == COUNT_OF(known) || i + 1 == argc) {
            fprintf(stderr, "simulate: unknown option: %s\n", argv[i]);
            exit(2);
        }
        *known[k].value = strtoul(argv[i + 1], NULL, 10);
    }
    if (options.twice) options.seeds = options.twice;
    if (options.find) options.seeds = options.find;
    if (!options.jobs) options.jobs = (unsigned long)sysconf(_SC_NPROCESSORS_ONLN);
    if (options.jobs > JOBS_MAX) options.jobs = JOBS_MAX;
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    story_program = argv[0];
    setenv("TMPDIR", "/dev/shm", 0);
    setenv("SSL_CERT_FILE", "/dev/null",
           1); /* each server would read a hundred authorities at each start */
    setenv("SSL_CERT_DIR", "/dev/null", 1);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 2;
    double began = now_s();
    if (options.seed) {
        story_show(true);
        play_one(options.seed);
    } else {
        play_all();
    }
    if (options.find) return found(now_s() - began);
    report(now_s() - began);
    return shared->failures != 0;
}
