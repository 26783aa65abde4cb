/* backup_write.c - brings a backup folder up to a point of the store.
 *
 * Nothing that the manifest there counts on is touched: new segments get names of their own, the
 * log that has grown is only written past what counted, and what is no longer needed goes when the
 * new manifest is durable. What was copied is noted in `progress`, so a run after a cut goes on.
 */
#include "base/codec.h"
#include "store/backup_int.h"

#include <errno.h>

struct writing {
    struct backup_run *run;
    struct seam *seam;
    const char *folder;
    struct buf *why;
    struct arena names;
    struct backup_manifest old, noted; /* as found: the manifest and the notes of a cut run */
    XXH3_state_t *sum;
    int lock, progress; /* files */
    uint64_t progress_at;
    uint64_t done, total, began_us;
};

static enum err fail(struct writing *w, int code, const char *what)
{
    buf_addf(w->why, "%s %s: %s", what, w->folder, seam_error_text(code));
    return ERR_LATER;
}

static const char *name_of(struct writing *w, const char *name)
{
    return backup_name(&w->names, w->folder, name);
}

/* --- the folder ------------------------------------------------------------------------------ */

static bool is_ours(void *arg, const char *name)
{
    static const char *const ours[] = { "manifest", "manifest.new", "segments", "progress",
                                        "lock" };
    bool *foreign = arg;
    bool known = false;
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        known = known || str_eq(str_of(name), str_of(ours[i]));
    *foreign = !known;
    return known;
}

/* Whose folder this is may be somebody else than who calls: a symbolic link in it is not followed,
 * here and wherever something is written. */
static enum err make_folder(struct writing *w)
{
    const char *parent = backup_parent(&w->names, w->folder), *segments = name_of(w, "segments");
    if (!parent || !segments) return ERR_LIMIT;
    int code = seam_mkdir(w->seam, w->folder);
    if (code && code != -EEXIST) return fail(w, code, "cannot make the folder");
    if (!code && seam_sync_dir(w->seam, parent))
        return fail(w, -EIO, "cannot make the folder last");
    bool foreign = false;
    code = seam_list(w->seam, w->folder, is_ours, &foreign);
    if (code) return fail(w, code, "cannot read the folder");
    if (foreign) {
        buf_addf(w->why,
                 "%s holds something else: name an empty folder, or one that does not exist",
                 w->folder);
        return ERR_CONFLICT;
    }
    code = seam_mkdir(w->seam, segments);
    if (code && code != -EEXIST) return fail(w, code, "cannot make a folder in");
    struct seam_look look = { .kind = SEAM_FOLDER };
    if (code && (seam_look(w->seam, segments, &look) || look.kind != SEAM_FOLDER))
        return fail(w, -ENOTDIR, "cannot use the folder segments in");
    code = seam_sync_dir(w->seam, w->folder);
    return code ? fail(w, code, "cannot sync the folder") : OK;
}

static enum err take_lock(struct writing *w)
{
    w->lock = seam_open(w->seam, name_of(w, "lock"), SEAM_WRITE | SEAM_CREATE | SEAM_NOFOLLOW);
    if (w->lock < 0) return fail(w, w->lock, "cannot write to the folder");
    int code = seam_lock(w->seam, w->lock);
    if (!code) return OK;
    buf_addf(w->why, "another backup into %s is under way", w->folder);
    return ERR_EXISTS;
}

/* A line that was cut was not noted. */
static void read_notes(struct writing *w)
{
    struct buf text = buf_make(BACKUP_MANIFEST_BYTES);
    if (!backup_load(w->seam, name_of(w, "progress"), &text)) {
        str rest = buf_str(&text), line;
        struct backup_segment s;
        rest = str_take(rest, str_rchr(rest, '\n') + 1);
        while (str_split(&rest, '\n', &line))
            if (segment_line_read(line, &s) && s.summed) manifest_add(&w->noted, &s);
    }
    buf_free(&text);
}

