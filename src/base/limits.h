/* limits.h - every limit that is not a setting: name, value, unit, reason.
 *
 * A setting's default and range stand in the settings table of its directory; what stands here is
 * fixed because a protocol, the on-disk format or the design fixes it.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* --- base ----------------------------------------------------------------------------------- */
#define LOG_LINE_BYTES  8192 /* one event; fields past it are left out */
/* Of an event that strangers cause: 20 lines a second are 300 MB a day. */
#define LOG_RATION_BURST 5000
#define LOG_RATION_PER_S 20
#define LOG_RATION_SAY_US UINT64_C(10000000) /* between two lines that say how many were left out */
#define LOG_VALUE_BYTES 1024 /* of one field's text; escaping may quadruple it */

/* --- run ------------------------------------------------------------------------------------ */
#define PATHS_ARENA_BYTES        (256 * 1024) /* names of files and folders that the server may touch */
#define INHERIT_PORTS            64          /* opened before they are asked for */
#define PARENT_LIVED_MS          (60 * 1000) /* a server that lived so long starts again at once */
#define PARENT_PAUSE_MS          500         /* before the second start in a row; doubled each time */
#define PARENT_PAUSE_MAX_MS      (30 * 1000)
#define WATCHDOG_LOOPS           256         /* workers that it sees to: as many as the setting allows */
#define WATCHDOG_TRACE_MS        5000        /* for a late worker to say where it is */
#define TRACE_FRAMES             32          /* of one stack that are told */
#define TRACE_LINE_BYTES         1024        /* one stack; what does not fit is left out */
#define TRACE_HOST_BYTES         4096        /* of a thread's own stack that is looked at */
#define MEMORY_LOOK_US           1000000     /* between two measurements of the process */
#define MEMORY_TRIM_BYTES        (8 * 1024 * 1024) /* free in the heap and worth giving back */
#define MEMORY_IDLE_BYTES        (1024 * 1024) /* more than this in a second: it is still growing */
#define MEMORY_TRIM_GAP_US       5000000     /* between two looks through the heap, after one that gave something back */
#define MEMORY_TRIM_GAP_MAX_US   60000000    /* doubling up to this after others */
#define FIBER_STACK_BYTES        (64 * 1024) /* a TLS handshake needs 13 KiB; a 4x reserve */
#define FIBERS_PER_WORKER        1024        /* stacks in the pool of one worker */
#define FIBERS_PER_PROCESS       16384       /* vm.max_map_count allows 32,753 guarded stacks */
#define FIBERS_STRANGERS_PERCENT 50          /* of a worker's stacks for peers not logged in */
#define FIBERS_RESERVED          16          /* of a worker's stacks kept for relay, admin, timers */
#define FIBER_GUARD_BYTES        (128 * 1024) /* below a stack; more than any frame steps over */
#define FIBER_STARTS_WAITING     65536       /* fiber_start calls that wait for a stack */
#define FIBER_SHARE_US           1000        /* of one owner in one turn of a loop, then others have theirs */
#define FAIR_BITS                8           /* 256 slots of owners in a fair queue */
#define FIBER_COMPLAIN_MS        1000        /* between two log lines about a lack of stacks */
#define CONN_INPUT_BYTES         (16 * 1024) /* lent with the stack; one TLS record */
#define CONN_OUTPUT_BYTES        (64 * 1024) /* written past this waits for the peer */
#define CONN_PARTIAL_BYTES       (8 * 1024)  /* a half-received line kept while parked */
#define CONN_LINE_BYTES          (1024 * 1024) /* the longest line that conn_line may be asked for */
#define CONN_SWALLOW_BYTES       (256 * 1024) /* of a line that is too long and has no end; then goodbye */
#define CONN_SERVES_PER_TURN     16          /* of one session's pipeline, then others have their turn */
#define CONN_WAKES_PER_TURN      128         /* of those that hear of news, then others have their turn: some 4 ms */
#define CONN_BURST_MS            (5 * 60 * 1000)  /* a burst's waits when its code set no deadline */
#define CONN_PARK_MS             (30 * 60 * 1000) /* a park when its code set no length; RFC 9051 5.4 */
#define CONN_SEND_MS             (2 * 60 * 1000)  /* for a slow peer to take what a burst left unsent */
#define CONN_DRAIN_SEND_MS       3000        /* a peer that takes nothing for so long holds up no shutdown */
#define TLS_KEY_BYTES        65536 /* a private key in PEM; RSA 16384 is 13 KB */
#define CONN_HANDSHAKE_MS        (30 * 1000)      /* TLS, when the listener does not say */
#define CONN_COMPLAIN_MS         1000        /* between two log lines about refused connections */
#define CONN_LINGER_MS           2000        /* after our last byte, for the peer to read it */
#define CONN_ADDRESS_TEXT_BYTES  128         /* an address as text; a path of 104 is the longest */
#define COMPRESS_LEVEL           2           /* of zlib's: mail at 100 MB/s, 6 takes three times as long for a tenth less */
#define COMPRESS_GROWTH          100         /* what is inflated may be so many times what was sent */
#define COMPRESS_FREE_BYTES      (64 * 1024 * 1024) /* and so much more: a letter of nothing but zeros is one */
#define COMPRESS_TURN_BYTES      (256 * 1024) /* inflated without waiting, then others have their turn */
#define COMPRESS_SPARES          16          /* inflaters of 40 KiB that a loop keeps for the next */
#define PROXY_BYTES              2048        /* of a PROXY header, version 2 with whatever a proxy adds */
#define LISTEN_BACKLOG           1024        /* connections the kernel keeps for us */
#define LISTEN_ACCEPTS_PER_TURN  64          /* then others of the loop have their turn */
#define LISTEN_PAUSE_MS          100         /* before accepting again without descriptors */
#define LISTEN_HANDLES_RESERVED  64          /* descriptors that no stranger gets: segments, the index, relay, the control socket */
#define LOOP_EVENTS_PER_WAIT     256
#define PROCESS_ORPHAN_MS        1000        /* grace of a server whose parent died: another one may be starting */
#define PROCESS_LOOK_MS          20          /* between two looks whether the other workers have ended */
#define SERVE_FOLDER_WAIT_MS     10000       /* at start, for who has the data folder: our predecessor that drains, a command */
#define LOOP_UNWIND_MS           500         /* behind a drain's grace, for what was cut off to give back what it holds */
#define WORK_QUEUE_ITEMS         1024        /* waiting items of one pool, past it ERR_LATER */
#define CONFIG_FILE_BYTES        (256 * 1024)
#define CONFIG_MEMORY_BYTES      (4 * CONFIG_FILE_BYTES) /* of a parsed file: texts, lists, structs */
#define SIM_DNS_BYTES            (1024 * 1024) /* all records of a simulated world */
#define SIM_LIST_BYTES           (1024 * 1024) /* names in a simulated folder */
#define SIM_STEPS_PER_INSTANT    10000000    /* of a simulated world; more is a loop without end */
#define SIM_WINDOW_BYTES         (64 * 1024) /* under way and unread, one direction of a connection */

