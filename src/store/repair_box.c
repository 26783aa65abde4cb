/* repair_box.c - a mailbox: what its messages' rows say, its bitmaps, changes and head say too.
 *
 * A message lives if its row is there and its bit and its change row say so, or one of them and no
 * tombstone the contrary. Block by block of 4096 UIDs: looked at in a view, then changed in as many
 * transactions as it takes.
 */
#include "store/repair_int.h"

#include "base/codec.h"
#include "base/mem.h"

enum { FIXES_PER_COMMIT = 500 };
enum fix_kind {
    FIX_LOST = 1, /* live, and its row is gone: what clients know of it is expunged */
    FIX_FLAGS,    /* its flags are gone: unread, as new */
    FIX_CHANGE,   /* its change row is gone */
};
struct fix {
    uint32_t uid;
    enum fix_kind kind;
    struct modseq modseq;
};

struct block {
    struct bitmap want[BITS_KINDS], have[BITS_KINDS];
    struct bitmap rows;   /* the messages that can be read */
    struct bitmap graves; /* tombstones, if graves_known */
    bool graves_known;
    struct fix fixes[STORE_BITMAP_UIDS];
    size_t fixes_n, done;
};

struct box_mend {
    struct mending *m;
    struct view *view;
    struct account account;
    uint32_t box;
    const char *whose;
    struct buf name;
    struct head is, head; /* as it is kept, as it must be */
    struct block *block;
    struct box_sums *sums;
    uint32_t uid_max;
    uint64_t modseq_max;
    unsigned keywords; /* as many as bits are used */
    struct key *stray; /* rows to be taken away */
    size_t stray_n;
};

#define BOX(b) (b)->whose, STR_ARG(buf_str(&(b)->name))

/* --- looking --------------------------------------------------------------------------------- */

static bool see_grave(void *arg, str key, str value)
{
    struct box_mend *b = arg;
    uint32_t uid = get_be32(key.p + key.n - 4);
    (void)value;
    if (bitmap_block(uid) == b->block->graves.block) bitmap_set(&b->block->graves, uid, true);
    return true;
}

static bool is_buried(struct box_mend *b, uint32_t uid)
{
    struct block *k = b->block;
    struct key graves = key_box(TAG_TOMBSTONE, b->box);
    if (!k->graves_known) {
        k->graves = (struct bitmap){ .block = k->rows.block };
        k->graves_known =
            source_scan(in_view(b->view), b->account, &graves, &graves, see_grave, b) == OK;
    }
    return bitmap_has(&k->graves, uid);
}

static bool bits_agree(const struct bitmap *a, const struct bitmap *b)
{
    for (unsigned i = 0; i < BITMAP_WORDS; i++)
        if (a->words[i] != b->words[i]) return false;
    return true;
}

static void add_fix(struct box_mend *b, uint32_t uid, enum fix_kind kind, struct modseq modseq)
{
    b->block->fixes[b->block->fixes_n++] = (struct fix){ uid, kind, modseq };
}

static bool has_change(const struct box_mend *b, uint32_t uid, struct modseq modseq)
{
    struct key k = key_change(TAG_CHANGE, b->box, modseq, (struct uid){ uid });
    str value;
    return source_get(in_view(b->view), b->account, &k, &value) == OK;
}

static void count_live(struct box_mend *b, uint32_t uid, const struct message *m,
                       const struct flags_row *f)
{
    struct block *k = b->block;
    bool unseen = !(f->flags.system & FLAG_SEEN), deleted = f->flags.system & FLAG_DELETED;
    bitmap_set(&k->want[BITS_LIVE], uid, true);
    bitmap_set(&k->want[BITS_UNSEEN], uid, unseen);
    bitmap_set(&k->want[BITS_DELETED], uid, deleted);
    b->head.messages++;
    b->head.unseen += unseen;
    b->head.deleted += deleted;
    b->head.size_bytes += m->size_bytes;
    if (f->modseq.n > b->modseq_max) b->modseq_max = f->modseq.n;
    while (f->flags.keywords >> b->keywords && b->keywords < MAILBOX_KEYWORDS)
        b->keywords++;
}

