/* merge_int.h - one reading over several tables and the index: the uppermost version wins. */
#ifndef STORE_EMBEDDED_MERGE_INT_H
#define STORE_EMBEDDED_MERGE_INT_H

#include "base/limits.h"
#include "store/embedded/index_int.h"
#include "store/engine.h"

enum { MERGE_STAGING, MERGE_GROUP, MERGE_FLIGHT, MERGE_ACTIVE, MERGE_FROZEN, MERGE_TABLES };

struct sources {
    struct {
        const struct memtable *table;
        uint64_t seq;
    } tables[MERGE_TABLES]; /* uppermost first; NULL: none */
    struct index *index;
    MDB_txn *snapshot;
};

/* An account's key as the tables order it. */
struct full_key {
    char bytes[STORE_KEY_BYTES];
    size_t n;
};
struct full_key full_key(struct account a, str key); /* asserts the key's length */
static inline str full_key_str(const struct full_key *k)
{
    return (str){ k->bytes, k->n };
}
struct account key_account(str full);
static inline str key_rest(str full)
{
    return str_from(full, sizeof(uint64_t));
}

enum err merge_get(const struct sources *s, str full, str *value) MUST_CHECK;
/* As view_scan. */
enum err merge_scan(const struct sources *s, struct account a, str from, str to, engine_each *each,
                    void *arg) MUST_CHECK;
enum err merge_accounts(const struct sources *s, bool (*each)(void *arg, struct account a),
                        void *arg) MUST_CHECK;

#endif
