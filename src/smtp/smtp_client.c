/* smtp_client.c - opening an SMTP conversation: greeting, EHLO, STARTTLS, AUTH; and ending it.
 *
 * RFC 5321 3.1, 3.2, 4.1.1.1; RFC 3207; RFC 4954. LMTP (RFC 2033) differs in its greeting word and
 * in answering per recipient.
 */
#include "base/codec.h"
#include "smtp/client_int.h"

enum { QUIT_MS = 1000 };

/* --- steps of the opening --------------------------------------------------------------------- */

static void note_extensions(struct smtp_client *c, const struct smtp_reply *reply)
{
    str rest = reply->text, line = { 0 };
    (void)str_split(&rest, '\n', &line); /* the first line is the server's name */
    (void)str_split(&line, ' ', &c->peer);
    while (str_split(&rest, '\n', &line))
        client_extension(line, &c->extensions, &c->size_max);
}

static enum err hello(struct smtp_client *c, struct smtp_reply *reply)
{
    const struct smtp_client_options *o = &c->options;
    str word = o->lmtp ? S("LHLO") : S("EHLO");
    c->extensions = 0; /* after STARTTLS too: what was offered in clear counts no more */
    c->size_max = 0;
    enum err e =
        client_command(c, arena_fmt(c->arena, "%.*s %.*s", STR_ARG(word), STR_ARG(o->hello)),
                       o->command_ms, reply);
    if (!e) note_extensions(c, reply);
    /* RFC 5321 3.2: an old server answers EHLO with 5xx; HELO then. */
    if (e == ERR_DENIED && !o->lmtp)
        e = client_command(c, arena_fmt(c->arena, "HELO %.*s", STR_ARG(o->hello)), o->command_ms,
                           reply);
    return e;
}

static enum err ours(struct smtp_reply *reply, enum err e, str text)
{
    *reply = (struct smtp_reply){ .text = text };
    return e;
}

static enum err handshake(struct smtp_client *c, struct smtp_reply *reply, bool *tls_failed)
{
    conn_deadline(c->conn, c->options.command_ms);
    enum err e = conn_starttls_client(c->conn, c->options.tls_client, c->options.host);
    if (!e) return OK;
    *tls_failed = true;
    c->broken = true;
    return ours(reply, ERR_LATER,
                e == ERR_DENIED ? S("the certificate does not hold")
                                : S("the TLS handshake failed"));
}

static enum err starttls(struct smtp_client *c, struct smtp_reply *reply, bool *tls_failed)
{
    bool must = c->options.tls == SMTP_TLS_MUST || c->options.tls == SMTP_TLS_VERIFY;
    if (c->options.tls == SMTP_TLS_NONE || c->options.tls == SMTP_TLS_IMPLICIT) return OK;
    if (!(c->extensions & EXT_STARTTLS)) *tls_failed = must;
    if (!(c->extensions & EXT_STARTTLS))
        return must ? ours(reply, ERR_LATER, S("TLS is demanded and not offered")) : OK;

    enum err e = client_command(c, S("STARTTLS"), c->options.command_ms, reply);
    *tls_failed = e == ERR_GONE; /* it offers what it dies of: without TLS it may live */
    if (e == ERR_GONE) return e;
    if (e) return must ? ERR_LATER : OK;
    /* Anything said in clear after the 220 was injected (RFC 3207 6; NO STARTTLS, 2021). */
    if (conn_buffered(c->conn)) {
        c->broken = true;
        *tls_failed = true;
        return ours(reply, ERR_LATER, S("the server spoke between STARTTLS and TLS"));
    }
    e = handshake(c, reply, tls_failed);
    return e ? e : hello(c, reply);
}

/* A trace hides the line, and shows what came before it and the answer. */
static enum err secret_command(struct smtp_client *c, str line, struct smtp_reply *reply)
{
    c->step = S("AUTH");
    if (conn_flush(c->conn)) c->broken = true;
    conn_trace_mask(c->conn, true);
    client_write_line(c, line);
    conn_trace_mask(c->conn, false);
    if (conn_flush(c->conn)) c->broken = true;
    return c->broken ? ERR_GONE : client_reply(c, c->options.command_ms, reply);
}

