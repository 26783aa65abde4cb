/* story.h - telling the demo's story: chapters, words, checked claims, and what went over the wire. */
#ifndef DEMO_STORY_H
#define DEMO_STORY_H

#include "base/buf.h"

void story_begin(void);                    /* colour only on a terminal */
void title(const char *text);
void chapter(const char *numbers, const char *title); /* numbers: of docs/journey.md, "A4 A5" */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void quote(str text);                      /* what a program printed, line by line */
/* A claim: printed with a tick or a cross, and counted. Returns ok. */
bool check(bool ok, const char *numbers, const char *format, ...) __attribute__((format(printf, 3, 4)));
unsigned story_checks(void);
unsigned story_failures(void);

/* This must never be in a line that is shown; borrowed for ever. */
void story_secret(const char *text);
bool story_leaked(void);

/* A conversation as it is shown: lines of client (C:) and server (S:), long runs shortened. It is
 * the argument of wire_trace, which is a conn_trace_fn. */
struct wire {
    bool quiet;                /* nothing is shown */
    unsigned run_max;          /* lines of a run that are shown; 0: 14 */
    char direction;            /* of the run of lines that is being shown */
    bool secret;               /* the last line was hidden */
    unsigned run;              /* lines in it */
    unsigned skipped;
    size_t skipped_bytes;
    char line[512];            /* the beginning of an unfinished line */
    size_t n, length;          /* kept of it, and its length */
};
void wire_trace(void *wire, char direction, str bytes);
void wire_end(struct wire *w);             /* shows what is left */

#endif
