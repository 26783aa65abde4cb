/* mailbox_rename.c - RENAME: a mailbox keeps its number, so only names move; children move along.
 *
 * A tree that fits one step is renamed in one commit. A larger one is renamed in several, which
 * begin by writing down that they have begun: what a crash interrupts, store_tidy finishes. Until
 * then some children have the new name and the others still the old one, and all can be used.
 */
#include "store/mailbox_int.h"

#include "base/codec.h"
#include "base/mem.h"

static const str inbox = S_INIT("INBOX");

enum { RENAME_OPS = 3, RENAME_AT_ONCE = STORE_STEP_OPS / RENAME_OPS };
/* Beside the children: the name itself, its new parents, its old ones, the two rows below,
 * counters. */
enum { RENAME_SHARED_OPS = 3 * (2 * MAILBOX_DEPTH + 1) + 3 };

struct rename {
    struct account account;
    str from, to;
    uint64_t number;             /* of the rows that say it has begun; 0: there are none */
    struct key next, after_this; /* names up to this key have been looked at; committed, and now */
    bool begun, done;
    bool left, left_now; /* some children stay: their new name was taken; committed, and now */
};

/* --- names ----------------------------------------------------------------------------------- */

static enum err rename_one(struct ledger *l, const struct name_row *row, str to)
{
    struct name_row there = { 0 };
    struct title_row title;
    if (!mailbox_name_ok(to)) return ERR_LIMIT;
    enum err e = name_row_under(l->txn, l->account, to, &there);
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

static enum err make_parents(struct ledger *l, str name)
{
    size_t slash = str_rchr(name, '/');
    if (slash == STR_NPOS) return OK;
    struct title_row parent = { .name = str_take(name, slash) };
    uint32_t unused;
    enum err e = mailbox_make(l, &parent, false, &unused);
    return e == ERR_EXISTS ? OK : e;
}

static str new_name(struct arena *a, const struct rename *r, str child)
{
    str name[] = { r->to, str_from(child, r->from.n) };
    return arena_concat(a, name, COUNT_OF(name));
}

/* --- that it has begun ----------------------------------------------------------------------- */

/* Two rows, since both names may be long. */
enum { RENAME_FROM, RENAME_TO };

static struct key key_rename(uint64_t number, uint32_t which)
{
    struct key k = key_of(TAG_RENAME);
    key_u64(&k, number);
    key_u32(&k, which);
    return k;
}

static void put_begun(struct ledger *l, struct rename *r)
{
    const str names[] = { [RENAME_FROM] = r->from, [RENAME_TO] = r->to };
    r->number = ledger_modseq(l).n;
    for (uint32_t which = RENAME_FROM; which <= RENAME_TO; which++) {
        struct key k = key_rename(r->number, which);
        struct buf b = row_new();
        row_add_str(&b, names[which]);
        row_put(l->txn, l->account, &k, &b);
    }
}

static void delete_begun(struct ledger *l, const struct rename *r)
{
    for (uint32_t which = RENAME_FROM; which <= RENAME_TO; which++) {
        struct key k = key_rename(r->number, which);
        row_delete(l->txn, l->account, &k);
    }
}

/* --- children -------------------------------------------------------------------------------- */

/* The next ones, copied: the transaction may not change while it is scanned. */
struct gathered {
    struct arena *arena;
    struct key after;
    struct name_row *rows;
    size_t n;
    bool more;
};

static bool gather(void *arg, str key, const struct name_row *row)
{
    struct gathered *g = arg;
    if (str_eq(key, key_str(&g->after))) return true;
    g->more = g->n == RENAME_AT_ONCE;
    if (g->more) return false;
    struct name_row *copy = &g->rows[g->n++];
    *copy = *row;
    copy->name = arena_copy(g->arena, row->name);
    return true;
}

static enum err rename_children(struct ledger *l, struct rename *r)
{
    struct arena *arena = txn_arena(l->txn);
    struct gathered g = { .arena = arena, .after = r->next };
    g.rows = ARENA_ARRAY(arena, RENAME_AT_ONCE, struct name_row);
    if (!g.rows) return ERR_LIMIT;
    const struct key *first = r->next.n ? &r->next : NULL;
    enum err e = name_children(l->txn, l->account, first, r->from, gather, &g);
    r->done = !g.more;
    for (size_t i = 0; !e && i < g.n; i++) {
        if (!room_for_step(l->txn, RENAME_OPS + RENAME_SHARED_OPS)) {
            r->done = false;
            break;
        }
        e = rename_one(l, &g.rows[i], new_name(arena, r, g.rows[i].name));
        bool stays = r->begun && (e == ERR_EXISTS || e == ERR_LIMIT);
        r->left_now |= stays;
        if (stays) e = OK; /* it was made after the survey: in our way, or too long */
        if (arena->full) return ERR_LIMIT;
        r->after_this = key_name(TAG_NAME, g.rows[i].name);
    }
    return e;
}

/* --- steps ----------------------------------------------------------------------------------- */

/* Whether all can have their new names: nothing may come in the way of a later step. */
struct survey {
    const struct rename *rename;
    size_t children;
    bool too_long;
};

static bool survey(void *arg, str key, const struct name_row *row)
{
    struct survey *s = arg;
    (void)key;
    size_t levels = 1;
    for (size_t i = s->rename->from.n; i < row->name.n; i++)
        levels += row->name.p[i] == '/';
    for (size_t i = 0; i < s->rename->to.n; i++)
        levels += s->rename->to.p[i] == '/';
    size_t bytes = row->name.n - s->rename->from.n + s->rename->to.n;
    s->too_long = bytes > MAILBOX_NAME_BYTES || levels > MAILBOX_DEPTH;
    s->children++;
    return !s->too_long;
}

static enum err begin(struct ledger *l, struct rename *r)
{
    struct txn *t = l->txn;
    struct name_row row = { 0 };
    struct survey s = { .rename = r };
    bool below = false;
    enum err e = name_row_under(t, r->account, r->from, &row);
    if (e == ERR_LIMIT) e = ERR_NOTFOUND;
    if (!e) e = name_children(t, r->account, NULL, r->from, survey, &s);
    if (!e && row.m == 0 && s.children == 0) e = ERR_NOTFOUND;
    if (!e && s.too_long) e = ERR_LIMIT;
    if (!e) e = name_has_children(t, r->account, r->to, &below);
    if (!e && below && s.children > RENAME_AT_ONCE / 2) e = ERR_EXISTS;
    if (!e) e = make_parents(l, r->to);
    return e ? e : rename_one(l, &row, r->to);
}

static enum err end(struct ledger *l, const struct rename *r)
{
    size_t slash = str_rchr(r->from, '/');
    struct name_row row = { .name = r->from };
    if (r->begun) delete_begun(l, r);
    if (r->left_now) { /* those that stay keep their parent */
        enum err e = name_row_under(l->txn, r->account, r->from, &row);
        if (e == ERR_NOTFOUND) name_put(l->txn, r->account, &row);
        return e == ERR_NOTFOUND ? OK : e;
    }
    if (slash == STR_NPOS) return OK;
    return name_settle(l->txn, r->account, str_take(r->from, slash));
}

static enum err rename_step(struct txn *t, void *arg)
{
    struct rename *r = arg;
    struct ledger l;
    r->done = false;
    r->after_this = r->next;
    r->left_now = r->left;
    enum err e = ledger_open(t, r->account, &l);
    if (!e && !r->begun) e = begin(&l, r);
    if (!e) e = rename_children(&l, r);
    if (!e && r->done) e = end(&l, r);
    if (e) return e;
    if (!r->begun && !r->done) put_begun(&l, r);
    (void)ledger_modseq(&l);
    ledger_close(&l);
    return OK;
}

static enum err rename_all(struct store *s, struct rename *r)
{
    while (!r->done) {
        enum err e = store_commit(s, rename_step, r);
        if (e) return e;
        r->begun = true;
        r->next = r->after_this;
        r->left = r->left_now;
    }
    return r->left ? ERR_EXISTS : OK;
}

/* --- what a crash interrupted ---------------------------------------------------------------- */

struct interrupted {
    struct rename *rename;
    struct arena *arena;
    bool found;
};

static bool take_begun(void *arg, str key, str value)
{
    struct interrupted *i = arg;
    struct row row = row_open(value);
    str name = row_str(&row);
    if (key.n != KEY_RENAME_BYTES || row_end(&row)) return false;
    uint64_t number = get_be64(key.p + 1);
    uint32_t which = get_be32(key.p + 9);
    if (which == RENAME_FROM) i->rename->number = number;
    if (i->rename->number != number) return false;
    *(which == RENAME_FROM ? &i->rename->from : &i->rename->to) = arena_copy(i->arena, name);
    i->found = which == RENAME_TO;
    return !i->found;
}

enum err rename_resume(struct store *s, struct account a)
{
    for (;;) {
        struct arena arena = arena_make(4 * MAILBOX_NAME_BYTES);
        struct rename r = { .account = a, .begun = true };
        struct interrupted i = { .rename = &r, .arena = &arena };
        struct key all = key_of(TAG_RENAME);
        struct view *v = store_view(s);
        enum err e = v ? source_scan(in_view(v), a, &all, &all, take_begun, &i) : ERR_LATER;
        if (v) view_end(v);
        if (!e && i.found) e = rename_all(s, &r);
        arena_free(&arena);
        if (!e && !i.found) return OK;
        if (e && e != ERR_EXISTS) return e;
    }
}

/* --- INBOX ----------------------------------------------------------------------------------- */

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
    if (!e) e = metadata_copy(s, a, mailbox_number(from.id), mailbox_number(made));
    if (e) return e;
    struct copy all = { .account = a, .from = from.id, .to = to, .move = true };
    return store_copy(s, &all, NULL);
}

enum err store_mailbox_rename(struct store *s, struct account a, str from, str to)
{
    if (!mailbox_name_ok(to)) return ERR_LIMIT;
    if (str_eq(from, to) || str_eq(to, inbox)) return ERR_EXISTS;
    if (name_is_below(to, from) && !str_eq(from, inbox)) return ERR_DENIED;
    if (str_eq(from, inbox)) return rename_inbox(s, a, to);
    struct rename r = { .account = a, .from = from, .to = to };
    return rename_all(s, &r);
}
