/* acts.h - what a device does to a mailbox: each act is begun, and ended when its answer is read. */
#ifndef CONVERGE_ACTS_H
#define CONVERGE_ACTS_H

#include "converge/told.h"

enum act_what {
    ACT_NONE,
    ACT_STORE,
    ACT_APPEND,
    ACT_COPY,
    ACT_MOVE,
    ACT_EXPUNGE,
    ACT_UID_EXPUNGE,
    ACT_SELECT, /* and EXAMINE, of either mailbox */
    ACT_CLOSE,
    ACT_UNSELECT,
    ACT_IDLE,
    ACT_NOOP,
    ACT_READ, /* FETCH of flags and text */
    ACT_SEARCH,
    ACT_DROP, /* the connection, and another one: plain, CONDSTORE or QRESYNC */
};

enum store_how { STORE_SET, STORE_ADD, STORE_REMOVE };

struct act {
    enum act_what what;
    int box;        /* the one selected when it began; of ACT_APPEND: into which */
    int to;         /* of COPY and MOVE */
    bool uid;       /* the UID form */
    struct set set; /* UIDs, whatever the form */
    enum store_how how;
    bool silent;
    unsigned flags;
    uint64_t unchanged_since; /* 0: not asked */
    unsigned text;            /* of ACT_APPEND: the number in it */
    char answer;              /* 'O', 'N' */
    bool applied;             /* to all that were there and unchanged */
};

/* Where all connect. */
struct shore {
    const char *address, *user, *password;
    int port;
    unsigned texts;          /* letters written so far */
    unsigned population_max; /* a device that knows so many removes some */
};

/* A random number below n; n > 0. The seed decides all of them. */
unsigned pick(unsigned n);
void pick_seed(uint64_t seed);

void device_connect(struct device *d, const struct shore *shore);
void device_select(struct device *d, int box, bool examine);
/* Come back to the mailbox that the device had, with what it knew: nothing kept, by CONDSTORE, or by
 * QRESYNC if the server offers it. */
void device_resume(struct device *d, const struct shore *shore);

/* Choose an act and send it. Some are done then: their what is ACT_NONE. */
void act_begin(struct device *d, struct shore *shore, struct act *a);
void act_end(struct device *d, struct act *a);

unsigned flags_after(unsigned flags, const struct act *a);

#endif
