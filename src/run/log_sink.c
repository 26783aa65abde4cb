/* log_sink.c - where lines of the log go: a descriptor, each with its time; and how many of what
 * strangers cause.
 *
 * Who connects and talks nonsense costs a line each time. However fast he is, the disk must not be
 * full of him: past a burst such an event is written some times a second, and then how many lines
 * were left out. The figures of `posthorn metrics` count all.
 */
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "run/lock.h"
#include "run/process.h"

/* What anybody may cause, as often as he likes. */
static const char *const rationed[] = {
    "auth.failed",      "auth.ok",       "auth.throttled",   "conn.bad_deflate", "conn.bad_proxy",
    "deliver.refused",  "guard.refused", "imap.bad_command", "imap.login",       "imap.logout",
    "pop3.bad_command", "pop3.login",    "smtp.bad_command", "smtp.closed",      "smtp.connected",
    "smtp.login",       "smtp.refused",  "tls.failed",
};

struct ration {
    double spent; /* lines; drains by LOG_RATION_PER_S */
    uint64_t at_us, said_us;
    uint64_t left_out;
};

/* One for the process, as the log itself is; the lock keeps lines whole. */
static struct {
    struct lock lock;
    int fd;
    struct buf line;
    struct ration rations[COUNT_OF(rationed)];
} sink = { .lock = { PTHREAD_MUTEX_INITIALIZER }, .fd = -1 };

static void add_time(struct buf *out)
{
    struct timespec now;
    struct tm t;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &t);
    buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ ", t.tm_year + 1900, t.tm_mon + 1,
             t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, now.tv_nsec / 1000);
}

/* A reader that does not read for a second loses the rest of the line; we go on serving. */
static bool wait_writable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    return errno == EINTR || (errno == EAGAIN && poll(&p, 1, 1000) == 1);
}

static void write_whole(int fd, str line)
{
    while (line.n > 0) {
        ssize_t put = write(fd, line.p, line.n);
        if (put < 0 && wait_writable(fd)) continue;
        if (put < 0) return;
        line = str_from(line, (size_t)put);
    }
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* "level event …" */
static size_t row_of(str line)
{
    str level, event;
    (void)str_split(&line, ' ', &level);
    (void)str_split(&line, ' ', &event);
    for (size_t i = 0; i < COUNT_OF(rationed); i++)
        if (str_eq(event, str_of(rationed[i]))) return i;
    return COUNT_OF(rationed);
}

/* May there be one more? Under the lock. */
static bool ration_take(struct ration *r)
{
    uint64_t now = now_us();
    r->spent -= (double)(now - r->at_us) / 1e6 * LOG_RATION_PER_S;
    if (r->spent < 0) r->spent = 0;
    r->at_us = now;
    if (r->spent >= LOG_RATION_BURST) {
        r->left_out++;
        return false;
    }
    r->spent++;
    return true;
}

/* How many lines there were too many; 0: none, or it was said just now. Under the lock. */
static uint64_t ration_tell(struct ration *r)
{
    if (!r->left_out || r->at_us - r->said_us < LOG_RATION_SAY_US) return 0;
    uint64_t n = r->left_out;
    r->left_out = 0;
    r->said_us = r->at_us;
    return n;
}

static void log_sink(void *arg, enum log_level level, str line)
{
    (void)arg;
    size_t row = level == LOG_DEBUG ? COUNT_OF(rationed) : row_of(line);
    uint64_t left_out = 0;
    lock_take(&sink.lock);
    struct ration *r = row < COUNT_OF(rationed) ? &sink.rations[row] : NULL;
    bool some = !r || ration_take(r);
    if (r) left_out = ration_tell(r);
    if (some) {
        buf_reset(&sink.line);
        add_time(&sink.line);
        buf_add(&sink.line, line);
        write_whole(sink.fd, buf_str(&sink.line));
    }
    lock_drop(&sink.lock);
    if (left_out)
        log_event(LOG_WARN, "log.left_out", (str){ 0 }, F_CSTR("event", rationed[row]),
                  F_NUM("lines", left_out));
}

void process_log_to_fd(int fd)
{
    lock_take(&sink.lock);
    buf_free(&sink.line);
    sink.fd = fd;
    sink.line = buf_make(LOG_LINE_BYTES + sizeof("2026-11-22T00:48:01.123456Z "));
    lock_drop(&sink.lock);
    log_to(log_sink, NULL);
}
