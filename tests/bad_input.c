/* bad_input.c - what a person gets wrong and what a stranger sends: clear answers, nothing lost. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/wire.h"
#include "support/world_int.h"

enum { PORT_IMAP_CLEAR = 3143, PORT_POP3_CLEAR = 3110, LONG = 200000 };

static struct world *world;
static struct server *server;

static int set_up(void **state)
{
    char extra[512], address[16];
    (void)state;
    world = world_new();
    world_address(world, 2, address);
    snprintf(
        extra, sizeof extra,
        "[listener imap-clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
        "[listener pop3-clear]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = "
        "yes\n",
        address, PORT_IMAP_CLEAR, address, PORT_POP3_CLEAR);
    server = server_start(world, "b.test", extra);
    server_user(server, "bob@b.test", "sesame");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

/* --- lines and bytes that no client sends */

static struct wire *open_smtp(void)
{
    struct wire *w = wire_open(server_address(server), PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO c.test"), 250);
    return w;
}

static struct wire *open_imap(void)
{
    struct wire *w = wire_open(server_address(server), PORT_IMAP_CLEAR);
    wire_expect(w, "^\\* OK .*");
    wire_imap(w, "OK", "LOGIN bob@b.test sesame");
    wire_imap(w, "OK", "SELECT INBOX");
    return w;
}

static struct wire *open_pop3(void)
{
    struct wire *w = wire_open(server_address(server), PORT_POP3_CLEAR);
    wire_expect(w, "^\\+OK.*");
    assert_true(wire_pop3(w, "USER bob@b.test"));
    assert_true(wire_pop3(w, "PASS sesame"));
    return w;
}

static void send_long(struct wire *w)
{
    static char line[LONG];
    memset(line, 'a', sizeof line);
    wire_send(w, "NOOP ", 5);
    wire_send(w, line, sizeof line);
    wire_send(w, "\r\n", 2);
}

static void test_oversized_line(void **state)
{
    (void)state;
    struct wire *w = open_smtp();
    send_long(w);
    assert_int_equal(wire_smtp(w, NULL), 500);
    wire_close(w);

    w = open_imap();
    send_long(w);
    wire_expect(w, "^(\\* BAD|\\* BYE|NOOP BAD) .*");
    wire_close(w);

    w = open_pop3();
    send_long(w);
    wire_expect(w, "^-ERR .*");
    wire_close(w);
}

static void test_literal_of_4_gib(void **state)
{
    (void)state;
    struct wire *w = open_imap();
    wire_imap(w, "NO", "APPEND INBOX {4294967295}");
    wire_imap(w, NULL, "APPEND INBOX {4294967296}");
    wire_imap(w, NULL, "APPEND INBOX {99999999999999999999999}");
    wire_imap(w, "BAD", "SEARCH SUBJECT {4294967295}");
    wire_imap(w, "OK", "NOOP");
    wire_close(w);

    /* What is sent without waiting for leave cannot be told from commands: the end, with a reason.
     */
    w = open_imap();
    wire_say(w, "a APPEND INBOX {4294967295+}");
    wire_expect(w, "^(\\* BYE|a NO|a BAD) .*");
    wire_close(w);
}

static void test_nul(void **state)
{
    (void)state;
    struct wire *w = open_smtp();
    wire_send(w, "NOOP a\0b\r\n", 10);
    int code = wire_smtp(w, NULL);
    assert_true(code >= 500);
    assert_int_equal(wire_smtp(w, "NOOP"), 250);
    wire_close(w);

    w = open_imap();
    wire_send(w, "a NO\0OP\r\n", 9);
    wire_expect(w, "^(a|\\*) BAD .*");
    wire_imap(w, "OK", "NOOP");
    wire_say(w, "b APPEND INBOX {5}");
    wire_expect(w, "^\\+ .*");
    wire_send(w, "a\0b\r\n\r\n", 7);
    wire_expect(w, "^b (NO|BAD) .*");
    wire_imap(w, "OK", "NOOP");
    wire_close(w);

    w = open_pop3();
    wire_send(w, "NO\0OP\r\n", 7);
    wire_expect(w, "^-ERR .*");
    assert_true(wire_pop3(w, "NOOP"));
    wire_close(w);
}

/* The second message hides in the first, behind ends that are none. */
static void test_bare_line_ends(void **state)
{
    static const char *const ends[] = {
        "\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\r.\r\n"
    };
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct wire *w = open_smtp();
        assert_int_equal(wire_smtp(w, "MAIL FROM:<ann@c.test>"), 250);
        assert_int_equal(wire_smtp(w, "RCPT TO:<bob@b.test>"), 250);
        assert_int_equal(wire_smtp(w, "DATA"), 354);
        wire_send(w, "Subject: one\r\n\r\ntext", 20);
        wire_send(w, ends[i], strlen(ends[i]));
        wire_say(w, "MAIL FROM:<smuggler@c.test>\r\nRCPT TO:<bob@b.test>\r\nDATA\r\nSubject: "
                    "two\r\n\r\ntwo\r\n.");
        int code = wire_smtp(w, NULL);
        assert_true(code >= 500);
        assert_int_equal(wire_smtp(w, "NOOP"), 250);
        wire_close(w);
    }
    struct wire *w = open_imap();
    assert_int_equal(imap_count(w, "INBOX"), 0);
    wire_close(w);
}

