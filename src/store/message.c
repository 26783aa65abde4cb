/* message.c - reading messages: one, a range, the first unseen. */
#include "store/store_int.h"

#include "base/codec.h"

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
 * also hold the expunged, which the bits tell apart. */
struct walk {
    struct view *view;
    const struct mailbox *mailbox;
    struct uid_range range;
    unsigned want;
    bool (*each)(void *arg, const struct message *message);
    void *arg;
    const struct bitmap *live; /* of the block in hand */
    bool stopped;
    enum err bad;
};

static bool is_wanted(const struct walk *w, uint32_t uid)
{
    return uid >= w->range.from && uid <= w->range.to && bitmap_has(w->live, uid);
}

static bool show(struct walk *w, const struct message *m)
{
    w->stopped = !w->each(w->arg, m);
    return !w->stopped;
}

static enum err add_flags(const struct walk *w, struct message *m)
{
    struct flags_row row;
    uint32_t number = mailbox_number(w->mailbox->id);
    enum err e = flags_get(in_view(w->view), w->mailbox->account, number, m->uid, &row);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    m->flags = row.flags;
    m->modseq = row.modseq;
    return OK;
}

static bool show_card_row(void *arg, str key, str value)
{
    struct walk *w = arg;
    struct message m = { .uid = { get_be32(key.p + 5) } };
    if (!is_wanted(w, m.uid.n)) return true;
    w->bad = message_read(value, &m);
    if (!w->bad && (w->want & WANT_FLAGS)) w->bad = add_flags(w, &m);
    return !w->bad && show(w, &m);
}

static bool show_flags_row(void *arg, str key, str value)
{
    struct walk *w = arg;
    struct message m = { .uid = { get_be32(key.p + 5) } };
    struct flags_row row;
    if (!is_wanted(w, m.uid.n)) return true;
    w->bad = flags_read(value, &row);
    if (w->bad) return false;
    m.flags = row.flags;
    m.modseq = row.modseq;
    return show(w, &m);
}

static void show_bits(struct walk *w)
{
    unsigned bit = bitmap_next(w->live->words, 0);
    for (; bit < STORE_BITMAP_UIDS; bit = bitmap_next(w->live->words, bit + 1)) {
        struct message m = { .uid = { w->live->block * STORE_BITMAP_UIDS + bit } };
        if (is_wanted(w, m.uid.n) && !show(w, &m)) return;
    }
}

static bool show_block(void *arg, const struct bitmap *live)
{
    struct walk *w = arg;
    uint32_t number = mailbox_number(w->mailbox->id);
    uint32_t from = live->block * STORE_BITMAP_UIDS;
    if (from > w->range.to) return false;
    w->live = live;
    if (!(w->want & (WANT_CARD | WANT_FLAGS))) {
        show_bits(w);
        return !w->stopped;
    }
    bool cards = w->want & WANT_CARD;
    enum tag tag = cards ? TAG_MESSAGE : TAG_FLAGS;
    uint32_t last = from + (STORE_BITMAP_UIDS - 1);
    if (w->range.from > from) from = w->range.from;
    if (w->range.to < last) last = w->range.to;
    struct key first = key_box_u32(tag, number, from);
    struct key end = key_after(key_box_u32(tag, number, last));
    enum err e = view_scan(w->view, w->mailbox->account, key_str(&first), key_str(&end),
                           cards ? show_card_row : show_flags_row, w);
    if (e) w->bad = e;
    return !w->bad && !w->stopped;
}

enum err store_messages(struct view *v, const struct mailbox *m, struct uid_range range,
                        unsigned want, bool (*each)(void *arg, const struct message *message),
                        void *arg)
{
    struct walk w = { .view = v, .mailbox = m, .range = range };
    w.want = want;
    w.each = each;
    w.arg = arg;
    struct bitmap_place at = { m->account, mailbox_number(m->id), BITS_LIVE };
    enum err e = bitmap_each(in_view(v), at, bitmap_block(range.from), show_block, &w);
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
