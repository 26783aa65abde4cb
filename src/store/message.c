/* message.c - reading messages: one, the first unseen, what the \Deleted hold. */
#include "store/store_int.h"

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
