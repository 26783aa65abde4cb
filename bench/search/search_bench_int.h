/* search_bench_int.h - between the files of `./do bench search`. */
#ifndef SEARCH_BENCH_INT_H
#define SEARCH_BENCH_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"

double bench_now_s(void);
double bench_cpu_s(void); /* of all threads: what a busy machine leaves alone */
_Noreturn void bench_die(const char *what);

/* What is looked for, in both ways. */
struct query {
    const char *text, *what;
};
extern const struct query queries[];
extern const size_t queries_n;
struct timing {
    double ms, cpu_ms;
    unsigned hits; /* of the peer that knows trigrams only: candidates */
};

/* --- words.c --------------------------------------------------------------------------------- */
struct words;
struct words *words_new(uint64_t seed);
void words_free(struct words *w);
uint64_t words_random(struct words *w);
void words_text(struct words *w, struct buf *out);   /* lines with CRLF, in lower case */
void words_letter(struct words *w, struct buf *out); /* with a header, some with HTML and attachments */

/* --- ours.c: the index over a store on the disk, asked as IMAP does ---------------------------- */
void ours_run(const char *parent, unsigned letters);
/* --- peer.c: SQLite's FTS5 with its trigram tokenizer, over texts that are in memory ------------ */
void peer_run(const char *parent, unsigned letters, const char *detail);

#endif
