/* context.c - searches that are kept up to date: UPDATE, CANCELUPDATE.
 *
 * RFC 5267 4.3. What is told of a change is the change of the result: REMOVEFROM before the EXPUNGE
 * that takes a message away, the rest once the client knows of the message or its flags. Only what
 * changed is judged again; what the passing of time alone changes is not seen.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "imap/search_int.h"

struct context {
    str tag;
    bool uid;
    struct search_args args;
    struct arena program; /* tag, keys */
    struct arena arena;   /* hits */
    struct uidset hits;   /* UIDs */
};
struct contexts {
    struct context items[IMAP_CONTEXTS];
    size_t n;
};

/* --- keeping -------------------------------------------------------------------------------- */
static struct seqset copy_set(struct arena *a, struct seqset set)
{
    struct seq_range *ranges = ARENA_ARRAY(a, set.n, struct seq_range);
    if (ranges) bytes_copy(ranges, set.n * sizeof(*ranges), set.ranges, set.n * sizeof(*ranges));
    set.ranges = ranges;
    if (!ranges) set.n = 0;
    return set;
}

/* Numbers are those of now, RFC 5267 4.3: their UIDs are kept. Recursion: IMAP_DEPTH. */
static struct search_key *copy_keys(struct arena *a, const struct search_key *key)
{
    struct search_key *first = NULL, **place = &first;
    for (; key; key = key->next) {
        struct search_key *copy = ARENA_NEW(a, struct search_key);
        if (!copy) return first;
        bool numbers = key->kind == SEARCH_SEQ || key->set.saved;
        *copy = (struct search_key){ .kind = numbers ? SEARCH_UID : key->kind,
                                     .number = key->number,
                                     .day = key->day,
                                     .flag = key->flag,
                                     .fuzzy = key->fuzzy,
                                     .set = copy_set(a, numbers ? key->uids : key->set),
                                     .field = arena_copy(a, key->field),
                                     .text = arena_copy(a, key->text),
                                     .child = copy_keys(a, key->child) };
        *place = copy;
        place = &copy->next;
    }
    return first;
}

/* What is to be fetched of new messages, RFC 5465 7. */
static struct fetch_args copy_items(struct arena *a, const struct fetch_args *from)
{
    struct fetch_item *items = ARENA_ARRAY(a, from->n, struct fetch_item);
    for (size_t i = 0; items && i < from->n; i++) {
        struct section *section = &items[i].section;
        items[i] = from->items[i];
        uint32_t *part = ARENA_ARRAY(a, section->parts, uint32_t);
        str *fields = ARENA_ARRAY(a, section->fields.n, str);
        if (!part || !fields) break;
        bytes_copy(part, section->parts * sizeof(*part), section->part,
                   section->parts * sizeof(*part));
        for (size_t k = 0; k < section->fields.n; k++)
            fields[k] = arena_copy(a, section->fields.items[k]);
        section->part = part;
        section->fields.items = fields;
    }
    return (struct fetch_args){ .items = items, .n = items ? from->n : 0 };
}

static void context_free(struct context *c)
{
    arena_free(&c->program);
    arena_free(&c->arena);
}

void imap_contexts_free(struct imap *s)
{
    for (size_t i = 0; s->contexts && i < s->contexts->n; i++)
        context_free(&s->contexts->items[i]);
    mem_free(s->contexts);
    s->contexts = NULL;
}

static struct context *find(struct imap *s, str tag)
{
    for (size_t i = 0; s->contexts && i < s->contexts->n; i++)
        if (str_eq(s->contexts->items[i].tag, tag)) return &s->contexts->items[i];
    return NULL;
}

static void drop(struct imap *s, struct context *c)
{
    context_free(c);
    *c = s->contexts->items[--s->contexts->n];
}

static void tell_no_update(struct imap *s, str tag)
{
    reply_words(&s->reply, S("* NO [NOUPDATE "));
    reply_string(&s->reply, tag);
    reply_words(&s->reply, S("] this search is not kept up to date"));
    reply_end(&s->reply);
}

static bool set_hits(struct context *c, const struct uidset *from)
{
    struct arena arena = arena_make(IMAP_CONTEXT_BYTES);
    c->hits = uidset_make(&arena);
    for (size_t i = 0; i < from->n; i++)
        if (!uidset_add(&c->hits, from->ranges[i].from, from->ranges[i].to)) break;
    bool fits = !arena.full;
    arena_free(&c->arena);
    c->arena = arena;
    c->hits.arena = &c->arena;
    return fits;
}

