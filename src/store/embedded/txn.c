/* txn.c - inside a transaction: reads over what it wrote, writes into staging, bodies and
 * references. */
#include <assert.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"

static struct embedded_txn *txn_of(const struct txn *t)
{
    return CONTAINER_OF((struct txn *)(uintptr_t)t, struct embedded_txn, base);
}

void txn_begin(struct embedded_txn *t, struct snapshot *snapshot, uint64_t seq, int64_t wall_us)
{
    memtable_reset(t->staging);
    arena_reset(&t->arena);
    t->snapshot = snapshot;
    snapshot->sources.tables[MERGE_STAGING].table = t->staging;
    t->seq = seq;
    t->wall_us = wall_us;
    t->bytes = 0;
    t->failed = OK;
    t->bodies_n = 0;
    t->copies_n = 0;
    t->copies_bytes = 0;
}

/* --- rows ----------------------------------------------------------------------------------- */

enum err embedded_txn_get(struct txn *base, struct account a, str key, str *value)
{
    struct embedded_txn *t = txn_of(base);
    struct full_key full = full_key(a, key);
    return merge_get(&t->snapshot->sources, full_key_str(&full), value);
}

enum err embedded_txn_scan(struct txn *base, struct account a, str from, str to, engine_each *each,
                           void *arg)
{
    return merge_scan(&txn_of(base)->snapshot->sources, a, from, to, each, arg);
}

static void change(struct embedded_txn *t, struct account a, str key, str value, bool gone)
{
    if (t->failed) return;
    struct full_key full = full_key(a, key);
    struct row row = { full_key_str(&full), value, gone };
    size_t was_bytes = 0;
    if (value.n <= STORE_VALUE_BYTES) memtable_replace(t->staging, 0, &row, &was_bytes);
    t->bytes += row.key.n + row.value.n - was_bytes;
    if (value.n > STORE_VALUE_BYTES || t->bytes > STORE_BATCH_BYTES ||
        memtable_rows(t->staging) > STORE_BATCH_OPS)
        t->failed = ERR_LIMIT;
}

void embedded_txn_put(struct txn *t, struct account a, str key, str value)
{
    change(txn_of(t), a, key, value, false);
}

void embedded_txn_delete(struct txn *t, struct account a, str key)
{
    change(txn_of(t), a, key, S(""), true);
}

void embedded_txn_fail(struct txn *t, enum err why)
{
    if (!txn_of(t)->failed) txn_of(t)->failed = why;
}

size_t embedded_txn_room(const struct txn *t)
{
    size_t rows = memtable_rows(txn_of(t)->staging);
    return rows < STORE_BATCH_OPS ? STORE_BATCH_OPS - rows : 0;
}

size_t embedded_txn_room_bytes(const struct txn *t)
{
    size_t bytes = txn_of(t)->bytes;
    return bytes < STORE_BATCH_BYTES ? STORE_BATCH_BYTES - bytes : 0;
}

bool embedded_txn_awaited(const struct txn *t)
{
    return writer_awaited(txn_of(t)->e);
}

int64_t embedded_txn_wall_us(const struct txn *t)
{
    return txn_of(t)->wall_us;
}

struct arena *embedded_txn_arena(struct txn *t)
{
    return &txn_of(t)->arena;
}

/* --- bodies and references ------------------------------------------------------------------ */

static void put_row(struct embedded_txn *t, const struct blob_key *key, str value)
{
    change(t, ACCOUNT_ENGINE, blob_key_str(key), value, false);
}

static void put_refs(struct embedded_txn *t, struct blob blob, const struct blob_refs *refs)
{
    struct blob_key key = blob_key(BLOB_REFS, blob.n);
    struct blob_refs_bytes bytes = blob_refs_pack(refs);
    put_row(t, &key, (str){ bytes.bytes, sizeof bytes.bytes });
}

/* A large body's rows are known now; a small one's place only when its record has been written. */
static void put_stream(struct embedded_txn *t, const struct embedded_body *b)
{
    struct blob_key place_key = blob_key(BLOB_PLACE, b->blob.n);
    struct blob_place_bytes place = blob_place_pack(&b->place);
    put_row(t, &place_key, (str){ place.bytes, sizeof place.bytes });
    struct blob_key segment_key = blob_key(BLOB_SEGMENT, b->place.segment);
    struct blob_key value = blob_key(BLOB_PLACE, b->blob.n);
    put_row(t, &segment_key, str_from(blob_key_str(&value), 1));
}

static void remember_body(struct embedded_txn *t, struct embedded_body *b)
{
    if (t->bodies_n == t->bodies_cap) {
        unsigned cap = t->bodies_cap ? t->bodies_cap * 2 : 16;
        t->bodies = mem_resize(t->bodies, t->bodies_cap, cap, sizeof(struct embedded_body *));
        t->bodies_cap = cap;
    }
    t->bodies[t->bodies_n++] = b;
}

