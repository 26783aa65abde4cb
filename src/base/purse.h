/* purse.h - memory that is taken in large pieces: what each account may have of it at once, and the
 * ceiling for the whole process.
 *
 * The process's memory is measured once a second (run/memory.h). Between two measurements the large
 * pieces of arenas and buffers are counted as they come and go, so that what is reckoned is never
 * far from what is: small pieces are bounded by the connections that have them.
 */
#ifndef BASE_PURSE_H
#define BASE_PURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PURSE_PIECE_BYTES = 64 * 1024, /* smaller pieces are not counted */
    PURSE_PART = 4,                /* of the ceiling, 1/4 is the most that one account has */
};

/* What all sessions of one account have. Any thread. */
struct purse {
    uint64_t used; /* atomic */
    uint64_t max;  /* bytes; 0: any */
};

/* Whose arena it is: a session's. Its own thread only. */
struct purse_holder {
    struct purse *purse; /* NULL: nobody's yet, so that the ceiling alone counts */
    bool refused;        /* sticky: a piece was refused, and may be had later */
};

/* Takes so much, for a holder (NULL: unasked); *from is whose it was. False: the account has as much
 * as it may, or the process is past its ceiling. */
bool purse_take(struct purse_holder *h, size_t bytes, struct purse **from);
void purse_give(struct purse *from, size_t bytes);
/* A large piece that nobody asks leave for: counted only. */
void purse_grew(size_t from_bytes, size_t to_bytes);

/* --- the ceiling ------------------------------------------------------------------------------ */
void ceiling_set(uint64_t bytes); /* 0: none */
/* The process has so much now. True: it is past the ceiling, and stays so until it has a tenth less. */
bool ceiling_measured(uint64_t resident_bytes);
/* Past it: who comes is told to come back, who asks for much is told later, who is here goes on. */
bool ceiling_reached(void);

#endif
