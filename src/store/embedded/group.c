/* group.c - what becomes durable together: run the transactions, write their records, publish. */
#include <assert.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"

void group_begin(struct embedded *e, struct group *g, struct snapshot *snapshot)
{
    memtable_reset(g->rows);
    buf_reset(&g->records);
    g->snapshot = snapshot;
    snapshot->sources.tables[MERGE_GROUP].table = g->rows;
    snapshot->sources.tables[MERGE_FLIGHT].table = e->flight ? e->flight->rows : NULL;
    g->places_n = g->bodies_n = 0;
    g->members = NULL;
    g->members_n = 0;
    g->commits = 0;
    g->worked_us = 0;
    g->first_seq = e->seq + 1;
    g->result = OK;
    atomic_store(&g->written, false);
}

void group_close(struct embedded *e, struct group *g)
{
    snapshot_give(e, g->snapshot);
    g->snapshot = NULL;
    g->last_seq = e->seq;
    g->garbage_made = e->garbage_made;
    e->garbage_made = false;
}

/* --- one transaction's records -------------------------------------------------------------- */

static void keep_body(struct group *g, struct embedded_body *b)
{
    if (g->bodies_n == g->bodies_cap) {
        size_t cap = g->bodies_cap ? g->bodies_cap * 2 : 64;
        g->bodies = mem_resize(g->bodies, g->bodies_cap, cap, sizeof(struct embedded_body *));
        g->bodies_cap = cap;
    }
    g->bodies[g->bodies_n++] = b;
}

static void keep_place(struct group *g, const struct pending_place *p)
{
    if (g->places_n == g->places_cap) {
        size_t cap = g->places_cap ? g->places_cap * 2 : 64;
        g->places = mem_resize(g->places, g->places_cap, cap, sizeof *g->places);
        g->places_cap = cap;
    }
    g->places[g->places_n++] = *p;
}

/* The record of a small body; of a large one there is one already, in its own segment. */
static void add_body(struct group *g, struct embedded_body *b)
{
    keep_body(g, b);
    if (b->segment) return;
    size_t at = record_begin(&g->records, RECORD_BODY, b->blob.n);
    body_add_head(&g->records, &(struct body_head){ .coding = (uint8_t)b->coding,
                                                    .side_bytes = (uint32_t)b->side.n,
                                                    .size_bytes = b->size_bytes });
    buf_add(&g->records, buf_str(&b->side));
    buf_add(&g->records, buf_str(&b->stored));
    record_end(&g->records, at);
    struct pending_place p = { b->blob.n,
                               at,
                               { .record_bytes = g->records.n - at,
                                 .size_bytes = b->size_bytes,
                                 .side_bytes = (uint32_t)b->side.n,
                                 .coding = (uint8_t)b->coding } };
    keep_place(g, &p);
}

/* The bytes are those of the old record; the commit's number ties it to this transaction. */
static void add_moved(struct group *g, const struct copy *c, uint64_t seq)
{
    struct record record = { .type = RECORD_MOVED, .number = c->blob };
    struct pending_place p = { .blob = c->blob, .at = g->records.n };
    size_t at = record_begin(&g->records, RECORD_MOVED, c->blob);
    size_t content = g->records.n;
    buf_le64(&g->records, seq);
    buf_add(&g->records, c->bytes);
    record_end(&g->records, at);
    record.content = str_sub(buf_str(&g->records), content, MOVED_HEAD_BYTES + c->bytes.n);
    record.bytes = g->records.n - at;
    bool whole = blob_place_of_record(&record, 0, 0, &p.place);
    assert(whole && "what is moved was read as a body");
    if (whole) keep_place(g, &p);
}

static void add_copied_rows(struct group *g, const struct embedded_txn *t)
{
    for (unsigned i = 0; i < t->copies_n; i++)
        if (!t->copies[i].blob) buf_add(&g->records, t->copies[i].bytes);
}

static unsigned count_copied_rows(const struct embedded_txn *t)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->copies_n; i++)
        n += t->copies[i].blob == 0;
    return n;
}

/* What the first transaction put is all that the group has: nothing needs to be put again. */
static void keep_rows(struct group *g, struct embedded_txn *t)
{
    if (memtable_rows(g->rows) > 0) {
        memtable_put_all(g->rows, 0, t->staging);
        return;
    }
    struct memtable *empty = g->rows;
    g->rows = t->staging;
    t->staging = empty;
    g->snapshot->sources.tables[MERGE_GROUP].table = g->rows;
    g->snapshot->sources.tables[MERGE_STAGING].table = empty;
}

static void add_commit(struct group *g, struct embedded_txn *t)
{
    uint32_t rows = (uint32_t)memtable_rows(t->staging) + count_copied_rows(t);
    size_t at = record_begin(&g->records, RECORD_COMMIT, t->seq);
    commit_add_head(&g->records, &(struct commit_head){ .wall_us = t->wall_us, .rows = rows });
    add_copied_rows(g, t); /* first: what the transaction put is newer */
    struct row row;
    struct memtable_cursor c = memtable_seek(t->staging, S(""), 0);
    for (; memtable_row(&c, &row); memtable_next(&c))
        commit_add_row(&g->records, &row);
    keep_rows(g, t);
    record_end(&g->records, at);
    g->commits++;
    g->wall_us = t->wall_us;
}

