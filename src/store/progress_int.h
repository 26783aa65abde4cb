/* progress_int.h - long commands: many transactions, each begun again if it must, answered once.
 *
 * A transaction function may run more than once, so it starts from what the last committed one
 * left: where the walk stands, and how long the sets of results were.
 */
#ifndef STORE_PROGRESS_INT_H
#define STORE_PROGRESS_INT_H

#include "store/store_int.h"

/* A set that grows over several transactions: what it was when the present one began. */
struct growing {
    struct uidset *set; /* NULL: nobody asked */
    size_t n;
    struct uid_range last;
};
void growing_keep(struct growing *g); /* begin: remember */
void growing_back(struct growing *g); /* run again: forget what was added since */
/* ERR_LIMIT when the arena is spent. UIDs come in ascending order, so the set stays normalised. */
enum err growing_add(struct growing *g, struct uid uid) MUST_CHECK;

#endif
