/* model_box_int.h - the model's operations on mailboxes: made, renamed, subscribed, deleted,
 * brought back. */
#ifndef STORE_MODEL_BOX_INT_H
#define STORE_MODEL_BOX_INT_H

#include "store/model_int.h"

static inline struct model_name *parent_of(struct model *m, const struct model_name *n)
{
    size_t slash = str_rchr(n->name, '/');
    return slash == STR_NPOS ? NULL : name_find(m, str_take(n->name, slash));
}

static inline bool has_children(const struct model *m, const struct model_name *n)
{
    for (size_t i = 0; i < NAMES; i++)
        if (m->names[i].row && below(&m->names[i], n)) return true;
    return false;
}

/* Mailboxes below it, not subscriptions alone. */
static inline bool is_parent(const struct model *m, const struct model_name *n)
{
    for (size_t i = 0; i < NAMES; i++)
        if (m->names[i].box && below(&m->names[i], n)) return true;
    return false;
}

/* A row that nothing needs goes, and perhaps the one above it. */
static inline void settle(struct model *m, struct model_name *n)
{
    while (n && n->row && !n->box && !n->subscribed && !has_children(m, n)) {
        n->row = false;
        n = parent_of(m, n);
    }
}

static inline void make_box(struct model *m, struct model_name *n)
{
    if (n->box) return;
    n->row = true;
    n->box = MEM_NEW(struct model_box);
    n->box->name = (unsigned)(n - m->names);
    n->box->number = ++m->boxes;
    n->box->uidnext = 1;
}

/* "a" comes with "a/b": parents are made. */
static inline void make_path(struct model *m, struct model_name *n)
{
    for (size_t i = 0; i < NAMES; i++) /* the shorter ones come first */
        if (below(n, &m->names[i])) make_box(m, &m->names[i]);
    make_box(m, n);
}

static inline void do_create(struct model *m)
{
    struct model_name *n = any_name(m);
    struct mailbox_id id;
    arm(m);
    enum err e = store_mailbox_create(m->world.store, m->world.alice, n->name, USE_NONE, &id);
    if (done(m, e, n->box ? ERR_EXISTS : OK)) make_path(m, n);
}

static inline void do_subscribe(struct model *m)
{
    struct model_name *n = any_name(m);
    bool on = draw(m, 2);
    arm(m);
    enum err e = store_mailbox_subscribe(m->world.store, m->world.alice, n->name, on);
    if (!done(m, e, OK)) return;
    n->row |= on;
    n->subscribed = on;
    settle(m, n);
}

/* A session whose mailbox is gone has to end. */
static inline void end_sessions(struct model *m, const struct model_box *box)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        if (m->session[i].box == box) m->session[i].box = NULL;
}

static inline void do_delete(struct model *m)
{
    struct model_name *n = any_name(m);
    enum err wanted = n->box ? OK : n->row && is_parent(m, n) ? ERR_CONFLICT : ERR_NOTFOUND;
    if (n == &m->names[0]) wanted = ERR_DENIED;
    if (m->dead_n == DEAD) return;
    arm(m);
    if (!done(m, store_mailbox_delete(m->world.store, m->world.alice, n->name), wanted)) return;
    end_sessions(m, n->box);
    n->box->dead = true;
    n->box->day = m->day;
    m->dead[m->dead_n++] = n->box;
    n->box = NULL;
    settle(m, n);
}

/* --- renaming --------------------------------------------------------------------------------- */

/* What a name becomes with its parent; NULL: deeper than the model has names. */
static inline struct model_name *renamed(struct model *m, const struct model_name *n,
                                         const struct model_name *from, const struct model_name *to)
{
    str parts[] = { to->name, str_from(n->name, from->name.n) };
    return name_find(m, arena_concat(&m->world.arena, parts, COUNT_OF(parts)));
}

