/* limit_test.c - MESSAGELIMIT: each command with more messages than one may be about.
 *
 * RFC 9738 3. The limit is 3; six messages have the UIDs 1 to 6. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "imap/server_fixture.h"

enum { MAX = 3, ANSWER_MAX = 4000 };

/* What is said until the tagged answer and with it, lines joined by "|"; an answer's text is left
 * out behind its code. */
static const char *ask(const char *command)
{
    static char all[ANSWER_MAX];
    const char *line;
    size_t n = 0;
    all[0] = '\0';
    client_send(0, str_of(command), false);
    do {
        line = client_line(0, 5000);
        if (!line) fail_msg("%s: %s: silence after '%s'", w.playing, command, all);
        const char *end =
            line[0] == 't' || strncmp(line, "* NO ", 5) == 0 ? strchr(line, ']') : NULL;
        int length = end ? (int)(end - line + 1) : (int)strlen(line);
        n += (size_t)snprintf(all + n, ANSWER_MAX - n, "%s%.*s", n ? "|" : "", length, line);
    } while (line[0] != 't');
    return all;
}

static void expect(const char *command, const char *answer)
{
    const char *got = ask(command);
    if (strcmp(got, answer) != 0)
        fail_msg("%s: %s\n  expected: %s\n       got: %s", w.playing, command, answer, got);
}

static void begin(const char *playing)
{
    w.playing = playing;
    world_begin();
    w.settings.messages_max = MAX;
    client_open(0);
    assert_non_null(client_line(0, 5000));
    (void)ask("t LOGIN alice@a.test secret");
    for (int i = 0; i < 6; i++)
        (void)ask("t APPEND INBOX {17+}\r\nSubject: x\r\n\r\nabc\r\n");
    (void)ask("t SELECT INBOX");
}

static void the_newest_are_fetched(void **state)
{
    (void)state;
    begin("FETCH");
    assert_non_null(strstr(ask("t CAPABILITY"), " MESSAGELIMIT=3 "));
    expect("t FETCH 1:* UID",
           "* 4 FETCH (UID 4)|* 5 FETCH (UID 5)|* 6 FETCH (UID 6)|t OK [MESSAGELIMIT 3 4]");
    expect("t UID FETCH 1:3 UID",
           "* 1 FETCH (UID 1)|* 2 FETCH (UID 2)|* 3 FETCH (UID 3)|t OK FETCH completed");
    expect("t UID FETCH 1:2,5:6 UID",
           "* 2 FETCH (UID 2)|* 5 FETCH (UID 5)|* 6 FETCH (UID 6)|t OK [MESSAGELIMIT 3 2]");
    expect("t FETCH 1:2,3,5 UID (PARTIAL 1:3)",
           "* 1 FETCH (UID 1)|* 2 FETCH (UID 2)|* 3 FETCH (UID 3)|t OK FETCH completed");
    expect("t FETCH 1:2 UID (PARTIAL -1:-4)", "t NO [MESSAGELIMIT 3]");
    expect("t UID FETCH 1:4,6 (UID BODY[]<0.1>)",
           "* 3 FETCH (UID 3 BODY[]<0> {1}|S)|* 4 FETCH (UID 4 BODY[]<0> {1}|S)|"
           "* 6 FETCH (UID 6 BODY[]<0> {1}|S)|* 3 FETCH (UID 3 FLAGS (\\Seen))|"
           "* 4 FETCH (UID 4 FLAGS (\\Seen))|* 6 FETCH (UID 6 FLAGS (\\Seen))|"
           "t OK [MESSAGELIMIT 3 3]");
    world_end();
}

/* RFC 7162: what the answer has to say of its own stays there. */
static void the_newest_are_changed(void **state)
{
    (void)state;
    begin("STORE");
    expect("t STORE 1:* +FLAGS.SILENT (\\Deleted)", "t OK [MESSAGELIMIT 3 4]");
    expect("t SEARCH 1:3 DELETED", "* SEARCH|t OK SEARCH completed");
    expect("t UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)",
           "* OK [HIGHESTMODSEQ 8] last|* NO [MESSAGELIMIT 3 4]|t OK [MODIFIED 4:6]");
    world_end();
}

static void a_copy_is_whole_and_a_move_is_not(void **state)
{
    (void)state;
    begin("COPY");
    expect("t UID COPY 1:* Archive", "t NO [MESSAGELIMIT 3 4]");
    expect("t COPY 2:5 Archive", "t NO [MESSAGELIMIT 3 3]");
    assert_non_null(strstr(ask("t COPY 1,3,5 Archive"), "t OK [COPYUID "));
    assert_non_null(strstr(ask("t UID MOVE 1:* Trash"),
                           "* 6 EXPUNGE|* 5 EXPUNGE|* 4 EXPUNGE|t OK [MESSAGELIMIT 3 4]"));
    assert_non_null(strstr(ask("t UID MOVE 1:* Trash"), "t OK MOVE completed"));
    world_end();
}

