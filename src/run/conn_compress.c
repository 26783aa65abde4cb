/* conn_compress.c - DEFLATE between TLS and the lines: what is read is inflated as far as somebody
 * asks for it, what is written leaves as whole blocks.
 *
 * RFC 4978; the data is raw (RFC 1951). A stream of blocks may be gone on with by anybody who knows
 * its last 32 KiB and how many bits of its last byte are left. So an inflater of 40 KiB is lent
 * with the stack, and a parked connection keeps what its peer may still refer to: as much as that
 * has ever sent, 32 KiB at most. On our side nothing refers to what was sent before the last flush,
 * so one deflater serves all connections of a loop, and none keeps any of it.
 */
#include <assert.h>
#include <zlib.h>

#include "base/budget.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/conn_int.h"

enum {
    WINDOW_BITS = -15,  /* no header; the peer may refer to 32 KiB */
    AT_BLOCK_END = 128, /* of z_stream.data_type, and the bits below of the last byte are left */
    LAST_BLOCK = 64,
    BITS_LEFT = 63,
    SLACK_BYTES = 256, /* what a full buffer that cannot be compressed grows by, at most */
};

struct inflater {
    struct list link; /* among the loop's spare ones */
    z_stream z;
};

struct deflater {
    z_stream z;
    char out[CONN_OUTPUT_BYTES + SLACK_BYTES];
};

struct compress {
    struct inflater *inflater; /* NULL: parked between two blocks */
    char *window;              /* meanwhile: what the peer may refer to */
    uint32_t window_n;
    uint8_t bits, last; /* how many of the last byte's bits are left */
    char *wire;         /* read, and not yet inflated; NULL when there is none */
    uint32_t wire_at, wire_end;
    bool wire_lent;            /* wire is one of the loop's buffers */
    bool pending;              /* there is more to say without more input */
    bool between : 1;          /* all that came ended with a block */
    bool flushed : 1;          /* and that one was empty, as a flush makes it */
    bool ended : 1;            /* the last block was said to be the last */
    bool ending : 1, over : 1; /* in clear again: behind the peer's next flush; from here on */
    bool refused : 1;
    uint32_t block_bytes;         /* what this block has said so far, stops at its maximum */
    uint32_t packed;              /* of what is gathered to be sent, so much is compressed */
    uint64_t in_bytes, out_bytes; /* inflated from, and to */
    uint64_t turn_bytes;          /* inflated since others had their turn */
    str farewell;
};

/* --- zlib's memory ---------------------------------------------------------------------------- */

static void *take(void *opaque, unsigned n, unsigned size)
{
    (void)opaque;
    return mem_array(n, size);
}

static void give(void *opaque, void *p)
{
    (void)opaque;
    mem_free(p);
}

static struct inflater *inflater_lend(struct loop *l)
{
    if (!list_empty(&l->spare_inflaters)) {
        struct inflater *i = CONTAINER_OF(l->spare_inflaters.next, struct inflater, link);
        list_remove(&i->link);
        l->spare_inflaters_n--;
        int r = inflateReset(&i->z);
        assert(r == Z_OK);
        return i;
    }
    struct inflater *i = MEM_NEW(struct inflater);
    i->z = (z_stream){ .zalloc = take, .zfree = give };
    int r = inflateInit2(&i->z, WINDOW_BITS);
    assert(r == Z_OK); /* memory never fails, and the version is the one we were built with */
    return i;
}

static void inflater_free(struct inflater *i)
{
    inflateEnd(&i->z);
    mem_free(i);
}

static void inflater_return(struct loop *l, struct inflater *i)
{
    if (l->spare_inflaters_n == COMPRESS_SPARES) {
        inflater_free(i);
        return;
    }
    list_push_front(&l->spare_inflaters, &i->link);
    l->spare_inflaters_n++;
}

static struct deflater *deflater_of(struct loop *l)
{
    if (l->deflater) {
        deflateReset(&l->deflater->z);
        return l->deflater;
    }
    l->deflater = MEM_NEW(struct deflater);
    l->deflater->z = (z_stream){ .zalloc = take, .zfree = give };
    int r = deflateInit2(&l->deflater->z, COMPRESS_LEVEL, Z_DEFLATED, WINDOW_BITS, 8,
                         Z_DEFAULT_STRATEGY);
    assert(r == Z_OK);
    return l->deflater;
}

void conn_compress_spares_free(struct loop *l)
{
    LIST_EACH_SAFE(&l->spare_inflaters, node) {
        inflater_free(CONTAINER_OF(node, struct inflater, link));
    }
    if (l->deflater) deflateEnd(&l->deflater->z);
    mem_free(l->deflater);
}

/* --- input: what was read --------------------------------------------------------------------- */

