/* other.h - another program's mail server in a test's world: started, asked, hurt. */
#ifndef SUPPORT_OTHER_H
#define SUPPORT_OTHER_H

#include "support/server.h"

enum { OTHER_HOST = 9, OTHER_START_S = 30 }; /* where the zone says peer.test is */

struct other {
    const char *name; /* postfix, exim, opensmtpd */
    char dir[400], address[16];
    struct world *world;
    struct peer *peer;
    char words[16][600]; /* KEY=VALUE, as tools/peers.sh understands them */
    int n;
};

/* peer.test at OTHER_HOST, on PORT_SMTP; other_set tells it more before other_start. */
void other_make(struct other *o, struct world *w, const char *name);
void other_set(struct other *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void other_tls(struct other *o);                 /* a certificate of the world's CA */
void other_start(struct other *o);               /* returns when it greets; also after other_kill */
void other_kill(struct other *o, int signal);    /* what it keeps stays */
void other_stop(struct other *o);                /* and removes what it kept */
void other_freeze(struct other *o, bool frozen); /* SIGSTOP or SIGCONT to all its processes */
const char *other_log(struct other *o);          /* the last lines */

/* Shell code, run as one who may read what the other server keeps; $1 is its folder. The output
 * lives until the next call. */
const char *other_shell(struct other *o, const char *code);

#endif
