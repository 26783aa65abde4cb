/* simulate.h - a world in one process: what its parts share, and how a player is added to it.
 *
 * One seed is one world: servers, a DNS, people, mishaps (world.c draws and drives them), a ledger of
 * what was promised about every letter (ledger.c), and in the end the judgement (judge.c). All chance
 * comes from the seed; all time is simulated. Nothing here may ask the real clock or depend on an
 * address in memory, or the same seed would not be the same history.
 *
 * To add a player (a device, a sender):
 *  1. In a file of its own write a `const struct player_kind`, see below, and name it in the table
 *     `player_kinds` of players.c and in meson.build.
 *  2. act() is run on a fiber of the people's machine, which never loses power: connect with
 *     world_connect, say what the protocol says, expect every call to fail at any time (then come back
 *     later: the server lies in the dark), and return once world_is_calm() after what must be finished.
 *     fiber_sleep_until / player_sleep to wait. Draw with below(a->chance, n), never with rand().
 *  3. What the player was promised goes into the ledger: letter_new + letter_to before it is sent, and
 *     letter_state after the answer. A device that takes letters away or doubles them says so BEFORE
 *     it asks the server (letter_may_vanish, letter_may_double): the answer may get lost.
 *  4. settle() is run on a fiber too, when the world is calm (all servers up, no faults): a device
 *     syncs a last time. check() then judges on the main thread, with world_broken() for each thing
 *     that is not as it was promised; the stores are open (w->servers[i].m.store).
 *  5. count_up() what was done: a row of `enum tally` and its name in tally.c; one that is marked as a
 *     mishap there fails the run if it never happened in some hundreds of seeds.
 */
#ifndef SIMULATE_SIMULATE_H
#define SIMULATE_SIMULATE_H

#include "imap/imap.h"
#include "pop3/pop3.h"
#include "relay/machine_fixture.h"

enum {
    SERVERS_MAX = 4,
    USERS_MAX = 4,     /* of one domain */
    PLAYERS_MAX = 24,
    LEDGER_LETTERS = 400,
    AIMS_MAX = 12,     /* whom one letter leads to */
    PATH_MAX_HOPS = 3, /* the addresses on the way to one of them */
    ADDRESS_MAX = 48,
    MISHAPS_MAX = 40,
    TOKEN_BYTES = 12,
};

#define DISK_BYTES (UINT64_C(256) << 20) /* of each server */

struct world;

/* --- chance: a stream of its own for each who draws ------------------------------------------- */
struct chance {
    uint64_t state;
};
uint64_t below(struct chance *c, uint64_t n);  /* 0 .. n - 1 */
bool once_in(struct chance *c, uint64_t n);

/* --- counts over all seeds (tally.c) ---------------------------------------------------------- */
enum tally {
    TALLY_LETTERS,    /* sent or tried */
    TALLY_ACCEPTED,   /* whose 250 was read */
    TALLY_UNDECIDED,  /* whose answer never came */
    TALLY_REFUSED,    /* after the final dot */
    TALLY_DELIVERED,  /* copies found in mailboxes */
    TALLY_BOUNCES,    /* found at their senders */
    TALLY_DUPLICATES, /* that RFC 5321 6.1 allows */
    TALLY_POWER_CUTS,
    TALLY_POWER_CUTS_INSIDE, /* of these: between two changes of the disk */
    TALLY_RESTARTS,   /* in good order */
    TALLY_DISKS_FULL,
    TALLY_DISK_FAULTS,
    TALLY_DNS_FAILURES,
    TALLY_DROPS,      /* connections that broke */
    TALLY_CUTS,       /* networks cut */
    TALLY_CLOCK_JUMPS,
    TALLY_DEVICES,    /* acts of devices */
    TALLY_N,
};
struct tally_row {
    const char *name;
    bool mishap; /* never happened in hundreds of seeds: the run shows nothing */
};
extern const struct tally_row tally_rows[TALLY_N];
void count_up(enum tally what, uint64_t n);

