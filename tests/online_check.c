/* online_check.c - a store of ten thousand messages is checked while it is served: nobody who is
 * served waits for it, and how far it is can be watched on a terminal.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143, MESSAGES = 10000, ASKED_MAX = 100000 };
static const double longest_s = 1.0;

struct scene {
    struct world *world;
    struct server *server;
    char mbox[600];
};

static struct scene scene;

static void write_mbox(struct scene *s)
{
    FILE *f = fopen(s->mbox, "w");
    if (!f) fail_now("%s: %m", s->mbox);
    for (int i = 0; i < MESSAGES; i++) {
        fprintf(
            f,
            "From ann@c.test Sun Nov 22 05:00:00 2026\nFrom: ann@c.test\nTo: bob@b.test\n"
            "Subject: number %d\nMessage-ID: <%d@c.test>\nDate: Sun, 22 Nov 2026 05:00:00 +0000\n"
            "\n",
            i, i);
        for (int line = 0; line < 20; line++)
            fprintf(f, "line %d of number %d, to be read and summed\n", line, i);
        fprintf(f, "\n");
    }
    fclose(f);
}

static int set_up(void **state)
{
    struct scene *s = &scene;
    char extra[512], address[16];
    int status;
    s->world = world_new();
    snprintf(s->mbox, sizeof s->mbox, "%s/mbox", world_dir(s->world));
    snprintf(
        extra, sizeof extra,
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n",
        world_address(s->world, 2, address), PORT_CLEAR);
    s->server = server_start(s->world, "b.test", extra);
    server_user(s->server, "bob@b.test", "sesame");
    write_mbox(s);
    const char *said = CLI(s->server, NULL, &status, "import", "bob@b.test", s->mbox);
    if (status) fail_now("import: %s", said);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    server_kill(s->server);
    world_free(s->world);
    return 0;
}

static struct chat *device(struct scene *s)
{
    struct chat *c = chat_open(server_address(s->server), PORT_CLEAR);
    if (!c || !chat_imap_login(c, "bob@b.test", "sesame")) fail_now("log-in");
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    return c;
}

/* `posthorn check` on a terminal of its own. */
struct watched {
    pid_t pid;
    int terminal;
    char said[1 << 20];
    size_t n;
    bool ended;
};

static void check_start(struct scene *s, struct watched *w)
{
    *w = (struct watched){ 0 };
    w->pid = forkpty(&w->terminal, NULL, NULL, NULL);
    if (w->pid < 0) fail_now("forkpty: %m");
    if (w->pid == 0) {
        execl(program_posthorn(), program_posthorn(), "--config", server_config(s->server), "check",
              (char *)NULL);
        _exit(127);
    }
}

static void check_hear(struct watched *w, int ms)
{
    struct pollfd p = { .fd = w->terminal, .events = POLLIN };
    while (!w->ended && w->n + 1 < sizeof w->said && poll(&p, 1, ms) > 0) {
        ssize_t n = read(w->terminal, w->said + w->n, sizeof w->said - 1 - w->n);
        w->ended = n <= 0; /* EIO: nobody has the other end any more */
        if (n > 0) w->n += (size_t)n;
    }
}

static int check_end(struct watched *w)
{
    int status;
    while (!w->ended)
        check_hear(w, 1000);
    waitpid(w->pid, &status, 0);
    close(w->terminal);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void nobody_waits(void **state)
{
    struct scene *s = *state;
    static struct watched w;
    static double took[ASKED_MAX];
    size_t n = 0;
    struct chat *c = device(s);
    double began = now_s();
    for (check_start(s, &w); !w.ended && n < ASKED_MAX; n++) {
        double asked = now_s();
        if (chat_imap(c, "NOOP") != 'O') fail_now("NOOP: %s", c->text);
        took[n] = now_s() - asked;
        check_hear(&w, 1);
    }
    int status = check_end(&w);
    if (status) fail_now("check: %d\n%s", status, w.said);
    qsort(took, n, sizeof *took, by_size);
    printf("# check took %.1f s; %zu NOOPs meanwhile: median %.2f ms, p99 %.2f ms, max %.2f ms\n",
           now_s() - began, n, took[n / 2] * 1e3, took[n * 99 / 100] * 1e3, took[n - 1] * 1e3);
    if (!strstr(w.said, "10000 messages read again")) fail_now("check said: %s", w.said);
    assert_true(n > 10);
    assert_true(took[n - 1] < longest_s);
    chat_close(c);
}

/* Lines that are drawn over each other, each with a number. */
static void how_far_it_is_can_be_watched(void **state)
{
    struct scene *s = *state;
    static struct watched w;
    check_start(s, &w);
    assert_int_equal(check_end(&w), 0);
    int lines = 0;
    for (const char *at = w.said; (at = strstr(at, "\rmessages ")); at++)
        lines++;
    printf("# %d lines of progress\n", lines);
    if (!lines) fail_now("no progress: %s", w.said);
}

/* Whoever asked goes away: the server goes on, and may be asked again. */
static void it_can_be_broken_off(void **state)
{
    struct scene *s = *state;
    static struct watched w;
    int status;
    check_start(s, &w);
    check_hear(&w, 300);
    kill(w.pid, SIGKILL);
    check_end(&w);
    const char *said = CLI(s->server, NULL, &status, "check");
    if (status) fail_now("check: %s", said);
    check_start(s, &w);
    check_hear(&w, 300);
    assert_int_equal(server_stop(s->server), 0); /* and a server that stops does not wait for it */
    check_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits),
        cmocka_unit_test(how_far_it_is_can_be_watched),
        cmocka_unit_test(it_can_be_broken_off),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
