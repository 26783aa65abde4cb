/* search_int.h - between the commands that look for messages (SEARCH, SORT, THREAD, ESEARCH), the
 * walk over a mailbox (search_walk.c) and the judging of one message (search_match.c).
 */
#ifndef IMAP_SEARCH_INT_H
#define IMAP_SEARCH_INT_H

#include "imap/fetch_int.h"
#include "mail/text.h"

/* --- a program made ready (search_program.c) -------------------------------------------------- */

/* One text that is looked for in what only the message's bytes hold. */
struct search_text_key {
    const struct search_key *key;
    struct text_needle needle;
    size_t asked;            /* its number in the question to the index, plus 1; 0: not asked */
    struct text_match match; /* while a message is read */
    bool found;
};
struct search_program {
    struct search_key *root;
    struct search_text_key *texts;
    size_t texts_n;
    unsigned rows;              /* enum message_want: what judging needs of a row */
    unsigned where;             /* enum text_where: what judging may have to read */
    bool envelopes;             /* some fields are looked for in envelopes */
    bool seqs;                  /* names sequence numbers: of use in the selected mailbox only */
    struct account account;     /* of the mailbox */
    struct search_answer index; /* rows NULL: nothing is known */
    struct account indexed;     /* whose messages it is about */
    struct arena *answers;      /* where it is kept from mailbox to mailbox; NULL: for one alone */
};
/* Texts in their folded form, from the charset. In the arena. ERR_DENIED: the charset is not known;
 * imap_search_bad_charset says so. */
enum err imap_search_compile(struct arena *a, const struct search_args *args,
                             struct search_program *out) MUST_CHECK;
enum err imap_search_bad_charset(struct imap *s);
/* Its sets, for a mailbox whose messages are these; saved may be NULL: "$" is then the empty set.
 * BAD: a number past the last message. */
enum err imap_search_resolve(struct imap *s, struct search_program *program,
                             const struct seqmap *map, const struct uidset *saved) MUST_CHECK;
/* Its keywords, as bits of this mailbox. Again after each look. */
void imap_search_keywords(struct search_program *program, const struct look *look);

/* --- one message (search_match.c) ---------------------------------------------------------------
 */
struct candidate {
    struct search_program *program;
    struct arena *arena; /* scratch: rewound after each message */
    struct message m;
    int64_t now_s;
    bool has_card, no_card; /* was looked for, and is there or not */
    struct card card;
    bool complete;  /* the bytes were read: a text that was not found is not there */
    unsigned score; /* 1 to 100, RFC 6203 4 */
};
enum verdict { NO_MATCH, MATCH, UNSURE };
/* UNSURE: its card, or its text, is needed. Recursion is as deep as the grammar allows: IMAP_DEPTH.
 */
enum verdict imap_search_judge(struct candidate *c);
/* The same once all texts were looked for in the message; its card is there. Never UNSURE. */
enum verdict imap_search_judge_text(struct candidate *c, const struct text_source *source);
bool imap_search_has_card(struct candidate *c); /* from its row */

/* --- its bytes (search_read.c) ------------------------------------------------------------------
 */
/* Judged with all that the message has. Waits. */
enum verdict imap_search_judge_reading(struct imap *s, struct candidate *c);
/* Its card, from its row or from beside its body. Waits. */
bool imap_search_card(struct imap *s, struct candidate *c);

/* --- a mailbox (search_walk.c) ------------------------------------------------------------------
 */
enum search_enough { ENOUGH_ALL, ENOUGH_FIRST, ENOUGH_LAST }; /* which matches are needed */
/* RETURN (MIN) and (MAX) alone, RFC 4731 3.1, need one. */
enum search_enough imap_search_enough(uint32_t returns);
struct search_walk {
    struct imap *s;
    struct search_program *program;
    bool selected;          /* the selected mailbox as the session knows it; else the one in told */
    struct account account; /* of one that is not selected */
    struct told told;
    bool cards;                /* what is found needs its card */
    const struct uidset *only; /* look at these alone; NULL: at all */
    bool whole;                /* of more messages than RFC 9738 allows nothing is worth finding */
    enum search_enough enough;
    /* A message that matches, ascending by UID; no view is open. seq is 0 where nobody is told. Of
     * ENOUGH_LAST a few come before the last. */
    void (*hit)(void *arg, struct candidate *c, struct seq seq);
    void *arg;
    /* ---- its own ---- */
    struct seqmap map;
    struct uidset among; /* UIDs to look at */
    size_t range;
    bool matched; /* some message did */
    uint32_t at; /* the next UID to look at */
    int64_t now_s;
    struct arena scratch;
};
/* Before the first step: sets resolved, the index asked. BAD as imap_search_resolve. Waits. */
enum err imap_search_begin(struct search_walk *w) MUST_CHECK;
/* All of it, turn by turn. Waits. */
enum err imap_search_run(struct search_walk *w) MUST_CHECK;

/* --- what was found (search_found.c, search_tell.c) ----------------------------------------------
 */
struct found {
    const struct command *c;
    bool uid;              /* UIDs are told, else sequence numbers */
    bool keeps_uids;       /* for "$" and for updates */
    struct uidset numbers; /* told */
    struct uidset uids;
    uint64_t count;
    uint64_t modseq, first_modseq, last_modseq; /* the highest; of the first; of the last */
    uint8_t *scores;                            /* with RELEVANCY, of each */
    struct arena *arena;
};
struct found imap_found_none(const struct command *c, struct arena *arena);
/* A struct search_walk's hit; arg is the struct found. */
void imap_found_add(void *arg, struct candidate *c, struct seq seq);
/* "$" as RFC 5182 2.4 and RFC 9394 3.2 have it, if SAVE was asked for. On an error it is empty, and
 * the answer says NOTSAVED. */
enum err imap_found_save(struct imap *s, const struct found *f) MUST_CHECK;
/* The from-th to the to-th of a set, from 1 on; in the arena. */
struct uidset imap_set_slice(const struct uidset *set, uint64_t from, uint64_t to, struct arena *a);

void imap_tell_search(struct imap *s, const struct found *f); /* "* SEARCH …". Waits. */
/* "* ESEARCH (TAG …) …"; head stands behind the tag within the parentheses, and may be empty. */
void imap_tell_esearch(struct imap *s, const struct found *f, str head);
/* The beginning of that line, which SORT and updates have too. */
void imap_tell_esearch_head(struct imap *s, str tag, str head, bool uid);
void imap_tell_partial_head(struct imap *s,
                            const struct search_args *args); /* " PARTIAL (1:100 " */

/* Keep it up to date from now on, if UPDATE was asked for; if that cannot be, NOUPDATE is said. */
void imap_context_keep(struct imap *s, const struct command *c, const struct uidset *hits);
bool imap_context_exists(struct imap *s, str tag);

/* What SEARCH, SORT and THREAD begin with, and the walk. Waits. */
enum err imap_search_selected(struct imap *s, const struct command *c,
                              struct search_walk *w) MUST_CHECK;

#endif
