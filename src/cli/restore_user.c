/* restore_user.c - posthorn restore FOLDER --user ADDRESS: what the backup has of a user and the
 * store has no longer.
 *
 * A message is known by its size, internal date and Message-ID, wherever it lies. One that was
 * moved since is still there; of copies as many come back as are missing, first those whose mailbox
 * has none. So what is restored is there, and running the same again restores nothing.
 */
#include <stdlib.h>

#include "admin/move.h"
#include "admin/restore.h"
#include "base/limits.h"
#include "cli/restore_int.h"
#include "cli/server.h"
#include "mail/card.h"

/* A message of the backup, and whether it is to come back. */
struct wanted {
    struct restore_identity identity;
    uint64_t box;
    bool missing;
};

/* So many messages of one identity that the store has in one mailbox, not matched yet. */
struct had {
    struct restore_identity identity;
    uint64_t box, n;
};

struct account_restore {
    struct restoring *r;
    struct restored *backup;
    struct account account; /* in the backup */
    str user;               /* the address, in lower case */
    struct restore_talk talk;
    struct wanted *all;
    size_t n, cap, next;
    struct had *had;
    size_t had_n;
    uint64_t missing;
    struct move_import out;
    struct mailbox_id box; /* the last one that was named to the server */
    struct buf name;
    uint64_t damaged;
};

/* --- what is missing ----------------------------------------------------------------------------
 */

bool restore_wants(const struct restoring *r, const struct restore_message *m)
{
    struct card card;
    if (r->uid && m->message.uid.n != r->uid) return false;
    if (!r->message_id.n) return true;
    str id = r->message_id;
    if (str_starts(id, S("<")) && str_ends(id, S(">"))) id = str_sub(id, 1, id.n - 2);
    return card_open(m->message.card, &card) && card.message_id == card_id_hash(id);
}

static enum err note(void *arg, const struct restore_message *m)
{
    struct account_restore *a = arg;
    if (!restore_wants(a->r, m)) return OK;
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 1024;
        a->all = mem_resize(a->all, a->cap, cap, sizeof *a->all);
        a->cap = cap;
    }
    a->all[a->n++] = (struct wanted){ m->identity, restore_box(m->mailbox->name), true };
    return OK;
}

static int compare_identity(struct restore_identity a, struct restore_identity b)
{
    if (a.a != b.a) return a.a < b.a ? -1 : 1;
    return a.b == b.b ? 0 : a.b < b.b ? -1 : 1;
}

static int compare_had(const void *left, const void *right)
{
    const struct had *a = left, *b = right;
    int c = compare_identity(a->identity, b->identity);
    return c ? c : a->box == b->box ? 0 : a->box < b->box ? -1 : 1;
}

/* Sorted, each once, with how many. */
static void load_had(struct account_restore *a)
{
    size_t n = restore_items(&a->talk);
    a->had = MEM_ARRAY(n ? n : 1, struct had);
    for (size_t i = 0; i < n; i++) {
        struct restore_item item = restore_item(&a->talk, i);
        a->had[i] = (struct had){ item.identity, item.box, 1 };
    }
    qsort(a->had, n, sizeof *a->had, compare_had);
    for (size_t i = 0; i < n; i++) {
        if (a->had_n && compare_had(&a->had[a->had_n - 1], &a->had[i]) == 0)
            a->had[a->had_n - 1].n++;
        else
            a->had[a->had_n++] = a->had[i];
    }
}

