/* scan_int.h - a log segment from one record to the next, past what is damaged, to its end. */
#ifndef STORE_EMBEDDED_SCAN_INT_H
#define STORE_EMBEDDED_SCAN_INT_H

#include "store/embedded/segment_int.h"

/* What a walk meets. Both must not change the segment. */
struct log_visitor {
    void (*record)(void *arg, uint64_t at, const struct record *r); /* lives until it returns */
    void (*damage)(void *arg, uint64_t from, uint64_t to); /* was durable, does not read back */
    void *arg;
};
/* From offset `from` to `end`, or, when that is 0, to where the segment's durable part ends, which
 * *end_found receives. A tail whose sync never ended is torn, and is no damage: records say which
 * offset was durable when they were written, and nothing beyond a torn tail was written later.
 * ERR_LATER: the disk cannot be read. Blocks: not on a loop. */
enum err log_walk(struct segments *t, struct segment *s, uint64_t from, uint64_t end,
                  const struct log_visitor *v, uint64_t *end_found) MUST_CHECK;
/* The same, of a log whose end is known, in pieces: stops at the first record that begins `bytes`
 * or more after `from`. *next: where to go on; end when that was the last piece. */
enum err log_walk_some(struct segments *t, struct segment *s, uint64_t from, uint64_t end,
                       size_t bytes, const struct log_visitor *v, uint64_t *next) MUST_CHECK;

#endif
