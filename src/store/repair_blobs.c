/* repair_blobs.c - bodies: messages whose bytes are gone are expunged, cards that are not their
 * message's are made again, and references are counted again.
 */
#include "store/repair_int.h"

#include "base/mem.h"
#include "mail/card.h"
#include "run/seam.h"

/* --- messages ------------------------------------------------------------------------------------
 */

struct one {
    struct account account;
    uint32_t box;
    struct uid uid;
    uint64_t size_bytes;
    str card; /* what it must have */
    struct key key;
};

static enum err forget_row(struct txn *t, const struct one *o)
{
    struct bitmap_place at = { o->account, o->box, BITS_LIVE };
    struct bitmap live;
    struct key message = key_box_u32(TAG_MESSAGE, o->box, o->uid.n);
    enum err e = bitmap_load(in_txn(t), at, bitmap_block(o->uid.n), &live);
    if (e) return e;
    bitmap_set(&live, o->uid.n, false);
    bitmap_save(t, at, &live);
    row_delete(t, o->account, &message);
    return OK;
}

/* Clients that knew it learn that it is gone; its UID is not used again, and nothing is kept that
 * could be brought back. */
static enum err expunge(struct txn *t, void *arg)
{
    const struct one *o = arg;
    struct key message = key_box_u32(TAG_MESSAGE, o->box, o->uid.n);
    struct key flags = key_box_u32(TAG_FLAGS, o->box, o->uid.n);
    struct ledger l;
    struct box *b;
    enum err e = ledger_open(t, o->account, &l);
    if (!e) e = box_open(&l, o->box, &b);
    if (e == ERR_NOTFOUND) return forget_row(t, o); /* its mailbox was deleted, and may come back */
    struct facts was;
    struct uid_range on = { o->uid.n, o->uid.n };
    if (!e) e = box_facts(b, on, FACTS_FLAGS | FACTS_MESSAGE, &was);
    if (!e) e = box_remove(b, o->uid, &was);
    if (e) return e;
    box_close(b);
    ledger_close(&l);
    row_delete(t, o->account, &message);
    row_delete(t, o->account, &flags);
    return OK;
}

static enum err put_card(struct txn *t, void *arg)
{
    const struct one *o = arg;
    struct message m = { 0 };
    enum err e = message_get(in_txn(t), o->account, o->box, o->uid, &m);
    if (e) return e;
    struct head head;
    struct ledger_row ledger;
    uint64_t was = m.size_bytes;
    m.uid = o->uid;
    m.card = o->card;
    m.size_bytes = o->size_bytes;
    message_put(t, o->account, o->box, &m);
    if (was == m.size_bytes) return OK;
    e = head_get(in_txn(t), o->account, o->box, &head);
    if (!e) e = ledger_row_get(in_txn(t), o->account, &ledger);
    if (e) return e;
    head.size_bytes += m.size_bytes - was;
    ledger.bytes += m.size_bytes - was;
    head_put(t, o->account, o->box, &head);
    ledger_row_put(t, o->account, &ledger);
    return OK;
}

static enum err forget_queued(struct txn *t, void *arg)
{
    const struct one *o = arg;
    row_delete(t, ACCOUNT_QUEUE, &o->key);
    return OK;
}

static enum err mend_ref(struct mending *m, const struct ref *r, enum err state, str wanted)
{
    struct buf kept = buf_make(CARD_BYTES), words = buf_make(LOG_VALUE_BYTES);
    struct named named;
    struct one o = { .card = wanted, .account = { r->account }, .box = (uint32_t)(r->n >> 32) };
    struct card card;
    o.uid.n = (uint32_t)r->n;
    if (!state && card_open(wanted, &card)) o.size_bytes = card.size;
    enum err e = OK;
    if (r->account == ACCOUNT_QUEUE.n) {
        struct msgid id = { r->n };
        o.key = key_queued(TAG_QUEUED, id);
        if (state) mend_lost(m, "queue %llu: its bytes are gone", (unsigned long long)r->n);
        if (state) e = store_commit(m->store, forget_queued, &o);
    } else if (ref_name(&m->checking, r, &named, &kept)) {
        if (!state && !named.m.card.n && card_kept(m->store->engine, &named.m, &kept)) kept.n = 0;
        card_words(state ? buf_str(&kept) : wanted, &words);
        if (state) {
            mend_lost(m, "%.*s%.*s: its bytes are gone; it is expunged",
                      STR_ARG(buf_str(&named.name)), STR_ARG(buf_str(&words)));
            e = store_commit(m->store, expunge, &o);
        } else if (!card_agrees(buf_str(&kept), wanted) || o.size_bytes != named.m.size_bytes) {
            /* One that lies beside the body was read with the body's checksum. */
            if (wanted.n > STORE_CARD_INLINE_BYTES) o.card = S("");
            mend_done(m, "%.*s%.*s: its card", STR_ARG(buf_str(&named.name)),
                      STR_ARG(buf_str(&words)));
            e = store_commit(m->store, put_card, &o);
        }
        buf_free(&named.name);
    }
    buf_free(&kept);
    buf_free(&words);
    return e;
}

