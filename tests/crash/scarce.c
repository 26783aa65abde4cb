/* scarce.c - what the kernel refuses: descriptors while the server runs, threads when it starts.
 *
 * Rule 25: no spinning without descriptors; who is there goes on, who comes is told to come later,
 * the store has its own reserve, and all comes back by itself. A server whose threads are refused
 * says so and ends.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crash/scene.h"
#include "crash/trouble.h"
#include "support/fail.h"
#include "support/tree.h"

enum { FEW = 160, COMERS = 200, NONE_MORE = 8, WATCHED_S = 2 };

/* The limit of a process that runs; the hard one stays, so that the soft one can rise again. */
static void limit_files(struct server *s, rlim_t n)
{
    struct rlimit files;
    if (prlimit(server_pid(s), RLIMIT_NOFILE, NULL, &files)) fail_now("prlimit: %m");
    files.rlim_cur = n < files.rlim_max ? n : files.rlim_max;
    if (prlimit(server_pid(s), RLIMIT_NOFILE, &files, NULL)) fail_now("prlimit: %m");
}

static int deliver(struct scene *s)
{
    struct chat *c = chat_open(server_address(s->server), PORT_SMTP);
    int code = c ? chat_smtp_reply(c) : 0;
    if (code == 220) code = chat_smtp(c, "EHLO c.test");
    if (code == 250) code = chat_smtp(c, "MAIL FROM:<ann@c.test>");
    if (code == 250) code = chat_smtp(c, "RCPT TO:<u0@b.test>");
    if (code == 250) code = chat_smtp(c, "DATA");
    if (code == 354) code = chat_data(c, "Subject: few\r\n\r\n", 16);
    chat_close(c);
    return code;
}

static bool is_taken(void *s)
{
    return deliver(s) == 250;
}

/* The part of the time that the server computes while nobody asks it for anything. */
static double busy(struct scene *s)
{
    pid_t pid = server_pid(s->server);
    double before = tree_cpu_s(&pid, 1);
    scene_pause(WATCHED_S * 1000);
    return (tree_cpu_s(&pid, 1) - before) / WATCHED_S;
}

static void must_work(struct chat *c, const char *when)
{
    char text[] = "Subject: still here\r\n\r\n";
    if (chat_imap(c, "NOOP") != 'O' || chat_append(c, "Work", text, sizeof text - 1) != 'O' ||
        chat_imap(c, "SELECT Work") != 'O' || chat_imap(c, "FETCH * BODY.PEEK[]") != 'O')
        fail_now("who is there, %s: %s", when, c->text);
}

/* Hundreds come when there is room for some: those that are too many hear so, the others are
 * served. */
static void test_more_come_than_fit(void **state)
{
    (void)state;
    struct scene s = { .random = 1 };
    struct chat *comers[COMERS];
    int welcome = 0, later = 0;
    scene_begin(&s);
    struct chat *known = load_imap(server_address(s.server), 0);
    limit_files(s.server, FEW);
    for (int i = 0; i < COMERS; i++) {
        comers[i] = chat_open(server_address(s.server), PORT_SMTP);
        int code = comers[i] ? chat_smtp_reply(comers[i]) : 0;
        if (code != 220 && code != 421) fail_now("comer %d heard %d", i, code);
        welcome += code == 220;
        later += code == 421;
    }
    printf("# of %d with %d descriptors %d were welcome, %d heard 421\n", COMERS, FEW, welcome,
           later);
    assert_true(welcome > 0 && later > 0);
    must_work(known, "while others are refused");
    for (int i = 0; i < 6; i++) { /* into new segments too: the store has descriptors of its own */
        char *text = malloc(1200000);
        memset(text, 'x', 1200000);
        for (int at = 70; at < 1199999; at += 72)
            memcpy(text + at, "\r\n", 2);
        memcpy(text, "Subject: large\r\n\r\n", 18);
        if (chat_append(known, "Work", text, 1200000) != 'O') fail_now("APPEND: %s", known->text);
        free(text);
    }
    double share = busy(&s);
    printf("# %.1f %% of a processor meanwhile\n", share * 100);
    assert_true(share < 0.1);
    for (int i = 0; i < COMERS; i++)
        chat_close(comers[i]);
    if (!wait_until(is_taken, &s, 10)) fail_now("they have left, and no mail is taken");
    chat_close(known);
    limit_files(s.server, RLIM_INFINITY);
    assert_int_equal(server_stop(s.server), 0);
    ledger_free(s.ledger);
    world_free(s.world);
}

/* Not one is left, not even for the store. */
static void test_none_left(void **state)
{
    (void)state;
    struct scene s = { .random = 1 };
    struct chat *waiting[20];
    int status;
    scene_begin(&s);
    struct chat *known = load_imap(server_address(s.server), 0);
    must_work(known, "before");
    limit_files(s.server, NONE_MORE);
    for (int i = 0; i < 20; i++) /* the kernel takes them, the server cannot */
        waiting[i] = chat_open(server_address(s.server), PORT_SMTP);
    double share = busy(&s);
    printf("# no descriptor left: %.1f %% of a processor\n", share * 100);
    assert_true(share < 0.1);
    if (chat_imap(known, "NOOP") != 'O') fail_now("who is there: %s", known->text);
    limit_files(s.server, RLIM_INFINITY);
    double began = now_s();
    for (int i = 0; i < 20; i++) {
        if (chat_smtp_reply(waiting[i]) != 220) fail_now("%d waited in vain", i);
        chat_close(waiting[i]);
    }
    if (!wait_until(is_taken, &s, 10)) fail_now("descriptors are back, and no mail is taken");
    printf("# all served %.1f s after there were some again\n", now_s() - began);
    must_work(known, "after");
    chat_close(known);
    const char *said = CLI(s.server, NULL, &status, "check");
    if (status) fail_now("posthorn check: %s", said);
    assert_int_equal(server_stop(s.server), 0);
    ledger_free(s.ledger);
    world_free(s.world);
}

/* --- threads ---------------------------------------------------------------------------------- */

/* From the first, the second, … on, until all that a start needs are there. */
static void test_threads_refused(void **state)
{
    (void)state;
    struct scene s = { .random = 1, .world = world_new() };
    struct trouble *t = trouble_begin(s.world);
    int refusals = 0;
    scene_begin(&s);
    for (int nth = 1;; nth++) {
        assert_int_equal(server_stop(s.server), 0);
        char output[8000];
        t->threads_refused = nth;
        unsigned struck = t->threads_struck;
        /* A start that needs fewer threads goes on for ever: it is killed, and that is the end. */
        int status = RUN(output, sizeof output, 3, NULL, program_posthorn(), "--config",
                         server_config(s.server), "serve");
        bool all = t->threads_struck == struck;
        t->threads_refused = 0;
        if (!all && status != 1 && status != -1)
            fail_now("thread %d refused: status %d: %s", nth, status, output);
        if (status == 1 && !strstr(output, "thread"))
            fail_now("thread %d refused: %s", nth, output);
        refusals += status == 1;
        if (nth <= 2)
            printf("# %s", strstr(output, "posthorn: ") ? strstr(output, "posthorn: ") : output);
        server_restart(s.server);
        if (all) break;
    }
    printf("# a start without threads was refused %d times, in words\n", refusals);
    assert_true(refusals >= 3);
    if (!is_taken(&s)) fail_now("no mail is taken");
    assert_int_equal(server_stop(s.server), 0);
    trouble_end(t);
    ledger_free(s.ledger);
    world_free(s.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_come_than_fit),
        cmocka_unit_test(test_none_left),
        cmocka_unit_test(test_threads_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
