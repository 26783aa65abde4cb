/* ways_out.c - how mail finds its way to other people's servers: by names through a real resolver
 * and name server, by a smarthost that wants a log-in, and over LMTP into Dovecot. */
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
#include "support/other.h"
#include "support/wire.h"
#include "support/world_int.h"

enum { ARRIVE_S = 40, STORE_HOST = 10, SOURCE_HOST = 77 };

static struct world *world;
static struct server *a, *books;
static struct other peer, store;

/* --- the place: nothing is tried a second time unless somebody asks for it */

static void add_zones(void)
{
    char text[2000], address[16];
    world_address(world, OTHER_HOST, address);
    snprintf(text, sizeof text,
             "@ IN MX 10 mail\nmail IN A %s\nalias IN MX 10 target\ntarget IN CNAME mail\n"
             "literal IN MX 10 %s.\nlater IN MX 10 mail\n",
             address, address);
    world_zone(world, "peer.test", text);
    world_zone(world, "broken.test", "this is no record\n");
    snprintf(text, sizeof text, "@ IN MX 10 mail\nmail IN A %s\n",
             world_address(world, 3, address));
    world_zone(world, "xn--bcher-kva.test", text);
}

static void start_a(void)
{
    char extra[2000], password[300], store_at[16], source[16];
    snprintf(password, sizeof password, "%s/password", world_dir(world));
    file_write(password, "over and out\n");
    world_address(world, STORE_HOST, store_at);
    world_address(world, SOURCE_HOST, source);
    snprintf(extra, sizeof extra,
             "retry_first = 10m\nretry_max = 10m\n\n"
             "[route smart]\ndomains = far.test .far.test\nvia = mail.peer.test:%d\ntls = verify\n"
             "user = relay\npassword_file = %s\nsource = %s\n\n"
             "[route store]\ndomains = store.test\nvia = %s:%d\nprotocol = lmtp\ntls = never\n",
             PORT_SMTP, password, source, store_at, PORT_SMTP);
    a = server_start(world, "a.test", extra);
    server_user(a, "alice@a.test", "pw");
}

static void start_peer(void)
{
    other_make(&peer, world, "exim");
    other_tls(&peer);
    other_set(&peer, "below=alias literal later");
    other_set(&peer, "login=relay:over and out");
    other_start(&peer);
}

static void start_store(void)
{
    other_make(&store, world, "dovecot");
    world_address(world, STORE_HOST, store.address);
    other_set(&store, "listen=%s", store.address);
    other_set(&store, "lmtp=%d", PORT_SMTP);
    other_set(&store, "users=dora fay");
    other_start(&store);
}

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    add_zones();
    world_dns_start(world);
    start_a();
    books = server_start(world, "xn--bcher-kva.test", NULL);
    server_user(books, "bob@xn--bcher-kva.test", "pw");
    start_peer();
    start_store();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    other_stop(&peer);
    other_stop(&store);
    world_free(world);
    return 0;
}

/* --- sending and looking */

static struct wire *begin(const char *parameters)
{
    struct wire *w = submit_open(a, world_ca(world), "alice@a.test", "pw");
    assert_int_equal(wire_smtp(w, "MAIL FROM:<alice@a.test>%s", parameters), 250);
    return w;
}

/* The id of the letter to whom the session has named. */
static void finish(struct wire *w, const char *subject, char id[64])
{
    assert_int_equal(wire_smtp(w, "DATA"), 354);
    wire_say(w, "From: alice@a.test\r\nSubject: %s\r\n\r\nthe text\r\n.", subject);
    assert_int_equal(wire_smtp(w, NULL), 250);
    sscanf(wire_got(w), "250 2.0.0 ok, id %63s", id);
    wire_close(w);
}

static void send(const char *to, const char *subject, char id[64])
{
    struct wire *w = begin("");
    if (wire_smtp(w, "RCPT TO:<%s>", to) != 250) fail_now("%s: %s", to, wire_got(w));
    finish(w, subject, id);
}

static int found(struct server *s, const char *user, const char *words)
{
    struct wire *w = imap_open(s, world_ca(world), user, "pw");
    int n = 0;
    wire_imap(w, "OK", "EXAMINE INBOX");
    const char *at = strstr(wire_imap(w, "OK", "SEARCH TEXT \"%s\"", words), "* SEARCH");
    for (at = at ? at + 8 : ""; *at == ' '; at += 1 + strspn(at + 1, "0123456789"))
        n++;
    wire_close(w);
    return n;
}

static int has(struct other *o, const char *user, const char *subject)
{
    char code[300];
    snprintf(code, sizeof code, "grep -rl '^Subject: %s' \"$1\"/mail/%s/new 2>/dev/null | wc -l",
             subject, user);
    return (int)strtol(other_shell(o, code), NULL, 10);
}

struct wait {
    struct other *o;
    struct server *s;
    const char *user, *words;
};

static const char *shown(const char *id)
{
    int status;
    usleep(50000);
    return CLI(a, NULL, &status, "queue", "show", id);
}

static bool is_there(void *arg)
{
    const struct wait *w = arg;
    usleep(50000);
    return w->o ? has(w->o, w->user, w->words) > 0 : found(w->s, w->user, w->words) > 0;
}

