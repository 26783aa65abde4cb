/* chat.h - a bare connection on which a test speaks SMTP, IMAP or POP3 line by line.
 *
 * Made for what a proper client never does, and for seeing what the server really said. Calls
 * block, for at most CHAT_WAIT_S; a connection that ends, or stays silent longer, makes every later
 * call fail. Safe to use from several threads, one connection each.
 */
#ifndef SUPPORT_CHAT_H
#define SUPPORT_CHAT_H

#include <stdbool.h>
#include <stddef.h>

enum { CHAT_WAIT_S = 30 };

struct chat {
    int fd;
    void *tls; /* an SSL, or NULL */
    bool dead;
    char *in;
    size_t in_at, in_n, in_size;
    char *text; /* the last reply whole, with a NUL behind */
    size_t text_n, text_size;
    unsigned tag;
};

/* NULL: nobody listens there. */
struct chat *chat_open(const char *address, int port);
/* The same from one of our own addresses (127.x.y.z); NULL: whichever the system takes. */
struct chat *chat_open_from(const char *source, const char *address, int port);
/* TLS from here on, the certificate checked against the CA and name. False: it failed. */
bool chat_tls(struct chat *c, const char *ca, const char *host);
void chat_close(struct chat *c); /* c may be NULL */

bool chat_send(struct chat *c, const void *bytes, size_t n);
/* A formatted line; CRLF is added. */
bool chat_say(struct chat *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One line, without its CRLF, NUL behind; valid until the next call. NULL: the connection ended. */
const char *chat_line(struct chat *c);
/* Exactly n bytes, added to the text. */
bool chat_take(struct chat *c, size_t n);
/* Does a byte or the end come within so many milliseconds? */
bool chat_waits(struct chat *c, int ms);

/* SMTP: the code of the reply (every line is in text), 0 when the connection ended. */
int chat_smtp_reply(struct chat *c);
int chat_smtp(struct chat *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The message's bytes, dots doubled, and the final dot; the code of the answer. */
int chat_data(struct chat *c, const char *message, size_t n);

/* IMAP: a command; the answer's 'O' (OK), 'N' (NO) or 'B' (BAD), 0 when the connection ended. text
 * has every line with its CRLF, and literals as they came. */
char chat_imap(struct chat *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
char chat_imap_answer(
    struct chat *c); /* for a command already sent with tag "tN": reads up to it */
/* APPEND with what stands before the literal. */
char chat_append(struct chat *c, const char *arguments, const char *message, size_t n);
bool chat_imap_login(struct chat *c, const char *user, const char *password); /* greeting too */

/* POP3: '+' or '-', 0 when the connection ended; the status line is the text. */
char chat_pop3(struct chat *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool chat_pop3_lines(
    struct chat *c); /* the rest of a long answer: added to the text, dots removed */
bool chat_pop3_login(struct chat *c, const char *user, const char *password);

#endif
