/* server_test.c - the IMAP server over a store in memory: two devices at once, and what a
 * transcript (tests/transcripts/imap) cannot say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "imap/server_fixture.h"

static void expect(int i, const char *text)
{
    const char *line = client_line(i, 5000);
    if (!line || strcmp(line, text) != 0)
        fail_msg("%s: expected: %s\n got: %s", w.playing, text, line ? line : "(nothing)");
}

static bool line_like(const char *line, const char *pattern)
{
    regex_t re;
    static char whole[4096];
    snprintf(whole, sizeof(whole), "^(%s)$", pattern);
    assert_int_equal(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB), 0);
    bool good = line && regexec(&re, line, 0, NULL, 0) == 0;
    regfree(&re);
    return good;
}

static void expect_like(int i, const char *pattern)
{
    const char *line = client_line(i, 5000);
    if (!line_like(line, pattern))
        fail_msg("%s: expected like: %s\n got: %s", w.playing, pattern, line ? line : "(nothing)");
}

static void say(int i, const char *line)
{
    client_send(i, str_of(line), false);
}

/* --- two devices -------------------------------------------------------------------------- */
static void log_in(int i)
{
    client_open(i);
    expect_like(i, "\\* OK .*");
    say(i, "l LOGIN alice@a.test secret");
    expect_like(i, "l OK .*");
}

static void select_inbox(int i)
{
    const char *line;
    say(i, "s SELECT INBOX");
    while ((line = client_line(i, 5000)) && strncmp(line, "s ", 2) != 0)
        ;
    assert_non_null(line);
    assert_memory_equal(line, "s OK [READ-WRITE]", 17);
}

static void append(int i, const char *mailbox, const char *text)
{
    char line[256];
    snprintf(line, sizeof(line), "p APPEND %s {%zu+}", mailbox, strlen(text));
    say(i, line);
    say(i, text);
}

