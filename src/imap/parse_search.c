/* parse_search.c - SEARCH: from its keys to a tree of bounded depth and size.
 *
 * RFC 9051 6.4.4, RFC 3501 6.4.4; RETURN RFC 4731, 5182, 5267, 6203, 9394; OLDER, YOUNGER RFC 5032;
 * MODSEQ RFC 7162 3.1.5; FUZZY RFC 6203 3; "$" RFC 5182 2.1; EMAILID, THREADID RFC 8474 6; SAVED…
 * RFC 8514 4.3; UIDAFTER, UIDBEFORE RFC 9738 3.2.
 * Keys that are others in disguise (UNSEEN is NOT SEEN) are read as those, so that who evaluates
 * the tree knows few kinds.
 */
#include "imap/parse_int.h"

#include "base/limits.h"
#include "base/mem.h"

/* What follows a key's name. */
enum takes {
    TAKES_NOTHING,
    TAKES_TEXT,
    TAKES_HEADER,
    TAKES_KEYWORD,
    TAKES_DATE,
    TAKES_NUMBER,
    TAKES_INTERVAL,
    TAKES_SET,
    TAKES_UID_BEFORE,
    TAKES_UID_AFTER,
    TAKES_MODSEQ,
    TAKES_KEY,
    TAKES_TWO_KEYS,
    TAKES_FUZZY_KEY,
};

