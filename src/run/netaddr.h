/* netaddr.h - a network address with its port, as a value. */
#ifndef RUN_NETADDR_H
#define RUN_NETADDR_H

#include "base/buf.h"
#include "base/err.h"

enum net_family { NET_NONE, NET_IP4, NET_IP6, NET_UNIX };

struct netaddr {
    enum net_family family;
    uint16_t port;
    uint8_t ip[16];  /* the first 4 for NET_IP4, network order */
    char path[104];  /* NET_UNIX only, NUL-terminated */
};

/* "127.0.0.1:25", "[::1]:25", "unix:/path", or "127.0.0.1" with the default port. */
enum err netaddr_parse(str text, uint16_t default_port, struct netaddr *out) MUST_CHECK;
void netaddr_text(const struct netaddr *a, struct buf *out);    /* with port */
void netaddr_ip_text(const struct netaddr *a, struct buf *out); /* without */
bool netaddr_eq(const struct netaddr *a, const struct netaddr *b);
bool netaddr_is_loopback(const struct netaddr *a);
bool netaddr_is_any(const struct netaddr *a);

/* A network: "192.0.2.0/24", "::1", "2001:db8::/32". */
struct netblock { struct netaddr base; uint8_t bits; };
enum err netblock_parse(str text, struct netblock *out) MUST_CHECK;
bool netblock_has(const struct netblock *net, const struct netaddr *a);
/* What per-address limits count by: the address itself for IPv4, its /64 for IPv6. */
struct netaddr netaddr_limit_key(const struct netaddr *a);

#endif