/* --- mail ----------------------------------------------------------------------------------- */
#define ADDRESS_BYTES      254  /* RFC 5321 4.5.3.1.3: path of 256 less the angle brackets */
#define LOCAL_PART_BYTES   64   /* RFC 5321 4.5.3.1.1 */
#define DOMAIN_BYTES       253  /* RFC 1035 3.1 in text form without the trailing dot */
#define HEADER_LINE_BYTES  998  /* RFC 5322 2.1.1, what we emit; what we read may be longer */
#define HEADER_FIELDS      10000 /* per header block; further ones are not looked at */
#define HEADER_BYTES       (1024 * 1024) /* per header block; what follows is body text to us */
#define MIME_DEPTH         32   /* nested multiparts and message/rfc822; deeper is opaque */
#define MIME_PARTS         10000 /* per message; further ones belong to the last */
#define MIME_PARAMETERS    64   /* per Content-Type or Content-Disposition */
#define MIME_BOUNDARY_BYTES 1024 /* RFC 2046 says 70; the wild says more */
#define ENVELOPE_ADDRESSES 1000 /* per address field; 100,000 groups crashed a famous server */
#define MIME_FIELD_BYTES   4096 /* kept of one Content-… value; nobody shows more */
#define MIME_LANGUAGES     32   /* kept of one Content-Language */
#define MESSAGE_REFERENCES 64   /* message-ids kept of one References field, the newest */
#define MBOX_LINE_BYTES    (16 * 1024) /* of a line that may be a From line or quoted; longer ones are text */
#define DSN_TEXT_BYTES     1024 /* kept of a remote reply in a notification */
#define CARD_STRINGS_BYTES (4 * 1024 * 1024) /* of all parts' strings while a card is built */
#define CARD_BYTES         (16 * 1024 * 1024) /* the largest card that the above can make */
#define ENVELOPE_REPEATS 100 /* address fields of a header beyond the first of their name */
#define ENVELOPE_FIELD_BYTES (128 * 1024) /* kept of one field: 1000 addresses of 128 bytes */
#define CHARSET_NAME_BYTES 64   /* RFC 2978 2.3 wants 40 */
#define TEXT_READ_BYTES    (16 * 1024) /* of a part at once, while its text is searched */
#define TEXT_PIECE_BYTES   (8 * 1024)  /* of text handed out at once, before folding */
#define TEXT_FOLDED_BYTES  (512 * 1024) /* of one piece folded: a few characters become eleven times as long */
#define TEXT_UTF8_BYTES    (4 * 1024 * 1024 + 64) /* of one header field decoded, or of TEXT_READ_BYTES */
#define PREVIEW_TEXT_BYTES (24 * 1024) /* encoded text that the preview is made from: 16 KiB decoded */
#define PREVIEW_CHARACTERS 256  /* RFC 8970 3.2 */
#define PREVIEW_BYTES      768  /* RFC 8970: 256 characters, at most 3 bytes each here */

