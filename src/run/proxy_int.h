/* proxy_int.h - the PROXY protocol's header, versions 1 and 2: who is really there.
 *
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt. Pure: from bytes to an address.
 */
#ifndef RUN_PROXY_INT_H
#define RUN_PROXY_INT_H

#include "run/netaddr.h"

enum proxy_step {
    PROXY_MORE, /* so far so good: at least *more bytes belong to it still */
    PROXY_DONE, /* it is whole */
    PROXY_BAD,  /* it is none, or longer than PROXY_BYTES */
};

/* Look at the first bytes of a connection, none of which came after the header. Who reads exactly
 * *more bytes and asks again reads no byte too many: what follows is TLS's, or the first command's.
 * *peer is changed when the header names one (not for health checks and unknown families). */
enum proxy_step proxy_parse(str bytes, size_t *more, struct netaddr *peer);

#endif
