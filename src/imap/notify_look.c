/* notify_look.c - what has changed in all the mailboxes that a session listens to.
 *
 * RFC 5465 5, 6. The mailboxes as they are now are compared with those of the last look: whatever
 * happened in between, and however often, is told once. So a flood of changes costs each listener
 * one look a turn of the loop, and nothing is queued for who does not read.
 */
#include "imap/notify_int.h"

#include "base/limits.h"
#include "base/mem.h"
#include "imap/name.h"

/* --- which events of which mailbox ----------------------------------------------------------- */
static bool named(const struct notify_group *g, str name, bool trees)
{
    for (size_t i = 0; i < g->names.n; i++)
        if (str_eq(name, g->names.items[i]) ||
            (trees && imap_name_is_below(name, g->names.items[i])))
            return true;
    return false;
}

static bool matches(const struct imap *s, const struct notify_group *g, const struct seen_box *b)
{
    bool mine = b->account.n == s->account.n;
    switch (g->filter) {
    case HEAR_SELECTED:
    case HEAR_DELAYED: return false;                               /* notify.c's */
    case HEAR_INBOXES: return mine && str_eq(b->name, S("INBOX")); /* deliver files nowhere else */
    case HEAR_PERSONAL: return mine;
    case HEAR_SUBSCRIBED: return b->subscribed;
    case HEAR_SUBTREE: return named(g, b->name, true);
    case HEAR_MAILBOXES: return named(g, b->name, false);
    }
    return false;
}

static bool is_selected(const struct imap *s, const struct seen_box *b)
{
    return s->state == SELECTED && b->id.n == s->told.mailbox.n && b->account.n == s->selected.n;
}

uint32_t notify_events(const struct imap *s, const struct seen_box *b)
{
    const struct notify_args *args = &s->notify->args;
    uint32_t events = 0;
    for (size_t i = 0; i < args->n; i++)
        if (matches(s, &args->groups[i], b)) events |= args->groups[i].events;
    /* RFC 5465 3.1: messages of the selected mailbox are SELECTED's affair alone. */
    if (is_selected(s, b) || !b->exists || !b->readable)
        events &= ~(uint32_t)(HEAR_NEW | HEAR_EXPUNGE | HEAR_FLAGS);
    return events;
}

/* --- watching the accounts that have them ---------------------------------------------------- */
struct notify_watch {
    struct list node;
    struct watch watch;
    struct conn *conn;
    uint64_t annotated; /* its metadata are told up to here */
    bool used, looked;
};

static void account_changed(struct watch *w)
{
    conn_wake(CONTAINER_OF(w, struct notify_watch, watch)->conn);
}

static void unwatch(struct imap *s, struct notify_watch *w)
{
    store_unwatch(s->server->store, &w->watch);
    list_remove(&w->node);
    s->notify->watches_n--;
    mem_free(w);
}

/* True when it was not watched yet: what it holds must be read again. */
static bool watch(struct imap *s, struct account a)
{
    struct notify *n = s->notify;
    LIST_EACH(&n->watches, node) {
        struct notify_watch *w = CONTAINER_OF(node, struct notify_watch, node);
        if (w->watch.account.n != a.n) continue;
        w->used = true;
        return false;
    }
    struct notify_watch *w = MEM_NEW(struct notify_watch);
    w->conn = s->conn;
    w->used = true;
    w->watch =
        (struct watch){ .account = a, .loop = conn_loop(s->conn), .changed = account_changed };
    list_push_back(&n->watches, &w->node);
    n->watches_n++;
    store_watch(s->server->store, &w->watch);
    return true;
}

void notify_unwatch(struct imap *s)
{
    LIST_EACH_SAFE(&s->notify->watches, node) {
        unwatch(s, CONTAINER_OF(node, struct notify_watch, node));
    }
}

static void drop_unused(struct imap *s)
{
    LIST_EACH_SAFE(&s->notify->watches, node) {
        struct notify_watch *w = CONTAINER_OF(node, struct notify_watch, node);
        if (!w->used)
            unwatch(s, w);
        else
            w->used = false;
    }
}

/* The mailboxes, of accounts that were watched before they were read. */
static enum err read_boxes(struct imap *s, struct boxes *b)
{
    bool again;
    watch(s, s->account);
    watch(s, ACCOUNT_DIRECTORY); /* the server's metadata */
    if (s->selected.n) watch(s, s->selected);
    do {
        enum err e = imap_all_boxes(s, b);
        if (e) return e;
        if (b->n > IMAP_NOTIFY_MAILBOXES) return ERR_LIMIT;
        again = false;
        for (size_t i = 0; i < b->n; i++)
            if (b->items[i].exists) again |= watch(s, b->items[i].account);
        if (s->notify->watches_n > IMAP_NOTIFY_WATCHES) return ERR_LIMIT;
    } while (again);
    return OK;
}

