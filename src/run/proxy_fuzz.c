/* proxy_fuzz.c - any bytes as a PROXY header: read as a connection does, it ends, within its limit,
 * and says the same however the bytes are cut. */
#include <stdlib.h>

#include "base/limits.h"
#include "run/proxy_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = { (const char *)data, size };
    struct netaddr peer = { .family = NET_NONE }, again = peer;
    enum proxy_step step;
    size_t used = 0, more = 0;
    while ((step = proxy_parse(str_take(in, used), &more, &peer)) == PROXY_MORE) {
        must(more > 0 && used + more <= PROXY_BYTES);
        must(peer.family == NET_NONE);
        if (used + more > size) return 0;
        used += more;
    }
    must(proxy_parse(str_take(in, used), &more, &again) == step && netaddr_eq(&peer, &again));
    /* A header that is whole is none with a byte less, and none with a byte more. */
    if (step == PROXY_DONE && used < size)
        must(proxy_parse(str_take(in, used + 1), &more, &again) == PROXY_BAD);
    if (step == PROXY_DONE) must(proxy_parse(str_take(in, used - 1), &more, &again) == PROXY_MORE);
    must(peer.family != NET_UNIX);
    return 0;
}
