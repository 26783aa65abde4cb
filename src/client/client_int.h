/* client_int.h - what both clients share: connecting, and TLS where it belongs. */
#ifndef CLIENT_CLIENT_INT_H
#define CLIENT_CLIENT_INT_H

#include "client/imap_client.h"

/* Connects, and handshakes at once for CLIENT_TLS. Waits. */
enum err client_connect(const struct client_options *o, struct conn **out) MUST_CHECK;
/* Is it whole, and can nothing in it (a name, a password) begin a second command? */
bool client_is_line(const struct buf *b);
/* The handshake after STARTTLS or STLS was accepted; refuses what was injected. Waits. */
enum err client_upgrade(struct conn *c, const struct client_options *o) MUST_CHECK;

#endif
