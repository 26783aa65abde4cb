/* box.c - changing a mailbox inside a transaction: messages come, change flags and go. */
#include "store/box_int.h"

/* --- the ledger ------------------------------------------------------------------------------ */

enum err ledger_open(struct txn *t, struct account a, struct ledger *out)
{
    struct ledger l = { .txn = t, .account = a };
    enum err e = ledger_row_get(in_txn(t), a, &l.row);
    if (!e) *out = l;
    return e;
}

struct modseq ledger_modseq(struct ledger *l)
{
    if (l->now.n == 0) {
        l->now.n = ++l->row.modseq;
        l->dirty = true;
    }
    return l->now;
}

/* A count that is damaged already may end no process, and keep nobody from deleting mail: it stops
 * at 0, and check tells of it. */
static uint64_t less(struct account a, uint64_t count, uint64_t by)
{
    if (count >= by) return count - by;
    row_corrupt(a, "counts");
    return 0;
}

void ledger_less(struct ledger *l, uint64_t bytes, uint64_t messages)
{
    l->row.bytes = less(l->account, l->row.bytes, bytes);
    l->row.messages = less(l->account, l->row.messages, messages);
    l->dirty = true;
}

uint32_t ledger_uidvalidity(struct ledger *l)
{
    uint64_t clock_s = (uint64_t)(txn_wall_us(l->txn) / 1000000);
    l->row.uidvalidity = clock_s > l->row.uidvalidity ? clock_s : l->row.uidvalidity + 1;
    l->dirty = true;
    return (uint32_t)l->row.uidvalidity;
}

void ledger_close(struct ledger *l)
{
    if (l->dirty) ledger_row_put(l->txn, l->account, &l->row);
    l->dirty = false;
}

/* --- opening and closing --------------------------------------------------------------------- */

enum err box_open(struct ledger *l, uint32_t m, struct box **out)
{
    struct box *b = ARENA_NEW(txn_arena(l->txn), struct box);
    if (!b) return ERR_LIMIT;
    b->ledger = l;
    b->m = m;
    enum err e = head_get(in_txn(l->txn), l->account, m, &b->head);
    if (!e) *out = b;
    return e;
}

enum err box_open_name(struct ledger *l, str name, struct box **out)
{
    struct name_row row;
    enum err e = name_get(in_txn(l->txn), l->account, name, &row);
    if (e) return e;
    return row.m == 0 ? ERR_NOTFOUND : box_open(l, row.m, out);
}

enum err box_title(struct box *b, str *out)
{
    struct title_row title;
    if (b->title.n == 0) {
        enum err e = title_get(in_txn(b->ledger->txn), b->ledger->account, b->m, &title);
        if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
        b->title = arena_copy(txn_arena(b->ledger->txn), title.name);
    }
    *out = b->title;
    return OK;
}

static struct bitmap_place place_of(const struct box *b, enum bits kind)
{
    return (struct bitmap_place){ b->ledger->account, b->m, kind };
}

static void put_away(struct box *b, enum bits kind)
{
    if (b->changed[kind]) bitmap_save(b->ledger->txn, place_of(b, kind), &b->bits[kind]);
    b->changed[kind] = false;
    b->loaded[kind] = false;
}

void box_close(struct box *b)
{
    for (enum bits kind = 0; kind < BITS_KINDS; kind++)
        put_away(b, kind);
    if (b->dirty) head_put(b->ledger->txn, b->ledger->account, b->m, &b->head);
    b->dirty = false;
}

/* --- bits ------------------------------------------------------------------------------------ */

static enum err take_out(struct box *b, enum bits kind, uint32_t block)
{
    if (b->loaded[kind] && b->bits[kind].block == block) return OK;
    put_away(b, kind);
    enum err e = bitmap_load(in_txn(b->ledger->txn), place_of(b, kind), block, &b->bits[kind]);
    b->loaded[kind] = e == OK;
    return e;
}

static enum err set_bit(struct box *b, enum bits kind, struct uid uid, bool on, uint32_t *count)
{
    enum err e = take_out(b, kind, bitmap_block(uid.n));
    if (e || !bitmap_set(&b->bits[kind], uid.n, on)) return e;
    b->changed[kind] = true;
    b->dirty = true;
    *count = on ? *count + 1 : (uint32_t)less(b->ledger->account, *count, 1);
    return OK;
}

/* The row that holds from's block or the next one that exists. */
static enum err take_out_from(struct box *b, enum bits kind, uint32_t block)
{
    if (b->loaded[kind] && b->bits[kind].block == block) return OK;
    put_away(b, kind);
    struct bitmap found;
    enum err e = bitmap_find(in_txn(b->ledger->txn), place_of(b, kind), block, &found);
    if (e) return e;
    b->bits[kind] = found;
    b->loaded[kind] = true;
    return OK;
}

enum err box_next(struct box *b, enum bits kind, struct uid_range in, struct uid *out)
{
    uint32_t block = bitmap_block(in.from);
    unsigned bit = in.from % STORE_BITMAP_UIDS;
    for (;;) {
        enum err e = take_out_from(b, kind, block);
        if (e == ERR_NOTFOUND) break;
        if (e) return e;
        if (b->bits[kind].block != block) bit = 0;
        block = b->bits[kind].block;
        bit = bitmap_next(b->bits[kind].words, bit);
        if (bit < STORE_BITMAP_UIDS) {
            uint32_t uid = block * STORE_BITMAP_UIDS + bit;
            out->n = uid <= in.to ? uid : 0;
            return OK;
        }
        if (block++ >= bitmap_block(in.to)) break;
        bit = 0;
    }
    out->n = 0;
    return OK;
}

