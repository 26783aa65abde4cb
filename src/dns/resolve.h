/* resolve.h - DNS look-ups for fibers: addresses, MX hosts, text, over the seam's resolver.
 *
 * Names are ASCII (A-labels); callers convert IDN first. Results live in the arena given.
 * Every look-up: OK with at least one answer; ERR_NOTFOUND: the name or type does not exist;
 * ERR_LATER: no usable answer now (SERVFAIL, timeout, bogus): never a reason to bounce; ERR_GONE.
 */
#ifndef DNS_RESOLVE_H
#define DNS_RESOLVE_H

#include "base/arena.h"
#include "run/fiber.h"
#include "run/seam.h"

enum { RR_A = 1, RR_MX = 15, RR_TXT = 16, RR_AAAA = 28 };

struct dns_records { str *rdata; size_t n; bool secure; uint32_t ttl_s; str canonical; };
/* The records as they came. Waits, at most deadline_ms. */
enum err dns_lookup(str name, uint16_t rrtype, unsigned deadline_ms, struct arena *a, struct dns_records *out) MUST_CHECK;

struct dns_addresses { struct netaddr *items; size_t n; bool secure; };
/* A and AAAA together, AAAA first (RFC 6724 in spirit), port 0. Waits. */
enum err dns_addresses(str host, unsigned deadline_ms, struct arena *a, struct dns_addresses *out) MUST_CHECK;

/* Name from wire form to text without the trailing dot; false if malformed. */
bool dns_name_text(str wire, size_t *used, struct arena *a, str *out);

#endif
