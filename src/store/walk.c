/* walk.c - reading the messages of a range in order: the living, or those that a session knows.
 *
 * A bitmap row at a time: the rows of messages and flags also hold the expunged, which the bits
 * tell apart. Who wants both gets them page by page, first the flags, then the messages: two seeks
 * a page are nothing, one a message would be everything.
 */
#include "store/store_int.h"

#include "base/codec.h"
#include "base/mem.h"

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
    bool (*each_numbered)(void *arg, struct seq seq, const struct message *message);
    void *arg;
    const struct bitmap *live; /* of the block in hand: those that are to be shown */
    struct uid_range page;     /* within it */
    struct page_row *rows;     /* the page's flags; NULL: not wanted beside the cards */
    bool stopped;
    enum err bad;
    /* Of a numbered walk. */
    uint32_t seq;  /* of the message whose bit comes next */
    unsigned next; /* from here on its bit is looked for, in the block */
    uint32_t lost; /* bits without a row */
};

/* The number of the message with this bit; those before it that were not shown are lost. */
static struct seq number(struct walk *w, unsigned bit)
{
    for (unsigned at = bitmap_next(w->live->words, w->next); at < bit;
         at = bitmap_next(w->live->words, at + 1)) {
        w->seq++;
        w->lost++;
    }
    w->next = bit + 1;
    return (struct seq){ w->seq++ };
}

static bool show(struct walk *w, const struct message *m)
{
    w->stopped = w->each ? !w->each(w->arg, m)
                         : !w->each_numbered(w->arg, number(w, m->uid.n % STORE_BITMAP_UIDS), m);
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
        if (!row->there && w->each_numbered) return true; /* half of it is lost */
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

static struct uid_range cut_to_block(const struct walk *w, uint32_t block)
{
    uint32_t from = block * STORE_BITMAP_UIDS;
    struct uid_range range = { from, from + (STORE_BITMAP_UIDS - 1) };
    if (w->range.from > range.from) range.from = w->range.from;
    if (w->range.to < range.to) range.to = w->range.to;
    return range;
}

static bool show_block(void *arg, const struct bitmap *live)
{
    struct walk *w = arg;
    if (live->block > bitmap_block(w->range.to)) return false;
    struct uid_range range = cut_to_block(w, live->block);
    w->live = live;
    if (w->want & (WANT_CARD | WANT_FLAGS))
        show_range(w, range);
    else
        show_bits(w, range);
    return !w->bad && !w->stopped;
}

/* Of those who want flags and cards. */
static void rows_begin(struct walk *w)
{
    bool both = (w->want & WANT_CARD) && (w->want & WANT_FLAGS);
    if (both) w->rows = mem_array(PAGE_UIDS, sizeof *w->rows);
}

static enum err walk_end(struct walk *w, enum err e)
{
    mem_free(w->rows);
    if (w->bad == ERR_CORRUPT) return row_corrupt(w->mailbox->account, "messages of a mailbox");
    return e ? e : w->bad;
}

enum err store_messages(struct view *v, const struct mailbox *m, struct uid_range range,
                        unsigned want, bool (*each)(void *arg, const struct message *message),
                        void *arg)
{
    struct walk w = {
        .view = v, .mailbox = m, .range = range, .want = want, .each = each, .arg = arg
    };
    struct bitmap_place at = { m->account, mailbox_number(m->id), BITS_LIVE };
    rows_begin(&w);
    return walk_end(&w, bitmap_each(in_view(v), at, bitmap_block(range.from), show_block, &w));
}

/* --- by what a session knows -------------------------------------------------------------------
 */

static void begin_block(struct walk *w, const struct seqmap *map, size_t i, struct bitmap *out)
{
    out->block = map->block[i];
    bytes_copy(out->words, sizeof out->words, map->words + i * BITMAP_WORDS, sizeof out->words);
    w->live = out;
    struct uid_range range = cut_to_block(w, out->block);
    /* Up to the range: passed over, and not lost. */
    w->next = range.from % STORE_BITMAP_UIDS;
    w->seq = map->before[i] + 1;
    for (unsigned word = 0; word < w->next / 64; word++)
        w->seq += (uint32_t)__builtin_popcountll(out->words[word]);
    uint64_t below = ((uint64_t)1 << w->next % 64) - 1;
    w->seq += (uint32_t)__builtin_popcountll(out->words[w->next / 64] & below);
}

/* What is left of the block's range has no rows. */
static void end_block(struct walk *w)
{
    struct uid_range range = cut_to_block(w, w->live->block);
    unsigned last = range.to % STORE_BITMAP_UIDS;
    for (unsigned bit = bitmap_next(w->live->words, w->next); bit <= last;
         bit = bitmap_next(w->live->words, bit + 1))
        w->lost++;
}

enum err store_numbered(struct view *v, const struct mailbox *m, const struct numbered *which,
                        bool (*each)(void *arg, struct seq seq, const struct message *message),
                        void *arg, uint32_t *lost)
{
    const struct seqmap *map = which->map;
    struct walk w = { .view = v, .mailbox = m, .range = which->range, .want = which->want };
    struct bitmap block;
    w.each_numbered = each;
    w.arg = arg;
    rows_begin(&w);
    for (size_t i = 0; i < map->blocks && !w.stopped && !w.bad; i++) {
        if (map->block[i] < bitmap_block(w.range.from)) continue;
        if (map->block[i] > bitmap_block(w.range.to)) break;
        begin_block(&w, map, i, &block);
        show_block(&w, &block);
        if (!w.stopped && !w.bad) end_block(&w);
    }
    *lost = w.lost;
    return walk_end(&w, OK);
}
