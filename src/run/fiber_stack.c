/* fiber_stack.c - memory for stacks: mapped, guarded, counted over the process.
 *
 * The guard is larger than a page on purpose: a function with a 90 KB local array moves the stack
 * pointer over a single page without touching it and writes into whatever lies beyond.
 */
#include "run/fiber_stack.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/limits.h"
#include "run/fiber_switch.h"

/* Process-wide, because the kernel's limit on mappings is. */
static atomic_uint mapped;

size_t fiber_stack_bytes(void)
{
    return (size_t)FIBER_STACK_BYTES * FIBER_STACK_FACTOR;
}

void *fiber_stack_map(void)
{
    if (atomic_fetch_add(&mapped, 1) >= FIBERS_PER_PROCESS) {
        atomic_fetch_sub(&mapped, 1);
        return NULL;
    }

    size_t all = FIBER_GUARD_BYTES + fiber_stack_bytes();
    char *p = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        atomic_fetch_sub(&mapped, 1);
        return NULL;
    }
    if (mprotect(p + FIBER_GUARD_BYTES, fiber_stack_bytes(), PROT_READ | PROT_WRITE) != 0) {
        munmap(p, all);
        atomic_fetch_sub(&mapped, 1);
        return NULL;
    }
    return p + FIBER_GUARD_BYTES;
}

void fiber_stack_unmap(void *stack)
{
    munmap((char *)stack - FIBER_GUARD_BYTES, FIBER_GUARD_BYTES + fiber_stack_bytes());
    atomic_fetch_sub(&mapped, 1);
}
