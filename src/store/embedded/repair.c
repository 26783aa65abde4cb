/* repair.c - a new index from the journal alone, beside the old one, then in its place.
 *
 * First the journal is mended where that is certain: a checksum that comes right when one byte of a
 * segment's header, or one bit of a record, is changed says what was there. What stays damaged is
 * named; bodies whose commit is lost are put into the folder lost. Then the whole journal is
 * replayed into index/new.mdb, which takes the old index's name by one rename: a crash at any
 * moment leaves the old index or the new one.
 */
#include "store/embedded/repair_int.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/catalog_int.h"
#include "store/embedded/scan_int.h"
#include "store/repair_marker_int.h"

static const char new_index[] = "index/new.mdb", new_lock[] = "index/new.mdb-lock";
static const char old_index[] = "index/data.mdb";

struct range {
    uint64_t from, to;
};
struct repair {
    struct embedded *e;
    struct repair_report *report;
    struct mark known;       /* how far the old index had got, if it can be believed */
    struct segment *segment; /* being looked at */
    struct range damaged[REPAIR_RANGES];
    size_t damaged_n;
    struct orphan { /* body records since the last commit */
        uint64_t at, bytes, commit;
    } * bodies;
    size_t bodies_n, bodies_cap;
    bool gap;             /* something between the last commit and here was damaged */
    struct catalog there; /* the segments, by number */
    struct absent {
        uint64_t segment, bodies;
    } absent[REPAIR_ABSENT]; /* logs that the old index knows and that are not there */
    size_t absent_n;
    enum err failed;
};

