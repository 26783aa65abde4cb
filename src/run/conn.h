/* conn.h - a connection: lines, bytes and TLS for straight-line protocol code, and parking.
 *
 * A server session is served in bursts. serve(session) runs on a lent stack when there is
 * something to do, and returns SERVE_PARK to wait for more without a stack, or SERVE_CLOSE.
 * What must survive a park is a field of the session; all else is a local or in an arena.
 * While parked: a half-received line, a TLS handshake and an idle client hold no stack and no
 * full buffer.
 *
 * In a burst every call that says Waits may suspend the fiber; it returns ERR_GONE when the peer
 * left, the deadline passed or the process drains, and then every later call does so too: unwind
 * by returning; a peer that we waited for when the process began to drain is told handler->farewell.
 * What is being sent then goes on, as long as the peer takes it. Output gathers in a buffer and leaves at conn_flush, when it is full, before any
 * wait for input, and when serve returns.
 */
#ifndef RUN_CONN_H
#define RUN_CONN_H

#include "base/arena.h"
#include "base/metric.h"
#include "run/fiber.h"
#include "run/loop.h"
#include "run/tls.h"

struct conn;

enum serve { SERVE_PARK, SERVE_CLOSE };

/* Why serve was called. */
enum conn_why {
    CONN_STARTED, /* just accepted (implicit TLS: handshake done): say the greeting */
    CONN_INPUT,   /* conn_line_ready: a whole line, the input's end, or a line too long to keep */
    CONN_WOKEN,   /* conn_wake was called, e.g. the mailbox changed */
    CONN_TIMEOUT, /* the time given to conn_park_for passed */
    CONN_DRAIN,   /* the process is ending: say goodbye */
};

struct conn_handler {
    /* A new session for an accepted connection (implicit TLS: after its handshake); NULL refuses
     * it, after what was written is sent. May not wait. The pointer is given to the others. */
    void *(*open)(void *listener_arg, struct conn *c);
    enum serve (*serve)(void *session, enum conn_why why); /* on a fiber. Waits. */
    void (*closed)(void *session); /* frees it; may not wait; c may not be used after it */
    str busy; /* sent before closing when there is no room: "421 …\r\n", "* BYE …\r\n" */
    str farewell; /* sent before closing when the drain cut a wait for input short; as busy is */
    enum metric conns; /* METRIC_CONNS_…, where its connections are counted before they log in; 0: OTHER */
};

/* What all listeners have open together. */
struct conns_total { unsigned open /* atomic */, max; };

enum listener_tls { LISTEN_PLAIN, LISTEN_TLS }; /* STARTTLS is the protocol's affair */

struct listener_config {
    struct netaddr at;
    enum listener_tls tls;
    struct tls_server *certificates; /* for LISTEN_TLS and conn_starttls; NULL: none */
    const struct conn_handler *handler;
    void *arg;                       /* lives as long as the listener */
    unsigned conns_max;              /* open at once on this listener and loop */
    unsigned conns_per_address_max;  /* likewise, by netaddr_limit_key; 0: no limit */
    struct conns_total *total;       /* likewise, of all that share it; NULL: no limit. Never of unix sockets */
    unsigned handshake_ms;           /* a TLS handshake must be done by then; 0: CONN_HANDSHAKE_MS */
    /* From these networks, and from nobody else, a connection begins with a PROXY header (versions 1
     * and 2; before TLS), within handshake_ms: who it names is the peer from then on. */
    const struct netblock *proxies; size_t proxies_n;
};
struct listener;
/* The listening socket is opened once (listener_open) and attached to each worker's loop. */
enum err listener_open(struct seam *seam, const struct listener_config *config, struct listener **out) MUST_CHECK;
enum err listener_attach(struct listener *l, struct loop *loop) MUST_CHECK; /* on the loop's thread */
void listener_close(struct listener *l);              /* after every loop has ended */
const struct netaddr *listener_addr(const struct listener *l); /* the real port if 0 was asked */

/* --- input ------------------------------------------------------------------------------------ */
/* conn_line has something to say: a whole line is in the buffer, or the input's end, or more of one
 * line than is kept while parked (conn_line then waits for its rest). While false, park. */
bool conn_line_ready(const struct conn *c);
/* Anything at all is in the buffer, also inside TLS: what STARTTLS must find false. */
bool conn_buffered(const struct conn *c);
/* The next line with its line end (CRLF or a bare LF: the protocol judges), at most max bytes;
 * valid until the next conn call. ERR_LIMIT: longer than max, and swallowed whole up to its LF
 * (docs/security.md, rule 3). ERR_DENIED: CONN_SWALLOW_BYTES more had no LF, or that LF was a bare one;
 * what follows is no line of its own, so say goodbye. Waits. */
enum err conn_line(struct conn *c, size_t max, str *line) MUST_CHECK;
/* The same, but nothing is swallowed: ERR_DENIED as soon as it is longer than max. Waits. */
enum err conn_line_strict(struct conn *c, size_t max, str *line) MUST_CHECK;
/* Is this line a request of HTTP? A web page can make its reader's browser send one to
 * any port; what follows it is a form that speaks our protocol. Nobody else begins so. */
bool conn_line_is_http(str line);
/* Between 1 and n bytes, as they come: literals, DATA, BDAT. Valid until the next conn call. Waits. */
enum err conn_read(struct conn *c, size_t n, str *bytes) MUST_CHECK;
/* The same, but when the deadline passes (ERR_LATER) or the process drains (ERR_GONE) the connection
 * is left as it was, so that the peer can be told: conn_gone says whether. Waits. */
enum err conn_read_in_time(struct conn *c, size_t n, str *bytes) MUST_CHECK;
/* Give the last n bytes of what conn_read just returned back, to be read again: what follows the end
 * of DATA is the next command. Before any other conn call. */
