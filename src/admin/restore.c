/* restore.c - the server's side of restoring a user: what there is, and making what is not; the
 * messages then come as in an import.
 *
 *     server: OK and, of each message, its identity (16 bytes) and mailbox (8), little-endian; or
 *             NOTFOUND: no such user, who may be made
 *     client: user QUOTA_BYTES QUOTA_MESSAGES SUSPENDED LF and the password's hash as a word
 *             box USE SUBSCRIBED LF and the name as a word: made if it is not there
 *             alias LF and address and target as words: is it there?
 *     server: to each, OK or why not; for an alias that is not there, NOTFOUND
 */
#include "admin/restore.h"
#include "admin/stream_int.h"
#include "base/codec.h"
#include "base/limits.h"

enum { INVENTORY_BYTES = 64 * 1024 * 1024, ITEM_BYTES = 24 }; /* what an answer may hold */

struct serving {
    struct admin *admin;
    struct conn *conn;
    struct arena arena;
    str address;
    struct account account;
    bool found;
};

/* --- the server's side ------------------------------------------------------------------------ */

static enum err find_user(struct serving *s, struct buf *why)
{
    struct user u;
    struct view *v = store_view(s->admin->store);
    if (!v) return admin_fail(why, ERR_LATER, "the store cannot be read now");
    enum err e = store_user_find(v, s->address, &u);
    if (!e) s->account = u.account;
    s->found = !e;
    view_end(v);
    return e;
}

static enum err add_item(void *arg, const struct restore_message *m)
{
    struct buf *out = arg;
    buf_le64(out, m->identity.a);
    buf_le64(out, m->identity.b);
    buf_le64(out, restore_box(m->mailbox->name));
    return out->full ? ERR_LIMIT : OK;
}

static bool tell_inventory(struct serving *s, str address)
{
    struct buf out = buf_make(INVENTORY_BYTES);
    enum err e = admin_address(address, &s->arena, &s->address, &out);
    bool good = !e;
    if (!e) e = find_user(s, &out);
    if (!e) e = restore_each(s->admin->store, s->account, S(""), add_item, &out);
    stream_say(s->conn, e, buf_str(&out));
    buf_free(&out);
    return good && (!e || e == ERR_NOTFOUND);
}

static enum err make_user(struct serving *s, str words, struct buf *why)
{
    enum { BYTES, MESSAGES, SUSPENDED, ADMINISTRATOR, NUMBERS };
    uint64_t n[NUMBERS];
    str hash;
    enum err e = stream_numbers(words, n, NUMBERS);
    if (!e) e = stream_read_word(s->conn, &s->arena, &hash);
    if (e) return e;
    struct user u = { .address = s->address,
                      .password_hash = hash,
                      .quota_bytes = n[BYTES],
                      .quota_messages = n[MESSAGES],
                      .created_us = seam_wall_us(s->admin->seam),
                      .suspended = n[SUSPENDED] != 0,
                      .administrator = n[ADMINISTRATOR] != 0 };
    e = store_user_add(s->admin->store, &u, &s->account);
    str domain = str_from(s->address, str_rchr(s->address, '@') + 1);
    if (e == ERR_NOTFOUND)
        return admin_fail(why, e, "no domain %.*s here: posthorn domain add %.*s comes first",
                          STR_ARG(domain), STR_ARG(domain));
    s->found = !e;
    return e;
}

static enum err make_box(struct serving *s, str words)
{
    enum { USE, SUBSCRIBED, NUMBERS };
    uint64_t n[NUMBERS];
    str name;
    struct mailbox_id id;
    enum err e = stream_numbers(words, n, NUMBERS);
    if (!e) e = stream_read_word(s->conn, &s->arena, &name);
    if (!e && (!s->found || n[USE] > USE_TRASH)) e = ERR_SYNTAX;
    if (e) return e;
    e = store_mailbox_create(s->admin->store, s->account, name, (enum special_use)n[USE], &id);
    /* Another here has its special use: it keeps its name and its letters. */
    if (e == ERR_CONFLICT)
        e = store_mailbox_create(s->admin->store, s->account, name, USE_NONE, &id);
    if (e == ERR_EXISTS) return OK;
    if (!e && n[SUBSCRIBED]) e = store_mailbox_subscribe(s->admin->store, s->account, name, true);
    return e;
}

