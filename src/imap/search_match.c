/* search_match.c - does a message match a SEARCH program?
 *
 * RFC 9051 6.4.4. In three values: without its bytes a message may be undecided, and only then are
 * they read. Texts are compared as Unicode without case, decoded from encoded words, transfer
 * encodings and charsets.
 */
#include "imap/search_int.h"

#include "base/limits.h"
#include "mail/encoded.h"
#include "mail/fold.h"

/* --- making ready --------------------------------------------------------------------------- */
static str ready_text(struct arena *a, str charset, str text)
{
    bool utf8 = !charset.n || str_ieq(charset, S("UTF-8")) || str_ieq(charset, S("US-ASCII"));
    if (utf8 && utf8_valid(text)) return text_fold(a, text);
    struct buf out = buf_make(IMAP_COMMAND_BYTES);
    (void)charset_to_utf8(&out, charset, text);
    str folded = text_fold(a, buf_str(&out));
    buf_free(&out);
    return folded;
}

static uint32_t last_number(enum search_kind kind, const struct seqmap *map)
{
    if (kind == SEARCH_SEQ || map->count == 0) return map->count;
    return seqmap_uid(map, (struct seq){ map->count }).n;
}

enum err imap_search_prepare(struct imap *s, struct search_key *key, str charset,
                             const struct seqmap *map, bool *reads)
{
    if (charset.n && !charset_known(charset)) return ERR_DENIED;
    for (struct search_key *k = key; k; k = k->next) {
        if (k->kind == SEARCH_SEQ && seqset_largest(k->set) > map->count)
            return imap_bad(s, S("no message has this number"));
        if (k->kind == SEARCH_SEQ || k->kind == SEARCH_UID)
            k->set = seqset_resolve(k->set, last_number(k->kind, map), &s->arena);
        if (k->kind == SEARCH_HEADER || k->kind == SEARCH_BODY || k->kind == SEARCH_TEXT) {
            *reads = true;
            k->text = ready_text(&s->arena, charset, k->text);
        }
        if (!k->child) continue;
        enum err e = imap_search_prepare(s, k->child, charset, map, reads);
        if (e) return e;
    }
    return s->arena.full ? ERR_LIMIT : OK;
}

/* --- text ----------------------------------------------------------------------------------- */
static bool contains(struct arena *a, str utf8, str folded_needle)
{
    if (folded_needle.n == 0) return true;
    return str_find(text_fold(a, utf8), folded_needle) != STR_NPOS;
}

static bool read_header(struct candidate *c)
{
    if (c->has_header) return true;
    struct card_range range = { .at = 0, .bytes = c->card.header_bytes };
    if (!c->has_card || imap_read_range(c->reader, c->arena, range, HEADER_BYTES, &c->header))
        return false;
    return c->has_header = true;
}

/* RFC 9051 6.4.4 HEADER: an empty text asks whether the field is there. */
static bool header_has(struct candidate *c, str name, str text)
{
    struct header_field field;
    if (!read_header(c)) return false;
    for (struct header_iter it = header_iter(c->header); header_next(&it, &field);) {
        if (name.n && !str_ieq(field.name, name)) continue;
        struct arena_mark mark = arena_mark(c->arena);
        bool found = contains(c->arena, encoded_text(c->arena, field.value), text) ||
                     (!name.n && contains(c->arena, field.name, text));
        arena_rewind(c->arena, mark);
        if (found) return true;
    }
    return false;
}

/* A text part as UTF-8, at most IMAP_SEARCH_PART_BYTES of it. */
static bool part_has(struct candidate *c, const struct card_part *part, str text)
{
    str encoded;
    struct card_range range = { .at = part->body_at, .bytes = part->body_bytes };
    struct arena_mark mark = arena_mark(c->arena);
    bool found = false;
    if (imap_read_range(c->reader, c->arena, range, IMAP_SEARCH_PART_BYTES, &encoded) == OK) {
        struct buf decoded = buf_make(IMAP_SEARCH_PART_BYTES);
        struct buf utf8 = buf_make(3 * IMAP_SEARCH_PART_BYTES);
        mime_decode(&decoded, part->encoding, encoded);
        (void)charset_to_utf8(&utf8, part->charset, buf_str(&decoded));
        found = contains(c->arena, buf_str(&utf8), text);
        buf_free(&decoded);
        buf_free(&utf8);
    }
    arena_rewind(c->arena, mark);
    return found;
}

