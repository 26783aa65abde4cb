/* repair_int.h - what the parts of the upper floor's repair share.
 *
 * Each part looks in a view, which says what must be otherwise, and then changes that in a
 * transaction: nobody else is at the store. What is right is left alone, so a second repair
 * changes nothing.
 */
#ifndef STORE_REPAIR_INT_H
#define STORE_REPAIR_INT_H

#include "store/check_int.h"

struct mending {
    struct store *store;
    struct repair_report *report;
    struct checking checking; /* its view, for what check shares */
    uint64_t gap;             /* how many numbers of each kind may have been lost */
};

void mend_lost(struct mending *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mend_done(struct mending *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each puts right what it is named after. Errors are the engine's. Wait. */
enum err mend_directory(struct mending *m) MUST_CHECK;                 /* repair_users.c */
enum err mend_account(struct mending *m, struct account a) MUST_CHECK; /* repair_account.c */
enum err mend_sharing(struct mending *m, struct account a) MUST_CHECK;  /* acl_care.c */
enum err mend_queue(struct mending *m) MUST_CHECK;                     /* repair_queue.c */
enum err mend_blobs(struct mending *m) MUST_CHECK;                     /* repair_blobs.c */

/* One mailbox (repair_box.c): bits, flags, changes, its head. What is found is added up. */
struct box_sums {
    uint64_t messages, bytes, email_max;
};
enum err mend_box(struct mending *m, struct account a, uint32_t box, const char *whose,
                  struct box_sums *sums) MUST_CHECK;

#endif
