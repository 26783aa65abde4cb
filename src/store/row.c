/* row.c - values read and written: see row_int.h for their form. */
#include "store/row_int.h"

#include "base/codec.h"
#include "base/log.h"

enum { ROW_VERSION = 1 };

enum err source_get(struct source from, struct account a, const struct key *k, str *value)
{
    if (from.txn) return txn_get(from.txn, a, key_str(k), value);
    return view_get(from.view, a, key_str(k), value);
}

enum err source_scan(struct source from, struct account a, const struct key *first,
                     const struct key *prefix, engine_each *each, void *arg)
{
    struct key end = key_after(*prefix);
    if (from.txn) return txn_scan(from.txn, a, key_str(first), key_str(&end), each, arg);
    return view_scan(from.view, a, key_str(first), key_str(&end), each, arg);
}

/* --- numbers and strings ---------------------------------------------------------------------- */

struct row row_open(str value)
{
    struct row r = { .in = str_from(value, 1) };
    r.bad = value.n == 0 || value.p[0] != ROW_VERSION;
    return r;
}

uint64_t row_u64(struct row *r)
{
    uint64_t value = 0;
    if (r->bad || r->in.n == 0) return 0;
    if (!get_varint(&r->in, &value)) r->bad = true;
    return r->bad ? 0 : value;
}

int64_t row_i64(struct row *r)
{
    uint64_t zigzag = row_u64(r);
    return (int64_t)(zigzag >> 1 ^ (0 - (zigzag & 1)));
}

str row_str(struct row *r)
{
    uint64_t n = row_u64(r);
    if (n > r->in.n) r->bad = true;
    if (r->bad) return (str){ 0 };
    str s = str_take(r->in, n);
    r->in = str_from(r->in, n);
    return s;
}

enum err row_end(const struct row *r)
{
    return r->bad ? ERR_CORRUPT : OK;
}

enum err row_corrupt(struct account a, const char *what)
{
    log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", what), F_NUM("account", a.n));
    return ERR_CORRUPT;
}

struct buf row_new(void)
{
    struct buf b = buf_make(STORE_VALUE_BYTES);
    buf_addc(&b, ROW_VERSION);
    return b;
}

