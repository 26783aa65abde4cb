/* sharing_test.c - two users: each right on and off, what is denied changes nothing, and nobody
 * reads what was not granted to him, whatever he calls it. RFC 4314. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "imap/server_fixture.h"

enum { ALICE, BOB };
#define TEAM "Shared/alice@a.test/Team"

/* --- talking ---------------------------------------------------------------------------------- */
static char heard[REPLY_MAX]; /* the untagged lines of the last command, LF between them */

static bool like(const char *text, const char *pattern)
{
    regex_t re;
    static char whole[4096];
    snprintf(whole, sizeof whole, "^(%s)$", pattern);
    assert_int_equal(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB), 0);
    bool good = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return good;
}

/* The tagged answer without its tag. */
static const char *ask(int i, const char *command)
{
    static char line[8192];
    size_t n = 0;
    snprintf(line, sizeof line, "x %s", command);
    client_send(i, str_of(line), false);
    heard[0] = '\0';
    for (;;) {
        const char *got = client_line(i, 5000);
        if (!got) fail_msg("%s: no answer to %s", w.playing, command);
        if (strncmp(got, "x ", 2) == 0) return got + 2;
        n += (size_t)snprintf(heard + n, sizeof heard - n, "%s\n", got);
    }
}

static void expect(int i, const char *command, const char *pattern)
{
    const char *got = ask(i, command);
    if (!like(got, pattern))
        fail_msg("%s: %s\n got: %s\n expected: %s", w.playing, command, got, pattern);
}

static void log_in(int i, const char *user)
{
    char line[100];
    client_open(i);
    assert_non_null(client_line(i, 5000));
    snprintf(line, sizeof line, "LOGIN %s secret", user);
    expect(i, line, "OK .*");
}

/* --- two users ----------------------------------------------------------------------------------
 */
static void begin(const char *playing)
{
    w.playing = playing;
    world_begin();
    add_user("bob@a.test", "secret");
    log_in(ALICE, "alice@a.test");
    log_in(BOB, "bob@a.test");
    expect(ALICE, "CREATE Team", "OK .*");
    expect(ALICE, "APPEND Team (\\Seen) {16+}\r\nSubject: one\r\n\r\n", "OK .*");
    expect(ALICE, "APPEND Team {16+}\r\nSubject: two\r\n\r\n", "OK .*");
    expect(ALICE, "APPEND Team (\\Deleted) {16+}\r\nSubject: tri\r\n\r\n", "OK .*");
    expect(BOB, "APPEND INBOX (\\Seen \\Flagged \\Deleted own) {16+}\r\nSubject: bob\r\n\r\n",
           "OK .*");
}

static void grant(const char *mailbox, const char *rights)
{
    char line[200];
    snprintf(line, sizeof line, "SETACL %s bob@a.test \"%s\"", mailbox, rights);
    expect(ALICE, line, "OK .*");
}

/* All rows of alice's account but the grants, as a number. */
static bool add_row(void *arg, str key, str value)
{
    static const uint8_t seed[16] = "sharing test row";
    if (key.p[0] == 'L') return true;
    uint64_t *sum = arg;
    *sum = *sum * 31 + siphash13(seed, key) + 7 * siphash13(seed, value);
    return true;
}

static uint64_t alices(void)
{
    uint64_t sum = 0;
    struct user u;
    struct view *v = store_view(w.store);
    assert_int_equal(store_user_find(v, S("alice@a.test"), &u), OK);
    assert_int_equal(view_scan(v, u.account, S("\x01"), S("\xff"), add_row, &sum), OK);
    view_end(v);
    return sum;
}

/* --- each right ----------------------------------------------------------------------------------
 */
#define NOPERM "NO \\[NOPERM\\] .*"
#define GONE   "NO \\[NONEXISTENT\\] no such mailbox"
#define CREATE "NO \\[TRYCREATE\\] no such mailbox"
#define MAIL   " {16+}\r\nSubject: new\r\n\r\n"