static enum err read_old(struct writing *w)
{
    struct buf ignored = buf_make(1000);
    enum err e = manifest_load(w->seam, w->folder, &w->old, &ignored);
    buf_free(&ignored);
    read_notes(w);
    /* One that is damaged is no use: all is copied again, and it is replaced. */
    if (e) return e == ERR_LATER ? fail(w, -EIO, "cannot read the manifest in") : OK;
    if (bytes_equal_secret(w->old.store, w->run->point->store, STORE_IDENTITY_BYTES)) return OK;
    buf_addf(w->why, "%s holds the backup of another store: name another folder", w->folder);
    return ERR_CONFLICT;
}

static enum err open_notes(struct writing *w)
{
    w->progress =
        seam_open(w->seam, name_of(w, "progress"), SEAM_WRITE | SEAM_CREATE | SEAM_NOFOLLOW);
    if (w->progress < 0) return fail(w, w->progress, "cannot write to the folder");
    int code = seam_truncate(w->seam, w->progress, 0);
    if (!code) code = seam_sync_dir(w->seam, w->folder);
    if (code) return fail(w, code, "cannot write to the folder");
    return OK;
}

static enum err note(struct writing *w, const struct backup_segment *s)
{
    struct buf line = buf_make(200);
    segment_line_write(s, &line);
    int code = backup_store(w->seam, w->progress, buf_str(&line), w->progress_at);
    if (!code) code = seam_fdatasync(w->seam, w->progress);
    w->progress_at += line.n;
    buf_free(&line);
    return code ? fail(w, code, "cannot write to the folder") : OK;
}

/* --- one segment ----------------------------------------------------------------------------- */

static void tell(const struct writing *w)
{
    const struct backup_progress *p = &w->run->progress;
    if (p->told) p->told(p->arg, w->done, w->total);
}

/* Others read from that disk too. Waits. */
static enum err pace(const struct writing *w)
{
    uint64_t rate = w->run->rate_bytes;
    if (!rate) return OK;
    uint64_t due = w->began_us + w->run->copied_bytes / rate * 1000000 +
                   w->run->copied_bytes % rate * 1000000 / rate;
    return due > seam_mono_us(w->seam) ? fiber_sleep_until(due) : OK;
}

/* From `at` on, out of the store, into the file (-1: nowhere); the checksum goes on from there.
 * Waits. */
static enum err fetch(struct writing *w, size_t i, int file, uint64_t at)
{
    uint64_t end = w->run->point->segments[i].file.bytes;
    while (at < end) {
        str bytes;
        size_t n = end - at < BACKUP_READ_BYTES ? (size_t)(end - at) : BACKUP_READ_BYTES;
        enum err e = w->run->source.read(w->run->source.arg, i, at, n, &bytes);
        if (e || bytes.n != n) {
            buf_addf(w->why,
                     "segment %llu cannot be read: %s; the backup before this one stays valid",
                     (unsigned long long)w->run->point->segments[i].file.number,
                     err_text(e ? e : ERR_CORRUPT));
            return e ? e : ERR_CORRUPT;
        }
        XXH3_64bits_update(w->sum, bytes.p, bytes.n);
        int code = file < 0 ? 0 : backup_store(w->seam, file, bytes, at);
        if (code) return fail(w, code, "cannot write to the folder");
        at += n;
        w->done += n;
        w->run->copied_bytes += n;
        tell(w);
        e = pace(w);
        if (e) return e;
    }
    return OK;
}

/* The checksum of what is there already. False: not so many bytes, or not those. */
static bool sum_there(struct writing *w, int file, uint64_t bytes, const uint64_t *wanted)
{
    struct buf piece = buf_make(BACKUP_READ_BYTES);
    char *room = buf_reserve(&piece, BACKUP_READ_BYTES);
    uint64_t at = 0;
    ssize_t n = 1;
    XXH3_64bits_reset(w->sum);
    for (; at < bytes && n > 0; at += n > 0 ? (uint64_t)n : 0) {
        size_t want = bytes - at < BACKUP_READ_BYTES ? (size_t)(bytes - at) : BACKUP_READ_BYTES;
        n = seam_pread(w->seam, file, room, want, at);
        if (n > 0) XXH3_64bits_update(w->sum, room, (size_t)n);
    }
    buf_free(&piece);
    return at == bytes && (!wanted || XXH3_64bits_digest(w->sum) == *wanted);
}

