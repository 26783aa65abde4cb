/* scene.h - a server under mixed load, and the ledger that it is compared with: what every crash
 * test has in common, whatever goes wrong in it.
 */
#ifndef CRASH_SCENE_H
#define CRASH_SCENE_H

#include <pthread.h>

#include "crash/load.h"

struct scene {
    /* chosen before scene_begin */
    struct world *world; /* NULL: a new one */
    bool large;          /* messages around 1 MiB */
    bool relays;         /* a second server gets mail for sink@c.test */
    bool supervised;     /* serve --supervise */
    unsigned random;     /* the seed */
    const char *more;    /* lines of configuration, or NULL */

    struct server *server, *sink;
    struct ledger *ledger;
    struct outgoing *outgoing; /* NULL unless it relays */
    int checks;                /* posthorn check: clean */
    double checked_s;

    struct load loads[WORKERS];
    pthread_t threads[WORKERS];
    _Atomic bool stop;
};

unsigned scene_chance(struct scene *s, unsigned below);
void scene_pause(unsigned ms);
void scene_begin(struct scene *s);
/* Everything is compared once more, what was relayed too; then it prints the one line and ends all.
 */
void scene_end(struct scene *s, const char *what, int rounds);

/* Clients work. Until the server is gone; or, with refusals, until scene_rest, and "later" is an
 * answer. Returns when the first deed is done. */
void scene_work(struct scene *s, bool refusals);
void scene_rest(struct scene *s); /* asks those who would go on to end, and waits for all */

/* All that the server has against the ledger. Fails the test for what is lost, doubled or changed.
 */
void scene_compare(struct scene *s);
void scene_check(struct scene *s); /* posthorn check finds nothing */
void scene_tidy(struct scene *s);  /* few messages are left */

#endif
