/* chat.c - a bare connection for tests: bytes, lines, and the three protocols' answers. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/chat.h"

/* --- bytes */

static bool come_from(int fd, const char *source)
{
    struct sockaddr_in from = { .sin_family = AF_INET };
    return !source || (inet_pton(AF_INET, source, &from.sin_addr) == 1 &&
                       bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
}

struct chat *chat_open(const char *address, int port)
{
    return chat_open_from(NULL, address, port);
}

struct chat *chat_open_from(const char *source, const char *address, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    struct timeval wait = { .tv_sec = CHAT_WAIT_S };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, address, &to.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd < 0 || !come_from(fd, source) || connect(fd, (struct sockaddr *)&to, sizeof to)) {
        if (fd >= 0) close(fd);
        return NULL;
    }
    struct chat *c = calloc(1, sizeof *c);
    c->fd = fd;
    c->in_size = 4096;
    c->in = malloc(c->in_size);
    c->text = calloc(1, 1);
    return c;
}

bool chat_tls(struct chat *c, const char *ca, const char *host)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(ctx, ca, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_fd(ssl, c->fd);
    SSL_set1_host(ssl, host);
    SSL_set_tlsext_host_name(ssl, host);
    c->tls = ssl;
    c->dead = SSL_connect(ssl) != 1;
    return !c->dead;
}

void chat_close(struct chat *c)
{
    if (!c) return;
    if (c->tls) SSL_free(c->tls);
    close(c->fd);
    free(c->in);
    free(c->text);
    free(c);
}

bool chat_send(struct chat *c, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0 && !c->dead) {
        size_t piece = n < 65536 ? n : 65536;
        ssize_t put =
            c->tls ? SSL_write(c->tls, p, (int)piece) : send(c->fd, p, piece, MSG_NOSIGNAL);
        if (put <= 0)
            c->dead = true;
        else
            p += put, n -= (size_t)put;
    }
    return !c->dead;
}

__attribute__((format(printf, 2, 0))) static bool send_line(struct chat *c, const char *format,
                                                            va_list ap)
{
    char *line;
    int n = vasprintf(&line, format, ap);
    if (n < 0) abort();
    line = realloc(line, (size_t)n + 2);
    memcpy(line + n, "\r\n", 2);
    bool ok = chat_send(c, line, (size_t)n + 2);
    free(line);
    return ok;
}

bool chat_say(struct chat *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    bool ok = send_line(c, format, ap);
    va_end(ap);
    return ok;
}

/* More bytes behind those that wait. */
static bool fill(struct chat *c)
{
    if (c->dead) return false;
    if (c->in_at > 0) memmove(c->in, c->in + c->in_at, c->in_n -= c->in_at);
    c->in_at = 0;
    if (c->in_n == c->in_size) c->in = realloc(c->in, c->in_size *= 2);
    char *to = c->in + c->in_n;
    size_t room = c->in_size - c->in_n;
    ssize_t got = c->tls ? SSL_read(c->tls, to, (int)room) : recv(c->fd, to, room, 0);
    if (got <= 0)
        c->dead = true;
    else
        c->in_n += (size_t)got;
    return got > 0;
}

const char *chat_line(struct chat *c)
{
    for (size_t seen = 0;;) {
        char *start = c->in + c->in_at,
             *end = memchr(start + seen, '\n', c->in_n - c->in_at - seen);
        if (end) {
            c->in_at += (size_t)(end - start) + 1;
            end[end > start && end[-1] == '\r' ? -1 : 0] = '\0';
            return start;
        }
        seen = c->in_n - c->in_at;
        if (!fill(c)) return NULL;
    }
}

bool chat_waits(struct chat *c, int ms)
{
    struct pollfd p = { .fd = c->fd, .events = POLLIN };
    return c->in_at < c->in_n || c->dead || (c->tls && SSL_pending(c->tls)) || poll(&p, 1, ms) > 0;
}

/* --- what was said */

static void text_add(struct chat *c, const char *bytes, size_t n)
{
    if (c->text_n + n + 1 > c->text_size) {
        c->text_size = 2 * (c->text_n + n + 1);
        c->text = realloc(c->text, c->text_size);
    }
    memcpy(c->text + c->text_n, bytes, n);
    c->text_n += n;
    c->text[c->text_n] = '\0';
}

static void text_line(struct chat *c, const char *line)
{
    text_add(c, line, strlen(line));
    text_add(c, "\r\n", 2);
}

