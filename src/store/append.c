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

enum err append_item(struct box *b, const struct append *item, struct appended *out)
{
    struct filing f = {
        .size_bytes = body_size(item->body),
        .card = item->card,
        .flags = item->flags,
        .internal_date_s = item->internal_date_s,
        .internal_zone_min = item->internal_zone_min,
        .journey = item->journey,
    };
    enum err e = ledger_room(b->ledger, f.size_bytes, 1);
    if (!e) e = box_keywords(b, item->keywords, item->keywords_n, true, &f.keywords);
    if (e) return e;
    txn_body(b->ledger->txn, item->body, &f.blob);
    struct uid uid = { 0 };
    e = file_message(b, &f, &uid);
    if (e) return e;
    *out = (struct appended){ b->head.uidvalidity, uid, mailbox_id_of(item->account, b->m) };
    return OK;
}

/* The mailbox that is open: messages for the same one that follow each other share its rows. */
struct target {
    struct account account;
    str mailbox;
    struct ledger ledger;
    struct box *box; /* NULL: none */
};

static void target_close(struct target *to)
{
    if (!to->box) return;
    box_close(to->box);
    ledger_close(&to->ledger);
    to->box = NULL;
}

static enum err target_open(struct target *to, struct txn *t, const struct append *item)
{
    bool same = to->account.n == item->account.n && str_eq(to->mailbox, item->mailbox);
    if (to->box && same) return OK;
    target_close(to);
    to->account = item->account;
    to->mailbox = item->mailbox;
    enum err e = ledger_open(t, item->account, &to->ledger);
    return e ? e : box_open_name(&to->ledger, item->mailbox, &to->box);
}

static enum err append(struct txn *t, void *arg)
{
    const struct appending *a = arg;
    struct target to = { 0 };
    for (size_t i = 0; i < a->n; i++) {
        enum err e = target_open(&to, t, &a->items[i]);
        if (!e) e = append_item(to.box, &a->items[i], &a->out[i]);
        if (e) return e;
    }
    target_close(&to);
    return OK;
}

enum err store_append(struct store *s, const struct append *items, size_t n, struct appended *out)
{
    struct appending a = { items, n, out };
    return store_commit(s, append, &a);
}