void embedded_txn_body(struct txn *base, struct body *body, struct blob *out)
{
    struct embedded_txn *t = txn_of(base);
    struct embedded_body *b = CONTAINER_OF(body, struct embedded_body, base);
    assert(b->sealed);
    if (!b->blob.n && atomic_load(&t->e->disk_full)) t->failed = ERR_LATER;
    if (!b->blob.n && t->bodies_n == BLOBS_PER_COMMIT) t->failed = ERR_LIMIT;
    if (!b->blob.n && !t->failed) {
        b->blob = blob_of(t->seq, t->bodies_n);
        remember_body(t, b);
        put_refs(t, b->blob, &(struct blob_refs){ 0 });
        if (b->segment) put_stream(t, b);
    }
    *out = b->blob;
}

static bool get_refs(struct embedded_txn *t, struct blob blob, struct blob_refs *out)
{
    struct blob_key key = blob_key(BLOB_REFS, blob.n);
    str value;
    enum err e = embedded_txn_get(&t->base, ACCOUNT_ENGINE, blob_key_str(&key), &value);
    return !e && blob_refs_unpack(value, out);
}

/* One copy more; the bytes live until the request is answered. */
void txn_copy(struct embedded_txn *t, const struct copy *c)
{
    if (t->copies_n == t->copies_cap) {
        unsigned cap = t->copies_cap ? t->copies_cap * 2 : 256;
        t->copies = mem_resize(t->copies, t->copies_cap, cap, sizeof *t->copies);
        t->copies_cap = cap;
    }
    t->copies[t->copies_n++] = *c;
    t->copies_bytes += c->bytes.n;
}

/* The row that says since when nobody refers to the blob: what compaction looks for. */
static void mark_garbage(struct embedded_txn *t, struct blob blob, struct blob_refs *refs, bool is)
{
    if (is) refs->zero_since_us = t->wall_us;
    if (is) t->e->garbage_made = true;
    struct blob_key key = blob_garbage_key(refs->zero_since_us, blob);
    change(t, ACCOUNT_ENGINE, blob_key_str(&key), S(""), !is);
    if (!is) refs->zero_since_us = 0;
}

void embedded_txn_blob_ref(struct txn *base, struct blob blob, int delta)
{
    struct embedded_txn *t = txn_of(base);
    struct blob_refs refs = { 0 };
    if (t->failed) return; /* nothing of it is kept, perhaps not even the body */
    bool known = get_refs(t, blob, &refs);
    if (!known || refs.count + delta < 0) {
        /* A damaged row may not keep people from deleting their mail: check tells of it. */
        log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "references of a blob"),
                  F_NUM("blob", blob.n));
        refs.count = delta < 0 ? -(int64_t)delta : 0;
    }
    refs.count += delta;
    if (refs.count == 0 && refs.zero_since_us == 0) mark_garbage(t, blob, &refs, true);
    if (refs.count != 0 && refs.zero_since_us != 0) mark_garbage(t, blob, &refs, false);
    put_refs(t, blob, &refs);
}

static void delete_row(struct embedded_txn *t, enum blob_row row, uint64_t number)
{
    struct blob_key key = blob_key(row, number);
    change(t, ACCOUNT_ENGINE, blob_key_str(&key), S(""), true);
}

static void forget_blob(struct embedded_txn *t, struct blob blob, const struct blob_place *place)
{
    delete_row(t, BLOB_REFS, blob.n);
    delete_row(t, BLOB_PLACE, blob.n);
    if (place->coding == BODY_FRAMES) delete_row(t, BLOB_SEGMENT, place->segment);
}

void embedded_txn_blob_recount(struct txn *base, struct blob blob, int64_t count)
{
    struct embedded_txn *t = txn_of(base);
    struct blob_refs refs = { 0 };
    struct blob_key key = blob_key(BLOB_PLACE, blob.n);
    struct blob_place place = { 0 };
    str value;
    if (get_refs(t, blob, &refs) && refs.zero_since_us) mark_garbage(t, blob, &refs, false);
    enum err e = embedded_txn_get(base, ACCOUNT_ENGINE, blob_key_str(&key), &value);
    if (!e && !blob_place_unpack(value, &place)) e = ERR_CORRUPT;
    if (e || count < 0) {
        forget_blob(t, blob, &place);
        return;
    }
    refs.count = count;
    if (count == 0) mark_garbage(t, blob, &refs, true);
    put_refs(t, blob, &refs);
}

void txn_end(struct embedded_txn *t)
{
    for (unsigned i = 0; i < t->bodies_n; i++) {
        struct blob blob = t->bodies[i]->blob;
        struct blob_refs refs;
        if (!get_refs(t, blob, &refs) || refs.count || refs.zero_since_us) continue;
        mark_garbage(t, blob, &refs, true);
        put_refs(t, blob, &refs);
    }
}