static void wire_drop(struct conn *c)
{
    struct compress *zip = c->zip;

    if (zip->wire_lent)
        conn_input_return(c->loop, zip->wire);
    else
        mem_free(zip->wire);
    zip->wire = NULL;
    zip->wire_lent = false;
    zip->wire_at = zip->wire_end = 0;
}

static enum io wire_fill(struct conn *c)
{
    struct compress *zip = c->zip;
    size_t got = 0;

    if (!zip->wire_lent) {
        wire_drop(c);
        zip->wire = conn_input_lend(c->loop);
        zip->wire_lent = true;
    }
    enum io r = conn_wire_read(c, zip->wire, CONN_INPUT_BYTES, &got);
    zip->wire_at = 0;
    zip->wire_end = (uint32_t)got;
    return r;
}

/* --- input: from bursts to parks and back ----------------------------------------------------- */

static z_stream *inflater(struct conn *c)
{
    struct compress *zip = c->zip;

    if (zip->inflater) return &zip->inflater->z;
    zip->inflater = inflater_lend(c->loop);
    z_stream *z = &zip->inflater->z;
    if (zip->bits) inflatePrime(z, zip->bits, zip->last >> (8 - zip->bits));
    if (zip->window_n) inflateSetDictionary(z, (Bytef *)zip->window, zip->window_n);
    mem_free(zip->window);
    zip->window = NULL;
    zip->window_n = 0;
    return z;
}

static void keep_window(struct conn *c)
{
    struct compress *zip = c->zip;
    uInt n = 0;

    inflateGetDictionary(&zip->inflater->z, NULL, &n);
    if (n) zip->window = mem_new(n);
    if (n) inflateGetDictionary(&zip->inflater->z, (Bytef *)zip->window, &n);
    zip->window_n = n;
    inflater_return(c->loop, zip->inflater);
    zip->inflater = NULL;
}

void conn_compress_park(struct conn *c)
{
    struct compress *zip = c->zip;
    size_t n = zip->wire_end - zip->wire_at;

    if (zip->inflater && zip->between && !zip->pending) keep_window(c);
    if (n == 0) {
        wire_drop(c);
    } else if (zip->wire_lent) {
        char *rest = mem_new(n);
        bytes_copy(rest, n, zip->wire + zip->wire_at, n);
        wire_drop(c);
        zip->wire = rest;
        zip->wire_end = (uint32_t)n;
    }
}

/* --- input: inflating ------------------------------------------------------------------------- */

/* The peer may read why: so the connection lingers, though nothing more is taken from it. */
static enum io refuse(struct conn *c, const char *why)
{
    struct compress *zip = c->zip;

    budget_struck(BUDGET_CONN_COMPRESSION);
    log_event(LOG_INFO, "conn.bad_deflate", conn_id(c), F_CSTR("why", why),
              F_NUM("in_bytes", zip->in_bytes), F_NUM("out_bytes", zip->out_bytes));
    zip->refused = true;
    zip->pending = false;
    zip->wire_at = zip->wire_end;
    if (c->out.n + zip->farewell.n <= CONN_OUTPUT_BYTES) buf_add(&c->out, zip->farewell);
    conn_push(c); /* as far as it goes at once */
    return IO_FAILED;
}

bool conn_compress_refused(const struct conn *c)
{
    return c->zip && c->zip->refused;
}

/* One block, or as much of it as there is input and room for; false: nothing more is to be had. */
static bool inflate_block(struct compress *zip, z_stream *z)
{
    uInt room = z->avail_out, given = z->avail_in;
    int r = inflate(z, Z_BLOCK);
    uint32_t said = room - z->avail_out, read = given - z->avail_in;

    if (read) zip->last = z->next_in[-1];
    zip->in_bytes += read;
    zip->out_bytes += said;
    zip->block_bytes += said;
    if (zip->block_bytes < said) zip->block_bytes = UINT32_MAX;
    zip->between = z->data_type & AT_BLOCK_END;
    zip->flushed = zip->between && zip->block_bytes == 0;
    zip->bits = (uint8_t)(z->data_type & BITS_LEFT);
    zip->pending = z->avail_out == 0 && !zip->between;
    if (zip->between) zip->block_bytes = 0;
    if (zip->between && (z->data_type & LAST_BLOCK)) zip->ended = true;
    return !zip->ended && (r == Z_OK || r == Z_BUF_ERROR);
}

/* What came, up to the peer's next flush: what follows it may be in clear again. */
static enum io inflate_some(struct conn *c, char *p, size_t room, size_t *got)
{
    struct compress *zip = c->zip;
    z_stream *z = inflater(c);
    bool good = true;

