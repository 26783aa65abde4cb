/* check_int.h - what the parts of the upper floor's check share. */
#ifndef STORE_CHECK_INT_H
#define STORE_CHECK_INT_H

#include "store/queue_int.h"

struct checking {
    struct store *store;
    struct check_report *report;
    struct view *view;
    struct pool *pool; /* of one thread, for what takes long; NULL: on this one */
    bool faulty;
};

/* A fault in words. */
void check_fault(struct checking *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_tell(const struct checking *c, const char *what, uint64_t done, uint64_t of);
/* Away from the loop, if this is one, so that others are served meanwhile. Waits. */
enum err check_aside(struct checking *c, enum err (*part)(struct checking *c, void *arg),
                     void *arg) MUST_CHECK;
/* "alice@a.test", or "account 17" if nobody has it. */
struct whose {
    char text[ADDRESS_BYTES + 32];
};
struct whose check_whose(struct view *v, struct account a);

/* An error only when the engine failed; what is wrong is reported and passed over. */
enum err check_account(struct checking *c, struct account a) MUST_CHECK; /* check_account.c */
enum err check_sharing(struct checking *c, struct account a) MUST_CHECK;  /* acl_care.c; of the directory too */
enum err check_queue(struct checking *c) MUST_CHECK;                     /* check_queue.c */
enum err check_blobs(struct checking *c) MUST_CHECK;                     /* check_blobs.c. Waits. */

/* --- who refers to which body (check_refs.c) ------------------------------------------------- */
/* A message, or account ACCOUNT_QUEUE with a queued message's id in n. */
struct ref {
    uint64_t blob;
    uint64_t account, n; /* n: mailbox << 32 | UID */
};
/* The references to the blobs first..last, sorted by blob, as many as max allows. */
struct refs {
    struct ref *refs;
    size_t n, cap, max; /* max: STORE_CHECK_REFS, fewer in a test */
    uint64_t first, last;
};
/* The next blobs from out->first on, in c's view. n == 0 and last == UINT64_MAX: no more. A blob
 * that so many refer to that they do not fit makes the array larger. */
enum err refs_gather(struct checking *c, struct refs *out) MUST_CHECK;
void refs_free(struct refs *r);

/* --- cards (check_cards.c) ------------------------------------------------------------------- */
/* Reads a body from first to last and makes its card. ERR_NOTFOUND, ERR_CORRUPT: the bytes are
 * gone. Waits. */
enum err card_again(struct engine *e, struct blob blob, struct buf *card) MUST_CHECK;
/* The card that is kept for a message: in its row or beside its body. Waits. */
enum err card_kept(struct engine *e, const struct message *m, struct buf *card) MUST_CHECK;
/* Is the kept card its message's? One that another parser made is held to what no parser disputes. */
bool card_agrees(str kept, str wanted) MUST_CHECK;
/* A message that refers to a body, and its name for people: "alice@a.test INBOX uid 3". Its card is
 * copied into the buf. False: it is no longer there, and nothing is to be freed. */
struct named {
    struct message m;
    struct buf name;
};
bool ref_name(struct checking *c, const struct ref *r, struct named *out,
                struct buf *card) MUST_CHECK;
/* How people know a message: "“subject” from …", as far as its card tells. */
void card_words(str card, struct buf *out);

#endif
