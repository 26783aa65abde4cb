/* pop3.c - a POP3 session from greeting to goodbye, and its table of commands.
 *
 * RFC 1939, RFC 2449 (CAPA, response codes), RFC 2595 (STLS), RFC 5034 (AUTH), RFC 3206 (codes).
 */
#include <assert.h>
#include <stdarg.h>

#include "base/budget.h"
#include "base/limits.h"
#include "base/log.h"
#include "pop3/session_int.h"

/* clang-format off */
static const struct setting rows[] = {
    { "idle",       SET_DURATION, offsetof(struct pop3_settings, idle_ms),    "10m", 1000, 86400000, NULL, "A logged-in client may be silent this long (RFC 1939 3: at least 10 minutes)." },
    { "login",      SET_DURATION, offsetof(struct pop3_settings, login_ms),   "60s", 1000, 3600000,  NULL, "A client must have logged in by then." },
    { "command",    SET_DURATION, offsetof(struct pop3_settings, command_ms), "5m",  1000, 3600000,  NULL, "One command must be answered and its answer taken by then." },
    { "errors_max", SET_COUNT,    offsetof(struct pop3_settings, errors_max), "10",  1, 1000,        NULL, "Bad commands, then the connection is closed." },
};

static const struct { str name; unsigned states; pop3_command_fn *run; const char *rfc; } commands[] = {
    { S_INIT("CAPA"), POP3_AUTHORIZATION | POP3_TRANSACTION, pop3_capa, "RFC 2449 5" },
    { S_INIT("STLS"), POP3_AUTHORIZATION,                    pop3_stls, "RFC 2595 4" },
    { S_INIT("USER"), POP3_AUTHORIZATION,                    pop3_user, "RFC 1939 7" },
    { S_INIT("PASS"), POP3_AUTHORIZATION,                    pop3_pass, "RFC 1939 7" },
    { S_INIT("AUTH"), POP3_AUTHORIZATION,                    pop3_auth, "RFC 5034 4" },
    { S_INIT("STAT"), POP3_TRANSACTION,                      pop3_stat, "RFC 1939 5" },
    { S_INIT("LIST"), POP3_TRANSACTION,                      pop3_list, "RFC 1939 5" },
    { S_INIT("UIDL"), POP3_TRANSACTION,                      pop3_uidl, "RFC 1939 7" },
    { S_INIT("RETR"), POP3_TRANSACTION,                      pop3_retr, "RFC 1939 5" },
    { S_INIT("TOP"),  POP3_TRANSACTION,                      pop3_top,  "RFC 1939 7" },
    { S_INIT("DELE"), POP3_TRANSACTION,                      pop3_dele, "RFC 1939 5" },
    { S_INIT("RSET"), POP3_TRANSACTION,                      pop3_rset, "RFC 1939 5" },
    { S_INIT("NOOP"), POP3_TRANSACTION,                      pop3_noop, "RFC 1939 5" },
    { S_INIT("QUIT"), POP3_AUTHORIZATION | POP3_TRANSACTION, pop3_quit, "RFC 1939 4, 6" },
};
/* clang-format on */
const struct settings_section pop3_section = {
    .name = "pop3",
    .size = sizeof(struct pop3_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "POP3: mail is downloaded, then deleted.",
};

/* --- answering -------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 0))) static void status(struct pop3 *s, str word,
                                                         const char *format, va_list ap)
{
    struct buf b = buf_make(POP3_LINE_BYTES);
    buf_addv(&b, format, ap);
    assert(!str_has(buf_str(&b), '\r') && !str_has(buf_str(&b), '\n'));
    conn_write(s->conn, word);
    conn_write(s->conn, buf_str(&b));
    conn_write(s->conn, S("\r\n"));
    buf_free(&b);
}

void pop3_ok(struct pop3 *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    status(s, S("+OK "), format, ap);
    va_end(ap);
}

void pop3_err(struct pop3 *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    status(s, S("-ERR "), format, ap);
    va_end(ap);
}

void pop3_bad(struct pop3 *s, const char *why)
{
    pop3_err(s, "%s", why);
    if (++s->errors < s->server->settings->errors_max) return;
    budget_struck(BUDGET_POP3_ERRORS);
    pop3_err(s, "too many errors, goodbye");
    s->ended = true;
}

/* What looks like two lines to one program and like one to another is how commands are smuggled:
 * none that follows is believed, and nothing is deleted. */
void pop3_bare_lf(struct pop3 *s)
{
    pop3_err(s, "a line ends with CR LF, goodbye");
    s->ended = true;
}

/* --- a command -------------------------------------------------------------------------------- */

static void command(struct pop3 *s, str line)
{
    str rest = line, word;
    if (str_has(line, '\0') || str_has(line, '\r') || !str_split(&rest, ' ', &word)) {
        pop3_bad(s, "what?");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (!str_ieq(word, commands[i].name)) continue;
        if (!(commands[i].states & s->state)) {
            pop3_bad(s, s->state == POP3_AUTHORIZATION ? "log in first" : "you are logged in");
            return;
        }
        commands[i].run(s, rest);
        return;
    }
    log_event(LOG_INFO, "pop3.bad_command", conn_id(s->conn), F_STR("line", str_take(word, 32)));
    if (conn_line_is_http(line)) s->ended = true;
    pop3_bad(s, s->ended ? "this is no web server, goodbye" : "no such command");
}

/* A stranger's time runs from the beginning, whatever he sends. */
static unsigned patience_ms(const struct pop3 *s)
{
    const struct pop3_settings *settings = s->server->settings;
    if (s->state != POP3_AUTHORIZATION) return (unsigned)settings->idle_ms;
    uint64_t spent_ms = (loop_now_us(conn_loop(s->conn)) - s->opened_us) / 1000;
    return spent_ms < settings->login_ms ? (unsigned)(settings->login_ms - spent_ms) : 1;
}

/* Who has not logged in by so many commands or bytes will not. */
static void judge_stranger(struct pop3 *s)
{
    if (s->state != POP3_AUTHORIZATION || s->ended) return;
    enum stranger judged =
        auth_stranger(s->server->auth, ++s->strange_commands, conn_bytes_in(s->conn));
    if (judged == STRANGER_WELCOME) return;
    budget_struck(judged == STRANGER_COMMANDS ? BUDGET_POP3_STRANGER_COMMANDS
                                              : BUDGET_POP3_STRANGER_BYTES);
    pop3_err(s, "[SYS/TEMP] too much was said before the log-in, goodbye");
    s->ended = true;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static enum err next(struct pop3 *s)
{
    str line;
    unsigned command_ms = (unsigned)s->server->settings->command_ms;
    bool stranger = s->state == POP3_AUTHORIZATION;
    conn_deadline(s->conn, stranger ? least(command_ms, patience_ms(s)) : command_ms);
    enum err e = conn_line(s->conn, POP3_LINE_BYTES, &line);
    if (e == ERR_LIMIT || e == ERR_DENIED) {
        budget_struck(BUDGET_POP3_LINE);
        pop3_bad(s, "the line is too long");
        if (e == ERR_DENIED) s->ended = true;
        e = ERR_LIMIT;
    }
    if (e) return e == ERR_LIMIT ? OK : e;
    if (!str_ends(line, S("\r\n")))
        pop3_bare_lf(s);
    else
        command(s, str_chomp(arena_copy(&s->arena, line)));
    /* Strangers' lines have passwords in them. */
    if (stranger)
        arena_wipe(&s->arena);
    else
        arena_reset(&s->arena);
    judge_stranger(s);
    return OK;
}

/* --- the session ------------------------------------------------------------------------------ */

static void *session_open(void *listener_arg, struct conn *c)
{
    struct pop3 *s = MEM_NEW(struct pop3);
    *s = (struct pop3){ .conn = c,
                        .server = listener_arg,
                        .state = POP3_AUTHORIZATION,
                        .arena = arena_make(POP3_ARENA_BYTES),
                        .user = buf_make(ADDRESS_BYTES),
                        .opened_us = loop_now_us(conn_loop(c)) };
    conn_park_for(c, (unsigned)s->server->settings->login_ms);
    return s;
}

static void session_closed(void *session)
{
    struct pop3 *s = session;
    log_event(LOG_DEBUG, "pop3.closed", conn_id(s->conn),
              F_NUM("out_bytes", conn_bytes_out(s->conn)));
    auth_stay_end(&s->stay);
    maildrop_close(s);
    buf_free(&s->user);
    arena_free(&s->arena);
    mem_free(s);
}

static void greet(struct pop3 *s)
{
    log_fields(LOG_DEBUG, "pop3.connected", conn_id(s->conn), NULL, 0);
    pop3_ok(s, "Posthorn POP3 ready");
}

static bool welcome(struct pop3 *s)
{
    struct guard *g = auth_guard(s->server->auth);
    if (guard_count(g, conn_peer(s->conn), GUARD_CONNECTIONS, 1, NULL) &&
        !guard_knows(g, conn_peer(s->conn))) {
        pop3_err(s, "[SYS/TEMP] too many connections from your address lately");
        return false;
    }
    greet(s);
    return true;
}

/* Who was removed or suspended, or whose password was changed, is no longer here. */
static bool is_over(struct pop3 *s)
{
    if (!s->stay.over) return false;
    pop3_err(s, "[AUTH] your account has changed, log in anew; nothing was deleted");
    return true;
}

static enum serve session_serve(void *session, enum conn_why why)
{
    struct pop3 *s = session;
    if (why == CONN_STARTED && !welcome(s)) return SERVE_CLOSE;
    if (why == CONN_TIMEOUT) {
        budget_struck(s->state == POP3_AUTHORIZATION ? BUDGET_POP3_LOGIN : BUDGET_POP3_IDLE);
        pop3_err(s, "too long silent, goodbye; nothing was deleted");
        return SERVE_CLOSE;
    }
    if (why == CONN_DRAIN) {
        pop3_err(s, "[SYS/TEMP] the server is stopping; nothing was deleted");
        return SERVE_CLOSE;
    }
    if (is_over(s) || (why == CONN_INPUT && next(s))) return SERVE_CLOSE;
    while (!s->ended && conn_line_ready(s->conn))
        if (is_over(s) || next(s)) return SERVE_CLOSE;
    conn_park_for(s->conn, patience_ms(s));
    return s->ended || conn_gone(s->conn) ? SERVE_CLOSE : SERVE_PARK;
}

const struct conn_handler pop3_handler = {
    .open = session_open,
    .serve = session_serve,
    .closed = session_closed,
    .busy = S_INIT("-ERR [SYS/TEMP] too many connections, come back later\r\n"),
    .farewell = S_INIT("-ERR [SYS/TEMP] the server is stopping; nothing was deleted\r\n"),
    .conns = METRIC_CONNS_POP3,
};
