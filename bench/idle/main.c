/* main.c - `./do bench idle [CONNECTIONS] [--no-dovecot]`: what idling connections cost, and how
 * soon they hear of new mail: 10,000 in clear, over TLS, on one mailbox and on as many mailboxes;
 * and Debian's Dovecot with fewer, in the same run.
 *
 * Memory is the server's proportional set size, the kernel's part aside. A machine whose limit on
 * descriptors is lower takes as many as that allows.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/imap_int.h"
#include "support/crowd.h"
#include "support/tree.h"
#include "support/wire.h"

enum {
    WANTED = 10000,
    DOVECOT = 100, /* a process and an inotify instance each: Linux allows a user 128 */
    WATCHERS = 1000,
    USERS = 100, /* share the mailboxes when there are many */
    FIRST = 20,
    PORT_CLEAR = 3143,
    KEPT_FILES = 200,
};

struct bench {
    struct world *world;
    struct server *server;
    int wanted;
};

static const char letter[] = "From: ann@c.test\r\nSubject: news\r\n\r\nHello.\r\n";

/* --- one crowd -------------------------------------------------------------------------------- */

struct place {
    const char *name, *address;
    int port;
    const char *ca;
    int connections, mailboxes;
    bool (*append)(const struct place *p, double *began); /* a new message where they listen */
    pid_t pid;
    const char *domain; /* of users: "@b.test" */
};

static double memory_bytes(const struct place *p)
{
    return tree_pss_kb(&p->pid, 1) * 1024;
}

static void join(const struct place *p, struct crowd *c, int up_to)
{
    while (crowd_size(c) < up_to) {
        int i = crowd_size(c);
        char user[64], mailbox[64] = "INBOX";
        snprintf(user, sizeof user, "u%d%s", p->mailboxes > 1 ? i % USERS : 0, p->domain);
        if (p->mailboxes > 1)
            snprintf(mailbox, sizeof mailbox, "m%d", i / USERS % (p->mailboxes / USERS));
        crowd_join(c, user, "secret", mailbox);
    }
}

static void row(const char *name, const char *what, double figure, const char *unit, double goal)
{
    printf("%-10s %-44s %10.1f %-6s", name, what, figure, unit);
    if (goal > 0) printf(" %s %.0f", figure < goal ? "under" : "NOT UNDER", goal);
    printf("\n");
    fflush(stdout);
}

static double heard_ms(const struct place *p, struct crowd *c, int watchers)
{
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        double began;
        if (!p->append(p, &began)) bench_die("%s took no message", p->name);
        double took = crowd_heard(c, watchers, "EXISTS", began) * 1000;
        if (took < best) best = took;
    }
    return best;
}

static void measure(const struct place *p, double goal_kb)
{
    char what[100];
    struct crowd *c = crowd_new(p->address, p->port, p->ca, "mail.b.test", p->connections);
    const char *how = p->ca ? "TLS" : "in clear",
               *where = p->mailboxes > 1 ? "as many mailboxes" : "one mailbox";
    int first = p->mailboxes > 1 ? USERS : FIRST;
    join(p, c, first);
    double before = memory_bytes(p), began = now_s();
    if (p->mailboxes == 1 && p->connections >= WATCHERS) {
        join(p, c, WATCHERS);
        snprintf(what, sizeof what, "%d %s on %s hear of a message", WATCHERS, how, where);
        row(p->name, what, heard_ms(p, c, WATCHERS), "ms", 100);
    }
    join(p, c, p->connections);
    double took = now_s() - began;
    snprintf(what, sizeof what, "%d %s on %s, each", p->connections, how, where);
    row(p->name, what, (memory_bytes(p) - before) / (p->connections - first) / 1024, "KB", goal_kb);
    if (p->mailboxes == 1) {
        snprintf(what, sizeof what, "%d %s on %s hear of a message", p->connections, how, where);
        row(p->name, what, heard_ms(p, c, p->connections), "ms", 0);
    }
    snprintf(what, sizeof what, "a connection is opened until it idles, %s", how);
    row(p->name, what, took / (p->connections - first) * 1000, "ms", 0);
    crowd_free(c);
}

