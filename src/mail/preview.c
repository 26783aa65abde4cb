/* preview.c - plain words from the beginning of a text or of an HTML document. */
#include "mail/preview.h"

#include "base/limits.h"
#include "mail/html.h"

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

static void add_text(struct words *w, str s)
{
    while (s.n && !w->done) {
        size_t n = character_bytes(s);
        add_character(w, str_take(s, n));
        s = str_from(s, n);
    }
}

void preview_write(struct buf *out, str utf8, bool html)
{
    struct words w = { .out = out, .from = out->n };
    if (!html) {
        add_text(&w, utf8);
        return;
    }
    struct html h = { 0 };
    struct buf text = buf_make(2 * utf8.n + 16);
    html_feed(&h, utf8, &text);
    html_end(&h, &text);
    add_text(&w, buf_str(&text));
    buf_free(&text);
}
