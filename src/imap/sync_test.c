/* sync_test.c - CONDSTORE and QRESYNC with several devices at once, and coming back after a time.
 *
 * RFC 7162; RFC 2180 4; what one connection can show is in tests/transcripts/imap. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/server_fixture.h"

static const struct store_settings keep_nothing = { .journey_ms = 86400000 };
static uint64_t uidvalidity, modseq; /* of the last SELECT */

static void expect(int i, const char *text)
{
    const char *line = client_line(i, 5000);
    if (!line || strcmp(line, text) != 0)
        fail_msg("%s: expected: %s\n got: %s", w.playing, text, line ? line : "(nothing)");
}

static void expect_like(int i, const char *pattern)
{
    regex_t re;
    char whole[1024];
    const char *line = client_line(i, 5000);
    snprintf(whole, sizeof(whole), "^(%s)$", pattern);
    assert_int_equal(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB), 0);
    if (!line || regexec(&re, line, 0, NULL, 0) != 0)
        fail_msg("%s: expected like: %s\n got: %s", w.playing, pattern, line ? line : "(nothing)");
    regfree(&re);
}

/* Until the tagged answer, which is OK; what was said before it is passed over. */
static void ask(int i, const char *line)
{
    const char *answer;
    char tag[8];
    snprintf(tag, sizeof(tag), "%.*s OK", (int)strcspn(line, " "), line);
    client_send(i, str_of(line), false);
    while ((answer = client_line(i, 10000)) && strncmp(answer, tag, strlen(tag)) != 0)
        if (strncmp(answer, tag, strlen(tag) - 2) == 0)
            fail_msg("%s: %s: %s", w.playing, line, answer);
    if (!answer) fail_msg("%s: %s: silence", w.playing, line);
}

static void say(int i, const char *line)
{
    client_send(i, str_of(line), false);
}

static void log_in(int i, bool qresync)
{
    client_open(i);
    expect_like(i, "\\* OK .*");
    ask(i, "l LOGIN alice@a.test secret");
    if (qresync) ask(i, "l ENABLE QRESYNC");
}

/* What a SELECT says before its changes; the numbers of it are kept. */
static void hear_select(int i)
{
    for (const char *line = ""; !strstr(line, "HIGHESTMODSEQ");) {
        line = client_line(i, 5000);
        if (!line) fail_msg("%s: silence", w.playing);
        const char *at = strstr(line, "[UIDVALIDITY ");
        if (at) uidvalidity = strtoull(at + 13, NULL, 10);
        at = strstr(line, "[HIGHESTMODSEQ ");
        if (at) modseq = strtoull(at + 15, NULL, 10);
    }
}

static void select_inbox(int i)
{
    say(i, "s SELECT INBOX");
    hear_select(i);
    expect_like(i, "s OK .*");
}

/* SELECT with what was known at the last one; `more` are known UIDs and the like. */
static void come_back(int i, const char *more)
{
    char line[200];
    snprintf(line, sizeof(line), "r SELECT INBOX (QRESYNC (%ju %ju%s))", (uintmax_t)uidvalidity,
             (uintmax_t)modseq, more);
    say(i, line);
    hear_select(i);
}

static void fill(int i, unsigned messages)
{
    for (unsigned n = 0; n < messages; n++) {
        const char *line;
        say(i, "p APPEND INBOX {21+}");
        say(i, "Subject: x\r\n\r\nwords\r\n");
        while ((line = client_line(i, 5000)) && strncmp(line, "p OK", 4) != 0)
            assert_memory_equal(line, "* ", 2);
        assert_non_null(line);
    }
}

