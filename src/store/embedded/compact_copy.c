/* compact_copy.c - going through a log: what of it still lives, and writing that again.
 *
 * A row lives while its key has the same value now. Written again at the journal's end it says what
 * the newest record of the key says, so the order of records stays the order of changes, and no
 * record needs a version. What was dead once stays dead: if the key has the value again later,
 * a later record says so.
 *
 * A delete lives while its key is absent and an older log is left, which may hold what the delete
 * hides. A copied delete names the log that it first lay in: only logs up to that one can.
 */
#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/compact_int.h"
#include "store/embedded/scan_int.h"

enum { HORIZON_BYTES = 8, ROWS_A_LOOK = 16 };

struct reading {
    struct compactor *c;
    struct snapshot *snapshot;
    uint64_t log;
};

/* --- what lives ------------------------------------------------------------------------------- */

static uint64_t horizon(const struct row *row, uint64_t log)
{
    return row->value.n == HORIZON_BYTES ? get_le64(row->value.p) : log;
}

static str bound_of(char *bytes, uint64_t log)
{
    for (int i = 0; i < HORIZON_BYTES; i++)
        bytes[i] = (char)(log >> (8 * i));
    return (str){ bytes, HORIZON_BYTES };
}

/* OK: it does; ERR_NOTFOUND: it does not; other errors: nobody knows. */
static enum err row_lives(const struct compactor *c, const struct sources *now,
                          const struct row *row, uint64_t log)
{
    str value;
    enum err e = merge_get(now, row->key, &value);
    if (e && e != ERR_NOTFOUND) return e;
    if (!row->gone) return !e && str_eq(value, row->value) ? OK : ERR_NOTFOUND;
    return e && logs_older(&c->logs, horizon(row, log), log) ? OK : ERR_NOTFOUND;
}

static enum err body_lives(const struct sources *now, uint64_t blob, uint64_t log, uint64_t offset)
{
    struct blob_key key = blob_key(BLOB_PLACE, blob);
    struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&key));
    struct blob_place place;
    str value;
    enum err e = merge_get(now, full_key_str(&full), &value);
    if (e) return e;
    if (!blob_place_unpack(value, &place)) return ERR_CORRUPT;
    return place.segment == log && place.offset == offset ? OK : ERR_NOTFOUND;
}

/* --- reading a piece -------------------------------------------------------------------------- */

static void add_item(struct chunk *k, const struct item *item)
{
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 1024;
        k->items = mem_resize(k->items, k->cap, cap, sizeof *k->items);
        k->cap = cap;
    }
    k->items[k->n++] = *item;
}

static void take_row(struct reading *r, const struct row *row)
{
    struct chunk *k = &r->c->chunk;
    size_t at = k->bytes.n;
    enum err e = row_lives(r->c, &r->snapshot->sources, row, r->log);
    if (e && e != ERR_NOTFOUND) k->failed = e;
    if (e) return;
    char bound[HORIZON_BYTES];
    struct row copy = *row;
    if (row->gone) copy.value = bound_of(bound, horizon(row, r->log));
    commit_add_row(&k->bytes, &copy);
    if (k->bytes.full) k->failed = ERR_LIMIT;
    k->live_bytes += k->bytes.n - at;
    if (r->c->copying)
        add_item(k, &(struct item){ .at = at, .n = k->bytes.n - at });
    else
        buf_truncate(&k->bytes, at);
}

static void take_commit(struct reading *r, const struct record *record)
{
    struct commit_head head;
    struct row row;
    str in = record->content;
    bool whole = commit_take_head(&in, &head);
    for (uint32_t i = 0; whole && i < head.rows; i++) {
        whole = commit_take_row(&in, &row);
        if (whole) take_row(r, &row);
    }
    if (!whole) r->c->chunk.damaged = true;
}

static void take_body(struct reading *r, uint64_t offset, const struct record *record, str content)
{
    struct chunk *k = &r->c->chunk;
    enum err e = body_lives(&r->snapshot->sources, record->number, r->log, offset);
    if (e && e != ERR_NOTFOUND) k->failed = e;
    if (e) return;
    k->live_bytes += record->bytes;
    if (!r->c->copying) return;
    add_item(k, &(struct item){ record->number, offset, k->bytes.n, content.n });
    buf_add(&k->bytes, content);
    if (k->bytes.full) k->failed = ERR_LIMIT;
}

