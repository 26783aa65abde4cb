/* mailbox_change.c - CREATE, DELETE, SUBSCRIBE.
 *
 * A name row says which mailbox has the name, if any, and whether it is subscribed; it exists as
 * long as either holds, or as it is the parent of others. So \NonExistent parents are found by
 * listing alone.
 */
#include "store/mailbox_int.h"

#include "base/mem.h"

/* UTF-8 without controls and without separators of lines and paragraphs (RFC 9755 3), no empty
 * level, not too deep, not too long: what IMAP can name. */
bool mailbox_name_ok(str name)
{
    size_t depth = 0;
    str rest = name, level;
    if (name.n == 0 || name.n > MAILBOX_NAME_BYTES) return false;
    if (!utf8_valid(name) || utf8_has_control(name) || str_ends(name, S("/"))) return false;
    if (str_find(name, S("\u2028")) != STR_NPOS) return false;
    if (str_find(name, S("\u2029")) != STR_NPOS) return false;
    while (str_split(&rest, '/', &level)) {
        if (level.n == 0) return false;
        depth++;
    }
    return depth <= MAILBOX_DEPTH;
}

/* --- making ---------------------------------------------------------------------------------- */

enum err name_row_under(struct txn *t, struct account a, str name, struct name_row *out)
{
    struct key k = key_name(TAG_NAME, name);
    struct name_row row = { 0 };
    str value;
    enum err e = source_get(in_txn(t), a, &k, &value);
    if (!e) e = name_read(value, &row);
    if (e) return e;
    if (!str_eq(row.name, name)) return ERR_LIMIT;
    *out = (struct name_row){ row.m, row.subscribed, name };
    return OK;
}

static bool count_row(void *arg, str key, str value)
{
    (void)key, (void)value;
    return ++*(size_t *)arg <= MAILBOXES_PER_ACCOUNT;
}

static enum err room_for_more(struct ledger *l)
{
    struct key all = key_of(TAG_NAME);
    size_t n = 0;
    enum err e = source_scan(in_txn(l->txn), l->account, &all, &all, count_row, &n);
    return e ? e : n < MAILBOXES_PER_ACCOUNT ? OK : ERR_LIMIT;
}

/* RFC 4314 4: who may use the parent may use the child, until somebody says otherwise. */
static enum err inherit(struct ledger *l, str name, uint32_t m)
{
    struct name_row parent;
    size_t slash = str_rchr(name, '/');
    if (slash == STR_NPOS) return OK;
    enum err e = name_row_under(l->txn, l->account, str_take(name, slash), &parent);
    if (e || parent.m == 0) return e == ERR_NOTFOUND || e == ERR_LIMIT ? OK : e;
    return grants_inherit(l, parent.m, m);
}

static enum err make_one(struct ledger *l, const struct title_row *title, bool subscribed,
                         uint32_t *m)
{
    struct name_row row = { .name = title->name };
    enum err e = name_row_under(l->txn, l->account, title->name, &row);
    if (e && e != ERR_NOTFOUND) return e;
    if (!e && row.m) return ERR_EXISTS;
    if (l->row.mailboxes >> MAILBOX_NUMBER_BITS) return ERR_LIMIT;
    row.m = (uint32_t)++l->row.mailboxes;
    row.subscribed |= subscribed;
    struct head head = { .uidnext = 1, .uidvalidity = ledger_uidvalidity(l) };
    head.highest_modseq = ledger_modseq(l).n;
    name_put(l->txn, l->account, &row);
    title_put(l->txn, l->account, row.m, title);
    head_put(l->txn, l->account, row.m, &head);
    *m = row.m;
    return inherit(l, title->name, row.m);
}

enum err mailbox_make(struct ledger *l, const struct title_row *title, bool subscribed, uint32_t *m)
{
    if (!mailbox_name_ok(title->name)) return ERR_LIMIT;
    enum err e = room_for_more(l);
    for (size_t i = 0; !e && i < title->name.n; i++) {
        if (title->name.p[i] != '/') continue;
        struct title_row parent = { .name = str_take(title->name, i) };
        uint32_t unused;
        e = make_one(l, &parent, false, &unused);
        if (e == ERR_EXISTS) e = OK;
    }
    return e ? e : make_one(l, title, subscribed, m);
}

