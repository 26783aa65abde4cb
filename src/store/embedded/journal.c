/* journal.c - append groups to the newest log segment, sync once each, and abandon what fails. */
#include "store/embedded/journal_int.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>

void journal_init(struct journal *j, struct segments *segments, uint64_t segment_bytes)
{
    *j = (struct journal){ .segments = segments, .segment_bytes = segment_bytes };
    j->zeros = mem_new(STORE_EXTENT_BYTES);
}

static void leave_current(struct journal *j)
{
    segment_drop(j->segments, j->current);
    j->current = NULL;
}

void journal_end(struct journal *j)
{
    /* The unused room goes back; nothing depends on whether that is durable. */
    if (j->current) seam_truncate(j->segments->seam, j->current->file, j->end);
    leave_current(j);
    mem_free(j->zeros);
}

/* True when the disk was full and something could be given up for us. */
static bool room_made(struct journal *j, int code)
{
    return code == -ENOSPC && j->make_room && j->make_room(j->arg);
}

static int next_segment(struct journal *j, uint64_t first_seq)
{
    struct segment_head wanted = { .kind = SEGMENT_LOG,
                                   .previous = j->last,
                                   .previous_end = j->last_end,
                                   .first_seq = first_seq };
    int code;
    enum err e = segment_create(j->segments, &wanted, true, &j->current, &code);
    if (e && room_made(j, code)) e = segment_create(j->segments, &wanted, true, &j->current, &code);
    if (e) return code;
    j->end = j->allocated = SEGMENT_HEADER_BYTES;
    return 0;
}

/* Room up to `to`: asked for before anything is written, so that a full disk costs no segment. */
static int allocate(struct journal *j, uint64_t to)
{
    struct seam *seam = j->segments->seam;
    int code = seam_allocate(seam, j->current->file, j->allocated, to - j->allocated);
    if (room_made(j, code))
        code = seam_allocate(seam, j->current->file, j->allocated, to - j->allocated);
    return code == -EOPNOTSUPP ? 0 : code;
}

/* The group, and zeros behind it when it begins an extent: syncs that follow then change no
 * metadata (measured on ext4: 150 us instead of 200 to 260). */
static int write_group(struct journal *j, const struct buf *group)
{
    uint64_t after = j->end + group->n, to = j->allocated;
    if (after > j->allocated) {
        to = (after / STORE_EXTENT_BYTES + 1) * STORE_EXTENT_BYTES;
        int code = allocate(j, to);
        if (code) return code;
    }
    struct iovec iov[2] = { { group->p, group->n },
                            { j->zeros, after > j->allocated ? (size_t)(to - after) : 0 } };
    size_t bytes = iov[0].iov_len + iov[1].iov_len;
    ssize_t n =
        seam_pwritev(j->segments->seam, j->current->file, iov, iov[1].iov_len ? 2 : 1, j->end);
    if (n != (ssize_t)bytes) return n < 0 ? (int)n : -ENOSPC;
    j->allocated = to;
    j->syncs++;
    return seam_fdatasync(j->segments->seam, j->current->file);
}

static int try_write(struct journal *j, struct buf *group, uint64_t first_seq)
{
    bool spent =
        j->current && j->end + group->n > j->segment_bytes && j->end > SEGMENT_HEADER_BYTES;
    if (spent) {
        seam_truncate(j->segments->seam, j->current->file, j->end);
        leave_current(j);
    }
    if (!j->current) {
        int code = next_segment(j, first_seq);
        if (code) return code;
    }
    struct place place = segment_place(j->current);
    records_seal(group, &place, j->end);
    return write_group(j, group);
}

/* What the kernel could not write it may call clean and forget: the segment is never written again.
 */
static void abandon(struct journal *j, int code)
{
    uint64_t number = j->current ? j->current->head.number : 0;
    log_event(LOG_ERROR, code == -ENOSPC ? "store.disk_full" : "store.sync_failed", S(""),
              F_NUM("segment", number), F_NUM("durable_bytes", j->current ? j->end : 0),
              F_NUM("errno", (uint64_t)-code));
    leave_current(j);
}

enum err journal_write(struct journal *j, struct buf *group, uint64_t first_seq, uint64_t *segment,
                       uint64_t *at)
{
    int code = try_write(j, group, first_seq);
    if (code) {
        abandon(j, code);
        code = try_write(j, group, first_seq);
    }
    if (code) {
        abandon(j, code);
        return ERR_LATER;
    }
    *segment = j->current->head.number;
    *at = j->end;
    j->end += group->n;
    j->bytes += group->n;
    j->last = *segment;
    j->last_end = j->end;
    return OK;
}
