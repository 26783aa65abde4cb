/* acl.c - access control lists: what others may do with a mailbox.
 *
 * RFC 4314. A grant is a row of the owner's account, by mailbox and by the number of the account
 * that is granted something: a number is never used again, so no grant ever falls to a stranger of
 * the same address. A second row, in the account of whom it is for, says where to look: so LIST
 * finds what is shared with somebody without asking everybody.
 */
#include "store/store_int.h"

#include "base/codec.h"

enum { KEY_GRANT_BYTES = 14, KEY_SHARED_BYTES = 13 };

/* --- keys ------------------------------------------------------------------------------------ */
struct key key_grant(uint32_t m, struct grantee to)
{
    struct key k = key_box(TAG_GRANT, m);
    key_u64(&k, to.who.n);
    k.p[k.n++] = to.negative;
    return k;
}

bool key_grant_read(str key, uint32_t *m, struct grantee *to)
{
    if (key.n != KEY_GRANT_BYTES) return false;
    *m = get_be32(key.p + 1);
    *to = (struct grantee){ { get_be64(key.p + 5) }, key.p[13] != 0 };
    return true;
}

struct key key_shared(struct account owner, uint32_t m)
{
    struct key k = key_of(TAG_SHARED);
    key_u64(&k, owner.n);
    key_u32(&k, m);
    return k;
}

bool key_shared_read(str key, struct account *owner, uint32_t *m)
{
    if (key.n != KEY_SHARED_BYTES) return false;
    owner->n = get_be64(key.p + 1);
    *m = get_be32(key.p + 9);
    return true;
}

struct account grant_holder(struct account who)
{
    return who.n < ACCOUNT_FIRST_USER ? ACCOUNT_DIRECTORY : who;
}

/* --- reading --------------------------------------------------------------------------------- */
static enum err grant_read(str value, uint32_t *rights)
{
    struct row r = row_open(value);
    uint64_t bits = row_u64(&r);
    *rights = (uint32_t)(bits & RIGHTS_ALL);
    return row_end(&r);
}

/* One that is not there grants nothing. */
static enum err grant_get(struct source from, struct account owner, uint32_t m, struct grantee to,
                          uint32_t *rights)
{
    struct key k = key_grant(m, to);
    str value;
    *rights = 0;
    enum err e = source_get(from, owner, &k, &value);
    if (e) return e == ERR_NOTFOUND ? OK : e;
    return grant_read(value, rights) ? row_corrupt(owner, "a grant") : OK;
}

static enum err rights_of(struct source from, struct account owner, uint32_t m, struct account who,
                          uint32_t *rights)
{
    const struct account as[] = { { GRANT_ANYONE }, { GRANT_AUTHUSER }, who };
    uint32_t granted = 0, taken = 0;
    for (size_t i = 0; i < COUNT_OF(as); i++) {
        uint32_t more, less;
        enum err e = grant_get(from, owner, m, (struct grantee){ as[i], false }, &more);
        if (!e) e = grant_get(from, owner, m, (struct grantee){ as[i], true }, &less);
        if (e) return e;
        granted |= more;
        taken |= less;
    }
    *rights = granted & ~taken;
    return OK;
}

enum err store_rights(struct view *v, struct account owner, struct mailbox_id m, struct account who,
                      uint32_t *rights)
{
    *rights = RIGHTS_ALL;
    if (owner.n == who.n) return OK;
    return rights_of(in_view(v), owner, mailbox_number(m), who, rights);
}

struct acl {
    bool (*each)(void *arg, const struct grant *g);
    void *arg;
    enum err bad;
};

static bool show_grant(void *arg, str key, str value)
{
    struct acl *a = arg;
    struct grant g;
    uint32_t m;
    if (!key_grant_read(key, &m, &g.to) || grant_read(value, &g.rights)) a->bad = ERR_CORRUPT;
    return !a->bad && a->each(a->arg, &g);
}

enum err store_acl(struct view *v, const struct mailbox *m,
                   bool (*each)(void *arg, const struct grant *g), void *arg)
{
    struct acl a = { .each = each, .arg = arg };
    struct key all = key_box(TAG_GRANT, mailbox_number(m->id));
    enum err e = source_scan(in_view(v), m->account, &all, &all, show_grant, &a);
    if (a.bad) return row_corrupt(m->account, "a grant");
    return e;
}