/* RFC 4616: NUL user NUL password, in base64; never in clear. */
static enum err login(struct smtp_client *c, struct smtp_reply *reply)
{
    const struct smtp_client_options *o = &c->options;
    if (!o->user.n) return OK;
    if (!conn_has_tls(c->conn))
        return ours(reply, ERR_DENIED, S("a password is not sent without TLS"));
    if (!(c->extensions & EXT_AUTH_PLAIN))
        return ours(reply, ERR_DENIED, S("the server does not offer AUTH PLAIN"));

    struct buf secret = buf_make(SMTP_LINE_BYTES), line = buf_make(SMTP_AUTH_LINE_BYTES);
    (void)buf_reserve(&secret, SMTP_LINE_BYTES); /* they never move */
    (void)buf_reserve(&line, SMTP_AUTH_LINE_BYTES);
    buf_addc(&secret, '\0');
    buf_add(&secret, o->user);
    buf_addc(&secret, '\0');
    buf_add(&secret, o->password);
    buf_add(&line, S("AUTH PLAIN "));
    base64_encode(&line, buf_str(&secret));
    enum err e = secret.full || line.full
                     ? ours(reply, ERR_DENIED, S("user name or password is too long"))
                     : secret_command(c, buf_str(&line), reply);
    buf_wipe(&secret);
    buf_wipe(&line);
    return e;
}

static enum err open_steps(struct smtp_client *c, struct smtp_reply *reply, bool *tls_failed)
{
    enum err e = OK;
    if (c->options.tls == SMTP_TLS_IMPLICIT) e = handshake(c, reply, tls_failed);
    if (!e) e = client_reply(c, c->options.greeting_ms, reply);
    if (!e) e = hello(c, reply);
    if (!e) e = starttls(c, reply, tls_failed);
    if (!e) e = login(c, reply);
    return e;
}

/* --- the door --------------------------------------------------------------------------------- */

enum err smtp_client_open(const struct smtp_client_options *o, struct arena *a,
                          struct smtp_client **out, struct smtp_reply *reply, bool *tls_failed)
{
    struct connect_options to = { .to = o->to, .source = o->source, .connect_ms = o->connect_ms };
    struct smtp_client *c = ARENA_NEW(a, struct smtp_client);
    *tls_failed = false;
    *reply = (struct smtp_reply){ 0 };
    if (!c) return ERR_LIMIT;
    *c = (struct smtp_client){ .arena = a, .options = *o, .step = S("the greeting") };

    int why = 0;
    enum err e = conn_connect(&to, &c->conn, &why);
    if (e)
        return e == ERR_GONE ? e
                             : ours(reply, ERR_LATER,
                                    arena_fmt(a, "no connection: %s", seam_error_text(why)));
    if (o->trace) conn_trace(c->conn, o->trace, o->trace_arg);
    e = open_steps(c, reply, tls_failed);
    if (e) {
        smtp_client_close(c);
        return e;
    }
    *out = c;
    return OK;
}

const struct tls_facts *smtp_client_tls(const struct smtp_client *c)
{
    return conn_tls_facts(c->conn);
}

unsigned smtp_client_extensions(const struct smtp_client *c)
{
    return c->extensions;
}

bool smtp_client_undecided(const struct smtp_client *c)
{
    return c->undecided;
}

bool smtp_client_broken(const struct smtp_client *c)
{
    return c->broken;
}

str smtp_client_trouble(const struct smtp_client *c)
{
    return c->trouble;
}

str smtp_client_peer(const struct smtp_client *c)
{
    return c->peer;
}

enum err smtp_client_reset(struct smtp_client *c)
{
    struct smtp_reply reply;
    return client_command(c, S("RSET"), c->options.command_ms, &reply);
}

void smtp_client_close(struct smtp_client *c)
{
    struct smtp_reply reply;
    if (!c->broken && client_command(c, S("QUIT"), QUIT_MS, &reply)) c->broken = true;
    conn_close(c->conn);
    c->conn = NULL;
}
