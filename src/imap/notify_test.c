/* notify_test.c - NOTIFY with several devices: what is told between commands, and what is not.
 *
 * RFC 5465; what one connection can show is in tests/transcripts/imap/notify.t. Device 0 listens,
 * the others do things.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "imap/server_fixture.h"

static void hears(int i, const char *pattern)
{
    regex_t re;
    char whole[1024];
    const char *line = client_line(i, 5000);
    snprintf(whole, sizeof(whole), "^(%s)$", pattern);
    assert_int_equal(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB), 0);
    if (!line || regexec(&re, line, 0, NULL, 0) != 0)
        fail_msg("%s: expected: %s\n got: %s", w.playing, pattern, line ? line : "(nothing)");
    regfree(&re);
}

/* Nothing comes by itself. */
static void silence(int i)
{
    const char *line = client_line(i, 50);
    if (line) fail_msg("%s: nobody asked for: %s", w.playing, line);
}

static void say(int i, const char *line)
{
    client_send(i, str_of(line), false);
}

/* Until the tagged answer, which is OK; what was said before it is passed over. */
static void await(int i, const char *tag)
{
    const char *answer;
    while ((answer = client_line(i, 10000)) && strncmp(answer, tag, strlen(tag)) != 0)
        if (strncmp(answer, tag, strlen(tag) - 2) == 0) fail_msg("%s: %s", w.playing, answer);
    if (!answer) fail_msg("%s: no %s", w.playing, tag);
}

static void ask(int i, const char *line)
{
    char tag[8];
    snprintf(tag, sizeof(tag), "%.*s OK", (int)strcspn(line, " "), line);
    say(i, line);
    await(i, tag);
}

static void device(int i, const char *user, const char *mailbox)
{
    char line[200];
    client_open(i);
    hears(i, "\\* OK .*");
    snprintf(line, sizeof(line), "l LOGIN %s secret", user);
    ask(i, line);
    if (!mailbox) return;
    snprintf(line, sizeof(line), "s SELECT %s", mailbox);
    ask(i, line);
}

static void append(int i, const char *mailbox)
{
    char line[200];
    snprintf(line, sizeof(line), "p APPEND %s {21+}", mailbox);
    say(i, line);
    say(i, "Subject: x\r\n\r\nwords\r\n");
    await(i, "p OK");
}

/* --- the selected mailbox -------------------------------------------------------------------- */
static void selected_is_told_at_once(void **state)
{
    (void)state;
    device(0, "alice@a.test", "INBOX");
    device(1, "alice@a.test", "INBOX");
    append(1, "INBOX");
    ask(0, "n NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) "
           "MessageExpunge FlagChange))");
    append(1, "INBOX");
    hears(0, "\\* 2 EXISTS");
    hears(0, "\\* 2 FETCH \\(UID 2 BODY\\[HEADER.FIELDS \\(SUBJECT\\)\\] \\{14\\}");
    hears(0, "Subject: x");
    hears(0, "");
    hears(0, "\\)");
    ask(1, "f STORE 1 +FLAGS (\\Flagged \\Deleted)");
    hears(0, "\\* 1 FETCH \\(UID 1 FLAGS \\(\\\\Flagged \\\\Deleted\\)\\)");
    ask(1, "x EXPUNGE");
    hears(0, "\\* 1 EXPUNGE");
    silence(0);
}

static void flags_are_kept_back(void **state)
{
    (void)state;
    device(0, "alice@a.test", "INBOX");
    device(1, "alice@a.test", "INBOX");
    append(1, "INBOX");
    ask(0, "n NOTIFY SET (selected (MessageNew MessageExpunge))");
    ask(1, "f STORE 1 +FLAGS (\\Flagged)");
    silence(0);
    say(0, "o NOOP");
    hears(0, "o OK .*");
    append(1, "INBOX");
    hears(0, "\\* 2 EXISTS");
    /* Its own STORE is answered all the same. */
    say(0, "t STORE 2 +FLAGS (\\Seen)");
    hears(0, "\\* 2 FETCH \\(FLAGS \\(\\\\Seen\\)\\)");
    hears(0, "t OK .*");
    say(0, "n NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))");
    hears(0, "\\* 1 FETCH \\(UID 1 FLAGS \\(\\\\Flagged\\)\\)");
    hears(0, "\\* 2 FETCH \\(UID 2 FLAGS \\(\\\\Seen\\)\\)");
    hears(0, "n OK .*");
}

