/* pop3_client.h - POP3 from the other side. */
#ifndef CLIENT_POP3_CLIENT_H
#define CLIENT_POP3_CLIENT_H

#include "client/imap_client.h"

struct pop3_client;
enum err pop3_client_open(const struct client_options *o, struct arena *a, struct pop3_client **out) MUST_CHECK; /* Waits. */
/* One command; *text is the status line after +OK or -ERR (ERR_DENIED). multi: the lines that
 * follow, dots removed, appended to body (may be NULL for single-line). Waits. */
enum err pop3_client_command(struct pop3_client *c, str command, struct buf *body, str *text) MUST_CHECK;
enum err pop3_client_login(struct pop3_client *c, str user, str password, str *text) MUST_CHECK; /* Waits. */
struct conn *pop3_client_conn(struct pop3_client *c);
void pop3_client_close(struct pop3_client *c, bool quit); /* without QUIT nothing is deleted. Waits. */

#endif
