/* parse_rules.c - the rules everything is made of: atoms, strings, literals, numbers, sets, flags,
 * mailbox names, dates.
 *
 * RFC 9051 9; literals RFC 7888 and RFC 3516; mailbox names RFC 3501 5.1.3.
 */
#include "imap/parse_int.h"

#include "base/limits.h"
#include "base/mem.h"
#include "imap/name.h"

/* 0x21-0x7e without ( ) { % * " \ and ] as 256 bits: the first word holds 0x00-0x1f. */
#define BITS_20_3F 0xfffffffeu /* all but SP */
#define BITS_40_5F 0xffffffffu
#define BITS_60_7F 0x7fffffffu /* all but DEL */
#define BIT(c)     (1u << ((unsigned)(c)&31u))

/* clang-format off */
static const struct byteset atom_char = { .bits = { 0,
    BITS_20_3F & ~(BIT('(') | BIT(')') | BIT('%') | BIT('*') | BIT('"')),
    BITS_40_5F & ~(BIT('\\') | BIT(']')),
    BITS_60_7F & ~BIT('{'), } };
static const struct byteset astring_char = { .bits = { 0,
    BITS_20_3F & ~(BIT('(') | BIT(')') | BIT('%') | BIT('*') | BIT('"')),
    BITS_40_5F & ~BIT('\\'),
    BITS_60_7F & ~BIT('{'), } };
static const struct byteset list_char = { .bits = { 0,
    BITS_20_3F & ~(BIT('(') | BIT(')') | BIT('"')),
    BITS_40_5F & ~BIT('\\'),
    BITS_60_7F & ~BIT('{'), } };
static const struct byteset alpha = { .bits = { 0, 0, 0x07fffffe, 0x07fffffe, } };
/* Everything that may stand in a quoted string but the two that need a backslash. */
static const struct byteset quoted_char = { .bits = { 0,
    0xffffffffu & ~BIT('"'), BITS_40_5F & ~BIT('\\'), BITS_60_7F,
    0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, } };
/* clang-format on */

void parse_sp(struct parse *p)
{
    parse_want(p, ' ');
}

str parse_atom(struct parse *p)
{
    return parse_span(p, &atom_char);
}

str parse_astring_atom(struct parse *p)
{
    return parse_span(p, &astring_char);
}

bool parse_try_word(struct parse *p, str word)
{
    if (p->err) return false;
    struct scan ahead = p->scan;
    if (!str_ieq(scan_while(&ahead, &atom_char), word)) return false;
    p->scan = ahead;
    return true;
}

uint32_t parse_word(struct parse *p, const struct word *words, size_t n, const char *why)
{
    str name = parse_atom(p);
    for (size_t i = 0; !p->err && i < n; i++)
        if (str_ieq(name, words[i].name)) return words[i].value;
    parse_fail(p, why);
    return 0;
}

/* --- strings -------------------------------------------------------------------------------- */

