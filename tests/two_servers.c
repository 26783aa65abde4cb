/* two_servers.c - mail between a.test and b.test, and what keeps it from arriving. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fail.h"
#include "support/wire.h"

static struct world *world;
static struct server *a, *b, *e;

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    world_dns_start(world);
    a = server_start(world, "a.test", NULL);
    b = server_start(world, "b.test", NULL);
    server_user(a, "alice@a.test", "pw");
    server_user(b, "bob@b.test", "pw");
    server_user(b, "carol@b.test", "pw");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

/* --- doing and looking */

/* Alice sends a letter to one or more (with spaces between); what a.test calls it. */
static const char *alice_sends(const char *to, const char *message)
{
    static char id[64];
    char one[128];
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    assert_int_equal(wire_smtp(w, "MAIL FROM:<alice@a.test>"), 250);
    for (int n; sscanf(to, "%127s%n", one, &n) == 1; to += n)
        if (wire_smtp(w, "RCPT TO:<%s>", one) != 250) fail_now("RCPT %s: %s", one, wire_got(w));
    assert_int_equal(wire_smtp(w, "DATA"), 354);
    assert_int_equal(wire_smtp(w, "%s\r\n.", message), 250);
    if (sscanf(wire_got(w), "250 2.0.0 ok, id %63s", id) != 1)
        fail_now("no id in: %s", wire_got(w));
    wire_close(w);
    return id;
}

static const char *letter(const char *subject)
{
    static char text[256];
    snprintf(text, sizeof text, "From: alice@a.test\r\nTo: you@b.test\r\nSubject: %s\r\n\r\nHello.",
             subject);
    return text;
}

static struct server *home_of(const char *user)
{
    return strstr(user, "@a.test") ? a : strstr(user, "@b.test") ? b : e;
}

/* How many messages in the inbox have these words in their header. */
static int count(const char *user, const char *words)
{
    struct wire *w = imap_open(home_of(user), world_ca(world), user, "pw");
    int n = 0;
    wire_imap(w, "OK", "EXAMINE INBOX");
    const char *at = strstr(wire_imap(w, "OK", "SEARCH SUBJECT \"%s\"", words), "* SEARCH");
    for (at = at ? at + 8 : ""; *at == ' '; at += 1 + strspn(at + 1, "0123456789"))
        n++;
    wire_close(w);
    return n;
}

/* The one message in the inbox with these words in its subject; free() it. */
static char *message(const char *user, const char *words)
{
    struct wire *w = imap_open(home_of(user), world_ca(world), user, "pw");
    wire_imap(w, "OK", "EXAMINE INBOX");
    const char *at = strstr(wire_imap(w, "OK", "SEARCH SUBJECT \"%s\"", words), "* SEARCH ");
    if (!at) fail_now("%s has no \"%s\"", user, words);
    wire_say(w, "f FETCH %ld BODY.PEEK[]", strtol(at + 9, NULL, 10));
    const char *line = wire_expect(w, "^\\* [0-9]+ FETCH .*\\{[0-9]+\\}$");
    size_t n = strtoul(strrchr(line, '{') + 1, NULL, 10);
    char *text = strdup(wire_bytes(w, n, 20));
    wire_close(w);
    return text;
}

struct wanted {
    const char *user, *words;
    int n;
};

static bool is_there(void *arg)
{
    const struct wanted *m = arg;
    return count(m->user, m->words) >= m->n;
}

