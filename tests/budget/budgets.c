/* budgets.c - a server with small budgets: past each the answer is clear, others are served, the
 * figure moved, and it lifts by itself.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "budget/figures.h"
#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143, PORT_CLEAR_POP3, PORT_CLEAR_SMTP, PORT_FEW, PORT_FEW_ADDRESS };
static const char user[] = "ann@a.test", other[] = "ben@a.test", password[] = "spring-rain-9";

/* --- figures ---------------------------------------------------------------------------------- */

static struct chat *imap(void)
{
    struct chat *c = chat_open(server_address(server), PORT_CLEAR);
    if (!c) fail_now("nobody listens");
    return c;
}

static void figures_move(void **state)
{
    (void)state;
    long long accepted = metric("posthorn_connections_total"),
              logins = metric("posthorn_events_total{event=\"imap.login\"}"),
              bytes = metric("posthorn_bytes_received_total");
    struct chat *c = imap(), *stranger = imap();
    assert_true(chat_imap_login(c, user, password));
    assert_non_null(chat_line(stranger));
    assert_int_equal(metric("posthorn_connections{protocol=\"imap\",login=\"yes\"}"), 1);
    assert_int_equal(metric("posthorn_connections{protocol=\"imap\",login=\"no\"}"), 1);
    assert_int_equal(metric("posthorn_connections_parked"), 2);
    assert_int_equal(metric("posthorn_events_total{event=\"imap.login\"}"), logins + 1);
    assert_true(metric("posthorn_connections_total") >= accepted + 2);
    assert_true(metric("posthorn_bytes_received_total") > bytes);
    assert_true(metric("posthorn_memory_resident_bytes") > 0);
    assert_true(metric("posthorn_disk_free_bytes") > 0);
    assert_true(metric("posthorn_fibers{state=\"mapped\"}") > 0);
    assert_true(metric("posthorn_start_time_seconds") > 1000000000);
    assert_int_equal(metric("posthorn_queue_entries"), 0);
    chat_close(c);
    chat_close(stranger);
}

/* --- others ----------------------------------------------------------------------------------- */

static struct chat *ann_imap(void)
{
    struct chat *c = to(PORT_CLEAR);
    if (!chat_imap_login(c, user, password)) fail_now("ann cannot log in");
    return c;
}

/* Somebody else is served as if nothing had happened. */
static void others_are_served(void)
{
    struct chat *c = to(PORT_CLEAR);
    if (!chat_imap_login(c, other, password)) fail_now("ben cannot log in");
    if (chat_imap(c, "STATUS INBOX (MESSAGES)") != 'O') fail_now("ben is not served");
    chat_close(c);
}

/* --- before the log-in ------------------------------------------------------------------------ */

static void a_line_without_end_is_cut(void **state)
{
    (void)state;
    long long before = struck("imap.stranger_line"), known = struck("imap.line");
    struct chat *c = imap(), *ann = ann_imap();
    expect(c, "* OK");
    send_much(c, 'x', 8192 + 1);
    expect_last(c, "* BYE line too long");
    send_much(ann, 'x', 60000); /* a log-in gives more room */
    assert_false(chat_waits(ann, 200));
    send_much(ann, 'x', 6000);
    expect_last(ann, "* BYE line too long");
    others_are_served();
    assert_int_equal(struck("imap.stranger_line"), before + 1);
    assert_int_equal(struck("imap.line"), known + 1);
    chat_close(c);
    chat_close(ann);
}

static void a_line_without_end_is_cut_in_pop3_and_smtp(void **state)
{
    (void)state;
    long long pop3 = struck("pop3.line"), smtp = struck("smtp.line");
    struct chat *p = to(PORT_CLEAR_POP3), *s = to(PORT_SMTP);
    expect(p, "+OK");
    send_much(p, 'x', 300000);
    expect_last(p, "-ERR the line is too long");
    expect(s, "220");
    send_much(s, 'x', 300000);
    expect_last(s, "500 5.5.2");
    assert_int_equal(struck("pop3.line"), pop3 + 1);
    assert_int_equal(struck("smtp.line"), smtp + 1);
    chat_close(p);
    chat_close(s);
}

/* Pipelined, so that a server that does not stop is seen at once. */
static void repeat(struct chat *c, const char *line, int times)
{
    for (int i = 0; i < times; i++)
        if (!chat_say(c, "%s", line)) return;
}