/* --- what is shared with somebody ------------------------------------------------------------ */
struct shared {
    struct view *view;
    struct account who, holder;
    bool (*each)(void *arg, const struct mailbox *m, uint32_t rights);
    void *arg;
    bool stopped;
    enum err bad;
};

/* What is shared with him and with everybody is shown once. */
static bool shown_before(const struct shared *s, const struct key *k)
{
    str value;
    return s->holder.n != s->who.n && source_get(in_view(s->view), s->who, k, &value) == OK;
}

static bool show_shared(void *arg, str key, str value)
{
    struct shared *s = arg;
    struct account owner = { 0 };
    struct mailbox box;
    uint32_t m = 0, rights;
    (void)value;
    if (!key_shared_read(key, &owner, &m)) {
        s->bad = row_corrupt(s->holder, "what is shared");
        return false;
    }
    struct key k = key_shared(owner, m);
    if (owner.n == s->who.n || shown_before(s, &k)) return true;
    enum err e = rights_of(in_view(s->view), owner, m, s->who, &rights);
    if (!e && !rights) return true;
    if (!e) e = store_mailbox_by_id(s->view, owner, mailbox_id_of(owner, m), &box);
    if (e == ERR_NOTFOUND) return true; /* it was deleted, and may still be undeleted */
    s->bad = e;
    s->stopped = e || !s->each(s->arg, &box, rights);
    return !s->stopped;
}

enum err store_shared(struct view *v, struct account who,
                      bool (*each)(void *arg, const struct mailbox *m, uint32_t rights), void *arg)
{
    struct shared s = { .view = v, .who = who, .each = each, .arg = arg };
    const struct account holders[] = { who, ACCOUNT_DIRECTORY };
    struct key all = key_of(TAG_SHARED);
    enum err e = OK;
    for (size_t i = 0; !e && !s.stopped && i < COUNT_OF(holders); i++) {
        s.holder = holders[i];
        e = source_scan(in_view(v), s.holder, &all, &all, show_shared, &s);
        if (!e) e = s.bad;
    }
    return e;
}

/* --- changing -------------------------------------------------------------------------------- */
bool grant_any(struct source from, struct account owner, uint32_t m, struct account who)
{
    for (int negative = 0; negative < 2; negative++) {
        struct key k = key_grant(m, (struct grantee){ who, negative });
        str value;
        if (source_get(from, owner, &k, &value) == OK) return true;
    }
    return false;
}

static void grant_put(struct txn *t, struct account owner, uint32_t m, const struct grant *g)
{
    struct key grant = key_grant(m, g->to), shared = key_shared(owner, m);
    struct account holder = grant_holder(g->to.who);
    if (g->rights) {
        struct buf b = row_new();
        buf_varint(&b, g->rights);
        row_put(t, owner, &grant, &b);
        row_put_empty(t, holder, &shared);
        return;
    }
    row_delete(t, owner, &grant);
    /* Those to anyone and to authuser have the same holder. */
    bool left = grant_any(in_txn(t), owner, m, g->to.who);
    for (uint64_t n = GRANT_ANYONE;
         !left && g->to.who.n < ACCOUNT_FIRST_USER && n <= GRANT_AUTHUSER; n++)
        left = grant_any(in_txn(t), owner, m, (struct account){ n });
    if (!left) row_delete(t, holder, &shared);
}

static bool count_row(void *arg, str key, str value)
{
    (void)key, (void)value;
    return ++*(size_t *)arg <= ACL_GRANTS;
}

static enum err room_for_grant(struct txn *t, struct account owner, uint32_t m, struct grantee to)
{
    struct key all = key_box(TAG_GRANT, m), one = key_grant(m, to);
    size_t n = 0;
    str value;
    if (source_get(in_txn(t), owner, &one, &value) == OK) return OK;
    enum err e = source_scan(in_txn(t), owner, &all, &all, count_row, &n);
    return e ? e : n < ACL_GRANTS ? OK : ERR_LIMIT;
}

static uint32_t changed(uint32_t rights, const struct acl_change *c)
{
    switch (c->op) {
    case ACL_ADD: return rights | c->rights;
    case ACL_REMOVE: return rights & ~c->rights;
    case ACL_REPLACE: break;
    }
    return c->rights;
}

