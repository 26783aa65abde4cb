/* restore_list.c - posthorn restore FOLDER --list: what the backup has: users, or the mailboxes of
 * one, or the messages of one of those.
 */
#include "base/limits.h"
#include "cli/restore_int.h"
#include "mail/address.h"
#include "mail/card.h"
#include "mail/date.h"
#include "run/once.h"

struct listing {
    struct restoring *r;
    struct store *store;
    struct view *view;
    struct buf line;
};

static void end_line(struct listing *l)
{
    buf_addc(&l->line, '\n');
    cli_show(buf_str(&l->line));
    buf_reset(&l->line);
}

static bool user_line(void *arg, const struct user *u)
{
    struct listing *l = arg;
    struct quota q = { 0 };
    if (store_quota(l->view, u->account, &q)) return true;
    buf_addf(&l->line, "%-40.*s %8llu messages  ", STR_ARG(u->address),
             (unsigned long long)q.messages);
    admin_size_text(q.bytes, &l->line);
    end_line(l);
    return true;
}

static bool box_line(void *arg, const struct mailbox *m)
{
    struct listing *l = arg;
    if (!m->exists) return true;
    buf_addf(&l->line, "%-40.*s %8u messages  ", STR_ARG(m->name), m->messages);
    admin_size_text(m->size_bytes, &l->line);
    end_line(l);
    return true;
}

/* The envelope ends in the quoted Message-ID. */
static str message_id(str envelope)
{
    size_t to = str_rchr(envelope, '"');
    if (to == STR_NPOS) return S("-");
    size_t from = str_rchr(str_take(envelope, to), '"');
    if (from == STR_NPOS || to + 2 != envelope.n) return S("-");
    return str_sub(envelope, from + 1, to - from - 1);
}

static enum err message_line(void *arg, const struct restore_message *m)
{
    struct listing *l = arg;
    struct card card = { 0 };
    if (!restore_wants(l->r, m)) return OK;
    bool good = card_open(m->message.card, &card);
    buf_addf(&l->line, "%8u  ", m->message.uid.n);
    date_write_iso(&l->line, m->message.internal_date_s);
    buf_addf(&l->line, " %9llu  %.*s  %.*s", (unsigned long long)m->message.size_bytes,
             STR_ARG(good ? message_id(card.envelope) : S("-")),
             STR_ARG(good ? card.base_subject : S("")));
    end_line(l);
    return OK;
}

static enum err list_user(struct listing *l)
{
    struct restoring *r = l->r;
    struct user u;
    l->view = store_view(l->store);
    if (!l->view) return ERR_LATER;
    enum err e = store_user_find(l->view, arena_lower(&r->arena, r->user), &u);
    if (e) buf_addf(&r->why, "the backup has no user %.*s", STR_ARG(r->user));
    bool messages = r->mailbox.n || r->message_id.n;
    if (!e && !messages) e = store_mailboxes(l->view, u.account, box_line, l);
    view_end(l->view);
    if (!e && messages) e = restore_each(l->store, u.account, r->mailbox, message_line, l);
    if (e == ERR_NOTFOUND && !r->why.n)
        buf_addf(&r->why, "the backup has no mailbox %.*s", STR_ARG(r->mailbox));
    return e;
}

static void list(void *arg)
{
    struct listing *l = arg;
    struct restoring *r = l->r;
    struct restored *backup = restore_source(r);
    r->result = backup ? OK : ERR_CORRUPT;
    if (!backup) return;
    l->store = restored_store(backup);
    if (r->user.n) {
        r->result = list_user(l);
    } else {
        l->view = store_view(l->store);
        r->result = l->view ? store_users(l->view, user_line, l) : ERR_LATER;
        if (l->view) view_end(l->view);
    }
    restored_close(backup);
}

int restore_list(struct restoring *r)
{
    struct listing l = { .r = r, .line = buf_make(64 * 1024) };
    if (once(r->seam, list, &l)) r->result = ERR_LIMIT;
    if (r->result)
        cli_complain("%.*s", STR_ARG(r->why.n ? buf_str(&r->why) : str_of(err_text(r->result))));
    buf_free(&l.line);
    return r->result ? 1 : 0;
}
