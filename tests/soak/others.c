/* others.c - who else is there: log-ins that come and go, readers who hardly read, and clients that
 * mean harm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/fail.h"

/* --- coming and going ---------------------------------------------------------------------------
 */

static void log_in_once(unsigned who)
{
    char user[32];
    double began = now_s();
    snprintf(user, sizeof user, "i%u@a.test", who % IDLE_USERS);
    struct chat *c = imap_as(user, true);
    sample_add(LOG_IN, now_s() - began);
    if (chat_imap(c, "STATUS INBOX (MESSAGES UNSEEN)") != 'O') fail_now("STATUS: %s", c->text);
    if (who % 2) chat_imap(c, "LOGOUT"); /* others just hang up */
    chat_close(c);
}

static void fail_to_log_in(unsigned who)
{
    struct chat *c = chat_open(server_address(soak.a), PORT_CLEAR);
    if (!c || !chat_line(c)) fail_now("nobody answers a log-in");
    if (chat_imap(c, "LOGIN i%u@a.test wrong", who % (2 * IDLE_USERS)) != 'N')
        fail_now("a wrong password: %s", c->text);
    chat_close(c);
}

void *churner(void *arg)
{
    (void)arg;
    for (unsigned i = 0; !atomic_load(&soak.over); i++) {
        log_in_once(i);
        if (i % 10 == 9) fail_to_log_in(i / 10);
        nap_ms(250);
    }
    return NULL;
}

/* --- slow readers -------------------------------------------------------------------------------
 */

enum { SLOW = 16, SLOW_ROUNDS = 300 };

static struct chat *slow_begin(void)
{
    struct chat *c = imap_as("big@a.test", false);
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    chat_say(c, "s FETCH 1:* BODY.PEEK[]");
    return c;
}

/* A few kilobytes at a time of many megabytes; some hang up in the middle, and come again. */
void *slow_readers(void *arg)
{
    struct chat *all[SLOW] = { NULL };
    static char bytes[4096];
    (void)arg;
    for (unsigned round = 0; !atomic_load(&soak.over); round++) {
        for (unsigned i = 0; i < SLOW; i++) {
            if (all[i] && (round + i * (SLOW_ROUNDS / SLOW)) % SLOW_ROUNDS == 0) {
                chat_close(all[i]);
                all[i] = NULL;
            }
            if (!all[i] && round >= i) all[i] = slow_begin();
            if (all[i] && recv(all[i]->fd, bytes, sizeof bytes, MSG_DONTWAIT) == 0)
                fail_now("a slow reader was sent away");
        }
        nap_ms(100);
    }
    for (unsigned i = 0; i < SLOW; i++)
        chat_close(all[i]);
    return NULL;
}

/* --- harm ---------------------------------------------------------------------------------------
 */

static const struct {
    int port;
    const char *say;
} harm[] = {
    { PORT_SMTP,
      "EHLO x\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<d0@a.test>\r\nDATA\r\nx\n.\nMAIL FROM:<>\r\n" },
    { PORT_SMTP,
      "EHLO x\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<d0@a.test>\r\nBDAT 18446744073709551617\r\n" },
    { PORT_SMTP, "EHLO x\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<@x,@y:z%q@b.test>\r\nRCPT "
                 "TO:<nobody@a.test>\r\n" },
    { PORT_SMTP, "EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@c.test>\r\n" },
    { PORT_SMTP, "EHLO x\r\nMAIL FROM:<a@c.test> SIZE=99999999999999999999\r\nDATA\r\nQUIT\r\n" },
    { PORT_SUBMISSION, "EHLO x\r\nAUTH PLAIN\r\n*\r\nAUTH LOGIN ====\r\nAUTH\r\n" },
    { PORT_SUBMISSIONS, "\x16\x03\x01\x02\x00 half of a hello" },
    { PORT_IMAP, "a LOGIN {4294967296}\r\nb LOGIN {-1}\r\nc LOGIN {99999999999999999999+}\r\n" },
    { PORT_IMAP, "a STARTTLS\r\nb LOGIN x y\r\n" },
    { PORT_IMAP, "((((((((((((((((((((((((((((((((((((((\r\n\r\n\r\n* BAD\r\n" },
    { PORT_IMAPS, "GET / HTTP/1.1\r\nHost: mail.a.test\r\n\r\n" },
    { PORT_CLEAR,
      "a LOGIN i0@a.test sesame\r\nb SELECT INBOX\r\nc FETCH 1:4294967295 BODY[1.1.1.1.1.1.1]\r\n"
      "d UID SEARCH 4294967295,1:*,*:1 NOT NOT NOT NOT NOT NOT ALL\r\ne LIST \"\" "
      "*%*%*%*%*%*%*\r\n" },
    { PORT_CLEAR, "a LOGIN i1@a.test sesame\r\nb APPEND INBOX {1000000}\r\nhalf of it" },
    { PORT_CLEAR, "a LOGIN i2@a.test sesame\r\nb COMPRESS DEFLATE\r\n\xff\xff\xff\xff\xff\xff" },
    { PORT_POP3, "USER x\r\nPASS y\r\nRETR 18446744073709551616\r\nSTLS\r\nQUIT\r\n" },
    { PORT_CLEAR_POP3,
      "USER i3@a.test\r\nPASS sesame\r\nTOP 4294967297 99999999999\r\nDELE -1\r\nLIST 0\r\n" },
    { PORT_POP3S, "" },
};
enum { HARMS = sizeof harm / sizeof *harm, HELD = 24 };

/* A line of 70,000 bytes, now and then, where no line is so long. */
static void say_long(struct chat *c)
{
    static char line[70000];
    memset(line, 'x', sizeof line);
    chat_send(c, line, sizeof line);
}

/* Some are held open for a while, as by somebody who has stopped reading. */
void *bad_client(void *arg)
{
    struct chat *held[HELD] = { NULL };
    (void)arg;
    for (unsigned i = 0; !atomic_load(&soak.over); i++) {
        struct chat *c = chat_open(server_address(soak.a), harm[i % HARMS].port);
        if (!c) fail_now("port %d: nobody answers", harm[i % HARMS].port);
        chat_send(c, harm[i % HARMS].say, strlen(harm[i % HARMS].say));
        if (i % 7 == 0) say_long(c);
        chat_close(held[i % HELD]);
        held[i % HELD] = c;
        nap_ms(60);
    }
    for (unsigned i = 0; i < HELD; i++)
        chat_close(held[i]);
    return NULL;
}
