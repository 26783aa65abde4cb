/* care.h - what an administrator does while mail comes and goes: compact, and import. */
#ifndef CRASH_CARE_H
#define CRASH_CARE_H

#include "crash/ledger.h"
#include "support/server.h"

enum { IMPORT_LETTERS = 25, IMPORT_USER = 2 }; /* whose WORK nobody else works in */

struct care {
    struct ledger *ledger;
    struct world *world;
    struct server *server;
    bool large;
    _Atomic bool killed; /* set just before the server is: what fails from then on may */
    unsigned compactions, imports, resumed;
    /* the import that is under way, or was when the server was killed */
    bool pending;
    struct letter letters[IMPORT_LETTERS];
    bool came[IMPORT_LETTERS];
};

/* Threads' functions: again and again until the server is killed. arg: a struct care. */
void *care_compact(void *arg);
void *care_import(void *arg);
/* After the ledger was compared: which letters of a cut import came; the next one brings the rest.
 */
void care_settle(struct care *c);

#endif
