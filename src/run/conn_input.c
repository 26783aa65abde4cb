/* conn_input.c - what the peer sends: whole lines, counted bytes, and what is kept between bursts.
 *
 * While a fiber has the connection its input lies in a buffer of CONN_INPUT_BYTES that the loop
 * lends with the stack; a longer line gets a buffer of its own. While parked, only what is left of
 * a half-received line is kept, in a block of its size.
 */
#include "run/conn.h"

#include <assert.h>
#include <errno.h>

#include "base/metric.h"
#include "run/conn_int.h"

/* --- the buffer ------------------------------------------------------------------------------ */

/* A spare buffer's first bytes are its place in the list. */
char *conn_input_lend(struct loop *l)
{
    if (list_empty(&l->spare_inputs)) return mem_new(CONN_INPUT_BYTES);

    struct list *node = l->spare_inputs.next;
    list_remove(node);
    return (char *)node;
}

void conn_input_return(struct loop *l, char *p)
{
    list_push_front(&l->spare_inputs, (struct list *)(void *)p);
}

/* A stranger's password may have stood there, and the next who is lent the buffer is somebody else.
 * What lies above in_used was never written since the buffer came. */
static void wipe(struct conn *c)
{
    if (c->in_used) bytes_wipe(c->in, c->in_used);
    c->in_used = 0;
}

static void release(struct conn *c)
{
    wipe(c);
    if (c->in_lent)
        conn_input_return(c->loop, c->in);
    else
        mem_free(c->in);
    c->in = NULL;
    c->in_lent = false;
    c->in_cap = 0;
}

void conn_input_drop(struct conn *c)
{
    c->in_at = c->in_end = c->in_searched = 0;
    release(c);
}

static size_t held(const struct conn *c)
{
    return c->in_end - c->in_at;
}

/* Move what is held to another buffer that it fits. */
static void move_to(struct conn *c, char *to, size_t cap, bool lent)
{
    size_t n = held(c);

    if (n) bytes_copy(to, cap, c->in + c->in_at, n);
    c->in_searched = c->in_searched > c->in_at ? c->in_searched - c->in_at : 0;
    release(c);
    c->in = to;
    c->in_cap = (uint32_t)cap;
    c->in_lent = lent;
    c->in_at = 0;
    c->in_end = c->in_used = (uint32_t)n;
}

void conn_input_park(struct conn *c)
{
    if (held(c) == 0)
        conn_input_drop(c);
    else if (c->in_cap != held(c))
        move_to(c, mem_new(held(c)), held(c), false);
}

static void compact(struct conn *c)
{
    for (uint32_t i = c->in_at; i < c->in_end; i++)
        c->in[i - c->in_at] = c->in[i];
    c->in_searched = c->in_searched > c->in_at ? c->in_searched - c->in_at : 0;
    c->in_end -= c->in_at;
    c->in_at = 0;
}

/* After this there is room, unless a single line fills the whole buffer. */
static void make_room(struct conn *c)
{
    if (held(c) == 0) c->in_at = c->in_end = c->in_searched = 0;
    if (c->in_cap < CONN_INPUT_BYTES)
        move_to(c, conn_input_lend(c->loop), CONN_INPUT_BYTES, true);
    else if (c->in_end == c->in_cap && c->in_at > 0)
        compact(c);
}

/* --- reading --------------------------------------------------------------------------------- */

static enum io socket_read(struct conn *c, char *p, size_t n, size_t *got)
{
    ssize_t r = seam_recv(c->loop->seam, c->watch.handle, p, n);

    if (r == -EAGAIN || r == -EINTR) return IO_WANT_READ;
    if (r < 0) return IO_FAILED;
    if (r == 0) return IO_END;
    *got = (size_t)r;
    return IO_DONE;
}

enum io conn_wire_read(struct conn *c, char *p, size_t n, size_t *got)
{
    enum io r = c->tls ? tls_read(c->tls, p, n, got) : socket_read(c, p, n, got);

    c->bytes_in += *got;
    metric_add(METRIC_BYTES_IN, *got);
    if (r == IO_END) c->eof = true;
    /* A short read found the socket empty; an event will tell when it no longer is. */
    if (r == IO_WANT_READ || (!c->tls && *got < n)) c->readable = false;
    return r;
}

