/* idle.c - many IMAP connections idling on one mailbox: what each costs, and how soon each hears.
 *
 *   idle [CONNECTIONS]
 *
 * In clear and over TLS. The cost is the server's own memory (its share of every page, so the
 * kernel's socket buffers are not in it), and is judged unless the program carries
 * AddressSanitizer, which pads every allocation.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/chat.h"
#include "support/crowd.h"
#include "support/fail.h"
#include "support/server.h"
#include "support/tree.h"

enum { PORT_CLEAR = 3143, JOIN_FIRST = 20 };
enum { CLEAR_MAX_BYTES = 4 * 1024, TLS_MAX_BYTES = 18 * 1024 };
static const double HEAR_MAX_S = 1.0; /* of a machine that does other things too */

static int wanted = 1000;
static struct world *world;
static struct server *server;

static double deliver(void)
{
    static const char letter[] = "From: ann@c.test\r\nSubject: news\r\n\r\nHello.\r\n";
    struct chat *c = chat_open(server_address(server), PORT_SMTP);
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

static double memory(void)
{
    pid_t root = server_pid(server);
    return tree_pss_kb(&root, 1) * 1024;
}

static void judge_memory(const char *when, double before, int connections, int max)
{
    int each = (int)((memory() - before) / connections);
    bool padded = file_has(program_posthorn(), "__asan_init");
    printf("# %s: %d bytes a connection%s\n", when, each,
           padded ? " (AddressSanitizer: not judged)" : "");
    if (!padded && each >= max) fail_now("%s a connection costs %d bytes", when, each);
}

static struct chat *device(void)
{
    struct chat *c = chat_open(server_address(server), PORT_CLEAR);
    if (!c || !chat_imap_login(c, "bob@b.test", "sesame"))
        fail_now("log-in: %s", c ? c->text : "refused");
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    return c;
}

static void join(struct crowd *c, int up_to)
{
    while (crowd_size(c) < up_to)
        crowd_join(c, "bob@b.test", "sesame", "INBOX");
}

/* The first few bring what is there once: stacks, the store's pages. */
static void idle(struct crowd *c, int max_bytes)
{
    join(c, JOIN_FIRST);
    crowd_heard(c, JOIN_FIRST, "EXISTS", deliver());
    double before = memory();
    join(c, wanted);
    judge_memory("idling", before, wanted - JOIN_FIRST, max_bytes);

    double took = crowd_heard(c, wanted, "EXISTS", deliver());
    printf("# %d connections heard of a new message within %.0f ms\n", wanted, took * 1000);
    assert_true(took < HEAR_MAX_S);

    struct chat *other = device();
    double began = now_s();
    assert_int_equal(chat_imap(other, "STORE 1 FLAGS (\\Flagged x%d)", max_bytes), 'O');
    took = crowd_heard(c, wanted, "\\Flagged", began);
    printf("# and of another device's flag within %.0f ms\n", took * 1000);
    assert_true(took < HEAR_MAX_S);
    judge_memory("after the news", before, wanted - JOIN_FIRST, max_bytes);
    chat_close(other);
}

static void test_clear(void **state)
{
    struct crowd *c = crowd_new(server_address(server), PORT_CLEAR, NULL, NULL, wanted);
    (void)state;
    idle(c, CLEAR_MAX_BYTES);
    crowd_done(c);
    crowd_free(c);
}

static void test_tls(void **state)
{
    struct crowd *c =
        crowd_new(server_address(server), PORT_IMAPS, world_ca(world), "mail.b.test", wanted);
    (void)state;
    idle(c, TLS_MAX_BYTES);
    crowd_free(c);
}

static int set_up(void **state)
{
    char extra[512], address[16];
    (void)state;
    world = world_new();
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
             "conns_per_address_max = 0\n",
             world_address(world, 2, address), PORT_CLEAR);
    server = server_start(world, "b.test", extra);
    server_user(server, "bob@b.test", "sesame");
    deliver();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(server_stop(server), 0);
    world_free(world);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) wanted = (int)strtol(argv[1], NULL, 10);
    crowd_raise_files();
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_clear), cmocka_unit_test(test_tls) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
