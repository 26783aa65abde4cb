/* letters.h - attacks that are a letter: it is delivered, and then read in every way there is. */
#ifndef ATTACKS_LETTERS_H
#define ATTACKS_LETTERS_H

#include "attacks/attack.h"

struct letter {
    const char *name;
    struct say text;
    int code; /* the answer to it as a whole; when it is 250 it is read */
};

void letters_play(struct field *f, const struct letter *letters, size_t n);

#endif
