/* acl.c - SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS: who else may do what with a mailbox.
 *
 * RFC 4314. Identifiers are users' addresses, "anyone" and "authuser", which are the same as nobody
 * is here who has not logged in; a '-' before one takes rights away. What somebody may do is what
 * all that apply to him grant, less what they take away; a mailbox's owner has all rights, whatever
 * is said.
 */
#include "imap/session_int.h"

#include "base/mem.h"
#include "mail/address.h"

/* --- rights as letters ------------------------------------------------------------------------ */
static const struct {
    char letter;
    uint32_t rights;
} letters[] = {
    { 'l', RIGHT_LOOKUP },
    { 'r', RIGHT_READ },
    { 's', RIGHT_SEEN },
    { 'w', RIGHT_WRITE },
    { 'i', RIGHT_INSERT },
    { 'p', RIGHT_POST },
    { 'k', RIGHT_CREATE },
    { 'x', RIGHT_DELETE },
    { 't', RIGHT_TRASH },
    { 'e', RIGHT_EXPUNGE },
    { 'a', RIGHT_ADMINISTER },
    /* RFC 4314 2.1.1: what RFC 2086 had for several of them; told when any of them is there. */
    { 'c', RIGHT_CREATE | RIGHT_DELETE },
    { 'd', RIGHT_TRASH | RIGHT_EXPUNGE },
};

static bool rights_read(str text, uint32_t *rights)
{
    *rights = 0;
    for (size_t i = 0; i < text.n; i++) {
        size_t k = 0;
        while (k < COUNT_OF(letters) && letters[k].letter != text.p[i])
            k++;
        if (k == COUNT_OF(letters)) return false;
        *rights |= letters[k].rights;
    }
    return true;
}

static void tell_rights(struct reply *r, uint32_t rights)
{
    char text[COUNT_OF(letters)];
    size_t n = 0;
    for (size_t k = 0; k < COUNT_OF(letters); k++)
        if (rights & letters[k].rights) text[n++] = letters[k].letter;
    reply_astring(r, (str){ text, n });
}

/* --- whose ---------------------------------------------------------------------------------- */

/* ERR_NOTFOUND, with its answer: nobody is called that. */
static enum err grantee_read(struct imap *s, str identifier, struct grantee *out)
{
    struct address who;
    struct user u;
    out->negative = str_starts(identifier, S("-"));
    if (out->negative) identifier = str_from(identifier, 1);
    out->who.n = str_eq(identifier, S("anyone")) ? GRANT_ANYONE : GRANT_AUTHUSER;
    if (str_eq(identifier, S("anyone")) || str_eq(identifier, S("authuser"))) return OK;

    enum err e = ERR_NOTFOUND;
    if (address_parse(&s->arena, identifier, ADDRESS_UTF8, &who) &&
        address_fold(&s->arena, who, &who)) {
        struct view *v = store_view(s->server->store);
        if (!v) return ERR_LATER;
        e = store_user_find(v, address_text(&s->arena, who), &u);
        view_end(v);
    }
    if (!e) out->who = u.account;
    return e == ERR_NOTFOUND ? imap_no(s, e, S("NONEXISTENT"), S("no such user")) : e;
}

static void tell_identifier(struct reply *r, struct arena *a, bool negative, str name)
{
    reply_words(r, S(" "));
    reply_astring(r, negative ? arena_concat(a, (str[]){ S("-"), name }, 2) : name);
}

/* --- SETACL, DELETEACL ------------------------------------------------------------------------ */
static bool change_read(str text, struct acl_change *c)
{
    c->op = str_starts(text, S("+"))   ? ACL_ADD
            : str_starts(text, S("-")) ? ACL_REMOVE
                                       : ACL_REPLACE;
    return rights_read(c->op == ACL_REPLACE ? text : str_from(text, 1), &c->rights);
}

enum err imap_setacl(struct imap *s, const struct command *c)
{
    struct mailbox m;
    struct acl_change change = { 0 };
    if (c->what == VERB_SETACL && !change_read(c->acl.rights, &change))
        return imap_bad(s, S("an unknown right; there are lrswipkxteacd"));
    if (c->acl.identifier.n == 0) return imap_bad(s, S("the identifier is empty"));
    enum err e = imap_find_mailbox(s, c->acl.mailbox, RIGHT_ADMINISTER, &m);
    if (!e) e = grantee_read(s, c->acl.identifier, &change.to);
    if (e) return e;
    change.account = m.account;
    change.mailbox = m.id;
    e = store_acl_set(s->server->store, &change);
    if (e == ERR_CONFLICT) return imap_no(s, e, S("NONEXISTENT"), S("no such user"));
    if (e == ERR_LIMIT) return imap_no(s, e, S("LIMIT"), S("too many identifiers in this list"));
    if (e != ERR_DENIED) return e;
    return imap_no(s, e, S("CANNOT"), S("the owner has all rights"));
}

