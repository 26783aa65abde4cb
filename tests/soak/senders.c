/* senders.c - another server that brings mail, and a user who submits it for another server. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/fail.h"

enum { LETTERS_A_CONNECTION = 25 };

static size_t size_by_chance(unsigned *seed)
{
    return chance(seed, 12) ? 400 + chance(seed, 8000) : 30000 + chance(seed, 150000);
}

static void send_one(struct chat *c, const char *from, const char *to, size_t size)
{
    unsigned id;
    size_t n;
    char *text = letter_new(size, &id, &n);
    deliver_to(c, from, to, text, n);
    letter_acknowledged(id);
    free(text);
}

void *mx_sender(void *arg)
{
    unsigned seed = 1;
    char to[64];
    (void)arg;
    while (!atomic_load(&soak.over)) {
        struct chat *c = smtp_greeted(soak.a);
        for (int i = 0; i < LETTERS_A_CONNECTION && !atomic_load(&soak.over); i++) {
            unsigned who = chance(&seed, DEVICES + 1);
            snprintf(to, sizeof to, who < DEVICES ? "d%u@a.test" : "p0@a.test", who);
            send_one(c, "ann@c.test", to, size_by_chance(&seed));
            nap_ms(20);
        }
        chat_smtp(c, "QUIT");
        chat_close(c);
    }
    return NULL;
}

static struct chat *submission(void)
{
    struct chat *c = chat_open(server_address(soak.a), PORT_SUBMISSIONS);
    /* d0@a.test's log-in, as SASL PLAIN says it. */
    if (!c || !chat_tls(c, world_ca(soak.world), "mail.a.test") || chat_smtp_reply(c) != 220 ||
        chat_smtp(c, "EHLO c.test") != 250 ||
        chat_smtp(c, "AUTH PLAIN AGQwQGEudGVzdABzZXNhbWU=") != 235)
        fail_now("submission: %s", c ? c->text : "nobody answers");
    return c;
}

void *submitter(void *arg)
{
    unsigned seed = 2;
    (void)arg;
    while (!atomic_load(&soak.over)) {
        struct chat *c = submission();
        for (int i = 0; i < LETTERS_A_CONNECTION && !atomic_load(&soak.over); i++) {
            send_one(c, "d0@a.test", chance(&seed, 4) ? "sink@b.test" : "d1@a.test",
                     size_by_chance(&seed));
            nap_ms(200);
        }
        chat_smtp(c, "QUIT");
        chat_close(c);
    }
    return NULL;
}
