/* encoded.h - encoded words: whatever mail wrote, as UTF-8; and back.
 *
 * RFC 2047. Decoding never fails: what cannot be read becomes
 * U+FFFD. Output is always valid UTF-8 and without NUL.
 */
#ifndef MAIL_ENCODED_H
#define MAIL_ENCODED_H

#include "base/arena.h"
#include "mail/charset.h"

/* Append a raw or unfolded header value as UTF-8 with its encoded words decoded, line ends gone.
 * Neighbouring words of one charset are joined before conversion, since senders split characters. */
void encoded_decode(struct buf *out, str value);
str encoded_text(struct arena *a, str value); /* the same into the arena; empty when spent */

/* Append utf8 as an unstructured value: as it is when it is printable ASCII that cannot be taken for
 * encoded words, else as encoded words (UTF-8, B or Q, whichever is shorter) of at most 75 columns
 * with spaces between. Line ends and controls become spaces. */
void encoded_encode(struct buf *out, str utf8);
/* The same for a display name: plain atoms, a quoted string, or encoded words. */
void encoded_phrase(struct buf *out, str utf8);

#endif
