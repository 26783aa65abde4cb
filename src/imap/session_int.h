/* session_int.h - an IMAP session, and what its commands share.
 *
 * The fields of struct imap are what survives a park: RFC 9051 3's state, who logged in, and what
 * the client has been told of the selected mailbox. All else lives in the command arena, which is
 * empty while the session is parked.
 */
#ifndef IMAP_SESSION_INT_H
#define IMAP_SESSION_INT_H

#include "imap/command.h"
#include "imap/imap.h"
#include "imap/reply.h"

/* RFC 9051 3; bits, so that a command's row can name several. */
enum imap_state {
    NOT_AUTHENTICATED = 1,
    AUTHENTICATED = 2,
    SELECTED = 4,
    LOGGED_IN = AUTHENTICATED | SELECTED,
    ANY = NOT_AUTHENTICATED | LOGGED_IN,
};

/* What changes how the session speaks; set by ENABLE, and by commands that imply it. */
enum enabled {
    ENABLED_CONDSTORE = 1 << 0, /* RFC 7162 3.1: FETCH responses carry MODSEQ */
    ENABLED_REV2      = 1 << 8, /* RFC 9051: no RECENT, ESEARCH, names in UTF-8 */
    ENABLED_UTF8      = 1 << 9, /* RFC 9755 3: names in UTF-8, SEARCH without a charset */
    ENABLED_METADATA  = 1 << 10, /* RFC 5464 4.4: METADATA of what others changed */
    ENABLED_QRESYNC   = 1 << 1, /* RFC 7162 3.2: VANISHED in place of EXPUNGE */
    ENABLED_UIDONLY   = 1 << 2, /* RFC 9586: no message sequence numbers either way */
};

/* What the tagged answer of the command will say; empty parts are filled in by imap_answer. */
struct answer {
    bool sent; /* the command gave its answer itself */
    str condition, code, text;
};

struct imap {
    struct conn *conn;
    const struct imap_server *server;
    enum imap_state state;
    uint64_t opened_us;    /* monotonic: how long a stranger has been here */
    unsigned errors;       /* bad commands so far */
    unsigned failures;     /* refused log-ins so far */
    unsigned strange_commands; /* before the log-in */
    uint64_t strange_from; /* conn_bytes_in when the stranger came */
    bool closing;          /* goodbye was said */
    bool cut;              /* a response was larger than any may be: nothing follows it */

    struct account account; /* from log-in on */
    struct auth_stay stay;  /* likewise: it ends when the user may no longer be here */
    str user;               /* own memory; for the log */
    unsigned enabled;       /* enum enabled: what the client turned on, RFC 9051 6.3.1 */

    struct told told;       /* of the selected mailbox */
    struct account selected; /* whose it is */
    uint32_t told_rights;   /* which FLAGS and PERMANENTFLAGS have told, RFC 4314 5.1.1 */
    bool read_only;         /* EXAMINE, or there is nothing that I may change */
    size_t told_keywords;   /* how many keywords FLAGS has named */
    bool told_overquota;
    struct told_metadata { uint64_t own, server, selected; } told_metadata; /* RFC 5464 4.4, once it is enabled */
    struct uid limited_to;  /* the command went no further down than this, RFC 9738; 0: it did all */
    bool owes_modseq;       /* expunges were told: HIGHESTMODSEQ is due, RFC 7162 3.2.7 */
    struct uidset saved;    /* "$", RFC 5182: UIDs of the selected mailbox */
    struct arena saved_arena; /* where they are */
    struct contexts *contexts; /* searches that are kept up to date, RFC 5267; NULL: none */

    bool idling;
    str idle_tag;           /* own memory */
    struct watch watch;     /* set while idling: the account changed */
    bool watching;

    struct notify *notify;  /* NULL: NOTIFY was never given */

    /* Of the command that is being served; empty while parked. */
    str progress_tag;
    uint64_t progress_us; /* monotonic: when the next INPROGRESS is due */
    struct arena arena;
    struct purse_holder purse; /* who pays for what commands gather */
    struct reply reply;     /* said, and not yet given to the connection */
    struct answer answer;
};

