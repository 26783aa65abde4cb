/* book.c - an account's file: opened, read through, begun anew.
 *
 * What is wrong with a file is never wrong with an answer: a foreign or damaged head makes it as if
 * it were not there, a damaged record as if the file ended before it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/codec.h"
#include "base/limits.h"
#include "search/search_int.h"

enum { FILE_HEAD_BYTES = 32, FIRST_READ_BYTES = 4096 };
static const uint32_t magic = 0x31585350; /* "PSX1" */
static const uint32_t version = 1;

void book_path(struct account a, bool fresh, char path[SEARCH_PATH_BYTES])
{
    struct buf b = buf_make(SEARCH_PATH_BYTES);
    buf_addf(&b, "search/%016llx%s", (unsigned long long)a.n, fresh ? ".new" : "");
    buf_addc(&b, '\0');
    bytes_copy(path, SEARCH_PATH_BYTES, b.p, b.n);
    buf_free(&b);
}

struct book book_make(struct search *s, struct account a)
{
    return (
        struct book){ .s = s, .account = a, .file = -1, .arena = arena_make(SEARCH_BOOK_BYTES) };
}

void book_free(struct book *b)
{
    if (b->file >= 0) (void)seam_close(b->s->seam, b->file);
    b->file = -1;
    arena_free(&b->arena);
}

enum err book_remove(struct search *s, struct account a)
{
    char path[SEARCH_PATH_BYTES];
    book_path(a, true, path); /* what a crash left of a sweep */
    (void)seam_unlink(s->seam, path);
    book_path(a, false, path);
    int result = seam_unlink(s->seam, path);
    return result == 0 || result == -ENOENT ? OK : ERR_LATER;
}

/* --- rows ----------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct search_row *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

void book_sort(struct book *b)
{
    if (b->rows_n) qsort(b->rows, b->rows_n, sizeof *b->rows, by_key);
}

struct search_row *search_row_find(struct search_row *rows, size_t n, uint64_t key)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && rows[low].key == key ? &rows[low] : NULL;
}

enum err book_add(struct book *b, const struct record_place *place, str front)
{
    struct record_place *records =
        arena_more(&b->arena, b->records, b->records_n, sizeof *b->records);
    if (!records) return ERR_LIMIT;
    b->records = records;
    b->records[b->records_n++] = *place;
    for (uint32_t i = 0; i < place->messages; i++) {
        struct search_row *rows = arena_more(&b->arena, b->rows, b->rows_n, sizeof *b->rows);
        if (!rows) return ERR_LIMIT;
        struct record_row row = record_row(front, i);
        b->rows = rows;
        b->rows[b->rows_n++] = (struct search_row){ .key = row.key, .state = row.state & ROW_CUT };
    }
    b->end = place->at + place->bytes;
    return OK;
}

/* --- reading -------------------------------------------------------------------------------- */

static enum err read_at(struct book *b, struct buf *out, size_t n, uint64_t at)
{
    buf_reset(out);
    char *room = buf_reserve(out, n);
    ssize_t got = room ? seam_pread(b->s->seam, b->file, room, n, at) : -ENOMEM;
    if (got < 0) return ERR_LATER;
    buf_commit(out, (size_t)got);
    return OK;
}

/* ERR_NOTFOUND at the end, and at what is no record. */
static enum err next_record(struct book *b, uint64_t size, struct buf *front)
{
    struct record_head h;
    size_t need = FIRST_READ_BYTES;
    enum err e = read_at(b, front, need, b->end);
    if (!e) e = record_open(buf_str(front), b->salt, b->end, &h, &need);
    if (e == ERR_LIMIT && front->n == FIRST_READ_BYTES) {
        e = read_at(b, front, need, b->end);
        if (!e) e = record_open(buf_str(front), b->salt, b->end, &h, &need);
    }
    if (e == ERR_LIMIT || e == ERR_CORRUPT) return ERR_NOTFOUND;
    if (e) return e;
    struct record_place place = {
        .at = b->end,
        .messages = h.messages,
        .signature_bytes = h.signature_bytes,
        .packed_bytes = h.packed_bytes,
        .text_bytes = h.text_bytes,
        .bytes = need + (uint64_t)h.signature_bytes + h.packed_bytes,
    };
    if (place.at + place.bytes > size) return ERR_NOTFOUND;
    return book_add(b, &place, buf_str(front));
}

