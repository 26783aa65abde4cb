/* search_match.c - does a message match a SEARCH program?
 *
 * RFC 9051 6.4.4. In three values: by its row and card a message may be undecided, and only then is
 * it read, once for all texts that are looked for. Texts are compared as mail/text.h makes them:
 * decoded, under i;unicode-casemap (RFC 5051).
 */
#include "imap/search_int.h"

#include "base/limits.h"
#include "mail/encoded.h"
#include "mail/envelope.h"

static enum verdict of(bool match)
{
    return match ? MATCH : NO_MATCH;
}

/* --- the card ------------------------------------------------------------------------------- */
bool imap_search_has_card(struct candidate *c)
{
    if (!c->has_card && !c->no_card) {
        c->has_card = c->m.card.n && card_open(c->m.card, &c->card);
        /* Absent from its row, it may be beside the body. */
        c->no_card = !c->has_card && c->m.card.n;
    }
    return c->has_card;
}

/* --- texts that the envelope holds ---------------------------------------------------------- */
static bool is_plain(str s)
{
    return str_is_ascii(s) && str_find(s, S("=?")) == STR_NPOS;
}

static str decoded(struct arena *a, str raw)
{
    return is_plain(raw) ? raw : encoded_text(a, raw);
}

/* "Name <local@domain>, …" */
static str addresses_text(struct arena *a, const struct header_address *list, size_t n)
{
    str *parts = ARENA_ARRAY(a, 7 * n + 1, str);
    size_t p = 0;
    for (size_t i = 0; parts && i < n; i++) {
        if (i) parts[p++] = S(", ");
        if (list[i].name.n) parts[p++] = decoded(a, list[i].name);
        if (list[i].kind == HEADER_GROUP) parts[p++] = S(":");
        if (list[i].kind == HEADER_GROUP_END) parts[p++] = S(";");
        if (list[i].kind != HEADER_MAILBOX) continue;
        parts[p++] = S(" <");
        parts[p++] = list[i].local;
        parts[p++] = S("@");
        parts[p++] = list[i].domain;
        parts[p++] = S(">");
    }
    return arena_concat(a, parts, parts ? p : 0);
}

/* False: the envelope cannot say what the field holds. *there: it is in the header. */
static bool envelope_value(struct candidate *c, enum envelope_item item, bool *there, str *text)
{
    bool list = item >= ENVELOPE_FROM && item <= ENVELOPE_BCC;
    if (!list) {
        *there = envelope_text(c->card.envelope, item, c->arena, text);
        *text = decoded(c->arena, *text);
        return text->n < ENVELOPE_FIELD_BYTES / 2;
    }
    struct header_address *all;
    size_t n = envelope_addresses(c->card.envelope, item, c->arena, ENVELOPE_ADDRESSES + 1, &all);
    *there = n > 0;
    *text = addresses_text(c->arena, all, n);
    return n < ENVELOPE_ADDRESSES;
}

/* --- scores, RFC 6203 4 --------------------------------------------------------------------- */
static void score(struct candidate *c, unsigned score)
{
    if (score < c->score) c->score = score;
}

/* Of a fuzzy text at least half of the words must be there. has(i) tells of the i-th. */
static enum verdict words(struct candidate *c, size_t n, size_t found, size_t unsure)
{
    size_t enough = (n + 1) / 2;
    if (found < enough) return found + unsure < enough ? NO_MATCH : UNSURE;
    if (unsure) return UNSURE;
    score(c, (unsigned)(90 * found / n));
    return MATCH;
}

static enum verdict by_looks(struct candidate *c, const struct search_key *key,
                             enum verdict (*has)(struct candidate *c, const struct search_key *key,
                                                 const struct search_text_key *t, str text),
                             str text)
{
    enum verdict whole = has(c, key, &key->look[0], text);
    if (whole == MATCH || key->look_n == 1) return whole;
    size_t found = 0, unsure = 0;
    for (size_t i = 1; i < key->look_n; i++) {
        enum verdict one = has(c, key, &key->look[i], text);
        found += one == MATCH;
        unsure += one == UNSURE;
    }
    /* With all words there, the whole text decides how good a match it is. */
    if (whole == UNSURE && found + unsure == key->look_n - 1) return UNSURE;
    return words(c, key->look_n - 1, found, unsure);
}

