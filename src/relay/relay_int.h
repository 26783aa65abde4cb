/* relay_int.h - the scheduler's state, a job, and the steps that the files share. */
#ifndef RELAY_RELAY_INT_H
#define RELAY_RELAY_INT_H

#include "base/limits.h"
#include "base/map.h"
#include "relay/relay.h"
#include "smtp/smtp_client.h"

struct relay {
    struct seam *seam;
    struct store *store;
    struct deliver *deliver;
    const struct relay_settings *settings;
    struct netaddr source;   /* NET_NONE: the system chooses */
    struct tls_client *tls_any, *tls_verified;
    struct loop *loop;
    struct watch watch;       /* the queue's account */
    struct bell bell;         /* rung when the queue changed or a conversation ended */
    struct map *busy;         /* "id domain" to its job: in conversation now */
    struct map *destinations; /* domain to struct destination */
    size_t conversations;
    struct fiber *ending;     /* the scheduler, once it only waits for the last conversation */
};

struct destination {
    size_t conversations;
};

/* One message to one domain: what a conversation carries. */
struct job {
    struct relay *relay;
    struct list node; /* among those found by this pass */
    struct arena arena;
    str key, domain;
    struct destination *destination;
    struct queue_entry *entries; /* of the same message and domain; in the arena, as all below */
    size_t n;
    struct queue_result *results; /* one an entry, filled by the attempt */
    str *remote;                  /* one an entry: the host that spoke, for reports */
    bool by_passed_on;            /* the next server answers for the time of delivery (RFC 2852) */
    struct accept letter;         /* goes to our own users, with the results; body NULL: none */
    struct buf card;              /* its */
};

void job_run(void *arg);      /* attempt.c: the fiber of one conversation */
void job_done(struct job *j); /* relay.c: forget it, look for more */

/* attempt.c's verdict on one entry; the texts are in the job's arena. */
struct verdict {
    enum queue_outcome outcome;
    str reply, detail, remote;
};
void job_settle(struct job *j, size_t i,
                const struct verdict *v); /* retry.c: gives up when it is time */

/* local.c: the recipients are our own (they were held until now, or the domain has become ours):
 * OK: results are set, and j->letter is to be committed with them. ERR_NOTFOUND: somebody else's. Waits. */
enum err local_release(struct job *j) MUST_CHECK;

/* When to try again after so many attempts (retry.c). */
int64_t retry_at(const struct relay_settings *s, uint32_t attempts, int64_t now_us,
                 uint32_t chance);

/* notice.c: the reports that these results ask for, as accepts for the same commit. Waits. */
struct notices {
    struct accept items[5];
    size_t n;
};
enum err notices_make(struct job *j, struct notices *out) MUST_CHECK;
void notices_free(struct notices *n);

#endif
