/* list.c - LIST, LSUB, NAMESPACE: which mailboxes there are.
 *
 * RFC 9051 6.3.9, 6.3.10, 7.3.1; RFC 3501 6.3.9 (LSUB); RFC 5258, RFC 5819, RFC 6154. All names are
 * read in one view; matching takes name times pattern steps, whatever they hold.
 */
#include "imap/list_int.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "imap/name.h"
#include "run/fiber.h"

/* --- the mailboxes, by name ----------------------------------------------------------------- */

static bool keep(void *arg, const struct mailbox *m)
{
    struct boxes *b = arg;
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 32;
        struct mailbox *items = ARENA_ARRAY(b->arena, cap, struct mailbox);
        if (!items) return false;
        bytes_copy(items, cap * sizeof(*items), b->items, b->n * sizeof(*items));
        b->items = items;
        b->cap = cap;
    }
    b->items[b->n] = *m;
    b->items[b->n++].name = arena_copy(b->arena, m->name);
    return !b->arena->full;
}

/* The first whose name is not less. */
static size_t at_or_after(const struct boxes *b, str name)
{
    size_t low = 0, high = b->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(b->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- those of others ------------------------------------------------------------------------- */
struct shared {
    struct imap *s;
    struct view *view;
    struct boxes *own;
    struct boxes more;    /* what is not among my own names */
    struct account owner; /* of the address */
    str address;
};

static struct mailbox *named(const struct boxes *b, str name)
{
    size_t i = at_or_after(b, name);
    return i < b->n && str_eq(b->items[i].name, name) ? &b->items[i] : NULL;
}

static bool keep_shared(void *arg, const struct mailbox *m, uint32_t rights)
{
    struct shared *g = arg;
    struct user owner;
    if (!(rights & RIGHT_LOOKUP)) return true;
    if (g->owner.n != m->account.n) {
        if (store_user_by_account(g->view, m->account, &owner)) return true;
        g->owner = m->account;
        g->address = arena_copy(&g->s->arena, owner.address);
    }
    struct mailbox box = *m;
    box.name = imap_shared_name(g->s, g->address, m->name);
    box.use = USE_NONE; /* it is its owner's */
    box.subscribed = false;
    if (box.name.n > MAILBOX_NAME_BYTES) return true;
    struct mailbox *mine = named(g->own, box.name);
    if (!mine) return keep(&g->more, &box);
    box.subscribed = mine->subscribed; /* my own row of it says no more than that */
    *mine = box;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct mailbox *)a)->name, ((const struct mailbox *)b)->name);
}

static enum err add(struct boxes *b, const struct boxes *more)
{
    for (size_t i = 0; i < more->n; i++)
        if (!keep(b, &more->items[i])) return ERR_LIMIT;
    if (more->n) qsort(b->items, b->n, sizeof(*b->items), by_name);
    return OK;
}

/* The levels above names that begin so: they cannot be selected, but lead there. */
static enum err add_levels(struct boxes *b, str start)
{
    struct boxes levels = { .arena = b->arena };
    for (size_t i = at_or_after(b, start); i < b->n; i++) {
        str name = b->items[i].name, before = i ? b->items[i - 1].name : S("");
        if (!str_starts(name, start)) break;
        for (size_t at = 0; at < name.n; at++) {
            struct mailbox level = { .name = str_take(name, at) };
            if (name.p[at] != '/' || str_starts(before, str_take(name, at + 1))) continue;
            if (!named(b, level.name) && !keep(&levels, &level)) return ERR_LIMIT;
        }
    }
    return add(b, &levels);
}

static enum err add_shared(struct imap *s, struct view *view, struct boxes *b)
{
    struct shared g = { .s = s, .view = view, .own = b, .more.arena = &s->arena };
    enum err e = store_shared(view, s->account, keep_shared, &g);
    if (!e) e = add(b, &g.more);
    return e ? e : add_levels(b, S("Shared/"));
}

enum err imap_all_boxes(struct imap *s, struct boxes *b)
{
    *b = (struct boxes){ .arena = &s->arena };
    struct view *view = store_view(s->server->store);
    if (!view) return ERR_LATER;
    enum err e = store_mailboxes(view, s->account, keep, b);
    if (!e) e = add_shared(s, view, b);
    view_end(view);
    return s->arena.full ? ERR_LIMIT : e;
}

const struct mailbox *boxes_named(const struct boxes *b, str name)
{
    return named(b, name);
}

bool boxes_have_below(const struct boxes *b, str name, bool subscribed, struct arena *a)
{
    str prefix = arena_concat(a, (str[]){ name, S("/") }, 2);
    for (size_t i = at_or_after(b, prefix); i < b->n; i++) {
        if (!str_starts(b->items[i].name, prefix)) return false;
        if (subscribed ? b->items[i].subscribed : b->items[i].exists) return true;
    }
    return false;
}

/* --- matching ------------------------------------------------------------------------------- */

