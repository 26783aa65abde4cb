/* memtable_int.h - an ordered, insert-only table of versioned rows: one writer, readers without
 * locks.
 *
 * Holds what is durable in the journal and not yet in the index. A key is the account (8 bytes,
 * big-endian) and the row's key. Each version carries the sequence number of the commit that made
 * it; a reader names the newest number it may see. Nothing is removed or moved, so what a reader
 * was given lives as long as it holds the table.
 */
#ifndef STORE_EMBEDDED_MEMTABLE_INT_H
#define STORE_EMBEDDED_MEMTABLE_INT_H

#include "base/str.h"

struct memtable;
/* By the keys expected: a few times as many are found as quickly. */
enum memtable_size { MEMTABLE_SMALL = 512, MEMTABLE_MIDDLE = 8 * 1024, MEMTABLE_LARGE = 256 * 1024 };
struct memtable *memtable_new(enum memtable_size size); /* held once, by the caller */
void memtable_hold(struct memtable *m);                 /* any thread */
void memtable_drop(struct memtable *m); /* any thread; the last one frees it; NULL is fine */

struct row {
    str key;   /* account and key */
    str value; /* empty when gone */
    bool gone; /* a tombstone: hides what lies below */
};

/* The one writer's. Copies. The same key and number again replaces the version: only while no
 * other thread reads the table, or none may see that number yet. */
void memtable_put(struct memtable *m, uint64_t seq, const struct row *row);
/* The same, and whether there was a version; *was_bytes: of its key and value. */
bool memtable_replace(struct memtable *m, uint64_t seq, const struct row *row, size_t *was_bytes);
/* The newest version of each row of another table of the same writer, all with this number. */
void memtable_put_all(struct memtable *m, uint64_t seq, const struct memtable *from);
/* Forget everything; only while nobody else holds the table. */
void memtable_reset(struct memtable *m);
size_t memtable_bytes(const struct memtable *m); /* memory taken by rows */
size_t memtable_rows(const struct memtable *m);  /* versions held */

/* The newest version with a number of at most seq; false when there is none. */
bool memtable_get(const struct memtable *m, str key, uint64_t seq, struct row *out);

/* Rows in order, each key once. */
struct memtable_cursor {
    const struct memtable *table;
    const struct memtable_node *at;
    uint64_t seq;
};
struct memtable_cursor memtable_seek(const struct memtable *m, str from,
                                     uint64_t seq);                  /* first key >= from */
bool memtable_row(const struct memtable_cursor *c, struct row *out); /* false at the end */
void memtable_next(struct memtable_cursor *c);

#endif
