/* backup_copy.c - reading a file from its beginning with its checksum, copying it on the way. */
#include "store/backup_int.h"

void copy_begin(struct backup_copy *c, struct seam *seam)
{
    *c = (struct backup_copy){ .seam = seam, .to_seam = seam, .from = -1, .to = -1 };
    c->piece = mem_new(BACKUP_READ_BYTES);
    c->sum = XXH3_createState();
}

void copy_end(struct backup_copy *c)
{
    mem_free(c->piece);
    XXH3_freeState(c->sum);
}

static void tell(const struct backup_copy *c)
{
    if (c->progress.told) c->progress.told(c->progress.arg, c->done, c->total);
}

enum err copy_bytes(struct backup_copy *c, uint64_t n, uint64_t *got, uint64_t *checksum, int *code)
{
    uint64_t at = 0;
    *code = 0;
    XXH3_64bits_reset(c->sum);
    while (at < n && !*code) {
        size_t want = n - at < BACKUP_READ_BYTES ? (size_t)(n - at) : BACKUP_READ_BYTES;
        ssize_t had = seam_pread(c->seam, c->from, c->piece, want, at);
        if (had == 0) break;
        if (had < 0) *code = (int)had;
        if (had < 0) break;
        XXH3_64bits_update(c->sum, c->piece, (size_t)had);
        if (c->to >= 0) *code = backup_store(c->to_seam, c->to, (str){ c->piece, (size_t)had }, at);
        at += (uint64_t)had;
        c->done += (uint64_t)had;
        tell(c);
        fiber_yield();
    }
    *got = at;
    *checksum = XXH3_64bits_digest(c->sum);
    return *code ? ERR_LATER : OK;
}
