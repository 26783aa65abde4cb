/* once.h - a loop for one job: what the command line uses to call code that waits. */
#ifndef RUN_ONCE_H
#define RUN_ONCE_H

#include "run/fiber.h"

/* Runs fn(arg) on a fiber of a loop of its own, on this thread, until it returns.
 * ERR_LIMIT: no descriptors or stack for it. */
enum err once(struct seam *seam, fiber_fn *fn, void *arg) MUST_CHECK;

#endif
