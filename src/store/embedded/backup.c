/* backup.c - a point of the journal, held still so that it can be copied while committing goes on.
 *
 * The journal alone is the truth, and nothing in it changes once it is durable: so a backup is a
 * list of segments with how many bytes of each count, taken at one moment, and a pin that keeps
 * their files. The point is what was published then, which all that was answered is part of.
 */
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/catalog_int.h"

#include <xxhash.h>

struct embedded_backup {
    struct backup base;
    struct embedded *e;
    struct mark mark; /* where the journal ended */
    struct backup_point point;
    struct backup_file *files;
    struct buf bytes; /* of the last read */
    enum err failed;
};

static struct embedded_backup *backup_of(const struct backup *b)
{
    return CONTAINER_OF(b, struct embedded_backup, base);
}

/* --- the point ------------------------------------------------------------------------------- */

static void add_file(struct embedded_backup *b, const struct segment *s, uint64_t bytes)
{
    b->files[b->point.n++] = (struct backup_file){
        .number = s->head.number,
        .id = XXH3_64bits(s->head.secret, sizeof s->head.secret),
        .bytes = bytes,
        .log = s->head.kind == SEGMENT_LOG,
    };
}

/* What counts of it at the point; 0: nothing does. */
static uint64_t bytes_of(struct embedded_backup *b, const struct found *f, const struct segment *s)
{
    int64_t size = seam_size(b->e->seam, s->file);
    uint64_t all = size < 0 ? 0 : (uint64_t)size;
    if (size < 0) b->failed = ERR_LATER;
    if (s->head.kind != SEGMENT_LOG) return f->committed ? all : 0;
    if (f->abandoned || f->number > b->mark.segment) return 0;
    if (f->number == b->mark.segment) return b->mark.offset;
    return f->end && f->end < all ? f->end : all;
}

static void add(struct embedded_backup *b, const struct found *f)
{
    struct segment *s;
    enum err e = segment_open(&b->e->segments, f->number, &s);
    if (e == ERR_CORRUPT || e == ERR_DENIED) {
        b->point.unreadable++;
        log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "header of a segment"),
                  F_NUM("segment", f->number));
    }
    if (e == ERR_LATER) b->failed = e;
    if (e) return; /* not there: a body's that was given up meanwhile */
    uint64_t bytes = bytes_of(b, f, s);
    if (bytes > SEGMENT_HEADER_BYTES) add_file(b, s, bytes);
    segment_drop(&b->e->segments, s);
}

static void list(struct embedded_backup *b)
{
    struct catalog all = { 0 };
    b->failed = catalog_list(b->e, &all);
    for (size_t i = 0; i < all.n; i++)
        catalog_head(b->e, &all.found[i]);
    catalog_link(&all);
    b->files = MEM_ARRAY(all.n ? all.n : 1, struct backup_file);
    for (size_t i = 0; !b->failed && i < all.n; i++)
        add(b, &all.found[i]);
    b->point.files = b->files;
    catalog_free(&all);
}

/* Pinned before it is looked: what counts at the mark cannot go away between the two. */
static void begin_job(void *arg)
{
    struct embedded_backup *b = arg;
    struct embedded *e = b->e;
    segments_pin(&e->segments);
    lock_take(&e->lock);
    b->mark = e->published_mark;
    b->point.commit = e->published;
    lock_drop(&e->lock);
    b->point.wall_us = seam_wall_us(e->seam);
    list(b);
}

enum err embedded_backup_begin(struct engine *engine, struct backup **out)
{
    struct embedded_backup *b = MEM_NEW(struct embedded_backup);
    b->base.engine = engine;
    b->e = embedded_of(engine);
    b->bytes = buf_make(BACKUP_READ_BYTES);
    assert_no_view();
    enum err e = work(b->e->io, begin_job, b); /* Waits. */
    if (e) {
        mem_free(b);
        return e;
    }
    if (b->failed) {
        e = b->failed;
        embedded_backup_end(&b->base);
        return e;
    }
    *out = &b->base;
    return OK;
}

const struct backup_point *embedded_backup_point(const struct backup *b)
{
    return &backup_of(b)->point;
}

void embedded_backup_end(struct backup *backup)
{
    struct embedded_backup *b = backup_of(backup);
    segments_unpin(&b->e->segments);
    buf_free(&b->bytes);
    mem_free(b->files);
    mem_free(b);
}

/* --- its bytes ------------------------------------------------------------------------------- */

struct reading {
    struct embedded_backup *b;
    const struct backup_file *file;
    uint64_t offset;
    size_t n;
};

static enum err read_from(struct reading *r, const struct segment *s)
{
    buf_reset(&r->b->bytes);
    char *room = buf_reserve(&r->b->bytes, r->n);
    if (!room) return ERR_LIMIT;
    ssize_t got = seam_pread(r->b->e->seam, s->file, room, r->n, r->offset);
    if (got < 0) return ERR_LATER;
    buf_commit(&r->b->bytes, (size_t)got);
    return (size_t)got == r->n ? OK : ERR_CORRUPT;
}

static void read_job(void *arg)
{
    struct reading *r = arg;
    struct segment *s;
    enum err e = segment_open(&r->b->e->segments, r->file->number, &s);
    if (!e) {
        e = read_from(r, s);
        segment_drop(&r->b->e->segments, s);
    }
    r->b->failed = e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

enum err embedded_backup_read(struct backup *backup, size_t i, uint64_t offset, size_t n,
                              str *bytes)
{
    struct embedded_backup *b = backup_of(backup);
    if (i >= b->point.n || n > BACKUP_READ_BYTES) return ERR_LIMIT;
    struct reading r = { .b = b, .file = &b->files[i], .offset = offset };
    uint64_t left = offset < r.file->bytes ? r.file->bytes - offset : 0;
    r.n = n < left ? n : (size_t)left;
    assert_no_view();
    enum err e = work(b->e->io, read_job, &r); /* Waits. */
    if (!e) e = b->failed;
    if (!e) *bytes = buf_str(&b->bytes);
    return e;
}
