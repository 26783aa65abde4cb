/* mail.c - MAIL FROM: begin a transaction. RFC 5321 4.1.1.2; RFC 6409 4.3, 6.1 on submission. */
#include "base/log.h"
#include "smtp/smtp_int.h"

enum { HOLD_SLACK_US = 60 * 1000 * 1000 }; /* clocks differ, and EHLO was a while ago */

static enum err refuse_params(struct smtp *s, enum params_fault fault)
{
    switch (fault) {
    case PARAMS_FINE: break;
    case PARAMS_SYNTAX: return smtp_reply(s, 501, "5.5.4", S("MAIL FROM:<address>"));
    case PARAMS_ADDRESS: return smtp_reply(s, 501, "5.1.7", S("that is no address"));
    case PARAMS_NEEDS_UTF8: return smtp_reply(s, 553, "5.6.7", S("that address needs SMTPUTF8"));
    case PARAMS_UNKNOWN:
        return smtp_reply(s, 555, "5.5.4", S("a parameter that is not known here"));
    case PARAMS_VALUE: return smtp_reply(s, 501, "5.5.4", S("a parameter has a bad value"));
    case PARAMS_MANY: return smtp_reply(s, 501, "5.5.4", S("too many parameters"));
    }
    return OK;
}

/* --- when, how and how urgently --------------------------------------------------------------- */

/* RFC 8689 4.1: what is asked for must hold on the way here already. */
static enum err judge_tls(struct smtp *s)
{
    if (!s->tx.mail.require_tls || conn_has_tls(s->conn)) return OK;
    return smtp_reply(s, 530, "5.7.10", S("REQUIRETLS only within TLS"));
}

/* RFC 4865 4, 5. */
static enum err judge_hold(struct smtp *s)
{
    const struct mail_params *m = &s->tx.mail;
    if (!m->held) return OK;
    if (!smtp_can_hold(s)) return smtp_reply(s, 555, "5.5.4", S("nothing is held for later here"));
    int64_t now_us = smtp_now_us(s), at_us = m->hold_until_s * 1000000;
    if (!m->hold_until_s) at_us = now_us + m->hold_for_s * 1000000;
    if (at_us - now_us > (int64_t)s->server->settings->hold_ms_max * 1000 + HOLD_SLACK_US)
        return smtp_reply(s, 554, "5.5.4", S("that is too far in the future"));
    if (at_us < now_us - HOLD_SLACK_US)
        return smtp_reply(s, 554, "5.5.4", S("that moment has passed"));
    s->tx.release_us = at_us > now_us ? at_us : 0;
    return OK;
}

/* RFC 2852 4: counted from now. */
static enum err judge_by(struct smtp *s)
{
    const struct mail_params *m = &s->tx.mail;
    if (!m->by) return OK;
    s->tx.by = (struct deliver_by){ .at_us = smtp_now_us(s) + m->by_s * 1000000,
                                    .notify = m->by_notify,
                                    .trace = m->by_trace };
    if (s->tx.release_us <= s->tx.by.at_us) return OK;
    return smtp_reply(s, 501, "5.5.4", S("it would be late before it may leave"));
}

/* RFC 6710 4.1: strangers do not overtake. */
static enum err accept_priority(struct smtp *s)
{
    const struct mail_params *m = &s->tx.mail;
    bool trusted = s->logged_in || smtp_is_lmtp(s);
    s->tx.priority = trusted || m->priority < 0 ? m->priority : 0;
    if (s->tx.priority == m->priority) return smtp_reply(s, 250, "2.1.0", S("sender ok"));
    return smtp_reply(s, 250, "2.3.6", S("0 is the priority that this message has here"));
}

/* --- who -------------------------------------------------------------------------------------- */

/* RFC 6409 6.1: a submitted message carries an address of whom it is from. The null sender is
 * everybody's who may send at all: receipts and vacation notices have it. */
static bool may_send(struct smtp *s, struct address sender)
{
    if (!s->logged_in) return true;
    return smtp_may_send_as(s, sender);
}

static enum err too_big(struct smtp *s)
{
    str text = arena_fmt(&s->command, "at most %llu bytes",
                         (unsigned long long)s->server->settings->size_max_bytes);
    return smtp_reply(s, 552, "5.3.4", text);
}

/* Everything that can be refused is refused before the transaction is open. */
static enum err judge(struct smtp *s, str args)
{
    struct transaction *tx = &s->tx;
    enum params_fault fault =
        smtp_mail_params(&s->tx_arena, arena_copy(&s->tx_arena, args), &tx->mail);
    if (fault) return refuse_params(s, fault);
    if (tx->mail.size_bytes > s->server->settings->size_max_bytes) return too_big(s);
    tx->sender = address_text(&s->tx_arena, tx->mail.sender);
    if (!may_send(s, tx->mail.sender))
        return smtp_reply(s, 550, "5.7.1", S("that sender address is not yours"));
    enum err e = judge_tls(s);
    if (!e) e = judge_hold(s);
    return e ? e : judge_by(s);
}

enum err smtp_mail(struct smtp *s, str args)
{
    if (s->server->role == SMTP_SUBMISSION && !s->logged_in)
        return smtp_reply(s, 530, "5.7.0", S("log in first"));
    enum err e = judge(s, args);
    if (!e) e = smtp_rate(s, RATE_MESSAGES);
    if (!e) e = smtp_guard(s, GUARD_MESSAGES);
    if (e) {
        smtp_forget_transaction(s);
        return e;
    }
    s->state = SMTP_MAIL;
    return accept_priority(s);
}
