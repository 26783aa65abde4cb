/* login.c - LOGIN and AUTHENTICATE PLAIN: who the client is; UNAUTHENTICATE: it is nobody again.
 *
 * RFC 9051 6.2.2, 6.2.3, 11; SASL PLAIN RFC 4616, initial responses RFC 4959; RFC 8437. Passwords
 * are not taken in clear unless the listener says so.
 */
#include "imap/session_int.h"

#include "base/codec.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

static bool refused_in_clear(struct imap *s)
{
    if (conn_has_tls(s->conn) || s->server->auth_in_clear) return false;
    (void)imap_no(s, ERR_DENIED, S("PRIVACYREQUIRED"), S("use TLS first"));
    return true;
}

static enum err welcome(struct imap *s, const struct login *login)
{
    if (auth_stay_begin(s->server->auth, &s->stay, login, s->conn))
        return imap_no(s, ERR_LIMIT, S("LIMIT"),
                       S("too many connections of this user; close one, or try again later"));
    s->purse.purse = auth_stay_purse(&s->stay);
    char *user = mem_new(login->address.n + 1);
    bytes_copy(user, login->address.n + 1, login->address.p, login->address.n);
    s->user = (str){ user, login->address.n };
    s->account = login->account;
    s->state = AUTHENTICATED;
    conn_class(s->conn, FIBER_KNOWN);
    conn_owner(s->conn, login->account.n);
    log_event(LOG_INFO, "imap.login", conn_id(s->conn), F_STR("user", s->user),
              F_NUM("tls", conn_has_tls(s->conn)));

    struct buf code = buf_make(1024);
    buf_add(&code, S("CAPABILITY "));
    imap_capabilities(s, &code);
    imap_ok_code(s, arena_copy(&s->arena, buf_str(&code)));
    buf_free(&code);
    s->answer.text = S("logged in");
    return OK;
}

/* RFC 5530 3: the same words whatever was wrong. */
static enum err finish(struct imap *s, enum err e, const struct login *login)
{
    if (!e) return welcome(s, login);
    if (e == ERR_SYNTAX) return imap_bad(s, S("malformed credentials"));
    if (e != ERR_DENIED && e != ERR_NOTFOUND) return e;
    s->failures++;
    if (s->failures < auth_failures_max(s->server->auth))
        return imap_no(s, ERR_DENIED, S("AUTHENTICATIONFAILED"), S("wrong name or password"));
    imap_bye(s, S(""), S("too many failed log-ins"));
    return imap_no(s, ERR_DENIED, S("AUTHENTICATIONFAILED"), S("wrong name or password"));
}

enum err imap_login(struct imap *s, const struct command *c)
{
    if (refused_in_clear(s)) return ERR_DENIED;
    struct login login;
    enum err e = auth_password(s->server->auth, c->login.user, c->login.password,
                               conn_peer(s->conn), &s->arena, &login);
    return finish(s, e, &login);
}

/* The client's response to an empty challenge, still base64. */
static enum err response(struct imap *s, str *base64)
{
    reply_words(&s->reply, S("+ "));
    reply_end(&s->reply);
    imap_send(s);
    conn_trace_mask(s->conn, true);
    enum err e = imap_line(s, base64);
    conn_trace_mask(s->conn, false);
    if (!e && str_eq(*base64, S("*"))) return imap_bad(s, S("cancelled"));
    return e;
}

enum err imap_authenticate(struct imap *s, const struct command *c)
{
    if (!str_ieq(c->authenticate.mechanism, S("PLAIN")))
        return imap_no(s, ERR_DENIED, S("CANNOT"), S("this mechanism is not offered"));
    if (refused_in_clear(s)) return ERR_DENIED;

    str base64 = c->authenticate.initial;
    enum err e = c->authenticate.has_initial ? OK : response(s, &base64);
    if (e) return e;
    if (str_eq(base64, S("="))) base64 = S("");
    struct buf message = buf_make(IMAP_LITERAL_UNAUTH_BYTES);
    struct login login;
    (void)buf_reserve(&message, base64.n / 4 * 3); /* the secret never moves */
    bool good = base64_decode(&message, base64);
    if (good)
        e = auth_sasl_plain(s->server->auth, buf_str(&message), conn_peer(s->conn), &s->arena,
                            &login);
    buf_wipe(&message);
    return good ? finish(s, e, &login) : imap_bad(s, S("not base64"));
}

/* RFC 8437 3, 4: all is as it was when the connection began, but for TLS, and for what has been
 * counted against the client. Its time to log in begins anew. */
enum err imap_unauthenticate(struct imap *s, const struct command *c)
{
    if (!s->server->settings->unauthenticate) return imap_bad(s, S("unknown command"));
    log_event(LOG_DEBUG, "imap.logout", conn_id(s->conn), F_STR("user", s->user));
    imap_unselect(s);
    imap_notify_free(s);
    auth_stay_end(&s->stay);
    s->purse.purse = NULL;
    mem_free((void *)s->user.p);
    s->user = (str){ 0 };
    s->account = (struct account){ 0 };
    s->enabled = 0;
    s->reply.utf8 = s->owes_modseq = false;
    s->state = NOT_AUTHENTICATED;
    s->opened_us = loop_now_us(conn_loop(s->conn));
    s->strange_commands = 0;
    s->strange_from = conn_bytes_in(s->conn);
    conn_class(s->conn, FIBER_STRANGER);
    conn_owner(s->conn, 0);
    /* RFC 8437 4.1: behind the answer both sides speak in clear again, but for TLS. */
    imap_answer(s, c->tag, imap_commands[c->what].name, OK);
    s->answer.sent = true;
    return conn_compress_end(s->conn) ? ERR_GONE : OK;
}
