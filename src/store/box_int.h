/* box_int.h - an account's counters and a mailbox, open for change inside a transaction.
 *
 * Loaded once, changed in memory, written back once: however many messages a transaction touches,
 * the head row is one put and each bitmap row one put. All changes of a ledger share one modseq.
 */
#ifndef STORE_BOX_INT_H
#define STORE_BOX_INT_H

#include "store/bitmap_int.h"

struct ledger {
    struct txn *txn;
    struct account account;
    struct ledger_row row;
    struct modseq now; /* this transaction's; 0 until something asks for it */
    bool dirty;
    bool limits_known;
    struct quota limits; /* their max alone */
};
enum err ledger_open(struct txn *t, struct account a,
                     struct ledger *out) MUST_CHECK; /* ERR_NOTFOUND: no such account */
struct modseq ledger_modseq(struct ledger *l);
uint32_t ledger_uidvalidity(struct ledger *l);
/* This much no longer counts. */
void ledger_less(struct ledger *l, uint64_t bytes, uint64_t messages);
void ledger_close(struct ledger *l);

struct facts_page;
struct box {
    struct ledger *ledger;
    uint32_t m;
    struct head head;
    bool dirty;
    str title;               /* its name, once somebody asked; in the transaction's arena */
    struct facts_page *page; /* rows read ahead (facts.c) */
    uint32_t asked, ahead;   /* the last UID of the last read, and how far it went */
    bool loaded[BITS_KINDS], changed[BITS_KINDS];
    struct bitmap bits[BITS_KINDS];
};
/* The box lies in the transaction's arena; the ledger must outlive it. */
enum err box_open(struct ledger *l, uint32_t m, struct box **out) MUST_CHECK;
enum err box_open_name(struct ledger *l, str name, struct box **out) MUST_CHECK; /* ERR_NOTFOUND */
void box_close(
    struct box *b); /* writes what changed; the ledger is closed by its owner, afterwards */

/* The first UID in [from, to] with the bit; 0 if none. */
enum err box_next(struct box *b, enum bits kind, struct uid_range in, struct uid *out) MUST_CHECK;

/* A new message: uid, modseq and saved_us are filled in here; flags, blob, card, ids are the
 * caller's. ERR_LIMIT: out of UIDs. */
enum err box_add(struct box *b, struct message *message, bool seen_once) MUST_CHECK;
/* Other flags for a live message. */
enum err box_set_flags(struct box *b, struct uid uid, const struct flags_row *old,
                       struct flags_row new_flags) MUST_CHECK;
/* What the rows of a live message say; parts tells which were there. */
enum { FACTS_FLAGS = 1, FACTS_MESSAGE = 2 };
struct facts {
    unsigned parts;
    struct flags_row flags;
    struct blob blob;
    uint64_t size_bytes;
    struct msgid journey;
    bool moved; /* the caller's, for box_remove: it lives on elsewhere, and is not to be restored */
};
/* Of message in.from; the command may come to others up to in.to, which are read along. A row that
 * is not there leaves its part out. */
enum err box_facts(struct box *b, struct uid_range in, unsigned want, struct facts *out) MUST_CHECK;
/* The mailbox's name; lives as long as the transaction. */
enum err box_title(struct box *b, str *out) MUST_CHECK;

/* No longer live: a tombstone is left, and its row for those who were not told. What is lost
 * counts nothing. The blob's reference is the caller's. */
enum err box_remove(struct box *b, struct uid uid, const struct facts *was) MUST_CHECK;

/* How many puts and deletes each of these needs at most, the shared rows left out. */
enum { BOX_ADD_OPS = 3, BOX_FLAGS_OPS = 3, BOX_REMOVE_OPS = 2 };
/* The shared rows: head, ledger, and the bitmap rows that one step may leave behind. */
enum { BOX_SHARED_OPS = 2 + 2 * BITS_KINDS };

/* Bits of these keywords; those the mailbox does not have yet are made if add. ERR_LIMIT */
enum err box_keywords(struct box *b, const str *names, size_t n, bool add,
                      uint64_t *bits) MUST_CHECK;

/* Keyword bits of mailbox m of an account, deleted or not, as those of the box, which gets the words. ERR_LIMIT */
enum err box_translate(struct box *b, struct account a, uint32_t m, uint64_t *bits) MUST_CHECK;

/* A set of UIDs walked in step with the bits of a box, across transactions: next says where the
 * following one begins. The set must be normalised; NULL means all. */
struct sweep {
    const struct uidset *uids;
    uint32_t next;
    uint32_t run_end; /* of the range of the set that the last one is in */
};
/* The next UID at or after next that is in the set and has the bit; 0 at the end. */
enum err sweep_next(struct sweep *s, struct box *b, enum bits kind, uint32_t last,
                    struct uid *out) MUST_CHECK;

#endif
