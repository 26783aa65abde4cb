/* readonly.c - the data folder becomes read-only beneath a server under load, as a kernel makes it
 * when the disk fails: reading goes on, writing is put off in words, and comes back by itself.
 *
 *   readonly [--rounds N] [--seed S]
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/options.h"
#include "crash/scene.h"
#include "crash/trouble.h"
#include "support/fail.h"

enum { RECOVER_S = 20 };

static int rounds = 3;
static unsigned seed;

static bool takes_mail(void *arg)
{
    struct scene *s = arg;
    int before = ledger_count(s->ledger);
    scene_pause(20);
    return ledger_count(s->ledger) > before + 5;
}

static bool refuses(void *arg)
{
    struct scene *s = arg;
    int before = ledger_count(s->ledger), refused = ledger_refused(s->ledger);
    scene_pause(100);
    return ledger_count(s->ledger) == before && ledger_refused(s->ledger) > refused;
}

/* What each protocol says to who writes now. Whatever is not written can still be read. */
static void hear_words(struct scene *s)
{
    struct chat *c = chat_open(server_address(s->server), PORT_SMTP);
    int code = c ? chat_smtp_reply(c) : 0;
    if (code == 220) code = chat_smtp(c, "EHLO c.test");
    if (code == 250) code = chat_smtp(c, "MAIL FROM:<ann@c.test>");
    if (code == 250) code = chat_smtp(c, "RCPT TO:<u0@b.test>");
    if (code == 250) code = chat_smtp(c, "DATA");
    if (code == 354) code = chat_data(c, "Subject: not now\r\n\r\n", 20);
    if (code / 100 != 4) fail_now("SMTP on a read-only disk: %d %s", code, c ? c->text : "gone");
    printf("# SMTP: %s", c->text);
    chat_close(c);
    c = load_imap(server_address(s->server), 0);
    if (!c) fail_now("no log-in on a read-only disk");
    if (chat_append(c, "Work", "Subject: not now\r\n\r\n", 20) != 'N' ||
        !strstr(c->text, " NO [UNAVAILABLE]"))
        fail_now("APPEND on a read-only disk: %s", c->text);
    printf("# IMAP: %s", c->text);
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT on a read-only disk: %s", c->text);
    if (!strstr(c->text, "* 0 EXISTS") && chat_imap(c, "FETCH 1:* (FLAGS BODY.PEEK[])") != 'O')
        fail_now("FETCH on a read-only disk: %.200s", c->text);
    chat_close(c);
    c = chat_open(server_address(s->server), PORT_POP3_CLEAR);
    if (!c || !chat_pop3_login(c, "u1@b.test", PASSWORD) || chat_pop3(c, "RETR 1") != '+' ||
        !chat_pop3_lines(c) || chat_pop3(c, "DELE 1") != '+' || chat_pop3(c, "QUIT") != '-')
        fail_now("POP3 on a read-only disk: %s", c ? c->text : "refused");
    printf("# POP3: %s\n", c->text);
    fflush(stdout);
    chat_close(c);
}

static void one_round(struct scene *s, struct trouble *t, int round)
{
    scene_work(s, true);
    scene_pause(100 + scene_chance(s, 150));
    t->read_only = true;
    if (!wait_until(refuses, s, 10))
        fail_now("mail is taken on a read-only disk: %d kept, %d refused, %u struck %s",
                 ledger_count(s->ledger), ledger_refused(s->ledger), t->changes_struck,
                 file_read(server_log(s->server), NULL));
    if (round == 0) hear_words(s);
    if (round % 3 == 2) { /* nor does it start on one; it says why */
        char output[4000];
        server_kill(s->server);
        int status = RUN(output, sizeof output, 20, NULL, program_posthorn(), "--config",
                         server_config(s->server), "serve");
        if (status != 1 || !strstr(output, "Read-only file system"))
            fail_now("a start on a read-only disk: %d %s", status, output);
        t->read_only = false;
        server_restart(s->server);
    }
    t->read_only = false;
    if (!wait_until(takes_mail, s, RECOVER_S))
        fail_now("it is writable again, and no mail is taken: %s",
                 file_read(server_log(s->server), NULL));
    scene_rest(s);
    scene_compare(s);
    scene_check(s);
    scene_tidy(s);
}

static void test_read_only(void **state)
{
    (void)state;
    struct scene s = { .random = seed, .world = world_new(), .relays = true };
    struct trouble *t = trouble_begin(s.world);
    printf("# seed %u, %d rounds\n", seed, rounds);
    fflush(stdout);
    scene_begin(&s);
    for (int i = 0; i < rounds; i++)
        one_round(&s, t, i);
    scene_end(&s, "made read-only", rounds);
    trouble_end(t);
}

int main(int argc, char **argv)
{
    options_read(argc, argv, &rounds, &seed);
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_read_only) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