static bool see_message(void *arg, str key, str value)
{
    struct box_mend *b = arg;
    struct block *k = b->block;
    struct message m = { 0 };
    struct flags_row f = { 0 };
    uint32_t uid = get_be32(key.p + 5);
    if (bitmap_block(uid) != k->rows.block) return false;
    if (uid > b->uid_max) b->uid_max = uid;
    if (message_read(value, &m)) return true;
    bitmap_set(&k->rows, uid, true);
    if (m.email_id > b->sums->email_max) b->sums->email_max = m.email_id;
    bool bit = bitmap_has(&k->have[BITS_LIVE], uid);
    bool flags = flags_get(in_view(b->view), b->account, b->box, (struct uid){ uid }, &f) == OK;
    bool change = flags && has_change(b, uid, f.modseq);
    if (!change && (!bit || is_buried(b, uid))) return true;
    if (!flags) f = (struct flags_row){ 0 };
    if (!flags) add_fix(b, uid, FIX_FLAGS, (struct modseq){ 0 });
    if (flags && !change) add_fix(b, uid, FIX_CHANGE, f.modseq);
    count_live(b, uid, &m, &f);
    return true;
}

static void find_lost(struct box_mend *b)
{
    struct block *k = b->block;
    unsigned bit = bitmap_next(k->have[BITS_LIVE].words, 0);
    for (; bit < STORE_BITMAP_UIDS; bit = bitmap_next(k->have[BITS_LIVE].words, bit + 1)) {
        uint32_t uid = k->rows.block * STORE_BITMAP_UIDS + bit;
        if (uid > b->uid_max) b->uid_max = uid;
        if (!bitmap_has(&k->rows, uid)) add_fix(b, uid, FIX_LOST, (struct modseq){ 0 });
    }
}

static bool take_block(void *arg, str key, str value)
{
    (void)value;
    *(uint32_t *)arg = get_be32(key.p + 5);
    return false;
}

static bool take_uid_block(void *arg, str key, str value)
{
    (void)value;
    *(uint32_t *)arg = bitmap_block(get_be32(key.p + 5));
    return false;
}

/* The first block from this one on that has a message or any bit. */
static enum err next_block(const struct box_mend *b, uint32_t from, uint32_t *out)
{
    static const enum tag tags[] = { TAG_LIVE, TAG_UNSEEN, TAG_DELETED };
    struct key first = key_box_u32(TAG_MESSAGE, b->box, from * STORE_BITMAP_UIDS);
    struct key prefix = key_box(TAG_MESSAGE, b->box);
    *out = UINT32_MAX;
    enum err e = source_scan(in_view(b->view), b->account, &first, &prefix, take_uid_block, out);
    for (size_t i = 0; !e && i < COUNT_OF(tags); i++) {
        uint32_t block = UINT32_MAX;
        first = key_box_u32(tags[i], b->box, from);
        prefix = key_box(tags[i], b->box);
        e = source_scan(in_view(b->view), b->account, &first, &prefix, take_block, &block);
        if (block < *out) *out = block;
    }
    return e;
}

static enum err look_at_block(struct box_mend *b, uint32_t block)
{
    struct block *k = b->block;
    struct key first = key_box_u32(TAG_MESSAGE, b->box, block * STORE_BITMAP_UIDS);
    struct key prefix = key_box(TAG_MESSAGE, b->box);
    k->fixes_n = k->done = 0;
    k->graves_known = false;
    k->rows = (struct bitmap){ .block = block };
    for (enum bits kind = 0; kind < BITS_KINDS; kind++) {
        struct bitmap_place at = { b->account, b->box, kind };
        k->want[kind] = (struct bitmap){ .block = block };
        if (bitmap_load(in_view(b->view), at, block, &k->have[kind]))
            k->have[kind] = (struct bitmap){ .block = block };
    }
    enum err e = source_scan(in_view(b->view), b->account, &first, &prefix, see_message, b);
    if (!e) find_lost(b);
    return e;
}

/* --- changing -------------------------------------------------------------------------------- */

static enum err apply_fix(struct box_mend *b, struct ledger *l, const struct fix *f)
{
    struct txn *t = l->txn;
    struct uid uid = { f->uid };
    struct modseq modseq = f->kind == FIX_CHANGE ? f->modseq : ledger_modseq(l);
    enum tag tag = f->kind == FIX_LOST ? TAG_TOMBSTONE : TAG_CHANGE;
    struct key change = key_change(tag, b->box, modseq, uid);
    struct key flags = key_box_u32(TAG_FLAGS, b->box, f->uid);
    if (modseq.n > b->modseq_max) b->modseq_max = modseq.n;
    if (f->kind == FIX_LOST) {
        struct buf when = row_new();
        row_add_i64(&when, txn_wall_us(t));
        row_put(t, b->account, &change, &when);
        row_delete(t, b->account, &flags);
        return OK;
    }
    if (f->kind == FIX_FLAGS)
        flags_put(t, b->account, b->box, uid, &(struct flags_row){ .modseq = modseq });
    row_put_empty(t, b->account, &change);
    return OK;
}

