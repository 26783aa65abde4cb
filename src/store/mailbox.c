/* mailbox.c - finding and listing mailboxes. */
#include "store/store_int.h"

static enum err fill(struct view *v, struct account a, uint32_t m, struct mailbox *out)
{
    struct head h;
    struct title_row title;
    enum err e = head_get(in_view(v), a, m, &h);
    if (!e) e = title_get(in_view(v), a, m, &title);
    if (e) return e;
    out->account = a;
    out->id = mailbox_id_of(a, m);
    out->name = title.name;
    out->use = title.use;
    out->exists = true;
    out->uidvalidity = h.uidvalidity;
    out->uidnext.n = h.uidnext;
    out->highest_modseq.n = h.highest_modseq;
    out->messages = h.messages;
    out->unseen = h.unseen;
    out->deleted = h.deleted;
    out->size_bytes = h.size_bytes;
    return OK;
}

enum err store_mailbox_find(struct view *v, struct account a, str name, struct mailbox *out)
{
    struct name_row row;
    struct mailbox found = { 0 };
    enum err e = name_get(in_view(v), a, name, &row);
    if (e) return e;
    if (row.m == 0) return ERR_NOTFOUND;
    found.subscribed = row.subscribed;
    e = fill(v, a, row.m, &found);
    if (!e) *out = found;
    return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

enum err store_mailbox_by_id(struct view *v, struct account a, struct mailbox_id id,
                             struct mailbox *out)
{
    struct name_row row;
    struct mailbox found = { 0 };
    uint32_t m = mailbox_number(id);
    if (mailbox_id_of(a, m).n != id.n) return ERR_NOTFOUND;
    enum err e = fill(v, a, m, &found);
    if (e) return e;
    e = name_get(in_view(v), a, found.name, &row);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    found.subscribed = row.subscribed;
    *out = found;
    return OK;
}

struct listing {
    struct view *view;
    struct account account;
    bool (*each)(void *arg, const struct mailbox *m);
    void *arg;
    enum err bad;
};

static bool show_mailbox(void *arg, str key, str value)
{
    struct listing *l = arg;
    (void)key;
    struct name_row row;
    struct mailbox found = { .account = l->account };
    l->bad = name_read(value, &row);
    if (l->bad) return false;
    found.name = row.name;
    found.subscribed = row.subscribed;
    if (row.m) l->bad = fill(l->view, l->account, row.m, &found);
    if (l->bad == ERR_NOTFOUND) l->bad = ERR_CORRUPT;
    return !l->bad && l->each(l->arg, &found);
}

enum err store_mailboxes(struct view *v, struct account a,
                         bool (*each)(void *arg, const struct mailbox *m), void *arg)
{
    struct listing l = { .view = v, .account = a, .each = each, .arg = arg };
    struct key all = key_of(TAG_NAME);
    enum err e = source_scan(in_view(v), a, &all, &all, show_mailbox, &l);
    return e ? e : l.bad;
}

/* The mailbox's keywords in bit order: their rows sort so. */
struct words {
    struct arena *arena;
    str *names;
    size_t n;
};

static bool take_word(void *arg, str key, str value)
{
    struct words *w = arg;
    (void)key;
    if (w->n == MAILBOX_KEYWORDS) return false;
    w->names[w->n++] = arena_copy(w->arena, value);
    return true;
}

enum err store_keywords(struct view *v, const struct mailbox *m, struct arena *a, const str **names,
                        size_t *n)
{
    struct words w = { .arena = a, .names = ARENA_ARRAY(a, MAILBOX_KEYWORDS, str) };
    if (!w.names) return ERR_LIMIT;
    struct key all = key_box(TAG_KEYWORD, mailbox_number(m->id));
    enum err e = source_scan(in_view(v), m->account, &all, &all, take_word, &w);
    if (e) return e;
    if (a->full) return ERR_LIMIT;
    *names = w.names;
    *n = w.n;
    return OK;
}
