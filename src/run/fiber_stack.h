/* fiber_stack.h - memory for stacks: mapped, guarded, counted over the process. Private to run/. */
#ifndef RUN_FIBER_STACK_H
#define RUN_FIBER_STACK_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes a fiber may use: FIBER_STACK_BYTES, more under sanitizers. */
size_t fiber_stack_bytes(void);
/* The lowest usable byte of a new stack with FIBER_GUARD_BYTES of no access below it; NULL when the
 * process has FIBERS_PER_PROCESS already or the kernel refuses. Untouched pages cost nothing. */
void *fiber_stack_map(void);
void fiber_stack_unmap(void *stack);

#endif
