/* grammar.h - what clients may say, as rules; and saying some of it at random.
 *
 * A rule is a name and its forms; a form is text with references between backticks: `name`, or a
 * function and a name (`maybe name`). The functions:
 *
 *     maybe        the rule, or nothing
 *     many, list   one to four of it, with spaces or commas between
 *     lit, lit8    as a literal of IMAP: {5+} or {5}, ~{5+}
 *     text         as an atom of IMAP, a quoted string or a literal
 *     chunk        as BDAT: its size, LAST or not, and the bytes
 *     base64       in base64
 *     word         as the control socket wants it: its size, LF and the bytes
 *
 * and, without a name, `n` a small number, `big` one at a border, `nul` the byte 0.
 */
#ifndef FUZZ_GRAMMAR_H
#define FUZZ_GRAMMAR_H

#include "base/buf.h"
#include "house.h"

struct rule {
    const char *name;
    const char *const *forms; /* ends with NULL */
};
#define FORMS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* A protocol's rules. "opening" begins a session, "command" goes on, and any other may take the place
 * of a word. */
struct grammar {
    const struct rule *rules;
    size_t n;
};
const struct grammar *grammar_of(enum door door);
extern const struct grammar grammar_common; /* letters, addresses: for all of them */
extern const struct grammar grammar_smtp, grammar_imap, grammar_pop3, grammar_control, grammar_far;

/* Chance is the state of a generator. From 0 to n - 1. */
size_t grammar_below(uint64_t *chance, size_t n);
/* Appends one of the things that the rule allows; past the buffer's limit it ends anywhere. */
void grammar_say(const struct grammar *g, const char *rule, uint64_t *chance, struct buf *out);
/* The same with a rule that a command is made of. */
void grammar_say_part(const struct grammar *g, uint64_t *chance, struct buf *out);

#endif