/* clang-format off */
static const struct search_row {
    str name;
    enum takes takes;
    enum search_kind kind;
    bool negated;      /* NOT around it */
    uint8_t flag;      /* SEARCH_FLAG */
    str field;         /* SEARCH_HEADER */
} search_rows[] = {
    { S_INIT("ALL"),        TAKES_NOTHING,  SEARCH_AND, false, 0, { 0 } },
    { S_INIT("ANSWERED"),   TAKES_NOTHING,  SEARCH_FLAG, false, FLAG_ANSWERED, { 0 } },
    { S_INIT("BCC"),        TAKES_TEXT,     SEARCH_HEADER, false, 0, S_INIT("Bcc") },
    { S_INIT("BEFORE"),     TAKES_DATE,     SEARCH_BEFORE, false, 0, { 0 } },
    { S_INIT("BODY"),       TAKES_TEXT,     SEARCH_BODY, false, 0, { 0 } },
    { S_INIT("CC"),         TAKES_TEXT,     SEARCH_HEADER, false, 0, S_INIT("Cc") },
    { S_INIT("DELETED"),    TAKES_NOTHING,  SEARCH_FLAG, false, FLAG_DELETED, { 0 } },
    { S_INIT("DRAFT"),      TAKES_NOTHING,  SEARCH_FLAG, false, FLAG_DRAFT, { 0 } },
    { S_INIT("EMAILID"),    TAKES_KEYWORD,  SEARCH_EMAILID, false, 0, { 0 } },
    { S_INIT("FLAGGED"),    TAKES_NOTHING,  SEARCH_FLAG, false, FLAG_FLAGGED, { 0 } },
    { S_INIT("FROM"),       TAKES_TEXT,     SEARCH_HEADER, false, 0, S_INIT("From") },
    { S_INIT("FUZZY"),      TAKES_FUZZY_KEY, SEARCH_AND, false, 0, { 0 } },
    { S_INIT("HEADER"),     TAKES_HEADER,   SEARCH_HEADER, false, 0, { 0 } },
    { S_INIT("KEYWORD"),    TAKES_KEYWORD,  SEARCH_KEYWORD, false, 0, { 0 } },
    { S_INIT("LARGER"),     TAKES_NUMBER,   SEARCH_LARGER, false, 0, { 0 } },
    { S_INIT("MODSEQ"),     TAKES_MODSEQ,   SEARCH_MODSEQ, false, 0, { 0 } },
    { S_INIT("NEW"),        TAKES_NOTHING,  SEARCH_NONE, false, 0, { 0 } },
    { S_INIT("NOT"),        TAKES_KEY,      SEARCH_NOT, false, 0, { 0 } },
    { S_INIT("OLD"),        TAKES_NOTHING,  SEARCH_NONE, true, 0, { 0 } },
    { S_INIT("OLDER"),      TAKES_INTERVAL, SEARCH_OLDER, false, 0, { 0 } },
    { S_INIT("ON"),         TAKES_DATE,     SEARCH_ON, false, 0, { 0 } },
    { S_INIT("OR"),         TAKES_TWO_KEYS, SEARCH_OR, false, 0, { 0 } },
    { S_INIT("RECENT"),     TAKES_NOTHING,  SEARCH_NONE, false, 0, { 0 } },
    { S_INIT("SAVEDATESUPPORTED"), TAKES_NOTHING, SEARCH_AND, false, 0, { 0 } },
    { S_INIT("SAVEDBEFORE"), TAKES_DATE,    SEARCH_SAVEDBEFORE, false, 0, { 0 } },
    { S_INIT("SAVEDON"),    TAKES_DATE,     SEARCH_SAVEDON, false, 0, { 0 } },
    { S_INIT("SAVEDSINCE"), TAKES_DATE,     SEARCH_SAVEDSINCE, false, 0, { 0 } },
    { S_INIT("SEEN"),       TAKES_NOTHING,  SEARCH_FLAG, false, FLAG_SEEN, { 0 } },
    { S_INIT("SENTBEFORE"), TAKES_DATE,     SEARCH_SENTBEFORE, false, 0, { 0 } },
    { S_INIT("SENTON"),     TAKES_DATE,     SEARCH_SENTON, false, 0, { 0 } },
    { S_INIT("SENTSINCE"),  TAKES_DATE,     SEARCH_SENTSINCE, false, 0, { 0 } },
    { S_INIT("SINCE"),      TAKES_DATE,     SEARCH_SINCE, false, 0, { 0 } },
    { S_INIT("SMALLER"),    TAKES_NUMBER,   SEARCH_SMALLER, false, 0, { 0 } },
    { S_INIT("SUBJECT"),    TAKES_TEXT,     SEARCH_HEADER, false, 0, S_INIT("Subject") },
    { S_INIT("TEXT"),       TAKES_TEXT,     SEARCH_TEXT, false, 0, { 0 } },
    { S_INIT("THREADID"),   TAKES_KEYWORD,  SEARCH_THREADID, false, 0, { 0 } },
    { S_INIT("TO"),         TAKES_TEXT,     SEARCH_HEADER, false, 0, S_INIT("To") },
    { S_INIT("UID"),        TAKES_SET,      SEARCH_UID, false, 0, { 0 } },
    { S_INIT("UIDAFTER"),   TAKES_UID_AFTER, SEARCH_UID, false, 0, { 0 } },
    { S_INIT("UIDBEFORE"),  TAKES_UID_BEFORE, SEARCH_UID, false, 0, { 0 } },
    { S_INIT("UNANSWERED"), TAKES_NOTHING,  SEARCH_FLAG, true, FLAG_ANSWERED, { 0 } },
    { S_INIT("UNDELETED"),  TAKES_NOTHING,  SEARCH_FLAG, true, FLAG_DELETED, { 0 } },
    { S_INIT("UNDRAFT"),    TAKES_NOTHING,  SEARCH_FLAG, true, FLAG_DRAFT, { 0 } },
    { S_INIT("UNFLAGGED"),  TAKES_NOTHING,  SEARCH_FLAG, true, FLAG_FLAGGED, { 0 } },
    { S_INIT("UNKEYWORD"),  TAKES_KEYWORD,  SEARCH_KEYWORD, true, 0, { 0 } },
    { S_INIT("UNSEEN"),     TAKES_NOTHING,  SEARCH_FLAG, true, FLAG_SEEN, { 0 } },
    { S_INIT("YOUNGER"),    TAKES_INTERVAL, SEARCH_YOUNGER, false, 0, { 0 } },
};
/* clang-format on */

/* The state of one SEARCH: how many keys it may still have. */
struct search {
    struct parse *p;
    struct search_args *args;
    size_t keys_left;
    unsigned fuzzy; /* how many FUZZY are around */
};

