/* replay.c - at open: which segments count, what the index lacks, what was never committed. */
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"
#include "store/embedded/scan_int.h"

/* One file of the journal's folder. */
struct found {
    uint64_t number;
    bool committed_body; /* the index knows it: a large body's */
    enum err state;      /* of its header */
    struct segment_head head;
    bool abandoned; /* a later header passes it over */
    uint64_t end;   /* a later header names it; 0: nobody does */
};

struct replay {
    struct embedded *e;
    struct found *found;
    size_t n, cap;
    struct memtable *rows;
    struct mark mark;
    uint64_t segment; /* being walked */
    struct pending_place *places;
    size_t places_n, places_cap;
    uint64_t commits, damaged;
    enum err failed;
};

/* --- the folder
 * -------------------------------------------------------------------------------------- */

static bool add_found(void *arg, const char *name)
{
    struct replay *r = arg;
    uint64_t number;
    if (!segment_number(name, &number)) return true;
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;
        r->found = mem_resize(r->found, r->cap, cap, sizeof *r->found);
        r->cap = cap;
    }
    r->found[r->n++] = (struct found){ .number = number };
    return true;
}

static void sort_found(struct found *f, size_t n)
{
    /* Shell's: no recursion, no library call that may allocate. */
    for (size_t gap = n / 2; gap; gap /= 2)
        for (size_t i = gap; i < n; i++)
            for (size_t j = i; j >= gap && f[j - gap].number > f[j].number; j -= gap) {
                struct found swap = f[j];
                f[j] = f[j - gap];
                f[j - gap] = swap;
            }
}

static bool body_is_committed(struct embedded *e, uint64_t segment)
{
    struct snapshot *s = snapshot_take(e);
    if (!s) return true; /* nothing is swept on a guess */
    struct blob_key key = blob_key(BLOB_SEGMENT, segment);
    struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&key));
    str value;
    enum err err = merge_get(&s->sources, full_key_str(&full), &value);
    snapshot_give(e, s);
    return err != ERR_NOTFOUND;
}

static enum err read_head(struct replay *r, struct found *f, struct buf *why)
{
    struct segment *s;
    f->committed_body = body_is_committed(r->e, f->number);
    if (f->committed_body) return OK;
    f->state = segment_open(&r->e->segments, f->number, &s);
    if (f->state == ERR_DENIED) {
        buf_addf(why, "%s is of a newer format than this program knows (%d): use a newer program",
                 segment_path(f->number).text, SEGMENT_FORMAT);
        return ERR_DENIED;
    }
    if (f->state == ERR_LATER) {
        buf_addf(why, "cannot read %s", segment_path(f->number).text);
        return ERR_LATER;
    }
    if (f->state == ERR_CORRUPT)
        log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "header of a segment"),
                  F_NUM("segment", f->number));
    if (f->state) return OK;
    f->head = s->head;
    segment_drop(&r->e->segments, s);
    return OK;
}

static bool is_log(const struct found *f)
{
    return !f->committed_body && !f->state && f->head.kind == SEGMENT_LOG;
}

/* Each log's header says where its predecessor ends; logs in between failed and were given up. */
static void link_logs(struct replay *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!is_log(&r->found[i])) continue;
        const struct segment_head *h = &r->found[i].head;
        if (h->previous == 0) continue;
        for (size_t j = i; j-- > 0 && r->found[j].number >= h->previous;) {
            if (r->found[j].number == h->previous) r->found[j].end = h->previous_end;
            if (r->found[j].number > h->previous) r->found[j].abandoned = is_log(&r->found[j]);
        }
    }
}

static enum err look(struct replay *r, struct buf *why)
{
    if (seam_list(r->e->seam, "journal", add_found, r) < 0) {
        buf_add(why, S("cannot list the folder journal"));
        return ERR_LATER;
    }
    sort_found(r->found, r->n);
    for (size_t i = 0; i < r->n; i++) {
        enum err e = read_head(r, &r->found[i], why);
        if (e) return e;
    }
    if (r->n) r->e->segments.next_number = r->found[r->n - 1].number + 1;
    if (r->e->segments.next_number <= r->mark.segment)
        r->e->segments.next_number = r->mark.segment + 1;
    link_logs(r);
    return OK;
}

/* --- records
 * ------------------------------------------------------------------------------------------- */

static void flush(struct replay *r)
{
    if (r->failed || memtable_rows(r->rows) == 0) return;
    r->failed = index_apply(r->e->index, r->rows, &r->mark);
    if (r->failed && reserve_give(r->e)) r->failed = index_apply(r->e->index, r->rows, &r->mark);
    memtable_reset(r->rows);
}

static void remember_place(struct replay *r, uint64_t at, const struct record *record)
{
    struct pending_place p = { .blob = record->number };
    if (!blob_place_of_record(record, r->segment, at, &p.place)) return;
    if (r->places_n == r->places_cap) {
        size_t cap = r->places_cap ? r->places_cap * 2 : 64;
        r->places = mem_resize(r->places, r->places_cap, cap, sizeof *r->places);
        r->places_cap = cap;
    }
    r->places[r->places_n++] = p;
}

