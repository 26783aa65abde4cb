/* main.c - `./do bench smtp [--short] [--only ROW]`: Posthorn and Debian's Postfix with Dovecot
 * under the same load, in turn, and a bare sink as the limit. Every row is a ratio of the same run.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "smtp_int.h"

/* clang-format off */
static const struct cell {
    const char *name;
    size_t bytes;
    unsigned connections;
    double goal; /* times the peer */
} cells[] = {
    { "4 KiB, 1 connection",     4096,        1,   3 },
    { "4 KiB, 10 connections",   4096,        10,  10 },
    { "4 KiB, 100 connections",  4096,        100, 25 },
    { "64 KiB, 10 connections",  64 * 1024,   10,  6 },
    { "1 MiB, 10 connections",   1024 * 1024, 10,  5 },
};
/* clang-format on */
enum { CELLS = sizeof cells / sizeof *cells, CPU_CELL = 1 };

struct results {
    double rate[CELLS]; /* messages visible a second */
    double cpu_s;       /* a 10,000 messages, 4 KiB at 10 connections */
    double relay, logins, pss_mb;
    double sink[CELLS]; /* what a bare sink does, measured next to each */
};

static double cell_s = 10;
static const char *only; /* for a look at one row: a part of its name */
static unsigned missed;

/* --- measuring -------------------------------------------------------------------------------- */

struct came {
    struct watcher *watcher;
    uint64_t wanted;
};

static bool all_came(void *arg)
{
    struct came *c = arg;
    return watcher_count(c->watcher) >= c->wanted;
}

/* Messages that the recipients see, a second, from the first MAIL until the last is seen. */
static double visible_rate(const struct system *s, struct watcher *w, const struct cell *c)
{
    struct load l = { .address = s->address,
                      .port = s->port_mx,
                      .connections = c->connections,
                      .message_bytes = c->bytes,
                      .seconds = cell_s,
                      .domain = "bench.test" };
    struct loaded got;
    uint64_t before = watcher_count(w);
    load_run(&l, &got);
    struct came come = { w, before + got.accepted };
    if (!wait_until(all_came, &come, 300))
        bench_die("%s: of %llu messages only %llu came", s->name, (unsigned long long)got.accepted,
                  (unsigned long long)(watcher_count(w) - before));
    return (double)got.accepted / (now_s() - got.began_s);
}

static double sink_rate(const char *folder, const struct cell *c)
{
    struct sink *k = sink_start(folder);
    struct load l = { .address = "127.0.0.1",
                      .port = sink_port(k),
                      .connections = c->connections,
                      .message_bytes = c->bytes,
                      .seconds = cell_s / 2,
                      .domain = "bench.test" };
    struct loaded got;
    load_run(&l, &got);
    double rate = (double)got.accepted / (now_s() - got.began_s);
    sink_stop(k);
    return rate;
}

struct left {
    const struct sink *sink;
    uint64_t wanted;
};

static bool all_left(void *arg)
{
    struct left *l = arg;
    return sink_messages(l->sink) >= l->wanted;
}

/* Messages that the next server has, a second. */
static double relay_rate(const struct system *s, const struct sink *out)
{
    struct load l = { .address = s->address,
                      .port = s->relays_unasked ? s->port_mx : s->port_submission,
                      .connections = 10,
                      .message_bytes = 4096,
                      .seconds = cell_s / 2,
                      .login = !s->relays_unasked,
                      .domain = "elsewhere.test" };
    struct loaded got;
    uint64_t before = sink_messages(out);
    load_run(&l, &got);
    struct left left = { out, before + got.accepted };
    if (!wait_until(all_left, &left, 300))
        bench_die("%s: of %llu messages only %llu left", s->name, (unsigned long long)got.accepted,
                  (unsigned long long)(sink_messages(out) - before));
    return (double)got.accepted / (now_s() - got.began_s);
}

static const char relay_row[] = "relay out to a sink, 10 connections";
static const char logins_row[] = "submission log-ins over STARTTLS";

static bool wanted(const char *row)
{
    return !only || strstr(row, only);
}