/* --- coming back ------------------------------------------------------------------------------ */
static void what_happened_is_told(void **state)
{
    (void)state;
    w.playing = "away";
    world_begin();
    log_in(0, false);
    log_in(1, true);
    fill(0, 8);
    select_inbox(0);
    select_inbox(1);
    ask(1, "a UNSELECT");
    ask(0, "b STORE 2,3,7 +FLAGS.SILENT (\\Deleted)");
    ask(0, "b EXPUNGE");
    ask(0, "b UID STORE 4,8 +FLAGS.SILENT (\\Seen $Work)");
    fill(0, 1);

    come_back(1, "");
    expect(1, "* VANISHED (EARLIER) 2:3,7");
    expect_like(1, "\\* 2 FETCH \\(UID 4 FLAGS \\(\\\\Seen \\$Work\\) MODSEQ \\([0-9]+\\)\\)");
    expect_like(1, "\\* 5 FETCH \\(UID 8 FLAGS \\(\\\\Seen \\$Work\\) MODSEQ \\([0-9]+\\)\\)");
    expect_like(1, "\\* 6 FETCH \\(UID 9 FLAGS \\(\\) MODSEQ \\([0-9]+\\)\\)");
    expect_like(1, "r OK \\[READ-WRITE\\] .*");
    come_back(1, ""); /* now it knows */
    expect_like(1, "r OK .*");
    world_end();
}

static void only_known_uids_are_told_of(void **state)
{
    (void)state;
    w.playing = "known";
    world_begin();
    log_in(0, false);
    log_in(1, true);
    fill(0, 8);
    select_inbox(0);
    select_inbox(1);
    ask(1, "a UNSELECT");
    ask(0, "b STORE 2,3,7 +FLAGS.SILENT (\\Deleted)");
    ask(0, "b EXPUNGE");
    ask(0, "b UID STORE 4,8 +FLAGS.SILENT (\\Seen)");
    come_back(1, " 1:2,8:99");
    expect(1, "* VANISHED (EARLIER) 2");
    expect_like(1, "\\* 5 FETCH \\(UID 8 .*");
    expect_like(1, "r OK .*");
    world_end();
}

/* ERR_TOO_OLD: the store remembers no expunge of then. All that is not there is told, and less of
 * it when the client says how many it knew up to where (RFC 7162 3.2.5.2). */
static void after_too_long_all_that_is_gone_is_told(void **state)
{
    (void)state;
    w.playing = "too long";
    world_begin_keeping(&keep_nothing);
    log_in(0, false);
    log_in(1, true);
    fill(0, 9);
    select_inbox(0);
    ask(0, "b STORE 2 +FLAGS.SILENT (\\Deleted)");
    ask(0, "b EXPUNGE");
    select_inbox(1);
    ask(1, "a UNSELECT");
    uint64_t then = modseq;
    ask(0, "b STORE 5:6 +FLAGS.SILENT (\\Deleted)"); /* UIDs 6 and 7 */
    ask(0, "b EXPUNGE");
    ask(0, "b UID STORE 4 +FLAGS.SILENT (\\Seen)");
    assert_int_equal(store_tidy(w.store), OK);
    come_back(1, "");
    expect(1, "* VANISHED (EARLIER) 2,6:7");
    expect_like(1, "\\* 3 FETCH \\(UID 4 FLAGS \\(\\\\Seen\\) .*");
    expect_like(1, "r OK .*");
    modseq = then;
    come_back(1, " 1,3:9");
    expect(1, "* VANISHED (EARLIER) 6:7");
    expect_like(1, "\\* 3 FETCH .*");
    expect_like(1, "r OK .*");
    modseq = then;
    come_back(1, " 1:9 (1,3,5 1,4,6)"); /* the third is gone */
    expect(1, "* VANISHED (EARLIER) 6:7");
    expect_like(1, "\\* 3 FETCH .*");
    expect_like(1, "r OK .*");
    say(1, "c UID FETCH 3:9 (UID) (CHANGEDSINCE 1 VANISHED)");
    expect(1, "* VANISHED (EARLIER) 6:7");
    for (int i = 0; i < 5; i++)
        expect_like(1, "\\* [0-9] FETCH \\(UID [0-9] MODSEQ .*|\\* [0-9] FETCH \\(MODSEQ .*");
    expect_like(1, "c OK .*");
    world_end();
}