static enum err look_for_alias(struct serving *s)
{
    str address, target;
    const str *targets = NULL;
    size_t n = 0;
    enum err e = stream_read_word(s->conn, &s->arena, &address);
    if (!e) e = stream_read_word(s->conn, &s->arena, &target);
    if (e) return e;
    struct view *v = store_view(s->admin->store);
    if (!v) return ERR_LATER;
    e = store_alias_targets(v, address, &s->arena, &targets, &n);
    view_end(v);
    for (size_t i = 0; i < n && !e; i++)
        if (str_eq(targets[i], target)) return OK;
    return e ? e : ERR_NOTFOUND;
}

static enum err serve_line(struct serving *s)
{
    str line, word;
    conn_deadline(s->conn, STREAM_MS);
    enum err e = conn_line(s->conn, 256, &line);
    if (e) return e;
    struct buf why = buf_make(ADMIN_REASON_BYTES);
    line = arena_copy(&s->arena, str_chomp(line));
    bool some = str_split(&line, ' ', &word);
    if (some && str_eq(word, S("user")))
        e = make_user(s, line, &why);
    else if (some && str_eq(word, S("box")))
        e = make_box(s, line);
    else if (some && str_eq(word, S("alias")))
        e = look_for_alias(s);
    else
        e = ERR_SYNTAX;
    stream_say(s->conn, e, e && !why.n ? str_of(err_text(e)) : str_chomp(buf_str(&why)));
    buf_free(&why);
    return e == ERR_SYNTAX ? e : OK; /* what was not understood may be followed by anything */
}

void admin_restore(struct admin *a, struct conn *c, const struct admin_request *r)
{
    struct serving s = { .admin = a, .conn = c, .arena = arena_make(64 * 1024 * 1024) };
    enum err e = tell_inventory(&s, r->words[1]) ? OK : ERR_GONE;
    while (!e)
        e = serve_line(&s);
    arena_free(&s.arena);
}

/* --- the command's side ------------------------------------------------------------------------
 */

enum err restore_begin(const struct netaddr *socket, str user, struct restore_talk *t,
                       struct buf *why)
{
    const str words[] = { S("restore"), user };
    const struct admin_request r = { .words = words, .n = COUNT_OF(words) };
    enum err result = OK;
    *t = (struct restore_talk){ .inventory = buf_make(INVENTORY_BYTES) };
    enum err e = stream_ask(socket, &r, &t->conn);
    if (e) return e;
    conn_deadline(t->conn, STREAM_MS);
    e = conn_flush(t->conn);
    if (!e) e = stream_answer(t->conn, &t->inventory, &result);
    t->found = !e && !result;
    if (!e && result != ERR_NOTFOUND) e = result;
    if (e && t->inventory.n) buf_add(why, str_chomp(buf_str(&t->inventory)));
    if (e && !why->n) buf_addf(why, "%s", err_text(e));
    if (!t->found) buf_reset(&t->inventory);
    if (e) restore_end(t);
    return e;
}

size_t restore_items(const struct restore_talk *t)
{
    return t->inventory.n / ITEM_BYTES;
}

struct restore_item restore_item(const struct restore_talk *t, size_t i)
{
    const char *p = t->inventory.p + i * ITEM_BYTES;
    return (struct restore_item){ { get_le64(p), get_le64(p + 8) }, get_le64(p + 16) };
}

static enum err answer(struct restore_talk *t, struct buf *why)
{
    enum err result;
    conn_deadline(t->conn, STREAM_MS);
    enum err e = conn_flush(t->conn);
    if (!e) e = stream_answer(t->conn, why, &result);
    if (!e) e = result;
    if (e && !why->n) buf_addf(why, "%s", err_text(e));
    return e;
}

enum err restore_user(struct restore_talk *t, const struct user *u, struct buf *why)
{
    conn_writef(t->conn, "user %llu %llu %d %d\n", (unsigned long long)u->quota_bytes,
                (unsigned long long)u->quota_messages, u->suspended, u->administrator);
    stream_word(t->conn, u->password_hash);
    return answer(t, why);
}

enum err restore_mailbox(struct restore_talk *t, str name, enum special_use use, bool subscribed,
                         struct buf *why)
{
    conn_writef(t->conn, "box %d %d\n", use, subscribed);
    stream_word(t->conn, name);
    return answer(t, why);
}

enum err restore_alias(struct restore_talk *t, str address, str target, bool *there,
                       struct buf *why)
{
    conn_writef(t->conn, "alias\n");
    stream_word(t->conn, address);
    stream_word(t->conn, target);
    enum err e = answer(t, why);
    *there = e == OK;
    if (e != ERR_NOTFOUND) return e;
    buf_reset(why);
    return OK;
}

void restore_end(struct restore_talk *t)
{
    if (t->conn) conn_close(t->conn);
    t->conn = NULL;
    buf_free(&t->inventory);
}
