/* auth.c - who may log in: one answer and one duration for every kind of failure.
 *
 * A verified password is remembered for a while as a keyed hash in memory, so that a client that
 * opens ten connections costs one Argon2id. The key is random per process, and the stored hash is
 * part of what is hashed: a changed password is forgotten by itself.
 */
#include <openssl/hmac.h>
#include <stdatomic.h>

#include "auth/password_int.h"
#include "auth/stay_int.h"
#include "base/limits.h"
#include "base/log.h"
#include "mail/address.h"

/* clang-format off */
static const struct setting rows[] = {
    { "argon2_memory",  SET_SIZE,     offsetof(struct auth_settings, argon2_memory_bytes), "64M",  1 << 16, 1 << 30, NULL, "Memory that one password hash takes (Argon2id)." },
    { "argon2_passes",  SET_COUNT,    offsetof(struct auth_settings, argon2_passes),       "3",    1, 100,       NULL, "Passes over that memory." },
    { "argon2_lanes",   SET_COUNT,    offsetof(struct auth_settings, argon2_lanes),        "1",    1, 8,         NULL, "Lanes of that memory." },
    { "hash_threads",   SET_COUNT,    offsetof(struct auth_settings, hash_threads),        "2",    1, 64,        NULL, "Threads that check passwords." },
    { "fail_delay",     SET_DURATION, offsetof(struct auth_settings, fail_delay_ms),       "2s",   0, 60000,     NULL, "A failed log-in takes at least this long." },
    { "failures_max",   SET_COUNT,    offsetof(struct auth_settings, failures_max),        "3",    1, 100,       NULL, "Failed log-ins of one connection, then it is closed." },
    { "stranger_commands", SET_COUNT, offsetof(struct auth_settings, stranger_commands), "100", 0, 1000000, NULL, "Commands of one connection before its log-in, in IMAP, POP3 and on submission, which wants ten at most; then it is closed. 0: any number." },
    { "stranger_bytes", SET_SIZE,     offsetof(struct auth_settings, stranger_bytes), "64K", 0, 1 << 30, NULL, "Bytes of one connection before its log-in, in IMAP and POP3; 0: any number." },
    { "account_conns_max", SET_COUNT, offsetof(struct auth_settings, account_conns_max), "1000", 0, 10000000, NULL, "Connections that one user may have at once, of all protocols; 0: any number." },
    { "account_memory_max", SET_SIZE, offsetof(struct auth_settings, account_memory_max), "256M", 0, UINT64_C(1) << 40, NULL, "Memory that all of a user's commands together may take at once, to sort and search; 0: any." },
    { "remember",       SET_DURATION, offsetof(struct auth_settings, cache_ms),            "10m",  0, 86400000,  NULL, "How long a verified password is remembered (as a keyed hash, in memory)." },
};
/* clang-format on */
const struct settings_section auth_section = {
    .name = "auth",
    .size = sizeof(struct auth_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "Passwords and log-ins.",
};

enum err auth_new(struct seam *seam, struct store *store, const struct auth_settings *s,
                  struct auth **out)
{
    uint8_t salt[16];
    struct buf nobody = buf_make(1024);
    seam_random(seam, salt, sizeof salt);
    enum err e = password_make(s, S("nobody has this password"), salt, &nobody);
    if (e) {
        buf_free(&nobody);
        return e;
    }
    buf_addc(&nobody, '\0');

    struct auth *a = MEM_NEW(struct auth);
    *a = (struct auth){ .seam = seam, .store = store, .settings = s, .nobody = nobody };
    seam_random(seam, a->key, sizeof a->key);
    lock_init(&a->lock);
    seam_random(seam, salt, sizeof salt);
    a->uses = map_new(AUTH_USES, salt);
    a->remembered = MEM_ARRAY(AUTH_REMEMBERED, struct remembered);
    a->pool = pool_new(seam, "hash", (unsigned)s->hash_threads, AUTH_QUEUE_ITEMS);
    *out = a;
    if (a->pool) return OK;
    log_event(LOG_ERROR, "server.no_workers", (str){ 0 }, F_CSTR("why", "no thread for passwords"));
    return ERR_LATER;
}

void auth_free(struct auth *a)
{
    if (!a) return;
    pool_free(a->pool);
    stays_free(a->stays);
    uses_free(a->uses);
    lock_end(&a->lock);
    bytes_wipe(a->key, sizeof a->key);
    mem_free(a->remembered);
    buf_free(&a->nobody);
    mem_free(a);
}

void auth_use_guard(struct auth *a, struct guard *g)
{
    a->guard = g;
}

struct guard *auth_guard(const struct auth *a)
{
    return a ? a->guard : NULL;
}

uint64_t auth_failures_max(const struct auth *a)
{
    return a->settings->failures_max;
}

enum stranger auth_stranger(const struct auth *a, uint64_t commands, uint64_t bytes)
{
    const struct auth_settings *s = a->settings;
    if (s->stranger_commands && commands > s->stranger_commands) return STRANGER_COMMANDS;
    if (s->stranger_bytes && bytes > s->stranger_bytes) return STRANGER_BYTES;
    return STRANGER_WELCOME;
}

/* --- remembered passwords -----------------------------------------------------------------------
 */

/* address, password and stored hash under the process's key; lengths keep them apart. */
static bool tag_make(const struct auth *a, const struct user *u, str password,
                     uint8_t tag[AUTH_TAG_BYTES])
{
    struct buf b = buf_make(AUTH_PASSWORD_BYTES + 4096);
    (void)buf_reserve(&b, 16 + u->address.n + password.n + u->password_hash.n); /* it never moves */
    buf_le64(&b, u->address.n);
    buf_add(&b, u->address);
    buf_le64(&b, password.n);
    buf_add(&b, password);
    buf_add(&b, u->password_hash);

    unsigned n = AUTH_TAG_BYTES;
    bool ok =
        !b.full && HMAC(EVP_sha256(), a->key, sizeof a->key, (const uint8_t *)b.p, b.n, tag, &n);
    buf_wipe(&b);
    return ok;
}

static struct remembered *slot_of(const struct auth *a, str address)
{
    return &a->remembered[siphash13(a->key, address) % AUTH_REMEMBERED];
}

static bool is_remembered(struct auth *a, str address, const uint8_t tag[AUTH_TAG_BYTES])
{
    uint64_t now = seam_mono_us(a->seam);
    lock_take(&a->lock);
    const struct remembered *r = slot_of(a, address);
    bool same = now < r->until_us && bytes_equal_secret(r->tag, tag, AUTH_TAG_BYTES);
    lock_drop(&a->lock);
    return same;
}

static void remember(struct auth *a, str address, const uint8_t tag[AUTH_TAG_BYTES])
{
    lock_take(&a->lock);
    struct remembered *r = slot_of(a, address);
    bytes_copy(r->tag, sizeof r->tag, tag, AUTH_TAG_BYTES);
    r->until_us = seam_mono_us(a->seam) + a->settings->cache_ms * 1000;
    lock_drop(&a->lock);
}

void auth_forget(struct auth *a, str user)
{
    lock_take(&a->lock);
    slot_of(a, user)->until_us = 0;
    lock_drop(&a->lock);
    stays_changed(a, user);
}

/* --- checking --------------------------------------------------------------------------------- */

/* One try to log in. */
struct attempt {
    const struct netaddr *peer;
    str user, password; /* user: folded */
    bool too_long;      /* it is nobody's, and is not looked for */
    struct guard_turn turn;
    unsigned delay_ms;
};

struct check {
    const char *hash;
    str password;
    bool same;
};

static void check_run(void *arg)
{
    struct check *c = arg;
    c->same = password_matches(c->hash, c->password);
}

/* One spelling of all that are the same user (quotes, case, IDN): by it guesses are counted too.
 * What is no address stays as it is, and is nobody's. */
static str folded(str name, struct arena *arena)
{
    struct address who;
    str short_name = str_take(name, ADDRESS_BYTES);
    if (name.n > ADDRESS_BYTES || !address_parse(arena, name, ADDRESS_UTF8, &who))
        return short_name;
    return address_fold(arena, who, &who) ? address_text(arena, who) : short_name;
}

/* Copies the user's row out of the store. ERR_NOTFOUND also for what is no address. */
static enum err user_copy(struct auth *a, str name, struct arena *arena, struct user *out)
{
    struct view *v = store_view(a->store);
    if (!v) return ERR_LATER;
    struct user u;
    enum err e = store_user_find(v, name, &u);
    if (!e) {
        u.address = arena_copy(arena, u.address);
        u.password_hash = arena_copy(arena, u.password_hash);
        if (arena->full) e = ERR_LIMIT;
    }
    view_end(v);
    if (!e) *out = u;
    return e;
}

/* Who is known here goes first: however many strangers guess, people get in. */
static enum err check_hash(struct auth *a, struct check *c, bool known)
{
    return known ? work_first(a->pool, check_run, c) : work(a->pool, check_run, c);
}

/* All of it is done for unknown users too: the same work for every name. */
static enum err verify(struct auth *a, const struct attempt *t, struct arena *arena, struct user *u)
{
    uint8_t tag[AUTH_TAG_BYTES];
    enum err found = user_copy(a, t->user, arena, u);
    if (found && found != ERR_NOTFOUND) return found;
    if (found) *u = (struct user){ .address = t->user, .password_hash = str_of(a->nobody.p) };
    bool tagged = tag_make(a, u, t->password, tag),
         remembered = tagged && is_remembered(a, u->address, tag);
    if (remembered && !found && !u->suspended) return OK;

    struct check c = { .hash = arena_cstr(arena, u->password_hash), .password = t->password };
    if (!c.hash) return ERR_LIMIT;
    enum err e = check_hash(a, &c, t->turn.known);
    if (e) return e;
    if (found || !c.same || u->suspended) return ERR_DENIED;
    if (tagged) remember(a, u->address, tag);
    return OK;
}

static void report(const struct netaddr *peer, str user, enum err e)
{
    struct buf from = buf_make(128);
    netaddr_text(peer, &from);
    log_event(e ? LOG_WARN : LOG_INFO, e ? "auth.failed" : "auth.ok", (str){ 0 },
              F_STR("user", user), F_STR("peer", buf_str(&from)));
    buf_free(&from);
}

static void report_throttled(const struct netaddr *peer, str user)
{
    struct buf from = buf_make(128);
    netaddr_text(peer, &from);
    log_event(LOG_WARN, "auth.throttled", (str){ 0 }, F_STR("user", user),
              F_STR("peer", buf_str(&from)));
    buf_free(&from);
}

/* Until others of this account and address are judged: each is counted before the next. */
static enum err wait_for_turn(struct auth *a, struct attempt *t)
{
    uint64_t now_us = seam_mono_us(a->seam), until_us = now_us + AUTH_TURN_WAIT_MS * 1000;
    while (!guard_turn_take(a->guard, t->peer, t->user, &t->turn)) {
        if (now_us >= until_us) return ERR_LATER;
        enum err e = fiber_sleep_until(now_us + AUTH_TURN_LOOK_MS * 1000);
        if (e) return e;
        now_us = seam_mono_us(a->seam);
    }
    return OK;
}

/* In its turn: may it be tried, and is it right? */
static enum err judge(struct auth *a, struct attempt *t, struct arena *arena, struct user *u)
{
    enum err e = guard_login_ask(a->guard, t->peer, t->user, &t->delay_ms);
    if (e) {
        report_throttled(t->peer, t->user);
        return e;
    }
    e = t->too_long ? ERR_DENIED : verify(a, t, arena, u);
    report(t->peer, t->user, e);
    if (!e || e == ERR_DENIED) guard_login_told(a->guard, t->peer, t->user, !e);
    return e;
}

/* A refusal takes as long as a failure, and is the same whatever the password was. */
enum err auth_password(struct auth *a, str user, str password, const struct netaddr *peer,
                       struct arena *arena, struct login *out)
{
    struct attempt t = { .peer = peer,
                         .user = folded(user, arena),
                         .password = password,
                         .too_long = user.n > ADDRESS_BYTES || password.n > AUTH_PASSWORD_BYTES };
    struct user u = { 0 };
    enum err e = wait_for_turn(a, &t);
    if (e) return e;
    uint64_t from_us = seam_mono_us(a->seam);
    e = judge(a, &t, arena, &u);
    guard_turn_give(a->guard, &t.turn);
    if (e == ERR_DENIED || e == ERR_LATER) {
        uint64_t least_us = (a->settings->fail_delay_ms + t.delay_ms) * UINT64_C(1000);
        enum err slept = fiber_sleep_until(from_us + least_us);
        return slept ? slept : e;
    }
    if (e) return e;
    *out = (struct login){ .account = u.account,
                           .address = u.address,
                           .stamp = stay_stamp(a, u.password_hash) };
    return OK;
}

/* RFC 4616 2: [authzid] NUL authcid NUL passwd. */
enum err auth_sasl_plain(struct auth *a, str message, const struct netaddr *peer,
                         struct arena *arena, struct login *out)
{
    str authzid, authcid, rest = message;
    if (str_chr(message, '\0') == STR_NPOS) return ERR_SYNTAX;
    if (!str_split(&rest, '\0', &authzid)) return ERR_SYNTAX;
    if (str_chr(rest, '\0') == STR_NPOS) return ERR_SYNTAX;
    if (!str_split(&rest, '\0', &authcid)) return ERR_SYNTAX;
    if (!authcid.n || str_has(rest, '\0') || !utf8_valid(message)) return ERR_SYNTAX;

    /* Security rule 9: nobody logs in for somebody else. The password is checked first, so that
     * the answer says nothing about either name. */
    struct login login;
    enum err e = auth_password(a, authcid, rest, peer, arena, &login);
    if (e) return e;
    if (authzid.n && !str_ieq(authzid, authcid)) return ERR_DENIED;
    *out = login;
    return OK;
}

/* --- making hashes ---------------------------------------------------------------------------- */

struct making {
    const struct auth_settings *settings;
    str password;
    uint8_t salt[16];
    struct buf text;
    enum err e;
};

static void make_run(void *arg)
{
    struct making *m = arg;
    m->e = password_make(m->settings, m->password, m->salt, &m->text);
}

static enum err make_finish(struct making *m, struct arena *arena, str *hash)
{
    if (!m->e) *hash = arena_copy(arena, buf_str(&m->text));
    buf_free(&m->text);
    return m->e;
}

enum err auth_hash(struct auth *a, str password, struct arena *arena, str *hash)
{
    if (!password.n || password.n > AUTH_PASSWORD_BYTES) return ERR_LIMIT;
    struct making m = { .settings = a->settings, .password = password, .text = buf_make(1024) };
    seam_random(a->seam, m.salt, sizeof m.salt);
    enum err e = work(a->pool, make_run, &m);
    if (e) return e;
    return make_finish(&m, arena, hash);
}

enum err auth_hash_now(struct seam *seam, const struct auth_settings *s, str password,
                       struct arena *arena, str *hash)
{
    if (!password.n || password.n > AUTH_PASSWORD_BYTES) return ERR_LIMIT;
    struct making m = { .settings = s, .password = password, .text = buf_make(1024) };
    seam_random(seam, m.salt, sizeof m.salt);
    make_run(&m);
    return make_finish(&m, arena, hash);
}