void conn_unread(struct conn *c, size_t n);
/* Exactly n bytes thrown away. Waits. */
enum err conn_skip(struct conn *c, uint64_t n) MUST_CHECK;
void conn_discard_input(struct conn *c); /* all that is buffered: before STARTTLS */

/* --- output ----------------------------------------------------------------------------------- */
/* Append. Waits for a slow peer only when CONN_OUTPUT_BYTES are gathered. Sticky: after a failure
 * nothing is written and conn_gone is true, so replies need not be checked one by one. */
void conn_write(struct conn *c, str bytes);
void conn_writef(struct conn *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum err conn_flush(struct conn *c);   /* Waits until the kernel has it all. */
bool conn_gone(const struct conn *c);

/* --- time, waking, parking -------------------------------------------------------------------- */
/* Every wait of this burst ends at the latest after ms from now (the command's deadline); without
 * it CONN_BURST_MS from the burst's begin. */
void conn_deadline(struct conn *c, unsigned ms);
/* How long the next park may last before CONN_TIMEOUT. Kept until changed; at first CONN_PARK_MS.
 * A half-received line does not begin the time again. */
void conn_park_for(struct conn *c, unsigned ms);
/* Serve this session soon even without input. Own thread only (from others: loop_post).
 * Remembered if it is being served: the park then does not happen (no lost wake-up). */
void conn_wake(struct conn *c);
void conn_class(struct conn *c, enum fiber_class class); /* known after log-in */
/* Whose work its bursts are (fiber_owner_set): an account's number after log-in. 0: nobody's any
 * more, so its address's, as at first. */
void conn_owner(struct conn *c, uint64_t owner);

/* --- TLS -------------------------------------------------------------------------------------- */
bool conn_has_tls(const struct conn *c);
/* Server side of STARTTLS: the caller has written its reply and checked !conn_buffered. Sends what
 * is written, in clear, throws away what is buffered, and begins TLS. The handshake itself happens
 * while parked, without a stack, or inside the next call of this burst that needs the peer; when it
 * fails the connection is gone. So forget what was said in clear, then park. ERR_DENIED: the
 * listener has no certificate, or TLS is there already. Waits. */
enum err conn_starttls(struct conn *c) MUST_CHECK;
/* The end of TLS is the end of the connection; there is no going back to clear text. */
const struct tls_facts *conn_tls_facts(const struct conn *c); /* NULL before the handshake's end */

/* --- compression (RFC 4978) -------------------------------------------------------------------- */
/* What is written from here on leaves as DEFLATE (raw, RFC 1951), flushed whenever it is sent, and
 * what is read must be DEFLATE; beneath lines and literals, above TLS. Sends what is written, in
 * clear; the caller has checked !conn_buffered. Input is inflated only as it is asked for. farewell
 * (constant text) is sent before the connection ends because its input is damaged or grew by more
 * than COMPRESS_GROWTH and COMPRESS_FREE_BYTES. ERR_EXISTS: it is on already. Waits. */
enum err conn_compress(struct conn *c, str farewell) MUST_CHECK;
/* Back to clear text, on both sides: we behind what is written so far, the peer behind his first
 * flush after what was read (RFC 8437 4.1). OK also when it was not on. Waits. */
enum err conn_compress_end(struct conn *c) MUST_CHECK;
bool conn_compressed(const struct conn *c);

/* --- facts ------------------------------------------------------------------------------------ */
const struct netaddr *conn_peer(const struct conn *c);
const struct netaddr *conn_local(const struct conn *c);
/* Whoever is trusted says that this is the peer (XCLIENT). What was counted by address stays. */
void conn_peer_set(struct conn *c, const struct netaddr *peer);
str conn_id(const struct conn *c);     /* the session's id in the log, e.g. "7f3a-19" */
struct loop *conn_loop(const struct conn *c);
uint64_t conn_bytes_in(const struct conn *c);
uint64_t conn_bytes_out(const struct conn *c);

/* Wire trace: called with each piece, decrypted; '>' what the session writes, '<' what it has read.
 * Input is shown only at the next call for this connection, so that a caller who finds a secret in
 * the line it just got can still hide it: conn_trace_mask(c, true) hides that line and everything
 * until conn_trace_mask(c, false). Hidden pieces are shown as "***\r\n". NULL turns it off. */
typedef void conn_trace_fn(void *arg, char direction, str bytes);
void conn_trace(struct conn *c, conn_trace_fn *fn, void *arg);
void conn_trace_mask(struct conn *c, bool masked);

/* --- the client side: SMTP client, tools; the connection belongs to the calling fiber --------- */
struct connect_options {
    struct netaddr to;
    const struct netaddr *source;  /* NULL: the kernel chooses */
    unsigned connect_ms;
};
/* Waits. ERR_LATER: refused, unreachable or too late; *why (may be NULL) is the errno. ERR_GONE:
 * the process drains. */
enum err conn_connect(const struct connect_options *o, struct conn **out, int *why) MUST_CHECK;
/* STARTTLS after the peer agreed, or TLS from the first byte. Waits. tls_client decides what is
 * verified. ERR_DENIED: certificate; ERR_SYNTAX: handshake; ERR_GONE: the peer left, too late. */
enum err conn_starttls_client(struct conn *c, struct tls_client *t, str host) MUST_CHECK;
/* Whether the peer says something, or ends, within ms. OK: it did; ERR_LATER: it did not, and the
 * connection is as good as before; ERR_GONE. Waits. */
enum err conn_await(struct conn *c, unsigned ms) MUST_CHECK;
void conn_close(struct conn *c);   /* client side only; flushes nothing; NULL is fine */

#endif
