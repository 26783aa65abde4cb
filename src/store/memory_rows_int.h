/* memory_rows_int.h - the memory engine's rows: one sorted array, with a log to undo by. */
#ifndef STORE_MEMORY_ROWS_INT_H
#define STORE_MEMORY_ROWS_INT_H

#include "store/engine_int.h"

struct memory_row;
struct memory_undo;
struct memory_rows {
    struct memory_row **at;
    size_t n, cap;
    struct memory_undo *undo; /* what this transaction replaced, in order */
    size_t undo_n, undo_cap;
};

bool rows_get(const struct memory_rows *r, struct account a, str key, str *value);
/* Keys in [from, to); an empty to means: while the key starts with from. */
void rows_scan(const struct memory_rows *r, struct account a, str from, str to, engine_each *each,
               void *arg);
void rows_accounts(const struct memory_rows *r, bool (*each)(void *arg, struct account a),
                   void *arg);
void rows_put(struct memory_rows *r, struct account a, str key, str value);
void rows_delete(struct memory_rows *r, struct account a, str key);
bool rows_changed(const struct memory_rows *r, struct account a); /* since the last keep or back */
void rows_keep(struct memory_rows *r); /* the transaction's changes stay */
void rows_back(struct memory_rows *r); /* they never were */
void rows_free(struct memory_rows *r);

#endif