/* Bodies come before their commit; those of a commit that is not there never were. */
static void put_places(struct replay *r, uint64_t seq)
{
    for (size_t i = 0; i < r->places_n; i++) {
        struct pending_place *p = &r->places[i];
        if (blob_seq(p->blob) != seq) continue;
        struct blob_key key = blob_key(BLOB_PLACE, p->blob);
        struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&key));
        struct blob_place_bytes bytes = blob_place_pack(&p->place);
        struct row row = { full_key_str(&full), { bytes.bytes, sizeof bytes.bytes }, false };
        memtable_put(r->rows, seq, &row);
    }
    r->places_n = 0;
}

static void damage(void *arg, uint64_t from, uint64_t to)
{
    struct replay *r = arg;
    r->damaged++;
    log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "journal"),
              F_NUM("segment", r->segment), F_NUM("from", from), F_NUM("to", to));
}

static void put_rows(struct replay *r, uint64_t at, const struct record *record)
{
    struct commit_head head;
    struct row row;
    str in = record->content;
    bool whole = commit_take_head(&in, &head);
    for (uint32_t i = 0; whole && i < head.rows; i++) {
        whole = commit_take_row(&in, &row);
        if (whole) memtable_put(r->rows, record->number, &row);
    }
    if (!whole) {
        damage(r, at, at + record->bytes);
        return;
    }
    r->commits++;
    r->mark = (struct mark){ record->number, r->segment, at + record->bytes, head.wall_us };
}

static void apply_record(void *arg, uint64_t at, const struct record *record)
{
    struct replay *r = arg;
    if (record->type == RECORD_BODY) remember_place(r, at, record);
    if (record->type != RECORD_COMMIT) return;
    if (record->number > r->mark.seq) {
        put_places(r, record->number);
        put_rows(r, at, record);
    }
    r->places_n = 0;
    if (memtable_bytes(r->rows) >= STORE_FREEZE_BYTES) flush(r);
}

/* --- all of it
 * --------------------------------------------------------------------------------------------- */

static enum err replay_log(struct replay *r, const struct found *f)
{
    struct embedded *e = r->e;
    struct segment *s;
    enum err err = segment_open(&e->segments, f->number, &s);
    if (err) return err;
    /* What a killed process wrote may be in memory only; it becomes visible now, so it must last.
     */
    if (seam_fdatasync(e->seam, s->file)) err = ERR_LATER;
    struct log_visitor v = { apply_record, damage, r };
    uint64_t from = f->number == r->mark.segment ? r->mark.offset : SEGMENT_HEADER_BYTES, end;
    r->segment = f->number;
    r->places_n = 0;
    if (!err) err = log_walk(&e->segments, s, from, f->end, &v, &end);
    segment_drop(&e->segments, s);
    if (err) return err;
    e->journal.last = f->number;
    e->journal.last_end = end;
    return r->failed;
}

/* Where the index stands; or the newest log, when it is older: the next header must name it. */
static uint64_t first_log(const struct replay *r)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < r->n; i++)
        if (is_log(&r->found[i]) && !r->found[i].abandoned) newest = r->found[i].number;
    return newest < r->mark.segment ? newest : r->mark.segment;
}

static enum err replay_logs(struct replay *r, struct buf *why)
{
    uint64_t first = first_log(r);
    for (size_t i = 0; i < r->n; i++) {
        const struct found *f = &r->found[i];
        if (!is_log(f) || f->abandoned || f->number < first) continue;
        enum err e = replay_log(r, f);
        if (e) {
            buf_addf(why, "cannot replay %s: %s", segment_path(f->number).text, err_text(e));
            return e;
        }
    }
    flush(r);
    if (r->failed) buf_addf(why, "cannot write to the index: %s", err_text(r->failed));
    return r->failed;
}

/* Bodies without a commit, segments that were given up, files that were never begun. */
static void sweep(struct replay *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct found *f = &r->found[i];
        if (f->committed_body || f->state == ERR_CORRUPT) continue;
        bool body = !f->state && f->head.kind == SEGMENT_STREAM;
        bool lost = body && !body_is_committed(r->e, f->number);
        if (lost || f->abandoned || f->state == ERR_NOTFOUND)
            segment_remove(&r->e->segments, f->number);
    }
}

enum err replay(struct embedded *e, struct buf *why)
{
    struct replay r = { .e = e, .rows = memtable_new() };
    enum err err = index_mark(e->index, &r.mark);
    if (err == ERR_NOTFOUND) err = OK;
    if (!err) err = look(&r, why);
    if (!err) err = replay_logs(&r, why);
    if (!err) {
        sweep(&r);
        e->written = r.mark;
        e->published_mark =
            (struct mark){ .segment = e->journal.last, .offset = e->journal.last_end };
        e->seq = e->published = r.mark.seq;
        if (r.commits || r.damaged)
            log_event(LOG_INFO, "store.replayed", S(""), F_NUM("commits", r.commits),
                      F_NUM("damaged", r.damaged));
    }
    memtable_drop(r.rows);
    mem_free(r.found);
    mem_free(r.places);
    return err;
}
