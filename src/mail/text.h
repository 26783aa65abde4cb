/* text.h - the text of a message as searching sees it: decoded, of HTML what is to be seen, folded.
 *
 * RFC 9051 6.4.4 (TEXT, BODY), RFC 5051. For whoever judges a message by its words, and for the
 * index of them. Time is linear in the message, memory does not depend on it, nesting is the card's
 * (MIME_DEPTH, MIME_PARTS).
 */
#ifndef MAIL_TEXT_H
#define MAIL_TEXT_H

#include "base/err.h"
#include "mail/card.h"

enum text_where {                  /* bits */
                  TEXT_HEADER = 1, /* a field of the message's own header */
                  TEXT_MIME = 2,   /* a field of a part's header: TEXT covers it, BODY does not */
                  TEXT_BODY = 4,   /* a part's text; a field of an attached message's header */
                  TEXT_ALL = 7,
};

/* The pieces that follow one with `first` set, up to the next such, are one text cut up: put
 * together they are the whole of it, nothing twice, nothing between. A piece ends behind a space,
 * so that no word is cut, unless a word alone is longer than TEXT_PIECE_BYTES. Who looks for what
 * may lie across two pieces keeps his place (struct text_match below). text is valid UTF-8 as
 * text_form makes it: folded (mail/fold.h); a run of white space and controls is one space; what
 * has no width (soft hyphens) is gone. */
struct text_piece {
    enum text_where where;
    bool first;
    int part;  /* index in the card */
    str field; /* the field's name as written, if it is one's value; else empty */
    str text;  /* until the callback returns */
};
typedef bool text_fn(void *arg, const struct text_piece *piece); /* false: no more, please */

struct text_source {
    const struct card *card;
    /* At most n bytes at an offset of the message, valid until the next call; as body_read. */
    enum err (*read)(void *arg, uint64_t at, size_t n, str *bytes);
    void *arg;
};

/* Hand out the text of all parts of the wanted kinds, in the order of the message. Leaves that are
 * no text are passed over. Waits, if read does. Errors: read's; ERR_CORRUPT: the card promised more
 * than there is. */
enum err text_walk(const struct text_source *source, unsigned wants, text_fn *each,
                   void *arg) MUST_CHECK;

/* The form that pieces have, for what is looked for. utf8 must be valid. In the arena. */
str text_form(struct arena *a, str utf8);

/* --- looking for a text in pieces (text_match.c) ---------------------------------------------- */
struct text_needle {
    str text;               /* in text_form */
    const uint32_t *border; /* of each prefix: how long the longest that ends and begins it is */
};
/* In the arena; false when that is spent. */
bool text_needle_make(struct arena *a, str form, struct text_needle *out);
/* Zero it with `first`, then feed the pieces: true from the one on in which the needle ends.
 * Linear. */
struct text_match {
    size_t matched;
};
bool text_match_feed(struct text_match *m, const struct text_needle *needle, str piece);

#endif
