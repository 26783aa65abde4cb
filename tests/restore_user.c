/* restore_user.c - what a user deleted comes back out of a backup while the server runs: once,
 * where it was, with flags, keywords and date; and a user who was removed comes back whole.
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

enum { PORT_CLEAR = 3143, LARGE = 300000 };

struct scene {
    struct world *world;
    struct server *server;
    char folder[600];
    struct chat *c;
};

static struct scene scene;

static void log_in(struct scene *s)
{
    s->c = chat_open(server_address(s->server), PORT_CLEAR);
    if (!s->c || !chat_imap_login(s->c, "bob@b.test", "sesame")) fail_now("log-in");
}

static void imap(struct scene *s, const char *command)
{
    if (chat_imap(s->c, "%s", command) != 'O') fail_now("%s: %s", command, s->c->text);
}

static void append(struct scene *s, const char *arguments, int n, size_t size)
{
    static char text[LARGE + 200];
    char *p =
        text + snprintf(text, 150, "Message-ID: <%d@b.test>\r\nSubject: number %d\r\n\r\n", n, n);
    memset(p, 'a' + n % 26, size);
    memcpy(p + size, "\r\n", 3);
    if (chat_append(s->c, arguments, text, (size_t)(p - text) + size + 2) != 'O')
        fail_now("APPEND: %s", s->c->text);
}

static const char *cli(struct scene *s, int wanted, const char *const *words)
{
    int status;
    const char *said = server_cli(s->server, NULL, &status, words);
    if (status != wanted) fail_now("%s: %d %s", words[0], status, said);
    return said;
}
#define DO(s, wanted, ...) cli((s), (wanted), (const char *const[]){ __VA_ARGS__, NULL })

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_now("'%s' is not in: %s", part, text);
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

static int set_up(void **state)
{
    struct scene *s = &scene;
    char extra[512], address[16];
    s->world = world_new();
    snprintf(s->folder, sizeof s->folder, "%s/backup", world_dir(s->world));
    snprintf(
        extra, sizeof extra,
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n",
        world_address(s->world, 2, address), PORT_CLEAR);
    s->server = server_start(s->world, "b.test", extra);
    server_user(s->server, "bob@b.test", "sesame");
    log_in(s);
    imap(s, "CREATE Work/2026");
    imap(s, "SUBSCRIBE Work/2026");
    append(s, "INBOX (\\Seen \\Flagged $Forwarded) \"17-Jul-1996 02:44:25 -0700\"", 1, 10);
    append(s, "INBOX () \"18-Jul-1996 02:44:25 +0200\"", 2, LARGE);
    append(s, "INBOX (\\Answered)", 3, 2000);
    append(s, "Work/2026 (\\Draft urgent)", 4, 500);
    imap(s, "SELECT INBOX");
    imap(s, "COPY 3 Work/2026");
    DO(s, 0, "alias", "add", "sales@b.test", "bob@b.test");
    DO(s, 0, "alias", "add", "bob@b.test", "bob@b.test");
    DO(s, 0, "alias", "add", "info@b.test", "bob@b.test");
    DO(s, 0, "backup", s->folder);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    int status;
    const char *said = CLI(s->server, NULL, &status, "check");
    if (status) fail_now("check: %s", said);
    chat_close(s->c);
    world_free(s->world);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void nothing_is_missing(void **state)
{
    struct scene *s = *state;
    expect(DO(s, 0, "restore", s->folder, "--user", "bob@b.test"), "0 messages restored, 5 were");
}

static void moved_is_not_missing(void **state)
{
    struct scene *s = *state;
    imap(s, "SELECT INBOX");
    imap(s, "MOVE 3 Trash");
    expect(DO(s, 0, "restore", s->folder, "--user", "bob@b.test"), "0 messages restored, 5 were");
}

static void deleted_comes_back(void **state)
{
    struct scene *s = *state;
    imap(s, "SELECT INBOX");
    imap(s, "STORE 1:2 +FLAGS (\\Deleted)");
    imap(s, "EXPUNGE");
    expect(DO(s, 0, "restore", s->folder, "--user", "bob@b.test"), "2 messages restored, 3 were");
    imap(s, "NOOP");
    imap(s, "FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    assert_int_equal(count(s->c->text, "Subject: number 1\r\n"), 1);
    assert_int_equal(count(s->c->text, "Subject: number 2\r\n"), 1);
    expect(s->c->text, "\"17-Jul-1996 02:44:25 -0700\"");
    expect(s->c->text, "\"18-Jul-1996 02:44:25 +0200\"");
    expect(s->c->text, "\\Flagged");
    expect(s->c->text, "$Forwarded");
    expect(DO(s, 0, "restore", s->folder, "--user", "bob@b.test"), "0 messages restored, 5 were");
}

static void one_message_elsewhere(void **state)
{
    struct scene *s = *state;
    imap(s, "SELECT Work/2026");
    imap(s, "STORE 1 +FLAGS (\\Deleted)");
    imap(s, "EXPUNGE");
    imap(s, "SELECT INBOX");
    imap(s, "STORE 1:* +FLAGS (\\Deleted)");
    imap(s, "EXPUNGE");
    const char *said =
        DO(s, 0, "restore", s->folder, "--list", "--user", "bob@b.test", "--mailbox", "Work/2026");
    expect(said, "<4@b.test>");
    expect(DO(s, 0, "restore", s->folder, "--user", "bob@b.test", "--mailbox", "Work/2026", "--uid",
              "1", "--into", "Restored/today"),
           "1 messages restored, 0 were");
    imap(s, "SELECT Restored/today/Work/2026");
    imap(s, "FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    assert_int_equal(count(s->c->text, "Subject: number "), 1);
    expect(s->c->text, "Subject: number 4");
    expect(s->c->text, "urgent");
    expect(DO(s, 0, "restore", s->folder, "--user", "bob@b.test", "--message-id", "<2@b.test>"),
           "1 messages restored, 0 were");
    imap(s, "SELECT INBOX");
    imap(s, "FETCH 1:* (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    assert_int_equal(count(s->c->text, "Subject: number "), 1);
    DO(s, 1, "restore", s->folder, "--user", "bob@b.test", "--message-id", "nobody@b.test");
}

static void removed_user_comes_back(void **state)
{
    struct scene *s = *state;
    chat_close(s->c);
    DO(s, 0, "user", "remove", "bob@b.test");
    DO(s, 0, "alias", "remove", "sales@b.test");
    DO(s, 0, "alias", "remove", "bob@b.test");
    const char *said = DO(s, 0, "restore", s->folder, "--user", "bob@b.test");
    expect(said, "user bob@b.test made again");
    expect(said, "posthorn alias add sales@b.test bob@b.test\n");
    expect(said, "posthorn alias add bob@b.test bob@b.test\n");
    assert_int_equal(count(said, "alias add"), 2); /* info@b.test is still there */
    expect(said, "5 messages restored, 0 were");
    log_in(s); /* with the old password */
    imap(s, "LIST (SUBSCRIBED) \"\" \"*\"");
    expect(s->c->text, "Work/2026");
    imap(s, "STATUS Work/2026 (MESSAGES)");
    expect(s->c->text, "MESSAGES 2");
    imap(s, "STATUS INBOX (MESSAGES UNSEEN)");
    expect(s->c->text, "MESSAGES 3");
}

/* The server is not needed either. */
static void without_a_server(void **state)
{
    struct scene *s = *state;
    imap(s, "SELECT INBOX");
    imap(s, "STORE 2 +FLAGS (\\Deleted)");
    imap(s, "EXPUNGE");
    chat_close(s->c);
    assert_int_equal(server_stop(s->server), 0);
    expect(DO(s, 0, "restore", s->folder, "--user", "bob@b.test"), "1 messages restored, 4 were");
    DO(s, 1, "restore", s->folder, "--user", "nobody@b.test");
    DO(s, 0, "backup", "--verify", s->folder); /* it is as it was */
    server_restart(s->server);
    log_in(s);
    imap(s, "STATUS INBOX (MESSAGES)");
    expect(s->c->text, "MESSAGES 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_missing),      cmocka_unit_test(moved_is_not_missing),
        cmocka_unit_test(deleted_comes_back),      cmocka_unit_test(one_message_elsewhere),
        cmocka_unit_test(removed_user_comes_back), cmocka_unit_test(without_a_server),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
