/* command.h - one IMAP command as the grammar understood it.
 *
 * Everything lives in the command arena (or the command line that was copied there) and dies with
 * it. `what` selects the union's member; commands without arguments have none.
 */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include "imap/seqset.h"
#include "store/store.h"

/* Order of the grammar's table and of the server's: see parse.c and commands.c. */
enum verb {
    VERB_CAPABILITY, VERB_NOOP, VERB_LOGOUT, VERB_ID,
    VERB_STARTTLS, VERB_AUTHENTICATE, VERB_LOGIN,
    VERB_COMPRESS, VERB_ENABLE, VERB_SELECT, VERB_EXAMINE, VERB_CREATE, VERB_DELETE, VERB_RENAME,
    VERB_SUBSCRIBE, VERB_UNSUBSCRIBE, VERB_LIST, VERB_LSUB, VERB_NAMESPACE, VERB_STATUS,
    VERB_APPEND, VERB_IDLE, VERB_NOTIFY, VERB_UNAUTHENTICATE,
    VERB_CLOSE, VERB_UNSELECT, VERB_CHECK, VERB_EXPUNGE, VERB_SEARCH, VERB_FETCH, VERB_STORE,
    VERB_COPY, VERB_MOVE, VERB_REPLACE,
    VERB_GETQUOTA, VERB_GETQUOTAROOT, VERB_SETQUOTA,
    VERB_GETMETADATA, VERB_SETMETADATA,
    VERB_SETACL, VERB_DELETEACL, VERB_GETACL, VERB_LISTRIGHTS, VERB_MYRIGHTS,
    VERB_SORT, VERB_THREAD, VERB_ESEARCH, VERB_CANCELUPDATE,
    VERB_UIDBATCHES,
    VERBS
};

struct str_list {
    const str *items;
    size_t n;
};

/* System flags are the store's bits, RFC 9051 2.3.2; keywords keep the client's spelling. */
struct flag_list {
    uint8_t system; /* FLAG_SEEN … */
    struct str_list keywords;
};

/* {n}, {n+} or ~{n}: announced, its bytes not yet read. */
struct literal {
    uint64_t size_bytes;
    bool sync;   /* the client waits for "+" */
    bool binary; /* literal8, RFC 3516: may hold NUL */
};

/* SELECT, EXAMINE with their parameters, RFC 7162 3.1.8 and 3.2.5 */
struct select_args {
    str mailbox;
    bool condstore;
    bool qresync;
    uint32_t uidvalidity;  /* the rest with QRESYNC only */
    uint64_t modseq;
    struct seqset known_uids;
    struct seqset match_seqs, match_uids;
};

struct mailbox_args {
    str mailbox;
    str to;                 /* RENAME, COPY and MOVE: the other mailbox */
    bool trailing_separator; /* CREATE foo/: RFC 9051 6.3.4, children are intended */
    enum special_use use;   /* CREATE … (USE (\Sent)), RFC 6154 3 */
    bool use_refused;       /* several, or one that is not known: use-attr-ext is good grammar */
    struct seqset set;      /* COPY, MOVE */
};

/* STATUS, RFC 9051 6.3.11 */
enum status_item {
    STATUS_MESSAGES      = 1 << 0,
    STATUS_RECENT        = 1 << 1,
    STATUS_UIDNEXT       = 1 << 2,
    STATUS_UIDVALIDITY   = 1 << 3,
    STATUS_UNSEEN        = 1 << 4,
    STATUS_DELETED       = 1 << 5,
    STATUS_SIZE          = 1 << 6,
    STATUS_HIGHESTMODSEQ = 1 << 7,
    STATUS_DELETED_STORAGE = 1 << 8, /* RFC 9208 4.1.4 */
    STATUS_MAILBOXID     = 1 << 9, /* RFC 8474 4.3 */
    STATUS_APPENDLIMIT   = 1 << 16, /* RFC 7889 4 */
};
struct status_args {
    str mailbox;
    uint32_t items;
};

