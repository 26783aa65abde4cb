/* store.h - the upper floor: people, mailboxes, messages, flags, queue, journeys, changes.
 *
 * What protocols use. It knows neither files nor protocols. Reads go through a view and never
 * wait; a call that changes says Waits, and when it returns OK the change is durable and visible
 * to every later view. A view spans no wait: copy what you need, end it, write, open another.
 *
 * Every str in a result lives until the view's end, or in the arena that was given.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/engine.h"

struct store;

struct store_settings {
    uint64_t journey_ms;     /* journeys are kept this long after their last event */
    uint64_t tombstone_ms;   /* changes older than this may be forgotten */
    uint64_t undelete_ms;    /* expunged messages are kept at least this long */
    uint64_t body_memory_bytes, segment_bytes, lag_bytes;
};
extern const struct settings_section store_section;

enum err store_open(struct seam *seam, const struct store_settings *settings, struct store **out, struct buf *why) MUST_CHECK;
/* The same over an engine that is open (store/memory.h, for tests and fuzzers); closed with the store,
 * also when this fails. seam may be NULL: ids are then counted, not drawn. */
enum err store_open_on(struct engine *engine, struct seam *seam, const struct store_settings *settings,
                       struct store **out) MUST_CHECK;
void store_close(struct store *s); /* NULL: nothing */
struct engine *store_engine(struct store *s); /* body_begin, body_open, stats */
struct view *store_view(struct store *s);     /* end with view_end; NULL when the store has failed */

/* Who did it, for the journey: "imap", "127.0.0.1:51022". Borrowed during the call. */
struct actor { str protocol, peer; };

/* --- directory: domains, users, aliases (directory.c) ----------------------------------------------
 * Addresses and domains here are in lookup form (address_fold). */
struct user {
    struct account account;
    str address;
    str password_hash;     /* Argon2id or crypt(3) text */
    uint64_t quota_bytes;  /* 0: no limit */
    uint64_t quota_messages;
    int64_t created_us;
    bool suspended;
    bool administrator;    /* may set everybody's quota over IMAP (RFC 9208), and the server's metadata */
};
enum err store_domain_add(struct store *s, str domain) MUST_CHECK;    /* Waits. ERR_EXISTS */
enum err store_domain_remove(struct store *s, str domain) MUST_CHECK; /* Waits. ERR_NOTFOUND; ERR_CONFLICT: has users or aliases */
bool store_domain_is_ours(struct view *v, str domain);
enum err store_domains(struct view *v, bool (*each)(void *arg, str domain), void *arg) MUST_CHECK;

/* Makes the account with INBOX, Drafts, Sent, Junk, Trash, Archive (RFC 6154). Waits.
 * ERR_NOTFOUND: no such domain; ERR_EXISTS: a user or alias has the address. */
enum err store_user_add(struct store *s, const struct user *u, struct account *out) MUST_CHECK;
enum err store_user_update(struct store *s, const struct user *u) MUST_CHECK; /* by address: all fields but account. Waits. */
/* These two fields alone, whatever happens to the others meanwhile. 0: no limit. Waits. ERR_NOTFOUND */
enum err store_user_quota(struct store *s, str address, uint64_t bytes, uint64_t messages) MUST_CHECK;
enum err store_user_remove(struct store *s, str address) MUST_CHECK; /* with all mail. Waits. */
enum err store_user_find(struct view *v, str address, struct user *out) MUST_CHECK;
enum err store_user_by_account(struct view *v, struct account a, struct user *out) MUST_CHECK;
enum err store_users(struct view *v, bool (*each)(void *arg, const struct user *u), void *arg) MUST_CHECK;

/* An alias "sales@a.test" or a catch-all "@a.test"; each target an address, ours or remote. An alias
 * at a user's own address passes the mail on, and keeps a copy if it names itself as a target. */
enum err store_alias_add(struct store *s, str address, str target) MUST_CHECK;    /* Waits. */
enum err store_alias_remove(struct store *s, str address, str target) MUST_CHECK; /* Waits; empty target: all */
enum err store_aliases(struct view *v, bool (*each)(void *arg, str address, str target), void *arg) MUST_CHECK;
/* The targets of exactly this address (no catch-all, no tags: that is deliver's affair). */
enum err store_alias_targets(struct view *v, str address, struct arena *a, const str **targets, size_t *n) MUST_CHECK;

