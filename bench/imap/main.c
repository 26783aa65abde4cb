/* main.c - `./do bench imap [--short] [--only ROW]`: Posthorn and Debian's Dovecot under the same
 * load, in turn, each on one core. Every row is a ratio of the same run.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imap_int.h"

enum better { MORE, LESS };
enum needs { NOTHING = 0, NEEDS_BIG = 1, NEEDS_LETTERS = 2 };

/* In the order in which they are measured: what is asked for the first time comes first, and memory
 * before a load has left some to be used again. */
/* clang-format off */
static const struct row {
    const char *what, *unit;
    enum better better;
    unsigned needs;
    row_fn *run;
    double goal; /* in its own unit; 0: to be ahead */
} rows[] = {
    { "memory of an idle connection",                     "KB",    LESS, NOTHING,       row_memory,        0 },
    { "login, SELECT, LOGOUT",                            "/s",    MORE, NEEDS_LETTERS, row_session,       0 },
    { "SELECT of 100,000, new connection",                "ms",    LESS, NEEDS_BIG,     row_select,        0 },
    { "FETCH 1:* (UID FLAGS)",                            "/s",    MORE, NEEDS_BIG,     row_flags,         3e6 },
    { "FETCH 1:* (ENVELOPE BODYSTRUCTURE), first time",   "/s",    MORE, NEEDS_BIG,     row_envelopes,     500e3 },
    { "the same again",                                   "/s",    MORE, NEEDS_BIG,     row_envelopes,     500e3 },
    { "SEARCH SUBJECT in 10,000, first time",             "ms",    LESS, NEEDS_LETTERS, row_subject,       0 },
    { "SEARCH SUBJECT, second time",                      "ms",    LESS, NEEDS_LETTERS, row_subject,       0 },
    { "SEARCH BODY in 10,000, first time",                "ms",    LESS, NEEDS_LETTERS, row_body,          0 },
    { "SEARCH BODY, second time",                         "ms",    LESS, NEEDS_LETTERS, row_body,          0 },
    { "FETCH 1:* (BODY.PEEK[])",                          "MB/s",  MORE, NEEDS_LETTERS, row_bodies,        0 },
    { "random FETCH, 100 connections",                    "/s",    MORE, NEEDS_LETTERS, row_random,        0 },
    { "random FETCH, p50",                                "ms",    LESS, NEEDS_LETTERS, row_random_p50,    0 },
    { "random FETCH, p99",                                "ms",    LESS, NEEDS_LETTERS, row_random_p99,    0 },
    { "POP3, whole maildrop",                             "/s",    MORE, NEEDS_LETTERS, row_pop3,          0 },
    { "APPEND 4 KiB, 1 connection",                       "/s",    MORE, NOTHING,       row_append_1,      0 },
    { "APPEND 4 KiB, 10 connections",                     "/s",    MORE, NOTHING,       row_append_10,     0 },
    { "MULTIAPPEND 4 KiB",                                "/s",    MORE, NOTHING,       row_multiappend,   0 },
    { "STORE one flag, 1 connection",                     "/s",    MORE, NEEDS_LETTERS, row_store_one,     0 },
    { "STORE 1:*, 10,000",                                "ms",    LESS, NEEDS_LETTERS, row_store_all,     0 },
    { "COPY 10,000",                                      "ms",    LESS, NEEDS_LETTERS, row_copy,          0 },
    { "MOVE 10,000",                                      "ms",    LESS, NEEDS_LETTERS, row_move,          0 },
    { "EXPUNGE 10,000",                                   "ms",    LESS, NEEDS_LETTERS, row_expunge,       0 },
    { "QRESYNC after 10 changes",                         "ms",    LESS, NEEDS_BIG,     row_qresync,       2 },
    { "QRESYNC after 10 changes, bytes",                  "bytes", LESS, NEEDS_BIG,     row_qresync_bytes, 2048 },
    { "from APPEND until IDLE tells",                     "ms",    LESS, NOTHING,       row_notified,      0 },
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows, SETTLE_S = 60 };

static bool brief;
static const char *only; /* for a look at one row: a part of its name */

static bool wanted(const struct row *r)
{
    return !only || strstr(r->what, only);
}

