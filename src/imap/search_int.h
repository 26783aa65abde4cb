/* search_int.h - between SEARCH's walk (search.c) and the judging of one message (search_match.c). */
#ifndef IMAP_SEARCH_INT_H
#define IMAP_SEARCH_INT_H

#include "imap/fetch_int.h"

/* One message under judgement. Without a reader only its row and card are looked at. */
struct candidate {
    struct imap *s;
    struct arena *arena;   /* scratch: rewound after each message */
    const struct look *look;
    struct seq seq;
    struct message m;
    bool has_card;
    struct card card;
    int64_t now_s;
    struct body_reader *reader; /* NULL: what needs the bytes is UNSURE */
    str header;            /* read once, with the reader */
    bool has_header;
};

enum verdict { NO_MATCH, MATCH, UNSURE };
/* Recursion is as deep as the grammar allows: IMAP_DEPTH. Waits, with a reader only. */
enum verdict imap_search_judge(struct candidate *c, const struct search_key *key);

/* The program made ready: sets resolved, texts in folded UTF-8, keywords as they are. *reads: some
 * key may need a message's bytes. ERR_DENIED: the charset is not known. */
enum err imap_search_prepare(struct imap *s, struct search_key *key, str charset,
                             const struct seqmap *map, bool *reads) MUST_CHECK;

#endif
