/* store.c - STORE: change the flags of messages.
 *
 * RFC 9051 6.4.6; UNCHANGEDSINCE RFC 7162 3.1.3. Each device's change is judged at commit, so that
 * none is lost. With .SILENT the client knows what its change makes of the flags it was told: only
 * messages whose flags came out otherwise (somebody else's doing) are told.
 */
#include "imap/session_int.h"

#include <stdlib.h>

#include "base/limits.h"

struct storing {
    struct imap *s;
    const struct store_args *args;
    struct named named;
    struct flags_kept kept;
    struct own_flags own; /* before the change, then what it should have become */
    size_t cap;
    struct uidset gone; /* named, and expunged by somebody else */
};

static bool remember(void *arg, const struct message *m)
{
    struct storing *g = arg;
    struct own_flags *own = &g->own;
    if (seqmap_seq(&g->named.map, m->uid).n == 0) return true;
    /* Changed by somebody else and not told yet: the client cannot know what comes of it. */
    if (g->args->silent && m->modseq.n > g->s->told.modseq.n) return true;
    if (own->n == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 64;
        struct uid *uids = ARENA_ARRAY(&g->s->arena, cap, struct uid);
        struct flags *flags = ARENA_ARRAY(&g->s->arena, cap, struct flags);
        if (!uids || !flags) return false;
        bytes_copy(uids, cap * sizeof(*uids), own->uids, own->n * sizeof(*uids));
        bytes_copy(flags, cap * sizeof(*flags), own->flags, own->n * sizeof(*flags));
        own->uids = uids;
        own->flags = flags;
        g->cap = cap;
    }
    own->uids[own->n] = m->uid;
    own->flags[own->n++] = m->flags;
    return true;
}

static enum err prepare(struct storing *g, const struct command *c)
{
    struct imap *s = g->s;
    struct look look;
    enum err e = imap_look(s, &look);
    if (e) return e;
    e = imap_named(s, &look, c, g->args->set, &g->named);
    if (!e) imap_limit_cut(s, &g->named);
    if (!e) e = imap_named_gone(s, &look, &g->named, &g->gone);
    for (size_t i = 0; !e && i < g->named.uids.n; i++)
        e = store_messages(look.view, &look.mailbox, g->named.uids.ranges[i], WANT_FLAGS, remember,
                           g);
    imap_look_end(&look);
    return e ? e : s->arena.full ? ERR_LIMIT : OK;
}

/* The keywords of the command as bits: after the commit all of them have one. */
static uint64_t keyword_bits(const struct look *look, struct str_list keywords)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < keywords.n; i++)
        for (size_t k = 0; k < look->keywords_n && k < MAILBOX_KEYWORDS; k++)
            if (str_ieq(look->keywords[k], keywords.items[i])) bits |= UINT64_C(1) << k;
    return bits;
}

/* RFC 4314 4: what may not be touched is passed over; only who may touch nothing that he names is
 * refused. */
static bool may_any(const struct store_args *args, struct flags_kept kept)
{
    if (args->op == STORE_REPLACE) return kept.system != IMAP_ALL_FLAGS || !kept.keywords;
    if (args->flags.system & ~kept.system) return true;
    if (args->flags.keywords.n) return !kept.keywords;
    return args->flags.system == 0;
}

static struct flags changed(struct flags flags, const struct store_args *args, uint64_t bits)
{
    switch (args->op) {
    case STORE_ADD:
        return (struct flags){ (uint8_t)(flags.system | args->flags.system),
                               flags.keywords | bits };
    case STORE_REMOVE:
        return (struct flags){ (uint8_t)(flags.system & ~args->flags.system),
                               flags.keywords & ~bits };
    case STORE_REPLACE: break;
    }
    return (struct flags){ args->flags.system, bits };
}

/* What the client takes the flags to be now; those that failed are as they were. */
static enum err expect(struct storing *g, const struct uidset *failed)
{
    struct look look;
    enum err e = imap_look(g->s, &look);
    if (e) return e;
    uint64_t bits = keyword_bits(&look, g->args->flags.keywords);
    imap_look_end(&look);
    for (size_t i = 0; i < g->own.n; i++)
        if (!uidset_has(failed, g->own.uids[i]))
            g->own.flags[i] = changed(g->own.flags[i], g->args, bits);
    g->own.silent = true;
    return OK;
}

/* Without .SILENT every named message's flags are told, changed or not; what they are told to be
 * is then what the sync need not repeat. */
static enum err tell_page(struct storing *g, const struct command *c, size_t *at)
{
    struct imap *s = g->s;
    struct look look;
    enum err e = imap_look(s, &look);
    if (e) return e;
    if (look.keywords_n > s->told_keywords) imap_tell_keywords(s, &look);
    for (; *at < g->own.n && s->reply.out.n < IMAP_REPLY_FLUSH_BYTES; (*at)++) {
        struct message m;
        if (store_message(look.view, &look.mailbox, g->own.uids[*at], &m)) continue;
        imap_tell_flags(s, &look, seqmap_seq(&g->named.map, m.uid), &m, c->uid);
        g->own.flags[*at] = m.flags;
    }
    imap_look_end(&look);
    return OK;
}

