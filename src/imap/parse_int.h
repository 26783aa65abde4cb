/* parse_int.h - the rules that several files of the grammar share.
 *
 * Six primitives (peek, try, want, span, number, fail) are all that touches the line; literals
 * enter by one rule. Each is a no-op after the first error: a rule reads as the list of what it
 * wants, and what it returns is used only after p->err was asked.
 */
#ifndef IMAP_PARSE_INT_H
#define IMAP_PARSE_INT_H

#include "imap/name.h"
#include "imap/parse.h"

/* --- the primitives ------------------------------------------------------------------------- */
char parse_peek(const struct parse *p); /* '\0' at the end of the line */
bool parse_try(struct parse *p, char c);
void parse_want(struct parse *p, char c);
str parse_span(struct parse *p, const struct byteset *set); /* one or more; a token */
uint64_t parse_number(struct parse *p, uint64_t max);       /* digits; a token */
void parse_fail(struct parse *p, const char *why);
void parse_fail_as(struct parse *p, enum err err, const char *why);

/* Around whatever may hold itself: false past the depth limit, and then no leave. */
bool parse_enter(struct parse *p);
void parse_leave(struct parse *p);

/* Memory for the result, NULL (and failed) past the budget. */
void *parse_alloc(struct parse *p, size_t n, size_t size);

/* A growing list in the arena: lists are short, and doubling costs at most the double. */
struct grow {
    void *items;
    size_t n, cap;
};
/* Room for one more item of this size, zeroed; NULL and failed past max or the budget. */
void *parse_grow(struct parse *p, struct grow *list, size_t size, size_t max);

static inline enum name_coding parse_coding(const struct parse *p)
{
    return p->utf8 || p->rev2 ? NAME_UTF8 : NAME_UTF7;
}

/* --- rules, named after the ABNF -------------------------------------------------------------- */
void parse_sp(struct parse *p);
str parse_atom(struct parse *p);
str parse_astring_atom(struct parse *p); /* 1*ASTRING-CHAR: "]" too */
str parse_astring(struct parse *p);
str parse_string(struct parse *p);
str parse_nstring(struct parse *p); /* NIL is the empty str with p == NULL */
str parse_nstring8(struct parse *p); /* nstring / literal8 */
str parse_list_mailbox(struct parse *p);
bool parse_try_word(struct parse *p, str word); /* the whole next atom is this, case folded */
uint32_t parse_nz_number(struct parse *p);
uint64_t parse_number64(struct parse *p);
uint64_t parse_mod_sequence(struct parse *p); /* RFC 7162: 63 bits */
struct seqset parse_sequence_set(struct parse *p);
struct seqset parse_message_set(struct parse *p); /* or "$", RFC 5182 4 */
struct partial parse_partial_range(struct parse *p); /* behind the word PARTIAL: " 1:100", " -1:-100" */
str parse_mailbox(struct parse *p);
/* one-or-more-mailbox, RFC 5465 8: a name, or several in brackets, at most max. */
struct str_list parse_mailboxes(struct parse *p, size_t max);
void parse_flag(struct parse *p, struct flag_list *flags, struct grow *keywords);
struct flag_list parse_flag_list(struct parse *p);     /* in parentheses */
int32_t parse_date(struct parse *p);                   /* days since 1970-01-01 */
int64_t parse_date_time(struct parse *p, int16_t *zone_minutes);
struct literal parse_literal_head(struct parse *p);    /* {n}, {n+}, ~{n} at the end of a line */

/* A word table: what a keyword means. */
struct word {
    str name;
    uint32_t value;
};
/* The atom's value, or fails with why. */
uint32_t parse_word(struct parse *p, const struct word *words, size_t n, const char *why);

/* --- argument rules: one per command with arguments, in parse.c's table ----------------------- */
void parse_id_args(struct parse *p, struct command *c);
void parse_authenticate_args(struct parse *p, struct command *c);
void parse_login_args(struct parse *p, struct command *c);
void parse_compress_args(struct parse *p, struct command *c);
void parse_enable_args(struct parse *p, struct command *c);
void parse_select_args(struct parse *p, struct command *c);
void parse_create_args(struct parse *p, struct command *c);
void parse_mailbox_args(struct parse *p, struct command *c);
void parse_rename_args(struct parse *p, struct command *c);
void parse_list_args(struct parse *p, struct command *c);
void parse_lsub_args(struct parse *p, struct command *c);
void parse_status_args(struct parse *p, struct command *c);
void parse_append_args(struct parse *p, struct command *c);
void parse_replace_args(struct parse *p, struct command *c);
void parse_batches_args(struct parse *p, struct command *c);
void parse_expunge_args(struct parse *p, struct command *c);
void parse_search_args(struct parse *p, struct command *c);
void parse_sort_args(struct parse *p, struct command *c);
void parse_thread_args(struct parse *p, struct command *c);
void parse_esearch_args(struct parse *p, struct command *c);
void parse_cancelupdate_args(struct parse *p, struct command *c);
void parse_fetch_args(struct parse *p, struct command *c);
void parse_notify_args(struct parse *p, struct command *c);
void parse_store_args(struct parse *p, struct command *c);
void parse_copy_args(struct parse *p, struct command *c);
void parse_getmetadata_args(struct parse *p, struct command *c);
void parse_setmetadata_args(struct parse *p, struct command *c);
struct str_list parse_entries(struct parse *p); /* of metadata; LIST's RETURN uses it too */
void parse_acl_args(struct parse *p, struct command *c);
void parse_getquota_args(struct parse *p, struct command *c);
void parse_setquota_args(struct parse *p, struct command *c);

void parse_section(struct parse *p, struct fetch_item *item); /* "[1.HEADER.FIELDS (To)]" */
void parse_search_return(struct parse *p, struct search_args *args); /* behind the word RETURN */
void parse_search_program(struct parse *p, struct search_args *args); /* the keys */
void parse_fetch_atts(struct parse *p, struct fetch_args *fetch); /* one, or several in parentheses */
uint32_t parse_status_items(struct parse *p); /* in parentheses; LIST's RETURN uses it too */
extern const struct word parse_special_uses[];
extern const size_t parse_special_uses_count;

#endif
