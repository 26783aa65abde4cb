/* conn_int.h - a connection's inside, shared by conn_*.c and listener.c. Private to run/.
 *
 *                    accepted ---> PROXY (a listed proxy's header)
 *                       |            |
 *                       +------------+
 *                       |        (implicit TLS)
 *                       +-----------> HANDSHAKE <---- STARTTLS ----+
 *                       v                 | done                   |
 *     event, wake --> QUEUED -- stack --> SERVED -- nothing to do --+--> IDLE
 *         ^                                | |                           |
 *         +-- all sent -- SENDING <--------+ +-- CLOSE --> LINGERING     |
 *         +--------------------------------------------------------------+
 */
#ifndef RUN_CONN_INT_H
#define RUN_CONN_INT_H

#include "base/buf.h"
#include "base/limits.h"
#include "run/conn.h"
#include "run/loop_int.h"
#include "run/tls_int.h"

enum conn_state {
    CONN_STATE_PROXY,     /* parked: who is really there is being told */
    CONN_STATE_HANDSHAKE, /* parked: TLS is being agreed on, on the loop's own stack */
    CONN_STATE_IDLE,      /* parked: nothing to do until an event */
    CONN_STATE_SENDING,   /* parked: the peer is slow to take our output */
    CONN_STATE_QUEUED,    /* waits for a stack */
    CONN_STATE_SERVED,    /* a fiber has it; client connections always */
    CONN_STATE_LINGERING, /* the session is over; the peer may read our last words */
};

struct compress; /* conn_compress.c */
struct address_count; /* connections of one address on one listener and loop */
struct listener_at;

struct conn {
    struct loop_watch watch;
    struct loop_member member;
    struct timer timer;           /* while parked: its end, by state */
    struct fiber_request request;
    struct list waking;           /* among the loop's: conn_wake was called while it was idle */
    struct loop *loop;
    struct listener_at *home;     /* NULL: client side */
    const struct conn_handler *handler;
    void *session;                /* NULL before open and after closed */
    struct fiber *fiber;          /* who waits inside conn_wait */
    struct tls *tls;
    struct compress *zip;         /* NULL: not compressed */

    char *in;                     /* the input buffer; NULL when nothing is held */
    uint32_t in_at, in_end, in_cap;
    uint32_t in_searched;         /* no LF lies before this */
    uint32_t in_used;             /* nothing was written behind this */
    struct buf out;
    size_t out_at;                /* sent up to here */

    uint64_t deadline_us;         /* of this burst's waits */
    uint32_t park_ms;
    uint64_t bytes_in, bytes_out;

    conn_trace_fn *trace;
    void *trace_arg;
    str trace_input;              /* read and not yet shown */

    struct netaddr peer;
    struct netaddr *local;        /* asked for on first use */
    struct address_count *address;
    char id[24];
    uint8_t id_n;

    uint8_t state;
    uint8_t waiting;              /* SEAM_READABLE, SEAM_WRITABLE inside conn_wait */
    bool ready : 1;               /* what it waited for came */
    bool readable : 1;            /* an event said so, and we have not found the socket empty since */
    bool in_lent : 1;             /* in is one of the loop's buffers */
    bool handshaking : 1;
    bool eof : 1;                 /* the input ended */
    bool gone : 1;                /* nothing works any more */
    bool started : 1, woken : 1, timed_out : 1, told_drain : 1;
    bool closing : 1;             /* no more serving */
    bool owes_farewell : 1;       /* the drain found us waiting for the peer's next words */
    bool wire_unix : 1;           /* a unix socket, whoever a proxy says is there */
    bool counted : 1, counted_known : 1, counted_parked : 1; /* in these gauges */
    bool masked : 1, input_masked : 1;
};

/* conn.c */
struct conn *conn_new(struct loop *l, int socket, const struct netaddr *peer);
void conn_begin(struct conn *c);   /* a server connection: PROXY header, handshake or first burst */
void conn_greet(struct conn *c);   /* the same without the header */
void conn_timer_in(struct conn *c, unsigned ms); /* while parked: when this state is over */
void conn_free(struct conn *c);    /* at once; the session is told if it was not */
void conn_watch(struct conn *c, unsigned what);
/* Some of those that were woken get their turn: a flood of news does not keep others waiting. */
void conn_wakes(struct loop *l);
/* Until the socket is ready for this; sets gone and returns ERR_GONE otherwise. Waits. */
enum err conn_wait(struct conn *c, unsigned what);
/* The same without setting gone: ERR_LATER at that time, ERR_GONE. Waits. */
enum err conn_wait_until(struct conn *c, unsigned what, uint64_t until_us);
enum err conn_wait_io(struct conn *c, enum io want); /* the same for IO_WANT_READ, IO_WANT_WRITE */
enum err conn_wait_more(struct conn *c, enum io want); /* the same for what the peer says next */

/* conn_input.c */
enum io conn_fill(struct conn *c);      /* one read, as much as there is room for; never waits */
/* The same from beneath the compression: what the socket or TLS has. */
enum io conn_wire_read(struct conn *c, char *p, size_t n, size_t *got);
void conn_input_park(struct conn *c);   /* keep what is held in as little as it needs */
void conn_input_drop(struct conn *c);   /* and give the buffer back */
char *conn_input_lend(struct loop *l);  /* CONN_INPUT_BYTES */
void conn_input_return(struct loop *l, char *p);
void conn_trace_flush(struct conn *c);  /* show the input that waited to be shown */

/* conn_output.c */
enum io conn_push(struct conn *c);      /* send what is gathered as far as it goes; never waits */

/* conn_compress.c: with c->zip only, unless it says otherwise */
enum io conn_inflate(struct conn *c, char *p, size_t room, size_t *got); /* never waits */
bool conn_compress_pending(const struct conn *c); /* input that no readiness will announce; any c */
void conn_compress_turn(struct conn *c);          /* others, after much was inflated; any c. Waits. */
bool conn_compress_refused(const struct conn *c); /* the peer is still there, to read why; any c */
str conn_unsent(struct conn *c);                  /* what may be sent now; any c */
void conn_compress_sent(struct conn *c);          /* all of it is; any c */
void conn_compress_park(struct conn *c);          /* keep as little as can be */
void conn_compress_free(struct conn *c);          /* any c */
void conn_compress_spares_free(struct loop *l);

/* conn_proxy.c */
bool conn_proxy_expected(const struct conn *c); /* the peer is a proxy that this listener knows */
void conn_proxy_begin(struct conn *c);          /* then conn_greet, when the header is there */
void conn_proxy_step(struct conn *c);           /* there is more to read */

/* conn_tls.c */
enum io conn_secure(struct conn *c);    /* a step of the handshake, IO_DONE when there is none */
bool conn_tls_begin_server(struct conn *c); /* false: no certificate or no memory */

/* listener.c */
const struct listener_config *listener_at_config(const struct listener_at *at);
unsigned listener_handshake_ms(const struct listener_at *at);
bool listener_at_count(struct conn *c);  /* by its address, once that is known; false: too many */
void listener_at_refuse(struct conn *c); /* too many: "busy", and the end */
void listener_at_forget(struct conn *c); /* it no longer counts */

#endif