static struct search_key *key_new(struct search *s, enum search_kind kind)
{
    if (s->keys_left == 0) parse_fail_as(s->p, ERR_LIMIT, "too many search keys");
    struct search_key *key = parse_alloc(s->p, 1, sizeof(*key));
    if (!key) return NULL;
    s->keys_left--;
    key->kind = kind;
    key->fuzzy = s->fuzzy > 0;
    return key;
}

/* search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer; the
 * entry (per-flag marks) may be ignored, RFC 7162 3.1.5. */
static void search_modsequence(struct search *s, struct search_key *key)
{
    struct parse *p = s->p;
    s->args->modseq = true;
    if (parse_peek(p) == '"') {
        parse_string(p);
        parse_sp(p);
        bool known = parse_try_word(p, S("all")) || parse_try_word(p, S("priv")) ||
                     parse_try_word(p, S("shared"));
        if (!known) parse_fail(p, "all, priv or shared expected");
        parse_sp(p);
    }
    key->number = parse_mod_sequence(p);
}

/* RFC 9738 3.2: all UIDs above one, or below it; there may be none. */
static struct seqset uids_beyond(struct parse *p, bool after)
{
    uint32_t uid = parse_nz_number(p);
    struct seq_range *range = parse_alloc(p, 1, sizeof(*range));
    if (!range || uid == (after ? UINT32_MAX : 1)) return (struct seqset){ 0 };
    *range = after ? (struct seq_range){ uid + 1, UINT32_MAX } : (struct seq_range){ 1, uid - 1 };
    return (struct seqset){ .ranges = range, .n = 1 };
}

static struct search_key *search_key(struct search *s);

static void operands(struct search *s, const struct search_row *row, struct search_key *key)
{
    bool fuzzy = row->takes == TAKES_FUZZY_KEY;
    s->fuzzy += fuzzy;
    s->args->fuzzy |= fuzzy;
    struct search_key *first = search_key(s);
    s->fuzzy -= fuzzy;
    key->child = first;
    if (row->takes != TAKES_TWO_KEYS) return;
    parse_sp(s->p);
    struct search_key *second = search_key(s);
    if (first) first->next = second;
}

static void argument(struct search *s, const struct search_row *row, struct search_key *key)
{
    struct parse *p = s->p;
    if (row->takes == TAKES_NOTHING) return;
    parse_sp(p);
    switch (row->takes) {
    case TAKES_TEXT: key->text = parse_astring(p); break;
    case TAKES_KEYWORD: key->text = parse_atom(p); break;
    case TAKES_DATE: key->day = parse_date(p); break;
    case TAKES_NUMBER: key->number = parse_number64(p); break;
    case TAKES_INTERVAL: key->number = parse_nz_number(p); break;
    case TAKES_SET: key->set = parse_message_set(p); break;
    case TAKES_UID_BEFORE: key->set = uids_beyond(p, false); break;
    case TAKES_UID_AFTER: key->set = uids_beyond(p, true); break;
    case TAKES_MODSEQ: search_modsequence(s, key); break;
    case TAKES_HEADER:
        key->field = parse_astring(p);
        parse_sp(p);
        key->text = parse_astring(p);
        break;
    case TAKES_KEY:
    case TAKES_FUZZY_KEY:
    case TAKES_TWO_KEYS: operands(s, row, key); break;
    case TAKES_NOTHING: break;
    }
}

static struct search_key *named_key(struct search *s)
{
    str name = parse_atom(s->p);
    const struct search_row *row = NULL;
    for (size_t i = 0; !s->p->err && i < COUNT_OF(search_rows); i++)
        if (str_ieq(name, search_rows[i].name)) row = &search_rows[i];
    if (!row) {
        parse_fail(s->p, "unknown search key");
        return NULL;
    }
    struct search_key *key = key_new(s, row->kind);
    if (!key) return NULL;
    key->flag = row->flag;
    key->field = row->field;
    argument(s, row, key);
    if (!row->negated) return key;
    struct search_key *not = key_new(s, SEARCH_NOT);
    if (not ) not ->child = key;
    return not ;
}

