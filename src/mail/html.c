/* html.c - tags and entities of HTML, in the order of the HTML standard's tokenizer where it
 * matters.
 *
 * A quotation mark counts behind "=" alone, "<" without a letter is text, an unknown entity is what
 * it looks like.
 */
#include "mail/html.h"

#include <unistr.h>

#include "base/mem.h"

enum state {
    TEXT,
    ENTITY, /* behind & */
    OPEN,   /* behind < */
    NAME,   /* of a tag */
    ATTRIBUTES,
    QUOTED,    /* an attribute's value */
    BANG,      /* behind <! */
    BANG_DASH, /* behind <!- */
    COMMENT,
    HIDDEN,      /* the content of an element that nobody sees */
    HIDDEN_OPEN, /* behind < in it */
    HIDDEN_NAME, /* behind </ in it */
};

/* clang-format off */
static const char *const latin1[] = { /* U+00A0 and on */
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute",
    "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml",
    "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde",
    "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig",
    "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute",
    "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute",
    "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute",
    "thorn", "yuml",
};
static const struct { const char *name; uint32_t character; } others[] = {
    { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
    { "ndash", 0x2013 }, { "mdash", 0x2014 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 },
    { "sbquo", 0x201a }, { "ldquo", 0x201c }, { "rdquo", 0x201d }, { "bdquo", 0x201e },
    { "bull", 0x2022 }, { "hellip", 0x2026 }, { "euro", 0x20ac }, { "trade", 0x2122 },
    { "zwnj", 0x200c }, { "zwj", 0x200d }, { "lrm", 0x200e }, { "rlm", 0x200f },
    { "ensp", 0x2002 }, { "emsp", 0x2003 }, { "thinsp", 0x2009 }, { "lsaquo", 0x2039 },
    { "rsaquo", 0x203a }, { "OElig", 0x152 }, { "oelig", 0x153 }, { "Scaron", 0x160 },
    { "scaron", 0x161 }, { "Yuml", 0x178 }, { "larr", 0x2190 }, { "rarr", 0x2192 },
    { "minus", 0x2212 }, { "dagger", 0x2020 }, { "permil", 0x2030 }, { "fnof", 0x192 },
};
/* Behind these numbers people mean Windows' characters. */
static const uint16_t windows[] = { /* 128 and on */
    0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152,
    0, 0x17d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161,
    0x203a, 0x153, 0, 0x17e, 0x178,
};
/* clang-format on */

static const str hidden[] = { S_INIT("style"), S_INIT("script"), S_INIT("title"),
                              S_INIT("template") };
/* The elements that do not part words. */
static const str inlines[] = { S_INIT("a"),      S_INIT("b"),    S_INIT("i"),     S_INIT("u"),
                               S_INIT("em"),     S_INIT("span"), S_INIT("font"),  S_INIT("wbr"),
                               S_INIT("strong"), S_INIT("s"),    S_INIT("small"), S_INIT("sub"),
                               S_INIT("sup"),    S_INIT("big"),  S_INIT("mark"),  S_INIT("abbr"),
                               S_INIT("code"),   S_INIT("tt"),   S_INIT("ins"),   S_INIT("del") };

static bool listed(str name, const str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(name, list[i])) return true;
    return false;
}

static str name_of(const struct html *h)
{
    return (str){ h->name, h->n };
}

/* --- entities ------------------------------------------------------------------------------- */
static uint32_t named(str name)
{
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (str_eq(name, str_of(others[i].name))) return others[i].character;
    for (size_t i = 0; i < COUNT_OF(latin1); i++)
        if (str_eq(name, str_of(latin1[i]))) return 0xa0 + (uint32_t)i;
    return 0;
}

static uint32_t hex(str digits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits.n && value < 0x110000; i++) {
        char c = ascii_lower(digits.p[i]);
        bool letter = c >= 'a' && c <= 'f';
        if (!ascii_digit(c) && !letter) return 0;
        value = value * 16 + (uint32_t)(letter ? c - 'a' + 10 : c - '0');
    }
    return value;
}

/* "#8212" or "#x2014" without the "#"; 0 if it is no character. */
static uint32_t numeric(str name)
{
    uint64_t value = 0;
    if (str_istarts(name, S("x")))
        value = hex(str_from(name, 1));
    else if (!str_u64(name, 0x10ffff, &value))
        return 0;
    if (value >= 128 && value < 160) value = windows[value - 128];
    return value < ' ' ? (value ? ' ' : 0) : (uint32_t)value;
}

/* The entity is over, at a semicolon or without one. */
static void entity(struct html *h, bool semicolon, struct buf *out)
{
    str name = name_of(h);
    bool number = str_starts(name, S("#"));
    uint32_t c = number ? numeric(str_from(name, 1)) : named(name);
    uint8_t bytes[6];
    int n = c && (semicolon || number) ? u8_uctomb(bytes, c, sizeof(bytes)) : -1;
    h->state = TEXT;
    if (n > 0) {
        buf_add(out, (str){ (const char *)bytes, (size_t)n });
        return;
    }
    buf_addc(out, '&');
    buf_add(out, name);
    if (semicolon) buf_addc(out, ';');
}