/* --- as they are now ------------------------------------------------------------------------- */
static bool readable(struct imap *s, struct view *v, const struct mailbox *m)
{
    uint32_t rights = 0;
    if (!m->exists || m->account.n == s->account.n) return true;
    return !store_rights(v, m->account, m->id, s->account, &rights) && (rights & RIGHT_READ);
}

static enum err see(struct imap *s, const struct boxes *b, struct seen *out)
{
    *out = (struct seen){ .arena = arena_make(IMAP_NOTIFY_BYTES) };
    out->boxes = ARENA_ARRAY(&out->arena, b->n + 1, struct seen_box);
    struct view *v = out->boxes ? store_view(s->server->store) : NULL;
    if (!v) return out->boxes ? ERR_LATER : ERR_LIMIT;
    for (size_t i = 0; i < b->n; i++) {
        const struct mailbox *m = &b->items[i];
        out->boxes[out->n++] = (struct seen_box){
            .account = m->account,
            .id = m->id,
            .name = arena_copy(&out->arena, m->name),
            .uidvalidity = m->uidvalidity,
            .messages = m->messages,
            .unseen = m->unseen,
            .uidnext = m->uidnext,
            .modseq = m->highest_modseq,
            .exists = m->exists,
            .subscribed = m->subscribed,
            .readable = readable(s, v, m),
        };
    }
    view_end(v);
    return out->arena.full ? ERR_LIMIT : OK;
}

