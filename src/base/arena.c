/* arena.c - memory that is freed all at once: a stack of blocks that double in size. */
#include "base/arena.h"
#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Under ASan each allocation is followed by a poisoned gap, so that running past one is seen. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
static const size_t gap_bytes = 16;
static void poison(const void *p, size_t n)
{
    ASAN_POISON_MEMORY_REGION(p, n);
}
static void unpoison(const void *p, size_t n)
{
    ASAN_UNPOISON_MEMORY_REGION(p, n);
}
#else
static const size_t gap_bytes = 0;
static void poison(const void *p, size_t n)
{
    (void)p, (void)n;
}
static void unpoison(const void *p, size_t n)
{
    (void)p, (void)n;
}
#endif

static const size_t first_block_bytes = 1024;      /* a quiet session's whole need */
static const size_t usual_block_bytes = 64 * 1024; /* doubling ends here; a reset keeps no larger */

static const size_t large_block_bytes = (size_t)2 * 1024 * 1024; /* of an arena for megabytes */

struct arena_block {
    struct arena_block *older;
    size_t size;         /* of data, bytes */
    struct purse *purse; /* who paid for a large one; may be NULL */
    _Alignas(max_align_t) char data[];
};

struct arena arena_make(size_t limit)
{
    return (struct arena){ .limit = limit };
}

struct arena arena_make_large(size_t limit)
{
    return (struct arena){ .limit = limit, .large = true };
}

static void drop_newest(struct arena *a)
{
    struct arena_block *b = a->blocks;
    a->blocks = b->older;
    unpoison(b->data, b->size);
    if (b->size >= PURSE_PIECE_BYTES) purse_give(b->purse, b->size);
    free(b);
}

static bool push_block(struct arena *a, size_t need)
{
    size_t size = a->blocks ? a->blocks->size * 2 : first_block_bytes;
    size_t most = a->large ? large_block_bytes - sizeof(struct arena_block) : usual_block_bytes;
    if (size > most) size = most;
    if (size < need) size = need;
    struct purse *purse = NULL;
    if (size >= PURSE_PIECE_BYTES && !purse_take(a->purse, size, &purse)) return false;
    bool pages = a->large && size >= large_block_bytes - sizeof(struct arena_block);
    struct arena_block *b = pages ? mem_new_large(sizeof *b + size) : malloc(sizeof *b + size);
    if (!b) {
        if (size >= PURSE_PIECE_BYTES) purse_give(purse, size);
        return false;
    }
    b->purse = purse;
    b->older = a->blocks;
    b->size = size;
    a->blocks = b;
    a->at = b->data;
    a->end = b->data + size;
    poison(b->data, size);
    return true;
}

void arena_reset(struct arena *a)
{
    while (a->blocks && (a->blocks->older || a->blocks->size > usual_block_bytes))
        drop_newest(a);
    a->at = a->blocks ? a->blocks->data : NULL;
    a->end = a->blocks ? a->blocks->data + a->blocks->size : NULL;
    if (a->blocks) poison(a->blocks->data, a->blocks->size);
    a->used = 0;
    a->full = false;
}

void arena_free(struct arena *a)
{
    while (a->blocks)
        drop_newest(a);
    *a = (struct arena){ .limit = a->limit, .large = a->large, .purse = a->purse };
}

void arena_wipe(struct arena *a)
{
    for (struct arena_block *b = a->blocks; b; b = b->older) {
        unpoison(b->data, b->size);
        bytes_wipe(b->data, b->size);
    }
    arena_free(a);
}

static void *refuse(struct arena *a)
{
    a->full = true;
    return NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size == 0) size = 1;
    if (size > SIZE_MAX / 2) return refuse(a); /* rounding up may not wrap */

    /* Charged as it is rounded up: many tiny pieces may not cost more than the budget says. */
    size_t room = (size + align - 1) / align * align;
    if (a->used > a->limit || room > a->limit - a->used) return refuse(a);
    bool there = a->at && room + gap_bytes <= (size_t)(a->end - a->at);
    if (!there && !push_block(a, room + gap_bytes)) return refuse(a);

    char *p = a->at;
    a->at += room + gap_bytes;
    a->used += room;
    unpoison(p, size);
    return memset(p, 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return refuse(a);
    return arena_alloc(a, bytes);
}

void *arena_more(struct arena *a, void *items, size_t n, size_t size)
{
    enum { FIRST = 4 };
    if (n && (n < FIRST || n & (n - 1))) return items;
    size_t cap = n ? 2 * n : FIRST;
    void *moved = arena_array(a, cap, size);
    if (moved && n) bytes_copy(moved, cap * size, items, n * size);
    return moved;
}

str arena_copy(struct arena *a, str s)
{
    return arena_concat(a, &s, 1);
}

str arena_concat(struct arena *a, const str *parts, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        if (!__builtin_add_overflow(total, parts[i].n, &total)) continue;
        refuse(a);
        return (str){ 0 };
    }
    if (total == 0) return S("");
    char *p = arena_alloc(a, total);
    if (!p) return (str){ 0 };
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n) memcpy(p + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    return (str){ p, total };
}

str arena_lower(struct arena *a, str s)
{
    if (!s.n) return S("");
    char *p = arena_alloc(a, s.n);
    if (!p) return (str){ 0 };
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    return (str){ p, s.n };
}

str arena_fmt(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);

    char *p = arena_alloc(a, (size_t)n + 1);
    if (!p) return (str){ 0 };
    va_start(args, format);
    vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return (str){ p, (size_t)n };
}

const char *arena_cstr(struct arena *a, str s)
{
    if (str_has(s, '\0')) return NULL;
    char *p = arena_alloc(a, s.n + 1);
    if (p && s.n) memcpy(p, s.p, s.n);
    return p;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){ .block = a->blocks, .at = a->at, .used = a->used };
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    assert(mark.used <= a->used);
    while (a->blocks != mark.block)
        drop_newest(a);
    a->at = mark.at;
    a->end = a->blocks ? a->blocks->data + a->blocks->size : NULL;
    a->used = mark.used;
    if (a->blocks) poison(a->at, (size_t)(a->end - a->at));
}
