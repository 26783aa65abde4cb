/* grammar.c - the engine: from rules to bytes. */
#include "grammar.h"

#include "base/codec.h"
#include "base/mem.h"

enum { DEPTH_MAX = 12, PART_BYTES_MAX = 8192 };

struct saying {
    const struct grammar *grammar;
    uint64_t *chance;
    int depth;
};

size_t grammar_below(uint64_t *chance, size_t n)
{
    uint64_t z = *chance += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ (z >> 31)) % n);
}

const struct grammar *grammar_of(enum door door)
{
    static const struct grammar *const all[] = {
        [DOOR_MX] = &grammar_smtp,   [DOOR_SUBMISSION] = &grammar_smtp,
        [DOOR_LMTP] = &grammar_smtp, [DOOR_IMAP] = &grammar_imap,
        [DOOR_POP3] = &grammar_pop3, [DOOR_CONTROL] = &grammar_control,
        [DOOR_FAR] = &grammar_far,
    };
    return all[door];
}

static const struct rule *find_in(const struct grammar *g, str name)
{
    for (size_t i = 0; i < g->n; i++)
        if (str_eq(name, str_of(g->rules[i].name))) return &g->rules[i];
    return NULL;
}

static void say_rule(struct saying s, str name, struct buf *out);

/* --- functions -------------------------------------------------------------------------------- */

static void say_number(struct saying s, struct buf *out)
{
    buf_addf(out, "%zu", grammar_below(s.chance, 10));
}

static void say_border(struct saying s, struct buf *out)
{
    static const char *const borders[] = {
        "0",
        "1",
        "255",
        "256",
        "65535",
        "65536",
        "2147483647",
        "2147483648",
        "4294967294",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "007",
        "-1",
    };
    buf_add(out, str_of(borders[grammar_below(s.chance, COUNT_OF(borders))]));
}

static void say_some(struct saying s, str name, struct buf *out, char between)
{
    size_t n = 1 + grammar_below(s.chance, 4) * grammar_below(s.chance, 2);
    for (size_t i = 0; i < n; i++) {
        if (i) buf_addc(out, between);
        say_rule(s, name, out);
    }
}

static void say_quoted(str text, struct buf *out)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\') buf_addc(out, '\\');
        buf_addc(out, text.p[i]);
    }
    buf_addc(out, '"');
}

/* One literal in eight counts wrong. */
static size_t counted(struct saying s, size_t n)
{
    size_t wrong = grammar_below(s.chance, 64);
    return wrong < 4 ? n + 1 + wrong : wrong < 8 && n > 3 ? n - 1 : n;
}

static void as_literal(struct saying s, str text, struct buf *out, const char *before)
{
    buf_addf(out, "%s{%zu%s}\r\n", before, counted(s, text.n),
             grammar_below(s.chance, 4) ? "+" : "");
    buf_add(out, text);
}

static void as_text(struct saying s, str text, struct buf *out)
{
    size_t how = grammar_below(s.chance, 4);
    bool line = !str_has(text, '\r') && !str_has(text, '\n');
    if (how == 0 && line)
        buf_add(out, text);
    else if (how == 1 || !line)
        as_literal(s, text, out, "");
    else
        say_quoted(text, out);
}

static void as_chunk(struct saying s, str text, struct buf *out)
{
    const char *last = grammar_below(s.chance, 3) ? " LAST" : "";
    buf_addf(out, "BDAT %zu%s\r\n", counted(s, text.n), last);
    buf_add(out, text);
}

static void as_word(struct saying s, str text, struct buf *out)
{
    buf_addf(out, "%zu\n", counted(s, text.n));
    buf_add(out, text);
}

static void say_as(struct saying s, str how, str name, struct buf *out)
{
    struct buf text = buf_make(PART_BYTES_MAX);
    say_rule(s, name, &text);
    str t = buf_str(&text);
    if (str_eq(how, S("lit"))) as_literal(s, t, out, "");
    if (str_eq(how, S("lit8"))) as_literal(s, t, out, "~");
    if (str_eq(how, S("text"))) as_text(s, t, out);
    if (str_eq(how, S("chunk"))) as_chunk(s, t, out);
    if (str_eq(how, S("word"))) as_word(s, t, out);
    if (str_eq(how, S("base64"))) base64_encode(out, t);
    buf_free(&text);
}

/* --- forms ------------------------------------------------------------------------------------ */

static void say_reference(struct saying s, str reference, struct buf *out)
{
    size_t space = str_chr(reference, ' ');
    str how = str_take(reference, space), name = str_from(reference, space + 1);
    if (str_eq(reference, S("n")))
        say_number(s, out);
    else if (str_eq(reference, S("big")))
        say_border(s, out);
    else if (str_eq(reference, S("nul")))
        buf_addc(out, '\0');
    else if (space == STR_NPOS)
        say_rule(s, reference, out);
    else if (str_eq(how, S("many")))
        say_some(s, name, out, ' ');
    else if (str_eq(how, S("list")))
        say_some(s, name, out, ',');
    else if (!str_eq(how, S("maybe")))
        say_as(s, how, name, out);
    else if (grammar_below(s.chance, 2))
        say_rule(s, name, out);
}

static void say_form(struct saying s, str form, struct buf *out)
{
    str piece;
    for (bool reference = false; str_split(&form, '`', &piece); reference = !reference) {
        if (reference)
            say_reference(s, piece, out);
        else
            buf_add(out, piece);
    }
}

/* Past the depth the first form: it leads out. */
static void say_rule(struct saying s, str name, struct buf *out)
{
    const struct rule *r = find_in(s.grammar, name);
    if (!r) r = find_in(&grammar_common, name);
    REQUIRE(r);
    size_t n = 0;
    while (r->forms[n])
        n++;
    size_t which = s.depth < DEPTH_MAX ? grammar_below(s.chance, n) : 0;
    s.depth++;
    if (s.depth < 2 * DEPTH_MAX) say_form(s, str_of(r->forms[which]), out);
}

void grammar_say(const struct grammar *g, const char *rule, uint64_t *chance, struct buf *out)
{
    say_rule((struct saying){ .grammar = g, .chance = chance }, str_of(rule), out);
}

void grammar_say_part(const struct grammar *g, uint64_t *chance, struct buf *out)
{
    const struct grammar *from = grammar_below(chance, 8) ? g : &grammar_common;
    size_t which = grammar_below(chance, from->n);
    say_rule((struct saying){ .grammar = g, .chance = chance }, str_of(from->rules[which].name),
             out);
}
