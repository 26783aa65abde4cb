/* remote_replies.c - a remote server whose answers are meant for whoever reads them later.
 *
 * What a remote server answers ends in a report to the sender, in the journey that `posthorn trace`
 * tells, in `posthorn queue`, and in the log. OpenSMTPD, February 2020, CVE-2020-8794: a refusal of
 * several lines, the last without text, became lines of the queue's files and then a command of
 * root. Others copied answers into reports whole, where a line of them became a field or a part.
 * The remote server here says such things; each report must be one report, and each word harmless.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacks/recorder.h"
#include "attacks/shown.h"

enum fate { BOUNCED, TAKEN, WAITS };

/* clang-format off */
static const struct reply {
    const char *name, *step;
    struct say say;
    enum fate fate;
} replies[] = {
    { "an escape sequence in a refusal",   "RCPT", SAY("550 5.1.1 \x1b[2J\x1b[31mno\r\n"), BOUNCED },
    { "a window's title",                  "RCPT", SAY("550 5.1.1 \x1b]0;owned\x07no\r\n"), BOUNCED },
    { "a CSI of eight bits",               "RCPT", SAY("550 5.1.1 \x9b" "31mno\r\n"), BOUNCED },
    { "a CSI in UTF-8",                    "RCPT", SAY("550 5.1.1 \xc2\x9b" "31mno\r\n"), BOUNCED },
    { "an override to the left",           "RCPT", SAY("550 5.1.1 gpj\xe2\x80\xae.exe\r\n"), BOUNCED },
    { "a line separator",                  "RCPT", SAY("550 5.1.1 no\xe2\x80\xa8Injected: yes\r\n"), BOUNCED },
    { "a bare CR",                         "RCPT", SAY("550 5.1.1 no\rInjected: yes\r\n"), BOUNCED },
    { "a NUL",                             "RCPT", SAY("550 5.1.1 n\0o\r\n"), BOUNCED },
    { "fields of a report",                "RCPT", SAY("550-5.1.1 no\r\n550-Final-Recipient: rfc822;bob@a.test\r\n550-Action: delivered\r\n550 Injected: yes\r\n"), BOUNCED },
    { "CVE-2020-8794: a last line without text", "RCPT", SAY("550-5.1.1 no\r\n550\r\n"), BOUNCED },
    { "CVE-2020-8794: the form it was sent in", "RCPT", SAY("553-\r\n553-type: mda\r\n553-mda-exec: id\r\n553\r\n"), BOUNCED },
    { "a refusal of 2,000 bytes",          "RCPT", FLOOD("550 5.1.1 ", "x", 2000, "\r\n"), BOUNCED },
    { "a refusal of 10,000 bytes",         "RCPT", FLOOD("550 5.1.1 ", "x", 10000, "\r\n"), WAITS },
    { "a refusal of 100 lines",            "RCPT", FLOOD("", "550-5.1.1 no\r\n", 100, "550 5.1.1 no\r\n"), BOUNCED },
    { "an enhanced code that is too long", "RCPT", SAY("550 5.1.99999999999999999999 no\r\n"), BOUNCED },
    { "the form of a boundary",            "RCPT", SAY("550-5.1.1 no\r\n550---=_\r\n550 --\r\n"), BOUNCED },
    { "a tag of HTML",                     "RCPT", SAY("550 5.1.1 <script>alert(1)</script>\r\n"), BOUNCED },
    { "a directive of printf",             "RCPT", SAY("550 5.1.1 %s%s%n%n\r\n"), BOUNCED },
    { "a refusal of the letter",           "END",  SAY("554 5.7.1 \x1b[2Jspam\r\n"), BOUNCED },
    { "a refusal of the sender",           "MAIL", SAY("550 5.7.1 \x1b[2Jyou\r\n"), BOUNCED },
    { "a refusal for a greeting",          "GREETING", SAY("554 5.7.1 \x1b[2Jaway\r\n"), BOUNCED },
    { "a receipt with an escape sequence", "END",  SAY("250 2.0.0 \x1b]0;x\x07ok\r\n"), TAKEN },
    { "a receipt of 2,000 bytes",          "END",  FLOOD("250 2.0.0 ", "x", 2000, "\r\n"), TAKEN },
    { "an extension with an escape sequence", "EHLO", SAY("250-\x1b[2J\r\n250-X\x1b[2J\r\n250 8BITMIME\r\n"), TAKEN },
    { "SIZE of 2^64 + 1",                  "EHLO", SAY("250-x\r\n250-8BITMIME\r\n250 SIZE 18446744073709551617\r\n"), TAKEN },
    { "SIZE of -1",                        "EHLO", SAY("250-x\r\n250-8BITMIME\r\n250 SIZE -1\r\n"), TAKEN },
    { "a deferral with an escape sequence", "RCPT", SAY("451 4.7.1 \x1b[2J\x1b]0;x\x07later\r\n"), WAITS },
    { "a bare LF in a refusal",            "RCPT", SAY("550-5.1.1 no\nInjected: yes\r\n550 no\r\n"), WAITS },
    { "lines of different codes",          "RCPT", SAY("550-5.1.1 no\r\n250 2.1.5 yes\r\n"), WAITS },
    { "a code that is none",               "RCPT", SAY("999 no\r\n"), WAITS },
    { "a code of two digits",              "RCPT", SAY("55 no\r\n"), WAITS },
    { "a code of letters",                 "RCPT", SAY("5x0 no\r\n"), WAITS },
    { "an empty line",                     "RCPT", SAY("\r\n"), WAITS },
    { "1,000 lines without an end",        "RCPT", FLOOD("", "550-5.1.1 no\r\n", 1000, ""), WAITS },
    { "a line without an end",             "RCPT", FLOOD("550 5.1.1 ", "x", 100000, ""), WAITS },
    { "a web server for a greeting",       "GREETING", SAY("HTTP/1.1 400 \x1b[2JBad Request\r\n\r\n"), WAITS },
    { "what is not asked for behind a greeting", "GREETING", FLOOD("220 x\r\n", "250 yes\r\n", 20, ""), WAITS },
    { "10,000 extensions",                 "EHLO", FLOOD("", "250-X\r\n", 10000, "250 X\r\n"), WAITS },
};
/* clang-format on */

