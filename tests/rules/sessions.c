/* sessions.c - open sessions of a user who was removed or suspended, or has another password, end;
 * those of others, and of a user whose quota was changed, go on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/fail.h"
#include "support/wire.h"

static struct world *world;
static struct server *server;

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    server = server_start(world, "a.test", NULL);
    server_user(server, "bob@a.test", "secret");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(server_stop(server), 0);
    world_free(world);
    return 0;
}

#define ADMIN(input, ...)                                            \
    do {                                                             \
        int status;                                                  \
        const char *said = CLI(server, input, &status, __VA_ARGS__); \
        if (status) fail_now("%s", said);                            \
    } while (0)

/* Somebody's open sessions: between commands, idling, in the middle of a message. */
struct open {
    struct wire *quiet, *idle, *pop3, *submit, *data;
};

static struct open open_all(const char *user)
{
    struct open o = { imap_open(server, world_ca(world), user, "secret"),
                      imap_open(server, world_ca(world), user, "secret"),
                      pop3_open(server, world_ca(world), user, "secret"),
                      submit_open(server, world_ca(world), user, "secret"),
                      submit_open(server, world_ca(world), user, "secret") };
    wire_imap(o.quiet, "OK", "SELECT INBOX");
    wire_imap(o.idle, "OK", "SELECT INBOX");
    wire_say(o.idle, "i IDLE");
    wire_expect(o.idle, "\\+ .*");
    assert_int_equal(wire_smtp(o.data, "MAIL FROM:<%s>", user), 250);
    assert_int_equal(wire_smtp(o.data, "RCPT TO:<bob@a.test>"), 250);
    assert_int_equal(wire_smtp(o.data, "DATA"), 354);
    wire_say(o.data, "Subject: half");
    return o;
}

static void close_all(struct open *o)
{
    wire_close(o->quiet);
    wire_close(o->idle);
    wire_close(o->pop3);
    wire_close(o->submit);
    wire_close(o->data);
}

static void ends_with(struct wire *w, const char *pattern)
{
    wire_expect(w, pattern);
    if (!wire_ended(w, 5)) fail_now("open after its last word, %s", pattern);
}

static void have_ended(struct open *o)
{
    ends_with(o->quiet, "\\* BYE your account has changed.*");
    ends_with(o->idle, "\\* BYE .*"); /* or it hears first that the mailbox is gone */
    ends_with(o->pop3, "-ERR \\[AUTH\\] your account has changed.*");
    ends_with(o->submit, "421 4\\.7\\.0 mail.a.test your account has changed.*");
    wire_say(o->data, "\r\nbody\r\n.");
    ends_with(o->data, "421 4\\.7\\.0 mail.a.test your account has changed.*");
    close_all(o);
}

static void go_on(struct open *o)
{
    wire_imap(o->quiet, "OK", "NOOP");
    wire_say(o->idle, "DONE");
    wire_expect(o->idle, "i OK .*");
    assert_true(wire_pop3(o->pop3, "STAT"));
    assert_int_equal(wire_smtp(o->submit, "NOOP"), 250);
    wire_say(o->data, "\r\nbody\r\n.");
    assert_int_equal(wire_smtp(o->data, NULL), 250);
    close_all(o);
}

static void when_removed(void **state)
{
    (void)state;
    server_user(server, "alice@a.test", "secret");
    struct open o = open_all("alice@a.test"), bob = open_all("bob@a.test");
    ADMIN(NULL, "user", "remove", "alice@a.test");
    have_ended(&o);
    go_on(&bob);
}

