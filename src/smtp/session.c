/* session.c - an SMTP session: greeting, one command a burst, goodbye. RFC 5321 3, 4.3.
 *
 * The table of commands is the protocol: which verb, in which states, served by whom.
 */
#include "base/budget.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "smtp/smtp_int.h"

enum { ANY = SMTP_START | SMTP_READY | SMTP_MAIL | SMTP_RCPT | SMTP_CHUNKS };

enum { SPOKEN_IN_SMTP = 1, SPOKEN_IN_LMTP = 2, BOTH = 3, XCLIENT = 4 };

struct command {
    str verb;
    unsigned spoken;
    unsigned states;
    smtp_command_fn *run;
    const char *reference;
};

/* clang-format off */
static const struct command commands[] = {
    { S_INIT("EHLO"),     SPOKEN_IN_SMTP, ANY,                     smtp_ehlo,     "RFC 5321 4.1.1.1" },
    { S_INIT("HELO"),     SPOKEN_IN_SMTP, ANY,                     smtp_helo,     "RFC 5321 4.1.1.1" },
    { S_INIT("LHLO"),     SPOKEN_IN_LMTP, ANY,                     smtp_lhlo,     "RFC 2033 4.1" },
    { S_INIT("STARTTLS"), BOTH, SMTP_READY | SMTP_MAIL | SMTP_RCPT, smtp_starttls, "RFC 3207 4" },
    { S_INIT("AUTH"),     BOTH, SMTP_READY,                        smtp_auth,     "RFC 4954 4" },
    { S_INIT("MAIL"),     BOTH, SMTP_READY,                        smtp_mail,     "RFC 5321 4.1.1.2" },
    { S_INIT("RCPT"),     BOTH, SMTP_MAIL | SMTP_RCPT,             smtp_rcpt,     "RFC 5321 4.1.1.3" },
    { S_INIT("DATA"),     BOTH, SMTP_MAIL | SMTP_RCPT,             smtp_data,     "RFC 5321 4.1.1.4" },
    { S_INIT("BDAT"),     BOTH, ANY,                               smtp_bdat,     "RFC 3030 2: its bytes follow in any state" },
    { S_INIT("RSET"),     BOTH, ANY,                               smtp_rset,     "RFC 5321 4.1.1.5" },
    { S_INIT("NOOP"),     BOTH, ANY,                               smtp_noop,     "RFC 5321 4.1.1.9" },
    { S_INIT("QUIT"),     BOTH, ANY,                               smtp_quit,     "RFC 5321 4.1.1.10" },
    { S_INIT("VRFY"),     BOTH, ANY,                               smtp_vrfy,     "RFC 5321 4.1.1.6, 7.3" },
    { S_INIT("EXPN"),     BOTH, ANY,                               smtp_expn,     "RFC 5321 4.1.1.7, 7.3" },
    { S_INIT("HELP"),     BOTH, ANY,                               smtp_help,     "RFC 5321 4.1.1.8" },
    { S_INIT("XCLIENT"),  XCLIENT, SMTP_READY,                     smtp_xclient,  "for tests, from networks of the setting alone" },
};

