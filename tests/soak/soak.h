/* soak.h - what the soak's actors share: the servers, the account of every letter, the timings. */
#ifndef SOAK_SOAK_H
#define SOAK_SOAK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support/chat.h"
#include "support/server.h"

enum {
    PORT_CLEAR = 3143,      /* IMAP in clear, with log-ins */
    PORT_CLEAR_POP3 = 3110, /* POP3 likewise */
    DEVICES = 4,            /* users d0@a.test … with an IMAP device that works */
    IDLE_USERS = 20,        /* users i0@a.test … whose devices idle */
    BIG_LETTERS = 8,        /* in big@a.test's mailbox */
};

struct soak {
    struct world *world;
    struct server *a, *b;
    atomic_bool over;    /* nothing new begins */
    atomic_bool drained; /* nothing more is awaited: devices may leave */
    int idlers;
};
extern struct soak soak;

/* --- letters (ledger.c): each has a number, and whoever reads it says so ------------------------ */

/* A new letter's text, its number in it; free() it. */
char *letter_new(size_t size, unsigned *id, size_t *n);
void letter_acknowledged(unsigned id);
void letter_found(unsigned id);
/* The number in the text of a message, or in its header; 0: it has none. */
unsigned letter_id(const char *text);
/* How many were acknowledged and not yet read; how many were read twice; how many there are. */
unsigned letters_acknowledged(void);
unsigned letters_missing(void);
unsigned letters_twice(void);
unsigned letters_sent(void);

/* --- timings (samples.c) ------------------------------------------------------------------------ */

enum sample { ECHO_, NOOP, EHLO, STAT, DELIVERY, NEWS, LOG_IN, SAMPLES };
extern const char *const sample_names[SAMPLES];
void sample_add(enum sample what, double seconds);
/* Those since the last call: percentile p (0…1) in ms, of a copy that samples_take made. */
void samples_take(void);
double sample_ms(enum sample what, double p);
unsigned sample_count(enum sample what);

/* --- the server seen from outside (gauge.c) ----------------------------------------------------- */

struct gauge {
    double anon_mb, rss_mb; /* the smallest of the minute: a hash in work is no growth */
    int fds, threads;       /* descriptors without the journal's segments */
    double store_mb;
    double heap_mb;            /* of the allocator, in use; by the server's own metrics */
    int fibers, stacks;        /* at work, and mapped */
};
void gauge_begin(void); /* finds the process that serves */
void gauge_look(void);  /* every second or so */
struct gauge gauge_take(void);
void gauge_name_fds(void); /* prints what each descriptor is */

/* --- actors: a thread each, until soak.over (devices: soak.drained) ---------------------------- */

void *mx_sender(void *arg);
void *submitter(void *arg);
void *imap_device(void *arg); /* arg: its number */
void *pop3_device(void *arg); /* arg: its struct drop */
void *churner(void *arg);
void *slow_readers(void *arg);
void *bad_client(void *arg);
void *notified(void *arg);
void *pulse(void *arg);
void *ear(void *arg);

struct drop {
    struct server *const *server;
    int port;
    const char *user;
};

/* The crowd that idles (idlers.c). */
void idlers_join(void);
double idlers_hear(void); /* a letter to all: seconds until everybody heard */
void idlers_leave(void);

/* --- help (help.c) ------------------------------------------------------------------------------ */

struct chat *imap_as(const char *user, bool tls); /* logged in; fails the test otherwise */
struct chat *smtp_greeted(struct server *s);      /* EHLO said */
/* The whole transaction; fails the test unless it is taken. */
void deliver_to(struct chat *c, const char *from, const char *to, const char *text, size_t n);
void nap_ms(unsigned ms); /* a tenth at a time, cut short when all is over */
unsigned chance(unsigned *seed, unsigned below);

#endif