static bool body_has(struct candidate *c, str text)
{
    struct card_walk walk = { 0 };
    struct card_part part;
    while (c->has_card && card_part_next(&c->card, &walk, &part))
        if (part.kind == MIME_LEAF && part.text != CARD_NOT_TEXT && part_has(c, &part, text))
            return true;
    return false;
}

/* --- the rest ------------------------------------------------------------------------------- */
static bool has_keyword(const struct candidate *c, str keyword)
{
    for (size_t i = 0; i < c->look->keywords_n && i < MAILBOX_KEYWORDS; i++)
        if (str_ieq(c->look->keywords[i], keyword)) return c->m.flags.keywords >> i & 1;
    return false;
}

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
        imap_email_id(&id, c->look->mailbox.account, c->m.email_id);
    else
        imap_thread_id(&id, c->look->mailbox.account, c->m.thread_id);
    bool same = str_eq(buf_str(&id), key->text);
    buf_free(&id);
    return same;
}

static bool sent_day(const struct candidate *c, const struct search_key *key)
{
    if (!c->has_card || !(c->card.flags & CARD_HAS_DATE)) return false;
    int64_t day = date_day(c->card.date);
    if (key->kind == SEARCH_SENTON) return day == key->day;
    return key->kind == SEARCH_SENTBEFORE ? day < key->day : day >= key->day;
}

static enum verdict of(bool match)
{
    return match ? MATCH : NO_MATCH;
}

static enum verdict all_match(struct candidate *c, const struct search_key *key)
{
    enum verdict all = MATCH;
    for (const struct search_key *k = key->child; k; k = k->next) {
        enum verdict one = imap_search_judge(c, k);
        if (one == NO_MATCH) return NO_MATCH;
        if (one == UNSURE) all = UNSURE;
    }
    return all;
}

static enum verdict any_matches(struct candidate *c, const struct search_key *key)
{
    enum verdict any = NO_MATCH;
    for (const struct search_key *k = key->child; k; k = k->next) {
        enum verdict one = imap_search_judge(c, k);
        if (one == MATCH) return MATCH;
        if (one == UNSURE) any = UNSURE;
    }
    return any;
}

static enum verdict none_matches(struct candidate *c, const struct search_key *key)
{
    enum verdict one = imap_search_judge(c, key->child);
    return one == UNSURE ? UNSURE : of(one == NO_MATCH);
}

static enum verdict by_bytes(struct candidate *c, const struct search_key *key)
{
    if (!c->reader) return UNSURE;
    if (key->kind == SEARCH_HEADER) return of(header_has(c, key->field, key->text));
    if (key->kind == SEARCH_BODY) return of(body_has(c, key->text));
    return of(header_has(c, S(""), key->text) || body_has(c, key->text));
}

/* The card is beside the body when it is long: without a reader it is not there. */
static enum verdict by_card(struct candidate *c, const struct search_key *key)
{
    return c->has_card || c->reader ? of(sent_day(c, key)) : UNSURE;
}

enum verdict imap_search_judge(struct candidate *c, const struct search_key *key)
{
    int64_t age_s = c->now_s - c->m.internal_date_s;
    switch (key->kind) {
    case SEARCH_AND: return all_match(c, key);
    case SEARCH_OR: return any_matches(c, key);
    case SEARCH_NOT: return none_matches(c, key);
    case SEARCH_SEQ: return of(seqset_has(key->set, c->seq.n));
    case SEARCH_UID: return of(seqset_has(key->set, c->m.uid.n));
    case SEARCH_FLAG: return of(c->m.flags.system & key->flag);
    case SEARCH_KEYWORD: return of(has_keyword(c, key->text));
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
    case SEARCH_SENTSINCE: return by_card(c, key);
    case SEARCH_HEADER:
    case SEARCH_BODY:
    case SEARCH_TEXT: return by_bytes(c, key);
    }
    return NO_MATCH;
}
