/* letter.h - the letters that Alice writes. */
#ifndef DEMO_LETTER_H
#define DEMO_LETTER_H

#include "base/buf.h"

enum { PHOTO_BYTES = 1000 * 1000 };

/* A MIME letter as Alice's mail client hands it over, Bcc line and all: text and HTML with accents
 * and emoji, and a photo of PHOTO_BYTES. number tells one letter from another. The caller frees. */
struct buf letter_write(unsigned number, bool photo);
str letter_text(void);    /* what the text part says, as the receiver must see it */
str letter_subject(void); /* likewise */
str letter_body(str message); /* all after the empty line that ends the header */
str letter_header(str message);
/* The photo of a letter, byte by byte as it was. */
bool letter_photo_is(str base64);

#endif