/* --- store ---------------------------------------------------------------------------------- */
#define STORE_KEY_BYTES       64   /* account prefix included; LMDB's own maximum is 511 */
#define STORE_VALUE_BYTES     1900 /* no LMDB overflow pages */
#define STORE_CARD_INLINE_BYTES 1800 /* a longer card lies beside the body, not in the message's row */
#define STORE_BATCH_OPS       32768 /* puts and deletes of one commit; a longer command is several */
#define STORE_BATCH_BYTES     (8 * 1024 * 1024)
#define COPY_SETS_BYTES       (32 * 1024 * 1024) /* the UIDs of a copy whose caller does not ask: 1,000,000 */
#define STORE_STEP_OPS        2048 /* of one step of a long command while others wait: 1 to 3 ms */
#define STORE_STEP_BYTES      (1024 * 1024) /* the same; with nobody waiting a step is as large as a commit may be */
#define STORE_BITMAP_UIDS     4096 /* UIDs in one bitmap row, 512 bytes */
#define STORE_MEMORY_BODY_BYTES (256 * 1024) /* memory that every message on its way in is promised */
#define STORE_JOURNAL_BODY_BYTES (1536 * 1024) /* a larger message streams to its own segment; one beyond the promise does too when memory is short */
#define STORE_LARGE_PART      4    /* of the memory for bodies, 1/4 may be in use when a large one asks for more */
#define STORE_FRAME_BYTES     (128 * 1024) /* one zstd frame of a streamed body */
#define STORE_SIDE_BYTES      (17 * 1024 * 1024) /* kept beside a body: a card (CARD_BYTES) and room */
#define STORE_RECORD_BYTES    (64 * 1024 * 1024) /* content of one journal record, as replay believes it */
#define STORE_GROUP_BYTES     (4 * 1024 * 1024) /* a group is closed past this: others wait for the next */
#define STORE_GROUP_COMMITS   1024 /* of one group, for the same reason */
#define STORE_GROUP_US        5000 /* the same for the writer's time: who comes meanwhile waits for at most two groups */
#define STORE_EXTENT_BYTES    (1024 * 1024) /* a segment's room grows by so much at least */
#define STORE_ROOM_GROUPS     16 /* after a large group: by room for so many like it */
#define STORE_ZEROED_BYTES    (128 * 1024) /* written as zeros behind a small group: a sync then moves no metadata */
#define STORE_ZEROED_GROUP_BYTES (16 * 1024) /* what a small group is: larger ones gain nothing from zeros */
#define STORE_RESERVE_BYTES   (32 * 1024 * 1024) /* kept so that deleting and indexing go on when the disk is full */
#define STORE_SMALL_LAG_BYTES (2 * 1024 * 1024) /* an index that may lag so little is taken over in small tables */
#define STORE_REWRITE_BYTES   (512 * 1024) /* of the newest log at once, when it is written again at a start */
#define STORE_FREEZE_BYTES    (32 * 1024 * 1024) /* rows gathered before one index transaction */
#define STORE_FREEZE_MS       5000 /* or this old: bounds replay; each transaction rewrites whole pages */
#define STORE_KEEP_UP_MS      1000 /* one commit of an import waits so long for the index at most */
#define STORE_KEEP_UP_POLL_MS 2    /* between its looks */
#define STORE_RETRY_MS        1000 /* until a failed index transaction or a full disk is tried again */
#define STORE_SEGMENT_NUMBERS 9999999999ull /* the largest number: a segment's name has ten digits */
#define STORE_TXN_ARENA_BYTES (64 * 1024 * 1024) /* scratch of one transaction */
#define STORE_LAZY_MS         1000 /* what nobody waits for is written at the latest after */
#define STORE_BODY_WAIT_MS    10000 /* for memory for a body, then "later" */
#define STORE_PATH_BYTES      (64 * 1024) /* an arena for one path */
#define STORE_INDEX_PATH_BYTES 4096 /* PATH_MAX */
#define STORE_INDEX_UNBEGUN_BYTES (128 * 1024) /* LMDB's first two pages, at 64 KiB; a damaged index no larger is made anew */
#define STORE_IO_THREADS      4
#define STORE_VIEWS           1024 /* open at once: LMDB's table of readers */
#define STORE_OPEN_SEGMENTS   128  /* kept open though nobody reads them */
#define REPAIR_FLIP_BYTES    (64 * 1024) /* a larger damaged record is not searched for one wrong bit: that takes seconds */
#define REPAIR_FILL_BYTES    (16 * 1024 * 1024) /* of lost journal, made one record that says nothing */
#define REPAIR_RANGES        4096 /* damaged places of one segment that repair looks into */
#define REPAIR_ABSENT        64   /* logs that are gone and named */
#define REPAIR_MARKER_BYTES  256  /* the file that says that a repair has begun */
#define STORE_CHECK_REFS     (512 * 1024) /* references to bodies that check compares at once: 12 MiB */
#define STORE_CHECK_ACCOUNTS 4096 /* whose numbers check keeps at once */
#define CHECK_SUBJECT_BYTES  80   /* of a message that check names */
#define STORE_GARBAGE_GRACE_MS 600000 /* a body without references stays for who still holds its id */
#define STORE_COMPACT_PERCENT 50   /* a log that is dead to this part is rewritten */
#define STORE_COMPACT_SOON_PERCENT 12 /* the same when somebody asks, or room is short */
#define STORE_COMPACT_SHORT_BYTES (256 * 1024 * 1024) /* room is short below this */
#define STORE_COMPACT_READ_BYTES (1024 * 1024) /* gone through in one step */
#define STORE_COMPACT_TXN_BYTES (256 * 1024) /* written again in one transaction, and one body more */
#define STORE_COMPACT_TXN_US  2000 /* of the writer's time, for the same reason: others wait */
#define STORE_COMPACT_PAUSE   3    /* times as long as a step took it rests after it */
#define STORE_COMPACT_LEAVE_BYTES (64 * 1024) /* the newest log is closed early for this, when somebody asks */
#define STORE_COMPACT_RETRY_MS 60000 /* until a segment that the disk would not remove is tried again */
#define STORE_COMPACT_POLL_MS 20   /* between looks of who asked */
#define STORE_SURVEY_MS       3600000 /* a log's dead rows are counted first at this age */
#define STORE_MAP_BYTES       (1ULL << 40) /* addresses reserved for the index; never grown while serving */
#define STORE_MAP_SMALL_BYTES (1ULL << 34) /* where addresses are scarce: Valgrind, sanitizers */
#define ACCEPT_RCPTS          200  /* mailboxes and queue entries of one message: its commit is one
                                      batch, and filing takes up to 20 of its operations */
