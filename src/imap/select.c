/* select.c - SELECT, EXAMINE: look at a mailbox; CLOSE, UNSELECT: stop looking.
 *
 * RFC 9051 6.3.2, 6.3.3, 6.4.1, 6.4.2; RFC 3501 6.3.1 (RECENT, UNSEEN); RFC
 * 7162 3.1.2, 3.2.5, 3.2.11; RFC 8474 4.2.
 */
#include "imap/session_int.h"

void imap_unselect(struct imap *s)
{
    imap_told_free(s);
    s->selected = (struct account){ 0 };
    imap_saved_clear(s);
    imap_contexts_free(s);
    s->told_metadata.selected = 0;
    s->told_keywords = 0;
    s->told_overquota = false;
    s->read_only = false;
    if (s->state == SELECTED) s->state = AUTHENTICATED;
}

/* "* OK [UNSEEN 12] …" */
static void numbered(struct imap *s, const char *code, uint64_t number, str text)
{
    reply_untagged(&s->reply, S("OK"), arena_fmt(&s->arena, "%s %ju", code, (uintmax_t)number),
                   text);
}

/* Everything is of one view: the counts that are told are those of the numbers that follow. */
static enum err tell(struct imap *s, struct look *look)
{
    const struct mailbox *m = &look->mailbox;
    struct seqmap map;
    struct uid unseen;
    enum err e = store_seqmap(look->view, m, &s->told, &s->arena, &map);
    if (e) return e;
    imap_tell_keywords(s, look);
    reply_count(&s->reply, map.count, S("EXISTS"));
    bool rev2 = s->enabled & ENABLED_REV2;
    if (!rev2) reply_count(&s->reply, 0, S("RECENT"));
    bool numbers = !(s->enabled & ENABLED_UIDONLY); /* UNSEEN is one: RFC 9586 3 */
    if (!rev2 && numbers && !store_first_unseen(look->view, m, &unseen))
        numbered(s, "UNSEEN", seqmap_seq(&map, unseen).n, S("first unseen message"));
    numbered(s, "UIDVALIDITY", m->uidvalidity, S("valid"));
    numbered(s, "UIDNEXT", m->uidnext.n, S("next"));
    reply_untagged(&s->reply, S("OK"), imap_mailbox_id_code(s, m->id), S("id"));
    numbered(s, "HIGHESTMODSEQ", m->highest_modseq.n, S("last"));
    return OK;
}

/* The mailbox's id and marks into told, by its name; *resync: what is to be told besides. */
static enum err enter(struct imap *s, const struct select_args *select, struct imap_resync **resync)
{
    struct mailbox m;
    enum err e = imap_find_mailbox(s, select->mailbox, RIGHT_READ, &m);
    if (e) return e;
    s->told = (struct told){
        .mailbox = m.id,
        .uidvalidity = m.uidvalidity,
    };
    s->selected = m.account;
    struct look look;
    e = imap_look(s, &look);
    if (e) return e;
    /* RFC 4314 5.2: who may change nothing is told so. */
    if (!(look.rights & (RIGHT_INSERT | RIGHT_EXPUNGE | RIGHT_SEEN | RIGHT_WRITE | RIGHT_TRASH)))
        s->read_only = true;
    s->told.modseq = s->told.expunge_modseq = look.mailbox.highest_modseq;
    s->told.uidnext = look.mailbox.uidnext;
    e = tell(s, &look);
    if (!e) e = imap_resync_look(s, &look, select, resync);
    imap_look_end(&look);
    return e;
}

enum err imap_select(struct imap *s, const struct command *c)
{
    if (c->select.qresync && !(s->enabled & ENABLED_QRESYNC))
        return imap_bad(s, S("QRESYNC is not enabled"));
    /* RFC 9051 6.3.2: a failed SELECT leaves none selected. */
    if (s->state == SELECTED)
        reply_untagged(&s->reply, S("OK"), S("CLOSED"), S("the previous mailbox is closed"));
    imap_unselect(s);
    if (c->select.condstore) imap_enable_now(s, ENABLED_CONDSTORE);

    s->read_only = c->what == VERB_EXAMINE;
    struct imap_resync *resync = NULL;
    enum err e = enter(s, &c->select, &resync);
    if (!e) e = imap_resync_tell(s, resync);
    if (e) {
        imap_unselect(s);
        return e;
    }
    s->state = SELECTED;
    /* RFC 9051 6.3.2: in rev2 the name as the server has it. */
    if (s->enabled & ENABLED_REV2) imap_tell_name(s, S(""), c->select.mailbox, c->respelled);
    imap_tell_overquota(s);
    imap_ok_code(s, s->read_only ? S("READ-ONLY") : S("READ-WRITE"));
    return OK;
}

/* CLOSE expunges without a word, HIGHESTMODSEQ neither (RFC 7162 3.2.8: the client would take
 * itself to know what it was not told); UNSELECT does not. */
enum err imap_close(struct imap *s, const struct command *c)
{
    enum err e = OK;
    if (c->what == VERB_CLOSE && !s->read_only && (imap_rights(s) & RIGHT_EXPUNGE)) {
        struct expunge x = {
            .account = s->selected,
            .mailbox = s->told.mailbox,
            .actor = imap_actor(s),
        };
        e = store_expunge(s->server->store, &x, NULL);
    }
    imap_unselect(s);
    return e == ERR_NOTFOUND ? OK : e;
}
