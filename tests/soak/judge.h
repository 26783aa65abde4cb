/* judge.h - the soak's table, a row a minute, and what it must show at the end. */
#ifndef SOAK_JUDGE_H
#define SOAK_JUDGE_H

#include <stdbool.h>

/* Takes the interval's figures, prints its row and keeps it. */
void row_take(double minute, double all_heard_s);
/* Prints each judgement; true when all hold. */
bool rows_judged(double seconds);

#endif
