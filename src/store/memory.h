/* memory.h - an engine that forgets: for unit tests, session fuzzers and quick trials.
 *
 * Everything lies in the process's memory and nothing is ever durable. For one thread: a commit
 * runs at once, on the caller's stack, and never waits. A value read inside a transaction really
 * dies at the next call, so that ASan sees who kept one.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store/engine.h"

/* seam (may be NULL) gives the clock; without one each commit comes a millisecond after the last.
 */
enum err engine_memory_open(struct seam *seam, struct engine **out) MUST_CHECK;
/* Moves the clock: for what happens after days. */
void engine_memory_advance(struct engine *e, int64_t us);
/* The n-th commit from now fails with ERR_LATER, once; 0: none. */
void engine_memory_fail(struct engine *e, unsigned n);

#endif
