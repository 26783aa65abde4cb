/* beside.h - a process beside this one, for what is done as somebody else while we go on.
 *
 * The command line reads files as the person who calls it; the store must be opened as its owner.
 */
#ifndef RUN_BESIDE_H
#define RUN_BESIDE_H

#include <stdbool.h>
#include <sys/types.h>

/* What it runs. It says beside_ready when its work can be asked for; until becomes readable when it
 * shall end, also if we died. Returns the process's exit status. */
struct beside_self {
    int ready, until;
};
typedef int beside_fn(void *arg, struct beside_self *self);
void beside_ready(struct beside_self *self);

struct beside {
    pid_t pid;
    int until;
};
/* Starts it before this process has any thread, and waits until it is ready. False: it is not, and
 * has said why itself, or there is no room for it. */
bool beside_start(struct beside *b, beside_fn *fn, void *arg);
/* Lets it end, and waits for that. */
void beside_end(struct beside *b);

#endif
