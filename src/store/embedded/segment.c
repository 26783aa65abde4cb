/* segment.c - the journal's files: names, headers, and a table of those that are open. */
#include "store/embedded/segment_int.h"
#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <xxhash.h>

static const str magic = S_INIT("PHSEGMNT");

_Static_assert((int)SEGMENT_HEAD_USED_BYTES == 96 + RECORD_SECRET_BYTES, "the header's last field");

/* Offsets in the header, all numbers little-endian. */
enum {
    AT_FORMAT = 8,
    AT_CHECKSUM = 88,
    AT_SECRET = 96,
    AT_END = AT_SECRET + RECORD_SECRET_BYTES,
};

void segments_init(struct segments *t, struct seam *seam)
{
    *t = (struct segments){ .seam = seam, .next_number = 1 };
    lock_init(&t->lock);
    lock_init(&t->removal);
    list_init(&t->open);
}

static void segment_close(struct segments *t, struct segment *s)
{
    list_remove(&s->node);
    t->open_n--;
    seam_close(t->seam, s->file);
    mem_free(s);
}

void segments_end(struct segments *t)
{
    LIST_EACH_SAFE(&t->open, node) {
        struct segment *s = CONTAINER_OF(node, struct segment, node);
        /* A fiber that outlived the drain holds one until the process ends. */
        if (s->holders == 0) segment_close(t, s);
    }
    lock_end(&t->lock);
    lock_end(&t->removal);
}

struct segment_path segment_path(uint64_t number)
{
    struct segment_path path = { "journal/0000000000.seg" };
    for (size_t at = sizeof "journal/0000000000" - 2; number; number /= 10) {
        assert(path.text[at] == '0');
        path.text[at--] = (char)('0' + number % 10);
    }
    return path;
}

bool segment_number(const char *name, uint64_t *out)
{
    str s = str_of(name);
    return s.n == 14 && str_ends(s, S(".seg")) &&
           str_u64(str_take(s, 10), STORE_SEGMENT_NUMBERS, out);
}

/* --- headers -------------------------------------------------------------------------------- */

static uint64_t head_checksum(const char *page)
{
    /* The checksum's own field counts as the magic again. */
    char covered[AT_END];
    bytes_copy(covered, sizeof covered, page, sizeof covered);
    bytes_copy(covered + AT_CHECKSUM, 8, magic.p, magic.n);
    return XXH3_64bits(covered, sizeof covered);
}

static void head_pack(const struct segment_head *h, struct buf *b)
{
    buf_add(b, magic);
    buf_le32(b, SEGMENT_FORMAT);
    buf_le32(b, SEGMENT_HEADER_BYTES);
    buf_le64(b, 0); /* features that a reader must know */
    buf_le64(b, 0); /* features that it may ignore */
    buf_le32(b, h->kind);
    buf_le32(b, 0); /* tenant: none */
    buf_le32(b, 0); /* encryption key: none */
    buf_le32(b, 0);
    buf_le64(b, h->number);
    buf_le64(b, h->previous);
    buf_le64(b, h->previous_end);
    buf_le64(b, h->first_seq);
    buf_le64(b, (uint64_t)h->created_us);
    assert(b->n == AT_CHECKSUM);
    buf_le64(b, 0);
    buf_add(b, (str){ (const char *)h->secret, RECORD_SECRET_BYTES });
    buf_fill(b, 0, SEGMENT_HEADER_BYTES - b->n);
    uint64_t sum = head_checksum(b->p);
    for (int i = 0; i < 8; i++)
        b->p[AT_CHECKSUM + i] = (char)(sum >> (8 * i));
}

static enum err head_unpack(const char *page, struct segment_head *h)
{
    if (!str_eq((str){ page, magic.n }, magic)) return ERR_CORRUPT;
    /* Before the checksum: a newer format may sum otherwise. */
    if (get_le32(page + AT_FORMAT) > SEGMENT_FORMAT) return ERR_DENIED;
    if (get_le64(page + AT_CHECKSUM) != head_checksum(page)) return ERR_CORRUPT;
    if (get_le64(page + 16) != 0) return ERR_DENIED;
    *h = (struct segment_head){ .kind = (enum segment_kind)get_le32(page + 32),
                                .number = get_le64(page + 48),
                                .previous = get_le64(page + 56),
                                .previous_end = get_le64(page + 64),
                                .first_seq = get_le64(page + 72),
                                .created_us = (int64_t)get_le64(page + 80) };
    bytes_copy(h->secret, sizeof h->secret, page + AT_SECRET, RECORD_SECRET_BYTES);
    return OK;
}

/* --- files ---------------------------------------------------------------------------------- */

static struct segment *segment_hold(struct segments *t, int file, const struct segment_head *head)
{
    struct segment *s = MEM_NEW(struct segment);
    s->head = *head;
    s->file = file;
    s->holders = 1;
    lock_take(&t->lock);
    list_push_front(&t->open, &s->node);
    t->open_n++;
    lock_drop(&t->lock);
    return s;
}

static int head_write(struct segments *t, int file, const struct segment_head *head, bool durable)
{
    struct buf page = buf_make(SEGMENT_HEADER_BYTES);
    head_pack(head, &page);
    struct iovec iov = { page.p, page.n };
    ssize_t n = seam_pwritev(t->seam, file, &iov, 1, 0);
    int code = n == (ssize_t)page.n ? 0 : n < 0 ? (int)n : -ENOSPC;
    buf_free(&page);
    if (!code && durable) code = seam_fdatasync(t->seam, file);
    if (!code && durable) code = seam_sync_dir(t->seam, "journal");
    return code;
}

