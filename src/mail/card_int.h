/* card_int.h - between the writer of cards (card.c) and their reader (card_read.c). */
#ifndef MAIL_CARD_INT_H
#define MAIL_CARD_INT_H

#define CARD_VERSION       1  /* the first byte; a reader refuses what it does not know */
#define CARD_CHARSET_BYTES 40 /* of a charset's name; RFC 2978 2.3 */

#endif