#define IMPORT_MESSAGES       180  /* of one commit of an import: filing takes up to 22 of its operations */
#define THREAD_SWEEP_MIN      1000 /* messages forgotten before the ids of their threads are */
#define THREAD_SWEEP_ROWS     2048 /* looked at in one view or step */
#define THREAD_SWEEP_LATE     64   /* mailboxes that got mail meanwhile; past it another time */
#define THREAD_SWEEP_MAX      (64 * 1024 * 1024) /* threads of an account: 8 MB of bits */
#define STORE_TIDY_GAP_US     3600000000ULL /* between removals of what has expired */
#define MAILBOX_NAME_BYTES    1000 /* UTF-8, whole path */
#define MAILBOX_DEPTH         32
#define MAILBOX_KEYWORDS      64   /* distinct keywords a mailbox may use: one bit each */
#define KEYWORD_BYTES         64
#define MAILBOXES_PER_ACCOUNT 10000
#define METADATA_ENTRIES      100  /* of one mailbox or the server: shared, and of each user (RFC 5464 4.1: at least 10) */
#define METADATA_PER_ACCOUNT  5000 /* of all its mailboxes: 10 MB, which quota does not count */
#define METADATA_NAME_BYTES   250
#define METADATA_VALUE_BYTES  1600 /* RFC 5464 4.1: at least 1024; name and value fit STORE_VALUE_BYTES */
#define ACL_GRANTS            50   /* identifiers in one mailbox's access control list: those of MAILBOX_DEPTH new parents fit one commit */

