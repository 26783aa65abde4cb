/* wire.c - a test's own end of a connection: bytes, lines, TLS, and patience with an end. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "support/fail.h"
#include "support/wire_int.h"

/* --- opening and closing ---------------------------------------------------------------------- */

struct wire *wire_try(const char *address, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) fail_now("not an address: %s", address);
    signal(SIGPIPE, SIG_IGN);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail_now("socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
        close(fd);
        return NULL;
    }
    /* A byte that is sent leaves at once: what comes byte by byte arrives so. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    struct wire *w = calloc(1, sizeof *w);
    w->fd = fd;
    w->port = port;
    return w;
}

struct wire *wire_open(const char *address, int port)
{
    struct wire *w = wire_try(address, port);
    if (!w) fail_now("nobody listens at %s:%d: %s", address, port, strerror(errno));
    return w;
}

bool wire_tls_try(struct wire *w, const char *ca, const char *host)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (ca && SSL_CTX_load_verify_file(context, ca) != 1) fail_now("cannot read %s", ca);
    w->tls = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_tlsext_host_name(w->tls, host);
    SSL_set1_host(w->tls, host);
    SSL_set_verify(w->tls, ca ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_set_fd(w->tls, w->fd);
    struct timeval patience = { .tv_sec = WIRE_PATIENCE_S };
    setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return SSL_connect(w->tls) == 1;
}

void wire_tls(struct wire *w, const char *ca, const char *host)
{
    if (wire_tls_try(w, ca, host)) return;
    fail_now("TLS with port %d: %s", w->port, ERR_reason_error_string(ERR_peek_error()));
}

void wire_close(struct wire *w)
{
    if (!w) return;
    if (w->tls) SSL_free(w->tls);
    wire_zip_free(w);
    close(w->fd);
    free(w->in);
    free(w->line);
    free(w->got);
    free(w);
}

int wire_fd(const struct wire *w)
{
    return w->fd;
}

char *wire_serial(const struct wire *w)
{
    X509 *certificate = SSL_get1_peer_certificate(w->tls);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = BN_bn2hex(number), *text = strdup(hex);
    OPENSSL_free(hex);
    BN_free(number);
    X509_free(certificate);
    return text;
}

/* --- bytes ------------------------------------------------------------------------------------ */

ssize_t wire_put(struct wire *w, const char *p, size_t n)
{
    return w->tls ? SSL_write(w->tls, p, (int)n) : send(w->fd, p, n, MSG_NOSIGNAL);
}

ssize_t wire_get(struct wire *w, char *p, size_t n)
{
    return w->tls ? SSL_read(w->tls, p, (int)n) : recv(w->fd, p, n, 0);
}

bool wire_send(struct wire *w, const void *bytes, size_t n)
{
    const char *p = bytes;
    if (w->zip) return wire_zip_send(w, p, n);
    while (n) {
        ssize_t put = wire_put(w, p, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

/* Waits for something to come and takes it. False at the end or when the time is over. */
static bool receive(struct wire *w, double end)
{
    if (w->ended) return false;
    struct pollfd fd = { .fd = w->fd, .events = POLLIN };
    if (!(w->zip && wire_zip_more(w)) && (!w->tls || !SSL_pending(w->tls))) {
        double wait = end - now_s();
        if (poll(&fd, 1, wait > 0 ? (int)(wait * 1000) + 1 : 0) <= 0) return false;
    }
    if (w->n + WIRE_PIECE > w->cap) {
        w->cap = w->cap * 2 + 2 * WIRE_PIECE;
        w->in = realloc(w->in, w->cap);
    }
    ssize_t got =
        w->zip ? wire_zip_get(w, w->in + w->n, WIRE_PIECE) : wire_get(w, w->in + w->n, WIRE_PIECE);
    if (got < 0 && w->zip && errno == EAGAIN) return true;
    if (got <= 0) {
        w->ended = true;
        return false;
    }
    w->n += (size_t)got;
    return true;
}

/* Hands out the first n bytes of the input, with a NUL behind. */
static char *take(struct wire *w, size_t n)
{
    w->line = realloc(w->line, n + 1);
    memcpy(w->line, w->in + w->at, n);
    w->line[n] = '\0';
    w->at += n;
    if (w->at == w->n) w->at = w->n = 0;
    return w->line;
}

const char *wire_line(struct wire *w, double seconds, size_t *n)
{
    size_t seen = 0;
    for (double end = now_s() + seconds;;) {
        char *lf =
            w->n > w->at + seen ? memchr(w->in + w->at + seen, '\n', w->n - w->at - seen) : NULL;
        if (lf) {
            size_t size = (size_t)(lf - (w->in + w->at)) + 1;
            char *line = take(w, size);
            size -= size > 1 && line[size - 2] == '\r' ? 2 : 1;
            line[size] = '\0';
            if (n) *n = size;
            return line;
        }
        seen = w->n - w->at;
        if (!receive(w, end)) return NULL;
    }
}

const char *wire_bytes(struct wire *w, size_t n, double seconds)
{
    for (double end = now_s() + seconds; w->n - w->at < n;)
        if (!receive(w, end)) return NULL;
    return take(w, n);
}

bool wire_ended(struct wire *w, double seconds)
{
    double end = now_s() + seconds;
    while (receive(w, end))
        w->at = w->n = 0;
    return w->ended;
}

bool wire_silent(struct wire *w)
{
    receive(w, now_s() + WIRE_LULL_S);
    return w->at == w->n;
}

/* --- lines ------------------------------------------------------------------------------------ */

bool wire_vsay(struct wire *w, const char *format, va_list ap)
{
    char *text = NULL;
    int n = vasprintf(&text, format, ap);
    if (n < 0) fail_now("no memory");
    text = realloc(text, (size_t)n + 3);
    memcpy(text + n, "\r\n", 3);
    snprintf(w->said, sizeof w->said, "%s", text);
    bool sent = wire_send(w, text, (size_t)n + 2);
    free(text);
    return sent;
}

bool wire_say(struct wire *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    bool sent = wire_vsay(w, format, ap);
    va_end(ap);
    return sent;
}

bool text_matches(const char *text, const char *pattern)
{
    regex_t re;
    char *whole = NULL;
    if (asprintf(&whole, "^(%s)$", pattern) < 0) fail_now("no memory");
    if (regcomp(&re, whole, REG_EXTENDED | REG_NOSUB)) fail_now("not an expression: %s", pattern);
    bool good = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    free(whole);
    return good;
}

const char *wire_expect(struct wire *w, const char *pattern)
{
    const char *line = wire_line(w, WIRE_PATIENCE_S, NULL);
    if (!line || !text_matches(line, pattern))
        fail_now("port %d\n    said:     %s\n    expected: %s\n    got:      %s", w->port, w->said,
                 pattern,
                 line       ? line
                 : w->ended ? "(the end)"
                            : "(nothing)");
    return line;
}