/* LIST, RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154; LSUB uses reference and patterns alone */
enum list_option {
    LIST_SUBSCRIBED     = 1 << 0,
    LIST_REMOTE         = 1 << 1,
    LIST_RECURSIVEMATCH = 1 << 2,
    LIST_SPECIAL_USE    = 1 << 3,
    LIST_CHILDREN       = 1 << 4,
    LIST_STATUS         = 1 << 5,
    LIST_MYRIGHTS       = 1 << 6, /* RFC 8440 */
    LIST_METADATA       = 1 << 7, /* RFC 9590 */
};
struct list_args {
    str reference;
    struct str_list patterns; /* UTF-8 */
    uint32_t select;          /* enum list_option */
    uint32_t returns;         /* enum list_option */
    uint32_t status_items;    /* of RETURN (STATUS (…)) */
    struct str_list entries;  /* of RETURN (METADATA (…)), in lower case */
    bool extended;            /* some LIST-EXTENDED syntax was used */
};

/* APPEND and REPLACE up to their first message, which parse_append_message reads. */
struct append_args {
    str mailbox;
    str rest;               /* of the line: options and the head of a literal */
    struct seqset replaced; /* REPLACE, RFC 8508: one number, or "*" */
};

/* One message of them up to its bytes, which the caller streams. */
enum append_kind {
    APPEND_LITERAL,
    APPEND_UTF8,     /* UTF8 (~{n}…), RFC 9755 4 */
    APPEND_CATENATE, /* CATENATE (…, RFC 4469: parts follow */
};
struct append_message {
    struct flag_list flags;
    bool has_date;
    int64_t date;         /* seconds since 1970 */
    int16_t zone_minutes; /* as the client wrote it */
    enum append_kind kind;
    struct literal literal; /* of all but CATENATE */
};

/* cat-part, RFC 4469 5 */
enum cat_kind { CAT_TEXT, CAT_URL };
struct cat_part {
    enum cat_kind kind;
    bool utf8; /* TEXT UTF8 (~{n}…) */
    struct literal literal;
    str url;
};

/* FETCH, RFC 9051 6.4.5 */
enum fetch_kind {
    FETCH_FLAGS, FETCH_UID, FETCH_INTERNALDATE, FETCH_RFC822_SIZE, FETCH_ENVELOPE,
    FETCH_BODY, FETCH_BODYSTRUCTURE, FETCH_MODSEQ,
    FETCH_RFC822, FETCH_RFC822_HEADER, FETCH_RFC822_TEXT,
    FETCH_SECTION, FETCH_BINARY, FETCH_BINARY_SIZE,
    FETCH_EMAILID, FETCH_THREADID, /* RFC 8474 5 */
    FETCH_SAVEDATE,                /* RFC 8514 4.2 */
    FETCH_PREVIEW,                 /* RFC 8970 3 */
};
enum section_text {
    SECTION_ALL, SECTION_HEADER, SECTION_HEADER_FIELDS, SECTION_HEADER_FIELDS_NOT, SECTION_TEXT,
    SECTION_MIME,
};
struct section {
    const uint32_t *part; /* 1.2.3; none is the message itself */
    size_t parts;
    enum section_text text;
    struct str_list fields;
};
struct fetch_item {
    enum fetch_kind kind;
    bool peek;
    struct section section; /* FETCH_SECTION, FETCH_BINARY, FETCH_BINARY_SIZE */
    bool partial;
    uint64_t offset, count; /* bytes, with partial */
};
/* Places among the messages that a command is about, RFC 9394 3.1: "1:100", or "-1:-100". */
struct partial {
    uint32_t from, to; /* 1 is the first, or the last with from_end; from <= to; from 0: all */
    bool from_end;
};
struct fetch_args {
    struct seqset set;
    const struct fetch_item *items;
    size_t n;
    bool has_changed_since;
    uint64_t changed_since; /* RFC 7162 3.1.4.1 */
    bool vanished;
    struct partial places; /* RFC 9394 3.3 */
};

/* STORE, RFC 9051 6.4.6, RFC 7162 3.1.3 */
enum store_op { STORE_REPLACE, STORE_ADD, STORE_REMOVE };
struct store_args {
    struct seqset set;
    enum store_op op;
    bool silent;
    struct flag_list flags;
    bool has_unchanged_since;
    uint64_t unchanged_since;
};

