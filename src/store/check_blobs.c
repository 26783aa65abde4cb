/* check_blobs.c - bodies: as many references as there are messages and queue entries that need
 * them.
 *
 * All references in the store are gathered (8 bytes each), sorted, and counted against the
 * engine's.
 */
#include "store/check_int.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"

struct refs {
    struct checking *c;
    struct account account;
    struct bitmap live; /* the block in hand of the mailbox m */
    uint32_t m;
    uint64_t *blobs;
    size_t n, cap;
    enum err failed;
};

static void add_ref(struct refs *r, struct blob blob)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 1024;
        r->blobs = mem_resize(r->blobs, r->cap, cap, sizeof *r->blobs);
        r->cap = cap;
    }
    r->blobs[r->n++] = blob.n;
}

static bool is_live(struct refs *r, uint32_t m, uint32_t uid)
{
    if (r->m != m || r->live.block != bitmap_block(uid)) {
        struct bitmap_place at = { r->account, m, BITS_LIVE };
        r->failed = bitmap_load(in_view(r->c->view), at, bitmap_block(uid), &r->live);
        r->m = m;
    }
    return !r->failed && bitmap_has(&r->live, uid);
}

static bool see_message(void *arg, str key, str value)
{
    struct refs *r = arg;
    struct message m = { 0 };
    if (!is_live(r, get_be32(key.p + 1), get_be32(key.p + 5))) return !r->failed;
    if (message_read(value, &m) == OK) add_ref(r, m.blob); /* else the account's check said so */
    return true;
}

static bool see_queued(void *arg, str key, str value)
{
    struct refs *r = arg;
    struct queued q;
    (void)value;
    struct msgid id = { get_be64(key.p + 1) };
    if (queued_get(in_view(r->c->view), id, &q) == OK) add_ref(r, q.blob);
    return true;
}

static bool see_account(void *arg, struct account a)
{
    struct refs *r = arg;
    struct key messages = key_of(TAG_MESSAGE);
    if (a.n < ACCOUNT_FIRST_USER) return true;
    r->account = a;
    r->m = 0; /* no mailbox has this number */
    enum err e = source_scan(in_view(r->c->view), a, &messages, &messages, see_message, r);
    if (e) r->failed = e;
    return !r->failed;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void compare(struct refs *r, struct blob blob, int64_t refs)
{
    struct blob_facts facts;
    unsigned long long n = blob.n;
    if (view_blob(r->c->view, blob, &facts))
        check_fault(r->c, "blob %llu: its bytes are missing", n);
    else if (facts.refs != refs)
        check_fault(r->c, "blob %llu: %lld references counted, there are %lld", n,
                    (long long)facts.refs, (long long)refs);
}

enum err check_blobs(struct checking *c)
{
    struct refs r = { .c = c };
    struct key messages = key_of(TAG_QUEUED);
    enum err e = view_accounts(c->view, see_account, &r);
    if (!e) e = r.failed;
    if (!e) e = source_scan(in_view(c->view), ACCOUNT_QUEUE, &messages, &messages, see_queued, &r);
    if (!e && r.n > 0) qsort(r.blobs, r.n, sizeof *r.blobs, by_number);
    for (size_t i = 0; !e && i < r.n;) {
        size_t next = i + 1;
        while (next < r.n && r.blobs[next] == r.blobs[i])
            next++;
        compare(&r, (struct blob){ r.blobs[i] }, (int64_t)(next - i));
        i = next;
    }
    mem_free(r.blobs);
    return e;
}
