/* server.c - an IMAP connection: greeting, one command after another, goodbye.
 *
 * RFC 9051 2.2, 5.4, 7.1.5. Between commands the session is parked: it then owns its struct, its
 * user's name and, while idling, a tag and a watch.
 */
#include "imap/session_int.h"

#include "base/budget.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "imap/parse_int.h"

/* --- input ---------------------------------------------------------------------------------- */
/* The end of a line that is not taken may announce a literal, whose bytes would then be read as
 * commands: so nothing more is read. */
static enum err lost(struct imap *s, str why)
{
    imap_bye(s, S(""), why);
    return ERR_GONE;
}

enum err imap_line(struct imap *s, str *line)
{
    str raw;
    bool stranger = s->state == NOT_AUTHENTICATED;
    enum err e =
        conn_line_strict(s->conn, stranger ? IMAP_LINE_UNAUTH_BYTES : IMAP_LINE_BYTES, &raw);
    if (e == ERR_DENIED) {
        budget_struck(stranger ? BUDGET_IMAP_STRANGER_LINE : BUDGET_IMAP_LINE);
        return lost(s, S("line too long"));
    }
    if (e) return e == ERR_GONE ? imap_cut(s) : e;
    /* RFC 9051 2.2: a bare LF is no line end. What looks like two lines to one program and like
     * one to another is how commands are smuggled. */
    if (!str_ends(raw, S("\r\n"))) return lost(s, S("lines end in CR LF"));
    *line = arena_copy(&s->arena, str_take(raw, raw.n - 2));
    return s->arena.full ? lost(s, S("command too large")) : OK;
}

enum err imap_swallow(struct imap *s, struct literal literal)
{
    bool stranger = s->state == NOT_AUTHENTICATED;
    do {
        if (literal.size_bytes > (stranger ? IMAP_SWALLOW_UNAUTH_BYTES : IMAP_SWALLOW_BYTES)) {
            budget_struck(BUDGET_IMAP_SWALLOWED);
            imap_bye(s, S("LIMIT"), S("literal too large to be passed over"));
            return ERR_GONE;
        }
        str line;
        enum err e = conn_skip(s->conn, literal.size_bytes);
        if (!e) e = imap_line(s, &line);
        if (e) return e;
        if (!parse_literal_follows(line, &literal)) return OK;
    } while (true);
}

/* What comes without being asked for is passed over, or it would be read as commands. */
static enum err no_room_for(struct imap *s, struct literal literal)
{
    s->arena.full = false; /* it was asked for too much, and has room for what follows */
    return !literal.sync && imap_swallow(s, literal) ? ERR_GONE : ERR_LIMIT;
}

enum err imap_literal(void *arg, struct literal literal, str *bytes, str *line)
{
    struct imap *s = arg;
    size_t size = (size_t)literal.size_bytes, n = 0;
    char *place = arena_alloc(&s->arena, size + 1);
    if (!place) return no_room_for(s, literal);
    if (literal.sync) {
        reply_words(&s->reply, S("+ go on"));
        reply_end(&s->reply);
        imap_send(s);
    }
    while (n < size) {
        str piece;
        enum err e = conn_read(s->conn, size - n, &piece);
        if (e) return e;
        bytes_copy(place + n, size - n, piece.p, piece.n);
        n += piece.n;
    }
    *bytes = (str){ place, size };
    return imap_line(s, line);
}

/* --- one command ---------------------------------------------------------------------------- */

/* What could not be read is answered, and what the client sent along with it is passed over. */
static void refuse(struct imap *s, const struct parse *p, str tag)
{
    struct literal literal;
    if (p->err == ERR_LIMIT) budget_struck(BUDGET_IMAP_COMMAND);
    log_event(LOG_DEBUG, "imap.bad_command", conn_id(s->conn), F_CSTR("why", p->why));
    if (p->err != ERR_GONE && parse_literal_follows(p->scan.in, &literal) &&
        imap_swallow(s, literal) == ERR_GONE)
        return;
    if (p->err == ERR_LIMIT && s->purse.refused) {
        reply_tagged(&s->reply, tag, S("NO"), S("UNAVAILABLE"),
                     S("no memory for it now, try again later"));
        imap_send(s);
        return;
    }
    str code = p->err == ERR_LIMIT ? S("TOOBIG") : (str){ 0 };
    reply_tagged(&s->reply, tag, S("BAD"), code, str_of(p->why));
    imap_send(s);
    s->errors++;
}

