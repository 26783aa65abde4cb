/* quota.c - GETQUOTA, GETQUOTAROOT, SETQUOTA: how much a user keeps, and how much he may.
 *
 * RFC 9208. There is one quota root for each user, and its name is his address: all his mailboxes
 * are under it. A user hears of his own; administrators hear of everybody's, and set it.
 */
#include "imap/session_int.h"

enum { KIB = 1024 };

/* --- whose ---------------------------------------------------------------------------------- */
bool imap_is_administrator(struct imap *s, struct view *view)
{
    struct user me;
    return !store_user_by_account(view, s->account, &me) && me.administrator;
}

/* The user whose quota root it is. RFC 9208 8: a stranger to it does not hear whether it is there.
 */
static enum err find_root(struct imap *s, struct view *view, str root, bool to_change,
                          struct user *out)
{
    bool administrator = imap_is_administrator(s, view);
    if (!administrator && (to_change || !str_eq(root, s->user)))
        return imap_no(s, ERR_DENIED, S("NOPERM"), S("only administrators may do this"));
    enum err e = store_user_find(view, root, out);
    return e == ERR_NOTFOUND ? imap_no(s, e, S("NONEXISTENT"), S("no such quota root")) : e;
}

/* --- telling -------------------------------------------------------------------------------- */
static void resource(struct reply *r, str name, uint64_t used, uint64_t max)
{
    if (!str_ends(buf_str(&r->out), S("("))) reply_words(r, S(" "));
    reply_words(r, name);
    reply_words(r, S(" "));
    reply_number(r, used);
    reply_words(r, S(" "));
    reply_number(r, max);
}

static uint64_t kib(uint64_t bytes)
{
    return bytes / KIB + (bytes % KIB != 0);
}

/* RFC 9208 4.2.1: what is not in the list is not limited. */
static void tell_quota(struct imap *s, str root, const struct quota *q)
{
    struct reply *r = &s->reply;
    reply_words(r, S("* QUOTA "));
    reply_string(r, root);
    reply_words(r, S(" ("));
    if (q->bytes_max) resource(r, S("STORAGE"), kib(q->bytes), kib(q->bytes_max));
    if (q->messages_max) resource(r, S("MESSAGE"), q->messages, q->messages_max);
    reply_words(r, S(")"));
    reply_end(r);
}

static enum err tell_root(struct imap *s, struct view *view, const struct user *u)
{
    struct quota q;
    enum err e = store_quota(view, u->account, &q);
    if (!e) tell_quota(s, u->address, &q);
    return e;
}

static enum err tell(struct imap *s, str root, bool to_change)
{
    struct user u;
    struct view *view = store_view(s->server->store);
    if (!view) return ERR_LATER;
    enum err e = find_root(s, view, root, to_change, &u);
    if (!e) e = tell_root(s, view, &u);
    view_end(view);
    return e;
}

enum err imap_getquota(struct imap *s, const struct command *c)
{
    return tell(s, c->quota.root, false);
}

/* RFC 9208 4.1.2: a mailbox of one's own need not be there yet; 6: of another's, one must be able
 * to read it. */
enum err imap_getquotaroot(struct imap *s, const struct command *c)
{
    struct user u;
    struct place at;
    enum err e = imap_place(s, c->mailbox.mailbox, RIGHT_READ, &at);
    if (e) return e;
    struct view *view = store_view(s->server->store);
    if (!view) return ERR_LATER;
    e = store_user_by_account(view, at.account, &u);
    if (!e) {
        reply_words(&s->reply, S("* QUOTAROOT "));
        reply_mailbox(&s->reply, c->mailbox.mailbox);
        reply_words(&s->reply, S(" "));
        reply_string(&s->reply, u.address);
        reply_end(&s->reply);
        e = tell_root(s, view, &u);
    }
    view_end(view);
    return e;
}

/* --- setting -------------------------------------------------------------------------------- */
static enum err may_set(struct imap *s, str root)
{
    struct user u;
    struct view *view = store_view(s->server->store);
    if (!view) return ERR_LATER;
    enum err e = find_root(s, view, root, true, &u);
    view_end(view);
    return e;
}

enum err imap_setquota(struct imap *s, const struct command *c)
{
    const struct quota_args *q = &c->quota;
    enum err e = may_set(s, q->root);
    if (e) return e;
    if (q->has_other)
        return imap_no(s, ERR_DENIED, S("CANNOT"), S("only STORAGE and MESSAGE are limited here"));
    bool zero = (q->has_storage && !q->storage_kib) || (q->has_messages && !q->messages);
    if (zero || q->storage_kib > UINT64_MAX / KIB)
        return imap_no(s, ERR_DENIED, S("CANNOT"),
                       S("a limit is 1 or more; what is not named has none"));
    /* RFC 9208 4.1.3: limits that are not named are no more. */
    e = store_user_quota(s->server->store, q->root, q->storage_kib * KIB, q->messages);
    return e ? e : tell(s, q->root, true);
}

/* --- over it -------------------------------------------------------------------------------- */
/* Mail that was taken for a user is kept even if it is more than he may keep: then he is told.
 * RFC 9208 4.3.1: only while a mailbox is selected. */
void imap_tell_overquota(struct imap *s)
{
    struct quota q;
    struct view *view = store_view(s->server->store);
    if (!view) return;
    enum err e = store_quota(view, s->selected, &q);
    view_end(view);
    if (e) return;
    bool over =
        (q.bytes_max && q.bytes > q.bytes_max) || (q.messages_max && q.messages > q.messages_max);
    if (over && !s->told_overquota)
        reply_untagged(&s->reply, S("NO"), S("OVERQUOTA"), S("more is kept here than may be"));
    s->told_overquota = over;
}