/* --- answers (answer.c) --------------------------------------------------------------------- */
/* Give what was said to the connection. Waits for a slow client. */
void imap_send(struct imap *s);
/* The same once IMAP_REPLY_FLUSH_BYTES are gathered; no view may be open. Waits. */
void imap_send_some(struct imap *s);
/* The client, who is logged in, took or sent a piece: for the next it has imap.command again. */
void imap_went_on(struct imap *s);
/* What the tagged answer will say; code and text live in the arena or are constants. Returns e, so
 * that a guard is one line: return imap_no(s, ERR_NOTFOUND, S("TRYCREATE"), S("no such mailbox")). */
enum err imap_no(struct imap *s, enum err e, str code, str text);
/* For an OK answer: its response code. */
void imap_ok_code(struct imap *s, str code);
/* BAD: the client broke the protocol. */
enum err imap_bad(struct imap *s, str text);
/* The one place where errors become words. */
void imap_answer(struct imap *s, str tag, str command, enum err e);
/* "* BYE …", and no more after it. Waits. */
void imap_bye(struct imap *s, str code, str text);
/* What a command waited for was cut off: by a drain, then the client is told, or by its own end.
 * Always ERR_GONE. */
enum err imap_cut(struct imap *s);

/* --- the selected mailbox (mailbox.c) ------------------------------------------------------- */
/* A view, and the selected mailbox in it. It spans no wait: open, look, close. */
struct look {
    struct view *view;
    struct mailbox mailbox;
    uint32_t rights;     /* mine there: all in my own */
    const str *keywords; /* in the arena: loops mark and rewind it */
    size_t keywords_n;
};
/* ERR_LATER: the store has failed; ERR_GONE: the mailbox is gone, or may be read no more (BYE was said). */
enum err imap_look(struct imap *s, struct look *look) MUST_CHECK;
void imap_look_end(struct look *look);
/* The same of the selected mailbox alone; 0 if it cannot be told. */
uint32_t imap_rights(struct imap *s);

/* --- places (place.c) ------------------------------------------------------------------------- */
/* Whose mailbox a name means, and what I may do with it: every command that takes a name asks here. */
struct place {
    struct account account; /* the owner */
    str name;               /* in the owner's account; part of the name that was asked for */
    uint32_t rights;        /* RIGHT_…; all of my own */
};
/* A mailbox of mine, which may be there or not, or one of somebody else's that is there, and in which I
 * have all the rights that are needed (0: any). ERR_NOTFOUND: no such mailbox, or I may not even know of it;
 * ERR_DENIED, with its answer: I may know of it and no more. */
enum err imap_place(struct imap *s, str name, uint32_t need, struct place *out) MUST_CHECK;
/* Where a new mailbox of this name may be made. ERR_DENIED, with its answer: nowhere. */
enum err imap_place_new(struct imap *s, str name, struct place *out) MUST_CHECK;
/* A mailbox that is there, copied out of its view; the name stays the caller's. Errors as imap_place. */
enum err imap_find_mailbox(struct imap *s, str name, uint32_t need, struct mailbox *out) MUST_CHECK;
/* "Shared/bob@a.test/Team": the name that I know another's mailbox by. In the arena. */
str imap_shared_name(struct imap *s, str owner, str name);
/* The flags that who has these rights may not touch, RFC 4314 4: s \Seen, t \Deleted, w all others. */
struct flags_kept imap_flags_kept(uint32_t rights);
enum { IMAP_ALL_FLAGS = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT };

/* The messages that a command names, as the session knows them. */
struct named {
    struct seqmap map;
    struct uidset uids; /* normalised; may name UIDs that are no message: map decides */
};
/* BAD (ERR_SYNTAX) when a sequence number is past the last message. */
enum err imap_named(struct imap *s, struct look *look, const struct command *c, struct seqset set,
                    struct named *out) MUST_CHECK;
/* Those of them that others have expunged, and the session was not told: in the arena. */
enum err imap_named_gone(struct imap *s, const struct look *look, const struct named *named, struct uidset *out) MUST_CHECK;
/* Walk: for (struct uid u = imap_named_first(&n, &w); u.n; u = imap_named_next(&n, &w)) */
struct named_walk { size_t range; struct uid uid; };
struct uid imap_named_first(const struct named *n, struct named_walk *w);
struct uid imap_named_next(const struct named *n, struct named_walk *w);

