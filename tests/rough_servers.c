/* rough_servers.c - Postfix, Exim and OpenSMTPD on a bad day: stopped, slowed, refusing, hanging in
 * mid-reply, speaking nonsense. Every message arrives exactly once, or comes back with the reason.
 *
 * Where the connection ends after the final dot and before the answer, nobody can know whether the
 * message was taken: it is sent again (RFC 5321 4.5.3.2.6, 6.1), and may come twice.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/mishap.h"
#include "support/other.h"
#include "support/wire.h"
#include "support/world_int.h"

enum { ARRIVE_S = 40, FIRST_HOST = 100, LARGE_BYTES = 200000, COMMON_BYTES = 64 * 1024 };

/* Each has a domain of its own below peer.test, and lies in front of the same server. */
static const struct mishap_row {
    const char *label;
    enum mishap_kind kind;
    enum mishap_reply at;
    const char *reason; /* that the first attempt leaves in the journey */
    bool maybe_twice;
} rows[] = {
    { "hang0", MISHAP_HANG, AT_GREETING, "no answer in time, at the greeting", false },
    { "hang1", MISHAP_HANG, AT_EHLO, "no answer in time, at EHLO", false },
    { "hang2", MISHAP_HANG, AT_MAIL, "no answer in time, at MAIL", false },
    { "hang3", MISHAP_HANG, AT_RCPT, "no answer in time, at RCPT", false },
    { "hang4", MISHAP_HANG, AT_DATA, "no answer in time, at DATA", false },
    { "hang5", MISHAP_HANG, AT_END, "no answer in time, at the end of the message", true },
    { "noise0", MISHAP_GARBAGE, AT_GREETING, "no SMTP", false },
    { "noise1", MISHAP_GARBAGE, AT_EHLO, "no SMTP", false },
    { "noise2", MISHAP_GARBAGE, AT_MAIL, "no SMTP", false },
    { "noise3", MISHAP_GARBAGE, AT_RCPT, "are you?', at RCPT", false },
    { "noise4", MISHAP_GARBAGE, AT_DATA, "no SMTP", false },
    { "noise5", MISHAP_GARBAGE, AT_END, "no SMTP", true },
    { "cut0", MISHAP_CUT, AT_GREETING, "ended the connection, at the greeting", false },
    { "cut1", MISHAP_CUT, AT_EHLO, "ended the connection, at EHLO", false },
    { "cut2", MISHAP_CUT, AT_MAIL, "ended the connection, at MAIL", false },
    { "cut3", MISHAP_CUT, AT_RCPT, "ended the connection, at RCPT", false },
    { "cut4", MISHAP_CUT, AT_DATA, "ended the connection, at DATA", false },
    { "cut5", MISHAP_CUT, AT_END, "ended the connection, at the end of the message", true },
    { "undotted", MISHAP_NO_DOT, AT_END, "ended the connection, at the end of the message", false },
    { "drip", MISHAP_DRIP, AT_GREETING, "delivered", false },
    { "slow", MISHAP_SLOW, AT_END, "delivered", false },
};
enum { ROWS = sizeof rows / sizeof *rows, SLOW_ROW = ROWS - 1 };

static struct world *world;
static struct server *a;
static struct mishap *between[ROWS];
static char ids[ROWS][64];

/* --- the place */

static void add_zone(void)
{
    char text[8192], address[16];
    size_t n = (size_t)snprintf(text, sizeof text, "@ IN MX 10 mail\nmail IN A %s\n",
                                world_address(world, OTHER_HOST, address));
    for (int i = 0; i < ROWS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s IN MX 10 mx%d\nmx%d IN A %s\n",
                              rows[i].label, i, i, world_address(world, FIRST_HOST + i, address));
    world_zone(world, "peer.test", text);
}

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    add_zone();
    world_dns_start(world);
    a = server_start(world, "a.test", "command = 3s\ndata = 5s\n");
    server_user(a, "alice@a.test", "pw");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