static void strangers_have_so_many_commands(void **state)
{
    (void)state;
    static const struct {
        int port;
        const char *says, *hears, *budget;
    } all[] = {
        { PORT_CLEAR, "a NOOP", "* BYE [LIMIT]", "imap.stranger_commands" },
        { PORT_CLEAR_POP3, "CAPA", "-ERR [SYS/TEMP]", "pop3.stranger_commands" },
        { PORT_CLEAR_SMTP, "NOOP", "421 4.7.0", "smtp.stranger_commands" },
        { PORT_SMTP, "RSET", "421 4.7.0", "smtp.fruitless_commands" },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        long long before = struck(all[i].budget);
        struct chat *c = to(all[i].port);
        repeat(c, all[i].says, 110);
        expect_last(c, all[i].hears);
        assert_int_equal(struck(all[i].budget), before + 1);
        chat_close(c);
        struct chat *again = to(all[i].port); /* it is not held against who comes back */
        assert_non_null(chat_line(again));
        chat_close(again);
    }
    struct chat *ann = ann_imap(); /* who logged in says what he likes */
    for (int i = 0; i < 150; i++)
        assert_int_equal(chat_imap(ann, "NOOP"), 'O');
    chat_close(ann);
}

static void strangers_have_so_many_bytes(void **state)
{
    (void)state;
    long long before = struck("imap.stranger_bytes");
    struct chat *c = imap();
    for (int i = 0; i < 10; i++) {
        chat_say(c, "a LOGIN x {4096+}");
        send_much(c, 'p', 4096);
        send_much(c, ' ', 4000);
        chat_say(c, "y");
    }
    expect_last(c, "* BYE [LIMIT]");
    assert_int_equal(struck("imap.stranger_bytes"), before + 1);
    chat_close(c);
}

/* Whatever is said meanwhile does not begin the time anew. */
static void strangers_have_so_much_time(void **state)
{
    (void)state;
    static const struct {
        int port;
        const char *says, *hears, *budget;
    } all[] = {
        { PORT_CLEAR, "a NOOP", "* BYE", "imap.login" },
        { PORT_CLEAR_POP3, "CAPA", "-ERR", "pop3.login" },
        { PORT_CLEAR_SMTP, "NOOP", "421 4.7.0", "smtp.login" },
    };
    enum { N = sizeof all / sizeof *all };
    struct chat *c[N];
    long long before[N];
    double began = now_s();
    for (int i = 0; i < N; i++) {
        before[i] = struck(all[i].budget);
        c[i] = to(all[i].port);
    }
    while (now_s() < began + 1.5) {
        for (int i = 0; i < N; i++)
            chat_say(c[i], "%s", all[i].says);
        chat_waits(c[0], 1);
        struct timespec nap = { .tv_nsec = 300000000 };
        nanosleep(&nap, NULL);
    }
    for (int i = 0; i < N; i++) {
        expect_last(c[i], all[i].hears);
        assert_int_equal(struck(all[i].budget), before[i] + 1);
        chat_close(c[i]);
    }
    assert_true(now_s() < began + 10);
}

static void errors_have_an_end(void **state)
{
    (void)state;
    static const struct {
        int port;
        const char *says, *hears, *budget;
    } all[] = {
        { PORT_CLEAR, "a HOW", "* BYE", "imap.errors" },
        { PORT_CLEAR_POP3, "HOW", "-ERR too many errors", "pop3.errors" },
        { PORT_SMTP, "HOW", "421 4.7.0", "smtp.errors" },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        long long before = struck(all[i].budget);
        struct chat *c = to(all[i].port);
        repeat(c, all[i].says, 30);
        expect_last(c, all[i].hears);
        assert_int_equal(struck(all[i].budget), before + 1);
        chat_close(c);
    }
    others_are_served();
}

/* --- a message -------------------------------------------------------------------------------- */

static void a_message_has_so_many_recipients_and_bytes(void **state)
{
    (void)state;
    long long rcpts = struck("smtp.recipients"), size = struck("smtp.size");
    struct chat *c = to(PORT_SMTP);
    assert_int_equal(chat_smtp_reply(c), 220);
    assert_int_equal(chat_smtp(c, "EHLO c.test"), 250);
    assert_int_equal(chat_smtp(c, "MAIL FROM:<x@b.test>"), 250);
    for (int i = 0; i < 3; i++)
        assert_int_equal(chat_smtp(c, "RCPT TO:<%s>", user), 250);
    assert_int_equal(chat_smtp(c, "RCPT TO:<%s>", other), 452);
    assert_int_equal(struck("smtp.recipients"), rcpts + 1);
    size_t n = 80000;
    char *message = malloc(n);
    memset(message, 'x', n);
    for (size_t i = 78; i < n; i += 80)
        memcpy(message + i, "\r\n", 2);
    assert_int_equal(chat_smtp(c, "DATA"), 354);
    assert_int_equal(chat_data(c, message, n), 552);
    assert_int_equal(struck("smtp.size"), size + 1);
    assert_int_equal(chat_smtp(c, "MAIL FROM:<x@b.test>"), 250); /* the next one is welcome */
    free(message);
    chat_close(c);
}

