/* notify.c - NOTIFY: which events the client wants to hear of, in which mailboxes, at any time.
 *
 * RFC 5465. Once it was given the session watches all accounts whose mailboxes it may see, and is
 * served whenever one of them changes, between commands too. The command's own arena is kept: what
 * it asked for lies in there.
 */
#include "imap/notify_int.h"

#include "base/mem.h"

enum { HEAR_MESSAGES = HEAR_NEW | HEAR_EXPUNGE | HEAR_FLAGS };

/* --- what it says of the selected mailbox ---------------------------------------------------- */
bool imap_hears(const struct imap *s)
{
    return !s->notify || (s->notify->selected & HEAR_NEW);
}

bool imap_hears_flags(const struct imap *s)
{
    return !s->notify || (s->notify->selected & HEAR_FLAGS);
}

void imap_flags_kept_back(struct imap *s, struct modseq since)
{
    if (s->notify && s->notify->flags_since.n == 0) s->notify->flags_since = since;
}

enum err imap_fetch_news(struct imap *s, const struct fetch_args *what, uint32_t first,
                         uint32_t last)
{
    if (first > last) return OK;
    struct seq_range range = { first, last };
    struct command c = { .what = VERB_FETCH, .fetch = *what };
    struct answer answer = s->answer; /* it is not this FETCH that is answered */
    c.fetch.set = (struct seqset){ .ranges = &range, .n = 1 };
    enum err e = imap_fetch(s, &c);
    s->answer = answer;
    return e == ERR_GONE ? e : OK;
}

/* RFC 5465 5.2: of each message that has come, but those that it brought itself, what it asked for.
 */
enum err imap_notify_new(struct imap *s, const struct seqmap *map, uint32_t first)
{
    if (!s->notify || !s->notify->fetch) return OK;
    struct uid_range own = s->notify->own;
    uint32_t before = map->count, after = map->count + 1;
    s->notify->own = (struct uid_range){ 0 };
    for (uint32_t n = first; own.from && n <= map->count; n++) {
        uint32_t uid = seqmap_uid(map, (struct seq){ n }).n;
        if (uid >= own.from && before == map->count) before = n - 1;
        if (uid > own.to && after > n) after = n;
    }
    const struct fetch_args *what = &s->notify->fetch->fetch;
    enum err e = imap_fetch_news(s, what, first, before);
    return e ? e : imap_fetch_news(s, what, after, map->count);
}

/* RFC 5465 5: nor need it hear of these by STATUS, if nothing else has come to that mailbox. */
void imap_notify_own_uids(struct imap *s, struct account a, uint32_t uidvalidity,
                          struct uid_range uids)
{
    if (!s->notify) return;
    if (s->state == SELECTED && a.n == s->selected.n && uidvalidity == s->told.uidvalidity)
        s->notify->own = uids;
    for (size_t i = 0; i < s->notify->seen.n; i++) {
        struct seen_box *b = &s->notify->seen.boxes[i];
        if (b->account.n != a.n || b->uidvalidity != uidvalidity || b->uidnext.n != uids.from)
            continue;
        b->messages += uids.to - uids.from + 1;
        b->uidnext.n = uids.to + 1;
    }
}

/* --- beginning and end ----------------------------------------------------------------------- */
void imap_notify_free(struct imap *s)
{
    struct notify *n = s->notify;
    if (!n) return;
    notify_unwatch(s);
    arena_free(&n->seen.arena);
    arena_free(&n->arena);
    mem_free(n);
    s->notify = NULL;
}

static struct notify *notify_new(void)
{
    struct notify *n = MEM_NEW(struct notify);
    list_init(&n->watches);
    n->arena = arena_make(0);
    n->seen.arena = arena_make(0);
    return n;
}

/* What the session owes of the selected mailbox, whatever it wants to hear from now on. */
static enum err tell_accumulated(struct imap *s)
{
    struct notify *n = s->notify;
    struct modseq since = n ? n->flags_since : (struct modseq){ 0 };
    struct seqmap map;
    struct look look;
    if (s->state != SELECTED) return OK;
    s->notify = NULL;
    enum err e = imap_sync(s, true, NULL);
    if (!e && since.n) e = imap_look(s, &look);
    if (!e && since.n) {
        e = store_seqmap(look.view, &look.mailbox, &s->told, &s->arena, &map);
        imap_look_end(&look);
        struct changed changed = {
            .map = &map, .since = since, .until = s->told.modseq, .below = s->told.uidnext
        };
        if (!e) e = imap_tell_changed(s, &changed);
    }
    s->notify = n;
    return e;
}

/* --- the command ----------------------------------------------------------------------------- */