/* --- dns ------------------------------------------------------------------------------------ */
#define DNS_RECORDS 64 /* of one name and type that are looked at; nobody needs more for mail */

/* --- auth ----------------------------------------------------------------------------------- */
#define AUTH_PASSWORD_BYTES 1024 /* longer ones are nobody's */
#define AUTH_REMEMBERED     4096 /* verified passwords remembered at once, one slot an address */
#define GUARD_ENTRIES       65536 /* addresses, networks and accounts remembered; about 16 MiB when full */
#define GUARD_KNOWN         32768 /* addresses where people logged in lately, and accounts there: apart, so that strangers push none out */
#define GUARD_KNOWN_NEW_HOURLY 8 /* of one account, once half of these places are taken */
#define GUARD_TURNS         4    /* log-ins of an account or an address that are judged at once */
#define GUARD_TURN_SLOTS    4096 /* who shares one by chance waits for another's turn */
#define GUARD_KEY_BYTES     (ADDRESS_BYTES + 32)
#define AUTH_USES           (1 << 20) /* accounts that are logged in at once and counted; others are not */
#define AUTH_CHANGES        32   /* users' rows that changed and are not yet looked at; more: all are */
#define AUTH_TURN_WAIT_MS   10000 /* for others of the same account or address to be judged first */
#define AUTH_TURN_LOOK_MS   10    /* between two looks whether it is one's turn */
#define AUTH_QUEUE_ITEMS    256  /* log-ins waiting for a hash; 256 at 100 ms and 2 threads: 13 s */

