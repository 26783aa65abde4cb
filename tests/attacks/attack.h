/* attack.h - attacks as tables, a file a class: what a stranger or a user sends, and all that may
 * come back.
 *
 * One engine (engine.c) plays them. After every attack, whatever its class, it judges four things:
 * the whole answer; that the server is the process it was; that another client is answered, during
 * the attack and after it, and has no mail that it should not have; and that memory and descriptors
 * are back where they were.
 */
#ifndef ATTACKS_ATTACK_H
#define ATTACKS_ATTACK_H

#include <stdbool.h>
#include <stddef.h>

#include "support/wire.h"

/* Where an attack is sent to, and as whom; in TLS where the protocol's name ends in S. Letters are
 * sent by and to alice; carol reads, and her INBOX holds three messages, with the UIDs 1, 2, 3. */
enum door {
    MX,      /* port 25 */
    SUBMIT,  /* port 587, in clear */
    SUBMITS, /* port 465 */
    SUBMITS_USER,
    IMAP,  /* port 143, in clear */
    IMAPS, /* port 993 */
    IMAPS_USER,
    POP3,  /* port 110, in clear */
    POP3S, /* port 995 */
    POP3S_USER,
    PROXIED, /* port 25 of a listener behind a proxy: silent before the PROXY header */
};

/* What is sent, all at once: some bytes, others many times over, and the last ones. */
struct say {
    const char *first;
    size_t first_n; /* it may hold NULs */
    const char *again;
    unsigned times;
    const char *last;
    bool leaves; /* then the sender says that it will send no more */
};
#define SAY(literal)                                         \
    {                                                        \
        (literal), sizeof(literal) - 1, NULL, 0, NULL, false \
    }
#define LEAVE(literal)                                      \
    {                                                       \
        (literal), sizeof(literal) - 1, NULL, 0, NULL, true \
    }
#define FLOOD(literal, again, times, last)                              \
    {                                                                   \
        (literal), sizeof(literal) - 1, (again), (times), (last), false \
    }
#define FLOOD_AND_LEAVE(literal, again, times)                       \
    {                                                                \
        (literal), sizeof(literal) - 1, (again), (times), NULL, true \
    }

struct attack {
    enum door door;
    const char *name;
    struct say say;   /* the session ends by it, or with its last command */
    const char *want; /* everything answered, lines joined by LF: a whole extended expression */
};

/* --- pieces of what is wanted ----------------------------------------------------------------- */

#define LINE(start)      start " [^\n]*\n"
#define EHLO             "EHLO evil.test\r\n"
#define QUIT             "QUIT\r\n"
#define EHLO_OK          "(250-[^\n]*\n)+250 [^\n]*\n"
#define SMTP_BYE         LINE("221 2\\.0\\.0")
#define OPENED           EHLO_OK LINE("250 2\\.1\\.0")
#define TO_ALICE         EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<alice@a.test>\r\n"
#define TO_ALICE_OK      OPENED LINE("250 2\\.1\\.5")

#define LOGOUT           "z LOGOUT\r\n"
#define IMAP_BYE         "\\* BYE [^\n]*\nz OK [^\n]*\n"
#define IMAP_END         "\\* BYE [^\n]*\n"
#define TOO_LONG         "\\* BYE line too long\n"
#define COMMAND(command) SAY("a " command "\r\n" LOGOUT)
#define BAD              LINE("a BAD") IMAP_BYE
#define NO               LINE("a NO") IMAP_BYE
#define OK               LINE("a OK") IMAP_BYE
#define TOO_BIG          LINE("a BAD \\[TOOBIG\\]") IMAP_BYE
/* In INBOX: what SELECT says of it, which is of other tests. */
#define SELECTED(command) SAY("s SELECT INBOX\r\na " command "\r\n" LOGOUT)
#define SELECT_OK         "(\\* [^\n]*\n)+" LINE("s OK")

#define POP3_BYE          LINE("\\+OK")
#define POP3_NO           LINE("-ERR")

/* --- classes ---------------------------------------------------------------------------------- */

struct field;
struct class
{
    const char *name;
    const struct attack *attacks; /* the table */
    size_t n;
    void (*play)(struct field *f); /* what fits no table; NULL: nothing. After the table */
};
#define TABLE(attacks) (attacks), sizeof(attacks) / sizeof *(attacks)

/* --- the engine, for what fits no table ------------------------------------------------------- */

struct server *field_server(const struct field *f);
struct world *field_world(const struct field *f);
const char *field_ca(const struct field *f);
/* The whole of an attack is between these two; the second judges all but the answer. */
void attack_begin(struct field *f, const char *name);
void attack_end(struct field *f);
/* It succeeded: says so, and the class fails at its end. */
void attack_fail(struct field *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Is another client answered meanwhile? */
void attack_others(struct field *f);
/* Connected to a door, greeted and logged in. */
struct wire *attack_open(struct field *f, enum door door);
char *say_bytes(const struct say *say, size_t *n); /* free() it */
void attack_send(struct wire *w, const struct say *say);
/* All up to the end of the connection, which is closed: it must be the answer wanted. */
void attack_hear(struct field *f, struct wire *w, const char *want);

#endif