static void delayed_keeps_the_numbers(void **state)
{
    (void)state;
    device(0, "alice@a.test", "INBOX");
    device(1, "alice@a.test", "INBOX");
    append(1, "INBOX");
    append(1, "INBOX");
    ask(0, "n NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))");
    ask(1, "f STORE 1 +FLAGS.SILENT (\\Deleted)");
    hears(0, "\\* 1 FETCH .*");
    ask(1, "x EXPUNGE");
    append(1, "INBOX");
    hears(0, "\\* 3 EXISTS");
    silence(0);
    say(0, "f FETCH 2 UID");
    hears(0, "\\* 2 FETCH \\(UID 2\\)");
    hears(0, "f OK .*");
    say(0, "i IDLE");
    hears(0, "\\+ .*");
    hears(0, "\\* 1 EXPUNGE");
    ask(1, "f STORE 1 +FLAGS.SILENT (\\Deleted)");
    hears(0, "\\* 1 FETCH .*");
    ask(1, "x EXPUNGE");
    hears(0, "\\* 1 EXPUNGE");
    say(0, "DONE");
    hears(0, "i OK .*");
}

static void who_wants_nothing_hears_nothing(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "n NOTIFY NONE", "n NOTIFY SET (selected NONE)",
        "n NOTIFY SET (mailboxes INBOX (MessageNew MessageExpunge))"
    };
    device(0, "alice@a.test", "INBOX");
    device(1, "alice@a.test", "INBOX");
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        ask(0, ways[i]);
        append(1, "INBOX");
        say(0, "o NOOP");
        hears(0, "o OK .*");
        say(0, "i IDLE");
        hears(0, "\\+ .*");
        append(1, "INBOX");
        silence(0);
        say(0, "DONE");
        hears(0, "i OK .*");
    }
    /* What came meanwhile is told when somebody listens again. */
    say(0, "n NOTIFY SET (selected (MessageNew MessageExpunge))");
    hears(0, "\\* 6 EXISTS");
    hears(0, "n OK .*");
}

static void own_names_are_not_told(void **state)
{
    (void)state;
    device(0, "alice@a.test", NULL);
    ask(0, "n NOTIFY SET (personal (MailboxName SubscriptionChange))");
    say(0, "c CREATE Work/2026");
    hears(0, "c OK .*");
    say(0, "c RENAME Work Job");
    hears(0, "c OK .*");
    say(0, "c SUBSCRIBE Job");
    hears(0, "c OK .*");
    say(0, "c DELETE Job/2026");
    hears(0, "c OK .*");
    silence(0);
}

/* --- other mailboxes ------------------------------------------------------------------------- */
static void others_are_told_by_status(void **state)
{
    (void)state;
    device(0, "alice@a.test", "INBOX");
    device(1, "alice@a.test", "Archive");
    say(0, "n NOTIFY SET STATUS (subtree Archive (MessageNew MessageExpunge)) "
           "(mailboxes (Sent Nowhere) (MessageNew MessageExpunge FlagChange))");
    hears(0, "\\* STATUS \"?Archive\"? \\(MESSAGES 0 UIDNEXT 1 UIDVALIDITY [0-9]+\\)");
    hears(
        0,
        "\\* STATUS \"?Sent\"? \\(MESSAGES 0 UIDNEXT 1 UIDVALIDITY [0-9]+ HIGHESTMODSEQ [0-9]+\\)");
    hears(0, "n OK .*");
    append(1, "Archive");
    hears(0, "\\* STATUS \"?Archive\"? \\(MESSAGES 1 UIDNEXT 2\\)");
    append(1, "Trash");
    append(1, "INBOX");
    silence(0);                         /* INBOX is selected, and SELECTED was not asked for */
    ask(1, "f STORE 1 FLAGS (\\Seen)"); /* no FlagChange there */
    silence(0);
    append(1, "Sent");
    hears(0, "\\* STATUS \"?Sent\"? \\(MESSAGES 1 UIDNEXT 2( UIDVALIDITY [0-9]+ UNSEEN 1)?\\)");
    ask(1, "s SELECT Sent");
    ask(1, "f STORE 1 FLAGS (\\Seen)");
    hears(0, "\\* STATUS \"?Sent\"? \\(UIDVALIDITY [0-9]+ UNSEEN 0\\)");
    ask(1,
        "f STORE 1 FLAGS (\\Seen \\Deleted)"); /* nothing that a STATUS without CONDSTORE shows */
    silence(0);
    ask(0, "e ENABLE CONDSTORE");
    ask(1, "f STORE 1 FLAGS (\\Flagged \\Seen \\Deleted)");
    hears(0, "\\* STATUS \"?Sent\"? \\(UIDVALIDITY [0-9]+ HIGHESTMODSEQ [0-9]+\\)");
    ask(1, "x EXPUNGE");
    hears(
        0,
        "\\* STATUS \"?Sent\"? \\(MESSAGES 0 UIDNEXT 2 UIDVALIDITY [0-9]+ HIGHESTMODSEQ [0-9]+\\)");
    silence(0);
}

