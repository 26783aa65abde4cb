/* fetch_binary.c - FETCH BINARY[…]<…> and BINARY.SIZE[…]: a part without its transfer encoding.
 *
 * RFC 3516 4.2, 4.3; RFC 9051 6.4.5.1. The part is decoded as it streams, twice: a literal says its
 * length first, and whether it holds NUL. However large it is, one piece of it is in memory.
 */
#include "imap/fetch_int.h"

#include "base/codec.h"
#include "base/limits.h"
#include "run/fiber.h"

struct decoding {
    struct fetched *f;
    enum mime_encoding encoding;
    struct card_range range; /* of the message, encoded */
    uint64_t at;             /* read so far */
    struct base64_run base64;
    struct buf out; /* the last piece, decoded */
};

static struct decoding decode_begin(struct fetched *f, struct card_range range,
                                    enum mime_encoding encoding)
{
    return (struct decoding){
        .f = f,
        .encoding = encoding,
        .range = range,
        .out = buf_make(2 * IMAP_READ_BYTES),
    };
}

/* The next piece into d->out, perhaps nothing; *more: there was one. Waits. */
static enum err decode_some(struct decoding *d, bool *more)
{
    str piece;
    uint64_t left = d->range.bytes - d->at;
    *more = left > 0;
    if (!left) return OK;
    size_t most = left < IMAP_READ_BYTES ? (size_t)left : IMAP_READ_BYTES;
    enum err e = body_read(d->f->reader, d->range.at + d->at, most, &piece);
    if (e || piece.n == 0) return ERR_GONE;
    if (d->encoding == MIME_QP && piece.n < left) piece = str_take(piece, qp_whole(piece));
    d->at += piece.n;
    buf_reset(&d->out);
    if (d->encoding == MIME_BASE64)
        (void)base64_feed(&d->base64, &d->out, piece);
    else
        mime_decode(&d->out, d->encoding, piece);
    fiber_yield(); /* a client that takes everything at once shall not have the loop to itself */
    return d->out.full ? ERR_GONE : OK;
}

/* How long it is decoded, and whether it holds NUL: looked at up to end. Waits. */
static enum err measure(struct decoding *d, uint64_t end, uint64_t *size, bool *nul)
{
    bool more = true;
    *size = 0;
    *nul = false;
    while (more && *size < end) {
        enum err e = decode_some(d, &more);
        if (e) return e;
        if (!more) break;
        *size += d->out.n;
        *nul |= str_has(buf_str(&d->out), '\0');
    }
    return OK;
}

/* What lies in part of the decoded bytes, to the client. Waits. */
static enum err send_part(struct decoding *d, struct card_range part)
{
    struct imap *s = d->f->s;
    uint64_t at = 0;
    bool more = true;
    while (more && at < part.at + part.bytes) {
        enum err e = decode_some(d, &more);
        if (e || !more) return ERR_GONE; /* it was longer when it was measured */
        str piece = buf_str(&d->out);
        uint64_t skip = part.at > at ? part.at - at : 0, left = part.at + part.bytes - at;
        at += piece.n;
        if (piece.n > left) piece = str_take(piece, (size_t)left);
        if (skip >= piece.n) continue;
        conn_write(s->conn, str_from(piece, (size_t)skip));
        if (conn_gone(s->conn)) return ERR_GONE;
        imap_went_on(s);
    }
    return OK;
}

static enum err send_decoded(struct fetched *f, const struct fetch_item *item,
                             struct card_range range, enum mime_encoding encoding)
{
    struct decoding d = decode_begin(f, range, encoding);
    uint64_t size, end = item->partial ? item->offset + item->count : UINT64_MAX;
    bool nul;
    enum err e = measure(&d, end, &size, &nul);
    buf_free(&d.out);
    if (e) return e;
    struct card_range part = imap_fetch_cut(item, size);
    /* RFC 3516 4.3: a literal8 only if it must be one. */
    reply_literal_head(&f->s->reply, part.bytes, nul);
    imap_send(f->s);
    d = decode_begin(f, range, encoding);
    e = send_part(&d, part);
    buf_free(&d.out);
    return e;
}

static enum err tell_size(struct fetched *f, struct card_range range, enum mime_encoding encoding)
{
    struct decoding d = decode_begin(f, range, encoding);
    uint64_t size = 0;
    bool nul;
    enum err e = measure(&d, UINT64_MAX, &size, &nul);
    buf_free(&d.out);
    if (!e) reply_number(&f->s->reply, size);
    return e;
}

enum err imap_fetch_binary(struct fetched *f, const struct fetch_item *item,
                           struct card_range range, const struct card_part *part)
{
    bool size = item->kind == FETCH_BINARY_SIZE;
    /* Only a leaf is encoded: RFC 2045 6.4. */
    enum mime_encoding encoding = part && part->kind == MIME_LEAF ? part->encoding : MIME_BINARY;
    if (encoding == MIME_UNKNOWN) {
        /* RFC 3516 4.3: the command fails; what it gives of this item is nothing. */
        reply_words(&f->s->reply, size ? S("0") : S("NIL"));
        return imap_no(f->s, OK, S("UNKNOWN-CTE"), S("a part's transfer encoding is not known"));
    }
    bool coded = encoding == MIME_QP || encoding == MIME_BASE64;
    if (!size) return send_decoded(f, item, range, encoding);
    if (coded) return tell_size(f, range, encoding);
    reply_number(&f->s->reply, range.bytes);
    return OK;
}
