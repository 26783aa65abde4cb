/* stop.c - SIGTERM: every client is told in its protocol's words, whatever it was in the middle of,
 * and nobody holds the server up (rule 25).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/chat.h"
#include "support/crowd.h"
#include "support/fail.h"
#include "support/server.h"

enum {
    PORT_IMAP_CLEAR = 3143,
    PORT_POP3_CLEAR = 3110,
    PORT_SUBMIT_CLEAR = 3587,
    LARGE = 8000000, /* more than sockets take ahead */
    STOP_S = 15,     /* rule 25 */
    CROWD = 1000,
    SMALL_BUFFER = 4096,
};

struct scene {
    struct world *world;
    struct server *server;
    const char *at;
};

static void append_large(struct scene *s)
{
    static const char header[] = "Subject: large\r\n\r\n";
    char *text = malloc(LARGE + 100);
    memcpy(text, header, sizeof header);
    size_t n = sizeof header - 1;
    for (; n < LARGE; n += 70)
        memcpy(text + n, "012345678901234567890123456789012345678901234567890123456789abcdefgh\r\n",
               70);
    struct chat *c = chat_open(s->at, PORT_IMAP_CLEAR);
    if (!c || !chat_imap_login(c, "bob@b.test", "pw") || chat_append(c, "INBOX", text, n) != 'O')
        fail_now("the large message is not taken: %s", c ? c->text : "refused");
    chat_close(c);
    free(text);
}

static struct scene set_scene(void)
{
    struct scene s = { .world = world_new() };
    char extra[700], at[16];
    world_address(s.world, 2, at);
    snprintf(extra, sizeof extra,
             "[listener imap-clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = "
             "yes\nconns_per_address_max = 0\n"
             "[listener pop3-clear]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = "
             "yes\n"
             "[listener submit-clear]\naddress = %s:%d\nprotocol = submission\ntls = none\n"
             "auth_in_clear = yes\n",
             at, PORT_IMAP_CLEAR, at, PORT_POP3_CLEAR, at, PORT_SUBMIT_CLEAR);
    s.server = server_start(s.world, "b.test", extra);
    s.at = server_address(s.server);
    server_user(s.server, "bob@b.test", "pw");
    server_user(s.server, "eve@b.test", "pw");
    return s;
}

/* --- what clients are in the middle of -------------------------------------------------------- */

static struct chat *at_port(struct scene *s, int port)
{
    struct chat *c = chat_open(s->at, port);
    if (!c) fail_now("nobody listens on %d", port);
    return c;
}

static void must(bool ok, const struct chat *c, const char *what)
{
    if (!ok) fail_now("%s: %s", what, c->text);
}

static struct chat *smtp(struct scene *s)
{
    struct chat *c = at_port(s, PORT_SMTP);
    must(chat_smtp_reply(c) == 220 && chat_smtp(c, "EHLO c.test") == 250, c, "EHLO");
    return c;
}

static struct chat *smtp_line(struct scene *s)
{
    struct chat *c = smtp(s);
    chat_send(c, "MAIL FROM:<an", 13);
    return c;
}

static struct chat *smtp_tls(struct scene *s)
{
    struct chat *c = smtp(s);
    must(chat_smtp(c, "STARTTLS") == 220 && chat_tls(c, world_ca(s->world), "mail.b.test") &&
             chat_smtp(c, "EHLO c.test") == 250,
         c, "STARTTLS");
    return c;
}

static struct chat *smtp_recipient(struct scene *s)
{
    struct chat *c = smtp(s);
    must(chat_smtp(c, "MAIL FROM:<ann@c.test>") == 250 &&
             chat_smtp(c, "RCPT TO:<bob@b.test>") == 250,
         c, "RCPT");
    return c;
}

static struct chat *smtp_data(struct scene *s)
{
    struct chat *c = smtp_recipient(s);
    must(chat_smtp(c, "DATA") == 354, c, "DATA");
    chat_say(c, "Subject: half a letter");
    return c;
}

static struct chat *smtp_bdat(struct scene *s)
{
    struct chat *c = smtp_recipient(s);
    chat_say(c, "BDAT 1000 LAST");
    chat_say(c, "Subject: half a chunk");
    return c;
}