/* --- mailboxes (mailbox.c) ----------------------------------------------------------------------------
 * Names are UTF-8 paths with '/', INBOX in capitals; they are keys, never files. */
enum special_use { USE_NONE, USE_ALL, USE_ARCHIVE, USE_DRAFTS, USE_FLAGGED, USE_JUNK, USE_SENT, USE_TRASH };
struct mailbox {
    struct account account;
    struct mailbox_id id;
    str name;
    enum special_use use;
    bool subscribed;
    bool exists;                /* false: only a subscription is left, or a parent of others */
    uint32_t uidvalidity;
    struct uid uidnext;
    struct modseq highest_modseq;
    uint32_t messages, unseen, deleted;
    uint64_t size_bytes;
};
enum err store_mailbox_find(struct view *v, struct account a, str name, struct mailbox *out) MUST_CHECK;
enum err store_mailbox_by_id(struct view *v, struct account a, struct mailbox_id id, struct mailbox *out) MUST_CHECK;
enum err store_mailboxes(struct view *v, struct account a, bool (*each)(void *arg, const struct mailbox *m), void *arg) MUST_CHECK; /* by name */
/* Makes missing parents too (RFC 9051 6.3.4). Waits. ERR_EXISTS, ERR_LIMIT (depth, count, length),
 * ERR_CONFLICT: another mailbox has this special use. */
enum err store_mailbox_create(struct store *s, struct account a, str name, enum special_use use, struct mailbox_id *out) MUST_CHECK;
/* Waits. ERR_NOTFOUND; ERR_DENIED: INBOX; ERR_CONFLICT: a bare parent of mailboxes
 * (rev1 \Noselect is not made: a mailbox with children is emptied and kept as a bare parent). */
enum err store_mailbox_delete(struct store *s, struct account a, str name) MUST_CHECK;
/* Children move along; INBOX: its messages move, it stays (RFC 9051 6.3.6). Waits. */
enum err store_mailbox_rename(struct store *s, struct account a, str from, str to) MUST_CHECK;
enum err store_mailbox_subscribe(struct store *s, struct account a, str name, bool on) MUST_CHECK; /* Waits. */

/* --- sharing (acl.c): what others may do with a mailbox, RFC 4314 ------------------------------ */
enum right {
    RIGHT_LOOKUP = 1 << 0, RIGHT_READ = 1 << 1, RIGHT_SEEN = 1 << 2, RIGHT_WRITE = 1 << 3, RIGHT_INSERT = 1 << 4,
    RIGHT_POST = 1 << 5, RIGHT_CREATE = 1 << 6, RIGHT_DELETE = 1 << 7, RIGHT_TRASH = 1 << 8, RIGHT_EXPUNGE = 1 << 9,
    RIGHT_ADMINISTER = 1 << 10,
    RIGHTS_ALL = (1 << 11) - 1,
};
/* To whom: a user, or one of two that are no account. A negative one takes rights away. */
enum { GRANT_ANYONE = 0, GRANT_AUTHUSER = 1 };
struct grantee { struct account who; bool negative; };
struct grant { struct grantee to; uint32_t rights; };
/* Those of a mailbox; the owner, who has all rights whatever they say, is not among them. */
enum err store_acl(struct view *v, const struct mailbox *m, bool (*each)(void *arg, const struct grant *g), void *arg) MUST_CHECK;
/* What this account may do: all with its own mailboxes; else what it and everybody is granted, less what is taken away. */
enum err store_rights(struct view *v, struct account owner, struct mailbox_id m, struct account who, uint32_t *rights) MUST_CHECK;
enum acl_op { ACL_REPLACE, ACL_ADD, ACL_REMOVE };
struct acl_change { struct account account; struct mailbox_id mailbox; struct grantee to; enum acl_op op; uint32_t rights; };
/* No rights left: the grant goes. Waits. ERR_NOTFOUND: no such mailbox; ERR_CONFLICT: no such user; ERR_DENIED:
 * the owner's rights are his; ERR_LIMIT: ACL_GRANTS. */
enum err store_acl_set(struct store *s, const struct acl_change *c) MUST_CHECK;
/* Each mailbox of others that this account has any right to, by owner; each() gets a mailbox of the owner's. */
enum err store_shared(struct view *v, struct account who, bool (*each)(void *arg, const struct mailbox *m, uint32_t rights), void *arg) MUST_CHECK;

