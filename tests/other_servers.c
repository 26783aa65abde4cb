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
#include "support/other.h"
#include "support/wire.h"
#include "support/world_int.h"

enum { ARRIVE_S = 30 };

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

static void other_begin(struct other *o, const char *name)
{
    other_make(o, world, name);
    other_tls(o);
    other_set(o, "relay=%s:%d", server_address(a), PORT_SMTP);
    other_start(o);
}

/* --- there */

static bool dora_has_mail(void *arg)
{
    struct other *o = arg;
    return strstr(other_shell(o, "find \"$1\"/mail -path '*/new/*'"), "/new/") != NULL;
}

static void alice_writes(struct other *o)
{
    char letter[512], id[64];
    snprintf(letter, sizeof letter,
             "From: alice@a.test\r\nTo: dora@peer.test\r\nSubject: to %s\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s",
             o->name, body);
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    assert_int_equal(smtp_message(w, "alice@a.test", "dora@peer.test", letter), 250);
    sscanf(wire_got(w), "250 2.0.0 ok, id %63s", id);
    assert_int_equal(smtp_message(w, "alice@a.test", "nobody@peer.test", letter), 250);
    wire_close(w);
    if (!wait_until(dora_has_mail, o, ARRIVE_S))
        fail_now("nothing came to %s: %s", o->name, other_log(o));
    const char *text = other_shell(o, "cat \"$1\"/mail/dora/new/*");
    /* Maildir keeps lines with LF alone. */
    if (!strstr(text, "\n..two dots\nÄccénts, as they are\n\nlast line\n"))
        fail_now("%s has: %s", o->name, text);
    /* The first hop, from Alice to her server, is always encrypted: the next one counts. */
    int status;
    const char *trace = CLI(a, NULL, &status, "trace", id);
    /* Debian 12's OpenSMTPD offers TLS and cannot do it: in clear is better than not at all. */
    bool clear = strcmp(o->name, "opensmtpd") == 0;
    if (!strstr(trace, clear ? "2525 in clear" : "2525 TLSv1."))
        fail_now("to %s: %s", o->name, trace);
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
        fail_now("nothing came from %s: %s", o->name, other_log(o));
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
    if (!wait_until(has_come, &m, ARRIVE_S)) fail_now("no report of %s: %s", o->name, other_log(o));
    struct wire *w = imap_open(a, world_ca(world), "alice@a.test", "pw");
    wire_imap(w, "OK", "SELECT INBOX");
    wire_imap(w, "OK", "STORE 1:* +FLAGS.SILENT (\\Deleted)");
    wire_imap(w, "OK", "EXPUNGE");
    wire_close(w);
}

static void both_ways(const char *name)
{
    struct other o;
    other_begin(&o, name);
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
