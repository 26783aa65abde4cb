/* wire.h - a test's own end of a connection: lines, TLS, and the few exchanges every test makes.
 *
 * A wire that is not answered in time ends the test with the last lines that went over it; tests
 * that expect silence or an end ask with wire_line and wire_ended.
 */
#ifndef SUPPORT_WIRE_H
#define SUPPORT_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/server.h"

struct wire;
struct wire *wire_open(const char *address, int port); /* fails the test when nobody listens */
struct wire *wire_try(const char *address, int port);  /* NULL when nobody listens */
void wire_tls(struct wire *w, const char *ca, const char *host);
bool wire_tls_try(struct wire *w, const char *ca, const char *host);
/* From here on both sides speak in DEFLATE; what was read already may be the first of it. */
void wire_compress(struct wire *w);
/* And no more: the server has answered what ends it. */
void wire_clear(struct wire *w);
void wire_close(struct wire *w); /* at once, without a goodbye */
int wire_fd(const struct wire *w);
/* Subject's serial number of the server's certificate, as hexadecimal text; free() it. */
char *wire_serial(const struct wire *w);

/* False when the other side is gone. */
bool wire_send(struct wire *w, const void *bytes, size_t n);
bool wire_say(struct wire *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The next line without its CRLF, until the next call; NULL after so long, or at the end. A line
 * may hold NULs; *n (may be NULL) is its length. */
const char *wire_line(struct wire *w, double seconds, size_t *n);
/* So many bytes as they came, NUL behind; NULL when they do not come. Valid until the next call. */
const char *wire_bytes(struct wire *w, size_t n, double seconds);
bool wire_ended(struct wire *w, double seconds); /* what still comes is thrown away */
bool wire_silent(struct wire *w);                /* nothing comes that was not read */

/* The next line must match the whole extended regular expression; returns it. */
const char *wire_expect(struct wire *w, const char *pattern);
bool text_matches(const char *text, const char *pattern);

/* SMTP: says a line (NULL: only listens), returns the code; all lines of the reply are in wire_got.
 */
int wire_smtp(struct wire *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* IMAP: says TAG COMMAND and returns all lines up to and with the tagged one; fails the test unless
 * that begins with the word wanted ("OK"; NULL: any). */
const char *wire_imap(struct wire *w, const char *want, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* POP3: says a line, returns true for +OK. */
bool wire_pop3(struct wire *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *wire_got(const struct wire *w);

/* Logged in, over TLS: PORT_SUBMISSIONS, PORT_IMAPS, PORT_POP3S. */
struct wire *submit_open(struct server *s, const char *ca, const char *user, const char *password);
struct wire *imap_open(struct server *s, const char *ca, const char *user, const char *password);
struct wire *pop3_open(struct server *s, const char *ca, const char *user, const char *password);
/* One message over an open SMTP session; the code of the final reply, or of the first refusal. */
int smtp_message(struct wire *w, const char *from, const char *to, const char *message);
/* How many messages a mailbox holds, by STATUS. */
int imap_count(struct wire *w, const char *mailbox);

#endif
