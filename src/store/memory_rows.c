/* memory_rows.c - rows in a sorted array of pointers: a get is a binary search. */
#include "store/memory_rows_int.h"

#include <assert.h>

#include "base/mem.h"

struct memory_row {
    uint64_t account;
    size_t key_n, value_n;
    char bytes[]; /* key, then value */
};

/* What stood under the key of `now` before: NULL for nothing. `now` is NULL after a delete. */
struct memory_undo {
    struct memory_row *before, *now;
};

static str key_of_row(const struct memory_row *row)
{
    return (str){ row->bytes, row->key_n };
}

static str value_of_row(const struct memory_row *row)
{
    return (str){ row->bytes + row->key_n, row->value_n };
}

static int compare(const struct memory_row *row, struct account a, str key)
{
    if (row->account != a.n) return row->account < a.n ? -1 : 1;
    return str_cmp(key_of_row(row), key);
}

/* The first row at or after the key. */
static size_t lower(const struct memory_rows *r, struct account a, str key)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(r->at[middle], a, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct memory_rows *r, size_t i, struct account a, str key)
{
    return i < r->n && compare(r->at[i], a, key) == 0;
}

bool rows_get(const struct memory_rows *r, struct account a, str key, str *value)
{
    size_t i = lower(r, a, key);
    if (!is_at(r, i, a, key)) return false;
    *value = value_of_row(r->at[i]);
    return true;
}

void rows_scan(const struct memory_rows *r, struct account a, str from, str to, engine_each *each,
               void *arg)
{
    for (size_t i = lower(r, a, from); i < r->n && r->at[i]->account == a.n; i++) {
        str key = key_of_row(r->at[i]);
        if (to.n ? str_cmp(key, to) >= 0 : !str_starts(key, from)) return;
        if (!each(arg, key, value_of_row(r->at[i]))) return;
    }
}

void rows_accounts(const struct memory_rows *r, bool (*each)(void *arg, struct account a),
                   void *arg)
{
    uint64_t last = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (i > 0 && r->at[i]->account == last) continue;
        last = r->at[i]->account;
        if (!each(arg, (struct account){ last })) return;
    }
}

static void open_gap(struct memory_rows *r, size_t i)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;
        r->at = mem_resize(r->at, r->cap, cap, sizeof *r->at);
        r->cap = cap;
    }
    for (size_t j = r->n++; j > i; j--)
        r->at[j] = r->at[j - 1];
}

static void close_gap(struct memory_rows *r, size_t i)
{
    for (r->n--; i < r->n; i++)
        r->at[i] = r->at[i + 1];
}

static void remember(struct memory_rows *r, struct memory_row *before, struct memory_row *now)
{
    if (r->undo_n == r->undo_cap) {
        size_t cap = r->undo_cap ? r->undo_cap * 2 : 64;
        r->undo = mem_resize(r->undo, r->undo_cap, cap, sizeof *r->undo);
        r->undo_cap = cap;
    }
    r->undo[r->undo_n++] = (struct memory_undo){ before, now };
}

void rows_put(struct memory_rows *r, struct account a, str key, str value)
{
    struct memory_row *row = mem_new(sizeof *row + key.n + value.n);
    row->account = a.n;
    row->key_n = key.n;
    row->value_n = value.n;
    bytes_copy(row->bytes, key.n, key.p, key.n);
    bytes_copy(row->bytes + key.n, value.n, value.p, value.n);
    size_t i = lower(r, a, key);
    bool there = is_at(r, i, a, key);
    remember(r, there ? r->at[i] : NULL, row);
    if (!there) open_gap(r, i);
    r->at[i] = row;
}

void rows_delete(struct memory_rows *r, struct account a, str key)
{
    size_t i = lower(r, a, key);
    if (!is_at(r, i, a, key)) return;
    remember(r, r->at[i], NULL);
    close_gap(r, i);
}

bool rows_changed(const struct memory_rows *r, struct account a)
{
    for (size_t i = 0; i < r->undo_n; i++) {
        const struct memory_undo *u = &r->undo[i];
        if ((u->now ? u->now : u->before)->account == a.n) return true;
    }
    return false;
}

void rows_keep(struct memory_rows *r)
{
    for (size_t i = 0; i < r->undo_n; i++)
        mem_free(r->undo[i].before);
    r->undo_n = 0;
}

static void take_back(struct memory_rows *r, const struct memory_undo *u)
{
    const struct memory_row *row = u->now ? u->now : u->before;
    size_t i = lower(r, (struct account){ row->account }, key_of_row(row));
    if (!u->now)
        open_gap(r, i);
    else
        assert(r->at[i] == u->now);
    if (u->before)
        r->at[i] = u->before;
    else
        close_gap(r, i);
    mem_free(u->now);
}

void rows_back(struct memory_rows *r)
{
    while (r->undo_n > 0)
        take_back(r, &r->undo[--r->undo_n]);
}

void rows_free(struct memory_rows *r)
{
    rows_keep(r);
    for (size_t i = 0; i < r->n; i++)
        mem_free(r->at[i]);
    mem_free(r->at);
    mem_free(r->undo);
    *r = (struct memory_rows){ 0 };
}
