/* break.c - --break NAME: the things that can go wrong, by name; and what they share. */
#include <string.h>

#include "demo/break_int.h"

/* clang-format off */
static const struct { const char *name, *what; void (*tell)(struct demo *d); } breaks[] = {
    { "unknown-recipient", "nobody of that name: refused in the conversation, or a readable bounce", break_unknown_recipient },
    { "relay-attempt",     "a stranger wants to send through us",                                    break_relay_attempt },
    { "receiver-down",     "b.test is switched off: mail waits, and arrives once",                   break_receiver_down },
    { "no-dns",            "the name server is gone: mail waits, nothing bounces",                   break_no_dns },
    { "full",              "Bob's mailbox is full: mail waits until he makes room",                  break_full },
    { "kill",              "kill -9 in the middle of a letter, and right after the 250",             break_kill },
};
/* clang-format on */
enum { BREAKS = sizeof breaks / sizeof *breaks };

bool break_known(const char *name)
{
    for (size_t i = 0; i < BREAKS; i++)
        if (!strcmp(name, breaks[i].name)) return true;
    return false;
}

void break_tell(struct demo *d, const char *name)
{
    for (size_t i = 0; i < BREAKS; i++)
        if (!strcmp(name, breaks[i].name)) {
            title(breaks[i].what);
            breaks[i].tell(d);
        }
}

void break_names(struct buf *out)
{
    for (size_t i = 0; i < BREAKS; i++)
        buf_addf(out, "  %-18s %s\n", breaks[i].name, breaks[i].what);
}

/* --- shared ----------------------------------------------------------------------------------- */

void promise(const char *const *lines)
{
    say("Promised:");
    while (*lines)
        say("  - %s", *lines++);
}

struct waiting {
    struct demo *demo;
    struct server *server;
    const char *who, *words;
    unsigned n;
};

static bool inbox_has(void *arg)
{
    struct waiting *w = arg;
    return messages_of(w->demo, w->server, w->who) == w->n;
}

bool inbox_becomes(struct demo *d, const char *user, unsigned n)
{
    struct waiting w = { d, strstr(user, "@b.test") ? d->b : d->a, user, NULL, n };
    return eventually(inbox_has, &w, DEMO_WAIT_MS);
}

static bool trace_says(void *arg)
{
    struct waiting *w = arg;
    return strstr(ASK(w->server, "trace", w->who), w->words) != NULL;
}

bool trace_becomes(struct server *s, const char *id, const char *words)
{
    struct waiting w = { .server = s, .who = id, .words = words };
    return eventually(trace_says, &w, DEMO_WAIT_MS);
}

void check_arrived_once(struct demo *d, const char *numbers)
{
    bool arrived = inbox_becomes(d, "bob@b.test", 1);
    bool empty = eventually(queue_is_empty, d->a, DEMO_WAIT_MS);
    check(arrived && empty && messages_of(d, d->b, "bob@b.test") == 1, numbers,
          "Bob has the letter exactly once, and a.test's queue is empty");
    check(messages_of(d, d->a, "alice@a.test") == 0, numbers, "Alice got no bounce");
}

unsigned attempts_of(struct demo *d, const char *id)
{
    unsigned n = 0;
    for (const char *at = ASK(d->a, "trace", id); (at = strstr(at, "  deferred ")); at++)
        n++;
    return n;
}