    z->next_in = (Bytef *)zip->wire + zip->wire_at;
    z->avail_in = zip->wire_end - zip->wire_at;
    z->next_out = (Bytef *)p;
    z->avail_out = (uInt)room;
    while (good && z->avail_out && (z->avail_in || zip->pending)) {
        good = inflate_block(zip, z);
        if (zip->flushed && (z->avail_out < room || zip->ending)) break;
    }
    zip->wire_at = zip->wire_end - z->avail_in;
    *got = room - z->avail_out;
    zip->turn_bytes += *got;
    if (!good && !zip->ended) return refuse(c, "damaged");
    if (zip->out_bytes > COMPRESS_FREE_BYTES + zip->in_bytes * COMPRESS_GROWTH)
        return refuse(c, "grows beyond bounds");
    return *got ? IO_DONE : IO_WANT_READ;
}

/* Behind the end what is left came in clear. */
static enum io read_in_clear(struct conn *c, char *p, size_t room, size_t *got)
{
    struct compress *zip = c->zip;
    size_t n = zip->wire_end - zip->wire_at;

    if (n > room) n = room;
    if (n) bytes_copy(p, room, zip->wire + zip->wire_at, n);
    zip->wire_at += (uint32_t)n;
    *got = n;
    if (zip->wire_at == zip->wire_end) conn_compress_free(c);
    return n ? IO_DONE : conn_wire_read(c, p, room, got);
}

enum io conn_inflate(struct conn *c, char *p, size_t room, size_t *got)
{
    struct compress *zip = c->zip;

    for (;;) {
        if (zip->ending && (zip->flushed || zip->ended)) zip->over = true;
        if (zip->over) return read_in_clear(c, p, room, got);
        if (zip->ended) {
            c->eof = true;
            return IO_END;
        }
        if (zip->wire_at < zip->wire_end || zip->pending) {
            enum io r = inflate_some(c, p, room, got);
            if (r != IO_WANT_READ) return r;
            continue;
        }
        enum io r = wire_fill(c);
        if (r) return r;
    }
}

bool conn_compress_pending(const struct conn *c)
{
    const struct compress *zip = c->zip;

    if (!zip) return false;
    return zip->pending || zip->wire_at < zip->wire_end || (zip->ended && !c->eof);
}

void conn_compress_turn(struct conn *c)
{
    if (!c->zip || c->zip->turn_bytes < COMPRESS_TURN_BYTES) return;
    c->zip->turn_bytes = 0;
    fiber_yield();
}

/* --- output ----------------------------------------------------------------------------------- */

/* All that is gathered becomes one flushed piece. */
static void pack(struct conn *c)
{
    struct deflater *d = deflater_of(c->loop);

    d->z.next_in = (Bytef *)c->out.p + c->out_at;
    d->z.avail_in = (uInt)(c->out.n - c->out_at);
    d->z.next_out = (Bytef *)d->out;
    d->z.avail_out = sizeof(d->out);
    int r = deflate(&d->z, Z_SYNC_FLUSH);
    assert(r == Z_OK && d->z.avail_in == 0 && d->z.avail_out > 0);
    buf_reset(&c->out);
    buf_add(&c->out, (str){ d->out, sizeof(d->out) - d->z.avail_out });
    c->out_at = 0;
    c->zip->packed = (uint32_t)c->out.n;
}

str conn_unsent(struct conn *c)
{
    size_t end = c->out.n;

    if (c->zip && !c->zip->ending) {
        if (c->out_at == c->zip->packed && c->out_at < c->out.n) pack(c);
        end = c->zip->packed;
    }
    return (str){ c->out.p + c->out_at, end - c->out_at };
}

void conn_compress_sent(struct conn *c)
{
    if (c->zip) c->zip->packed = 0;
}

/* --- beginning and end ------------------------------------------------------------------------ */

enum err conn_compress(struct conn *c, str farewell)
{
    if (c->zip) return ERR_EXISTS;
    if (conn_flush(c)) return ERR_GONE;
    c->zip = MEM_NEW(struct compress);
    c->zip->between = true;
    c->zip->farewell = farewell;
    buf_free(&c->out);
    c->out = buf_make(CONN_OUTPUT_BYTES + SLACK_BYTES);
    return OK;
}

enum err conn_compress_end(struct conn *c)
{
    if (!c->zip) return OK;
    if (conn_flush(c)) return ERR_GONE;
    c->zip->ending = true;
    return OK;
}

bool conn_compressed(const struct conn *c)
{
    return c->zip && !c->zip->ending;
}

void conn_compress_free(struct conn *c)
{
    struct compress *zip = c->zip;

    if (!zip) return;
    if (zip->inflater) inflater_return(c->loop, zip->inflater);
    wire_drop(c);
    mem_free(zip->window);
    mem_free(zip);
    c->zip = NULL;
}