static void text_clear(struct chat *c)
{
    c->text_n = 0;
    c->text[0] = '\0';
}

bool chat_take(struct chat *c, size_t n)
{
    while (n > 0) {
        size_t have = c->in_n - c->in_at, piece = have < n ? have : n;
        text_add(c, c->in + c->in_at, piece);
        c->in_at += piece;
        n -= piece;
        if (n > 0 && !fill(c)) return false;
    }
    return true;
}

/* --- SMTP */

int chat_smtp_reply(struct chat *c)
{
    const char *line;
    text_clear(c);
    do {
        line = chat_line(c);
        if (!line) return 0;
        text_line(c, line);
    } while (strlen(line) > 3 && line[3] == '-');
    return (int)strtol(line, NULL, 10);
}

int chat_smtp(struct chat *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    bool ok = send_line(c, format, ap);
    va_end(ap);
    return ok ? chat_smtp_reply(c) : 0;
}

int chat_data(struct chat *c, const char *message, size_t n)
{
    const char *end = message + n;
    for (const char *line = message; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next + 1 : end;
        if (*line == '.') chat_send(c, ".", 1);
        chat_send(c, line, (size_t)(next - line));
        line = next;
    }
    return chat_send(c, ".\r\n", 3) ? chat_smtp_reply(c) : 0;
}

/* --- IMAP */

/* The n of "{n}" at the end of a line; 0: none. */
static size_t literal_size(const char *line)
{
    const char *brace = strrchr(line, '{');
    char *end;
    if (!brace) return 0;
    size_t n = strtoul(brace + 1, &end, 10);
    return end > brace + 1 && strcmp(end, "}") == 0 ? n : 0;
}

char chat_imap_answer(struct chat *c)
{
    char tag[16];
    int n = snprintf(tag, sizeof tag, "t%u ", c->tag);
    text_clear(c);
    for (;;) {
        const char *line = chat_line(c);
        if (!line) return 0;
        text_line(c, line);
        if (strncmp(line, tag, (size_t)n) == 0) return line[n];
        for (size_t size; (size = literal_size(line)) > 0; text_line(c, line))
            if (!chat_take(c, size) || !(line = chat_line(c))) return 0;
    }
}

char chat_imap(struct chat *c, const char *format, ...)
{
    char tag[16];
    va_list ap;
    int n = snprintf(tag, sizeof tag, "t%u ", ++c->tag);
    chat_send(c, tag, (size_t)n);
    va_start(ap, format);
    bool ok = send_line(c, format, ap);
    va_end(ap);
    return ok ? chat_imap_answer(c) : 0;
}

char chat_append(struct chat *c, const char *arguments, const char *message, size_t n)
{
    if (!chat_say(c, "t%u APPEND %s {%zu}", ++c->tag, arguments, n)) return 0;
    const char *line = chat_line(c);
    if (!line) return 0;
    if (*line != '+') { /* refused: the answer is this line */
        text_clear(c);
        text_line(c, line);
        const char *word = strchr(line, ' ');
        return word ? word[1] : 'B';
    }
    return chat_send(c, message, n) && chat_send(c, "\r\n", 2) ? chat_imap_answer(c) : 0;
}

bool chat_imap_login(struct chat *c, const char *user, const char *password)
{
    const char *greeting = chat_line(c);
    return greeting && strncmp(greeting, "* OK", 4) == 0 &&
           chat_imap(c, "LOGIN %s %s", user, password) == 'O';
}

/* --- POP3 */

static char pop3_answer(struct chat *c)
{
    const char *line = chat_line(c);
    text_clear(c);
    if (!line) return 0;
    text_line(c, line);
    return line[0];
}

char chat_pop3(struct chat *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    bool ok = send_line(c, format, ap);
    va_end(ap);
    return ok ? pop3_answer(c) : 0;
}

bool chat_pop3_lines(struct chat *c)
{
    for (;;) {
        const char *line = chat_line(c);
        if (!line) return false;
        if (strcmp(line, ".") == 0) return true;
        text_line(c, line[0] == '.' ? line + 1 : line);
    }
}

bool chat_pop3_login(struct chat *c, const char *user, const char *password)
{
    return pop3_answer(c) == '+' && chat_pop3(c, "USER %s", user) == '+' &&
           chat_pop3(c, "PASS %s", password) == '+';
}
