/* guard.c - buckets that drain, by address, by network, and by account. */
#include "auth/guard.h"

#include "base/budget.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "run/lock.h"

/* clang-format off */
#define LIMIT(kind) (offsetof(struct guard_settings, per_hour) + (kind) * sizeof(uint64_t))
static const struct setting rows[] = {
    { "connections",      SET_COUNT,    LIMIT(GUARD_CONNECTIONS), "3000",  0, 1000000000, NULL, "Connections an hour from one address (IPv6: one /64); 0: no limit, as in all of these." },
    { "messages",         SET_COUNT,    LIMIT(GUARD_MESSAGES),    "3000",  0, 1000000000, NULL, "Messages an hour from one address." },
    { "recipients",       SET_COUNT,    LIMIT(GUARD_RCPTS),       "10000", 0, 1000000000, NULL, "Recipients an hour from one address." },
    { "errors",           SET_COUNT,    LIMIT(GUARD_ERRORS),      "300",   0, 1000000000, NULL, "Refused commands and unknown recipients an hour from one address." },
    { "failures",         SET_COUNT,    LIMIT(GUARD_FAILURES),    "30",    0, 1000000000, NULL, "Failed log-ins an hour from one address." },
    { "account_failures", SET_COUNT,    offsetof(struct guard_settings, account_failures), "60", 0, 1000000000, NULL, "Failed log-ins an hour as one user, from all addresses where the user did not log in lately." },
    { "network_factor",   SET_COUNT,    offsetof(struct guard_settings, network_factor),   "4",  1, 1000,       NULL, "A network (/24, IPv6: /48) may do so many times what an address may." },
    { "delay_max",        SET_DURATION, offsetof(struct guard_settings, delay_max_ms),     "10s", 0, 60000,     NULL, "Past half of a limit answers come later and later, up to this." },
    { "known",            SET_DURATION, offsetof(struct guard_settings, known_ms),         "30d", 0, UINT64_C(31536000000), NULL, "An address where a user logged in stays known for so long, and is not locked out for what others do." },
    { "trusted",          SET_NETWORKS, offsetof(struct guard_settings, trusted),          "127.0.0.0/8, ::1", 0, 0, NULL, "Networks that are never limited." },
};
/* clang-format on */
const struct settings_section guard_section = {
    .name = "guard",
    .size = sizeof(struct guard_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "What strangers may do too much of. All of it is lifted by itself within two hours.",
};

static const char *const kind_words[] = { "connections", "messages", "recipients", "errors",
                                          "failed log-ins" };
static const enum budget kind_budgets[] = {
    [GUARD_CONNECTIONS] = BUDGET_ADDRESS_CONNS_HOUR,
    [GUARD_MESSAGES] = BUDGET_ADDRESS_MESSAGES,
    [GUARD_RCPTS] = BUDGET_ADDRESS_RCPTS,
    [GUARD_ERRORS] = BUDGET_ADDRESS_ERRORS,
    [GUARD_FAILURES] = BUDGET_ADDRESS_FAILURES,
};
static const double hour_us = 3600.0 * 1e6;

struct bucket {
    float level; /* as of at_us */
    uint64_t at_us;
};

/* What is known of an address, a network, an account, or an account at an address. */
struct entry {
    struct list node; /* of its shelf: used lately first */
    struct buf key;
    uint64_t known_until_us;
    struct bucket buckets[GUARD_KINDS];
};

/* Entries that push each other out. Where people logged in is kept apart from what strangers do:
 * however many these are, they do not make us forget those. */
struct shelf {
    struct list recent;
    size_t n, max;
};

struct guard {
    struct seam *seam;
    const struct guard_settings *settings;
    uint8_t key[16];
    struct lock lock; /* guards what follows */
    struct map *entries;
    struct shelf strangers, known;
    uint8_t judging[GUARD_TURN_SLOTS]; /* log-ins under way, by a hash of account or address */
};

static void shelf_init(struct shelf *shelf, size_t max)
{
    list_init(&shelf->recent);
    shelf->max = max;
}

struct guard *guard_new(struct seam *seam, const struct guard_settings *s)
{
    struct guard *g = MEM_NEW(struct guard);
    *g = (struct guard){ .seam = seam, .settings = s };
    seam_random(seam, g->key, sizeof g->key);
    lock_init(&g->lock);
    shelf_init(&g->strangers, GUARD_ENTRIES);
    shelf_init(&g->known, GUARD_KNOWN);
    g->entries = map_new(GUARD_ENTRIES + GUARD_KNOWN, g->key);
    return g;
}

static void entry_free(struct guard *g, struct shelf *shelf, struct entry *e)
{
    map_take(g->entries, buf_str(&e->key));
    list_remove(&e->node);
    shelf->n--;
    buf_free(&e->key);
    mem_free(e);
}

static void shelf_clear(struct guard *g, struct shelf *shelf)
{
    LIST_EACH_SAFE(&shelf->recent, node)
        entry_free(g, shelf, CONTAINER_OF(node, struct entry, node));
}

void guard_free(struct guard *g)
{
    if (!g) return;
    shelf_clear(g, &g->strangers);
    shelf_clear(g, &g->known);
    map_free(g->entries);
    lock_end(&g->lock);
    mem_free(g);
}

/* --- entries ---------------------------------------------------------------------------------- */

/* What a key is of is its first letter. */
enum { OF_NETWORK = 'n', OF_ACCOUNT = 'u', OF_PAIR = 'k', OF_HOST = 'h' };

static struct shelf *shelf_of(struct guard *g, str key)
{
    return key.p[0] == OF_PAIR || key.p[0] == OF_HOST ? &g->known : &g->strangers;
}

/* One that is there, or NULL. */
static struct entry *entry_find(struct guard *g, str key)
{
    struct entry *e = map_get(g->entries, key);
    if (!e) return NULL;
    list_remove(&e->node);
    list_push_front(&shelf_of(g, key)->recent, &e->node);
    return e;
}

/* The one that was used least lately gives way: a bounded table, whatever strangers do. */
static struct entry *entry_of(struct guard *g, str key)
{
    struct shelf *shelf = shelf_of(g, key);
    struct entry *e = entry_find(g, key);
    if (e) return e;
    if (shelf->n >= shelf->max)
        entry_free(g, shelf, CONTAINER_OF(shelf->recent.prev, struct entry, node));
    e = MEM_NEW(struct entry);
    *e = (struct entry){ .key = buf_make(GUARD_KEY_BYTES) };
    buf_add(&e->key, key);
    if (map_put(g->entries, key, e)) {
        buf_free(&e->key);
        mem_free(e);
        return NULL;
    }
    list_push_front(&shelf->recent, &e->node);
    shelf->n++;
    return e;
}

static void key_add_bits(struct buf *key, const struct netaddr *a, unsigned bytes)
{
    buf_addc(key, a->family == NET_IP6 ? '6' : '4');
    buf_add(key, (str){ (const char *)a->ip, bytes });
}

static void address_key(struct buf *key, const struct netaddr *peer)
{
    key_add_bits(key, peer, peer->family == NET_IP6 ? 8 : 4);
}

static void network_key(struct buf *key, const struct netaddr *peer)
{
    buf_addc(key, OF_NETWORK);
    key_add_bits(key, peer, peer->family == NET_IP6 ? 6 : 3);
}

/* One machine: of IPv6 not its /64, in which others may live. */
static void host_key(struct buf *key, const struct netaddr *peer)
{
    buf_addc(key, OF_HOST);
    key_add_bits(key, peer, peer->family == NET_IP6 ? 16 : 4);
}

/* Users by their lower-case names: what is tried need not exist, so it is not looked up. */
static void account_key(struct buf *key, str user)
{
    buf_addc(key, OF_ACCOUNT);
    user = str_trim(str_take(user, ADDRESS_BYTES));
    for (size_t i = 0; i < user.n; i++)
        buf_addc(key, ascii_lower(user.p[i]));
}

static void pair_key(struct buf *key, const struct netaddr *peer, str user)
{
    buf_addc(key, OF_PAIR);
    address_key(key, peer);
    account_key(key, user);
}

static bool is_free(const struct guard *g, const struct netaddr *peer)
{
    if (peer->family == NET_UNIX || peer->family == NET_NONE) return true;
    for (size_t i = 0; i < g->settings->trusted.n; i++)
        if (netblock_has(&g->settings->trusted.items[i], peer)) return true;
    return false;
}

/* --- buckets ---------------------------------------------------------------------------------- */

static double level_of(struct bucket *b, uint64_t now_us, double limit)
{
    double level = (double)b->level - (double)(now_us - b->at_us) / hour_us * limit;
    b->level = level > 0 ? (float)level : 0;
    b->at_us = now_us;
    return (double)b->level;
}

/* How full, of 1: at 1 it is refused. Never so full that it takes more than two hours to drain. */
static double fill(struct bucket *b, uint64_t now_us, uint64_t limit, unsigned n)
{
    if (!limit) return 0;
    double level = level_of(b, now_us, (double)limit) + n, most = 2 * (double)limit;
    b->level = (float)(level < most ? level : most);
    return (double)b->level / (double)limit;
}

static unsigned delay_at(const struct guard *g, double full)
{
    double over = full * 2 - 1;
    return over > 0 ? (unsigned)(over * over * (double)g->settings->delay_max_ms) : 0;
}

static enum err verdict(const struct guard *g, double full, enum budget budget, unsigned *delay_ms)
{
    if (full > 1) budget_struck(budget);
    if (delay_ms) *delay_ms = full > 1 ? 0 : delay_at(g, full);
    return full > 1 ? ERR_LATER : OK;
}

/* Who only asks makes no entry: names that are refused would push out what is known of others. */
static double fill_entry(struct guard *g, str key, enum guard_kind kind, uint64_t limit, unsigned n)
{
    struct entry *e = n ? entry_of(g, key) : entry_find(g, key);
    return e ? fill(&e->buckets[kind], seam_mono_us(g->seam), limit, n) : 0;
}

/* The entry of this key, if somebody logged in there lately. */
static struct entry *known_entry(struct guard *g, str key)
{
    struct entry *e = entry_find(g, key);
    return e && e->known_until_us > seam_mono_us(g->seam) ? e : NULL;
}

/* How full the worst bucket is that judges this address: its own and its network's; where somebody
 * logged in lately, its own alone. */
static double fill_address(struct guard *g, const struct netaddr *peer, enum guard_kind kind,
                           unsigned n)
{
    const struct guard_settings *s = g->settings;
    struct buf key = buf_make(GUARD_KEY_BYTES);
    host_key(&key, peer);
    struct entry *known = known_entry(g, buf_str(&key));
    if (known) {
        buf_free(&key);
        return fill(&known->buckets[kind], seam_mono_us(g->seam), s->per_hour[kind], n);
    }
    buf_reset(&key);
    address_key(&key, peer);
    double own = fill_entry(g, buf_str(&key), kind, s->per_hour[kind], n);
    buf_reset(&key);
    network_key(&key, peer);
    double net = fill_entry(g, buf_str(&key), kind, s->per_hour[kind] * s->network_factor, n);
    buf_free(&key);
    return own > net ? own : net;
}

/* --- counting --------------------------------------------------------------------------------- */

enum err guard_count(struct guard *g, const struct netaddr *peer, enum guard_kind kind, unsigned n,
                     unsigned *delay_ms)
{
    if (delay_ms) *delay_ms = 0;
    if (!g || is_free(g, peer)) return OK;
    lock_take(&g->lock);
    double full = fill_address(g, peer, kind, n);
    lock_drop(&g->lock);
    return verdict(g, full, kind_budgets[kind], delay_ms);
}

enum err guard_ask(struct guard *g, const struct netaddr *peer, enum guard_kind kind,
                   unsigned *delay_ms)
{
    return guard_count(g, peer, kind, 0, delay_ms);
}

/* --- log-ins ---------------------------------------------------------------------------------- */

/* The entry of the account at this address, if the account logged in there lately. */
static struct entry *known_pair(struct guard *g, const struct netaddr *peer, str user)
{
    struct buf key = buf_make(GUARD_KEY_BYTES);
    pair_key(&key, peer, user);
    struct entry *e = known_entry(g, buf_str(&key));
    buf_free(&key);
    return e;
}

static unsigned slot_of(const struct guard *g, const struct buf *key)
{
    return (unsigned)(siphash13(g->key, buf_str(key)) % GUARD_TURN_SLOTS);
}

static void turn_find(struct guard *g, const struct netaddr *peer, str user,
                      struct guard_turn *turn)
{
    struct buf key = buf_make(GUARD_KEY_BYTES);
    *turn = (struct guard_turn){ .known = known_pair(g, peer, user) != NULL };
    if (turn->known)
        pair_key(&key, peer, user);
    else
        account_key(&key, user);
    turn->slots[turn->n++] = slot_of(g, &key);
    if (!turn->known && !is_free(g, peer)) {
        buf_reset(&key);
        address_key(&key, peer);
        turn->slots[turn->n++] = slot_of(g, &key);
    }
    buf_free(&key);
}

bool guard_turn_take(struct guard *g, const struct netaddr *peer, str user, struct guard_turn *turn)
{
    *turn = (struct guard_turn){ 0 };
    if (!g) return true;
    bool free = true;
    lock_take(&g->lock);
    turn_find(g, peer, user, turn);
    for (unsigned i = 0; i < turn->n; i++)
        free &= g->judging[turn->slots[i]] < GUARD_TURNS;
    for (unsigned i = 0; i < turn->n && free; i++)
        g->judging[turn->slots[i]]++;
    lock_drop(&g->lock);
    return free;
}

void guard_turn_give(struct guard *g, struct guard_turn *turn)
{
    if (!g) return;
    lock_take(&g->lock);
    for (unsigned i = 0; i < turn->n; i++)
        g->judging[turn->slots[i]]--;
    lock_drop(&g->lock);
    turn->n = 0;
}

/* n failures; how full the worst of the buckets is that judge this log-in. */
static double fill_login(struct guard *g, const struct netaddr *peer, str user, unsigned n,
                         enum budget *budget)
{
    const struct guard_settings *s = g->settings;
    struct entry *known = known_pair(g, peer, user);
    *budget = BUDGET_ADDRESS_FAILURES;
    if (known)
        return fill(&known->buckets[GUARD_FAILURES], seam_mono_us(g->seam),
                    s->per_hour[GUARD_FAILURES], n);
    struct buf key = buf_make(GUARD_KEY_BYTES);
    account_key(&key, user);
    double account = fill_entry(g, buf_str(&key), GUARD_FAILURES, s->account_failures, n);
    double address = fill_address(g, peer, GUARD_FAILURES, n);
    buf_free(&key);
    if (account > address) *budget = BUDGET_ACCOUNT_FAILURES;
    return account > address ? account : address;
}

enum err guard_login_ask(struct guard *g, const struct netaddr *peer, str user, unsigned *delay_ms)
{
    *delay_ms = 0;
    if (!g || is_free(g, peer)) return OK;
    lock_take(&g->lock);
    enum budget budget;
    double full = fill_login(g, peer, user, 0, &budget);
    lock_drop(&g->lock);
    return verdict(g, full, budget, delay_ms);
}

/* Has this user logged in at many new addresses of late? Who has a /64 has more addresses than the
 * shelf has places, and would push out where others logged in. */
static bool is_everywhere(struct guard *g, str user)
{
    if (g->known.n < g->known.max / 2) return false;
    struct buf key = buf_make(GUARD_KEY_BYTES);
    account_key(&key, user);
    double full = fill_entry(g, buf_str(&key), GUARD_CONNECTIONS, GUARD_KNOWN_NEW_HOURLY, 1);
    buf_free(&key);
    return full > 1;
}

/* From now on what is filed under this key is judged by itself. */
static void make_known(struct guard *g, const struct buf *key)
{
    struct entry *e = entry_of(g, buf_str(key));
    if (e) e->known_until_us = seam_mono_us(g->seam) + g->settings->known_ms * 1000;
}

void guard_login_told(struct guard *g, const struct netaddr *peer, str user, bool ok)
{
    if (!g || is_free(g, peer)) return;
    struct buf key = buf_make(GUARD_KEY_BYTES);
    lock_take(&g->lock);
    if (!ok) {
        enum budget budget;
        fill_login(g, peer, user, 1, &budget);
    } else {
        host_key(&key, peer);
        bool all_new = !known_pair(g, peer, user) || !known_entry(g, buf_str(&key));
        if (!all_new || !is_everywhere(g, user)) {
            make_known(g, &key);
            buf_reset(&key);
            pair_key(&key, peer, user);
            make_known(g, &key);
        }
    }
    lock_drop(&g->lock);
    buf_free(&key);
}

bool guard_trusts(const struct guard *g, const struct netaddr *peer)
{
    return !g || is_free(g, peer);
}

bool guard_knows(struct guard *g, const struct netaddr *peer)
{
    if (!g) return false;
    struct buf key = buf_make(GUARD_KEY_BYTES);
    host_key(&key, peer);
    lock_take(&g->lock);
    bool known = known_entry(g, buf_str(&key)) != NULL;
    lock_drop(&g->lock);
    buf_free(&key);
    return known;
}

/* --- in words --------------------------------------------------------------------------------- */

static void explain_bucket(struct guard *g, struct entry *e, enum guard_kind kind, uint64_t limit,
                           struct buf *out)
{
    uint64_t now_us = seam_mono_us(g->seam);
    double level = limit ? level_of(&e->buckets[kind], now_us, (double)limit) : 0;
    if (level < 0.5) return;
    buf_addf(out, "  %s: %.0f of %llu an hour", kind_words[kind], level, (unsigned long long)limit);
    double full = level / (double)limit;
    if (full > 1)
        buf_addf(out, ": refused for another %.0f minutes",
                 (level - (double)limit) / (double)limit * 60 + 0.5);
    else if (delay_at(g, full))
        buf_addf(out, ": answered %u ms later", delay_at(g, full));
    buf_addc(out, '\n');
}

static bool explain_entry(struct guard *g, str key, uint64_t factor, const char *title,
                          struct buf *out)
{
    struct entry *e = map_get(g->entries, key);
    if (!e) return false;
    size_t before = out->n;
    buf_addf(out, "%s\n", title);
    size_t titled = out->n;
    for (int kind = 0; kind < GUARD_KINDS; kind++)
        explain_bucket(g, e, (enum guard_kind)kind, g->settings->per_hour[kind] * factor, out);
    if (out->n == titled) buf_truncate(out, before);
    return out->n > titled;
}

struct pairs {
    const struct guard *guard;
    str prefix;
    struct buf *out;
};

static bool explain_pair(void *arg, str key, void *value)
{
    struct pairs *p = arg;
    const struct entry *e = value;
    if (!str_starts(key, p->prefix) || e->known_until_us <= seam_mono_us(p->guard->seam))
        return true;
    buf_add(p->out, S("logged in there lately: "));
    buf_add_shown(p->out, str_from(key, p->prefix.n + 1));
    buf_add(p->out, S("; not locked out for what others do\n"));
    return true;
}

void guard_explain(struct guard *g, const struct netaddr *peer, struct buf *out)
{
    struct buf key = buf_make(GUARD_KEY_BYTES);
    size_t before = out->n;
    if (is_free(g, peer)) buf_add(out, S("trusted: never limited\n"));
    lock_take(&g->lock);
    host_key(&key, peer);
    explain_entry(g, buf_str(&key), 1, "this address, where people logged in lately:", out);
    buf_reset(&key);
    address_key(&key, peer);
    explain_entry(g, buf_str(&key), 1, "this address:", out);
    buf_reset(&key);
    network_key(&key, peer);
    explain_entry(g, buf_str(&key), g->settings->network_factor, "its network:", out);
    buf_reset(&key);
    buf_addc(&key, OF_PAIR);
    address_key(&key, peer);
    map_each(g->entries, explain_pair, &(struct pairs){ g, buf_str(&key), out });
    lock_drop(&g->lock);
    buf_free(&key);
    if (out->n == before) buf_add(out, S("nothing is known of this address\n"));
}
