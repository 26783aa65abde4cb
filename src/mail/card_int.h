/* card_int.h - between the writer of cards (card.c) and their reader (card_read.c). */
#ifndef MAIL_CARD_INT_H
#define MAIL_CARD_INT_H

/* The first byte: the format, of which a reader refuses what it does not know, and 16 times the
 * number of the parser: raised when the same message gets another card of the same format, so that
 * nobody takes the older card for damage. */
#define CARD_FORMAT 1
#define CARD_PARSER 1
#define CARD_FIRST_BYTE    (CARD_FORMAT | CARD_PARSER << 4)
#define CARD_CHARSET_BYTES 40 /* of a charset's name; RFC 2978 2.3 */

#endif
