/* tls_int.h - one connection's TLS, as conn.c drives it: never waits, says what it waits for.
 * Private to run/. */
#ifndef RUN_TLS_INT_H
#define RUN_TLS_INT_H

#include "run/seam.h"
#include "run/tls.h"

enum io {
    IO_DONE,       /* at least one byte, or the handshake's end */
    IO_WANT_READ,  /* try again when the socket is readable */
    IO_WANT_WRITE, /* try again when it is writable */
    IO_END,        /* the peer ended its side in good order */
    IO_FAILED,     /* reset, cut off in the middle, or not TLS */
};

struct tls;

/* The caller keeps seam, socket and server or client alive until tls_free. NULL without memory. */
struct tls *tls_accept(struct tls_server *t, struct seam *seam, int socket);
struct tls *tls_connect(struct tls_client *t, struct seam *seam, int socket, str host);
void tls_free(struct tls *t);

enum io tls_handshake(struct tls *t);
/* After IO_FAILED of a client's handshake: it was the certificate. */
bool tls_certificate_bad(const struct tls *t);
enum io tls_read(struct tls *t, char *p, size_t n, size_t *got);
enum io tls_write(struct tls *t, const char *p, size_t n, size_t *sent);
bool tls_pending(const struct tls *t); /* bytes that no readiness will announce */
void tls_goodbye(struct tls *t);       /* close_notify, if it can go now */
const struct tls_facts *tls_facts(const struct tls *t); /* NULL before the handshake's end */
str tls_error(const struct tls *t);    /* why it failed, for the log; lives as long as t */

#endif
