/* rows_session.c - log-in, SELECT, reconnect, watching, memory, and POP3. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imap_int.h"

static double median(double *values, unsigned n)
{
    for (unsigned i = 1; i < n; i++)
        for (unsigned k = i; k > 0 && values[k - 1] > values[k]; k--) {
            double other = values[k];
            values[k] = values[k - 1];
            values[k - 1] = other;
        }
    return values[n / 2];
}

static void goodbye(struct client *c)
{
    client_run(c, "LOGOUT");
    client_close(c);
}

double row_session(struct ground *g)
{
    double start = now_s(), seconds = g->brief ? 1 : 5;
    unsigned n = 0;
    for (; now_s() - start < seconds; n++) {
        struct client c;
        client_open(&c, &g->system);
        client_run(&c, "SELECT INBOX");
        goodbye(&c);
    }
    return n / (now_s() - start);
}

double row_select(struct ground *g)
{
    double ms[21];
    for (unsigned i = 0; i < 21; i++) {
        struct client c;
        client_open(&c, &g->system);
        ms[i] = client_time(&c, "SELECT big") * 1000;
        goodbye(&c);
    }
    return median(ms, 21);
}

/* --- reconnecting ----------------------------------------------------------------------------- */

static unsigned long number_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    if (!at) bench_die("SELECT does not tell %s", word);
    return strtoul(at + strlen(word), NULL, 10);
}

enum { RECONNECTS = 5 };

double row_qresync(struct ground *g)
{
    double ms[RECONNECTS];
    struct client c, other;
    client_open(&c, &g->system);
    bool offered = client_offers(&c, "QRESYNC");
    goodbye(&c);
    g->qresync_bytes = NAN;
    if (!offered) return NAN;
    for (unsigned i = 0; i < RECONNECTS; i++) {
        client_open(&other, &g->system);
        const char *told = client_ask(&other, "SELECT big (CONDSTORE)");
        unsigned long validity = number_after(told, "UIDVALIDITY "),
                      modseq = number_after(told, "HIGHESTMODSEQ ");
        for (unsigned k = 0; k < 7; k++)
            client_run(&other, "STORE %u %cFLAGS.SILENT (\\Flagged)", 1000 * (k + 1),
                       i % 2 ? '-' : '+');
        client_run(&other, "STORE 5000:5002 +FLAGS.SILENT (\\Deleted)");
        client_run(&other, "EXPUNGE");
        goodbye(&other);
        client_open(&c, &g->system);
        client_run(&c, "ENABLE QRESYNC");
        uint64_t before = c.bytes;
        ms[i] = client_time(&c, "SELECT big (QRESYNC (%lu %lu))", validity, modseq) * 1000;
        g->qresync_bytes = (double)(c.bytes - before);
        goodbye(&c);
    }
    return median(ms, RECONNECTS);
}

double row_qresync_bytes(struct ground *g)
{
    if (g->qresync_bytes == 0) row_qresync(g);
    return g->qresync_bytes;
}

/* --- watching --------------------------------------------------------------------------------- */

enum { IDLERS = 100, NEWS = 5 };

static void idle_begin(struct client *c, const struct system *s)
{
    client_open(c, s);
    client_run(c, "SELECT watched");
    client_start(c, "IDLE");
    client_await(c, "+");
}

static void watched_make(struct ground *g)
{
    struct client c;
    client_open(&c, &g->system);
    if (!strstr(client_ask(&c, "LIST \"\" watched"), "* LIST")) client_run(&c, "CREATE watched");
    goodbye(&c);
}

double row_memory(struct ground *g)
{
    static struct client clients[IDLERS];
    watched_make(g);
    sleep(1);
    double before = system_pss_kb(&g->system);
    for (unsigned i = 0; i < IDLERS; i++)
        idle_begin(&clients[i], &g->system);
    sleep(1);
    double after = system_pss_kb(&g->system);
    for (unsigned i = 0; i < IDLERS; i++)
        client_close(&clients[i]);
    return (after - before) / IDLERS;
}

double row_notified(struct ground *g)
{
    static const char append[] = "APPEND watched {23+}\r\nSubject: news\r\n\r\nnews\r\n";
    struct client idler, sender;
    double ms[NEWS];
    watched_make(g);
    idle_begin(&idler, &g->system);
    client_open(&sender, &g->system);
    for (unsigned i = 0; i < NEWS; i++) {
        usleep(200000);
        double start = now_s();
        client_start(&sender, append);
        client_await(&idler, " EXISTS\r\n");
        ms[i] = (now_s() - start) * 1000;
        client_await(&sender, " OK ");
    }
    client_close(&idler);
    client_close(&sender);
    return median(ms, NEWS);
}

/* --- POP3 ------------------------------------------------------------------------------------- */

enum { POP3_PIPELINED = 50 };

static void pop3_say(struct client *c, const char *line)
{
    client_send(c, line, strlen(line));
    client_await(c, "\r\n");
    if (c->head[0] != '+') bench_die("POP3 answered %s", c->head);
}

/* How often a message's end comes by; *seen: how much of it at the end of the last piece. */
static unsigned count_ends(const char *p, size_t n, unsigned *seen)
{
    static const char end[] = "\r\n.\r\n";
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        if (*seen == 0) {
            const char *cr = memchr(p + i, '\r', n - i);
            if (!cr) return count;
            i = (size_t)(cr - p);
        }
        *seen = p[i] == end[*seen] ? *seen + 1 : p[i] == '\r' ? 1 : 0;
        if (*seen < 5) continue;
        count++;
        *seen = 0;
    }
    return count;
}

static void retrieve(struct client *c, unsigned from, unsigned n)
{
    char commands[POP3_PIPELINED * 20];
    const char *p;
    size_t at = 0;
    unsigned got = 0, seen = 0;
    for (unsigned i = 0; i < n; i++)
        at += (size_t)snprintf(commands + at, sizeof commands - at, "RETR %u\r\n", from + i);
    client_send(c, commands, at);
    while (got < n) {
        size_t came = client_read(c, &p);
        got += count_ends(p, came, &seen);
    }
}

double row_pop3(struct ground *g)
{
    struct client c;
    client_dial(&c, g->system.address, g->system.port_pop3);
    client_await(&c, "\r\n");
    double start = now_s();
    pop3_say(&c, "USER u0@bench.test\r\n");
    pop3_say(&c, "PASS secret\r\n");
    for (unsigned i = 0; i < LETTERS; i += POP3_PIPELINED)
        retrieve(&c, i + 1, POP3_PIPELINED);
    pop3_say(&c, "QUIT\r\n");
    double took = now_s() - start;
    client_close(&c);
    return LETTERS / took;
}
