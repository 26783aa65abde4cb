/* zip.c - zstd, with contexts that are lent: one costs some hundred KiB. */
#include <zstd.h>

#include "base/mem.h"
#include "store/embedded/embedded_int.h"

enum { LEVEL = 1, KEPT = 8 };

struct zip {
    struct lock lock;
    ZSTD_CCtx *packers[KEPT];
    ZSTD_DCtx *unpackers[KEPT];
    unsigned packers_n, unpackers_n;
};

struct zip *zip_new(void)
{
    struct zip *z = MEM_NEW(struct zip);
    lock_init(&z->lock);
    return z;
}

void zip_free(struct zip *z)
{
    while (z->packers_n)
        ZSTD_freeCCtx(z->packers[--z->packers_n]);
    while (z->unpackers_n)
        ZSTD_freeDCtx(z->unpackers[--z->unpackers_n]);
    lock_end(&z->lock);
    mem_free(z);
}

static ZSTD_CCtx *packer_take(struct zip *z)
{
    lock_take(&z->lock);
    ZSTD_CCtx *c = z->packers_n ? z->packers[--z->packers_n] : NULL;
    lock_drop(&z->lock);
    return c ? c : ZSTD_createCCtx();
}

static void packer_give(struct zip *z, ZSTD_CCtx *c)
{
    lock_take(&z->lock);
    bool kept = z->packers_n < KEPT;
    if (kept) z->packers[z->packers_n++] = c;
    lock_drop(&z->lock);
    if (!kept) ZSTD_freeCCtx(c);
}

static ZSTD_DCtx *unpacker_take(struct zip *z)
{
    lock_take(&z->lock);
    ZSTD_DCtx *d = z->unpackers_n ? z->unpackers[--z->unpackers_n] : NULL;
    lock_drop(&z->lock);
    return d ? d : ZSTD_createDCtx();
}

static void unpacker_give(struct zip *z, ZSTD_DCtx *d)
{
    lock_take(&z->lock);
    bool kept = z->unpackers_n < KEPT;
    if (kept) z->unpackers[z->unpackers_n++] = d;
    lock_drop(&z->lock);
    if (!kept) ZSTD_freeDCtx(d);
}

enum body_coding zip_pack(struct zip *z, str bytes, struct buf *out)
{
    size_t pays = bytes.n - bytes.n / 16; /* less than that is not worth unpacking for */
    char *room = buf_reserve(out, ZSTD_compressBound(bytes.n));
    ZSTD_CCtx *c = room ? packer_take(z) : NULL;
    size_t n = pays;
    if (c) {
        n = ZSTD_compressCCtx(c, room, ZSTD_compressBound(bytes.n), bytes.p, bytes.n, LEVEL);
        packer_give(z, c);
    }
    if (!ZSTD_isError(n) && n < pays) {
        buf_commit(out, n);
        return BODY_ZSTD;
    }
    buf_add(out, bytes);
    return BODY_PLAIN;
}

enum err zip_unpack(struct zip *z, enum body_coding coding, str stored, size_t size_bytes,
                    struct buf *out)
{
    if (coding == BODY_PLAIN) {
        if (stored.n != size_bytes) return ERR_CORRUPT;
        buf_add(out, stored);
        return out->full ? ERR_LIMIT : OK;
    }
    char *room = buf_reserve(out, size_bytes);
    if (!room) return ERR_LIMIT;
    ZSTD_DCtx *d = unpacker_take(z);
    if (!d) return ERR_LATER;
    size_t n = ZSTD_decompressDCtx(d, room, size_bytes, stored.p, stored.n);
    unpacker_give(z, d);
    if (ZSTD_isError(n) || n != size_bytes) return ERR_CORRUPT;
    buf_commit(out, n);
    return OK;
}
