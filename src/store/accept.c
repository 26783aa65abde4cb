/* accept.c - the one commit behind an SMTP 250: copies for our users, queue entries for the rest.
 *
 * The bytes are stored once, whatever the number of recipients, and everything or nothing of it
 * happens; so a 250 is never half true, and a retry after an unknown outcome meets its own id.
 */
#include "store/queue_int.h"

static enum err take_id(struct txn *t, struct msgid id)
{
    struct key k = key_queued(TAG_ID, id);
    str value;
    enum err e = source_get(in_txn(t), ACCOUNT_JOURNEY, &k, &value);
    if (!e) return ERR_EXISTS;
    if (e != ERR_NOTFOUND) return e;
    struct buf b = row_new();
    row_add_i64(&b, txn_wall_us(t));
    row_put(t, ACCOUNT_JOURNEY, &k, &b);
    return OK;
}

static enum err tell_filed(struct txn *t, const struct accept *a, const struct local_rcpt *to,
                           struct box *b, struct uid uid, uint32_t *event)
{
    struct title_row title;
    enum err e = title_get(in_txn(t), to->account, b->m, &title);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    struct buf text = buf_make(STORE_VALUE_BYTES);
    buf_add(&text, str_take(to->delivered_to, ADDRESS_BYTES + 1));
    buf_add(&text, S(" in "));
    buf_add(&text, title.name);
    buf_addf(&text, " uid %u", uid.n);
    e = journey_put(t, a->id, event, S("filed"), buf_str(&text));
    buf_free(&text);
    return e;
}

/* RFC 5321 6.1: once accepted it must find a place. A mailbox that is gone gives way to INBOX. */
static enum err file_for(struct txn *t, const struct accept *a, const struct local_rcpt *to,
                         struct blob blob, uint32_t *event)
{
    struct ledger l;
    struct box *b;
    struct uid uid = { 0 };
    struct filing f = {
        .blob = blob, .size_bytes = body_size(a->body), .card = a->card, .flags = to->flags
    };
    f.journey = a->id;
    f.internal_date_s = txn_wall_us(t) / 1000000;
    enum err e = ledger_open(t, to->account, &l);
    if (e) return e;
    e = box_open_name(&l, to->mailbox, &b);
    if (e == ERR_NOTFOUND) e = box_open_name(&l, S("INBOX"), &b);
    if (!e) e = file_message(b, &f, &uid);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    box_close(b);
    ledger_close(&l);
    return tell_filed(t, a, to, b, uid, event);
}

_Static_assert(ACCEPT_RCPTS *(FILE_OPS + JOURNEY_OPS) + 16 <= STORE_BATCH_OPS,
               "a message for all its recipients is one commit");

enum err accept_put(struct txn *t, const struct accept *a)
{
    uint32_t event = 0;
    struct blob blob;
    if (a->local_n + a->queue_n > ACCEPT_RCPTS) return ERR_LIMIT;
    enum err e = take_id(t, a->id);
    if (!e) e = journey_put(t, a->id, &event, S("received"), a->received);
    if (e) return e;
    txn_body(t, a->body, &blob);
    for (size_t i = 0; !e && i < a->local_n; i++)
        e = file_for(t, a, &a->local[i], blob, &event);
    return e ? e : queue_add(t, a, blob, &event);
}

static enum err accept_one(struct txn *t, void *arg)
{
    return accept_put(t, arg);
}

enum err store_accept(struct store *s, const struct accept *a)
{
    struct accept copy = *a;
    return store_commit(s, accept_one, &copy);
}
