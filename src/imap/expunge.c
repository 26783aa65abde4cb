/* expunge.c - EXPUNGE, UID EXPUNGE: remove the messages that are marked \Deleted.
 *
 * RFC 9051 6.4.3, 6.4.9. The EXPUNGE responses are told by the sync that ends the command.
 */
#include "imap/session_int.h"

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
        imap_look_end(&look);
        if (e) return e;
        if (named.uids.n == 0) return OK;
        x.uids = &named.uids;
    }
    return store_expunge(s->server->store, &x, NULL);
}
