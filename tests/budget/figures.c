/* figures.c - the server's own figures, and connections that are told what is too much. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget/figures.h"
#include "support/fail.h"

struct world *world;
struct server *server;

/* The value of a line of `posthorn metrics`, by all that stands before it. */
long long metric(const char *name)
{
    int status;
    const char *all = CLI(server, NULL, &status, "metrics");
    if (status) fail_now("metrics: %s", all);
    size_t n = strlen(name);
    for (const char *line = all; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, name, n) == 0 && line[n] == ' ') return strtoll(line + n + 1, NULL, 10);
    }
    fail_now("no %s in:\n%s", name, all);
}

long long struck(const char *budget)
{
    char name[128];
    snprintf(name, sizeof name, "posthorn_budget_exceeded_total{budget=\"%s\"}", budget);
    return metric(name);
}

struct chat *to(int port)
{
    struct chat *c = chat_open(server_address(server), port);
    if (!c) fail_now("nobody listens on %d", port);
    return c;
}

/* The next line begins so. */
void expect(struct chat *c, const char *words)
{
    const char *line = chat_line(c);
    if (!line || strncmp(line, words, strlen(words)) != 0)
        fail_now("not '%s' but '%s'", words, line ? line : "(the end)");
}

/* After whatever else is said there is such a line, and then the end. */
void expect_last(struct chat *c, const char *words)
{
    char last[1024] = "(nothing)";
    for (const char *line; (line = chat_line(c));)
        snprintf(last, sizeof last, "%s", line);
    if (strncmp(last, words, strlen(words)) != 0) fail_now("not '%s' but '%s'", words, last);
}

void send_much(struct chat *c, char byte, size_t n)
{
    char *bytes = malloc(n);
    memset(bytes, byte, n);
    chat_send(c, bytes, n);
    free(bytes);
}
