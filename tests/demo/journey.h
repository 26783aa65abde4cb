/* journey.h - the story's chapters: each shows something and checks it. */
#ifndef DEMO_JOURNEY_H
#define DEMO_JOURNEY_H

#include "demo/people.h"

/* What one chapter leaves to the next. */
struct journey {
    struct demo *demo;
    struct buf letter;             /* as Alice's client handed it over */
    struct submission submission;
    struct device phone, laptop;
    char id_b[ID_BYTES];           /* what b.test calls the letter */
    double relayed_s;              /* from Alice's 250 to Bob's phone */
    double seen_s, gone_s;         /* how long the phone waited for \Seen, and for the deletion */
    int hop_ms[3];                 /* submission, relay, from b.test's 250 to filed */
    uint64_t list_bytes;
    size_t letter_bytes;           /* as Bob has it */
};

/* Each is false when the rest of the story cannot be told. */
bool journey_stage(struct journey *j);
bool journey_submit(struct journey *j);
bool journey_sent(struct journey *j);
bool journey_relay(struct journey *j);
bool journey_list(struct journey *j);
bool journey_open(struct journey *j);
bool journey_in_step(struct journey *j);
bool journey_tidy(struct journey *j);
bool journey_copies(struct journey *j);
bool journey_pop3(struct journey *j);
bool journey_trace(struct journey *j);
void journey_tell(struct demo *d); /* all of them */

void stay(struct demo *d); /* until Ctrl-C */

/* One thing going wrong, by a name that is known. */
void break_tell(struct demo *d, const char *name);
bool break_known(const char *name);
void break_names(struct buf *out);

#endif