enum { SAME, OTHER }; /* what it makes of alice's account */
static const struct {
    const char *rights, *select, *command, *answer;
    int makes;
    const char *untagged; /* part of what is said besides; NULL: whatever */
} cases[] = {
    { "", NULL, "SELECT " TEAM, GONE, SAME, "" },
    { "l", NULL, "SELECT " TEAM, NOPERM, SAME, "" },
    { "iwsktexpa", NULL, "SELECT " TEAM, GONE, SAME, "" },
    { "r", NULL, "SELECT " TEAM, "OK \\[READ-ONLY\\] .*", SAME, "PERMANENTFLAGS ()]" },
    { "rs", NULL, "SELECT " TEAM, "OK \\[READ-WRITE\\] .*", SAME, "PERMANENTFLAGS (\\Seen)]" },
    { "rt", NULL, "SELECT " TEAM, "OK \\[READ-WRITE\\] .*", SAME, "PERMANENTFLAGS (\\Deleted)]" },
    { "rw", NULL, "SELECT " TEAM, "OK \\[READ-WRITE\\] .*", SAME,
      "PERMANENTFLAGS (\\Answered \\Flagged \\Draft \\*)]" },
    { "ri", NULL, "SELECT " TEAM, "OK \\[READ-WRITE\\] .*", SAME, "PERMANENTFLAGS ()]" },
    { "rswtei", NULL, "EXAMINE " TEAM, "OK \\[READ-ONLY\\] .*", SAME, NULL },

    { "", NULL, "STATUS " TEAM " (MESSAGES)", GONE, SAME, "" },
    { "l", NULL, "STATUS " TEAM " (MESSAGES)", NOPERM, SAME, "" },
    { "r", NULL, "STATUS " TEAM " (MESSAGES)", "OK .*", SAME, "(MESSAGES 3)" },
    { "l", NULL, "ESEARCH IN (subtree Shared) SUBJECT two", "OK .*", SAME, "" },
    { "lr", NULL, "ESEARCH IN (personal) SUBJECT two", "OK .*", SAME, "" },
    { "lr", NULL, "ESEARCH IN (subtree Shared) SUBJECT two", "OK .*", SAME,
      "MAILBOX \"" TEAM "\"" },
    { "r", NULL, "ESEARCH IN (mailboxes " TEAM ") SUBJECT two", "OK .*", SAME,
      "MAILBOX \"" TEAM "\"" },
    { "", NULL, "GETQUOTAROOT " TEAM, GONE, SAME, "" },
    { "l", NULL, "GETQUOTAROOT " TEAM, NOPERM, SAME, "" },
    { "r", NULL, "GETQUOTAROOT " TEAM, "OK .*", SAME, "\"alice@a.test\"" },

    { "r", NULL, "LIST \"\" Shared/*", "OK .*", SAME, "" },
    { "l", NULL, "LIST \"\" Shared/%/%", "OK .*", SAME, "\"" TEAM "\"" },
    { "l", NULL, "LIST \"\" * RETURN (MYRIGHTS STATUS (MESSAGES))", "OK .*", SAME,
      "* MYRIGHTS \"" TEAM "\" l\n" },
    { "lr", NULL, "LIST \"\" * RETURN (STATUS (MESSAGES))", "OK .*", SAME,
      "* STATUS \"" TEAM "\" (MESSAGES 3)\n" },
    { "r", NULL, "SUBSCRIBE " TEAM, GONE, SAME, "" },
    { "l", NULL, "SUBSCRIBE " TEAM, "OK .*", SAME, "" },
    { "l", NULL, "LSUB \"\" Shared/*", "OK .*", SAME, "* LSUB () \"/\" \"" TEAM "\"" },
    { "", NULL, "UNSUBSCRIBE " TEAM, "OK .*", SAME, "" },
    { "", NULL, "MYRIGHTS " TEAM, GONE, SAME, "" },
    { "swtep", NULL, "MYRIGHTS " TEAM, GONE, SAME, "" },
    { "l", NULL, "MYRIGHTS " TEAM, "OK .*", SAME, "* MYRIGHTS \"" TEAM "\" l\n" },
    { "xt", NULL, "MYRIGHTS " TEAM, "OK .*", SAME, "* MYRIGHTS \"" TEAM "\" xtcd\n" },

    { "lr", TEAM, "STORE 2 +FLAGS (\\Seen)", NOPERM, SAME, "" },
    { "lrs", TEAM, "STORE 2 +FLAGS (\\Seen)", "OK .*", OTHER, "(FLAGS (\\Seen))" },
    { "lrs", TEAM, "STORE 1 -FLAGS (\\Seen)", "OK .*", OTHER, "(FLAGS ())" },
    { "lrs", TEAM, "STORE 2 +FLAGS (\\Flagged)", NOPERM, SAME, "" },
    { "lrs", TEAM, "STORE 2 +FLAGS (work)", NOPERM, SAME, "" },
    { "lrs", TEAM, "STORE 2 +FLAGS (\\Deleted)", NOPERM, SAME, "" },
    { "lrs", TEAM, "STORE 2 +FLAGS (\\Seen \\Deleted \\Draft work)", "OK .*", OTHER,
      "(FLAGS (\\Seen))" },
    { "lrw", TEAM, "STORE 2 +FLAGS (\\Flagged $Forwarded)", "OK .*", OTHER,
      "(\\Flagged $Forwarded)" },
    { "lrw", TEAM, "STORE 2 +FLAGS (\\Seen)", NOPERM, SAME, "" },
    { "lrw", TEAM, "STORE 3 -FLAGS (\\Deleted)", NOPERM, SAME, "" },
    { "lrt", TEAM, "STORE 3 -FLAGS (\\Deleted)", "OK .*", OTHER, "(FLAGS ())" },
    { "lrt", TEAM, "STORE 2 +FLAGS.SILENT (\\Seen)", NOPERM, SAME, "" },
    { "lrsw", TEAM, "STORE 3 FLAGS (\\Seen \\Draft)", "OK .*", OTHER,
      "(\\Deleted \\Seen \\Draft)" },
    { "lri", TEAM, "STORE 3 FLAGS (\\Seen)", NOPERM, SAME, "" },
    { "lrwte", TEAM, "FETCH 2 BODY[]", "OK .*", SAME, "Subject: two" },
    { "lrs", TEAM, "FETCH 2 BODY[]", "OK .*", OTHER, "Subject: two" },
    { "lr", TEAM, "SEARCH SUBJECT two", "OK .*", SAME, "* SEARCH 2\n" },

    { "lrswti", TEAM, "EXPUNGE", NOPERM, SAME, "" },
    { "lrswti", TEAM, "UID EXPUNGE 1:*", NOPERM, SAME, "" },
    { "lre", TEAM, "EXPUNGE", "OK .*", OTHER, "* 3 EXPUNGE" },
    { "lrswti", TEAM, "CLOSE", "OK .*", SAME, "" },
    { "lre", TEAM, "CLOSE", "OK .*", OTHER, "" },
    { "lre", TEAM, "UNSELECT", "OK .*", SAME, "" },

    { "", NULL, "APPEND " TEAM MAIL, CREATE, SAME, "" },
    { "rswtek", NULL, "APPEND " TEAM MAIL, CREATE, SAME, "" },
    { "lrswtek", NULL, "APPEND " TEAM MAIL, NOPERM, SAME, "" },
    { "i", NULL, "APPEND " TEAM MAIL, "OK \\[APPENDUID .* 4\\] .*", OTHER, "" },
    { "", "INBOX", "COPY 1 " TEAM, CREATE, SAME, "" },
    { "lrswte", "INBOX", "COPY 1 " TEAM, NOPERM, SAME, "" },
    { "i", "INBOX", "COPY 1 " TEAM, "OK \\[COPYUID .* 1 4\\] .*", OTHER, "" },
    { "lr", "INBOX", "MOVE 1 " TEAM, NOPERM, SAME, "" },
    { "lr", TEAM, "COPY 1:3 INBOX", "OK .*", SAME, "" },
    { "lrt", TEAM, "MOVE 1 INBOX", NOPERM, SAME, "" },
    { "lre", TEAM, "MOVE 1 INBOX", NOPERM, SAME, "" },
    { "lrte", TEAM, "MOVE 1 INBOX", "OK .*", OTHER, "* 1 EXPUNGE" },
    { "lri", TEAM, "REPLACE 1 " TEAM MAIL, NOPERM, SAME, "" },
    { "lrte", TEAM, "REPLACE 1 " TEAM MAIL, NOPERM, SAME, "" },
    { "lrtei", TEAM, "REPLACE 1 INBOX" MAIL, "NO \\[CANNOT\\] .*", SAME, "" },
    { "lrtei", TEAM, "REPLACE 1 " TEAM MAIL, "OK .*", OTHER, "APPENDUID" },

    { "lrswitexa", NULL, "CREATE " TEAM "/New", NOPERM, SAME, "" },
    { "", NULL, "CREATE " TEAM "/New", NOPERM, SAME, "" },
    { "k", NULL, "CREATE " TEAM "/New", "OK .*", OTHER, "" },
    { "lrswitexka", NULL, "CREATE Shared/alice@a.test/Other", NOPERM, SAME, "" },
    { "lrswitka", NULL, "DELETE " TEAM, NOPERM, SAME, "" },
    { "k", NULL, "DELETE " TEAM, GONE, SAME, "" },
    { "x", NULL, "DELETE " TEAM, "OK .*", OTHER, "" },
    { "lk", NULL, "RENAME " TEAM " " TEAM "2", NOPERM, SAME, "" },
    { "lkx", NULL, "RENAME " TEAM " Shared/alice@a.test/Elsewhere", NOPERM, SAME, "" },
    { "lkx", NULL, "RENAME " TEAM " Mine", "NO \\[CANNOT\\] .*", SAME, "" },
    { "lkx", NULL, "RENAME INBOX " TEAM "/Mine", "NO \\[CANNOT\\] .*", SAME, "" },

    { "lrswipkxte", NULL, "GETACL " TEAM, NOPERM, SAME, "" },
    { "lrswipkxte", NULL, "SETACL " TEAM " bob@a.test a", NOPERM, SAME, "" },
    { "lrswipkxte", NULL, "DELETEACL " TEAM " bob@a.test", NOPERM, SAME, "" },
    { "lrswipkxte", NULL, "LISTRIGHTS " TEAM " bob@a.test", NOPERM, SAME, "" },
    { "rswipkxte", NULL, "GETACL " TEAM, GONE, SAME, "" },
    { "a", NULL, "GETACL " TEAM, "OK .*", SAME,
      "* ACL \"" TEAM "\" alice@a.test lrswipkxteacd bob@a.test a\n" },
    { "a", NULL, "LISTRIGHTS " TEAM " bob@a.test", "OK .*", SAME,
      "bob@a.test \"\" l r s w i p k x t e a c d\n" },
    { "a", NULL, "LISTRIGHTS " TEAM " alice@a.test", "OK .*", SAME,
      "alice@a.test lrswipkxteacd\n" },
    { "a", NULL, "SETACL " TEAM " alice@a.test -r", "NO \\[CANNOT\\] .*", SAME, "" },
    { "a", NULL, "SETACL " TEAM " bob@a.test +r", "OK .*", SAME, "" },
};

