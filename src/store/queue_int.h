/* queue_int.h - the queue's rows: a message once, each recipient, the order in which they are due. */
#ifndef STORE_QUEUE_INT_H
#define STORE_QUEUE_INT_H

#include "store/store_int.h"

/* What all recipients of a message share. */
struct queued {
    str sender, envid;
    bool ret_full, utf8, eight_bit, binary, require_tls, tls_optional;
    struct deliver_by by;
    struct blob blob;
    uint64_t size_bytes;
    int64_t arrived_us;
    uint32_t left; /* recipients that still wait: the last one lets go of the blob */
};
enum err queued_get(struct source from, struct msgid id, struct queued *out) MUST_CHECK;
void queued_put(struct txn *t, struct msgid id, const struct queued *q);

/* The recipient's own fields of a queue_entry. */
enum err rcpt_get(struct source from, struct queue_key key, struct queue_entry *out) MUST_CHECK;
void rcpt_put(struct txn *t, const struct queue_entry *e);
enum { QUEUE_REPLY_BYTES = 600 }; /* of the last reply, kept for listing; the journey has more */

struct key key_queued(enum tag tag, struct msgid id); /* E, and the prefix of Q */
struct key key_rcpt(struct queue_key key);
struct key key_due(const struct queue_entry *e); /* by its next attempt */

/* The messages's recipients into the queue. ERR_LIMIT: an address, ENVID or ORCPT is too long. */
enum err queue_add(struct txn *t, const struct accept *a, struct blob blob, uint32_t *event) MUST_CHECK;
enum err queue_count_add(struct txn *t, int64_t more) MUST_CHECK;

/* A message with all its recipients, inside a transaction (accept.c). */
enum err accept_put(struct txn *t, const struct accept *a) MUST_CHECK;

#endif
