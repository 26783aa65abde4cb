/* record_read.c - a record back from its file: first what tells whether it is of interest. */
#include <zstd.h>

#include "base/limits.h"
#include "search/search_int.h"

struct record_reader record_reader_make(struct book *b)
{
    return (struct record_reader){
        .book = b,
        .front = buf_make(2 * (size_t)SEARCH_RECORD_BYTES),
        .packed = buf_make(2 * (size_t)SEARCH_RECORD_BYTES),
        .text = buf_make(SEARCH_RECORD_BYTES),
    };
}

void record_reader_free(struct record_reader *r)
{
    buf_free(&r->front);
    buf_free(&r->packed);
    buf_free(&r->text);
}

static enum err read_exactly(struct book *b, struct buf *out, size_t n, uint64_t at)
{
    buf_reset(out);
    char *room = buf_reserve(out, n ? n : 1);
    ssize_t got = room ? seam_pread(b->s->seam, b->file, room, n, at) : -1;
    if (got < 0) return ERR_LATER;
    if ((size_t)got < n) return ERR_CORRUPT;
    buf_commit(out, n);
    return OK;
}

enum err record_front(struct record_reader *r, const struct record_place *place)
{
    size_t need, n = RECORD_HEAD_BYTES + (size_t)place->messages * RECORD_ROW_BYTES;
    uint64_t salt = r->book->salt;
    r->place = place;
    buf_reset(&r->text);
    enum err e = read_exactly(r->book, &r->front, n + place->signature_bytes, place->at);
    if (!e) e = record_open(buf_str(&r->front), salt, place->at, &r->head, &need);
    if (e) return e == ERR_LATER ? e : ERR_CORRUPT;
    r->signatures = str_from(buf_str(&r->front), n);
    return record_sum_is(r->signatures, salt, place->at, r->head.signature_sum) ? OK : ERR_CORRUPT;
}

enum err record_text(struct record_reader *r)
{
    const struct record_head *h = &r->head;
    uint64_t at = r->place->at + r->front.n;
    enum err e = read_exactly(r->book, &r->packed, h->packed_bytes, at);
    if (e) return e;
    if (!record_sum_is(buf_str(&r->packed), r->book->salt, r->place->at, h->text_sum))
        return ERR_CORRUPT;
    buf_reset(&r->text);
    char *room = buf_reserve(&r->text, h->text_bytes);
    if (!room) return ERR_LATER;
    size_t n = ZSTD_decompress(room, h->text_bytes, r->packed.p, r->packed.n);
    if (ZSTD_isError(n) || n != h->text_bytes) return ERR_CORRUPT;
    buf_commit(&r->text, n);
    return OK;
}

bool record_next(const struct record_reader *r, struct record_walk *w, struct record_message *out)
{
    if (w->i == r->head.messages) return false;
    *out = (struct record_message){ .row = record_row(buf_str(&r->front), w->i) };
    size_t signature_bytes = (size_t)1 << (out->row.signature_log2 - 3);
    size_t text_bytes = (size_t)out->row.outside_bytes + out->row.body_bytes + 2;
    out->signature = str_sub(r->signatures, w->signature_at, signature_bytes);
    if (r->text.n) {
        out->text = str_sub(buf_str(&r->text), w->text_at, text_bytes);
        out->body = str_from(out->text, (size_t)out->row.outside_bytes + 1);
    }
    w->i++;
    w->signature_at += signature_bytes;
    w->text_at += text_bytes;
    return true;
}
