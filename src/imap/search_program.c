/* search_program.c - a SEARCH program made ready: texts folded, sets resolved, keywords as bits.
 *
 * RFC 9051 6.4.4; BADCHARSET RFC 9051 7.1; FUZZY RFC 6203 3: the words of a text, in any order.
 */
#include "imap/search_int.h"

#include "base/limits.h"
#include "mail/charset.h"
#include "mail/envelope.h"

/* --- texts ---------------------------------------------------------------------------------- */

/* The fields that a card's envelope answers for, RFC 9051 6.4.4: "in the envelope structure's". */
static const struct {
    str field;
    enum envelope_item item;
} envelope_fields[] = {
    { S_INIT("Subject"), ENVELOPE_SUBJECT },
    { S_INIT("From"), ENVELOPE_FROM },
    { S_INIT("To"), ENVELOPE_TO },
    { S_INIT("Cc"), ENVELOPE_CC },
    { S_INIT("Bcc"), ENVELOPE_BCC },
    { S_INIT("Message-ID"), ENVELOPE_MESSAGE_ID },
    { S_INIT("In-Reply-To"), ENVELOPE_IN_REPLY_TO },
};

static str ready_text(struct arena *a, str charset, str text)
{
    bool utf8 = !charset.n || str_ieq(charset, S("UTF-8")) || str_ieq(charset, S("US-ASCII"));
    if (utf8 && utf8_valid(text)) return text_form(a, text);
    struct buf out = buf_make(4 * IMAP_COMMAND_BYTES);
    (void)charset_to_utf8(&out, charset, text);
    str form = text_form(a, buf_str(&out));
    buf_free(&out);
    return form;
}

static bool is_text(const struct search_key *k)
{
    return k->kind == SEARCH_HEADER || k->kind == SEARCH_BODY || k->kind == SEARCH_TEXT;
}

/* All keys under `first` and beside it, by one function. */
struct visit {
    enum err (*each)(void *arg, struct search_key *k);
    void *arg;
};
static enum err visit_all(const struct visit *v, struct search_key *first)
{
    enum err e = OK;
    for (struct search_key *k = first; !e && k; k = k->next) {
        e = v->each(v->arg, k);
        if (!e && k->child) e = visit_all(v, k->child);
    }
    return e;
}

struct compile {
    struct arena *arena;
    str charset;
    struct search_program *program;
};

static enum err count_texts(void *arg, struct search_key *k)
{
    struct compile *c = arg;
    if (is_text(k)) c->program->texts_n += k->fuzzy ? 1 + IMAP_SEARCH_WORDS : 1;
    return OK;
}

static bool add_text(struct compile *c, struct search_key *k, str form)
{
    struct search_text_key *t = &c->program->texts[c->program->texts_n];
    *t = (struct search_text_key){ .key = k };
    if (!text_needle_make(c->arena, form, &t->needle)) return false;
    if (!k->look) k->look = t;
    k->look_n++;
    c->program->texts_n++;
    return true;
}

/* The whole text first; of a fuzzy one each word too. */
static enum err compile_text(struct compile *c, struct search_key *k)
{
    static const unsigned where[] = {
        [SEARCH_HEADER] = TEXT_HEADER, [SEARCH_BODY] = TEXT_BODY, [SEARCH_TEXT] = TEXT_ALL
    };
    str form = ready_text(c->arena, c->charset, k->text), word;
    k->look = NULL;
    k->look_n = 0;
    k->envelope = 0;
    if (!add_text(c, k, form)) return ERR_LIMIT;
    while (k->fuzzy && k->look_n <= IMAP_SEARCH_WORDS && str_split(&form, ' ', &word))
        if (word.n && !add_text(c, k, word)) return ERR_LIMIT;
    for (size_t i = 0; k->kind == SEARCH_HEADER && i < COUNT_OF(envelope_fields); i++)
        if (str_ieq(k->field, envelope_fields[i].field))
            k->envelope = (int)envelope_fields[i].item + 1;
    if (!k->envelope) c->program->where |= where[k->kind];
    c->program->envelopes |= k->envelope != 0;
    return OK;
}

static unsigned rows_of(enum search_kind kind)
{
    switch (kind) {
    case SEARCH_AND:
    case SEARCH_OR:
    case SEARCH_NOT:
    case SEARCH_SEQ:
    case SEARCH_UID:
    case SEARCH_NONE: return 0;
    case SEARCH_FLAG:
    case SEARCH_KEYWORD:
    case SEARCH_MODSEQ: return WANT_FLAGS;
    default: return WANT_CARD;
    }
}

