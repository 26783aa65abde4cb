/* check.h - verifying a store, through the server that holds it or without one, and repairing it. */
#ifndef ADMIN_CHECK_H
#define ADMIN_CHECK_H

#include "admin/admin.h"

struct admin_check {
    struct seam *seam;
    const struct store_settings *store;
    bool repair; /* first; then it is checked */
    void (*line)(void *arg, str line); /* a fault, what was lost, what was mended */
    void (*progress)(void *arg, const char *what, uint64_t done, uint64_t of);
    void *arg;
};
/* Opens the store, does it, closes it; a summary, and what to do next, is appended to out. OK: all is
 * well now; ERR_CORRUPT: faults; ERR_EXISTS: a server holds it; others as store_open. Waits. */
enum err admin_check_offline(const struct admin_check *c, struct buf *out) MUST_CHECK;

/* Through the server, which tells as it goes; of c only line, progress and arg are asked for. *result: as
 * above. ERR_NOTFOUND: nobody listens; ERR_GONE: the server has gone. Waits. */
enum err admin_check_online(const struct netaddr *socket, const struct admin_check *c, struct buf *out,
                            enum err *result) MUST_CHECK;

#endif