static unsigned needs(void)
{
    unsigned all = NOTHING;
    for (int i = 0; i < ROWS; i++)
        if (wanted(&rows[i])) all |= rows[i].needs;
    return all;
}

/* Until what a server does by itself, an index or a compaction, is done. */
static void settle(const struct ground *g)
{
    double busy_s = 1;
    for (int i = 0; i < SETTLE_S && busy_s > 0.1; i++) {
        double before = system_cpu_s(&g->system);
        sleep(1);
        busy_s = system_cpu_s(&g->system) - before;
    }
}

static void prepare(struct ground *g)
{
    struct client c;
    client_open(&c, &g->system);
    client_run(&c, "CREATE big");
    client_close(&c);
    if (needs() & NEEDS_LETTERS)
        fprintf(stderr, "    %s: INBOX filled at %.0f/s\n", g->system.name,
                fill(&g->system, "INBOX", MAIL_ORDINARY, LETTERS));
    if (needs() & NEEDS_BIG)
        fprintf(stderr, "    %s: big filled at %.0f/s\n", g->system.name,
                (brief ? fill_by_copies : fill)(&g->system, "big", MAIL_SMALL, BIG));
    settle(g);
}

static void measure(struct ground *g, double *out)
{
    bool prepared = false;
    for (int i = 0; i < ROWS; i++) {
        if (!wanted(&rows[i])) continue;
        if (!prepared && rows[i].needs != NOTHING) prepare(g);
        prepared |= rows[i].needs != NOTHING;
        out[i] = rows[i].run(g);
        fprintf(stderr, "    %s, %s: %.*f %s\n", g->system.name, rows[i].what, out[i] < 100 ? 2 : 0,
                out[i], rows[i].unit);
    }
}

/* --- telling ---------------------------------------------------------------------------------- */

static void figure(double value, const char *unit)
{
    if (isnan(value))
        printf(" not offered |");
    else
        printf(" %.*f %s |", value < 100 ? 2 : 0, value, unit);
}

static unsigned tell(const struct row *r, double ours, double theirs)
{
    double times = r->better == MORE ? ours / theirs : theirs / ours;
    bool behind = isnan(times) || times < 1;
    bool short_of_goal = r->goal > 0 && (r->better == MORE ? ours < r->goal : ours > r->goal);
    printf("| %s |", r->what);
    figure(ours, r->unit);
    figure(theirs, r->unit);
    printf(" %.2f | %s |", times, behind ? "BEHIND" : "ahead");
    if (r->goal > 0) printf(" %.0f %s%s", r->goal, r->unit, short_of_goal ? " MISSED" : "");
    printf(" |\n");
    return behind || short_of_goal;
}

static unsigned tell_all(const double *ours, const double *theirs, double journal)
{
    unsigned missed = 0;
    printf("\n| what | Posthorn | Dovecot | times | | goal |\n|---|---|---|---|---|---|\n");
    for (int i = 0; i < ROWS; i++) {
        if (!wanted(&rows[i])) continue;
        if (rows[i].run != row_store_one) {
            missed += tell(&rows[i], ours[i], theirs[i]);
            continue;
        }
        /* Durable here and not there: what counts is the disk. */
        double part = 100 * ours[i] / journal;
        missed += part < 80;
        printf("| %s | %.0f /s | %.0f /s, not durable | %.2f | %.0f %% of the journal's %.0f /s | "
               "80 %%%s |\n",
               rows[i].what, ours[i], theirs[i], ours[i] / theirs[i], part, journal,
               part < 80 ? " MISSED" : "");
    }
    return missed;
}

int main(int argc, char **argv)
{
    static double ours[ROWS], theirs[ROWS];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--short") == 0) brief = true;
        if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) only = argv[++i];
    }
    signal(SIGPIPE, SIG_IGN);
    struct world *w = world_new();
    struct ground g = { .brief = brief, .world = w };

    posthorn_start(w, &g.system);
    measure(&g, ours);
    double journal = journal_rate(world_dir(w), brief ? 1 : 3);
    system_stop(&g.system);
    g = (struct ground){ .brief = brief, .world = w };
    dovecot_start(w, &g.system);
    measure(&g, theirs);
    system_stop(&g.system);
    unsigned missed = tell_all(ours, theirs, journal);
    world_free(w);
    if (missed) printf("\n%u rows behind\n", missed);
    return 0;
}