/* RFC 9051 6.3.9: the reference stands in front of the pattern. INBOX in any case is INBOX. */
static enum err whole_patterns(struct imap *s, const struct list_args *list, struct str_list *out)
{
    str *patterns = ARENA_ARRAY(&s->arena, list->patterns.n, str);
    size_t bytes = 0;
    if (!patterns) return ERR_LIMIT;
    for (size_t i = 0; i < list->patterns.n; i++) {
        str whole = arena_concat(&s->arena, (str[]){ list->reference, list->patterns.items[i] }, 2);
        bytes += whole.n;
        if (whole.n > MAILBOX_NAME_BYTES || bytes > IMAP_LIST_BYTES)
            return imap_no(s, ERR_LIMIT, S("LIMIT"), S("pattern too long"));
        str first = str_take(whole, str_chr(whole, IMAP_SEPARATOR));
        if (str_ieq(first, S("INBOX")))
            whole = arena_concat(&s->arena, (str[]){ S("INBOX"), str_from(whole, first.n) }, 2);
        patterns[i] = whole;
    }
    *out = (struct str_list){ patterns, list->patterns.n };
    return s->arena.full ? ERR_LIMIT : OK;
}

static bool matches(struct str_list patterns, str name)
{
    for (size_t i = 0; i < patterns.n; i++) {
        if (imap_name_matches(patterns.items[i], name)) return true;
        /* "inb*": the name INBOX has no case. */
        if (!str_eq(name, S("INBOX")) || !patterns.items[i].n) continue;
        if (imap_name_matches(patterns.items[i], S("inbox"))) return true;
    }
    return false;
}

/* --- saying it ------------------------------------------------------------------------------ */
static const str use_names[] = {
    [USE_NONE] = S_INIT(""),
    [USE_ALL] = S_INIT("\\All"),
    [USE_ARCHIVE] = S_INIT("\\Archive"),
    [USE_DRAFTS] = S_INIT("\\Drafts"),
    [USE_FLAGGED] = S_INIT("\\Flagged"),
    [USE_JUNK] = S_INIT("\\Junk"),
    [USE_SENT] = S_INIT("\\Sent"),
    [USE_TRASH] = S_INIT("\\Trash"),
};

str imap_use_name(enum special_use use)
{
    return use_names[use];
}

struct line {
    struct reply *reply;
    size_t start;
};

static void attribute(struct line *l, bool on, str name)
{
    if (!on) return;
    if (l->reply->out.n > l->start) reply_words(l->reply, S(" "));
    reply_words(l->reply, name);
}

static struct line line_begin(struct imap *s, str response)
{
    reply_words(&s->reply, S("* "));
    reply_words(&s->reply, response);
    reply_words(&s->reply, S(" ("));
    return (struct line){ .reply = &s->reply, .start = s->reply.out.n };
}

static void line_end(struct line *l, str name, str extended)
{
    reply_words(l->reply, S(") \"/\" "));
    reply_mailbox(l->reply, name);
    reply_words(l->reply, extended);
    reply_end(l->reply);
}

/* Mine in it; 0 if that cannot be told. */
static uint32_t rights_in(struct imap *s, const struct mailbox *m)
{
    uint32_t rights = 0;
    struct view *view = store_view(s->server->store);
    if (!view) return 0;
    enum err e = store_rights(view, m->account, m->id, s->account, &rights);
    view_end(view);
    return e ? 0 : rights;
}

/* What RETURN asks for beside the line itself. RFC 5819 2, RFC 8440 4: nothing of a mailbox that is
 * told only because of what lies below it. */
static void tell_more(struct imap *s, const struct mailbox *m, const struct list_args *list)
{
    bool chosen = m->exists && (m->subscribed || !(list->select & LIST_SUBSCRIBED));
    if (!chosen || !(list->returns & (LIST_STATUS | LIST_MYRIGHTS | LIST_METADATA))) return;
    uint32_t rights = rights_in(s, m);
    /* RFC 4314 4: no STATUS of what I may not read. */
    if (list->status_items && (rights & RIGHT_READ)) imap_tell_status(s, m, list->status_items);
    if ((list->returns & LIST_MYRIGHTS) && rights) imap_tell_myrights(s, m->name, rights);
    if (!(list->returns & LIST_METADATA) || !imap_may_annotate(rights)) return;
    struct metadata_args wanted = { .entries = list->entries, .max_bytes = UINT64_MAX };
    uint64_t longest = 0;
    /* RFC 9590 3: what cannot be looked up is left out. */
    if (imap_tell_metadata(s, m, &wanted, &longest))
        log_event(LOG_DEBUG, "imap.command", conn_id(s->conn), F_CSTR("result", "no metadata"));
}

void imap_tell_name(struct imap *s, str attributes, str name, str old)
{
    struct line l = line_begin(s, S("LIST"));
    attribute(&l, attributes.n > 0, attributes);
    reply_words(&s->reply, S(") \"/\" "));
    reply_mailbox(&s->reply, name);
    if (old.n) {
        reply_words(&s->reply, S(" (\"OLDNAME\" ("));
        reply_mailbox(&s->reply, old);
        reply_words(&s->reply, S("))"));
    }
    reply_end(&s->reply);
}

