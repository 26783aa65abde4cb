/* route_int.h - which way the mail for a domain goes: the routes of the configuration, by MX
 * otherwise; and how it is protected on that way. */
#ifndef RELAY_ROUTE_INT_H
#define RELAY_ROUTE_INT_H

#include "dns/mx.h"
#include "relay/relay.h"
#include "smtp/smtp_client.h"

/* One host to try. */
struct hop {
    str name;               /* as it is looked up, shown, and checked against its certificate */
    struct netaddr literal; /* family NET_NONE: the name is looked up */
    uint16_t port, preference;
    bool secure;            /* the name came by DNSSEC, or from the configuration */
};
struct hops {
    struct hop *items;
    size_t n;
};

struct relay_route {
    str name;                       /* empty: by MX, the way without a section */
    struct setting_list domains;
    struct hops via;                /* none: by MX */
    bool lmtp;
    enum smtp_tls tls;
    struct tls_client *tls_verified; /* with this route's authorities */
    str user, password;
    struct netaddr source[2];       /* NET_NONE: the system chooses */
    uint64_t conversations_max;
};

struct relay_routes {
    struct arena arena;
    struct relay_route *items; /* the last one is the way without a section */
    size_t n;
    struct tls_client *tls_any; /* whatever certificate */
};
/* On failure *why names the section. */
enum err routes_read(struct relay_routes *r, struct seam *seam, const struct config *config, struct buf *why) MUST_CHECK;
void routes_free(struct relay_routes *r);
const struct relay_route *route_of(const struct relay_routes *r, str domain);
const struct netaddr *route_source(const struct relay_route *r, const struct netaddr *to); /* or NULL */

/* The hosts for a domain, in the order to try. Waits. Errors as those of mx_find. */
enum err route_hops(const struct relay_route *route, const struct relay_settings *s, str domain,
                    struct arena *a, struct hops *out) MUST_CHECK;

/* How the conversation with this host is to be protected: the one place where that is decided, and
 * where DANE and MTA-STS will have their say. The sender's wish goes before the setting (RFC 8689
 * 4.2.1, 5). */
enum smtp_tls route_tls(const struct relay_route *route, const struct hop *hop,
                        const struct queue_entry *e);

#endif
