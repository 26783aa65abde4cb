/* backup_verify.c - reads a backup folder again and compares it with its manifest; and the store's
 * identity, which tells whose backup it is. */
#include "store/backup_int.h"
#include "store/store_int.h"

#include <stdarg.h>

/* --- whose ------------------------------------------------------------------------------------ */

struct identity {
    uint8_t fresh[STORE_IDENTITY_BYTES];
    uint8_t *out;
};

static enum err identify(struct txn *t, void *arg)
{
    struct identity *i = arg;
    struct key k = key_of(TAG_IDENTITY);
    str value;
    enum err e = source_get(in_txn(t), ACCOUNT_DIRECTORY, &k, &value);
    if (e && e != ERR_NOTFOUND) return e;
    if (e) {
        struct buf b = row_new();
        row_add_str(&b, (str){ (const char *)i->fresh, STORE_IDENTITY_BYTES });
        row_put(t, ACCOUNT_DIRECTORY, &k, &b);
        bytes_copy(i->out, STORE_IDENTITY_BYTES, i->fresh, STORE_IDENTITY_BYTES);
        return OK;
    }
    struct row r = row_open(value);
    str had = row_str(&r);
    if (had.n != STORE_IDENTITY_BYTES) return ERR_CORRUPT;
    bytes_copy(i->out, STORE_IDENTITY_BYTES, had.p, had.n);
    return OK;
}

enum err store_identity(struct store *s, uint8_t identity[STORE_IDENTITY_BYTES])
{
    struct identity i = { .out = identity };
    struct key k = key_of(TAG_IDENTITY);
    struct view *v = store_view(s);
    str value;
    bool known = v && !view_get(v, ACCOUNT_DIRECTORY, key_str(&k), &value);
    if (v) view_end(v);
    if (!known && s->seam) seam_random(s->seam, i.fresh, sizeof i.fresh);
    return store_commit(s, identify, &i);
}

/* --- reading it again ------------------------------------------------------------------------- */

static void fault(struct backup_verify *v, const struct backup_segment *s, const char *what)
{
    struct buf text = buf_make(LOG_VALUE_BYTES);
    buf_addf(&text, "segment %llu: %s", (unsigned long long)s->file.number, what);
    v->faults++;
    v->fault(v->arg, buf_str(&text));
    buf_free(&text);
}

static enum err verify_one(struct backup_verify *v, struct backup_copy *c,
                           const struct backup_segment *s)
{
    struct arena a = arena_make(STORE_PATH_BYTES);
    const char *name = backup_segment_name(&a, v->folder, &s->file, "seg");
    c->from = name ? seam_open(v->seam, name, SEAM_READ) : -1;
    arena_free(&a);
    if (c->from < 0) {
        fault(v, s, "it is missing, or may not be read");
        return OK;
    }
    uint64_t got, sum;
    int code;
    enum err e = copy_bytes(c, s->file.bytes, &got, &sum, &code); /* Waits. */
    seam_close(v->seam, c->from);
    v->bytes += got;
    if (e)
        fault(v, s, seam_error_text(code));
    else if (got < s->file.bytes)
        fault(v, s, "its end is missing");
    else if (!s->summed || sum != s->checksum)
        fault(v, s, "it is damaged: its checksum is wrong");
    return OK;
}

enum err backup_verify(struct backup_verify *v)
{
    struct backup_copy c;
    enum err e = OK;
    copy_begin(&c, v->seam);
    c.progress = v->progress;
    c.total = manifest_bytes(v->manifest);
    for (size_t i = 0; i < v->manifest->n && !e; i++)
        e = verify_one(v, &c, &v->manifest->segments[i]);
    copy_end(&c);
    return e;
}
