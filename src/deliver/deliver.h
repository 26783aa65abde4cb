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
/* Never waits: reads a view of its own. Results in the arena.
 * ERR_NOTFOUND: our domain, no such user (550 5.1.1); ERR_LIMIT: alias loop or too many targets;
 * ERR_LATER: over quota (452 4.2.2); ERR_DENIED: suspended account (550 5.2.1). */
enum err route_find(struct deliver *d, const struct address *to, struct arena *a, struct route *out) MUST_CHECK;

/* A message with its recipients, ready for the commit; recipients are merged: a user reached twice
 * gets one copy. Adds nothing to the body (smtp wrote Return-Path's sender into the envelope and
 * Received into the body). Waits until durable: after OK the 250 may leave. */
enum err deliver_accept(struct deliver *d, struct accept *message) MUST_CHECK;

/* Build and address a notice (DSN) for these: a text ready for store_queue_results or deliver_accept.
 * Never for a null sender. */

#endif
