/* card.h - a message's card: all that listing a mailbox needs, computed once, when it arrives.
 *
 * house: "parsed once; envelope, body structure, part offsets, sizes and preview are kept beside its
 * record. FETCH ENVELOPE/BODYSTRUCTURE and listing an inbox read no body." The card is a compact,
 * versioned byte string; readers are zero-copy and believe nothing. Format: card.c.
 */
#ifndef MAIL_CARD_H
#define MAIL_CARD_H

#include "base/buf.h"
#include "mail/date.h"
#include "mail/mime.h"

/* --- building, while the message streams by --------------------------------------------------- */

struct card_builder;
struct card_builder *card_begin(void);                  /* free with card_free */
void card_feed(struct card_builder *b, str chunk);      /* cuts do not matter */
/* Append the card; false if out is full, which an empty buf of CARD_BYTES never is. */
bool card_end(struct card_builder *b, struct buf *out);
void card_free(struct card_builder *b);                 /* NULL is fine */

/* The card of a message that is in memory whole. */
bool card_build(struct buf *out, str message);

/* --- reading ---------------------------------------------------------------------------------- */

enum { /* beside MIME_HAS_… and MIME_WAS_CAPPED in flags */
    CARD_HAS_ATTACHMENT = 256,
    CARD_HAS_DATE = 512,   /* the Date field could be read; else date is zero */
    CARD_IS_REPLY = 1024,  /* the subject said Re: or Fwd: (RFC 5256 2.1) */
};

struct card {
    unsigned flags;
    uint64_t size;         /* RFC822.SIZE, bytes */
    uint64_t header_bytes; /* of the message, the empty line included */
    struct date date;      /* the Date field */
    str envelope;          /* IMAP text, with its parentheses */
    str bodystructure;     /* IMAP text, with its parentheses */
    str preview;           /* RFC 8970: UTF-8, at most 256 characters, one line; may be empty */
    str base_subject;      /* RFC 5256 2.1: UTF-8, folded to lower case */
    uint64_t message_id;   /* card_id_hash; 0 if none */
    uint64_t in_reply_to;  /* the first of them; 0 if none */
    str references;        /* 8 bytes each, read with card_reference; oldest first */
    size_t nreferences;
    size_t nparts;
    str parts; /* encoded; walk with card_part_next */
};

/* False if bytes is not, from first to last, a card of a known format. Borrows from bytes. */
bool card_open(str bytes, struct card *out);

/* Was it made by this parser? Then the same message gives the same bytes; an older or newer parser may
 * have read something otherwise. */
bool card_is_ours(str bytes);

uint64_t card_reference(const struct card *c, size_t i);
uint64_t card_id_hash(str message_id); /* without angle brackets; never 0 */

enum card_text { CARD_NOT_TEXT, CARD_TEXT_PLAIN, CARD_TEXT_HTML, CARD_TEXT_OTHER };
struct card_part {
    int index, parent, number, depth; /* as in struct mime_part */
    enum mime_kind kind;
    enum mime_encoding encoding;
    enum card_text text;
    bool attachment;
    uint64_t header_at, header_bytes;
    uint64_t body_at, body_bytes;
    uint64_t lines;
    str charset; /* as written; empty if none */
};

/* Walk: struct card_walk w = { 0 }; while (card_part_next(&card, &w, &part)) … */
struct card_walk {
    size_t at;
    int index;
    uint64_t header_at; /* of the part before */
};
bool card_part_next(const struct card *c, struct card_walk *w, struct card_part *out);

/* Where a section lies: "" (all), "HEADER", "TEXT", "1.2", "1.2.MIME", "1.HEADER", "1.TEXT".
 * False if the message has no such section, or its name is no section. *part is the part that it
 * names or lies in (may be NULL). RFC 9051 6.4.5.1. HEADER.FIELDS is header_select of HEADER. */
struct card_range {
    uint64_t at, bytes;
};
bool card_section(const struct card *c, str section, struct card_range *out, struct card_part *part);

/* Append FETCH BODY: bodystructure without extension data. */
void card_body(const struct card *c, struct buf *out);

#endif