void imap_saved_clear(struct imap *s); /* "$" is empty (search_found.c) */
/* How many of them have UIDs up to this one. */
uint64_t imap_named_count(const struct named *n, uint32_t up_to);
/* Those in these places among them, from 1 on, in the arena; from 0: none. out may be named's own. */
bool imap_named_slice(const struct named *n, uint64_t from, uint64_t to, struct arena *a, struct uidset *out) MUST_CHECK;
/* The places that PARTIAL asks for, of so many, RFC 9394 3.1; false: there are none. */
bool imap_partial_places(struct partial places, uint64_t count, uint64_t *from, uint64_t *to);
/* The sequence numbers of the messages in a range of UIDs: the first, and how many. */
uint32_t imap_numbers_of(const struct seqmap *map, struct uid_range range, uint32_t *first);

/* --- how many messages a command is about (limit.c), RFC 9738 --------------------------------- */
/* Of more than imap.messages_max those with the highest UIDs; imap_limit_tell then says so. */
void imap_limit_cut(struct imap *s, struct named *named);
bool imap_limit_passed(const struct imap *s, const struct named *named);
/* Of a command that does all or nothing: NO [MESSAGELIMIT …] if they are more. */
enum err imap_limit_whole(struct imap *s, const struct named *named) MUST_CHECK;
/* The same of n, where max (0: none) may be less than the setting. */
enum err imap_limit_count(struct imap *s, uint64_t n, uint64_t max) MUST_CHECK;
void imap_limit_tell(struct imap *s, enum err e); /* with the answer of the command, which is e */

/* --- searches that are kept up to date (context.c), RFC 5267 4.3 ------------------------------ */
void imap_contexts_free(struct imap *s);
/* Before these are told as expunged; their numbers are those of `before`. */
void imap_contexts_gone(struct imap *s, const struct uidset *gone, const struct seqmap *before);
/* After what changed since then was told. Waits. */
/* new: what has come since, for those that fetch it. */
struct arrived { const struct seqmap *map; struct uid first; };
enum err imap_contexts_changed(struct imap *s, struct modseq since, const struct arrived *new) MUST_CHECK;

/* An arena that the account pays for. */
static inline struct arena imap_paid(struct imap *s, struct arena a) { a.purse = &s->purse; return a; }
struct actor imap_actor(struct imap *s); /* for the store's journeys; in the arena */

/* --- news (sync.c) -------------------------------------------------------------------------- */
/* Tell what changed since `told`: new messages, flags, and, if allowed, expunges. Those of `own`
 * (may be NULL) whose flags are as `own` says are known to the client already. Waits. */
struct own_flags {
    struct uid *uids; /* ascending */
    struct flags *flags;
    size_t n;
    bool silent; /* their modseqs were not told yet */
};
enum err imap_sync(struct imap *s, bool expunges, const struct own_flags *own) MUST_CHECK;
/* Messages whose flags changed, after since and up to until. */
struct changed {
    const struct seqmap *map;     /* numbers to call them by; those without are passed over */
    const struct uidset *among;   /* normalised; NULL: all */
    const struct own_flags *own;  /* may be NULL */
    struct modseq since, until;
    struct uid below;             /* the client does not know of others yet */
};
/* "* n FETCH (…)" of each, RFC 7162 3.1.4, 3.2.5. Waits; no view may be open. */
enum err imap_tell_changed(struct imap *s, const struct changed *what) MUST_CHECK;
/* "* VANISHED 1:3,7", in lines of bounded length; nothing for an empty set. No view may be open. */
void imap_tell_vanished(struct imap *s, const struct uidset *gone, bool earlier);
/* "* OK [HIGHESTMODSEQ n]" */
void imap_tell_highest_modseq(struct imap *s);
/* Forget what was told, and give its memory back. */
void imap_told_free(struct imap *s);
/* "* FLAGS (…)" and PERMANENTFLAGS. */
void imap_tell_keywords(struct imap *s, const struct look *look);
/* "* n FETCH (FLAGS (…))", with UID if wanted, and both UID and MODSEQ once CONDSTORE is on. */
void imap_tell_flags(struct imap *s, const struct look *look, struct seq seq,
                     const struct message *m, bool uid);
void imap_unselect(struct imap *s);