static enum err compile_key(void *arg, struct search_key *k)
{
    struct compile *c = arg;
    c->program->rows |= rows_of(k->kind);
    c->program->seqs |= k->kind == SEARCH_SEQ;
    return is_text(k) ? compile_text(c, k) : OK;
}

enum err imap_search_compile(struct arena *a, const struct search_args *args,
                             struct search_program *out)
{
    *out = (struct search_program){ .root = args->program };
    if (args->charset.n && !charset_known(args->charset)) return ERR_DENIED;
    struct compile c = { .arena = a, .charset = args->charset, .program = out };
    enum err e = visit_all(&(struct visit){ count_texts, &c }, out->root);
    out->texts = ARENA_ARRAY(a, out->texts_n + 1, struct search_text_key);
    out->texts_n = 0;
    if (!e && !out->texts) e = ERR_LIMIT;
    if (!e) e = visit_all(&(struct visit){ compile_key, &c }, out->root);
    if (args->modseq) out->rows |= WANT_FLAGS;
    return !e && a->full ? ERR_LIMIT : e;
}

enum err imap_search_bad_charset(struct imap *s)
{
    struct buf code = buf_make(4096);
    buf_add(&code, S("BADCHARSET ("));
    charset_list(&code);
    buf_addc(&code, ')');
    str text = arena_copy(&s->arena, buf_str(&code));
    buf_free(&code);
    return imap_no(s, ERR_DENIED, text, S("charset not known"));
}

/* --- sets ----------------------------------------------------------------------------------- */
struct resolve {
    struct imap *s;
    const struct seqmap *map;
    const struct uidset *saved;
};

static struct seqset of_saved(const struct resolve *r)
{
    size_t n = r->saved ? r->saved->n : 0;
    struct seq_range *ranges = ARENA_ARRAY(&r->s->arena, n + 1, struct seq_range);
    for (size_t i = 0; ranges && i < n; i++)
        ranges[i] = (struct seq_range){ r->saved->ranges[i].from, r->saved->ranges[i].to };
    return (struct seqset){ .ranges = ranges, .n = ranges ? n : 0 };
}

/* A run of sequence numbers is a run of UIDs: what lies between and is no message is dead. */
static struct seqset of_numbers(const struct resolve *r, struct seqset set)
{
    struct seqset seqs = seqset_resolve(set, r->map->count, &r->s->arena);
    struct seq_range *ranges = ARENA_ARRAY(&r->s->arena, seqs.n + 1, struct seq_range);
    for (size_t i = 0; ranges && i < seqs.n; i++)
        ranges[i] = (struct seq_range){
            seqmap_uid(r->map, (struct seq){ seqs.ranges[i].first }).n,
            seqmap_uid(r->map, (struct seq){ seqs.ranges[i].last }).n,
        };
    return (struct seqset){ .ranges = ranges, .n = ranges ? seqs.n : 0 };
}

static enum err resolve_key(void *arg, struct search_key *k)
{
    const struct resolve *r = arg;
    if (k->kind != SEARCH_SEQ && k->kind != SEARCH_UID) return OK;
    if (k->kind == SEARCH_SEQ && seqset_largest(k->set) > r->map->count)
        return imap_bad(r->s, S("no message has this number"));
    if (k->set.saved) {
        k->uids = of_saved(r);
    } else if (k->kind == SEARCH_SEQ) {
        k->uids = of_numbers(r, k->set);
    } else {
        uint32_t last = r->map->count ? seqmap_uid(r->map, (struct seq){ r->map->count }).n : 0;
        k->uids = seqset_resolve(k->set, last, &r->s->arena);
    }
    return r->s->arena.full ? ERR_LIMIT : OK;
}

enum err imap_search_resolve(struct imap *s, struct search_program *program,
                             const struct seqmap *map, const struct uidset *saved)
{
    struct resolve r = { s, map, saved };
    return visit_all(&(struct visit){ resolve_key, &r }, program->root);
}

/* --- keywords ------------------------------------------------------------------------------- */
static enum err keyword_bit(void *arg, struct search_key *k)
{
    const struct look *look = arg;
    if (k->kind != SEARCH_KEYWORD) return OK;
    k->keywords = 0;
    for (size_t i = 0; i < look->keywords_n && i < MAILBOX_KEYWORDS; i++)
        if (str_ieq(look->keywords[i], k->text)) k->keywords = UINT64_C(1) << i;
    return OK;
}

void imap_search_keywords(struct search_program *program, const struct look *look)
{
    struct look copy = *look;
    (void)(visit_all(&(struct visit){ keyword_bit, &copy }, program->root) == OK);
}
