/* body.c - a message's bytes on their way in: gathered in memory, or streamed when there are many.
 */
#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/embedded_int.h"

/* Compressed on the loop's thread up to this (some 100 us), by the pool beyond. */
static const size_t pack_here_bytes = 32 * 1024;
static const uint64_t memory_poll_us = 5000;

static struct embedded_body *body_of(const struct body *b)
{
    return CONTAINER_OF((struct body *)(uintptr_t)b, struct embedded_body, base);
}

/* --- memory --------------------------------------------------------------------------------- */

static bool charge(struct embedded *e, uint64_t bytes, uint64_t ceiling)
{
    uint64_t used = atomic_load(&e->body_bytes);
    do {
        if (used + bytes > ceiling) return false;
    } while (!atomic_compare_exchange_weak(&e->body_bytes, &used, used + bytes));
    return true;
}

static void charge_only(struct embedded_body *b, uint64_t bytes)
{
    if (bytes >= b->charged_bytes) return;
    atomic_fetch_sub(&b->e->body_bytes, b->charged_bytes - bytes);
    b->charged_bytes = bytes;
}

/* A body is charged with what it is promised when it begins: so none waits in its middle, holding
 * what others wait for. */
enum err embedded_body_begin(struct engine *engine, struct body **out)
{
    struct embedded *e = embedded_of(engine);
    assert_no_view();
    if (atomic_load(&e->disk_full)) return ERR_LATER;
    uint64_t until = seam_mono_us(e->seam) + STORE_BODY_WAIT_MS * 1000ULL;
    while (!charge(e, STORE_MEMORY_BODY_BYTES, e->options.body_memory_bytes)) {
        uint64_t now = seam_mono_us(e->seam);
        if (now >= until) return ERR_LATER;
        enum err gone = fiber_sleep_until(now + memory_poll_us);
        if (gone) return gone;
    }
    struct embedded_body *b = MEM_NEW(struct embedded_body);
    b->base.engine = engine;
    b->e = e;
    b->charged_bytes = STORE_MEMORY_BODY_BYTES;
    b->limit_bytes = STORE_MEMORY_BODY_BYTES;
    b->bytes = buf_make(STORE_JOURNAL_BODY_BYTES);
    b->stored = buf_make(2 * STORE_JOURNAL_BODY_BYTES);
    b->side = buf_make(STORE_SIDE_BYTES);
    b->table = buf_make(STORE_RECORD_BYTES / 2);
    *out = &b->base;
    return OK;
}

void embedded_body_free(struct body *base)
{
    struct embedded_body *b = body_of(base);
    struct embedded *e = b->e;
    if (b->segment) {
        uint64_t number = b->segment->head.number;
        segment_drop(&e->segments, b->segment);
        if (!b->kept && !b->uncertain) segment_doom(e, number, 0);
    }
    charge_only(b, 0);
    buf_free(&b->bytes);
    buf_free(&b->stored);
    buf_free(&b->side);
    buf_free(&b->table);
    mem_free(b);
}

uint64_t embedded_body_size(const struct body *b)
{
    return body_of(b)->size_bytes;
}

/* --- writing -------------------------------------------------------------------------------- */

/* In the journal a body shares the sync of its commit; in a segment of its own it needs two more.
 * The memory for that is no promise: others may need it, and then the body streams. */
static bool may_hold(struct embedded_body *b, size_t bytes)
{
    uint64_t more = STORE_JOURNAL_BODY_BYTES - b->limit_bytes;
    if (bytes <= b->limit_bytes) return true;
    if (bytes > STORE_JOURNAL_BODY_BYTES) return false;
    if (!charge(b->e, more, b->e->options.body_memory_bytes / STORE_LARGE_PART)) return false;
    b->charged_bytes += more;
    b->limit_bytes = STORE_JOURNAL_BODY_BYTES;
    return true;
}

static enum err begin_stream(struct embedded_body *b)
{
    enum err e = stream_begin(b);
    if (e) return e;
    b->limit_bytes = STORE_MEMORY_BODY_BYTES;
    charge_only(b, STORE_MEMORY_BODY_BYTES);
    return OK;
}

static enum err write_some(struct embedded_body *b, str *bytes)
{
    if (!b->segment && !may_hold(b, b->bytes.n + bytes->n)) {
        enum err e = begin_stream(b);
        if (e) return e;
    }
    if (b->segment && b->bytes.n >= STORE_FRAME_BYTES) {
        enum err e = stream_flush(b);
        if (e) return e;
    }
    size_t room = (b->segment ? STORE_FRAME_BYTES : b->limit_bytes) - b->bytes.n;
    str part = str_take(*bytes, room);
    buf_add(&b->bytes, part);
    b->size_bytes += part.n;
    *bytes = str_from(*bytes, part.n);
    return OK;
}

enum err embedded_body_write(struct body *base, str bytes)
{
    struct embedded_body *b = body_of(base);
    assert(!b->sealed);
    assert_no_view();
    while (bytes.n && !b->failed)
        b->failed = write_some(b, &bytes);
    return b->failed;
}

static void pack(void *arg)
{
    struct embedded_body *b = arg;
    b->coding = zip_pack(b->e->zip, buf_str(&b->bytes), &b->stored);
}

static enum err seal_small(struct embedded_body *b)
{
    if (b->bytes.n <= pack_here_bytes || work(b->e->io, pack, b)) pack(b);
    buf_free(&b->bytes);
    charge_only(b, b->stored.n + b->side.n);
    return OK;
}

enum err embedded_body_seal(struct body *base, str side)
{
    struct embedded_body *b = body_of(base);
    assert(!b->sealed);
    assert_no_view();
    buf_add(&b->side, side);
    if (b->side.full) b->failed = ERR_LIMIT;
    /* A group's buffer holds small things only. */
    if (!b->failed && !b->segment && side.n > STORE_MEMORY_BODY_BYTES) b->failed = stream_begin(b);
    if (b->failed) return b->failed;
    b->failed = b->segment ? stream_seal(b) : seal_small(b);
    if (b->segment) charge_only(b, 0);
    b->sealed = b->failed == OK;
    return b->failed;
}
