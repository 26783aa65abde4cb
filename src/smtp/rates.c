/* rates.c - how much a user sends within an hour: a stolen password shall not send a million
 * letters.
 *
 * Each user has two counts, of this hour and of the one before; what counts is this one's and the
 * part of the former that lies less than an hour back. Forgotten when the process ends.
 */
#include "base/budget.h"
#include "base/limits.h"
#include "base/map.h"
#include "run/lock.h"
#include "smtp/smtp_int.h"

#define HOUR_US (UINT64_C(3600) * 1000000)

struct sender {
    uint64_t account, hour;
    uint64_t now[RATE_KINDS], before[RATE_KINDS];
};

struct smtp_rates {
    const struct smtp_settings *settings;
    struct lock lock; /* guards senders: sessions of all workers ask */
    struct map *senders;
};

struct smtp_rates *smtp_rates_new(struct seam *seam, const struct smtp_settings *settings)
{
    struct smtp_rates *r = MEM_NEW(struct smtp_rates);
    uint8_t seed[16];
    seam_random(seam, seed, sizeof(seed));
    *r = (struct smtp_rates){ .settings = settings, .senders = map_new(SMTP_RATE_USERS, seed) };
    lock_init(&r->lock);
    return r;
}

static bool free_sender(void *arg, str key, void *value)
{
    (void)arg, (void)key;
    mem_free(value);
    return true;
}

void smtp_rates_free(struct smtp_rates *r)
{
    if (!r) return;
    map_each(r->senders, free_sender, NULL);
    map_free(r->senders);
    lock_end(&r->lock);
    mem_free(r);
}

/* --- counting --------------------------------------------------------------------------------- */

static str key_of(const uint64_t *account)
{
    return (str){ (const char *)account, sizeof(*account) };
}

struct oldest {
    uint64_t hour;
    struct sender *sender;
};

static bool find_idle(void *arg, str key, void *value)
{
    struct oldest *o = arg;
    struct sender *sender = value;
    (void)key;
    if (sender->hour + 1 < o->hour) o->sender = sender;
    return !o->sender;
}

/* NULL: so many users send at once that this one is not counted. */
static struct sender *sender_new(struct smtp_rates *r, uint64_t account, uint64_t hour)
{
    struct sender *sender = MEM_NEW(struct sender);
    *sender = (struct sender){ .account = account, .hour = hour };
    if (!map_put(r->senders, key_of(&sender->account), sender)) return sender;
    struct oldest o = { .hour = hour };
    map_each(r->senders, find_idle, &o);
    if (o.sender) mem_free(map_take(r->senders, key_of(&o.sender->account)));
    if (o.sender && !map_put(r->senders, key_of(&sender->account), sender)) return sender;
    mem_free(sender);
    return NULL;
}

static void turn_hours(struct sender *sender, uint64_t hour)
{
    if (sender->hour == hour) return;
    for (size_t i = 0; i < RATE_KINDS; i++) {
        sender->before[i] = sender->hour + 1 == hour ? sender->now[i] : 0;
        sender->now[i] = 0;
    }
    sender->hour = hour;
}

static bool count(struct smtp_rates *r, uint64_t account, enum smtp_rate kind, uint64_t limit,
                  uint64_t now_us)
{
    uint64_t hour = now_us / HOUR_US, left_us = HOUR_US - now_us % HOUR_US;
    struct sender *sender = map_get(r->senders, key_of(&account));
    if (!sender) sender = sender_new(r, account, hour);
    if (!sender) return true;
    turn_hours(sender, hour);
    uint64_t former = sender->before[kind] * (left_us / 1000000) / (HOUR_US / 1000000);
    if (sender->now[kind] + former >= limit) return false;
    sender->now[kind]++;
    return true;
}

bool smtp_rate_take(struct smtp_rates *r, struct account who, enum smtp_rate kind, uint64_t now_us)
{
    uint64_t limit = kind == RATE_MESSAGES ? r->settings->user_messages : r->settings->user_rcpts;
    if (!limit) return true;
    lock_take(&r->lock);
    bool taken = count(r, who.n, kind, limit, now_us);
    lock_drop(&r->lock);
    return taken;
}

enum err smtp_rate(struct smtp *s, enum smtp_rate kind)
{
    const struct smtp_settings *settings = s->server->settings;
    if (!s->logged_in || !s->server->rates) return OK;
    if (smtp_rate_take(s->server->rates, s->login.account, kind, loop_now_us(conn_loop(s->conn))))
        return OK;
    bool messages = kind == RATE_MESSAGES;
    budget_struck(messages ? BUDGET_ACCOUNT_MESSAGES : BUDGET_ACCOUNT_RCPTS);
    uint64_t limit = messages ? settings->user_messages : settings->user_rcpts;
    str text = arena_fmt(&s->command, "at most %llu %s an hour for one user, try again later",
                         (unsigned long long)limit, messages ? "messages" : "recipients");
    return smtp_reply(s, 450, "4.7.1", text);
}
