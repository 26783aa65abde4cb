/* auth.c - AUTH PLAIN and AUTH LOGIN. RFC 4954, RFC 4616.
 *
 * Only where the password does not cross in clear, unless the listener is set to allow it. The
 * trace shows neither what the client sends nor what it is asked for.
 */
#include "base/budget.h"
#include "base/codec.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "smtp/smtp_int.h"

/* What the client said, decoded. PLAIN says all in one message. */
struct credentials {
    struct buf user, password;
};

/* The line just read is never shown in a trace. */
static void hide(struct smtp *s)
{
    conn_trace_mask(s->conn, true);
    conn_trace_mask(s->conn, false);
}

/* --- gathering: what fails here has been answered --------------------------------------------- */

static enum err decode(struct smtp *s, str line, struct buf *out)
{
    if (str_eq(line, S("*"))) return smtp_reply(s, 501, "5.7.0", S("cancelled"));
    (void)buf_reserve(out, line.n / 4 * 3); /* the secret never moves */
    if (!base64_decode(out, line)) return smtp_reply(s, 501, "5.5.2", S("that is not base64"));
    return OK;
}

static enum err ask(struct smtp *s, str challenge, struct buf *out)
{
    (void)smtp_reply(s, 334, "", challenge);
    conn_deadline(s->conn, (unsigned)s->server->settings->command_ms);
    str line;
    enum err e = conn_line(s->conn, SMTP_AUTH_LINE_BYTES, &line);
    hide(s);
    if (e == ERR_GONE) return e;
    if (e == ERR_LIMIT || e == ERR_DENIED) {
        budget_struck(BUDGET_SMTP_LINE);
        s->closing = e == ERR_DENIED;
        return smtp_reply(s, 500, "5.5.6", S("line too long"));
    }
    if (!str_ends(line, S("\r\n"))) return smtp_bare_lf(s);
    return decode(s, str_take(line, line.n - 2), out);
}

/* An initial response of "=" is an empty one. RFC 4954 4. */
static enum err first(struct smtp *s, const str *initial, str challenge, struct buf *out)
{
    if (!initial) return ask(s, challenge, out);
    return str_eq(*initial, S("=")) ? OK : decode(s, *initial, out);
}

static enum err gather_plain(struct smtp *s, const str *initial, struct credentials *c)
{
    return first(s, initial, S(""), &c->password);
}

static enum err gather_login(struct smtp *s, const str *initial, struct credentials *c)
{
    enum err e = first(s, initial, S("VXNlcm5hbWU6"), &c->user); /* "Username:" */
    return e ? e : ask(s, S("UGFzc3dvcmQ6"), &c->password);      /* "Password:" */
}

/* --- checking --------------------------------------------------------------------------------- */

static enum err check_plain(struct smtp *s, const struct credentials *c)
{
    return auth_sasl_plain(s->server->auth, buf_str(&c->password), conn_peer(s->conn), &s->session,
                           &s->login);
}

static enum err check_login(struct smtp *s, const struct credentials *c)
{
    return auth_password(s->server->auth, buf_str(&c->user), buf_str(&c->password),
                         conn_peer(s->conn), &s->session, &s->login);
}

static enum err welcome(struct smtp *s)
{
    if (auth_stay_begin(s->server->auth, &s->stay, &s->login, s->conn)) {
        arena_free(&s->session);
        s->login = (struct login){ 0 };
        return smtp_reply(s, 454, "4.7.0", S("too many connections of this user, try again later"));
    }
    s->logged_in = true;
    conn_class(s->conn, FIBER_KNOWN);
    conn_park_for(s->conn, (unsigned)s->server->settings->idle_ms);
    conn_owner(s->conn, s->login.account.n);
    log_event(LOG_INFO, "smtp.login", conn_id(s->conn), F_STR("user", s->login.address));
    return smtp_reply(s, 235, "2.7.0", S("welcome"));
}

static enum err refuse(struct smtp *s, enum err why)
{
    arena_free(&s->session);
    s->login = (struct login){ 0 };
    if (why == ERR_LATER) return smtp_reply(s, 454, "4.7.0", S("cannot check that now, try again"));
    if (why == ERR_SYNTAX) return smtp_reply(s, 501, "5.5.2", S("that is no user and password"));
    if (++s->auth_failures < auth_failures_max(s->server->auth))
        return smtp_reply(s, 535, "5.7.8", S("wrong name or password"));
    (void)smtp_reply(s, 535, "5.7.8", S("wrong name or password"));
    return smtp_bye(s, "4.7.0", S("too many failed log-ins"));
}

/* --- the command ------------------------------------------------------------------------------ */

struct mechanism {
    str name;
    enum err (*gather)(struct smtp *s, const str *initial, struct credentials *c);
    enum err (*check)(struct smtp *s, const struct credentials *c);
};
static const struct mechanism mechanisms[] = {
    { S_INIT("PLAIN"), gather_plain, check_plain },
    { S_INIT("LOGIN"), gather_login, check_login },
};

static const struct mechanism *find_mechanism(str name)
{
    for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
        if (str_ieq(name, mechanisms[i].name)) return &mechanisms[i];
    return NULL;
}

static enum err log_in(struct smtp *s, const struct mechanism *m, const str *initial)
{
    struct credentials c = { buf_make(SMTP_AUTH_LINE_BYTES), buf_make(SMTP_AUTH_LINE_BYTES) };
    enum err e = m->gather(s, initial, &c);
    bool gathered = !e;
    if (gathered) e = m->check(s, &c);
    buf_wipe(&c.user);
    buf_wipe(&c.password);
    if (!gathered || e == ERR_GONE) return e;
    return e ? refuse(s, e) : welcome(s);
}

enum err smtp_auth(struct smtp *s, str args)
{
    hide(s);
    if (s->server->role != SMTP_SUBMISSION)
        return smtp_reply(s, 502, "5.5.1", S("no log-ins on this port"));
    if (s->logged_in) return smtp_reply(s, 503, "5.5.1", S("logged in already"));
    if (!smtp_auth_offered(s))
        return smtp_reply(s, 538, "5.7.11", S("not without TLS: say STARTTLS first"));

    size_t space = str_chr(args, ' ');
    str initial = str_trim(str_from(args, space));
    const struct mechanism *m = find_mechanism(str_take(args, space));
    if (!m) return smtp_reply(s, 504, "5.5.4", S("that mechanism is not offered"));
    return log_in(s, m, initial.n ? &initial : NULL);
}
