/* undelete.c - bringing back what was expunged, or deleted with its mailbox, not too long ago.
 *
 * An expunged message's rows stay until its tombstone is forgotten, and its body until the engine
 * takes away what nobody refers to: both not before undelete_ms. A deleted mailbox keeps all its
 * rows so long, its live bits and their references too. What is brought back is marked in the
 * commit that does it (the tombstone says so, the live bit is cleared), so nothing comes back
 * twice.
 */
#include "store/store_int.h"

#include "base/codec.h"
#include "base/mem.h"

/* One that went: where its row is, and the tombstone's modseq, 0 if it was live. */
struct lost {
    uint32_t m, uid;
    uint64_t modseq;
};

/* --- finding ---------------------------------------------------------------------------------- */

struct finding {
    struct view *view;
    const struct undelete *what;
    int64_t from_us;
    bool (*each)(void *arg, const struct restorable *g, const struct lost *l);
    void *arg;
    struct title_row title; /* of the mailbox at hand */
    int64_t dead_us;        /* when it was deleted; 0: it was not */
    uint32_t m;
    bool stopped;
    enum err bad;
};

/* A message whose row or body is gone is none that can be brought back. */
static bool show(struct finding *f, const struct lost *l, int64_t when_us)
{
    struct message m = { 0 };
    struct blob_facts facts;
    struct account a = f->what->account;
    if (when_us < f->from_us) return true;
    if (message_get(in_view(f->view), a, l->m, (struct uid){ l->uid }, &m)) return true;
    if (view_blob(f->view, m.blob, &facts)) return true;
    struct restorable g = { .mailbox = f->title.name,
                            .with_mailbox = l->modseq == 0,
                            .uid = { l->uid },
                            .when_us = when_us,
                            .size_bytes = m.size_bytes,
                            .card = m.card };
    f->stopped = !f->each(f->arg, &g, l);
    return !f->stopped;
}

static bool see_tombstone(void *arg, str key, str value)
{
    struct finding *f = arg;
    struct tombstone_row row;
    if (key.n != KEY_CHANGE_BYTES) return true;
    struct lost l = { f->m, get_be32(key.p + 13), get_be64(key.p + 5) };
    if (tombstone_read(value, &row) || row.how != GONE_EXPUNGED) return true;
    return show(f, &l, row.when_us);
}

static bool see_live(void *arg, const struct bitmap *live)
{
    struct finding *f = arg;
    unsigned bit = bitmap_next(live->words, 0);
    for (; bit < STORE_BITMAP_UIDS; bit = bitmap_next(live->words, bit + 1)) {
        struct lost l = { f->m, live->block * STORE_BITMAP_UIDS + bit, 0 };
        if (!show(f, &l, f->dead_us)) return false;
    }
    return true;
}

static bool is_asked_for(const struct finding *f)
{
    return !f->what->mailbox.n || str_eq(f->what->mailbox, f->title.name);
}

static bool find_in(struct finding *f)
{
    struct account a = f->what->account;
    struct bitmap_place at = { a, f->m, BITS_LIVE };
    struct key all = key_box(TAG_TOMBSTONE, f->m);
    if (!is_asked_for(f)) return true;
    f->bad = source_scan(in_view(f->view), a, &all, &all, see_tombstone, f);
    if (!f->bad && !f->stopped && f->dead_us)
        f->bad = bitmap_each(in_view(f->view), at, 0, see_live, f);
    return !f->bad && !f->stopped;
}

static bool see_title(void *arg, str key, str value)
{
    struct finding *f = arg;
    (void)value;
    if (key.n != KEY_BOX_BYTES) return true;
    f->m = get_be32(key.p + 1);
    f->dead_us = 0;
    if (title_get(in_view(f->view), f->what->account, f->m, &f->title)) return true;
    return find_in(f);
}

static bool see_dying(void *arg, str key, str value)
{
    struct finding *f = arg;
    struct dying_row row;
    if (key.n != KEY_BOX_BYTES) return true;
    f->m = get_be32(key.p + 1);
    if (dying_read(value, &row) || !row.when_us) return true; /* its removal is under way */
    f->title = row.title;
    f->dead_us = row.when_us;
    return find_in(f);
}

