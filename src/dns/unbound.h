/* unbound.h - the real resolver behind the seam: libunbound, one context a loop, in the loop. */
#ifndef DNS_UNBOUND_H
#define DNS_UNBOUND_H

#include "run/config.h"

struct dns_settings {
    struct setting_list forward;   /* "127.0.0.1:5353"; empty: resolve from the root */
    str trust_anchor;              /* file; empty: no DNSSEC */
    struct setting_list insecure;  /* domains below which no DNSSEC is expected ("test.") */
};
extern const struct settings_section dns_section;

/* Are they resolvers' addresses, all that stand under forward? Otherwise why names the wrong one. */
enum err dns_check(const struct dns_settings *s, struct buf *why) MUST_CHECK;

struct dns;
/* Puts itself into the seam. A missing trust-anchor file is an error now, not at the first query. */
enum err dns_new(struct seam *seam, const struct dns_settings *s, struct dns **out, struct buf *why) MUST_CHECK;
enum err dns_attach(struct dns *d, struct loop *loop) MUST_CHECK; /* on each worker's thread */
void dns_detach(struct dns *d, struct loop *loop);
void dns_free(struct dns *d);

#endif
