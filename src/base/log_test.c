/* log_test.c - the list of events is in order, lines are one line whatever a peer sends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

static struct buf seen;
static unsigned lines;

static void keep(void *arg, enum log_level level, str line)
{
    (void)level;
    assert_ptr_equal(arg, &seen);
    buf_reset(&seen);
    buf_add(&seen, line);
    lines++;
}

static int set_up(void **state)
{
    (void)state;
    seen = buf_make(2 * LOG_LINE_BYTES);
    log_to(keep, &seen);
    log_level_set(LOG_DEBUG);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_to(NULL, NULL);
    buf_free(&seen);
    return 0;
}

static void assert_line(str want)
{
    if (!str_eq(buf_str(&seen), want)) fail_msg("%.*s", STR_ARG(buf_str(&seen)));
}

static void the_list_is_in_order_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < log_events_count; i++) {
        if (i && strcmp(log_events[i - 1].name, log_events[i].name) >= 0)
            fail_msg("%s is not in its place", log_events[i].name);
        if (!log_events[i].meaning[0]) fail_msg("%s has no meaning", log_events[i].name);
        if (!str_has(str_of(log_events[i].name), '.')) fail_msg("%s", log_events[i].name);
    }
}

static void a_line_says_who_and_what(void **state)
{
    (void)state;
    log_event(LOG_INFO, "smtp.accepted", S("a1b2"), F_STR("from", S("alice@a.test")),
              F_NUM("size_bytes", UINT64_MAX), F_CSTR("why", NULL));
    assert_line(S("info smtp.accepted session=a1b2 from=alice@a.test "
                  "size_bytes=18446744073709551615 why=\"\"\n"));
    log_fields(LOG_ERROR, "config.error", S(""), NULL, 0);
    assert_line(S("error config.error session=-\n"));
}

static const struct {
    str in, out;
} values[] = {
    { S_INIT("plain=it,is"), S_INIT("plain=it,is") },
    { S_INIT("two words"), S_INIT("\"two words\"") },
    { S_INIT("say \"hi\""), S_INIT("\"say \\\"hi\\\"\"") },
    { S_INIT("back\\slash"), S_INIT("\"back\\\\slash\"") },
    { S_INIT("a\nerror forged session=x"), S_INIT("\"a\\nerror forged session=x\"") },
    { S_INIT("\r\t\0"), S_INIT("\"\\r\\t\\x00\"") },
    { S_INIT("\x1b[31m"), S_INIT("\"\\x1b[31m\"") },
    { S_INIT("\x7f\xc3\xbc\x9b"), S_INIT("\"\\x7f\\xc3\\xbc\\x9b\"") },
};

static void values_cannot_forge_lines_or_reach_the_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        log_event(LOG_INFO, "smtp.refused", S("s"), F_STR("v", values[i].in));
        str line = str_chomp(buf_str(&seen));
        assert_true(str_eq(str_from(line, str_find(line, S(" v=")) + 3), values[i].out));
        log_fields(LOG_INFO, "smtp.refused", values[i].in, NULL, 0); /* the session's id too */
        line = str_chomp(buf_str(&seen));
        assert_true(str_ends(line, values[i].out));
    }
}

static void long_values_and_long_lines_are_cut_and_say_so(void **state)
{
    (void)state;
    static char text[LOG_VALUE_BYTES + 1];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = 'x';
    log_event(LOG_INFO, "smtp.refused", S("s"), F_STR("v", ((str){ text, LOG_VALUE_BYTES })));
    assert_true(str_ends(buf_str(&seen), S("xx\n")));
    log_event(LOG_INFO, "smtp.refused", S("s"), F_STR("v", ((str){ text, sizeof text })));
    assert_true(str_ends(buf_str(&seen), S("xx…\"\n")));

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = '\1';
    str bad = { text, LOG_VALUE_BYTES };
    log_event(LOG_INFO, "smtp.refused", bad, F_STR("v", bad), F_NUM("n", 5), F_NUM("m", 6));
    assert_true(seen.n <= LOG_LINE_BYTES);
    assert_true(str_ends(buf_str(&seen), S("\" cut=1\n")));
    assert_int_equal(str_chr(buf_str(&seen), '\n'), seen.n - 1);
}

static void levels_hide_lines_but_every_event_is_counted(void **state)
{
    (void)state;
    size_t row = 0;
    while (strcmp(log_events[row].name, "imap.login") != 0)
        row++;
    uint64_t before = log_event_total(row);
    unsigned lines_before = lines;
    log_level_set(LOG_WARN);
    assert_true(log_wants(LOG_ERROR) && log_wants(LOG_WARN) && !log_wants(LOG_INFO));
    log_event(LOG_INFO, "imap.login", S("s"), F_NUM("n", 1));
    log_event(LOG_WARN, "imap.login", S("s"), F_NUM("n", 1));
    log_to(NULL, NULL);
    log_event(LOG_WARN, "imap.login", S("s"), F_NUM("n", 1));
    assert_int_equal(lines, lines_before + 1);
    assert_int_equal(log_event_total(row), before + 3);
}

static void an_event_that_is_not_listed_ends_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
        signal(SIGABRT, SIG_DFL);
        close(2);
        log_fields(LOG_DEBUG, "smtp.unheard_of", S("s"), NULL, 0);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_in_order_and_explained),
        cmocka_unit_test_setup_teardown(a_line_says_who_and_what, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_cannot_forge_lines_or_reach_the_terminal, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(long_values_and_long_lines_are_cut_and_say_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(levels_hide_lines_but_every_event_is_counted, set_up,
                                        tear_down),
        cmocka_unit_test(an_event_that_is_not_listed_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