/* What of it can be read, frame by frame, for people to look at. */
/* ERR_LATER: it is not surely on the disk, so the blob may not be let go yet. */
static enum err salvage(struct mending *m, struct blob blob)
{
    struct body_reader *r;
    struct seam *seam = m->store->seam;
    struct buf path = buf_make(64);
    str piece;
    if (!seam || body_open(m->store->engine, blob, &r)) return OK; /* Waits. */
    buf_addf(&path, "lost/body-%llu.eml", (unsigned long long)blob.n);
    buf_addc(&path, 0);
    seam_mkdir(seam, "lost"); /* it may be there */
    int file = seam_open(seam, path.p, SEAM_WRITE | SEAM_CREATE);
    uint64_t to = 0;
    for (uint64_t at = 0; file >= 0 && at < body_reader_size(r); at += STORE_FRAME_BYTES) {
        if (body_read(r, at, STORE_FRAME_BYTES, &piece)) continue; /* Waits. */
        struct iovec iov = { (void *)(uintptr_t)piece.p, piece.n };
        if (seam_pwritev(seam, file, &iov, 1, to) == (ssize_t)piece.n) to += piece.n;
    }
    bool durable = file >= 0 && seam_fdatasync(seam, file) == 0 && seam_sync_dir(seam, "lost") == 0;
    if (to && durable) mend_done(m, "what can be read of it is in %s", path.p);
    if (file >= 0) seam_close(seam, file);
    body_close(r);
    buf_free(&path);
    return durable ? OK : ERR_LATER;
}

static enum err forget_blob(struct txn *t, void *arg)
{
    txn_blob_recount(t, *(const struct blob *)arg, -1);
    return OK;
}

static enum err mend_body(struct mending *m, const struct refs *refs, size_t *at)
{
    struct buf card = buf_make(CARD_BYTES);
    uint64_t blob = refs->refs[*at].blob;
    enum err e = OK, state = card_again(m->store->engine, (struct blob){ blob }, &card);
    if (state == ERR_LATER) e = state; /* the disk: nothing is let go on a guess */
    for (; !e && *at < refs->n && refs->refs[*at].blob == blob; ++*at)
        e = mend_ref(m, &refs->refs[*at], state, buf_str(&card));
    buf_free(&card);
    if (e || !state) return e;
    struct blob lost = { blob };
    e = salvage(m, lost);
    return e ? e : store_commit(m->store, forget_blob, &lost);
}

/* --- references ----------------------------------------------------------------------------------
 */

enum { COUNTS_AT_ONCE = 1000 };
struct counts {
    const struct refs *refs;
    size_t at;
    struct {
        struct blob blob;
        int64_t refs;
    } wrong[COUNTS_AT_ONCE];
    size_t n;
};

static bool count_blob(void *arg, struct blob blob, int64_t counted, const struct blob_facts *facts)
{
    struct counts *c = arg;
    while (c->at < c->refs->n && c->refs->refs[c->at].blob < blob.n)
        c->at++;
    size_t from = c->at;
    while (c->at < c->refs->n && c->refs->refs[c->at].blob == blob.n)
        c->at++;
    int64_t refs = (int64_t)(c->at - from);
    if (facts && counted == refs) return true;
    c->wrong[c->n].blob = blob;
    c->wrong[c->n++].refs = refs;
    return c->n < COUNTS_AT_ONCE;
}