/* --- configuration: file, line, and what would be right */

static int serve(const char *config, const char *how, char *said, size_t size)
{
    return RUN(said, size, 20, NULL, program_posthorn(), "--config", config, "serve", how);
}

static void wrong(const char *name, const char *text, const char *expected)
{
    char path[600], said[8192], want[1024];
    snprintf(path, sizeof path, "%s/%s.conf", world_dir(world), name);
    file_write(path, text);
    snprintf(want, sizeof want, "%s%s", strncmp(expected, ":", 1) == 0 ? path : "", expected);
    for (int i = 0; i < 2; i++) {
        int status = serve(path, i ? "--check-config" : NULL, said, sizeof said);
        if (status != 1 || !strstr(said, want))
            fail_now("%s: exit status %d, wanted 1 and «%s»; said: %s", name, status, want, said);
    }
}

static void test_wrong_settings(void **state)
{
    static const struct {
        const char *name, *text, *expected;
    } cases[] = {
        { "port-too-high", "[server]\n[listener a]\naddress = 127.0.0.1:99999\nprotocol = mx\n",
          ":3: listener a.address wants an address with its port, like 127.0.0.1:25 or [::1]:25, "
          "not "
          "\"127.0.0.1:99999\"" },
        { "no-port", "[listener a]\naddress = 127.0.0.1\nprotocol = mx\n",
          ":2: listener a.address wants" },
        { "relay-port", "[relay]\nport = 70000\n",
          ":2: relay.port must be at most 65535, not \"70000\"" },
        { "unknown", "\n\n[relay]\nports = 25\n",
          ":4: there is no setting relay.ports; did you mean port?" },
        { "section", "[relai]\n", ":1: there is no section [relai]; did you mean [relay]?" },
        { "rubbish", "[server]\nrubbish\n", ":2: a setting is written name = value" },
        { "duration", "[relay]\nretry_first = 5 parsecs\n",
          ":2: relay.retry_first wants a duration, like 15m" },
        { "protocol", "[listener a]\naddress = 127.0.0.1:1\nprotocol = smtp\n",
          ":3: listener a.protocol wants one of mx, submission, imap, pop3 or lmtp, not \"smtp\"" },
        { "missing", "[listener a]\nprotocol = mx\n", ":1: listener a.address must be given" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        wrong(cases[i].name, cases[i].text, cases[i].expected);
}

/* Values that read well and that no server could work with. */
static void test_unusable_settings(void **state)
{
    static const struct {
        const char *name, *text, *expected;
    } cases[] = {
        { "no-data-dir", "[server]\ndata_dir =\n", "server.data_dir: '' is no full path" },
        { "hostname", "[deliver]\nhostname = mail_a..test\n",
          "deliver.hostname: 'mail_a..test' is no domain name" },
        { "no-hostname", "[deliver]\nhostname =\n", "deliver.hostname: '' is no domain name" },
        { "tag-long", "[deliver]\ntag_separator = ++\n", "deliver.tag_separator: '++' is not one" },
        { "tag-at", "[deliver]\ntag_separator = @\n", "deliver.tag_separator: '@' is not one" },
        { "tag-dot", "[deliver]\ntag_separator = .\n", "deliver.tag_separator: '.' is not one" },
        { "no-key", "[tls]\ncertificate = a.pem\n", "tls: certificate and key come together" },
        { "no-certificate", "[tls]\nkey = a.key\n", "certificate is not given" },
        { "same-port",
          "[listener a]\naddress = 127.0.0.1:2\nprotocol = mx\n"
          "[listener b]\naddress = 127.0.0.1:2\nprotocol = imap\n",
          "listener b: its address is that of listener a" },
        { "forward", "[dns]\nforward = 127.0.0.1, nonsense\n",
          "forward: 'nonsense' is no address" },
        { "route", "[route b]\ndomains = b.test\nvia = 127.0.0.1:99999\n",
          "[route b] via: '127.0.0.1:99999' is no host" },
        { "route-password",
          "[route b]\ndomains = *\nvia = a.test\ntls = verify\nuser = me\npassword_file = none\n",
          "[route b] cannot read the password from" },
    };
    char path[300], text[400];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        wrong(cases[i].name, cases[i].text, cases[i].expected);
    memset(path, 'x', sizeof path);
    snprintf(text, sizeof text, "[server]\ncontrol = /tmp/%.200s\n", path);
    wrong("long-control", text, "server.control: the path is too long for a socket");
    snprintf(text, sizeof text, "[server]\ndata_dir = /tmp/%.200s\n", path);
    wrong("long-data-dir", text, "server.control: the path is too long for a socket");
}

/* The server does not start, and one line says why. */
static void refused(const char *name, const char *text, const char *expected)
{
    char path[600], said[8192];
    snprintf(path, sizeof path, "%s/%s.conf", world_dir(world), name);
    file_write(path, text);
    int status = serve(path, NULL, said, sizeof said);
    if (status != 1 || !strstr(said, expected))
        fail_now("%s: exit status %d, wanted 1 and «%s»; said: %s", name, status, expected, said);
}

static void test_cannot_start(void **state)
{
    char text[2048];
    const char *dir = world_dir(world), *address = server_address(server);
    (void)state;
    snprintf(text, sizeof text, "[server]\ndata_dir = %s/nowhere/data\n", dir);
    refused("no-folder", text, "nowhere/data: No such file or directory");
    snprintf(text, sizeof text,
             "[server]\ndata_dir = %s/d1\n[tls]\ncertificate = %s/none.pem\nkey = %s/none.key\n",
             dir, dir, dir);
    refused("no-certificate", text, "none.pem");
    wrong("no-certificate", text, "none.pem");
    snprintf(
        text, sizeof text,
        "[server]\ndata_dir = %s/d1\n[tls]\ncertificate = %s/mail.b.test.pem\nkey = %s/ca.key\n",
        dir, dir, dir);
    refused("wrong-key", text, "ca.key");
    snprintf(text, sizeof text,
             "[server]\ndata_dir = %s/d2\n[listener a]\naddress = %s:%d\nprotocol = mx\n", dir,
             address, PORT_SMTP);
    refused("port-taken", text, "another program has the port");
    snprintf(text, sizeof text,
             "[server]\ndata_dir = %s\n[listener a]\naddress = %s:4000\nprotocol = mx\n",
             server_data_dir(server), address);
    refused("folder-taken", text, "another");
    snprintf(text, sizeof text,
             "[server]\ndata_dir = %s/d3\n[listener a]\naddress = %s:4000\nprotocol = mx\ntls = "
             "implicit\n",
             dir, address);
    refused("implicit", text, "needs certificate and key");
    wrong("implicit", text, "needs certificate and key");
    wire_close(open_smtp()); /* and the one that runs was not disturbed */
}

static void words(int status, const char *expected, const char *group, const char *verb,
                  const char *arg)
{
    char path[600], text[700], said[8192];
    snprintf(path, sizeof path, "%s/words.conf", world_dir(world));
    snprintf(text, sizeof text, "[server]\ndata_dir = %s/words\n", world_dir(world));
    file_write(path, text);
    int got =
        RUN(said, sizeof said, 20, NULL, program_posthorn(), "--config", path, group, verb, arg);
    if (got != status || !strstr(said, expected))
        fail_now("%s: exit status %d, wanted %d and «%s»; said: %s", group, got, status, expected,
                 said);
}

/* Wrong words are told apart before a password is asked for, and a server that is not there is not.
 */
static void test_wrong_words(void **state)
{
    char path[600];
    (void)state;
    words(2, "no such command: frob; posthorn help", "frob", NULL, NULL);
    words(2, "posthorn queue retry ID", "queue", NULL, NULL);
    words(2, "posthorn queue retry ID", "queue", "frob", NULL);
    words(2, "posthorn user add ADDRESS [QUOTA]", "user", "add", NULL);
    words(2, "posthorn user add ADDRESS [QUOTA]", "user", "add", "--help");
    words(1, "no server runs", "ping", NULL, NULL);
    words(1, "words does not exist; posthorn serve makes it", "domain", "add", "w.test");
    snprintf(path, sizeof path, "%s/words", world_dir(world));
    assert_int_equal(access(path, F_OK), -1);
    words(0, "usage: posthorn", "serve", "--help", NULL);
    words(2, "--config wants a file", "user", "list", "--config");
}

/* The demo names the word that it does not know, and tells its usage when it is asked. */
static void test_wrong_words_for_the_demo(void **state)
{
    char said[8192];
    (void)state;
    assert_int_equal(RUN(said, sizeof said, 20, NULL, DEMO_PROGRAM, "--nope"), 2);
    assert_non_null(strstr(said, "--nope: no such option"));
    assert_int_equal(RUN(said, sizeof said, 20, NULL, DEMO_PROGRAM, "--break", "WRONG"), 2);
    assert_non_null(strstr(said, "--break WRONG: nothing of that name"));
    assert_int_equal(RUN(said, sizeof said, 20, NULL, DEMO_PROGRAM, "--break"), 2);
    assert_non_null(strstr(said, "--break wants a name"));
    assert_int_equal(RUN(said, sizeof said, 20, NULL, DEMO_PROGRAM, "--help"), 0);
    assert_non_null(strstr(said, "usage: ./do demo"));
}

/* The manual page tells every option that the help tells. */
static void test_the_manual_names_all_options(void **state)
{
    static const char *const commands[] = { "send", "fetch" };
    char said[8192], name[64], want[80];
    (void)state;
    char *manual = file_read(SOURCE_DIR "/docs/posthorn.1", NULL);
    assert_non_null(manual);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        int seen = 0;
        assert_int_equal(
            RUN(said, sizeof said, 20, NULL, program_posthorn(), commands[i], "--help"), 0);
        const char *from = strstr(manual, i ? ".It Ic fetch" : ".It Ic send");
        for (const char *at = said; from && (at = strstr(at, "\n  --")); at += 5, seen++) {
            assert_int_equal(sscanf(at, "\n  --%60[a-z0-9]", name), 1);
            snprintf(want, sizeof want, "\n.It Fl -%s", name);
            if (!strstr(from, want)) fail_now("posthorn(1): %s has no --%s", commands[i], name);
        }
        assert_true(seen > 5);
    }
    free(manual);
}

/* A data folder that a later program wrote: refused, and left as it was. */
static void test_newer_format(void **state)
{
    char text[2048], path[1024], said[8192];
    (void)state;
    snprintf(text, sizeof text, "[server]\ndata_dir = %s/newer\n", world_dir(world));
    snprintf(path, sizeof path, "%s/newer", world_dir(world));
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/newer.conf", world_dir(world));
    file_write(path, text);
    assert_int_equal(RUN(said, sizeof said, 20, NULL, program_posthorn(), "--config", path,
                         "domain", "add", "n.test"),
                     0);
    snprintf(path, sizeof path, "%s/newer/journal/0000000001.seg", world_dir(world));
    FILE *f = fopen(path, "r+");
    if (!f) fail_now("no %s", path);
    fseek(f, 8, SEEK_SET);
    fputc(2, f);
    fclose(f);
    refused("newer", text, "newer");
}

/* --- signals */

static void deliver(struct wire *w, const char *subject)
{
    assert_int_equal(wire_smtp(w, "MAIL FROM:<ann@c.test>"), 250);
    assert_int_equal(wire_smtp(w, "RCPT TO:<bob@b.test>"), 250);
    assert_int_equal(wire_smtp(w, "DATA"), 354);
    assert_int_equal(wire_smtp(w, "Subject: %s\r\n\r\nHello.\r\n.", subject), 250);
}

static bool has_reloaded(void *arg)
{
    (void)arg;
    return file_has(server_log(server), "server.reloaded");
}

static void test_hangup_reloads_the_certificate(void **state)
{
    char cert[512], key[512];
    (void)state;
    struct wire *old = imap_open(server, world_ca(world), "bob@b.test", "sesame");
    char *before = wire_serial(old);
    world_certificate(world, "mail.b.test", server_address(server), cert, key);
    kill(server_pid(server), SIGHUP);
    assert_true(wait_until(has_reloaded, NULL, 10));
    struct wire *new = imap_open(server, world_ca(world), "bob@b.test", "sesame");
    char *after = wire_serial(new);
    assert_string_not_equal(before, after);
    wire_imap(old, "OK", "NOOP");
    wire_close(old);
    wire_close(new);
    free(before);
    free(after);
}

/* A certificate that cannot be used is not taken; the old one goes on. */
static void test_hangup_with_a_broken_certificate(void **state)
{
    char cert[600];
    (void)state;
    snprintf(cert, sizeof cert, "%s/mail.b.test.pem", world_dir(world));
    char *good = file_read(cert, NULL);
    file_write(cert, "nonsense\n");
    kill(server_pid(server), SIGHUP);
    struct timespec wait = { .tv_nsec = 1000000 };
    for (int i = 0; i < 10000 && !file_has(server_log(server), "config.error"); i++)
        nanosleep(&wait, NULL);
    assert_true(file_has(server_log(server), "config.error"));
    wire_close(imap_open(server, world_ca(world), "bob@b.test", "sesame"));
    file_write(cert, good);
    free(good);
}

static void test_terminate_drains(void **state)
{
    (void)state;
    struct wire *smtp = open_smtp(), *pop3 = open_pop3(), *imap = open_imap(), *idle = open_imap();
    deliver(smtp, "one");
    wire_say(idle, "a IDLE");
    wire_expect(idle, "^\\+ .*");
    double began = now_s();
    kill(server_pid(server), SIGTERM);
    wire_expect(imap, "^\\* BYE .*");
    assert_int_equal(wire_smtp(smtp, NULL), 421);
    wire_expect(pop3, "^-ERR .*");
    while (!text_matches(wire_expect(idle, "^\\* .*"), "^\\* BYE .*")) {} /* after the news */
    assert_int_equal(server_stop(server), 0);
    assert_true(now_s() - began < 15);
    wire_close(smtp);
    wire_close(pop3);
    wire_close(imap);
    wire_close(idle);
    server_restart(server);
    imap = open_imap();
    assert_int_equal(imap_count(imap, "INBOX"), 1);
    wire_close(imap);
}

/* Someone in the middle of a message neither keeps the server from ending nor leaves half of it. */
static void test_terminate_with_someone_in_the_middle(void **state)
{
    (void)state;
    struct wire *w = open_smtp();
    deliver(w, "two");
    assert_int_equal(wire_smtp(w, "MAIL FROM:<ann@c.test>"), 250);
    assert_int_equal(wire_smtp(w, "RCPT TO:<bob@b.test>"), 250);
    assert_int_equal(wire_smtp(w, "DATA"), 354);
    wire_say(w, "Subject: never ends");
    double began = now_s();
    assert_int_equal(server_stop(server), 0);
    assert_true(now_s() - began < 15);
    assert_true(wire_ended(w, 5));
    wire_close(w);
    server_restart(server);
    w = open_imap();
    assert_int_equal(imap_count(w, "INBOX"), 2);
    wire_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oversized_line),
        cmocka_unit_test(test_literal_of_4_gib),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_bare_line_ends),
        cmocka_unit_test(test_wrong_settings),
        cmocka_unit_test(test_unusable_settings),
        cmocka_unit_test(test_cannot_start),
        cmocka_unit_test(test_wrong_words),
        cmocka_unit_test(test_wrong_words_for_the_demo),
        cmocka_unit_test(test_the_manual_names_all_options),
        cmocka_unit_test(test_newer_format),
        cmocka_unit_test(test_hangup_reloads_the_certificate),
        cmocka_unit_test(test_hangup_with_a_broken_certificate),
        cmocka_unit_test(test_terminate_drains),
        cmocka_unit_test(test_terminate_with_someone_in_the_middle),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
