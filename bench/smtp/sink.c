/* sink.c - as little as a mail server can be: SMTP, one file, one sync for all who wait. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtp_int.h"

enum { EVENTS = 256, INPUT_BYTES = 256 * 1024 };

struct client {
    int fd;
    bool in_data, waits; /* waits: for the sync */
    unsigned matched;    /* of CRLF.CRLF */
    size_t held;         /* of an unfinished line */
    char line[4096];
    struct client *next_waiting;
};

struct sink {
    int listener, epoll, file, port;
    pthread_t thread;
    _Atomic bool stopping;
    _Atomic uint64_t messages;
    struct client *waiting;
    char *batch;
    size_t batch_n, batch_cap;
    off_t at;
    char input[INPUT_BYTES];
};

static void say(struct client *c, const char *text)
{
    if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EAGAIN) c->waits = false;
}

static void keep(struct sink *s, const char *p, size_t n)
{
    if (s->file < 0) return;
    if (s->batch_n + n > s->batch_cap) {
        s->batch_cap = (s->batch_n + n) * 2;
        s->batch = realloc(s->batch, s->batch_cap);
    }
    memcpy(s->batch + s->batch_n, p, n);
    s->batch_n += n;
}

static void command(struct client *c, const char *line)
{
    if (strncasecmp(line, "EHLO", 4) == 0) {
        say(c, "250-sink\r\n250-8BITMIME\r\n250-DSN\r\n250 PIPELINING\r\n");
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        c->in_data = true;
        c->matched = 2;
        say(c, "354 go on\r\n");
    } else if (strncasecmp(line, "QUIT", 4) == 0) {
        say(c, "221 bye\r\n");
    } else {
        say(c, "250 ok\r\n");
    }
}

/* Up to and with the end of the message; how many bytes of it. */
static size_t data(struct sink *s, struct client *c, const char *p, size_t n)
{
    static const char end[] = "\r\n.\r\n";
    size_t i = 0;
    while (i < n && c->matched < 5) {
        if (c->matched) {
            c->matched = p[i] == end[c->matched] ? c->matched + 1 : p[i] == '\r';
            i++;
            continue;
        }
        const char *cr = memchr(p + i, '\r', n - i);
        i = cr ? (size_t)(cr - p) + 1 : n;
        c->matched = cr != NULL;
    }
    keep(s, p, i);
    if (c->matched < 5) return i;
    c->in_data = false;
    c->waits = true;
    c->next_waiting = s->waiting;
    s->waiting = c;
    return i;
}

static void take(struct sink *s, struct client *c, const char *p, size_t n)
{
    while (n) {
        if (c->in_data) {
            size_t used = data(s, c, p, n);
            p += used;
            n -= used;
            continue;
        }
        char b = *p++;
        n--;
        if (b != '\n') {
            if (c->held < sizeof c->line - 1) c->line[c->held++] = b;
            continue;
        }
        c->line[c->held] = '\0';
        c->held = 0;
        command(c, c->line);
    }
}

static void settle(struct sink *s)
{
    if (s->file >= 0 && s->batch_n) {
        for (size_t done = 0; done < s->batch_n;) {
            ssize_t n = pwrite(s->file, s->batch + done, s->batch_n - done, s->at);
            if (n < 0) bench_die("the sink cannot write");
            done += (size_t)n;
            s->at += n;
        }
        s->batch_n = 0;
        /* Bytes of messages that have not ended are synced along: it costs nothing more. */
        if (s->waiting && fdatasync(s->file)) bench_die("the sink cannot sync");
    }
    for (struct client *c = s->waiting; c; c = c->next_waiting) {
        if (c->waits) say(c, "250 taken\r\n");
        c->waits = false;
        s->messages++;
    }
    s->waiting = NULL;
}

static void greet(struct sink *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1; /* replies to commands that came together would wait for each other's ACK */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *c = calloc(1, sizeof *c);
    c->fd = fd;
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e);
    say(c, "220 sink\r\n");
}

static void *run(void *arg)
{
    struct sink *s = arg;
    struct epoll_event events[EVENTS];
    while (!s->stopping) {
        int n = epoll_wait(s->epoll, events, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (!c) {
                greet(s);
                continue;
            }
            ssize_t got = recv(c->fd, s->input, sizeof s->input, MSG_DONTWAIT);
            if (got > 0) {
                take(s, c, s->input, (size_t)got);
            } else if (got == 0 || errno != EAGAIN) {
                close(c->fd);
                free(c);
            }
        }
        settle(s);
    }
    return NULL;
}

struct sink *sink_start(const char *folder)
{
    struct sink *s = calloc(1, sizeof *s);
    char path[400];
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    s->file = -1;
    if (folder) {
        snprintf(path, sizeof path, "%s/sink", folder);
        s->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (s->file < 0) bench_die("cannot make %s", path);
        unlink(path);
    }
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bind(s->listener, (struct sockaddr *)&at, n) || listen(s->listener, 512) ||
        getsockname(s->listener, (struct sockaddr *)&at, &n))
        bench_die("the sink cannot listen");
    s->port = ntohs(at.sin_port);
    struct epoll_event e = { .events = EPOLLIN };
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e);
    pthread_create(&s->thread, NULL, run, s);
    return s;
}

int sink_port(const struct sink *s)
{
    return s->port;
}

uint64_t sink_messages(const struct sink *s)
{
    return s->messages;
}

void sink_stop(struct sink *s)
{
    s->stopping = true;
    pthread_join(s->thread, NULL);
    close(s->listener);
    close(s->epoll);
    if (s->file >= 0) close(s->file);
    free(s->batch);
    free(s);
}