static enum err change_block(struct txn *t, void *arg)
{
    struct box_mend *b = arg;
    struct block *k = b->block;
    struct ledger l;
    enum err e = ledger_open(t, b->account, &l);
    size_t n = 0;
    for (; !e && n < FIXES_PER_COMMIT && k->done + n < k->fixes_n; n++)
        e = apply_fix(b, &l, &k->fixes[k->done + n]);
    if (e) return e;
    for (enum bits kind = 0; k->done == 0 && kind < BITS_KINDS; kind++) {
        struct bitmap_place at = { b->account, b->box, kind };
        if (!bits_agree(&k->want[kind], &k->have[kind])) bitmap_save(t, at, &k->want[kind]);
    }
    k->done += n;
    ledger_close(&l);
    return OK;
}

static void tell_block(struct box_mend *b)
{
    struct block *k = b->block;
    size_t mended = 0;
    bool bits = false;
    for (enum bits kind = 0; kind < BITS_KINDS; kind++)
        bits |= !bits_agree(&k->want[kind], &k->have[kind]);
    for (size_t i = 0; i < k->fixes_n; i++) {
        const struct fix *f = &k->fixes[i];
        if (f->kind == FIX_LOST) mend_lost(b->m, "%s %.*s uid %u: its row is gone", BOX(b), f->uid);
        if (f->kind == FIX_FLAGS)
            mend_lost(b->m, "%s %.*s uid %u: its flags; it is unread now", BOX(b), f->uid);
        mended += f->kind == FIX_CHANGE;
    }
    if (mended) mend_done(b->m, "%s %.*s: %zu rows of changes", BOX(b), mended);
    if (bits) mend_done(b->m, "%s %.*s: its bitmaps", BOX(b));
}

static enum err mend_block(struct box_mend *b)
{
    struct block *k = b->block;
    bool right = k->fixes_n == 0;
    for (enum bits kind = 0; kind < BITS_KINDS; kind++)
        right &= bits_agree(&k->want[kind], &k->have[kind]);
    if (right) return OK;
    tell_block(b);
    enum err e;
    do
        e = store_commit(b->m->store, change_block, b);
    while (!e && k->done < k->fixes_n);
    return e;
}

static enum err mend_blocks(struct box_mend *b)
{
    for (uint32_t block = 0;; block++) {
        b->view = store_view(b->m->store);
        if (!b->view) return ERR_LATER;
        enum err e = next_block(b, block, &block);
        bool more = !e && block != UINT32_MAX;
        if (more) e = look_at_block(b, block);
        view_end(b->view);
        if (!e && more) e = mend_block(b);
        if (e || !more) return e;
    }
}

/* --- rows that belong to nothing ----------------------------------------------------------------
 */

static bool is_live(struct box_mend *b, uint32_t uid)
{
    struct bitmap_place at = { b->account, b->box, BITS_LIVE };
    struct bitmap *live = &b->block->have[BITS_LIVE];
    return bitmap_load(in_view(b->view), at, bitmap_block(uid), live) == OK &&
           bitmap_has(live, uid);
}

static bool take_stray(struct box_mend *b, str key)
{
    struct key *k = &b->stray[b->stray_n++];
    bytes_copy(k->p, sizeof k->p, key.p, key.n);
    k->n = (uint8_t)key.n;
    return b->stray_n < PURGE_KEYS;
}

static bool see_change(void *arg, str key, str value)
{
    struct box_mend *b = arg;
    struct uid uid = { get_be32(key.p + key.n - 4) };
    struct flags_row f;
    (void)value;
    if (key.n == 17 && is_live(b, uid.n) &&
        flags_get(in_view(b->view), b->account, b->box, uid, &f) == OK &&
        f.modseq.n == get_be64(key.p + 5))
        return true;
    return take_stray(b, key);
}

static bool see_tombstone(void *arg, str key, str value)
{
    struct box_mend *b = arg;
    uint32_t uid = get_be32(key.p + key.n - 4);
    (void)value;
    if (uid > b->uid_max) b->uid_max = uid;
    if (key.n == 17 && get_be64(key.p + 5) > b->modseq_max) b->modseq_max = get_be64(key.p + 5);
    return is_live(b, uid) ? take_stray(b, key) : true;
}

static enum err drop_strays(struct txn *t, void *arg)
{
    const struct box_mend *b = arg;
    for (size_t i = 0; i < b->stray_n; i++)
        row_delete(t, b->account, &b->stray[i]);
    return OK;
}

static enum err mend_rows(struct box_mend *b, enum tag tag, engine_each *each)
{
    struct key all = key_box(tag, b->box);
    enum err e;
    do {
        b->stray_n = 0;
        b->view = store_view(b->m->store);
        if (!b->view) return ERR_LATER;
        e = source_scan(in_view(b->view), b->account, &all, &all, each, b);
        view_end(b->view);
        if (e || b->stray_n == 0) return e;
        mend_done(b->m, "%s %.*s: %zu rows of %s that belonged to nothing", BOX(b), b->stray_n,
                  tag == TAG_CHANGE ? "changes" : "tombstones");
        e = store_commit(b->m->store, drop_strays, b);
    } while (!e && b->stray_n == PURGE_KEYS);
    return e;
}