/* --- servers ---------------------------------------------------------------------------------- */
enum server_state { SERVER_UP, SERVER_DOWN };
enum server_port { PORT_MX = 25, PORT_SUBMISSION = 587, PORT_IMAP = 143, PORT_POP3 = 110 };

/* Each server has one domain: "a.test" at mail.a.test (10.0.0.1), "b.test" … Its users are alice, bob,
 * carol (and full, whose mailbox is small and who sends nothing), all with the password "secret". */
struct server {
    struct machine m; /* first: furnish() finds us by it */
    struct world *world;
    unsigned index;
    char host[ADDRESS_MAX], domain[ADDRESS_MAX], ip[16];
    enum server_state state;
    uint64_t back_at_us; /* DOWN: when it comes up again */
    void (*armed)(struct world *w, struct server *s); /* a mishap that waits for a conversation */
    struct loop_post excitement;
    struct timer moment; /* on the people's loop: the mishap strikes */
    uint64_t accepted_us, troubled; /* when it last accepted a letter; how often its disk had failed by then */
    bool excited, cut_outside; /* the power was not cut at a change of the disk */
    struct imap_server imap;
    struct pop3_server pop3;
};
extern const char *const user_names[USERS_MAX];
enum { USER_FULL = USERS_MAX - 1 }; /* those before are ordinary people */

/* --- the ledger: every letter, and what was promised ------------------------------------------ */
enum letter_state {
    LETTER_BEGUN,     /* its end was not sent: it may be nowhere */
    LETTER_UNDECIDED, /* its end was sent, the answer was not read: whole or nowhere. So is what was
                       * refused by a server whose disk failed, and which went down before it could
                       * write that it does not count. */
    LETTER_ACCEPTED,  /* 250 was read: it must be there, once */
    LETTER_REFUSED,   /* 4xx or 5xx was read: it may be nowhere */
};
/* One who should get it in the end: the addresses on the way, the last one a user's or nobody's. */
struct aim {
    char path[PATH_MAX_HOPS][ADDRESS_MAX];
    unsigned hops;
    bool taken;     /* RCPT was answered 250 (or there was none to ask) */
    bool reachable; /* there is such a user */
    bool may_fail;  /* his mailbox may be full */
    bool may_vanish, may_double; /* a device took it away, or copied it */
    unsigned copies, bounces; /* judge.c: found */
};
struct letter {
    unsigned number;
    char token[TOKEN_BYTES];
    char sender[ADDRESS_MAX]; /* envelope; empty: null sender */
    enum letter_state state;
    const struct server *to;  /* whom it was given to */
    uint64_t refused_us;      /* REFUSED while that one's disk failed: then; else 0 */
    bool appended;            /* by IMAP: no journey, no bounce */
    size_t filler_bytes;
    struct aim aims[AIMS_MAX];
    unsigned n;
};
/* A new one, never NULL; sender "" is the null sender. */
struct letter *letter_new(struct world *w, const char *sender, size_t filler_bytes);
/* A user (or nobody) whom it leads to; false: no room, or the letter leads there already. */
bool letter_to(struct letter *l, const struct aim *aim);
/* Header and body, CRLF lines, dots as they are; the same each time. */
void letter_write(const struct letter *l, struct buf *out);
const char *aim_end(const struct aim *a); /* the last address */
/* The letter that this text has the token of; NULL. */
struct letter *letter_of(struct world *w, str text);
/* The reply to its end; class 0: none came. */
void letter_decided(struct world *w, struct letter *l, char class, str reply);
/* A server goes down: what it refused since it could last write is not certain any more. */
void letters_uncertain(struct world *w, const struct server *s);
/* From now on this user's copy may be missing, or be there more than once. Say it before it is done. */
void letter_may_vanish(struct letter *l, str user_address);
void letter_may_double(struct letter *l, str user_address);

