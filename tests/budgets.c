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

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143 };
static const char user[] = "ann@a.test", password[] = "spring-rain-9";
static struct world *world;
static struct server *server;

/* --- figures ---------------------------------------------------------------------------------- */

/* The value of a line of `posthorn metrics`, by all that stands before it. */
static long long metric(const char *name)
{
    int status;
    const char *all = CLI(server, NULL, &status, "metrics");
    if (status) fail_now("metrics: %s", all);
    size_t n = strlen(name);
    for (const char *line = all; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, name, n) == 0 && line[n] == ' ') return atoll(line + n + 1);
    }
    fail_now("no %s in:\n%s", name, all);
}

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

/* --- the server ------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    char more[4096], host[16];
    snprintf(
        more, sizeof more,
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n",
        world_address(world, 2, host), PORT_CLEAR);
    server = server_start(world, "a.test", more);
    server_user(server, user, password);
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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