static void names_are_told(void **state)
{
    (void)state;
    device(0, "alice@a.test", NULL);
    device(1, "alice@a.test", NULL);
    ask(0, "n NOTIFY SET (personal (MailboxName SubscriptionChange))");
    ask(1, "c CREATE Lists/a");
    hears(0, "\\* LIST \\(\\\\HasChildren\\) \"/\" \"?Lists\"?");
    hears(0, "\\* LIST \\(\\\\HasNoChildren\\) \"/\" \"?Lists/a\"?");
    ask(1, "c SUBSCRIBE Lists/a");
    hears(0, "\\* LIST \\(\\\\HasNoChildren \\\\Subscribed\\) \"/\" \"?Lists/a\"?");
    ask(1, "c RENAME Lists Groups");
    hears(0,
          "\\* LIST \\(\\\\HasChildren\\) \"/\" \"?Groups\"? \\(\"OLDNAME\" \\(\"?Lists\"?\\)\\)");
    /* The child went along; its subscription stays with the name that it had, or goes along too. */
    for (const char *line; (line = client_line(0, 50));)
        assert_null(strstr(line, "OLDNAME"));
    ask(1, "c DELETE Groups/a");
    hears(0, "\\* LIST \\(\\\\NonExistent \\\\HasNoChildren.*\\) \"/\" \"?Groups/a\"?");
    hears(0, "\\* LIST \\(\\\\HasNoChildren\\) \"/\" \"?Groups\"?");
    append(1, "INBOX");
    silence(0);
    ask(0, "n NOTIFY SET (subtree Lists (MailboxName))");
    ask(1, "c CREATE Other");
    silence(0);
    ask(1, "c CREATE Lists/b");
    hears(0, "\\* LIST .* \"/\" \"?Lists\"?");
    hears(0, "\\* LIST .* \"/\" \"?Lists/b\"?");
}

static void subscribed_follows(void **state)
{
    (void)state;
    device(0, "alice@a.test", NULL);
    device(1, "alice@a.test", NULL);
    ask(1, "c CREATE News");
    ask(0, "n NOTIFY SET (subscribed (MessageNew MessageExpunge))");
    append(1, "News");
    silence(0);
    ask(1, "c SUBSCRIBE News");
    append(1, "News");
    hears(0, "\\* STATUS \"?News\"? \\(MESSAGES 2 UIDNEXT 3\\)");
    ask(1, "c UNSUBSCRIBE News");
    append(1, "News");
    silence(0);
    ask(0, "n NOTIFY SET (inboxes (MessageNew MessageExpunge))");
    append(1, "News");
    append(1, "INBOX");
    hears(0, "\\* STATUS \"?INBOX\"? .*");
    silence(0);
}

static struct account account_of(const char *address)
{
    struct user user;
    struct view *v = store_view(w.store);
    assert_int_equal(store_user_find(v, str_of(address), &user), OK);
    view_end(v);
    return user.account;
}

/* What alice lets bob do with her Archive from now on. */
static void grant(uint32_t rights)
{
    struct account alice = account_of("alice@a.test");
    struct mailbox m;
    struct view *v = store_view(w.store);
    assert_int_equal(store_mailbox_find(v, alice, S("Archive"), &m), OK);
    view_end(v);
    struct acl_change c = { .account = alice,
                            .mailbox = m.id,
                            .to = { .who = account_of("bob@a.test") },
                            .op = ACL_REPLACE,
                            .rights = rights };
    assert_int_equal(store_acl_set(w.store, &c), OK);
}

#define ARCHIVE "\"?Shared/alice@a.test/Archive\"?"

