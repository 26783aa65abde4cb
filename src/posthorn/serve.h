/* serve.h - the server: everything wired together, from the configuration to the last goodbye. */
#ifndef POSTHORN_SERVE_H
#define POSTHORN_SERVE_H

#include "run/config.h"

/* serve, beneath a parent if there is need for one (guarded.c): root becomes somebody else, or the server
 * shall be started again when it dies. Ports are opened first. */
int guarded_serve(struct seam *seam, const struct config *config, bool supervise);
/* Enters the sandbox that the configuration asks for; before the process has a thread. */
enum err guarded_enter(struct seam *seam, const struct config *config, struct buf *why) MUST_CHECK;

/* Runs until SIGTERM. Exit status: 0 after a clean end, 1 when it could not start (the reason is
 * on standard error). */
int serve(struct seam *seam, const struct config *config);
/* What a server would refuse to start with although each value is right by itself: a certificate that
 * cannot be read, or none where a listener needs it. Says so on standard error. */
bool serve_check(struct seam *seam, const struct config *config);

#endif
