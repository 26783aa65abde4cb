/* mx.h - where mail for a domain goes (RFC 5321 5.1, RFC 7505). */
#ifndef DNS_MX_H
#define DNS_MX_H

#include "dns/resolve.h"

struct mx_host { str name; uint16_t preference; };
struct mx { struct mx_host *hosts; size_t n; bool secure; bool implicit; /* no MX: the domain itself */ };

/* Hosts in the order to try: by preference, random among equals, at most RELAY_MX_HOSTS. Waits.
 * ERR_DENIED: null MX, the domain takes no mail; ERR_NOTFOUND: no such domain, no MX nor address;
 * ERR_LATER. An address literal gives the literal. */
enum err mx_find(str domain, unsigned deadline_ms, struct arena *a, struct mx *out) MUST_CHECK;

#endif