/* --- GETACL ----------------------------------------------------------------------------------- */
struct acl {
    struct imap *s;
    struct view *view;
};

static bool tell_grant(void *arg, const struct grant *g)
{
    struct acl *a = arg;
    struct user u;
    str name = g->to.who.n == GRANT_ANYONE ? S("anyone") : S("authuser");
    if (g->to.who.n > GRANT_AUTHUSER) {
        if (store_user_by_account(a->view, g->to.who, &u)) return true; /* he is being removed */
        name = u.address;
    }
    tell_identifier(&a->s->reply, &a->s->arena, g->to.negative, name);
    reply_words(&a->s->reply, S(" "));
    tell_rights(&a->s->reply, g->rights);
    return true;
}

static enum err tell_acl(struct acl *a, const struct mailbox *m)
{
    struct reply *r = &a->s->reply;
    struct user owner;
    enum err e = store_user_by_account(a->view, m->account, &owner);
    if (e) return e;
    reply_words(r, S("* ACL "));
    reply_mailbox(r, m->name);
    tell_identifier(r, &a->s->arena, false, owner.address);
    reply_words(r, S(" "));
    tell_rights(r, RIGHTS_ALL);
    e = store_acl(a->view, m, tell_grant, a);
    reply_end(r);
    return e;
}

enum err imap_getacl(struct imap *s, const struct command *c)
{
    struct mailbox m;
    enum err e = imap_find_mailbox(s, c->mailbox.mailbox, RIGHT_ADMINISTER, &m);
    if (e) return e;
    struct acl a = { s, store_view(s->server->store) };
    if (!a.view) return ERR_LATER;
    e = tell_acl(&a, &m);
    view_end(a.view);
    return e;
}

/* --- LISTRIGHTS, MYRIGHTS -----------------------------------------------------------------------
 */

/* No right is tied to another; the owner's are his, and nobody else's are certain. */
enum err imap_listrights(struct imap *s, const struct command *c)
{
    struct mailbox m;
    struct grantee to;
    struct reply *r = &s->reply;
    if (c->acl.identifier.n == 0) return imap_bad(s, S("the identifier is empty"));
    enum err e = imap_find_mailbox(s, c->acl.mailbox, RIGHT_ADMINISTER, &m);
    if (!e) e = grantee_read(s, c->acl.identifier, &to);
    if (e) return e;
    bool owner = to.who.n == m.account.n && !to.negative;
    reply_words(r, S("* LISTRIGHTS "));
    reply_mailbox(r, m.name);
    tell_identifier(r, &s->arena, false, c->acl.identifier);
    reply_words(r, S(" "));
    tell_rights(r, owner ? RIGHTS_ALL : 0);
    for (size_t k = 0; k < COUNT_OF(letters) && !owner; k++) {
        reply_words(r, S(" "));
        reply_words(r, (str){ &letters[k].letter, 1 });
    }
    reply_end(r);
    return OK;
}

void imap_tell_myrights(struct imap *s, str mailbox, uint32_t rights)
{
    reply_words(&s->reply, S("* MYRIGHTS "));
    reply_mailbox(&s->reply, mailbox);
    reply_words(&s->reply, S(" "));
    tell_rights(&s->reply, rights);
    reply_end(&s->reply);
}

/* RFC 4314 4: who has any right that tells him of the mailbox may ask for all. */
enum err imap_myrights(struct imap *s, const struct command *c)
{
    static const uint32_t telling =
        RIGHT_LOOKUP | RIGHT_READ | RIGHT_INSERT | RIGHT_CREATE | RIGHT_DELETE | RIGHT_ADMINISTER;
    struct mailbox m;
    struct place at;
    enum err e = imap_find_mailbox(s, c->mailbox.mailbox, 0, &m);
    if (!e) e = imap_place(s, c->mailbox.mailbox, 0, &at);
    if (!e && !(at.rights & telling)) e = ERR_NOTFOUND;
    if (!e) imap_tell_myrights(s, c->mailbox.mailbox, at.rights);
    return e;
}
