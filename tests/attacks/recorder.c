/* recorder.c - another mail server that takes everything and keeps every byte as it came.
 *
 * One thread, one connection at a time. Of extensions it knows 8BITMIME alone,
 * so what it gets is DATA, byte for byte.
 */
#include "attacks/recorder.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fail.h"

enum { LETTERS_MAX = 1000, COMMANDS_BYTES = 1 << 20, LINE_BYTES = 4096 };

struct letter {
    char *bytes;
    size_t n, cap;
};

struct recorder {
    int listener;
    pthread_t thread;
    struct letter letters[LETTERS_MAX];
    size_t n;
    char commands[COMMANDS_BYTES];
    size_t commands_n;
    pthread_mutex_t lock; /* guards what follows */
    const char *step, *bytes;
    size_t bytes_n, asked;
};

static void say(int fd, const char *line)
{
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0) return; /* it left: the next read says so */
}

/* As usual, or as was asked for; true: as usual. */
static bool answer(struct recorder *r, int fd, const char *step, const char *usual)
{
    pthread_mutex_lock(&r->lock);
    bool special = r->step && strcmp(r->step, step) == 0;
    r->asked += special;
    const char *bytes = r->bytes;
    size_t n = r->bytes_n;
    pthread_mutex_unlock(&r->lock);
    if (special) (void)!send(fd, bytes, n, MSG_NOSIGNAL);
    if (special && bytes[n - 1] != '\n') shutdown(fd, SHUT_RDWR); /* nobody waits for more */
    if (!special) say(fd, usual);
    return !special;
}

void recorder_answers(struct recorder *r, const char *step, const char *bytes, size_t n)
{
    pthread_mutex_lock(&r->lock);
    r->step = step;
    r->bytes = bytes;
    r->bytes_n = n;
    r->asked = 0;
    pthread_mutex_unlock(&r->lock);
}

size_t recorder_asked(struct recorder *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->asked;
    pthread_mutex_unlock(&r->lock);
    return n;
}

static void add(struct letter *l, char c)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 1024;
        l->bytes = realloc(l->bytes, l->cap);
    }
    l->bytes[l->n++] = c;
}

static bool ends(const struct letter *l)
{
    if (l->n == 3 && memcmp(l->bytes, ".\r\n", 3) == 0) return true;
    return l->n >= 5 && memcmp(l->bytes + l->n - 5, "\r\n.\r\n", 5) == 0;
}

static bool take_letter(struct recorder *r, int fd)
{
    struct letter *l = &r->letters[r->n];
    char c;
    while (read(fd, &c, 1) == 1) {
        add(l, c);
        if (!ends(l)) continue;
        if (++r->n == LETTERS_MAX) fail_now("more letters than are recorded");
        return true;
    }
    return false;
}

/* The next line, LF included; false at the end. */
static bool take_line(struct recorder *r, int fd, char line[LINE_BYTES])
{
    size_t n = 0;
    while (n < LINE_BYTES - 1 && read(fd, line + n, 1) == 1)
        if (line[n++] == '\n') break;
    line[n] = '\0';
    if (r->commands_n + n >= COMMANDS_BYTES) fail_now("more commands than are recorded");
    memcpy(r->commands + r->commands_n, line, n);
    r->commands_n += n;
    return n > 0;
}

static const struct {
    const char *step, *usual;
} steps[] = {
    { "EHLO", "250-recorder\r\n250 8BITMIME\r\n" },
    { "MAIL", "250 ok\r\n" },
    { "RCPT", "250 ok\r\n" },
    { "DATA", "354 go on\r\n" },
    { "QUIT", "250 ok\r\n" },
};

static bool answer_line(struct recorder *r, int fd, const char *line)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strncasecmp(line, steps[i].step, 4) == 0)
            return answer(r, fd, steps[i].step, steps[i].usual);
    say(fd, "250 ok\r\n");
    return true;
}

static void session(struct recorder *r, int fd)
{
    char line[LINE_BYTES];
    answer(r, fd, "GREETING", "220 recorder\r\n");
    while (take_line(r, fd, line)) {
        bool usual = answer_line(r, fd, line);
        if (strncasecmp(line, "QUIT", 4) == 0) return;
        if (strncasecmp(line, "DATA", 4) != 0 || !usual) continue;
        if (!take_letter(r, fd)) return;
        answer(r, fd, "END", "250 taken\r\n");
    }
}

static void *run(void *arg)
{
    struct recorder *r = arg;
    for (int fd; (fd = accept(r->listener, NULL, NULL)) >= 0; close(fd))
        session(r, fd);
    return NULL;
}

struct recorder *recorder_start(const char *address, int port)
{
    struct recorder *r = calloc(1, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int yes = 1;
    inet_pton(AF_INET, address, &at.sin_addr);
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(r->listener, (struct sockaddr *)&at, sizeof at) || listen(r->listener, 100))
        fail_now("the recorder cannot listen on %s:%d", address, port);
    if (pthread_create(&r->thread, NULL, run, r)) fail_now("no thread for the recorder");
    return r;
}

void recorder_stop(struct recorder *r)
{
    shutdown(r->listener, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->listener);
}

void recorder_free(struct recorder *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->letters[i].bytes);
    free(r);
}

size_t recorder_letters(const struct recorder *r)
{
    return r->n;
}

const char *recorder_letter(const struct recorder *r, size_t i, size_t *n)
{
    *n = r->letters[i].n;
    return r->letters[i].bytes;
}

const char *recorder_commands(const struct recorder *r)
{
    return r->commands;
}