static void every_right_on_and_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char playing[300], select[200];
        snprintf(playing, sizeof playing, "\"%s\" in %s: %.100s", cases[i].rights,
                 cases[i].select ? cases[i].select : "no mailbox", cases[i].command);
        begin(playing);
        if (cases[i].untagged && strstr(cases[i].command, "LSUB")) {
            grant("Team", "l");
            expect(BOB, "SUBSCRIBE " TEAM, "OK .*");
        }
        grant("Team", cases[i].rights);
        if (cases[i].select) {
            snprintf(select, sizeof select, "SELECT %s", cases[i].select);
            expect(BOB, select, "OK .*");
        }
        uint64_t before = alices();
        expect(BOB, cases[i].command, cases[i].answer);
        const char *wanted = cases[i].untagged;
        if (wanted && (*wanted ? !strstr(heard, wanted) : *heard))
            fail_msg("%s: heard %s", playing, heard);
        if ((alices() == before) != (cases[i].makes == SAME))
            fail_msg("%s: alice's mail %s", playing,
                     cases[i].makes == SAME ? "changed" : "is the same");
        world_end();
    }
}

/* --- what else follows --------------------------------------------------------------------------
 */
static void flags_come_along_as_far_as_rights_go(void **state)
{
    static const struct {
        const char *rights, *flags;
    } flags[] = {
        { "lri", "()" },
        { "lris", "(\\Seen)" },
        { "lrit", "(\\Deleted)" },
        { "lriw", "(\\Flagged own)" },
        { "lriswt", "(\\Flagged \\Deleted \\Seen own)" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        begin(flags[i].rights);
        grant("Team", flags[i].rights);
        expect(BOB, "SELECT INBOX", "OK .*");
        expect(BOB, "COPY 1 " TEAM, "OK .*");
        expect(BOB, "APPEND " TEAM " (\\Seen \\Flagged \\Deleted own)" MAIL, "OK .*");
        expect(BOB, "SELECT " TEAM, "OK .*");
        expect(BOB, "FETCH 4:5 FLAGS", "OK .*");
        char want[200];
        snprintf(want, sizeof want, "* 4 FETCH (FLAGS %s)\n* 5 FETCH (FLAGS %s)\n", flags[i].flags,
                 flags[i].flags);
        assert_string_equal(heard, want);
        world_end();
    }
}

static void subtrees_keep_their_grants(void **state)
{
    (void)state;
    begin("subtrees");
    grant("Team", "lrkx");
    expect(BOB, "CREATE " TEAM "/a/b", "OK .*");
    expect(BOB, "MYRIGHTS " TEAM "/a/b", "OK .*");
    assert_string_equal(heard, "* MYRIGHTS \"" TEAM "/a/b\" lrkxc\n");
    expect(BOB, "RENAME " TEAM "/a " TEAM "/c", "OK .*");
    expect(BOB, "LIST \"\" Shared/*", "OK .*");
    assert_string_equal(heard, "* LIST (\\Noselect \\HasChildren) \"/\" \"Shared/alice@a.test\"\n"
                               "* LIST (\\HasChildren) \"/\" \"" TEAM "\"\n"
                               "* LIST (\\HasChildren) \"/\" \"" TEAM "/c\"\n"
                               "* LIST (\\HasNoChildren) \"/\" \"" TEAM "/c/b\"\n");
    grant("Team/c", "");
    expect(BOB, "LIST \"\" Shared/alice@a.test/%", "OK .*");
    assert_string_equal(heard, "* LIST (\\HasChildren) \"/\" \"" TEAM "\"\n");
    expect(BOB, "LIST \"\" " TEAM "/*", "OK .*");
    assert_string_equal(heard, "* LIST (\\Noselect \\HasChildren) \"/\" \"" TEAM "/c\"\n"
                               "* LIST (\\HasNoChildren) \"/\" \"" TEAM "/c/b\"\n");
    expect(ALICE, "LIST \"\" Shared*", "OK .*");
    assert_string_equal(heard, "");
    world_end();
}

static void everybody_and_less(void **state)
{
    (void)state;
    begin("anyone");
    expect(ALICE, "SETACL Team anyone lrs", "OK .*");
    expect(ALICE, "SETACL Team authuser w", "OK .*");
    expect(BOB, "MYRIGHTS " TEAM, "OK .*");
    assert_string_equal(heard, "* MYRIGHTS \"" TEAM "\" lrsw\n");
    expect(ALICE, "SETACL Team -bob@a.test rw", "OK .*");
    expect(BOB, "MYRIGHTS " TEAM, "OK .*");
    assert_string_equal(heard, "* MYRIGHTS \"" TEAM "\" ls\n");
    expect(BOB, "SELECT " TEAM, NOPERM);
    expect(ALICE, "GETACL Team", "OK .*");
    assert_string_equal(heard, "* ACL \"Team\" alice@a.test lrswipkxteacd anyone lrs authuser w "
                               "-bob@a.test rw\n");
    expect(ALICE, "DELETEACL Team -BOB@A.test", "OK .*");
    expect(BOB, "SELECT " TEAM, "OK .*");
    expect(ALICE, "SETACL Team bob@a.test lq", "BAD .*");
    expect(ALICE, "SETACL Team bob@a.test L", "BAD .*");
    expect(ALICE, "SETACL Team \"\" l", "BAD .*");
    expect(ALICE, "SETACL Team nobody@a.test l", "NO \\[NONEXISTENT\\] no such user");
    expect(ALICE, "SETACL Team nonsense l", "NO \\[NONEXISTENT\\] no such user");
    expect(ALICE, "SETACL Nothing bob@a.test l", GONE);
    world_end();
}

static void what_is_taken_away_is_gone(void **state)
{
    (void)state;
    begin("revoked");
    grant("Team", "lrsw");
    expect(BOB, "SELECT " TEAM, "OK .*");
    grant("Team", "lrs");
    expect(BOB, "NOOP", "OK .*");
    assert_non_null(strstr(heard, "PERMANENTFLAGS (\\Seen)]"));
    grant("Team", "l");
    client_send(BOB, S("y FETCH 1 BODY[]"), false);
    const char *line = client_line(BOB, 5000);
    assert_non_null(line);
    assert_true(like(line, "\\* BYE .*"));
    assert_null(client_line(BOB, 200));
    world_end();
}

static void idle_hears_of_the_owners_mail(void **state)
{
    (void)state;
    begin("idle");
    grant("Team", "lr");
    expect(BOB, "SELECT " TEAM, "OK .*");
    client_send(BOB, S("i IDLE"), false);
    assert_string_equal(client_line(BOB, 5000), "+ idling");
    expect(ALICE, "APPEND Team" MAIL, "OK .*");
    const char *line = client_line(BOB, 5000);
    assert_non_null(line);
    assert_string_equal(line, "* 4 EXISTS");
    client_send(BOB, S("DONE"), false);
    assert_true(like(client_line(BOB, 5000), "i OK .*"));
    world_end();
}

static void the_owners_quota_counts(void **state)
{
    (void)state;
    begin("quota");
    grant("Team", "lri");
    assert_int_equal(store_user_quota(w.store, S("alice@a.test"), 0, 4), OK);
    expect(BOB, "SELECT INBOX", "OK .*");
    expect(BOB, "COPY 1 " TEAM, "OK .*");
    expect(BOB, "COPY 1 " TEAM, "NO \\[OVERQUOTA\\] .*");
    expect(BOB, "APPEND " TEAM MAIL, "NO \\[OVERQUOTA\\] .*");
    expect(BOB, "APPEND INBOX" MAIL, "OK .*");
    world_end();
}

/* The command with the name in the place of @. */
static const char *with(const char *command, const char *name)
{
    static char line[400];
    const char *at = strchr(command, '@');
    assert_non_null(at);
    snprintf(line, sizeof line, "%.*s%s%s", (int)(at - command), command, name, at + 1);
    return line;
}

static void metadata_goes_by_rights(void **state)
{
    static const struct {
        const char *rights, *command, *answer;
    } asked[] = {
        { "", "GETMETADATA " TEAM " /shared/comment", GONE },
        { "l", "GETMETADATA " TEAM " /shared/comment", NOPERM },
        { "rswip", "GETMETADATA " TEAM " /shared/comment", GONE },
        { "lp", "GETMETADATA " TEAM " /shared/comment", "OK .*" },
        { "l", "SETMETADATA " TEAM " (/private/comment \"x\")", NOPERM },
        { "lr", "SETMETADATA " TEAM " (/private/comment \"x\")", "OK .*" },
        { "lrsipkxtea", "SETMETADATA " TEAM " (/shared/comment \"x\")", NOPERM },
        { "lw", "SETMETADATA " TEAM " (/shared/comment \"x\")", "OK .*" },
    };
    (void)state;
    begin("metadata");
    expect(ALICE, "SETMETADATA Team (/shared/comment \"hers\" /private/comment \"secret\")",
           "OK .*");
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        grant("Team", asked[i].rights);
        uint64_t before = alices();
        expect(BOB, asked[i].command, asked[i].answer);
        assert_null(strstr(heard, "secret"));
        if (*asked[i].answer == 'N') assert_true(alices() == before);
    }
    expect(ALICE, "GETMETADATA (DEPTH infinity) Team (/private /shared)", "OK .*");
    assert_string_equal(
        heard, "* METADATA \"Team\" (/shared/comment \"x\" /private/comment \"secret\")\n");
    expect(BOB, "GETMETADATA (DEPTH infinity) " TEAM " (/private /shared)", "OK .*");
    assert_string_equal(heard,
                        "* METADATA \"" TEAM "\" (/shared/comment \"x\" /private/comment \"x\")\n");
    world_end();
}

