/* append.c - APPEND and import: messages into a mailbox, all or none. */
#include "store/store_int.h"

enum err file_message(struct box *b, const struct filing *f, struct uid *out)
{
    struct ledger *l = b->ledger;
    struct message m = {
        .blob = f->blob,
        .size_bytes = f->size_bytes,
        .card = f->card,
        .flags = { f->flags, f->keywords },
        .internal_date_s = f->internal_date_s,
        .internal_zone_min = f->internal_zone_min,
        .journey = f->journey,
        .email_id = ++l->row.emails,
    };
    enum err e = thread_join(l, f->card, m.email_id, &m.thread_id);
    if (!e) e = box_add(b, &m, (f->flags & FLAG_SEEN) != 0);
    if (e) return e;
    txn_blob_ref(l->txn, f->blob, 1);
    *out = m.uid;
    return OK;
}

struct appending {
    const struct append *items;
    size_t n;
    struct appended *out;
};

static enum err append_to(struct box *b, const struct append *item, struct appended *out)
{
    struct txn *t = b->ledger->txn;
    struct filing f = {
        .size_bytes = body_size(item->body),
        .card = item->card,
        .flags = item->flags,
        .internal_date_s = item->internal_date_s,
        .internal_zone_min = item->internal_zone_min,
        .journey = item->journey,
    };
    enum err e = quota_room(in_txn(t), item->account, &b->ledger->row, f.size_bytes, 1);
    if (!e) e = box_keywords(b, item->keywords, item->keywords_n, true, &f.keywords);
    if (e) return e;
    txn_body(t, item->body, &f.blob);
    struct uid uid = { 0 };
    e = file_message(b, &f, &uid);
    if (e) return e;
    *out = (struct appended){ b->head.uidvalidity, uid, mailbox_id_of(item->account, b->m) };
    return OK;
}

static enum err append_one(struct txn *t, const struct append *item, struct appended *out)
{
    struct ledger l;
    struct box *b;
    enum err e = ledger_open(t, item->account, &l);
    if (!e) e = box_open_name(&l, item->mailbox, &b);
    if (!e) e = append_to(b, item, out);
    if (e) return e;
    box_close(b);
    ledger_close(&l);
    return OK;
}

static enum err append(struct txn *t, void *arg)
{
    const struct appending *a = arg;
    for (size_t i = 0; i < a->n; i++) {
        enum err e = append_one(t, &a->items[i], &a->out[i]);
        if (e) return e;
    }
    return OK;
}

enum err store_append(struct store *s, const struct append *items, size_t n, struct appended *out)
{
    struct appending a = { items, n, out };
    return store_commit(s, append, &a);
}