/* --- one letter ------------------------------------------------------------------------------- */

/* Each to a host of its own name: what was heard from one is not held against the next. */
static void submit(struct field *f, size_t i, char id[32])
{
    char to[64];
    snprintf(to, sizeof to, "x@n%zu.hostile.test", i);
    struct wire *w = attack_open(f, SUBMITS_USER);
    int code = smtp_message(w, "alice@a.test", to, "Subject: hostile\r\n\r\nx\r\n");
    const char *at = strstr(wire_got(w), "ok, id ");
    if (code != 250 || !at || sscanf(at, "ok, id %31[0-9a-z]", id) != 1)
        attack_fail(f, "the letter was not taken: %s", wire_got(w));
    wire_close(w);
}

static bool queue_is_empty(void *server)
{
    int status;
    return strstr(CLI(server, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

static bool was_tried(void *server)
{
    int status;
    const char *list = CLI(server, NULL, &status, "queue", "list");
    return strstr(list, "tried 1 time") || strstr(list, "did not talk to us");
}

/* What the log says since the letter was handed in: asking the queue again and again is slow. */
struct since {
    const char *log, *event;
    size_t at;
};

static bool is_told(void *arg)
{
    const struct since *since = arg;
    size_t n;
    char *log = file_read(since->log, &n);
    bool told = n > since->at && strstr(log + since->at, since->event);
    free(log);
    return told;
}

static bool was_asked(void *recorder)
{
    return recorder_asked(recorder) > 0;
}

/* It has ended, or it waits and says why. */
static void await(struct field *f, struct recorder *r, enum fate fate, struct since *since)
{
    since->event = fate == BOUNCED ? "relay.bounced" : "relay.delivered";
    if (!wait_until(was_asked, r, 10)) attack_fail(f, "the step was never reached");
    bool good =
        fate == WAITS ? wait_until(was_tried, field_server(f), 10) : wait_until(is_told, since, 10);
    if (!good) attack_fail(f, "its fate is another one");
}

static void judge_words(struct field *f, enum fate fate, const char *id)
{
    static const char *const list[] = { "queue", "list", NULL },
                             *const show[] = { "queue", "show", "ID", NULL },
                             *const trace[] = { "trace", "ID", NULL },
                             *const drop[] = { "queue", "drop", "ID", NULL };
    shown_command(f, trace, id);
    shown_log(f);
    if (fate != WAITS) return;
    shown_command(f, list, id);
    shown_command(f, show, id);
    shown_command(f, drop, id);
}

/* --- the report ------------------------------------------------------------------------------- */

static size_t lines_of(const char *text, const char *field)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, field)); at++)
        n += at > text && at[-1] == '\n';
    return n;
}

