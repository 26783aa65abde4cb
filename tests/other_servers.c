/* other_servers.c - mail to and from the servers that most others run: Postfix, Exim, OpenSMTPD. */
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

#include "support/fail.h"
#include "support/wire.h"
#include "support/world_int.h"

enum { START_S = 30, ARRIVE_S = 30, PEER_HOST = 9 }; /* where the zone says peer.test is */

static const char script[] = SOURCE_DIR "/tools/peers.sh";
static const char body[] = "..two dots\r\nÄccénts, as they are\r\n\r\nlast line\r\n";

static struct world *world;
static struct server *a;

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    world_dns_start(world);
    a = server_start(world, "a.test", NULL);
    server_user(a, "alice@a.test", "pw");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

/* --- the other server */

struct other {
    const char *name;
    char dir[400], address[16];
    struct peer *peer;
};

/* Run as one who may read what the other server keeps. */
static const char *as_owner(const char *command, const char *argument)
{
    static char output[65536];
    RUN(output, sizeof output, 60, NULL, script, "owner", "sh", "-c", command, "sh", argument);
    return output;
}

static bool greets(void *arg)
{
    struct other *o = arg;
    struct wire *w = wire_try(o->address, PORT_SMTP);
    if (!w) return false;
    const char *line = wire_line(w, 5, NULL);
    bool up = line && strncmp(line, "220", 3) == 0;
    wire_close(w);
    return up;
}

static const char *log_of(struct other *o)
{
    static char text[66000];
    snprintf(text, sizeof text, "%s", as_owner("cat \"$1\"/log/mainlog 2>&1 | tail -n 30", o->dir));
    char *printed = file_read(peer_log(o->peer), NULL);
    snprintf(text + strlen(text), sizeof text - strlen(text), "\n%s", printed ? printed : "");
    free(printed);
    return text;
}

static void other_start(struct other *o)
{
    char output[8192], listen[32], port[16], relay[64], cert[512], key[512], cert_is[600],
        key_is[600];
    if (RUN(output, sizeof output, 300, NULL, script, "unpack", o->name))
        fail_now("unpacking %s: %s", o->name, output);
    world_address(world, PEER_HOST, o->address);
    world_certificate(world, "mail.peer.test", o->address, cert, key);
    snprintf(o->dir, sizeof o->dir, "%s/%s", world_dir(world), o->name);
    mkdir(o->dir, 0755);
    snprintf(listen, sizeof listen, "listen=%s", o->address);
    snprintf(port, sizeof port, "port=%d", PORT_SMTP);
    snprintf(relay, sizeof relay, "relay=%s:%d", server_address(a), PORT_SMTP);
    snprintf(cert_is, sizeof cert_is, "cert=%s", cert);
    snprintf(key_is, sizeof key_is, "key=%s", key);
    o->peer = peer_start(world, o->name,
                         (const char *const[]){ script, "run", o->name, o->dir, listen, port,
                                                "domain=peer.test", "users=dora", relay, cert_is,
                                                key_is, NULL });
    if (!wait_until(greets, o, START_S)) fail_now("%s does not answer: %s", o->name, log_of(o));
}

static void other_stop(struct other *o)
{
    peer_stop(o->peer, SIGTERM);
    as_owner("rm -rf \"$1\"", o->dir);
}

/* --- there */

static bool dora_has_mail(void *arg)
{
    struct other *o = arg;
    return strstr(as_owner("find \"$1\"/mail -path '*/new/*'", o->dir), "/new/") != NULL;
}

