/* search_bench_int.h - between the files of this measurement. */
#ifndef SEARCH_BENCH_INT_H
#define SEARCH_BENCH_INT_H

#include "base/arena.h"
#include "base/buf.h"

/* --- words.c --------------------------------------------------------------------------------- */
struct words;
struct words *words_new(uint64_t seed);
void words_free(struct words *w);
uint64_t words_random(struct words *w);
void words_text(struct words *w, struct buf *out); /* one letter's text: lines with CRLF, in lower case */

#endif
