/* pop3_test.c - whole POP3 sessions over a store in memory: states, deletion, lines, numbers,
 * locks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "pop3/pop3_fixture.h"

static const char first[] = "Subject: one\r\n\r\nHello.\r\n";
static const char second[] = "Subject: two\r\nX: y\r\n\r\n.\r\n..two dots\r\nmiddle . dot\r\n.end";
#define LOGIN "USER alice@a.test\r\nPASS secret\r\n"

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_open(p);
    place_append(p, str_of(first));
    place_append(p, str_of(second));
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place_end(*state);
    mem_free(*state);
    return 0;
}

/* Says it, and gives all that came since the last time, NUL-terminated. */
static const char *ask(struct place *p, int socket, const char *text)
{
    buf_reset(&p->heard);
    client_send(p, socket, str_of(text));
    (void)client_hear(p, socket);
    buf_addc(&p->heard, '\0');
    return p->heard.p;
}

static int greeted(struct place *p)
{
    int s = client_open(p);
    assert_string_equal(ask(p, s, ""), "+OK Posthorn POP3 ready\r\n");
    return s;
}

static int logged_in(struct place *p)
{
    int s = greeted(p);
    assert_non_null(strstr(ask(p, s, LOGIN), "+OK 2 messages, "));
    return s;
}

static void expect_end(struct place *p, int socket)
{
    buf_reset(&p->heard);
    assert_true(client_hear(p, socket));
    seam_socket_close(p->seam, socket);
}

static bool says(const char *got, const char *start)
{
    if (str_starts(str_of(got), str_of(start))) return true;
    print_error("got: %s\n", got);
    return false;
}

/* --- states ----------------------------------------------------------------------------------- */

static void each_command_has_its_states(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *line, *before, *after; /* how the answer begins before and after log-in */
    } cases[] = {
        { "CAPA", "+OK", "+OK" },
        { "STAT", "-ERR log in", "+OK 2 " },
        { "LIST", "-ERR log in", "+OK" },
        { "UIDL", "-ERR log in", "+OK" },
        { "RETR 1", "-ERR log in", "+OK" },
        { "TOP 1 0", "-ERR log in", "+OK" },
        { "DELE 1", "-ERR log in", "+OK" },
        { "RSET", "-ERR log in", "+OK" },
        { "NOOP", "-ERR log in", "+OK" },
        { "noop", "-ERR log in", "+OK" },
        { "USER alice@a.test", "+OK", "-ERR you are" },
        { "PASS secret", "-ERR USER comes", "-ERR you are" },
        { "AUTH PLAIN =", "-ERR that is no", "-ERR you are" },
        { "AUTH CRAM-MD5", "-ERR only PLAIN", "-ERR you are" },
        { "STLS", "+OK", "-ERR you are" },
        { "UTF8", "-ERR no such", "-ERR no such" },
        { "", "-ERR", "-ERR" },
        { " STAT", "-ERR", "-ERR" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf line = buf_make(100);
        buf_addf(&line, "%s\r\n", cases[i].line);
        buf_addc(&line, '\0');
        int s = greeted(p);
        assert_true(says(ask(p, s, line.p), cases[i].before));
        seam_socket_close(p->seam, s);
        run_for(p, 100);
        s = logged_in(p);
        assert_true(says(ask(p, s, line.p), cases[i].after));
        seam_socket_close(p->seam, s);
        run_for(p, 100);
        buf_free(&line);
    }
}

static void what_is_offered_depends_on_the_state(void **state)
{
    struct place *p = *state;
    int s = greeted(p);
    const char *before = ask(p, s, "CAPA\r\n");
    assert_non_null(strstr(before, "\r\nSTLS\r\n"));
    assert_non_null(strstr(before, "\r\nSASL PLAIN\r\n"));
    assert_null(strstr(before, "UTF8"));
    const char *after = ask(p, s, LOGIN "CAPA\r\n");
    assert_null(strstr(after, "STLS"));
    assert_null(strstr(after, "SASL"));
    seam_socket_close(p->seam, s);
}

