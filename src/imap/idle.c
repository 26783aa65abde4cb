/* idle.c - IDLE: hear of changes as they happen, with nothing held meanwhile.
 *
 * RFC 9051 6.3.13. Between wakes the session is parked; the store's watch wakes it, and what it
 * tells then is what NOOP would have told.
 */
#include "imap/session_int.h"

#include "base/mem.h"

static void account_changed(struct watch *w)
{
    conn_wake(CONTAINER_OF(w, struct imap, watch)->conn);
}

enum err imap_idle(struct imap *s, const struct command *c)
{
    s->idling = true;
    char *tag = mem_new(c->tag.n + 1);
    bytes_copy(tag, c->tag.n + 1, c->tag.p, c->tag.n);
    s->idle_tag = (str){ tag, c->tag.n };
    s->answer.sent = true;
    reply_words(&s->reply, S("+ idling"));
    reply_end(&s->reply);
    if (s->state != SELECTED) return OK;
    /* Watch first, look then: what changes in between wakes us. */
    s->watch = (struct watch){
        .account = s->selected,
        .loop = conn_loop(s->conn),
        .changed = account_changed,
    };
    store_watch(s->server->store, &s->watch);
    s->watching = true;
    return imap_idle_woken(s);
}

enum err imap_idle_woken(struct imap *s)
{
    if (s->notify) return imap_notify_woken(s);
    enum err e = s->state == SELECTED ? imap_sync(s, true, NULL) : OK;
    if (!e) imap_tell_metadata_news(s);
    if (!e && s->owes_modseq && (s->enabled & ENABLED_CONDSTORE)) imap_tell_highest_modseq(s);
    s->owes_modseq = false;
    imap_send(s);
    return e == ERR_GONE ? e : OK;
}

void imap_idle_end(struct imap *s)
{
    if (s->watching) store_unwatch(s->server->store, &s->watch);
    s->watching = s->idling = false;
    mem_free((void *)s->idle_tag.p);
    s->idle_tag = (str){ 0 };
}

enum err imap_idle_line(struct imap *s, str line)
{
    str tag = arena_copy(&s->arena, s->idle_tag);
    imap_idle_end(s);
    if (!str_ieq(line, S("DONE"))) {
        imap_answer(s, tag, S("IDLE"), imap_bad(s, S("DONE expected")));
        return OK;
    }
    enum err e = imap_idle_woken(s);
    if (!e) imap_answer(s, tag, S("IDLE"), OK);
    return e;
}