static const struct setting rows[] = {
    { "size_max",        SET_SIZE,     offsetof(struct smtp_settings, size_max_bytes),  "50M", 64 * 1024, UINT64_C(1) << 40, NULL, "The largest message taken, in bytes as sent." },
    { "rcpts_max",       SET_COUNT,    offsetof(struct smtp_settings, rcpts_max),       "100", 1, ACCEPT_RCPTS, NULL, "Recipients of one message; the rest is asked to come again (RFC 5321 wants at least 100)." },
    { "errors_max",      SET_COUNT,    offsetof(struct smtp_settings, errors_max),      "20",  1, 1000000, NULL, "Refused commands in one session, unknown recipients among them; then it is closed." },
    { "hops_max",        SET_COUNT,    offsetof(struct smtp_settings, hops_max),        "50",  1, 1000,    NULL, "Received lines in a message; with more it is taken for a loop." },
    { "idle",            SET_DURATION, offsetof(struct smtp_settings, idle_ms),         "5m",  100, 86400000, NULL, "A session that says nothing between commands is closed." },
    { "login",           SET_DURATION, offsetof(struct smtp_settings, login_ms),        "5m",  1000, 86400000, NULL, "On submission a person's client must have logged in by then." },
    { "command",         SET_DURATION, offsetof(struct smtp_settings, command_ms),      "5m",  100, 86400000, NULL, "A step within a command (a log-in's next line, the reading of our answer) must be done by then." },
    { "data",            SET_DURATION, offsetof(struct smtp_settings, data_ms),         "3m",  100, 86400000, NULL, "The longest gap within a message's bytes." },
    { "repair_networks", SET_NETWORKS, offsetof(struct smtp_settings, repair_networks), "",    0, 0, NULL, "From these, a line that ends in LF alone is repaired instead of refused; what ends a message stays the same." },
    { "hide_client",     SET_BOOL,     offsetof(struct smtp_settings, hide_client),     "no",  0, 0, NULL, "Leave the address of a submitting client out of Received." },
    { "hold_max",        SET_DURATION, offsetof(struct smtp_settings, hold_ms_max),     "30d", 0, 31536000000, NULL, "The longest that a submitted message may ask to be held for (FUTURERELEASE); 0s: not at all." },
    { "user_messages",   SET_COUNT,    offsetof(struct smtp_settings, user_messages),   "0", 0, 0, NULL, "Messages that one user may submit within an hour; 0: any number." },
    { "user_recipients", SET_COUNT,    offsetof(struct smtp_settings, user_rcpts),      "0", 0, 0, NULL, "Recipients that one user may send to within an hour, counted in each message; 0: any number." },
    { "xclient",         SET_NETWORKS, offsetof(struct smtp_settings, xclient),         "",  0, 0, NULL, "From these networks a client may say by XCLIENT which address it stands for. For tests." },
    { "verify",          SET_CHOICE,   offsetof(struct smtp_settings, verify),          "nobody", 0, 0, "nobody|users", "Who is told by VRFY and EXPN whether an address exists and where it leads: nobody, or people who logged in." },
};
/* clang-format on */

const struct settings_section smtp_section = {
    .name = "smtp",
    .size = sizeof(struct smtp_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "Receiving mail: from other servers and from people's clients.",
};

/* --- what commands share ---------------------------------------------------------------------- */

str smtp_hostname(const struct smtp *s)
{
    return deliver_hostname(s->server->deliver);
}

bool smtp_is_lmtp(const struct smtp *s)
{
    return s->server->role == SMTP_LMTP;
}

int64_t smtp_now_us(const struct smtp *s)
{
    return seam_wall_us(loop_seam(conn_loop(s->conn)));
}

void smtp_forget_transaction(struct smtp *s)
{
    intake_free(s->tx.intake);
    s->tx = (struct transaction){ 0 };
    arena_free(&s->tx_arena);
    if (s->state != SMTP_START) s->state = SMTP_READY;
}

/* --- one command ------------------------------------------------------------------------------ */

enum err smtp_greet(struct smtp *s)
{
    str name = smtp_is_lmtp(s) ? S(" LMTP Posthorn") : S(" ESMTP Posthorn");
    str text = arena_concat(&s->command, (str[]){ smtp_hostname(s), name }, 2);
    return smtp_reply(s, 220, "", text);
}

/* A command is text: anything else is a stranger's trick or a broken client. */
static bool is_text_line(str line)
{
    str text = str_take(line, line.n - 2);
    return !str_has(text, '\r') && !str_has(text, '\0');
}

static bool is_spoken(const struct smtp *s, const struct command *c)
{
    unsigned here = smtp_is_lmtp(s) ? SPOKEN_IN_LMTP : SPOKEN_IN_SMTP;
    if (s->may_xclient) here |= XCLIENT;
    return c->spoken & here;
}

static const struct command *find_command(const struct smtp *s, str verb)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (str_ieq(verb, commands[i].verb) && is_spoken(s, &commands[i])) return &commands[i];
    return NULL;
}