static enum verdict in_text(struct candidate *c, const struct search_key *key,
                            const struct search_text_key *t, str text)
{
    (void)c;
    (void)key;
    return of(str_find(text, t->needle.text) != STR_NPOS);
}

static enum verdict by_envelope(struct candidate *c, const struct search_key *key)
{
    bool there;
    str text;
    if (!imap_search_has_card(c)) return c->no_card ? NO_MATCH : UNSURE;
    struct arena_mark mark = arena_mark(c->arena);
    bool known = envelope_value(c, (enum envelope_item)(key->envelope - 1), &there, &text);
    enum verdict verdict = UNSURE;
    if (known || there) {
        verdict = there ? by_looks(c, key, in_text, text_form(c->arena, text)) : NO_MATCH;
        if (!known && verdict == NO_MATCH) verdict = UNSURE;
    }
    arena_rewind(c->arena, mark);
    return verdict;
}

/* --- texts that the message must be read for ------------------------------------------------- */
static enum verdict in_bytes(struct candidate *c, const struct search_key *key,
                             const struct search_text_key *t, str text)
{
    (void)key;
    (void)text;
    if (t->found) return MATCH;
    if (c->complete) return NO_MATCH;
    if (!t->asked) return UNSURE;
    switch (search_answer_of(&c->program->index, t->asked - 1, &c->m)) {
    case SEARCH_HAS: return MATCH;
    case SEARCH_HAS_NOT: return NO_MATCH;
    case SEARCH_UNKNOWN: break;
    }
    return UNSURE;
}

/* --- the rest ------------------------------------------------------------------------------- */

/* Times and zones are disregarded: the day is that of the place that wrote the date. */
static bool internal_day(const struct candidate *c, const struct search_key *key)
{
    int64_t day = date_day((struct date){ c->m.internal_date_s, c->m.internal_zone_min });
    if (key->kind == SEARCH_ON) return day == key->day;
    return key->kind == SEARCH_BEFORE ? day < key->day : day >= key->day;
}

/* RFC 8514 4.3: by UTC, as SAVEDATE is told. */
static bool saved_day(const struct candidate *c, const struct search_key *key)
{
    int64_t day = date_day((struct date){ .seconds = c->m.saved_us / 1000000 });
    if (key->kind == SEARCH_SAVEDON) return day == key->day;
    return key->kind == SEARCH_SAVEDBEFORE ? day < key->day : day >= key->day;
}

static bool has_objectid(const struct candidate *c, const struct search_key *key)
{
    struct buf id = buf_make(IMAP_OBJECTID_BYTES);
    if (key->kind == SEARCH_EMAILID)
        imap_email_id(&id, c->program->account, c->m.email_id);
    else
        imap_thread_id(&id, c->program->account, c->m.thread_id);
    bool same = str_eq(buf_str(&id), key->text);
    buf_free(&id);
    return same;
}

static enum verdict sent_day(struct candidate *c, const struct search_key *key)
{
    if (!imap_search_has_card(c)) return c->no_card ? NO_MATCH : UNSURE;
    if (!(c->card.flags & CARD_HAS_DATE)) return NO_MATCH;
    int64_t day = date_day(c->card.date);
    if (key->kind == SEARCH_SENTON) return of(day == key->day);
    return of(key->kind == SEARCH_SENTBEFORE ? day < key->day : day >= key->day);
}

static enum verdict judge(struct candidate *c, const struct search_key *key);

static enum verdict all_match(struct candidate *c, const struct search_key *key)
{
    enum verdict all = MATCH;
    for (const struct search_key *k = key->child; k; k = k->next) {
        enum verdict one = judge(c, k);
        if (one == NO_MATCH) return NO_MATCH;
        if (one == UNSURE) all = UNSURE;
    }
    return all;
}

static enum verdict any_matches(struct candidate *c, const struct search_key *key)
{
    enum verdict any = NO_MATCH;
    for (const struct search_key *k = key->child; k; k = k->next) {
        enum verdict one = judge(c, k);
        if (one == MATCH) return MATCH;
        if (one == UNSURE) any = UNSURE;
    }
    return any;
}

static enum verdict none_matches(struct candidate *c, const struct search_key *key)
{
    unsigned before = c->score;
    enum verdict one = judge(c, key->child);
    c->score = before;
    return one == UNSURE ? UNSURE : of(one == NO_MATCH);
}

