/* reply.h - the one encoder of all that the IMAP server says.
 *
 * RFC 9051 7 and 9. Whatever is given to it, what comes out is valid: strings are quoted or become
 * literals, names are encoded, and no CR or LF from an argument reaches the line. What is wrong in
 * an atom or a text is replaced by "?" and marked in `refused`: nobody can put words into our mouth,
 * and the log hears that somebody tried.
 */
#ifndef IMAP_REPLY_H
#define IMAP_REPLY_H

#include "store/store.h"

struct reply {
    struct buf out;
    bool utf8;    /* mailbox names are said in UTF-8, not in modified UTF-7 */
    bool refused; /* sticky: an argument held what it may not */
};

/* --- pieces --------------------------------------------------------------------------------- */
void reply_checked_words(struct reply *r, str words); /* asserts that no line ends in them */
/* Our own: response names, punctuation, spaces. Constants are seen to be right by whoever reads them. */
static inline void reply_words(struct reply *r, str words)
{
    if (__builtin_constant_p(words.n))
        buf_add(&r->out, words);
    else
        reply_checked_words(r, words);
}
void reply_atom(struct reply *r, str atom);
void reply_number(struct reply *r, uint64_t number);
void reply_string(struct reply *r, str s);    /* quoted or a literal */
void reply_nstring(struct reply *r, str s);   /* NIL when s.p is NULL */
void reply_literal_head(struct reply *r, uint64_t size_bytes, bool binary); /* {n}CRLF; the bytes follow */
void reply_bytes(struct reply *r, str bytes); /* exactly those announced by reply_literal_head */
void reply_text(struct reply *r, str text);   /* resp-text: human words */
void reply_mailbox(struct reply *r, str name); /* modified UTF-7 or UTF-8, as a string */
/* "(\Seen $Work)"; keywords in bit order. */
void reply_flags(struct reply *r, struct flags flags, const str *keywords, size_t n);
/* The line "* OK [PERMANENTFLAGS (…)]", with \* while there is room for new keywords; no system
 * flags: nothing may be changed here. */
void reply_permanent_flags(struct reply *r, struct flags flags, const str *keywords, size_t n);
void reply_astring(struct reply *r, str s); /* an atom if it can be one, else a string */
void reply_date_time(struct reply *r, int64_t seconds, int zone_minutes);
void reply_uids(struct reply *r, const struct uidset *set); /* "1:3,7"; the set is not empty */
void reply_end(struct reply *r); /* CRLF */

/* --- whole lines ---------------------------------------------------------------------------- */
/* "* 12 EXISTS" */
void reply_count(struct reply *r, uint64_t number, str what);
/* "* OK [code] text"; an empty code is left out. code is our own words, numbers included. */
void reply_untagged(struct reply *r, str condition, str code, str text);
/* "a1 OK [code] text" */
void reply_tagged(struct reply *r, str tag, str condition, str code, str text);

#endif