static bool queue_is_empty(void *server)
{
    int status;
    return strstr(CLI(server, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

/* Exactly so many arrive, and then nothing waits that could bring another. */
static void arrives(const char *user, const char *words, int n)
{
    struct wanted m = { user, words, n };
    int status;
    if (!wait_until(is_there, &m, 20))
        fail_now("%s has %d \"%s\"; a's queue:\n%s", user, count(user, words), words,
                 CLI(a, NULL, &status, "queue", "list"));
    if (!wait_until(queue_is_empty, a, 20))
        fail_now("still queued: %s", CLI(a, NULL, &status, "queue", "list"));
    assert_int_equal(count(user, words), n);
}

static void says(struct server *s, const char *expected, const char *const *words)
{
    int status;
    const char *said = server_cli(s, NULL, &status, words);
    if (status || !strstr(said, expected))
        fail_now("posthorn %s %s: exit status %d, wanted «%s»; said: %s", words[0], words[1],
                 status, expected, said);
}
#define SAYS(s, expected, ...) says((s), (expected), (const char *const[]){ __VA_ARGS__, NULL })

/* A binary letter that asks for TLS all the way: over a verified connection, byte for byte. */
static void test_binary_and_protected(void **state)
{
    static const char text[] = "From: alice@a.test\r\nSubject: binary\r\nMIME-Version: 1.0\r\n"
                               "Content-Type: application/octet-stream\r\n"
                               "Content-Transfer-Encoding: binary\r\n\r\n"
                               "\xff\n.\n\r\r\n.\r\n..x\r";
    (void)state;
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    assert_int_equal(wire_smtp(w, "MAIL FROM:<alice@a.test> BODY=BINARYMIME REQUIRETLS"), 250);
    assert_int_equal(wire_smtp(w, "RCPT TO:<bob@b.test>"), 250);
    wire_say(w, "BDAT %zu LAST", sizeof text - 1);
    wire_send(w, text, sizeof text - 1);
    assert_int_equal(wire_smtp(w, NULL), 250);
    wire_close(w);
    arrives("bob@b.test", "binary", 1);
    char *got = message("bob@b.test", "binary");
    const char *body = strstr(got, "\r\n\r\n");
    if (!body || strcmp(body + 4, strstr(text, "\r\n\r\n") + 4) != 0) fail_now("got: %s", got);
    assert_non_null(strstr(got, "with ESMTPS"));
    free(got);
}

static bool is_queued(void *arg)
{
    int status;
    return strstr(CLI(a, NULL, &status, "queue", "show", arg), "last reply") != NULL;
}

/* --- refusals */

static void expect(struct wire *w, const char *command, const char *reply)
{
    wire_smtp(w, "%s", command);
    if (strncmp(wire_got(w), reply, strlen(reply)) != 0)
        fail_now("%s was answered: %s\n    wanted %s", command, wire_got(w), reply);
}

static void test_strangers_are_refused(void **state)
{
    (void)state;
    struct wire *w = wire_open(server_address(b), PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    expect(w, "EHLO c.test", "250");
    assert_null(strstr(wire_got(w), "AUTH"));
    expect(w, "MAIL FROM:<ann@c.test>", "250 ");
    expect(w, "RCPT TO:<nobody@b.test>", "550 5.1.1 ");
    expect(w, "RCPT TO:<ann@d.test>", "550 5.7.1 ");
    expect(w, "RCPT TO:<bob@b.test>", "250 ");
    wire_close(w);
}

static void test_submission_wants_a_login(void **state)
{
    (void)state;
    struct wire *w = wire_open(server_address(a), PORT_SUBMISSION);
    assert_int_equal(wire_smtp(w, NULL), 220);
    expect(w, "EHLO c.test", "250");
    assert_null(strstr(wire_got(w), "AUTH"));
    assert_non_null(strstr(wire_got(w), "STARTTLS"));
    expect(w, "AUTH PLAIN AGFsaWNlQGEudGVzdABwdw==", "538 5.7.11 ");
    expect(w, "MAIL FROM:<alice@a.test>", "530 5.7.0 ");
    expect(w, "STARTTLS", "220 ");
    wire_tls(w, world_ca(world), "mail.a.test");
    expect(w, "EHLO c.test", "250");
    assert_non_null(strstr(wire_got(w), "AUTH PLAIN"));
    expect(w, "MAIL FROM:<alice@a.test>", "530 5.7.0 ");
    expect(w, "AUTH PLAIN AGFsaWNlQGEudGVzdABwdw==", "235 ");
    expect(w, "MAIL FROM:<bob@b.test>", "550 5.7.1 ");
    expect(w, "MAIL FROM:<carl@a.test>", "550 5.7.1 ");
    expect(w, "MAIL FROM:<alice@a.test>", "250 ");
    wire_close(w);
}

/* --- arriving */

static void test_letter_to_several(void **state)
{
    char received[2][64];
    static const char *const users[] = { "bob@b.test", "carol@b.test" };
    (void)state;
    alice_sends("bob@b.test carol@b.test",
                "From: alice@a.test\r\nTo: bob@b.test\r\nBcc: carol@b.test,\r\n "
                "hidden@x.test\r\nSubject: several\r\n\r\n"
                "..two dots\r\nlast");
    for (int i = 0; i < 2; i++) {
        arrives(users[i], "several", 1);
        char *text = message(users[i], "several");
        assert_null(strcasestr(text, "Bcc:"));
        assert_null(strstr(text, "hidden"));
        assert_non_null(strstr(text, "\r\nDate: "));
        assert_non_null(strcasestr(text, "\r\nMessage-ID: <"));
        assert_non_null(strstr(text, "\r\n\r\n.two dots\r\nlast\r\n"));
        assert_int_equal(strncmp(text, "Return-Path: <alice@a.test>\r\n", 29), 0);
        if (!strstr(text, "with ESMTPS")) fail_now("not encrypted between servers: %s", text);
        const char *id = strstr(text, "\r\n\tid ");
        if (!id || sscanf(id, " id %63[^;\r]", received[i]) != 1)
            fail_now("no id in Received: %s", text);
        free(text);
    }
    /* One transaction carried both. */
    assert_string_equal(received[0], received[1]);
}

static void test_trace_tells_the_way(void **state)
{
    char id[64];
    int status;
    (void)state;
    snprintf(id, sizeof id, "%s", alice_sends("bob@b.test", letter("traced")));
    arrives("bob@b.test", "traced", 1);
    const char *said = CLI(a, NULL, &status, "trace", id);
    assert_int_equal(status, 0);
    if (!strstr(said, "alice@a.test") || !strstr(said, "bob@b.test") || !strstr(said, "250"))
        fail_now("trace: %s", said);
    said = CLI(a, NULL, &status, "trace", "nonsense");
    assert_int_not_equal(status, 0);
}

static void test_aliases_and_tags(void **state)
{
    (void)state;
    SAYS(b, "", "alias", "add", "team@b.test", "bob@b.test");
    SAYS(b, "", "alias", "add", "team@b.test", "carol@b.test");
    alice_sends("team@b.test", letter("for-the-team"));
    arrives("bob@b.test", "for-the-team", 1);
    arrives("carol@b.test", "for-the-team", 1);
    /* By two ways to the same person: one copy. */
    alice_sends("team@b.test bob@b.test", letter("twice-named"));
    arrives("bob@b.test", "twice-named", 1);
    alice_sends("bob+shop@b.test", letter("tagged"));
    arrives("bob@b.test", "tagged", 1);
    SAYS(b, "", "alias", "add", "@b.test", "carol@b.test");
    alice_sends("whoever@b.test", letter("caught"));
    arrives("carol@b.test", "caught", 1);
    alice_sends("bob@b.test", letter("not-caught"));
    arrives("bob@b.test", "not-caught", 1);
    assert_int_equal(count("carol@b.test", "not-caught"), 0);
    SAYS(b, "", "alias", "remove", "@b.test");
    /* Out again: an alias whose target is at another server. */
    SAYS(b, "", "alias", "add", "away@b.test", "alice@a.test");
    alice_sends("away@b.test", letter("sent-on"));
    arrives("alice@a.test", "sent-on", 1);
}

/* --- waiting */

static void test_receiver_down_then_up(void **state)
{
    char id[64];
    (void)state;
    assert_int_equal(server_stop(b), 0);
    snprintf(id, sizeof id, "%s", alice_sends("bob@b.test", letter("patient")));
    assert_true(wait_until(is_queued, id, 20));
    assert_int_equal(server_stop(a), 0);
    SAYS(a, id, "queue", "list");
    server_restart(a);
    SAYS(a, id, "queue", "list");
    server_kill(a);
    server_restart(a);
    SAYS(a, id, "queue", "list");
    server_restart(b);
    arrives("bob@b.test", "patient", 1);
}

static void test_killed_right_after_the_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        char subject[32];
        snprintf(subject, sizeof subject, "killed-%d", i);
        alice_sends("bob@b.test", letter(subject));
        server_kill(a);
        server_restart(a);
        struct wanted m = { "bob@b.test", subject, 1 };
        assert_true(wait_until(is_there, &m, 20));
    }
}

static void test_queue_orders(void **state)
{
    char id[64];
    int status;
    (void)state;
    for (int offline = 0; offline < 2; offline++) {
        snprintf(id, sizeof id, "%s", alice_sends("who@d.test", letter("stays")));
        assert_true(wait_until(is_queued, id, 20));
        if (offline) assert_int_equal(server_stop(a), 0);
        SAYS(a, "who@d.test", "queue", "list");
        SAYS(a, "who@d.test", "queue", "show", id);
        SAYS(a, "is held", "queue", "hold", id);
        SAYS(a, "held", "queue", "show", id);
        SAYS(a, "goes on", "queue", "release", id);
        SAYS(a, "will be tried now", "queue", "retry", id);
        SAYS(a, "dropped", "queue", "drop", id);
        SAYS(a, "the queue is empty", "queue", "list");
        CLI(a, NULL, &status, "queue", "show", id);
        assert_int_not_equal(status, 0);
        SAYS(a, "who@d.test", "trace", id);
        if (offline) server_restart(a);
    }
    assert_int_equal(count("alice@a.test", "stays"), 0); /* dropped without a bounce */
}

/* --- coming back */

static const char report_reader[] =
    "import email, email.policy, sys\n"
    "m = email.message_from_string(sys.stdin.read().replace('\\r\\n', '\\n'), "
    "policy=email.policy.default)\n"
    "assert not m.defects, m.defects\n"
    "assert m.get_content_type() == 'multipart/report', m.get_content_type()\n"
    "assert m.get_param('report-type') == 'delivery-status'\n"
    "assert m['Return-Path'] == '<>', m['Return-Path']\n"
    "assert m['Auto-Submitted'] == 'auto-replied', m['Auto-Submitted']\n"
    "assert m['Date'] and m['Message-ID'] and m['To'].addresses[0].addr_spec == 'alice@a.test'\n"
    "words, status, returned = m.iter_parts()\n"
    "assert words.get_content_type() == 'text/plain'\n"
    "assert status.get_content_type() == 'message/delivery-status'\n"
    "assert returned.get_content_type() in ('message/rfc822', 'text/rfc822-headers')\n"
    "print('words', ' '.join(words.get_content().split()))\n"
    "whole, *each = status.get_payload()\n"
    "print('mta', whole['Reporting-MTA'])\n"
    "for r in each: print(r['Final-Recipient'], r['Action'], r['Status'], r['Diagnostic-Code'])\n";

/* A letter to nobody comes back to Alice as a report that programs and people can read. */
static void bounces(const char *to, const char *subject, const char *status, const char *mentions)
{
    char said[8192], want[256];
    alice_sends(to, letter(subject));
    arrives("alice@a.test", "could not be delivered", 1);
    char *text = message("alice@a.test", "could not be delivered");
    if (RUN(said, sizeof said, 20, text, "python3", "-c", report_reader))
        fail_now("%s\n%s", said, text);
    snprintf(want, sizeof want, "rfc822; %s failed %s", to, status);
    if (!strcasestr(said, want) &&
        !(memmove(want + 7, want + 8, strlen(want + 8) + 1), strcasestr(said, want)))
        fail_now("wanted %s; the report says:\n%s", want, said);
    if (!strstr(said, mentions)) fail_now("no word of %s in the report:\n%s", mentions, said);
    if (!strstr(said, "mail.a.test") || !strstr(text, subject)) fail_now("the report:\n%s", text);
    free(text);
    struct wire *w = imap_open(a, world_ca(world), "alice@a.test", "pw");
    wire_imap(w, "OK", "SELECT INBOX");
    wire_imap(w, "OK", "STORE 1:* +FLAGS.SILENT (\\Deleted)");
    wire_imap(w, "OK", "EXPUNGE");
    wire_close(w);
}

static void test_bounces(void **state)
{
    (void)state;
    bounces("nobody@b.test", "unknown-there", "5.1.1", "nobody@b.test");
    bounces("who@c.test", "null-mx", "5.1.10", "who@c.test");
    bounces("who@nosuch.a.test", "no-domain", "5.1.2", "who@nosuch.a.test");
}

/* A server that does not wait long says first that it waits, then that it gave up. */
static void test_gives_up_in_the_end(void **state)
{
    (void)state;
    e = server_start(world, "e.test", "delay_notice = 1s\ngive_up = 4s\n");
    server_user(e, "alice@e.test", "pw");
    struct wire *w = submit_open(e, world_ca(world), "alice@e.test", "pw");
    assert_int_equal(
        smtp_message(w, "alice@e.test", "who@d.test", "Subject: in vain\r\n\r\nHello.\r\n"), 250);
    wire_close(w);
    struct wanted notice = { "alice@e.test", "delayed", 1 },
                  report = { "alice@e.test", "could not be delivered", 1 };
    assert_true(wait_until(is_there, &notice, 20));
    assert_int_equal(count("alice@e.test", "could not be delivered"), 0);
    assert_true(wait_until(is_there, &report, 20));
    assert_true(wait_until(queue_is_empty, e, 20));
    assert_int_equal(count("alice@e.test", "delayed"), 1);
    assert_int_equal(count("alice@e.test", "could not be delivered"), 1);
    char *text = message("alice@e.test", "could not be delivered");
    if (!strstr(text, "Action: failed") || !strstr(text, "in vain"))
        fail_now("the report: %s", text);
    free(text);
}

/* A report that cannot be delivered is not reported: neither to its sender, who has no address, nor
 * when the report itself comes back. */
static void test_no_bounce_to_a_bounce(void **state)
{
    static const char *const senders[] = { "", "who@c.test" };
    (void)state;
    SAYS(a, "", "alias", "add", "dead@a.test", "nobody@b.test");
    for (int i = 0; i < 2; i++) {
        struct wire *w = wire_open(server_address(a), PORT_SMTP);
        assert_int_equal(wire_smtp(w, NULL), 220);
        assert_int_equal(wire_smtp(w, "EHLO c.test"), 250);
        assert_int_equal(smtp_message(w, senders[i], "dead@a.test",
                                      "From: who@c.test\r\nSubject: dead\r\n\r\nHello.\r\n"),
                         250);
        wire_close(w);
        assert_true(wait_until(queue_is_empty, a, 20));
    }
    struct wire *w = imap_open(a, world_ca(world), "alice@a.test", "pw");
    assert_int_equal(imap_count(w, "INBOX"), 0);
    wire_close(w);
}

/* --- limits and changes */

static void test_full_mailbox(void **state)
{
    char big[20000];
    (void)state;
    server_user(b, "dan@b.test", "pw");
    SAYS(b, "", "user", "quota", "dan@b.test", "10K");
    memset(big, 'x', sizeof big - 1);
    for (size_t i = 70; i + 2 < sizeof big; i += 72)
        big[i] = '\r', big[i + 1] = '\n';
    big[sizeof big - 1] = '\0';
    memcpy(big + sizeof big - 3, "\r\n", 2);
    memcpy(big, "Subject: big\r\n\r\n", 16);
    struct wire *w = wire_open(server_address(b), PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO c.test"), 250);
    /* What is accepted is kept, even if it is the one that fills the box; or it is refused now. */
    smtp_message(w, "ann@c.test", "dan@b.test", big);
    for (int i = 0; i < 20 && smtp_message(w, "ann@c.test", "dan@b.test",
                                           "Subject: s\r\n\r\nsmall\r\n") == 250;
         i++)
        smtp_message(w, "ann@c.test", "dan@b.test", big);
    if (strncmp(wire_got(w), "452 4.2.2 ", 10) != 0)
        fail_now("wanted 452 4.2.2, got: %s", wire_got(w));
    wire_close(w);
    w = imap_open(b, world_ca(world), "dan@b.test", "pw");
    wire_say(w, "p APPEND INBOX {%zu}", strlen(big));
    if (text_matches(wire_expect(w, "^(\\+|p NO \\[OVERQUOTA\\]).*"), "^\\+.*")) {
        wire_send(w, big, strlen(big));
        wire_say(w, "%s", "");
        wire_expect(w, "^p NO \\[OVERQUOTA\\].*");
    }
    wire_close(w);
}

static bool can_log_in(const char *password)
{
    struct wire *w = wire_open(server_address(b), PORT_IMAPS);
    wire_tls(w, world_ca(world), "mail.b.test");
    wire_expect(w, "^\\* OK .*");
    bool in = strstr(wire_imap(w, NULL, "LOGIN erin@b.test %s", password), " OK ") != NULL;
    wire_close(w);
    return in;
}

static void test_password_changes_at_once(void **state)
{
    int status;
    (void)state;
    server_user(b, "erin@b.test", "old");
    assert_true(can_log_in("old"));
    CLI(b, "new\n", &status, "user", "passwd", "erin@b.test");
    assert_int_equal(status, 0);
    assert_false(can_log_in("old"));
    assert_true(can_log_in("new"));
    assert_int_equal(server_stop(b), 0);
    CLI(b, "newer\n", &status, "user", "passwd", "erin@b.test");
    assert_int_equal(status, 0);
    server_restart(b);
    assert_false(can_log_in("new"));
    assert_true(can_log_in("newer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers_are_refused),
        cmocka_unit_test(test_submission_wants_a_login),
        cmocka_unit_test(test_letter_to_several),
        cmocka_unit_test(test_trace_tells_the_way),
        cmocka_unit_test(test_binary_and_protected),
        cmocka_unit_test(test_receiver_down_then_up),
        cmocka_unit_test(test_killed_right_after_the_answer),
        cmocka_unit_test(test_queue_orders),
        cmocka_unit_test(test_bounces),
        cmocka_unit_test(test_gives_up_in_the_end),
        cmocka_unit_test(test_no_bounce_to_a_bounce),
        cmocka_unit_test(test_aliases_and_tags),
        cmocka_unit_test(test_full_mailbox),
        cmocka_unit_test(test_password_changes_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