/* The first that is not below. */
static size_t find(const struct account_restore *a, const struct had *key)
{
    size_t from = 0, to = a->had_n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare_had(&a->had[middle], key) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Is it there, in that mailbox or (anywhere) in another? Then that one is spoken for. */
static bool match(struct account_restore *a, const struct wanted *w, bool anywhere)
{
    struct had key = { .identity = w->identity, .box = anywhere ? 0 : w->box };
    for (size_t i = find(a, &key); i < a->had_n; i++) {
        struct had *had = &a->had[i];
        if (compare_identity(had->identity, w->identity)) return false;
        if (!anywhere && had->box != w->box) return false;
        if (had->n == 0) continue;
        had->n--;
        return true;
    }
    return false;
}

static void find_missing(struct account_restore *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (match(a, &a->all[i], false)) a->all[i].missing = false;
    for (size_t i = 0; i < a->n; i++)
        if (a->all[i].missing && match(a, &a->all[i], true)) a->all[i].missing = false;
    for (size_t i = 0; i < a->n; i++)
        a->missing += a->all[i].missing;
}

/* --- what is made -------------------------------------------------------------------------------
 */

/* The mailbox's name here: under --into, if that was said. */
static str target(struct account_restore *a, str name)
{
    buf_reset(&a->name);
    buf_add(&a->name, a->r->into);
    if (a->r->into.n) buf_addc(&a->name, '/');
    buf_add(&a->name, name);
    return buf_str(&a->name);
}

struct boxes {
    struct arena arena;
    struct mailbox *at;
    size_t n;
};

static bool take_box(void *arg, const struct mailbox *m)
{
    struct boxes *b = arg;
    if (!m->exists) return true;
    b->at = arena_more(&b->arena, b->at, b->n, sizeof *b->at);
    if (!b->at) return false;
    b->at[b->n] = *m;
    b->at[b->n++].name = arena_copy(&b->arena, m->name);
    return true;
}

/* All mailboxes of a user who was made anew, with what they are for. */
static enum err make_boxes(struct account_restore *a, struct buf *why)
{
    struct boxes b = { .arena = arena_make(64 * 1024 * 1024) };
    struct view *v = store_view(restored_store(a->backup));
    enum err e = v ? store_mailboxes(v, a->account, take_box, &b) : ERR_LATER;
    if (v) view_end(v);
    for (size_t i = 0; i < b.n && !e; i++)
        e = restore_mailbox(&a->talk, b.at[i].name, b.at[i].use, b.at[i].subscribed, why);
    arena_free(&b.arena);
    return e;
}

struct leading {
    struct account_restore *a;
    struct arena arena;
    struct alias_of {
        str address, target;
    } * at;
    size_t n;
};

static bool take_alias(void *arg, str address, str target)
{
    struct leading *l = arg;
    str user = l->a->user;
    if (!str_eq(address, user) && !str_eq(target, user)) return true;
    l->at = arena_more(&l->arena, l->at, l->n, sizeof *l->at);
    if (!l->at) return false;
    l->at[l->n++] =
        (struct alias_of){ arena_copy(&l->arena, address), arena_copy(&l->arena, target) };
    return true;
}

/* The aliases at the address or to it that are no longer here are named and not made: who removed
 * one may have given it to somebody else. */
static enum err name_aliases(struct account_restore *a, struct buf *why)
{
    struct leading l = { .a = a, .arena = arena_make(64 * 1024 * 1024) };
    struct view *v = store_view(restored_store(a->backup));
    enum err e = v ? store_aliases(v, take_alias, &l) : ERR_LATER;
    if (v) view_end(v);
    for (size_t i = 0; i < l.n && !e; i++) {
        bool there;
        str address = l.at[i].address, target = l.at[i].target;
        e = restore_alias(&a->talk, address, target, &there, why);
        if (e || there) continue;
        cli_complain("the backup has an alias that is not here any more; it comes back with: "
                     "posthorn alias add %.*s %.*s",
                     STR_ARG(address), STR_ARG(target));
    }
    arena_free(&l.arena);
    return e;
}

static enum err find_in_backup(struct account_restore *a, struct user *u, struct buf *why)
{
    struct arena *arena = &a->r->arena;
    str address = a->user = arena_lower(arena, a->r->user);
    struct view *v = store_view(restored_store(a->backup));
    enum err e = v ? store_user_find(v, address, u) : ERR_LATER;
    if (!e) {
        u->address = arena_copy(arena, u->address);
        u->password_hash = arena_copy(arena, u->password_hash);
        a->account = u->account;
    }
    if (v) view_end(v);
    if (e) buf_addf(why, "the backup has no user %.*s", STR_ARG(address));
    return e;
}

/* --- the messages -------------------------------------------------------------------------------
 */

static void refused(void *arg, str label, enum err why, unsigned keywords_lost)
{
    struct account_restore *a = arg;
    progress_clear(&a->r->progress);
    if (why)
        cli_complain("%.*s: %s", STR_ARG(label), err_text(why));
    else
        cli_complain("%.*s: without %u of its keywords, for the mailbox has its number",
                     STR_ARG(label), keywords_lost);
}

static enum err send_body(struct account_restore *a, const struct message *m)
{
    struct body_reader *reader;
    str piece = { 0 };
    enum err e = body_open(store_engine(restored_store(a->backup)), m->blob, &reader);
    if (e) return e;
    for (uint64_t at = 0; !e && at < body_reader_size(reader); at += piece.n) {
        e = body_read(reader, at, MOVE_CHUNK_BYTES, &piece);
        if (!e) move_bytes(&a->out, piece);
    }
    body_close(reader);
    return e;
}

static void describe(const struct restore_message *m, str *keywords, struct move_message *out)
{
    size_t n = 0;
    for (size_t i = 0; i < m->keywords_n; i++)
        if (m->message.flags.keywords >> i & 1) keywords[n++] = m->keywords[i];
    *out = (struct move_message){
        .flags = m->message.flags.system,
        .keywords = keywords,
        .keywords_n = n,
        .date_s = m->message.internal_date_s,
        .zone_min = m->message.internal_zone_min,
    };
}

static enum err send_one(struct account_restore *a, const struct restore_message *m)
{
    str keywords[MAILBOX_KEYWORDS];
    struct move_message out;
    struct buf label = buf_make(ADMIN_WORD_BYTES);
    describe(m, keywords, &out);
    buf_add(&label, str_take(m->mailbox->name, MAILBOX_NAME_BYTES));
    buf_addf(&label, " uid %u", m->message.uid.n);
    out.label = buf_str(&label);
    move_begin(&a->out, &out);
    enum err e = send_body(a, &m->message);
    if (e) {
        a->damaged++;
        refused(a, out.label, e, 0);
    }
    e = move_end(&a->out, !e);
    buf_free(&label);
    return e;
}

static enum err send_missing(void *arg, const struct restore_message *m)
{
    struct account_restore *a = arg;
    if (!restore_wants(a->r, m)) return OK;
    if (!a->all[a->next++].missing) return OK;
    enum err e = OK;
    if (a->box.n != m->mailbox->id.n)
        e = move_box(&a->out, target(a, m->mailbox->name), m->mailbox->subscribed);
    a->box = m->mailbox->id;
    if (!e) e = send_one(a, m);
    a->r->progress.done++;
    progress_step(&a->r->progress);
    return e;
}

static enum err send_all(struct account_restore *a, struct buf *why)
{
    struct restoring *r = a->r;
    a->out =
        (struct move_import){ .tell = refused, .arg = a, .reason = buf_make(ADMIN_REASON_BYTES) };
    enum err e = move_open(&r->cli->control, S("import"), r->user, &a->out.conn, why);
    if (e) return e;
    progress_begin(&r->progress, r->seam, "restored");
    r->progress.total = a->missing;
    e = restore_each(restored_store(a->backup), a->account, r->mailbox, send_missing, a);
    if (!e) e = move_done(&a->out);
    progress_clear(&r->progress);
    if (e)
        buf_addf(why, "%.*s",
                 STR_ARG(a->out.reason.n ? buf_str(&a->out.reason) : str_of(err_text(e))));
    buf_free(&a->out.reason);
    conn_close(a->out.conn);
    return e;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static enum err restore_from(struct account_restore *a, struct buf *why)
{
    struct user u;
    enum err e = find_in_backup(a, &u, why);
    if (e) return e;
    e = restore_each(restored_store(a->backup), a->account, a->r->mailbox, note, a);
    if (e == ERR_NOTFOUND) buf_addf(why, "the backup has no mailbox %.*s", STR_ARG(a->r->mailbox));
    if (e) return e;
    if (!a->talk.found) {
        e = restore_user(&a->talk, &u, why);
        if (!e) e = make_boxes(a, why);
        if (!e) e = name_aliases(a, why);
        if (e) return e;
    }
    load_had(a);
    find_missing(a);
    return a->missing ? send_all(a, why) : OK;
}

static void report(const struct account_restore *a)
{
    struct buf out = buf_make(4096);
    if (!a->talk.found) buf_addf(&out, "user %.*s made again\n", STR_ARG(a->r->user));
    buf_addf(&out, "%llu messages restored, %llu were still there\n",
             (unsigned long long)a->out.counts.kept, (unsigned long long)(a->n - a->missing));
    if (a->n == 0) buf_addf(&out, "the backup has no such message\n");
    cli_print(buf_str(&out));
    buf_free(&out);
}

static enum err talk(void *arg, struct buf *why)
{
    struct account_restore *a = arg;
    enum err e = restore_begin(&a->r->cli->control, a->r->user, &a->talk, why);
    if (e) return e;
    a->name = buf_make(ADMIN_WORD_BYTES);
    a->backup = restore_source(a->r);
    e = a->backup ? restore_from(a, why) : ERR_CORRUPT;
    if (!e) report(a);
    if (e && !why->n)
        buf_addf(why, "%.*s", STR_ARG(a->r->why.n ? buf_str(&a->r->why) : str_of(err_text(e))));
    restored_close(a->backup);
    restore_end(&a->talk);
    buf_free(&a->name);
    mem_free(a->all);
    mem_free(a->had);
    return e == ERR_NOTFOUND ? ERR_UNKNOWN : e;
}

int restore_account(struct restoring *r)
{
    struct account_restore a = { .r = r };
    struct buf why = buf_make(ADMIN_REASON_BYTES);
    enum err e = cli_with_server(r->cli, talk, &a, &why);
    if (e) cli_complain("%.*s", STR_ARG(str_chomp(buf_str(&why))));
    if (e == ERR_LIMIT)
        cli_complain("posthorn user quota makes room; the same command then goes on");
    buf_free(&why);
    return e || a.damaged || a.out.counts.failed || a.n == 0 ? 1 : 0;
}
