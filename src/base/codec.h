/* codec.h - encodings of bytes as bytes: base64, quoted-printable, hex, xtext, modified UTF-7.
 *
 * Encoders append to a buf. Decoders append too, return false on bad input (then nothing was
 * appended) or when the buf was or became full, and are strict unless the name says lenient (mail
 * in the wild is decoded leniently, protocol arguments never). The input may not lie in the buf.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/buf.h"

void base64_encode(struct buf *out, str in);                       /* RFC 4648 4, padded, no folds */
void base64_encode_lines(struct buf *out, str in);                 /* RFC 2045 6.8: 76 columns, CRLF */
bool base64_decode(struct buf *out, str in);                       /* strict; padding required */
bool base64_decode_lenient(struct buf *out, str in);               /* skips the rest; false if full */
struct base64_run { uint32_t bits; unsigned have; };               /* zero to begin with */
bool base64_feed(struct base64_run *run, struct buf *out, str in); /* the same, however in is cut */
void qp_encode(struct buf *out, str in);                           /* RFC 2045 6.7, text with CRLF */
void qp_decode_lenient(struct buf *out, str in);
size_t qp_whole(str in); /* how much of it can be decoded whatever follows; all if it is one blank line */
void hex_encode(struct buf *out, str in);                          /* lower case */
bool hex_decode(struct buf *out, str in);
void xtext_encode(struct buf *out, str in);                        /* RFC 3461 4 */
bool xtext_decode(struct buf *out, str in);                        /* the caller validates the result again */
bool utf7_encode(struct buf *out, str utf8);                       /* RFC 3501 5.1.3 mailbox names */
bool utf7_decode(struct buf *out, str in);                         /* strict: only the one canonical form */

/* Little- and big-endian numbers and varints read back from records; bounds are the caller's for
 * the fixed ones (asserted), in the return value for the varint. */
uint32_t get_le32(const char *p);
uint64_t get_le64(const char *p);
uint32_t get_be32(const char *p);
uint64_t get_be64(const char *p);
bool get_varint(str *in, uint64_t *out); /* takes it off the front; false if cut or over 64 bits */

#endif
