/* ledger.h - what the servers owe us: every message, where it must or may be, and with which flags.
 *
 * Each thing a client does is a deed: written down as begun before it is sent, and as done once it
 * was answered. A deed that never was answered has happened as a whole or not at all. After a crash
 * the ledger is compared with what the server has, and becomes that.
 */
#ifndef CRASH_LEDGER_H
#define CRASH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USERS = 4, SET_MAX = 256 };
enum box { INBOX, WORK, COPIES, MOVED, BOXES };
extern const char *const box_names[BOXES];

enum { SEEN = 1, ANSWERED = 2, FLAGGED = 4, DELETED = 8, KEPT = 16, FLAGS = 5 };
extern const char *const flag_names[FLAGS];

struct ledger;
struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);

/* --- letters: a token and a size say every byte */

struct letter {
    unsigned token;
    size_t size; /* of the text */
};
struct letter ledger_letter(struct ledger *l, size_t size);
char *letter_bytes(struct letter t, size_t *n); /* free() it */
/* The letter that these bytes begin with, or have in their header; token 0: none. */
struct letter letter_of(const char *bytes, size_t n);

/* --- deeds; an index names a copy of a message */

unsigned deed_begin(struct ledger *l);
/* A copy that will be there once the deed is done. */
int deed_brings(struct ledger *l, unsigned deed, struct letter t, int user, enum box box,
                unsigned flags);
void deed_takes(struct ledger *l, unsigned deed, int copy);
void deed_flags(struct ledger *l, unsigned deed, int copy, unsigned flags);
/* The answer came. */
void deed_done(struct ledger *l, unsigned deed);
/* It was refused: nothing of it has happened, nor may it happen later. */
void deed_refused(struct ledger *l, unsigned deed);
/* The answer named the UID of a copy that the deed brought: it must be one never given before. */
void deed_uid(struct ledger *l, int copy, unsigned uid, unsigned uidvalidity);

/* --- what is there for sure */

struct known {
    int copy;
    unsigned uid, flags;
    struct letter letter;
};
/* Up to max copies with known UIDs, ascending, from a random place on. */
int ledger_pick(struct ledger *l, int user, enum box box, int max, unsigned random,
                struct known *out);
/* The copy of this letter if it is there for sure; -1: not (yet). */
int ledger_find(struct ledger *l, int user, enum box box, unsigned token);
int ledger_count(struct ledger *l);   /* deeds done so far */
int ledger_refused(struct ledger *l); /* and deeds refused */
int ledger_copies(struct ledger *l);  /* there for sure */

/* --- after the crash: what the server has, box by box, then the end */

void found_box(struct ledger *l, int user, enum box box, unsigned uidvalidity, unsigned uidnext);
void found_message(struct ledger *l, int user, enum box box, unsigned uid, unsigned flags,
                   const char *bytes, size_t n);
void found_all(struct ledger *l);

#endif
