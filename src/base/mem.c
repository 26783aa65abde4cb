/* mem.c - the heap: allocations that succeed or end the process. */
#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Out of memory for something small, or a size no machine has: a core dump says more than a guess
 * at how to go on would. */
static void *must(void *p)
{
    if (!p) abort();
    return p;
}

static size_t product(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) abort();
    return bytes ? bytes : 1; /* malloc(0) may be NULL, ours never is */
}

void *mem_new(size_t size)
{
    return must(calloc(1, size ? size : 1));
}

void *mem_array(size_t n, size_t size)
{
    return must(calloc(1, product(n, size)));
}

void *mem_resize(void *p, size_t old_n, size_t new_n, size_t size)
{
    size_t bytes = product(new_n, size);
    char *q = must(realloc(p, bytes));
    if (new_n > old_n) memset(q + old_n * size, 0, (new_n - old_n) * size);
    return q;
}

void *mem_new_large(size_t size)
{
    static const size_t page_bytes = (size_t)2 * 1024 * 1024;
    void *p = NULL;
    if (posix_memalign(&p, page_bytes, size) != 0) abort();
    madvise(p, size / page_bytes * page_bytes, MADV_HUGEPAGE); /* advice: no matter if refused */
    return memset(p, 0, size);
}

void *mem_secret_new(size_t size)
{
    return malloc(size ? size : 1);
}

void *mem_secret_resize(void *p, size_t size)
{
    size_t there = p ? malloc_usable_size(p) : 0;
    if (size && size <= there && size > there / 2) return p;
    void *q = mem_secret_new(size);
    if (!q) return NULL;
    if (there) memcpy(q, p, there < size ? there : size);
    mem_secret_free(p);
    return q;
}

void mem_secret_free(void *p)
{
    if (p) explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

/* Either of them set ends glibc's habit of raising both to twice the largest block that was freed.
 */
void mem_give_back(void)
{
    enum { OWN_MAPPING_BYTES = 512 * 1024, FREE_AT_END_BYTES = 256 * 1024 };
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
    mallopt(M_TRIM_THRESHOLD, FREE_AT_END_BYTES);
}

void mem_free(void *p)
{
    free(p);
}
