/* mishap.h - what lies between us and another server, and does one thing wrong: it passes SMTP on
 * line by line, and at a chosen reply it hangs, speaks nonsense or hangs up. */
#ifndef SUPPORT_MISHAP_H
#define SUPPORT_MISHAP_H

#include <stddef.h>

/* What goes wrong when the reply comes whose turn it is. */
enum mishap_kind {
    MISHAP_NONE,
    MISHAP_HANG,    /* half of the reply, then silence for ever */
    MISHAP_GARBAGE, /* something that is no SMTP, in the reply's place */
    MISHAP_CUT,     /* the connection ends before the reply */
    MISHAP_NO_DOT,  /* the connection ends before the final dot reaches the server */
    MISHAP_DRIP,    /* nothing is lost: all replies come in pieces of a byte */
    MISHAP_SLOW,    /* nothing is lost: the message goes at MISHAP_SLOW_BYTES a second */
};
enum { MISHAP_SLOW_BYTES = 100000 };

/* The replies of one transaction, in order. */
enum mishap_reply { AT_GREETING, AT_EHLO, AT_MAIL, AT_RCPT, AT_DATA, AT_END };

struct mishap;
/* Listens on this address and port and passes on to the other one, one connection after another, in
 * a thread of its own. The mishap happens so many times. */
struct mishap *mishap_start(const char *address, int port, const char *to, enum mishap_kind kind,
                            enum mishap_reply at, int times);
size_t mishap_sent(const struct mishap *m); /* bytes that went towards the server, ever */
int mishap_connections(const struct mishap *m);
void mishap_stop(struct mishap *m);

#endif
