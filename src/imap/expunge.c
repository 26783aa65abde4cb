/* expunge.c - EXPUNGE, UID EXPUNGE: remove the messages that are marked \Deleted.
 *
 * RFC 9051 6.4.3, 6.4.9. The EXPUNGE responses are told by the sync that ends the command.
 */
#include "imap/session_int.h"

static bool take_marked(void *arg, const struct message *m)
{
    struct uidset *marked = arg;
    if (!(m->flags.system & FLAG_DELETED)) return true;
    return uidset_add(marked, m->uid.n, m->uid.n);
}

/* RFC 9738 3.1: it is about those alone that are marked. */
static enum err limit(struct imap *s, const struct look *look, struct named *named)
{
    enum err e = OK;
    struct uidset marked = uidset_make(&s->arena);
    if (!imap_limit_passed(s, named)) return OK;
    for (size_t i = 0; !e && i < named->uids.n; i++)
        e = store_messages(look->view, &look->mailbox, named->uids.ranges[i], WANT_FLAGS,
                           take_marked, &marked);
    if (e || s->arena.full) return e ? e : ERR_LIMIT;
    uidset_normalise(&marked);
    named->uids = marked;
    imap_limit_cut(s, named);
    return OK;
}

enum err imap_expunge(struct imap *s, const struct command *c)
{
    if (s->read_only) return imap_no(s, ERR_DENIED, S("NOPERM"), S("the mailbox is read-only"));
    if (!(imap_rights(s) & RIGHT_EXPUNGE))
        return imap_no(s, ERR_DENIED, S("NOPERM"), S("its owner has not granted this"));
    struct named named;
    struct doing doing = { s, c->uid ? &named : NULL };
    struct expunge x = {
        .account = s->selected,
        .mailbox = s->told.mailbox,
        .actor = imap_actor(s),
        .steps = imap_steps(&doing),
    };
    if (c->uid) {
        struct look look;
        enum err e = imap_look(s, &look);
        if (e) return e;
        e = imap_named(s, &look, c, c->expunge, &named);
        if (!e) e = limit(s, &look, &named);
        imap_look_end(&look);
        if (e) return e;
        if (named.uids.n == 0) return OK;
        x.uids = &named.uids;
    }
    return store_expunge(s->server->store, &x, NULL);
}
