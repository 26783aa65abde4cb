/* ehlo.c - EHLO and HELO: who the peer says it is, and what we can do. RFC 5321 4.1.1.1.
 *
 * A keyword is said only when what it promises works on this listener, now.
 */
#include "base/limits.h"
#include "mail/date.h"
#include "smtp/smtp_int.h"

static bool can_starttls(const struct smtp *s)
{
    return s->server->can_starttls && !conn_has_tls(s->conn);
}

bool smtp_auth_offered(const struct smtp *s)
{
    if (s->server->role != SMTP_SUBMISSION) return false;
    return conn_has_tls(s->conn) || s->server->auth_in_clear;
}

/* A greeting ends whatever transaction was open. RFC 5321 4.1.4. */
static void hello(struct smtp *s, str name, bool esmtp)
{
    s->state = SMTP_READY;
    smtp_forget_transaction(s);
    s->esmtp = esmtp;
    buf_reset(&s->helo);
    buf_add(&s->helo, str_take(name, SMTP_HELO_BYTES));
}

/* Many clients greet with a name that is none (RFC 5321 4.1.4: no reason to refuse mail); only its
 * absence is an error. It is shown in Received alone, made harmless there. */
static enum err no_name(struct smtp *s)
{
    return smtp_reply(s, 501, "5.5.4", S("say who you are"));
}

enum err smtp_helo(struct smtp *s, str args)
{
    if (!args.n) return no_name(s);
    hello(s, args, false);
    return smtp_reply(s, 250, "", smtp_hostname(s));
}

/* RFC 4865 4: how many seconds from now, and until when. */
static str future_release(struct smtp *s)
{
    uint64_t seconds = s->server->settings->hold_ms_max / 1000;
    struct buf b = buf_make(128);
    buf_addf(&b, "FUTURERELEASE %llu ", (unsigned long long)seconds);
    date_write_iso(&b, smtp_now_us(s) / 1000000 + (int64_t)seconds);
    str text = arena_copy(&s->command, buf_str(&b));
    buf_free(&b);
    return text;
}

bool smtp_can_hold(const struct smtp *s)
{
    return s->server->role == SMTP_SUBMISSION && s->server->settings->hold_ms_max;
}

static enum err offer(struct smtp *s)
{
    const struct smtp_settings *settings = s->server->settings;
    smtp_reply_more(s, 250, smtp_hostname(s));
    smtp_reply_more(s, 250, S("PIPELINING"));
    smtp_reply_more(
        s, 250, arena_fmt(&s->command, "SIZE %llu", (unsigned long long)settings->size_max_bytes));
    smtp_reply_more(s, 250, S("8BITMIME"));
    smtp_reply_more(s, 250, S("ENHANCEDSTATUSCODES"));
    if (can_starttls(s)) smtp_reply_more(s, 250, S("STARTTLS"));
    if (smtp_auth_offered(s)) smtp_reply_more(s, 250, S("AUTH PLAIN LOGIN"));
    smtp_reply_more(s, 250, S("DSN"));
    smtp_reply_more(s, 250, S("CHUNKING"));
    smtp_reply_more(s, 250, S("BINARYMIME"));
    if (conn_has_tls(s->conn)) smtp_reply_more(s, 250, S("REQUIRETLS"));
    smtp_reply_more(s, 250, S("DELIVERBY"));
    if (s->may_xclient) smtp_reply_more(s, 250, S("XCLIENT NAME ADDR PORT"));
    if (smtp_can_hold(s)) smtp_reply_more(s, 250, future_release(s));
    smtp_reply_more(s, 250, S("MT-PRIORITY"));
    smtp_reply_more(
        s, 250,
        arena_fmt(&s->command, "LIMITS RCPTMAX=%llu", (unsigned long long)settings->rcpts_max));
    return smtp_reply(s, 250, "", S("SMTPUTF8"));
}

enum err smtp_ehlo(struct smtp *s, str args)
{
    if (!args.n) return no_name(s);
    hello(s, args, true);
    return offer(s);
}

enum err smtp_lhlo(struct smtp *s, str args)
{
    return smtp_ehlo(s, args);
}