/* --- Posthorn --------------------------------------------------------------------------------- */

static struct bench *bench;

static bool append_smtp(const struct place *p, double *began)
{
    struct wire *w = wire_open(p->address, PORT_SMTP);
    wire_smtp(w, NULL);
    wire_smtp(w, "EHLO c.test");
    *began = now_s();
    bool good = smtp_message(w, "ann@c.test", "u0@b.test", letter) == 250;
    wire_close(w);
    return good;
}

static void make_mailboxes(int mailboxes)
{
    for (int u = 0; u < USERS; u++) {
        char user[64];
        snprintf(user, sizeof user, "u%d@b.test", u);
        if (u) server_user(bench->server, user, "secret");
        struct wire *w = imap_open(bench->server, world_ca(bench->world), user, "secret");
        for (int i = 0; i < mailboxes / USERS; i++)
            wire_say(w, "c%d CREATE m%d", i, i);
        wire_imap(w, "OK", "NOOP");
        wire_close(w);
    }
}

/* What the last crowd left is not to be had for nothing by the next. */
static void again(struct place *p)
{
    server_stop(bench->server);
    server_restart(bench->server);
    p->pid = server_pid(bench->server);
}

static void posthorn(void)
{
    char extra[512], address[16];
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
             "conns_per_address_max = 0\nconns_max = 100000\n",
             world_address(bench->world, 2, address), PORT_CLEAR);
    bench->server = server_start(bench->world, "b.test", extra);
    server_user(bench->server, "u0@b.test", "secret");
    struct place p = { .name = "Posthorn",
                       .address = server_address(bench->server),
                       .append = append_smtp,
                       .connections = bench->wanted,
                       .mailboxes = 1,
                       .port = PORT_CLEAR,
                       .pid = server_pid(bench->server),
                       .domain = "@b.test" };
    measure(&p, 4);
    again(&p);
    p.port = PORT_IMAPS;
    p.ca = world_ca(bench->world);
    measure(&p, 18);
    p.mailboxes = bench->wanted / USERS * USERS;
    make_mailboxes(p.mailboxes);
    again(&p);
    measure(&p, 18);
    again(&p);
    p.port = PORT_CLEAR;
    p.ca = NULL;
    measure(&p, 4);
    server_stop(bench->server);
}

/* --- Dovecot ---------------------------------------------------------------------------------- */

static bool append_imap(const struct place *p, double *began)
{
    struct wire *w = wire_open(p->address, p->port);
    wire_line(w, 5, NULL);
    wire_imap(w, "OK", "LOGIN u0 secret");
    *began = now_s();
    wire_say(w, "a APPEND INBOX {%zu}", sizeof letter - 1);
    wire_expect(w, "\\+ .*");
    bool good = wire_say(w, "%s", letter);
    wire_expect(w, "a OK .*");
    wire_close(w);
    return good;
}

static void dovecot(void)
{
    struct system s;
    dovecot_start(bench->world, &s);
    struct place p = { .name = "Dovecot",
                       .address = s.address,
                       .append = append_imap,
                       .connections = bench->wanted < DOVECOT ? bench->wanted : DOVECOT,
                       .mailboxes = 1,
                       .port = s.port_imap,
                       .pid = peer_pid(s.peer),
                       .domain = "" };
    measure(&p, 0);
    system_stop(&s);
}

int main(int argc, char **argv)
{
    struct bench b = { .world = world_new(), .wanted = WANTED };
    bool other = true;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--no-dovecot"))
            other = false;
        else
            b.wanted = (int)strtol(argv[i], NULL, 10);
    }
    int files = crowd_raise_files() - KEPT_FILES;
    if (b.wanted > files) b.wanted = files;
    if (b.wanted < 2 * USERS) b.wanted = 2 * USERS;
    bench = &b;
    posthorn();
    if (other) dovecot();
    world_free(b.world);
    return 0;
}
