/* device.h - mail clients with a memory: what they were promised must hold, whatever happened.
 *
 * Devices of one account share a book: every letter that they made, where it must be now, and which
 * UID belonged to what. A letter has one owner who alone changes it, so that each acknowledged
 * change can be judged exactly. Once the answer to a change was not read, or was NO, its letter is
 * left alone (it is unsure): both outcomes are right for ever, as the server may still be at it.
 */
#ifndef SIMULATE_DEVICE_H
#define SIMULATE_DEVICE_H

#include "simulate/simulate.h"

enum {
    DEVICES_OF_ACCOUNT = 3,
    DEVICE_BOXES = 1 + DEVICES_OF_ACCOUNT, /* INBOX, and a folder of each device */
    BOOK_LETTERS = 60,
    BOOK_PLACES = 150,
    BOOK_UIDS = 600,
    DEVICE_ACTS = 40,
    DEVICE_COMMAND_MS = 40000,
    IDLE_HEARS_US = 2 * 1000000, /* after the APPEND is answered, on a network that works */
    HEARD_MAX = 32,
    OWNER_POP3 = DEVICES_OF_ACCOUNT,
};

/* --- talking (device_talk.c) ------------------------------------------------------------------ */
struct talk {
    struct conn *conn;
    unsigned tag;
    bool hasty; /* hangs up as soon as a command is sent */
    struct buf response;           /* with its literals */
    struct buf code;               /* of the last command: APPENDUID or COPYUID */
    uint32_t uidvalidity, uidnext; /* as SELECT told */
    uint64_t modseq;
};
typedef void response_fn(void *arg, str response);
/* OK; ERR_DENIED after NO or BAD; ERR_GONE: there is no answer, and the connection is closed. Each
 * untagged response goes to fn (may be NULL). Waits. */
enum err talk_command(struct talk *t, response_fn *fn, void *arg, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The next response into t->response. Waits. */
enum err talk_read(struct talk *t);
enum err talk_finish(struct talk *t, response_fn *fn, void *arg); /* up to the tagged one. Waits. */
bool talk_open(struct talk *t, struct server *s,
               const char *user); /* connected and logged in. Waits. */
void talk_close(struct talk *t);  /* without a word; nothing if it is closed */
bool response_number(str response, const char *before, uint64_t *out);
/* Calls back with each UID of a set as "1:3,7". */
void uids_each(str set, void (*fn)(void *arg, uint32_t uid), void *arg);

/* --- the book of an account (device_book.c) --------------------------------------------------- */
enum { FLAG_BITS = 4 };
extern const char *const device_flags[FLAG_BITS];
enum surety { THERE, AWAY, PERHAPS };
struct letter_made {
    unsigned owner;
    unsigned least, most; /* how often it is in the account */
    bool unsure;
    int64_t begun_us, acked_us, leaving_us; /* its APPEND into INBOX; its removal; 0: not yet */
};
struct place {
    unsigned letter, box, flags;
    uint32_t uidvalidity, uid;
    enum surety state;
};
struct known_uid {
    unsigned box;
    uint32_t uidvalidity, uid;
    uint64_t what; /* which message had it: for ever */
};
struct book_box {
    char name[24], maybe[24]; /* maybe: a RENAME was not answered */
    bool exists;
    uint32_t uidvalidity, uidvalidity_above;
    uint32_t uidnext; /* the largest that was ever told */
    uint64_t modseq;
};
struct book {
    struct world *world;
    struct server *server;
    const char *user;
    char address[ADDRESS_MAX];
    unsigned account;
    unsigned users; /* how many devices hold it */
    struct book_box boxes[DEVICE_BOXES];
    struct letter_made letters[BOOK_LETTERS];
    struct place places[BOOK_PLACES];
    struct known_uid uids[BOOK_UIDS];
    unsigned letters_n, places_n, uids_n;
    bool has_pop3;
};
/* The account's, made if the player is the first of its devices; one user more. */
struct book *book_take(struct player *a, unsigned account);
void book_leave(struct book *b);

/* One whole message as it was fetched. */
struct found {
    uint32_t uid;
    unsigned flags;
    uint64_t modseq, what; /* 0: not told */
};
bool found_read(str response, struct found *out); /* of "* n FETCH (…)" */
/* Which message it is: the number of a device's letter, or a large number for any other. */
uint64_t what_of(str header);
void letter_text(const struct book *b, unsigned letter, struct buf *out);

struct place *place_add(struct book *b, unsigned letter, unsigned box, uint32_t uid,
                        unsigned flags);
/* The message has this UID: nobody else ever had it, or will. */
void book_uid(struct book *b, unsigned box, uint32_t uid, uint64_t what);
void book_validity(struct book *b, unsigned box, uint32_t uidvalidity); /* as an answer told */
void book_deleted(struct book_box *x, bool surely); /* one of its name will be another mailbox */
/* What SELECT told, against what was known when it was asked. */
void book_selected(struct book *b, unsigned box, const struct book_box *before,
                   const struct talk *told);
/* Everything that is in the account, box by box, against the letters of one owner. */
struct truth {
    struct found all[BOOK_UIDS];
    unsigned box[BOOK_UIDS];
    unsigned n;
};
void book_judge(struct book *b, unsigned owner, const struct truth *truth);

/* --- IMAP devices (device.c, device_sync.c) --------------------------------------------------- */
struct cache {
    uint32_t uidvalidity;
    uint64_t modseq; /* all that changed up to there is known; 0: nothing is */
    struct found all[BOOK_UIDS];
    unsigned n;
};
struct device {
    struct player *player;
    struct book *book;
    unsigned number; /* in its account; its folder is the box number + 1 */
    bool resyncs;    /* QRESYNC, with a cache; others forget all */
    struct talk talk;
    bool open;
    int selected;          /* a box, or -1 */
    struct cache cache[2]; /* INBOX, its folder */
    struct cache *filling; /* by responses; NULL: they are not kept */
    struct truth *truth;
    int64_t heard_us[HEARD_MAX]; /* EXISTS during IDLE */
    unsigned heard_n;
    unsigned acts;
};
bool device_connect(struct device *d); /* Waits. */
void device_hang_up(struct device *d);
bool device_select(struct device *d, unsigned box); /* and resynchronised. Waits. */
void device_hears(void *arg, str response);         /* untagged responses of a struct device */
void device_settle(struct device *d);               /* Waits. */
int64_t device_now(const struct device *d);

#endif