static void changes_of_metadata_are_told(void **state)
{
    (void)state;
    begin("metadata news");
    log_in(2, "alice@a.test");
    grant("Team", "lrw");
    expect(BOB, "ENABLE METADATA", "OK .*");
    expect(2, "ENABLE METADATA", "OK .*");
    expect(BOB, "SELECT " TEAM, "OK .*");
    expect(ALICE, "SETMETADATA Team (/shared/comment \"a\" /private/comment \"b\")", "OK .*");
    expect(ALICE, "SETMETADATA INBOX (/shared/comment \"c\")", "OK .*");
    expect(ALICE, "NOOP", "OK .*");
    assert_string_equal(heard, "");
    expect(BOB, "NOOP", "OK .*");
    assert_string_equal(heard, "* METADATA \"" TEAM "\" /shared/comment\n");
    expect(2, "NOOP", "OK .*");
    assert_string_equal(heard, "* METADATA \"INBOX\" /shared/comment\n"
                               "* METADATA \"Team\" /shared/comment\n"
                               "* METADATA \"Team\" /private/comment\n");
    expect(2, "NOOP", "OK .*");
    assert_string_equal(heard, "");
    expect(BOB, "SETMETADATA " TEAM " (/shared/comment NIL)", "OK .*");
    assert_string_equal(heard, "");
    expect(2, "NOOP", "OK .*");
    assert_string_equal(heard, "* METADATA \"Team\" /shared/comment\n");
    world_end();
}

