/* client_int.h - the SMTP client's own state and the steps its files share. */
#ifndef SMTP_CLIENT_INT_H
#define SMTP_CLIENT_INT_H

#include "base/limits.h"
#include "smtp/smtp_client.h"

struct smtp_client {
    struct conn *conn;
    struct arena *arena;
    struct smtp_client_options options;
    unsigned extensions;
    uint64_t size_max;
    str peer;       /* the name in the first line of its EHLO reply */
    str step;       /* what was said last, and waits for its answer; lives as long as the arena */
    str trouble;    /* why it is broken, in words */
    bool undecided; /* the end of a message was said, and not answered yet */
    bool broken;    /* a transaction was left half-way: nothing more can be said */
};

/* One command line; the reply's class decides: OK 2xx, ERR_LATER 4xx, ERR_DENIED 5xx, ERR_GONE when
 * none came, it was no SMTP, or it was 3xx where nothing more is to be said. Waits. */
enum err client_command(struct smtp_client *c, str line, unsigned ms,
                        struct smtp_reply *reply) MUST_CHECK;
enum err client_reply(struct smtp_client *c, unsigned ms, struct smtp_reply *reply) MUST_CHECK;
/* DATA: OK is 354 and nothing else. Waits. */
enum err client_data(struct smtp_client *c, struct smtp_reply *reply) MUST_CHECK;
/* Breaks the conversation off, and says why; always ERR_GONE. */
enum err client_lost(struct smtp_client *c, str why);
void client_write_line(struct smtp_client *c, str line); /* adds CRLF; not flushed */

/* Pure: one reply line "250-2.1.0 text" into its parts. False if it is no SMTP. */
bool client_reply_line(str line, unsigned *code, bool *last, str *text);
/* Pure: the enhanced code at the front of a reply's text, or empty (RFC 2034 4). */
str client_enhanced(str text);
/* Pure: one EHLO line; adds to the set. */
void client_extension(str line, unsigned *extensions, uint64_t *size_max);

#endif
