/* progress.h - how far a long command is: one line that changes on a terminal, else a line now and
 * then, on standard error. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "run/seam.h"

struct progress {
    struct seam *seam;
    const char *done_word;    /* "imported" */
    uint64_t done, total;     /* in whatever unit; total 0: not known */
    uint64_t messages;
    uint64_t began_us, told_us;
    bool terminal, shown, bytes;
};
void progress_begin(struct progress *p, struct seam *seam, const char *done_word);
void progress_step(struct progress *p); /* after each message; says something when it is time */
/* For what is counted in bytes alone: how many of how many. */
void progress_bytes(struct progress *p, uint64_t done, uint64_t total);
void progress_clear(struct progress *p); /* before a line of another kind; and at the end */

#endif
