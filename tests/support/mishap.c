/* mishap.c - a relay of bytes that does one thing wrong. */
#include "support/mishap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/fail.h"

enum { PIECE = 4096, LINE = 2000, TICK_MS = 50 };

static const char nonsense[] = "\x16\x03\x01 HTTP/1.1 200 what \xff\xfe are you?\r\n";

struct mishap {
    struct sockaddr_in to;
    int listener;
    enum mishap_kind kind;
    enum mishap_reply at;
    atomic_int times, connections;
    atomic_size_t sent;
    atomic_bool ending;
    pthread_t thread;
};

/* One connection. */
struct talk {
    struct mishap *m;
    int client, server;
    enum mishap_kind kind; /* MISHAP_NONE once it is over */
    char line[LINE];       /* of the server's, so far */
    size_t line_n;
    int replies;  /* whole ones so far */
    bool mute;    /* the server's words go nowhere */
    char tail[4]; /* the last bytes of the client's that were passed on */
};

static void pause_us(long us)
{
    struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    nanosleep(&t, NULL);
}

static bool put(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool drip(int fd, const char *bytes, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++, pause_us(500))
        ok = put(fd, bytes + i, 1);
    return ok;
}

/* False: the conversation is over. */
static bool meet(struct talk *t)
{
    atomic_fetch_sub(&t->m->times, 1);
    switch (t->kind) {
    case MISHAP_HANG: t->mute = true; return put(t->client, t->line, t->line_n / 2);
    case MISHAP_GARBAGE: t->mute = true; return put(t->client, nonsense, sizeof nonsense - 1);
    default: return false;
    }
}

static bool breaks_replies(enum mishap_kind kind)
{
    return kind == MISHAP_HANG || kind == MISHAP_GARBAGE || kind == MISHAP_CUT;
}

static bool line_from_server(struct talk *t)
{
    bool ok = true, last = t->line_n > 3 && t->line[3] != '-';
    if (t->mute) return true;
    if (breaks_replies(t->kind) && t->replies == (int)t->m->at) return meet(t);
    if (t->kind == MISHAP_DRIP)
        ok = drip(t->client, t->line, t->line_n);
    else
        ok = put(t->client, t->line, t->line_n);
    t->replies += last;
    return ok;
}

static bool from_server(struct talk *t)
{
    char piece[PIECE];
    ssize_t n = recv(t->server, piece, sizeof piece, 0);
    bool ok = n > 0;
    for (ssize_t i = 0; i < n && ok; i++) {
        t->line[t->line_n++] = piece[i];
        if (piece[i] != '\n' && t->line_n < sizeof t->line) continue;
        ok = line_from_server(t);
        t->line_n = 0;
    }
    return ok;
}

/* The message has ended: all but its dot. */
static bool lacks_dot(struct talk *t, const char *piece, size_t n)
{
    static const char end[] = "\r\n.\r\n";
    if (t->replies != AT_END || n < 3 || memcmp(piece + n - 3, ".\r\n", 3) != 0) return false;
    char before[2] = { t->tail[2], t->tail[3] };
    if (n >= 5) memcpy(before, piece + n - 5, 2);
    if (n == 4) before[0] = t->tail[3], before[1] = piece[0];
    if (memcmp(before, end, 2) != 0) return false;
    put(t->server, piece, n - 3);
    atomic_fetch_sub(&t->m->times, 1);
    return true;
}

static void remember(struct talk *t, const char *piece, size_t n)
{
    for (size_t i = n > 4 ? n - 4 : 0; i < n; i++) {
        memmove(t->tail, t->tail + 1, 3);
        t->tail[3] = piece[i];
    }
}

static bool from_client(struct talk *t)
{
    char piece[PIECE];
    ssize_t n = recv(t->client, piece, sizeof piece, 0);
    if (n <= 0) return false;
    if (t->kind == MISHAP_NO_DOT && lacks_dot(t, piece, (size_t)n)) return false;
    if (t->kind == MISHAP_SLOW && t->replies == AT_END) pause_us(1000000L * n / MISHAP_SLOW_BYTES);
    remember(t, piece, (size_t)n);
    atomic_fetch_add(&t->m->sent, (size_t)n);
    return put(t->server, piece, (size_t)n);
}

static void converse(struct talk *t)
{
    bool ok = true;
    while (ok && !atomic_load(&t->m->ending)) {
        struct pollfd fds[2] = { { .fd = t->client, .events = POLLIN },
                                 { .fd = t->server, .events = POLLIN } };
        /* Who hangs does not notice that the server is gone. */
        if (poll(fds, t->mute ? 1 : 2, TICK_MS) < 0 && errno != EINTR) return;
        if (fds[0].revents) ok = from_client(t);
        if (ok && fds[1].revents) ok = from_server(t);
    }
}

static void serve(struct mishap *m, int client)
{
    struct talk t = { .m = m, .client = client };
    t.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    atomic_fetch_add(&m->connections, 1);
    t.kind = atomic_load(&m->times) > 0 ? m->kind : MISHAP_NONE;
    if (!connect(t.server, (struct sockaddr *)&m->to, sizeof m->to)) converse(&t);
    close(t.server);
    close(client);
}

static void *run(void *arg)
{
    struct mishap *m = arg;
    while (!atomic_load(&m->ending)) {
        struct pollfd fd = { .fd = m->listener, .events = POLLIN };
        if (poll(&fd, 1, TICK_MS) <= 0) continue;
        int client = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0) serve(m, client);
    }
    return NULL;
}

static struct sockaddr_in place(const char *address, int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    inet_pton(AF_INET, address, &at.sin_addr);
    return at;
}

struct mishap *mishap_start(const char *address, int port, const char *to, enum mishap_kind kind,
                            enum mishap_reply at, int times)
{
    struct mishap *m = calloc(1, sizeof *m);
    struct sockaddr_in here = place(address, port);
    int on = 1;
    m->to = place(to, port);
    m->kind = kind;
    m->at = at;
    atomic_init(&m->times, times);
    m->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(m->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(m->listener, (struct sockaddr *)&here, sizeof here) || listen(m->listener, 16))
        fail_now("cannot listen on %s: %m", address);
    if (pthread_create(&m->thread, NULL, run, m)) fail_now("no thread");
    return m;
}

size_t mishap_sent(const struct mishap *m)
{
    return atomic_load(&m->sent);
}

int mishap_connections(const struct mishap *m)
{
    return atomic_load(&m->connections);
}

void mishap_stop(struct mishap *m)
{
    atomic_store(&m->ending, true);
    pthread_join(m->thread, NULL);
    close(m->listener);
    free(m);
}