/* --- smtp, relay ---------------------------------------------------------------------------- */
#define SMTP_LINE_BYTES      4096  /* command line; RFC 5321 wants 512, AUTH (RFC 4954) 12288 base64 */
#define SMTP_AUTH_LINE_BYTES 12288 /* RFC 4954 4 */
#define SMTP_TEXT_LINE_BYTES (64 * 1024) /* RFC 5321 4.5.3.1.6 wants 1000; the wild is longer */
#define SMTP_REPLY_BYTES     (16 * 1024) /* all lines of one remote reply that we keep */
#define SMTP_REPLY_LINES     128
#define SMTP_NONSENSE_BYTES 400 /* kept of an answer that is no SMTP, as it is shown */
#define RELAY_ADDRESSES  8   /* of one host, tried per attempt */
#define RELAY_RCPTS      100 /* of one conversation; RFC 5321 4.5.3.1.8: every server takes 100 */
#define RELAY_CONVERSATIONS 512 /* the most that a setting may allow: each holds a stack */
#define RELAY_ARENA_BYTES (2 * 1024 * 1024) /* of one conversation: its entries, every reply kept */
#define RELAY_ROUTES_BYTES (1024 * 1024) /* what the routes of the configuration hold */
#define RELAY_DESTINATIONS 20000 /* known at once; the mail of others is looked at again in a minute */
#define RELAY_WAITING    512   /* keys of one destination in memory; the others stay in the index */
#define RELAY_TAKEN      50000 /* keys of all: past it a destination keeps RELAY_WAITING_FEW */
#define RELAY_WAITING_FEW 8
#define RELAY_FEED_ROWS  1000  /* looked at before others have their turn: about a millisecond */
#define RELAY_REWIND_US  2000000 /* an entry may become visible so long after its time was drawn */
#define RELAY_START      5     /* conversations with a destination that nothing is known of */
#define RELAY_PAUSE_SHIFTS 3   /* the pause after trouble doubles so often */
#define RELAY_MEMORY_US  (3600LL * 1000000) /* trouble with a destination is remembered */
#define RELAY_DOMAIN_BYTES 4096 /* while a domain is turned into A-labels */
#define RELAY_READ_BYTES (32 * 1024) /* of a body at once, on its way out */
#define RELAY_DNS_MS     20000 /* one look-up; past it the attempt is over for now */
#define RELAY_RECHECK_US (60LL * 1000000) /* the scheduler looks at least this often: clocks jump */
#define RELAY_RECORD_GAP_US 5000000 /* between tries to record a result on a full disk */
#define RELAY_RECORD_TRIES 5 /* of a result with its reports, when the fault is not a full disk */
#define RELAY_NOTICE_BYTES (256 * 1024) /* of the letter that a report returns whole (RET=FULL) */
#define RELAY_NOTICE_HEADER_BYTES (64 * 1024) /* of its header */
#define RELAY_JOURNEY_BYTES (8 * 1024) /* of what happened so far, told in a report */
#define RELAY_CARD_BYTES (64 * 1024) /* of a report's card */
#define RELAY_MX_HOSTS       16    /* tried per attempt */
#define ALIAS_DEPTH          10
#define ALIAS_TARGETS        1000
#define DELIVER_RETURN_PATH_BYTES 1024 /* the line we put on top: an address, each byte quoted, twice over */
#define DELIVER_ARENA_BYTES  (4 * 1024 * 1024) /* scratch of one look-up: ALIAS_TARGETS addresses, folded */
#define SMTP_TX_BYTES        (4 * 1024 * 1024) /* one transaction's recipients and where they go */
#define SMTP_COMMAND_BYTES   (64 * 1024) /* scratch of one command */
#define SMTP_HELO_BYTES      255   /* kept of what a peer calls itself */
#define SMTP_HEADER_BYTES    (256 * 1024) /* held in memory until the header's end; 50 hops take 20 KiB */
#define SMTP_FRUITLESS_COMMANDS 100 /* of a stranger since his last message, RCPT not among them */
#define SMTP_MESSAGE_MS      (60 * 60 * 1000) /* a whole message, however steadily it drips */
#define SMTP_PARAMETERS      16    /* of one MAIL or RCPT; we know thirteen */
#define SMTP_FROM_ADDRESSES  100   /* of a submitted letter, each of which must be the user's own */
#define SMTP_RATE_USERS      65536 /* whose sending is counted at once; others are not */
#define SMTP_ENVID_BYTES     100   /* RFC 3461 4.4 */
#define SMTP_ORCPT_BYTES     500   /* RFC 3461 4.2 */

/* --- search --------------------------------------------------------------------------------- */
#define SEARCH_TEXTS              32    /* of one question: a bit each */
#define SEARCH_GRAMS              64    /* of one text that are asked for; a longer one needs no more */
#define SEARCH_SIGNATURE_LOG2_MIN 6     /* bits */
#define SEARCH_SIGNATURE_LOG2_MAX 20    /* 128 KiB: of 1 MiB of text and more */
#define SEARCH_PAGE_BYTES         (32 * 1024) /* of text after which a record is written: what one message's look costs */
#define SEARCH_RECORD_MESSAGES    1024  /* in one record: none has under 32 bytes */
#define SEARCH_RECORD_BYTES       (66 * 1024 * 1024) /* of text, or of signatures: search.message_max and a page */
#define SEARCH_BATCH_MESSAGES     64    /* read on the loop before a thread takes them over */
#define SEARCH_BATCH_BYTES        (512 * 1024) /* likewise; a larger message is read in parts */
#define SEARCH_FETCH_TURN         8     /* bodies fetched before others may run */
#define SEARCH_WALK               2048  /* rows of messages looked at before others may run */
#define SEARCH_BOOK_BYTES         (256 * 1024 * 1024) /* of one account's rows while it is asked: 4 million messages */
#define SEARCH_SHELVES            100000 /* accounts with an index, 150 bytes each */
#define SEARCH_ASKING             16    /* questions at once; more wait their turn */
#define SEARCH_THREADS            2     /* that digest and look */
#define SEARCH_WAIT_US            5000  /* between two looks whether an account's file is free */
#define SEARCH_SWEEP_RECORDS      64    /* written anew in one go by a thread */
#define SEARCH_SWEEPS             8     /* files looked through for what is gone, a round */
#define SEARCH_PATH_BYTES         40    /* "search/", 16 digits, ".new" */
#define SEARCH_TEND_US            30000000 /* between two rounds that bring files up to date */
#define SEARCH_SWEEP_US           (6 * 3600000000) /* between two looks for what is gone */
#define SEARCH_STALE_US           (7 * 86400000000) /* after so long nothing that is gone is kept */

