/* hours.c - what an address and an account may do within an hour, what silence costs, and what one
 * command may bring: past each the answer is clear, the figure moved, and others are served.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget/figures.h"
#include "support/fail.h"

enum { PORT_CLEAR = 3143, PORT_CLEAR_POP3, PORT_CLEAR_SMTP, PORT_IMPATIENT };
static const char user[] = "ann@a.test", password[] = "spring-rain-9";

/* Each test comes from a network of its own. */
static struct chat *from(int network, int port)
{
    char source[16];
    snprintf(source, sizeof source, "127.210.%d.1", network);
    struct chat *c = chat_open_from(source, server_address(server), port);
    if (!c) fail_now("nobody listens on %d", port);
    return c;
}

static struct chat *smtp_from(int network)
{
    struct chat *c = from(network, PORT_SMTP);
    if (chat_smtp_reply(c) != 220 || chat_smtp(c, "EHLO c.test") != 250) fail_now("%s", c->text);
    return c;
}

/* --- an address ------------------------------------------------------------------------------- */

static void an_address_has_so_many_connections(void **state)
{
    static const struct {
        int port;
        const char *hears;
    } all[] = { { PORT_SMTP, "421 4.7.0" },
                { PORT_CLEAR, "* BYE [LIMIT]" },
                { PORT_CLEAR_POP3, "-ERR [SYS/TEMP]" } };
    (void)state;
    long long before = struck("address.connections_hour");
    for (int i = 0; i < 20; i++)
        chat_close(smtp_from(1));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct chat *c = from(1, all[i].port);
        expect_last(c, all[i].hears);
        chat_close(c);
    }
    assert_int_equal(struck("address.connections_hour"), before + 3);
    chat_close(smtp_from(2));
}

/* How many times it is answered 250, before it is put off. */
static int times_taken(struct chat *c, const char *first, const char *then)
{
    for (int i = 0; i < 20; i++) {
        int code = chat_smtp(c, "%s", first);
        if (code == 450 && strstr(c->text, "450 4.7.1")) return i;
        if (code != 250 || (then && chat_smtp(c, "%s", then) != 250)) fail_now("%s", c->text);
    }
    fail_now("%s has no end", first);
}

static void an_address_has_so_many_messages_and_recipients(void **state)
{
    (void)state;
    long long messages = struck("address.messages"), rcpts = struck("address.recipients");
    struct chat *c = smtp_from(3), *d = smtp_from(4), *other = smtp_from(5);
    assert_int_equal(times_taken(c, "MAIL FROM:<x@c.test>", "RSET"), 6);
    assert_int_equal(struck("address.messages"), messages + 1);
    assert_int_equal(chat_smtp(d, "MAIL FROM:<x@c.test>"), 250);
    assert_int_equal(times_taken(d, "RCPT TO:<ann@a.test>", NULL), 8);
    assert_int_equal(struck("address.recipients"), rcpts + 1);
    assert_int_equal(chat_smtp(other, "MAIL FROM:<x@c.test>"), 250);
    assert_int_equal(chat_smtp(other, "RCPT TO:<ann@a.test>"), 250);
    chat_close(c);
    chat_close(d);
    chat_close(other);
}

static void an_address_makes_so_many_errors(void **state)
{
    (void)state;
    long long before = struck("address.errors");
    struct chat *c = smtp_from(6);
    for (int i = 0; i < 10 && chat_say(c, "HOW"); i++)
        ;
    expect_last(c, "421 4.7.0");
    chat_close(c);
    assert_true(struck("address.errors") > before);
    chat_close(smtp_from(7));
}

/* The answer to an IMAP log-in. */
static const char *log_in(int network, const char *name, const char *secret)
{
    static char answer[500];
    struct chat *c = from(network, PORT_CLEAR);
    chat_line(c);
    chat_imap(c, "LOGIN %s %s", name, secret);
    snprintf(answer, sizeof answer, "%s", c->text);
    chat_close(c);
    return answer;
}

static void failures_are_counted_by_address_and_account(void **state)
{
    (void)state;
    long long address = struck("address.failures"), account = struck("account.failures");
    for (int i = 0; i < 5; i++) /* what drains meanwhile is not a whole one */
        assert_non_null(strstr(log_in(8, "nobody@a.test", "guess"), "[AUTHENTICATIONFAILED]"));
    assert_non_null(strstr(log_in(8, user, password), "[UNAVAILABLE]"));
    assert_int_equal(struck("address.failures"), address + 1);
    for (int i = 0; i < 7; i++)
        assert_non_null(strstr(log_in(20 + i, "eve@a.test", "guess"), "[AUTHENTICATIONFAILED]"));
    assert_non_null(strstr(log_in(30, "eve@a.test", "guess"), "[UNAVAILABLE]"));
    assert_int_equal(struck("account.failures"), account + 1);
    assert_non_null(strstr(log_in(31, user, password), " OK "));
}

/* --- an account ------------------------------------------------------------------------------- */

static struct chat *submission(int network)
{
    struct chat *c = from(network, PORT_CLEAR_SMTP);
    if (chat_smtp_reply(c) != 220 || chat_smtp(c, "EHLO c.test") != 250 ||
        chat_smtp(c, "AUTH PLAIN AGFubkBhLnRlc3QAc3ByaW5nLXJhaW4tOQ==") != 235)
        fail_now("%s", c->text);
    return c;
}

