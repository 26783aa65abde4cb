/* mailbox_change.c - CREATE, DELETE, RENAME, SUBSCRIBE.
 *
 * A name row says which mailbox has the name, if any, and whether it is subscribed; it exists as
 * long as either holds, or as it is the parent of others. So \NonExistent parents are found by
 * listing alone.
 */
#include "store/store_int.h"

#include "base/mem.h"

static const str inbox = S_INIT("INBOX");

/* UTF-8 without NUL, no empty level, not too deep, not too long. */
bool mailbox_name_ok(str name)
{
    size_t depth = 0;
    str rest = name, level;
    if (name.n == 0 || name.n > MAILBOX_NAME_BYTES) return false;
    if (!utf8_valid(name) || str_has(name, '\0') || str_ends(name, S("/"))) return false;
    while (str_split(&rest, '/', &level)) {
        if (level.n == 0) return false;
        depth++;
    }
    return depth <= MAILBOX_DEPTH;
}

/* --- making ---------------------------------------------------------------------------------- */

/* What stands under the key of a name: OK and the row; ERR_LIMIT if another long name that has the
 * same hash stands there. */
static enum err row_under(struct txn *t, struct account a, str name, struct name_row *out)
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

static enum err make_one(struct ledger *l, const struct title_row *title, bool subscribed,
                         uint32_t *m)
{
    struct name_row row = { .name = title->name };
    enum err e = row_under(l->txn, l->account, title->name, &row);
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
    return OK;
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

static enum err create(struct txn *t, void *arg)
{
    struct create *c = arg;
    struct ledger l;
    enum err e = ledger_open(t, c->account, &l);
    if (!e) e = mailbox_make(&l, &c->title, false, &c->m);
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

/* The rows of names below a name, copied: the transaction may not change during a scan. */
struct children {
    str parent;
    struct arena *arena; /* NULL: only whether there is one */
    struct name_row *rows;
    size_t n, cap;
    enum err bad;
};

static bool is_below(str name, str parent)
{
    return name.n > parent.n + 1 && str_starts(name, parent) && name.p[parent.n] == '/';
}

static bool take_child(void *arg, str key, str value)
{
    struct children *c = arg;
    (void)key;
    struct name_row row = { 0 };
    c->bad = name_read(value, &row);
    if (c->bad) return false;
    if (!is_below(row.name, c->parent)) return true;
    if (!c->arena) {
        c->n = 1;
        return false;
    }
    if (c->n == c->cap) {
        c->bad = ERR_LIMIT;
        return false;
    }
    row.name = arena_copy(c->arena, row.name);
    c->rows[c->n++] = row;
    return true;
}

static enum err children_find(struct txn *t, struct account a, struct children *c)
{
    struct key prefix = key_name_prefix(TAG_NAME, c->parent);
    enum err e = source_scan(in_txn(t), a, &prefix, &prefix, take_child, c);
    return e ? e : c->bad;
}

static enum err has_children(struct txn *t, struct account a, str name, bool *out)
{
    struct children c = { .parent = name };
    enum err e = children_find(t, a, &c);
    if (!e) *out = c.n > 0;
    return e;
}

/* A name row whose mailbox is gone goes too unless it is subscribed or a parent; then it may have
 * been all that held its own parent. */
static enum err settle_name(struct txn *t, struct account a, str name)
{
    for (;;) {
        struct name_row row;
        bool parent = false;
        enum err e = row_under(t, a, name, &row);
        if (e == ERR_NOTFOUND) return OK;
        if (e || row.m || row.subscribed) return e;
        e = has_children(t, a, name, &parent);
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
};

static enum err delete_box(struct ledger *l, struct name_row *row)
{
    struct head head;
    enum err e = head_get(in_txn(l->txn), l->account, row->m, &head);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    l->row.bytes -= head.size_bytes;
    l->row.messages -= head.messages;
    l->dirty = true;
    (void)ledger_modseq(l); /* the account changed */
    struct key head_key = key_box(TAG_HEAD, row->m);
    struct key title_key = key_box(TAG_TITLE, row->m);
    struct key dying = key_box(TAG_DYING, row->m);
    row_delete(l->txn, l->account, &head_key);
    row_delete(l->txn, l->account, &title_key);
    row_put_empty(l->txn, l->account, &dying);
    row->m = 0;
    name_put(l->txn, l->account, row);
    return settle_name(l->txn, l->account, row->name);
}

static enum err delete (struct txn *t, void *arg) {
    struct delete *d = arg; struct ledger l; struct name_row row;
    enum err e = ledger_open(t, d->account, &l);
    if (!e) e = row_under(t, d->account, d->name, &row);
    if (e == ERR_LIMIT) return ERR_NOTFOUND;
    if (e) return e;
    bool parent = false;
    e = has_children(t, d->account, d->name, &parent);
    if (e) return e;
    if (row.m == 0) return parent ? ERR_CONFLICT : ERR_NOTFOUND;
    d->m = row.m;
    e = delete_box(&l, &row);
    if (!e) ledger_close(&l);
    return e;
}

enum err store_mailbox_delete(struct store *s, struct account a, str name)
{
    if (str_eq(name, inbox)) return ERR_DENIED;
    struct delete d = { .account = a, .name = name };
    enum err e = store_commit(s, delete, &d);
    return e ? e : purge_mailbox(s, a, d.m);
}

/* --- renaming -------------------------------------------------------------------------------- */

struct rename {
    struct account account;
    str from, to;
};

/* The mailbox keeps its number, so its UIDVALIDITY and all its rows: only the name moves. */
static enum err rename_one(struct ledger *l, const struct name_row *row, str to)
{
    struct name_row there = { 0 };
    struct title_row title;
    if (!mailbox_name_ok(to)) return ERR_LIMIT;
    enum err e = row_under(l->txn, l->account, to, &there);
    if (e && e != ERR_NOTFOUND) return e;
    if (there.m) return ERR_EXISTS;
    struct name_row moved = { row->m, row->subscribed || there.subscribed, to };
    struct key old = key_name(TAG_NAME, row->name);
    if (row->m) {
        e = title_get(in_txn(l->txn), l->account, row->m, &title);
        if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
        title.name = to;
        title_put(l->txn, l->account, row->m, &title);
    }
    row_delete(l->txn, l->account, &old);
    name_put(l->txn, l->account, &moved);
    return OK;
}

static enum err rename_children(struct ledger *l, const struct rename *r)
{
    struct arena *arena = txn_arena(l->txn);
    struct children c = { .parent = r->from, .arena = arena, .cap = txn_room(l->txn) / 3 };
    c.rows = ARENA_ARRAY(arena, c.cap, struct name_row);
    if (!c.rows) return ERR_LIMIT;
    enum err e = children_find(l->txn, l->account, &c);
    for (size_t i = 0; !e && i < c.n; i++) {
        str name[] = { r->to, str_from(c.rows[i].name, r->from.n) };
        str to = arena_concat(arena, name, COUNT_OF(name));
        e = arena->full ? ERR_LIMIT : rename_one(l, &c.rows[i], to);
    }
    return e;
}

static enum err make_parents(struct ledger *l, str name)
{
    size_t slash = str_rchr(name, '/');
    if (slash == STR_NPOS) return OK;
    struct title_row parent = { .name = str_take(name, slash) };
    uint32_t unused;
    enum err e = mailbox_make(l, &parent, false, &unused);
    return e == ERR_EXISTS ? OK : e;
}

static enum err rename_box(struct txn *t, void *arg)
{
    const struct rename *r = arg;
    struct ledger l;
    struct name_row row = { 0 };
    bool parent = false;
    enum err e = ledger_open(t, r->account, &l);
    if (!e) e = row_under(t, r->account, r->from, &row);
    if (!e) e = has_children(t, r->account, r->from, &parent);
    if (e == ERR_LIMIT || (!e && row.m == 0 && !parent)) return ERR_NOTFOUND;
    if (!e) e = make_parents(&l, r->to);
    if (!e) e = rename_one(&l, &row, r->to);
    if (!e) e = rename_children(&l, r);
    size_t slash = str_rchr(r->from, '/');
    if (!e && slash != STR_NPOS) e = settle_name(t, r->account, str_take(r->from, slash));
    (void)ledger_modseq(&l);
    if (!e) ledger_close(&l);
    return e;
}

/* RFC 9051 6.3.6: INBOX stays, empty; its messages go to a new mailbox. */
static enum err rename_inbox(struct store *s, struct account a, str to)
{
    struct mailbox_id made;
    struct view *v = store_view(s);
    struct mailbox from;
    if (!v) return ERR_LATER;
    enum err e = store_mailbox_find(v, a, inbox, &from);
    view_end(v);
    if (!e) e = store_mailbox_create(s, a, to, USE_NONE, &made);
    if (e) return e;
    struct arena arena = arena_make(1 << 20);
    struct copied moved = { .from = uidset_make(&arena), .to = uidset_make(&arena) };
    struct copy all = { .account = a, .from = from.id, .to = to, .move = true };
    e = store_copy(s, &all, &moved);
    arena_free(&arena);
    return e;
}

enum err store_mailbox_rename(struct store *s, struct account a, str from, str to)
{
    if (!mailbox_name_ok(to)) return ERR_LIMIT;
    if (str_eq(from, to) || str_eq(to, inbox)) return ERR_EXISTS;
    if (is_below(to, from) && !str_eq(from, inbox)) return ERR_DENIED;
    if (str_eq(from, inbox)) return rename_inbox(s, a, to);
    struct rename r = { a, from, to };
    return store_commit(s, rename_box, &r);
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
    e = row_under(t, c->account, c->name, &row);
    if (e == ERR_NOTFOUND && !c->on) return OK;
    if (e == ERR_NOTFOUND) e = room_for_more(&l);
    if (e) return e;
    row.subscribed = c->on;
    name_put(t, c->account, &row);
    return settle_name(t, c->account, c->name);
}

enum err store_mailbox_subscribe(struct store *s, struct account a, str name, bool on)
{
    if (!mailbox_name_ok(name)) return ERR_LIMIT;
    struct subscribe c = { a, name, on };
    return store_commit(s, subscribe, &c);
}
