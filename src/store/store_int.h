/* store_int.h - the store itself, and what its files call of each other. */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include "store/box_int.h"
#include "store/store.h"

/* An id's upper bits are milliseconds, so none that was made later is below this. */
uint64_t msgid_floor(int64_t wall_us);

struct store {
    struct engine *engine;
    struct seam *seam; /* NULL in tests */
    struct store_settings settings;
    uint64_t last_id; /* atomic: ids ascend */
};

enum err store_commit(struct store *s, txn_fn *fn, void *arg) MUST_CHECK; /* Waits. */
/* A long command is many transactions, and while others wait each is at most STORE_STEP_OPS, so that
 * they have their turn on the writer's thread. Is there room in this one for one more message, with so
 * many operations? Its rows, a journey's line with the longest name among them, and the shared rows
 * that closing still writes fit in STEP_BYTES. */
enum {
    STEP_BYTES = 16 * 1024,
    STEP_OPS_LEFT = STORE_BATCH_OPS - STORE_STEP_OPS,
    STEP_BYTES_LEFT = STORE_BATCH_BYTES - STORE_STEP_BYTES,
};
static inline bool room_for_step(const struct txn *t, size_t ops)
{
    size_t room = txn_room(t), bytes = txn_room_bytes(t);
    if (room > ops + STEP_OPS_LEFT && bytes > STEP_BYTES + STEP_BYTES_LEFT) return true;
    return room > ops && bytes > STEP_BYTES && !txn_awaited(t);
}

/* --- directory (directory.c, alias.c) -------------------------------------------------------- */
void user_put(struct txn *t, const struct user *u);
bool alias_exists(struct source from, str address);
enum err user_by_account(struct source from, struct account a, struct user *out) MUST_CHECK;

/* --- mailboxes (mailbox.c, mailbox_change.c, purge.c) ---------------------------------------- */
bool mailbox_name_ok(str name);
/* Makes it and its missing parents. ERR_EXISTS, ERR_LIMIT */
enum err mailbox_make(struct ledger *l, const struct title_row *title, bool subscribed,
                      uint32_t *m) MUST_CHECK;
/* Finishes what a crash left of renames. Waits. */
enum err rename_resume(struct store *s, struct account a) MUST_CHECK;
/* Removes what is left of mailboxes that were deleted. Waits. */
enum err purge_mailbox(struct store *s, struct account a, uint32_t m) MUST_CHECK;
enum err purge_account(struct store *s, struct account a) MUST_CHECK;
/* Deletes what starts with prefix from first on, at most PURGE_KEYS of it. */
enum { PURGE_KEYS = 1000 };
enum err purge_keys(struct txn *t, struct account a, const struct key *first, const struct key *prefix,
                    bool *done) MUST_CHECK;

/* --- sharing (acl.c, acl_care.c) -------------------------------------------------------------- */
struct key key_grant(uint32_t m, struct grantee to);
struct key key_shared(struct account owner, uint32_t m);
/* KEY_GRANT_BYTES, KEY_SHARED_BYTES: false is damage. */
bool key_grant_read(str key, uint32_t *m, struct grantee *to) MUST_CHECK;
bool key_shared_read(str key, struct account *owner, uint32_t *m) MUST_CHECK;
/* In whose account the row stands that says that something is shared with him. */
struct account grant_holder(struct account who);
bool grant_any(struct source from, struct account owner, uint32_t m, struct account who);
/* A new mailbox gets its parent's. */
enum err grants_inherit(struct ledger *l, uint32_t parent, uint32_t m) MUST_CHECK;
/* Takes away those of a mailbox; those to an account. A transaction's part of it: *done says whether all. */
enum err grants_purge(struct txn *t, struct account owner, uint32_t m, bool *done) MUST_CHECK;
enum err grants_forget(struct txn *t, struct account who, bool *done) MUST_CHECK;

/* --- metadata (metadata.c) --------------------------------------------------------------------- */
bool entry_read(struct account a, str key, str value, struct annotation *out) MUST_CHECK; /* false: damage */
/* INBOX's stay when it is renamed, and its new mailbox gets them too (RFC 5464 4.1). Waits. */
enum err metadata_copy(struct store *s, struct account a, uint32_t from, uint32_t to) MUST_CHECK;
/* Who's private ones of a mailbox. */
enum err metadata_forget(struct txn *t, struct account owner, uint32_t m, struct account who) MUST_CHECK;

/* --- quota (quota.c) ------------------------------------------------------------------------- */
/* Would this much more fit? ERR_LIMIT */
enum err quota_room(struct source from, struct account a, const struct ledger_row *used,
                    uint64_t bytes, uint64_t messages) MUST_CHECK;
/* The same inside a transaction, message after message: the limits are read once. */
enum err ledger_room(struct ledger *l, uint64_t bytes, uint64_t messages) MUST_CHECK;

/* --- threads (thread.c) ---------------------------------------------------------------------- */
/* The thread of a new message: that of one it names, else its own email id. */
enum err thread_join(struct ledger *l, str card, uint64_t email_id, uint64_t *thread_id) MUST_CHECK;
enum { THREAD_OPS = 10 }; /* rows it may put */

/* Forgets the Message-IDs of threads without messages, when enough messages were forgotten. Waits. */
enum err thread_tidy(struct store *s, struct account a) MUST_CHECK;

/* --- append (append.c) ----------------------------------------------------------------------- */
/* One message into an open mailbox: blob reference, ids, thread, keywords. */
struct filing {
    struct blob blob;
    uint64_t size_bytes;
    str card;
    uint8_t flags;
    uint64_t keywords;
    int64_t internal_date_s;
    int16_t internal_zone_min;
    struct msgid journey;
};
enum err file_message(struct box *b, const struct filing *f, struct uid *out) MUST_CHECK;
/* The same of a body that is new: with room by quota, keywords, its blob. ERR_LIMIT */
enum err append_item(struct box *b, const struct append *item, struct appended *out) MUST_CHECK;
enum { FILE_OPS = BOX_ADD_OPS + BITS_KINDS + 2 + THREAD_OPS }; /* with the head and the ledger */

/* --- expunge (expunge.c) --------------------------------------------------------------------- */
/* The live message in.from leaves; the command may come to others up to in.to. */
enum err expunge_message(struct box *b, struct uid_range in, struct actor by) MUST_CHECK;

/* --- journeys (journey.c) -------------------------------------------------------------------- */
/* *n counts on within one transaction: start it at 0 for each message. Nothing if id.n == 0. */
enum err journey_put(struct txn *t, struct msgid id, uint32_t *n, str what, str text) MUST_CHECK;
/* "INBOX uid 5 by imap 127.0.0.1:51022" */
enum err journey_put_change(struct box *b, struct msgid id, struct uid uid, str what,
                            struct actor by) MUST_CHECK;
enum { JOURNEY_OPS = 1 };

/* A commit is done, and the next begins with this UID. */
static inline void stepped(const struct steps *steps, uint32_t next)
{
    if (steps->step) steps->step(steps->arg, (struct uid){ next - 1 });
}

#endif
