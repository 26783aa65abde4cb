/* play.h - an input as a play: who says what at which door, when, and in what pieces.
 *
 * An input is what is said, with stage directions: the byte 0xfe and a letter (below). What comes
 * before the first is said by the target's own first visitor.
 */
#ifndef FUZZ_PLAY_H
#define FUZZ_PLAY_H

#include "hear.h"
#include "house.h"

#define DIRECTION ((char)0xfe)

/* The visitors, each by its letter: from there on this one speaks, and comes in first if it is
 * outside. */
struct part {
    char letter;
    enum door door;
};
extern const struct part play_parts[];
extern const size_t play_parts_n;
/* The part of this letter; NULL: there is none. */
const struct part *play_part(char letter);

/* Other directions. */
enum {
    PLAY_WAIT = '.',  /* the server may answer before more is said */
    PLAY_PAUSE = 'w', /* a second */
    PLAY_SLEEP = 'W', /* eleven minutes: past every time-out of a stranger */
    PLAY_CUT = '/',   /* and a byte: what follows comes in pieces of so many bytes */
    PLAY_HALF = 'h',  /* says no more, and listens */
    PLAY_LEAVE = 'x', /* is gone at once */
    PLAY_DEAF = 'd',  /* reads nothing any more */
    PLAY_RESTART = 'R', /* the server ends, and starts again */
    PLAY_POWER = 'P',   /* the power fails first */
    PLAY_DAMAGE = 'D',  /* and three bytes: which row of the store, where, how; for one target */
    PLAY_NEXT = '|',    /* everybody goes, and another play begins */
};

/* Plays the input, leaves the house empty, and looks after it: another client is answered, and now and
 * then the store is checked. */
void play(struct house *h, char first, str input);

#endif
