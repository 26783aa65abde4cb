/* stream.c - a large body goes to a segment of its own: independent frames, then their table.
 *
 * All file work is the pool's; the loop and the writer never wait for it. The body becomes part of
 * the store with the commit that names it; until then its segment is swept if the process ends.
 */
#include "base/limits.h"
#include "store/embedded/embedded_int.h"

/* One piece of work for the pool. */
struct job {
    struct embedded_body *body;
    enum err result;
};

static enum err run(struct embedded_body *b, work_fn *fn)
{
    struct job job = { .body = b };
    enum err e = work(b->e->io, fn, &job); /* Waits. */
    return e ? e : job.result;
}

static void begin_job(void *arg)
{
    struct job *job = arg;
    struct embedded_body *b = job->body;
    int code;
    job->result = segment_create(&b->e->segments, &(struct segment_head){ .kind = SEGMENT_STREAM },
                                 false, &b->segment, &code);
    b->at = SEGMENT_HEADER_BYTES;
}

static enum err write_at(struct embedded_body *b, str bytes)
{
    struct iovec iov = { (void *)(uintptr_t)bytes.p, bytes.n };
    ssize_t n = seam_pwritev(b->e->seam, b->segment->file, &iov, 1, b->at);
    if (n != (ssize_t)bytes.n) return ERR_LATER; /* the segment is given up with the body */
    b->at += bytes.n;
    return OK;
}

static enum err write_frame(struct embedded_body *b, str bytes)
{
    struct place place = segment_place(b->segment);
    buf_reset(&b->stored);
    enum body_coding coding = zip_pack(b->e->zip, bytes, &b->stored);
    str stored = buf_str(&b->stored);
    frames_add(&b->table, &(struct frame){ .offset = b->at,
                                           .checksum = checksum(&place, b->at, stored),
                                           .stored_bytes = (uint32_t)stored.n,
                                           .coding = (uint8_t)coding });
    b->frames++;
    return write_at(b, stored);
}

static enum err write_frames(struct embedded_body *b, bool all)
{
    enum err e = OK;
    while (!e && (b->bytes.n >= STORE_FRAME_BYTES || (all && b->bytes.n))) {
        str frame = str_take(buf_str(&b->bytes), STORE_FRAME_BYTES);
        e = write_frame(b, frame);
        buf_consume(&b->bytes, frame.n);
    }
    return e;
}

static void flush_job(void *arg)
{
    struct job *job = arg;
    job->result = write_frames(job->body, false);
}

/* The table record, with the side, after the last frame. */
static void build_table(struct embedded_body *b, struct buf *record)
{
    size_t at = record_begin(record, RECORD_FRAMES, 0);
    frames_add_head(record, &(struct frames_head){ .frames = b->frames,
                                                   .frame_bytes = STORE_FRAME_BYTES,
                                                   .side_bytes = (uint32_t)b->side.n,
                                                   .size_bytes = b->size_bytes });
    buf_add(record, buf_str(&b->table));
    buf_add(record, buf_str(&b->side));
    record_end(record, at);
}

static enum err write_table(struct embedded_body *b)
{
    struct buf record = buf_make(STORE_RECORD_BYTES);
    struct place place = segment_place(b->segment);
    b->at = (b->at + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
    build_table(b, &record);
    enum err e = record.full || b->table.full ? ERR_LIMIT : OK;
    if (!e) {
        records_seal(&record, &place, b->at);
        b->place =
            (struct blob_place){ b->segment->head.number, b->at,      record.n, b->size_bytes,
                                 (uint32_t)b->side.n,     BODY_FRAMES };
        e = write_at(b, buf_str(&record));
    }
    buf_free(&record);
    return e;
}

static void seal_job(void *arg)
{
    struct job *job = arg;
    struct embedded_body *b = job->body;
    enum err e = write_frames(b, true);
    if (!e) e = write_table(b);
    if (!e && seam_fdatasync(b->e->seam, b->segment->file)) e = ERR_LATER;
    if (!e && seam_sync_dir(b->e->seam, "journal")) e = ERR_LATER;
    job->result = e;
}

enum err stream_begin(struct embedded_body *b)
{
    enum err e = run(b, begin_job);
    return e ? e : stream_flush(b);
}

enum err stream_flush(struct embedded_body *b)
{
    return run(b, flush_job);
}

enum err stream_seal(struct embedded_body *b)
{
    enum err e = run(b, seal_job);
    buf_free(&b->bytes);
    buf_free(&b->stored);
    buf_free(&b->table);
    buf_free(&b->side);
    return e;
}
