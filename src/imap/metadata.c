/* metadata.c - GETMETADATA, SETMETADATA: notes of programs and people on a mailbox, or on the
 * server.
 *
 * RFC 5464. What begins with /private is each user's own, what begins with /shared everybody's who
 * may use the mailbox; others' mailboxes let those change it who may change flags (w). The server's
 * shared entries are set by administrators. ENABLE METADATA makes a session hear of what others
 * changed.
 */
#include "imap/session_int.h"

#include "base/limits.h"
#include "base/map.h"

static bool is_private(str name)
{
    return str_eq(name, S("/private")) || str_starts(name, S("/private/"));
}

/* --- telling ---------------------------------------------------------------------------------- */
struct telling {
    struct imap *s;
    const struct metadata_args *wanted;
    uint64_t longest;
    size_t start; /* of the list in the reply */
    bool *found;  /* for each entry that is wanted */
};

static void tell_entry(struct telling *t, str name, str value)
{
    struct reply *r = &t->s->reply;
    if (r->out.n > t->start) reply_words(r, S(" "));
    reply_astring(r, name);
    reply_words(r, S(" "));
    if (!str_has(value, '\0')) {
        reply_nstring(r, value);
        return;
    }
    reply_literal_head(r, value.n, true);
    reply_bytes(r, value);
}

/* RFC 5464 4.2.2: an entry, and what is so many levels below it. */
static bool matches(str wanted, uint32_t depth, str name)
{
    if (str_eq(wanted, name)) return true;
    if (!str_starts(name, wanted) || name.n <= wanted.n + 1 || name.p[wanted.n] != '/')
        return false;
    return depth == UINT32_MAX || (depth == 1 && !str_has(str_from(name, wanted.n + 1), '/'));
}

static bool tell_one(void *arg, const struct annotation *a)
{
    struct telling *t = arg;
    bool any = false;
    for (size_t i = 0; i < t->wanted->entries.n; i++) {
        bool match = matches(t->wanted->entries.items[i], t->wanted->depth, a->name);
        if (str_eq(t->wanted->entries.items[i], a->name)) t->found[i] = true;
        any |= match;
    }
    if (!any) return true;
    if (a->value.n <= t->wanted->max_bytes)
        tell_entry(t, a->name, a->value.p ? a->value : S(""));
    else if (a->value.n > t->longest)
        t->longest = a->value.n;
    return true;
}

/* RFC 5464 3.2.1.1: whom to ask; computed, and nobody can set it. */
static void tell_admin(struct telling *t)
{
    size_t at = str_rchr(t->s->user, '@');
    struct annotation admin = { .name = S("/shared/admin") };
    admin.value =
        arena_concat(&t->s->arena, (str[]){ S("mailto:postmaster"), str_from(t->s->user, at) }, 2);
    (void)tell_one(t, &admin);
}

static enum err tell_all(struct telling *t, const struct mailbox *m)
{
    struct imap *s = t->s;
    struct annotated shared = { .account = m ? m->account : ACCOUNT_DIRECTORY };
    struct annotated mine = { .account = m ? m->account : s->account, .who = s->account };
    if (m) shared.mailbox = mine.mailbox = m->id;
    struct view *v = store_view(s->server->store);
    if (!v) return ERR_LATER;
    enum err e = store_annotations(v, &shared, tell_one, t);
    if (!e) e = store_annotations(v, &mine, tell_one, t);
    view_end(v);
    if (!m) tell_admin(t);
    return e;
}

enum err imap_tell_metadata(struct imap *s, const struct mailbox *m,
                            const struct metadata_args *wanted, uint64_t *longest)
{
    struct telling t = { .s = s, .wanted = wanted, .longest = *longest };
    size_t before = s->reply.out.n;
    t.found = ARENA_ARRAY(&s->arena, wanted->entries.n, bool);
    if (!t.found) return ERR_LIMIT;
    reply_words(&s->reply, S("* METADATA "));
    reply_mailbox(&s->reply, m ? m->name : S(""));
    reply_words(&s->reply, S(" ("));
    t.start = s->reply.out.n;
    enum err e = tell_all(&t, m);
    /* One that is asked for by its name and has no value is NIL. */
    for (size_t i = 0; !e && wanted->depth == 0 && i < wanted->entries.n; i++)
        if (!t.found[i]) tell_entry(&t, wanted->entries.items[i], (str){ 0 });
    *longest = t.longest;
    if (e || s->reply.out.n == t.start) {
        buf_truncate(&s->reply.out, before);
        return e;
    }
    reply_words(&s->reply, S(")"));
    reply_end(&s->reply);
    return OK;
}

/* --- the commands ------------------------------------------------------------------------------
 */

/* The mailbox, if it is one, and what I may do there. */
static enum err find(struct imap *s, str name, struct mailbox *m, uint32_t *rights)
{
    struct place at;
    enum err e = imap_find_mailbox(s, name, RIGHT_LOOKUP, m);
    if (!e) e = imap_place(s, name, RIGHT_LOOKUP, &at);
    if (e) return e;
    *rights = at.rights;
    if (imap_may_annotate(at.rights)) return OK;
    return imap_no(s, ERR_DENIED, S("NOPERM"), S("its owner has not granted this"));
}

enum err imap_getmetadata(struct imap *s, const struct command *c)
{
    struct mailbox m;
    uint32_t rights;
    uint64_t longest = 0;
    bool server = c->metadata.mailbox.n == 0;
    enum err e = server ? OK : find(s, c->metadata.mailbox, &m, &rights);
    if (!e) e = imap_tell_metadata(s, server ? NULL : &m, &c->metadata, &longest);
    if (!e && longest)
        imap_ok_code(s, arena_fmt(&s->arena, "METADATA LONGENTRIES %ju", (uintmax_t)longest));
    return e;
}