static void tell_modseq(struct imap *s, const struct command_row *row, enum err e)
{
    if (e || s->answer.code.n || !(row->how & TELLS_MODSEQ))
        imap_tell_highest_modseq(s);
    else
        imap_ok_code(s, arena_fmt(&s->arena, "HIGHESTMODSEQ %ju", (uintmax_t)s->told.modseq.n));
}

static enum err run(struct imap *s, const struct command_row *row, const struct command *c)
{
    enum err e = imap_numbers_allowed(s, c);
    if (!e) e = row->run(s, c);
    if (e != ERR_GONE && s->notify && (row->how & MOVES_MAILBOXES) && imap_notify_own(s, c))
        return ERR_GONE;
    if (!s->answer.sent) imap_tell_metadata_news(s);
    if (e == ERR_GONE || s->closing || s->state != SELECTED || s->answer.sent) return e;
    bool expunges = !(row->how & USES_SEQ) || c->uid;
    /* RFC 7162 3.2.5: what SELECT tells is of one moment. What came since waits for the next
     * command: with it a client would take a HIGHESTMODSEQ for one up to which it has heard all. */
    if (row->run == imap_select) return e;
    if (imap_sync(s, expunges, NULL) == ERR_GONE) return ERR_GONE;
    /* Not while expunges are held back: who came back with that number would never hear of them. */
    bool owes = s->owes_modseq && (s->enabled & ENABLED_CONDSTORE) && !s->told.held.n;
    if (owes) tell_modseq(s, row, e);
    imap_limit_tell(s, e);
    return e;
}

static void serve_command(struct imap *s, str line)
{
    struct command c;
    const struct parse_limits *limits =
        s->state == NOT_AUTHENTICATED ? &parse_limits_anyone : &parse_limits_user;
    struct parse p = parse_begin(line, &s->arena, limits, imap_literal, s);
    p.utf8 = s->enabled & ENABLED_UTF8;
    p.rev2 = s->enabled & ENABLED_REV2;
    if (parse_name(&p, &c)) {
        refuse(s, &p, c.tag);
        return;
    }
    const struct command_row *row = &imap_commands[c.what];
    if (!(row->states & s->state)) parse_fail(&p, "this command is not for the present state");
    bool secret = c.what == VERB_LOGIN || c.what == VERB_AUTHENTICATE;
    if (secret) conn_trace_mask(s->conn, true);
    enum err e = parse_arguments(&p, &c);
    if (secret) conn_trace_mask(s->conn, false);
    if (e) {
        if (e == ERR_GONE) return;
        refuse(s, &p, c.tag);
        return;
    }
    imap_progress_begin(s, c.tag);
    e = run(s, row, &c);
    if (e == ERR_GONE) {
        (void)imap_cut(s);
        s->closing = true;
        return;
    }
    if (!s->answer.sent) imap_answer(s, c.tag, row->name, e);
    log_event(LOG_DEBUG, "imap.command", conn_id(s->conn), F_STR("command", row->name),
              F_CSTR("result", err_text(e)));
}

/* --- the connection ------------------------------------------------------------------------- */
static void greet(struct imap *s)
{
    struct buf code = buf_make(1024);
    buf_add(&code, S("CAPABILITY "));
    imap_capabilities(s, &code);
    reply_untagged(&s->reply, S("OK"), buf_str(&code), S("Posthorn is ready"));
    buf_free(&code);
    imap_send(s);
}

/* A stranger's time runs from the beginning, whatever he sends. */
static unsigned patience_ms(const struct imap *s)
{
    const struct imap_settings *settings = s->server->settings;
    if (s->state != NOT_AUTHENTICATED) return (unsigned)settings->idle_ms;
    uint64_t spent_ms = (loop_now_us(conn_loop(s->conn)) - s->opened_us) / 1000;
    return spent_ms < settings->login_ms ? (unsigned)(settings->login_ms - spent_ms) : 1;
}

/* Who has not logged in by so many commands or bytes will not. */
static void judge_stranger(struct imap *s)
{
    if (s->state != NOT_AUTHENTICATED || s->closing) return;
    uint64_t bytes = conn_bytes_in(s->conn) - s->strange_from;
    enum stranger judged = auth_stranger(s->server->auth, ++s->strange_commands, bytes);
    if (judged == STRANGER_WELCOME) return;
    budget_struck(judged == STRANGER_COMMANDS ? BUDGET_IMAP_STRANGER_COMMANDS
                                              : BUDGET_IMAP_STRANGER_BYTES);
    imap_bye(s, S("LIMIT"), S("too much was said before the log-in"));
}

