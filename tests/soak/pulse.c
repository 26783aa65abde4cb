/* pulse.c - how soon one is answered: NOOP, EHLO, STAT, a delivery, the news of it in IDLE; and, to
 * judge the machine by, a bare echo. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/fail.h"

enum { BEAT_MS = 40, EAR_MS = 500, EAR_KEEPS = 40 };

/* --- the echo -----------------------------------------------------------------------------------
 */

static void *echo(void *arg)
{
    int fd = *(int *)arg;
    char byte;
    while (read(fd, &byte, 1) == 1)
        if (write(fd, &byte, 1) != 1) break;
    return NULL;
}

/* Two ends of a TCP connection over the loopback, as a client and a server have. */
static void echo_begin(int ends[2])
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, server_address(soak.a), &at.sin_addr);
    if (bind(listener, (struct sockaddr *)&at, n) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &n))
        fail_now("echo: %m");
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(ends[0], (struct sockaddr *)&at, n)) fail_now("echo: %m");
    ends[1] = accept(listener, NULL, NULL);
    close(listener);
    for (int i = 0; i < 2; i++)
        setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

static bool echoed(int fd)
{
    char byte = 'x';
    return write(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1;
}

/* --- the pulse ----------------------------------------------------------------------------------
 */

static void beat(enum sample what, double began, bool good, const struct chat *c)
{
    if (!good) fail_now("%s: %s", sample_names[what], c ? c->text : "no answer");
    sample_add(what, now_s() - began);
}

void *pulse(void *arg)
{
    int ends[2];
    pthread_t other;
    struct chat *imap = imap_as("ear@a.test", false), *smtp = smtp_greeted(soak.a),
                *pop3 = chat_open(server_address(soak.a), PORT_CLEAR_POP3);
    (void)arg;
    echo_begin(ends);
    pthread_create(&other, NULL, echo, &ends[1]);
    if (!pop3 || !chat_pop3_login(pop3, "ear@a.test", "sesame")) fail_now("POP3 log-in");
    while (!atomic_load(&soak.over)) {
        double began = now_s();
        beat(ECHO_, began, echoed(ends[0]), NULL);
        began = now_s();
        beat(NOOP, began, chat_imap(imap, "NOOP") == 'O', imap);
        began = now_s();
        beat(EHLO, began, chat_smtp(smtp, "EHLO c.test") == 250, smtp);
        began = now_s();
        beat(STAT, began, chat_pop3(pop3, "STAT") == '+', pop3);
        nap_ms(BEAT_MS);
    }
    shutdown(ends[0], SHUT_RDWR);
    pthread_join(other, NULL);
    close(ends[0]);
    close(ends[1]);
    chat_close(imap);
    chat_close(smtp);
    chat_close(pop3);
    return NULL;
}

/* --- the ear ------------------------------------------------------------------------------------
 */

static void idle_begin(struct chat *c)
{
    chat_say(c, "i IDLE");
    const char *line;
    do {
        line = chat_line(c);
        if (!line) fail_now("IDLE: the end");
    } while (*line != '+');
}

static void await(struct chat *c, const char *word)
{
    const char *line;
    do {
        line = chat_line(c);
        if (!line) fail_now("no %s was heard", word);
    } while (!strstr(line, word));
}

static void empty(struct chat *c)
{
    chat_say(c, "DONE");
    await(c, "i OK");
    if (chat_imap(c, "STORE 1:* +FLAGS.SILENT (\\Deleted)") != 'O' ||
        chat_imap(c, "EXPUNGE") != 'O')
        fail_now("the ear's mailbox: %s", c->text);
    idle_begin(c);
}

void *ear(void *arg)
{
    static const char letter[] = "From: ann@c.test\r\nSubject: tick\r\n\r\nTock.\r\n";
    struct chat *idle = imap_as("ear@a.test", false), *smtp = smtp_greeted(soak.a);
    (void)arg;
    if (chat_imap(idle, "SELECT INBOX") != 'O') fail_now("SELECT: %s", idle->text);
    idle_begin(idle);
    for (unsigned i = 1; !atomic_load(&soak.over); i++) {
        double began = now_s();
        deliver_to(smtp, "ann@c.test", "ear@a.test", letter, sizeof letter - 1);
        sample_add(DELIVERY, now_s() - began);
        await(idle, "EXISTS");
        sample_add(NEWS, now_s() - began);
        if (i % EAR_KEEPS == 0) empty(idle);
        nap_ms(EAR_MS);
    }
    chat_close(idle);
    chat_close(smtp);
    return NULL;
}