/* Wherever it comes from. */
static void an_account_sends_so_much(void **state)
{
    (void)state;
    long long messages = struck("account.messages"), rcpts = struck("account.recipients");
    struct chat *c = submission(9), *d = submission(10);
    assert_int_equal(chat_smtp(c, "MAIL FROM:<ann@a.test>"), 250);
    assert_int_equal(times_taken(c, "RCPT TO:<ann@a.test>", NULL), 3);
    assert_int_equal(struck("account.recipients"), rcpts + 1);
    assert_int_equal(times_taken(d, "MAIL FROM:<ann@a.test>", "RSET"), 1);
    assert_int_equal(struck("account.messages"), messages + 1);
    chat_close(c);
    chat_close(d);
}

/* --- silence ---------------------------------------------------------------------------------- */

static void silence_has_an_end(void **state)
{
    (void)state;
    long long smtp = struck("smtp.idle"), pop3 = struck("pop3.idle"),
              handshake = struck("conn.handshake");
    struct chat *s = smtp_from(11), *p = from(11, PORT_CLEAR_POP3), *t = from(11, PORT_IMPATIENT);
    assert_true(chat_pop3_login(p, user, password));
    expect_last(s, "421 4.4.2");
    expect_last(p, "-ERR");
    assert_null(chat_line(t)); /* half a handshake: there are no words for it */
    assert_int_equal(struck("smtp.idle"), smtp + 1);
    assert_int_equal(struck("pop3.idle"), pop3 + 1);
    assert_int_equal(struck("conn.handshake"), handshake + 1);
    chat_close(s);
    chat_close(p);
    chat_close(t);
}

/* --- one command ------------------------------------------------------------------------------ */

static void a_command_brings_so_much(void **state)
{
    (void)state;
    long long command = struck("imap.command"), swallowed = struck("imap.swallowed");
    struct chat *c = from(12, PORT_CLEAR), *d = from(12, PORT_CLEAR);
    assert_true(chat_imap_login(c, user, password));
    assert_int_equal(chat_imap(c, "SELECT INBOX"), 'O');
    chat_say(c, "a SEARCH SUBJECT {2000000}");
    expect(c, "a BAD [TOOBIG]");
    assert_int_equal(struck("imap.command"), command + 1);
    assert_int_equal(chat_imap(c, "NOOP"), 'O');
    chat_line(d);
    chat_say(d, "a LOGIN {70000+}"); /* unasked, and too much to be passed over */
    expect_last(d, "* BYE [LIMIT]");
    assert_int_equal(struck("imap.swallowed"), swallowed + 1);
    chat_close(c);
    chat_close(d);
}

static void a_stranger_says_so_much_in_pop3(void **state)
{
    (void)state;
    long long before = struck("pop3.stranger_bytes");
    struct chat *c = from(13, PORT_CLEAR_POP3);
    for (int i = 0; i < 8; i++) { /* each a line that may be */
        chat_send(c, "USER ", 5);
        send_much(c, 'x', 400);
        chat_send(c, "\r\n", 2);
    }
    expect_last(c, "-ERR [SYS/TEMP]");
    assert_int_equal(struck("pop3.stranger_bytes"), before + 1);
    chat_close(c);
}

/* --- the server ------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    static const char form[] =
        "[guard]\ntrusted = 192.0.2.0/24\nconnections = 20\nmessages = 6\nrecipients = 8\n"
        "errors = 5\nfailures = 4\naccount_failures = 6\ndelay_max = 0s\n"
        "[auth]\nargon2_memory = 64K\nargon2_passes = 1\nfail_delay = 0s\nstranger_bytes = 2K\n"
        "[smtp]\nidle = 1s\nuser_messages = 2\nuser_recipients = 3\n[pop3]\nidle = 1s\n"
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
        "[listener clear3]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = yes\n"
        "[listener clear5]\naddress = %s:%d\nprotocol = submission\ntls = none\n"
        "auth_in_clear = yes\n"
        "[listener impatient]\naddress = %s:%d\nprotocol = imap\ntls = implicit\nhandshake = 1s\n";
    char more[1500], at[16];
    (void)state;
    world = world_new();
    world_address(world, 2, at);
    snprintf(more, sizeof more, form, at, PORT_CLEAR, at, PORT_CLEAR_POP3, at, PORT_CLEAR_SMTP, at,
             PORT_IMPATIENT);
    server = server_start(world, "a.test", more);
    server_user(server, user, password);
    server_user(server, "eve@a.test", password);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(server_stop(server), 0);
    world_free(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_so_many_connections),
        cmocka_unit_test(an_address_has_so_many_messages_and_recipients),
        cmocka_unit_test(an_address_makes_so_many_errors),
        cmocka_unit_test(failures_are_counted_by_address_and_account),
        cmocka_unit_test(an_account_sends_so_much),
        cmocka_unit_test(silence_has_an_end),
        cmocka_unit_test(a_command_brings_so_much),
        cmocka_unit_test(a_stranger_says_so_much_in_pop3),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