static void logins(const struct system *s, struct results *r)
{
    load_logins(s->address, s->port_submission, 10, 0.5); /* the password is known from here on */
    double cpu = system_cpu_s(s);
    r->logins = load_logins(s->address, s->port_submission, 10, cell_s / 2);
    double each_ms = (system_cpu_s(s) - cpu) * 1000 / (r->logins * cell_s / 2);
    fprintf(stderr, "    %s: log-ins %.0f/s, %.2f ms of CPU each\n", s->name, r->logins, each_ms);
}

/* folder: of a bare sink that is measured along, or NULL. */
static void measure(const struct system *s, const struct sink *out, const char *folder,
                    struct results *r)
{
    struct cell warm = cells[1];
    double seconds = cell_s;
    sleep(2);
    r->pss_mb = system_pss_mb(s);
    struct watcher *w = watcher_open(s);
    cell_s = 1;
    visible_rate(s, w, &warm);
    cell_s = seconds;
    for (int i = 0; i < CELLS; i++) {
        if (!wanted(cells[i].name)) continue;
        double cpu = system_cpu_s(s), began = now_s();
        r->rate[i] = visible_rate(s, w, &cells[i]);
        double n = r->rate[i] * (now_s() - began);
        double each_s = (system_cpu_s(s) - cpu) / n;
        if (i == CPU_CELL) r->cpu_s = each_s * 10000;
        fprintf(stderr, "    %s, %s: %.0f/s, %.2f ms of CPU each\n", s->name, cells[i].name,
                r->rate[i], each_s * 1000);
        if (folder) r->sink[i] = sink_rate(folder, &cells[i]);
    }
    watcher_close(w);
    if (wanted(relay_row)) {
        r->relay = relay_rate(s, out);
        fprintf(stderr, "    %s: relay %.0f/s\n", s->name, r->relay);
    }
    if (wanted(logins_row)) logins(s, r);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void row(const char *what, const char *unit, double ours, double theirs, double goal)
{
    double ratio = ours / theirs;
    if (!wanted(what)) return;
    missed += ratio < goal;
    printf("| %s | %.0f %s | %.0f %s | %.1f | %.0f |%s\n", what, ours, unit, theirs, unit, ratio,
           goal, ratio < goal ? " MISSED" : "");
}

static void table(const struct results *ours, const struct results *theirs)
{
    printf("\n| what | Posthorn | Postfix+Dovecot | times | goal |\n|---|---|---|---|---|\n");
    for (int i = 0; i < CELLS; i++)
        row(cells[i].name, "/s", ours->rate[i], theirs->rate[i], cells[i].goal);
    row(relay_row, "/s", ours->relay, theirs->relay, 10);
    row(logins_row, "/s", ours->logins, theirs->logins, 3);
    if (wanted(cells[CPU_CELL].name)) {
        missed += theirs->cpu_s / ours->cpu_s < 15;
        printf("| CPU a 10,000 messages of 4 KiB | %.2f s | %.2f s | 1/%.1f | 1/15 |\n",
               ours->cpu_s, theirs->cpu_s, theirs->cpu_s / ours->cpu_s);
    }
    missed += ours->pss_mb > 12;
    printf("| memory at rest (PSS) | %.1f MB | %.1f MB | 1/%.1f | 12 MB |\n", ours->pss_mb,
           theirs->pss_mb, theirs->pss_mb / ours->pss_mb);
    printf("\n| what | Posthorn | bare sink | of it | goal |\n|---|---|---|---|---|\n");
    for (int i = 0; i < CELLS; i++) {
        if (!wanted(cells[i].name)) continue;
        double part = 100 * ours->rate[i] / ours->sink[i];
        missed += part < 70;
        printf("| %s | %.0f /s | %.0f /s | %.0f %% | 70 %% |%s\n", cells[i].name, ours->rate[i],
               ours->sink[i], part, part < 70 ? " MISSED" : "");
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--short") == 0) cell_s = 2;
        if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) only = argv[++i];
    }
    signal(SIGPIPE, SIG_IGN);
    struct world *w = world_new();
    struct sink *out = sink_start(NULL);
    struct system s;
    static struct results ours, theirs;

    posthorn_start(w, &s, sink_port(out));
    measure(&s, out, world_dir(w), &ours);
    system_stop(&s);
    postfix_start(w, &s, sink_port(out));
    measure(&s, out, NULL, &theirs);
    system_stop(&s);
    table(&ours, &theirs);
    sink_stop(out);
    world_free(w);
    if (missed) printf("\n%u goals missed\n", missed);
    return 0;
}
