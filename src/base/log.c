/* log.c - the list of events, and how one becomes a line: `level event session=… key=value …`. */
#include "base/log.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Every event, by name (log_test.c checks the order, the look-up relies on it). A name is
 * directory.what-happened; each is counted. */
/* clang-format off */
const struct log_event_row log_events[] = {
    { "admin.request",        "a command came over the control socket" },
    { "auth.ended",           "an open session ended: its user was removed or suspended, or has another password" },
    { "auth.failed",          "a log-in was refused" },
    { "auth.ok",              "a log-in was accepted" },
    { "auth.throttled",       "a log-in was refused unseen: too many failed lately" },
    { "config.error",         "a setting was refused" },
    { "conn.bad_deflate",     "compressed input was damaged, or grew beyond bounds: the connection ended" },
    { "conn.bad_proxy",       "a proxy that is listed did not begin with a PROXY header" },
    { "conn.refused",         "a connection was refused because a limit on connections was reached" },
    { "deliver.filed",        "a message was filed in a mailbox" },
    { "deliver.queued",       "a message was queued for another server" },
    { "deliver.refused",      "a message or recipient was refused by policy or quota" },
    { "fiber.pool_empty",     "a session waits because every stack is lent" },
    { "guard.refused",        "an address did too much of something lately" },
    { "imap.bad_command",     "an IMAP command could not be understood" },
    { "imap.closed",          "an IMAP connection ended" },
    { "imap.command",         "an IMAP command was answered" },
    { "imap.connected",       "an IMAP client connected" },
    { "imap.login",           "an IMAP client logged in" },
    { "imap.logout",          "an IMAP client logged out and keeps its connection" },
    { "listener.opened",      "a listening socket was opened" },
    { "log.left_out",         "there were so many lines of an event that some were left out" },
    { "pop3.bad_command",     "a POP3 command could not be understood" },
    { "pop3.closed",          "a POP3 connection ended" },
    { "pop3.connected",       "a POP3 client connected" },
    { "pop3.login",           "a POP3 client logged in" },
    { "pop3.update",          "a POP3 session ended with QUIT and its deletions were made" },
    { "relay.attempt",        "relay began to hand a message to another server" },
    { "relay.bounced",        "relay gave up on recipients for good" },
    { "relay.connect_failed", "relay could not connect to another server" },
    { "relay.deferred",       "relay will try recipients again later" },
    { "relay.delivered",      "another server took responsibility for recipients" },
    { "relay.unrecorded",     "the result of an attempt could not be written yet; it is tried again" },
    { "sandbox.off",          "a layer of the sandbox is not in force, and why" },
    { "sandbox.on",           "a layer of the sandbox is in force" },
    { "search.failed",        "an account's text index could not be read or written: what it lacks is read from the messages" },
    { "server.died",          "the server was killed or broke down; it is started again" },
    { "server.memory_ok",     "there is memory again: whoever comes is let in" },
    { "server.memory_short",  "the process is past server.memory_max: new connections are told to come back" },
    { "server.no_workers",    "a worker could not be started, so the server is not" },
    { "server.reloaded",      "the certificate was read again, if there is one" },
    { "server.started",       "the server is ready" },
    { "server.stopped",       "the server has ended in good order" },
    { "server.stuck",         "a worker did not answer any more: the process ends with a trace, to be started again" },
    { "server.waits",         "another process has the data folder; the server starts when it is done, if that is soon" },
    { "smtp.accepted",        "a message was accepted and is durable" },
    { "smtp.bad_command",     "an SMTP command could not be understood" },
    { "smtp.closed",          "an SMTP connection ended" },
    { "smtp.command",         "an SMTP command was answered" },
    { "smtp.connected",       "an SMTP client connected" },
    { "smtp.login",           "a submission client logged in" },
    { "smtp.refused",         "a sender, recipient or message was refused" },
    { "store.closed",         "the store was closed in good order" },
    { "store.copy_left",      "a COPY failed and could not take back what it had copied" },
    { "store.corrupt",        "a stored record failed its checksum or grammar" },
    { "store.disk_full",      "the disk is full: writing waits, reading and deleting go on" },
    { "store.disk_ok",        "there is room on the disk again" },
    { "store.index_anew",     "the index file was never begun in full, as a power cut may leave it: it is made anew from the journal" },
    { "store.index_failed",   "the index could not be written or read: the journal goes on, it is tried again" },
    { "store.index_old",      "the index is of an older format: it is made again from the journal" },
    { "store.opened",         "the store was opened" },
    { "store.replayed",       "journal records that the index lacked were applied" },
    { "store.sync_failed",    "a journal segment could not be synced and was abandoned" },
    { "store.tidy_failed",    "what has expired could not be removed now; it is tried again hourly" },
    { "store.watches_left",   "sessions that outlived the grace still watched the store as it closed" },
    { "tls.failed",           "a TLS handshake failed" },
    { "tls.started",          "a connection is encrypted" },
};
/* clang-format on */
const size_t log_events_count = COUNT_OF(log_events);