enum err segment_create(struct segments *t, const struct segment_head *wanted, bool durable,
                        struct segment **out, int *code)
{
    struct segment_head head = *wanted;
    lock_take(&t->lock);
    head.number = t->next_number++;
    lock_drop(&t->lock);
    head.created_us = seam_wall_us(t->seam);
    seam_random(t->seam, head.secret, sizeof head.secret);

    struct segment_path path = segment_path(head.number);
    int file = seam_open(t->seam, path.text, SEAM_WRITE | SEAM_CREATE | SEAM_EXCLUSIVE);
    *code = file < 0 ? file : head_write(t, file, &head, durable);
    if (*code == 0) {
        *out = segment_hold(t, file, &head);
        lock_take(&t->lock);
        t->files++;
        lock_drop(&t->lock);
        return OK;
    }
    if (file >= 0) {
        seam_close(t->seam, file);
        seam_unlink(t->seam, path.text);
    }
    return ERR_LATER;
}

struct segment *segment_cached(struct segments *t, uint64_t number)
{
    struct segment *found = NULL;
    lock_take(&t->lock);
    LIST_EACH(&t->open, node) {
        struct segment *s = CONTAINER_OF(node, struct segment, node);
        if (s->head.number != number) continue;
        s->holders++;
        list_remove(&s->node);
        list_push_front(&t->open, &s->node);
        found = s;
        break;
    }
    lock_drop(&t->lock);
    return found;
}

enum err segment_head_read(const char *page, struct segment_head *out)
{
    return head_unpack(page, out);
}

static enum err head_read(struct segments *t, int file, struct segment_head *head)
{
    char page[AT_END];
    ssize_t n = seam_pread(t->seam, file, page, sizeof page, 0);
    if (n < 0) return ERR_LATER;
    bool written = false;
    for (ssize_t i = 0; i < n && !written; i++)
        written = page[i] != 0;
    if (!written) return ERR_NOTFOUND;
    return n == (ssize_t)sizeof page ? head_unpack(page, head) : ERR_CORRUPT;
}

static uint64_t removals_so_far(struct segments *t)
{
    lock_take(&t->lock);
    uint64_t n = t->removals;
    lock_drop(&t->lock);
    return n;
}

static void forget_when_dropped(struct segments *t, struct segment *s)
{
    lock_take(&t->lock);
    s->removed = true;
    lock_drop(&t->lock);
}

enum err segment_open(struct segments *t, uint64_t number, struct segment **out)
{
    struct segment *s = segment_cached(t, number);
    if (!s) {
        uint64_t removals = removals_so_far(t);
        int file =
            seam_open(t->seam, segment_path(number).text, t->frozen ? SEAM_READ : SEAM_WRITE);
        if (file < 0) return file == -ENOENT ? ERR_NOTFOUND : ERR_LATER;
        struct segment_head head;
        enum err e = head_read(t, file, &head);
        if (!e && head.number != number) e = ERR_CORRUPT;
        if (e) {
            seam_close(t->seam, file);
            return e;
        }
        s = segment_hold(t, file, &head); /* two at once make two entries: harmless */
        /* Perhaps this one, meanwhile. */
        if (removals != removals_so_far(t)) forget_when_dropped(t, s);
    }
    *out = s;
    return OK;
}

void segment_drop(struct segments *t, struct segment *s)
{
    if (!s) return;
    lock_take(&t->lock);
    assert(s->holders > 0);
    if (--s->holders == 0 && s->removed) segment_close(t, s);
    for (struct list *node = t->open.prev; t->open_n > STORE_OPEN_SEGMENTS && node != &t->open;) {
        struct segment *old = CONTAINER_OF(node, struct segment, node);
        node = node->prev;
        if (old->holders == 0) segment_close(t, old);
    }
    lock_drop(&t->lock);
}

/* A file that is kept open after its name is gone would keep its room. */
bool segment_remove(struct segments *t, uint64_t number)
{
    int code = seam_unlink(t->seam, segment_path(number).text);
    if (code && code != -ENOENT) return false;
    lock_take(&t->lock);
    if (!code && t->files) t->files--;
    t->removals++;
    LIST_EACH_SAFE(&t->open, node) {
        struct segment *s = CONTAINER_OF(node, struct segment, node);
        if (s->head.number != number) continue;
        s->removed = true;
        if (s->holders == 0) segment_close(t, s);
    }
    lock_drop(&t->lock);
    return true;
}

/* --- pins ----------------------------------------------------------------------------------- */

void segments_pin(struct segments *t)
{
    lock_take(&t->removal);
    lock_take(&t->lock);
    t->pins++;
    lock_drop(&t->lock);
    lock_drop(&t->removal);
}

void segments_unpin(struct segments *t)
{
    lock_take(&t->lock);
    assert(t->pins > 0);
    t->pins--;
    lock_drop(&t->lock);
}

bool segments_pinned(struct segments *t)
{
    lock_take(&t->lock);
    bool pinned = t->pins > 0;
    lock_drop(&t->lock);
    return pinned;
}

bool segments_removal_begin(struct segments *t)
{
    lock_take(&t->removal);
    bool free = !segments_pinned(t);
    if (!free) lock_drop(&t->removal);
    return free;
}

void segments_removal_end(struct segments *t)
{
    lock_drop(&t->removal);
}

uint64_t segments_files(struct segments *t)
{
    lock_take(&t->lock);
    uint64_t files = t->files;
    lock_drop(&t->lock);
    return files;
}
