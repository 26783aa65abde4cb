/* message.c - reading messages: one, a range, the first unseen. */
#include "store/store_int.h"

#include "base/codec.h"
#include "base/mem.h"

enum err store_message(struct view *v, const struct mailbox *m, struct uid uid, struct message *out)
{
    struct message found = { 0 };
    struct flags_row flags;
    uint32_t number = mailbox_number(m->id);
    enum err e = message_get(in_view(v), m->account, number, uid, &found);
    if (!e) e = flags_get(in_view(v), m->account, number, uid, &flags);
    if (e) return e;
    found.flags = flags.flags;
    found.modseq = flags.modseq;
    *out = found;
    return OK;
}

/* A walk over the live messages of a range, a bitmap row at a time; the rows of messages and flags
 * also hold the expunged, which the bits tell apart. Who wants both gets them page by page, first
 * the flags, then the messages: two seeks a page are nothing, one a message would be everything. */
enum { PAGE_UIDS = 256 };
struct page_row {
    struct flags_row flags;
    bool there;
};
struct walk {
    struct view *view;
    const struct mailbox *mailbox;
    struct uid_range range;
    unsigned want;
    bool (*each)(void *arg, const struct message *message);
    void *arg;
    const struct bitmap *live; /* of the block in hand */
    struct uid_range page;     /* within it */
    struct page_row *rows;     /* the page's flags; NULL: not wanted beside the cards */
    bool stopped;
    enum err bad;
};

static bool show(struct walk *w, const struct message *m)
{
    w->stopped = !w->each(w->arg, m);
    return !w->stopped;
}

/* Whether the row is of a live message; a key of another length is damage, and stops the walk. */
static bool is_live(struct walk *w, str key, struct uid *out)
{
    if (key.n != KEY_BOX_U32_BYTES) w->bad = ERR_CORRUPT;
    if (w->bad) return false;
    out->n = get_be32(key.p + KEY_BOX_BYTES);
    return bitmap_has(w->live, out->n);
}

static bool show_card_row(void *arg, str key, str value)
{
    struct walk *w = arg;
    struct message m = { 0 };
    if (!is_live(w, key, &m.uid)) return !w->bad;
    w->bad = message_read(value, &m);
    if (!w->bad && w->rows) {
        const struct page_row *row = &w->rows[m.uid.n - w->page.from];
        if (!row->there) w->bad = ERR_CORRUPT;
        m.flags = row->flags.flags;
        m.modseq = row->flags.modseq;
    }
    return !w->bad && show(w, &m);
}

static bool keep_flags_row(void *arg, str key, str value)
{
    struct walk *w = arg;
    struct uid uid;
    if (!is_live(w, key, &uid)) return !w->bad;
    struct page_row *row = &w->rows[uid.n - w->page.from];
    w->bad = flags_read(value, &row->flags);
    row->there = true;
    return !w->bad;
}

static bool show_flags_row(void *arg, str key, str value)
{
    struct walk *w = arg;
    struct message m = { 0 };
    struct flags_row row;
    if (!is_live(w, key, &m.uid)) return !w->bad;
    w->bad = flags_read(value, &row);
    if (w->bad) return false;
    m.flags = row.flags;
    m.modseq = row.modseq;
    return show(w, &m);
}

static void scan_page(struct walk *w, enum tag tag, engine_each *each)
{
    uint32_t number = mailbox_number(w->mailbox->id);
    struct key first = key_box_u32(tag, number, w->page.from);
    struct key end = key_after(key_box_u32(tag, number, w->page.to));
    enum err e = view_scan(w->view, w->mailbox->account, key_str(&first), key_str(&end), each, w);
    if (e) w->bad = e;
}

static void show_bits(struct walk *w, struct uid_range range)
{
    unsigned bit = bitmap_next(w->live->words, range.from % STORE_BITMAP_UIDS);
    for (; bit < STORE_BITMAP_UIDS; bit = bitmap_next(w->live->words, bit + 1)) {
        struct message m = { .uid = { w->live->block * STORE_BITMAP_UIDS + bit } };
        if (m.uid.n > range.to || !show(w, &m)) return;
    }
}

