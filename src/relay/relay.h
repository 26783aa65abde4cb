/* relay.h - from queue to the world: schedule, conversations, retry, bounce. */
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
    uint64_t connect_ms, command_ms, data_ms;
    int tls;                    /* may | encrypt | verify */
    str ca_file;
    str source;                 /* connect to IPv4 hosts from this address; empty: any */
};
extern const struct settings_section relay_section;

struct relay;
enum err relay_new(struct seam *seam, struct store *store, struct deliver *deliver, const struct relay_settings *s,
                   struct relay **out, struct buf *why) MUST_CHECK;
/* On one worker's thread: starts the scheduler's fiber. It ends when the loop drains. */
enum err relay_start(struct relay *r, struct loop *loop) MUST_CHECK;
void relay_free(struct relay *r);

/* In words, what happens next with this entry and when: for `posthorn queue show`. */
void relay_explain(const struct queue_entry *e, int64_t now_us, struct buf *out);

#endif
