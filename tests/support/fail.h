/* fail.h - how the support library ends a test: with the reason, at once. */
#ifndef SUPPORT_FAIL_H
#define SUPPORT_FAIL_H

#include <stdio.h>

struct peer;
/* Prints the reason to standard error and aborts: under cmocka and outside it alike. */
_Noreturn void fail_now(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Stops a peer, waits at most so long, frees it; its exit status, 128+signal, or -1 if it had to be
 * killed. */
int peer_end(struct peer *p, int signal, int seconds);

/* A new file to write to. */
FILE *file_create(const char *path);

#endif
