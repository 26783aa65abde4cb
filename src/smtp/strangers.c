/* strangers.c - what an address may do before anybody logged in: counted by the guard, slowed, and
 * answered with "later" when it is too much. */
#include "base/budget.h"
#include "base/limits.h"
#include "base/log.h"
#include "run/fiber.h"
#include "smtp/smtp_int.h"

static const str too_many[] = {
    [GUARD_CONNECTIONS] = S_INIT("too many connections from your address lately, try again later"),
    [GUARD_MESSAGES] = S_INIT("too many messages from your address lately, try again later"),
    [GUARD_RCPTS] = S_INIT("too many recipients from your address lately, try again later"),
    [GUARD_ERRORS] = S_INIT("too many errors from your address lately, try again later"),
};

/* Who comes to submit from where somebody logged in lately is judged by the log-in alone. */
static struct guard *guard_of(const struct smtp *s)
{
    struct guard *g = auth_guard(s->server->auth);
    if (s->server->role == SMTP_LMTP || s->logged_in) return NULL;
    bool comes_home = s->server->role == SMTP_SUBMISSION && guard_knows(g, conn_peer(s->conn));
    return comes_home ? NULL : g;
}

static void report(struct smtp *s, enum guard_kind kind)
{
    log_event(LOG_WARN, "guard.refused", conn_id(s->conn), F_STR("why", too_many[kind]));
}

/* The answer comes later, the more has been asked. */
static enum err wait_ms(struct smtp *s, unsigned ms)
{
    if (!ms) return OK;
    return fiber_sleep_until(seam_mono_us(loop_seam(conn_loop(s->conn))) + ms * UINT64_C(1000));
}

enum err smtp_guard(struct smtp *s, enum guard_kind kind)
{
    unsigned delay_ms;
    if (guard_count(guard_of(s), conn_peer(s->conn), kind, 1, &delay_ms)) {
        report(s, kind);
        return smtp_reply(s, 450, "4.7.1", too_many[kind]);
    }
    return wait_ms(s, delay_ms);
}

void smtp_guard_error(struct smtp *s)
{
    unsigned delay_ms;
    if (guard_count(guard_of(s), conn_peer(s->conn), GUARD_ERRORS, 1, &delay_ms)) {
        report(s, GUARD_ERRORS);
        smtp_bye(s, "4.7.0", too_many[GUARD_ERRORS]);
        return;
    }
    if (wait_ms(s, delay_ms)) s->closing = true;
}

bool smtp_guard_welcome(struct smtp *s)
{
    static const enum guard_kind kinds[] = { GUARD_CONNECTIONS, GUARD_ERRORS };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        unsigned delay_ms, n = kinds[i] == GUARD_CONNECTIONS;
        if (guard_count(guard_of(s), conn_peer(s->conn), kinds[i], n, &delay_ms)) {
            report(s, kinds[i]);
            smtp_bye(s, "4.7.0", too_many[kinds[i]]);
            return false;
        }
        if (wait_ms(s, delay_ms)) return false;
    }
    return true;
}

/* --- one session ------------------------------------------------------------------------------ */

bool smtp_awaits_login(const struct smtp *s)
{
    return s->server->role == SMTP_SUBMISSION && !s->logged_in && s->server->settings->login_ms;
}

/* The time to log in runs from the beginning, whatever is said meanwhile. */
unsigned smtp_patience_ms(const struct smtp *s)
{
    const struct smtp_settings *settings = s->server->settings;
    if (!smtp_awaits_login(s)) return (unsigned)settings->idle_ms;
    uint64_t spent_ms = (loop_now_us(conn_loop(s->conn)) - s->opened_us) / 1000;
    uint64_t left_ms = spent_ms < settings->login_ms ? settings->login_ms - spent_ms : 1;
    return (unsigned)(left_ms < settings->idle_ms ? left_ms : settings->idle_ms);
}

void smtp_timeout(struct smtp *s)
{
    uint64_t open_ms = (loop_now_us(conn_loop(s->conn)) - s->opened_us) / 1000;
    bool login = smtp_awaits_login(s) && open_ms + 1 >= s->server->settings->login_ms;
    budget_struck(login ? BUDGET_SMTP_LOGIN : BUDGET_SMTP_IDLE);
    if (login)
        (void)smtp_bye(s, "4.7.0", S("no log-in for too long"));
    else
        (void)smtp_bye(s, "4.4.2", S("nothing heard for too long"));
}

/* Networks that are trusted, and other mail systems of ours over LMTP, may say what they like. */
void smtp_judge_stranger(struct smtp *s)
{
    bool submission = s->server->role == SMTP_SUBMISSION;
    bool trusted = s->server->role == SMTP_LMTP ||
                   guard_trusts(auth_guard(s->server->auth), conn_peer(s->conn));
    if (s->closing || s->logged_in || (trusted && !submission)) return;
    if (submission && auth_stranger(s->server->auth, s->fruitless, 0) == STRANGER_WELCOME) return;
    if (!submission && s->fruitless <= SMTP_FRUITLESS_COMMANDS) return;
    budget_struck(submission ? BUDGET_SMTP_STRANGER_COMMANDS : BUDGET_SMTP_FRUITLESS);
    (void)smtp_bye(s, "4.7.0",
                   submission ? S("too many commands before the log-in")
                              : S("too many commands without a message"));
}
