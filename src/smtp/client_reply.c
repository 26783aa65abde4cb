/* client_reply.c - reading what a server answers: every line kept, nothing believed.
 *
 * RFC 5321 4.2, 4.2.1; RFC 2034 4. What is no SMTP ends the conversation.
 */
#include "smtp/client_int.h"

bool client_reply_line(str line, unsigned *code, bool *last, str *text)
{
    uint64_t n;
    if (line.n < 3 || !str_u64(str_take(line, 3), 599, &n) || n < 200) return false;
    if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-') return false;
    *code = (unsigned)n;
    *last = line.n == 3 || line.p[3] == ' ';
    *text = str_from(line, 4);
    return true;
}

static bool digits(str *rest, size_t max)
{
    size_t n = 0;
    while (n < rest->n && ascii_digit(rest->p[n]))
        n++;
    *rest = str_from(*rest, n);
    return n > 0 && n <= max;
}

static bool dot(str *rest)
{
    if (!str_starts(*rest, S("."))) return false;
    *rest = str_from(*rest, 1);
    return true;
}

str client_enhanced(str text)
{
    str rest = text;
    if (!digits(&rest, 1) || !dot(&rest) || !digits(&rest, 3) || !dot(&rest) || !digits(&rest, 3))
        return (str){ 0 };
    if (rest.n && rest.p[0] != ' ') return (str){ 0 };
    return str_take(text, text.n - rest.n);
}

enum err client_lost(struct smtp_client *c, str why)
{
    c->broken = true;
    c->trouble = arena_fmt(c->arena, "%.*s, at %.*s", STR_ARG(why), STR_ARG(c->step));
    return ERR_GONE;
}

static enum err nonsense(struct smtp_client *c, str line)
{
    struct buf why = buf_make(SMTP_NONSENSE_BYTES + 64);
    buf_add(&why, S("what the server said is no SMTP: '"));
    buf_add_shown(&why, str_take(str_chomp(line), SMTP_NONSENSE_BYTES / 4));
    buf_addc(&why, '\'');
    enum err e = client_lost(c, buf_str(&why));
    buf_free(&why);
    return e;
}

static enum err silence(struct smtp_client *c, uint64_t until_us)
{
    bool late = loop_now_us(loop_self()) >= until_us;
    return client_lost(c, late ? S("no answer in time") : S("the server ended the connection"));
}

static enum err read_lines(struct smtp_client *c, unsigned ms, struct buf *text, unsigned *code)
{
    uint64_t until_us = loop_now_us(loop_self()) + (uint64_t)ms * 1000;
    bool last = false;
    for (unsigned n = 0; !last; n++) {
        str line, rest;
        unsigned this;
        if (n == SMTP_REPLY_LINES) return client_lost(c, S("the answer has no end"));
        enum err e = conn_line(c->conn, SMTP_LINE_BYTES, &line);
        if (e == ERR_LIMIT) return client_lost(c, S("the answer has a line that is too long"));
        if (e) return silence(c, until_us);
        if (!client_reply_line(str_chomp(line), &this, &last, &rest)) return nonsense(c, line);
        if (n && this != *code) return nonsense(c, line);
        *code = this;
        if (n) buf_addc(text, '\n');
        buf_add_shown(text, rest); /* it ends up in bounces and logs */
    }
    return OK;
}

static enum err class_of(unsigned code)
{
    if (code < 400) return OK;
    return code < 500 ? ERR_LATER : ERR_DENIED;
}

static enum err any_reply(struct smtp_client *c, unsigned ms, struct smtp_reply *reply)
{
    struct buf text = buf_make(SMTP_REPLY_BYTES);
    unsigned code = 0;
    *reply = (struct smtp_reply){ 0 };

    conn_deadline(c->conn, ms);
    enum err e = read_lines(c, ms, &text, &code);
    if (e) {
        reply->text = c->trouble;
    } else {
        reply->code = code;
        reply->text = arena_copy(c->arena, buf_str(&text));
        reply->enhanced = client_enhanced(reply->text);
        e = class_of(code);
    }
    buf_free(&text);
    return e;
}

