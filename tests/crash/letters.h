/* letters.h - letters that tell from themselves what they must hold, and what is done with them. */
#ifndef CRASH_LETTERS_H
#define CRASH_LETTERS_H

#include "crash/life.h"

extern const str people_names[PEOPLE];

/* The first line names serial, size and kind; the rest follows from them. */
enum letter_kind {
    LETTER_PLAIN = 'p',
    LETTER_TWICE = 't', /* delivered to the first two people's INBOX: in both or in none */
    LETTER_MOVED = 'm', /* only ever moved: never in two places */
};
void letter_write(struct buf *out, unsigned serial, size_t size, char kind);
/* Is the text one, whole? */
bool letter_read(str text, unsigned *serial, char *kind);

/* What fails here for want of room, as it may, is answered with it; anything else ends the test.
 * All wait, in a fiber. */
struct sending {
    unsigned local;  /* bit i: to person i */
    unsigned remote; /* recipients elsewhere */
    size_t size;
    char kind;
};
enum err send(struct life *l, const struct sending *s);
enum err append_to(struct life *l, unsigned person, str mailbox, size_t size, char kind);
enum err flag_all(struct life *l, unsigned person, str mailbox, enum flag_op op, uint8_t system,
                  str keyword);
enum err copy_all(struct life *l, unsigned person, str from, str to, uint32_t uid_from,
                  uint32_t uid_to, bool move);
enum err expunge_box(struct life *l, unsigned person, str mailbox, bool unconditional);
/* Reads every letter of the mailbox whole. */
enum err read_box(struct life *l, unsigned person, str mailbox);
enum err letter_fetch(struct life *l, struct blob blob, struct buf *out); /* its text */
/* Of the first entry that is due, if any. */
enum err queue_answer(struct life *l, enum queue_outcome outcome, bool notice);
void must(enum err e, const char *what);          /* OK */
void must_or_later(enum err e, const char *what); /* or ERR_LATER, and what follows from it */
bool letters_put_off(void); /* Was there an ERR_LATER since the last call? */
void people_make(struct life *l);
void people_find(struct life *l);

#endif
