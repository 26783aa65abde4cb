/* append_int.h - messages on their way in: what APPEND, REPLACE and CATENATE share.
 *
 * append.c reads a command's messages one after another, each streamed to the store and to its card
 * (incoming.c), and files all of them in one commit.
 */
#ifndef IMAP_APPEND_INT_H
#define IMAP_APPEND_INT_H

#include "imap/parse.h"
#include "imap/session_int.h"

/* --- one message's bytes (incoming.c) --------------------------------------------------------- */
struct incoming {
    struct body *body;
    struct card_builder *card;
    uint64_t bytes; /* that came, of all its literals */
    bool last_cr;   /* the byte before was CR */
    bool nul;       /* it cannot be taken, but must be read to its end */
};
/* Waits for memory; ERR_LATER. */
enum err incoming_begin(struct imap *s, struct incoming *in) MUST_CHECK;
/* More of it; the store holds CRLF lines, so a lone LF becomes one. Waits. */
enum err incoming_take(struct incoming *in, str bytes) MUST_CHECK;
/* It is whole: sealed, its card appended to cards. ERR_LIMIT: no room for the card. Waits. */
enum err incoming_seal(struct incoming *in, struct buf *cards) MUST_CHECK;
void incoming_end(struct incoming *in); /* in every case, but not before the commit */

/* --- a command's messages (append.c) ------------------------------------------------------------ */
struct filed {
    struct incoming in;
    struct append_message message;
    size_t card_at, card_bytes; /* in cards */
};
struct appending {
    struct imap *s;
    str mailbox;        /* as the client names it */
    struct place to;    /* where that is */
    struct quota quota; /* of its owner, when we looked last; the commit looks again */
    bool one;           /* REPLACE takes one message, APPEND several (RFC 3502) */
    struct parse parse; /* the line in which we stand */
    struct filed *items;
    size_t n;
    struct buf cards;
    uint64_t bytes;    /* of all messages */
    uint64_t freed;    /* REPLACE: bytes that go */
    uint64_t until_us; /* monotonic: by then all of it must have come */
};
struct appending appending_begin(struct imap *s, const struct append_args *args);
/* Finds the mailbox, and whether the user may insert there: before the messages come, and again after.
 * Answers NO if not. */
enum err appending_place(struct appending *a) MUST_CHECK;
/* Reads all messages; after an error too the command is read to its end, so that none of it is taken
 * for another. Waits for the client. */
enum err appending_read(struct appending *a, str rest) MUST_CHECK;
/* What the store wants to know of them; NULL: no memory. In the arena. */
struct append *appending_items(struct appending *a);
/* The answer to an error of filing them. */
enum err appending_refused(struct appending *a, enum err e);
void appending_end(struct appending *a);

/* The client has so long for what comes next. */
void appending_wait(struct appending *a);
/* The parts of CATENATE (…) into the message a->items[a->n] (catenate.c). Waits. */
enum err appending_catenate(struct appending *a) MUST_CHECK;
/* A literal's bytes into the message a->items[a->n], and the line behind it. Refuses it before the
 * client sends, where that is possible. Waits. */
enum err appending_literal(struct appending *a, struct literal literal) MUST_CHECK;
/* Would this message, which is so long by now, be taken? Answers NO if not. */
enum err appending_room(struct appending *a, uint64_t message_bytes) MUST_CHECK;
/* The grammar's error as an answer. */
enum err appending_bad(struct appending *a);

#endif
