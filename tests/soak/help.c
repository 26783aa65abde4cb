/* help.c - what several of the soak's actors do: connecting, logging in, handing over. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/fail.h"

unsigned chance(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

void nap_ms(unsigned ms)
{
    for (unsigned slept = 0; slept < ms && !atomic_load(&soak.over); slept += 20)
        usleep((ms - slept < 20 ? ms - slept : 20) * 1000);
}

struct chat *imap_as(const char *user, bool tls)
{
    struct chat *c = chat_open(server_address(soak.a), tls ? PORT_IMAPS : PORT_CLEAR);
    if (!c) fail_now("IMAP: nobody answers %s", user);
    if (tls && !chat_tls(c, world_ca(soak.world), "mail.a.test")) fail_now("TLS for %s", user);
    if (!chat_imap_login(c, user, "sesame")) fail_now("log-in of %s: %s", user, c->text);
    return c;
}

struct chat *smtp_greeted(struct server *s)
{
    struct chat *c = chat_open(server_address(s), PORT_SMTP);
    if (!c || chat_smtp_reply(c) != 220 || chat_smtp(c, "EHLO c.test") != 250)
        fail_now("SMTP greeting: %s", c ? c->text : "nobody answers");
    return c;
}

void deliver_to(struct chat *c, const char *from, const char *to, const char *text, size_t n)
{
    if (chat_smtp(c, "MAIL FROM:<%s>", from) != 250 || chat_smtp(c, "RCPT TO:<%s>", to) != 250 ||
        chat_smtp(c, "DATA") != 354 || chat_data(c, text, n) != 250)
        fail_now("a letter to %s was not taken: %s", to, c->text);
}