static void what_others_share(void **state)
{
    (void)state;
    add_user("bob@a.test", "secret");
    device(0, "bob@a.test", NULL);
    device(1, "alice@a.test", NULL);
    ask(0, "n NOTIFY SET (subtree Shared (MessageNew MessageExpunge MailboxName))");
    append(1, "Archive");
    silence(0);
    grant(RIGHT_LOOKUP | RIGHT_READ); /* RFC 5465 5.4: as if it was made now */
    hears(0, "\\* LIST \\(\\\\HasNoChildren\\) \"/\" " ARCHIVE);
    hears(0, "\\* LIST \\(\\\\NonExistent \\\\HasChildren\\) \"/\" \"?Shared/alice@a.test\"?");
    hears(0, "\\* STATUS " ARCHIVE " \\(MESSAGES 1 UIDNEXT 2\\)");
    append(1, "Archive");
    hears(0, "\\* STATUS " ARCHIVE " \\(MESSAGES 2 UIDNEXT 3\\)");
    grant(RIGHT_LOOKUP); /* RFC 5465 5.9 */
    hears(0, "\\* LIST \\(\\\\NoAccess \\\\HasNoChildren\\) \"/\" " ARCHIVE);
    append(1, "Archive");
    silence(0);
    say(0, "n NOTIFY SET STATUS (subtree Shared (MessageNew MessageExpunge MailboxName))");
    hears(0, "\\* LIST \\(\\\\NoAccess \\\\HasNoChildren\\) \"/\" " ARCHIVE);
    hears(0, "n OK .*");
    grant(RIGHT_LOOKUP | RIGHT_READ);
    hears(0, "\\* LIST \\(\\\\HasNoChildren\\) \"/\" " ARCHIVE);
    append(1, "Archive");
    hears(0, "\\* STATUS " ARCHIVE " \\(MESSAGES 4 UIDNEXT 5\\)");
    grant(0);
    hears(0, "\\* LIST \\(\\\\NonExistent \\\\HasNoChildren\\) \"/\" " ARCHIVE);
    hears(0, "\\* LIST \\(\\\\NonExistent \\\\HasNoChildren\\) \"/\" \"?Shared/alice@a.test\"?");
    append(1, "Archive");
    silence(0);
}

static void metadata_is_told(void **state)
{
    (void)state;
    device(0, "alice@a.test", NULL);
    device(1, "alice@a.test", NULL);
    ask(1, "m SETMETADATA Sent (/shared/comment \"old\")");
    ask(0, "n NOTIFY SET (mailboxes INBOX (MailboxMetadataChange)) (personal (MailboxName))");
    ask(1, "m SETMETADATA INBOX (/shared/comment \"new\" /private/comment \"mine\")");
    hears(0, "\\* METADATA \"?INBOX\"? /shared/comment");
    hears(0, "\\* METADATA \"?INBOX\"? /private/comment");
    ask(1, "m SETMETADATA Sent (/shared/comment \"new\")");
    ask(1, "m SETMETADATA \"\" (/private/comment \"new\")");
    silence(0);
    ask(1, "m SETMETADATA INBOX (/shared/comment NIL)"); /* one that goes is told too */
    hears(0, "\\* METADATA \"?INBOX\"? /shared/comment");
    ask(0, "n NOTIFY SET (personal (ServerMetadataChange))");
    ask(1, "m SETMETADATA \"\" (/private/comment \"newer\")");
    hears(0, "\\* METADATA \"\" /private/comment");
    say(0, "m SETMETADATA \"\" (/private/comment \"own\")");
    hears(0, "m OK .*");
    silence(0);
}

/* --- limits, ends ---------------------------------------------------------------------------- */
static void unauthenticate_ends_it(void **state)
{
    (void)state;
    device(0, "alice@a.test", "INBOX");
    device(1, "alice@a.test", "INBOX");
    ask(0, "n NOTIFY SET (selected (MessageNew MessageExpunge))");
    ask(0, "u UNAUTHENTICATE");
    ask(0, "l LOGIN alice@a.test secret");
    ask(0, "s SELECT INBOX");
    append(1, "INBOX");
    silence(0);
    say(0, "o NOOP");
    hears(0, "\\* 1 EXISTS");
    hears(0, "o OK .*");
}

static void too_many_mailboxes(void **state)
{
    struct mailbox_id id;
    char name[32];
    (void)state;
    device(0, "alice@a.test", NULL);
    ask(0, "n NOTIFY SET (personal (MailboxName))");
    struct account alice = account_of("alice@a.test");
    for (int i = 0; i < IMAP_NOTIFY_MAILBOXES; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        assert_int_equal(store_mailbox_create(w.store, alice, str_of(name), USE_NONE, &id), OK);
    }
    hears(0, "\\* OK \\[NOTIFICATIONOVERFLOW\\] .*");
    say(0, "n NOTIFY SET (personal (MailboxName))");
    hears(0, "n NO \\[NOTIFICATIONOVERFLOW\\] .*");
    ask(0, "n NOTIFY SET (selected (MessageNew MessageExpunge))"); /* looks at none of them */
}

static int begin(void **state)
{
    (void)state;
    world_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end();
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(selected_is_told_at_once),
        CASE(flags_are_kept_back),
        CASE(delayed_keeps_the_numbers),
        CASE(who_wants_nothing_hears_nothing),
        CASE(own_names_are_not_told),
        CASE(others_are_told_by_status),
        CASE(names_are_told),
        CASE(subscribed_follows),
        CASE(what_others_share),
        CASE(metadata_is_told),
        CASE(unauthenticate_ends_it),
        CASE(too_many_mailboxes),
    };
    w.playing = "notify";
    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