/* --- metadata (metadata.c): annotations of mailboxes and of the server, RFC 5464 ---------------- */
/* Whose: of a mailbox, or with mailbox 0 of the server; who's private ones, or with who 0 those that are shared. The
 * server's shared ones are ACCOUNT_DIRECTORY's. */
struct annotated { struct account account; struct mailbox_id mailbox; struct account who; };
struct annotation {
    struct annotated of;
    str name;         /* "/shared/comment", in lower case; at most METADATA_NAME_BYTES */
    str value;        /* any bytes, at most METADATA_VALUE_BYTES */
    bool gone;        /* it has no value (any more) */
    uint64_t changed; /* numbers of one account ascend */
    uint64_t by;      /* whoever the caller of store_annotate was */
};
/* Those that have a value, in order of their names' first bytes. */
enum err store_annotations(struct view *v, const struct annotated *of, bool (*each)(void *arg, const struct annotation *a), void *arg) MUST_CHECK;
/* Sets them, or with gone removes them: all or none; changed is made here. Waits. ERR_NOTFOUND: no such mailbox;
 * ERR_LIMIT: too many, or one too long. */
enum err store_annotate(struct store *s, const struct annotation *items, size_t n) MUST_CHECK;
/* The shared ones of an account and those of who that changed after this number, the gone too; *last becomes the number
 * to go on from. */
enum err store_annotation_news(struct view *v, struct account a, struct account who, uint64_t *last, bool (*each)(void *arg, const struct annotation *a), void *arg) MUST_CHECK;

struct quota { uint64_t bytes, bytes_max, messages, messages_max; }; /* max 0: none */
enum err store_quota(struct view *v, struct account a, struct quota *out) MUST_CHECK;

/* --- messages (message.c, append.c, flags.c, expunge.c, copy.c) ------------------------------- */
enum { FLAG_SEEN = 1, FLAG_ANSWERED = 2, FLAG_FLAGGED = 4, FLAG_DELETED = 8, FLAG_DRAFT = 16 };
struct flags {
    uint8_t system;     /* FLAG_… */
    uint64_t keywords;  /* bit i: the i-th keyword of the mailbox */
};
/* The mailbox's keywords in bit order ("$Forwarded", "work"). */
enum err store_keywords(struct view *v, const struct mailbox *m, struct arena *a, const str **names, size_t *n) MUST_CHECK;

struct message {
    struct uid uid;
    struct modseq modseq;       /* of its last change */
    struct flags flags;
    int64_t internal_date_s;    /* RFC 9051 2.3.3 */
    int16_t internal_zone_min;
    int64_t saved_us;           /* RFC 8514 SAVEDATE */
    uint64_t size_bytes;        /* RFC822.SIZE */
    struct blob blob;
    struct msgid journey;       /* n == 0: came by APPEND or import */
    uint64_t email_id, thread_id; /* RFC 8474 */
    str card;                   /* mail/card.h; empty: too large, then body_side holds it */
};
/* ERR_NOTFOUND: never was, or its bytes are gone. An expunged message is still found (a session
 * that was not told may fetch it); liveness is the seqmap's affair. */
enum err store_message(struct view *v, const struct mailbox *m, struct uid uid, struct message *out) MUST_CHECK;
enum message_want { WANT_FLAGS = 1, WANT_CARD = 2 }; /* uid is always filled; only what is asked is read */
/* Each live message with from <= uid <= to, ascending, until each() returns false. */
enum err store_messages(struct view *v, const struct mailbox *m, struct uid_range range, unsigned want,
                        bool (*each)(void *arg, const struct message *message), void *arg) MUST_CHECK;
/* What expunging the \Deleted would give back: the sizes of those from *from on are added to *bytes,
 * of at most max messages; *from is then the next one's UID, 0 at the end. RFC 9208 4.1.4 */
enum err store_deleted_bytes(struct view *v, const struct mailbox *m, struct uid *from, size_t max, uint64_t *bytes) MUST_CHECK;
enum err store_first_unseen(struct view *v, const struct mailbox *m, struct uid *out) MUST_CHECK; /* by bitmap; ERR_NOTFOUND */