static void serve_line(struct imap *s)
{
    str line;
    bool stranger = s->state == NOT_AUTHENTICATED;
    conn_deadline(s->conn, stranger ? patience_ms(s) : (unsigned)s->server->settings->command_ms);
    s->answer = (struct answer){ 0 };
    s->purse.refused = false;
    s->owes_modseq = false;
    s->limited_to = (struct uid){ 0 };
    enum err e = imap_line(s, &line);
    if (e)
        s->closing = true;
    else if (s->idling)
        e = imap_idle_line(s, line);
    else if (conn_line_is_http(line))
        imap_bye(s, S(""), S("this is no web server"));
    else
        serve_command(s, line);
    if (e == ERR_GONE || conn_gone(s->conn))
        s->closing = true;
    else if (s->errors > s->server->settings->errors_max) {
        budget_struck(BUDGET_IMAP_ERRORS);
        imap_bye(s, S(""), S("too many errors"));
    } else
        judge_stranger(s);
    imap_send(s);
    /* Strangers' lines have passwords in them. */
    if (stranger)
        arena_wipe(&s->arena);
    else
        arena_reset(&s->arena);
}

/* Who was removed or suspended, or whose password was changed, is no longer here. */
static bool is_over(struct imap *s)
{
    if (s->stay.over && !s->closing) imap_bye(s, S(""), S("your account has changed, log in anew"));
    return s->closing;
}

/* Whoever connects too often is told to come back later (RFC 5530 3). */
static void welcome(struct imap *s)
{
    struct guard *g = auth_guard(s->server->auth);
    if (guard_count(g, conn_peer(s->conn), GUARD_CONNECTIONS, 1, NULL) &&
        !guard_knows(g, conn_peer(s->conn)))
        imap_bye(s, S("LIMIT"), S("too many connections from your address lately"));
    else
        greet(s);
}

static enum serve serve(void *session, enum conn_why why)
{
    struct imap *s = session;
    conn_deadline(s->conn, (unsigned)s->server->settings->command_ms);
    if (why == CONN_STARTED) welcome(s);
    if (why == CONN_TIMEOUT) {
        budget_struck(s->state == NOT_AUTHENTICATED ? BUDGET_IMAP_LOGIN : BUDGET_IMAP_IDLE);
        imap_bye(s, S(""), S("idle for too long"));
    }
    if (why == CONN_DRAIN) imap_bye(s, S("UNAVAILABLE"), S("the server is shutting down"));
    if (!is_over(s) && why == CONN_WOKEN && (s->idling || s->notify) && imap_idle_woken(s)) {
        (void)imap_cut(s);
        s->closing = true;
    }
    if (!s->closing && why == CONN_INPUT) serve_line(s); /* also when it is the input's end */
    while (!is_over(s) && conn_line_ready(s->conn))
        serve_line(s);
    imap_send(s);
    buf_free(&s->reply.out);
    arena_free(&s->arena);
    conn_park_for(s->conn, patience_ms(s));
    return s->closing ? SERVE_CLOSE : SERVE_PARK;
}

static void *open_session(void *listener_arg, struct conn *c)
{
    struct imap *s = MEM_NEW(struct imap);
    s->conn = c;
    s->server = listener_arg;
    s->state = NOT_AUTHENTICATED;
    s->opened_us = loop_now_us(conn_loop(c));
    s->arena = imap_paid(s, arena_make(IMAP_MEMORY_BYTES));
    s->reply.out = buf_make(IMAP_REPLY_BYTES);
    conn_park_for(c, (unsigned)s->server->settings->login_ms);
    log_event(LOG_DEBUG, "imap.connected", conn_id(c), F_NUM("tls", conn_has_tls(c)));
    return s;
}

static void closed(void *session)
{
    struct imap *s = session;
    log_event(LOG_DEBUG, "imap.closed", conn_id(s->conn), F_STR("user", s->user),
              F_NUM("in_bytes", conn_bytes_in(s->conn)),
              F_NUM("out_bytes", conn_bytes_out(s->conn)));
    imap_idle_end(s);
    imap_notify_free(s);
    imap_told_free(s);
    imap_saved_clear(s);
    imap_contexts_free(s);
    arena_free(&s->arena);
    auth_stay_end(&s->stay); /* everything it paid for has been given back */
    buf_free(&s->reply.out);
    mem_free((void *)s->user.p);
    mem_free(s);
}

const struct conn_handler imap_handler = {
    .open = open_session,
    .serve = serve,
    .closed = closed,
    .busy = S_INIT("* BYE [UNAVAILABLE] too many connections, try again later\r\n"),
    .farewell = S_INIT("* BYE [UNAVAILABLE] the server is shutting down\r\n"),
    .conns = METRIC_CONNS_IMAP,
};