static void alice_writes(struct other *o)
{
    char letter[512];
    snprintf(letter, sizeof letter,
             "From: alice@a.test\r\nTo: dora@peer.test\r\nSubject: to %s\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s",
             o->name, body);
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    assert_int_equal(smtp_message(w, "alice@a.test", "dora@peer.test", letter), 250);
    assert_int_equal(smtp_message(w, "alice@a.test", "nobody@peer.test", letter), 250);
    wire_close(w);
    if (!wait_until(dora_has_mail, o, ARRIVE_S))
        fail_now("nothing came to %s: %s", o->name, log_of(o));
    const char *text = as_owner("cat \"$1\"/mail/dora/new/*", o->dir);
    /* Maildir keeps lines with LF alone. */
    if (!strstr(text, "\n..two dots\nÄccénts, as they are\n\nlast line\n"))
        fail_now("%s has: %s", o->name, text);
    if (!strcasestr(text, "TLS")) fail_now("not encrypted on the way to %s: %s", o->name, text);
}

/* --- and back */

struct wanted {
    const char *words;
    int n;
};

static int count(const char *words)
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

static bool has_come(void *arg)
{
    const struct wanted *m = arg;
    return count(m->words) >= m->n;
}

static void dora_answers(struct other *o)
{
    char letter[512], subject[64];
    snprintf(subject, sizeof subject, "from %s", o->name);
    snprintf(letter, sizeof letter,
             "From: dora@peer.test\r\nTo: alice@a.test\r\nSubject: %s\r\n"
             "Date: Sat, 01 Jan 2022 10:00:00 +0000\r\nMessage-ID: <%s@peer.test>\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s",
             subject, o->name, body);
    struct wire *w = wire_open(o->address, PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO c.test"), 250);
    int code = smtp_message(w, "dora@peer.test", "alice@a.test", letter);
    if (code != 250) fail_now("%s: %s", o->name, wire_got(w));
    wire_close(w);
    struct wanted m = { subject, 1 };
    if (!wait_until(has_come, &m, ARRIVE_S))
        fail_now("nothing came from %s: %s", o->name, log_of(o));
    assert_int_equal(count(subject), 1);
    w = imap_open(a, world_ca(world), "alice@a.test", "pw");
    wire_imap(w, "OK", "EXAMINE INBOX");
    const char *found = strstr(wire_imap(w, "OK", "SEARCH SUBJECT \"%s\"", subject), "* SEARCH ");
    assert_non_null(found);
    wire_say(w, "f FETCH %ld BODY.PEEK[]", strtol(found + 9, NULL, 10));
    const char *line = wire_expect(w, "^\\* [0-9]+ FETCH .*\\{[0-9]+\\}$");
    const char *text = wire_bytes(w, strtoul(strrchr(line, '{') + 1, NULL, 10), 20);
    assert_non_null(text);
    if (!strstr(text, body)) fail_now("from %s came: %s", o->name, text);
    if (!strstr(text, "with ESMTPS")) fail_now("%s did not encrypt: %s", o->name, text);
    wire_close(w);
}

/* Nobody is at home there: refused in the conversation, so Alice hears from her own server. */
static void report_came(struct other *o)
{
    struct wanted m = { "nobody@peer.test", 1 };
    if (!wait_until(has_come, &m, ARRIVE_S)) fail_now("no report of %s: %s", o->name, log_of(o));
    struct wire *w = imap_open(a, world_ca(world), "alice@a.test", "pw");
    wire_imap(w, "OK", "SELECT INBOX");
    wire_imap(w, "OK", "STORE 1:* +FLAGS.SILENT (\\Deleted)");
    wire_imap(w, "OK", "EXPUNGE");
    wire_close(w);
}

static void both_ways(const char *name)
{
    struct other o = { .name = name };
    other_start(&o);
    alice_writes(&o);
    dora_answers(&o);
    report_came(&o);
    other_stop(&o);
}

static void test_postfix(void **state)
{
    (void)state;
    both_ways("postfix");
}

static void test_exim(void **state)
{
    (void)state;
    both_ways("exim");
}

static void test_opensmtpd(void **state)
{
    (void)state;
    both_ways("opensmtpd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_postfix),
        cmocka_unit_test(test_exim),
        cmocka_unit_test(test_opensmtpd),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
