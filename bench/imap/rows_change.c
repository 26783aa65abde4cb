/* rows_change.c - APPEND, STORE, COPY, MOVE, EXPUNGE; and what a journal could do at best. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "imap_int.h"

static void create(struct client *c, const char *mailbox)
{
    if (!strstr(client_ask(c, "LIST \"\" %s", mailbox), "* LIST"))
        client_run(c, "CREATE %s", mailbox);
}

static void make_mailbox(struct ground *g, const char *mailbox)
{
    struct client c;
    client_open(&c, &g->system);
    create(&c, mailbox);
    client_close(&c);
}

/* --- APPEND ----------------------------------------------------------------------------------- */

static size_t append_4k(void *arg, unsigned i, char *out, size_t max)
{
    static char message[MAIL_BYTES_MAX];
    static size_t n;
    (void)arg, (void)i, (void)max;
    if (n == 0) n = mail_make(MAIL_4K, 1, message);
    size_t at = (size_t)snprintf(out, 50, "APPEND in {%zu+}\r\n", n);
    memcpy(out + at, message, n);
    memcpy(out + at + n, "\r\n", 2);
    return at + n + 2;
}

static double append_rate(struct ground *g, unsigned connections)
{
    make_mailbox(g, "in");
    return load_run(&(struct load){ .system = &g->system,
                                    .connections = connections,
                                    .seconds = g->brief ? 2 : 10,
                                    .next = append_4k })
        .rate;
}

double row_append_1(struct ground *g)
{
    return append_rate(g, 1);
}

double row_append_10(struct ground *g)
{
    return append_rate(g, 10);
}

double row_multiappend(struct ground *g)
{
    struct client c;
    client_open(&c, &g->system);
    bool offered = client_offers(&c, "MULTIAPPEND");
    create(&c, "many");
    client_close(&c);
    return offered ? fill(&g->system, "many", MAIL_4K, g->brief ? 4000 : 20000) : NAN;
}

/* --- STORE ------------------------------------------------------------------------------------ */

struct storing {
    unsigned n;
};

static size_t store_one(void *arg, unsigned i, char *out, size_t max)
{
    struct storing *s = arg;
    (void)i;
    s->n++;
    return (size_t)snprintf(out, max, "STORE %u %cFLAGS.SILENT (\\Flagged)\r\n", s->n % 5000 + 1,
                            s->n / 5000 % 2 ? '-' : '+');
}

double row_store_one(struct ground *g)
{
    struct storing s = { 0 };
    return load_run(&(struct load){ .system = &g->system,
                                    .connections = 1,
                                    .first = "SELECT INBOX",
                                    .seconds = g->brief ? 2 : 10,
                                    .next = store_one,
                                    .arg = &s })
        .rate;
}

/* In the same kind of room as a journal has: written before, so that a sync moves no metadata. */
double journal_rate(const char *folder, double seconds)
{
    static char zeros[1 << 20], record[512];
    char path[500];
    snprintf(path, sizeof path, "%s/journal", folder);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) bench_die("cannot make %s", path);
    memset(record, 'x', sizeof record);
    if (pwrite(file, zeros, sizeof zeros, 0) != (ssize_t)sizeof zeros || fsync(file))
        bench_die("cannot write %s", path);
    double start = now_s();
    uint64_t n = 0;
    for (; now_s() - start < seconds; n++) {
        off_t at = (off_t)(n * sizeof record % sizeof zeros);
        if (pwrite(file, record, sizeof record, at) != (ssize_t)sizeof record || fdatasync(file))
            bench_die("cannot write %s", path);
    }
    double rate = (double)n / (now_s() - start);
    close(file);
    unlink(path);
    return rate;
}

/* --- 10,000 at once --------------------------------------------------------------------------- */

/* A mailbox with a copy of INBOX, selected; what was in it is gone. */
static void select_copy(struct client *c, const char *mailbox)
{
    client_run(c, "SELECT INBOX");
    create(c, mailbox);
    client_run(c, "COPY 1:* %s", mailbox);
    client_run(c, "SELECT %s", mailbox);
}

static void empty(struct client *c)
{
    client_run(c, "STORE 1:* +FLAGS.SILENT (\\Deleted)");
    client_run(c, "EXPUNGE");
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static unsigned times(const struct ground *g)
{
    return g->brief ? 2 : 5;
}

double row_store_all(struct ground *g)
{
    struct client c;
    double best = 1e9;
    client_open(&c, &g->system);
    select_copy(&c, "stored");
    for (unsigned i = 0; i < times(g); i++)
        best = least(best, client_time(&c, "STORE 1:* %cFLAGS.SILENT ($Bench)", i % 2 ? '-' : '+'));
    empty(&c);
    client_close(&c);
    return best * 1000;
}

double row_copy(struct ground *g)
{
    struct client c;
    double best = 1e9;
    client_open(&c, &g->system);
    create(&c, "copied");
    for (unsigned i = 0; i < times(g); i++) {
        client_run(&c, "SELECT INBOX");
        best = least(best, client_time(&c, "COPY 1:* copied"));
        client_run(&c, "SELECT copied");
        empty(&c);
    }
    client_close(&c);
    return best * 1000;
}

double row_move(struct ground *g)
{
    struct client c;
    double best = 1e9;
    client_open(&c, &g->system);
    create(&c, "moved");
    create(&c, "back");
    select_copy(&c, "back");
    for (unsigned i = 0; i < times(g); i++) {
        best = least(best, client_time(&c, "MOVE 1:* %s", i % 2 ? "back" : "moved"));
        client_run(&c, "SELECT %s", i % 2 ? "back" : "moved");
    }
    empty(&c);
    client_close(&c);
    return best * 1000;
}

double row_expunge(struct ground *g)
{
    struct client c;
    double best = 1e9;
    client_open(&c, &g->system);
    for (unsigned i = 0; i < times(g); i++) {
        select_copy(&c, "expunged");
        client_run(&c, "STORE 1:* +FLAGS.SILENT (\\Deleted)");
        best = least(best, client_time(&c, "EXPUNGE"));
    }
    client_close(&c);
    return best * 1000;
}
