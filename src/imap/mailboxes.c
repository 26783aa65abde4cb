/* mailboxes.c - CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE.
 *
 * RFC 9051 6.3.4 to 6.3.8; CREATE … (USE (…)) RFC 6154 3, MAILBOXID RFC 8474 4.1; codes RFC 5530.
 */
#include "imap/session_int.h"

#include "imap/name.h"

/* RFC 9051 6.3.9.7: who speaks rev2 hears under which name it is kept. */
static void tell_name(struct imap *s, str attributes, str name, str old)
{
    if (s->enabled & ENABLED_REV2 && old.n) imap_tell_name(s, attributes, name, old);
}

enum err imap_create(struct imap *s, const struct command *c)
{
    const char *why = imap_name_refused(c->mailbox.mailbox);
    if (why) return imap_no(s, ERR_DENIED, S("CANNOT"), str_of(why));
    /* RFC 6154 3: what cannot be had is NO, and no mailbox is made. */
    if (c->mailbox.use_refused)
        return imap_no(s, ERR_DENIED, S("USEATTR"),
                       S("a mailbox has one special use that is known"));
    struct mailbox_id id;
    struct place to;
    enum err e = imap_place_new(s, c->mailbox.mailbox, &to);
    if (!e) e = store_mailbox_create(s->server->store, to.account, to.name, c->mailbox.use, &id);
    if (e == ERR_EXISTS) return imap_no(s, e, S("ALREADYEXISTS"), S("there is such a mailbox"));
    if (e == ERR_CONFLICT)
        return imap_no(s, e, S("USEATTR"), S("another mailbox has this special use"));
    if (!e) tell_name(s, S(""), c->mailbox.mailbox, c->respelled);
    if (!e) imap_ok_code(s, imap_mailbox_id_code(s, id));
    return e;
}

enum err imap_delete(struct imap *s, const struct command *c)
{
    struct mailbox m = { 0 };
    struct place at;
    enum err e = imap_find_mailbox(s, c->mailbox.mailbox, RIGHT_DELETE, &m);
    if (e == ERR_NOTFOUND) e = OK; /* a bare parent has another error: the store knows */
    if (!e) e = imap_place(s, c->mailbox.mailbox, RIGHT_DELETE, &at);
    if (e) return e;
    e = store_mailbox_delete(s->server->store, at.account, at.name);
    if (e == ERR_DENIED) return imap_no(s, e, S("CANNOT"), S("INBOX stays"));
    if (e == ERR_CONFLICT) return imap_no(s, e, S("HASCHILDREN"), S("it has mailboxes below it"));
    /* RFC 9051 6.3.5 leaves open what becomes of the mailbox that is selected: it is closed. */
    if (!e && s->state == SELECTED && s->told.mailbox.n == m.id.n) {
        reply_untagged(&s->reply, S("OK"), S("CLOSED"), S("the selected mailbox was deleted"));
        imap_unselect(s);
    }
    if (!e) tell_name(s, S("\\NonExistent"), c->mailbox.mailbox, c->respelled);
    return e;
}

enum err imap_rename(struct imap *s, const struct command *c)
{
    const char *why = imap_name_refused(c->mailbox.to);
    if (why) return imap_no(s, ERR_DENIED, S("CANNOT"), str_of(why));
    struct place from, to;
    enum err e = imap_place(s, c->mailbox.mailbox, RIGHT_DELETE, &from);
    if (!e) e = imap_place_new(s, c->mailbox.to, &to);
    if (e) return e;
    if (from.account.n != to.account.n)
        return imap_no(s, ERR_DENIED, S("CANNOT"), S("it stays with its owner"));
    e = store_mailbox_rename(s->server->store, from.account, from.name, to.name);
    if (e == ERR_DENIED || e == ERR_CONFLICT)
        return imap_no(s, e, S("CANNOT"), S("it cannot have this name"));
    if (!e) tell_name(s, S(""), c->mailbox.to, c->mailbox.mailbox);
    return e;
}

/* A subscription needs no mailbox: RFC 9051 6.3.7, it outlives one. */
enum err imap_subscribe(struct imap *s, const struct command *c)
{
    const char *why = imap_name_refused(c->mailbox.mailbox);
    if (why) return imap_no(s, ERR_DENIED, S("CANNOT"), str_of(why));
    struct place there;
    bool on = c->what == VERB_SUBSCRIBE;
    /* Subscriptions are the subscriber's own, whosever the mailbox is. RFC 4314 4: l for SUBSCRIBE.
     */
    enum err e = on ? imap_place(s, c->mailbox.mailbox, RIGHT_LOOKUP, &there) : OK;
    if (!e) e = store_mailbox_subscribe(s->server->store, s->account, c->mailbox.mailbox, on);
    return e == ERR_NOTFOUND && !on ? OK : e;
}