static void tell_box(struct imap *s, const struct boxes *b, const struct mailbox *m,
                     const struct list_args *list)
{
    bool children = boxes_have_below(b, m->name, false, &s->arena);
    bool wants_subscribed = (list->select | list->returns) & LIST_SUBSCRIBED;
    bool below =
        (list->select & LIST_RECURSIVEMATCH) && boxes_have_below(b, m->name, true, &s->arena);
    struct line l = line_begin(s, S("LIST"));
    bool rev2 = s->enabled & ENABLED_REV2;
    attribute(&l, !m->exists && (list->extended || rev2), S("\\NonExistent"));
    attribute(&l, !m->exists, S("\\Noselect"));
    attribute(&l, children, S("\\HasChildren"));
    attribute(&l, !children, S("\\HasNoChildren"));
    attribute(&l, m->subscribed && wants_subscribed, S("\\Subscribed"));
    attribute(&l, m->use != USE_NONE, use_names[m->use]);
    line_end(&l, m->name, below ? S(" (\"CHILDINFO\" (\"SUBSCRIBED\"))") : S(""));
    tell_more(s, m, list);
}

/* Does it belong to the answer, apart from its name? */
static bool selected(struct imap *s, const struct boxes *b, const struct mailbox *m,
                     const struct list_args *list)
{
    if ((list->select & LIST_SPECIAL_USE) && m->use == USE_NONE) return false;
    if (list->select & LIST_SUBSCRIBED) {
        if (m->subscribed) return true;
        return (list->select & LIST_RECURSIVEMATCH) &&
               boxes_have_below(b, m->name, true, &s->arena);
    }
    return m->exists || boxes_have_below(b, m->name, false, &s->arena);
}

enum err imap_list(struct imap *s, const struct command *c)
{
    const struct list_args *list = &c->list;
    struct str_list patterns = { 0 };
    /* RFC 9051 6.3.9: an empty pattern asks for the separator. */
    if (!list->extended && list->patterns.items[0].n == 0) {
        reply_words(&s->reply, S("* LIST (\\Noselect) \"/\" \"\""));
        reply_end(&s->reply);
        return OK;
    }
    struct boxes b;
    enum err e = whole_patterns(s, list, &patterns);
    if (!e) e = imap_all_boxes(s, &b);
    /* RFC 5258 4: above a subscription of what is not there, nothing need be either. */
    if (!e && (list->select & LIST_RECURSIVEMATCH)) e = add_levels(&b, S(""));
    for (size_t i = 0; !e && i < b.n; i++) {
        struct arena_mark mark = arena_mark(&s->arena);
        if (selected(s, &b, &b.items[i], list) && matches(patterns, b.items[i].name))
            tell_box(s, &b, &b.items[i], list);
        arena_rewind(&s->arena, mark);
        imap_send_some(s);
        fiber_yield(); /* matching long names with many patterns takes a while */
        if (conn_gone(s->conn)) e = ERR_GONE;
    }
    return e;
}

/* --- LSUB ----------------------------------------------------------------------------------- */

static bool is_subscribed(const struct boxes *b, str name)
{
    size_t i = at_or_after(b, name);
    return i < b->n && str_eq(b->items[i].name, name) && b->items[i].subscribed;
}

/* RFC 3501 6.3.9: where "%" stops short of a subscribed mailbox, the level above it is told, as one
 * that cannot be selected. */
static void tell_above(struct imap *s, const struct boxes *b, struct str_list patterns, str name,
                       str *told)
{
    for (size_t at = 0; at < name.n; at++) {
        str above = str_take(name, at);
        if (name.p[at] != IMAP_SEPARATOR || !matches(patterns, above)) continue;
        /* Names come in order: those below one level are neighbours, but for names between. */
        if (is_subscribed(b, above) || str_eq(above, *told)) return;
        *told = above;
        struct line l = line_begin(s, S("LSUB"));
        attribute(&l, true, S("\\Noselect"));
        line_end(&l, above, S(""));
        return;
    }
}

enum err imap_lsub(struct imap *s, const struct command *c)
{
    struct str_list patterns = { 0 };
    struct boxes b;
    str told = { 0 };
    enum err e = whole_patterns(s, &c->list, &patterns);
    if (!e) e = imap_all_boxes(s, &b);
    for (size_t i = 0; !e && i < b.n; i++) {
        const struct mailbox *m = &b.items[i];
        fiber_yield(); /* as in LIST */
        if (!m->subscribed) continue;
        if (!matches(patterns, m->name)) {
            tell_above(s, &b, patterns, m->name, &told);
            continue;
        }
        struct line l = line_begin(s, S("LSUB"));
        attribute(&l, !m->exists, S("\\Noselect"));
        line_end(&l, m->name, S(""));
        imap_send_some(s);
    }
    return e;
}

enum err imap_namespace(struct imap *s, const struct command *c)
{
    (void)c;
    reply_words(&s->reply, S("* NAMESPACE ((\"\" \"/\")) ((\"Shared/\" \"/\")) NIL"));
    reply_end(&s->reply);
    return OK;
}