static enum err open_head(struct book *b, struct buf *head)
{
    enum err e = read_at(b, head, FILE_HEAD_BYTES, 0);
    if (e) return e;
    if (head->n < FILE_HEAD_BYTES || get_le32(head->p) != magic ||
        get_le32(head->p + 4) != version ||
        get_le64(head->p + 24) != XXH3_64bits_withSeed(head->p, 24, b->account.n))
        return ERR_NOTFOUND;
    b->salt = get_le64(head->p + 8);
    b->made_us = (int64_t)get_le64(head->p + 16);
    b->end = FILE_HEAD_BYTES;
    return OK;
}

enum err book_open(struct book *b)
{
    char path[SEARCH_PATH_BYTES];
    book_path(b->account, false, path);
    b->file = seam_open(b->s->seam, path, SEAM_WRITE | SEAM_NOFOLLOW);
    if (b->file == -ENOENT) return ERR_NOTFOUND;
    if (b->file < 0) return ERR_LATER;
    int64_t size = seam_size(b->s->seam, b->file);
    if (size < 0) return ERR_LATER;
    struct buf bytes = buf_make(RECORD_HEAD_BYTES + SEARCH_RECORD_MESSAGES * RECORD_ROW_BYTES);
    enum err e = open_head(b, &bytes);
    while (!e && b->end < (uint64_t)size)
        e = next_record(b, (uint64_t)size, &bytes);
    buf_free(&bytes);
    return e == ERR_NOTFOUND && b->end ? OK : e;
}

/* --- writing -------------------------------------------------------------------------------- */

enum err book_write(struct book *b, str bytes, uint64_t at)
{
    while (bytes.n) {
        struct iovec piece = { .iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.n };
        ssize_t n = seam_pwritev(b->s->seam, b->file, &piece, 1, at);
        if (n <= 0) return ERR_LATER;
        bytes = str_from(bytes, (size_t)n);
        at += (uint64_t)n;
    }
    return OK;
}

static enum err write_head(struct book *b)
{
    struct buf head = buf_make(FILE_HEAD_BYTES);
    buf_le32(&head, magic);
    buf_le32(&head, version);
    buf_le64(&head, b->salt);
    buf_le64(&head, (uint64_t)b->made_us);
    buf_le64(&head, XXH3_64bits_withSeed(head.p, head.n, b->account.n));
    enum err e = book_write(b, buf_str(&head), 0);
    buf_free(&head);
    return e;
}

enum err book_begin(struct book *b, bool fresh)
{
    struct seam *seam = b->s->seam;
    char path[SEARCH_PATH_BYTES];
    book_path(b->account, fresh, path);
    if (b->file >= 0) (void)seam_close(seam, b->file);
    (void)seam_mkdir(seam, "search"); /* whoever deleted the index deleted the folder */
    b->file = seam_open(seam, path, SEAM_WRITE | SEAM_CREATE | SEAM_NOFOLLOW);
    if (b->file < 0 || seam_truncate(seam, b->file, 0)) return ERR_LATER;
    seam_random(seam, &b->salt, sizeof b->salt);
    b->made_us = seam_wall_us(seam);
    b->end = FILE_HEAD_BYTES;
    b->records_n = b->rows_n = 0;
    return write_head(b);
}

enum err book_append(struct book *b, struct page *p)
{
    if (!p->messages) return OK;
    enum err e = page_seal(p, b->salt, b->end);
    size_t front = RECORD_HEAD_BYTES + p->rows.n;
    struct record_place place = {
        .at = b->end,
        .messages = p->messages,
        .signature_bytes = (uint32_t)p->signatures.n,
        .text_bytes = (uint32_t)p->text.n,
        .bytes = p->out.n,
    };
    place.packed_bytes = (uint32_t)(place.bytes - front - p->signatures.n);
    if (!e) e = book_write(b, buf_str(&p->out), b->end);
    if (!e) e = book_add(b, &place, buf_str(&p->out));
    page_reset(p);
    return e;
}