/* --- tags ----------------------------------------------------------------------------------- */
static void collect(struct html *h, char c)
{
    if (h->n < sizeof(h->name)) h->name[h->n++] = c;
}

/* The tag's ">" has come. */
static void tag_end(struct html *h, struct buf *out)
{
    str name = name_of(h);
    if (!listed(name, inlines, COUNT_OF(inlines))) buf_addc(out, ' ');
    h->state = TEXT;
    if (h->closing || !listed(name, hidden, COUNT_OF(hidden))) return;
    h->state = HIDDEN;
    bytes_copy(h->hidden, sizeof(h->hidden), name.p, name.n);
    h->hidden_n = name.n;
}

static void open_tag(struct html *h, char c, struct buf *out)
{
    if (c == '/' && !h->closing) {
        h->closing = true;
        return;
    }
    if (ascii_alpha(c)) {
        h->state = NAME;
        collect(h, c);
        return;
    }
    if (!h->closing && (c == '!' || c == '?')) {
        h->state = c == '!' ? BANG : ATTRIBUTES;
        return;
    }
    if (h->closing) { /* a comment, says the standard */
        h->state = c == '>' ? TEXT : ATTRIBUTES;
        return;
    }
    h->state = TEXT;
    buf_addc(out, '<');
    html_feed(h, (str){ &c, 1 }, out);
}

static void attributes(struct html *h, char c, struct buf *out)
{
    if (c == '>') {
        tag_end(h, out);
    } else if (h->value && (c == '"' || c == '\'')) {
        h->quote = c;
        h->state = QUOTED;
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        h->value = c == '=';
    }
}

static void comment(struct html *h, char c)
{
    if (c == '>' && h->dashes >= 2) h->state = TEXT;
    h->dashes = c == '-' ? h->dashes + 1 : 0;
}

/* --- what is hidden ends at its closing tag -------------------------------------------------- */
static void hidden_name(struct html *h, char c, struct buf *out)
{
    if (ascii_alnum(c)) {
        collect(h, c);
        return;
    }
    bool over = str_ieq(name_of(h), (str){ h->hidden, h->hidden_n });
    h->state = over ? ATTRIBUTES : c == '<' ? HIDDEN_OPEN : HIDDEN;
    if (over) attributes(h, c, out);
}

/* --- one byte ------------------------------------------------------------------------------- */
static void begin(struct html *h, enum state state)
{
    h->state = state;
    h->n = 0;
    h->closing = h->value = false;
    h->dashes = 0;
}

static void entity_byte(struct html *h, char c, struct buf *out)
{
    bool part = ascii_alnum(c) || (c == '#' && h->n == 0);
    if (part && h->n < sizeof(h->name)) {
        collect(h, c);
        return;
    }
    entity(h, c == ';', out);
    if (c != ';') html_feed(h, (str){ &c, 1 }, out);
}

static void name_byte(struct html *h, char c, struct buf *out)
{
    if (ascii_alnum(c)) {
        collect(h, c);
        return;
    }
    h->state = ATTRIBUTES;
    attributes(h, c, out);
}

static void byte(struct html *h, char c, struct buf *out)
{
    switch ((enum state)h->state) {
    case TEXT: begin(h, c == '<' ? OPEN : ENTITY); break;
    case ENTITY: entity_byte(h, c, out); break;
    case OPEN: open_tag(h, c, out); break;
    case NAME: name_byte(h, c, out); break;
    case ATTRIBUTES: attributes(h, c, out); break;
    case QUOTED:
        if (c == h->quote) h->state = ATTRIBUTES;
        h->value = false;
        break;
    case BANG: h->state = c == '-' ? BANG_DASH : c == '>' ? TEXT : ATTRIBUTES; break;
    case BANG_DASH:
        h->dashes = 2; /* "<!-->" is a whole comment */
        h->state = c == '-' ? COMMENT : c == '>' ? TEXT : ATTRIBUTES;
        break;
    case COMMENT: comment(h, c); break;
    case HIDDEN:
        if (c == '<') begin(h, HIDDEN_OPEN);
        break;
    case HIDDEN_OPEN:
        h->n = 0;
        h->closing = c == '/';
        if (c != '<') h->state = c == '/' ? HIDDEN_NAME : HIDDEN;
        break;
    case HIDDEN_NAME: hidden_name(h, c, out); break;
    }
}

/* Bytes at the front that are text as they are. */
static size_t plain(str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '<' && s.p[n] != '&')
        n++;
    return n;
}

void html_feed(struct html *h, str utf8, struct buf *out)
{
    for (size_t at = 0; at < utf8.n; at++) {
        if (h->state == TEXT) {
            size_t n = plain(str_from(utf8, at));
            buf_add(out, str_sub(utf8, at, n));
            at += n;
            if (at == utf8.n) return;
        }
        byte(h, utf8.p[at], out);
    }
}

void html_end(struct html *h, struct buf *out)
{
    if (h->state == ENTITY) entity(h, false, out);
    if (h->state == OPEN && !h->closing) buf_addc(out, '<');
    *h = (struct html){ 0 };
}