static void no_password_in_clear_unless_the_listener_allows_it(void **state)
{
    struct place *p = *state;
    p->server.auth_in_clear = false;
    int s = greeted(p);
    assert_true(says(ask(p, s, "USER alice@a.test\r\n"), "-ERR [AUTH]"));
    assert_true(says(ask(p, s, "PASS secret\r\n"), "-ERR [AUTH]"));
    assert_true(says(ask(p, s, "AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\r\n"), "-ERR [AUTH]"));
    assert_null(strstr(ask(p, s, "CAPA\r\n"), "SASL"));
    seam_socket_close(p->seam, s);
}

static void logging_in_with_auth_plain(void **state)
{
    struct place *p = *state;
    int s = greeted(p);
    assert_true(says(ask(p, s, "AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\r\n"), "+OK 2 messages"));
    assert_true(says(ask(p, s, "QUIT\r\n"), "+OK"));
    expect_end(p, s);
    s = greeted(p);
    assert_true(says(ask(p, s, "AUTH PLAIN\r\n"), "+ \r\n"));
    assert_true(says(ask(p, s, "*\r\n"), "-ERR cancelled"));
    assert_true(says(ask(p, s, "auth plain\r\n"), "+ \r\n"));
    assert_true(says(ask(p, s, "!!!\r\n"), "-ERR that is no PLAIN"));
    assert_true(says(ask(p, s, "AUTH PLAIN\r\n"), "+ \r\n"));
    assert_true(says(ask(p, s, "AGFsaWNlQGEudGVzdABzZWNyZXQ=\r\n"), "+OK 2 messages"));
    seam_socket_close(p->seam, s);
}

static void the_same_words_for_every_failure_and_then_goodbye(void **state)
{
    struct place *p = *state;
    static const char wrong[] = "-ERR [AUTH] wrong user name or password\r\n";
    int s = greeted(p);
    assert_string_equal(ask(p, s, "USER alice@a.test\r\n"), "+OK and the password?\r\n");
    assert_string_equal(ask(p, s, "PASS wrong\r\n"), wrong);
    assert_string_equal(ask(p, s, "USER nobody@a.test\r\n"), "+OK and the password?\r\n");
    assert_string_equal(ask(p, s, "PASS secret\r\n"), wrong);
    assert_string_equal(ask(p, s, "PASS secret\r\n"), "-ERR USER comes first\r\n");
    assert_string_equal(ask(p, s, "AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==\r\n"), wrong);
    expect_end(p, s);
}

static void what_follows_stls_in_clear_ends_the_session(void **state)
{
    struct place *p = *state;
    int s = greeted(p);
    assert_true(says(ask(p, s, "STLS\r\nUSER alice@a.test\r\n"), "-ERR commands behind STLS"));
    expect_end(p, s);
    p->server.can_starttls = false;
    s = greeted(p);
    assert_true(says(ask(p, s, "STLS\r\n"), "-ERR STLS is not possible"));
    seam_socket_close(p->seam, s);
}

/* --- the maildrop ----------------------------------------------------------------------------- */

static void counting_and_naming(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    assert_string_equal(ask(p, s, "STAT\r\n"), "+OK 2 79\r\n");
    assert_string_equal(ask(p, s, "LIST\r\n"), "+OK 2 messages\r\n1 24\r\n2 55\r\n.\r\n");
    assert_string_equal(ask(p, s, "LIST 2\r\n"), "+OK 2 55\r\n");
    struct buf before = buf_make(1000);
    buf_add(&before, str_of(ask(p, s, "UIDL\r\n")));
    seam_socket_close(p->seam, s);
    run_for(p, 100);
    place_append(p, S("\r\n"));
    s = greeted(p);
    (void)ask(p, s, LOGIN);
    const char *after = ask(p, s, "UIDL\r\n");
    str same = str_take(buf_str(&before), before.n - 3); /* but for the last dot */
    assert_true(str_starts(str_of(after), same));
    assert_false(str_eq(str_of(after), buf_str(&before)));
    seam_socket_close(p->seam, s);
    buf_free(&before);
}