/* The wanted rows of one bitmap row's UIDs. */
static void show_range(struct walk *w, struct uid_range range)
{
    bool cards = w->want & WANT_CARD;
    w->page = range;
    if (!w->rows) {
        scan_page(w, cards ? TAG_MESSAGE : TAG_FLAGS, cards ? show_card_row : show_flags_row);
        return;
    }
    do { /* not while from <= to: after the last UID there is comes 0 */
        uint32_t left = range.to - w->page.from;
        w->page.to = left < PAGE_UIDS ? range.to : w->page.from + (PAGE_UIDS - 1);
        for (uint32_t i = 0; i <= w->page.to - w->page.from; i++)
            w->rows[i].there = false;
        scan_page(w, TAG_FLAGS, keep_flags_row);
        if (!w->bad) scan_page(w, TAG_MESSAGE, show_card_row);
        w->page.from = w->page.to + 1;
    } while (!w->bad && !w->stopped && w->page.to < range.to);
}

static bool show_block(void *arg, const struct bitmap *live)
{
    struct walk *w = arg;
    uint32_t from = live->block * STORE_BITMAP_UIDS;
    if (from > w->range.to) return false;
    w->live = live;
    struct uid_range range = { from, from + (STORE_BITMAP_UIDS - 1) };
    if (w->range.from > range.from) range.from = w->range.from;
    if (w->range.to < range.to) range.to = w->range.to;
    if (w->want & (WANT_CARD | WANT_FLAGS))
        show_range(w, range);
    else
        show_bits(w, range);
    return !w->bad && !w->stopped;
}

enum err store_messages(struct view *v, const struct mailbox *m, struct uid_range range,
                        unsigned want, bool (*each)(void *arg, const struct message *message),
                        void *arg)
{
    struct walk w = { .view = v, .mailbox = m, .range = range, .want = want };
    w.each = each;
    w.arg = arg;
    if ((want & WANT_CARD) && (want & WANT_FLAGS)) w.rows = mem_array(PAGE_UIDS, sizeof *w.rows);
    struct bitmap_place at = { m->account, mailbox_number(m->id), BITS_LIVE };
    enum err e = bitmap_each(in_view(v), at, bitmap_block(range.from), show_block, &w);
    mem_free(w.rows);
    if (w.bad == ERR_CORRUPT) return row_corrupt(m->account, "messages of a mailbox");
    return e ? e : w.bad;
}

enum err store_first_unseen(struct view *v, const struct mailbox *m, struct uid *out)
{
    struct bitmap_place at = { m->account, mailbox_number(m->id), BITS_UNSEEN };
    struct bitmap b;
    enum err e = bitmap_find(in_view(v), at, 0, &b);
    if (e) return e;
    out->n = b.block * STORE_BITMAP_UIDS + bitmap_next(b.words, 0);
    return OK;
}

/* --- what \Deleted messages hold -------------------------------------------------------------- */
struct deleted_sum {
    struct view *view;
    const struct mailbox *mailbox;
    struct uid *from;
    size_t left;
    uint64_t *bytes;
    enum err bad;
};

static bool add_deleted(void *arg, const struct bitmap *b)
{
    struct deleted_sum *d = arg;
    uint32_t first = b->block * STORE_BITMAP_UIDS;
    unsigned bit = bitmap_next(b->words, d->from->n > first ? d->from->n - first : 0);
    for (; bit < STORE_BITMAP_UIDS; bit = bitmap_next(b->words, bit + 1)) {
        struct message m = { 0 };
        struct uid uid = { first + bit };
        if (d->left == 0) {
            *d->from = uid;
            return false;
        }
        d->left--;
        enum err e = message_get(in_view(d->view), d->mailbox->account,
                                 mailbox_number(d->mailbox->id), uid, &m);
        if (e && e != ERR_NOTFOUND) d->bad = e;
        if (d->bad) return false;
        if (!e) *d->bytes += m.size_bytes;
    }
    *d->from = (struct uid){ 0 };
    return true;
}

enum err store_deleted_bytes(struct view *v, const struct mailbox *m, struct uid *from, size_t max,
                             uint64_t *bytes)
{
    struct deleted_sum d = { .view = v, .mailbox = m, .from = from, .left = max, .bytes = bytes };
    struct bitmap_place at = { m->account, mailbox_number(m->id), BITS_DELETED };
    enum err e = bitmap_each(in_view(v), at, bitmap_block(from->n), add_deleted, &d);
    if (e || d.bad) return e ? e : d.bad;
    if (d.left) *from = (struct uid){ 0 };
    return OK;
}