static enum err find(struct store *s, struct finding *f)
{
    struct key titles = key_of(TAG_TITLE), dying = key_of(TAG_DYING);
    struct account a = f->what->account;
    int64_t kept_us = f->what->now_us - (int64_t)(s->settings.undelete_ms * 1000);
    f->from_us = f->what->since_us > kept_us ? f->what->since_us : kept_us;
    f->view = store_view(s);
    if (!f->view) return ERR_LATER;
    enum err e = source_scan(in_view(f->view), a, &titles, &titles, see_title, f);
    if (!e && !f->bad && !f->stopped)
        e = source_scan(in_view(f->view), a, &dying, &dying, see_dying, f);
    view_end(f->view);
    return e ? e : f->bad;
}

struct telling {
    bool (*each)(void *arg, const struct restorable *g);
    void *arg;
};

static bool tell(void *arg, const struct restorable *g, const struct lost *l)
{
    const struct telling *t = arg;
    (void)l;
    return t->each(t->arg, g);
}

enum err store_gone(struct store *s, const struct undelete *u,
                    bool (*each)(void *arg, const struct restorable *g), void *arg)
{
    struct telling t = { each, arg };
    struct finding f = { .what = u, .each = tell, .arg = &t };
    return find(s, &f);
}

/* --- bringing back ---------------------------------------------------------------------------- */

struct restoring {
    const struct undelete *what;
    struct lost *lost;
    size_t n, cap;
    size_t at, committed_at;
    uint64_t restored, committed_restored;
    bool full; /* quota */
};

enum { RESTORE_OPS = BOX_ADD_OPS + 4 + JOURNEY_OPS + 3 * BITS_KINDS + MAILBOX_KEYWORDS };

static bool take_lost(void *arg, const struct restorable *g, const struct lost *l)
{
    struct restoring *r = arg;
    (void)g;
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        r->lost = mem_resize(r->lost, r->cap, cap, sizeof *r->lost);
        r->cap = cap;
    }
    r->lost[r->n++] = *l;
    return true;
}

/* The name that mailbox m has or had. */
static enum err name_of(struct ledger *l, uint32_t m, struct title_row *out)
{
    struct key k = key_box(TAG_DYING, m);
    struct dying_row row;
    str value;
    enum err e = title_get(in_txn(l->txn), l->account, m, out);
    if (e != ERR_NOTFOUND) return e;
    e = source_get(in_txn(l->txn), l->account, &k, &value);
    if (!e) e = dying_read(value, &row);
    if (!e) *out = row.title;
    return e;
}

/* The mailbox of that name, made if need be. */
static enum err open_target(struct ledger *l, uint32_t m, struct box **out)
{
    struct title_row title;
    uint32_t made;
    enum err e = name_of(l, m, &title);
    if (e) return e;
    title.name = arena_copy(txn_arena(l->txn), title.name);
    e = box_open_name(l, title.name, out);
    if (e != ERR_NOTFOUND) return e;
    e = mailbox_make(l, &title, false, &made);
    return e ? e : box_open(l, made, out);
}

/* ERR_NOTFOUND: it is back already, or was never gone. */
static enum err mark_tombstone(struct txn *t, struct account a, const struct lost *l)
{
    struct key k =
        key_change(TAG_TOMBSTONE, l->m, (struct modseq){ l->modseq }, (struct uid){ l->uid });
    struct tombstone_row row;
    str value;
    enum err e = source_get(in_txn(t), a, &k, &value);
    if (!e) e = tombstone_read(value, &row);
    if (!e && row.how != GONE_EXPUNGED) e = ERR_NOTFOUND;
    if (e) return e;
    row.how = GONE_RESTORED;
    tombstone_put(t, a, &k, &row);
    return OK;
}