static void dots_are_doubled_and_the_end_is_an_end(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    assert_string_equal(ask(p, s, "RETR 1\r\n"),
                        "+OK 24 bytes\r\nSubject: one\r\n\r\nHello.\r\n.\r\n");
    assert_string_equal(
        ask(p, s, "RETR 2\r\n"),
        "+OK 55 bytes\r\nSubject: two\r\nX: y\r\n\r\n..\r\n...two dots\r\nmiddle . dot\r\n"
        "..end\r\n.\r\n");
    seam_socket_close(p->seam, s);
}

static void top_gives_the_header_and_so_many_lines(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    assert_string_equal(ask(p, s, "TOP 2 0\r\n"),
                        "+OK 55 bytes\r\nSubject: two\r\nX: y\r\n\r\n.\r\n");
    assert_string_equal(ask(p, s, "TOP 2 1\r\n"),
                        "+OK 55 bytes\r\nSubject: two\r\nX: y\r\n\r\n..\r\n.\r\n");
    assert_string_equal(ask(p, s, "TOP 1 4294967295\r\n"),
                        "+OK 24 bytes\r\nSubject: one\r\n\r\nHello.\r\n.\r\n");
    assert_true(says(ask(p, s, "TOP 1\r\n"), "-ERR TOP wants"));
    assert_true(says(ask(p, s, "TOP 1 -1\r\n"), "-ERR TOP wants"));
    assert_true(says(ask(p, s, "TOP 3 1\r\n"), "-ERR no such message"));
    seam_socket_close(p->seam, s);
}

/* Longer than any piece in which a body is read, with a dot at every line's begin. */
static void a_long_message_is_whole(void **state)
{
    struct place *p = *state;
    struct buf text = buf_make(1 << 20), wanted = buf_make(1 << 21);
    buf_add(&text, S("Subject: long\r\n\r\n"));
    for (int i = 0; text.n < 200000; i++) {
        buf_addc(&text, '.');
        buf_fill(&text, 'x', (size_t)i * 7 % 90);
        buf_add(&text, S("\r\n"));
    }
    place_append(p, buf_str(&text));
    buf_addf(&wanted, "+OK %zu bytes\r\n", text.n);
    str rest = buf_str(&text), line;
    while (str_split(&rest, '\n', &line)) {
        if (str_starts(line, S("."))) buf_addc(&wanted, '.');
        buf_add(&wanted, line);
        buf_addc(&wanted, '\n');
    }
    buf_add(&wanted, S(".\r\n"));
    int s = greeted(p);
    (void)ask(p, s, LOGIN);
    (void)ask(p, s, "RETR 3\r\n");
    assert_true(str_eq(str_take(buf_str(&p->heard), p->heard.n - 1), buf_str(&wanted)));
    seam_socket_close(p->seam, s);
    buf_free(&text);
    buf_free(&wanted);
}

/* --- deleting --------------------------------------------------------------------------------- */

static void only_quit_deletes(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    assert_string_equal(ask(p, s, "DELE 1\r\n"), "+OK goes at QUIT\r\n");
    assert_string_equal(ask(p, s, "DELE 1\r\n"), "-ERR no such message\r\n");
    assert_string_equal(ask(p, s, "RETR 1\r\n"), "-ERR no such message\r\n");
    assert_string_equal(ask(p, s, "LIST 1\r\n"), "-ERR no such message\r\n");
    assert_string_equal(ask(p, s, "STAT\r\n"), "+OK 1 55\r\n");
    assert_string_equal(ask(p, s, "LIST\r\n"), "+OK 1 messages\r\n2 55\r\n.\r\n");
    assert_string_equal(ask(p, s, "RSET\r\n"), "+OK 2 messages stay\r\n");
    assert_string_equal(ask(p, s, "STAT\r\n"), "+OK 2 79\r\n");
    assert_string_equal(ask(p, s, "DELE 2\r\n"), "+OK goes at QUIT\r\n");
    assert_int_equal(place_messages(p), 2);
    assert_string_equal(ask(p, s, "QUIT\r\n"), "+OK goodbye, 1 deleted\r\n");
    expect_end(p, s);
    assert_int_equal(place_messages(p), 1);
    s = greeted(p);
    (void)ask(p, s, LOGIN);
    assert_string_equal(ask(p, s, "LIST\r\n"), "+OK 1 messages\r\n1 24\r\n.\r\n");
    seam_socket_close(p->seam, s);
}