/* In the order of names, each only to where nothing stands by then. */
static inline enum err rename_tree(struct model *m, struct model_name *from, struct model_name *to)
{
    struct model_name *todo[NAMES];
    size_t n = 0;
    for (size_t i = 0; i < NAMES; i++) {
        if (!m->names[i].row || !below(&m->names[i], from)) continue;
        size_t at = n++;
        for (; at > 0 && str_cmp(todo[at - 1]->name, m->names[i].name) > 0; at--)
            todo[at] = todo[at - 1];
        todo[at] = &m->names[i];
    }
    for (size_t i = 0; i <= n; i++) {
        struct model_name *old = i ? todo[i - 1] : from, *new = renamed(m, old, from, to);
        if (new->box) return ERR_EXISTS;
        new->row = true;
        new->subscribed |= old->subscribed;
        new->box = old->box;
        old->row = old->subscribed = false;
        old->box = NULL;
        if (new->box) new->box->name = (unsigned)(new - m->names);
    }
    struct model_name *parent = parent_of(m, from);
    if (parent) settle(m, parent);
    return OK;
}

static inline bool fits_the_names(struct model *m, const struct model_name *from,
                                  const struct model_name *to)
{
    for (size_t i = 0; i < NAMES; i++) {
        bool moves = &m->names[i] == from || below(&m->names[i], from);
        if (m->names[i].row && moves && !renamed(m, &m->names[i], from, to)) return false;
    }
    return true;
}

/* Everything that a rename touches but the mailboxes themselves: put back when it is refused. */
struct names_before {
    struct model_name names[NAMES];
    unsigned boxes;
};

static inline void put_back(struct model *m, const struct names_before *b)
{
    for (size_t i = 0; i < NAMES; i++) /* parents that were made for it */
        if (m->names[i].box && m->names[i].box->number > b->boxes) mem_free(m->names[i].box);
    m->boxes = b->boxes;
    for (size_t i = 0; i < NAMES; i++) {
        struct model_name *n = &m->names[i];
        n->row = b->names[i].row;
        n->subscribed = b->names[i].subscribed;
        n->box = b->names[i].box;
        if (n->box) n->box->name = (unsigned)i;
    }
}

static inline enum err rename_in_model(struct model *m, struct model_name *from,
                                       struct model_name *to)
{
    if (from == to || to == &m->names[0]) return ERR_EXISTS;
    if (below(to, from)) return ERR_DENIED;
    if (!from->row || (!from->box && !has_children(m, from))) return ERR_NOTFOUND;
    struct model_name *parent = parent_of(m, to);
    if (parent) make_path(m, parent);
    return rename_tree(m, from, to);
}

/* RFC 9051 6.3.6: INBOX stays, its messages go. */
static inline void rename_inbox(struct model *m, struct model_name *to)
{
    struct model_box *inbox = m->names[0].box;
    enum err wanted = to->box ? ERR_EXISTS : OK;
    arm(m);
    enum err e = store_mailbox_rename(m->world.store, m->world.alice, S("INBOX"), to->name);
    if (!done(m, e, wanted)) return;
    make_path(m, to);
    for (size_t i = 0; i < inbox->n; i++) {
        if (inbox->messages[i].fate != LIVE) continue;
        model_add(m, to->box, inbox->messages[i]);
        model_remove(m, &inbox->messages[i], MOVED);
    }
}

static inline void do_rename(struct model *m)
{
    struct model_name *from = any_name(m), *to = any_name(m);
    bool inbox = from == &m->names[0] && from != to;
    if (inbox && draw(m, 10) == 0) rename_inbox(m, to);
    if (inbox || !fits_the_names(m, from, to)) return;
    struct names_before *before = MEM_NEW(struct names_before);
    before->boxes = m->boxes;
    for (size_t i = 0; i < NAMES; i++)
        before->names[i] = m->names[i];
    enum err wanted = rename_in_model(m, from, to);
    arm(m);
    enum err e = store_mailbox_rename(m->world.store, m->world.alice, from->name, to->name);
    if (!done(m, e, wanted)) put_back(m, before);
    mem_free(before);
}

/* --- bringing back ---------------------------------------------------------------------------- */

enum { UNDELETE_DAYS = 7 };

struct bringing {
    struct model *m;
    struct model_name *only; /* NULL: whatever name */
    struct quota used;
    uint64_t restored;
    bool full;
};

static inline bool young(const struct model *m, unsigned day)
{
    return m->day - day < UNDELETE_DAYS;
}

