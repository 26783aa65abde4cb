/* world_int.h - what the parts of the support library know of each other. */
#ifndef SUPPORT_WORLD_INT_H
#define SUPPORT_WORLD_INT_H

#include "support/server.h"

struct world {
    char dir[256], ca[512];
    unsigned char net[2]; /* 127.net[0].net[1].0/24 */
    struct peer *dns;
    struct server *servers;
    int hosts; /* servers started so far; the first is host 2 */
    bool supervise; /* servers have a parent that starts them again */
    bool keep;
};

/* A certificate of the world's CA for this name and address, and its key. */
void world_certificate(struct world *w, const char *host, const char *address, char cert[512],
                       char key[512]);
void server_free(struct server *s);

#endif