static void every_other_end_deletes_nothing(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    (void)ask(p, s, "DELE 1\r\n");
    seam_socket_close(p->seam, s); /* cut */
    run_for(p, 100);
    s = logged_in(p);
    (void)ask(p, s, "DELE 1\r\nQUIT"); /* the last line never ended */
    seam_shutdown_write(p->seam, s);
    run_for(p, 100);
    seam_socket_close(p->seam, s);
    s = logged_in(p);
    (void)ask(p, s, "DELE 1\r\n");
    run_for(p, 700000); /* too long silent */
    assert_true(says(ask(p, s, ""), "-ERR too long silent"));
    expect_end(p, s);
    s = logged_in(p);
    (void)ask(p, s, "DELE 1\r\n?\r\n?\r\n?\r\n?\r\n?\r\n"); /* too many errors */
    expect_end(p, s);
    assert_int_equal(place_messages(p), 2);
}

static void a_failed_commit_is_not_ok(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    (void)ask(p, s, "DELE 1\r\n");
    engine_memory_fail(p->engine, 1);
    assert_true(says(ask(p, s, "QUIT\r\n"), "-ERR [SYS/TEMP]"));
    expect_end(p, s);
    assert_int_equal(place_messages(p), 2);
}

static void one_session_at_a_time(void **state)
{
    struct place *p = *state;
    int s = logged_in(p), other = greeted(p);
    assert_non_null(strstr(ask(p, other, LOGIN), "-ERR [IN-USE]"));
    assert_true(says(ask(p, s, "QUIT\r\n"), "+OK"));
    expect_end(p, s);
    assert_non_null(strstr(ask(p, other, LOGIN), "+OK 2 messages"));
    seam_socket_close(p->seam, other);
}

/* Numbers stay while the session lasts, whatever another client does. */
static void what_another_client_expunges_keeps_its_number(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    struct arena a = arena_make(4096);
    struct uidset uids = uidset_make(&a);
    struct view *v = store_view(p->store);
    struct mailbox box;
    assert_int_equal(store_mailbox_find(v, p->alice, S("INBOX"), &box), OK);
    view_end(v);
    assert_true(uidset_add(&uids, 1, 1));
    struct expunge x = {
        .account = p->alice, .mailbox = box.id, .uids = &uids, .unconditional = true
    };
    assert_int_equal(store_expunge(p->store, &x, NULL), OK);
    place_append(p, str_of(first));
    assert_string_equal(ask(p, s, "LIST\r\n"), "+OK 2 messages\r\n1 24\r\n2 55\r\n.\r\n");
    assert_string_equal(ask(p, s, "DELE 1\r\n"), "+OK goes at QUIT\r\n");
    assert_true(says(ask(p, s, "QUIT\r\n"), "+OK"));
    expect_end(p, s);
    assert_int_equal(place_messages(p), 2); /* the second and the new one */
    arena_free(&a);
}

/* --- bad input -------------------------------------------------------------------------------- */

static void numbers_do_not_wrap(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = { "0",
                                       "-1",
                                       "+1",
                                       "1 ",
                                       " 1",
                                       "01x",
                                       "4294967297",
                                       "18446744073709551617",
                                       "99999999999999999999999999",
                                       "1,2",
                                       "" };
    p->settings.errors_max = 100;
    int s = logged_in(p);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct buf line = buf_make(100);
        buf_addf(&line, "RETR %s\r\n", bad[i]);
        buf_addc(&line, '\0');
        assert_true(says(ask(p, s, line.p), "-ERR that is no message number"));
        buf_free(&line);
    }
    assert_true(says(ask(p, s, "RETR 4294967295\r\n"), "-ERR no such message"));
    seam_socket_close(p->seam, s);
}