/* --- imap, pop3 ----------------------------------------------------------------------------- */
#define IMAP_LINE_BYTES           (64 * 1024) /* RFC 7162 4: at least 8192 */
#define IMAP_SWALLOW_UNAUTH_BYTES (64 * 1024) /* of a refused literal before the log-in; past it goodbye */
#define IMAP_LINE_UNAUTH_BYTES    8192        /* a name and a password in base64 take 3 KiB */
#define IMAP_LITERAL_UNAUTH_BYTES 4096        /* security.md 12 */
#define IMAP_COMMAND_BYTES        (1024 * 1024) /* line and literals of one command but APPEND */
#define IMAP_DEPTH                32          /* brackets and SEARCH keys within each other */
#define IMAP_SEARCH_KEYS          1000
#define IMAP_SEQUENCE_RANGES      10000
#define IMAP_TOKENS               65536       /* of one command: atoms, strings, numbers */
#define IMAP_TAG_BYTES            256         /* echoed with each answer */
#define IMAP_FETCH_ITEMS          1000
#define IMAP_FETCH_FIELDS         1000        /* of one HEADER.FIELDS */
#define IMAP_SECTION_PARTS        64          /* 1.2.3…; MIME_DEPTH is 32, each at most two numbers */
#define IMAP_LIST_PATTERNS        20
#define IMAP_LIST_BYTES           4000        /* of all patterns: matching costs these times a name's bytes */
#define IMAP_ENABLES              100
#define IMAP_NOTIFY_GROUPS        100
#define IMAP_NOTIFY_NAMES         1000        /* mailboxes that one of them names */
#define IMAP_NOTIFY_MAILBOXES     2000        /* that a session with NOTIFY may see: each look reads all of them */
#define IMAP_NOTIFY_WATCHES       64          /* accounts that share something with it */
#define IMAP_NOTIFY_BYTES         (4 * 1024 * 1024) /* of what it has seen of them */
#define IMAP_ID_FIELDS            30          /* RFC 2971 3.3, and the two below */
#define IMAP_ID_NAME_BYTES        30
#define IMAP_ID_VALUE_BYTES       1024
#define IMAP_MEMORY_BYTES         (32 * 1024 * 1024) /* of one command: a view of 1,000,000 messages */
#define IMAP_REPLY_BYTES          (8 * 1024 * 1024) /* one response without its bodies; a header is 1 MiB */
#define IMAP_REPLY_FLUSH_BYTES    (32 * 1024) /* gathered under a view before the client must take it */
#define IMAP_FETCH_ASIDE          32          /* messages whose rows are read before their bytes */
#define IMAP_READ_BYTES           (64 * 1024) /* of a body at a time */
#define IMAP_SWALLOW_BYTES        (64 * 1024 * 1024) /* of a refused literal; past it goodbye */
#define IMAP_BATCH_MESSAGES       500         /* RFC 10022 3.1.1: no smaller ones are given */
#define IMAP_OBJECTID_BYTES       64          /* a letter and two numbers in hexadecimal */
#define IMAP_RESYNC_PAGE          512         /* messages told in one look when a client comes back */
#define IMAP_SEARCH_TURN          256         /* matches, or messages to be read, of one view */
#define IMAP_SEARCH_LOOKED_AT     4096        /* messages looked at in one view: some milliseconds */
#define IMAP_SEARCH_END           16          /* messages at the end that are looked at first for MAX; then four times as many */
#define IMAP_SEARCH_CARDS_BYTES   (4 * 1024 * 1024) /* of their cards that are kept behind it */
#define IMAP_SEARCH_WORDS         16          /* of one FUZZY text; further ones are not looked for */
#define IMAP_SEARCH_SOURCES       100         /* of one ESEARCH, and names of each */
#define IMAP_SORT_KEYS            16
#define IMAP_SORT_BYTES           (128 * 1024 * 1024) /* of one SORT or THREAD: half a million messages */
#define THREAD_STEPS              50000000    /* up chains of references, against loops; past it no more links */
#define IMAP_CONTEXTS             8           /* searches that a session has kept up to date */
#define IMAP_CONTEXT_BYTES        (4 * 1024 * 1024) /* of one: its keys, and 500,000 ranges of results */
#define IMAP_SAVED_BYTES          (8 * 1024 * 1024) /* of "$": 1,000,000 ranges; past it NOTSAVED */
#define IMAP_VANISHED_RANGES      500         /* in one response: lines of some 10 KB at most */
#define IMAP_APPEND_MESSAGES      150         /* of one APPEND (RFC 3502), which is one commit: see IMPORT_MESSAGES */
#define IMAP_APPEND_RATE_BYTES    4096        /* a second, at least: an APPEND has imap.command and its size by this */
#define IMAP_LITERAL_PROGRESS_MS  (180 * 1000) /* between two pieces of a message; RFC 5321 4.5.3.2.5 gives as long */
#define IMAP_CATENATE_PARTS       1000        /* of one message */
#define IMAP_URL_BYTES            4096        /* a mailbox name may be three times as long in it */
#define IMAP_GOODBYE_MS           5000        /* to be told that time is over */
#define IMAP_SEARCH_FEW           32          /* messages that are read rather than asked for in the index */
#define IMAP_TAGGED_CODE_BYTES    (256 * 1024) /* COPYUID and MODIFIED sets; past it they are left out */
#define POP3_AUTH_LINE_BYTES      12288       /* RFC 5034 4 */
#define POP3_ARENA_BYTES          (64 * 1024) /* of one command */
#define POP3_MESSAGES             1000000     /* in one maildrop: 40 MB while the session lasts */
#define POP3_FEW_MESSAGES         10000       /* of a maildrop that is opened also while memory is short */
#define POP3_READ_BYTES           (32 * 1024) /* of a body at once */
#define POP3_LINE_BYTES           512         /* RFC 2449 4: 255 and room for AUTH */

