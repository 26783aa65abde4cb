/* preview.c - plain words from the beginning of a text or of an HTML document.
 *
 * No HTML parser: tags, comments, and what stands in <head>, <style> and <script> are left out,
 * block tags become spaces, and the common entities are put in. Good for a line of preview, nothing
 * more.
 */
#include "mail/preview.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/scan.h"

struct words {
    struct buf *out;
    size_t from;       /* where the preview begins in out */
    size_t characters; /* so far */
    bool space;        /* white space came since the last character */
    bool done;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One character, 1 to 4 bytes. */
static void add_character(struct words *w, str c)
{
    if (c.n == 1 && (is_space(c.p[0]) || ascii_ctl(c.p[0]))) {
        w->space = true;
        return;
    }
    if (str_eq(c, S("\xc2\xa0"))) { /* no-break space */
        w->space = true;
        return;
    }
    bool space = w->space && w->characters;
    if (w->characters + space + 1 > PREVIEW_CHARACTERS ||
        w->out->n - w->from + space + c.n > PREVIEW_BYTES) {
        w->done = true;
        return;
    }
    if (space) buf_addc(w->out, ' ');
    buf_add(w->out, c);
    w->characters += 1 + space;
    w->space = false;
}

static size_t character_bytes(str s)
{
    unsigned char c = (unsigned char)s.p[0];
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return n < s.n ? n : s.n;
}

/* --- HTML ------------------------------------------------------------------------------------- */

static const struct {
    str name, text;
} entities[] = {
    { S_INIT("amp"), S_INIT("&") },
    { S_INIT("lt"), S_INIT("<") },
    { S_INIT("gt"), S_INIT(">") },
    { S_INIT("quot"), S_INIT("\"") },
    { S_INIT("apos"), S_INIT("'") },
    { S_INIT("nbsp"), S_INIT(" ") },
    { S_INIT("zwnj"), S_INIT("") },
    { S_INIT("shy"), S_INIT("") },
    { S_INIT("auml"), S_INIT("\xc3\xa4") },
    { S_INIT("ouml"), S_INIT("\xc3\xb6") },
    { S_INIT("uuml"), S_INIT("\xc3\xbc") },
    { S_INIT("szlig"), S_INIT("\xc3\x9f") },
    { S_INIT("eacute"), S_INIT("\xc3\xa9") },
    { S_INIT("egrave"), S_INIT("\xc3\xa8") },
    { S_INIT("ndash"), S_INIT("\xe2\x80\x93") },
    { S_INIT("mdash"), S_INIT("\xe2\x80\x94") },
    { S_INIT("hellip"), S_INIT("\xe2\x80\xa6") },
    { S_INIT("rsquo"), S_INIT("\xe2\x80\x99") },
    { S_INIT("lsquo"), S_INIT("\xe2\x80\x98") },
    { S_INIT("euro"), S_INIT("\xe2\x82\xac") },
    { S_INIT("copy"), S_INIT("\xc2\xa9") },
};

/* The elements whose content nobody reads. */
static const str hidden[] = { S_INIT("head"), S_INIT("style"), S_INIT("script"), S_INIT("title") };
/* The elements that do not part words. */
static const str inlines[] = { S_INIT("a"),      S_INIT("b"),    S_INIT("i"),
                               S_INIT("u"),      S_INIT("em"),   S_INIT("span"),
                               S_INIT("strong"), S_INIT("font"), S_INIT("wbr") };

static bool listed(str name, const str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(name, list[i])) return true;
    return false;
}

static void add_text(struct words *w, str s)
{
    while (s.n && !w->done) {
        size_t n = character_bytes(s);
        add_character(w, str_take(s, n));
        s = str_from(s, n);
    }
}

static size_t utf8_put(char *to, uint64_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((0xf00 >> n & 0xff) | c);
    return n;
}

/* "#8212" or "#x2014"; false if it is no character. */
static bool add_numeric(struct words *w, str name)
{
    uint64_t value = 0;
    bool hex = str_istarts(name, S("#x"));
    str digits = str_from(name, 1 + hex);
    if (hex) {
        for (size_t i = 0; i < digits.n && value < 0x110000; i++) {
            char c = ascii_lower(digits.p[i]);
            bool letter = c >= 'a' && c <= 'f';
            if (!ascii_digit(c) && !letter) return false;
            value = value * 16 + (uint64_t)(letter ? c - 'a' + 10 : c - '0');
        }
    } else if (!str_u64(digits, 0x10ffff, &value)) {
        return false;
    }
    if (!value || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return false;
    char text[4];
    add_text(w, (str){ text, utf8_put(text, value) });
    return true;
}

/* s begins with '&'. Returns the bytes taken. */
static size_t entity(struct words *w, str s)
{
    size_t end = str_chr(str_take(s, 12), ';'); /* no name of ours is longer */
    str name = end == STR_NPOS ? (str){ 0 } : str_sub(s, 1, end - 1);
    if (str_starts(name, S("#")) && add_numeric(w, name)) return end + 1;
    for (size_t i = 0; name.n && i < COUNT_OF(entities); i++) {
        if (!str_eq(name, entities[i].name)) continue;
        add_text(w, entities[i].text);
        return end + 1;
    }
    add_character(w, S("&"));
    return 1;
}

/* s begins with '<'. Returns the bytes of the tag, and of the whole element if nobody reads it. */
static size_t tag(struct words *w, str s)
{
    if (str_starts(s, S("<!--"))) {
        size_t end = str_find(s, S("-->"));
        return end == STR_NPOS ? s.n : end + 3;
    }
    size_t end = str_chr(s, '>');
    if (end == STR_NPOS) return s.n;
    size_t from = 1 + (s.n > 1 && s.p[1] == '/'), n = 0;
    while (from + n < end && ascii_alnum(s.p[from + n]))
        n++;
    str name = str_sub(s, from, n);
    if (!listed(name, inlines, COUNT_OF(inlines))) w->space = true;
    if (from == 2 || !listed(name, hidden, COUNT_OF(hidden))) return end + 1;
    char closing_bytes[16] = "</";
    bytes_copy(closing_bytes + 2, sizeof(closing_bytes) - 2, name.p, name.n);
    size_t close = str_ifind(s, (str){ closing_bytes, name.n + 2 });
    return close == STR_NPOS ? s.n : close;
}

static void add_html(struct words *w, str s)
{
    while (s.n && !w->done) {
        size_t n;
        if (s.p[0] == '<') {
            n = tag(w, s);
        } else if (s.p[0] == '&') {
            n = entity(w, s);
        } else {
            n = character_bytes(s);
            add_character(w, str_take(s, n));
        }
        s = str_from(s, n);
    }
}

void preview_write(struct buf *out, str utf8, bool html)
{
    struct words w = { .out = out, .from = out->n };
    if (html)
        add_html(&w, utf8);
    else
        add_text(&w, utf8);
}