static void devices_hear_of_each_other(void **state)
{
    (void)state;
    w.playing = "devices";
    world_begin();
    log_in(0);
    log_in(1);
    select_inbox(0);
    select_inbox(1);
    say(0, "i IDLE");
    expect_like(0, "\\+ .*");

    append(1, "INBOX", "Subject: one\r\n\r\nhello\r\n");
    expect(1, "* 1 EXISTS");
    expect_like(1, "p OK \\[APPENDUID [0-9]+ 1\\] .*");
    expect(0, "* 1 EXISTS");

    say(1, "f STORE 1 +FLAGS (\\Seen $Work)");
    expect_like(1, "\\* FLAGS \\(.*\\$Work\\)");
    expect_like(1, "\\* OK \\[PERMANENTFLAGS .*");
    expect(1, "* 1 FETCH (FLAGS (\\Seen $Work))");
    expect_like(1, "f OK .*");
    expect_like(0, "\\* FLAGS \\(.*\\$Work\\)");
    expect_like(0, "\\* OK \\[PERMANENTFLAGS .*");
    expect(0, "* 1 FETCH (UID 1 FLAGS (\\Seen $Work))");

    append(1, "INBOX", "Subject: two\r\n\r\nhello\r\n");
    expect(1, "* 2 EXISTS");
    expect_like(1, "p OK .*");
    expect(0, "* 2 EXISTS");
    say(1, "g UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    expect_like(1, "g OK .*");
    expect(0, "* 1 FETCH (UID 1 FLAGS (\\Deleted \\Seen $Work))");
    say(1, "x EXPUNGE");
    expect(1, "* 1 EXPUNGE");
    expect_like(1, "x OK .*");
    expect(0, "* 1 EXPUNGE");
    say(0, "DONE");
    expect_like(0, "i OK .*");
    world_end();
}

/* RFC 9051 7.5.1: no EXPUNGE while FETCH, STORE or SEARCH is answered; numbers stay what they were.
 */
static void expunges_wait(void **state)
{
    (void)state;
    w.playing = "expunges";
    world_begin();
    log_in(0);
    log_in(1);
    for (int i = 0; i < 3; i++) {
        append(0, "INBOX", "Subject: a letter\r\n\r\nhello\r\n");
        expect_like(0, "p OK .*");
    }
    select_inbox(0);
    select_inbox(1);
    say(1, "a STORE 2 +FLAGS.SILENT \\Deleted");
    expect_like(1, "a OK .*");
    say(1, "b EXPUNGE");
    expect(1, "* 2 EXPUNGE");
    expect_like(1, "b OK .*");

    say(0, "c FETCH 3 UID");
    expect(0, "* 3 FETCH (UID 3)");
    expect_like(0, "c OK .*");
    say(0, "d FETCH 2 (UID RFC822.SIZE)");
    expect(0, "* 2 FETCH (UID 2 RFC822.SIZE 28)");
    expect_like(0, "d OK .*");
    append(1, "INBOX", "Subject: another\r\n\r\nhello\r\n");
    expect(1, "* 3 EXISTS");
    expect_like(1, "p OK .*");
    say(0, "e SEARCH ALL");
    expect(0, "* SEARCH 1 2 3"); /* its view of the mailbox, until it is told */
    expect(0, "* 4 EXISTS");
    expect_like(0, "e OK .*");
    say(0, "f NOOP");
    expect(0, "* 2 EXPUNGE");
    expect_like(0, "f OK .*");
    say(0, "g FETCH 1:* UID");
    expect(0, "* 1 FETCH (UID 1)");
    expect(0, "* 2 FETCH (UID 3)");
    expect(0, "* 3 FETCH (UID 4)");
    expect_like(0, "g OK .*");
    say(0, "h FETCH 4 UID");
    expect_like(0, "h BAD .*");
    world_end();
}

/* What no client should send is answered in words, and the next command is read rightly. */
static void bad_input_is_answered(void **state)
{
    (void)state;
    w.playing = "bad input";
    world_begin();
    client_open(0);
    expect_like(0, "\\* OK .*");
    send_piece(0, S("b NO\0OP\r\n"));
    expect_like(0, "b BAD .*");
    say(0, "c LOGIN {4294967296}");
    expect(0, "c BAD [TOOBIG] literal too large");
    say(0, "d LOGIN alice@a.test secret");
    expect_like(0, "d OK .*");
    send_piece(0, S("e APPEND INBOX {5+}\r\na\0b\r\n\r\nf NOOP\r\n"));
    expect(0, "e NO [CANNOT] a message holds no NUL");
    expect(0, "f OK NOOP completed");
    say(0, "g APPEND INBOX {4294967296+}");
    expect_like(0, "\\* BYE .*");
    assert_null(client_line(0, 1000));
    world_end();
}

/* What cannot be passed over ends the session: its bytes are never commands (security.md 3, 6). */
static void lost_input_ends_it(void **state)
{
    static const char *const starts[] = {
        "a LOGIN {9223372036854775808+}\r\n",
        "a LOGIN {99999999999999999999999999+}\r\n",
        "a FOO {18446744073709551616+}\r\n",
        "a LOGIN {9+}\n",
        "a LOGIN alice@a.test {18446744073709551621+}\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        w.playing = starts[i];
        world_begin();
        client_open(0);
        expect_like(0, "\\* OK .*");
        send_piece(0, str_of(starts[i]));
        say(0, "x LOGIN alice@a.test secret");
        expect_like(0, "\\* BYE .*");
        world_end();
    }
    w.playing = "long line";
    world_begin();
    client_open(0);
    expect_like(0, "\\* OK .*");
    for (int i = 0; i < 7000; i++)
        send_piece(0, S("0123456789"));
    say(0, " {9+}");
    say(0, "x LOGIN alice@a.test secret");
    expect(0, "* BYE line too long");
    world_end();
}

/* A web form that a stranger's page makes a browser post here. */
static void a_web_form_is_no_session(void **state)
{
    (void)state;
    w.playing = "http";
    world_begin();
    client_open(0);
    expect_like(0, "\\* OK .*");
    say(0, "POST / HTTP/1.1");
    say(0, "a LOGIN alice@a.test secret");
    expect(0, "* BYE this is no web server");
    assert_null(client_line(0, 1000));
    world_end();
}

static void many_errors_end_it(void **state)
{
    (void)state;
    w.playing = "errors";
    world_begin();
    w.settings.errors_max = 2;
    client_open(0);
    expect_like(0, "\\* OK .*");
    for (int i = 0; i < 3; i++) {
        say(0, "a FOO");
        expect(0, "a BAD unknown command");
    }
    expect_like(0, "\\* BYE .*");
    assert_null(client_line(0, 1000));
    world_end();
}

/* The end of the process, and of patience, is said. */
static void goodbye_is_said(void **state)
{
    (void)state;
    w.playing = "goodbye";
    world_begin();
    w.settings.login_ms = 200;
    client_open(0);
    expect_like(0, "\\* OK .*");
    expect_like(0, "\\* BYE idle for too long");
    log_in(1);
    select_inbox(1);
    say(1, "i IDLE");
    expect_like(1, "\\+ .*");
    loop_stop(w.loop, 3000);
    expect_like(1, "\\* BYE \\[UNAVAILABLE\\] .*");
    world_end();
}

/* A card too large for its row lies beside the body. */
static void long_headers_are_listed(void **state)
{
    (void)state;
    w.playing = "long header";
    world_begin();
    log_in(0);
    struct buf text = buf_make(1 << 20), line = buf_make(1 << 20);
    buf_add(&text, S("Date: Sun, 1 Feb 2026 12:00:00 +0000\r\nSubject: to many\r\nTo: x@b.test"));
    for (int i = 0; i < 300; i++)
        buf_addf(&text, ",\r\n \"Recipient %d\" <recipient%d@b.test>", i, i);
    buf_add(&text, S("\r\n\r\nhello\r\n"));
    buf_addf(&line, "a APPEND INBOX {%zu+}", text.n);
    client_send(0, buf_str(&line), false);
    client_send(0, buf_str(&text), false);
    expect_like(0, "a OK .*");
    append(0, "INBOX", "Subject: short\r\n\r\nhello\r\n");
    expect_like(0, "p OK .*");
    select_inbox(0);
    say(0, "b FETCH 1:2 (UID ENVELOPE)");
    expect_like(0, "\\* 1 FETCH \\(UID 1 ENVELOPE .*recipient299.*\\)");
    expect_like(0, "\\* 2 FETCH \\(UID 2 ENVELOPE .*short.*\\)");
    expect_like(0, "b OK .*");
    say(0, "c FETCH 1 (BODYSTRUCTURE BODY.PEEK[TEXT])");
    expect_like(0, "\\* 1 FETCH \\(BODYSTRUCTURE .* BODY\\[TEXT\\] \\{7\\}");
    expect(0, "hello");
    expect(0, ")");
    expect_like(0, "c OK .*");
    say(0, "d SEARCH SENTON 1-Feb-2026 TO recipient299");
    expect(0, "* SEARCH 1");
    expect_like(0, "d OK .*");
    say(0, "e SEARCH NOT SENTSINCE 1-Feb-2026");
    expect(0, "* SEARCH 2");
    expect_like(0, "e OK .*");
    buf_free(&text);
    buf_free(&line);
    world_end();
}

static void keywords_are_limited(void **state)
{
    (void)state;
    w.playing = "keywords";
    world_begin();
    log_in(0);
    append(0, "INBOX", "Subject: short\r\n\r\nhello\r\n");
    expect_like(0, "p OK .*");
    select_inbox(0);
    char line[100];
    for (int i = 0; i < 64; i++) {
        snprintf(line, sizeof(line), "a STORE 1 +FLAGS.SILENT (k%d)", i);
        say(0, line);
        if (i == 63)
            expect_like(0, "\\* FLAGS \\(.*k63\\)");
        else
            expect_like(0, "\\* FLAGS .*");
        expect_like(0, i < 63 ? "\\* OK \\[PERMANENTFLAGS .*\\\\\\*\\)\\].*"
                              : "\\* OK \\[PERMANENTFLAGS .*k63\\)\\].*");
        expect(0, "a OK STORE completed");
    }
    say(0, "b STORE 1 +FLAGS (k64)");
    expect(0, "b NO [LIMIT] too many keywords in this mailbox");
    world_end();
}

static void quota_is_said_before_the_sending(void **state)
{
    (void)state;
    w.playing = "quota";
    world_begin();
    struct user user;
    struct view *v = store_view(w.store);
    struct arena a = arena_make(1 << 20);
    assert_int_equal(store_user_find(v, S("alice@a.test"), &user), OK);
    user.address = arena_copy(&a, user.address);
    user.password_hash = arena_copy(&a, user.password_hash);
    view_end(v);
    user.quota_bytes = 100;
    assert_int_equal(store_user_update(w.store, &user), OK);
    arena_free(&a);
    log_in(0);
    append(0, "INBOX", "Subject: one\r\n\r\nfits\r\n");
    expect_like(0, "p OK .*");
    say(0, "a APPEND INBOX {90}");
    expect(0, "a NO [OVERQUOTA] no room for it");
    say(0, "b COPY 1 INBOX");
    expect_like(0, "b BAD .*");
    select_inbox(0);
    say(0, "c COPY 1 INBOX");
    expect(0, "* 2 EXISTS");
    expect_like(0, "c OK .*");
    say(0, "d COPY 1:2 INBOX");
    expect(0, "* 4 EXISTS");
    expect_like(0, "d OK .*");
    say(0, "e COPY 1 INBOX");
    expect(0, "e NO [OVERQUOTA] no room for them");
    world_end();
}

/* RFC 8474 6; a copy is the same message, and another account's are not. */
static void objects_are_found_by_id(void **state)
{
    (void)state;
    w.playing = "ids";
    world_begin();
    log_in(0);
    append(0, "INBOX", "Message-ID: <1@a.test>\r\n\r\none\r\n");
    expect_like(0, "p OK .*");
    append(0, "INBOX", "In-Reply-To: <1@a.test>\r\n\r\ntwo\r\n");
    expect_like(0, "p OK .*");
    select_inbox(0);
    say(0, "a COPY 1 INBOX");
    expect(0, "* 3 EXISTS");
    expect_like(0, "a OK .*");
    say(0, "b FETCH 1:3 (EMAILID THREADID)");
    expect(0, "* 1 FETCH (EMAILID (M10-1) THREADID (T10-1))");
    expect(0, "* 2 FETCH (EMAILID (M10-2) THREADID (T10-1))");
    expect(0, "* 3 FETCH (EMAILID (M10-1) THREADID (T10-1))");
    expect_like(0, "b OK .*");
    say(0, "c SEARCH EMAILID M10-1");
    expect(0, "* SEARCH 1 3");
    expect_like(0, "c OK .*");
    say(0, "d SEARCH THREADID T10-1 NOT EMAILID M10-1");
    expect(0, "* SEARCH 2");
    expect_like(0, "d OK .*");
    say(0, "e SEARCH OR EMAILID M11-1 EMAILID T10-1");
    expect(0, "* SEARCH");
    expect_like(0, "e OK .*");
    world_end();
}

/* --- slow lines ------------------------------------------------------------------------------ */
enum { SLOW_BYTES = 900000, SLOW_ITEMS = 20, SLOW_PAUSE_US = 100000 };

static void pause(void)
{
    for (uint64_t until = seam_mono_us(w.seam) + SLOW_PAUSE_US; seam_mono_us(w.seam) < until;)
        spin();
}

static void send_slowly(str bytes)
{
    for (size_t at = 0; at < bytes.n; at += SLOW_BYTES / 6) {
        send_piece(0, str_sub(bytes, at, SLOW_BYTES / 6));
        pause();
    }
}

/* Takes what comes, with pauses, up to the tagged answer; how much it was. */
static size_t take_slowly(void)
{
    struct client *c = &w.clients[0];
    size_t taken = 0;
    for (size_t next = 0;;) {
        ssize_t r = seam_recv(w.seam, c->socket, c->got, REPLY_MAX);
        if (r == 0) return taken;
        if (r < 0) {
            spin();
            continue;
        }
        taken += (size_t)r;
        if (str_find((str){ c->got, (size_t)r }, S("b OK")) != STR_NPOS) return taken;
        if (taken < next) continue;
        next = taken + 2000000;
        pause();
    }
}

/* A command may last far longer than imap.command, as long as the client goes on. */
static void a_slow_line_is_no_dead_line(void **state)
{
    (void)state;
    world_begin();
    w.settings.command_ms = 300;
    struct buf text = buf_make(SLOW_BYTES + 2);
    buf_add(&text, S("Subject: x\r\n\r\n"));
    buf_fill(&text, 'x', SLOW_BYTES - text.n);
    log_in(0);
    select_inbox(0);
    say(0, "a APPEND INBOX {900000}");
    expect_like(0, "\\+ .*");
    send_slowly(buf_str(&text));
    say(0, "");
    expect_like(0, "\\* 1 EXISTS");
    expect_like(0, "a OK .*");
    buf_reset(&text);
    buf_add(&text, S("b FETCH 1 ("));
    for (int i = 0; i < SLOW_ITEMS; i++)
        buf_addf(&text, "BODY.PEEK[]<%d.%d> ", i, SLOW_BYTES);
    buf_add(&text, S("UID)"));
    client_send(0, buf_str(&text), false);
    assert_true(take_slowly() > (size_t)(SLOW_ITEMS - 1) * SLOW_BYTES);
    buf_free(&text);
    world_end();
}

/* Of a header as long as one may be, more often than an answer or a command's memory could hold. */
enum { WIDE_FIELDS = 900, WIDE_BYTES = 990, WIDE_ASKED = 60, WIDE_TOLD = 12 };

static void long_headers_are_fetched_often(void **state)
{
    (void)state;
    w.playing = "wide";
    world_begin();
    log_in(0);
    struct buf text = buf_make(WIDE_FIELDS * (WIDE_BYTES + 5));
    for (int i = 0; i < WIDE_FIELDS; i++) {
        buf_add(&text, S("X: "));
        buf_fill(&text, 'x', WIDE_BYTES);
        buf_add(&text, i + 1 < WIDE_FIELDS ? S("\r\n") : S("\0"));
    }
    append(0, "INBOX", text.p);
    expect_like(0, "p OK .*");
    select_inbox(0);
    buf_reset(&text);
    buf_add(&text, S("a FETCH 1 (UID"));
    for (int i = 0; i < WIDE_ASKED; i++)
        buf_add(&text, S(" BODY.PEEK[HEADER.FIELDS (A)]"));
    for (int i = 0; i < WIDE_TOLD; i++)
        buf_add(&text, S(" BODY.PEEK[HEADER.FIELDS (X)]"));
    buf_add(&text, S(")"));
    client_send(0, buf_str(&text), false);
    buf_free(&text);
    const char *line;
    size_t told = 0;
    while ((line = client_line(0, 5000)) && strncmp(line, "a ", 2) != 0)
        told += strncmp(line, "X: ", 3) == 0;
    assert_non_null(line);
    assert_string_equal(line, "a OK FETCH completed");
    assert_int_equal(told, WIDE_FIELDS * WIDE_TOLD);
    world_end();
}

/* A mailbox that another device deletes is not served further. */
static void a_deleted_mailbox_ends_it(void **state)
{
    (void)state;
    w.playing = "deleted";
    world_begin();
    log_in(0);
    log_in(1);
    say(0, "a SELECT Junk");
    for (int i = 0; i < 8; i++)
        expect_like(0, "\\* .*");
    expect_like(0, "a OK .*");
    say(1, "b DELETE Junk");
    expect_like(1, "b OK .*");
    say(0, "c NOOP");
    expect_like(0, "\\* BYE .*");
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_input_is_answered),
        cmocka_unit_test(lost_input_ends_it),
        cmocka_unit_test(a_web_form_is_no_session),
        cmocka_unit_test(many_errors_end_it),
        cmocka_unit_test(goodbye_is_said),
        cmocka_unit_test(long_headers_are_listed),
        cmocka_unit_test(keywords_are_limited),
        cmocka_unit_test(quota_is_said_before_the_sending),
        cmocka_unit_test(objects_are_found_by_id),
        cmocka_unit_test(a_slow_line_is_no_dead_line),
        cmocka_unit_test(long_headers_are_fetched_often),
        cmocka_unit_test(a_deleted_mailbox_ends_it),
        cmocka_unit_test(devices_hear_of_each_other),
        cmocka_unit_test(expunges_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
