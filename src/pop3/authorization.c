/* authorization.c - the AUTHORIZATION state: CAPA, STLS, USER, PASS, AUTH. */
#include "base/codec.h"
#include "base/log.h"
#include "pop3/session_int.h"

bool pop3_may_login(const struct pop3 *s)
{
    return conn_has_tls(s->conn) || s->server->auth_in_clear;
}

static bool may_stls(const struct pop3 *s)
{
    return s->server->can_starttls && !conn_has_tls(s->conn) && s->state == POP3_AUTHORIZATION;
}

/* RFC 2449 6: what is offered depends on the state and on TLS. */
void pop3_capa(struct pop3 *s, str args)
{
    (void)args;
    pop3_ok(s, "this is what I can do");
    conn_write(s->conn,
               S("TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n"
                 "LOGIN-DELAY 0\r\nIMPLEMENTATION Posthorn\r\n"));
    if (may_stls(s)) conn_write(s->conn, S("STLS\r\n"));
    if (s->state == POP3_AUTHORIZATION && pop3_may_login(s))
        conn_write(s->conn, S("USER\r\nSASL PLAIN\r\n"));
    conn_write(s->conn, S(".\r\n"));
}

/* RFC 2595 4. What came in clear together with STLS was not said under TLS: end at once (security
 * rule 4). All that the client said so far is forgotten. */
void pop3_stls(struct pop3 *s, str args)
{
    if (args.n || !may_stls(s)) {
        pop3_bad(s, "STLS is not possible now");
        return;
    }
    if (conn_buffered(s->conn)) {
        pop3_err(s, "commands behind STLS were sent in clear");
        s->ended = true;
        return;
    }
    pop3_ok(s, "begin TLS");
    buf_reset(&s->user);
    if (conn_flush(s->conn) || conn_starttls(s->conn)) s->ended = true;
}

/* The line that was just read holds a password: no wire trace shows it. */
static void hide_line(struct pop3 *s)
{
    conn_trace_mask(s->conn, true);
    conn_trace_mask(s->conn, false);
}

static bool refuse_clear(struct pop3 *s)
{
    if (pop3_may_login(s)) return false;
    pop3_bad(s, "[AUTH] no password in clear: STLS first");
    return true;
}

void pop3_user(struct pop3 *s, str args)
{
    if (refuse_clear(s)) return;
    buf_reset(&s->user);
    buf_add(&s->user, args);
    if (!args.n || s->user.full)
        pop3_bad(s, "USER wants your mail address");
    else
        pop3_ok(s, "and the password?"); /* whether there is such a user is not told */
}

static void logged_in(struct pop3 *s, const struct login *who)
{
    if (auth_stay_begin(s->server->auth, &s->stay, who, s->conn)) {
        pop3_err(s, "[SYS/TEMP] too many connections of this user, try again later");
        return;
    }
    if (maildrop_open(s, who)) {
        auth_stay_end(&s->stay);
        return;
    }
    s->state = POP3_TRANSACTION;
    conn_class(s->conn, FIBER_KNOWN);
    conn_owner(s->conn, who->account.n);
    conn_park_for(s->conn, (unsigned)s->server->settings->idle_ms);
    log_event(LOG_INFO, "pop3.login", conn_id(s->conn), F_STR("user", who->address),
              F_NUM("messages", s->n));
    pop3_ok(s, "%zu messages, %llu bytes", s->kept, (unsigned long long)s->kept_bytes);
}

static void log_in_failed(struct pop3 *s, enum err e)
{
    if (e == ERR_LATER) {
        pop3_err(s, "[SYS/TEMP] cannot check passwords now");
        return;
    }
    pop3_err(s, "[AUTH] wrong user name or password");
    if (++s->failures >= auth_failures_max(s->server->auth)) s->ended = true;
}

void pop3_pass(struct pop3 *s, str args)
{
    hide_line(s);
    if (refuse_clear(s)) return;
    if (!s->user.n) {
        pop3_bad(s, "USER comes first");
        return;
    }
    struct login who;
    enum err e = auth_password(s->server->auth, buf_str(&s->user), args, conn_peer(s->conn),
                               &s->arena, &who);
    buf_reset(&s->user);
    if (e == ERR_GONE)
        s->ended = true;
    else if (e)
        log_in_failed(s, e);
    else
        logged_in(s, &who);
}

/* The response in base64: with the command, or on the line after "+ ". "*" cancels (RFC 5034 4):
 * ERR_DENIED. ERR_CONFLICT: the line ends in a bare LF. */
static enum err plain_response(struct pop3 *s, str initial, str *response)
{
    if (initial.n) {
        *response = str_eq(initial, S("=")) ? (str){ 0 } : initial;
        return OK;
    }
    str line;
    conn_write(s->conn, S("+ \r\n"));
    enum err e = conn_flush(s->conn);
    if (!e) e = conn_line(s->conn, POP3_AUTH_LINE_BYTES, &line);
    if (e == ERR_LIMIT || e == ERR_GONE) return e;
    hide_line(s);
    if (e || !str_ends(line, S("\r\n"))) return ERR_CONFLICT;
    *response = str_chomp(arena_copy(&s->arena, line));
    return str_eq(*response, S("*")) ? ERR_DENIED : OK;
}

void pop3_auth(struct pop3 *s, str args)
{
    str rest = args, mechanism, response = { 0 };
    struct login who;
    hide_line(s);
    if (refuse_clear(s)) return;
    if (!str_split(&rest, ' ', &mechanism) || !str_ieq(mechanism, S("PLAIN"))) {
        pop3_bad(s, "only PLAIN is known here");
        return;
    }
    enum err e = plain_response(s, rest, &response);
    if (e == ERR_DENIED) {
        pop3_bad(s, "cancelled");
        return;
    }
    if (e == ERR_CONFLICT) {
        pop3_bare_lf(s);
        return;
    }
    struct buf message = buf_make(POP3_AUTH_LINE_BYTES);
    (void)buf_reserve(&message, response.n / 4 * 3); /* the secret never moves */
    if (!e && !base64_decode(&message, response)) e = ERR_SYNTAX;
    if (!e)
        e = auth_sasl_plain(s->server->auth, buf_str(&message), conn_peer(s->conn), &s->arena,
                            &who);
    buf_wipe(&message);
    if (e == ERR_GONE)
        s->ended = true;
    else if (e == ERR_SYNTAX || e == ERR_LIMIT)
        pop3_bad(s, "that is no PLAIN response");
    else if (e)
        log_in_failed(s, e);
    else
        logged_in(s, &who);
}
