/* pages_int.h - the index's file page by page, believing nothing: for check, and for open. */
#ifndef STORE_EMBEDDED_PAGES_INT_H
#define STORE_EMBEDDED_PAGES_INT_H

#include <lmdb.h>

#include "base/err.h"
#include "base/str.h"

struct pages_visitor {
    void (*fault)(void *arg, str what,
                  uint64_t page);                /* "damaged page": what is below is not seen */
    void (*row)(void *arg, str key, str stored); /* with its sum; NULL: leaves are not looked at */
    void *arg;
};
/* Everything that the snapshot reaches, read from the file and not from the map: LMDB follows
 * whatever a page says, so a flipped bit may lead it out of the file. ERR_CORRUPT: there were
 * faults; ERR_LATER: the disk; ERR_CONFLICT: later commits took the place of the snapshot's state
 * before it was read, take another. Blocks. */
enum err pages_walk(MDB_env *env, MDB_txn *snapshot, const struct pages_visitor *v) MUST_CHECK;
/* Is the file shorter than what it refers to? */
bool pages_cut(MDB_env *env, MDB_txn *snapshot) MUST_CHECK;

#endif
