/* client.c - one connection of the load: sends, and finds the end of an answer by its last line. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imap_int.h"

enum { BUFFER = 1 << 18 };
static char buffer[BUFFER];
static char text[CLIENT_TEXT + 1];
static size_t text_n;
static bool keeping;

void client_dial(struct client *c, const char *address, int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    *c = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .line_over = true };
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1) bench_die("no address: %s", address);
    if (connect(c->fd, (struct sockaddr *)&at, sizeof at))
        bench_die("cannot connect to %s:%d", address, port);
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct timeval patience = { .tv_sec = 120 };
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void client_close(struct client *c)
{
    close(c->fd);
}

void client_send(struct client *c, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) bench_die("a server ended a conversation");
        p += sent;
        n -= (size_t)sent;
    }
}

/* --- receiving -------------------------------------------------------------------------------- */

static void head_add(struct client *c, const char *p, size_t n)
{
    size_t room = sizeof c->head - 1 - c->head_n;
    if (n > room) n = room;
    memcpy(c->head + c->head_n, p, n);
    c->head_n += n;
    c->head[c->head_n] = '\0';
}

/* The last line of what came may have begun in an earlier piece. */
static void see_last_line(struct client *c, const char *p, size_t n)
{
    const char *lf = memrchr(p, '\n', n - 1);
    const char *from = lf ? lf + 1 : p;
    if (lf || c->line_over) c->head_n = 0;
    head_add(c, from, n - (size_t)(from - p));
    c->line_over = p[n - 1] == '\n';
}

static void keep(const char *p, size_t n)
{
    if (n > CLIENT_TEXT - text_n) n = CLIENT_TEXT - text_n;
    memcpy(text + text_n, p, n);
    text_n += n;
    text[text_n] = '\0';
}

size_t client_read(struct client *c, const char **p)
{
    ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
    if (n <= 0) bench_die("a server ended a conversation, or was silent for long");
    c->bytes += (uint64_t)n;
    see_last_line(c, buffer, (size_t)n);
    if (keeping) keep(buffer, (size_t)n);
    *p = buffer;
    return (size_t)n;
}

bool client_take(struct client *c)
{
    char want[24];
    const char *p;
    client_read(c, &p);
    int n = snprintf(want, sizeof want, "T%u ", c->tag);
    if (!c->line_over || strncmp(c->head, want, (size_t)n) != 0) return false;
    if (strncmp(c->head + n, "OK", 2) != 0) bench_die("a command was answered %s", c->head);
    return true;
}

/* --- commands --------------------------------------------------------------------------------- */

void client_start(struct client *c, const char *command)
{
    char line[8192];
    int n = snprintf(line, sizeof line, "T%u %s\r\n", ++c->tag, command);
    client_send(c, line, (size_t)n);
}

static void __attribute__((format(printf, 2, 0)))
run(struct client *c, const char *format, va_list args)
{
    char command[8000];
    vsnprintf(command, sizeof command, format, args);
    client_start(c, command);
    while (!client_take(c))
        ;
}

void client_run(struct client *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    run(c, format, args);
    va_end(args);
}

double client_time(struct client *c, const char *format, ...)
{
    va_list args;
    double start = now_s();
    va_start(args, format);
    run(c, format, args);
    va_end(args);
    return now_s() - start;
}

const char *client_ask(struct client *c, const char *format, ...)
{
    va_list args;
    keeping = true;
    text_n = 0;
    va_start(args, format);
    run(c, format, args);
    va_end(args);
    keeping = false;
    return text;
}

void client_await(struct client *c, const char *what)
{
    const char *p;
    keeping = true;
    text_n = 0;
    do
        client_read(c, &p);
    while (!strstr(text, what));
    keeping = false;
}

void client_open(struct client *c, const struct system *s)
{
    client_dial(c, s->address, s->port_imap);
    client_await(c, "\r\n");
    client_run(c, "LOGIN u0@bench.test secret");
}

bool client_offers(struct client *c, const char *capability)
{
    char word[60];
    snprintf(word, sizeof word, " %s", capability);
    const char *at = strstr(client_ask(c, "CAPABILITY"), word);
    return at && (at[strlen(word)] == ' ' || at[strlen(word)] == '\r');
}