/* RFC 5465 5: what makes no sense is BAD. */
static const char *nonsense(const struct notify_args *a)
{
    unsigned selected = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct notify_group *g = &a->groups[i];
        bool here = g->filter == HEAR_SELECTED || g->filter == HEAR_DELAYED;
        uint32_t both = g->events & (HEAR_NEW | HEAR_EXPUNGE);
        if (both && both != (HEAR_NEW | HEAR_EXPUNGE))
            return "MessageNew and MessageExpunge come together";
        if ((g->events & HEAR_FLAGS) && !both)
            return "FlagChange needs MessageNew and MessageExpunge";
        if (here && (g->events & ~(unsigned)HEAR_MESSAGES))
            return "of the selected mailbox there are events of messages only";
        if (!here && g->fetch.n) return "only in the selected mailbox something can be fetched";
        selected += here;
    }
    return selected > 1 ? "the selected mailbox twice" : NULL;
}

static bool unsupported(const struct notify_args *a)
{
    uint32_t events = 0;
    for (size_t i = 0; i < a->n; i++)
        events |= a->groups[i].events;
    return events & HEAR_UNKNOWN;
}

static void take_selected(struct notify *n)
{
    for (size_t i = 0; i < n->args.n; i++) {
        const struct notify_group *g = &n->args.groups[i];
        if (g->filter != HEAR_SELECTED && g->filter != HEAR_DELAYED) continue;
        n->selected = g->events;
        n->delayed = g->filter == HEAR_DELAYED;
        if (g->fetch.n) n->fetch = g;
    }
}

/* RFC 5465 3.1: where the mailboxes stand whose messages are watched. */
static void tell_status(struct imap *s, const struct boxes *b)
{
    const struct seen *seen = &s->notify->seen;
    for (size_t i = 0; i < seen->n; i++) {
        uint32_t events = notify_events(s, &seen->boxes[i]);
        const struct mailbox *m = boxes_named(b, seen->boxes[i].name);
        if (!(events & HEAR_NEW) || !m) continue;
        uint32_t items = STATUS_MESSAGES | STATUS_UIDNEXT | STATUS_UIDVALIDITY;
        if (events & HEAR_FLAGS) items |= STATUS_HIGHESTMODSEQ;
        imap_tell_status(s, m, items);
        imap_send_some(s);
    }
}

static enum err begin(struct imap *s)
{
    struct boxes b;
    enum err e = notify_look(s, &(struct notify_look){ .silent = true });
    if (e || !s->notify->args.status) return e;
    e = imap_all_boxes(s, &b);
    if (!e) tell_status(s, &b);
    return e;
}

/* The old one stays in force when the new one cannot be. */
static enum err set(struct imap *s, const struct command *c, struct arena_mark mark)
{
    struct notify *old = s->notify, *n = notify_new();
    n->args = c->notify;
    take_selected(n);
    s->notify = n;
    enum err e = begin(s);
    struct notify *gone = e ? n : old;
    s->notify = gone;
    imap_notify_free(s);
    s->notify = e ? old : n;
    if (e == ERR_LIMIT)
        return imap_no(s, e, S("NOTIFICATIONOVERFLOW"), S("too many mailboxes to watch"));
    if (e || !c->notify.set) return e;
    /* The command's memory goes with what was asked; what is still to be said gets its own. */
    arena_rewind(&s->arena, mark);
    n->arena = s->arena;
    s->arena = imap_paid(s, arena_make(n->arena.limit));
    return OK;
}

enum err imap_notify(struct imap *s, const struct command *c)
{
    struct arena_mark mark = arena_mark(&s->arena);
    const char *why = nonsense(&c->notify);
    if (unsupported(&c->notify))
        return imap_no(s, ERR_SYNTAX,
                       S("BADEVENT (MessageNew MessageExpunge FlagChange MailboxName "
                         "SubscriptionChange MailboxMetadataChange ServerMetadataChange)"),
                       S("these are the events that there are"));
    if (why) return imap_bad(s, str_of(why));
    enum err e = c->notify.set ? tell_accumulated(s) : OK;
    return e ? e : set(s, c, mark);
}

/* --- at any time ----------------------------------------------------------------------------- */

/* RFC 5465 5.8 */
static void overflow(struct imap *s)
{
    imap_notify_free(s);
    s->notify = notify_new();
    reply_untagged(&s->reply, S("OK"), S("NOTIFICATIONOVERFLOW"), S("too many mailboxes to watch"));
}

static enum err look(struct imap *s, const struct notify_look *how)
{
    enum err e = notify_look(s, how);
    if (e == ERR_LIMIT) overflow(s);
    return e == ERR_GONE ? e : OK;
}

enum err imap_notify_woken(struct imap *s)
{
    enum err e = OK;
    if (s->state == SELECTED && (s->notify->selected & HEAR_NEW))
        e = imap_sync(s, s->idling || !s->notify->delayed, NULL);
    if (!e && s->owes_modseq && (s->enabled & ENABLED_CONDSTORE)) imap_tell_highest_modseq(s);
    s->owes_modseq = false;
    if (!e) e = look(s, &(struct notify_look){ 0 });
    imap_send(s);
    return e == ERR_GONE ? e : OK;
}

enum err imap_notify_own(struct imap *s, const struct command *c)
{
    return look(s, &(struct notify_look){ .own = c });
}
