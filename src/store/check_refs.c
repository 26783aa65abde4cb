/* check_refs.c - who refers to which body, in order, however many they are.
 *
 * References are gathered until the room for them is full; then the half with the higher blobs is
 * forgotten, and the walk goes on with what is below. So one walk over all messages gives the
 * references of a range of blobs, complete, and the next walk those of the range behind it.
 */
#include "store/check_int.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"

struct gather {
    struct checking *c;
    struct refs *refs;
    struct account account;
    struct bitmap live; /* the block in hand of the mailbox m */
    uint32_t m;
    enum err failed;
};

static int by_blob(const void *a, const void *b)
{
    const struct ref *x = a, *y = b;
    if (x->blob != y->blob) return x->blob < y->blob ? -1 : 1;
    if (x->account != y->account) return x->account < y->account ? -1 : 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

static void grow(struct refs *r)
{
    size_t cap = r->cap ? r->cap * 2 : 1024;
    r->refs = mem_resize(r->refs, r->cap, cap, sizeof *r->refs);
    r->cap = cap;
}

/* Keeps the lower half, up to the end of a blob: all its references or none. */
static void cut(struct refs *r)
{
    size_t keep = r->n / 2;
    qsort(r->refs, r->n, sizeof *r->refs, by_blob);
    while (keep > 0 && r->refs[keep - 1].blob == r->refs[keep].blob)
        keep--;
    if (keep == 0) {
        r->max *= 2; /* they are all one blob's */
        return;
    }
    r->last = r->refs[keep - 1].blob;
    r->n = keep;
}

static void add(struct gather *g, struct blob blob, uint64_t account, uint64_t n)
{
    struct refs *r = g->refs;
    if (r->n >= r->max) cut(r);
    if (blob.n < r->first || blob.n > r->last) return;
    if (r->n == r->cap) grow(r);
    r->refs[r->n++] = (struct ref){ blob.n, account, n };
}

static bool is_live(struct gather *g, uint32_t m, uint32_t uid)
{
    if (g->m != m || g->live.block != bitmap_block(uid)) {
        struct bitmap_place at = { g->account, m, BITS_LIVE };
        /* A bitmap that does not read was told of by the account's check. */
        if (bitmap_load(in_view(g->c->view), at, bitmap_block(uid), &g->live))
            g->live = (struct bitmap){ .block = bitmap_block(uid) };
        g->m = m;
    }
    return bitmap_has(&g->live, uid);
}

static bool see_message(void *arg, str key, str value)
{
    struct gather *g = arg;
    struct message m = { 0 };
    uint32_t box = get_be32(key.p + 1), uid = get_be32(key.p + 5);
    if (is_live(g, box, uid) && message_read(value, &m) == OK)
        add(g, m.blob, g->account.n, (uint64_t)box << 32 | uid);
    return true;
}

static bool see_queued(void *arg, str key, str value)
{
    struct gather *g = arg;
    struct queued q;
    (void)value;
    struct msgid id = { get_be64(key.p + 1) };
    if (queued_get(in_view(g->c->view), id, &q) == OK) add(g, q.blob, ACCOUNT_QUEUE.n, id.n);
    return true;
}

static bool see_account(void *arg, struct account a)
{
    struct gather *g = arg;
    struct key messages = key_of(TAG_MESSAGE);
    if (a.n < ACCOUNT_FIRST_USER) return true;
    g->account = a;
    g->m = 0; /* no mailbox has this number */
    g->failed = source_scan(in_view(g->c->view), a, &messages, &messages, see_message, g);
    return !g->failed;
}

enum err refs_gather(struct checking *c, struct refs *out)
{
    struct gather g = { .c = c, .refs = out };
    struct key queued = key_of(TAG_QUEUED);
    out->n = 0;
    out->last = UINT64_MAX;
    enum err e = view_accounts(c->view, see_account, &g);
    if (!e) e = g.failed;
    if (!e) e = source_scan(in_view(c->view), ACCOUNT_QUEUE, &queued, &queued, see_queued, &g);
    if (!e && out->n) qsort(out->refs, out->n, sizeof *out->refs, by_blob);
    return e;
}

void refs_free(struct refs *r)
{
    mem_free(r->refs);
    *r = (struct refs){ 0 };
}