static void take_record(void *arg, uint64_t at, const struct record *record)
{
    struct reading *r = arg;
    str content;
    uint64_t commit;
    if (r->c->chunk.failed) return;
    if (body_of_record(record, &content, &commit)) take_body(r, at, record, content);
    if (record->type == RECORD_COMMIT) take_commit(r, record);
}

static void take_damage(void *arg, uint64_t from, uint64_t to)
{
    (void)from, (void)to;
    struct reading *r = arg;
    r->c->chunk.damaged = true;
}

static enum err walk(struct reading *r, const struct log *log)
{
    struct compactor *c = r->c;
    struct segments *t = &c->e->segments;
    struct log_visitor v = { take_record, take_damage, r };
    struct segment *s;
    enum err e = segment_open(t, log->number, &s);
    if (e) return e;
    e = log_walk_some(t, s, c->work_at, c->work_end, STORE_COMPACT_READ_BYTES, &v, &c->chunk.to);
    segment_drop(t, s);
    return e;
}

void chunk_read(struct compactor *c)
{
    struct chunk *k = &c->chunk;
    struct reading r = { .c = c, .snapshot = snapshot_take(c->e), .log = c->work };
    buf_reset(&k->bytes);
    k->n = k->next = 0;
    k->live_bytes = 0;
    k->damaged = false;
    k->failed = r.snapshot ? OK : ERR_LATER;
    if (!r.snapshot) return;
    enum err e = walk(&r, logs_find(&c->logs, c->work));
    if (e) k->failed = e;
    snapshot_give(c->e, r.snapshot);
}

void chunk_free(struct chunk *k)
{
    buf_free(&k->bytes);
    mem_free(k->items);
    *k = (struct chunk){ 0 };
}

/* --- writing it again ------------------------------------------------------------------------- */

static bool item_lives(struct compactor *c, const struct sources *now, const struct item *item)
{
    str bytes = str_sub(buf_str(&c->chunk.bytes), item->at, item->n);
    struct row row;
    enum err e = ERR_CORRUPT;
    if (item->blob)
        e = body_lives(now, item->blob, c->work, item->offset);
    else if (commit_take_row(&bytes, &row))
        e = row_lives(c, now, &row, c->work);
    if (e && e != ERR_NOTFOUND) c->chunk.failed = e;
    return e == OK;
}

/* Enough for one transaction: others wait for it. */
static bool enough(const struct compactor *c, const struct embedded_txn *t, size_t done,
                   uint64_t until_us)
{
    if (done == 0) return false;
    if (t->copies_bytes >= STORE_COMPACT_TXN_BYTES) return true;
    return done % ROWS_A_LOOK == 0 && seam_mono_us(c->e->seam) >= until_us;
}

static enum err copy_some(struct txn *base, void *arg)
{
    struct compactor *c = arg;
    struct chunk *k = &c->chunk;
    struct embedded_txn *t = CONTAINER_OF(base, struct embedded_txn, base);
    uint64_t until_us = seam_mono_us(c->e->seam) + STORE_COMPACT_TXN_US;
    size_t i = k->next;
    for (; i < k->n && !enough(c, t, i - k->next, until_us); i++) {
        const struct item *item = &k->items[i];
        if (!item_lives(c, &t->snapshot->sources, item)) continue;
        txn_copy(t, &(struct copy){ item->blob, str_sub(buf_str(&k->bytes), item->at, item->n) });
    }
    if (k->failed) return k->failed;
    k->tried_next = i;
    c->request_seq = t->seq;
    if (i < k->n) return OK;
    const struct log *log = logs_find(&c->logs, c->work);
    struct log_care care = log->care;
    care.copied_to = k->to;
    care_put(base, log, &care);
    return OK;
}

static void copied(struct compactor *c)
{
    struct chunk *k = &c->chunk;
    for (; k->next < k->tried_next; k->next++)
        atomic_fetch_add(&c->copied_bytes, k->items[k->next].n);
    if (k->next < k->n) return;
    struct log *log = logs_find(&c->logs, c->work);
    log->care.copied_to = c->work_at = k->to;
    log->emptied_seq = c->request_seq;
}

void chunk_submit(struct compactor *c)
{
    compactor_submit(c, copy_some, copied);
}