static void labels(char *text, size_t size)
{
    size_t n = (size_t)snprintf(text, size, "below=");
    for (int i = 0; i < ROWS; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", i ? " " : "", rows[i].label);
}

static void other_begin(struct other *o, const char *what)
{
    char below[500];
    other_make(o, world, what);
    labels(below, sizeof below);
    other_set(o, "%s", below);
    other_set(o, "relay=%s:%d", server_address(a), PORT_SMTP);
    other_start(o);
}

/* --- sending and counting */

/* Queued; its id is good until the next call. */
static const char *send(struct wire *w, const char *to, const char *subject, size_t size)
{
    static char id[64];
    size_t room = size + 400;
    char *letter = malloc(room);
    size_t n = (size_t)snprintf(
        letter, room, "From: alice@a.test\r\nTo: %s\r\nSubject: rough-%s\r\n\r\n", to, subject);
    for (size_t end = n + size; n < end;)
        n += (size_t)snprintf(letter + n, room - n, ".line at %zu, all of it\r\n", n);
    snprintf(letter + n, room - n, "the end\r\n");
    int code = smtp_message(w, "alice@a.test", to, letter);
    free(letter);
    if (code != 250) fail_now("not taken: %s", wire_got(w));
    sscanf(wire_got(w), "250 2.0.0 ok, id %63s", id);
    return id;
}

/* How many of them dora has, whole. */
static int has(struct other *o, const char *subject)
{
    char code[300];
    snprintf(code, sizeof code,
             "cd \"$1\"/mail/dora/new 2>/dev/null || exit 0; grep -l '^Subject: rough-%s.\\?$' * "
             "2>/dev/null | xargs -r grep -c '^the end' | wc -l",
             subject);
    return (int)strtol(other_shell(o, code), NULL, 10);
}

static const char *tell(const char *command, const char *id)
{
    int status;
    return strcmp(command, "trace") == 0 ? CLI(a, NULL, &status, "trace", id)
                                         : CLI(a, NULL, &status, "queue", command, id);
}

/* Each look starts a program. */
static void breathe(void)
{
    usleep(50000);
}

static bool queue_is_empty(void *arg)
{
    int status;
    (void)arg;
    breathe();
    return strstr(CLI(a, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

static void wait_empty(struct other *o)
{
    int status;
    if (!wait_until(queue_is_empty, NULL, ARRIVE_S))
        fail_now("%s: still queued: %s%s", o->name, CLI(a, NULL, &status, "queue", "list"),
                 other_log(o));
}

struct wait {
    struct other *o;
    const char *subject, *id, *words;
};

static bool is_there(void *arg)
{
    const struct wait *w = arg;
    breathe();
    return has(w->o, w->subject) > 0;
}

static void arrived_once(struct other *o, const char *subject, bool maybe_twice)
{
    struct wait w = { .o = o, .subject = subject };
    if (!wait_until(is_there, &w, ARRIVE_S))
        fail_now("%s: %s never came; %s", o->name, subject, other_log(o));
    int n = has(o, subject);
    if (n != 1 && !(maybe_twice && n == 2)) fail_now("%s: %s came %d times", o->name, subject, n);
}

static bool is_explained(void *arg)
{
    const struct wait *w = arg;
    breathe();
    return strstr(tell("show", w->id), w->words) != NULL;
}

/* It waits, and `posthorn queue show` says why. */
static void waits_because(const char *id, const char *words)
{
    struct wait w = { .id = id, .words = words };
    if (!wait_until(is_explained, &w, ARRIVE_S))
        fail_now("wanted «%s», queue show says: %s", words, tell("show", id));
}

/* --- mishaps on the way */

static void bad_conversations(struct other *o)
{
    char address[16], to[64];
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    for (int i = 0; i < ROWS; i++)
        between[i] = mishap_start(world_address(world, FIRST_HOST + i, address), PORT_SMTP,
                                  o->address, rows[i].kind, rows[i].at, 1);
    for (int i = 0; i < ROWS; i++) {
        snprintf(to, sizeof to, "dora@%s.peer.test", rows[i].label);
        snprintf(ids[i], sizeof ids[i], "%s",
                 send(w, to, rows[i].label, i == SLOW_ROW ? LARGE_BYTES : 3000));
    }
    wire_close(w);
    wait_empty(o);
    for (int i = 0; i < ROWS; i++) {
        arrived_once(o, rows[i].label, rows[i].maybe_twice);
        const char *trace = tell("trace", ids[i]);
        if (!strstr(trace, rows[i].reason))
            fail_now("%s: wanted «%s», trace says: %s", rows[i].label, rows[i].reason, trace);
        mishap_stop(between[i]);
    }
}

/* --- refusals: each recipient for itself */

static int reports(const char *words)
{
    struct wire *w = imap_open(a, world_ca(world), "alice@a.test", "pw");
    int n = 0;
    wire_imap(w, "OK", "EXAMINE INBOX");
    const char *at = strstr(wire_imap(w, "OK", "SEARCH TEXT \"%s\"", words), "* SEARCH");
    for (at = at ? at + 8 : ""; *at == ' '; at += 1 + strspn(at + 1, "0123456789"))
        n++;
    wire_close(w);
    return n;
}

static bool is_reported(void *arg)
{
    return reports(arg) > 0;
}

static void bounced(const char *recipient, const char *reason)
{
    if (!wait_until(is_reported, (void *)(uintptr_t)recipient, ARRIVE_S) || reports(recipient) != 1)
        fail_now("%d reports of %s", reports(recipient), recipient);
    if (!reports(reason)) fail_now("no report says «%s»", reason);
}

static void forget_reports(void)
{
    struct wire *w = imap_open(a, world_ca(world), "alice@a.test", "pw");
    wire_imap(w, "OK", "SELECT INBOX");
    wire_imap(w, "OK", "STORE 1:* +FLAGS.SILENT (\\Deleted)");
    wire_imap(w, "OK", "EXPUNGE");
    wire_close(w);
}

static void refused_recipients(struct other *o)
{
    static const char *const rcpts[] = { "dora", "busy", "full", "nobody" };
    char id[64];
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    assert_int_equal(wire_smtp(w, "MAIL FROM:<alice@a.test>"), 250);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(wire_smtp(w, "RCPT TO:<%s@peer.test>", rcpts[i]), 250);
    assert_int_equal(wire_smtp(w, "DATA"), 354);
    wire_say(w, "From: alice@a.test\r\nSubject: rough-four\r\n\r\nthe end\r\n.");
    assert_int_equal(wire_smtp(w, NULL), 250);
    sscanf(wire_got(w), "250 2.0.0 ok, id %63s", id);
    wire_close(w);

    waits_because(id, "last reply: 450 4.2.1 ");
    waits_because(id, "the mailbox is busy");
    arrived_once(o, "four", false);
    bounced("full@peer.test", "552 5.2.2");
    bounced("nobody@peer.test", strcmp(o->name, "opensmtpd") ? "550" : "524 5.2.4");
    tell("drop", id);
    wait_empty(o);
    forget_reports();
}

/* --- stopped and frozen */

struct passed {
    struct mishap *m;
    size_t bytes;
};

static bool has_passed(void *arg)
{
    const struct passed *p = arg;
    return mishap_sent(p->m) >= p->bytes;
}

/* A large message is on its way there. */
static struct mishap *half_way(const char *subject, char id[64])
{
    char address[16];
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    struct mishap *m =
        mishap_start(world_address(world, FIRST_HOST + SLOW_ROW, address), PORT_SMTP,
                     world_address(world, OTHER_HOST, (char[16]){ 0 }), MISHAP_SLOW, AT_END, 1);
    snprintf(id, 64, "%s", send(w, "dora@slow.peer.test", subject, LARGE_BYTES));
    wire_close(w);
    struct passed p = { m, COMMON_BYTES };
    if (!wait_until(has_passed, &p, ARRIVE_S)) fail_now("%s: %s", subject, tell("show", id));
    return m;
}

/* All of it stands still for a while in the middle of a message: nobody minds. */
static void frozen_for_a_while(struct other *o)
{
    char id[64];
    struct mishap *m = half_way("frozen", id);
    other_freeze(o, true);
    usleep(1000000);
    other_freeze(o, false);
    wait_empty(o);
    arrived_once(o, "frozen", false);
    assert_int_equal(mishap_connections(m), 1);
    mishap_stop(m);
}

/* Frozen for longer than we wait: the message waits, and says so. */
static void frozen_for_long(struct other *o)
{
    char id[64];
    other_freeze(o, true);
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    snprintf(id, sizeof id, "%s", send(w, "dora@peer.test", "thawed", 100));
    wire_close(w);
    waits_because(id, "no answer in time, at the greeting");
    other_freeze(o, false);
    wait_empty(o);
    arrived_once(o, "thawed", false);
}

static void stopped(struct other *o, int how, const char *subject)
{
    char id[64];
    struct mishap *m = half_way(subject, id);
    other_kill(o, how);
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    char late[64], second[64];
    snprintf(second, sizeof second, "%s-late", subject);
    snprintf(late, sizeof late, "%s", send(w, "dora@peer.test", second, 100));
    wire_close(w);
    waits_because(late, "no connection: Connection refused");
    waits_because(id, "ended the connection, at the ");
    other_start(o);
    wait_empty(o);
    arrived_once(o, subject, false);
    arrived_once(o, second, false);
    mishap_stop(m);
}

/* --- */

static const char *name; /* of the other server */

static void test_rough(void **state)
{
    struct other o;
    (void)state;
    other_begin(&o, name);
    bad_conversations(&o);
    refused_recipients(&o);
    frozen_for_a_while(&o);
    frozen_for_long(&o);
    stopped(&o, SIGKILL, "killed");
    stopped(&o, SIGTERM, "ended");
    other_stop(&o);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rough) };
    if (argc != 2) fail_now("usage: rough_servers postfix|exim|opensmtpd");
    name = argv[1];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