enum io conn_fill(struct conn *c)
{
    enum io r = conn_secure(c);
    size_t got = 0;

    if (r) return r;
    make_room(c);
    size_t room = c->in_cap - c->in_end;
    assert(room);
    r = c->zip ? conn_inflate(c, c->in + c->in_end, room, &got)
               : conn_wire_read(c, c->in + c->in_end, room, &got);
    c->in_end += (uint32_t)got;
    if (c->in_end > c->in_used) c->in_used = c->in_end;
    if (r == IO_FAILED) c->gone = true;
    return r;
}

/* At least one more byte. Waits. */
static enum err more_by(struct conn *c, enum err (*until)(struct conn *c, enum io want))
{
    for (;;) {
        if (conn_flush(c)) return ERR_GONE;
        enum io r = c->eof ? IO_END : conn_fill(c);
        if (r == IO_DONE) {
            conn_compress_turn(c);
            return OK;
        }
        if (r == IO_END || r == IO_FAILED) {
            c->gone = true;
            return ERR_GONE;
        }
        enum err e = until(c, r);
        if (e) return e;
    }
}

static enum err more(struct conn *c)
{
    return more_by(c, conn_wait_more);
}

static enum err wait_in_time(struct conn *c, enum io want)
{
    return conn_wait_until(c, want == IO_WANT_WRITE ? SEAM_WRITABLE : SEAM_READABLE,
                           c->deadline_us);
}

enum err conn_await(struct conn *c, unsigned ms)
{
    uint64_t until_us = c->loop->now_us + ms * UINT64_C(1000);

    if (conn_flush(c)) return ERR_GONE;
    while (!conn_buffered(c) && !c->eof) {
        enum io r = conn_fill(c);
        if (r == IO_FAILED) return ERR_GONE;
        if (r == IO_DONE || r == IO_END) return OK;
        enum err e =
            conn_wait_until(c, r == IO_WANT_WRITE ? SEAM_WRITABLE : SEAM_READABLE, until_us);
        if (e) return e;
    }
    return OK;
}

/* The bytes up to and with the first LF, or 0 if there is none yet. Looks at each byte once. */
static size_t line_length(struct conn *c)
{
    if (c->in_searched < c->in_at) c->in_searched = c->in_at;
    if (c->in_searched == c->in_end) return 0;

    size_t at = str_chr((str){ c->in + c->in_searched, c->in_end - c->in_searched }, '\n');
    if (at == STR_NPOS) {
        c->in_searched = c->in_end;
        return 0;
    }
    c->in_searched += (uint32_t)at; /* asking again finds it at once */
    return c->in_searched + 1 - c->in_at;
}

static str consume(struct conn *c, size_t n)
{
    str s = { c->in + c->in_at, n };

    c->in_at += (uint32_t)n;
    c->trace_input = c->trace ? s : (str){ 0 };
    return s;
}

bool conn_line_ready(const struct conn *c)
{
    if (c->gone) return true;
    if (c->handshaking) return false;
    /* Only in_searched changes, which nobody sees. */
    if (line_length((struct conn *)(uintptr_t)c)) return true;
    return c->eof || held(c) >= CONN_PARTIAL_BYTES;
}

bool conn_buffered(const struct conn *c)
{
    return held(c) > 0 || conn_compress_pending(c) || (c->tls && tls_pending(c->tls));
}

/* A line that was too long, by what stood before its LF. */
static enum err too_long(bool cr)
{
    return cr ? ERR_LIMIT : ERR_DENIED;
}

/* Throw away up to and with the next LF, if that comes within so many bytes. Waits. */
static enum err swallow_line(struct conn *c, size_t max)
{
    bool cr = false;
    for (size_t swallowed = 0;;) {
        size_t n = line_length(c), all = n ? n : held(c), text_n = n ? n - 1 : all;
        str s = consume(c, all);
        if (text_n) cr = s.p[text_n - 1] == '\r';
        c->trace_input = (str){ 0 };
        if (n) return too_long(cr);
        swallowed += all;
        if (swallowed > max) return ERR_DENIED;
        if (more(c)) return ERR_GONE;
    }
}

