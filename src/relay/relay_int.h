/* relay_int.h - the scheduler's state, destinations, jobs, and the steps that the files share.
 *
 *     index, by next attempt --feed--> destination: keys that wait --job--> conversation --> results
 *
 * All on one loop. Only the words about a destination's trouble are read by other threads.
 */
#ifndef RELAY_RELAY_INT_H
#define RELAY_RELAY_INT_H

#include <stdatomic.h>

#include "base/limits.h"
#include "base/map.h"
#include "relay/route_int.h"
#include "run/lock.h"

struct relay {
    struct seam *seam;
    struct store *store;
    struct deliver *deliver;
    const struct relay_settings *settings;
    struct relay_routes routes;
    struct loop *loop;
    struct watch watch; /* the queue's account */
    struct bell bell;   /* rung when the queue changed or a conversation ended */
    _Atomic bool hurry;
    struct fiber *ending; /* the scheduler, once it only waits for the last conversation */

    struct lock lock;         /* for writing to destinations, and for reading on other threads */
    struct map *destinations; /* name to struct destination */
    struct list served;       /* all of them, in the order of their turns */
    struct map *taken;        /* keys in memory: they wait in a destination, or are in a job */
    struct queue_place fed;   /* the feed has seen all that is due up to here */
    int64_t since_us;         /* relay_now_us: the wall clock's time at the monotonic one's */
    uint64_t since_mono_us;
    uint64_t refeed_us;       /* from the start again, at this monotonic time */
    size_t conversations, troubled; /* going on; of these, with destinations in trouble */
};

/* The wall clock for what the queue's times are compared with: it follows jumps forward, and goes on
 * over jumps back, so that no moment that it named stays out of reach. The relay's own loop only. */
int64_t relay_now_us(struct relay *r);

/* --- destinations (destination.c) ------------------------------------------------------------- */

struct waiting {
    struct queue_place place;
    int priority;
};

/* Where mail goes that shares hosts: a domain, or a route that names its hosts; or our own users,
 * for whom it was held. */
struct destination {
    struct relay *relay;
    struct list node;
    struct buf name;
    const struct relay_route *route;
    struct waiting *waiting; /* a ring: the urgent first (RFC 6710), then as they fell due */
    size_t first, n, cap;
    bool more;               /* from here on, others wait in the index alone */
    struct queue_place from;
    size_t conversations, limit_16; /* the limit in sixteenths: it grows by less than one */
    unsigned failures;       /* in a row */
    uint64_t paused_until_us, troubled_us; /* monotonic */
    struct buf trouble;      /* what was said last */
};

/* The i-th that waits; the ring's size is a power of two. */
static inline struct waiting *waiting_at(const struct destination *d, size_t i)
{
    return &d->waiting[(d->first + i) & (d->cap - 1)];
}

/* Which way mail for this domain goes, and the name of the destination that it is gathered under. */
const struct relay_route *destination_name(struct relay *r, struct view *v, str domain, struct buf *name);
/* The one for this domain, made if it is new; NULL: too many. */
struct destination *destination_for(struct relay *r, struct view *v, str domain);
/* Takes the key of an entry that is due, or notes that more wait. */
void destination_offer(struct destination *d, const struct waiting *w);
/* Room for more keys, and more are known to wait. */
bool destination_hungry(const struct destination *d);
bool destination_paused(const struct destination *d);
/* May a conversation be started for what waits here? */
bool destination_may_start(const struct destination *d);
/* Its mail gives way when others have none and there is no room: asked between two messages. */
bool destination_gives_way(const struct destination *d);
/* What a conversation has taught: it speaks to us, or not. */
void destination_fine(struct destination *d);
void destination_trouble(struct destination *d, str why);
void destinations_sweep(struct relay *r); /* forgets those without work or trouble */
void destinations_hurry(struct relay *r); /* no pause holds any more */
void destinations_free(struct relay *r);
int place_order(const struct queue_place *a, const struct queue_place *b);

/* A queue_key as the key of a map. */
struct taken_key { char bytes[12]; };
struct taken_key taken_key(struct queue_key key);
static inline str taken_str(const struct taken_key *k) { return (str){ k->bytes, sizeof k->bytes }; }

/* --- the feed (feed.c) ------------------------------------------------------------------------ */
/* From the index into the destinations. Returns the wall clock of the next entry that will be due.
 * Waits. */
int64_t feed(struct relay *r);

/* --- jobs (job.c): one message to one destination --------------------------------------------- */
struct job {
    struct relay *relay;
    struct arena arena;
    str key; /* "id destination", for the log */
    str domain;                  /* of the first recipient */
    struct destination *destination;
    struct queue_entry *entries; /* in the arena, as all below */
    size_t n;
    struct queue_result *results; /* one an entry, filled by the attempt */
    str *remote;                  /* one an entry: the host that spoke, for reports */
    bool by_passed_on;            /* the next server answers for the time of delivery (RFC 2852) */
    struct accept letter;         /* goes to our own users, with the results; body NULL: none */
    struct buf card;              /* its */
};
/* The next message that waits, with all its recipients there; NULL: none. */
struct job *job_next(struct destination *d);
void job_record(struct job *j); /* results, journeys, reports. Waits. */
void job_free(struct job *j);

/* One reply, one line: it goes to the journey, the log and the report. */
str job_reply_text(struct job *j, const struct smtp_reply *r);

/* --- conversations ---------------------------------------------------------------------------- */

/* A connection that carries one job after another. */
struct conversation {
    struct relay *relay;
    struct destination *destination;
    struct job *job;         /* at hand */
    struct arena arena;      /* the connection's */
    struct arena_mark mark;  /* after its opening */
    struct smtp_client *client; /* NULL: none open */
    struct hop hop;
    struct netaddr at;
    bool verified;
    unsigned messages;       /* carried on this connection */
    bool counted_troubled;
};
void conversation_run(void *arg);                    /* conversation.c: its fiber */
void conversation_done(struct conversation *c);      /* relay.c: forget it, look for more */

/* What became of trying. */
enum reach {
    REACH_DONE,   /* the message was handed over or refused: results are set */
    REACH_NEXT,   /* this host cannot now: try the next */
    REACH_DENIED, /* this host does not talk to us */
    REACH_STALE,  /* a connection that was used before is no longer good: nothing was said of this message */
    REACH_GONE,   /* the process is ending */
};

/* A verdict on one entry; the texts are in the job's arena. */
struct verdict {
    enum queue_outcome outcome;
    str reply, detail, remote;
};
void job_settle(struct job *j, size_t i, const struct verdict *v); /* retry.c: gives up when it is time */
void job_settle_all(struct job *j, const struct verdict *v);

/* hosts.c: finds a host that talks to us, and hands the job over. False: the process is ending. Waits. */
bool hosts_try(struct conversation *c);
/* transfer.c: the job's message over the open connection. Waits. */
enum reach transfer(struct conversation *c, uint64_t began_us);
str transfer_detail(struct conversation *c, const struct hop *hop, const struct netaddr *at, uint64_t began_us);
void hang_up(struct conversation *c); /* conversation.c. Waits. */

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
