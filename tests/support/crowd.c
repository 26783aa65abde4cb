/* crowd.c - many IMAP connections that idle: joined one by one, awaited all at once. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "support/crowd.h"
#include "support/fail.h"
#include "support/server.h"

enum { ANSWER_BYTES = 16 * 1024, PATIENCE_MS = 30000, EVENTS = 256 };

struct member {
    int fd;
    int round; /* in which it last heard something */
};

struct crowd {
    struct sockaddr_in to;
    const char *host;
    SSL_CTX *tls;
    struct member *members;
    int n, max, epoll, round;
};

struct crowd *crowd_new(const char *address, int port, const char *ca, const char *host, int max)
{
    struct crowd *c = calloc(1, sizeof *c);
    c->to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    if (inet_pton(AF_INET, address, &c->to.sin_addr) != 1) fail_now("no address: %s", address);
    c->host = host;
    c->max = max;
    c->members = calloc((size_t)max, sizeof *c->members);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!ca) return c;
    c->tls = SSL_CTX_new(TLS_client_method());
    if (SSL_CTX_load_verify_file(c->tls, ca) != 1) fail_now("cannot read %s", ca);
    SSL_CTX_set_verify(c->tls, SSL_VERIFY_PEER, NULL);
    return c;
}

/* --- one joins -------------------------------------------------------------------------------- */

/* One connection while it is being opened. */
struct talk {
    int fd;
    SSL *tls;
    char text[ANSWER_BYTES]; /* the last answer */
};

static int dial(struct crowd *c)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval wait = { .tv_sec = PATIENCE_MS / 1000 };
    /* More than 28,000 connections would need more than one address to come from. */
    if (fd < 0 || connect(fd, (struct sockaddr *)&c->to, sizeof c->to))
        fail_now("connection %d: %s", c->n, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    return fd;
}

/* Reads until a line begins with this. */
static void await(struct talk *t, const char *begins)
{
    size_t n = 0, line = 0;
    for (;;) {
        if (n == sizeof t->text - 1) fail_now("too long an answer: %s", t->text);
        ssize_t got = t->tls ? SSL_read(t->tls, t->text + n, (int)(sizeof t->text - 1 - n))
                             : recv(t->fd, t->text + n, sizeof t->text - 1 - n, 0);
        if (got <= 0) fail_now("expected %s, got %.*s and the end", begins, (int)n, t->text);
        n += (size_t)got;
        t->text[n] = '\0';
        for (char *lf; (lf = strchr(t->text + line, '\n'));) {
            if (!strncmp(t->text + line, begins, strlen(begins))) return;
            line = (size_t)(lf + 1 - t->text);
        }
    }
}

static void ask(struct talk *t, const char *begins, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void ask(struct talk *t, const char *begins, const char *format, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    ssize_t put = t->tls ? SSL_write(t->tls, line, n) : send(t->fd, line, (size_t)n, MSG_NOSIGNAL);
    if (put != n) fail_now("could not say %s", line);
    await(t, begins);
}

void crowd_join(struct crowd *c, const char *user, const char *password, const char *mailbox)
{
    static struct talk t;
    if (c->n == c->max) fail_now("more than %d in a crowd", c->max);
    t.fd = dial(c);
    t.tls = NULL;
    if (c->tls) {
        t.tls = SSL_new(c->tls);
        SSL_set_fd(t.tls, t.fd);
        SSL_set1_host(t.tls, c->host);
        SSL_set_tlsext_host_name(t.tls, c->host);
        if (SSL_connect(t.tls) != 1) fail_now("TLS of connection %d", c->n);
    }
    await(&t, "* OK");
    ask(&t, "a OK", "a LOGIN %s %s\r\n", user, password);
    ask(&t, "b OK", "b SELECT \"%s\"\r\n", mailbox);
    ask(&t, "+ ", "c IDLE\r\n");
    SSL_free(t.tls);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = &c->members[c->n] };
    epoll_ctl(c->epoll, EPOLL_CTL_ADD, t.fd, &e);
    c->members[c->n++] = (struct member){ .fd = t.fd, .round = c->round };
}

int crowd_size(const struct crowd *c)
{
    return c->n;
}

/* --- all hear --------------------------------------------------------------------------------- */

static bool hears(struct crowd *c, struct member *m, const char *word)
{
    char text[4096];
    ssize_t n = recv(m->fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0 && m->round != c->round) fail_now("an idling connection was closed");
    if (n <= 0) { /* behind what was waited for */
        epoll_ctl(c->epoll, EPOLL_CTL_DEL, m->fd, NULL);
        return false;
    }
    text[n] = '\0';
    if (m->round == c->round || (!c->tls && !strstr(text, word))) return false;
    m->round = c->round;
    return true;
}

double crowd_heard(struct crowd *c, int wanted, const char *word, double began)
{
    struct epoll_event events[EVENTS];
    int heard = 0;
    c->round++;
    while (heard < wanted) {
        int n = epoll_wait(c->epoll, events, EVENTS, PATIENCE_MS);
        if (n <= 0) fail_now("%d of %d heard %s, the others not in time", heard, wanted, word);
        for (int i = 0; i < n; i++)
            heard += hears(c, events[i].data.ptr, word);
    }
    return now_s() - began;
}

/* --- the end ---------------------------------------------------------------------------------- */

void crowd_done(struct crowd *c)
{
    static struct talk t;
    for (int i = 0; i < c->n; i++) {
        t.fd = c->members[i].fd;
        t.tls = NULL;
        ask(&t, "c OK", "DONE\r\n");
    }
}

void crowd_free(struct crowd *c)
{
    if (!c) return;
    for (int i = 0; i < c->n; i++)
        close(c->members[i].fd);
    close(c->epoll);
    SSL_CTX_free(c->tls);
    free(c->members);
    free(c);
}

int crowd_raise_files(void)
{
    struct rlimit files = { 0 };
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return (int)files.rlim_cur;
}
