/* multisearch.c - ESEARCH: the same search in several mailboxes.
 *
 * RFC 7377. Which mailboxes there are is read in one view; each is then searched as SEARCH does it,
 * by UIDs, and named in its answer (RFC 9738: none of more messages than one command may look at,
 * since its code cannot say of which mailbox it is). One that is gone by then, or may not be read,
 * is passed over.
 */
#include "base/limits.h"
#include "imap/list_int.h"
#include "imap/name.h"
#include "imap/search_int.h"

struct place_found {
    struct account account;
    struct mailbox_id id;
    uint32_t uidvalidity;
    str name;
};
struct places {
    struct imap *s;
    const struct search_args *args;
    struct place_found *items;
    size_t n;
};

/* --- which mailboxes ------------------------------------------------------------------------ */
static bool is_selected(const struct imap *s, struct account account, struct mailbox_id id)
{
    return s->state == SELECTED && s->selected.n == account.n && s->told.mailbox.n == id.n;
}

static bool is_in_tree(str name, str top, bool one_level)
{
    if (str_eq(name, top)) return true;
    return imap_name_is_below(name, top) &&
           (!one_level || !str_has(str_from(name, top.n + 1), '/'));
}

static bool is_named(const struct search_source *source, str name)
{
    bool tree = source->kind != SOURCE_MAILBOXES, one_level = source->kind == SOURCE_SUBTREE_ONE;
    for (size_t i = 0; i < source->names.n; i++) {
        str one = source->names.items[i];
        if (tree ? is_in_tree(name, one, one_level) : str_eq(one, name)) return true;
    }
    return false;
}

static bool is_wanted(const struct places *p, const struct mailbox *m)
{
    for (size_t i = 0; i < p->args->sources_n; i++) {
        const struct search_source *source = &p->args->sources[i];
        switch (source->kind) {
        case SOURCE_SELECTED:
            if (is_selected(p->s, m->account, m->id)) return true;
            break;
        case SOURCE_INBOXES:
            if (str_eq(m->name, S("INBOX"))) return true;
            break;
        case SOURCE_PERSONAL:
            if (m->account.n == p->s->account.n) return true;
            break;
        case SOURCE_SUBSCRIBED:
            if (m->subscribed) return true;
            break;
        default:
            if (is_named(source, m->name)) return true;
            break;
        }
    }
    return false;
}

static void add(struct places *p, const struct mailbox *m, str name)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].account.n == m->account.n && p->items[i].id.n == m->id.n) return;
    struct place_found *more = arena_more(&p->s->arena, p->items, p->n, sizeof(*more));
    if (!more) return; /* the arena says so */
    p->items = more;
    more[p->n++] =
        (struct place_found){ m->account, m->id, m->uidvalidity, arena_copy(&p->s->arena, name) };
}

/* Of all that I may know of, others' too. */
static enum err add_wanted(struct places *p)
{
    struct boxes all;
    enum err e = imap_all_boxes(p->s, &all);
    for (size_t i = 0; !e && i < all.n; i++) {
        const struct mailbox *m = &all.items[i];
        if (!m->exists || !is_wanted(p, m)) continue;
        struct place_found *more = arena_more(&p->s->arena, p->items, p->n, sizeof(*more));
        if (!more) return ERR_LIMIT;
        p->items = more;
        more[p->n++] = (struct place_found){ m->account, m->id, m->uidvalidity, m->name };
    }
    return e;
}

/* The selected mailbox may be another's: then it has the name that I know it by. */
static enum err add_selected(struct places *p)
{
    struct look look;
    struct user owner;
    enum err e = imap_look(p->s, &look);
    if (e) return e;
    str name = look.mailbox.name;
    if (look.mailbox.account.n != p->s->account.n &&
        !store_user_by_account(look.view, look.mailbox.account, &owner))
        name = imap_shared_name(p->s, owner.address, name);
    add(p, &look.mailbox, name);
    imap_look_end(&look);
    return OK;
}

/* What I may read and not look up (RFC 4314 4) is found by its name alone. */
static void add_named(struct places *p, const struct search_source *source)
{
    for (size_t i = 0; source->kind == SOURCE_MAILBOXES && i < source->names.n; i++) {
        struct mailbox m;
        enum err e = imap_find_mailbox(p->s, source->names.items[i], RIGHT_READ, &m);
        if (!e) add(p, &m, source->names.items[i]);
    }
}

