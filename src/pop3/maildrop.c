/* maildrop.c - the INBOX as this session sees it: locked, numbered, and unchanged until QUIT.
 *
 * RFC 1939 4: an exclusive lock; numbers are given once. What another client expunges meanwhile
 * can no longer be retrieved, and its number stays.
 */
#include "base/budget.h"
#include "base/log.h"
#include "pop3/session_int.h"

/* --- the snapshot ----------------------------------------------------------------------------- */

struct snapshot {
    struct pop3 *session;
    size_t cap;
};

static bool take(void *arg, const struct message *m)
{
    struct snapshot *snap = arg;
    struct pop3 *s = snap->session;
    if (s->n == snap->cap) return false; /* arrived since the count was read: the next session's */
    s->messages[s->n++] = (struct pop3_message){
        .uid = m->uid, .size_bytes = m->size_bytes, .blob = m->blob, .journey = m->journey
    };
    s->kept_bytes += m->size_bytes;
    return true;
}

static enum err snapshot(struct pop3 *s)
{
    struct view *v = store_view(s->server->store);
    if (!v) return ERR_LATER;
    struct mailbox inbox;
    enum err e = store_mailbox_find(v, s->account, S("INBOX"), &inbox);
    if (!e && inbox.messages > POP3_MESSAGES) e = ERR_LIMIT;
    if (!e && inbox.messages > POP3_FEW_MESSAGES && ceiling_reached()) {
        budget_struck(BUDGET_PROCESS_MEMORY);
        e = ERR_LATER;
    }
    if (!e) {
        struct snapshot snap = { .session = s, .cap = inbox.messages };
        s->mailbox = inbox.id;
        s->uidvalidity = inbox.uidvalidity;
        s->messages = MEM_ARRAY(inbox.messages ? inbox.messages : 1, struct pop3_message);
        e = store_messages(v, &inbox, (struct uid_range){ 1, UINT32_MAX }, WANT_CARD, take, &snap);
    }
    view_end(v);
    s->kept = s->n;
    return e;
}

enum err maildrop_open(struct pop3 *s, const struct login *who)
{
    if (store_maildrop_lock(s->server->store, who->account)) {
        pop3_err(s, "[IN-USE] another POP3 session has this mailbox; try again soon");
        return ERR_EXISTS;
    }
    s->account = who->account;
    s->locked = true;
    enum err e = snapshot(s);
    if (!e) return OK;
    maildrop_close(s);
    pop3_err(s, e == ERR_LIMIT ? "[SYS/PERM] too many messages for POP3"
                               : "[SYS/TEMP] the mailbox cannot be read now");
    return e;
}

void maildrop_close(struct pop3 *s)
{
    if (s->locked) store_maildrop_unlock(s->server->store, s->account);
    mem_free(s->messages);
    s->messages = NULL;
    s->locked = false;
    s->n = s->kept = 0;
    s->kept_bytes = 0;
}

struct pop3_message *maildrop_message(struct pop3 *s, str number)
{
    uint64_t n;
    if (!str_u64(number, UINT32_MAX, &n) || !n) {
        pop3_bad(s, "that is no message number");
        return NULL;
    }
    if (n > s->n || s->messages[n - 1].deleted) {
        pop3_err(s, "no such message");
        return NULL;
    }
    return &s->messages[n - 1];
}

/* --- counting and naming ---------------------------------------------------------------------- */

void pop3_stat(struct pop3 *s, str args)
{
    (void)args;
    pop3_ok(s, "%zu %llu", s->kept, (unsigned long long)s->kept_bytes);
}

void pop3_list(struct pop3 *s, str args)
{
    if (args.n) {
        struct pop3_message *m = maildrop_message(s, args);
        if (m)
            pop3_ok(s, "%zu %llu", (size_t)(m - s->messages) + 1,
                    (unsigned long long)m->size_bytes);
        return;
    }
    pop3_ok(s, "%zu messages", s->kept);
    for (size_t i = 0; i < s->n; i++)
        if (!s->messages[i].deleted)
            conn_writef(s->conn, "%zu %llu\r\n", i + 1,
                        (unsigned long long)s->messages[i].size_bytes);
    conn_write(s->conn, S(".\r\n"));
}

/* UIDVALIDITY and UID: what IMAP promises never to reuse (RFC 1939 7). */
void pop3_uidl(struct pop3 *s, str args)
{
    if (args.n) {
        struct pop3_message *m = maildrop_message(s, args);
        if (m) pop3_ok(s, "%zu %u.%u", (size_t)(m - s->messages) + 1, s->uidvalidity, m->uid.n);
        return;
    }
    pop3_ok(s, "unique ids follow");
    for (size_t i = 0; i < s->n; i++)
        if (!s->messages[i].deleted)
            conn_writef(s->conn, "%zu %u.%u\r\n", i + 1, s->uidvalidity, s->messages[i].uid.n);
    conn_write(s->conn, S(".\r\n"));
}

/* --- marking and, at QUIT only, deleting ------------------------------------------------------ */

void pop3_dele(struct pop3 *s, str args)
{
    struct pop3_message *m = maildrop_message(s, args);
    if (!m) return;
    m->deleted = true;
    s->kept--;
    s->kept_bytes -= m->size_bytes;
    pop3_ok(s, "goes at QUIT");
}

void pop3_rset(struct pop3 *s, str args)
{
    (void)args;
    for (size_t i = 0; i < s->n; i++)
        if (s->messages[i].deleted) {
            s->messages[i].deleted = false;
            s->kept++;
            s->kept_bytes += s->messages[i].size_bytes;
        }
    pop3_ok(s, "%zu messages stay", s->kept);
}

void pop3_noop(struct pop3 *s, str args)
{
    (void)args;
    pop3_ok(s, "nothing done");
}

static enum err expunge(struct pop3 *s)
{
    struct arena a = arena_make(POP3_MESSAGES * sizeof(struct uid_range) * 2);
    struct uidset gone = uidset_make(&a);
    struct buf peer = buf_make(128);
    bool ok = true;
    for (size_t i = 0; i < s->n && ok; i++)
        if (s->messages[i].deleted)
            ok = uidset_add(&gone, s->messages[i].uid.n, s->messages[i].uid.n);
    uidset_normalise(&gone);
    netaddr_text(conn_peer(s->conn), &peer);
    struct expunge x = { .account = s->account,
                         .mailbox = s->mailbox,
                         .uids = &gone,
                         .unconditional = true,
                         .actor = { S("pop3"), buf_str(&peer) } };
    enum err e = ok ? store_expunge(s->server->store, &x, NULL) : ERR_LIMIT;
    buf_free(&peer);
    arena_free(&a);
    return e;
}

/* RFC 1939 6, the UPDATE state: +OK only when every deletion is on stable storage. */
void pop3_quit(struct pop3 *s, str args)
{
    (void)args;
    size_t gone = s->n - s->kept;
    s->ended = true;
    enum err e = gone ? expunge(s) : OK;
    if (e) {
        pop3_err(s, "[SYS/TEMP] not all messages could be deleted; the next session shows which");
        return;
    }
    if (gone) log_event(LOG_INFO, "pop3.update", conn_id(s->conn), F_NUM("deleted", gone));
    pop3_ok(s, "goodbye, %zu deleted", gone);
}
