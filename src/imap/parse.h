/* parse.h - the IMAP grammar: from a command line and its literals to a struct command.
 *
 * RFC 9051 9 and RFC 3501 9 with the extensions that command.h names. Recursive descent, straight
 * down: where a literal interrupts a line, the source fetches it (in the server by sending "+" and
 * waiting, in tests by slicing), so no parser is ever left half-way and resumed.
 */
#ifndef IMAP_PARSE_H
#define IMAP_PARSE_H

#include "base/err.h"
#include "base/scan.h"
#include "imap/command.h"

/* Fetch the bytes of a literal and the line that follows it (without its CRLF), both valid as
 * long as the command arena. It was judged against the limits before: its size needs no doubt.
 * Returns OK, ERR_GONE, ERR_LIMIT for a line that is too long, ERR_SYNTAX for one that ends badly. */
typedef enum err parse_literal_fn(void *arg, struct literal literal, str *bytes, str *line);

struct parse_limits {
    uint64_t literal_bytes; /* of one literal; APPEND's own is not counted here */
    size_t command_bytes;   /* lines and literals together */
    size_t tokens;
    int depth;
};
extern const struct parse_limits parse_limits_anyone; /* before login */
extern const struct parse_limits parse_limits_user;

/* One command being read. The first error is sticky: every rule is a no-op after it. */
struct parse {
    struct scan scan; /* the current line */
    struct arena *arena;
    parse_literal_fn *source;
    void *source_arg;
    struct parse_limits left; /* what this command may still use */
    bool utf8;                /* mailbox names are UTF-8, and SEARCH names no charset: RFC 9755 3 */
    bool rev2;                /* SEARCH without RETURN is answered by ESEARCH: RFC 9051 6.4.4 */
    str respelled;            /* the last mailbox name as it came, where it is kept otherwise */
    enum err err;             /* ERR_SYNTAX, ERR_LIMIT, ERR_GONE; with a reason in why */
    const char *why;          /* English, static, fit for the reply's text */
};

struct parse parse_begin(str line, struct arena *arena, const struct parse_limits *limits,
                        parse_literal_fn *source, void *arg);

/* The tag and the command's name. After a failure command->tag is empty if even that was bad, and
 * the answer is untagged. Both return OK, ERR_SYNTAX, ERR_LIMIT or ERR_GONE. */
enum err parse_name(struct parse *p, struct command *command) MUST_CHECK;
/* The arguments, to the end of the line. Of APPEND: up to its literal. Waits, in the source. */
enum err parse_arguments(struct parse *p, struct command *command) MUST_CHECK;

/* --- messages of APPEND and REPLACE (parse_append.c) ------------------------------------------- */
/* The next message up to its bytes: the literal's head, or CATENATE's bracket. */
void parse_append_message(struct parse *p, struct append_message *m);
/* What follows its bytes and belongs to it. */
void parse_append_message_end(struct parse *p, const struct append_message *m);
/* Another message follows; false at the command's end, or when p->err is set. */
bool parse_append_more(struct parse *p);
/* A part of CATENATE up to its bytes; the URL may be a literal and is then waited for. */
void parse_cat_part(struct parse *p, struct cat_part *part);
/* What follows its bytes and belongs to it. */
void parse_cat_part_end(struct parse *p, const struct cat_part *part);
/* Another part follows; false after the closing bracket, or when p->err is set. */
bool parse_cat_more(struct parse *p);

/* Does the line at which parsing stopped (p->scan.in) announce a literal that comes without waiting, {n+}? Then
 * its bytes must be swallowed before the next command, or the connection closed. */
bool parse_literal_follows(str line, struct literal *literal);

/* The command's name as the RFC writes it, without UID. */
str verb_name(enum verb verb);

#endif
