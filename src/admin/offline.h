/* offline.h - a request without a server: the command line opens the store itself. */
#ifndef ADMIN_OFFLINE_H
#define ADMIN_OFFLINE_H

#include "admin/admin.h"

/* Opens the store, runs the request, closes it. On ERR_LATER and ERR_CORRUPT from opening, the
 * words are in out. Waits. */
enum err admin_offline(struct seam *seam, const struct store_settings *store,
                       const struct auth_settings *auth, const struct admin_request *r,
                       struct buf *out) MUST_CHECK;

#endif