static _Atomic uint64_t totals[COUNT_OF(log_events)];
static enum log_level wanted = LOG_INFO;
static void (*sink)(void *arg, enum log_level level, str line);
static void *sink_arg;

static const str level_names[] = {
    [LOG_ERROR] = S_INIT("error"),
    [LOG_WARN] = S_INIT("warn"),
    [LOG_INFO] = S_INIT("info"),
    [LOG_DEBUG] = S_INIT("debug"),
};

void log_to(void (*to)(void *arg, enum log_level level, str line), void *arg)
{
    sink = to;
    sink_arg = arg;
}

void log_level_set(enum log_level level)
{
    wanted = level;
}

bool log_wants(enum log_level level)
{
    return level <= wanted;
}

uint64_t log_event_total(size_t row)
{
    assert(row < log_events_count);
    return atomic_load_explicit(&totals[row], memory_order_relaxed);
}

static int by_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct log_event_row *)row)->name);
}

static size_t event_row(const char *event)
{
    const struct log_event_row *row =
        bsearch(event, log_events, log_events_count, sizeof log_events[0], by_name);
    assert(row && "an event that the list in log.c lacks");
    return (size_t)(row - log_events);
}

/* A value that needs no quotes: a reader may split the line at spaces and each field at its
 * first "=". */
static bool plain(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\') return false;
    return s.n > 0;
}

static void add_escaped(struct buf *line, char c)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t byte = (uint8_t)c;
    if (c == '"' || c == '\\')
        buf_add(line, (str){ (char[]){ '\\', c }, 2 });
    else if (c >= ' ' && c <= '~')
        buf_addc(line, c);
    else if (c == '\n')
        buf_add(line, S("\\n"));
    else if (c == '\r')
        buf_add(line, S("\\r"));
    else if (c == '\t')
        buf_add(line, S("\\t"));
    else
        buf_add(line, (str){ (char[]){ '\\', 'x', hex[byte >> 4], hex[byte & 15] }, 4 });
}

/* "…" cannot come from escaping (it is no ASCII): it says that the value was longer. */
static void add_text(struct buf *line, str s)
{
    str shown = str_take(s, LOG_VALUE_BYTES);
    if (plain(s) && shown.n == s.n) {
        buf_add(line, s);
        return;
    }
    buf_addc(line, '"');
    for (size_t i = 0; i < shown.n; i++)
        add_escaped(line, shown.p[i]);
    if (shown.n < s.n) buf_add(line, S("…"));
    buf_addc(line, '"');
}

static void add_field(struct buf *line, const struct log_field *f)
{
    buf_addc(line, ' ');
    buf_add(line, str_of(f->key));
    buf_addc(line, '=');
    if (f->is_number)
        buf_u64(line, f->number);
    else
        add_text(line, f->text);
}

/* Whole fields only: those that no longer fit are left out, and the line says so. */
static void add_fields(struct buf *line, const struct log_field *fields, size_t n)
{
    const str cut = S(" cut=1");
    line->max = LOG_LINE_BYTES - cut.n - 1;
    for (size_t i = 0; i < n; i++) {
        size_t before = line->n;
        add_field(line, &fields[i]);
        if (!line->full) continue;
        line->full = false;
        buf_truncate(line, before);
        line->max = LOG_LINE_BYTES - 1;
        buf_add(line, cut);
        break;
    }
    line->max = LOG_LINE_BYTES;
    buf_addc(line, '\n');
}

void log_fields(enum log_level level, const char *event, str session,
                const struct log_field *fields, size_t n)
{
    assert(level <= LOG_DEBUG);
    atomic_fetch_add_explicit(&totals[event_row(event)], 1, memory_order_relaxed);
    if (!sink || !log_wants(level)) return;

    struct buf line = buf_make(LOG_LINE_BYTES);
    buf_add(&line, level_names[level]);
    buf_addc(&line, ' ');
    buf_add(&line, str_of(event));
    buf_add(&line, S(" session="));
    add_text(&line, session.n ? session : S("-"));
    add_fields(&line, fields, n);
    sink(sink_arg, level, buf_str(&line));
    buf_free(&line);
}
