/* load.h - clients who work until the server is killed under them. */
#ifndef CRASH_LOAD_H
#define CRASH_LOAD_H

#include "crash/ledger.h"
#include "crash/outgoing.h"
#include "support/chat.h"
#include "support/server.h"

enum { PORT_IMAP_CLEAR = 3143, PORT_POP3_CLEAR = 3110, PORT_SUBMIT_CLEAR = 3587 };
#define PASSWORD "sesame"

struct load {
    struct ledger *ledger;
    const char *address;
    bool large; /* messages around 1 MiB, beside those of a few KiB */
    unsigned seed;
    int worker;                /* which of WORKERS */
    struct outgoing *outgoing; /* what goes to sink@c.test; NULL: nothing does */
    bool refusals;             /* the machine is in trouble: "later" is an answer */
    const _Atomic bool *stop;  /* asked to end; NULL: only with the connection */
};

enum { WORKERS = 9 };
/* A thread's function: works until its connection breaks. arg: a struct load. */
void *load_run(void *arg);

/* Logged in as user N. NULL when the server is gone. */
struct chat *load_imap(const char *address, int user);
/* Removes what is there for sure, but so many. */
void load_tidy(struct ledger *l, struct chat *c, int user, enum box box, int keep);

#endif