static enum err tell(struct storing *g, const struct command *c)
{
    struct imap *s = g->s;
    enum err e = OK;
    for (size_t at = 0; !e && at < g->own.n;) {
        struct arena_mark mark = arena_mark(&s->arena);
        e = tell_page(g, c, &at);
        arena_rewind(&s->arena, mark);
        imap_send_some(s);
        if (conn_gone(s->conn)) return ERR_GONE;
    }
    return e;
}

/* "MODIFIED 7,9": numbers as the command has them, RFC 7162 3.1.3. */
static str modified(struct storing *g, const struct command *c, struct uidset *failed)
{
    struct imap *s = g->s;
    struct uidset set = uidset_make(&s->arena);
    struct named named = { .map = g->named.map, .uids = *failed };
    struct named_walk w;
    for (struct uid u = imap_named_first(&named, &w); u.n; u = imap_named_next(&named, &w)) {
        uint32_t number = c->uid ? u.n : seqmap_seq(&named.map, u).n;
        if (!uidset_add(&set, number, number)) return (str){ 0 };
    }
    if (set.n == 0) return (str){ 0 };
    uidset_normalise(&set);
    struct buf code = buf_make(IMAP_TAGGED_CODE_BYTES);
    buf_add(&code, S("MODIFIED "));
    uidset_text(&set, &code);
    str text = code.full ? (str){ 0 } : arena_copy(&s->arena, buf_str(&code));
    buf_free(&code);
    return text;
}

static enum err commit(struct storing *g, struct uidset *failed)
{
    static const enum flag_op ops[] = {
        [STORE_REPLACE] = FLAGS_REPLACE,
        [STORE_ADD] = FLAGS_ADD,
        [STORE_REMOVE] = FLAGS_REMOVE,
    };
    const struct store_args *args = g->args;
    struct doing doing = { g->s, &g->named };
    struct flag_change change = {
        .account = g->s->selected,
        .mailbox = g->s->told.mailbox,
        .uids = &g->named.uids,
        .op = ops[args->op],
        .system = args->flags.system,
        .keywords = args->flags.keywords.items,
        .keywords_n = args->flags.keywords.n,
        .unchanged_since = { args->has_unchanged_since ? args->unchanged_since : UINT64_MAX },
        .kept = g->kept,
        .actor = imap_actor(g->s),
        .steps = imap_steps(&doing),
    };
    enum err e = store_flags(g->s->server->store, &change, failed);
    return e == ERR_LIMIT ? imap_no(g->s, e, S("LIMIT"), S("too many keywords in this mailbox"))
                          : e;
}

/* RFC 7162 3.1.3: what was changed by others, and, with NO, what is not there any more. RFC
 * 2180 4.2: a STORE of expunged messages alone fails, unless nobody asked what came of it. */
static enum err verdict(struct storing *g, const struct command *c, struct uidset *failed)
{
    struct imap *s = g->s;
    bool conditional = g->args->has_unchanged_since;
    for (size_t i = 0; conditional && i < g->gone.n; i++)
        if (!uidset_add(failed, g->gone.ranges[i].from, g->gone.ranges[i].to)) return ERR_LIMIT;
    uidset_normalise(failed);
    if (failed->n) imap_ok_code(s, modified(g, c, failed));
    if (failed->n) s->answer.text = S("some were changed by others meanwhile");
    if (g->gone.n == 0 || (c->uid && !conditional)) return OK;
    if (conditional)
        return imap_no(s, ERR_CONFLICT, s->answer.code, S("some of the messages are gone"));
    if (g->args->silent) return OK;
    if (g->own.n == 0)
        return imap_no(s, ERR_NOTFOUND, S("EXPUNGEISSUED"), S("these messages are gone"));
    imap_ok_code(s, S("EXPUNGEISSUED"));
    s->answer.text = S("some of the messages are gone");
    return OK;
}

enum err imap_store(struct imap *s, const struct command *c)
{
    if (s->read_only) return imap_no(s, ERR_DENIED, S("NOPERM"), S("the mailbox is read-only"));
    struct storing g = { .s = s, .args = &c->store, .gone = uidset_make(&s->arena) };
    g.kept = imap_flags_kept(imap_rights(s));
    if (!may_any(&c->store, g.kept))
        return imap_no(s, ERR_DENIED, S("NOPERM"), S("its owner has not granted this"));
    if (c->store.has_unchanged_since) imap_enable_now(s, ENABLED_CONDSTORE);
    enum err e = prepare(&g, c);
    if (e || g.named.uids.n == 0) return e;
    struct uidset failed = uidset_make(&s->arena);
    e = commit(&g, &failed);
    if (!e) e = c->store.silent ? expect(&g, &failed) : tell(&g, c);
    if (e) return e;
    e = imap_sync(s, c->uid, &g.own);
    return e ? e : verdict(&g, c, &failed);
}
