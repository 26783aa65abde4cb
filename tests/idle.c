/* idle.c - many IMAP connections idling on one mailbox: what each costs, and how soon each hears.
 *
 *   idle [CONNECTIONS]
 *
 * The cost is the server's own memory (its share of every page, so the kernel's socket buffers are
 * not in it), and is judged unless the program carries AddressSanitizer, which pads every
 * allocation.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143, COST_MAX_BYTES = 10 * 1024, BOXES_OPEN_FIRST = 20 };
static const double HEAR_MAX_S = 1.0;

static int wanted = 1000;

struct crowd {
    struct world *world;
    struct server *server;
    struct chat **idle;
    int n, epoll;
};

static struct chat *device(struct crowd *w)
{
    struct chat *c = chat_open(server_address(w->server), PORT_CLEAR);
    if (!c || !chat_imap_login(c, "bob@b.test", "sesame"))
        fail_now("log-in: %s", c ? c->text : "refused");
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    return c;
}

static void idle(struct crowd *w, int up_to)
{
    for (; w->n < up_to; w->n++) {
        struct chat *c = device(w);
        const char *line = NULL;
        if (chat_say(c, "t%u IDLE", ++c->tag)) line = chat_line(c);
        if (!line || *line != '+')
            fail_now("IDLE of connection %d: %s", w->n, line ? line : "(closed)");
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
        epoll_ctl(w->epoll, EPOLL_CTL_ADD, c->fd, &e);
        w->idle[w->n] = c;
    }
}

/* Reads what the connections say until each has said a line with this word; how long that took. */
static double all_hear(struct crowd *w, const char *word, double began)
{
    struct epoll_event events[64];
    int heard = 0;
    while (heard < w->n) {
        int n = epoll_wait(w->epoll, events, 64, 10000);
        if (n <= 0) fail_now("%d of %d heard %s, the others not within 10 s", heard, w->n, word);
        for (int i = 0; i < n; i++) {
            struct chat *c = events[i].data.ptr;
            do {
                const char *line = chat_line(c);
                if (!line) fail_now("an idling connection was closed");
                heard += strstr(line, word) != NULL;
            } while (c->in_at < c->in_n);
        }
    }
    return now_s() - began;
}

static double deliver(struct crowd *w)
{
    static const char letter[] = "From: ann@c.test\r\nSubject: news\r\n\r\nHello.\r\n";
    struct chat *c = chat_open(server_address(w->server), PORT_SMTP);
    assert_int_equal(chat_smtp_reply(c), 220);
    assert_int_equal(chat_smtp(c, "EHLO c.test"), 250);
    assert_int_equal(chat_smtp(c, "MAIL FROM:<ann@c.test>"), 250);
    assert_int_equal(chat_smtp(c, "RCPT TO:<bob@b.test>"), 250);
    assert_int_equal(chat_smtp(c, "DATA"), 354);
    double began = now_s();
    assert_int_equal(chat_data(c, letter, sizeof letter - 1), 250);
    chat_close(c);
    return began;
}

/* The server's share of memory in bytes, its own children included. */
static long memory_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    char *text = file_read(path, NULL), *pss = text ? strstr(text, "\nPss:") : NULL;
    if (!pss) fail_now("no %s", path);
    long bytes = strtol(pss + 5, NULL, 10) * 1024;
    free(text);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    char *children = file_read(path, NULL), *at = children;
    for (long child; children && (child = strtol(at, &at, 10)) > 0;)
        bytes += memory_of((pid_t)child);
    free(children);
    return bytes;
}

static void judge_memory(struct crowd *w, const char *when, long before, int connections)
{
    long each = (memory_of(server_pid(w->server)) - before) / connections;
    bool padded = file_has(program_posthorn(), "__asan_init");
    printf("# %s: %ld bytes a connection%s\n", when, each,
           padded ? " (AddressSanitizer: not judged)" : "");
    if (!padded && each >= COST_MAX_BYTES) fail_now("%s a connection costs %ld bytes", when, each);
}

static void test_idle(void **state)
{
    struct crowd w = { .world = world_new(), .epoll = epoll_create1(EPOLL_CLOEXEC) };
    char extra[256], address[16];
    (void)state;
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
             "conns_per_address_max = 0\n",
             world_address(w.world, 2, address), PORT_CLEAR);
    w.server = server_start(w.world, "b.test", extra);
    w.idle = calloc((size_t)wanted, sizeof *w.idle);
    server_user(w.server, "bob@b.test", "sesame");

    /* The first few bring what is there once: stacks, the store's pages. */
    deliver(&w);
    idle(&w, BOXES_OPEN_FIRST);
    all_hear(&w, "EXISTS", deliver(&w));
    long before = memory_of(server_pid(w.server));
    idle(&w, wanted);
    judge_memory(&w, "idling", before, wanted - BOXES_OPEN_FIRST);

    double took = all_hear(&w, "EXISTS", deliver(&w));
    printf("# %d connections heard of a new message within %.0f ms\n", w.n, took * 1000);
    assert_true(took < HEAR_MAX_S);

    struct chat *other = device(&w);
    double began = now_s();
    assert_int_equal(chat_imap(other, "STORE 2 +FLAGS (\\Flagged)"), 'O');
    took = all_hear(&w, "\\Flagged", began);
    printf("# and of another device's flag within %.0f ms\n", took * 1000);
    assert_true(took < HEAR_MAX_S);
    judge_memory(&w, "after the news", before, wanted - BOXES_OPEN_FIRST);

    for (int i = 0; i < w.n; i++) {
        chat_say(w.idle[i], "DONE");
        assert_int_equal(chat_imap_answer(w.idle[i]), 'O');
        chat_close(w.idle[i]);
    }
    chat_close(other);
    assert_int_equal(server_stop(w.server), 0);
    free(w.idle);
    world_free(w.world);
}

int main(int argc, char **argv)
{
    if (argc > 1) wanted = (int)strtol(argv[1], NULL, 10);
    struct rlimit files = { 0 };
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_idle) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