/* What a session has been told of a mailbox: all an idle one keeps. */
struct told {
    struct mailbox_id mailbox;
    uint32_t uidvalidity;
    struct modseq modseq;          /* flags and arrivals told up to here */
    struct modseq expunge_modseq;  /* expunges told up to here; may lag behind modseq */
    struct uid uidnext;            /* messages below it have been told */
    struct uidset held;            /* expunged up to expunge_modseq, and not told yet: they still have numbers */
};
/* Sequence numbers as the session knows them: live messages below told.uidnext, those expunged since
 * told.expunge_modseq, and those that are held. Popcounts over bitmap rows; lives in the arena.
 * ERR_TOO_OLD: tombstones from told.expunge_modseq are gone. */
struct seqmap {
    uint32_t count;
    const uint32_t *block;  /* the numbers of the blocks that have any, ascending */
    const uint32_t *before; /* messages in the blocks before this one */
    const uint64_t *words;  /* STORE_BITMAP_UIDS bits each */
    size_t blocks;
};
enum err store_seqmap(struct view *v, const struct mailbox *m, const struct told *told, struct arena *a, struct seqmap *out) MUST_CHECK;
struct uid seqmap_uid(const struct seqmap *m, struct seq seq);  /* asserts 1 <= seq <= count */
struct seq seqmap_seq(const struct seqmap *m, struct uid uid);  /* 0 if the session does not have it */
struct uid seqmap_next(const struct seqmap *m, struct uid from); /* first uid >= from; 0 at the end */
/* The first uid >= from that m has and other has not; 0 at the end. A block costs a few words. */
struct uid seqmap_next_without(const struct seqmap *m, const struct seqmap *other, struct uid from);
/* Each message of the map in a range, ascending, with its number, until each() returns false; the
 * expunged too. *lost: how many have no rows any more; of those after the last one that was shown only
 * when each() did not end it. */
struct numbered { const struct seqmap *map; struct uid_range range; unsigned want; }; /* enum message_want, not 0 */
enum err store_numbered(struct view *v, const struct mailbox *m, const struct numbered *which,
                        bool (*each)(void *arg, struct seq seq, const struct message *message), void *arg, uint32_t *lost) MUST_CHECK;

/* Changes since N, ascending by modseq: the one primitive for NOOP, IDLE, CONDSTORE, QRESYNC, POP3.
 * Each message appears once, with its last change. ERR_TOO_OLD: tombstones from then are gone. */
enum change_kind { CHANGE_MESSAGE, CHANGE_EXPUNGE }; /* arrived or flags changed; expunged */
struct change { struct modseq modseq; struct uid uid; enum change_kind kind; };
enum err store_changes(struct view *v, const struct mailbox *m, struct modseq since,
                       bool (*each)(void *arg, const struct change *c), void *arg) MUST_CHECK;
/* The living alone, from a place on (modseq and uid of the last one that was read; UINT32_MAX: all of
 * that modseq were): never too old. */
enum err store_changed(struct view *v, const struct mailbox *m, struct change after,
                       bool (*each)(void *arg, const struct change *c), void *arg) MUST_CHECK;
/* The UIDs of what was expunged since, normalised, in out's arena. ERR_TOO_OLD; ERR_LIMIT: the arena. */
enum err store_expunged(struct view *v, const struct mailbox *m, struct modseq since, struct uidset *out) MUST_CHECK;

struct append {
    struct account account;
    str mailbox;             /* name */
    struct body *body;       /* sealed; the card is its side when over STORE_CARD_INLINE_BYTES */
    str card;                /* mail/card.h */
    uint8_t flags;
    const str *keywords; size_t keywords_n;
    int64_t internal_date_s; int16_t internal_zone_min;
    struct msgid journey;    /* may be 0 */
};
struct appended { uint32_t uidvalidity; struct uid uid; struct mailbox_id mailbox; };
/* IMAP APPEND, import: all or nothing. Waits. ERR_NOTFOUND: no such mailbox ([TRYCREATE]);
 * ERR_LIMIT: over quota (strict); ERR_LATER. */
enum err store_append(struct store *s, const struct append *items, size_t n, struct appended *out) MUST_CHECK;
/* REPLACE (replace.c, RFC 8508): a message comes and another goes, in one commit; quota counts what is
 * left. Waits. As store_append, and ERR_CONFLICT: the old one is gone already. */
