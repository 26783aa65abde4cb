/* sync.c - telling a session what changed in its mailbox since it was last told.
 *
 * RFC 9051 5.2, 7.4.1, 7.5.1; RFC 7162 3.1.2. One way for NOOP, IDLE and the end of every command:
 * the changes since told.modseq, in the order expunges, new messages, flags.
 */
#include "imap/session_int.h"

#include <stdlib.h>

#include "base/limits.h"

/* --- telling -------------------------------------------------------------------------------- */
void imap_tell_keywords(struct imap *s, const struct look *look)
{
    size_t n = look->keywords_n;
    struct flags all = {
        .system = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT,
        .keywords = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX,
    };
    reply_words(&s->reply, S("* FLAGS "));
    reply_flags(&s->reply, all, look->keywords, n);
    reply_end(&s->reply);
    reply_permanent_flags(&s->reply, s->read_only ? (struct flags){ 0 } : all, look->keywords, n);
    s->told_keywords = n;
}

void imap_tell_flags(struct imap *s, const struct look *look, struct seq seq,
                     const struct message *m, bool uid)
{
    struct reply *r = &s->reply;
    reply_words(r, S("* "));
    reply_number(r, seq.n);
    reply_words(r, S(" FETCH ("));
    if (uid) {
        reply_words(r, S("UID "));
        reply_number(r, m->uid.n);
        reply_words(r, S(" "));
    }
    reply_words(r, S("FLAGS "));
    reply_flags(r, m->flags, look->keywords, look->keywords_n);
    if (s->enabled & ENABLED_CONDSTORE) {
        reply_words(r, S(" MODSEQ ("));
        reply_number(r, m->modseq.n);
        reply_words(r, S(")"));
    }
    reply_words(r, S(")"));
    reply_end(r);
}

/* --- gathering ------------------------------------------------------------------------------ */
struct news {
    struct imap *s;
    bool expunges;        /* may be told now */
    struct seqmap before; /* as the session knows the mailbox */
    uint32_t *gone;       /* sequence numbers */
    uint32_t *changed;    /* UIDs */
    size_t gone_n, changed_n, gone_cap, changed_cap;
};

/* Doubles in the arena; false when it is spent. */
static bool push(struct arena *a, uint32_t **list, size_t *n, size_t *cap, uint32_t value)
{
    if (*n == *cap) {
        size_t more = *cap ? *cap * 2 : 64;
        uint32_t *items = ARENA_ARRAY(a, more, uint32_t);
        if (!items) return false;
        bytes_copy(items, more * sizeof(*items), *list, *n * sizeof(*items));
        *list = items;
        *cap = more;
    }
    (*list)[(*n)++] = value;
    return true;
}

static bool gather_change(void *arg, const struct change *c)
{
    struct news *n = arg;
    const struct told *told = &n->s->told;
    struct seq seq = seqmap_seq(&n->before, c->uid);
    if (seq.n == 0) return true; /* new, or not known to this session */
    if (c->kind == CHANGE_EXPUNGE) {
        if (!n->expunges || c->modseq.n <= told->expunge_modseq.n) return true;
        return push(&n->s->arena, &n->gone, &n->gone_n, &n->gone_cap, seq.n);
    }
    if (c->modseq.n <= told->modseq.n) return true;
    return push(&n->s->arena, &n->changed, &n->changed_n, &n->changed_cap, c->uid.n);
}

static enum err gather(struct news *n, struct look *look)
{
    struct imap *s = n->s;
    struct modseq since = s->told.modseq;
    if (s->told.expunge_modseq.n < since.n) since = s->told.expunge_modseq;
    enum err e = store_seqmap(look->view, &look->mailbox, &s->told, &s->arena, &n->before);
    if (!e) e = store_changes(look->view, &look->mailbox, since, gather_change, n);
    if (!e && s->arena.full) e = ERR_LIMIT;
    if (e != ERR_TOO_OLD && e != ERR_LIMIT) return e;
    /* What it was told lies so far back that it must start over. */
    imap_bye(s, S("UNAVAILABLE"), S("too much has changed, connect again"));
    return ERR_GONE;
}

static int larger_first(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* RFC 9051 7.5.1: each EXPUNGE renumbers what follows it, so the last goes first. */
static void tell_expunges(struct news *n)
{
    if (n->gone_n) qsort(n->gone, n->gone_n, sizeof(*n->gone), larger_first);
    for (size_t i = 0; i < n->gone_n; i++)
        reply_count(&n->s->reply, n->gone[i], S("EXPUNGE"));
}

/* --- flags, in pages: a view spans no wait -------------------------------------------------- */
static bool known(const struct own_flags *own, const struct message *m)
{
    size_t low = 0, high = own ? own->n : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (own->uids[middle].n < m->uid.n)
            low = middle + 1;
        else
            high = middle;
    }
    if (!own || low == own->n || own->uids[low].n != m->uid.n) return false;
    return own->flags[low].system == m->flags.system &&
           own->flags[low].keywords == m->flags.keywords;
}

static enum err flags_page(struct news *n, const struct seqmap *now, const struct own_flags *own,
                           size_t *at)
{
    struct imap *s = n->s;
    struct look look;
    enum err e = imap_look(s, &look);
    if (e) return e;
    if (look.keywords_n > s->told_keywords) imap_tell_keywords(s, &look);
    while (*at < n->changed_n && s->reply.out.n < IMAP_REPLY_FLUSH_BYTES) {
        struct message m;
        struct uid uid = { n->changed[(*at)++] };
        struct seq seq = seqmap_seq(now, uid);
        if (seq.n == 0 || store_message(look.view, &look.mailbox, uid, &m)) continue;
        if (!known(own, &m)) imap_tell_flags(s, &look, seq, &m, true);
    }
    imap_look_end(&look);
    return OK;
}

static enum err tell_changes(struct news *n, const struct seqmap *now, const struct own_flags *own)
{
    struct imap *s = n->s;
    for (size_t at = 0; at < n->changed_n;) {
        struct arena_mark mark = arena_mark(&s->arena);
        enum err e = flags_page(n, now, own, &at);
        if (e) return e;
        arena_rewind(&s->arena, mark);
        imap_send_some(s);
        if (conn_gone(s->conn)) return ERR_GONE;
    }
    return OK;
}

static bool nothing_new(const struct imap *s, const struct mailbox *m, bool expunges)
{
    if (m->highest_modseq.n != s->told.modseq.n || m->uidnext.n != s->told.uidnext.n) return false;
    return !expunges || s->told.expunge_modseq.n == m->highest_modseq.n;
}

enum err imap_sync(struct imap *s, bool expunges, const struct own_flags *own)
{
    struct look look;
    enum err e = imap_look(s, &look);
    if (e) return e;
    if (nothing_new(s, &look.mailbox, expunges)) {
        imap_look_end(&look);
        return OK;
    }
    struct news news = { .s = s, .expunges = expunges };
    struct seqmap now = { 0 };
    e = gather(&news, &look);
    if (!e) {
        s->told.uidnext = look.mailbox.uidnext;
        s->told.modseq = look.mailbox.highest_modseq;
        if (expunges) s->told.expunge_modseq = look.mailbox.highest_modseq;
        e = store_seqmap(look.view, &look.mailbox, &s->told, &s->arena, &now);
    }
    imap_look_end(&look);
    if (e) return e;
    tell_expunges(&news);
    if (now.count > news.before.count - news.gone_n) {
        reply_count(&s->reply, now.count, S("EXISTS"));
        imap_tell_overquota(s);
    }
    return tell_changes(&news, &now, own);
}
