/* idlers.c - those who only listen: a crowd in IDLE, half of it over TLS, and some with NOTIFY. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/crowd.h"
#include "support/fail.h"

enum { NOTIFIED = 16 };

static struct crowd *clear, *tls;

void idlers_join(void)
{
    char user[32];
    int half = soak.idlers / 2;
    clear = crowd_new(server_address(soak.a), PORT_CLEAR, NULL, NULL, soak.idlers);
    tls = crowd_new(server_address(soak.a), PORT_IMAPS, world_ca(soak.world), "mail.a.test",
                    soak.idlers);
    for (int i = 0; i < soak.idlers; i++) {
        snprintf(user, sizeof user, "i%d@a.test", i % IDLE_USERS);
        crowd_join(i < half ? clear : tls, user, "sesame", "INBOX");
    }
}

double idlers_hear(void)
{
    static const char letter[] = "From: ann@c.test\r\nSubject: to all\r\n\r\nHello.\r\n";
    struct chat *c = smtp_greeted(soak.a);
    if (chat_smtp(c, "MAIL FROM:<ann@c.test>") != 250) fail_now("MAIL: %s", c->text);
    for (int i = 0; i < IDLE_USERS; i++)
        if (chat_smtp(c, "RCPT TO:<i%d@a.test>", i) != 250) fail_now("RCPT: %s", c->text);
    if (chat_smtp(c, "DATA") != 354) fail_now("DATA: %s", c->text);
    double began = now_s();
    if (chat_data(c, letter, sizeof letter - 1) != 250) fail_now("letter: %s", c->text);
    chat_close(c);
    double one = crowd_heard(clear, crowd_size(clear), "EXISTS", began),
           two = crowd_heard(tls, crowd_size(tls), "", began);
    return one > two ? one : two;
}

void idlers_leave(void)
{
    crowd_done(clear);
    crowd_free(clear);
    crowd_free(tls);
}

/* Devices that hear of everything in all of a busy user's mailboxes, whichever is selected. */
void *notified(void *arg)
{
    struct chat *all[NOTIFIED];
    char user[32];
    (void)arg;
    for (int i = 0; i < NOTIFIED; i++) {
        snprintf(user, sizeof user, "d%d@a.test", i % DEVICES);
        all[i] = imap_as(user, false);
        if (chat_imap(all[i], "NOTIFY SET (personal (MessageNew MessageExpunge FlagChange))") !=
            'O')
            fail_now("NOTIFY: %s", all[i]->text);
    }
    while (!atomic_load(&soak.over)) {
        for (int i = 0; i < NOTIFIED; i++)
            while (chat_waits(all[i], 0))
                if (!chat_line(all[i])) fail_now("one with NOTIFY was sent away");
        nap_ms(50);
    }
    for (int i = 0; i < NOTIFIED; i++)
        chat_close(all[i]);
    return NULL;
}