str smtp_verbs(struct smtp *s)
{
    struct buf b = buf_make(SMTP_LINE_BYTES);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (!is_spoken(s, &commands[i])) continue;
        if (b.n) buf_addc(&b, ' ');
        buf_add(&b, commands[i].verb);
    }
    str text = arena_copy(&s->command, buf_str(&b));
    buf_free(&b);
    return text;
}

enum err smtp_say_hello_first(struct smtp *s)
{
    return smtp_reply(s, 503, "5.5.1", smtp_is_lmtp(s) ? S("say LHLO first") : S("say EHLO first"));
}

static enum err wrong_state(struct smtp *s)
{
    if (s->state == SMTP_START) return smtp_say_hello_first(s);
    if (s->state == SMTP_READY) return smtp_reply(s, 503, "5.5.1", S("say MAIL first"));
    if (s->state == SMTP_CHUNKS) return smtp_reply(s, 503, "5.5.1", S("BDAT goes on; or RSET"));
    return smtp_reply(s, 503, "5.5.1", S("not within a transaction"));
}

static enum err run(struct smtp *s, str line)
{
    str text = str_trim(line);
    size_t space = str_chr(text, ' ');
    str verb = str_take(text, space),
        args = space == STR_NPOS ? S("") : str_trim(str_from(text, space));
    const struct command *command = find_command(s, verb);
    if (!command) {
        s->fruitless++;
        log_event(LOG_INFO, "smtp.bad_command", conn_id(s->conn),
                  F_STR("line", str_take(text, 80)));
        if (conn_line_is_http(line)) return smtp_bye(s, "4.7.0", S("is no web server"));
        return smtp_reply(s, 500, "5.5.1", S("command not known"));
    }
    if (command->run != smtp_rcpt) s->fruitless++;
    enum err e = command->states & s->state ? command->run(s, args) : wrong_state(s);
    if (e && e != ERR_GONE)
        log_event(LOG_INFO, "smtp.refused", conn_id(s->conn), F_STR("command", command->verb),
                  F_NUM("code", s->last_code), F_STR("why", s->last_text));
    else
        log_event(LOG_DEBUG, "smtp.command", conn_id(s->conn), F_STR("command", command->verb),
                  F_NUM("code", s->last_code));
    return e;
}

/* RFC 5321 2.3.8: LF alone ends no line. What looks like two lines to one program and like one to
 * another is how commands are smuggled: none that follows is believed. */
enum err smtp_bare_lf(struct smtp *s)
{
    s->closing = true;
    return smtp_reply(s, 500, "5.5.2", S("lines end in CRLF, goodbye"));
}

/* Read one line and answer it. Waits. */
static enum err command(struct smtp *s)
{
    str line;
    enum err e = conn_line(s->conn, SMTP_LINE_BYTES, &line);
    if (e == ERR_GONE) return e;
    if (e == ERR_LIMIT || e == ERR_DENIED) {
        budget_struck(BUDGET_SMTP_LINE);
        s->closing = e == ERR_DENIED;
        return smtp_reply(s, 500, "5.5.2", S("line too long"));
    }
    if (!str_ends(line, S("\r\n"))) return smtp_bare_lf(s);
    if (!is_text_line(line)) {
        /* The bytes that were to follow a chunk's command are never commands themselves. */
        s->closing = str_istarts(line, S("BDAT"));
        return smtp_reply(s, 500, "5.5.2", S("lines are text and end in CRLF"));
    }
    return run(s, arena_copy(&s->command, line));
}

/* Who was removed or suspended, or whose password was changed, is no longer here. */
enum err smtp_stay_over(struct smtp *s)
{
    return smtp_bye(s, "4.7.0", S("your account has changed, log in anew"));
}

