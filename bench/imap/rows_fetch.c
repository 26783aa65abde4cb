/* rows_fetch.c - FETCH: flags, envelopes, whole bodies, single messages at random. */
#include <stdio.h>
#include <string.h>

#include "imap_int.h"

/* The best of several: what the server can do while nobody disturbs it. */
static double best_s(struct ground *g, const char *mailbox, const char *items, unsigned times,
                     uint64_t *bytes)
{
    struct client c;
    double best = 1e9;
    client_open(&c, &g->system);
    client_run(&c, "SELECT %s", mailbox);
    for (unsigned i = 0; i < times; i++) {
        uint64_t before = c.bytes;
        double s = client_time(&c, "FETCH 1:* %s", items);
        if (s < best) best = s;
        *bytes = c.bytes - before;
    }
    client_close(&c);
    return best;
}

double row_flags(struct ground *g)
{
    uint64_t bytes;
    double s = best_s(g, "big", "(UID FLAGS)", g->brief ? 3 : 9, &bytes);
    if (bytes < 25ull * BIG) bench_die("flags of %u messages in %ju bytes", BIG, (uintmax_t)bytes);
    return BIG / s;
}

/* The first call is the first time that anybody asks. */
double row_envelopes(struct ground *g)
{
    uint64_t bytes;
    double s = best_s(g, "big", "(ENVELOPE BODYSTRUCTURE)", 1, &bytes);
    if (bytes < 200ull * BIG) bench_die("envelopes in %ju bytes", (uintmax_t)bytes);
    return BIG / s;
}

double row_bodies(struct ground *g)
{
    uint64_t bytes;
    double s = best_s(g, "INBOX", "(BODY.PEEK[])", g->brief ? 2 : 5, &bytes);
    return (double)bytes / s / 1e6;
}

/* --- one message at a time, by many ----------------------------------------------------------- */

static size_t any_message(void *arg, unsigned i, char *out, size_t max)
{
    (void)i;
    return (size_t)snprintf(out, max, "FETCH %u (FLAGS BODY.PEEK[])\r\n",
                            mail_random(arg) % LETTERS + 1);
}

static const struct loaded *random_load(struct ground *g)
{
    uint64_t dice = 1;
    if (!g->random_known)
        g->random = load_run(&(struct load){ .system = &g->system,
                                             .connections = 100,
                                             .first = "SELECT INBOX",
                                             .seconds = g->brief ? 2 : 10,
                                             .next = any_message,
                                             .arg = &dice });
    g->random_known = true;
    return &g->random;
}

double row_random(struct ground *g)
{
    return random_load(g)->rate;
}

double row_random_p50(struct ground *g)
{
    return random_load(g)->p50_ms;
}

double row_random_p99(struct ground *g)
{
    return random_load(g)->p99_ms;
}
