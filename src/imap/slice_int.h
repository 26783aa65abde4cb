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

/* The line behind a literal; false at the input's end. */
static inline bool slice_skip(struct slice *s, struct literal literal, struct parse *p)
{
    str bytes, line;
    if (p->err || slice_literal(s, literal, &bytes, &line)) return false;
    *p = parse_begin(line, p->arena, &parse_limits_user, slice_literal, s);
    return true;
}

/* The parts of CATENATE as append.c reads them. */
static inline bool slice_parts(struct slice *s, struct parse *p)
{
    struct cat_part part;
    do {
        parse_cat_part(p, &part);
        if (p->err) return false;
        if (part.kind == CAT_TEXT && !slice_skip(s, part.literal, p)) return false;
        parse_cat_part_end(p, &part);
    } while (parse_cat_more(p));
    return !p->err;
}

/* The messages of APPEND or REPLACE as append.c reads them, each given to each(). */
static inline enum err slice_messages(struct slice *s, struct arena *arena, str rest,
                                      void (*each)(void *arg, const struct append_message *m),
                                      void *arg)
{
    struct parse p = parse_begin(rest, arena, &parse_limits_user, slice_literal, s);
    struct append_message m;
    do {
        parse_append_message(&p, &m);
        if (p.err) return p.err;
        each(arg, &m);
        bool whole = m.kind == APPEND_CATENATE ? slice_parts(s, &p) : slice_skip(s, m.literal, &p);
        if (!whole) return p.err;
        parse_append_message_end(&p, &m);
    } while (parse_append_more(&p));
    return p.err;
}

#endif
