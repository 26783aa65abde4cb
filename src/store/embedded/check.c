/* check.c - reads everything back: every record's checksum, every page and row of the index, every
 * blob's place, every frame. */
#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/catalog_int.h"
#include "store/embedded/pages_int.h"
#include "store/embedded/scan_int.h"

struct check {
    struct embedded *e;
    struct check_report *report;
    struct snapshot *snapshot; /* what was committed when it began */
    struct mark mark;
    uint64_t segment;
    bool faulty;
    enum err failed;
};

static void fault(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct check *c, const char *format, ...)
{
    struct buf text = buf_make(LOG_VALUE_BYTES);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    c->faulty = true;
    c->report->fault(c->report->arg, buf_str(&text));
    buf_free(&text);
}

static void tell(const struct check *c, const char *what, uint64_t done, uint64_t of)
{
    if (c->report->progress) c->report->progress(c->report->arg, what, done, of);
}

/* --- the journal ---------------------------------------------------------------------------- */

static void good_record(void *arg, uint64_t at, const struct record *r)
{
    struct check *c = arg;
    (void)at;
    c->report->records++;
    c->report->bytes += r->bytes;
}

static void bad_record(void *arg, uint64_t from, uint64_t to)
{
    struct check *c = arg;
    fault(c, "%s: damaged from %llu to %llu", segment_path(c->segment).text,
          (unsigned long long)from, (unsigned long long)to);
}

/* What of it counts: what its successor names or, of the newest, what the snapshot covers. */
static uint64_t log_end(const struct check *c, const struct found *f)
{
    if (f->abandoned || f->number > c->mark.segment) return 0;
    return f->number == c->mark.segment && !f->end ? c->mark.offset : f->end;
}

static void check_log(struct check *c, const struct found *f)
{
    struct segment *s;
    uint64_t end = log_end(c, f), found;
    struct log_visitor v = { good_record, bad_record, c };
    if (end <= SEGMENT_HEADER_BYTES || segment_open(&c->e->segments, f->number, &s)) return;
    c->segment = f->number;
    c->failed = log_walk(&c->e->segments, s, SEGMENT_HEADER_BYTES, end, &v, &found);
    segment_drop(&c->e->segments, s);
}

static void check_logs(struct check *c)
{
    struct catalog all = { 0 };
    c->failed = catalog_list(c->e, &all);
    for (size_t i = 0; i < all.n; i++) {
        struct found *f = &all.found[i];
        catalog_head(c->e, f);
        /* Not there, or not begun: a body's that is being written or was given up meanwhile. */
        if (f->state && f->state != ERR_NOTFOUND)
            fault(c, "%s: its header cannot be read", segment_path(f->number).text);
    }
    catalog_link(&all);
    for (size_t i = 0; !c->failed && i < all.n; i++) {
        tell(c, "segments of the journal", i, all.n);
        if (c->report->stop) c->failed = ERR_GONE;
        if (!c->failed && found_is_log(&all.found[i])) check_log(c, &all.found[i]);
    }
    catalog_free(&all);
}

/* --- the index ------------------------------------------------------------------------------ */

static void bad_page(void *arg, str what, uint64_t page)
{
    struct check *c = arg;
    c->report->broken = true;
    fault(c, "index: %.*s (%llu)", STR_ARG(what), (unsigned long long)page);
}

static void see_row(void *arg, str key, str stored)
{
    struct check *c = arg;
    if (c->report->rows++ % 65536 == 0) tell(c, "rows of the index", c->report->rows, 0);
    if (stored.n >= INDEX_SUM_BYTES && key.n > sizeof(uint64_t) &&
        index_sum_is_right(key, str_take(stored, stored.n - INDEX_SUM_BYTES)))
        return;
    fault(c, "index: a row of account %llu fails its checksum",
          key.n >= sizeof(uint64_t) ? (unsigned long long)key_account(key).n : 0);
}

static void check_index(struct check *c)
{
    struct pages_visitor v = { bad_page, see_row, c };
    tell(c, "index", 0, 0);
    enum err e = index_verify(c->e->index, &v);
    if (e != ERR_CORRUPT) c->failed = e;
}

/* --- blobs ---------------------------------------------------------------------------------- */