/* --- an account ------------------------------------------------------------------------------- */

static bool ann_may_log_in(void *arg)
{
    (void)arg;
    struct chat *c = to(PORT_CLEAR);
    bool in = chat_imap_login(c, user, password);
    chat_close(c);
    return in;
}

static void an_account_has_so_many_connections(void **state)
{
    (void)state;
    enum { MAX = 4 };
    long long before = struck("account.connections");
    struct chat *c[MAX];
    if (!wait_until(ann_may_log_in, NULL, 5)) fail_now("ann cannot log in");
    before = struck("account.connections");
    for (int i = 0; i < MAX - 1; i++)
        c[i] = ann_imap();
    c[MAX - 1] = to(PORT_CLEAR_POP3);
    assert_true(chat_pop3_login(c[MAX - 1], user, password));

    struct chat *i = to(PORT_CLEAR), *p = to(PORT_CLEAR_POP3), *s = to(PORT_CLEAR_SMTP);
    expect(i, "* OK");
    chat_say(i, "x LOGIN %s %s", user, password);
    expect(i, "x NO [LIMIT]");
    expect(p, "+OK");
    chat_say(p, "USER %s", user);
    expect(p, "+OK");
    chat_say(p, "PASS %s", password);
    expect(p, "-ERR [SYS/TEMP]");
    assert_int_equal(chat_smtp_reply(s), 220);
    assert_int_equal(chat_smtp(s, "EHLO c.test"), 250);
    assert_int_equal(chat_smtp(s, "AUTH PLAIN AGFubkBhLnRlc3QAc3ByaW5nLXJhaW4tOQ=="), 454);
    assert_int_equal(struck("account.connections"), before + 3);
    others_are_served();
    assert_int_equal(chat_imap(c[0], "NOOP"), 'O');

    chat_close(c[0]); /* one leaves, another may come, also on the connection that was refused */
    for (int tries = 0; tries < 50; tries++) {
        char answer = chat_imap(i, "LOGIN %s %s", user, password);
        if (answer == 'O') break;
        assert_int_equal(answer, 'N');
        usleep(20000);
    }
    assert_int_equal(chat_imap(i, "SELECT INBOX"), 'O');
    for (int n = 1; n < MAX; n++)
        chat_close(c[n]);
    chat_close(i);
    chat_close(p);
    chat_close(s);
}

/* A literal is as good as a SORT: memory that a command asks for in one piece. */
static void an_account_has_so_much_memory(void **state)
{
    (void)state;
    enum { SOME = 200000, MUCH = 900000 };
    if (!wait_until(ann_may_log_in, NULL, 5)) fail_now("ann cannot log in");
    long long before = struck("account.memory");
    struct chat *holds = ann_imap(), *asks = ann_imap();
    assert_int_equal(chat_imap(holds, "SELECT INBOX"), 'O');
    assert_int_equal(chat_imap(asks, "SELECT INBOX"), 'O');
    chat_say(holds, "h SEARCH SUBJECT {%d+}", SOME);
    send_much(holds, 'x', SOME - 1);
    for (int tries = 0; tries < 100 && metric("posthorn_memory_large_bytes") < SOME; tries++)
        usleep(20000);
    chat_say(asks, "a SEARCH SUBJECT {%d+}", MUCH);
    send_much(asks, 'x', MUCH);
    chat_send(asks, "\r\n", 2);
    expect(asks, "a NO [UNAVAILABLE]");
    assert_int_equal(struck("account.memory"), before + 1);
    assert_int_equal(chat_imap(asks, "SEARCH SUBJECT x"), 'O'); /* small things are always there */
    others_are_served();
    chat_say(holds, "x )"); /* what it held is given back, whatever came of it */
    expect(holds, "h BAD");
    chat_say(asks, "a SEARCH SUBJECT {%d+}", MUCH);
    send_much(asks, 'x', MUCH);
    chat_say(asks, " )");
    expect(asks, "a BAD");
    chat_close(holds);
    chat_close(asks);
}

/* --- connections ------------------------------------------------------------------------------ */

