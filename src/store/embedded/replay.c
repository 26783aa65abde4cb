/* replay.c - at open: which segments count, what the index lacks, what was never committed. */
#include <errno.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/catalog_int.h"
#include "store/embedded/scan_int.h"

struct replay {
    struct embedded *e;
    struct catalog catalog;
    struct memtable *rows;
    struct mark mark;
    struct segment *log; /* being walked */
    uint64_t segment;    /* its number */
    uint64_t kept;       /* what lies before it is on the disk, not only in memory */
    uint64_t newest;     /* of the logs that count */
    struct replayed_body {
        uint64_t blob, commit;
        struct blob_place place;
    } * places;
    size_t places_n, places_cap;
    uint64_t commits, damaged;
    enum err failed;
};

/* --- the folder ----------------------------------------------------------------------------- */

static enum err read_head(struct replay *r, struct found *f, struct buf *why)
{
    catalog_head(r->e, f);
    if (f->state == ERR_DENIED)
        buf_addf(why, "%s is of a newer format than this program knows (%d): use a newer program",
                 segment_path(f->number).text, SEGMENT_FORMAT);
    if (f->state == ERR_LATER) buf_addf(why, "cannot read %s", segment_path(f->number).text);
    if (f->state == ERR_CORRUPT)
        log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "header of a segment"),
                  F_NUM("segment", f->number));
    return f->state == ERR_DENIED || f->state == ERR_LATER ? f->state : OK;
}

static enum err look(struct replay *r, struct buf *why)
{
    struct catalog *c = &r->catalog;
    uint64_t *next = &r->e->segments.next_number;
    if (catalog_list(r->e, c)) {
        buf_add(why, S("cannot list the folder journal"));
        return ERR_LATER;
    }
    for (size_t i = 0; i < c->n; i++) {
        enum err e = read_head(r, &c->found[i], why);
        if (e) return e;
    }
    r->e->segments.files = c->n;
    if (c->n) *next = c->found[c->n - 1].number + 1;
    if (*next <= r->mark.segment) *next = r->mark.segment + 1;
    catalog_link(c);
    return OK;
}

/* --- from memory to the disk ---------------------------------------------------------------- */

/* Written as they are: pages that the kernel forgot to write when a sync failed are dirty again. */
static int write_again(struct replay *r, uint64_t from, uint64_t to)
{
    struct seam *seam = r->e->seam;
    char *bytes = mem_new(STORE_REWRITE_BYTES);
    int code = 0;
    while (from < to && !code) {
        size_t n = to - from < STORE_REWRITE_BYTES ? (size_t)(to - from) : STORE_REWRITE_BYTES;
        ssize_t got = seam_pread(seam, r->log->file, bytes, n, from);
        if (got == 0) break; /* damage may reach past the file's end */
        struct iovec iov = { bytes, got > 0 ? (size_t)got : 0 };
        ssize_t put = got > 0 ? seam_pwritev(seam, r->log->file, &iov, 1, from) : got;
        if (put < 0) code = (int)put;
        if (put >= 0 && put < got) code = -ENOSPC;
        from += iov.iov_len;
    }
    mem_free(bytes);
    return code;
}

/* Before anybody acts upon the records up to there. */
static void keep(struct replay *r, uint64_t to)
{
    if (r->failed || to <= r->kept) return;
    bool frozen = r->e->options.frozen; /* nobody wrote to it since it was synced, nor may we */
    int code = frozen ? 0 : write_again(r, r->kept, to);
    if (code == -ENOSPC && reserve_give(r->e)) code = write_again(r, r->kept, to);
    if (!code) code = seam_fdatasync(r->e->seam, r->log->file);
    if (code)
        r->failed = ERR_LATER;
    else
        r->kept = to;
}

/* --- records -------------------------------------------------------------------------------- */

static void flush(struct replay *r)
{
    if (r->failed || memtable_rows(r->rows) == 0) return;
    r->failed = index_apply(r->e->index, r->rows, &r->mark);
    if (r->failed && reserve_give(r->e)) r->failed = index_apply(r->e->index, r->rows, &r->mark);
    memtable_reset(r->rows);
}

static void remember_place(struct replay *r, uint64_t at, const struct record *record)
{
    struct replayed_body p = { .blob = record->number };
    str content;
    if (!body_of_record(record, &content, &p.commit)) return;
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
        struct replayed_body *p = &r->places[i];
        if (p->commit != seq) continue;
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
    remember_place(r, at, record);
    if (record->type != RECORD_COMMIT) return;
    if (record->number > r->mark.seq) {
        put_places(r, record->number);
        put_rows(r, at, record);
    }
    r->places_n = 0;
    if (memtable_bytes(r->rows) < STORE_FREEZE_BYTES) return;
    keep(r, at + record->bytes);
    flush(r);
}