/* The same of one that went with its mailbox: its bit goes, and with it the reference it held. */
static enum err clear_live(struct txn *t, struct account a, const struct lost *l, struct blob blob)
{
    struct bitmap_place at = { a, l->m, BITS_LIVE };
    struct bitmap live;
    enum err e = bitmap_load(in_txn(t), at, bitmap_block(l->uid), &live);
    if (e) return e;
    if (!bitmap_set(&live, l->uid, false)) return ERR_NOTFOUND;
    bitmap_save(t, at, &live);
    txn_blob_ref(t, blob, -1);
    return OK;
}

static enum err read_lost(struct box *to, const struct lost *l, struct message *m,
                          struct flags_row *flags)
{
    struct ledger *ledger = to->ledger;
    struct txn *t = ledger->txn;
    struct uid uid = { l->uid };
    enum err e = flags_get(in_txn(t), ledger->account, l->m, uid, flags);
    if (!e) e = message_get(in_txn(t), ledger->account, l->m, uid, m);
    if (e) return e;
    m->card = arena_copy(txn_arena(t), m->card);
    m->flags = flags->flags;
    m->flags.system &= (uint8_t)~FLAG_DELETED;
    if (to->m != l->m) e = box_translate(to, to->ledger->account, l->m, &m->flags.keywords);
    if (e == ERR_LIMIT) m->flags.keywords = 0; /* the mailbox has its number: it comes without */
    if (e && e != ERR_LIMIT) return e;
    return txn_arena(t)->full ? ERR_LIMIT : OK;
}

static enum err restore_one(struct restoring *r, struct box *to, const struct lost *l)
{
    struct ledger *ledger = to->ledger;
    struct message m = { 0 };
    struct flags_row flags;
    enum err e = read_lost(to, l, &m, &flags);
    if (e == ERR_CORRUPT) return OK; /* check tells of it */
    if (!e) e = ledger_room(ledger, m.size_bytes, 1);
    r->full = e == ERR_LIMIT;
    if (r->full) return OK;
    if (!e)
        e = l->modseq ? mark_tombstone(ledger->txn, ledger->account, l)
                      : clear_live(ledger->txn, ledger->account, l, m.blob);
    if (!e) txn_blob_ref(ledger->txn, m.blob, 1);
    if (!e) e = box_add(to, &m, flags.seen_once);
    if (!e) e = journey_put_change(to, m.journey, m.uid, S("restored"), r->what->actor);
    r->restored += !e;
    return e;
}

/* Those that follow each other in one mailbox. */
static enum err restore_some(struct restoring *r, struct ledger *l)
{
    struct box *to = NULL;
    uint32_t m = r->lost[r->at].m;
    enum err e = open_target(l, m, &to);
    if (e == ERR_NOTFOUND) { /* its time was over just now: the others go on */
        while (r->at < r->n && r->lost[r->at].m == m)
            r->at++;
        return OK;
    }
    while (!e && r->at < r->n && r->lost[r->at].m == m &&
           room_for_step(l->txn, RESTORE_OPS + BOX_SHARED_OPS)) {
        e = restore_one(r, to, &r->lost[r->at]);
        if (e == ERR_NOTFOUND) e = OK;
        if (r->full) break;
        r->at++;
    }
    if (!e) box_close(to);
    return e;
}

static enum err restore(struct txn *t, void *arg)
{
    struct restoring *r = arg;
    struct ledger l;
    r->at = r->committed_at;
    r->restored = r->committed_restored;
    r->full = false;
    enum err e = ledger_open(t, r->what->account, &l);
    if (!e) e = restore_some(r, &l);
    if (!e) ledger_close(&l);
    return e;
}

enum err store_undelete(struct store *s, const struct undelete *u, uint64_t *restored)
{
    struct restoring r = { .what = u };
    struct finding f = { .what = u, .each = take_lost, .arg = &r };
    enum err e = find(s, &f);
    while (!e && !r.full && r.committed_at < r.n) {
        e = store_commit(s, restore, &r);
        if (e) break;
        r.committed_at = r.at;
        r.committed_restored = r.restored;
    }
    *restored = r.committed_restored;
    mem_free(r.lost);
    return e ? e : r.full ? ERR_LIMIT : OK;
}