/* At once, of a listener or an address: two for each of the two workers. */
static void so_many_connections_at_once(void **state)
{
    (void)state;
    static const struct {
        int port;
        const char *budget;
    } all[] = { { PORT_FEW, "listener.connections" }, { PORT_FEW_ADDRESS, "address.connections" } };
    enum { MANY = 6 };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        struct chat *c[MANY];
        int in = 0, refused = 0;
        long long before = struck(all[k].budget);
        for (int i = 0; i < MANY; i++) {
            c[i] = to(all[k].port);
            const char *line = chat_line(c[i]);
            in += line && strncmp(line, "220 ", 4) == 0;
            refused += line && strncmp(line, "421 4.3.2 ", 10) == 0;
        }
        assert_int_equal(in + refused, MANY);
        assert_true(refused >= MANY - 4);
        assert_int_equal(struck(all[k].budget), before + refused);
        others_are_served();
        for (int i = 0; i < MANY; i++)
            chat_close(c[i]);
    }
}

/* --- the process ------------------------------------------------------------------------------ */

static void replace(char **text, const char *from, const char *to)
{
    char *at = strstr(*text, from), *whole = NULL;
    if (!at) fail_now("no %s in the configuration", from);
    assert_true(asprintf(&whole, "%.*s%s%s", (int)(at - *text), *text, to, at + strlen(from)) > 0);
    free(*text);
    *text = whole;
}

/* The server again with another setting of [server], and accounts that may have as much as they
 * like. */
static void restart_with(const char *setting)
{
    char *all = file_read(server_config(server), NULL), *text = strdup(all), head[128];
    snprintf(head, sizeof head, "[server]\n%s\n", setting);
    replace(&text, "[server]\n", head);
    replace(&text, "account_conns_max = 4\n", "account_conns_max = 0\n");
    replace(&text, "account_memory_max = 1M\n", "account_memory_max = 0\n");
    assert_int_equal(server_stop(server), 0);
    file_write(server_config(server), text);
    server_restart(server);
    file_write(server_config(server), all);
    free(text);
    free(all);
}

static bool memory_is_short(void *arg)
{
    return metric("posthorn_memory_short") == (arg != NULL);
}

static bool memory_came_back(void *arg)
{
    return metric("posthorn_memory_resident_bytes") < *(long long *)arg + 12 * 1048576;
}

static int times_logged(const char *event)
{
    int n = 0;
    char *all = file_read(server_log(server), NULL);
    for (const char *at = all; (at = strstr(at, event)); at++)
        n++;
    free(all);
    return n;
}

/* Sessions that each hold a large piece until the process is past its ceiling: who comes is told to
 * come back, who is here goes on, and it lifts by itself. */
static void the_ceiling_holds(void **state)
{
    (void)state;
    enum { HOLDERS = 100, PIECE = 900000 };
    char settings[64];
    long long usual = metric("posthorn_memory_resident_bytes");
    snprintf(settings, sizeof settings, "memory_max = %lldM", usual / 1048576 + 24);
    restart_with(settings);
    long long before = struck("process.memory");
    struct chat *ann = ann_imap(), *ben = imap(), *holders[HOLDERS] = { 0 };
    assert_int_equal(chat_imap(ann, "SELECT INBOX"), 'O');
    assert_true(chat_imap_login(ben, other, password));
    int n = 0;
    for (; n < HOLDERS && !memory_is_short(&n); n++) {
        struct chat *c = holders[n] = to(PORT_CLEAR);
        if (!chat_imap_login(c, user, password)) break;
        chat_imap(c, "SELECT INBOX");
        chat_say(c, "h SEARCH SUBJECT {%d+}", PIECE);
        send_much(c, 'x', PIECE - 1);
    }
    if (!wait_until(memory_is_short, &n, 5)) fail_now("the ceiling is not noticed with %d", n);

    struct chat *i = to(PORT_CLEAR), *p = to(PORT_CLEAR_POP3), *s = to(PORT_SMTP);
    expect_last(i, "* BYE [UNAVAILABLE]");
    expect_last(p, "-ERR [SYS/TEMP]");
    expect_last(s, "421 4.3.2");
    assert_true(struck("process.memory") >= before + 3);
    assert_int_equal(chat_imap(ben, "NOOP"), 'O');
    assert_int_equal(chat_append(ben, "INBOX", "Subject: all the same\r\n\r\nx\r\n", 28), 'O');
    chat_say(ann, "a SEARCH SUBJECT {%d+}", PIECE);
    send_much(ann, 'x', PIECE);
    chat_send(ann, "\r\n", 2);
    expect(ann, "a NO [UNAVAILABLE]");
    assert_int_equal(chat_imap(ann, "FETCH 1:* FLAGS"), 'O');

    for (int k = 0; k < HOLDERS; k++)
        chat_close(holders[k]);
    if (!wait_until(memory_is_short, NULL, 20)) fail_now("it does not lift by itself");
    if (!wait_until(memory_came_back, &usual, 15)) fail_now("the memory does not come back");
    assert_int_equal(times_logged("server.memory_short"), 1);
    assert_int_equal(times_logged("server.memory_ok"), 1);
    others_are_served();
    chat_close(i);
    chat_close(p);
    chat_close(s);
    chat_close(ann);
    chat_close(ben);
}

