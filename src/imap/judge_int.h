/* judge_int.h - a SEARCH command's text against one message in memory: for the judge's test and
 * fuzzer. */
#ifndef IMAP_JUDGE_INT_H
#define IMAP_JUDGE_INT_H

#include "base/limits.h"
#include "imap/search_int.h"
#include "imap/slice_int.h"

static inline enum err judge_read(void *arg, uint64_t at, size_t n, str *bytes)
{
    const str *message = arg;
    *bytes = str_sub(*message, (size_t)at, n);
    return OK;
}

/* "a SEARCH …" by the grammar, then made ready; sets are as they stand. */
static inline enum err judge_compile(str command, struct arena *a, struct search_program *out)
{
    struct slice slice = { .rest = command };
    struct parse p = parse_begin(slice_line(&slice), a, &parse_limits_user, slice_literal, &slice);
    struct command c;
    enum err e = parse_name(&p, &c);
    if (!e && c.what != VERB_SEARCH) e = ERR_SYNTAX;
    if (!e) e = parse_arguments(&p, &c);
    return e ? e : imap_search_compile(a, &c.search, out);
}

/* MATCH or NO_MATCH, reading the message where its card does not tell. card is its card's bytes. */
static inline enum verdict judge_message(struct search_program *program, struct arena *a,
                                         str message, str card, unsigned *score)
{
    struct candidate c = { .program = program, .arena = a };
    c.m.size_bytes = message.n;
    c.m.uid.n = 1;
    c.m.card = card;
    enum verdict verdict = imap_search_judge(&c);
    const struct text_source source = { &c.card, judge_read, &message };
    if (verdict == UNSURE && imap_search_has_card(&c))
        verdict = imap_search_judge_text(&c, &source);
    *score = c.score;
    return verdict;
}

#endif