static void serve_command(struct smtp *s)
{
    unsigned command_ms = (unsigned)s->server->settings->command_ms;
    conn_deadline(s->conn, smtp_awaits_login(s) ? smtp_patience_ms(s) : command_ms);
    enum err e = command(s);
    if (e == ERR_DENIED) smtp_guard_error(s);
    if (e == ERR_DENIED && ++s->errors >= s->server->settings->errors_max && !s->closing) {
        budget_struck(BUDGET_SMTP_ERRORS);
        smtp_bye(s, "4.7.0", S("too many errors"));
    }
    smtp_judge_stranger(s);
    if (smtp_awaits_login(s)) conn_park_for(s->conn, smtp_patience_ms(s));
}

/* --- what conn calls -------------------------------------------------------------------------- */

static const char *const roles[] = {
    [SMTP_MX] = "mx", [SMTP_SUBMISSION] = "submission", [SMTP_LMTP] = "lmtp"
};

void smtp_log_peer(struct smtp *s)
{
    struct buf peer = buf_make(128);
    netaddr_text(conn_peer(s->conn), &peer);
    log_event(LOG_INFO, "smtp.connected", conn_id(s->conn), F_STR("peer", buf_str(&peer)),
              F_CSTR("role", roles[s->server->role]));
    buf_free(&peer);
}

static bool is_listed(const struct setting_nets *nets, const struct netaddr *peer)
{
    for (size_t i = 0; i < nets->n; i++)
        if (netblock_has(&nets->items[i], peer)) return true;
    return false;
}

static void *session_open(void *listener_arg, struct conn *c)
{
    const struct smtp_server *server = listener_arg;
    struct smtp *s = MEM_NEW(struct smtp);
    *s = (struct smtp){
        .conn = c,
        .server = server,
        .state = SMTP_START,
        .helo = buf_make(SMTP_HELO_BYTES),
        .session = arena_make(SMTP_COMMAND_BYTES),
        .command = arena_make(SMTP_COMMAND_BYTES),
        .tx_arena = arena_make(SMTP_TX_BYTES),
    };
    s->may_xclient = is_listed(&server->settings->xclient, conn_peer(c));
    s->opened_us = loop_now_us(conn_loop(c));
    conn_park_for(c, smtp_patience_ms(s));
    smtp_log_peer(s);
    return s;
}

/* Between commands no stack and no buffer is kept: only the fields. */
static enum serve session_serve(void *session, enum conn_why why)
{
    struct smtp *s = session;
    bool stranger = !s->logged_in;
    switch (why) {
    case CONN_STARTED:
        if (smtp_guard_welcome(s)) (void)smtp_greet(s);
        break;
    case CONN_INPUT:
    case CONN_WOKEN:
        if (s->stay.over)
            (void)smtp_stay_over(s);
        else if (why == CONN_INPUT)
            serve_command(s);
        break;
    case CONN_TIMEOUT: smtp_timeout(s); break;
    case CONN_DRAIN: (void)smtp_bye(s, "4.3.2", S("going down, try again soon")); break;
    }
    /* Strangers' lines have passwords in them. */
    if (stranger)
        arena_wipe(&s->command);
    else
        arena_free(&s->command);
    return s->closing || conn_gone(s->conn) ? SERVE_CLOSE : SERVE_PARK;
}

static void session_closed(void *session)
{
    struct smtp *s = session;
    log_event(LOG_INFO, "smtp.closed", conn_id(s->conn), F_NUM("in", conn_bytes_in(s->conn)),
              F_NUM("out", conn_bytes_out(s->conn)), F_NUM("errors", s->errors));
    s->state = SMTP_START;
    auth_stay_end(&s->stay);
    smtp_forget_transaction(s);
    buf_free(&s->helo);
    arena_free(&s->session);
    arena_free(&s->command);
    mem_free(s);
}

const struct conn_handler smtp_handler = {
    .open = session_open,
    .serve = session_serve,
    .closed = session_closed,
    .busy = S_INIT("421 4.3.2 too many connections, try again later\r\n"),
    .farewell = S_INIT("421 4.3.2 going down, try again soon\r\n"),
    .conns = METRIC_CONNS_SMTP,
};