/* --- admin, cli ----------------------------------------------------------------------------- */
#define CHECK_LINE_BYTES   (LOG_VALUE_BYTES + 16) /* a fault in words */
#define CHECK_UNTOLD_BYTES (1024 * 1024) /* lines that wait for who asked; more are only counted */
#define CHECK_TELL_US      100000 /* how often the server tells how far a check is */
#define ADMIN_WORD_BYTES   4096 /* one word of a request, or of what follows it */
#define IMPORT_MESSAGE_BYTES (1024ull * 1024 * 1024) /* a larger one is passed over, by name */
#define IMPORT_BATCH_BYTES (1024 * 1024) /* of messages in one commit of an import */
#define IMPORT_LAG_BYTES   (16 * 1024 * 1024) /* the index is behind an import by so much at most: memory */
#define MOVE_NAMES_BYTES   (256 * 1024 * 1024) /* names of one folder, sorted in memory: 4 million of 60 bytes */
#define MOVE_FILE_BYTES    (1024 * 1024) /* of a list of keywords or subscriptions beside the mail */
#define MOVE_CHUNK_BYTES   (32 * 1024) /* of a message at once, on its way in or out */
#define ADMIN_REASON_BYTES (16 * 1024) /* why a command was refused, with the word it is about */
#define BACKUP_READ_BYTES  (512 * 1024) /* of a segment at once: others read from the disk in between */
#define BACKUP_RATE_BYTES  (64 * 1024 * 1024) /* a second, unless --rate says otherwise */

/* --- client --------------------------------------------------------------------------------- */
#define CLIENT_LINE_BYTES     (64 * 1024)
#define CLIENT_RESPONSE_BYTES (256 * 1024 * 1024) /* a whole message comes as one response */

#endif