struct create {
    struct account account;
    struct title_row title;
    uint32_t m;
};

struct use_search {
    enum special_use use;
    bool found;
    enum err bad;
};

static bool find_use(void *arg, str key, str value)
{
    struct use_search *u = arg;
    struct title_row row;
    (void)key;
    u->bad = title_read(value, &row);
    u->found = !u->bad && row.use == u->use;
    return !u->bad && !u->found;
}

/* RFC 6154 3: a client that looks for Sent finds one. */
static enum err use_is_free(struct ledger *l, enum special_use use)
{
    struct key all = key_of(TAG_TITLE);
    struct use_search u = { .use = use };
    if (use == USE_NONE) return OK;
    enum err e = source_scan(in_txn(l->txn), l->account, &all, &all, find_use, &u);
    if (!e) e = u.bad;
    return e ? e : u.found ? ERR_CONFLICT : OK;
}

static enum err create(struct txn *t, void *arg)
{
    struct create *c = arg;
    struct ledger l;
    enum err e = ledger_open(t, c->account, &l);
    enum err use = e ? OK : use_is_free(&l, c->title.use);
    if (!e) e = mailbox_make(&l, &c->title, false, &c->m);
    if (!e) e = use;
    if (!e) ledger_close(&l);
    return e;
}

enum err store_mailbox_create(struct store *s, struct account a, str name, enum special_use use,
                              struct mailbox_id *out)
{
    struct create c = { .account = a, .title = { name, use } };
    enum err e = store_commit(s, create, &c);
    if (!e) *out = mailbox_id_of(a, c.m);
    return e;
}

/* --- children -------------------------------------------------------------------------------- */

bool name_is_below(str name, str parent)
{
    return name.n > parent.n + 1 && str_starts(name, parent) && name.p[parent.n] == '/';
}

static bool found_child(void *arg, str key, const struct name_row *row)
{
    (void)key, (void)row;
    *(bool *)arg = true;
    return false;
}

struct children {
    str parent;
    name_each *each;
    void *arg;
    enum err bad;
};

static bool take_name(void *arg, str key, str value)
{
    struct children *c = arg;
    struct name_row row = { 0 };
    c->bad = name_read(value, &row);
    if (c->bad) return false;
    return !name_is_below(row.name, c->parent) || c->each(c->arg, key, &row);
}

enum err name_children(struct txn *t, struct account a, const struct key *first, str parent,
                       name_each *each, void *arg)
{
    struct key prefix = key_name_prefix(TAG_NAME, parent);
    struct children c = { .parent = parent, .each = each, .arg = arg };
    enum err e = source_scan(in_txn(t), a, first ? first : &prefix, &prefix, take_name, &c);
    return e ? e : c.bad;
}

enum err name_has_children(struct txn *t, struct account a, str name, bool *out)
{
    *out = false;
    return name_children(t, a, NULL, name, found_child, out);
}

enum err name_settle(struct txn *t, struct account a, str name)
{
    for (;;) {
        struct name_row row;
        bool parent = false;
        enum err e = name_row_under(t, a, name, &row);
        if (e == ERR_NOTFOUND) return OK;
        if (e || row.m || row.subscribed) return e;
        e = name_has_children(t, a, name, &parent);
        if (e || parent) return e;
        struct key k = key_name(TAG_NAME, name);
        row_delete(t, a, &k);
        size_t slash = str_rchr(name, '/');
        if (slash == STR_NPOS) return OK;
        name = str_take(name, slash);
    }
}

/* --- deleting -------------------------------------------------------------------------------- */

struct delete
{
    struct account account;
    str name;
    uint32_t m;
    bool empty; /* nothing in it can be brought back */
};

static bool stop_at_one(void *arg, str key, str value)
{
    (void)key, (void)value;
    *(bool *)arg = true;
    return false;
}