/* SEARCH, RFC 9051 6.4.4: a tree, at most IMAP_DEPTH deep and IMAP_SEARCH_KEYS large. */
enum search_kind {
    SEARCH_AND, /* all of the children; no children matches all */
    SEARCH_OR,  /* two children */
    SEARCH_NOT, /* one child */
    SEARCH_SEQ, SEARCH_UID,
    SEARCH_FLAG,      /* flag, the message must have it */
    SEARCH_KEYWORD,   /* text */
    SEARCH_NONE,      /* never: RECENT, NEW (this server grants no \Recent) */
    SEARCH_BEFORE, SEARCH_ON, SEARCH_SINCE,             /* INTERNALDATE against day */
    SEARCH_SENTBEFORE, SEARCH_SENTON, SEARCH_SENTSINCE, /* Date: against day */
    SEARCH_LARGER, SEARCH_SMALLER, SEARCH_MODSEQ,       /* number */
    SEARCH_OLDER, SEARCH_YOUNGER,                       /* number of seconds, RFC 5032 */
    SEARCH_HEADER,                                      /* field, text (BCC CC FROM SUBJECT TO too) */
    SEARCH_BODY, SEARCH_TEXT,                           /* text */
    SEARCH_EMAILID, SEARCH_THREADID,                    /* text, RFC 8474 6 */
    SEARCH_SAVEDBEFORE, SEARCH_SAVEDON, SEARCH_SAVEDSINCE, /* day, RFC 8514 4.3 */
};
struct search_key {
    enum search_kind kind;
    struct search_key *next;  /* sibling */
    struct search_key *child; /* first of SEARCH_AND, SEARCH_OR, SEARCH_NOT */
    struct seqset set;
    uint64_t number;
    int32_t day; /* days since 1970-01-01 */
    uint8_t flag;
    bool fuzzy;  /* RFC 6203 3: the text is words */
    str field, text;
    /* ---- made ready by search_program.c ---- */
    struct seqset uids;           /* of SEARCH_SEQ and SEARCH_UID, resolved */
    struct search_text_key *look; /* the texts that are looked for: the whole, then words if fuzzy */
    size_t look_n;
    uint64_t keywords;            /* the bit of SEARCH_KEYWORD */
    int envelope;                 /* the item that holds the field, plus 1; 0: none does */
};
enum search_return {
    RETURN_MIN = 1 << 0, RETURN_MAX = 1 << 1, RETURN_ALL = 1 << 2, RETURN_COUNT = 1 << 3,
    RETURN_SAVE = 1 << 4,      /* RFC 5182 */
    RETURN_UPDATE = 1 << 5,    /* RFC 5267 4.3 */
    RETURN_CONTEXT = 1 << 6,   /* RFC 5267 4.2: a hint, not needed here */
    RETURN_RELEVANCY = 1 << 7, /* RFC 6203 4 */
    RETURN_PARTIAL = 1 << 8,   /* RFC 5267 4.4, RFC 9394 3.1 */
};
/* SORT, RFC 5256 3, RFC 5957, RFC 6203 5 */
enum sort_by {
    SORT_ARRIVAL, SORT_CC, SORT_DATE, SORT_FROM, SORT_SIZE, SORT_SUBJECT, SORT_TO,
    SORT_DISPLAYFROM, SORT_DISPLAYTO, SORT_RELEVANCY,
};
struct sort_key {
    enum sort_by by;
    bool reverse;
};
/* THREAD, RFC 5256 3, draft-ietf-morg-inthread 4 */
enum thread_algorithm { THREAD_ORDEREDSUBJECT, THREAD_REFERENCES, THREAD_REFS };
/* ESEARCH's IN, RFC 7377 2.2 */
enum search_source_kind {
    SOURCE_SELECTED, SOURCE_INBOXES, SOURCE_PERSONAL, SOURCE_SUBSCRIBED,
    SOURCE_SUBTREE, SOURCE_SUBTREE_ONE, SOURCE_MAILBOXES, /* these with names */
};
struct search_source {
    enum search_source_kind kind;
    struct str_list names;
};
struct search_args {
    struct search_key *program; /* SEARCH_AND */
    str charset;                /* empty: none named */
    bool extended;              /* RETURN was there: answer ESEARCH, RFC 4731 */
    uint32_t returns;           /* enum search_return */
    bool modseq;                /* a MODSEQ key was used */
    bool fuzzy;                 /* a FUZZY key was used */
    struct partial places;      /* of RETURN_PARTIAL, RFC 9394 3.1 */
    const struct sort_key *sort; /* SORT */
    size_t sort_n;
    enum thread_algorithm thread; /* THREAD */
    const struct search_source *sources; /* ESEARCH; none: the selected mailbox */
    size_t sources_n;
    struct fetch_args update; /* UPDATE (…), RFC 5465 7: items only, of each new message that is found */
};