static enum verdict judge(struct candidate *c, const struct search_key *key)
{
    int64_t age_s = c->now_s - c->m.internal_date_s;
    switch (key->kind) {
    case SEARCH_AND: return all_match(c, key);
    case SEARCH_OR: return any_matches(c, key);
    case SEARCH_NOT: return none_matches(c, key);
    case SEARCH_SEQ:
    case SEARCH_UID: return of(seqset_has(key->uids, c->m.uid.n));
    case SEARCH_FLAG: return of(c->m.flags.system & key->flag);
    case SEARCH_KEYWORD: return of(c->m.flags.keywords & key->keywords);
    case SEARCH_NONE: return NO_MATCH;
    case SEARCH_LARGER: return of(c->m.size_bytes > key->number);
    case SEARCH_SMALLER: return of(c->m.size_bytes < key->number);
    case SEARCH_MODSEQ: return of(c->m.modseq.n >= key->number);
    case SEARCH_OLDER: return of(age_s >= (int64_t)key->number);
    case SEARCH_YOUNGER: return of(age_s <= (int64_t)key->number);
    case SEARCH_BEFORE:
    case SEARCH_ON:
    case SEARCH_SINCE: return of(internal_day(c, key));
    case SEARCH_SAVEDBEFORE:
    case SEARCH_SAVEDON:
    case SEARCH_SAVEDSINCE: return of(saved_day(c, key));
    case SEARCH_EMAILID:
    case SEARCH_THREADID: return of(has_objectid(c, key));
    case SEARCH_SENTBEFORE:
    case SEARCH_SENTON:
    case SEARCH_SENTSINCE: return sent_day(c, key);
    case SEARCH_HEADER:
    case SEARCH_BODY:
    case SEARCH_TEXT: break;
    }
    enum verdict verdict = key->envelope ? by_envelope(c, key) : UNSURE;
    return verdict == UNSURE ? by_looks(c, key, in_bytes, (str){ 0 }) : verdict;
}

enum verdict imap_search_judge(struct candidate *c)
{
    c->score = 100;
    return judge(c, c->program->root);
}

/* --- reading -------------------------------------------------------------------------------- */
static bool covers(const struct search_key *key, const struct text_piece *piece)
{
    if (key->kind == SEARCH_TEXT) return true;
    if (key->kind == SEARCH_BODY) return piece->where == TEXT_BODY;
    return piece->where == TEXT_HEADER && str_ieq(piece->field, key->field);
}

/* RFC 9051 6.4.4: TEXT is the header as such, names and all. */
static bool feed(struct search_text_key *t, const struct text_piece *piece, str name)
{
    bool named = t->key->kind != SEARCH_HEADER && piece->field.n;
    if (piece->first) t->match = (struct text_match){ 0 };
    if (piece->first && named) {
        (void)text_match_feed(&t->match, &t->needle, name);
        if (text_match_feed(&t->match, &t->needle, S(": "))) return true;
    }
    return text_match_feed(&t->match, &t->needle, piece->text);
}

static bool hear(void *arg, const struct text_piece *piece)
{
    struct candidate *c = arg;
    struct search_program *program = c->program;
    bool news = false;
    struct arena_mark mark = arena_mark(c->arena);
    str name = piece->first ? text_form(c->arena, piece->field) : (str){ 0 };
    for (size_t i = 0; i < program->texts_n; i++) {
        struct search_text_key *t = &program->texts[i];
        if (t->found || !covers(t->key, piece)) continue;
        t->found = feed(t, piece, name);
        news |= t->found;
    }
    arena_rewind(c->arena, mark);
    return !news || imap_search_judge(c) == UNSURE;
}

static void forget_texts(struct search_program *program)
{
    for (size_t i = 0; i < program->texts_n; i++)
        program->texts[i].found = false;
}

enum verdict imap_search_judge_text(struct candidate *c, const struct text_source *source)
{
    struct search_program *program = c->program;
    unsigned wants = program->where | (program->envelopes ? TEXT_HEADER : 0);
    forget_texts(program);
    enum err e = text_walk(source, wants, hear, c);
    c->complete = true;
    enum verdict verdict = e ? NO_MATCH : imap_search_judge(c);
    forget_texts(program);
    return verdict;
}
