/* import.c - messages from elsewhere: many in one commit, each at most once.
 *
 * A message's mark is put in the commit that files it. So an import that was cut off anywhere is
 * simply run again: what is here is known, and nothing is here twice.
 */
#include "store/store_int.h"

static struct key key_mark(struct import_mark mark)
{
    struct key k = key_of(TAG_IMPORTED);
    key_u64(&k, mark.order);
    key_u64(&k, mark.hash);
    return k;
}

static bool is_marked(struct import_mark mark)
{
    return mark.order || mark.hash;
}

static enum err mark_get(struct source from, struct account a, struct import_mark mark)
{
    if (!is_marked(mark)) return ERR_NOTFOUND;
    struct key k = key_mark(mark);
    str value;
    return source_get(from, a, &k, &value);
}

bool store_imported(struct view *v, struct account a, struct import_mark mark)
{
    return mark_get(in_view(v), a, mark) == OK;
}

/* A keyword that finds no room is no reason to leave the message behind. */
static enum err take_keywords(struct box *b, struct import_item *item, uint64_t *bits)
{
    item->keywords_lost = 0;
    for (size_t i = 0; i < item->keywords_n; i++) {
        uint64_t one = 0;
        enum err e = box_keywords(b, &item->keywords[i], 1, true, &one);
        if (e == ERR_LIMIT)
            item->keywords_lost++;
        else if (e)
            return e;
        *bits |= one;
    }
    return OK;
}

static enum err file_item(struct box *b, struct import_item *item)
{
    struct ledger *l = b->ledger;
    struct uid unused;
    struct filing f = {
        .size_bytes = body_size(item->body),
        .card = item->card,
        .flags = item->flags,
        .internal_date_s = item->internal_date_s,
        .internal_zone_min = item->internal_zone_min,
    };
    enum err e = take_keywords(b, item, &f.keywords);
    if (e) return e;
    txn_body(l->txn, item->body, &f.blob);
    e = file_message(b, &f, &unused);
    if (e) return e;
    struct key mark = key_mark(item->mark);
    if (is_marked(item->mark)) row_put_empty(l->txn, l->account, &mark);
    return OK;
}

static enum err import_item(struct box *b, struct import_item *item)
{
    struct ledger *l = b->ledger;
    struct source now = in_txn(l->txn);
    enum err e = mark_get(now, l->account, item->mark);
    item->result = e ? OK : ERR_EXISTS;
    if (!e) return OK;
    if (e != ERR_NOTFOUND) return e;
    e = quota_room(now, l->account, &l->row, body_size(item->body), 1);
    item->result = e;
    if (e) return e == ERR_LIMIT ? OK : e;
    return file_item(b, item);
}

_Static_assert(IMPORT_MESSAGES *(FILE_OPS + 1) + MAILBOX_KEYWORDS + BOX_SHARED_OPS <=
                   STORE_BATCH_OPS,
               "a batch of an import is one commit");

static enum err import(struct txn *t, void *arg)
{
    const struct import *batch = arg;
    struct ledger l;
    struct box *b;
    enum err e = ledger_open(t, batch->account, &l);
    if (!e) e = box_open_name(&l, batch->mailbox, &b);
    for (size_t i = 0; !e && i < batch->n; i++)
        e = import_item(b, &batch->items[i]);
    if (e) return e;
    box_close(b);
    ledger_close(&l);
    return OK;
}

enum err store_import(struct store *s, const struct import *batch)
{
    struct import copy = *batch;
    if (batch->n > IMPORT_MESSAGES) return ERR_LIMIT;
    return store_commit(s, import, &copy);
}
