/* look.h - open a store after a crash, and judge it. */
#ifndef CRASH_LOOK_H
#define CRASH_LOOK_H

#include "crash/letters.h"

struct look {
    const struct ledger_of_life *ledger;
    size_t least; /* the oldest picture that may be seen */
    uint64_t seed;
    size_t opening_ops; /* found: changes of files until it was open */
};
/* NULL: all is well. Otherwise what is wrong, valid until the next call. */
const char *look_at(struct look *look, const char *folder);

#endif
