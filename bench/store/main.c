/* main.c - `./do bench store [--short] [ROW...]`: what the store promises, each row as a ratio. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "bench_int.h"

/* clang-format off */
static const struct {
    const char *name;
    void (*run)(struct bench *b);
    const char *help;
} rows[] = {
    { "append", bench_append, "durable appends a second, through the engine" },
    { "append-filed", bench_append_filed, "the same through store_accept" },
    { "device", bench_device, "what the device writes for a message, through the engine" },
    { "device-filed", bench_device_filed, "the same through store_accept" },
    { "bulk", bench_bulk, "a mailbox of 100,000 messages: listing, opening, changing" },
    { "import", bench_import, "a Maildir of 200,000 messages, with posthorn import" },
    { "memory", bench_memory, "the server at rest on 1,000,000 messages" },
};
/* clang-format on */

double bench_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn void bench_die(const char *what)
{
    fprintf(stderr, "bench/store: %s\n", what);
    exit(1);
}

/* --- figures --------------------------------------------------------------------------------- */

static void show(struct bench *b, const struct figure *f, bool good, const char *sign)
{
    double ratio = f->ours / f->limit;
    printf("%-44s %12.2f %s, %s %.2f: ", f->what, f->ours, f->unit, f->limit_name, f->limit);
    if (f->goal < 1.5)
        printf("%.0f %% (goal %s %.0f %%)%s\n", 100 * ratio, sign, 100 * f->goal,
               good ? "" : " MISSED");
    else
        printf("%.2f (goal %s %.2f)%s\n", ratio, sign, f->goal, good ? "" : " MISSED");
    fflush(stdout);
    b->missed += !good;
}

void bench_least(struct bench *b, const struct figure *f)
{
    show(b, f, f->ours >= f->goal * f->limit, ">=");
}

void bench_most(struct bench *b, const struct figure *f)
{
    show(b, f, f->ours <= f->goal * f->limit, "<=");
}

void bench_note(const char *what, double value, const char *unit)
{
    printf("    %-40s %12.2f %s\n", what, value, unit);
    fflush(stdout);
}

/* --- the command line ------------------------------------------------------------------------ */

static void usage(void)
{
    printf("usage: bench store [--short] [--folder DIR] [ROW...]\n\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        printf("  %-12s %s\n", rows[i].name, rows[i].help);
    exit(2);
}

static bool wanted(const char *name, char **names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return n == 0;
}

int main(int argc, char **argv)
{
    struct bench b = { .parent = "." };
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--short") == 0)
            b.brief = true;
        else if (strcmp(argv[at], "--folder") == 0 && at + 1 < argc)
            b.parent = argv[++at];
        else
            usage();
    }
    log_level_set(LOG_WARN);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (wanted(rows[i].name, argv + at, argc - at)) rows[i].run(&b);
    return b.missed ? 1 : 0;
}