/* search-key *(SP search-key), all of which must hold */
static struct search_key *all_of(struct search *s)
{
    struct search_key *and = key_new(s, SEARCH_AND);
    struct search_key **place = and? &and->child : NULL;
    do {
        struct search_key *key = search_key(s);
        if (!key || !place) return and;
        *place = key;
        place = &key->next;
    } while (parse_try(s->p, ' '));
    return and;
}

static struct search_key *search_key(struct search *s)
{
    struct parse *p = s->p;
    if (!parse_enter(p)) return NULL;
    struct search_key *key = NULL;
    char c = parse_peek(p);
    if (parse_try(p, '(')) {
        key = all_of(s);
        parse_want(p, ')');
    } else if (c == '*' || c == '$' || ascii_digit(c)) {
        key = key_new(s, SEARCH_SEQ);
        struct seqset set = parse_message_set(p);
        if (key) key->set = set;
    } else {
        key = named_key(s);
    }
    parse_leave(p);
    return key;
}

/* search-return-opts, RFC 4466 2.6; RETURN () means ALL, RFC 4731 3.1 */
void parse_search_return(struct parse *p, struct search_args *args)
{
    static const struct word options[] = {
        { S_INIT("MIN"), RETURN_MIN },         { S_INIT("MAX"), RETURN_MAX },
        { S_INIT("ALL"), RETURN_ALL },         { S_INIT("COUNT"), RETURN_COUNT },
        { S_INIT("SAVE"), RETURN_SAVE },       { S_INIT("UPDATE"), RETURN_UPDATE },
        { S_INIT("CONTEXT"), RETURN_CONTEXT }, { S_INIT("RELEVANCY"), RETURN_RELEVANCY },
        { S_INIT("PARTIAL"), RETURN_PARTIAL },
    };
    args->extended = true;
    parse_sp(p);
    parse_want(p, '(');
    while (!p->err && parse_peek(p) != ')') {
        uint32_t one = parse_word(p, options, COUNT_OF(options), "unknown result option");
        if (one & args->returns & RETURN_PARTIAL) parse_fail(p, "PARTIAL more than once");
        args->returns |= one;
        if (one == RETURN_PARTIAL) args->places = parse_partial_range(p);
        bool more = parse_try(p, ' ');
        if (one == RETURN_UPDATE && parse_peek(p) == '(') {
            parse_fetch_atts(p, &args->update);
            more = parse_try(p, ' ');
        }
        if (!more) break;
    }
    parse_want(p, ')');
    /* RFC 9394 3.1: they contradict each other. */
    if ((args->returns & RETURN_ALL) && (args->returns & RETURN_PARTIAL))
        parse_fail(p, "either ALL or PARTIAL");
    if (!args->returns) args->returns = RETURN_ALL;
    parse_sp(p);
}

void parse_search_program(struct parse *p, struct search_args *args)
{
    struct search s = { .p = p, .args = args, .keys_left = IMAP_SEARCH_KEYS };
    args->program = all_of(&s);
    /* RFC 6203 4: there are no scores without FUZZY. */
    if ((args->returns & RETURN_RELEVANCY) && !args->fuzzy)
        parse_fail(p, "RELEVANCY needs a FUZZY key");
}

void parse_search_args(struct parse *p, struct command *c)
{
    parse_sp(p);
    if (parse_try_word(p, S("RETURN"))) parse_search_return(p, &c->search);
    if (parse_try_word(p, S("CHARSET"))) {
        parse_sp(p);
        c->search.charset = parse_astring(p);
        if (p->utf8) parse_fail(p, "the charset is UTF-8 since UTF8=ACCEPT");
        parse_sp(p);
    }
    /* RFC 9051 6.4.4: there is no untagged SEARCH in rev2. */
    if (p->rev2 && !c->search.extended) c->search.returns = RETURN_ALL;
    c->search.extended |= p->rev2;
    parse_search_program(p, &c->search);
}