/* What the transaction put becomes records and the group's rows, whole. */
static void add_records(struct group *g, struct embedded_txn *t)
{
    txn_end(t);
    if (t->failed || (memtable_rows(t->staging) == 0 && t->copies_n == 0)) return;
    for (unsigned i = 0; i < t->bodies_n; i++)
        add_body(g, t->bodies[i]);
    for (unsigned i = 0; i < t->copies_n; i++)
        if (t->copies[i].blob) add_moved(g, &t->copies[i], t->seq);
    add_commit(g, t);
}

static void forget_bodies(struct embedded_body **bodies, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bodies[i]->blob = (struct blob){ 0 };
}

static int64_t wall_now(struct embedded *e)
{
    int64_t now = seam_wall_us(e->seam);
    if (e->wall_us < e->written.wall_us) e->wall_us = e->written.wall_us;
    if (e->wall_us < now) e->wall_us = now;
    return e->wall_us;
}

void group_run(struct embedded *e, struct group *g, struct request *r)
{
    struct embedded_txn *t = &e->txn;
    txn_begin(t, g->snapshot, ++e->seq, wall_now(e));
    r->result = r->fn(&t->base, r->arg);
    if (!r->result) r->result = t->failed;

    size_t before = g->records.n;
    if (!r->result) add_records(g, t);
    if (!r->result) r->result = t->failed;
    assert(!g->records.full && "a group is closed long before its buffer's limit");
    assert(!r->result || g->records.n == before);
    (void)before;
    if (r->result) forget_bodies(t->bodies, t->bodies_n);
    r->next = g->members;
    g->members = r;
    g->members_n++;
}

/* --- durable, then visible ------------------------------------------------------------------ */

static void insert_places(struct embedded *e, struct group *g)
{
    for (size_t i = 0; i < g->places_n; i++) {
        struct pending_place *p = &g->places[i];
        p->place.segment = g->segment;
        p->place.offset = g->at + p->at;
        struct blob_key key = blob_key(BLOB_PLACE, p->blob);
        struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&key));
        struct blob_place_bytes bytes = blob_place_pack(&p->place);
        struct row row = { full_key_str(&full), { bytes.bytes, sizeof bytes.bytes }, false };
        memtable_put(e->active, g->last_seq, &row);
    }
}

static void ring(struct embedded *e, const struct group *g)
{
#ifdef PLANT_LOST_WAKEUP /* planted for tests/simulate to find: one group in four wakes nobody */
    if (g->last_seq % 4 == 0) return;
#endif
    struct row row;
    struct account last = ACCOUNT_ENGINE;
    struct memtable_cursor c = memtable_seek(g->rows, S(""), 0);
    for (; memtable_row(&c, &row); memtable_next(&c)) {
        struct account a = key_account(row.key);
        if (a.n != last.n) watches_ring(&e->watches, a);
        last = a;
    }
}

/* Rows carry the group's last number, which no reader may see before it is published. */
void group_publish(struct embedded *e, struct group *g)
{
    if (g->commits == 0) return;
    insert_places(e, g);
    memtable_put_all(e->active, g->last_seq, g->rows);
    e->written = (struct mark){ g->last_seq, g->segment, g->at + g->records.n, g->wall_us };
    if (!e->active_since_us) e->active_since_us = seam_mono_us(e->seam);
    bool new_log = g->segment != e->published_mark.segment;
    lock_take(&e->lock);
    e->published = g->last_seq;
    e->published_mark = e->written;
    lock_drop(&e->lock);
    for (size_t i = 0; i < g->bodies_n; i++)
        g->bodies[i]->kept = true;
    bool new_garbage = g->garbage_made && !atomic_exchange(&e->garbage_known, true);
    if (new_log || new_garbage) kick(e, &e->compactor_service);
    ring(e, g);
    atomic_fetch_add(&e->commits, g->commits);
    atomic_fetch_add(&e->groups, 1);
}

/* What was written of it may be on the disk all the same, and count if the process ends before a
 * successor says otherwise: then the segments that it names must be there. */
void group_forget(struct group *g, bool uncertain)
{
    for (size_t i = 0; i < g->bodies_n && uncertain; i++)
        g->bodies[i]->uncertain = true;
    forget_bodies(g->bodies, g->bodies_n);
}

void group_write(struct embedded *e, struct group *g)
{
    if (g->commits > 0) {
        g->result = journal_write(&e->journal, &g->records, g->first_seq, &g->segment, &g->at);
        atomic_store(&e->failing, g->result != OK);
        atomic_store(&e->syncs, e->journal.syncs);
        atomic_store(&e->journal_bytes, e->journal.bytes);
    } else {
        g->result = journal_settle(&e->journal, g->first_seq);
    }
    atomic_store(&g->written, true);
}
