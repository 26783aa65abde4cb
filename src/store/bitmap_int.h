/* bitmap_int.h - which UIDs of a mailbox are live, unseen, \Deleted: rows of 4096 bits.
 *
 * SELECT, STATUS and sequence numbers are popcounts over these. A row without bits does not exist,
 * so a mailbox whose old messages are gone costs nothing for them.
 */
#ifndef STORE_BITMAP_INT_H
#define STORE_BITMAP_INT_H

#include "store/row_int.h"

enum { BITMAP_WORDS = STORE_BITMAP_UIDS / 64 };
enum bits { BITS_LIVE, BITS_UNSEEN, BITS_DELETED, BITS_KINDS };

struct bitmap {
    uint32_t block; /* the first UID / STORE_BITMAP_UIDS */
    uint64_t words[BITMAP_WORDS];
};
static inline uint32_t bitmap_block(uint32_t uid)
{
    return uid / STORE_BITMAP_UIDS;
}

bool bitmap_has(const struct bitmap *b, uint32_t uid); /* a UID of this block */
/* Returns whether it changed. */
bool bitmap_set(struct bitmap *b, uint32_t uid, bool on);
uint32_t bitmap_count(const uint64_t *words);
/* The first set bit at or after bit; STORE_BITMAP_UIDS if none. */
unsigned bitmap_next(const uint64_t *words, unsigned bit);

/* Which row: the mailbox m of account a, one kind of bits. */
struct bitmap_place {
    struct account account;
    uint32_t m;
    enum bits kind;
};
/* A row that does not exist reads as no bits. */
enum err bitmap_load(struct source from, struct bitmap_place at, uint32_t block,
                     struct bitmap *out) MUST_CHECK;
/* The first row at or after this block. ERR_NOTFOUND */
enum err bitmap_find(struct source from, struct bitmap_place at, uint32_t block,
                     struct bitmap *out) MUST_CHECK;
void bitmap_save(struct txn *t, struct bitmap_place at, const struct bitmap *b);
/* Each row from this block on, ascending, until each() returns false. */
enum err bitmap_each(struct source from, struct bitmap_place at, uint32_t block,
                     bool (*each)(void *arg, const struct bitmap *b), void *arg) MUST_CHECK;

#endif
