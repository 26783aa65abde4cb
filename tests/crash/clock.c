/* clock.c - the wall clock jumps under a server: hours and years, forward and back.
 *
 * Nothing is bounced before it was tried as often as its time allows, and nothing waits for a
 * moment that a wrong clock named: mail for a server that is down goes out when that is there
 * again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/scene.h"
#include "crash/trouble.h"
#include "support/fail.h"

static const int64_t hour_us = 3600ll * 1000000;

static bool submit(struct scene *s)
{
    struct chat *c = chat_open(server_address(s->server), PORT_SUBMIT_CLEAR);
    struct letter t = ledger_letter(s->ledger, 500);
    size_t n;
    char *bytes = letter_bytes(t, &n);
    bool ok = c && chat_smtp_reply(c) == 220 && chat_smtp(c, "EHLO c.test") == 250 &&
              chat_smtp(c, "AUTH PLAIN AHUwQGIudGVzdABzZXNhbWU=") == 235 &&
              chat_smtp(c, "MAIL FROM:<u0@b.test>") == 250 &&
              chat_smtp(c, "RCPT TO:<sink@c.test>") == 250 && chat_smtp(c, "DATA") == 354 &&
              chat_data(c, bytes, n) == 250;
    free(bytes);
    chat_close(c);
    if (ok) outgoing_add(s->outgoing, t);
    return ok;
}

static bool is_empty(void *arg)
{
    struct scene *s = arg;
    int status;
    return strstr(CLI(s->server, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

static void must_be_empty(struct scene *s, const char *when)
{
    int status;
    if (wait_until(is_empty, s, 20)) return;
    fail_now("%s, still queued: %s", when, CLI(s->server, NULL, &status, "queue", "list"));
}

/* That mail is late is true, by such a clock, and may be told; that it cannot be delivered is not.
 */
static void nothing_bounced(struct scene *s)
{
    struct chat *c = load_imap(server_address(s->server), 0);
    if (!c || chat_imap(c, "SELECT INBOX") != 'O') fail_now("u0 cannot look");
    if (!strstr(c->text, "* 0 EXISTS")) {
        if (chat_imap(c, "FETCH 1:* BODY.PEEK[]") != 'O') fail_now("FETCH: %s", c->text);
        if (strstr(c->text, "Action: failed")) fail_now("bounced: %s", c->text);
        if (chat_imap(c, "STORE 1:* +FLAGS.SILENT (\\Deleted)") != 'O' ||
            chat_imap(c, "EXPUNGE") != 'O')
            fail_now("EXPUNGE: %s", c->text);
    }
    chat_close(c);
}

static void test_clock_jumps(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t hours;
    } jumps[] = { { "three hours on", 3 },
                  { "three hours back", -3 },
                  { "ten years on", 87600 },
                  { "eleven years back", -96360 },
                  { "to the right time again", 0 } };
    struct scene s = { .random = 1, .world = world_new(), .relays = true };
    struct trouble *t = trouble_begin(s.world);
    int64_t ahead = 0;
    scene_begin(&s);
    struct chat *idle = load_imap(server_address(s.server), 1);
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        server_kill(s.sink);
        if (!submit(&s)) fail_now("no letter is taken");
        scene_pause(300); /* tried once, in vain */
        ahead = jumps[i].hours ? ahead + jumps[i].hours * hour_us : 0;
        t->wall_us = ahead;
        if (!submit(&s)) fail_now("no letter is taken, %s", jumps[i].what);
        scene_pause(1500); /* tried again, in vain */
        server_restart(s.sink);
        must_be_empty(&s, jumps[i].what);
        if (chat_imap(idle, "NOOP") != 'O') fail_now("%s, a client: %s", jumps[i].what, idle->text);
        /* What was late is not late for ever, also for a server that starts at that hour. */
        server_kill(s.server);
        server_restart(s.server);
        chat_close(idle);
        idle = load_imap(server_address(s.server), 1);
        if (!idle || !submit(&s)) fail_now("%s, after a start", jumps[i].what);
        must_be_empty(&s, jumps[i].what);
        printf("# %s: all delivered\n", jumps[i].what);
        fflush(stdout);
    }
    chat_close(idle);
    nothing_bounced(&s);
    scene_end(&s, "the clock jumped", (int)(sizeof jumps / sizeof *jumps));
    trouble_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_clock_jumps) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