/* NOTIFY, RFC 5465 8: what the client wants to hear of, and where. */
enum notify_event {
    HEAR_NEW = 1 << 0, HEAR_EXPUNGE = 1 << 1, HEAR_FLAGS = 1 << 2,
    HEAR_NAMES = 1 << 3, HEAR_SUBSCRIPTIONS = 1 << 4,
    HEAR_METADATA = 1 << 6, HEAR_SERVER = 1 << 7, /* of mailboxes, and of the server */
    HEAR_UNKNOWN = 1 << 5, /* one that this server does not have */
};
enum notify_filter {
    HEAR_SELECTED, HEAR_DELAYED, /* SELECTED-DELAYED */
    HEAR_INBOXES, HEAR_PERSONAL, HEAR_SUBSCRIBED, HEAR_SUBTREE, HEAR_MAILBOXES,
};
struct notify_group {
    uint32_t filter;         /* enum notify_filter */
    struct str_list names;   /* HEAR_SUBTREE, HEAR_MAILBOXES */
    uint32_t events;         /* enum notify_event; 0: NONE */
    struct fetch_args fetch; /* items only: of each new message */
};
struct notify_args {
    bool set, status; /* not set: NONE */
    const struct notify_group *groups;
    size_t n;
};

/* UIDBATCHES, RFC 10022 3.1 */
struct batches_args {
    uint32_t size;     /* messages */
    uint32_t from, to; /* which batches, 1 has the newest messages; 0: all */
};

struct authenticate_args {
    str mechanism;
    bool has_initial;
    str initial; /* base64, "=" for empty */
};
struct login_args {
    str user, password;
};

/* GETQUOTA, SETQUOTA, RFC 9208 4.1 */
struct quota_args {
    str root;
    bool has_storage, has_messages, has_other; /* other: a resource that is not limited here */
    uint64_t storage_kib, messages;
};

/* GETMETADATA, SETMETADATA, RFC 5464 4; names of entries in lower case */
struct metadata_args {
    str mailbox;             /* empty: the server */
    struct str_list entries;
    const str *values;       /* SETMETADATA: one for each entry; p NULL is NIL */
    uint64_t max_bytes;      /* GETMETADATA (MAXSIZE n); UINT64_MAX: any */
    uint32_t depth;          /* levels below an entry; UINT32_MAX: infinity */
};

/* SETACL, DELETEACL, LISTRIGHTS, RFC 4314 3; GETACL and MYRIGHTS have a mailbox alone */
struct acl_args {
    str mailbox, identifier;
    str rights; /* as the client wrote them */
};

struct command {
    str tag;
    enum verb what;
    bool uid; /* UID FETCH, UID STORE, … */
    str respelled; /* the last mailbox name as it came, where it is kept otherwise; else empty */
    union {
        struct str_list id;     /* name, value, name, value… (a NIL value is the empty str) */
        struct str_list enable;
        str compress; /* the algorithm */
        struct authenticate_args authenticate;
        struct login_args login;
        struct select_args select;
        struct mailbox_args mailbox; /* CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE COPY MOVE */
        struct status_args status;
        struct list_args list;
        struct append_args append;
        struct fetch_args fetch;
        struct store_args store;
        struct search_args search;
        struct notify_args notify;
        struct seqset expunge; /* UID EXPUNGE */
        struct metadata_args metadata;
        struct acl_args acl;
        struct str_list cancel; /* CANCELUPDATE: tags */
        struct batches_args batches;
        struct quota_args quota; /* GETQUOTA SETQUOTA; GETQUOTAROOT has mailbox */
    };
};

#endif
