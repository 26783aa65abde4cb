/* merge.c - get and scan over staging, memtables and the index as if they were one table. */
#include "store/embedded/merge_int.h"
#include "base/codec.h"

#include <assert.h>

enum { ACCOUNT_BYTES = 8 };

static void set_account(char *p, struct account a)
{
    for (int i = 0; i < ACCOUNT_BYTES; i++)
        p[i] = (char)(a.n >> (56 - 8 * i));
}

struct full_key full_key(struct account a, str key)
{
    struct full_key k;
    assert(key.n >= 1 && key.n <= STORE_KEY_BYTES - ACCOUNT_BYTES);
    set_account(k.bytes, a);
    bytes_copy(k.bytes + ACCOUNT_BYTES, STORE_KEY_BYTES - ACCOUNT_BYTES, key.p, key.n);
    k.n = ACCOUNT_BYTES + key.n;
    return k;
}

struct account key_account(str full)
{
    return (struct account){ get_be64(full.p) };
}

enum err merge_get(const struct sources *s, str full, str *value)
{
    for (unsigned i = 0; i < MERGE_TABLES; i++) {
        struct row row;
        if (!s->tables[i].table) continue;
        if (!memtable_get(s->tables[i].table, full, s->tables[i].seq, &row)) continue;
        if (row.gone) return ERR_NOTFOUND;
        *value = row.value;
        return OK;
    }
    /* With staging it is a transaction that reads. */
    if (s->tables[0].table) return index_get_sure(s->index, s->snapshot, full, value);
    return index_get(s->index, s->snapshot, full, value);
}

struct merge {
    struct memtable_cursor tables[MERGE_TABLES];
    struct index_cursor index;
};

static void merge_begin(struct merge *m, const struct sources *s, str from)
{
    for (unsigned i = 0; i < MERGE_TABLES; i++) {
        m->tables[i] = (struct memtable_cursor){ 0 };
        if (s->tables[i].table)
            m->tables[i] = memtable_seek(s->tables[i].table, from, s->tables[i].seq);
    }
    index_seek(s->index, s->snapshot, from, &m->index);
}

/* The least key, from the uppermost source that has it; false at the end or on an error. */
static bool merge_row(const struct merge *m, struct row *out)
{
    bool found = m->index.state == OK;
    if (found) *out = (struct row){ m->index.key, m->index.value, false };
    for (int i = MERGE_TABLES - 1; i >= 0; i--) {
        struct row row;
        if (!memtable_row(&m->tables[i], &row)) continue;
        if (found && str_cmp(row.key, out->key) > 0) continue;
        *out = row;
        found = true;
    }
    return found;
}

/* Past a key in every source. */
static void merge_next(struct merge *m, str key)
{
    for (unsigned i = 0; i < MERGE_TABLES; i++) {
        struct row row;
        if (memtable_row(&m->tables[i], &row) && str_eq(row.key, key)) memtable_next(&m->tables[i]);
    }
    if (m->index.state == OK && str_eq(m->index.key, key)) index_next(&m->index);
}

static bool failed(const struct merge *m)
{
    return m->index.state != OK && m->index.state != ERR_NOTFOUND;
}

/* The first key that a scan may not reach. */
struct bound {
    str prefix, end;
};

static bool within(const struct bound *b, str key)
{
    if (b->end.n) return str_cmp(key, b->end) < 0;
    return str_starts(key, b->prefix);
}

static struct full_key bound_key(struct account a, str key)
{
    struct full_key k = { .n = ACCOUNT_BYTES };
    if (key.n) return full_key(a, key);
    set_account(k.bytes, a);
    return k;
}

enum err merge_scan(const struct sources *s, struct account a, str from, str to, engine_each *each,
                    void *arg)
{
    struct full_key first = bound_key(a, from), last = bound_key(a, to);
    struct bound bound = { full_key_str(&first), to.n ? full_key_str(&last) : S("") };
    struct merge m;
    struct row row;
    merge_begin(&m, s, full_key_str(&first));
    while (!failed(&m) && merge_row(&m, &row) && within(&bound, row.key)) {
        if (!row.gone && !each(arg, key_rest(row.key), row.value)) break;
        merge_next(&m, row.key);
    }
    index_done(&m.index);
    return failed(&m) ? m.index.state : OK;
}

enum err merge_accounts(const struct sources *s, bool (*each)(void *arg, struct account a),
                        void *arg)
{
    struct account at = { 1 }; /* account 0 is the engine's own */
    for (;;) {
        struct full_key from = bound_key(at, S(""));
        struct merge m;
        struct row row;
        merge_begin(&m, s, full_key_str(&from));
        bool found = merge_row(&m, &row);
        while (found && row.gone) {
            merge_next(&m, row.key);
            found = merge_row(&m, &row);
        }
        struct account a = found ? key_account(row.key) : at;
        index_done(&m.index);
        if (failed(&m)) return m.index.state;
        if (!found || !each(arg, a) || a.n == UINT64_MAX) return OK;
        at.n = a.n + 1;
    }
}
