/* reply.c - replies: the one door through which an SMTP session speaks. RFC 5321 4.2, RFC 2034. */
#include "base/log.h"
#include "smtp/smtp_int.h"

/* Printable ASCII. Nothing that came from a peer can begin a line of its own here. */
static bool is_printable(str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < ' ' || text.p[i] > '~') return false;
    return true;
}

static void line(struct smtp *s, unsigned code, char more, str text)
{
    if (!is_printable(text)) text = S("(not shown)");
    conn_writef(s->conn, "%03u%c", code, more);
    conn_write(s->conn, text);
    conn_write(s->conn, S("\r\n"));
}

void smtp_reply_more(struct smtp *s, unsigned code, str text)
{
    line(s, code, '-', text);
}

enum err smtp_reply(struct smtp *s, unsigned code, const char *enhanced, str text)
{
    str class = str_of(enhanced);
    if (class.n) text = arena_concat(&s->command, (str[]){ class, S(" "), text }, 3);
    s->last_code = code;
    s->last_text = text;
    line(s, code, ' ', text);
    if (code >= 500) return ERR_DENIED;
    return code >= 400 ? ERR_LATER : OK;
}

enum err smtp_reply_each(struct smtp *s, unsigned code, const char *enhanced, str text)
{
    enum err e = smtp_reply(s, code, enhanced, text);
    for (unsigned i = 1; smtp_is_lmtp(s) && i < s->tx.rcpts; i++)
        e = smtp_reply(s, code, enhanced, text);
    return e;
}

enum err smtp_bye(struct smtp *s, const char *enhanced, str why)
{
    s->closing = true;
    str text = arena_concat(&s->command, (str[]){ smtp_hostname(s), S(" "), why }, 3);
    return smtp_reply(s, 421, enhanced, text);
}
