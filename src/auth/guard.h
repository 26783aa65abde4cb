/* guard.h - what strangers do too much of: counted by address and network, slowed, refused, and
 * lifted by itself.
 *
 * Each kind has a bucket that drains over an hour. Past half of the limit every answer comes later
 * and later; past the limit the answer is "later". Failed log-ins are counted by address and by the
 * account that was tried, whether it exists or not; an address from which the account logged in
 * lately is judged by itself alone, so that neither its neighbours nor a guesser elsewhere lock it
 * out. Nor does what neighbours do otherwise count against an address where anybody logged in
 * lately. Nothing is written to disk.
 */
#ifndef AUTH_GUARD_H
#define AUTH_GUARD_H

#include "run/config.h"
#include "run/netaddr.h"

enum guard_kind { GUARD_CONNECTIONS, GUARD_MESSAGES, GUARD_RCPTS, GUARD_ERRORS, GUARD_FAILURES, GUARD_KINDS };

struct guard_settings {
    uint64_t per_hour[GUARD_KINDS]; /* of one address (IPv6: one /64); 0: no limit */
    uint64_t network_factor;        /* a network (/24, /48) may do so many times that */
    uint64_t account_failures;      /* failed log-ins of one account an hour, from everywhere */
    uint64_t delay_max_ms;          /* the longest wait before an answer */
    uint64_t known_ms;              /* a log-in makes its address known for so long */
    struct setting_nets trusted;    /* never limited */
};
extern const struct settings_section guard_section;

struct guard;
struct guard *guard_new(struct seam *seam, const struct guard_settings *s);
void guard_free(struct guard *g);

/* In each call g may be NULL: everything is allowed. Any thread; none waits.
 *
 * Counts n of a kind. OK, and *delay_ms (may be NULL) is how long the answer should take; ERR_LATER:
 * refuse it for now. */
enum err guard_count(struct guard *g, const struct netaddr *peer, enum guard_kind kind, unsigned n, unsigned *delay_ms);
/* The same judgement without counting: what has been done by others of this address. */
enum err guard_ask(struct guard *g, const struct netaddr *peer, enum guard_kind kind, unsigned *delay_ms);

/* Log-ins that are judged at once of one account, and of one address: only few, so that who tries
 * many at the same moment is counted after each, and fills no queue alone. An account at an address
 * where it logged in lately has turns of its own. */
struct guard_turn {
    bool known; /* the account logged in here lately */
    unsigned n, slots[2];
};
/* False: none is free now, ask again. A turn that was taken is given back, soon. */
bool guard_turn_take(struct guard *g, const struct netaddr *peer, str user, struct guard_turn *turn);
void guard_turn_give(struct guard *g, struct guard_turn *turn);

/* May this address try to log in as this user? ERR_LATER: not now. user: as it was typed, or one
 * spelling of all that are the same. */
enum err guard_login_ask(struct guard *g, const struct netaddr *peer, str user, unsigned *delay_ms);
void guard_login_told(struct guard *g, const struct netaddr *peer, str user, bool ok);

/* Did anybody log in at this address lately? Who comes from there to log in is let in, whatever its
 * neighbours do: behind one address may be a whole office. */
bool guard_knows(struct guard *g, const struct netaddr *peer);

/* Is it one of those that are never limited? */
bool guard_trusts(const struct guard *g, const struct netaddr *peer);

/* In words: what is known of an address and what follows from it. For `posthorn trace --address`. */
void guard_explain(struct guard *g, const struct netaddr *peer, struct buf *out);

#endif
