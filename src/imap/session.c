/* session.c - commands about the session itself: CAPABILITY, NOOP, LOGOUT, ID, ENABLE, STARTTLS.
 *
 * RFC 9051 6.1, 6.2.1, 6.3.1; RFC 2971.
 */
#include "imap/session_int.h"

#include "base/log.h"
#include "base/mem.h"

static bool may_log_in(const struct imap *s)
{
    return conn_has_tls(s->conn) || s->server->auth_in_clear;
}

void imap_capabilities(struct imap *s, struct buf *out)
{
    bool stranger = s->state == NOT_AUTHENTICATED;
    buf_add(out, S("IMAP4rev1 IMAP4rev2"));
    for (size_t i = 0; i < imap_extensions_n; i++) {
        if (!(imap_extensions[i].states & s->state)) continue;
        buf_addc(out, ' ');
        buf_add(out, imap_extensions[i].name);
    }
    for (size_t i = 0; i < COUNT_OF(imap_commands); i++) {
        if (imap_commands[i].capability.n == 0) continue;
        buf_addc(out, ' ');
        buf_add(out, imap_commands[i].capability);
    }
    buf_addf(out, " APPENDLIMIT=%ju", (uintmax_t)s->server->settings->append_bytes_max);
    uintmax_t messages_max = s->server->settings->messages_max;
    if (messages_max) buf_addf(out, " MESSAGELIMIT=%ju", messages_max);
    if (!stranger && s->server->settings->unauthenticate) buf_add(out, S(" UNAUTHENTICATE"));
    if (!stranger) return;
    if (s->server->can_starttls && !conn_has_tls(s->conn)) buf_add(out, S(" STARTTLS"));
    buf_add(out, may_log_in(s) ? S(" AUTH=PLAIN") : S(" LOGINDISABLED"));
}

enum err imap_capability(struct imap *s, const struct command *c)
{
    (void)c;
    struct buf all = buf_make(1024);
    imap_capabilities(s, &all);
    reply_words(&s->reply, S("* CAPABILITY "));
    reply_words(&s->reply, buf_str(&all));
    reply_end(&s->reply);
    buf_free(&all);
    return OK;
}

/* CHECK too: news are told at the end of every command, and every change is durable already. */
enum err imap_noop(struct imap *s, const struct command *c)
{
    (void)s;
    (void)c;
    return OK;
}

enum err imap_logout(struct imap *s, const struct command *c)
{
    reply_untagged(&s->reply, S("BYE"), S(""), S("until next time"));
    imap_answer(s, c->tag, imap_commands[c->what].name, OK);
    s->answer.sent = true;
    s->closing = true;
    return OK;
}

enum err imap_id(struct imap *s, const struct command *c)
{
    str name = { 0 }, version = { 0 };
    for (size_t i = 0; i + 1 < c->id.n; i += 2) {
        if (str_ieq(c->id.items[i], S("name"))) name = c->id.items[i + 1];
        if (str_ieq(c->id.items[i], S("version"))) version = c->id.items[i + 1];
    }
    log_event(LOG_DEBUG, "imap.command", conn_id(s->conn), F_STR("client", name),
              F_STR("version", version));
    reply_words(&s->reply, S("* ID (\"name\" \"Posthorn\" \"version\" "));
    reply_string(&s->reply, str_of(PH_VERSION));
    reply_words(&s->reply, S(")"));
    reply_end(&s->reply);
    return OK;
}

/* What ENABLE knows, and what each brings along. */
static const struct {
    str name;
    unsigned bits;
} enables[] = {
    { S_INIT("CONDSTORE"), ENABLED_CONDSTORE },
    { S_INIT("IMAP4rev2"), ENABLED_REV2 },
    { S_INIT("UTF8=ACCEPT"), ENABLED_UTF8 },
    { S_INIT("METADATA"), ENABLED_METADATA },
    { S_INIT("QRESYNC"), ENABLED_QRESYNC | ENABLED_CONDSTORE },
    { S_INIT("UIDONLY"), ENABLED_UIDONLY },
};

void imap_enable_now(struct imap *s, enum enabled what)
{
    if ((what & ENABLED_METADATA) && !(s->enabled & ENABLED_METADATA)) imap_metadata_mark(s);
    bool new_modseqs = (what & ENABLED_CONDSTORE) && !(s->enabled & ENABLED_CONDSTORE);
    s->enabled |= what;
    s->reply.utf8 = s->enabled & (ENABLED_REV2 | ENABLED_UTF8);
    /* RFC 7162 3.1.2.1: from here on the client follows them. While expunges are held back the
     * number comes behind those. */
    if (new_modseqs && s->state == SELECTED && !s->told.held.n) imap_tell_highest_modseq(s);
}

static void enable(struct imap *s, str name, unsigned *bits)
{
    for (size_t i = 0; i < COUNT_OF(enables); i++) {
        bool there = ((s->enabled | *bits) & enables[i].bits) == enables[i].bits;
        if (!str_ieq(name, enables[i].name) || there) continue;
        *bits |= enables[i].bits;
        reply_words(&s->reply, S(" "));
        reply_words(&s->reply, enables[i].name);
    }
}

enum err imap_enable(struct imap *s, const struct command *c)
{
    unsigned bits = 0;
    reply_words(&s->reply, S("* ENABLED"));
    for (size_t i = 0; i < c->enable.n; i++)
        enable(s, c->enable.items[i], &bits);
    reply_end(&s->reply);
    imap_enable_now(s, bits);
    return OK;
}

/* RFC 9051 6.2.1; what came in clear behind the command was not said under TLS (security: command
 * injection): the session ends. Under TLS the client asks for the capabilities again. */
enum err imap_starttls(struct imap *s, const struct command *c)
{
    if (conn_has_tls(s->conn)) return imap_bad(s, S("TLS is already there"));
    if (!s->server->can_starttls) return imap_bad(s, S("no TLS on this port"));
    if (conn_buffered(s->conn)) {
        conn_discard_input(s->conn);
        imap_bye(s, S(""), S("commands behind STARTTLS were sent in clear"));
        return imap_bad(s, S("nothing may follow STARTTLS before its answer"));
    }
    s->answer.text = S("begin TLS now");
    imap_answer(s, c->tag, imap_commands[c->what].name, OK);
    s->answer.sent = true;
    enum err e = conn_flush(s->conn);
    if (e) return e;
    return conn_starttls(s->conn) ? ERR_GONE : OK;
}