void imap_context_keep(struct imap *s, const struct command *c, const struct uidset *hits)
{
    if (!(c->search.returns & RETURN_UPDATE)) return;
    if (!s->contexts) s->contexts = MEM_NEW(struct contexts);
    /* An order is not kept: that were CONTEXT=SORT; nor what was not looked for everywhere. */
    if (c->what == VERB_SORT || s->contexts->n == IMAP_CONTEXTS || s->limited_to.n) {
        tell_no_update(s, c->tag);
        return;
    }
    struct context *one = &s->contexts->items[s->contexts->n];
    *one = (struct context){ .uid = c->uid, .program = arena_make(IMAP_CONTEXT_BYTES) };
    one->tag = arena_copy(&one->program, c->tag);
    one->args = (struct search_args){ .charset = arena_copy(&one->program, c->search.charset),
                                      .program = copy_keys(&one->program, c->search.program),
                                      .update = copy_items(&one->program, &c->search.update) };
    if (set_hits(one, hits) && !one->program.full) {
        s->contexts->n++;
        return;
    }
    context_free(one);
    tell_no_update(s, c->tag);
}

bool imap_context_exists(struct imap *s, str tag)
{
    return find(s, tag) != NULL;
}

enum err imap_cancelupdate(struct imap *s, const struct command *c)
{
    for (size_t i = 0; i < c->cancel.n; i++)
        if (!find(s, c->cancel.items[i]))
            return imap_no(s, ERR_NOTFOUND, S(""), S("no such search is kept up to date"));
    for (size_t i = 0; i < c->cancel.n; i++) {
        struct context *one = find(s, c->cancel.items[i]);
        if (one) drop(s, one);
    }
    return OK;
}

/* --- telling -------------------------------------------------------------------------------- */
static void tell_set(struct imap *s, str name, const struct uidset *uids, const struct seqmap *map)
{
    struct uidset numbers = *uids;
    if (!uids->n) return;
    if (map) {
        numbers = uidset_make(&s->arena);
        for (size_t i = 0; i < uids->n; i++)
            for (uint64_t u = uids->ranges[i].from; u <= uids->ranges[i].to; u++) {
                uint32_t seq = seqmap_seq(map, (struct uid){ (uint32_t)u }).n;
                if (seq) (void)uidset_add(&numbers, seq, seq);
            }
        uidset_normalise(&numbers);
    }
    if (!numbers.n) return;
    reply_words(&s->reply, name);
    reply_uids(&s->reply, &numbers);
    reply_words(&s->reply, S(")"));
}

static void tell(struct imap *s, const struct context *c, const struct uidset *removed,
                 const struct uidset *added, const struct seqmap *map)
{
    if (!removed->n && !added->n) return;
    bool uid = c->uid || (s->enabled & ENABLED_UIDONLY); /* RFC 9586 3: no numbers from then on */
    imap_tell_esearch_head(s, c->tag, (str){ 0 }, uid);
    tell_set(s, S(" REMOVEFROM (0 "), removed, uid ? NULL : map);
    tell_set(s, S(" ADDTO (0 "), added, uid ? NULL : map);
    reply_end(&s->reply);
}

/* Those of one set that are, or are not, in another; both are normalised. */
static struct uidset sift(struct arena *a, const struct uidset *of, const struct uidset *other,
                          bool in)
{
    struct uidset out = uidset_make(a);
    size_t k = 0;
    for (size_t i = 0; i < of->n; i++)
        for (uint64_t from = of->ranges[i].from, to = of->ranges[i].to; from <= to;) {
            while (k < other->n && other->ranges[k].to < from)
                k++;
            bool meets = k < other->n && other->ranges[k].from <= to;
            bool inside = meets && other->ranges[k].from <= from;
            uint64_t end = to;
            if (inside && other->ranges[k].to < to) end = other->ranges[k].to;
            if (meets && !inside) end = other->ranges[k].from - 1;
            if (inside == in) (void)uidset_add(&out, (uint32_t)from, (uint32_t)end);
            from = end + 1;
        }
    uidset_normalise(&out);
    return out;
}