/* A log that was copied once and has grown: only what is new is fetched, and written behind what
 * the old manifest counts. */
static enum err grow(struct writing *w, size_t i, const struct backup_segment *had, bool *done)
{
    struct backup_segment *s = &w->run->point->segments[i];
    int file = seam_open(w->seam, backup_segment_name(&w->names, w->folder, &s->file, "seg"),
                         SEAM_WRITE | SEAM_NOFOLLOW);
    if (file < 0) return OK;
    bool same = sum_there(w, file, had->file.bytes, &had->checksum);
    enum err e = OK;
    if (same) {
        w->done += had->file.bytes;
        e = fetch(w, i, file, had->file.bytes);
        int code = e ? 0 : seam_fdatasync(w->seam, file);
        if (code) e = fail(w, code, "cannot sync a file in");
        *done = !e;
    }
    seam_close(w->seam, file);
    return e;
}

/* More of it was copied once than counts now: the store itself was restored from an older backup.
 * The old manifest counts on what is there, so it stays if its beginning is what it should be. */
static enum err shorten(struct writing *w, size_t i, bool *done)
{
    struct backup_segment *s = &w->run->point->segments[i];
    int file =
        seam_open(w->seam, backup_segment_name(&w->names, w->folder, &s->file, "seg"), SEAM_READ);
    if (file < 0) return OK;
    bool there = sum_there(w, file, s->file.bytes, NULL);
    uint64_t sum = XXH3_64bits_digest(w->sum);
    seam_close(w->seam, file);
    if (!there) return OK;
    XXH3_64bits_reset(w->sum);
    enum err e = fetch(w, i, -1, 0);
    *done = !e && XXH3_64bits_digest(w->sum) == sum;
    return e;
}

/* Whole, under another name until it is durable. */
static enum err copy(struct writing *w, size_t i)
{
    const struct backup_file *f = &w->run->point->segments[i].file;
    const char *part = backup_segment_name(&w->names, w->folder, f, "part");
    const char *name = backup_segment_name(&w->names, w->folder, f, "seg");
    const char *folder = name_of(w, "segments");
    if (!part || !name || !folder) return ERR_LIMIT;
    int file = seam_open(w->seam, part, SEAM_WRITE | SEAM_CREATE | SEAM_NOFOLLOW);
    if (file < 0) return fail(w, file, "cannot make a file in");
    XXH3_64bits_reset(w->sum);
    int code = seam_truncate(w->seam, file, 0);
    enum err e = code ? OK : fetch(w, i, file, 0);
    if (!e && !code) code = seam_fdatasync(w->seam, file);
    seam_close(w->seam, file);
    if (!e && !code) code = seam_rename(w->seam, part, name);
    if (!e && !code) code = seam_sync_dir(w->seam, folder);
    return code ? fail(w, code, "cannot write a file in") : e;
}

/* Is it there, as long as it must be? What its bytes are is asked only to mend. */
static bool is_there(struct writing *w, const struct backup_segment *had)
{
    const struct backup_file *f = &had->file;
    int file = seam_open(w->seam, backup_segment_name(&w->names, w->folder, f, "seg"), SEAM_READ);
    if (file < 0) return false;
    int64_t size = seam_size(w->seam, file);
    bool there = size >= 0 && (uint64_t)size >= f->bytes;
    if (there && w->run->mend) there = sum_there(w, file, f->bytes, &had->checksum);
    seam_close(w->seam, file);
    return there;
}

static enum err bring(struct writing *w, size_t i)
{
    struct backup_segment *s = &w->run->point->segments[i];
    const struct backup_segment *had = manifest_find(&w->noted, &s->file);
    if (!had) had = manifest_find(&w->old, &s->file);
    if (had && had->file.bytes == s->file.bytes && is_there(w, had)) {
        s->checksum = had->checksum;
        s->summed = true;
        w->done += s->file.bytes;
        w->run->kept_files++;
        tell(w);
        return note(w, s);
    }
    bool done = false;
    enum err e = OK;
    if (had && had->file.bytes < s->file.bytes) e = grow(w, i, had, &done);
    if (had && had->file.bytes > s->file.bytes) e = shorten(w, i, &done);
    if (!e && !done) e = copy(w, i);
    if (e) return e;
    s->checksum = XXH3_64bits_digest(w->sum);
    s->summed = true;
    w->run->copied_files++;
    return note(w, s);
}

