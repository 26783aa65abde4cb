/* charset.h - charsets: text as mail writes it, as UTF-8.
 *
 * Converting never fails: what cannot be read becomes U+FFFD. Output is always valid UTF-8 and
 * without NUL. A name is a MIME name, any case (RFC 2978); empty is UTF-8 or else Latin-1.
 */
#ifndef MAIL_CHARSET_H
#define MAIL_CHARSET_H

#include "base/buf.h"

bool charset_known(str charset);
void charset_list(struct buf *out); /* names that we know, in capitals, a space between: not all */

/* Append bytes as UTF-8. False if the charset is unknown: then ASCII is kept and the rest is
 * U+FFFD. A sequence cut off at the end is dropped without a mark. */
bool charset_to_utf8(struct buf *out, str charset, str bytes);

/* The same while the text streams by. */
struct charset {
    enum { CHARSET_UTF8, CHARSET_GUESS, CHARSET_ICONV, CHARSET_UNKNOWN } how;
    void *cd;
};
bool charset_begin(struct charset *c, str charset); /* false: unknown, as above */
/* Returns the bytes taken: the others begin a character, and must come again before what follows.
 */
size_t charset_feed(struct charset *c, struct buf *out, str bytes, bool last);
void charset_end(struct charset *c); /* in every case */

/* Bytes of the valid UTF-8 character at the front of s, which is not empty; 0 if there is none. */
size_t utf8_char(str s);

#endif
