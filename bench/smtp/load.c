/* load.c - people who send: each connection a thread, one message after another. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtp_int.h"

struct line_reader {
    int fd;
    SSL *ssl; /* NULL: in clear */
    size_t n, at;
    char bytes[4096];
};

static int dial(const char *address, int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1) bench_die("no address: %s", address);
    if (connect(fd, (struct sockaddr *)&at, sizeof at))
        bench_die("cannot connect to %s:%d", address, port);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct timeval patience = { .tv_sec = 60 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static char next_byte(struct line_reader *r)
{
    if (r->at == r->n) {
        ssize_t got = r->ssl ? SSL_read(r->ssl, r->bytes, sizeof r->bytes)
                             : recv(r->fd, r->bytes, sizeof r->bytes, 0);
        if (got <= 0) bench_die("a server ended a conversation");
        r->n = (size_t)got;
        r->at = 0;
    }
    return r->bytes[r->at++];
}

/* The code of one whole reply. */
static int reply(struct line_reader *r)
{
    char line[1000];
    size_t n;
    do {
        n = 0;
        for (char b = next_byte(r); b != '\n'; b = next_byte(r))
            if (n < sizeof line - 1) line[n++] = b;
        line[n] = '\0';
    } while (n > 3 && line[3] == '-');
    return (int)strtol(line, NULL, 10);
}

static void send_all(struct line_reader *r, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = r->ssl ? SSL_write(r->ssl, p, (int)n) : send(r->fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) bench_die("a server ended a conversation");
        p += sent;
        n -= (size_t)sent;
    }
}

static void expect(struct line_reader *r, const char *line, int code)
{
    if (line) send_all(r, line, strlen(line));
    int got = reply(r);
    if (got != code) bench_die("%s was answered %d", line ? line : "the greeting", got);
}

/* --- messages --------------------------------------------------------------------------------- */

struct sender {
    const struct load *load;
    pthread_t thread;
    pthread_barrier_t *start;
    double *until;
    char *message;
    size_t message_n;
    unsigned index;
    uint64_t accepted, by_user[USERS];
};

static const char *sender_of(const struct load *l)
{
    return l->login ? "u0@bench.test" : "someone@far.test";
}

/* The same sequence for each system: a bench is repeatable (Knuth's MMIX generator). */
static unsigned next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33);
}

/* Base64 of random bytes, as attachments are, under a small header. */
static char *make_message(const char *from, size_t bytes, size_t *n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static uint64_t state = 1;
    size_t room = bytes + 300;
    char *m = malloc(room);
    size_t at = (size_t)snprintf(m, room,
                                 "From: <%s>\r\nTo: <user@bench.test>\r\n"
                                 "Subject: measured\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
                                 "Message-ID: <%u@far.test>\r\n\r\n",
                                 from, next_random(&state));
    for (unsigned column = 0; at < bytes; column++) {
        if (column == 76) {
            memcpy(m + at, "\r\n", 2);
            at += 2;
            column = 0;
        }
        m[at++] = digits[next_random(&state) % 64];
    }
    memcpy(m + at, "\r\n.\r\n", 5);
    *n = at + 5;
    return m;
}

static void open_session(struct sender *s, struct line_reader *r)
{
    *r = (struct line_reader){ .fd = dial(s->load->address, s->load->port) };
    expect(r, NULL, 220);
    expect(r, "EHLO bench.far.test\r\n", 250);
    /* NUL u0@bench.test NUL secret */
    if (s->load->login) expect(r, "AUTH PLAIN AHUwQGJlbmNoLnRlc3QAc2VjcmV0\r\n", 235);
}

