/* check_int.h - what the parts of the upper floor's check share. */
#ifndef STORE_CHECK_INT_H
#define STORE_CHECK_INT_H

#include "store/queue_int.h"

struct checking {
    struct store *store;
    struct check_report *report;
    struct view *view;
    bool faulty;
};

/* A fault in words. */
void check_fault(struct checking *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An error only when the engine failed; what is wrong is reported and passed over. */
enum err check_account(struct checking *c, struct account a) MUST_CHECK; /* check_account.c */
enum err check_queue(struct checking *c) MUST_CHECK;                     /* check_queue.c */
enum err check_blobs(struct checking *c) MUST_CHECK;                     /* check_blobs.c */

#endif
