/* search.h - the text index: which messages of an account hold a text.
 *
 * Behind IMAP's SEARCH BODY and TEXT (RFC 9051 6.4.4). For each account that ever searched bodies it
 * keeps the folded text of its messages (mail/text.h), compressed, with a signature of the trigrams
 * of each message, in a file of its own under data/search (docs/storage-format.md). An answer is
 * exact where there is one; a message without one is to be judged by reading it.
 *
 * The index is derived: it may be deleted at any time, a damaged or foreign file is begun anew, and
 * what cannot be written (full disk) is simply not indexed.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "run/config.h"
#include "store/store.h"

struct search;
struct search_settings {
    bool enabled;
    uint64_t message_bytes_max; /* text of one message; what follows is not in the index */
    uint64_t free_bytes_min;    /* less room than this on the disk: nothing is written */
};
extern const struct settings_section search_section;

/* store must outlive it. ERR_LATER: no thread could be had. A folder that cannot be made or written
 * is no error: then every message is to be read, and the log says why. */
enum err search_open(struct seam *seam, struct store *store, const struct search_settings *settings,
                     struct search **out, struct buf *why) MUST_CHECK;
void search_close(struct search *s); /* NULL: nothing. No question may be under way. */

/* One text to look for. */
struct search_text {
    str folded;     /* text_fold of valid UTF-8; borrowed during the call */
    bool body_only; /* SEARCH BODY; otherwise the header too: SEARCH TEXT */
};
struct search_question {
    struct account account;
    const struct search_text *texts;
    size_t n; /* of texts, SEARCH_TEXTS at most */
    /* Now and then while messages are brought into the index, on the asking fiber, without a view: may
     * wait. May be NULL. false: stop, nobody wants to know any more. */
    bool (*progress)(void *arg, uint64_t done, uint64_t of);
    void *arg;
};

enum search_verdict {
    SEARCH_UNKNOWN, /* read the message */
    SEARCH_HAS,
    SEARCH_HAS_NOT,
};
struct search_answer {
    const struct search_row *rows; /* sorted by key; NULL: nothing is known */
    size_t n;
};
/* Brings into the index what has arrived since, then looks for all texts in one go. The answer is in
 * the arena (16 bytes a message). Waits. ERR_GONE: stopped, or the process is draining; any other
 * error leaves an answer that knows nothing, and is not for the client: it reads the messages. */
enum err search_ask(struct search *s, const struct search_question *q, struct arena *a,
                    struct search_answer *out) MUST_CHECK;
/* Does the message hold the i-th text? m as store_message gave it; the same after COPY and MOVE. */
enum search_verdict search_answer_of(const struct search_answer *answer, size_t i, const struct message *m);

/* For a fiber of the system: now and then brings the files up to date, and takes out of them what has
 * been removed. Returns when the process is draining. Waits. */
void search_tend(struct search *s);

#endif