/* The newest letter of alice's, with its bytes as they are; NULL: there is none. */
static char *newest(struct wire *w, size_t *n)
{
    wire_imap(w, "OK", "SELECT INBOX");
    wire_say(w, "f FETCH * BODY.PEEK[]");
    const char *line = wire_line(w, 5, NULL), *size = line ? strchr(line, '{') : NULL;
    if (!size) return NULL;
    *n = strtoul(size + 1, NULL, 10);
    const char *bytes = wire_bytes(w, *n, 5);
    char *copy = bytes ? malloc(*n + 1) : NULL;
    if (copy) memcpy(copy, bytes, *n + 1);
    return copy;
}

static void judge_report(struct field *f)
{
    size_t n = 0;
    struct wire *w = imap_open(field_server(f), field_ca(f), "alice@a.test", "secret");
    char *report = newest(w, &n);
    for (size_t i = 0; report && i < n; i++) {
        unsigned char c = (unsigned char)report[i];
        bool end = c == '\r' ? report[i + 1] == '\n' : c == '\n' && i && report[i - 1] == '\r';
        if ((c < ' ' && !end && c != '\t') || c == 0x7f)
            attack_fail(f, "byte %02x in the report", c);
    }
    if (!report || lines_of(report, "Content-Type: multipart/report") != 1 ||
        lines_of(report, "Final-Recipient: rfc822;") != 1 ||
        lines_of(report, "Action: failed") != 1 || lines_of(report, "Action: delivered") ||
        lines_of(report, "Injected:"))
        attack_fail(f, "the report:\n%s", report ? report : "(none)");
    free(report);
    wire_close(w);
}

/* --- all of them ------------------------------------------------------------------------------ */

static size_t log_size(const char *log)
{
    size_t n = 0;
    free(file_read(log, &n));
    return n;
}

static void play_reply(struct field *f, struct recorder *r, size_t i)
{
    const struct reply *reply = &replies[i];
    char id[32] = "";
    size_t n;
    attack_begin(f, reply->name);
    struct since since = { .log = server_log(field_server(f)) };
    since.at = log_size(since.log);
    char *bytes = say_bytes(&reply->say, &n);
    recorder_answers(r, reply->step, bytes, n);
    submit(f, i, id);
    await(f, r, reply->fate, &since);
    judge_words(f, reply->fate, id);
    if (reply->fate == BOUNCED) judge_report(f);
    recorder_answers(r, NULL, NULL, 0);
    free(bytes);
    attack_end(f);
}

static void play(struct field *f)
{
    char peer[16];
    struct recorder *r = recorder_start(world_address(field_world(f), 9, peer), PORT_SMTP);
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        play_reply(f, r, i);
    assert_true(queue_is_empty(field_server(f)));
    recorder_stop(r);
    recorder_free(r);
}

const struct class remote_replies_class = { "remote_replies", NULL, 0, play };