void row_add_i64(struct buf *b, int64_t value)
{
    buf_varint(b, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

void row_add_str(struct buf *b, str s)
{
    buf_varint(b, s.n);
    buf_add(b, s);
}

void row_put(struct txn *t, struct account a, const struct key *k, struct buf *b)
{
    if (b->full)
        txn_fail(t, row_corrupt(a, "a row is too long"));
    else
        txn_put(t, a, key_str(k), buf_str(b));
    buf_free(b);
}

void row_put_empty(struct txn *t, struct account a, const struct key *k)
{
    txn_put(t, a, key_str(k), S(""));
}

void row_delete(struct txn *t, struct account a, const struct key *k)
{
    txn_delete(t, a, key_str(k));
}

/* --- the account's counters ---------------------------------------------------------------------
 */

enum err ledger_row_get(struct source from, struct account a, struct ledger_row *out)
{
    struct key k = key_of(TAG_LEDGER);
    str value;
    enum err e = source_get(from, a, &k, &value);
    if (e) return e;
    struct row r = row_open(value);
    struct ledger_row row = { 0 };
    row.modseq = row_u64(&r);
    row.mailboxes = row_u64(&r);
    row.emails = row_u64(&r);
    row.uidvalidity = row_u64(&r);
    row.bytes = row_u64(&r);
    row.messages = row_u64(&r);
    row.forgotten = row_u64(&r);
    if (row_end(&r)) return row_corrupt(a, "counters of an account");
    *out = row;
    return OK;
}

void ledger_row_put(struct txn *t, struct account a, const struct ledger_row *row)
{
    struct key k = key_of(TAG_LEDGER);
    struct buf b = row_new();
    buf_varint(&b, row->modseq);
    buf_varint(&b, row->mailboxes);
    buf_varint(&b, row->emails);
    buf_varint(&b, row->uidvalidity);
    buf_varint(&b, row->bytes);
    buf_varint(&b, row->messages);
    buf_varint(&b, row->forgotten);
    row_put(t, a, &k, &b);
}

/* --- mailboxes ------------------------------------------------------------------------------- */

enum err head_read(str value, struct head *out)
{
    struct row r = row_open(value);
    struct head h = { 0 };
    h.uidvalidity = (uint32_t)row_u64(&r);
    h.uidnext = (uint32_t)row_u64(&r);
    h.highest_modseq = row_u64(&r);
    h.horizon = row_u64(&r);
    h.messages = (uint32_t)row_u64(&r);
    h.unseen = (uint32_t)row_u64(&r);
    h.deleted = (uint32_t)row_u64(&r);
    h.keywords = (uint32_t)row_u64(&r);
    h.size_bytes = row_u64(&r);
    if (h.uidnext == 0 || h.keywords > MAILBOX_KEYWORDS) r.bad = true;
    if (!r.bad) *out = h;
    return row_end(&r);
}

enum err head_get(struct source from, struct account a, uint32_t m, struct head *out)
{
    struct key k = key_box(TAG_HEAD, m);
    str value;
    enum err e = source_get(from, a, &k, &value);
    if (e) return e;
    return head_read(value, out) ? row_corrupt(a, "head of a mailbox") : OK;
}

void head_put(struct txn *t, struct account a, uint32_t m, const struct head *head)
{
    struct key k = key_box(TAG_HEAD, m);
    struct buf b = row_new();
    buf_varint(&b, head->uidvalidity);
    buf_varint(&b, head->uidnext);
    buf_varint(&b, head->highest_modseq);
    buf_varint(&b, head->horizon);
    buf_varint(&b, head->messages);
    buf_varint(&b, head->unseen);
    buf_varint(&b, head->deleted);
    buf_varint(&b, head->keywords);
    buf_varint(&b, head->size_bytes);
    row_put(t, a, &k, &b);
}

enum err name_read(str value, struct name_row *out)
{
    struct row r = row_open(value);
    struct name_row row = { 0 };
    row.m = (uint32_t)row_u64(&r);
    row.subscribed = row_u64(&r) != 0;
    row.name = row_str(&r);
    enum err e = row_end(&r);
    if (!e) *out = row;
    return e;
}

enum err name_get(struct source from, struct account a, str name, struct name_row *out)
{
    struct key k = key_name(TAG_NAME, name);
    struct name_row row;
    str value;
    enum err e = source_get(from, a, &k, &value);
    if (e) return e;
    if (name_read(value, &row)) return row_corrupt(a, "name of a mailbox");
    if (!str_eq(row.name, name)) return ERR_NOTFOUND; /* another long name with its hash */
    *out = row;
    return OK;
}

void name_put(struct txn *t, struct account a, const struct name_row *row)
{
    struct key k = key_name(TAG_NAME, row->name);
    struct buf b = row_new();
    buf_varint(&b, row->m);
    buf_varint(&b, row->subscribed);
    row_add_str(&b, row->name);
    row_put(t, a, &k, &b);
}

enum err title_read(str value, struct title_row *out)
{
    struct row r = row_open(value);
    struct title_row row = { .name = row_str(&r) };
    uint64_t use = row_u64(&r);
    if (use > USE_TRASH || row_end(&r)) return ERR_CORRUPT;
    row.use = (enum special_use)use;
    *out = row;
    return OK;
}

enum err title_get(struct source from, struct account a, uint32_t m, struct title_row *out)
{
    struct key k = key_box(TAG_TITLE, m);
    str value;
    enum err e = source_get(from, a, &k, &value);
    if (e) return e;
    return title_read(value, out) ? row_corrupt(a, "title of a mailbox") : OK;
}

void title_put(struct txn *t, struct account a, uint32_t m, const struct title_row *row)
{
    struct key k = key_box(TAG_TITLE, m);
    struct buf b = row_new();
    row_add_str(&b, row->name);
    buf_varint(&b, row->use);
    row_put(t, a, &k, &b);
}

/* --- messages -------------------------------------------------------------------------------- */

enum err message_read(str value, struct message *out)
{
    struct row r = row_open(value);
    struct message m = *out;
    m.blob.n = row_u64(&r);
    m.internal_date_s = row_i64(&r);
    m.internal_zone_min = (int16_t)row_i64(&r);
    m.saved_us = row_i64(&r);
    m.size_bytes = row_u64(&r);
    m.journey.n = row_u64(&r);
    m.email_id = row_u64(&r);
    m.thread_id = row_u64(&r);
    m.card = row_str(&r);
    enum err e = row_end(&r);
    if (!e) *out = m;
    return e;
}

enum err message_get(struct source from, struct account a, uint32_t m, struct uid uid,
                     struct message *out)
{
    struct key k = key_box_u32(TAG_MESSAGE, m, uid.n);
    str value;
    enum err e = source_get(from, a, &k, &value);
    if (e) return e;
    if (message_read(value, out)) return row_corrupt(a, "a message");
    out->uid = uid;
    return OK;
}

void message_put(struct txn *t, struct account a, uint32_t m, const struct message *message)
{
    struct key k = key_box_u32(TAG_MESSAGE, m, message->uid.n);
    struct buf b = row_new();
    buf_varint(&b, message->blob.n);
    row_add_i64(&b, message->internal_date_s);
    row_add_i64(&b, message->internal_zone_min);
    row_add_i64(&b, message->saved_us);
    buf_varint(&b, message->size_bytes);
    buf_varint(&b, message->journey.n);
    buf_varint(&b, message->email_id);
    buf_varint(&b, message->thread_id);
    str card = message->card.n <= STORE_CARD_INLINE_BYTES ? message->card : (str){ 0 };
    row_add_str(&b, card);
    row_put(t, a, &k, &b);
}

enum { SEEN_ONCE = 128 }; /* beside FLAG_…, never shown */

enum err flags_read(str value, struct flags_row *out)
{
    struct row r = row_open(value);
    struct flags_row row = { 0 };
    uint64_t system = row_u64(&r);
    row.flags.system = (uint8_t)(system & ~(uint64_t)SEEN_ONCE);
    row.seen_once = (system & SEEN_ONCE) != 0;
    row.flags.keywords = row_u64(&r);
    row.modseq.n = row_u64(&r);
    enum err e = row_end(&r);
    if (!e) *out = row;
    return e;
}

enum err flags_get(struct source from, struct account a, uint32_t m, struct uid uid,
                   struct flags_row *out)
{
    struct key k = key_box_u32(TAG_FLAGS, m, uid.n);
    str value;
    enum err e = source_get(from, a, &k, &value);
    if (e) return e;
    return flags_read(value, out) ? row_corrupt(a, "flags of a message") : OK;
}

void flags_put(struct txn *t, struct account a, uint32_t m, struct uid uid,
               const struct flags_row *row)
{
    struct key k = key_box_u32(TAG_FLAGS, m, uid.n);
    struct buf b = row_new();
    buf_varint(&b, row->flags.system | (row->seen_once ? SEEN_ONCE : 0u));
    buf_varint(&b, row->flags.keywords);
    buf_varint(&b, row->modseq.n);
    row_put(t, a, &k, &b);
}

/* --- what is gone ---------------------------------------------------------------------------- */

enum err tombstone_read(str value, struct tombstone_row *out)
{
    struct row r = row_open(value);
    struct tombstone_row row = { .when_us = row_i64(&r) };
    uint64_t how = row_u64(&r);
    if (how > GONE_RESTORED || row_end(&r)) return ERR_CORRUPT;
    row.how = (enum gone_how)how;
    *out = row;
    return OK;
}

void tombstone_put(struct txn *t, struct account a, const struct key *k,
                   const struct tombstone_row *row)
{
    struct buf b = row_new();
    row_add_i64(&b, row->when_us);
    buf_varint(&b, row->how);
    row_put(t, a, k, &b);
}

enum err dying_read(str value, struct dying_row *out)
{
    struct dying_row row = { 0 };
    if (value.n) { /* before undelete the row was empty */
        struct row r = row_open(value);
        row.when_us = row_i64(&r);
        row.title.name = row_str(&r);
        uint64_t use = row_u64(&r);
        if (use > USE_TRASH || row_end(&r)) return ERR_CORRUPT;
        row.title.use = (enum special_use)use;
    }
    *out = row;
    return OK;
}

void dying_put(struct txn *t, struct account a, uint32_t m, const struct dying_row *row)
{
    struct key k = key_box(TAG_DYING, m);
    struct buf b = row_new();
    row_add_i64(&b, row->when_us);
    row_add_str(&b, row->title.name);
    buf_varint(&b, row->title.use);
    row_put(t, a, &k, &b);
}
