/* mem.h - the heap. Only base/ calls malloc and free; everyone else asks here or an arena.
 *
 * A small allocation that fails ends the process: there is no sensible answer to it. What a peer
 * can make large goes through an arena or a buf, whose limits are ordinary errors.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_new(size_t size);                              /* zeroed; never NULL */
void *mem_array(size_t n, size_t size);                  /* zeroed, n*size checked; never NULL */
void *mem_resize(void *p, size_t old_n, size_t new_n, size_t size); /* new part zeroed */
/* The same for something of megabytes that is read here and there: in large pages, if the system
 * has them. */
void *mem_new_large(size_t size);
/* Once, before any thread: what is free at the end of a heap goes back to the system, whatever was
 * asked for before. Else one large letter teaches the allocator to keep megabytes for each thread. */
void mem_give_back(void);
void mem_free(void *p);                                  /* NULL is fine */
/* For a library that handles secrets: what it gives back is wiped. NULL without memory. */
void *mem_secret_new(size_t size);
void *mem_secret_resize(void *p, size_t size);
void mem_secret_free(void *p); /* NULL is fine */
#define MEM_NEW(type)      ((type *)mem_new(sizeof(type)))
#define MEM_ARRAY(n, type) ((type *)mem_array(n, sizeof(type)))

/* The struct that holds this member: for intrusive lists and callbacks. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