static inline void bring_one(struct bringing *b, struct model_name *to, struct model_message *one)
{
    struct model *m = b->m;
    if (!to->box) make_path(m, to);
    b->full = !has_room(&b->used, one->size, 1);
    if (b->full) return;
    struct model_message back = *one;
    one->fate = RESTORED;
    back.system &= (uint8_t)~FLAG_DELETED;
    model_add(m, to->box, back);
    b->used.messages++;
    b->used.bytes += back.size;
    b->restored++;
}

/* Those that were expunged one by one, in that order; then those that went with the mailbox. */
static inline void bring_from(struct bringing *b, struct model_box *box)
{
    struct model *m = b->m;
    struct model_name *to = &m->names[box->name];
    size_t n = box->n; /* what comes back comes behind these */
    for (uint64_t last = 0; !b->full;) {
        size_t next = n;
        for (size_t i = 0; i < n; i++) {
            const struct model_message *one = &box->messages[i];
            if (one->fate != EXPUNGED || one->gone <= last || !young(m, one->day)) continue;
            if (next == n || one->gone < box->messages[next].gone) next = i;
        }
        if (next == n) break;
        last = box->messages[next].gone;
        struct model_message one = box->messages[next];
        bring_one(b, to, &one);
        box->messages[next].fate = one.fate;
    }
    for (size_t i = 0; box->dead && i < n && !b->full; i++)
        if (box->messages[i].fate == LIVE && young(m, box->day))
            bring_one(b, to, &box->messages[i]);
}

/* The living ones by number, then the dead ones: as the store had them before it began. */
static inline void bring_all(struct bringing *b)
{
    struct model *m = b->m;
    unsigned boxes = m->boxes;
    for (unsigned number = 1; number <= boxes && !b->full; number++)
        for (size_t i = 0; i < NAMES && !b->full; i++) {
            struct model_box *box = m->names[i].box;
            if (box && box->number == number && (!b->only || b->only == &m->names[i]))
                bring_from(b, box);
        }
    for (unsigned number = 1; number <= boxes && !b->full; number++)
        for (size_t i = 0; i < m->dead_n && !b->full; i++) {
            struct model_box *box = m->dead[i];
            if (box->number == number && (!b->only || b->only == &m->names[box->name]))
                bring_from(b, box);
        }
}

static inline enum err see_wall(struct txn *t, void *arg)
{
    *(int64_t *)arg = txn_wall_us(t);
    return OK;
}

static inline void do_undelete(struct model *m)
{
    struct undelete u = { .account = m->world.alice, .actor = tester() };
    struct bringing b = { .m = m, .used = used(m) };
    uint64_t restored = 0;
    if (!m->keeps) return;
    if (draw(m, 3)) b.only = any_name(m);
    if (b.only) u.mailbox = b.only->name;
    demand(m, engine_commit(m->world.engine, see_wall, &u.now_us) == OK, "the time");
    /* Of one step with the model, so that nothing has to be taken back there: none is made to fail.
     */
    bring_all(&b);
    enum err e = store_undelete(m->world.store, &u, &restored);
    (void)done(m, e, b.full ? ERR_LIMIT : OK);
    demand(m, restored == b.restored, "how many came back");
}

/* --- comparing -------------------------------------------------------------------------------- */

struct names_seen {
    struct model *m;
    bool seen[NAMES];
};

static inline bool compare_name(void *arg, const struct mailbox *have)
{
    struct names_seen *s = arg;
    struct model *m = s->m;
    const struct model_name *n = name_find(m, have->name);
    if (!n) { /* those that every user has, which the model leaves alone */
        demand(m, have->use != USE_NONE, "a name too many");
        return true;
    }
    demand(m, n->row, "a name that should be gone");
    demand(m, have->exists == (n->box != NULL), "whether a mailbox exists");
    demand(m, have->subscribed == n->subscribed, "whether it is subscribed");
    s->seen[n - m->names] = true;
    return true;
}

static inline void compare_names(struct model *m)
{
    struct names_seen s = { .m = m };
    struct view *v = store_view(m->world.store);
    demand(m, store_mailboxes(v, m->world.alice, compare_name, &s) == OK, "listing mailboxes");
    view_end(v);
    for (size_t i = 0; i < NAMES; i++)
        demand(m, s.seen[i] == m->names[i].row, "a name is missing");
}

#endif