struct replace { struct append with; struct mailbox_id mailbox; struct uid old; struct actor actor; };
enum err store_replace(struct store *s, const struct replace *r, struct appended *out) MUST_CHECK;

/* --- moving in (import.c): many messages in one commit, each at most once --------------------- */
/* What a message was where it came from, so that an import that is run again knows it. Marks that
 * are made one after the other should ascend: their rows then lie together. All zero is none: the
 * message is filed in any case, and not known again. A mark stays as long as the account, some 40
 * bytes of the index each: an import that is run again years later brings nothing back that was
 * deleted here, and what was imported is the limit of how many there are. */
struct import_mark { uint64_t order, hash; };
struct import_item {
    struct body *body;       /* as in struct append */
    str card;
    uint8_t flags;
    const str *keywords; size_t keywords_n;
    int64_t internal_date_s; int16_t internal_zone_min;
    struct import_mark mark;
    enum err result;         /* OK; ERR_EXISTS: it is here since an earlier import; ERR_LIMIT: quota */
    unsigned keywords_lost;  /* the mailbox has MAILBOX_KEYWORDS others, or the name is too long */
};
struct import { struct account account; str mailbox; struct import_item *items; size_t n; };
/* At most IMPORT_MESSAGES items; each is filed or not by itself, and says so. The marks of the filed
 * are in the same commit. Waits. ERR_NOTFOUND: no such mailbox; then nothing was filed. */
enum err store_import(struct store *s, const struct import *batch) MUST_CHECK;
/* Has it been imported? Saves sending what is here already; the commit asks again. */
bool store_imported(struct view *v, struct account a, struct import_mark mark);

/* What stays as it is, because whoever asks may not touch it. */
struct flags_kept { uint8_t system; bool keywords; };
/* Of a change that is several commits: called after each but the last, on the caller's fiber, with no view
 * or transaction open; messages up to this UID are done. May wait. step NULL: nobody asks. */
struct steps { void (*step)(void *arg, struct uid up_to); void *arg; };

enum flag_op { FLAGS_ADD, FLAGS_REMOVE, FLAGS_REPLACE };
struct flag_change {
    struct account account;
    struct mailbox_id mailbox;
    const struct uidset *uids;
    enum flag_op op;
    uint8_t system;
    const str *keywords; size_t keywords_n;
    struct modseq unchanged_since; /* UINT64_MAX: whatever */
    struct flags_kept kept;
    struct actor actor;
    struct steps steps;
};
/* Judged per message at commit. *failed (may be NULL): those changed since unchanged_since. Waits.
 * ERR_LIMIT: too many keywords in this mailbox. Expunged messages are passed over. */
enum err store_flags(struct store *s, const struct flag_change *c, struct uidset *failed) MUST_CHECK;

/* Those of uids (NULL: all) that have \Deleted at commit, or all of them if unconditional (MOVE's
 * and POP3's way). *expunged may be NULL. An actor without a protocol leaves no trace in the journeys.
 * Many are several commits; when one fails, those of the earlier ones are gone. Waits. */
struct expunge { struct account account; struct mailbox_id mailbox; const struct uidset *uids; bool unconditional; struct actor actor; struct steps steps; };
enum err store_expunge(struct store *s, const struct expunge *x, struct uidset *expunged) MUST_CHECK;

/* Copy or move to another mailbox, of the same account or another; flags, dates and keywords go along. Pairs come
 * out in step: from->ranges enumerated in order gave to->ranges in order (RFC 4315); out may be NULL.
 * A long one is several commits, STORE_STEP_OPS each. If one fails, a copy takes back what it did (RFC
 * 9051 6.4.7); of a move each message is in one of the two mailboxes, and *out says which have moved.
 * Waits. ERR_NOTFOUND: the target ([TRYCREATE]); ERR_LIMIT: quota. */
struct copy {
    struct account account; struct mailbox_id from; const struct uidset *uids;
    struct account to_account; /* 0: the same */
    str to;
    struct flags_kept without; /* flags that the copies do not get */
    bool move;
    struct actor actor;
    struct steps steps;
};
struct copied { uint32_t uidvalidity; struct uidset from, to; };
enum err store_copy(struct store *s, const struct copy *c, struct copied *out) MUST_CHECK;

