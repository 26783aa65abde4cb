/* offline.c - a request without a server: the command line opens the store itself. */
#include "admin/offline.h"

enum err admin_offline(struct seam *seam, const struct store_settings *store,
                       const struct auth_settings *auth, const struct admin_request *r,
                       struct buf *out)
{
    struct admin a = { .seam = seam, .auth_settings = auth };
    enum err e = store_open(seam, store, &a.store, out);
    if (e) {
        buf_addc(out, '\n');
        return e;
    }
    e = admin_run(&a, r, out);
    store_close(a.store);
    return e;
}