static void the_process_has_so_many_connections(void **state)
{
    (void)state;
    enum { MAX = 20, MANY = 30 };
    restart_with("conns_max = 20");
    struct chat *ann = ann_imap(), *c[MANY];
    int refused = 0;
    for (int i = 0; i < MANY; i++) {
        static const int ports[] = { PORT_CLEAR, PORT_CLEAR_POP3, PORT_SMTP };
        static const char *const words[] = { "* BYE [UNAVAILABLE]", "-ERR [SYS/TEMP]",
                                             "421 4.3.2" };
        c[i] = to(ports[i % 3]);
        const char *line = chat_line(c[i]);
        refused += line && strncmp(line, words[i % 3], strlen(words[i % 3])) == 0;
    }
    assert_int_equal(refused, MANY - (MAX - 1));
    assert_int_equal(struck("process.connections"), refused);
    assert_int_equal(chat_imap(ann, "NOOP"), 'O');
    for (int i = 0; i < MANY; i++)
        chat_close(c[i]);
    if (!wait_until(ann_may_log_in, NULL, 10)) fail_now("it does not lift by itself");
    chat_close(ann);
}

/* --- the server ------------------------------------------------------------------------------- */

/* AddressSanitizer keeps what was freed, 256 MiB of it, so that no ceiling would ever lift. */
static void sanitizer_gives_back(void)
{
    const char *given = getenv("ASAN_OPTIONS");
    char *all;
    assert_true(asprintf(&all,
                         "%s:quarantine_size_mb=1:thread_local_quarantine_size_kb=16:"
                         "allocator_release_to_os_interval_ms=100",
                         given ? given : "") > 0);
    setenv("ASAN_OPTIONS", all, 1);
    free(all);
}

static int set_up(void **state)
{
    (void)state;
    sanitizer_gives_back();
    world = world_new();
    char host[16], *more = NULL;
    const char *at = world_address(world, 2, host);
    static const char auth[] = "[auth]\nargon2_memory = 64K\nargon2_passes = 1\nfail_delay = 50ms\n"
                               "account_conns_max = 4\naccount_memory_max = 1M\n"
                               "[imap]\nlogin = 2s\n[pop3]\nlogin = 2s\nerrors_max = 12\n"
                               "[smtp]\nlogin = 2s\nrcpts_max = 3\nsize_max = 64K\n"
                               "[guard]\ntrusted = 192.0.2.0/24\n";
    assert_true(
        asprintf(
            &more,
            "%s"
            "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
            "[listener clear_pop3]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = "
            "yes\n"
            "[listener clear_smtp]\naddress = %s:%d\nprotocol = submission\ntls = "
            "none\nauth_in_clear = yes\n"
            "[listener few]\naddress = %s:%d\nprotocol = mx\ntls = none\nconns_max = 2\n"
            "[listener few_address]\naddress = %s:%d\nprotocol = mx\ntls = "
            "none\nconns_per_address_max = 2\n",
            auth, at, PORT_CLEAR, at, PORT_CLEAR_POP3, at, PORT_CLEAR_SMTP, at, PORT_FEW, at,
            PORT_FEW_ADDRESS) > 0);
    server = server_start(world, "a.test", more);
    free(more);
    server_user(server, user, password);
    server_user(server, other, password);
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
        cmocka_unit_test(figures_move),
        cmocka_unit_test(a_line_without_end_is_cut),
        cmocka_unit_test(a_line_without_end_is_cut_in_pop3_and_smtp),
        cmocka_unit_test(strangers_have_so_many_commands),
        cmocka_unit_test(strangers_have_so_many_bytes),
        cmocka_unit_test(strangers_have_so_much_time),
        cmocka_unit_test(errors_have_an_end),
        cmocka_unit_test(a_message_has_so_many_recipients_and_bytes),
        cmocka_unit_test(an_account_has_so_many_connections),
        cmocka_unit_test(an_account_has_so_much_memory),
        cmocka_unit_test(so_many_connections_at_once),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(the_process_has_so_many_connections),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