/* quoted-specials: what may follow a backslash. */
static str escaped(struct parse *p)
{
    str rest = scan_rest(&p->scan);
    if (parse_try(p, '"') || parse_try(p, '\\')) return str_take(rest, 1);
    parse_fail(p, "only \" and \\ may follow a backslash");
    return (str){ 0 };
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE; borrowed from the line unless a backslash is in it. */
static str quoted(struct parse *p)
{
    parse_want(p, '"');
    if (parse_try(p, '"')) return S("");
    str plain = parse_peek(p) == '\\' ? (str){ 0 } : parse_span(p, &quoted_char);
    if (parse_try(p, '"')) {
        if (!utf8_valid(plain)) parse_fail(p, "quoted string is not UTF-8");
        return plain;
    }
    /* Escapes only shorten: what is left of the line is room enough. */
    size_t room = plain.n + scan_rest(&p->scan).n, n = plain.n;
    char *copy = parse_alloc(p, room, 1);
    if (!copy) return (str){ 0 };
    bytes_copy(copy, room, plain.p, plain.n);
    while (!p->err && !parse_try(p, '"')) {
        str piece = parse_try(p, '\\') ? escaped(p) : parse_span(p, &quoted_char);
        bytes_copy(copy + n, room - n, piece.p, piece.n);
        n += piece.n;
    }
    str value = { copy, n };
    if (!utf8_valid(value)) parse_fail(p, "quoted string is not UTF-8");
    return value;
}

struct literal parse_literal_head(struct parse *p)
{
    struct literal literal = { .sync = true };
    literal.binary = parse_try(p, '~');
    parse_want(p, '{');
    literal.size_bytes = parse_number(p, INT64_MAX);
    if (parse_try(p, '+')) literal.sync = false;
    parse_want(p, '}');
    if (!p->err && !scan_end(&p->scan)) parse_fail(p, "a line end must follow a literal's length");
    return literal;
}

/* RFC 9051 4.3: a size that we will not take is refused before the "+" invites it. */
static str literal(struct parse *p, bool binary)
{
    struct literal head = parse_literal_head(p);
    if (p->err) return (str){ 0 };
    if (head.binary && !binary) parse_fail(p, "a binary literal is not allowed here");
    if (head.size_bytes > p->left.literal_bytes || head.size_bytes > p->left.command_bytes)
        parse_fail_as(p, ERR_LIMIT, "literal too large");
    if (p->err) return (str){ 0 };
    p->left.command_bytes -= head.size_bytes;

    str bytes = { 0 }, line = { 0 };
    enum err e = p->source(p->source_arg, head, &bytes, &line);
    /* From here on this is the line we stand in, whatever else is wrong: see
     * parse_literal_follows. */
    p->scan = scan_make(e ? (str){ 0 } : line);
    if (e)
        parse_fail_as(p, e, e == ERR_SYNTAX ? "lines end in CR LF" : "literal could not be read");
    if (line.n > p->left.command_bytes) parse_fail_as(p, ERR_LIMIT, "command too large");
    if (!head.binary && str_has(bytes, '\0')) parse_fail(p, "a literal may not hold NUL");
    if (p->err) return (str){ 0 };
    p->left.command_bytes -= line.n;
    return bytes;
}

str parse_string(struct parse *p)
{
    char c = parse_peek(p);
    if (c == '"') return quoted(p);
    if (c == '{') return literal(p, false);
    parse_fail(p, "a string expected");
    return (str){ 0 };
}

str parse_nstring(struct parse *p)
{
    if (parse_try_word(p, S("NIL"))) return (str){ 0 };
    return parse_string(p);
}

str parse_nstring8(struct parse *p)
{
    return parse_peek(p) == '~' ? literal(p, true) : parse_nstring(p);
}

str parse_astring(struct parse *p)
{
    char c = parse_peek(p);
    return c == '"' || c == '{' ? parse_string(p) : parse_astring_atom(p);
}

str parse_list_mailbox(struct parse *p)
{
    char c = parse_peek(p);
    return c == '"' || c == '{' ? parse_string(p) : parse_span(p, &list_char);
}

/* --- numbers and sets ----------------------------------------------------------------------- */
uint32_t parse_nz_number(struct parse *p)
{
    uint32_t value = (uint32_t)parse_number(p, UINT32_MAX);
    if (value == 0) parse_fail(p, "numbers start at 1");
    return value;
}

uint64_t parse_number64(struct parse *p)
{
    return parse_number(p, INT64_MAX);
}

uint64_t parse_mod_sequence(struct parse *p)
{
    return parse_number(p, INT64_MAX);
}

/* seq-number = nz-number / "*"; 0 stands for "*" */
static uint32_t seq_number(struct parse *p)
{
    return parse_try(p, '*') ? 0 : parse_nz_number(p);
}

static void star(struct seqset *set, uint32_t from)
{
    if (set->star_from == 0 || from < set->star_from) set->star_from = from;
}

/* seq-range: RFC 9051 9, either end may be the larger. */
static void seq_range(struct parse *p, struct seqset *set, struct grow *ranges)
{
    uint32_t from = seq_number(p);
    uint32_t to = parse_try(p, ':') ? seq_number(p) : from;
    if (p->err) return;
    if (from == 0 || to == 0) {
        uint32_t named = from | to;
        star(set, named ? named : UINT32_MAX);
        return;
    }
    struct seq_range *range = parse_grow(p, ranges, sizeof(*range), IMAP_SEQUENCE_RANGES);
    if (range) *range = (struct seq_range){ from < to ? from : to, from < to ? to : from };
}

struct seqset parse_sequence_set(struct parse *p)
{
    struct seqset set = { 0 };
    struct grow ranges = { 0 };
    do
        seq_range(p, &set, &ranges);
    while (parse_try(p, ','));
    if (p->err) return (struct seqset){ 0 };
    set.ranges = ranges.items;
    set.n = seqset_normalise(ranges.items, ranges.n);
    return set;
}

struct seqset parse_message_set(struct parse *p)
{
    if (!parse_try(p, '$')) return parse_sequence_set(p);
    return (struct seqset){ .saved = true };
}

/* SP partial-range, RFC 9394 5 */
struct partial parse_partial_range(struct parse *p)
{
    parse_sp(p);
    struct partial places = { .from_end = parse_try(p, '-') };
    uint32_t one = parse_nz_number(p);
    parse_want(p, ':');
    if (places.from_end) parse_want(p, '-');
    uint32_t other = parse_nz_number(p);
    places.from = one < other ? one : other;
    places.to = one < other ? other : one;
    return places;
}

/* --- flags ---------------------------------------------------------------------------------- */
static const struct word system_flags[] = {
    { S_INIT("Answered"), FLAG_ANSWERED }, { S_INIT("Flagged"), FLAG_FLAGGED },
    { S_INIT("Deleted"), FLAG_DELETED },   { S_INIT("Seen"), FLAG_SEEN },
    { S_INIT("Draft"), FLAG_DRAFT },
};

void parse_flag(struct parse *p, struct flag_list *flags, struct grow *keywords)
{
    if (parse_try(p, '\\')) {
        flags->system |= (uint8_t)parse_word(p, system_flags, COUNT_OF(system_flags),
                                             "no such system flag can be set");
        return;
    }
    str keyword = parse_atom(p);
    if (keyword.n > KEYWORD_BYTES) parse_fail_as(p, ERR_LIMIT, "keyword too long");
    if (p->err) return;
    for (size_t i = 0; i < flags->keywords.n; i++)
        if (str_ieq(flags->keywords.items[i], keyword)) return;
    str *place = parse_grow(p, keywords, sizeof(str), MAILBOX_KEYWORDS);
    if (!place) return;
    *place = keyword;
    flags->keywords = (struct str_list){ keywords->items, keywords->n };
}

struct flag_list parse_flag_list(struct parse *p)
{
    struct flag_list flags = { 0 };
    struct grow keywords = { 0 };
    parse_want(p, '(');
    if (parse_try(p, ')')) return flags;
    do
        parse_flag(p, &flags, &keywords);
    while (parse_try(p, ' '));
    parse_want(p, ')');
    return flags;
}

/* --- mailbox names -------------------------------------------------------------------------- */
str parse_mailbox(struct parse *p)
{
    str name = { 0 };
    str wire = parse_astring(p);
    if (p->err) return name;
    enum err e = imap_name_decode(wire, parse_coding(p), p->arena, &name);
    /* INBOX has many spellings, and so have letters with accents: RFC 9051 6.3.9.7. */
    if (!e && !str_eq(name, wire)) p->respelled = wire;
    if (e == ERR_LIMIT)
        parse_fail_as(p, e, "mailbox name too long");
    else if (e)
        parse_fail(p, "mailbox name is neither modified UTF-7 nor UTF-8, or holds controls");
    else if (name.n == 0)
        parse_fail(p, "mailbox name is empty");
    return name;
}

/* --- dates ---------------------------------------------------------------------------------- */
static const struct word months[] = {
    { S_INIT("Jan"), 1 }, { S_INIT("Feb"), 2 },  { S_INIT("Mar"), 3 },  { S_INIT("Apr"), 4 },
    { S_INIT("May"), 5 }, { S_INIT("Jun"), 6 },  { S_INIT("Jul"), 7 },  { S_INIT("Aug"), 8 },
    { S_INIT("Sep"), 9 }, { S_INIT("Oct"), 10 }, { S_INIT("Nov"), 11 }, { S_INIT("Dec"), 12 },
};

static uint32_t month(struct parse *p)
{
    str name = parse_span(p, &alpha);
    for (size_t i = 0; !p->err && i < COUNT_OF(months); i++)
        if (str_ieq(name, months[i].name)) return months[i].value;
    parse_fail(p, "a date looks like 1-Feb-2026");
    return 1;
}

/* Days since 1970-01-01 in the Gregorian calendar; the year begins in March, so that the leap day
 * is its last. */
static int32_t days(uint32_t year, uint32_t month_number, uint32_t day)
{
    int32_t y = (int32_t)year - (month_number <= 2);
    int32_t m = (int32_t)((month_number + 9) % 12);
    int32_t day_of_year = (153 * m + 2) / 5 + (int32_t)day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static uint32_t days_in(uint32_t month_number, uint32_t year)
{
    if (month_number == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month_number == 4 || month_number == 6 || month_number == 9 || month_number == 11 ? 30
                                                                                             : 31;
}

/* date-text = date-day "-" date-month "-" date-year */
static int32_t date_text(struct parse *p)
{
    uint32_t day = (uint32_t)parse_number(p, 31);
    parse_want(p, '-');
    uint32_t in_month = month(p);
    parse_want(p, '-');
    uint32_t year = (uint32_t)parse_number(p, 9999);
    if (p->err) return 0;
    if (day == 0 || day > days_in(in_month, year)) parse_fail(p, "no such day");
    return days(year, in_month, day);
}

int32_t parse_date(struct parse *p)
{
    if (!parse_try(p, '"')) return date_text(p);
    int32_t day = date_text(p);
    parse_want(p, '"');
    return day;
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE */
int64_t parse_date_time(struct parse *p, int16_t *zone_minutes)
{
    parse_want(p, '"');
    parse_try(p, ' '); /* date-day-fixed: a day of one digit has a space before it */
    int64_t day = date_text(p);
    parse_sp(p);
    int64_t hour = (int64_t)parse_number(p, 23);
    parse_want(p, ':');
    int64_t minute = (int64_t)parse_number(p, 59);
    parse_want(p, ':');
    int64_t second = (int64_t)parse_number(p, 60);
    parse_sp(p);
    int sign = parse_try(p, '-') ? -1 : 1;
    if (sign > 0) parse_want(p, '+');
    int zone = (int)parse_number(p, 9999);
    parse_want(p, '"');
    if (p->err) return 0;
    if (zone % 100 > 59) parse_fail(p, "no such time zone");
    *zone_minutes = (int16_t)(sign * (zone / 100 * 60 + zone % 100));
    return ((day * 24 + hour) * 60 + minute - *zone_minutes) * 60 + second;
}