/* It is kept until tidy finds it too old: a row that marks it has all to bring it back. */
static enum err mark_dying(struct ledger *l, uint32_t m, const struct head *head, bool *empty)
{
    struct key tombstones = key_box(TAG_TOMBSTONE, m);
    struct dying_row row = { .when_us = txn_wall_us(l->txn) };
    bool any = head->messages > 0;
    enum err e = title_get(in_txn(l->txn), l->account, m, &row.title);
    if (!e && !any)
        e = source_scan(in_txn(l->txn), l->account, &tombstones, &tombstones, stop_at_one, &any);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    row.title.name = arena_copy(txn_arena(l->txn), row.title.name);
    dying_put(l->txn, l->account, m, &row);
    *empty = !any;
    return OK;
}

static enum err delete_box(struct ledger *l, struct name_row *row, bool *empty)
{
    struct head head;
    enum err e = head_get(in_txn(l->txn), l->account, row->m, &head);
    if (!e) e = mark_dying(l, row->m, &head, empty);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    ledger_less(l, head.size_bytes, head.messages);
    l->row.forgotten += head.messages;
    (void)ledger_modseq(l); /* the account changed */
    struct key head_key = key_box(TAG_HEAD, row->m);
    struct key title_key = key_box(TAG_TITLE, row->m);
    row_delete(l->txn, l->account, &head_key);
    row_delete(l->txn, l->account, &title_key);
    row->m = 0;
    name_put(l->txn, l->account, row);
    return name_settle(l->txn, l->account, row->name);
}

static bool found_mailbox(void *arg, str key, const struct name_row *row)
{
    (void)key;
    *(bool *)arg = row->m != 0;
    return row->m == 0;
}

/* A bare name: the parent of mailboxes, or of subscriptions alone, which nobody sees. */
static enum err not_there(struct txn *t, const struct delete *d)
{
    bool parent = false;
    enum err e = name_children(t, d->account, NULL, d->name, found_mailbox, &parent);
    return e ? e : parent ? ERR_CONFLICT : ERR_NOTFOUND;
}

static enum err delete_named(struct txn *t, void *arg)
{
    struct delete *d = arg;
    struct ledger l;
    struct name_row row;
    enum err e = ledger_open(t, d->account, &l);
    if (!e) e = name_row_under(t, d->account, d->name, &row);
    if (e == ERR_LIMIT) return ERR_NOTFOUND;
    if (e) return e;
    if (row.m == 0) return not_there(t, d);
    d->m = row.m;
    e = delete_box(&l, &row, &d->empty);
    if (!e) ledger_close(&l);
    return e;
}

enum err store_mailbox_delete(struct store *s, struct account a, str name)
{
    if (str_eq(name, S("INBOX"))) return ERR_DENIED;
    struct delete d = { .account = a, .name = name };
    enum err e = store_commit(s, delete_named, &d);
    bool gone = d.empty || s->settings.undelete_ms == 0;
    return e || !gone ? e : purge_mailbox(s, a, d.m);
}

/* --- subscribing ----------------------------------------------------------------------------- */

struct subscribe {
    struct account account;
    str name;
    bool on;
};

static enum err subscribe(struct txn *t, void *arg)
{
    const struct subscribe *c = arg;
    struct ledger l;
    struct name_row row = { .name = c->name };
    enum err e = ledger_open(t, c->account, &l);
    if (e) return e;
    e = name_row_under(t, c->account, c->name, &row);
    if (e == ERR_NOTFOUND && !c->on) return OK;
    if (e == ERR_NOTFOUND) e = room_for_more(&l);
    if (e) return e;
    row.subscribed = c->on;
    name_put(t, c->account, &row);
    return name_settle(t, c->account, c->name);
}

enum err store_mailbox_subscribe(struct store *s, struct account a, str name, bool on)
{
    if (!mailbox_name_ok(name)) return ERR_LIMIT;
    struct subscribe c = { a, name, on };
    return store_commit(s, subscribe, &c);
}