/* --- players ----------------------------------------------------------------------------------- */
struct player {
    const struct player_kind *kind;
    struct world *world;
    unsigned index; /* among those of its kind */
    struct chance chance;
    void *self;     /* the kind's own */
    bool done;      /* act() or settle() has returned */
};
struct player_kind {
    const char *name;
    unsigned (*how_many)(struct world *w, struct chance *c);
    void (*make)(struct player *a);   /* main thread, before time runs; may be NULL, as all below */
    void (*act)(struct player *a);    /* on a fiber. Waits. */
    void (*settle)(struct player *a); /* on a fiber, the world is calm. Waits. */
    void (*check)(struct player *a);  /* main thread, stores open */
    void (*end)(struct player *a);    /* frees self */
};
extern const struct player_kind *const player_kinds[];
extern const size_t player_kinds_n;
extern const struct player_kind submitter_kind, stranger_kind; /* senders.c */
extern const struct player_kind imap_device_kind;              /* device.c */
extern const struct player_kind pop3_device_kind;              /* device_pop3.c: after those */

/* False: the world is ending, return. Waits. */
bool player_sleep(struct player *a, int64_t us);
/* To a server's port; NULL: not now. conn_close it. Waits. */
struct conn *world_connect(struct server *s, enum server_port port);

/* --- mishaps ---------------------------------------------------------------------------------- */
struct mishap {
    uint64_t at_us;
    void (*strike)(struct world *w, struct server *s); /* NULL: it is over */
    unsigned server;
};

/* --- the world -------------------------------------------------------------------------------- */
struct world {
    uint64_t seed;
    struct sim_world *sim;
    struct server servers[SERVERS_MAX];
    unsigned servers_n;
    struct seam *people;   /* the machine of all players, always on */
    struct loop *people_loop;
    struct player players[PLAYERS_MAX];
    unsigned players_n;
    struct letter letters[LEDGER_LETTERS];
    unsigned letters_n;
    struct mishap mishaps[MISHAPS_MAX];
    unsigned mishaps_n;
    struct chance chance;  /* of the mishaps */
    uint64_t storm_end_us; /* mishaps happen until then */
    char hash[256];        /* of the password */
    bool calm;             /* they are over, and mended */
    bool untroubled;       /* a world without mishaps: nothing is excused */
    int64_t jumped_us;     /* how far wall clocks jumped, in all, forward or back */
    unsigned broken;       /* invariants */
    struct observer *observer;
    struct hearing *hearing; /* judge.c: what the servers' logs said */
};
static inline bool world_is_calm(const struct world *w) { return w->calm; }
/* One that is up, or at least exists; any. */
struct server *world_server(struct world *w, unsigned index);

/* A line of the story: shown with --seed, or when something is broken. */
void tell(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something is not as it was promised. The world goes on, the seed has failed. */
void world_broken(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Plays one seed from beginning to end; false: something was broken. *digest: its history. */
bool world_play(uint64_t seed, uint64_t *digest);

/* An address of this server's domain, drawn: a user's, an alias, nobody's; as many aims as it leads to. */
unsigned aims_draw(struct chance *c, struct server *at, struct aim *out, unsigned max);

/* --- the parts -------------------------------------------------------------------------------- */
void server_make(struct world *w, unsigned index);
bool server_boot(struct server *s);     /* false: it did not come up and is down again */
void server_halt(struct server *s);     /* also of a ghost */
void mishaps_strike(struct world *w);   /* what is due now */
void mishaps_end(struct world *w);      /* every fault is mended; servers come up at once */
void mishaps_draw(struct world *w);
void mishaps_excite(struct world *w);   /* somebody has connected to whose turn it is */
struct server *server_of_turn(struct world *w); /* or NULL: a service's turn, or the people's */
void players_make(struct world *w);
void players_start(struct world *w, bool settle);
bool players_done(const struct world *w);
void players_end(struct world *w);
struct observer *observer_new(void);
void observer_look(struct world *w);    /* what the stores say now, against what they said before */
void observer_free(struct observer *o);
void hearing_begin(struct world *w);    /* log lines go to the judge from here on */
bool hearing_recorded(const struct world *w, str id); /* the server that handed it over wrote down that it did */
void hearing_end(struct world *w);
void judge(struct world *w);            /* every letter, every store */
void story_show(bool on);
extern bool story_shown;
extern const char *story_program; /* that repeats it */

#endif