/* However long ago the session was told of expunges, it can be told rightly. */
static void what_may_not_be_told_yet_is_kept(void **state)
{
    (void)state;
    w.playing = "held";
    world_begin_keeping(&keep_nothing);
    log_in(0, false);
    log_in(1, false);
    fill(0, 6);
    select_inbox(0);
    select_inbox(1);
    ask(0, "a STORE 2,4 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "b SEARCH 5"); /* no expunge may be told, and a number is a number */
    expect(1, "* SEARCH 5");
    expect_like(1, "b OK .*");
    assert_int_equal(store_tidy(w.store), OK);
    ask(0, "a STORE 1 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "c FETCH 5 UID");
    expect(1, "* 5 FETCH (UID 5)");
    expect_like(1, "c OK .*");
    assert_int_equal(store_tidy(w.store), OK);
    say(1, "d FETCH 2 FLAGS");
    expect_like(1, "d NO \\[EXPUNGEISSUED\\] .*");
    say(1, "e NOOP");
    expect(1, "* 4 EXPUNGE");
    expect(1, "* 2 EXPUNGE");
    expect(1, "* 1 EXPUNGE");
    expect_like(1, "e OK .*");
    say(1, "f FETCH 1:* UID");
    expect(1, "* 1 FETCH (UID 3)");
    expect(1, "* 2 FETCH (UID 5)");
    expect(1, "* 3 FETCH (UID 6)");
    expect_like(1, "f OK .*");
    world_end();
}

/* Parked for longer than the store remembers: with QRESYNC all that is not there has vanished. */
static void a_long_sleep_ends_well(void **state)
{
    (void)state;
    w.playing = "sleep";
    world_begin_keeping(&keep_nothing);
    log_in(0, false);
    log_in(1, true);
    fill(0, 6);
    select_inbox(0);
    select_inbox(1);
    ask(0, "a STORE 2,4 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    assert_int_equal(store_tidy(w.store), OK);
    say(1, "b NOOP");
    expect(1, "* VANISHED 2,4");
    expect(1, "* 4 EXISTS");
    expect_like(1, "\\* OK \\[HIGHESTMODSEQ .*");
    expect_like(1, "b OK .*");
    world_end();
}

/* RFC 5465: who asked not to hear of it may still name numbers, however soon the store forgets. */
static void who_does_not_listen_keeps_his_numbers(void **state)
{
    (void)state;
    w.playing = "deaf";
    world_begin_keeping(&keep_nothing);
    log_in(0, false);
    log_in(1, false);
    fill(0, 6);
    select_inbox(0);
    select_inbox(1);
    ask(1, "a NOTIFY NONE");
    ask(0, "a STORE 2,4 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "b NOOP");
    expect_like(1, "b OK .*");
    assert_int_equal(store_tidy(w.store), OK);
    ask(0, "a STORE 1 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "c FETCH 5 UID");
    expect(1, "* 5 FETCH (UID 5)");
    expect_like(1, "c OK .*");
    assert_int_equal(store_tidy(w.store), OK);
    fill(0, 1);
    say(1, "d NOTIFY SET (SELECTED (MessageNew MessageExpunge))");
    expect(1, "* 4 EXPUNGE");
    expect(1, "* 2 EXPUNGE");
    expect(1, "* 1 EXPUNGE");
    expect(1, "* 4 EXISTS");
    expect_like(1, "d OK .*");
    world_end();
}

/* --- a mailbox that others change ------------------------------------------------------------- */
static void vanished_waits_like_expunge(void **state)
{
    (void)state;
    w.playing = "vanished";
    world_begin();
    log_in(0, false);
    log_in(1, true);
    fill(0, 5);
    select_inbox(0);
    select_inbox(1);
    ask(0, "a STORE 2,4 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "b FETCH 4 (UID RFC822.SIZE)"); /* still there for who was not told, RFC 2180 4.1 */
    expect(1, "* 4 FETCH (UID 4 RFC822.SIZE 21)");
    expect_like(1, "b OK .*");
    /* Not EARLIER of what the session still counts: it is told when the command ends. */
    say(1, "c UID FETCH 2:4 (UID) (CHANGEDSINCE 9999999 VANISHED)");
    expect(1, "* VANISHED 2,4");
    expect_like(1, "\\* OK \\[HIGHESTMODSEQ .*");
    expect_like(1, "c OK .*");
    say(1, "i IDLE");
    expect_like(1, "\\+ .*");
    ask(0, "d STORE 1 +FLAGS.SILENT (\\Deleted)");
    expect_like(1, "\\* 1 FETCH \\(UID 1 FLAGS \\(\\\\Deleted\\) MODSEQ \\([0-9]+\\)\\)");
    ask(0, "d EXPUNGE");
    expect(1, "* VANISHED 1");
    expect_like(1, "\\* OK \\[HIGHESTMODSEQ .*");
    world_end();
}

/* RFC 2180 4.2; RFC 7162 3.1.3. */
static void a_store_of_expunged_messages(void **state)
{
    (void)state;
    w.playing = "store";
    world_begin();
    log_in(0, false);
    log_in(1, false);
    fill(0, 5);
    select_inbox(0);
    select_inbox(1);
    ask(0, "a STORE 2 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "b STORE 2 +FLAGS (\\Seen)");
    expect(1, "b NO [EXPUNGEISSUED] these messages are gone");
    say(1, "c STORE 2 +FLAGS.SILENT (\\Seen)");
    expect(1, "c OK STORE completed");
    say(1, "d STORE 2:3 +FLAGS (\\Seen)");
    expect(1, "* 3 FETCH (FLAGS (\\Seen))");
    expect(1, "d OK [EXPUNGEISSUED] some of the messages are gone");
    say(1, "e STORE 2:3 (UNCHANGEDSINCE 9999999) +FLAGS.SILENT (\\Draft)");
    /* No HIGHESTMODSEQ yet: who came back with it would never hear of message 2. */
    expect_like(1, "\\* 3 FETCH \\(UID 3 MODSEQ \\([0-9]+\\)\\)");
    expect(1, "e NO [MODIFIED 2] some of the messages are gone");
    ask(0, "f STORE 3 +FLAGS.SILENT (\\Flagged)"); /* UID 4: changed by another, and not told */
    char line[100];
    snprintf(line, sizeof(line), "g STORE 3:4 (UNCHANGEDSINCE %ju) +FLAGS.SILENT (\\Answered)",
             (uintmax_t)modseq);
    say(1, line);
    expect_like(1, "\\* 4 FETCH \\(UID 4 FLAGS \\(\\\\Flagged\\) MODSEQ \\([0-9]+\\)\\)");
    expect(1, "g OK [MODIFIED 3:4] some were changed by others meanwhile");
    say(1, "h UID STORE 2 +FLAGS (\\Seen)");
    expect(1, "* 2 EXPUNGE");
    expect_like(1, "\\* OK \\[HIGHESTMODSEQ .*");
    expect(1, "h OK STORE completed");
    world_end();
}

/* RFC 2180 4.4.1: all or none, and who named numbers hears that he got nothing. */
static void a_copy_of_expunged_messages(void **state)
{
    (void)state;
    w.playing = "copy";
    world_begin();
    log_in(0, false);
    log_in(1, false);
    fill(0, 5);
    select_inbox(0);
    select_inbox(1);
    ask(0, "a STORE 2 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "b COPY 1:3 Archive");
    expect(1, "* 2 EXPUNGE");
    expect(1, "b NO [EXPUNGEISSUED] some of the messages are gone");
    say(1, "c STATUS Archive (MESSAGES)");
    expect(1, "* STATUS \"Archive\" (MESSAGES 0)");
    expect(1, "c OK STATUS completed");
    say(1, "d SEARCH RETURN (SAVE) ALL");
    expect(1, "d OK SEARCH completed");
    ask(0, "a STORE 1 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "e COPY $ Archive"); /* RFC 5182 2.1: what is gone is in it no more */
    expect(1, "* 1 EXPUNGE");
    expect_like(1, "e OK \\[COPYUID [0-9]+ 3:5 1:3\\] .*");
    ask(0, "a STORE 1 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "f UID COPY 3:4 Archive");
    expect(1, "* 1 EXPUNGE");
    expect_like(1, "f OK \\[COPYUID [0-9]+ 4 4\\] .*");
    ask(0, "a STORE 1 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    say(1, "g MOVE 1:2 Archive");
    expect_like(1, "\\* OK \\[COPYUID [0-9]+ 5 5\\] .*");
    expect(1, "* 2 EXPUNGE");
    expect(1, "* 1 EXPUNGE");
    expect(1, "g OK MOVE completed");
    world_end();
}

/* RFC 9586 3: who gave up numbers is told by UID, of what others do too. */
static void without_numbers(void **state)
{
    (void)state;
    w.playing = "uidonly";
    world_begin();
    log_in(0, false);
    log_in(1, false);
    ask(1, "l ENABLE UIDONLY");
    fill(0, 4);
    select_inbox(0);
    select_inbox(1);
    ask(0, "a STORE 1,3 +FLAGS.SILENT (\\Deleted)");
    ask(0, "a EXPUNGE");
    ask(0, "a STORE 2 +FLAGS.SILENT (\\Flagged)");
    fill(0, 1);
    say(1, "b NOOP");
    expect(1, "* VANISHED 1,3");
    expect(1, "* 3 EXISTS");
    expect(1, "* 4 UIDFETCH (FLAGS (\\Flagged))");
    expect_like(1, "b OK .*");
    world_end();
}

/* --- what it costs ---------------------------------------------------------------------------- */
enum { DOUBLINGS = 15 };

/* Doubles the mailbox from one message on. */
static void fill_much(int i, int doublings)
{
    fill(i, 1);
    select_inbox(i);
    for (int n = 0; n < doublings; n++)
        ask(i, "a COPY 1:* INBOX");
}

static void coming_back_is_cheap(void **state)
{
    (void)state;
    w.playing = "cheap";
    world_begin();
    log_in(0, false);
    log_in(1, true);
    fill_much(0, DOUBLINGS);
    select_inbox(1);
    ask(1, "b UNSELECT");
    for (int i = 1; i <= 5; i++) {
        char line[100];
        snprintf(line, sizeof(line), "c STORE %d +FLAGS (\\Flagged)", i * 1000);
        ask(0, line);
        snprintf(line, sizeof(line), "c MOVE %d Trash", i * 1000 + 500);
        ask(0, line);
    }
    size_t bytes = 0, lines = 0;
    come_back(1, "");
    for (const char *line = ""; strncmp(line, "r OK", 4) != 0; lines++) {
        line = client_line(1, 5000);
        assert_non_null(line);
        bytes += strlen(line) + 2;
    }
    assert_int_equal(lines, 1 + 5 + 1);
    assert_true(bytes < 1000);
    world_end();
}

static void batches_touch_each_other(void **state)
{
    (void)state;
    w.playing = "batches";
    world_begin();
    log_in(0, false);
    fill_much(0, 11);
    ask(0, "b UID MOVE 1000:1100 Trash");
    say(0, "c UIDBATCHES 600");
    expect(0, "* UIDBATCHES (TAG \"c\") 2048:1449,1448:748,747:148,147:1");
    expect_like(0, "c OK .*");
    say(0, "d UIDBATCHES 600 2:3");
    expect(0, "* UIDBATCHES (TAG \"d\") 1448:748,747:148");
    expect_like(0, "d OK .*");
    world_end();
}

/* RFC 9585 4: what takes several commits says how far it is. */
static void progress_is_told(void **state)
{
    (void)state;
    w.playing = "progress";
    world_begin();
    log_in(0, false);
    fill_much(0, 14);
    w.settings.progress_ms = 0;
    say(0, "b STORE 2:* +FLAGS.SILENT (\\Seen)");
    expect_like(0, "\\* OK \\[INPROGRESS \\(\"b\" [0-9]+ 16383\\)\\] .*");
    ask(0, "n NOOP");
    say(0, "c COPY 1:10000 Trash");
    expect_like(0, "\\* OK \\[INPROGRESS \\(\"c\" [0-9]+ 10000\\)\\] .*");
    ask(0, "o NOOP");
    say(0, "d SEARCH SUBJECT nothing");
    expect_like(0, "\\* OK \\[INPROGRESS \\(\"d\" [0-9]+ 16384\\)\\] .*");
    w.settings.progress_ms = 60000;
    ask(0, "p NOOP");
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happened_is_told),
        cmocka_unit_test(only_known_uids_are_told_of),
        cmocka_unit_test(after_too_long_all_that_is_gone_is_told),
        cmocka_unit_test(what_may_not_be_told_yet_is_kept),
        cmocka_unit_test(a_long_sleep_ends_well),
        cmocka_unit_test(who_does_not_listen_keeps_his_numbers),
        cmocka_unit_test(vanished_waits_like_expunge),
        cmocka_unit_test(a_store_of_expunged_messages),
        cmocka_unit_test(a_copy_of_expunged_messages),
        cmocka_unit_test(without_numbers),
        cmocka_unit_test(coming_back_is_cheap),
        cmocka_unit_test(batches_touch_each_other),
        cmocka_unit_test(progress_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