/* Who this session is, in what it sets. */
uint64_t imap_metadata_myself(const struct imap *s)
{
    static const uint8_t seed[16] = "metadata session";
    return siphash13(seed, conn_id(s->conn));
}

static bool is_administrator(struct imap *s)
{
    struct view *v = store_view(s->server->store);
    bool is = v && imap_is_administrator(s, v);
    if (v) view_end(v);
    return is;
}

/* A name has a component below /private or /shared; /shared/vendor and the like have two more. */
static enum err judge(struct imap *s, const struct metadata_args *a, size_t i, bool may_share)
{
    str name = a->entries.items[i];
    size_t levels = 0;
    for (size_t k = 0; k < name.n; k++)
        levels += name.p[k] == '/';
    if (levels < 2) return imap_bad(s, S("an entry is a path below /shared or /private"));
    bool admin = a->mailbox.n == 0 && str_eq(name, S("/shared/admin"));
    if (admin || (!is_private(name) && !may_share))
        return imap_no(s, ERR_DENIED, S("NOPERM"), S("this entry is not yours to change"));
    if (a->values[i].n <= METADATA_VALUE_BYTES) return OK;
    return imap_no(s, ERR_LIMIT, arena_fmt(&s->arena, "METADATA MAXSIZE %d", METADATA_VALUE_BYTES),
                   S("a value is too large"));
}

enum err imap_setmetadata(struct imap *s, const struct command *c)
{
    const struct metadata_args *a = &c->metadata;
    bool server = a->mailbox.n == 0;
    struct mailbox m = { 0 };
    uint32_t rights = 0;
    enum err e = server ? OK : find(s, a->mailbox, &m, &rights);
    if (e) return e;
    bool may_share = server ? is_administrator(s) : (rights & RIGHT_WRITE) != 0;
    struct annotation *items = ARENA_ARRAY(&s->arena, a->entries.n, struct annotation);
    if (!items) return ERR_LIMIT;
    for (size_t i = 0; i < a->entries.n; i++) {
        str name = a->entries.items[i];
        e = judge(s, a, i, may_share);
        if (e) return e;
        items[i] = (struct annotation){ .name = name,
                                        .value = a->values[i],
                                        .by = imap_metadata_myself(s) };
        items[i].gone = !a->values[i].p;
        items[i].of = (struct annotated){ .account = m.account, .mailbox = m.id };
        if (server) items[i].of.account = is_private(name) ? s->account : ACCOUNT_DIRECTORY;
        if (is_private(name)) items[i].of.who = s->account;
    }
    e = store_annotate(s->server->store, items, a->entries.n);
    if (e != ERR_LIMIT) return e;
    return imap_no(s, e, S("METADATA TOOMANY"), S("there are too many entries"));
}

/* --- what others changed ------------------------------------------------------------------------
 */
struct news {
    struct imap *s;
    struct view *view;
    uint64_t me;
    struct mailbox_id only; /* of another's account: the one that is selected */
    str owner;
};

/* A name is told alone, RFC 5464 4.4.2. */
static bool tell_change(void *arg, const struct annotation *a)
{
    struct news *n = arg;
    struct mailbox m = { .name = S("") };
    if (a->by == n->me || (n->only.n && a->of.mailbox.n != n->only.n)) return true;
    if (a->of.mailbox.n && store_mailbox_by_id(n->view, a->of.account, a->of.mailbox, &m) != OK)
        return true; /* it went meanwhile */
    if (n->only.n) m.name = imap_shared_name(n->s, n->owner, m.name);
    reply_words(&n->s->reply, S("* METADATA "));
    reply_mailbox(&n->s->reply, m.name);
    reply_words(&n->s->reply, S(" "));
    reply_astring(&n->s->reply, a->name);
    reply_end(&n->s->reply);
    return true;
}

static bool pass(void *arg, const struct annotation *a)
{
    (void)arg, (void)a;
    return true;
}

/* The three places that are looked at; each is told of from its own number on. */
static void look_everywhere(struct imap *s, bool quiet)
{
    struct news n = { .s = s, .me = imap_metadata_myself(s), .view = store_view(s->server->store) };
    struct told_metadata *told = &s->told_metadata;
    bool (*each)(void *arg, const struct annotation *a) = quiet ? pass : tell_change;
    struct user owner;
    if (!n.view) return;
    enum err e = store_annotation_news(n.view, s->account, s->account, &told->own, each, &n);
    if (!e)
        e = store_annotation_news(n.view, ACCOUNT_DIRECTORY, s->account, &told->server, each, &n);
    bool abroad =
        s->state == SELECTED && s->selected.n != s->account.n && imap_may_annotate(imap_rights(s));
    if (!e && abroad && !store_user_by_account(n.view, s->selected, &owner)) {
        n.only = s->told.mailbox;
        n.owner = owner.address;
        /* From its selection on: the first look is quiet. */
        if (!told->selected) each = pass;
        (void)!store_annotation_news(n.view, s->selected, s->account, &told->selected, each, &n);
        if (!told->selected) told->selected = 1;
    }
    if (!abroad) told->selected = 0;
    view_end(n.view);
}

void imap_metadata_mark(struct imap *s)
{
    s->told_metadata = (struct told_metadata){ 0 };
    look_everywhere(s, true);
}

void imap_tell_metadata_news(struct imap *s)
{
    if (!(s->enabled & ENABLED_METADATA) || !(s->state & LOGGED_IN)) return;
    look_everywhere(s, false);
}