/* --- messages -------------------------------------------------------------------------------- */

static enum err set_bits(struct box *b, struct uid uid, bool live, uint8_t system)
{
    enum err e = set_bit(b, BITS_LIVE, uid, live, &b->head.messages);
    if (!e) e = set_bit(b, BITS_UNSEEN, uid, live && !(system & FLAG_SEEN), &b->head.unseen);
    if (!e) e = set_bit(b, BITS_DELETED, uid, live && (system & FLAG_DELETED), &b->head.deleted);
    return e;
}

/* A new UID has no bit yet: rows in which it needs none are not even read. */
static enum err set_bits_new(struct box *b, struct uid uid, uint8_t system)
{
    enum err e = set_bit(b, BITS_LIVE, uid, true, &b->head.messages);
    if (!e && !(system & FLAG_SEEN)) e = set_bit(b, BITS_UNSEEN, uid, true, &b->head.unseen);
    if (!e && (system & FLAG_DELETED)) e = set_bit(b, BITS_DELETED, uid, true, &b->head.deleted);
    return e;
}

static struct modseq touch(struct box *b)
{
    struct modseq now = ledger_modseq(b->ledger);
    b->head.highest_modseq = now.n;
    b->dirty = true;
    return now;
}

static void count_bytes(struct box *b, uint64_t size_bytes, bool more)
{
    struct ledger *l = b->ledger;
    if (!more) {
        b->head.size_bytes = less(l->account, b->head.size_bytes, size_bytes);
        ledger_less(l, size_bytes, 1);
        return;
    }
    b->head.size_bytes += size_bytes;
    l->row.bytes += size_bytes;
    l->row.messages++;
    l->dirty = true;
}

enum err box_add(struct box *b, struct message *message, bool seen_once)
{
    struct txn *t = b->ledger->txn;
    struct account a = b->ledger->account;
    if (b->head.uidnext == UINT32_MAX) return ERR_LIMIT;
    message->uid.n = b->head.uidnext;
    enum err e = set_bits_new(b, message->uid, message->flags.system);
    if (e) return e;
    b->head.uidnext++;
    message->modseq = touch(b);
    message->saved_us = txn_wall_us(t);
    count_bytes(b, message->size_bytes, true);
    struct flags_row flags = { message->flags, seen_once, message->modseq };
    struct key change = key_change(TAG_CHANGE, b->m, message->modseq, message->uid);
    message_put(t, a, b->m, message);
    flags_put(t, a, b->m, message->uid, &flags);
    row_put_empty(t, a, &change);
    return OK;
}

enum err box_set_flags(struct box *b, struct uid uid, const struct flags_row *old,
                       struct flags_row new_flags)
{
    struct txn *t = b->ledger->txn;
    struct account a = b->ledger->account;
    enum err e = set_bits(b, uid, true, new_flags.flags.system);
    if (e) return e;
    new_flags.modseq = touch(b);
    flags_put(t, a, b->m, uid, &new_flags);
    struct key was = key_change(TAG_CHANGE, b->m, old->modseq, uid);
    struct key is = key_change(TAG_CHANGE, b->m, new_flags.modseq, uid);
    row_delete(t, a, &was);
    row_put_empty(t, a, &is);
    return OK;
}

enum err box_remove(struct box *b, struct uid uid, const struct facts *was)
{
    struct txn *t = b->ledger->txn;
    struct account a = b->ledger->account;
    enum err e = set_bits(b, uid, false, 0);
    if (e) return e;
    struct key tombstone = key_change(TAG_TOMBSTONE, b->m, touch(b), uid);
    struct key change = key_change(TAG_CHANGE, b->m, was->flags.modseq, uid);
    if (was->parts & FACTS_FLAGS) row_delete(t, a, &change);
    struct tombstone_row row = { txn_wall_us(t), was->moved ? GONE_MOVED : GONE_EXPUNGED };
    tombstone_put(t, a, &tombstone, &row);
    count_bytes(b, was->size_bytes, false);
#ifdef PLANT_UID_REUSE /* planted for tests/simulate to find: the last UID is given out again */
    if (uid.n + 1 == b->head.uidnext) b->head.uidnext--;
#endif
    return OK;
}

/* --- sets ------------------------------------------------------------------------------------ */

/* The first range of the set that ends at or after uid. */
static const struct uid_range *range_from(const struct uidset *set, uint32_t uid)
{
    size_t low = 0, high = set->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->ranges[middle].to < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->n ? &set->ranges[low] : NULL;
}

enum err sweep_next(struct sweep *s, struct box *b, enum bits kind, uint32_t last, struct uid *out)
{
    out->n = 0;
    while (s->next <= last && s->next > 0) {
        struct uid_range in = { s->next, last };
        if (s->uids) {
            const struct uid_range *range = range_from(s->uids, s->next);
            if (!range || range->from > last) return OK;
            if (range->from > in.from) in.from = range->from;
            if (range->to < in.to) in.to = range->to;
        }
        enum err e = box_next(b, kind, in, out);
        if (e) return e;
        s->run_end = in.to;
        s->next = out->n ? out->n + 1 : in.to + 1; /* wraps to 0 after the last UID there is */
        if (out->n) return OK;
    }
    return OK;
}
