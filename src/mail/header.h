/* header.h - header fields: walking a block, unfolding, building, and the structured values.
 *
 * RFC 5322 2.2, 3.4, 3.6 and 4 (obsolete syntax), RFC 2045 5.1, RFC 2231. Reading is lenient (mail
 * is as it came), linear, capped and never fails; writing is strict and cannot be injected into.
 * A block is the bytes from the first field to the empty line, with or without that line.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/arena.h"
#include "base/buf.h"

struct header_field {
    str name;  /* as written, without white space before the colon */
    str value; /* raw: all after the colon, folds included, without the final line end */
    size_t at; /* offset of the field in the block */
    size_t n;  /* bytes of the whole field, its line end included */
};

/* Walk: for (struct header_iter it = header_iter(block); header_next(&it, &field);)
 * Lines that are no field (no colon, a bad name) are skipped; after HEADER_FIELDS it ends. */
struct header_iter {
    str block;
    size_t at;
    size_t seen;
};
struct header_iter header_iter(str block);
bool header_next(struct header_iter *it, struct header_field *out);

/* Bytes of the header of a message, the empty line included; the whole message if none is there. */
size_t header_block_size(str message);

/* Names compare without regard to case. out is untouched when there is none. */
bool header_find(str block, str name, struct header_field *out);      /* the first */
bool header_find_last(str block, str name, struct header_field *out); /* the last */
size_t header_count(str block, str name); /* how many: hops are header_count(block, S("Received")) */

/* The value of the first such field, unfolded and trimmed; empty if absent. */
str header_value(struct arena *a, str block, str name);

/* Without line ends, without white space at both ends. Borrowed from raw if nothing was folded. */
str header_unfold(struct arena *a, str raw);

/* IMAP's HEADER.FIELDS and, with not set, HEADER.FIELDS.NOT: the fields as they stand, in order,
 * then the empty line. RFC 9051 6.4.5.1. */
void header_select(struct buf *out, str block, const str *names, size_t n, bool not );

/* Write "Name: value" CRLF, folded at white space to 78 columns where possible. False, and nothing
 * added, if the name is no field name or the value holds CR, LF or NUL, or has a run without white
 * space that cannot be kept within HEADER_LINE_BYTES. RFC 5322 2.1.1, 2.2.3. */
bool header_write(struct buf *out, str name, str value);

/* --- structured values: all take a raw or an unfolded value ----------------------------------- */

/* One element of an address list, flat: a group is its start, its members, its end. */
enum header_address_kind { HEADER_MAILBOX, HEADER_GROUP, HEADER_GROUP_END };
struct header_address {
    enum header_address_kind kind;
    str name;   /* display name or group name, unquoted, RFC 2047 words still encoded; may be empty */
    str local;  /* decoded; empty if there was none */
    str domain; /* as written; empty if there was none */
};

/* The elements in order, at most ENVELOPE_ADDRESSES (a cut group is still ended). *out is in the
 * arena; returns their number, 0 also when the arena is spent. Comments are dropped, but one after
 * a bare address serves as its name. RFC 5322 3.4, 4.4. */
size_t header_addresses(struct arena *a, str value, struct header_address **out);

/* Take the next message-id off the front of *rest, a value of Message-ID, In-Reply-To or References:
 * without its angle brackets, and without white space inside (then in the arena). What is not within
 * < > is skipped. False at the end. RFC 5322 3.6.4. */
bool header_msgid_next(struct arena *a, str *rest, str *out);

struct header_param {
    str name;      /* lower case, without the marks of RFC 2231 */
    str value;     /* unquoted; continuations joined */
    bool extended; /* value is still charset'language'percent-encoded */
};

/* A value with parameters: "text/plain; charset=utf-8". *head is what stands before the first
 * semicolon, without comments and white space; at most MIME_PARAMETERS in *out (in the arena).
 * Returns their number. RFC 2045 5.1, RFC 2231 3. */
size_t header_params(struct arena *a, str value, str *head, struct header_param **out);

/* The parameter of this name (lower case), the extended form if both are there; or NULL. */
const struct header_param *header_param_find(const struct header_param *p, size_t n, str name);

/* Its value as UTF-8: the charset and percent-encoding of RFC 2231 undone, and RFC 2047 words,
 * which do not belong there but are common. */
str header_param_text(struct arena *a, const struct header_param *p);

/* A value that is a list of tokens separated by commas, as in Content-Language; at most max. */
size_t header_tokens(struct arena *a, str value, size_t max, str **out);

#endif