/* --- coming back (resync.c) ----------------------------------------------------------------- */
/* The UIDs of `among` that are gone since, and that `has` does not hold, in *out. When the store does
 * not remember so far back: all of among below told.uidnext that has does not hold. */
struct since {
    struct modseq modseq;
    const struct uidset *among; /* normalised */
    const struct seqmap *has;
};
enum err imap_vanished_since(struct imap *s, const struct look *look, const struct since *since,
                             struct uidset *out) MUST_CHECK;
/* SELECT … (QRESYNC …), RFC 7162 3.2.5: what happened while the client was away. Found in the very view
 * whose counts are told, so that every message that is counted is named; *out, in the arena, is NULL
 * when nothing is to be told. Then told. Waits. */
struct imap_resync;
enum err imap_resync_look(struct imap *s, const struct look *look, const struct select_args *select,
                          struct imap_resync **out) MUST_CHECK;
enum err imap_resync_tell(struct imap *s, const struct imap_resync *r) MUST_CHECK;

/* --- what it wants to hear (notify.c), RFC 5465 --------------------------------------------- */
bool imap_hears(const struct imap *s);       /* of new and expunged messages of the selected mailbox */
bool imap_hears_flags(const struct imap *s); /* and of their flags */
void imap_flags_kept_back(struct imap *s, struct modseq since);
/* FETCH that nobody asks for at this moment: of these numbers, outside of any answer. Waits. */
enum err imap_fetch_news(struct imap *s, const struct fetch_args *what, uint32_t first, uint32_t last) MUST_CHECK;
/* What was asked for of new messages: those from this number on. Waits. */
enum err imap_notify_new(struct imap *s, const struct seqmap *map, uint32_t first) MUST_CHECK;
/* Messages that a command of its own has made. */
void imap_notify_own_uids(struct imap *s, struct account a, uint32_t uidvalidity, struct uid_range uids);
/* Something changed in a mailbox that it listens to; the command is one of its own. Waits. */
enum err imap_notify_woken(struct imap *s) MUST_CHECK;
enum err imap_notify_own(struct imap *s, const struct command *c) MUST_CHECK;
void imap_notify_free(struct imap *s);

/* --- input (server.c) ----------------------------------------------------------------------- */
/* A line without its line end, in the arena. ERR_SYNTAX: it ended in LF alone; ERR_GONE, also after
 * a goodbye to whom sent one that is too long. Waits. */
enum err imap_line(struct imap *s, str *line) MUST_CHECK;
/* A refused literal and the rest of its command, thrown away, as often as another follows. Waits. */
enum err imap_swallow(struct imap *s, struct literal literal) MUST_CHECK;

/* The grammar's literal source (parse_literal_fn) of a session: the size was judged, so the client may
 * send. Waits. */
enum err imap_literal(void *session, struct literal literal, str *bytes, str *line) MUST_CHECK;

/* --- the table of commands (commands.c) ------------------------------------------------------- */
typedef enum err imap_command_fn(struct imap *s, const struct command *c);
enum {
    USES_SEQ = 1,    /* names messages by number: no EXPUNGE while it is answered (RFC 9051 7.5.1) */
    MOVES_MAILBOXES = 4, /* of names, subscriptions, or which one is selected */
    TELLS_MODSEQ = 2, /* its OK has HIGHESTMODSEQ when it expunged, RFC 7162 3.2.7, RFC 6851 4.4 */
    UID_ONLY = 8     /* without UID before it, it is about numbers: none after UIDONLY, RFC 9586 3 */
};
struct command_row {
    str name;
    enum imap_state states; /* where it is allowed */
    int how;
    imap_command_fn *run;   /* Waits. */
    str capability;         /* what its presence lets us announce; may be empty */
    str rfc;
};
extern const struct command_row imap_commands[VERBS];
/* What is announced besides the commands' rows: extensions of commands that belong to several, or none. */
struct capability_row {
    str name;
    enum imap_state states; /* in which it is announced */
    str rfc;
};
extern const struct capability_row imap_extensions[];
extern const size_t imap_extensions_n;
/* Turn it on, as ENABLE would; QRESYNC and the like name what they imply in their bits. */
void imap_enable_now(struct imap *s, enum enabled what);
/* "IMAP4rev1 …" of this session at this moment. */
void imap_capabilities(struct imap *s, struct buf *out);

