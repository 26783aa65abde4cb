/* answer.c - what a command answers: one function turns errors into words.
 *
 * RFC 9051 7.1, response codes RFC 5530.
 */
#include "imap/session_int.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/fiber.h"

void imap_send(struct imap *s)
{
    if (s->reply.refused)
        log_event(LOG_WARN, "imap.bad_command", conn_id(s->conn),
                  F_CSTR("why", "a reply held what it may not, and was cleaned"));
    s->reply.refused = false;
    if (!s->cut) conn_write(s->conn, buf_str(&s->reply.out));
    /* A response that did not fit its buffer is cut in the middle: nothing valid can follow it. */
    if (s->reply.out.full) s->closing = s->cut = true;
    buf_reset(&s->reply.out);
}

void imap_went_on(struct imap *s)
{
    conn_deadline(s->conn, s->stay.over ? 0 : (unsigned)s->server->settings->command_ms);
}

void imap_send_some(struct imap *s)
{
    if (s->reply.out.n < IMAP_REPLY_FLUSH_BYTES) return;
    imap_send(s);
    imap_went_on(s);
    fiber_yield(); /* a client that takes everything at once shall not have the loop to itself */
}

enum err imap_no(struct imap *s, enum err e, str code, str text)
{
    s->answer.condition = S("NO");
    s->answer.code = code;
    s->answer.text = text;
    return e;
}

enum err imap_bad(struct imap *s, str text)
{
    s->answer.condition = S("BAD");
    s->answer.code = (str){ 0 };
    s->answer.text = text;
    return ERR_SYNTAX;
}

void imap_ok_code(struct imap *s, str code)
{
    s->answer.condition = S("OK");
    s->answer.code = code;
}

/* clang-format off */
static const struct { enum err err; str condition, code, text; } words[] = {
    { ERR_SYNTAX,   S_INIT("BAD"), S_INIT(""),              S_INIT("arguments not understood") },
    { ERR_DENIED,   S_INIT("NO"),  S_INIT("NOPERM"),        S_INIT("not allowed") },
    { ERR_NOTFOUND, S_INIT("NO"),  S_INIT("NONEXISTENT"),   S_INIT("no such mailbox") },
    { ERR_EXISTS,   S_INIT("NO"),  S_INIT("ALREADYEXISTS"), S_INIT("exists already") },
    { ERR_LIMIT,    S_INIT("NO"),  S_INIT("LIMIT"),         S_INIT("a limit of this server would be passed") },
    { ERR_LATER,    S_INIT("NO"),  S_INIT("UNAVAILABLE"),   S_INIT("not possible now, try again later") },
    { ERR_CONFLICT, S_INIT("NO"),  S_INIT("INUSE"),         S_INIT("somebody else changed it, try again") },
    { ERR_UNKNOWN,  S_INIT("NO"),  S_INIT("UNAVAILABLE"),   S_INIT("no answer from the store; it may have happened") },
    { ERR_TOO_OLD,  S_INIT("NO"),  S_INIT("UNAVAILABLE"),   S_INIT("too old to be continued, select the mailbox again") },
    { ERR_CORRUPT,  S_INIT("NO"),  S_INIT("CORRUPTION"),    S_INIT("the stored data is damaged") },
};
/* clang-format on */

void imap_answer(struct imap *s, str tag, str command, enum err e)
{
    str condition = s->answer.condition, code = s->answer.code, text = s->answer.text;
    if (e == ERR_LIMIT && !condition.n && s->purse.refused) {
        condition = S("NO");
        code = S("UNAVAILABLE");
        text = S("this takes more memory than there is now, try again later");
    }
    for (size_t i = 0; e && !condition.n && i < COUNT_OF(words); i++) {
        if (words[i].err != e) continue;
        condition = words[i].condition;
        code = words[i].code;
        text = words[i].text;
    }
    if (!condition.n) condition = S("OK");
    if (!text.n) text = arena_fmt(&s->arena, "%.*s completed", STR_ARG(command));
    reply_tagged(&s->reply, tag, condition, code, text);
    if (str_eq(condition, S("BAD"))) s->errors++;
    imap_send(s);
}

void imap_bye(struct imap *s, str code, str text)
{
    if (!s->closing) reply_untagged(&s->reply, S("BYE"), code, text);
    imap_send(s);
    s->closing = true;
}

enum err imap_cut(struct imap *s)
{
    if (loop_draining(conn_loop(s->conn)) && !conn_gone(s->conn))
        imap_bye(s, S("UNAVAILABLE"), S("the server is shutting down"));
    return ERR_GONE;
}
