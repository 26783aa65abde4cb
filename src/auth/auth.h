/* auth.h - who may log in: passwords, SASL, and what failures cost.
 *
 * One place for IMAP, POP3 and SMTP. A failed log-in takes the same time and gives the same answer
 * whether or not the user exists (security.md 22).
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "auth/guard.h"
#include "base/arena.h"
#include "run/config.h"
#include "run/conn.h"
#include "run/work.h"
#include "store/store.h"

struct auth_settings {
    uint64_t argon2_memory_bytes, argon2_passes, argon2_lanes;
    uint64_t hash_threads;
    uint64_t fail_delay_ms;       /* least time a failed log-in takes */
    uint64_t failures_max;        /* in a session, then it is closed */
    uint64_t stranger_commands, stranger_bytes; /* of one connection before its log-in; 0: any */
    uint64_t account_conns_max, account_memory_max; /* at once, of all protocols; 0: any */
    uint64_t cache_ms;            /* a verified password is remembered as a keyed hash */
};
extern const struct settings_section auth_section;

struct auth;
enum err auth_new(struct seam *seam, struct store *store, const struct auth_settings *s, struct auth **out) MUST_CHECK;
void auth_free(struct auth *a);
/* From now on log-ins are judged by the guard too; it must outlive the auth. NULL: none. */
void auth_use_guard(struct auth *a, struct guard *g);
struct guard *auth_guard(const struct auth *a); /* may be NULL */
uint64_t auth_failures_max(const struct auth *a); /* failed log-ins of one session, then it is closed */

/* How much a connection may say before its log-in, in IMAP, POP3 and on submission. */
enum stranger { STRANGER_WELCOME, STRANGER_COMMANDS, STRANGER_BYTES };
enum stranger auth_stranger(const struct auth *a, uint64_t commands, uint64_t bytes);

/* Who logged in: a copy that outlives views; the address is in the arena given. */
struct login { struct account account; str address; uint64_t stamp; /* of the hash that was in force */ };

/* User name: the full address, any case. Waits (hash pool; the delay of a failure).
 * ERR_DENIED: wrong name or password, suspended; ERR_LATER: too many failures lately, whoever asks
 * now, or the hash queue is full; ERR_GONE. */
enum err auth_password(struct auth *a, str user, str password, const struct netaddr *peer,
                       struct arena *arena, struct login *out) MUST_CHECK;
/* The decoded message of SASL PLAIN (RFC 4616): authzid must be empty or the same user (ERR_DENIED);
 * ERR_SYNTAX when malformed. Waits. */
enum err auth_sasl_plain(struct auth *a, str message, const struct netaddr *peer, struct arena *arena,
                         struct login *out) MUST_CHECK;

/* A new Argon2id hash of a password, as text. Waits when on a fiber; from the command line too. */
enum err auth_hash(struct auth *a, str password, struct arena *arena, str *hash) MUST_CHECK;
/* The same without a loop, on the calling thread. */
enum err auth_hash_now(struct seam *seam, const struct auth_settings *s, str password, struct arena *arena, str *hash) MUST_CHECK;
/* After a user's row changed or went: forget the remembered password, and look at the open sessions
 * again. Any thread. */
void auth_forget(struct auth *a, str user);

/* --- sessions that are logged in (stay.c) ----------------------------------------------------- */
/* In a session's struct, zeroed before its log-in. */
struct auth_stay {
    struct list link;
    struct auth *auth; /* NULL: nobody is logged in */
    struct conn *conn;
    struct account account;
    uint64_t who, stamp;
    struct auth_use *use; /* what all sessions of the account have */
    bool over; /* the user is removed or suspended, or has another password: say goodbye */
};
/* From here on the connection is woken when it is over; on its own loop, which lives as long as auth does. */
/* ERR_LIMIT: the account has as many sessions as it may, and this one is none. */
enum err auth_stay_begin(struct auth *a, struct auth_stay *s, const struct login *login, struct conn *c) MUST_CHECK;
/* Who pays for the session's memory; until auth_stay_end, and what was taken may be given after it. */
struct purse *auth_stay_purse(const struct auth_stay *s);
void auth_stay_end(struct auth_stay *s); /* before the session is freed; fine if it never began */

#endif