/* The two do not mean the same by this conversation any more: 3xx would have us say more, and 2xx
 * says that all is done. */
static enum err misunderstood(struct smtp_client *c, struct smtp_reply *reply)
{
    enum err e =
        client_lost(c, arena_fmt(c->arena, "the server answered %u out of turn", reply->code));
    *reply = (struct smtp_reply){ .text = c->trouble };
    return e;
}

enum err client_reply(struct smtp_client *c, unsigned ms, struct smtp_reply *reply)
{
    enum err e = any_reply(c, ms, reply);
    return !e && reply->code >= 300 ? misunderstood(c, reply) : e;
}

void client_write_line(struct smtp_client *c, str line)
{
    conn_write(c->conn, line);
    conn_write(c->conn, S("\r\n"));
}

static enum err say(struct smtp_client *c, str line, unsigned ms, struct smtp_reply *reply)
{
    *reply = (struct smtp_reply){ 0 };
    if (c->broken) return ERR_GONE;
    conn_deadline(c->conn, ms);
    c->step = str_take(line, str_chr(line, ' '));
    client_write_line(c, line);
    if (!conn_flush(c->conn)) return OK;
    enum err e = client_lost(c, S("the server ended the connection"));
    reply->text = c->trouble;
    return e;
}

enum err client_command(struct smtp_client *c, str line, unsigned ms, struct smtp_reply *reply)
{
    enum err e = say(c, line, ms, reply);
    return e ? e : client_reply(c, ms, reply);
}

enum err client_data(struct smtp_client *c, struct smtp_reply *reply)
{
    enum err e = say(c, S("DATA"), c->options.command_ms, reply);
    if (!e) e = any_reply(c, c->options.command_ms, reply);
    return !e && reply->code != 354 ? misunderstood(c, reply) : e;
}

/* --- what EHLO offers ------------------------------------------------------------------------- */

static const struct {
    str keyword;
    unsigned extension;
} keywords[] = {
    { S_INIT("PIPELINING"), EXT_PIPELINING },
    { S_INIT("8BITMIME"), EXT_8BITMIME },
    { S_INIT("SMTPUTF8"), EXT_SMTPUTF8 },
    { S_INIT("DSN"), EXT_DSN },
    { S_INIT("CHUNKING"), EXT_CHUNKING },
    { S_INIT("BINARYMIME"), EXT_BINARYMIME },
    { S_INIT("STARTTLS"), EXT_STARTTLS },
    { S_INIT("REQUIRETLS"), EXT_REQUIRETLS },
    { S_INIT("ENHANCEDSTATUSCODES"), EXT_ENHANCED },
    { S_INIT("DELIVERBY"), EXT_DELIVERBY },
    { S_INIT("MT-PRIORITY"), EXT_PRIORITY },
    { S_INIT("SIZE"), EXT_SIZE },
};

static void auth_mechanisms(str rest, unsigned *extensions)
{
    str word;
    while (str_split(&rest, ' ', &word)) {
        if (str_ieq(word, S("PLAIN"))) *extensions |= EXT_AUTH_PLAIN;
        if (str_ieq(word, S("LOGIN"))) *extensions |= EXT_AUTH_LOGIN;
    }
}

void client_extension(str line, unsigned *extensions, uint64_t *size_max)
{
    str rest = line, word;
    if (!str_split(&rest, ' ', &word)) return;
    if (str_ieq(word, S("AUTH"))) {
        auth_mechanisms(rest, extensions);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(keywords); i++)
        if (str_ieq(word, keywords[i].keyword)) *extensions |= keywords[i].extension;
    uint64_t n;
    if (str_ieq(word, S("SIZE")) && str_u64(str_trim(rest), UINT64_MAX, &n)) *size_max = n;
}
