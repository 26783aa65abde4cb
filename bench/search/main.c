/* main.c - `./do bench search [--short] [--folder DIR] [LETTERS...]`: the text index and its peer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "search_bench_int.h"

/* Words of words.c's seed. */
const struct query queries[] = {
    { "onbe itthe ntng", "a phrase" },
    { "erthest", "a word" },
    { "33618", "a rare number" },
    { "the", "three letters" },
    { "straß", "part of words" },
    { "договор", "Russian" },
    { "的一", "two characters" },
    { "的一是", "three characters" },
    { "zzzz", "nowhere" },
    { "qu", "two letters" },
    { "e", "one letter" },
};
const size_t queries_n = COUNT_OF(queries);

double bench_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double bench_cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn void bench_die(const char *what)
{
    fprintf(stderr, "bench/search: %s\n", what);
    exit(1);
}

static void run(const char *parent, unsigned letters)
{
    printf("%u letters\n", letters);
    ours_run(parent, letters);
    peer_run(parent, letters, "full");
    peer_run(parent, letters, "none");
}

int main(int argc, char **argv)
{
    const char *parent = ".";
    bool brief = false;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--short") == 0)
            brief = true;
        else if (strcmp(argv[at], "--folder") == 0 && at + 1 < argc)
            parent = argv[++at];
        else
            bench_die("usage: bench search [--short] [--folder DIR] [LETTERS...]");
    }
    log_level_set(LOG_ERROR);
    for (; at < argc; at++)
        run(parent, (unsigned)strtoul(argv[at], NULL, 10));
    if (argc > 1 && argv[argc - 1][0] != '-') return 0;
    run(parent, 10000);
    if (!brief) run(parent, 100000);
    return 0;
}