static void when_suspended(void **state)
{
    (void)state;
    server_user(server, "carol@a.test", "secret");
    struct open o = open_all("carol@a.test");
    ADMIN(NULL, "user", "suspend", "carol@a.test", "yes");
    have_ended(&o);
    struct wire *w = wire_open(server_address(server), PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO e.test"), 250);
    assert_int_equal(smtp_message(w, "x@b.test", "carol@a.test", "Subject: one\r\n\r\nx\r\n") / 100,
                     5);
    wire_close(w);
    ADMIN(NULL, "user", "suspend", "carol@a.test", "no");
    o = open_all("carol@a.test");
    go_on(&o);
}

static void when_the_password_changes(void **state)
{
    (void)state;
    server_user(server, "dave@a.test", "secret");
    struct open o = open_all("dave@a.test");
    ADMIN("another\n", "user", "passwd", "dave@a.test");
    have_ended(&o);
    wire_close(imap_open(server, world_ca(world), "dave@a.test", "another"));
}

static void not_for_anything_else(void **state)
{
    (void)state;
    struct open o = open_all("bob@a.test");
    ADMIN(NULL, "user", "quota", "bob@a.test", "512M");
    ADMIN(NULL, "user", "admin", "bob@a.test", "yes");
    go_on(&o);
}

/* All that the other side still sends, as it comes over the wire. */
static size_t rest_of(struct wire *w)
{
    static char piece[1 << 16];
    size_t all = 0;
    for (ssize_t n; (n = recv(wire_fd(w), piece, sizeof piece, 0)) > 0;)
        all += (size_t)n;
    return all;
}

static int ended_so_far(void)
{
    int n = 0;
    char *log = file_read(server_log(server), NULL);
    for (const char *at = log; (at = strstr(at, " auth.ended ")); at++)
        n++;
    free(log);
    return n;
}

static bool are_told(void *wanted)
{
    return ended_so_far() >= *(int *)wanted;
}

/* Large messages that are asked for and not taken: whoever waits for that waits no longer. */
static void in_the_middle_of_a_message(void **state)
{
    enum { LARGE_BYTES = 40 << 20 };
    (void)state;
    server_user(server, "frank@a.test", "secret");
    struct wire *w = imap_open(server, world_ca(world), "frank@a.test", "secret");
    char *letter = malloc(LARGE_BYTES);
    memset(letter, 'x', LARGE_BYTES);
    memcpy(letter, "Subject: large\r\n\r\n", 18);
    wire_say(w, "a APPEND INBOX {%d+}", LARGE_BYTES);
    wire_send(w, letter, LARGE_BYTES);
    wire_say(w, "%s", "");
    wire_expect(w, "a OK .*");
    free(letter);
    struct wire *pop3 = pop3_open(server, world_ca(world), "frank@a.test", "secret");
    wire_imap(w, "OK", "SELECT INBOX");
    wire_say(w, "f FETCH 1 BODY.PEEK[]");
    wire_expect(w, "\\* 1 FETCH .*");
    wire_say(pop3, "RETR 1");
    wire_expect(pop3, "\\+OK .*");
    int wanted = ended_so_far() + 2;
    ADMIN("another\n", "user", "passwd", "frank@a.test");
    assert_true(wait_until(are_told, &wanted, 10)); /* then we begin to read again */
    assert_true(rest_of(w) < LARGE_BYTES / 2);
    assert_true(rest_of(pop3) < LARGE_BYTES / 2);
    wire_close(w);
    wire_close(pop3);
}

/* What began before and ends after is not filed any more. */
static void in_the_middle_of_an_append(void **state)
{
    (void)state;
    server_user(server, "grace@a.test", "secret");
    struct wire *w = imap_open(server, world_ca(world), "grace@a.test", "secret");
    wire_say(w, "a APPEND INBOX {16}");
    wire_expect(w, "\\+ .*");
    int wanted = ended_so_far() + 1;
    ADMIN(NULL, "user", "suspend", "grace@a.test", "yes");
    assert_true(wait_until(are_told, &wanted, 10));
    wire_say(w, "Subject: late");
    wire_say(w, "%s", "x");
    wire_expect(w, "a NO .*");
    wire_expect(w, "\\* BYE .*");
    wire_close(w);
}

/* Behind UNAUTHENTICATE the connection is nobody's, and stays. */
static void not_who_left(void **state)
{
    (void)state;
    server_user(server, "erin@a.test", "secret");
    struct wire *w = imap_open(server, world_ca(world), "erin@a.test", "secret");
    wire_imap(w, "OK", "UNAUTHENTICATE");
    ADMIN(NULL, "user", "remove", "erin@a.test");
    wire_imap(w, "OK", "LOGIN bob@a.test secret");
    wire_imap(w, "OK", "NOOP");
    wire_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_removed),
        cmocka_unit_test(when_suspended),
        cmocka_unit_test(when_the_password_changes),
        cmocka_unit_test(in_the_middle_of_a_message),
        cmocka_unit_test(in_the_middle_of_an_append),
        cmocka_unit_test(not_for_anything_else),
        cmocka_unit_test(not_who_left),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
