/* row_int.h - values: how each row of the upper floor is written down and read back.
 *
 * A value is a version byte, then varints, zigzag varints and counted strings in the order of the
 * struct; what is added later is added at the end, and a reader takes what is missing as 0. A row
 * that does not read is ERR_CORRUPT.
 */
#ifndef STORE_ROW_INT_H
#define STORE_ROW_INT_H

#include "store/keys_int.h"
#include "store/store.h"

/* Where a read looks: a view, or a transaction with its own changes. */
struct source {
    struct view *view;
    struct txn *txn;
};
static inline struct source in_view(struct view *v)
{
    return (struct source){ .view = v };
}
static inline struct source in_txn(struct txn *t)
{
    return (struct source){ .txn = t };
}
enum err source_get(struct source from, struct account a, const struct key *k,
                    str *value) MUST_CHECK;
/* From this key while keys start with prefix. */
enum err source_scan(struct source from, struct account a, const struct key *first,
                     const struct key *prefix, engine_each *each, void *arg) MUST_CHECK;

/* --- reading: sticky, every call after the first error gives 0 ------------------------------- */
struct row {
    str in;
    bool bad;
};
struct row row_open(str value);  /* checks and takes the version */
uint64_t row_u64(struct row *r); /* 0 when nothing is left */
int64_t row_i64(struct row *r);
str row_str(struct row *r);
enum err row_end(const struct row *r) MUST_CHECK; /* OK or ERR_CORRUPT */
/* Says in the log that a row of this account does not read; ERR_CORRUPT. */
enum err row_corrupt(struct account a, const char *what);

/* --- writing: row_new, buf_varint, row_add_…, then row_put, which frees ---------------------- */
/* Every text in a row has a limit of its own; a row that is too long all the same came of one that
 * was damaged, and the transaction fails with ERR_CORRUPT. */
struct buf row_new(void);
void row_add_i64(struct buf *b, int64_t value);
void row_add_str(struct buf *b, str s);
void row_put(struct txn *t, struct account a, const struct key *k, struct buf *b);
void row_put_empty(struct txn *t, struct account a, const struct key *k);
void row_delete(struct txn *t, struct account a, const struct key *k);

/* --- the account's counters ------------------------------------------------------------------ */
struct ledger_row {
    uint64_t modseq;      /* the last given out */
    uint64_t mailboxes;   /* likewise, numbers of mailboxes */
    uint64_t emails;      /* likewise, RFC 8474 ids */
    uint64_t uidvalidity; /* likewise; ascends by the clock, so no name ever has the same again */
    uint64_t bytes, messages; /* quota used by live messages */
    uint64_t forgotten;       /* messages whose rows are gone since thread_tidy last went through */
};
enum err ledger_row_get(struct source from, struct account a,
                        struct ledger_row *out) MUST_CHECK; /* ERR_NOTFOUND: no such account */
void ledger_row_put(struct txn *t, struct account a, const struct ledger_row *row);

/* --- mailboxes ------------------------------------------------------------------------------- */
struct head {
    uint32_t uidvalidity, uidnext;
    uint64_t highest_modseq;
    uint64_t horizon; /* expunges up to this modseq may have been forgotten */
    uint32_t messages, unseen, deleted, keywords;
    uint64_t size_bytes;
};
enum err head_read(str value, struct head *out) MUST_CHECK;
enum err head_get(struct source from, struct account a, uint32_t m, struct head *out) MUST_CHECK;
void head_put(struct txn *t, struct account a, uint32_t m, const struct head *head);

struct name_row {
    uint32_t m;
    bool subscribed;
    str name;
}; /* m == 0: no mailbox has the name */
enum err name_read(str value, struct name_row *out) MUST_CHECK;
enum err name_get(struct source from, struct account a, str name, struct name_row *out) MUST_CHECK;
void name_put(struct txn *t, struct account a, const struct name_row *row);

struct title_row {
    str name;
    enum special_use use;
};
enum err title_read(str value, struct title_row *out) MUST_CHECK; /* ERR_CORRUPT */
enum err title_get(struct source from, struct account a, uint32_t m,
                   struct title_row *out) MUST_CHECK;
void title_put(struct txn *t, struct account a, uint32_t m, const struct title_row *row);

/* An expunge: when, and whether the message can be brought back (undelete.c). */
enum gone_how { GONE_EXPUNGED, GONE_MOVED, GONE_RESTORED };
struct tombstone_row {
    int64_t when_us;
    enum gone_how how;
};
enum err tombstone_read(str value, struct tombstone_row *out) MUST_CHECK;
void tombstone_put(struct txn *t, struct account a, const struct key *k,
                   const struct tombstone_row *row);

/* A mailbox that was deleted: when, and what it was. */
struct dying_row {
    int64_t when_us; /* 0: it is to go at once */
    struct title_row title;
};
enum err dying_read(str value, struct dying_row *out) MUST_CHECK;
void dying_put(struct txn *t, struct account a, uint32_t m, const struct dying_row *row);

/* A mailbox's id names its account, since numbers of accounts are never reused either. */
enum { MAILBOX_NUMBER_BITS = 24 };
static inline struct mailbox_id mailbox_id_of(struct account a, uint32_t m)
{
    return (struct mailbox_id){ a.n << MAILBOX_NUMBER_BITS | m };
}
static inline uint32_t mailbox_number(struct mailbox_id id)
{
    return (uint32_t)(id.n & ((1u << MAILBOX_NUMBER_BITS) - 1));
}

/* --- messages -------------------------------------------------------------------------------- */
/* All of struct message that never changes: everything but uid, modseq and flags. */
enum err message_read(str value, struct message *out) MUST_CHECK;
enum err message_get(struct source from, struct account a, uint32_t m, struct uid uid,
                     struct message *out) MUST_CHECK;
void message_put(struct txn *t, struct account a, uint32_t m, const struct message *message);

struct flags_row {
    struct flags flags;
    bool seen_once; /* the journey has been told that it was read */
    struct modseq modseq;
};
enum err flags_read(str value, struct flags_row *out) MUST_CHECK;
enum err flags_get(struct source from, struct account a, uint32_t m, struct uid uid,
                   struct flags_row *out) MUST_CHECK;
void flags_put(struct txn *t, struct account a, uint32_t m, struct uid uid,
               const struct flags_row *row);

#endif