static struct chat *smtp_auth(struct scene *s)
{
    struct chat *c = at_port(s, PORT_SUBMIT_CLEAR);
    must(chat_smtp_reply(c) == 220 && chat_smtp(c, "EHLO c.test") == 250 &&
             chat_smtp(c, "AUTH LOGIN") == 334,
         c, "AUTH");
    return c;
}

static struct chat *imap_new(struct scene *s)
{
    struct chat *c = at_port(s, PORT_IMAP_CLEAR);
    must(chat_line(c) != NULL, c, "greeting");
    return c;
}

static struct chat *imap(struct scene *s)
{
    struct chat *c = at_port(s, PORT_IMAP_CLEAR);
    must(chat_imap_login(c, "bob@b.test", "pw") && chat_imap(c, "SELECT INBOX") == 'O', c,
         "SELECT");
    return c;
}

static struct chat *imap_idle(struct scene *s)
{
    struct chat *c = imap(s);
    chat_say(c, "i IDLE");
    must(chat_line(c) != NULL, c, "IDLE");
    return c;
}

static struct chat *imap_tls(struct scene *s)
{
    struct chat *c = at_port(s, PORT_IMAPS);
    must(chat_tls(c, world_ca(s->world), "mail.b.test") && chat_imap_login(c, "bob@b.test", "pw"),
         c, "IMAP over TLS");
    return c;
}

static struct chat *imap_literal(struct scene *s)
{
    struct chat *c = imap_new(s);
    chat_say(c, "l LOGIN {10}");
    must(chat_line(c) != NULL, c, "the literal's go-ahead");
    chat_send(c, "bob@", 4);
    return c;
}

static struct chat *imap_append(struct scene *s)
{
    struct chat *c = imap(s);
    chat_say(c, "a APPEND INBOX {5000}");
    must(chat_line(c) != NULL, c, "the literal's go-ahead");
    chat_say(c, "Subject: half a message");
    return c;
}

static struct chat *imap_auth(struct scene *s)
{
    struct chat *c = imap_new(s);
    chat_say(c, "p AUTHENTICATE PLAIN");
    must(chat_line(c) != NULL, c, "AUTHENTICATE");
    return c;
}

static struct chat *imap_fetch(struct scene *s)
{
    struct chat *c = imap(s);
    chat_say(c, "f FETCH 1 BODY.PEEK[]");
    return c;
}

static struct chat *pop3_new(struct scene *s)
{
    struct chat *c = at_port(s, PORT_POP3_CLEAR);
    must(chat_line(c) != NULL, c, "greeting");
    return c;
}

static struct chat *pop3(struct scene *s)
{
    struct chat *c = at_port(s, PORT_POP3_CLEAR);
    must(chat_pop3_login(c, "eve@b.test", "pw"), c, "POP3");
    return c;
}

static struct chat *pop3_line(struct scene *s)
{
    struct chat *c = pop3_new(s);
    chat_send(c, "USER ev", 7);
    return c;
}

static const struct {
    const char *what;
    struct chat *(*begin)(struct scene *s);
    const char *last; /* how the last line begins */
} clients[] = {
    { "SMTP between commands", smtp, "421 4.3.2 " },
    { "SMTP within a command", smtp_line, "421 4.3.2 " },
    { "SMTP in TLS", smtp_tls, "421 4.3.2 " },
    { "SMTP within DATA", smtp_data, "421 4.3.2 " },
    { "SMTP within BDAT", smtp_bdat, "421 4.3.2 " },
    { "SMTP within AUTH", smtp_auth, "421 4.3.2 " },
    { "IMAP not logged in", imap_new, "* BYE [UNAVAILABLE] " },
    { "IMAP between commands", imap, "* BYE [UNAVAILABLE] " },
    { "IMAP in IDLE", imap_idle, "* BYE [UNAVAILABLE] " },
    { "IMAP in TLS", imap_tls, "* BYE [UNAVAILABLE] " },
    { "IMAP within a literal", imap_literal, "* BYE [UNAVAILABLE] " },
    { "IMAP within APPEND", imap_append, "* BYE [UNAVAILABLE] " },
    { "IMAP within AUTHENTICATE", imap_auth, "* BYE [UNAVAILABLE] " },
    { "IMAP within a long FETCH", imap_fetch, "* BYE [UNAVAILABLE] " },
    { "POP3 not logged in", pop3_new, "-ERR [SYS/TEMP] " },
    { "POP3 between commands", pop3, "-ERR [SYS/TEMP] " },
    { "POP3 within a command", pop3_line, "-ERR [SYS/TEMP] " },
};
enum { CLIENTS = sizeof clients / sizeof *clients };