/* --- bringing back (undelete.c): expunged messages, and those of deleted mailboxes ------------- */
struct undelete {
    struct account account;
    str mailbox;      /* empty: any */
    int64_t since_us; /* what went at or after */
    int64_t now_us;   /* older than undelete_ms before: it may be gone for good */
    struct actor actor;
};
struct restorable {
    str mailbox;         /* its name then */
    bool with_mailbox;   /* it went when its mailbox was deleted */
    struct uid uid;      /* that it had */
    int64_t when_us;
    uint64_t size_bytes;
    str card;            /* as in struct message */
};
/* What can be brought back, by mailbox, until each() returns false. */
enum err store_gone(struct store *s, const struct undelete *u, bool (*each)(void *arg, const struct restorable *g), void *arg) MUST_CHECK;
/* Brings all of it back as new messages of their mailboxes, which are made if they are gone: flags but
 * \Deleted, keywords, dates and ids as they were. *restored is what was, also on an error. Waits.
 * ERR_LIMIT: quota; then the rest stays where it is. */
enum err store_undelete(struct store *s, const struct undelete *u, uint64_t *restored) MUST_CHECK;

/* --- accepting a message (accept.c): the one commit behind an SMTP 250 ------------------------ */
enum { NOTIFY_DEFAULT = 0, NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 }; /* RFC 3461 */
struct local_rcpt { struct account account; str mailbox; str delivered_to; uint8_t flags; };
struct queue_rcpt { str address; str orcpt; unsigned notify; };
/* RFC 2852: by when, and what happens then: the message goes back, or only a notice. at_us 0: none. */
struct deliver_by { int64_t at_us; bool notify, trace; };
struct accept {
    struct msgid id;            /* from store_msgid_new; the commit is refused as ERR_EXISTS if used */
    struct body *body; str card; /* the same bytes for all */
    str sender;                 /* envelope, empty: null sender */
    str envid; bool ret_full;   /* RFC 3461 */
    bool utf8, eight_bit, binary, require_tls;
    bool tls_optional;          /* "TLS-Required: No" (RFC 8689 5): no policy of ours keeps it from going */
    int priority;               /* -9 to 9 (RFC 6710): the order in the queue */
    struct deliver_by by;
    const struct local_rcpt *local; size_t local_n;
    const struct queue_rcpt *queue; size_t queue_n;
    int64_t release_us;         /* first attempt not before (RFC 4865), 0: now */
    str received;               /* one line for the journey: from whom, how, TLS, login */
};
struct msgid store_msgid_new(struct store *s);
/* Waits. A local mailbox that is gone falls back to INBOX; an account that is gone: ERR_NOTFOUND.
 * Quota is judged at RCPT, not here (a recipient once accepted may overshoot).
 * ERR_LIMIT: more than ACCEPT_RCPTS; limit RCPT TO so that aliases cannot lead past it. */
enum err store_accept(struct store *s, const struct accept *a) MUST_CHECK;

/* --- queue (queue.c): one entry per message and remote recipient ------------------------------ */
struct queue_key { struct msgid id; uint32_t rcpt; };
struct queue_entry {
    struct queue_key key;
    str sender, address, domain, envid, orcpt;
    unsigned notify; bool ret_full, utf8, eight_bit, binary, require_tls, tls_optional;
    int priority; struct deliver_by by;
    struct blob blob; uint64_t size_bytes;
    int64_t arrived_us, next_us;   /* next attempt; INT64_MAX: held */
    uint32_t attempts; bool delay_told, held;
    str last_reply;                /* "450 4.2.0 … (host, address)" of the last attempt */
};
/* Where an entry stands in the order of next attempts; all zero is before the first. */
struct queue_place { int64_t due_us; struct queue_key key; };
/* The place of each entry due at or before now, from a place on, by next attempt, until each()
 * returns false: keys alone, so that a hundred thousand that wait cost little. *next_us: when the
 * first one after now is due, INT64_MAX if none waits. */