static enum err check_frames(struct check *c, struct segment *s, str content, uint64_t *size)
{
    struct frames_head head;
    str table, side;
    if (!frames_take(content, &head, &table, &side)) return ERR_CORRUPT;
    struct place place = segment_place(s);
    struct buf b = buf_make(2 * STORE_FRAME_BYTES);
    enum err e = OK;
    for (uint32_t i = 0; !e && i < head.frames; i++) {
        struct frame f = frames_at(table, i);
        buf_reset(&b);
        char *room = buf_reserve(&b, f.stored_bytes);
        if (!room ||
            seam_pread(c->e->seam, s->file, room, f.stored_bytes, f.offset) != f.stored_bytes) {
            e = ERR_CORRUPT;
            break;
        }
        buf_commit(&b, f.stored_bytes);
        if (checksum(&place, f.offset, buf_str(&b)) != f.checksum) e = ERR_CORRUPT;
        c->report->bytes += f.stored_bytes;
    }
    buf_free(&b);
    *size = head.size_bytes;
    return e;
}

static enum err check_body(struct check *c, struct segment *s, const struct blob_place *p,
                           uint64_t blob)
{
    struct buf b = buf_make((size_t)p->record_bytes);
    struct place place = segment_place(s);
    struct record r;
    str content;
    uint64_t need, commit, size = p->size_bytes;
    enum err e = ERR_CORRUPT;
    char *room = buf_reserve(&b, (size_t)p->record_bytes);
    if (room && seam_pread(c->e->seam, s->file, room, (size_t)p->record_bytes, p->offset) ==
                    (ssize_t)p->record_bytes) {
        buf_commit(&b, (size_t)p->record_bytes);
        e = record_read(buf_str(&b), &place, p->offset, &r, &need);
    }
    if (!e && p->coding == BODY_FRAMES)
        e = r.type == RECORD_FRAMES ? check_frames(c, s, r.content, &size) : ERR_CORRUPT;
    else if (!e)
        e = body_of_record(&r, &content, &commit) && r.number == blob ? OK : ERR_CORRUPT;
    buf_free(&b);
    return !e && size == p->size_bytes ? OK : ERR_CORRUPT;
}

static bool check_place(void *arg, str key, str value)
{
    struct check *c = arg;
    uint64_t blob = blob_key_number(key);
    struct blob_place p;
    struct segment *s;
    if (c->report->blobs++ % 1000 == 0) tell(c, "bodies", c->report->blobs, 0);
    if (c->report->stop) c->failed = ERR_GONE;
    if (c->failed) return false;
    if (!blob_place_unpack(value, &p) || segment_open(&c->e->segments, p.segment, &s)) {
        fault(c, "blob %llu: its bytes are missing", (unsigned long long)blob);
        return true;
    }
    if (check_body(c, s, &p, blob))
        fault(c, "blob %llu: damaged bytes in %s at %llu", (unsigned long long)blob,
              segment_path(p.segment).text, (unsigned long long)p.offset);
    segment_drop(&c->e->segments, s);
    return true;
}

static bool check_refs(void *arg, str key, str value)
{
    struct check *c = arg;
    uint64_t blob = blob_key_number(key);
    struct blob_key place = blob_key(BLOB_PLACE, blob);
    struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&place));
    struct blob_refs refs;
    str row;
    if (!blob_refs_unpack(value, &refs))
        fault(c, "blob %llu: its references cannot be read", (unsigned long long)blob);
    if (merge_get(&c->snapshot->sources, full_key_str(&full), &row))
        fault(c, "blob %llu: references, and no place", (unsigned long long)blob);
    return true;
}

static void check_blobs(struct check *c)
{
    enum err e = merge_scan(&c->snapshot->sources, ACCOUNT_ENGINE, S("b"), S(""), check_place, c);
    if (!e && !c->failed)
        e = merge_scan(&c->snapshot->sources, ACCOUNT_ENGINE, S("r"), S(""), check_refs, c);
    if (e) fault(c, "index: it cannot be read");
}

/* --- all of it ------------------------------------------------------------------------------ */

static void check_job(void *arg)
{
    struct check *c = arg;
    struct embedded *e = c->e;
    check_index(c); /* before LMDB is asked for anything: it believes what a page says */
    if (c->failed || c->report->broken) return;
    segments_pin(&e->segments); /* what the snapshot names stays until it has been read */
    c->snapshot = snapshot_take(e);
    if (!c->snapshot) {
        segments_unpin(&e->segments);
        c->failed = ERR_LATER;
        return;
    }
    lock_take(&e->lock);
    c->mark = e->published_mark;
    lock_drop(&e->lock);
    check_logs(c);
    if (!c->failed) check_blobs(c);
    snapshot_give(e, c->snapshot);
    segments_unpin(&e->segments);
}

enum err embedded_check(struct engine *engine, struct check_report *report)
{
    struct check c = { .e = embedded_of(engine), .report = report };
    assert_no_view();
    enum err e = OK;
    if (fiber_self())
        e = work(c.e->io, check_job, &c); /* Waits. */
    else
        check_job(&c);
    if (e || c.failed) return e ? e : c.failed;
    return c.faulty ? ERR_CORRUPT : OK;
}