static bool is_explained(void *arg)
{
    const struct wait *w = arg;
    return strstr(shown(w->user), w->words) != NULL;
}

static void arrived(struct other *o, const char *user, const char *subject, const char *id)
{
    struct wait w = { .o = o, .user = user, .words = subject };
    if (!wait_until(is_there, &w, ARRIVE_S))
        fail_now("%s: never came; %s%s", subject, shown(id), other_log(o));
    assert_int_equal(has(o, user, subject), 1);
}

static void waits_because(const char *id, const char *words)
{
    struct wait w = { .user = id, .words = words };
    if (!wait_until(is_explained, &w, ARRIVE_S))
        fail_now("wanted «%s», queue show says: %s", words, shown(id));
}

static void bounced(const char *recipient, const char *reason)
{
    struct wait w = { .s = a, .user = "alice@a.test", .words = recipient };
    if (!wait_until(is_there, &w, ARRIVE_S)) fail_now("no report of %s", recipient);
    assert_int_equal(found(a, "alice@a.test", recipient), 1);
    if (!found(a, "alice@a.test", reason)) fail_now("%s: no report says «%s»", recipient, reason);
}

static void order(const char *what, const char *id)
{
    int status;
    const char *said = CLI(a, NULL, &status, "queue", what, id);
    if (status) fail_now("queue %s: %s", what, said);
}

/* --- names */

static void test_names(void **state)
{
    char alias[64], literal[64], broken[64], ignored[64], to[64];
    int status;
    (void)state;
    send("dora@alias.peer.test", "by-alias", alias);
    send("dora@literal.peer.test", "to-literal", literal);
    send("ann@broken.test", "to-broken", broken);
    send("ann@c.test", "to-null", ignored);
    send("ann@missing.peer.test", "to-nowhere", ignored);
    snprintf(to, sizeof to, "nobody@[%s]", peer.address);
    /* Whoever logs in may not send to this machine by its number; an administrator may. */
    const char *said = CLI(a, NULL, &status, "alias", "add", "number@a.test", to);
    if (status) fail_now("alias: %s", said);
    send("number@a.test", "by-number", ignored);

    arrived(&peer, "dora", "by-alias", alias); /* RFC 5321 5.1: read as if it were the target's */
    waits_because(literal, "no address of 127.");
    waits_because(broken, "cannot be looked up now");
    bounced("ann@c.test", "5.1.10");
    bounced("ann@missing.peer.test", "5.1.2");
    bounced(to, "550"); /* asked at that address: nobody is known there */
    order("drop", literal);
    order("drop", broken);
}

static void test_international_domain(void **state)
{
    char id[64];
    (void)state;
    struct wire *w = begin(" SMTPUTF8");
    assert_int_equal(wire_smtp(w, "RCPT TO:<bob@bücher.test>"), 250);
    finish(w, "to-books", id);
    struct wait wait = { .s = books, .user = "bob@xn--bcher-kva.test", .words = "to-books" };
    if (!wait_until(is_there, &wait, ARRIVE_S)) fail_now("never came: %s", shown(id));
    assert_int_equal(found(books, wait.user, wait.words), 1);
}

/* No name server: later, never a bounce. When it is back, one word is enough. */
static void test_name_server_away(void **state)
{
    char id[64];
    (void)state;
    world_dns_stop(world);
    send("dora@later.peer.test", "patient", id);
    waits_because(id, "cannot be looked up now");
    world_dns_start(world);
    order("retry", id);
    arrived(&peer, "dora", "patient", id);
    assert_int_equal(found(a, "alice@a.test", "later.peer.test"), 0);
}

/* --- other ways than MX */

static void test_smarthost(void **state)
{
    char id[64], from[40], address[16];
    (void)state;
    send("dora@sub.far.test", "by-smarthost", id);
    arrived(&peer, "dora", "by-smarthost", id);
    const char *text = other_shell(&peer, "grep -rh -A3 '^Received: ' \"$1\"/mail/dora");
    snprintf(from, sizeof from, "[%s]", world_address(world, SOURCE_HOST, address));
    if (!strstr(text, from)) fail_now("not from %s: %s", from, text);
    if (!strstr(text, "esmtpsa")) fail_now("not logged in: %s", text);
}

static void test_lmtp(void **state)
{
    static const char *const rcpts[] = { "dora", "fay", "nobody" };
    char id[64];
    (void)state;
    other_shell(&store, "touch \"$1\"/mail/fay"); /* no folder can be made there */
    struct wire *w = begin("");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(wire_smtp(w, "RCPT TO:<%s@store.test>", rcpts[i]), 250);
    finish(w, "over-lmtp", id);
    arrived(&store, "dora", "over-lmtp", id);
    bounced("nobody@store.test", "550 5.1.1");
    waits_because(id, "last reply: 451 4.2.0");
    if (strstr(shown(id), "<dora@store.test>  ")) fail_now("dora waits: %s", shown(id));
    other_shell(&store, "rm \"$1\"/mail/fay");
    order("retry", id);
    arrived(&store, "fay", "over-lmtp", id);
    assert_int_equal(has(&store, "dora", "over-lmtp"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_international_domain),
        cmocka_unit_test(test_smarthost),
        cmocka_unit_test(test_lmtp),
        cmocka_unit_test(test_name_server_away),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
