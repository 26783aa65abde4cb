/* restore_open.c - a backup folder as a store that is only read: its segments under their journal's
 * names, in a scratch folder that also takes the index.
 */
#include "store/backup_int.h"
#include "store/store_int.h"

struct restored {
    struct seam *seam, *scratch; /* scratch: with that folder */
    struct arena arena;
    const char *folder; /* the scratch folder */
    struct store *store;
};

static const struct store_settings keep_all = { .journey_ms = INT64_MAX / 1000,
                                                .tombstone_ms = INT64_MAX / 1000,
                                                .undelete_ms = INT64_MAX / 1000 };

static int copy_start(struct restored *r, int from, const char *to, uint64_t bytes)
{
    struct backup_copy c;
    uint64_t got, sum;
    int code;
    copy_begin(&c, r->seam);
    c.to_seam = r->scratch;
    c.from = from;
    c.to = seam_open(r->scratch, to, SEAM_WRITE | SEAM_CREATE);
    if (c.to < 0)
        code = c.to;
    else
        (void)!copy_bytes(&c, bytes, &got, &sum, &code);
    if (c.to >= 0) seam_close(r->scratch, c.to);
    copy_end(&c);
    return code;
}

/* A link; or what counts of it, when a backup that was cut off has made the file longer. */
static int place_segment(struct restored *r, const char *folder, const struct backup_segment *s)
{
    struct arena_mark mark = arena_mark(&r->arena);
    const char *from = backup_segment_name(&r->arena, folder, &s->file, "seg");
    const char *to = arena_cstr(
        &r->arena, arena_fmt(&r->arena, "journal/%010llu.seg", (unsigned long long)s->file.number));
    int file = from && to ? seam_open(r->seam, from, SEAM_READ) : -1;
    int code = 0; /* what is missing is missing: the rest is there */
    int64_t size = file < 0 ? 0 : seam_size(r->seam, file);
    if (file >= 0 && size > (int64_t)s->file.bytes)
        code = copy_start(r, file, to, s->file.bytes);
    else if (file >= 0)
        code = seam_symlink(r->scratch, from, to);
    if (file >= 0) seam_close(r->seam, file);
    arena_rewind(&r->arena, mark);
    return code;
}

static enum err fill(struct restored *r, const char *folder, const struct backup_manifest *m,
                     struct buf *why)
{
    int code = seam_mkdir(r->scratch, "journal");
    for (size_t i = 0; i < m->n && !code; i++)
        code = place_segment(r, folder, &m->segments[i]);
    if (!code) return OK;
    buf_addf(why, "cannot use the scratch folder %s: %s", r->folder, seam_error_text(code));
    return ERR_LATER;
}

enum err restored_open(struct seam *seam, const char *folder, const struct backup_manifest *m,
                       const char *scratch, struct restored **out, struct buf *why)
{
    struct restored *r = MEM_NEW(struct restored);
    r->seam = seam;
    r->arena = arena_make(4 * STORE_PATH_BYTES);
    r->folder = arena_cstr(&r->arena, str_of(scratch));
    r->scratch = seam_real_new(scratch);
    enum err e = r->folder ? fill(r, folder, m, why) : ERR_LIMIT;
    const struct embedded_options options = { .seam = r->scratch, .frozen = true };
    struct engine *engine;
    if (!e) e = engine_embedded_open(&options, &engine, why);
    if (!e) e = store_open_on(engine, r->scratch, &keep_all, &r->store);
    if (e)
        restored_close(r);
    else
        *out = r;
    return e;
}

struct store *restored_store(struct restored *r)
{
    return r->store;
}

/* --- the end --------------------------------------------------------------------------------- */

struct gathering {
    struct buf names; /* '/' after each */
};

static bool gather(void *arg, const char *name)
{
    struct gathering *g = arg;
    buf_add(&g->names, str_of(name));
    buf_addc(&g->names, '/');
    return true;
}

static void empty(struct restored *r, const char *folder)
{
    struct gathering g = { buf_make(BACKUP_MANIFEST_BYTES) };
    (void)!seam_list(r->scratch, folder, gather, &g);
    str rest = buf_str(&g.names), name;
    while (str_split(&rest, '/', &name)) {
        struct arena_mark mark = arena_mark(&r->arena);
        const char *path =
            arena_cstr(&r->arena, arena_fmt(&r->arena, "%s/%.*s", folder, STR_ARG(name)));
        if (path) seam_unlink(r->scratch, path);
        arena_rewind(&r->arena, mark);
    }
    buf_free(&g.names);
}

void restored_close(struct restored *r)
{
    if (!r) return;
    store_close(r->store);
    empty(r, "journal");
    empty(r, "index");
    seam_rmdir(r->scratch, "journal");
    seam_rmdir(r->scratch, "index");
    empty(r, ".");
    seam_free(r->scratch);
    if (r->folder) seam_rmdir(r->seam, r->folder);
    arena_free(&r->arena);
    mem_free(r);
}