static void one_message(struct sender *s, struct line_reader *r)
{
    char envelope[300];
    unsigned user = (s->index + (unsigned)s->accepted) % USERS;
    int n = snprintf(envelope, sizeof envelope, "MAIL FROM:<%s>\r\nRCPT TO:<u%u@%s>\r\nDATA\r\n",
                     sender_of(s->load), user, s->load->domain);
    send_all(r, envelope, (size_t)n);
    int mail = reply(r), rcpt = reply(r), data = reply(r);
    if (mail != 250 || rcpt != 250 || data != 354)
        bench_die("MAIL, RCPT, DATA were answered %d %d %d", mail, rcpt, data);
    send_all(r, s->message, s->message_n);
    int end = reply(r);
    if (end != 250) bench_die("a message was answered %d", end);
    s->accepted++;
    s->by_user[user]++;
}

static void *sender_run(void *arg)
{
    struct sender *s = arg;
    struct line_reader r;
    open_session(s, &r);
    pthread_barrier_wait(s->start);
    pthread_barrier_wait(s->start); /* the time was set */
    while (now_s() < *s->until)
        one_message(s, &r);
    send_all(&r, "QUIT\r\n", 6);
    close(r.fd);
    return NULL;
}

void load_run(const struct load *l, struct loaded *out)
{
    static struct sender senders[CONNECTIONS_MAX];
    pthread_barrier_t start;
    double until = 0;
    size_t n;
    char *message = make_message(sender_of(l), l->message_bytes, &n);
    pthread_barrier_init(&start, NULL, l->connections + 1);
    *out = (struct loaded){ 0 };
    for (unsigned i = 0; i < l->connections; i++) {
        senders[i] = (struct sender){ .load = l,
                                      .start = &start,
                                      .until = &until,
                                      .message = message,
                                      .message_n = n,
                                      .index = i * 7 };
        pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]);
    }
    pthread_barrier_wait(&start);
    out->began_s = now_s();
    until = out->began_s + l->seconds;
    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < l->connections; i++) {
        pthread_join(senders[i].thread, NULL);
        out->accepted += senders[i].accepted;
        for (int u = 0; u < USERS; u++)
            out->by_user[u] += senders[i].by_user[u];
    }
    pthread_barrier_destroy(&start);
    free(message);
}

/* --- log-ins ---------------------------------------------------------------------------------- */

struct visitor {
    pthread_t thread;
    const char *address;
    int port;
    double until;
    SSL_CTX *tls;
    uint64_t logins;
};

static void one_login(struct visitor *v)
{
    struct line_reader r = { .fd = dial(v->address, v->port) };
    expect(&r, NULL, 220);
    expect(&r, "EHLO bench.far.test\r\n", 250);
    expect(&r, "STARTTLS\r\n", 220);
    r.ssl = SSL_new(v->tls);
    SSL_set_fd(r.ssl, r.fd);
    if (SSL_connect(r.ssl) != 1) bench_die("the TLS handshake failed");
    expect(&r, "EHLO bench.far.test\r\n", 250);
    expect(&r, "AUTH PLAIN AHUwQGJlbmNoLnRlc3QAc2VjcmV0\r\n", 235);
    expect(&r, "QUIT\r\n", 221);
    SSL_free(r.ssl);
    close(r.fd);
    v->logins++;
}

static void *visitor_run(void *arg)
{
    struct visitor *v = arg;
    while (now_s() < v->until)
        one_login(v);
    return NULL;
}

double load_logins(const char *address, int port, unsigned connections, double seconds)
{
    static struct visitor visitors[CONNECTIONS_MAX];
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    double began = now_s();
    uint64_t n = 0;
    for (unsigned i = 0; i < connections; i++) {
        visitors[i] = (struct visitor){
            .address = address, .port = port, .until = began + seconds, .tls = tls
        };
        pthread_create(&visitors[i].thread, NULL, visitor_run, &visitors[i]);
    }
    for (unsigned i = 0; i < connections; i++) {
        pthread_join(visitors[i].thread, NULL);
        n += visitors[i].logins;
    }
    double took = now_s() - began;
    SSL_CTX_free(tls);
    return (double)n / took;
}
