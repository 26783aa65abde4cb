/* mail.c - MAIL FROM: begin a transaction. RFC 5321 4.1.1.2; RFC 6409 4.3, 6.1 on submission. */
#include "base/log.h"
#include "smtp/smtp_int.h"

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

/* RFC 6409 6.1: a submitted message carries an address of whom it is from. The null sender is
 * everybody's who may send at all: receipts and vacation notices have it. */
static bool may_send(struct smtp *s, struct address sender)
{
    struct address folded;
    if (!s->logged_in) return true;
    str as = s->login.address;
    if (!address_is_null(sender)) {
        if (!address_fold(&s->command, sender, &folded)) return false;
        as = address_text(&s->command, folded);
    }
    struct view *v = store_view(s->server->store);
    bool may = v && auth_may_send_as(v, &s->login, as);
    if (v) view_end(v);
    return may;
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
    return OK;
}

enum err smtp_mail(struct smtp *s, str args)
{
    if (s->server->role == SMTP_SUBMISSION && !s->logged_in)
        return smtp_reply(s, 530, "5.7.0", S("log in first"));
    enum err e = judge(s, args);
    if (e) {
        smtp_forget_transaction(s);
        return e;
    }
    s->state = SMTP_MAIL;
    return smtp_reply(s, 250, "2.1.0", S("sender ok"));
}
