/* slice_int.h - a literal source that slices a whole input: for the grammar's test and fuzzer. */
#ifndef IMAP_SLICE_INT_H
#define IMAP_SLICE_INT_H

#include "imap/parse.h"

struct slice {
    str rest;
    size_t literals;
};

/* The next line without its line end; the rest of the input if none is left. */
static inline str slice_line(struct slice *s)
{
    str line;
    size_t lf = str_chr(s->rest, '\n');
    if (lf == STR_NPOS) {
        line = s->rest;
        s->rest = (str){ 0 };
        return line;
    }
    line = str_take(s->rest, lf + 1);
    s->rest = str_from(s->rest, lf + 1);
    return str_chomp(line);
}

static inline enum err slice_literal(void *arg, struct literal literal, str *bytes, str *line)
{
    struct slice *s = arg;
    if (literal.size_bytes > s->rest.n) return ERR_GONE;
    *bytes = str_take(s->rest, (size_t)literal.size_bytes);
    s->rest = str_from(s->rest, (size_t)literal.size_bytes);
    *line = slice_line(s);
    s->literals++;
    return OK;
}

#endif
