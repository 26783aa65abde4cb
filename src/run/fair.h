/* fair.h - a queue that many share, in which nobody waits for all that somebody else has put there.
 *
 * Each item gets a turn when it comes; who serves the queue takes the smallest. The items of one
 * owner have turns one after another, and those of others begin where the queue is: so each has
 * one served in a round. Owners that fall into one slot share a place in the round. Not locked.
 */
#ifndef RUN_FAIR_H
#define RUN_FAIR_H

#include <stdint.h>

#include "base/limits.h"

struct fair {
    uint64_t now;                  /* the turn that was served last */
    uint64_t last[1 << FAIR_BITS]; /* given to an owner */
};

static inline unsigned fair_slot(uint64_t owner)
{
    return (unsigned)(owner * UINT64_C(0x9e3779b97f4a7c15) >> (64 - FAIR_BITS));
}

static inline uint64_t fair_turn(struct fair *f, uint64_t owner)
{
    uint64_t *last = &f->last[fair_slot(owner)];
    *last = *last >= f->now ? *last + 1 : f->now;
    return *last;
}

static inline void fair_served(struct fair *f, uint64_t turn)
{
    if (turn > f->now) f->now = turn;
}

#endif