/* --- keywords and the head ------------------------------------------------------------------- */

static bool see_keyword(void *arg, str key, str value)
{
    uint64_t *bits = arg;
    (void)value;
    if (key.n == 6) *bits |= (uint64_t)1 << ((unsigned char)key.p[5] % MAILBOX_KEYWORDS);
    return true;
}

static enum err mend_keywords(struct box_mend *b, struct txn *t)
{
    struct key all = key_box(TAG_KEYWORD, b->box);
    uint64_t there = 0;
    enum err e = source_scan(in_txn(t), b->account, &all, &all, see_keyword, &there);
    unsigned n = b->keywords;
    while (n < MAILBOX_KEYWORDS && there >> n)
        n++;
    for (unsigned bit = 0; bit < n; bit++) {
        if (there >> bit & 1) continue;
        struct key k = all;
        struct buf word = buf_make(KEYWORD_BYTES);
        k.p[k.n++] = (char)bit;
        buf_addf(&word, "lost-%u", bit);
        txn_put(t, b->account, key_str(&k), buf_str(&word));
        buf_free(&word);
    }
    b->head.keywords = n;
    return e;
}

static bool heads_agree(const struct head *a, const struct head *b)
{
    return a->uidvalidity == b->uidvalidity && a->uidnext == b->uidnext &&
           a->highest_modseq == b->highest_modseq && a->messages == b->messages &&
           a->unseen == b->unseen && a->deleted == b->deleted && a->keywords == b->keywords &&
           a->size_bytes == b->size_bytes;
}

/* UIDs are never given out twice: after a loss, UIDNEXT jumps over all that may have been. */
static uint32_t uidnext_of(const struct box_mend *b)
{
    uint64_t next = b->is.uidnext;
    if (b->uid_max >= next) next = (uint64_t)b->uid_max + 1;
    next += b->m->gap;
    return next < UINT32_MAX ? (uint32_t)next : UINT32_MAX;
}

static enum err mend_head(struct txn *t, void *arg)
{
    struct box_mend *b = arg;
    struct ledger l;
    enum err e = ledger_open(t, b->account, &l);
    if (!e) e = head_get(in_txn(t), b->account, b->box, &b->is);
    if (!e) e = mend_keywords(b, t);
    if (e) return e;
    b->head.uidvalidity = b->is.uidvalidity;
    b->head.horizon = b->is.horizon;
    b->head.uidnext = uidnext_of(b);
    b->head.highest_modseq =
        b->modseq_max > b->is.highest_modseq ? b->modseq_max : b->is.highest_modseq;
    if (heads_agree(&b->is, &b->head)) return OK;
    head_put(t, b->account, b->box, &b->head);
    return OK;
}

static enum err name_box(struct box_mend *b)
{
    struct title_row title;
    b->view = store_view(b->m->store);
    if (!b->view) return ERR_LATER;
    if (title_get(in_view(b->view), b->account, b->box, &title) == OK)
        buf_add(&b->name, title.name);
    view_end(b->view);
    return OK;
}

static enum err mend_all(struct box_mend *b)
{
    enum err e = name_box(b);
    if (!e) e = mend_blocks(b);
    if (!e) e = mend_rows(b, TAG_CHANGE, see_change);
    if (!e) e = mend_rows(b, TAG_TOMBSTONE, see_tombstone);
    if (!e) e = store_commit(b->m->store, mend_head, b);
    if (b->m->gap) b->is.uidnext = b->head.uidnext; /* that much was said of the journal */
    if (!e && !heads_agree(&b->is, &b->head)) mend_done(b->m, "%s %.*s: its counts", BOX(b));
    return e;
}

enum err mend_box(struct mending *m, struct account a, uint32_t box, const char *whose,
                  struct box_sums *sums)
{
    struct box_mend *b = MEM_NEW(struct box_mend);
    *b = (struct box_mend){ .m = m, .account = a, .box = box, .whose = whose, .sums = sums };
    b->name = buf_make(STORE_VALUE_BYTES);
    b->block = MEM_NEW(struct block);
    b->stray = MEM_ARRAY(PURGE_KEYS, struct key);
    enum err e = mend_all(b);
    sums->messages += b->head.messages;
    sums->bytes += b->head.size_bytes;
    buf_free(&b->name);
    mem_free(b->block);
    mem_free(b->stray);
    mem_free(b);
    return e;
}