/* --- attack -------------------------------------------------------------------------------------
 */
static const char *const names[] = {
    "Shared/alice@a.test/INBOX",
    "Shared/alice@a.test/Team",
    "Shared/alice@a.test/Team/",
    "Shared/alice@a.test",
    "Shared/alice@a.test/",
    "Shared/alice@a.test//Team",
    "Shared//alice@a.test/Team",
    "Shared/./alice@a.test/Team",
    "Shared/../alice@a.test/Team",
    "Shared/bob@a.test/../alice@a.test/Team",
    "Shared/ALICE@A.TEST/Team",
    "shared/alice@a.test/Team",
    "Shared/alice/Team",
    "Shared/alice@a.test/inbox",
    "Shared/Shared/alice@a.test/Team",
    "Shared/alice@a.test/Shared/alice@a.test/Team",
    "\"Shared/\\\"alice\\\"@a.test/Team\"",
    "Shared/@/Team",
    "Shared/@a.test/Team",
    "Shared/bob@a.test/INBOX",
    "Shared/nobody@a.test/INBOX",
    "Shared/alice@a.test@a.test/Team",
    "Shared/alice@a.test/&AFQ-eam",
    "alice@a.test/Team",
    "../alice@a.test/Team",
    "/Team",
    "Shared/16/Team",
};
static const char *const tries[] = {
    "SELECT @",
    "EXAMINE @",
    "STATUS @ (MESSAGES UIDNEXT)",
    "DELETE @",
    "RENAME @ Taken",
    "GETMETADATA @ /shared/comment",
    "SETMETADATA @ (/private/comment \"x\")",

    "GETACL @",
    "SETACL @ bob@a.test lr",
    "DELETEACL @ bob@a.test",
    "LISTRIGHTS @ bob@a.test",
    "MYRIGHTS @",
    ("APPEND @" MAIL),
    "COPY 1 @",
    "MOVE 1 @",
    "LIST \"\" @",
    "LIST \"\" @ RETURN (STATUS (MESSAGES) MYRIGHTS)",
    "LIST @ *",
};

