/* house.h - a whole mail server in a simulated world, with every door that a stranger can knock at,
 * over the embedded store: for the fuzzers of whole sessions.
 *
 * alice@a.test and bob@a.test live here, both with the password "secret"; team@a.test leads to
 * both and to far@b.test. Mail for b.test goes to a host that the input plays.
 */
#ifndef FUZZ_HOUSE_H
#define FUZZ_HOUSE_H

#include "admin/admin.h"
#include "imap/imap.h"
#include "pop3/pop3.h"
#include "relay/relay.h"
#include "search/search.h"
#include "smtp/smtp.h"

/* A finding: libFuzzer keeps the input. */
#define REQUIRE(x) ((x) ? (void)0 : finding(#x))
_Noreturn void finding(const char *what);

enum door { DOOR_MX, DOOR_SUBMISSION, DOOR_LMTP, DOOR_IMAP, DOOR_POP3, DOOR_CONTROL, DOORS, DOOR_FAR = DOORS };

struct house {
    struct sim_world *world;
    struct seam *seam, *far;
    int far_listener;
    struct config *config;
    struct loop *loop;
    struct store *store;
    struct search *search;
    struct auth *auth;
    struct deliver *deliver;
    struct relay *relay;
    struct smtp_server mx, submission, lmtp;
    struct imap_server imap;
    struct pop3_server pop3;
    struct admin admin;
    struct listener *doors[DOORS];
    unsigned fibers; /* lent while nobody is here */
    bool done, damaged; /* damaged: and not mended, so that it may not be checked */
    unsigned plays;
};

/* Free it with house_close. */
struct house *house_open(uint64_t seed);
void house_close(struct house *h);
void house_run(struct house *h, uint64_t us);
/* A connection to one of the doors, or, of DOOR_FAR, the next that the house made; -1: none did. */
int house_knock(struct house *h, enum door door);
/* Ends all that runs and opens the same store again, after a power cut or in good order. */
void house_restart(struct house *h, bool power_cut);
/* As `posthorn check`: a fault is a finding. */
void house_check(struct house *h);
uint64_t house_queue(struct house *h);
/* The which-th row of the store, counted round and round, has another value from now on: with 0 it ends
 * at this place, else the byte there is another. */
void house_damage(struct house *h, unsigned which, unsigned at, unsigned with);
/* Checks a store whose rows were damaged, and mends it: both must come to an end. */
void house_mend(struct house *h);

#endif
