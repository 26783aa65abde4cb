/* replace.c - REPLACE and UID REPLACE: a new version of a message, in one step.
 *
 * RFC 8508 3. The message comes and the old one goes in one commit: whatever breaks in between, the
 * mailboxes hold exactly one of them. The EXPUNGE is told by the sync that ends the command.
 */
#include "imap/append_int.h"

/* The message that goes, and its size; answers NO when there is none. */
static enum err find_old(struct imap *s, const struct command *c, struct uid *old, uint64_t *bytes)
{
    struct look look;
    struct named named;
    struct named_walk walk;
    struct message m;
    enum err e = imap_look(s, &look);
    if (e) return e;
    e = imap_named(s, &look, c, c->append.replaced, &named);
    if (!e) *old = imap_named_first(&named, &walk);
    bool gone = !e && (!old->n || store_message(look.view, &look.mailbox, *old, &m));
    if (!e && !gone) *bytes = m.size_bytes;
    imap_look_end(&look);
    return gone ? imap_no(s, ERR_NOTFOUND, S("CANNOT"), S("no such message")) : e;
}

/* RFC 8508 4.1: as APPEND, and as STORE +FLAGS \Deleted and EXPUNGE. */
static enum err judge(struct appending *a, const struct command *c, struct uid *old)
{
    struct imap *s = a->s;
    if (s->read_only) return imap_no(s, ERR_DENIED, S("NOPERM"), S("the mailbox is read-only"));
    if ((imap_rights(s) & (RIGHT_TRASH | RIGHT_EXPUNGE)) != (RIGHT_TRASH | RIGHT_EXPUNGE))
        return imap_no(s, ERR_DENIED, S("NOPERM"), S("its owner has not granted this"));
    enum err e = find_old(s, c, old, &a->freed);
    if (!e) e = appending_place(a);
    if (e || a->to.account.n == s->selected.n) return e;
    return imap_no(s, ERR_DENIED, S("CANNOT"), S("it stays with its owner"));
}

static enum err file(struct appending *a, struct uid old)
{
    struct imap *s = a->s;
    struct appended done;
    enum err e = appending_place(a);
    if (e) return e;
    const struct append *items = appending_items(a);
    if (!items) return ERR_LIMIT;
    struct replace r = {
        .with = items[0],
        .mailbox = s->told.mailbox,
        .old = old,
        .actor = imap_actor(s),
    };
    e = store_replace(s->server->store, &r, &done);
    if (e == ERR_CONFLICT) return imap_no(s, e, S("EXPUNGEISSUED"), S("it is gone already"));
    if (e) return appending_refused(a, e);
    imap_notify_own_uids(s, items[0].account, done.uidvalidity,
                         (struct uid_range){ done.uid.n, done.uid.n });
    /* RFC 8508 3.3: before the EXPUNGE. */
    reply_untagged(&s->reply, S("OK"),
                   arena_fmt(&s->arena, "APPENDUID %u %u", done.uidvalidity, done.uid.n),
                   S("it takes the other's place"));
    return OK;
}

enum err imap_replace(struct imap *s, const struct command *c)
{
    struct uid old;
    struct literal literal;
    struct appending a = appending_begin(s, &c->append);
    a.one = true;
    enum err e = judge(&a, c, &old);
    if (e && e != ERR_GONE && parse_literal_follows(c->append.rest, &literal) &&
        imap_swallow(s, literal) == ERR_GONE)
        e = ERR_GONE;
    if (!e) e = appending_read(&a, c->append.rest);
    if (!e) e = file(&a, old);
    appending_end(&a);
    return e;
}