static enum err acl_set(struct txn *t, void *arg)
{
    const struct acl_change *c = arg;
    uint32_t m = mailbox_number(c->mailbox);
    struct grant g = { .to = c->to };
    struct head head;
    struct user u;
    enum err e = head_get(in_txn(t), c->account, m, &head);
    if (!e && c->to.who.n > GRANT_AUTHUSER) {
        e = user_by_account(in_txn(t), c->to.who, &u);
        if (e == ERR_NOTFOUND) e = ERR_CONFLICT;
    }
    if (!e) e = grant_get(in_txn(t), c->account, m, c->to, &g.rights);
    if (e) return e;
    g.rights = changed(g.rights, c);
    e = g.rights ? room_for_grant(t, c->account, m, c->to) : OK;
    if (!e) grant_put(t, c->account, m, &g);
    return e;
}

enum err store_acl_set(struct store *s, const struct acl_change *c)
{
    if (c->to.who.n == c->account.n) return ERR_DENIED;
    if (mailbox_id_of(c->account, mailbox_number(c->mailbox)).n != c->mailbox.n)
        return ERR_NOTFOUND;
    struct acl_change copy = *c;
    return store_commit(s, acl_set, &copy);
}

/* --- many at once ---------------------------------------------------------------------------- */
struct gathered {
    struct grant grants[ACL_GRANTS];
    size_t n;
    bool bad;
};

static bool gather(void *arg, str key, str value)
{
    struct gathered *g = arg;
    struct grant *one = &g->grants[g->n];
    uint32_t m;
    g->bad = !key_grant_read(key, &m, &one->to) || grant_read(value, &one->rights);
    g->n += !g->bad;
    return !g->bad && g->n < ACL_GRANTS;
}

static enum err gather_all(struct txn *t, struct account owner, uint32_t m, struct gathered **out)
{
    struct gathered *g = ARENA_NEW(txn_arena(t), struct gathered);
    struct key all = key_box(TAG_GRANT, m);
    if (!g) return ERR_LIMIT;
    *out = g;
    return source_scan(in_txn(t), owner, &all, &all, gather, g);
}

/* RFC 4314 4: CREATE. */
enum err grants_inherit(struct ledger *l, uint32_t parent, uint32_t m)
{
    struct gathered *g;
    enum err e = gather_all(l->txn, l->account, parent, &g);
    for (size_t i = 0; !e && i < g->n; i++)
        grant_put(l->txn, l->account, m, &g->grants[i]);
    return e;
}

enum err grants_purge(struct txn *t, struct account owner, uint32_t m, bool *done)
{
    struct gathered *g;
    enum err e = gather_all(t, owner, m, &g);
    for (size_t i = 0; !e && i < g->n; i++)
        grant_put(t, owner, m, &(struct grant){ .to = g->grants[i].to });
    if (!e)
        *done = g->n < ACL_GRANTS; /* a row that does not read goes with the rest of the account */
    return e;
}

/* With each go his annotations, at most PURGE_KEYS rows. */
enum { SHARED_AT_ONCE = 2 };
struct shared_keys {
    struct {
        struct account owner;
        uint32_t m;
    } rows[SHARED_AT_ONCE];
    size_t n;
};

static bool gather_shared(void *arg, str key, str value)
{
    struct shared_keys *s = arg;
    (void)value;
    s->n += key_shared_read(key, &s->rows[s->n].owner, &s->rows[s->n].m);
    return s->n < SHARED_AT_ONCE;
}

enum err grants_forget(struct txn *t, struct account who, bool *done)
{
    struct shared_keys *s = ARENA_NEW(txn_arena(t), struct shared_keys);
    struct key all = key_of(TAG_SHARED);
    if (!s) return ERR_LIMIT;
    enum err e = source_scan(in_txn(t), who, &all, &all, gather_shared, s);
    for (size_t i = 0; !e && i < s->n; i++)
        e = metadata_forget(t, s->rows[i].owner, s->rows[i].m, who);
    for (size_t i = 0; !e && i < s->n; i++)
        for (int negative = 0; negative < 2; negative++)
            grant_put(t, s->rows[i].owner, s->rows[i].m,
                      &(struct grant){ .to = { who, negative } });
    if (!e) *done = s->n < SHARED_AT_ONCE;
    return e;
}