/* The line fills the buffer and may go on: up to max in all. */
static void grow_for_line(struct conn *c, size_t max)
{
    size_t cap = (size_t)c->in_cap * 2;

    if (cap > max + 1) cap = max + 1;
    assert(cap > c->in_cap);
    move_to(c, mem_new(cap), cap, false);
}

static enum err line_within(struct conn *c, size_t max, size_t swallow_max, str *line)
{
    assert(max <= CONN_LINE_BYTES);
    conn_trace_flush(c);
    while (!c->gone) {
        size_t n = line_length(c);
        if (n) {
            str s = consume(c, n);
            if (n > max) return swallow_max ? too_long(str_ends(s, S("\r\n"))) : ERR_DENIED;
            *line = s;
            return OK;
        }
        if (held(c) > max) return swallow_max ? swallow_line(c, max + swallow_max) : ERR_DENIED;
        if (c->in_at == 0 && c->in_end == c->in_cap && c->in_cap >= CONN_INPUT_BYTES)
            grow_for_line(c, max);
        if (more(c)) return ERR_GONE;
    }
    return ERR_GONE;
}

enum err conn_line(struct conn *c, size_t max, str *line)
{
    return line_within(c, max, CONN_SWALLOW_BYTES, line);
}

enum err conn_line_strict(struct conn *c, size_t max, str *line)
{
    return line_within(c, max, 0, line);
}

enum err conn_read(struct conn *c, size_t n, str *bytes)
{
    assert(n);
    conn_trace_flush(c);
    if (c->gone || (held(c) == 0 && more(c))) return ERR_GONE;
    *bytes = consume(c, n < held(c) ? n : held(c));
    return OK;
}

enum err conn_read_in_time(struct conn *c, size_t n, str *bytes)
{
    enum err e = OK;

    assert(n);
    conn_trace_flush(c);
    if (c->gone) return ERR_GONE;
    if (held(c) == 0) e = more_by(c, wait_in_time);
    if (!e) *bytes = consume(c, n < held(c) ? n : held(c));
    return e;
}

void conn_unread(struct conn *c, size_t n)
{
    assert(n <= c->in_at);
    c->in_at -= (uint32_t)n;
    if (c->trace_input.n >= n) c->trace_input.n -= n;
}

enum err conn_skip(struct conn *c, uint64_t n)
{
    str s;

    while (n) {
        enum err e = conn_read(c, n < CONN_INPUT_BYTES ? (size_t)n : CONN_INPUT_BYTES, &s);
        if (e) return e;
        n -= s.n;
    }
    return OK;
}

void conn_discard_input(struct conn *c)
{
    size_t ignored = 0;

    conn_trace_flush(c);
    c->in_at = c->in_end = c->in_searched = 0;
    if (c->in) c->in_used = c->in_cap;
    while (c->tls && tls_pending(c->tls) && c->in) {
        if (tls_read(c->tls, c->in, c->in_cap, &ignored)) return;
    }
}

/* --- the trace ------------------------------------------------------------------------------- */

void conn_trace_flush(struct conn *c)
{
    str s = c->trace_input;
    bool masked = c->masked || c->input_masked;

    c->trace_input = (str){ 0 };
    c->input_masked = false;
    if (c->trace && s.n) c->trace(c->trace_arg, '<', masked ? S("***\r\n") : s);
}

void conn_trace(struct conn *c, conn_trace_fn *fn, void *arg)
{
    c->trace = fn;
    c->trace_arg = arg;
    c->trace_input = (str){ 0 };
}

void conn_trace_mask(struct conn *c, bool masked)
{
    if (c->masked && !masked) conn_trace_flush(c);
    c->masked = masked;
    if (masked) c->input_masked = true;
}

bool conn_line_is_http(str line)
{
    static const str methods[] = { S_INIT("GET "),     S_INIT("POST "),    S_INIT("PUT "),
                                   S_INIT("HEAD "),    S_INIT("OPTIONS "), S_INIT("DELETE "),
                                   S_INIT("CONNECT "), S_INIT("PATCH "),   S_INIT("TRACE ") };
    str text = str_trim(line);
    if (!str_ends(text, S(" HTTP/1.1")) && !str_ends(text, S(" HTTP/1.0"))) return false;
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_starts(text, methods[i])) return true;
    return false;
}