static void say(const struct repair *r, bool lost, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(const struct repair *r, bool lost, const char *format, ...)
{
    struct buf text = buf_make(LOG_VALUE_BYTES);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    if (lost) r->report->lost_n++;
    if (!lost) r->report->mended_n++;
    (lost ? r->report->lost : r->report->mended)(r->report->arg, buf_str(&text));
    buf_free(&text);
}

static void tell(const struct repair *r, const char *what, uint64_t done, uint64_t of)
{
    if (r->report->progress) r->report->progress(r->report->arg, what, done, of);
}

/* Durably, before what was found is changed: from then on it cannot be found again. */
static void lose(struct repair *r, uint64_t bytes)
{
    r->report->lost_bytes += bytes;
    if (repair_marker_set(r->e->seam, r->report->lost_bytes)) r->failed = ERR_LATER;
}

static bool write_back(struct repair *r, int file, const char *p, size_t n, uint64_t at)
{
    struct iovec iov = { (void *)(uintptr_t)p, n };
    if (seam_pwritev(r->e->seam, file, &iov, 1, at) == (ssize_t)n &&
        seam_fdatasync(r->e->seam, file) == 0)
        return true;
    r->failed = ERR_LATER;
    return false;
}

/* --- headers -------------------------------------------------------------------------------- */

/* One wrong byte: the checksum says which, and what it was. */
static bool mend_page(char *page, uint64_t number)
{
    struct segment_head head;
    for (size_t at = 0; at < SEGMENT_HEAD_USED_BYTES; at++) {
        const char was = page[at];
        for (int value = 0; value < 256; value++) {
            page[at] = (char)value;
            if (segment_head_read(page, &head) == OK && head.number == number) return true;
        }
        page[at] = was;
    }
    return false;
}

/* Out of the journal, into the folder lost. */
static bool put_aside(const struct repair *r, uint64_t segment)
{
    struct buf path = buf_make(64);
    buf_addf(&path, "lost/%llu.seg", (unsigned long long)segment);
    buf_addc(&path, 0);
    seam_mkdir(r->e->seam, "lost"); /* it may be there */
    bool done = seam_rename(r->e->seam, segment_path(segment).text, path.p) == 0 &&
                seam_sync_dir(r->e->seam, "lost") == 0 && seam_sync_dir(r->e->seam, "journal") == 0;
    buf_free(&path);
    return done;
}

static void mend_header(struct repair *r, const struct found *f)
{
    char page[SEGMENT_HEAD_USED_BYTES];
    struct segment_path path = segment_path(f->number);
    int file = seam_open(r->e->seam, path.text, SEAM_WRITE);
    if (file < 0) return;
    int64_t size = seam_size(r->e->seam, file);
    bool lost = false;
    bool read = seam_pread(r->e->seam, file, page, sizeof page, 0) == (ssize_t)sizeof page;
    if (read && mend_page(page, f->number)) {
        if (write_back(r, file, page, sizeof page, 0)) say(r, false, "%s: its header", path.text);
    } else {
        say(r, true, "%s: its header is damaged, and what it holds cannot be read (%lld bytes)",
            path.text, (long long)size);
        lose(r, size > 0 ? (uint64_t)size : 0);
        lost = true;
    }
    seam_close(r->e->seam, file);
    if (lost && !r->failed && !put_aside(r, f->number)) r->failed = ERR_LATER;
}

/* --- records -------------------------------------------------------------------------------- */

/* The record at the beginning of bytes with one bit changed, or 0: how long it is. */
static uint64_t mend_bit(const struct segment *s, uint64_t at, char *bytes, size_t n)
{
    struct place place = segment_place(s);
    struct record record;
    uint64_t need;
    for (size_t bit = 0; bit < n * 8; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        if (record_read((str){ bytes, n }, &place, at, &record, &need) == OK) return record.bytes;
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    return 0;
}

/* Whatever somebody may still read out of it. */
static void keep_damaged(struct repair *r, const char *bytes, size_t n, uint64_t at)
{
    struct buf path = buf_make(64);
    buf_addf(&path, "lost/%llu-%llu.damaged", (unsigned long long)r->segment->head.number,
             (unsigned long long)at);
    buf_addc(&path, 0);
    seam_mkdir(r->e->seam, "lost"); /* it may be there */
    int file = seam_open(r->e->seam, path.p, SEAM_WRITE | SEAM_CREATE);
    if (file >= 0) (void)write_back(r, file, bytes, n, 0);
    if (file >= 0) seam_close(r->e->seam, file);
    buf_free(&path);
}

/* A body that is nobody's takes the place of what is lost, so that it is told only once. */
static void fill_range(struct repair *r, uint64_t from, uint64_t to)
{
    size_t n = (size_t)(to - from);
    size_t content = n - RECORD_HEADER_BYTES - BODY_HEAD_BYTES;
    struct buf old = buf_make(n), filler = buf_make(n);
    struct place place = segment_place(r->segment);
    char *room = buf_reserve(&old, n);
    ssize_t got = room ? seam_pread(r->e->seam, r->segment->file, room, n, from) : -1;
    if (got > 0) keep_damaged(r, room, (size_t)got, from);
    size_t at = record_begin(&filler, RECORD_BODY, 0);
    body_add_head(&filler, &(struct body_head){ .size_bytes = content });
    buf_fill(&filler, 0, content);
    record_end(&filler, at);
    assert(filler.n == n);
    records_seal(&filler, &place, from);
    (void)write_back(r, r->segment->file, filler.p, filler.n, from);
    buf_free(&old);
    buf_free(&filler);
}

static void name_range(struct repair *r, uint64_t from, uint64_t to)
{
    lose(r, to - from);
    say(r, true, "%s: %llu bytes from %llu on cannot be read",
        segment_path(r->segment->head.number).text, (unsigned long long)(to - from),
        (unsigned long long)from);
    while (!r->failed && to - from >= RECORD_HEADER_BYTES + BODY_HEAD_BYTES) {
        uint64_t next = to - from > 2 * REPAIR_FILL_BYTES ? from + REPAIR_FILL_BYTES : to;
        fill_range(r, from, next);
        from = next;
    }
}

static void mend_range(struct repair *r, struct range d)
{
    size_t n = (size_t)(d.to - d.from);
    char *bytes = n <= REPAIR_FLIP_BYTES ? mem_new(n) : NULL;
    uint64_t mended = 0;
    if (bytes && seam_pread(r->e->seam, r->segment->file, bytes, n, d.from) == (ssize_t)n)
        mended = mend_bit(r->segment, d.from, bytes, n);
    if (mended && write_back(r, r->segment->file, bytes, (size_t)mended, d.from))
        say(r, false, "%s: a bit of the record at %llu", segment_path(r->segment->head.number).text,
            (unsigned long long)d.from);
    mem_free(bytes);
    if (d.from + mended < d.to) name_range(r, d.from + mended, d.to);
}

/* --- bodies without a commit ---------------------------------------------------------------- */

static struct orphan *body_room(struct repair *r)
{
    if (r->bodies_n == r->bodies_cap) {
        size_t cap = r->bodies_cap ? r->bodies_cap * 2 : 64;
        r->bodies = mem_resize(r->bodies, r->bodies_cap, cap, sizeof *r->bodies);
        r->bodies_cap = cap;
    }
    return &r->bodies[r->bodies_n++];
}

static bool body_bytes(struct repair *r, const struct orphan *o, struct buf *out)
{
    struct buf raw = buf_make((size_t)o->bytes);
    char *room = buf_reserve(&raw, (size_t)o->bytes);
    struct place place = segment_place(r->segment);
    struct record record;
    struct body_head head;
    str content, side, stored;
    uint64_t need, commit;
    bool good = room && seam_pread(r->e->seam, r->segment->file, room, (size_t)o->bytes, o->at) ==
                            (ssize_t)o->bytes;
    if (good) buf_commit(&raw, (size_t)o->bytes);
    good = good && record_read(buf_str(&raw), &place, o->at, &record, &need) == OK &&
           body_of_record(&record, &content, &commit) &&
           body_take(content, &head, &side, &stored) &&
           zip_unpack(r->e->zip, (enum body_coding)head.coding, stored, (size_t)head.size_bytes,
                      out) == OK;
    buf_free(&raw);
    return good;
}

/* For people to look at: nobody knows any more whose it was. */
static void keep_orphan(struct repair *r, const struct orphan *o)
{
    struct buf bytes = buf_make(STORE_JOURNAL_BODY_BYTES), path = buf_make(64);
    buf_addf(&path, "lost/%llu-%llu.eml", (unsigned long long)r->segment->head.number,
             (unsigned long long)o->at);
    buf_addc(&path, 0);
    seam_mkdir(r->e->seam, "lost"); /* it may be there */
    int file =
        body_bytes(r, o, &bytes) ? seam_open(r->e->seam, path.p, SEAM_WRITE | SEAM_CREATE) : -1;
    if (file >= 0) {
        if (write_back(r, file, bytes.p, bytes.n, 0))
            say(r, true, "a message whose mailbox is not known any more: kept as %s", path.p);
        seam_close(r->e->seam, file);
    }
    buf_free(&bytes);
    buf_free(&path);
}

static void see_record(void *arg, uint64_t at, const struct record *record)
{
    struct repair *r = arg;
    uint64_t commit;
    str content;
    if (record->type == RECORD_BODY && record->number == 0) {
        r->gap = true; /* what fill_range left */
        return;
    }
    if (body_of_record(record, &content, &commit))
        *body_room(r) = (struct orphan){ at, record->bytes, commit };
    if (record->type != RECORD_COMMIT) return;
    for (size_t i = 0; r->gap && i < r->bodies_n; i++)
        if (r->bodies[i].commit < record->number) keep_orphan(r, &r->bodies[i]);
    r->bodies_n = 0;
    r->gap = false;
}

static void see_damage(void *arg, uint64_t from, uint64_t to)
{
    struct repair *r = arg;
    r->gap = true;
    if (r->damaged_n < REPAIR_RANGES) r->damaged[r->damaged_n++] = (struct range){ from, to };
}

static void only_record(void *arg, uint64_t at, const struct record *record)
{
    (void)arg, (void)at, (void)record;
}

/* Twice: to mend, and then to see whose commits are lost. */
static void look_at_log(struct repair *r, const struct found *f)
{
    struct log_visitor find = { only_record, see_damage, r },
                       orphans = { see_record, see_damage, r };
    uint64_t end, to = f->end;
    /* Without it, damage at the very end would pass for a tail that was never synced. */
    if (!to && f->number == r->known.segment) to = r->known.offset;
    if (segment_open(&r->e->segments, f->number, &r->segment)) return;
    r->damaged_n = r->bodies_n = 0;
    r->failed = log_walk(&r->e->segments, r->segment, SEGMENT_HEADER_BYTES, to, &find, &end);
    for (size_t i = 0; !r->failed && i < r->damaged_n; i++)
        mend_range(r, r->damaged[i]);
    if (!r->failed && r->damaged_n) {
        r->gap = false;
        r->failed = log_walk(&r->e->segments, r->segment, SEGMENT_HEADER_BYTES, to, &orphans, &end);
        for (size_t i = 0; r->gap && i < r->bodies_n; i++)
            keep_orphan(r, &r->bodies[i]);
    }
    segment_drop(&r->e->segments, r->segment);
}

static enum err mend_journal(struct repair *r)
{
    struct catalog all = { 0 };
    enum err e = catalog_list(r->e, &all);
    for (size_t i = 0; !e && i < all.n; i++) {
        struct found *f = &all.found[i];
        catalog_head(r->e, f);
        if (f->state != ERR_CORRUPT) continue;
        mend_header(r, f);
        catalog_head(r->e, f);
        e = r->failed;
    }
    catalog_link(&all);
    for (size_t i = 0; !e && i < all.n; i++) {
        tell(r, "journal", i, all.n);
        if (found_is_log(&all.found[i]) && !all.found[i].abandoned) look_at_log(r, &all.found[i]);
        e = r->failed;
    }
    catalog_free(&all);
    return e;
}

/* A large body that no commit names would be swept away at the next start. */
static void keep_streams(struct repair *r)
{
    struct catalog all = { 0 };
    if (catalog_list(r->e, &all)) return;
    for (size_t i = 0; i < all.n; i++) {
        const struct found *f = &all.found[i];
        catalog_head(r->e, &all.found[i]);
        bool stray = !f->committed && !f->state && f->head.kind == SEGMENT_STREAM;
        if (stray && put_aside(r, f->number))
            say(r, true,
                "a large message whose mailbox is not known any more: kept as lost/%llu.seg",
                (unsigned long long)f->number);
    }
    catalog_free(&all);
}

/* --- what the old index knows ---------------------------------------------------------------- */

static bool is_there(const struct repair *r, uint64_t segment)
{
    size_t from = 0, to = r->there.n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (r->there.found[middle].number == segment) return true;
        if (r->there.found[middle].number < segment)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

static void note_absent(struct repair *r, uint64_t segment)
{
    for (size_t i = 0; i < r->absent_n; i++)
        if (r->absent[i].segment == segment) {
            r->absent[i].bodies++;
            return;
        }
    if (r->absent_n < REPAIR_ABSENT) r->absent[r->absent_n++] = (struct absent){ segment, 1 };
}

/* A log is deleted only after the index durably says where its bodies are now. A large body's own
 * segment goes before that; if it was needed, its message will be missed. */
static void see_old_row(void *arg, str key, str value)
{
    struct repair *r = arg;
    struct blob_place p;
    if (key_account(key).n != ACCOUNT_ENGINE.n || key.p[sizeof(uint64_t)] != BLOB_PLACE) return;
    if (!blob_place_unpack(value, &p) || p.coding == BODY_FRAMES) return;
    if (!is_there(r, p.segment)) note_absent(r, p.segment);
}

static void look_at_old_index(struct repair *r, const char *folder)
{
    if (catalog_list(r->e, &r->there)) return;
    index_believed(folder, &r->known, see_old_row, r);
    for (size_t i = 0; i < r->absent_n; i++) {
        say(r, true, "%s: it is gone, and with it %llu %s", segment_path(r->absent[i].segment).text,
            (unsigned long long)r->absent[i].bodies,
            r->absent[i].bodies == 1 ? "message" : "messages");
        lose(r, r->e->options.segment_bytes); /* at most */
    }
    catalog_free(&r->there);
}

/* --- the new index -------------------------------------------------------------------------- */

static enum err index_beside(struct repair *r, struct buf *why)
{
    struct embedded *e = r->e;
    struct arena a = arena_make(STORE_PATH_BYTES);
    const char *folder = seam_real_path(e->seam, "index", &a);
    enum err err = ERR_LATER;
    seam_unlink(e->seam, new_index); /* of a repair that was cut off */
    seam_unlink(e->seam, new_lock);
    if (folder) look_at_old_index(r, folder);
    if (folder)
        err = index_make(arena_cstr(&a, arena_fmt(&a, "%s/new.mdb", folder)), e->options.map_bytes,
                         &e->index, why);
    else
        buf_addf(why, "cannot make the folder index in %s", seam_data_dir(e->seam));
    arena_free(&a);
    return err;
}

/* Numbers that lost commits had are never given out again; none is shorter than this. */
static enum err pass_lost_numbers(struct repair *r)
{
    enum { COMMIT_BYTES_MIN = RECORD_HEADER_BYTES + 16 };
    struct mark mark;
    struct memtable *none = memtable_new(MEMTABLE_LARGE);
    enum err e = index_mark(r->e->index, &mark);
    mark.seq += r->report->lost_bytes / COMMIT_BYTES_MIN + 1;
    if (!e) e = index_apply(r->e->index, none, &mark);
    memtable_drop(none);
    return e == ERR_NOTFOUND ? OK : e;
}

/* The marker stays until the upper floor is right too (store_mend). */
static enum err take_place(struct repair *r, struct buf *why)
{
    struct embedded *e = r->e;
    int code = repair_marker_set(e->seam, r->report->lost_bytes);
    if (!code) code = seam_rename(e->seam, new_index, old_index);
    if (!code) code = seam_sync_dir(e->seam, "index");
    seam_unlink(e->seam, new_lock);
    if (code) buf_addf(why, "cannot put the new index in its place: %s", seam_error_text(code));
    return code ? ERR_LATER : OK;
}

enum err rebuild(struct embedded *e, struct buf *why)
{
    struct repair *r = MEM_NEW(struct repair);
    *r = (struct repair){ .e = e, .report = e->options.repair };
    uint64_t before;
    if (repair_marker_find(e->seam, &before)) r->report->lost_bytes += before;
    enum err err = index_beside(r, why);
    if (!err) {
        err = r->failed ? r->failed : mend_journal(r);
        if (err) buf_add(why, S("cannot read or mend the journal"));
        tell(r, "index", 0, 0);
        if (!err) err = replay(e, why);
        if (!err && r->report->lost_bytes) {
            keep_streams(r);
            err = pass_lost_numbers(r);
        }
        compactor_free(e->compactor); /* of this index; the one in its place gets its own */
        e->compactor = NULL;
        snapshots_free(e);
        index_close(e->index);
        e->index = NULL;
    }
    if (!err) err = take_place(r, why);
    mem_free(r->bodies);
    mem_free(r);
    return err;
}