/* --- the end --------------------------------------------------------------------------------- */

static enum err publish(struct writing *w)
{
    struct buf text = buf_make(BACKUP_MANIFEST_BYTES);
    const char *fresh = name_of(w, "manifest.new"), *name = name_of(w, "manifest");
    manifest_write(w->run->point, &text);
    int file = seam_open(w->seam, fresh, SEAM_WRITE | SEAM_CREATE | SEAM_NOFOLLOW);
    int code = file < 0 ? file : seam_truncate(w->seam, file, 0);
    if (!code) code = backup_store(w->seam, file, buf_str(&text), 0);
    if (!code) code = seam_fdatasync(w->seam, file);
    if (file >= 0) seam_close(w->seam, file);
    if (!code) code = seam_rename(w->seam, fresh, name);
    if (!code) code = seam_sync_dir(w->seam, w->folder);
    buf_free(&text);
    return code ? fail(w, code, "cannot write the manifest in") : OK;
}

struct gathering {
    struct writing *w;
    struct buf names; /* each with its NUL */
};

/* "0000000012-0123456789abcdef.seg" of the point stays. */
static bool is_needed(struct writing *w, str name)
{
    struct buf id = buf_make(8);
    struct backup_file f = { 0 };
    bool known = name.n == 31 && str_ends(name, S(".seg")) &&
                 str_u64(str_take(name, 10), 9999999999, &f.number) &&
                 hex_decode(&id, str_sub(name, 11, 16));
    if (known) f.id = get_be64(id.p);
    buf_free(&id);
    return known && manifest_find(w->run->point, &f);
}

static bool gather(void *arg, const char *name)
{
    struct gathering *g = arg;
    if (is_needed(g->w, str_of(name))) return true;
    buf_add(&g->names, str_of(name));
    buf_addc(&g->names, '/');
    return true;
}

/* What no manifest needs any more. That some of it stays does no harm: the next run finds it. */
static void sweep(struct writing *w)
{
    struct gathering g = { w, buf_make(BACKUP_MANIFEST_BYTES) };
    const char *folder = name_of(w, "segments");
    (void)!seam_list(w->seam, folder, gather, &g);
    str rest = buf_str(&g.names), name;
    while (str_split(&rest, '/', &name)) {
        struct arena_mark mark = arena_mark(&w->names);
        const char *path =
            arena_cstr(&w->names, arena_fmt(&w->names, "%s/%.*s", folder, STR_ARG(name)));
        if (path && seam_unlink(w->seam, path) == 0) w->run->removed_files++;
        arena_rewind(&w->names, mark);
    }
    buf_free(&g.names);
    seam_unlink(w->seam, name_of(w, "progress"));
    (void)!seam_sync_dir(w->seam, folder);
}

static enum err write_all(struct writing *w)
{
    enum err e = make_folder(w);
    if (!e) e = take_lock(w);
    if (!e) e = read_old(w);
    if (!e) e = open_notes(w);
    struct backup_manifest *point = w->run->point;
    w->total = manifest_bytes(point);
    for (size_t i = 0; i < point->n && !e; i++) {
        struct arena_mark mark = arena_mark(&w->names);
        e = bring(w, i);
        arena_rewind(&w->names, mark);
    }
    if (!e) e = publish(w);
    if (!e) sweep(w);
    return e;
}

enum err backup_write(struct backup_run *r, struct buf *why)
{
    struct writing w = { .run = r,
                         .seam = r->seam,
                         .folder = r->folder,
                         .why = why,
                         .names = arena_make(STORE_PATH_BYTES),
                         .sum = XXH3_createState(),
                         .lock = -1,
                         .progress = -1,
                         .began_us = seam_mono_us(r->seam) };
    enum err e = write_all(&w);
    if (w.progress >= 0) seam_close(r->seam, w.progress);
    if (w.lock >= 0) seam_close(r->seam, w.lock);
    manifest_free(&w.old);
    manifest_free(&w.noted);
    XXH3_freeState(w.sum);
    arena_free(&w.names);
    return e;
}
