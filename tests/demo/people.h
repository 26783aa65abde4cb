/* people.h - who takes part in the demo: two servers, Alice's client, Bob's devices, a stranger.
 *
 * Everything runs on one fiber, and each device that listens has one of its own beside it.
 */
#ifndef DEMO_PEOPLE_H
#define DEMO_PEOPLE_H

#include "client/pop3_client.h"
#include "demo/story.h"
#include "smtp/smtp_client.h"
#include "support/server.h"

enum { DEMO_WAIT_MS = 20000, RCPTS_MAX = 4, ID_BYTES = 64 };

struct demo {
    struct world *world;
    struct server *a, *b;      /* a.test, b.test */
    struct tls_client *tls;    /* trusts the world's CA and nobody else */
    struct arena arena;
};
extern const char alice_password[], bob_password[];

void stage_set(struct demo *d);    /* everything started, everybody has an account */
void stage_clear(struct demo *d);
struct netaddr address_of(struct demo *d, const struct server *s, int port);
void nap_ms(unsigned ms);          /* others go on. Waits. */
/* Asks until it is so, at most so long; others go on. Waits. */
bool eventually(bool (*is_so)(void *arg), void *arg, unsigned ms);

/* --- Alice's client (submit.c) ---------------------------------------------------------------- */
struct submission {
    const char *user, *password, *from; /* user NULL: without a log-in */
    int port;                       /* 0: PORT_SUBMISSION */
    const char *rcpts[RCPTS_MAX];
    str message;
    bool quiet;                     /* the conversation is not shown */
    void (*halfway)(struct demo *d);/* called in the middle of DATA */
    /* What came of it: */
    enum err result;
    unsigned code;                  /* of the end of DATA, or of what was refused before */
    char text[512];                 /* of that reply */
    unsigned rcpt_codes[RCPTS_MAX];
    char id[ID_BYTES];              /* what the server calls the letter */
    double began_s, answered_s;
};
/* True: the letter was taken for at least one. Waits. */
bool submit(struct demo *d, struct server *s, struct submission *sub);
bool submit_letter(struct demo *d, struct submission *sub, const char *to, str letter); /* Alice to one, quietly */
void id_after(str text, const char *words, char id[ID_BYTES]);

/* --- a device that speaks IMAP (device.c) ----------------------------------------------------- */
struct device {
    struct demo *demo;
    struct imap_client *imap;       /* NULL: not connected */
    struct wire wire;
    struct buf heard;               /* untagged responses of the last command, LF after each */
    struct buf news;                /* heard while idling */
    double news_at_s;               /* when the last of it came */
    bool listening, stop;
};
bool device_open(struct device *v, struct demo *d, struct server *s, const char *user, const char *password, int port); /* Waits. */
bool device_do(struct device *v, const char *command); /* Waits. */
str device_literal(const struct device *v);            /* the first one in what was heard */
bool device_listen(struct device *v);                  /* IDLE from now on, on a fiber beside */
void device_news_reset(struct device *v);
bool device_hears(struct device *v, const char *what, unsigned ms); /* Waits. */
void device_close(struct device *v);                   /* Waits. */
unsigned messages_of(struct demo *d, struct server *s, const char *user); /* in INBOX; Waits. */

/* --- someone with a bare connection (talk.c) -------------------------------------------------- */
struct talk {
    struct conn *conn;
    struct wire wire;
    struct buf reply;
};
bool talk_open(struct talk *t, struct demo *d, struct server *s, int port); /* Waits for the greeting. */
/* Says a line; true if the answer begins with that. Waits. */
bool talk_say(struct talk *t, const char *line, const char *expected);
void talk_close(struct talk *t);

/* --- what servers tell (people.c) ------------------------------------------------------------- */
/* What `posthorn WORDS` printed; lives until the next call. */
#define ASK(s, ...) server_cli((s), NULL, &(int){ 0 }, (const char *const[]){ __VA_ARGS__, NULL })
bool queue_is_empty(void *server);
/* One line of a trace: its word, and the milliseconds of the day. False: no such line. */
bool event_of(const char *line, char what[16], long *ms);

#endif
