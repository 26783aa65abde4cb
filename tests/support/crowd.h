/* crowd.h - many IMAP connections that idle, cheaply: a descriptor each, and TLS forgotten once they
 * do. What they hear is then only seen to come.
 */
#ifndef SUPPORT_CROWD_H
#define SUPPORT_CROWD_H

#include <stdbool.h>

struct crowd;
/* ca: PEM file to trust for TLS from the first byte; NULL: in clear. At most max connections. */
struct crowd *crowd_new(const char *address, int port, const char *ca, const char *host, int max);
/* One more, logged in, the mailbox selected, idling. Fails the test otherwise. */
void crowd_join(struct crowd *c, const char *user, const char *password, const char *mailbox);
int crowd_size(const struct crowd *c);
/* Waits until so many have each heard something (in clear: with this word in it) since the last
 * call; seconds since began. Fails the test after 30 s. */
double crowd_heard(struct crowd *c, int wanted, const char *word, double began);
void crowd_done(struct crowd *c); /* in clear: each ends IDLE and is answered OK */
void crowd_free(struct crowd *c); /* closes all; NULL is fine */

/* As many descriptors as the system allows this process; returns how many. */
int crowd_raise_files(void);

#endif
