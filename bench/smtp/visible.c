/* visible.c - how many messages the recipients can see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp_int.h"
#include "support/wire.h"

struct watcher {
    struct wire *wires[USERS];
};

struct watcher *watcher_open(const struct system *s)
{
    struct watcher *w = calloc(1, sizeof *w);
    for (int i = 0; i < USERS; i++) {
        w->wires[i] = wire_open(s->address, s->port_imap);
        wire_expect(w->wires[i], "^\\* OK.*$");
        wire_imap(w->wires[i], "OK", "LOGIN u%d@bench.test secret", i);
    }
    return w;
}

uint64_t watcher_count(struct watcher *w)
{
    uint64_t n = 0;
    for (int i = 0; i < USERS; i++)
        n += (uint64_t)imap_count(w->wires[i], "INBOX");
    return n;
}

void watcher_close(struct watcher *w)
{
    for (int i = 0; i < USERS; i++)
        wire_close(w->wires[i]);
    free(w);
}