/* Reads to the end: is the last line the goodbye, and was what was under way finished before it? */
static void hear_goodbye(struct chat *c, int which)
{
    char last[200] = "", before[200] = "";
    for (const char *line; (line = chat_line(c));) {
        memcpy(before, last, sizeof before);
        snprintf(last, sizeof last, "%s", line);
    }
    if (strncmp(last, clients[which].last, strlen(clients[which].last)) != 0)
        fail_now("%s heard '%s' last", clients[which].what, last);
    if (clients[which].begin == imap_fetch && strncmp(before, "f OK", 4) != 0)
        fail_now("%s: '%s' before the goodbye", clients[which].what, before);
}

static void test_goodbyes(void **state)
{
    (void)state;
    struct scene s = set_scene();
    struct chat *c[CLIENTS];
    char control[600];
    append_large(&s);
    for (int i = 0; i < CLIENTS; i++)
        c[i] = clients[i].begin(&s);
    usleep(50000); /* what was sent has been read */
    snprintf(control, sizeof control, "%s/control", server_data_dir(s.server));
    assert_int_equal(access(control, F_OK), 0);
    double began = now_s();
    kill(server_pid(s.server), SIGTERM);
    for (int i = 0; i < CLIENTS; i++) {
        hear_goodbye(c[i], i);
        chat_close(c[i]);
    }
    assert_int_equal(server_end(s.server, 0, STOP_S), 0);
    printf("# %d clients heard their goodbye; %.2f s\n", CLIENTS, now_s() - began);
    assert_true(file_has(server_log(s.server), "server.stopped"));
    assert_int_not_equal(access(control, F_OK), 0);
    world_free(s.world);
}

/* --- who reads nothing ------------------------------------------------------------------------ */

static struct chat *deaf(struct scene *s)
{
    struct chat *c = imap(s);
    int small = SMALL_BUFFER;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    chat_say(c, "f FETCH 1 BODY.PEEK[]");
    usleep(100000);
    return c;
}

static void test_who_reads_nothing(void **state)
{
    (void)state;
    struct scene s = set_scene();
    append_large(&s);
    struct chat *c = deaf(&s);
    double began = now_s();
    assert_int_equal(server_end(s.server, SIGTERM, STOP_S), 0);
    double took = now_s() - began;
    printf("# stopped in %.1f s beside a peer that reads nothing\n", took);
    assert_true(took < STOP_S);
    chat_close(c);

    server_restart(s.server);
    c = deaf(&s);
    kill(server_pid(s.server), SIGTERM);
    usleep(300000);
    began = now_s();
    int ended = server_end(s.server, SIGINT, STOP_S);
    if (ended) fail_now("%s", file_read(server_log(s.server), NULL));
    printf("# at a second signal in %.2f s\n", now_s() - began);
    assert_true(now_s() - began < 1.5);
    chat_close(c);
    int status;
    server_restart(s.server);
    const char *said = CLI(s.server, NULL, &status, "check");
    if (status) fail_now("posthorn check: %s", said);
    assert_int_equal(server_stop(s.server), 0);
    world_free(s.world);
}

/* --- a thousand ------------------------------------------------------------------------------- */

static void test_a_thousand_idle(void **state)
{
    (void)state;
    struct scene s = set_scene();
    if (crowd_raise_files() < CROWD + 100) fail_now("too few descriptors for %d clients", CROWD);
    struct crowd *crowd = crowd_new(s.at, PORT_IMAP_CLEAR, NULL, NULL, CROWD);
    for (int i = 0; i < CROWD; i++)
        crowd_join(crowd, "bob@b.test", "pw", "INBOX");
    double began = now_s();
    kill(server_pid(s.server), SIGTERM);
    double heard = crowd_heard(crowd, CROWD, "* BYE [UNAVAILABLE]", began);
    assert_int_equal(server_end(s.server, 0, STOP_S), 0);
    printf("# %d idle clients heard BYE in %.2f s; stopped in %.2f s\n", CROWD, heard,
           now_s() - began);
    crowd_free(crowd);
    world_free(s.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goodbyes),
        cmocka_unit_test(test_who_reads_nothing),
        cmocka_unit_test(test_a_thousand_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
