/* compact_garbage.c - bodies that nobody refers to any more, taken away after a grace.
 *
 * The rows go first, in a transaction. A large body's file follows when the index durably holds
 * that; a small one's bytes are dead in its log from then on.
 */
#include "base/limits.h"
#include "store/embedded/compact_int.h"

struct finding {
    struct compactor *c;
    int64_t until_us;
    int64_t due_us;
};

static bool take_garbage(void *arg, str key, str value)
{
    struct finding *f = arg;
    struct compactor *c = f->c;
    (void)value;
    if (key.n != BLOB_KEY_BYTES) return true;
    struct garbage g = { (int64_t)blob_key_number(str_take(key, 9)), { blob_key_number(key) } };
    if (g.since_us > f->until_us) f->due_us = g.since_us;
    if (g.since_us > f->until_us || c->garbage_n == GARBAGE_AT_ONCE) return false;
    c->garbage[c->garbage_n++] = g;
    return true;
}

static enum err blob_row(const struct sources *now, enum blob_row kind, struct blob blob,
                         str *value)
{
    struct blob_key key = blob_key(kind, blob.n);
    struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&key));
    return merge_get(now, full_key_str(&full), value);
}

/* What the writer will read, so that it need not wait for the disk. */
static void read_ahead(const struct compactor *c, const struct sources *now)
{
    for (size_t i = 0; i < c->garbage_n; i++) {
        str value;
        enum err e = blob_row(now, BLOB_PLACE, c->garbage[i].blob, &value);
        if (!e) e = blob_row(now, BLOB_REFS, c->garbage[i].blob, &value);
        if (e && e != ERR_NOTFOUND) return;
    }
}

static int64_t grace_us(const struct embedded *e)
{
    return (int64_t)e->options.garbage_grace_ms * 1000;
}

void garbage_find(struct compactor *c, int64_t *due_us)
{
    struct embedded *e = c->e;
    struct finding f = { c, seam_wall_us(e->seam) - grace_us(e), INT64_MAX };
    c->garbage_n = 0;
    *due_us = INT64_MAX;
    atomic_store(&e->garbage_known, false); /* before the look: what comes later rings */
    struct snapshot *s = snapshot_take(e);
    if (!s) return;
    enum err err = merge_scan(&s->sources, ACCOUNT_ENGINE, S("g"), S(""), take_garbage, &f);
    if (!err) read_ahead(c, &s->sources);
    snapshot_give(e, s);
    if (err) c->garbage_n = 0;
    if (!err && f.due_us != INT64_MAX) *due_us = f.due_us + grace_us(e);
    if (c->garbage_n || *due_us != INT64_MAX) atomic_store(&e->garbage_known, true);
}

/* --- the transaction -------------------------------------------------------------------------- */

static void drop_row(struct txn *t, const struct blob_key *key)
{
    embedded_txn_delete(t, ACCOUNT_ENGINE, blob_key_str(key));
}

static void drop_body(struct compactor *c, struct txn *t, const struct blob_place *place)
{
    struct log *log = logs_find(&c->logs, place->segment);
    if (place->coding != BODY_FRAMES || log) { /* a log is no body's own, whatever a row says */
        if (log) log->garbage_bytes += place->record_bytes;
        return;
    }
    struct blob_key key = blob_key(BLOB_SEGMENT, place->segment);
    drop_row(t, &key);
    c->streams[c->streams_n++] = place->segment;
    c->streams_bytes += place->offset + place->record_bytes;
}

/* It may have references again: then its row was taken off the list, or there is a newer one. */
static enum err drop_blob(struct compactor *c, struct txn *t, const struct garbage *g)
{
    const struct sources *now = &CONTAINER_OF(t, struct embedded_txn, base)->snapshot->sources;
    struct blob_key listed = blob_garbage_key(g->since_us, g->blob);
    struct blob_key refs_key = blob_key(BLOB_REFS, g->blob.n);
    struct blob_key place_key = blob_key(BLOB_PLACE, g->blob.n);
    struct blob_refs refs;
    struct blob_place place;
    str value;
    enum err e = blob_row(now, BLOB_REFS, g->blob, &value);
    if (e && e != ERR_NOTFOUND) return e;
    drop_row(t, &listed);
    bool garbage = e || (blob_refs_unpack(value, &refs) && refs.count == 0 &&
                         refs.zero_since_us == g->since_us);
    if (!garbage) return OK;
    e = blob_row(now, BLOB_PLACE, g->blob, &value);
    if (e && e != ERR_NOTFOUND) return e;
    if (!e && blob_place_unpack(value, &place)) drop_body(c, t, &place);
    drop_row(t, &refs_key);
    drop_row(t, &place_key);
    return OK;
}

static enum err drop_garbage(struct txn *t, void *arg)
{
    struct compactor *c = arg;
    c->streams_n = c->dropped_n = 0;
    c->streams_bytes = 0;
    for (size_t i = 0; i < c->logs.n; i++)
        c->logs.at[i].garbage_bytes = 0;
    for (size_t i = 0; i < c->garbage_n; i++) {
        enum err e = drop_blob(c, t, &c->garbage[i]);
        if (e == ERR_LATER) return e;
        if (!e) c->dropped_n++; /* what cannot be read stays where it is */
    }
    for (size_t i = 0; i < c->logs.n; i++) {
        const struct log *log = &c->logs.at[i];
        struct log_care care = log->care;
        care.dead_bytes += log->garbage_bytes;
        if (log->garbage_bytes) care_put(t, log, &care);
    }
    c->request_seq = CONTAINER_OF(t, struct embedded_txn, base)->seq;
    return OK;
}

static void dropped(struct compactor *c)
{
    atomic_fetch_add(&c->blobs, c->dropped_n);
    atomic_fetch_add(&c->segments, c->streams_n);
    atomic_fetch_add(&c->bytes, c->streams_bytes);
    c->garbage_stuck = c->dropped_n == 0;
    c->garbage_n = 0;
    for (size_t i = 0; i < c->logs.n; i++) {
        c->logs.at[i].care.dead_bytes += c->logs.at[i].garbage_bytes;
        c->logs.at[i].garbage_bytes = 0;
    }
    for (size_t i = 0; i < c->streams_n; i++)
        segment_doom(c->e, c->streams[i], c->request_seq);
}

void garbage_submit(struct compactor *c)
{
    compactor_submit(c, drop_garbage, dropped);
}
