/* hear.h - what a server said, judged by its protocol's grammar. */
#ifndef FUZZ_HEAR_H
#define FUZZ_HEAR_H

#include "house.h"

/* All that came over one connection, after this was said there; a finding when it is not in order. The
 * connection may have ended in the middle of a line. */
void hear_check(enum door door, str said, str heard);

#endif
