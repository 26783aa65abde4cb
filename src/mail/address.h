/* address.h - mailbox addresses as SMTP speaks them: parsed once, decoded, validated, comparable.
 *
 * RFC 5321 4.1.2 (Path, Mailbox), 4.5.3.1 (sizes), RFC 6531 (UTF-8). One strict parser for every
 * door: commands, command-line tools, configuration, decoded xtext. Percent and bang mean nothing.
 * Addresses in header fields are another, lenient grammar: header.h.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/scan.h"

/* Decoded: the local part without quotes and backslashes. The domain is as written, a dotted name
 * or a literal with its brackets ("[192.0.2.1]", "[IPv6:2001:db8::1]").
 * Both empty: the null path <>. Domain alone empty: <postmaster>. */
struct address {
    str local;
    str domain;
};

/* What a parser may accept beyond a plain ASCII mailbox; or them together. */
enum {
    ADDRESS_UTF8 = 1,       /* SMTPUTF8 was asked for: UTF-8 in both parts */
    ADDRESS_NULL = 2,       /* <>, as in MAIL FROM */
    ADDRESS_POSTMASTER = 4, /* <postmaster> without a domain, as in RCPT TO */
};

/* The whole of text is one mailbox, local@domain, without angle brackets.
 * out borrows from text, or from a where a quoted local part had to be decoded. False on any
 * error: grammar, size (ADDRESS_BYTES, LOCAL_PART_BYTES, DOMAIN_BYTES), control characters,
 * invalid UTF-8, or the arena spent; out is then untouched. RFC 5321 4.1.2. */
bool address_parse(struct arena *a, str text, unsigned allow, struct address *out);

/* Take a Path, with its angle brackets, off the front of s; what follows it is left for the
 * caller (MAIL and RCPT parameters). A source route <@a,@b:x@y> is checked and dropped, as
 * RFC 5321 4.1.1.3 has it. On error s->bad is set and out is untouched. */
void address_path(struct scan *s, struct arena *a, unsigned allow, struct address *out);

static inline bool address_is_null(struct address a)
{
    return !a.local.n && !a.domain.n;
}
static inline bool address_is_literal(struct address a)
{
    return a.domain.n && a.domain.p[0] == '[';
}

/* The wire form without angle brackets; the local part is quoted when it must be. */
void address_write(struct buf *out, struct address a);
void address_write_path(struct buf *out, struct address a); /* with < and >; null gives <> */
str address_text(struct arena *a, struct address addr);     /* address_write into the arena */

/* The form under which two addresses are the same mailbox here: local part and domain in lower
 * case, with NFC and case folding where UTF-8 occurs; the domain as A-labels if it can be, without a
 * trailing dot. False if the arena is spent or the UTF-8 is bad. */
bool address_fold(struct arena *a, struct address in, struct address *out);

/* A domain name as DNS and configuration compare it: lower-case A-labels (IDNA 2008, RFC 5891), no
 * trailing dot. A literal is only lower-cased. False if it is no valid domain. */
bool address_domain_ascii(struct arena *a, str domain, str *out);

/* Is this a syntactically valid domain name (letters, digits, inner hyphens, labels of at most 63;
 * with ADDRESS_UTF8 also UTF-8 labels)? RFC 5321 4.1.2 Domain. */
bool address_domain_ok(str domain, unsigned allow);
bool address_literal_ok(str literal); /* "[…]": IPv4, IPv6: or a general literal */

/* Decode xtext and validate what came out: printable characters only (UTF-8 with ADDRESS_UTF8),
 * at most max bytes, no control characters. For ENVID and AUTH=. RFC 3461 4. */
bool address_xtext(struct arena *a, str in, unsigned allow, size_t max, str *out);

/* An ORCPT value, "rfc822;xtext" or "utf-8;…": type borrowed from in, text decoded and validated
 * as address_xtext does. RFC 3461 4.2, RFC 6533 3. */
bool address_orcpt(struct arena *a, str in, unsigned allow, str *type, str *text);

/* An address of type utf-8 where only some characters may stand (RFC 6533 3): what may not is
 * written \x{HEX}; with ascii all beyond ASCII too. text is valid UTF-8. */
void address_utf8_xtext(struct buf *out, str text, bool ascii);

#endif
