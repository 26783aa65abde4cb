/* main.c - plays each attack against a live server: the whole answer, and the server lives on.
 *
 * After each attack another client is served, and nothing of the attack was kept: no message has
 * come to bob's mailbox, to which no attack has a right way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacks/attack.h"
#include "support/fail.h"
#include "support/wire.h"

enum { ANSWER_BYTES = 1 << 16 };

static struct world *world;
static struct server *server;

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    server = server_start(world, "a.test", NULL);
    server_user(server, "alice@a.test", "secret");
    server_user(server, "bob@a.test", "secret");
    struct wire *w = wire_open(server_address(server), PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO e.test"), 250);
    assert_int_equal(smtp_message(w, "x@b.test", "alice@a.test", "Subject: one\r\n\r\nx\r\n"), 250);
    wire_close(w);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    printf("# %zu attacks\n", smtp_attacks_n + imap_stranger_attacks_n + imap_user_attacks_n +
                                  imap_sharing_attacks_n + pop3_stranger_attacks_n +
                                  pop3_user_attacks_n);
    assert_int_equal(server_stop(server), 0); /* with sanitizers: also that nothing leaked */
    world_free(world);
    return 0;
}

/* All lines up to the end of the connection, each with LF. */
static void hear_all(struct wire *w, char *all)
{
    size_t n = 0;
    for (const char *line; (line = wire_line(w, 5, NULL));) {
        size_t more = strlen(line);
        assert_true(n + more + 2 < ANSWER_BYTES);
        memcpy(all + n, line, more);
        n += more;
        all[n++] = '\n';
    }
    all[n] = '\0';
}

static void others_are_served(const char *guards)
{
    struct wire *w = imap_open(server, world_ca(world), "bob@a.test", "secret");
    if (imap_count(w, "INBOX") != 0) fail_now("%s: a message was smuggled", guards);
    wire_close(w);
}

static void play(struct wire *w, const struct attack *a)
{
    static char all[ANSWER_BYTES];
    wire_send(w, a->say, a->say_n); /* it may be cut short: that is an answer too */
    hear_all(w, all);
    if (!wire_ended(w, 5)) fail_now("%s: still open after:\n%s", a->guards, all);
    wire_close(w);
    if (!text_matches(all, a->want))
        fail_now("%s: was answered\n%s\ninstead of\n%s", a->guards, all, a->want);
    others_are_served(a->guards);
}

static void play_strangers(const struct attack *attacks, size_t n, int port)
{
    for (size_t i = 0; i < n; i++) {
        struct wire *w = wire_open(server_address(server), port);
        assert_non_null(wire_line(w, 5, NULL)); /* the greeting */
        play(w, &attacks[i]);
    }
}

typedef struct wire *open_fn(struct server *s, const char *ca, const char *user, const char *word);

static void play_user(const struct attack *attacks, size_t n, open_fn *open)
{
    for (size_t i = 0; i < n; i++)
        play(open(server, world_ca(world), "alice@a.test", "secret"), &attacks[i]);
}

static void smtp(void **state)
{
    (void)state;
    play_strangers(smtp_attacks, smtp_attacks_n, PORT_SMTP);
}

static void imap_before_login(void **state)
{
    (void)state;
    play_strangers(imap_stranger_attacks, imap_stranger_attacks_n, PORT_IMAP);
}

static void imap_after_login(void **state)
{
    (void)state;
    play_user(imap_user_attacks, imap_user_attacks_n, imap_open);
}

static void imap_sharing(void **state)
{
    (void)state;
    play_user(imap_sharing_attacks, imap_sharing_attacks_n, imap_open);
}

static void imap_compressed(void **state)
{
    (void)state;
    struct wire *other = imap_open(server, world_ca(world), "bob@a.test", "secret");
    play_bomb(server, world_ca(world), other);
    play_damage(server, world_ca(world));
    wire_close(other);
    others_are_served("compressed input");
}

static void pop3_before_login(void **state)
{
    (void)state;
    play_strangers(pop3_stranger_attacks, pop3_stranger_attacks_n, PORT_POP3);
}

static void pop3_after_login(void **state)
{
    (void)state;
    play_user(pop3_user_attacks, pop3_user_attacks_n, pop3_open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smtp),
        cmocka_unit_test(imap_before_login),
        cmocka_unit_test(imap_after_login),
        cmocka_unit_test(imap_sharing),
        cmocka_unit_test(imap_compressed),
        cmocka_unit_test(pop3_before_login),
        cmocka_unit_test(pop3_after_login),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
