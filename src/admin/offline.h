/* offline.h - a request without a server: the command line opens the store itself. */
#ifndef ADMIN_OFFLINE_H
#define ADMIN_OFFLINE_H

#include "admin/admin.h"

/* Opens the store, runs the request, closes it. On ERR_LATER and ERR_CORRUPT from opening, the
 * words are in out. Waits. */
enum err admin_offline(struct seam *seam, const struct store_settings *store,
                       const struct auth_settings *auth, const struct admin_request *r,
                       struct buf *out) MUST_CHECK;

/* A server of the control socket alone, for commands that talk with it for long: opens the store and
 * answers until `until` becomes readable (a plain descriptor); calls ready(arg) when it listens. On
 * failure the words are in why. On the caller's thread, outside a loop. */
struct admin_offline_server {
    const struct store_settings *store;
    const struct auth_settings *auth;
    const struct netaddr *control;
    int until;
    void (*ready)(void *arg);
    void *arg;
};
enum err admin_offline_serve(struct seam *seam, const struct admin_offline_server *o,
                             struct buf *why) MUST_CHECK;

#endif
