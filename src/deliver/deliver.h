/* deliver.h - from "accepted" to mailboxes and queue: where a recipient goes, and the one commit.
 *
 * smtp asks route_find at RCPT and deliver_accept at the end of DATA; relay and dsn use
 * deliver_accept for notices. Routing follows aliases, catch-alls and tags.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "mail/address.h"
#include "run/config.h"
#include "store/store.h"

struct deliver_settings {
    str hostname;            /* our name in greetings, Received and DSNs */
    str tag_separator;       /* "+": alice+shop@ is alice's; empty: no tags */
    str postmaster;          /* where postmaster@ any of our domains goes; empty: first user of the domain */
};
extern const struct settings_section deliver_section;

struct deliver;
enum err deliver_new(struct seam *seam, struct store *store, const struct deliver_settings *s, struct deliver **out) MUST_CHECK;
void deliver_free(struct deliver *d);
str deliver_hostname(const struct deliver *d);

/* What became of one recipient address. */
enum route_kind {
    ROUTE_LOCAL,    /* users of ours and, through aliases, perhaps remote addresses */
    ROUTE_REMOTE,   /* somebody else's domain: only for those who may relay */
};
struct route {
    enum route_kind kind;
    const struct local_rcpt *local; size_t local_n;  /* each user once */
    const struct queue_rcpt *remote; size_t remote_n;
};
/* Never waits: reads a view of its own. Results in the arena. <postmaster> without a domain is ours.
 *
 * An address that is an alias goes to its targets, and so on, each address once, ALIAS_DEPTH deep and
 * ALIAS_TARGETS wide. Else it is a user's, else without its tag, else postmaster's, else the domain's
 * catch-all's. Of several targets those that cannot take it are passed over as long as one can; full
 * mailboxes are overdrawn then.
 *
 * ERR_NOTFOUND: our domain, no such user (550 5.1.1); ERR_LIMIT: alias loop or too many targets;
 * ERR_LATER: over quota (452 4.2.2), or the store cannot be read; ERR_DENIED: suspended account
 * (550 5.2.1). */
enum err route_find(struct deliver *d, const struct address *to, struct arena *a, struct route *out) MUST_CHECK;

/* Does mail for this address of ours reach this account, over whatever aliases, tags and catch-alls?
 * Then its user may also send with it (RFC 6409 6.1): an alias is how an identity is granted. A full
 * mailbox counts, a suspended account does not. Never waits. */
bool route_reaches(struct deliver *d, const struct address *a, struct account who);

/* A message with its recipients, ready for the commit; recipients are merged: a user reached twice
 * gets one copy (the arrays themselves are compacted; of two the first stays). Adds nothing to the
 * body. Waits until durable: after OK the 250 may leave. ERR_LIMIT: more than one commit holds. */
enum err deliver_accept(struct deliver *d, struct accept *message) MUST_CHECK;

/* Only the merging: for who commits it together with something else. */
void deliver_merge(struct accept *message);

/* The same, and in the same commit a report to the sender that it was filed for these, who asked for it
 * with NOTIFY=SUCCESS (RFC 3461 4.1). Never to a null sender. Waits. */
struct delivered {
    struct address rcpt;
    str orcpt;      /* "rfc822;text", decoded, as in struct queue_rcpt; empty if none */
    bool expanded;  /* an alias of several, or of somebody elsewhere */
};
struct deliver_success {
    const struct delivered *rcpts; size_t n;
    str header;     /* of the letter, as it came */
};
enum err deliver_accept_success(struct deliver *d, struct accept *letter, const struct deliver_success *s) MUST_CHECK;

/* A stored body begins with "Return-Path: <sender>" CRLF, which is for mailboxes alone (RFC 5321 4.4:
 * a relayed copy must not carry it). All copies share one body, so relay leaves this line out when
 * it sends: bytes of that line at the front of a body's first bytes (DELIVER_RETURN_PATH_BYTES of
 * them are enough), 0 if there is none. deliver_return_path_write makes the line. */
size_t deliver_return_path_bytes(str first_bytes);
void deliver_return_path_write(struct buf *out, str sender); /* as in struct accept: empty is <> */

#endif
