/* arena.h - memory that is freed all at once: a command's, a session's, a message's.
 *
 * Nothing is freed singly. The limit is a budget, not an allocation: an arena costs nothing until
 * used. Past the limit an allocation returns NULL (or the empty str) and a->full stays set, which
 * the command loop turns into "too large". Memory is poisoned after a reset under ASan.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/purse.h"
#include "base/str.h"

struct arena_block;
struct arena {
    struct arena_block *blocks; /* newest first */
    char *at, *end;             /* free room in the newest */
    size_t used;                /* bytes handed out since the reset, each rounded up to alignment */
    size_t limit;               /* budget, bytes */
    bool full;                  /* sticky: something was refused */
    bool large;                 /* made for megabytes */
    struct purse_holder *purse; /* who pays for large blocks; NULL: nobody is asked */
};

struct arena arena_make(size_t limit);
struct arena arena_make_large(size_t limit); /* its blocks grow further, to large pages */
void arena_reset(struct arena *a);  /* forgets all, keeps one block */
void arena_free(struct arena *a);   /* gives all memory back; usable again */
void arena_wipe(struct arena *a);   /* the same, for one that held a secret */

/* Zeroed, aligned for any type; NULL when the budget is spent. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t n, size_t size); /* n*size checked for overflow */
#define ARENA_NEW(a, type)      ((type *)arena_alloc(a, sizeof(type)))
#define ARENA_ARRAY(a, n, type) ((type *)arena_array(a, n, sizeof(type)))

/* Room for one more in an array of n items that only grows by this call: it doubles, moving, at 4, 8,
 * 16 …; begin with NULL and 0. NULL when the budget is spent; the old array stays as it was. */
void *arena_more(struct arena *a, void *items, size_t n, size_t size);

str arena_copy(struct arena *a, str s);
str arena_concat(struct arena *a, const str *parts, size_t n);
str arena_lower(struct arena *a, str s); /* ASCII lower case */
str arena_fmt(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The one door to NUL-terminated APIs: NULL if s holds a NUL or the budget is spent. */
const char *arena_cstr(struct arena *a, str s);

/* Give back everything allocated since the mark: for loops inside one command. */
struct arena_mark { struct arena_block *block; char *at; size_t used; };
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

#endif
