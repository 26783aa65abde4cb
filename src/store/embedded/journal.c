/* journal.c - append groups to the newest log segment, sync once each, and abandon what fails. */
#include "store/embedded/journal_int.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdatomic.h>

void journal_init(struct journal *j, struct segments *segments, uint64_t segment_bytes)
{
    *j = (struct journal){ .segments = segments, .segment_bytes = segment_bytes };
    j->zeros = mem_new(STORE_ZEROED_BYTES);
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
    j->end = j->allocated = j->zeroed = SEGMENT_HEADER_BYTES;
    j->uncertain = false; /* the new header says how much of the last log counts */
    return 0;
}

/* Where the room must end for a group of so many bytes that ends at `after`. Large groups come one
 * after the other: each piece of room moves metadata, so there is to be some for the next, too. */
static uint64_t room_end(const struct journal *j, uint64_t after, size_t bytes)
{
    if (after <= j->allocated) return j->allocated;
    if (bytes > STORE_ZEROED_GROUP_BYTES) after += STORE_ROOM_GROUPS * bytes;
    return (after / STORE_EXTENT_BYTES + 1) * STORE_EXTENT_BYTES;
}

static int allocate(struct journal *j, uint64_t to)
{
    struct seam *seam = j->segments->seam;
    int code = seam_allocate(seam, j->current->file, j->allocated, to - j->allocated);
    if (room_made(j, code))
        code = seam_allocate(seam, j->current->file, j->allocated, to - j->allocated);
    return code == -EOPNOTSUPP ? 0 : code;
}

/* A segment with room for the group. Nothing is written to it yet: what fails here harms none. */
static int make_ready(struct journal *j, size_t bytes, uint64_t first_seq)
{
    bool full = j->end + bytes > j->segment_bytes;
    bool leave = atomic_exchange(&j->leave, false);
    bool spent = j->current && (full || leave) && j->end > SEGMENT_HEADER_BYTES;
    if (spent) {
        seam_truncate(j->segments->seam, j->current->file, j->end);
        leave_current(j);
    }
    int code = j->current ? 0 : next_segment(j, first_seq);
    if (code) return code;
    uint64_t to = room_end(j, j->end + bytes, bytes);
    if (to > j->allocated) code = allocate(j, to);
    if (!code) j->allocated = to;
    return code;
}

/* Zeros are written behind a small group, so that the syncs of those that follow change no metadata
 * (measured on ext4: 190 us instead of 260). A large one would only pay for its room twice. */
static uint64_t zeros_end(const struct journal *j, uint64_t after, size_t bytes)
{
    if (bytes > STORE_ZEROED_GROUP_BYTES || after <= j->zeroed) return after;
    uint64_t to = (after / STORE_ZEROED_BYTES + 1) * STORE_ZEROED_BYTES;
    return to < j->allocated ? to : j->allocated;
}

static int write_group(struct journal *j, struct buf *group)
{
    struct place place = segment_place(j->current);
    records_seal(group, &place, j->end);
    uint64_t after = j->end + group->n, to = zeros_end(j, after, group->n);
    struct iovec iov[2] = { { group->p, group->n }, { j->zeros, (size_t)(to - after) } };
    size_t bytes = iov[0].iov_len + iov[1].iov_len;
    ssize_t n =
        seam_pwritev(j->segments->seam, j->current->file, iov, iov[1].iov_len ? 2 : 1, j->end);
    if (n != (ssize_t)bytes) return n < 0 ? (int)n : -ENOSPC;
    if (to > j->zeroed) j->zeroed = to;
    j->syncs++;
#ifdef PLANT_ACK_BEFORE_FSYNC /* planted for tests/simulate: synced with the next group only */
    if (j->syncs % 2) return 0;
#endif
#ifdef PLANT_SYNC_AGAIN /* likewise: a sync that failed is believed when it is said again */
    if (!seam_fdatasync(j->segments->seam, j->current->file)) return 0;
#endif
    return seam_fdatasync(j->segments->seam, j->current->file);
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

/* Once more in a new segment, unless the disk is full before a byte was written: then the segment
 * is as good as it was, and stays. */
enum err journal_write(struct journal *j, struct buf *group, uint64_t first_seq, uint64_t *segment,
                       uint64_t *at)
{
    int code = -EIO;
    for (int tries = 0; code && tries < 2; tries++) {
        code = make_ready(j, group->n, first_seq);
        if (code == -ENOSPC) return ERR_LATER;
        if (!code) code = write_group(j, group);
        if (code && j->current) j->uncertain = true;
        if (code) abandon(j, code);
    }
    if (code) return ERR_LATER;
    *segment = j->current->head.number;
    *at = j->end;
    j->end += group->n;
    j->bytes += group->n;
    j->last = *segment;
    j->last_end = j->end;
    return OK;
}

enum err journal_settle(struct journal *j, uint64_t first_seq)
{
    if (!j->uncertain) return OK;
    return make_ready(j, 0, first_seq) ? ERR_LATER : OK;
}
