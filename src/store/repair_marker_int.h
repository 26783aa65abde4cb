/* repair_marker_int.h - the file that says that a repair has begun and is not done: until it is, no
 * store opens in the folder, and it remembers how much was lost.
 */
#ifndef STORE_REPAIR_MARKER_INT_H
#define STORE_REPAIR_MARKER_INT_H

#include "run/seam.h"

extern const char repair_marker[]; /* its name in the data folder */
/* Is a repair unfinished? *lost_bytes: of the journal, by what it had found so far. */
bool repair_marker_find(struct seam *seam, uint64_t *lost_bytes) MUST_CHECK;
/* Durable when it returns 0, otherwise as a seam call. */
int repair_marker_set(struct seam *seam, uint64_t lost_bytes) MUST_CHECK;
int repair_marker_clear(struct seam *seam) MUST_CHECK; /* 0 too when there is none */

#endif