imap_command_fn imap_capability, imap_noop, imap_logout, imap_id, imap_starttls, imap_authenticate,
    imap_login, imap_compress, imap_enable, imap_select, imap_create, imap_delete, imap_rename, imap_subscribe,
    imap_list, imap_lsub, imap_namespace, imap_status, imap_append, imap_idle, imap_close,
    imap_check, imap_expunge, imap_search, imap_fetch, imap_uidbatches, imap_store, imap_copy, imap_getquota,
    imap_getquotaroot, imap_setquota, imap_setacl, imap_getacl, imap_listrights, imap_myrights, imap_replace, imap_unauthenticate, imap_notify;
imap_command_fn imap_sort, imap_thread, imap_esearch, imap_cancelupdate;

imap_command_fn imap_getmetadata, imap_setmetadata;

/* IDLE's other half: a line, or a wake, while idling. Waits. */
enum err imap_idle_line(struct imap *s, str line) MUST_CHECK;
enum err imap_idle_woken(struct imap *s) MUST_CHECK;
void imap_idle_end(struct imap *s);

/* RFC 5464 3.3: who has these rights may see a mailbox's annotations, and set his own. */
static inline bool imap_may_annotate(uint32_t rights)
{
    uint32_t any = RIGHT_READ | RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | RIGHT_POST;
    return (rights & RIGHT_LOOKUP) && (rights & any);
}
/* Those annotations of a mailbox (NULL: of the server) that are asked for. RFC 5464 4.4.1. *longest grows to the
 * size of the largest that was too large. LIST … RETURN (METADATA) gives them too. */
enum err imap_tell_metadata(struct imap *s, const struct mailbox *m, const struct metadata_args *wanted, uint64_t *longest) MUST_CHECK;
/* What others changed since it was last told, once METADATA is enabled: names alone. RFC 5464 4.4.2 */
void imap_tell_metadata_news(struct imap *s);
/* From here on. */
void imap_metadata_mark(struct imap *s);
uint64_t imap_metadata_myself(const struct imap *s); /* what it puts into struct annotation's by */

/* "* MYRIGHTS name lrs", which LIST … RETURN (MYRIGHTS) gives too. */
void imap_tell_myrights(struct imap *s, str mailbox, uint32_t rights);

/* May the session's user set others' quota, and the server's shared annotations? (quota.c) */
bool imap_is_administrator(struct imap *s, struct view *view);
/* An untagged OVERQUOTA, once, when the selected mailbox's owner keeps more than he may. */
void imap_tell_overquota(struct imap *s);

/* "* LIST () "/" name", and what it was called before if that is not empty: RFC 9051 6.3.9.7. */
void imap_tell_name(struct imap *s, str attributes, str name, str old);

/* --- progress of what takes long (progress.c), RFC 9585 ---------------------------------------- */
/* A command begins; its tag lives as long as it. */
void imap_progress_begin(struct imap *s, str tag);
/* So many messages of so many are done (0: not known): told when it is time to. Waits; no view may be open. */
bool imap_progress_due(const struct imap *s);
void imap_progress(struct imap *s, uint64_t done, uint64_t goal);
/* The same from the store's steps, for a change to named messages (NULL: not known which). */
struct doing {
    struct imap *s;
    const struct named *named;
};
struct steps imap_steps(struct doing *doing);

/* --- UIDONLY (uidonly.c), RFC 9586 ------------------------------------------------------------ */
/* BAD [UIDREQUIRED] when numbers were given up and the command is about them; else OK. */
enum err imap_numbers_allowed(struct imap *s, const struct command *c);
/* "* 12 FETCH (", or "* 4711 UIDFETCH (" where there are no numbers. */
void imap_fetch_head(struct imap *s, struct seq seq, struct uid uid);

/* --- ids of objects (objectid.c), RFC 8474 --------------------------------------------------- */
void imap_email_id(struct buf *out, struct account a, uint64_t id);
void imap_thread_id(struct buf *out, struct account a, uint64_t id);
/* "MAILBOXID (F10001)", in the arena: a response code, and an item of STATUS. */
str imap_mailbox_id_code(struct imap *s, struct mailbox_id id);

/* STATUS's data, which LIST … RETURN (STATUS) gives too. */
void imap_tell_status(struct imap *s, const struct mailbox *m, uint32_t items);

#endif