static enum err gather(struct places *p)
{
    struct imap *s = p->s;
    bool selected = p->args->sources_n == 0, others = false;
    for (size_t i = 0; i < p->args->sources_n; i++) {
        selected |= p->args->sources[i].kind == SOURCE_SELECTED;
        others |= p->args->sources[i].kind != SOURCE_SELECTED;
    }
    if (selected && s->state != SELECTED) return imap_bad(s, S("no mailbox is selected"));
    enum err e = selected ? add_selected(p) : OK;
    if (e || !others) return e;
    size_t first = p->n;
    e = add_wanted(p);
    for (size_t i = first; selected && i < p->n; i++)
        if (p->items[i].account.n == p->items[0].account.n && p->items[i].id.n == p->items[0].id.n)
            p->items[i--] = p->items[--p->n];
    for (size_t i = 0; i < p->args->sources_n; i++)
        add_named(p, &p->args->sources[i]);
    s->answer = (struct answer){ 0 }; /* a name that may not be read is passed over */
    return !e && s->arena.full ? ERR_LIMIT : e;
}

/* --- one after the other -------------------------------------------------------------------- */
static void tell(struct imap *s, const struct found *f, const struct place_found *place)
{
    struct reply head = { .out = buf_make(IMAP_LINE_BYTES), .utf8 = s->reply.utf8 };
    reply_words(&head, S(" MAILBOX "));
    reply_mailbox(&head, place->name);
    reply_words(&head, S(" UIDVALIDITY "));
    reply_number(&head, place->uidvalidity);
    imap_tell_esearch(s, f, buf_str(&head.out));
    buf_free(&head.out);
    imap_send_some(s);
}

static enum err search_one(struct imap *s, const struct command *c, struct search_program *program,
                           const struct place_found *place, bool alone)
{
    struct arena kept = imap_paid(s, arena_make(IMAP_MEMORY_BYTES));
    struct found f = imap_found_none(c, &kept);
    struct search_walk w = { .s = s, .program = program, .hit = imap_found_add, .arg = &f };
    w.selected = is_selected(s, place->account, place->id);
    w.whole = !alone;
    w.enough = imap_search_enough(c->search.returns);
    w.account = place->account;
    w.told = (struct told){ .mailbox = place->id, .uidvalidity = place->uidvalidity };
    enum err e = imap_search_begin(&w);
    if (!e) e = imap_search_run(&w);
    if (!e && kept.full) e = ERR_LIMIT;
    if (!e) e = imap_found_save(s, &f);
    if (!e && f.count) tell(s, &f, place);
    if (!e) imap_context_keep(s, c, &f.uids);
    arena_free(&kept);
    return e == ERR_NOTFOUND ? OK : e;
}

enum err imap_esearch(struct imap *s, const struct command *c)
{
    struct places places = { .s = s, .args = &c->search };
    struct search_program *program = ARENA_NEW(&s->arena, struct search_program);
    if (!program) return ERR_LIMIT;
    enum err e = imap_search_compile(&s->arena, &c->search, program);
    if (e == ERR_DENIED) return imap_search_bad_charset(s);
    if (!e) e = gather(&places);
    if (e) return e;
    bool selected_alone =
        places.n == 1 && is_selected(s, places.items[0].account, places.items[0].id);
    /* RFC 7377 2.1: numbers, "$" and updates are the selected mailbox's. */
    if (!selected_alone && (program->seqs || (c->search.returns & (RETURN_SAVE | RETURN_UPDATE))))
        return imap_bad(s, S("only in the selected mailbox"));
    struct arena answers = imap_paid(s, arena_make(IMAP_MEMORY_BYTES));
    program->answers = &answers;
    for (size_t i = 0; !e && i < places.n; i++) {
        struct arena_mark mark = arena_mark(&s->arena);
        e = search_one(s, c, program, &places.items[i], selected_alone);
        if (!e) arena_rewind(&s->arena, mark); /* else the answer is in there */
    }
    arena_free(&answers);
    return e;
}
