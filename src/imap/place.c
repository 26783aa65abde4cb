/* place.c - whose mailbox a name means, and what may be done with it.
 *
 * RFC 9051 6.3.10 (namespaces), RFC 4314 4 and 6. A user's own mailboxes have their names as they
 * are; those that others share are "Shared/", the owner's address, and the name there. What may not
 * be looked up does not exist: the same words, whether there is no such user, no such mailbox, or
 * no right.
 */
#include "imap/session_int.h"

#define SHARED "Shared"

static bool is_shared_name(str name)
{
    return str_starts(name, S(SHARED "/"));
}

str imap_shared_name(struct imap *s, str owner, str name)
{
    return arena_concat(&s->arena, (str[]){ S(SHARED "/"), owner, S("/"), name }, 4);
}

/* The owner, and the name in his account. An address may hold '/', and even '@' in quotes: so each
 * end that it may have is tried. */
static enum err split(struct view *v, str name, struct user *owner, str *rest)
{
    bool in_domain = false;
    name = str_from(name, sizeof(SHARED "/") - 1);
    for (size_t at = 0; at < name.n; at++) {
        if (name.p[at] == '@') in_domain = true;
        if (!in_domain || name.p[at] != '/') continue;
        in_domain = false;
        *rest = str_from(name, at + 1);
        enum err e = store_user_find(v, str_take(name, at), owner);
        if (e != ERR_NOTFOUND) return e;
    }
    return ERR_NOTFOUND;
}

/* The mailbox of this name, or, with parents, the nearest above it; what I may do there. */
static enum err look_there(struct imap *s, struct view *v, str name, bool parents,
                           struct place *out)
{
    struct user owner;
    struct mailbox m;
    str rest;
    enum err e = split(v, name, &owner, &rest);
    if (!e && owner.account.n == s->account.n) e = ERR_NOTFOUND; /* it has a name already */
    if (e) return e;
    *out = (struct place){ .account = owner.account, .name = rest };
    for (;;) {
        e = store_mailbox_find(v, owner.account, rest, &m);
        size_t slash = str_rchr(rest, '/');
        if (e != ERR_NOTFOUND || !parents || slash == STR_NPOS) break;
        rest = str_take(rest, slash);
    }
    return e ? e : store_rights(v, owner.account, m.id, s->account, &out->rights);
}

static enum err find_place(struct imap *s, str name, bool parents, struct place *out)
{
    struct view *v = store_view(s->server->store);
    if (!v) return ERR_LATER;
    enum err e = look_there(s, v, name, parents, out);
    view_end(v);
    return e;
}

static bool is_mine(struct imap *s, str name, struct place *out)
{
    *out = (struct place){ .account = s->account, .name = name, .rights = RIGHTS_ALL };
    return !is_shared_name(name) || !str_has(name, '@');
}

enum err imap_place(struct imap *s, str name, uint32_t need, struct place *out)
{
    if (is_mine(s, name, out)) return OK;
    enum err e = find_place(s, name, false, out);
    if (!e && out->rights == 0) e = ERR_NOTFOUND;
    if (e || (out->rights & need) == need) return e;
    if (!(out->rights & RIGHT_LOOKUP)) return ERR_NOTFOUND;
    return imap_no(s, ERR_DENIED, S("NOPERM"), S("its owner has not granted this"));
}

enum err imap_place_new(struct imap *s, str name, struct place *out)
{
    bool reserved = is_shared_name(name) || str_eq(name, S(SHARED));
    if (is_mine(s, name, out) && !reserved) return OK;
    enum err e = str_has(name, '@') ? find_place(s, name, true, out) : ERR_NOTFOUND;
    if (!e && (out->rights & RIGHT_CREATE)) return OK;
    if (e && e != ERR_NOTFOUND) return e;
    return imap_no(s, ERR_DENIED, S("NOPERM"), S("no mailbox may be made there"));
}

enum err imap_find_mailbox(struct imap *s, str name, uint32_t need, struct mailbox *out)
{
    struct place place;
    enum err e = imap_place(s, name, need, &place);
    if (e) return e;
    struct view *view = store_view(s->server->store);
    if (!view) return ERR_LATER;
    e = store_mailbox_find(view, place.account, place.name, out);
    if (!e && !out->exists) e = ERR_NOTFOUND;
    if (!e) out->name = name;
    view_end(view);
    return e;
}

/* --- the selected mailbox ----------------------------------------------------------------------
 */
uint32_t imap_rights(struct imap *s)
{
    uint32_t rights = 0;
    if (s->selected.n == s->account.n) return RIGHTS_ALL;
    struct view *v = store_view(s->server->store);
    if (!v) return 0;
    if (store_rights(v, s->selected, s->told.mailbox, s->account, &rights)) rights = 0;
    view_end(v);
    return rights;
}

struct flags_kept imap_flags_kept(uint32_t rights)
{
    struct flags_kept kept = { .keywords = !(rights & RIGHT_WRITE) };
    if (!(rights & RIGHT_SEEN)) kept.system |= FLAG_SEEN;
    if (!(rights & RIGHT_TRASH)) kept.system |= FLAG_DELETED;
    if (!(rights & RIGHT_WRITE)) kept.system |= FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT;
    return kept;
}