static enum err recount(struct txn *t, void *arg)
{
    const struct counts *c = arg;
    for (size_t i = 0; i < c->n; i++)
        txn_blob_recount(t, c->wrong[i].blob, c->wrong[i].refs);
    return OK;
}

static enum err mend_counts(struct mending *m, const struct refs *refs)
{
    struct counts *c = MEM_NEW(struct counts);
    struct blob first = { refs->first }, last = { refs->last };
    enum err e;
    do {
        *c = (struct counts){ .refs = refs };
        struct view *v = store_view(m->store);
        e = v ? view_blobs(v, first, last, count_blob, c) : ERR_LATER;
        if (v) view_end(v);
        if (e || c->n == 0) break;
        mend_done(m, "%zu bodies: how often they are referred to", c->n);
        first.n = c->wrong[c->n - 1].blob.n + 1;
        e = store_commit(m->store, recount, c);
    } while (!e && c->n == COUNTS_AT_ONCE);
    mem_free(c);
    return e;
}

/* --- bodies that only undelete refers to ---------------------------------------------------------
 */

struct unused {
    struct blob blobs[COUNTS_AT_ONCE];
    size_t n;
};

static bool see_unused(void *arg, struct blob blob, int64_t counted, const struct blob_facts *facts)
{
    struct unused *u = arg;
    if (facts && counted == 0) u->blobs[u->n++] = blob;
    return u->n < COUNTS_AT_ONCE;
}

/* What was deleted and cannot be read any more is not offered to be brought back. */
static enum err mend_unused_one(struct mending *m, struct blob blob)
{
    struct buf card = buf_make(CARD_BYTES);
    enum err e = OK, state = card_again(m->store->engine, blob, &card); /* Waits. */
    buf_free(&card);
    if (state == ERR_LATER) e = state;
    if (e || !state || state == ERR_LIMIT) return e;
    mend_lost(m, "a deleted message that undelete might have brought back (blob %llu)",
              (unsigned long long)blob.n);
    e = salvage(m, blob);
    return e ? e : store_commit(m->store, forget_blob, &blob);
}

static enum err mend_unused(struct mending *m)
{
    struct unused *u = MEM_NEW(struct unused);
    struct blob first = { 0 }, last = { UINT64_MAX };
    enum err e;
    do {
        u->n = 0;
        struct view *v = store_view(m->store);
        e = v ? view_blobs(v, first, last, see_unused, u) : ERR_LATER;
        if (v) view_end(v);
        for (size_t i = 0; !e && i < u->n; i++)
            e = mend_unused_one(m, u->blobs[i]);
        if (u->n) first.n = u->blobs[u->n - 1].n + 1;
    } while (!e && u->n == COUNTS_AT_ONCE);
    mem_free(u);
    return e;
}

/* --- range by range ------------------------------------------------------------------------------
 */

static enum err gather(struct mending *m, struct refs *refs)
{
    m->checking.view = store_view(m->store);
    if (!m->checking.view) return ERR_LATER;
    enum err e = refs_gather(&m->checking, refs);
    view_end(m->checking.view);
    return e;
}

static enum err each_range(struct mending *m,
                           enum err (*fn)(struct mending *m, const struct refs *r))
{
    struct refs refs = { .max = STORE_CHECK_REFS };
    enum err e;
    do {
        e = gather(m, &refs);
        if (!e) e = fn(m, &refs);
        refs.first = refs.last + 1;
    } while (!e && refs.last != UINT64_MAX);
    refs_free(&refs);
    return e;
}

static enum err mend_bodies(struct mending *m, const struct refs *refs)
{
    enum err e = OK;
    for (size_t at = 0; !e && at < refs->n;) {
        if (m->report->progress) m->report->progress(m->report->arg, "messages", at, refs->n);
        e = mend_body(m, refs, &at);
        if (fiber_self()) fiber_yield();
    }
    return e;
}

enum err mend_blobs(struct mending *m)
{
    enum err e = each_range(m, mend_bodies);
    if (!e) e = mend_queue(m); /* recipients of what was let go */
    if (!e) e = each_range(m, mend_counts);
    return e ? e : mend_unused(m);
}
