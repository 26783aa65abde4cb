/* copy.c - COPY and MOVE: messages into another mailbox.
 *
 * RFC 9051 6.4.7, 6.4.8, 7.1 (COPYUID). A move's expunges are told by the sync that ends it.
 */
#include "imap/session_int.h"

#include "base/limits.h"

/* "COPYUID 38505 304,319:320 3956:3958"; empty if the sets are too long to be told. */
static str copyuid(struct imap *s, const struct copied *copied)
{
    struct buf code = buf_make(IMAP_TAGGED_CODE_BYTES);
    buf_addf(&code, "COPYUID %u ", copied->uidvalidity);
    uidset_text(&copied->from, &code);
    buf_addc(&code, ' ');
    uidset_text(&copied->to, &code);
    str text = code.full ? (str){ 0 } : arena_copy(&s->arena, buf_str(&code));
    buf_free(&code);
    return text;
}

/* What may be copied, and which messages are named. RFC 2180 4.4.1: who names numbers of messages
 * that are gone is told so, and nothing is copied; a MOVE takes what is left. */
static enum err look_at_source(struct imap *s, const struct command *c, struct named *named)
{
    struct look look;
    struct uidset gone = { 0 };
    bool move = c->what == VERB_MOVE;
    enum err e = imap_look(s, &look);
    if (e) return e;
    if (move && (look.rights & (RIGHT_TRASH | RIGHT_EXPUNGE)) != (RIGHT_TRASH | RIGHT_EXPUNGE))
        e = imap_no(s, ERR_DENIED, S("NOPERM"), S("its owner has not granted this"));
    if (!e) e = imap_named(s, &look, c, c->mailbox.set, named);
    if (!e && !move && !c->uid && !c->mailbox.set.saved)
        e = imap_named_gone(s, &look, named, &gone);
    imap_look_end(&look);
    if (e || !gone.n) return e;
    return imap_no(s, ERR_NOTFOUND, S("EXPUNGEISSUED"), S("some of the messages are gone"));
}

enum err imap_copy(struct imap *s, const struct command *c)
{
    bool move = c->what == VERB_MOVE;
    if (move && s->read_only)
        return imap_no(s, ERR_DENIED, S("NOPERM"), S("the mailbox is read-only"));
    struct named named;
    struct place to;
    enum err e = imap_place(s, c->mailbox.to, RIGHT_INSERT, &to);
    if (e == ERR_NOTFOUND) return imap_no(s, e, S("TRYCREATE"), S("no such mailbox"));
    if (!e) e = look_at_source(s, c, &named);
    if (!e && !move) e = imap_limit_whole(s, &named);
    if (e || named.uids.n == 0) return e;
    if (move) imap_limit_cut(s, &named);

    struct doing doing = { s, &named };
    struct copy copy = {
        .account = s->selected,
        .from = s->told.mailbox,
        .uids = &named.uids,
        .to_account = to.account,
        .to = to.name,
        .without = imap_flags_kept(to.rights),
        .move = move,
        .actor = imap_actor(s),
        .steps = imap_steps(&doing),
    };
    struct copied copied = { .from = uidset_make(&s->arena), .to = uidset_make(&s->arena) };
    e = store_copy(s->server->store, &copy, &copied);
    /* A MOVE that failed in the middle tells what it moved all the same. */
    if (e && move && copied.from.n)
        reply_untagged(&s->reply, S("OK"), copyuid(s, &copied), S("moved some"));
    if (e == ERR_NOTFOUND) return imap_no(s, e, S("TRYCREATE"), S("no such mailbox"));
    if (e == ERR_LIMIT) return imap_no(s, e, S("OVERQUOTA"), S("no room for them"));
    if (e || copied.from.n == 0) return e;
    for (size_t i = 0; i < copied.to.n; i++)
        imap_notify_own_uids(s, to.account, copied.uidvalidity, copied.to.ranges[i]);
    str code = copyuid(s, &copied);
    /* RFC 9051 6.4.8: of MOVE it comes untagged, before the expunges. */
    if (move && code.n)
        reply_untagged(&s->reply, S("OK"), code, S("moved"));
    else
        imap_ok_code(s, code);
    return OK;
}
