/* relay.h - from queue to the world: routes, schedule, conversations, retry, bounce. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "deliver/deliver.h"
#include "run/config.h"
#include "run/tls.h"

struct relay_settings {
    uint64_t port;              /* that MX hosts are reached on: 25 */
    uint64_t retry_first_ms, retry_max_ms; /* gaps grow from the first to the max */
    uint64_t give_up_ms;        /* 5d: then a bounce */
    uint64_t delay_notice_ms;   /* 4h: then one delay notice */
    uint64_t conversations_max; /* at once, all destinations */
    uint64_t per_destination_max;
    uint64_t messages_max;      /* of one connection */
    uint64_t connect_ms, command_ms, data_ms;
    int tls;                    /* may | encrypt | verify */
    str ca_file;
    struct setting_list source; /* connect from these addresses, one a family; empty: any */
};
extern const struct settings_section relay_section;

/* [route NAME]: other than by MX, or on other terms, for some domains. */
struct route_settings {
    struct setting_list domains; /* b.test, .b.test (all below it), * (all) */
    struct setting_list via;     /* host, host:port, address:port, unix:/path; empty: MX */
    int protocol;                /* smtp | lmtp */
    int tls;                     /* may | encrypt | verify | implicit | never */
    str ca_file, user, password_file;
    struct setting_list source;
    uint64_t conversations_max;  /* 0: per_destination_max */
};
extern const struct settings_section route_section;

struct relay;
/* Reads the sections relay and route of config, which must outlive it, and the files they name. */
enum err relay_new(struct seam *seam, struct store *store, struct deliver *deliver, const struct config *config,
                   struct relay **out, struct buf *why) MUST_CHECK;
/* On one worker's thread: starts the scheduler's fiber. It ends when the loop drains. */
enum err relay_start(struct relay *r, struct loop *loop) MUST_CHECK;
void relay_free(struct relay *r);
/* Are the routes and the files they name right? On failure *why says what is not. */
enum err relay_check(struct seam *seam, const struct config *config, struct buf *why) MUST_CHECK;

/* What is remembered of name servers that did not answer is forgotten. Before mail is made due for
 * `posthorn queue retry`: it would be asked for at once. Any thread. */
void relay_refresh(struct relay *r);
/* Servers that did not answer are tried again at once, not after their pause: for `posthorn queue
 * retry`. Any thread. */
void relay_hurry(struct relay *r);

/* In words, what happens next with this entry and when: for `posthorn queue show`. r may be NULL: no
 * server runs. Any thread. */
void relay_explain(struct relay *r, const struct queue_entry *e, int64_t now_us, struct buf *out);

#endif
