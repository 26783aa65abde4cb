/* parent.h - the small process above the server: it opens what needs privileges, and starts the server
 * again when it dies. It reads nothing from the network and has no thread.
 *
 * Ports that it opened stay open while the server is started again: who connects in between waits. A
 * key that only root can read is opened here whenever the server reads its certificate again.
 */
#ifndef RUN_PARENT_H
#define RUN_PARENT_H

#include "run/netaddr.h"

struct parent {
    const char *const *files; /* the files that the child may ask for; NULL ends */
    int (*child)(void *arg);  /* the server; its exit status */
    void *arg;
};
/* Until the child ends by itself, or by a SIGTERM or SIGINT of ours; SIGHUP is passed on. A child that was
 * killed, or broke down, is started again: at once, and later each time when it does not live long
 * (PARENT_LIVED_MS). Returns the child's exit status; 1 if there can be none. Waits. */
int parent_run(const struct parent *p);

/* In the child, as who it will be: it ends in good order when its parent is gone. */
void parent_bind(void);
/* We had a parent, and it is gone. */
bool parent_lost(void);
/* A file to read: through the parent, if there is one and it was named there; else opened here. A
 * descriptor, the caller's; -errno. */
int parent_open(const char *path);

/* --- ports that are open before they are asked for -------------------------------------------- */
/* Listen there, for a seam_listen of this process or a child that comes later. -errno. */
int inherit_listen(const struct netaddr *at, int backlog);
/* Those that a service manager opened (LISTEN_PID, LISTEN_FDS: sd_listen_fds(3)). How many. */
unsigned inherit_activated(void);
/* A descriptor of the caller's own that listens there; -ENOENT: nobody opened it. */
int inherited(const struct netaddr *at);

#endif
