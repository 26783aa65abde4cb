/* restore.c - a whole store out of a backup folder, into an empty data folder.
 *
 * Only the journal is copied; the index is made from it when the store is opened. Until all of it
 * is durable the file `restoring` says so, and no store opens in the folder: a restore that was cut
 * off is never taken for a store, and the same command begins it again.
 */
#include "store/backup_int.h"
#include "store/restore_int.h"

#include <errno.h>

struct restoring {
    struct restore_run *run;
    struct seam *seam;
    struct buf *why;
    struct backup_copy copy;
};

static enum err fail(struct restoring *r, int code, const char *what)
{
    buf_addf(r->why, "%s %s: %s", what, seam_data_dir(r->seam), seam_error_text(code));
    return ERR_LATER;
}

static void fault(struct restoring *r, const struct backup_segment *s, const char *what)
{
    struct buf text = buf_make(LOG_VALUE_BYTES);
    buf_addf(&text, "segment %llu: %s", (unsigned long long)s->file.number, what);
    r->run->faults++;
    r->run->fault(r->run->arg, buf_str(&text));
    buf_free(&text);
}

/* --- the folder ------------------------------------------------------------------------------ */

struct contents {
    bool any, marker;
};

static bool see_name(void *arg, const char *name)
{
    struct contents *c = arg;
    c->any = true;
    c->marker = c->marker || str_eq(str_of(name), str_of(restore_marker));
    return !c->marker;
}

/* Empty, or what a restore that was cut off left. */
static enum err judge(struct restoring *r)
{
    struct contents c = { 0 };
    int code = seam_list(r->seam, ".", see_name, &c);
    if (code) return fail(r, code, "cannot read the data folder");
    if (!c.any || c.marker) return OK;
    buf_addf(r->why,
             "the data folder %s is not empty, and a restore overwrites nothing: move it away "
             "(mv %s %s.old), or name an empty one as data_dir",
             seam_data_dir(r->seam), seam_data_dir(r->seam), seam_data_dir(r->seam));
    return ERR_CONFLICT;
}

static enum err set_marker(struct restoring *r)
{
    static const str words =
        S_INIT("A restore is under way here, or was cut off: posthorn restore begins it again.\n");
    int file = seam_open(r->seam, restore_marker, SEAM_WRITE | SEAM_CREATE);
    if (file < 0) return fail(r, file, "cannot write to the data folder");
    int code = backup_store(r->seam, file, words, 0);
    if (!code) code = seam_fdatasync(r->seam, file);
    seam_close(r->seam, file);
    if (!code) code = seam_sync_dir(r->seam, ".");
    if (!code) code = seam_mkdir(r->seam, "journal");
    if (code == -EEXIST) code = 0;
    if (!code) code = seam_sync_dir(r->seam, ".");
    return code ? fail(r, code, "cannot write to the data folder") : OK;
}

static enum err take_marker(struct restoring *r)
{
    int code = seam_sync_dir(r->seam, "journal");
    if (!code) code = seam_sync_dir(r->seam, ".");
    if (!code) code = seam_unlink(r->seam, restore_marker);
    if (!code) code = seam_sync_dir(r->seam, ".");
    return code ? fail(r, code, "cannot write to the data folder") : OK;
}

/* --- the journal ----------------------------------------------------------------------------- */

static const char *journal_name(struct arena *a, const struct backup_segment *s)
{
    return arena_cstr(a, arena_fmt(a, "journal/%010llu.seg", (unsigned long long)s->file.number));
}

static enum err copy_into(struct restoring *r, const struct backup_segment *s)
{
    uint64_t got, sum;
    int code;
    enum err e = copy_bytes(&r->copy, s->file.bytes, &got, &sum, &code); /* Waits. */
    if (!e) code = seam_truncate(r->seam, r->copy.to, got);
    if (!e && !code) code = seam_fdatasync(r->seam, r->copy.to);
    if (code) return fail(r, code, "cannot copy a segment into");
    r->run->bytes += got;
    if (got < s->file.bytes)
        fault(r, s, "its end is missing; what is there of it was restored");
    else if (!s->summed || sum != s->checksum)
        fault(r, s, "it is damaged; what is whole in it was restored");
    return OK;
}

static enum err restore_one(struct restoring *r, const struct backup_segment *s)
{
    struct arena a = arena_make(STORE_PATH_BYTES);
    const char *from = backup_segment_name(&a, r->run->folder, &s->file, "seg");
    const char *to = journal_name(&a, s);
    enum err e = from && to ? OK : ERR_LIMIT;
    r->copy.from = r->copy.to = -1;
    if (!e) r->copy.from = seam_open(r->run->from, from, SEAM_READ);
    if (!e && r->copy.from < 0) fault(r, s, "it is missing, or may not be read");
    if (!e && r->copy.from >= 0) {
        r->copy.to = seam_open(r->seam, to, SEAM_WRITE | SEAM_CREATE);
        e = r->copy.to < 0 ? fail(r, r->copy.to, "cannot make a file in") : copy_into(r, s);
    }
    if (r->copy.from >= 0) seam_close(r->run->from, r->copy.from);
    if (r->copy.to >= 0) seam_close(r->seam, r->copy.to);
    arena_free(&a);
    return e;
}

enum err restore_store(struct restore_run *run, struct buf *why)
{
    struct restoring r = { .run = run, .seam = run->seam, .why = why };
    enum err e = judge(&r);
    if (!e) e = set_marker(&r);
    if (e) return e;
    copy_begin(&r.copy, run->from);
    r.copy.to_seam = run->seam;
    r.copy.progress = run->progress;
    r.copy.total = manifest_bytes(run->manifest);
    for (size_t i = 0; i < run->manifest->n && !e; i++)
        e = restore_one(&r, &run->manifest->segments[i]);
    copy_end(&r.copy);
    return e ? e : take_marker(&r);
}
