/* starttls.c - STARTTLS: from clear text to TLS, with nothing carried over. RFC 3207.
 *
 * Bytes that came behind the command in clear would otherwise be executed as if they had come
 * inside TLS (a whole family of holes): the session is refused.
 */
#include "base/log.h"
#include "smtp/smtp_int.h"

/* RFC 3207 4.2: knowledge from before the handshake is discarded, the EHLO included. */
void smtp_forget_all(struct smtp *s)
{
    s->state = SMTP_START;
    smtp_forget_transaction(s);
    s->esmtp = false;
    s->logged_in = false;
    auth_stay_end(&s->stay);
    conn_class(s->conn, FIBER_STRANGER);
    conn_owner(s->conn, 0);
    buf_reset(&s->helo);
    arena_free(&s->session);
    s->login = (struct login){ 0 };
}

enum err smtp_starttls(struct smtp *s, str args)
{
    if (args.n) return smtp_reply(s, 501, "5.5.4", S("STARTTLS takes no argument"));
    if (conn_has_tls(s->conn)) return smtp_reply(s, 503, "5.5.1", S("TLS is on"));
    if (!s->server->can_starttls) return smtp_reply(s, 502, "5.5.1", S("no TLS here"));
    if (conn_buffered(s->conn)) {
        conn_discard_input(s->conn);
        s->closing = true;
        return smtp_reply(s, 503, "5.5.1", S("nothing may follow STARTTLS before its answer"));
    }
    (void)smtp_reply(s, 220, "2.0.0", S("go ahead"));
    if (conn_flush(s->conn)) return ERR_GONE;
    smtp_forget_all(s);
    if (conn_starttls(s->conn)) {
        log_event(LOG_INFO, "tls.failed", conn_id(s->conn), F_CSTR("protocol", "smtp"));
        s->closing = true;
        return ERR_GONE;
    }
    return OK;
}