static void what_is_marked_counts_for_expunge(void **state)
{
    (void)state;
    begin("EXPUNGE");
    (void)ask("t ENABLE QRESYNC");
    (void)ask("t STORE 1:3 +FLAGS.SILENT (\\Deleted)");
    (void)ask("t STORE 5:6 +FLAGS.SILENT (\\Deleted)");
    assert_non_null(
        strstr(ask("t UID EXPUNGE 1:5"), "* NO [MESSAGELIMIT 3 2]|t OK [HIGHESTMODSEQ "));
    expect("t UID SEARCH DELETED", "* SEARCH 1 6|t OK SEARCH completed");
    (void)ask("t STORE 1:* +FLAGS.SILENT (\\Deleted)");
    (void)ask("t APPEND INBOX (\\Deleted) {17+}\r\nSubject: x\r\n\r\nabc\r\n");
    assert_non_null(strstr(ask("t EXPUNGE"), "* VANISHED 1,4,6:7|t OK [HIGHESTMODSEQ "));
    world_end();
}

static void the_newest_are_searched(void **state)
{
    (void)state;
    begin("SEARCH");
    (void)ask("t STORE 2,4,6 +FLAGS.SILENT (\\Seen)");
    expect("t SEARCH SEEN", "* SEARCH 4 6|t OK [MESSAGELIMIT 3 4]");
    expect("t SEARCH 1:3 SEEN", "* SEARCH 2|t OK SEARCH completed");
    expect("t SEARCH RETURN (COUNT MIN SAVE) ALL",
           "* ESEARCH (TAG \"t\") MIN 4 COUNT 3|t OK [MESSAGELIMIT 3 4]");
    expect("t FETCH $ UID",
           "* 4 FETCH (UID 4)|* 5 FETCH (UID 5)|* 6 FETCH (UID 6)|t OK FETCH completed");
    expect("t SEARCH UIDAFTER 3", "* SEARCH 4 5 6|t OK SEARCH completed");
    expect("t SEARCH UIDAFTER 6", "* SEARCH|t OK SEARCH completed");
    expect("t SEARCH UIDAFTER 4294967295", "* SEARCH|t OK SEARCH completed");
    expect("t SEARCH UIDBEFORE 3", "* SEARCH 1 2|t OK SEARCH completed");
    expect("t SEARCH UIDBEFORE 1", "* SEARCH|t OK SEARCH completed");
    expect("t SEARCH UIDAFTER 1 (UIDBEFORE 5 SEEN)", "* SEARCH 2 4|t OK SEARCH completed");
    expect("t SEARCH NOT UIDAFTER 5", "* SEARCH 4 5|t OK [MESSAGELIMIT 3 4]");
    expect("t SEARCH RETURN (UPDATE COUNT) ALL",
           "* ESEARCH (TAG \"t\") COUNT 3|* NO [NOUPDATE \"t\"]|t OK [MESSAGELIMIT 3 4]");
    world_end();
}

static void an_order_is_of_all(void **state)
{
    (void)state;
    begin("SORT");
    expect("t SORT (ARRIVAL) UTF-8 ALL", "t NO [MESSAGELIMIT 3]");
    expect("t UID THREAD REFERENCES UTF-8 ALL", "t NO [MESSAGELIMIT 3]");
    expect("t UID SORT (REVERSE SIZE) UTF-8 UIDAFTER 3", "* SORT 4 5 6|t OK SORT completed");
    assert_non_null(strstr(ask("t ESEARCH IN (inboxes) RETURN (COUNT) UIDAFTER 4"),
                           ") UID COUNT 2|t OK ESEARCH completed"));
    expect("t ESEARCH IN (personal) RETURN (COUNT) ALL", "t NO [MESSAGELIMIT 3]");
    world_end();
}

static void an_append_is_whole(void **state)
{
    (void)state;
    begin("APPEND");
    expect("t APPEND Drafts {4+}\r\na: b {4+}\r\na: b {4+}\r\na: b {4+}\r\na: b",
           "t NO [MESSAGELIMIT 3]");
    expect("t STATUS Drafts (MESSAGES)", "* STATUS \"Drafts\" (MESSAGES 0)|t OK STATUS completed");
    assert_non_null(
        strstr(ask("t APPEND Drafts {4+}\r\na: b {4+}\r\na: b {4+}\r\na: b"), "t OK [APPENDUID "));
    w.settings.messages_max = 0;
    assert_null(strstr(ask("t CAPABILITY"), "MESSAGELIMIT"));
    assert_non_null(strstr(ask("t FETCH 1:* UID"), "t OK FETCH completed"));
    world_end();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_fetched),
        cmocka_unit_test(the_newest_are_changed),
        cmocka_unit_test(a_copy_is_whole_and_a_move_is_not),
        cmocka_unit_test(what_is_marked_counts_for_expunge),
        cmocka_unit_test(the_newest_are_searched),
        cmocka_unit_test(an_order_is_of_all),
        cmocka_unit_test(an_append_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