static void a_line_too_long_is_refused_whole(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    struct buf line = buf_make(100000);
    buf_add(&line, S("NOOP "));
    buf_fill(&line, 'x', 70000);
    buf_add(&line, S(" DELE 1\r\nSTAT\r\n"));
    buf_addc(&line, '\0');
    assert_string_equal(ask(p, s, line.p), "-ERR the line is too long\r\n+OK 2 79\r\n");
    buf_free(&line);
    seam_socket_close(p->seam, s);
}

static void bare_line_ends_and_nul_are_refused(void **state)
{
    struct place *p = *state;
    int s = logged_in(p);
    assert_true(says(ask(p, s, "NOOP\rDELE 1\r\n"), "-ERR"));
    buf_reset(&p->heard);
    client_send(p, s, (str){ "DELE 1\0\r\n", 9 });
    (void)client_hear(p, s);
    assert_true(str_starts(buf_str(&p->heard), S("-ERR")));
    assert_string_equal(ask(p, s, "STAT\r\n"), "+OK 2 79\r\n");
    assert_string_equal(ask(p, s, "DELE 1\nDELE 2\r\n"),
                        "-ERR a line ends with CR LF, goodbye\r\n");
    seam_socket_close(p->seam, s);
}

static void commands_may_come_all_at_once(void **state)
{
    struct place *p = *state;
    int s = greeted(p);
    assert_string_equal(ask(p, s, LOGIN "STAT\r\nDELE 1\r\nSTAT\r\nQUIT\r\nDELE 2\r\n"),
                        "+OK and the password?\r\n+OK 2 messages, 79 bytes\r\n+OK 2 79\r\n"
                        "+OK goes at QUIT\r\n+OK 1 55\r\n+OK goodbye, 1 deleted\r\n");
    expect_end(p, s);
    assert_int_equal(place_messages(p), 1);
}

/* A web form that a stranger's page makes a browser post here. */
static void a_web_form_is_no_session(void **state)
{
    struct place *p = *state;
    int s = greeted(p);
    assert_string_equal(ask(p, s, "POST / HTTP/1.1\r\nHost: x\r\n\r\n" LOGIN),
                        "-ERR this is no web server, goodbye\r\n");
    expect_end(p, s);
}

static void a_stranger_must_log_in_in_time(void **state)
{
    struct place *p = *state;
    int s = greeted(p);
    run_for(p, 61000);
    assert_true(says(ask(p, s, ""), "-ERR too long silent"));
    expect_end(p, s);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(each_command_has_its_states),
        IN_PLACE(what_is_offered_depends_on_the_state),
        IN_PLACE(no_password_in_clear_unless_the_listener_allows_it),
        IN_PLACE(logging_in_with_auth_plain),
        IN_PLACE(the_same_words_for_every_failure_and_then_goodbye),
        IN_PLACE(what_follows_stls_in_clear_ends_the_session),
        IN_PLACE(counting_and_naming),
        IN_PLACE(dots_are_doubled_and_the_end_is_an_end),
        IN_PLACE(top_gives_the_header_and_so_many_lines),
        IN_PLACE(a_long_message_is_whole),
        IN_PLACE(only_quit_deletes),
        IN_PLACE(every_other_end_deletes_nothing),
        IN_PLACE(a_failed_commit_is_not_ok),
        IN_PLACE(one_session_at_a_time),
        IN_PLACE(what_another_client_expunges_keeps_its_number),
        IN_PLACE(numbers_do_not_wrap),
        IN_PLACE(a_line_too_long_is_refused_whole),
        IN_PLACE(bare_line_ends_and_nul_are_refused),
        IN_PLACE(commands_may_come_all_at_once),
        IN_PLACE(a_web_form_is_no_session),
        IN_PLACE(a_stranger_must_log_in_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