static void nobody_reads_what_was_not_granted(void **state)
{
    (void)state;
    begin("attack");
    w.settings.errors_max = 100000;
    grant("Sent", "lr"); /* one mailbox of hers is no way to another */
    grant("Team", "swiktexpa");
    grant("Team", "");
    expect(BOB, "SELECT INBOX", "OK .*");
    uint64_t before = alices();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        for (size_t k = 0; k < COUNT_OF(tries); k++) {
            const char *line = with(tries[k], names[i]);
            const char *answer = ask(BOB, line);
            bool list = strncmp(line, "LIST ", 5) == 0;
            if (list ? !like(answer, "(OK|BAD|NO) .*") : !like(answer, "(NO|BAD) .*"))
                fail_msg("%s: %s", line, answer);
            if (strstr(heard, "Team") || strstr(heard, "EXISTS") ||
                strstr(heard, "alice@a.test/INBOX"))
                fail_msg("%s: heard %s", line, heard);
            if (strncmp(line, "SELECT ", 7) == 0 || strncmp(line, "EXAMINE ", 8) == 0)
                expect(BOB, "SELECT INBOX", "OK .*");
            if (alices() != before) fail_msg("%s changed alice's mail", line);
        }
    world_end();
}

/* No user, no mailbox, no right: the same words. */
static void what_may_not_be_looked_up_does_not_exist(void **state)
{
    static const char *const same[] = {
        "SELECT @",    "STATUS @ (MESSAGES)", "DELETE @",     "GETACL @",           "MYRIGHTS @",
        "SUBSCRIBE @", ("APPEND @" MAIL),     "CREATE @/New", "RENAME INBOX @/New", "GETQUOTAROOT @"
    };
    (void)state;
    begin("same words");
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        char first[400];
        snprintf(first, sizeof first, "%s", ask(BOB, with(same[i], TEAM)));
        assert_true(like(first, "NO .*"));
        assert_string_equal(ask(BOB, with(same[i], "Shared/alice@a.test/Nothing")), first);
        assert_string_equal(ask(BOB, with(same[i], "Shared/nobody@a.test/Team")), first);
    }
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_right_on_and_off),
        cmocka_unit_test(flags_come_along_as_far_as_rights_go),
        cmocka_unit_test(subtrees_keep_their_grants),
        cmocka_unit_test(everybody_and_less),
        cmocka_unit_test(what_is_taken_away_is_gone),
        cmocka_unit_test(idle_hears_of_the_owners_mail),
        cmocka_unit_test(the_owners_quota_counts),
        cmocka_unit_test(metadata_goes_by_rights),
        cmocka_unit_test(changes_of_metadata_are_told),
        cmocka_unit_test(nobody_reads_what_was_not_granted),
        cmocka_unit_test(what_may_not_be_looked_up_does_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
