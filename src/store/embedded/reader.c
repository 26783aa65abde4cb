/* reader.c - a stored body back again: the frames that a part touches, checked and unpacked. */
#include <errno.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"

struct embedded_reader {
    struct body_reader base;
    struct embedded *e;
    struct blob_place place;
    struct segment *segment;
    struct buf record; /* the body's record, or the frame table's */
    str side, stored;  /* in record; stored: the packed body, or the table */
    uint32_t frame_bytes;
    struct buf packed, bytes; /* one frame; a small body is one frame */
    int64_t frame;            /* which one bytes holds; -1: none */
};

/* Bytes of a segment, for the pool when they are not in memory. */
struct fetch {
    struct embedded *e;
    uint64_t number;
    struct segment *segment; /* NULL: open it first */
    uint64_t at;
    size_t n;
    struct buf *out;
    enum err result;
};

static void fetch_job(void *arg)
{
    struct fetch *f = arg;
    if (!f->segment) f->result = segment_open(&f->e->segments, f->number, &f->segment);
    char *room = f->result ? NULL : buf_reserve(f->out, f->n);
    if (f->result || !room) {
        if (!f->result) f->result = ERR_LIMIT;
        return;
    }
    ssize_t n = seam_pread(f->e->seam, f->segment->file, room, f->n, f->at);
    if (n == (ssize_t)f->n) buf_commit(f->out, f->n);
    f->result = n < 0 ? ERR_LATER : n == (ssize_t)f->n ? OK : ERR_CORRUPT;
}

/* Waits when the bytes are not in memory. */
static enum err fetch(struct embedded_reader *r, uint64_t at, size_t n, struct buf *out)
{
    struct embedded *e = r->e;
    buf_reset(out);
    if (!r->segment) r->segment = segment_cached(&e->segments, r->place.segment);
    char *room = buf_reserve(out, n);
    if (!room) return ERR_LIMIT;
    if (r->segment && seam_pread_cached(e->seam, r->segment->file, room, n, at) == (ssize_t)n) {
        buf_commit(out, n);
        return OK;
    }
    struct fetch f = { e, r->place.segment, r->segment, at, n, out, OK };
    enum err err = work(e->io, fetch_job, &f); /* Waits. */
    r->segment = f.segment;
    return err ? err : f.result;
}

static enum err parse(struct embedded_reader *r, const struct record *record)
{
    if (r->place.coding == BODY_FRAMES) {
        struct frames_head head;
        if (record->type != RECORD_FRAMES ||
            !frames_take(record->content, &head, &r->stored, &r->side))
            return ERR_CORRUPT;
        r->frame_bytes = head.frame_bytes;
        return head.size_bytes == r->place.size_bytes ? OK : ERR_CORRUPT;
    }
    struct body_head head;
    str content;
    uint64_t commit;
    if (!body_of_record(record, &content, &commit) ||
        !body_take(content, &head, &r->side, &r->stored))
        return ERR_CORRUPT;
    r->frame_bytes = STORE_JOURNAL_BODY_BYTES;
    return head.size_bytes == r->place.size_bytes && head.coding == r->place.coding ? OK
                                                                                    : ERR_CORRUPT;
}

static enum err load_record(struct embedded_reader *r, struct blob blob)
{
    enum err e = fetch(r, r->place.offset, (size_t)r->place.record_bytes, &r->record);
    if (e) return e;
    struct place place = segment_place(r->segment);
    struct record record;
    uint64_t need;
    e = record_read(buf_str(&r->record), &place, r->place.offset, &record, &need);
    if (e) return ERR_CORRUPT;
    if (r->place.coding != BODY_FRAMES && record.number != blob.n) return ERR_CORRUPT;
    return parse(r, &record);
}

/* Whoever asked is refused; the log says why. A check names what it finds in its own words. */
static enum err tell_damage(const struct embedded *e, const struct blob_place *place, enum err err)
{
    if (err == ERR_CORRUPT && !e->options.verify && !e->options.repair)
        log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "a message's bytes"),
                  F_CSTR("segment", segment_path(place->segment).text),
                  F_NUM("offset", place->offset), F_CSTR("advice", "posthorn check"));
    return err;
}

