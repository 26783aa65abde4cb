/* replace.c - REPLACE: a message comes and the one it stands for goes, in one commit (RFC 8508). */
#include "store/store_int.h"

struct replacing {
    const struct replace *what;
    struct appended *out;
};

/* It goes first: so quota counts what is left. */
static enum err expunge_old(struct box *b, const struct replace *r)
{
    struct uid_range one = { r->old.n, r->old.n };
    struct uid live = { 0 };
    enum err e = box_next(b, BITS_LIVE, one, &live);
    if (e) return e;
    return live.n ? expunge_message(b, one, r->actor) : ERR_CONFLICT;
}

static enum err replace(struct txn *t, void *arg)
{
    const struct replacing *r = arg;
    const struct append *with = &r->what->with;
    struct ledger l;
    struct box *from = NULL, *to = NULL;
    enum err e = ledger_open(t, with->account, &l);
    if (!e) e = box_open_name(&l, with->mailbox, &to);
    if (e) return e;
    if (to->m == mailbox_number(r->what->mailbox)) from = to; /* one head row may be open once */
    if (!from) e = box_open(&l, mailbox_number(r->what->mailbox), &from);
    if (e) return e == ERR_NOTFOUND ? ERR_CONFLICT : e;
    e = expunge_old(from, r->what);
    if (!e) e = append_item(to, with, r->out);
    if (e) return e;
    box_close(to);
    if (from != to) box_close(from);
    ledger_close(&l);
    return OK;
}

enum err store_replace(struct store *s, const struct replace *r, struct appended *out)
{
    struct replacing replacing = { r, out };
    return store_commit(s, replace, &replacing);
}