static void change(struct imap *s, struct context *c, const struct uidset *removed,
                   const struct uidset *added)
{
    struct uidset now = sift(&s->arena, &c->hits, removed, false);
    for (size_t i = 0; i < added->n; i++)
        (void)uidset_add(&now, added->ranges[i].from, added->ranges[i].to);
    uidset_normalise(&now);
    if (set_hits(c, &now) && !s->arena.full) return;
    tell_no_update(s, c->tag);
    drop(s, c);
}

void imap_contexts_gone(struct imap *s, const struct uidset *gone, const struct seqmap *before)
{
    static const struct uidset none;
    for (size_t i = s->contexts ? s->contexts->n : 0; i-- > 0 && gone->n;) {
        struct context *c = &s->contexts->items[i];
        struct uidset removed = sift(&s->arena, &c->hits, gone, true);
        if (!removed.n) continue;
        tell(s, c, &removed, &none, before);
        change(s, c, &removed, &none);
    }
}

/* --- judging what changed -------------------------------------------------------------------- */
struct gathering {
    struct uidset uids;
    struct modseq until;
    struct uid below;
};
static bool gather(void *arg, const struct change *c)
{
    struct gathering *g = arg;
    if (c->modseq.n > g->until.n) return false;
    if (c->kind == CHANGE_EXPUNGE || c->uid.n >= g->below.n) return true;
    return uidset_add(&g->uids, c->uid.n, c->uid.n);
}

static void take(void *arg, struct candidate *c, struct seq seq)
{
    (void)seq;
    (void)uidset_add(arg, c->m.uid.n, c->m.uid.n);
}

/* RFC 5465 7: of those that are new, and not found because their flags changed. */
static enum err fetch_new(struct imap *s, const struct context *c, const struct uidset *added,
                          const struct arrived *new)
{
    enum err e = OK;
    for (size_t i = 0; !e && new->first.n && c->args.update.n &&i < added->n; i++)
        for (uint64_t u = added->ranges[i].from; !e && u <= added->ranges[i].to; u++) {
            uint32_t seq = seqmap_seq(new->map, (struct uid){ (uint32_t)u }).n;
            if (seq && u >= new->first.n) e = imap_fetch_news(s, &c->args.update, seq, seq);
        }
    return e;
}

static enum err update(struct imap *s, struct context *c, const struct uidset *changed,
                       const struct arrived *new)
{
    struct uidset found = uidset_make(&s->arena);
    struct search_program *program = ARENA_NEW(&s->arena, struct search_program);
    if (!program) return ERR_LIMIT;
    struct search_walk w = {
        .s = s, .program = program, .selected = true, .only = changed, .hit = take, .arg = &found
    };
    struct arena kept = arena_make(IMAP_CONTEXT_BYTES);
    found.arena = &kept;
    enum err e = imap_search_compile(&s->arena, &c->args, program);
    if (!e) e = imap_search_begin(&w);
    if (!e) e = imap_search_run(&w);
    if (!e && kept.full) e = ERR_LIMIT;
    if (!e) {
        uidset_normalise(&found);
        struct uidset added = sift(&s->arena, &found, &c->hits, false);
        struct uidset known = sift(&s->arena, changed, &c->hits, true);
        struct uidset removed = sift(&s->arena, &known, &found, false);
        e = fetch_new(s, c, &added, new);
        tell(s, c, &removed, &added, &w.map);
        if (removed.n || added.n) change(s, c, &removed, &added);
    }
    arena_free(&kept);
    return e;
}

enum err imap_contexts_changed(struct imap *s, struct modseq since, const struct arrived *new)
{
    struct look look;
    if (!s->contexts || !s->contexts->n) return OK;
    enum err e = imap_look(s, &look);
    if (e) return e;
    struct gathering g = { uidset_make(&s->arena), s->told.modseq, s->told.uidnext };
    e = store_changes(look.view, &look.mailbox, since, gather, &g);
    imap_look_end(&look);
    uidset_normalise(&g.uids);
    for (size_t i = s->contexts->n; !e && g.uids.n && i-- > 0;)
        if (update(s, &s->contexts->items[i], &g.uids, new)) {
            tell_no_update(s, s->contexts->items[i].tag);
            drop(s, &s->contexts->items[i]);
        }
    return OK;
}
