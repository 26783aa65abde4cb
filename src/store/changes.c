/* changes.c - what happened in a mailbox since: the changes of the living and the tombstones,
 * merged.
 *
 * The two kinds of rows are read in step, a few at a time, so that a client that was away for long
 * costs no memory.
 */
#include "store/store_int.h"

#include "base/codec.h"

enum { CHANGES_AT_ONCE = 32 };

struct stream {
    struct view *view;
    struct account account;
    uint32_t m;
    enum tag tag;
    enum change_kind kind;
    struct change ahead[CHANGES_AT_ONCE];
    size_t at, n;
    struct modseq next_modseq; /* where the next read begins */
    struct uid next_uid;
    bool end, bad;
};

static bool take_change(void *arg, str key, str value)
{
    struct stream *s = arg;
    (void)value;
    struct change c = { .kind = s->kind };
    s->bad = key.n != KEY_CHANGE_BYTES;
    if (s->bad) return false;
    c.modseq.n = get_be64(key.p + 5);
    c.uid.n = get_be32(key.p + 13);
    s->ahead[s->n++] = c;
    s->next_modseq = c.modseq;
    s->next_uid.n = c.uid.n + 1; /* never the last UID there is: uidnext is above it */
    return s->n < CHANGES_AT_ONCE;
}

/* The next change of this stream, or NULL. */
static enum err stream_peek(struct stream *s, const struct change **out)
{
    *out = NULL;
    if (s->at == s->n && !s->end) {
        s->at = s->n = 0;
        struct key first = key_change(s->tag, s->m, s->next_modseq, s->next_uid);
        struct key all = key_box(s->tag, s->m);
        enum err e = source_scan(in_view(s->view), s->account, &first, &all, take_change, s);
        if (e) return e;
        if (s->bad) return row_corrupt(s->account, "a change");
        s->end = s->n < CHANGES_AT_ONCE;
    }
    if (s->at < s->n) *out = &s->ahead[s->at];
    return OK;
}

static bool comes_first(const struct change *a, const struct change *b)
{
    if (!b) return true;
    if (a->modseq.n != b->modseq.n) return a->modseq.n < b->modseq.n;
    return a->uid.n < b->uid.n;
}

enum err store_changes(struct view *v, const struct mailbox *m, struct modseq since,
                       bool (*each)(void *arg, const struct change *c), void *arg)
{
    struct head head;
    struct stream lives = { .view = v, .account = m->account, .m = mailbox_number(m->id) };
    lives.tag = TAG_CHANGE;
    lives.kind = CHANGE_MESSAGE;
    lives.next_modseq.n = since.n + 1;
    struct stream dead = lives;
    dead.tag = TAG_TOMBSTONE;
    dead.kind = CHANGE_EXPUNGE;
    enum err e = head_get(in_view(v), m->account, lives.m, &head);
    if (e) return e;
    if (since.n < head.horizon) return ERR_TOO_OLD;
    for (;;) {
        const struct change *a, *b;
        e = stream_peek(&lives, &a);
        if (!e) e = stream_peek(&dead, &b);
        if (e || (!a && !b)) return e;
        bool first = a && comes_first(a, b);
        struct change next = first ? *a : *b;
        (first ? &lives : &dead)->at++;
        if (!each(arg, &next)) return OK;
    }
}

enum err store_changed(struct view *v, const struct mailbox *m, struct change after,
                       bool (*each)(void *arg, const struct change *c), void *arg)
{
    bool whole = after.uid.n == UINT32_MAX;
    struct stream lives = {
        .view = v,
        .account = m->account,
        .m = mailbox_number(m->id),
        .tag = TAG_CHANGE,
        .kind = CHANGE_MESSAGE,
        .next_modseq = { after.modseq.n + whole },
        .next_uid = { whole ? 0 : after.uid.n + 1 },
    };
    for (;;) {
        const struct change *next;
        enum err e = stream_peek(&lives, &next);
        if (e || !next) return e;
        lives.at++;
        if (!each(arg, next)) return OK;
    }
}