/* --- all of it ------------------------------------------------------------------------------ */

/* What a process wrote that was killed, or whose sync failed, may be in memory only. It becomes
 * visible now, so it must last. A log whose end is known was synced before its successor was made,
 * and what the index has, before that. */
static uint64_t begin_log(struct replay *r, const struct found *f)
{
    uint64_t from = f->number == r->mark.segment ? r->mark.offset : SEGMENT_HEADER_BYTES;
    bool known = f->end || f->number < r->mark.segment;
    r->segment = f->number;
    r->places_n = 0;
    r->kept = 0;
    keep(r, SEGMENT_HEADER_BYTES);
    if (r->kept < from) r->kept = from;
    if (known) r->kept = UINT64_MAX;
    return from;
}

static enum err replay_log(struct replay *r, struct found *f)
{
    struct embedded *e = r->e;
    enum err err = segment_open(&e->segments, f->number, &r->log);
    if (err) return err;
    struct log_visitor v = { apply_record, damage, r };
    uint64_t from = begin_log(r, f), end = from;
    if (!r->failed) err = log_walk(&e->segments, r->log, from, f->end, &v, &end);
    if (!err) keep(r, end);
    if (!err) err = r->failed;
    /* The room that a killed process had not used. */
    if (!err && f->number == r->newest && f->size > end) seam_truncate(e->seam, r->log->file, end);
    segment_drop(&e->segments, r->log);
    if (err) return err;
    f->end = end;
    e->journal.last = f->number;
    e->journal.last_end = end;
    return OK;
}

static uint64_t newest_log(const struct catalog *c)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < c->n; i++)
        if (found_is_log(&c->found[i]) && !c->found[i].abandoned) newest = c->found[i].number;
    return newest;
}

static enum err replay_logs(struct replay *r, struct buf *why)
{
    /* Where the index stands; or the newest log, when it is older: the next header must name it. */
    r->newest = newest_log(&r->catalog);
    uint64_t first = r->newest < r->mark.segment ? r->newest : r->mark.segment;
    for (size_t i = 0; i < r->catalog.n; i++) {
        struct found *f = &r->catalog.found[i];
        if (!found_is_log(f) || f->abandoned || f->number < first) continue;
        enum err e = replay_log(r, f);
        if (e) {
            buf_addf(why, "cannot replay %s: %s", segment_path(f->number).text,
                     e == ERR_DENIED ? "it has a record of a newer program: use that one"
                                     : err_text(e));
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
    if (r->damaged && r->e->options.repair) return; /* their commits may be what was lost */
    for (size_t i = 0; i < r->catalog.n; i++) {
        const struct found *f = &r->catalog.found[i];
        if (f->committed || f->state == ERR_CORRUPT) continue;
        bool body = !f->state && f->head.kind == SEGMENT_STREAM;
        bool lost = body && !stream_is_committed(r->e, f->number);
        if (lost || f->abandoned || f->state == ERR_NOTFOUND)
            segment_remove(&r->e->segments, f->number);
    }
}

/* The commits with the highest numbers may have been compacted away: the headers remember. */
static void first_unused_seq(struct replay *r)
{
    for (size_t i = 0; i < r->catalog.n; i++) {
        const struct found *f = &r->catalog.found[i];
        if (found_is_log(f) && f->head.first_seq > r->mark.seq) r->mark.seq = f->head.first_seq - 1;
    }
}

enum err replay(struct embedded *e, struct buf *why)
{
    struct replay r = { .e = e, .rows = gathering_table(e) };
    enum err err = index_mark(e->index, &r.mark);
    if (err == ERR_NOTFOUND) err = OK;
    if (!err) err = look(&r, why);
    if (!err) err = replay_logs(&r, why);
    if (!err) {
        sweep(&r);
        first_unused_seq(&r);
        e->written = e->applied = r.mark;
        e->compactor = compactor_new(e, &r.catalog);
        e->published_mark =
            (struct mark){ .segment = e->journal.last, .offset = e->journal.last_end };
        e->seq = e->published = r.mark.seq;
        if (r.commits || r.damaged)
            log_event(LOG_INFO, "store.replayed", S(""), F_NUM("commits", r.commits),
                      F_NUM("damaged", r.damaged));
    }
    memtable_drop(r.rows);
    catalog_free(&r.catalog);
    mem_free(r.places);
    return err;
}