static const struct seen_box *seen_named(const struct seen *seen, str name)
{
    size_t low = 0, high = seen->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(seen->boxes[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < seen->n && str_eq(seen->boxes[low].name, name) ? &seen->boxes[low] : NULL;
}

static bool same(const struct seen_box *a, const struct seen_box *b)
{
    return a->account.n == b->account.n && a->id.n == b->id.n;
}

/* --- telling --------------------------------------------------------------------------------- */
struct looking {
    struct imap *s;
    const struct notify_look *how;
    struct boxes boxes;
    struct seen now;
};

static bool touches(str own, str name)
{
    return own.n &&
           (str_eq(own, name) || imap_name_is_below(name, own) || imap_name_is_below(own, name));
}

/* RFC 5465 5: what the client did itself it need not hear. */
static bool is_own(const struct looking *l, str name)
{
    const struct command *c = l->how->own;
    if (!c) return false;
    switch (c->what) {
    case VERB_CREATE:
    case VERB_DELETE:
    case VERB_SUBSCRIBE:
    case VERB_UNSUBSCRIBE: return touches(c->mailbox.mailbox, name);
    case VERB_RENAME: return touches(c->mailbox.mailbox, name) || touches(c->mailbox.to, name);
    default: return false;
    }
}

static void attribute(struct reply *r, bool on, str word, bool *first)
{
    if (!on) return;
    if (!*first) reply_words(r, S(" "));
    *first = false;
    reply_words(r, word);
}

/* RFC 5465 5.4: the mailbox as it is now, with the name that it had. */
static void tell_list(struct looking *l, str name, str old_name)
{
    struct reply *r = &l->s->reply;
    const struct mailbox *m = boxes_named(&l->boxes, name);
    const struct seen_box *b = seen_named(&l->now, name);
    bool exists = m && m->exists, first = true;
    bool children = boxes_have_below(&l->boxes, name, false, &l->s->arena);
    reply_words(r, S("* LIST ("));
    attribute(r, !exists, S("\\NonExistent"), &first);
    attribute(r, exists && b && !b->readable, S("\\NoAccess"), &first);
    attribute(r, children, S("\\HasChildren"), &first);
    attribute(r, !children, S("\\HasNoChildren"), &first);
    attribute(r, m && m->subscribed, S("\\Subscribed"), &first);
    attribute(r, m && m->use != USE_NONE, imap_use_name(m ? m->use : USE_NONE), &first);
    reply_words(r, S(") \"/\" "));
    reply_mailbox(r, name);
    if (old_name.n) {
        reply_words(r, S(" (\"OLDNAME\" ("));
        reply_mailbox(r, old_name);
        reply_words(r, S("))"));
    }
    reply_end(r);
}

/* A mailbox that came or went changes its parent too, whether that is one or not. */
static void tell_parent(struct looking *l, const struct seen_box *b)
{
    size_t slash = str_rchr(b->name, '/');
    if (slash == STR_NPOS) return;
    struct seen_box parent = { .account = b->account, .name = str_take(b->name, slash) };
    const struct seen_box *now = seen_named(&l->now, parent.name);
    const struct seen_box *before = seen_named(&l->s->notify->seen, parent.name);
    bool is = now && now->exists, was = before && before->exists;
    if (is != was) return; /* told for its own sake */
    if (notify_events(l->s, now ? now : &parent) & HEAR_NAMES) tell_list(l, parent.name, S(""));
}

static void came_or_went(struct looking *l, const struct seen_box *b)
{
    if (!(notify_events(l->s, b) & HEAR_NAMES) || is_own(l, b->name)) return;
    tell_list(l, b->name, S(""));
    tell_parent(l, b);
}

/* RFC 5465 5.1-5.3; one answer for all that happened to its messages. */
static void tell_messages(struct looking *l, const struct seen_box *was, const struct seen_box *now)
{
    bool condstore = l->s->enabled & ENABLED_CONDSTORE;
    uint32_t events = notify_events(l->s, now), items = 0;
    const struct mailbox *m = boxes_named(&l->boxes, now->name);
    bool other = was->uidvalidity != now->uidvalidity;
    bool moved = was->messages != now->messages || was->uidnext.n != now->uidnext.n;
    if ((events & HEAR_NEW) && (moved || other)) items = STATUS_MESSAGES | STATUS_UIDNEXT;
    if ((events & HEAR_NEW) && other) items |= STATUS_UIDVALIDITY;
    if ((events & HEAR_FLAGS) && was->modseq.n != now->modseq.n) {
        if (condstore) items |= STATUS_UIDVALIDITY;
        if (was->unseen != now->unseen) items |= STATUS_UIDVALIDITY | STATUS_UNSEEN;
    }
    if (!items || !m) return;
    if (condstore) items |= STATUS_HIGHESTMODSEQ;
    imap_tell_status(l->s, m, items);
}

static void tell_subscription(struct looking *l, const struct seen_box *b, uint32_t events)
{
    if ((events & HEAR_SUBSCRIPTIONS) && !is_own(l, b->name)) tell_list(l, b->name, S(""));
}

static void compare(struct looking *l, const struct seen_box *was, const struct seen_box *now)
{
    uint32_t events = notify_events(l->s, now) | notify_events(l->s, was);
    if (was->exists != now->exists || (now->exists && !same(was, now)))
        came_or_went(l, now);
    else if (was->readable != now->readable && events)
        tell_list(l, now->name, S(""));
    else if (was->subscribed != now->subscribed)
        tell_subscription(l, now, events);
    if (now->exists) tell_messages(l, was, now);
}

/* --- renames --------------------------------------------------------------------------------- */

/* The mailbox that was called otherwise; NULL: this one is new. */
static const struct seen_box *renamed_from(const struct looking *l, const struct seen_box *now)
{
    const struct seen *before = &l->s->notify->seen;
    for (size_t i = 0; now->exists && i < before->n; i++) {
        const struct seen_box *b = &before->boxes[i];
        if (!b->exists || !same(b, now)) continue;
        const struct seen_box *there = seen_named(&l->now, b->name);
        if (!there || !same(there, now)) return b;
    }
    return NULL;
}

/* RFC 5465 5.4: what went along with a parent is not told. */
static bool went_along(const struct looking *l, const struct seen_box *was,
                       const struct seen_box *now)
{
    for (size_t at = 0; at < now->name.n; at++) {
        str rest = str_from(now->name, at);
        if (now->name.p[at] != '/' || !str_ends(was->name, rest)) continue;
        const struct seen_box *parent = seen_named(&l->now, str_take(now->name, at));
        const struct seen_box *before =
            seen_named(&l->s->notify->seen, str_take(was->name, was->name.n - rest.n));
        if (parent && before && parent->exists && same(parent, before)) return true;
    }
    return false;
}

static void is_new(struct looking *l, const struct seen_box *now)
{
    if (now->exists)
        came_or_went(l, now);
    else if (now->subscribed)
        tell_subscription(l, now, notify_events(l->s, now));
    if (!now->exists) return;
    tell_messages(l, &(struct seen_box){ .uidvalidity = now->uidvalidity }, now);
}

static void appeared(struct looking *l, const struct seen_box *now)
{
    const struct seen_box *was = renamed_from(l, now);
    if (!was) {
        is_new(l, now);
        return;
    }
    uint32_t events = notify_events(l->s, now) | notify_events(l->s, was);
    if ((events & HEAR_NAMES) && !is_own(l, now->name) && !went_along(l, was, now))
        tell_list(l, now->name, was->name);
    tell_messages(l, was, now);
}

static bool moved_away(const struct looking *l, const struct seen_box *was)
{
    for (size_t i = 0; i < l->now.n; i++)
        if (l->now.boxes[i].exists && same(&l->now.boxes[i], was)) return true;
    return false;
}

static void disappeared(struct looking *l, const struct seen_box *was)
{
    if (!was->exists && was->subscribed)
        tell_subscription(l, was, notify_events(l->s, was));
    else if (was->exists && !moved_away(l, was))
        came_or_went(l, was);
}

/* --- metadata ----------------------------------------------------------------------------------
 */
struct annotating {
    struct looking *l;
    bool silent;
};

static bool hears_server(const struct imap *s)
{
    uint32_t events = 0;
    for (size_t i = 0; i < s->notify->args.n; i++)
        events |= s->notify->args.groups[i].events;
    return events & HEAR_SERVER;
}

static const struct seen_box *seen_by_id(const struct seen *seen, const struct annotated *of)
{
    for (size_t i = 0; i < seen->n; i++) {
        const struct seen_box *b = &seen->boxes[i];
        if (b->exists && b->id.n == of->mailbox.n && b->account.n == of->account.n) return b;
    }
    return NULL;
}

/* RFC 5465 5.6, 5.7: the names of what others changed. */
static bool tell_annotation(void *arg, const struct annotation *a)
{
    const struct annotating *t = arg;
    struct imap *s = t->l->s;
    if (t->silent || a->by == imap_metadata_myself(s)) return true;
    bool server = a->of.mailbox.n == 0;
    const struct seen_box *b = server ? NULL : seen_by_id(&t->l->now, &a->of);
    if (server ? !hears_server(s) : !b || !b->readable || !(notify_events(s, b) & HEAR_METADATA))
        return true;
    reply_words(&s->reply, S("* METADATA "));
    reply_mailbox(&s->reply, b ? b->name : S(""));
    reply_words(&s->reply, S(" "));
    reply_astring(&s->reply, a->name);
    reply_end(&s->reply);
    return true;
}

static enum err tell_annotations(struct looking *l)
{
    struct imap *s = l->s;
    struct view *v = store_view(s->server->store);
    if (!v) return ERR_LATER;
    enum err e = OK;
    LIST_EACH(&s->notify->watches, node) {
        struct notify_watch *w = CONTAINER_OF(node, struct notify_watch, node);
        struct annotating t = { .l = l, .silent = l->how->silent || !w->looked };
        if (!e)
            e = store_annotation_news(v, w->watch.account, s->account, &w->annotated,
                                      tell_annotation, &t);
        w->looked = true;
    }
    view_end(v);
    return e;
}

/* --- the look -------------------------------------------------------------------------------- */
static void compare_all(struct looking *l)
{
    const struct seen *before = &l->s->notify->seen;
    size_t i = 0, k = 0;
    while (i < before->n || k < l->now.n) {
        int order = i == before->n  ? 1
                    : k == l->now.n ? -1
                                    : str_cmp(before->boxes[i].name, l->now.boxes[k].name);
        if (order < 0)
            disappeared(l, &before->boxes[i++]);
        else if (order > 0)
            appeared(l, &l->now.boxes[k++]);
        else
            compare(l, &before->boxes[i++], &l->now.boxes[k++]);
        imap_send_some(l->s);
    }
}

/* RFC 5465 3.1: what is asked for, and may be known of and not read. */
static void tell_no_access(struct looking *l)
{
    for (size_t i = 0; i < l->now.n; i++)
        if (!l->now.boxes[i].readable && notify_events(l->s, &l->now.boxes[i]))
            tell_list(l, l->now.boxes[i].name, S(""));
}

/* Is anything asked beyond the selected mailbox? */
static bool looks_around(const struct imap *s)
{
    for (size_t i = 0; i < s->notify->args.n; i++) {
        const struct notify_group *g = &s->notify->args.groups[i];
        if (g->filter != HEAR_SELECTED && g->filter != HEAR_DELAYED && g->events) return true;
    }
    return false;
}

enum err notify_look(struct imap *s, const struct notify_look *how)
{
    struct looking l = { .s = s, .how = how };
    struct arena_mark mark = arena_mark(&s->arena);
    enum err e = OK;
    if (looks_around(s)) {
        e = read_boxes(s, &l.boxes);
        if (!e) e = see(s, &l.boxes, &l.now);
        if (!e && how->silent)
            tell_no_access(&l);
        else if (!e)
            compare_all(&l);
        if (!e) e = tell_annotations(&l);
    } else if (s->selected.n && s->notify->selected) {
        watch(s, s->selected);
    }
    drop_unused(s);
    arena_rewind(&s->arena, mark);
    struct seen old = e ? l.now : s->notify->seen;
    if (!e) s->notify->seen = l.now;
    arena_free(&old.arena);
    return e;
}
