/* reserve.c - room kept back so that deleting and indexing go on when the disk is full. */
#include <errno.h>

#include "base/limits.h"
#include "base/log.h"
#include "store/embedded/embedded_int.h"

static const char reserve_path[] = "reserve";

void reserve_make(struct embedded *e)
{
    int file = seam_open(e->seam, reserve_path, SEAM_WRITE | SEAM_CREATE);
    if (file < 0) return;
    int64_t size = seam_size(e->seam, file);
    int code =
        size >= STORE_RESERVE_BYTES ? 0 : seam_allocate(e->seam, file, 0, STORE_RESERVE_BYTES);
    seam_close(e->seam, file);
    if (code) seam_unlink(e->seam, reserve_path);
    lock_take(&e->lock);
    e->reserve_there = code == 0;
    lock_drop(&e->lock);
}

/* From now on new bodies are refused, and what is freed serves rows and the index. */
bool reserve_give(void *arg)
{
    struct embedded *e = arg;
    lock_take(&e->lock);
    bool there = e->reserve_there;
    e->reserve_there = false;
    lock_drop(&e->lock);
    if (!atomic_exchange(&e->disk_full, true))
        log_event(LOG_WARN, "store.disk_full", S(""), F_NUM("reserve", there));
    if (there) seam_unlink(e->seam, reserve_path);
    kick(e, &e->compactor_service);
    return there;
}

void reserve_watch(struct embedded *e)
{
    uint64_t now = seam_mono_us(e->seam);
    if (now - e->reserve_checked_us < STORE_RETRY_MS * 1000ULL) return;
    e->reserve_checked_us = now;
    int64_t room = seam_free_bytes(e->seam, ".");
    bool full = atomic_load(&e->disk_full);
    if (room < 0) return;
    if (!full && room < STORE_RESERVE_BYTES / 2) {
        reserve_give(e);
        return;
    }
    /* Twice over: the reserve takes its own part again, and there must be use in going on. */
    if (!full || room < 2LL * STORE_RESERVE_BYTES) return;
    reserve_make(e);
    atomic_store(&e->disk_full, false);
    log_event(LOG_INFO, "store.disk_ok", S(""), F_NUM("free_bytes", (uint64_t)room));
}
