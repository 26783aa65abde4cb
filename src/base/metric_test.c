/* metric_test.c - the table is in order, threads count without losing any, the text is Prometheus'.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include "base/budget.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"

static void the_table_is_in_order_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRICS; i++) {
        const struct metric_row *row = &metrics[i];
        if (!row->name) fail_msg("row %zu is empty", i);
        int order = i ? strcmp(metrics[i - 1].name, row->name) : -1;
        if (order > 0) fail_msg("%s is not in its place", row->name);
        if ((order == 0) != !row->help) fail_msg("%s: one help a name", row->name);
        if (order == 0 && (!row->labels || !metrics[i - 1].labels)) fail_msg("%s", row->name);
        if (order == 0 && row->kind != metrics[i - 1].kind) fail_msg("%s", row->name);
        bool total = str_ends(str_of(row->name), S("_total"));
        if (total != (row->kind == METRIC_COUNTER)) fail_msg("%s", row->name);
    }
}

enum { THREADS = 4, ROUNDS = 100000 };

static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(METRIC_BYTES_IN, 3);
        metric_add(METRIC_CONNS_IMAP, 1);
        if (i % 2) metric_sub(METRIC_CONNS_IMAP, 2);
    }
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    (void)state;
    uint64_t before = metric_value(METRIC_BYTES_IN), open = metric_value(METRIC_CONNS_IMAP);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(METRIC_BYTES_IN) - before, 3 * THREADS * ROUNDS);
    assert_int_equal(metric_value(METRIC_CONNS_IMAP), open);
}

static void a_gauge_goes_up_and_down(void **state)
{
    (void)state;
    metric_add(METRIC_CONNS_POP3, 5);
    metric_sub(METRIC_CONNS_POP3, 3);
    assert_int_equal(metric_value(METRIC_CONNS_POP3), 2);
    metric_sub(METRIC_CONNS_POP3, 2);
    assert_int_equal(metric_value(METRIC_CONNS_POP3), 0);
    metric_set(METRIC_QUEUE, 41);
    metric_set(METRIC_QUEUE, 17);
    assert_int_equal(metric_value(METRIC_QUEUE), 17);
}

static void assert_has(str all, str line)
{
    if (str_find(all, line) == STR_NPOS) fail_msg("no %.*s in %.*s", STR_ARG(line), STR_ARG(all));
}

static void the_text_is_prometheus(void **state)
{
    (void)state;
    struct buf out = buf_make(1 << 20);
    budget_struck(BUDGET_IMAP_LINE);
    log_fields(LOG_DEBUG, "imap.login", (str){ 0 }, NULL, 0);
    metric_set(METRIC_QUEUE, 9);
    metric_print(&out);
    str all = buf_str(&out);
    assert_has(all, S("# HELP posthorn_queue_entries Recipients that wait for other servers.\n"
                      "# TYPE posthorn_queue_entries gauge\nposthorn_queue_entries 9\n"));
    assert_has(all, S("\nposthorn_budget_exceeded_total{budget=\"imap.line\"} 1\n"));
    assert_has(all, S("\nposthorn_events_total{event=\"imap.login\"} 1\n"));
    assert_has(all, S("\nposthorn_events_total{event=\"imap.logout\"} 0\n"));
    assert_has(all, S("\nposthorn_connections{protocol=\"pop3\",login=\"yes\"} 0\n"));
    str line, rest = all;
    while (str_split(&rest, '\n', &line))
        if (!str_starts(line, S("posthorn_")) && !str_starts(line, S("# ")))
            fail_msg("%.*s", STR_ARG(line));
    assert_false(out.full);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_in_order_and_explained),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(a_gauge_goes_up_and_down),
        cmocka_unit_test(the_text_is_prometheus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
