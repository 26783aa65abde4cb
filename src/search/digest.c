/* digest.c - messages to records: their text, its signature, and where it lies in the file. */
#include <zstd.h>

#include "base/limits.h"
#include "mail/text.h"
#include "search/search_int.h"

/* --- a message's text ----------------------------------------------------------------------- */

/* RFC 9051 6.4.4: TEXT is the header as such, names and all. */
static void add_name(struct buf *to, str field)
{
    struct arena a = arena_make(TEXT_FOLDED_BYTES);
    buf_add(to, text_form(&a, field));
    buf_add(to, S(": "));
    arena_free(&a);
}

static bool take_piece(void *arg, const struct text_piece *piece)
{
    struct digest *d = arg;
    struct buf *to = piece->where == TEXT_BODY ? &d->body : &d->outside;
    if (piece->first && to->n) buf_addc(to, (char)TEXT_END);
    if (piece->first && piece->field.n) add_name(to, piece->field);
    uint64_t room = d->book->s->settings->message_bytes_max;
    uint64_t used = d->outside.n + d->body.n;
    d->cut = used + piece->text.n + 1 > room;
    if (!d->cut) buf_add(to, piece->text);
    return !d->cut;
}

enum err digest_text(struct digest *d, str card,
                     enum err (*read)(void *arg, uint64_t at, size_t n, str *bytes), void *arg)
{
    struct card opened;
    struct text_source source = { .card = &opened, .read = read, .arg = arg };
    buf_reset(&d->outside);
    buf_reset(&d->body);
    d->cut = false;
    if (!card_open(card, &opened)) return ERR_CORRUPT;
    return text_walk(&source, TEXT_ALL, take_piece, d);
}

/* --- records -------------------------------------------------------------------------------- */

/* The message whose text is in outside and body. */
static enum err keep(struct digest *d, uint64_t key)
{
    struct record_row row = {
        .key = key,
        .outside_bytes = (uint32_t)d->outside.n,
        .body_bytes = (uint32_t)d->body.n,
        .state = d->cut ? ROW_CUT : 0,
    };
    buf_addc(&d->outside, (char)TEXT_END);
    buf_add(&d->outside, buf_str(&d->body));
    buf_addc(&d->outside, (char)TEXT_END);
    buf_reset(&d->signature);
    signature_make(&d->signature, buf_str(&d->outside), &row.signature_log2);
    if (d->outside.full || d->signature.full) return OK; /* not known, then */
    page_add(&d->page, &row, buf_str(&d->signature), buf_str(&d->outside));
    return page_full(&d->page) ? book_append(d->book, &d->page) : OK;
}

struct in_memory {
    str message;
};

static enum err read_memory(void *arg, uint64_t at, size_t n, str *bytes)
{
    const struct in_memory *m = arg;
    *bytes = at < m->message.n ? str_sub(m->message, (size_t)at, n) : (str){ 0 };
    return OK;
}

void digest_job(void *arg)
{
    struct digest *d = arg;
    d->result = OK;
    for (size_t i = 0; i < d->n && !d->result; i++) {
        const struct digest_item *item = &d->items[i];
        struct in_memory m = { str_sub(buf_str(&d->raw), item->at, item->bytes) };
        /* One that cannot be read is not known. */
        if (digest_text(d, item->card, read_memory, &m) == OK) d->result = keep(d, item->key);
    }
    if (!d->result && d->last) d->result = book_append(d->book, &d->page);
    d->n = 0;
    buf_reset(&d->raw);
}

void digest_keep_job(void *arg)
{
    struct digest *d = arg;
    d->result = keep(d, d->items[0].key);
    d->n = 0;
}

/* --- beginning ------------------------------------------------------------------------------ */

/* The last record is written again with more in it, if there is room: arrivals one by one do not
 * make a record each. */
static enum err take_over(struct digest *d)
{
    struct book *b = d->book;
    struct record_place *last = b->records_n ? &b->records[b->records_n - 1] : NULL;
    if (!last || last->text_bytes >= SEARCH_PAGE_BYTES / 2) return OK;
    struct record_reader r = record_reader_make(b);
    struct record_walk w = { 0 };
    struct record_message m;
    enum err e = record_front(&r, last);
    if (!e) e = record_text(&r);
    while (!e && record_next(&r, &w, &m))
        page_add(&d->page, &m.row, m.signature, m.text);
    if (!e) {
        b->records_n--;
        b->rows_n -= last->messages;
        b->end = last->at;
    }
    record_reader_free(&r);
    return e;
}

enum err digest_begin(struct digest *d, struct book *b)
{
    size_t most = SEARCH_RECORD_BYTES;
    *d = (struct digest){ .book = b };
    d->page = page_make();
    d->raw = buf_make(2 * (size_t)SEARCH_BATCH_BYTES);
    d->outside = buf_make(most);
    d->body = buf_make(most);
    d->signature = buf_make((1u << SEARCH_SIGNATURE_LOG2_MAX) / 8);
    enum err e = take_over(d);
    if (!e && seam_truncate(b->s->seam, b->file, b->end)) e = ERR_LATER;
    return e;
}

void digest_free(struct digest *d)
{
    page_free(&d->page);
    buf_free(&d->raw);
    buf_free(&d->outside);
    buf_free(&d->body);
    buf_free(&d->signature);
}