/* Where the row says. ERR_NOTFOUND: its segment is gone. */
static enum err open_at(struct embedded *e, struct blob blob, const struct blob_place *place,
                        struct body_reader **out)
{
    struct embedded_reader *r = MEM_NEW(struct embedded_reader);
    r->base.engine = &e->base;
    r->e = e;
    r->place = *place;
    r->record = buf_make((size_t)place->record_bytes);
    r->packed = buf_make(2 * STORE_FRAME_BYTES);
    r->bytes = buf_make(STORE_JOURNAL_BODY_BYTES);
    r->frame = -1;
    enum err err = load_record(r, blob);
    if (err)
        embedded_body_close(&r->base);
    else
        *out = &r->base;
    return err;
}

/* Compaction may have moved the body, and taken its old segment away, since the row was read: then
 * the row says something else now. Once opened, the segment stays readable. */
enum err embedded_body_open(struct engine *engine, struct blob blob, struct body_reader **out)
{
    struct embedded *e = embedded_of(engine);
    struct blob_place place = { 0 }, last;
    enum err err;
    assert_no_view();
    do {
        last = place;
        err = blob_place_find(e, blob, &place);
        if (err) return err;
        if (place.segment == last.segment && place.offset == last.offset)
            return tell_damage(e, &place, ERR_CORRUPT);
        err = open_at(e, blob, &place, out);
    } while (err == ERR_NOTFOUND);
    return tell_damage(e, &place, err);
}

static struct embedded_reader *reader_of(const struct body_reader *r)
{
    return CONTAINER_OF((struct body_reader *)(uintptr_t)r, struct embedded_reader, base);
}

uint64_t embedded_body_reader_size(const struct body_reader *r)
{
    return reader_of(r)->place.size_bytes;
}

void embedded_body_close(struct body_reader *base)
{
    struct embedded_reader *r = reader_of(base);
    segment_drop(&r->e->segments, r->segment);
    buf_free(&r->record);
    buf_free(&r->packed);
    buf_free(&r->bytes);
    mem_free(r);
}

/* --- parts ---------------------------------------------------------------------------------- */

static enum err load_packed(struct embedded_reader *r, uint32_t i, struct frame *f)
{
    *f = frames_at(r->stored, i);
    if (f->stored_bytes > 2 * STORE_FRAME_BYTES || f->coding > BODY_ZSTD) return ERR_CORRUPT;
    enum err e = fetch(r, f->offset, f->stored_bytes, &r->packed);
    if (e) return e;
    struct place place = segment_place(r->segment);
    return checksum(&place, f->offset, buf_str(&r->packed)) == f->checksum ? OK : ERR_CORRUPT;
}

static enum err load_frame(struct embedded_reader *r, uint32_t i)
{
    if (r->frame == i) return OK;
    struct frame f = { .coding = r->place.coding };
    str stored = r->stored;
    r->frame = -1;
    if (r->place.coding == BODY_FRAMES) {
        enum err e = load_packed(r, i, &f);
        if (e) return e;
        stored = buf_str(&r->packed);
    }
    uint64_t left = r->place.size_bytes - (uint64_t)i * r->frame_bytes;
    size_t size = left < r->frame_bytes ? (size_t)left : r->frame_bytes;
    buf_reset(&r->bytes);
    enum err e = zip_unpack(r->e->zip, (enum body_coding)f.coding, stored, size, &r->bytes);
    if (!e) r->frame = i;
    return e;
}

enum err embedded_body_read(struct body_reader *base, uint64_t offset, size_t n, str *bytes)
{
    struct embedded_reader *r = reader_of(base);
    assert_no_view();
    if (offset >= r->place.size_bytes) {
        *bytes = S("");
        return OK;
    }
    enum err e = load_frame(r, (uint32_t)(offset / r->frame_bytes));
    if (e) return tell_damage(r->e, &r->place, e);
    *bytes = str_sub(buf_str(&r->bytes), (size_t)(offset % r->frame_bytes), n);
    return OK;
}

enum err embedded_body_side(struct body_reader *r, str *side)
{
    *side = reader_of(r)->side;
    return OK;
}
