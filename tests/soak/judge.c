/* judge.c - memory, descriptors and latency by the interval, and whether they stayed flat.
 *
 * Memory is judged by a line through the second half of the rows: what it would grow by in half an
 * hour. Latency is compared with itself and with a bare echo on the same machine in the same
 * interval, for the machine may be busy with other things.
 */
#include "soak/judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "soak/soak.h"
#include "support/fail.h"

enum { ROWS_MAX = 4000 };
static const double MEMORY_GROWTH_MAX = 0.10, /* of its level, in half an hour */
    MEMORY_SLACK_MB = 8;                      /* a row's own noise */
static const int FDS_GROWTH_MAX = 24;         /* clients come and go at any moment */
static const double P99_MAX_MS = 200, NEWS_P99_MAX_MS = 1000, LOG_IN_P99_MAX_MS = 2000;
static const double LATER_THAN_BEFORE_MAX = 2.0, LATENCY_SLACK_MS = 20;
static const double HEARD_MAX_S = 2;

struct row {
    double minute, all_heard_s;
    struct gauge gauge;
    double p50[SAMPLES], p99[SAMPLES];
    unsigned letters, taken[SAMPLES];
};
static struct row rows[ROWS_MAX];
static int n;
static bool good;

/* clang-format off */
static void print_head(void)
{
    printf("#       memory, MB           store                      letters | ms: echo    NOOP         EHLO         STAT       delivery    news in IDLE  log-in  all\n");
    printf("#  min   own  heap   all      MB  fds thr  fibers         sent |      p99   p50   p99    p50   p99    p50   p99    p50   p99    p50   p99    p99   hear\n");
}
/* clang-format on */

static void print_row(const struct row *r)
{
    const struct gauge *g = &r->gauge;
    printf("# %4.1f %5.1f %5.1f %5.1f %7.0f %4d %3d %4d/%-5d %8u | %8.1f", r->minute, g->anon_mb,
           g->heap_mb, g->rss_mb, g->store_mb, g->fds, g->threads, g->fibers, g->stacks, r->letters,
           r->p99[ECHO_]);
    for (int i = NOOP; i <= NEWS; i++)
        printf(" %6.1f %5.1f", r->p50[i], r->p99[i]);
    printf(" %6.0f %6.0f\n", r->p99[LOG_IN], r->all_heard_s * 1000);
    fflush(stdout);
}

void row_take(double minute, double all_heard_s)
{
    if (n == ROWS_MAX) fail_now("more than %d rows", ROWS_MAX);
    struct row *r = &rows[n++];
    samples_take();
    *r = (struct row){ .minute = minute,
                       .all_heard_s = all_heard_s,
                       .gauge = gauge_take(),
                       .letters = letters_sent() };
    for (int i = 0; i < SAMPLES; i++) {
        r->p50[i] = sample_ms((enum sample)i, 0.5);
        r->p99[i] = sample_ms((enum sample)i, 0.99);
        r->taken[i] = sample_count((enum sample)i);
    }
    if (n == 1) print_head();
    print_row(r);
}

/* --- the verdict --------------------------------------------------------------------------------
 */

static void judged(const char *what, double is, double max, const char *unit)
{
    bool ok = is <= max;
    printf("# %-4s %-52s %9.1f %s, at most %.1f\n", ok ? "good" : "BAD", what, is, unit, max);
    good &= ok;
}

/* How much a line through the values rises in 30 minutes: least squares. */
static double growth(int from, double (*value)(const struct row *))
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, k = n - from;
    for (int i = from; i < n; i++) {
        double x = rows[i].minute, y = value(&rows[i]);
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    double spread = k * sxx - sx * sx;
    return spread > 0 ? (k * sxy - sx * sy) / spread * 30 : 0;
}

static double mean(int from, int to, double (*value)(const struct row *))
{
    double sum = 0;
    for (int i = from; i < to; i++)
        sum += value(&rows[i]);
    return to > from ? sum / (to - from) : 0;
}

static double anon_mb(const struct row *r)
{
    return r->gauge.anon_mb;
}

static double heap_mb(const struct row *r)
{
    return r->gauge.heap_mb;
}

static double fds(const struct row *r)
{
    return r->gauge.fds;
}

static enum sample looked_at;
static double p99(const struct row *r)
{
    return r->p99[looked_at];
}

static double echo_p99(const struct row *r)
{
    return r->p99[ECHO_];
}

/* The first rows warm up: caches fill, the first compaction has not begun. */
static void judge_latency(enum sample what, double max_ms)
{
    char text[80];
    int third = n / 3;
    looked_at = what;
    double first = mean(0, third, p99), last = mean(n - third, n, p99),
           noise = mean(n - third, n, echo_p99);
    snprintf(text, sizeof text, "%s: p99, mean of the last third", sample_names[what]);
    judged(text, last, max_ms + 10 * noise, "ms");
    snprintf(text, sizeof text, "%s: the same, against the first third", sample_names[what]);
    judged(text, last, first * LATER_THAN_BEFORE_MAX + LATENCY_SLACK_MS + 10 * noise, "ms");
}

/* What was hardly ever measured is not flat, but unknown. */
static void judge_counts(void)
{
    for (int s = 0; s < SAMPLES; s++) {
        int taken = 0;
        for (int i = 0; i < n; i++)
            taken += (int)rows[i].taken[s];
        if (taken >= n) continue;
        printf("# BAD  %s: measured %d times in %d rows\n", sample_names[s], taken, n);
        good = false;
    }
}

bool rows_judged(double seconds)
{
    int half = n / 2, third = n / 3;
    good = true;
    judge_counts();
    if (n < 6) fail_now("%d rows are too few to judge by", n);
    /* In a short run the caches still fill: it is judged by where it ends, not by where it leads.
     */
    double level = mean(half, n, anon_mb), scale = seconds < 600 ? seconds / 1800 : 1;
    judged("memory: growth of the second half", growth(half, anon_mb) * scale,
           level * MEMORY_GROWTH_MAX + MEMORY_SLACK_MB, seconds < 600 ? "MB" : "MB in 30 minutes");
    judged("heap in use: growth of the second half", growth(half, heap_mb) * scale,
           mean(half, n, heap_mb) * MEMORY_GROWTH_MAX + MEMORY_SLACK_MB,
           seconds < 600 ? "MB" : "MB in 30 minutes");
    judged("descriptors: last third against the second",
           mean(n - third, n, fds) - mean(third, n - third, fds), FDS_GROWTH_MAX, "");
    for (enum sample s = NOOP; s <= DELIVERY; s++)
        judge_latency(s, P99_MAX_MS);
    judge_latency(NEWS, NEWS_P99_MAX_MS);
    judge_latency(LOG_IN, LOG_IN_P99_MAX_MS);
    double worst = 0;
    for (int i = 0; i < n; i++)
        worst = rows[i].all_heard_s > worst ? rows[i].all_heard_s : worst;
    judged("a letter to all: the last who idles heard after", worst, HEARD_MAX_S, "s");
    return good;
}