enum err store_queue_due(struct view *v, struct queue_place from, int64_t now_us, bool (*each)(void *arg, const struct queue_place *place), void *arg, int64_t *next_us) MUST_CHECK;
/* One entry; its strs live until the view's end. ERR_NOTFOUND; ERR_CORRUPT: damaged, and told in the log. */
enum err store_queue_entry(struct view *v, struct queue_key key, struct queue_entry *out) MUST_CHECK;
/* Every entry, by message. */
enum err store_queue_list(struct view *v, bool (*each)(void *arg, const struct queue_entry *e), void *arg) MUST_CHECK;
enum err store_queue_get(struct view *v, struct queue_key key, struct arena *a, struct queue_entry *out) MUST_CHECK;
enum queue_outcome { QUEUE_DELIVERED, QUEUE_BOUNCED, QUEUE_DEFERRED, QUEUE_RELAYED_DSN, QUEUE_DROPPED };
struct queue_result {
    struct queue_key key;
    enum queue_outcome outcome;
    int64_t next_us;      /* QUEUE_DEFERRED */
    bool delay_told;      /* a delay notice goes out with this result */
    str reply;            /* what the other side said, whole */
    str detail;           /* host, address, TLS, duration: for the journey */
};
/* Writes outcomes, journeys and, in the same commit, the notices (bounces, delay notices) that follow:
 * a bounce exists exactly if its cause is recorded. notices may be local or queued. Waits. */
enum err store_queue_results(struct store *s, const struct queue_result *r, size_t n, const struct accept *notices, size_t notices_n) MUST_CHECK;
enum queue_order { QUEUE_RETRY_NOW, QUEUE_HOLD, QUEUE_RELEASE };
enum err store_queue_order(struct store *s, struct msgid id, enum queue_order order) MUST_CHECK; /* every entry of id. Waits. */
uint64_t store_queue_count(struct view *v);

/* --- journeys (journey.c) --------------------------------------------------------------------- */
/* Kept sorted by time; text is one line of printable UTF-8. */
struct journey_event { int64_t at_us; str what; str text; }; /* what: received, filed, queued, attempt, delivered, deferred, bounced, seen, fetched, deleted … */
enum err store_journey(struct view *v, struct msgid id, bool (*each)(void *arg, const struct journey_event *e), void *arg) MUST_CHECK;
/* Lazy: joins the next commit; nobody waits. */
void store_journey_note(struct store *s, struct msgid id, const char *what, str text);

/* --- watching, locking, care ------------------------------------------------------------------ */
/* Changes of an account: see engine_watch. The queue's is ACCOUNT_QUEUE. */
static inline void store_watch(struct store *s, struct watch *w) { engine_watch(store_engine(s), w); }
static inline void store_unwatch(struct store *s, struct watch *w) { engine_unwatch(store_engine(s), w); }
/* POP3's exclusive maildrop (RFC 1939 3). ERR_EXISTS: another session has it. Any thread. */
enum err store_maildrop_lock(struct store *s, struct account a) MUST_CHECK;
void store_maildrop_unlock(struct store *s, struct account a);

/* Forgets what the settings say is over: tombstones and the expunged messages' rows, journeys; and
 * finishes removals of mailboxes and users that a crash interrupted. At start, then hourly. Waits. */
enum err store_tidy(struct store *s) MUST_CHECK;
/* Forgets what has expired (store_tidy), and gives back the room of all that nobody needs. Reads the
 * whole journal. Waits. Errors as those of engine_compact. */
enum err store_compact(struct store *s, struct compact_result *out) MUST_CHECK;
/* Engine check plus the upper floor's own: heads against messages, bitmaps against rows, counters,
 * quota, blob references, change rows. Waits. */
enum err store_check(struct store *s, struct check_report *report) MUST_CHECK;

/* Offline: opens the store with an index made anew from the journal alone, then makes the upper floor
 * agree with its messages again. What could not be saved is named, and let go: a message whose bytes
 * are gone is expunged. Errors as store_open, whose words are in *why. */
enum err store_open_repair(struct seam *seam, const struct store_settings *settings,
                           struct repair_report *report, struct store **out, struct buf *why) MUST_CHECK;
/* As store_open, for check without a server: an index with a damaged page is refused (ERR_CORRUPT),
 * for LMDB believes what a page says, and may end the process. */
enum err store_open_verified(struct seam *seam, const struct store_settings *settings,
                             struct store **out, struct buf *why) MUST_CHECK;
/* The second half alone, on an open store that nobody else uses. Waits. */
enum err store_mend(struct store *s, struct repair_report *report) MUST_CHECK;

#endif
