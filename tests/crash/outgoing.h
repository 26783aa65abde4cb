/* outgoing.h - letters that a server took for somebody elsewhere: each must arrive there, whole. */
#ifndef CRASH_OUTGOING_H
#define CRASH_OUTGOING_H

#include "crash/ledger.h"

struct chat;
struct outgoing;
struct outgoing *outgoing_new(void);
void outgoing_free(struct outgoing *o);
/* The letter was answered with 250. Any thread. */
void outgoing_add(struct outgoing *o, struct letter t);
int outgoing_count(struct outgoing *o);
/* The connection is the recipient's, logged in, with no mailbox selected. Fails the test when one
 * is lost or damaged; returns how many came a second time. */
int outgoing_compare(struct outgoing *o, struct chat *c);

#endif
