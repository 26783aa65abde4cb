/* conn_output.c - what we send: gathered, and sent when full, when waiting, and when a burst ends.
 */
#include "run/conn.h"

#include <assert.h>
#include <errno.h>

#include "base/metric.h"
#include "run/conn_int.h"

static enum io socket_write(struct conn *c, const char *p, size_t n, size_t *sent)
{
    ssize_t r = seam_send(c->loop->seam, c->watch.handle, p, n);

    if (r == -EAGAIN || r == -EINTR) return IO_WANT_WRITE;
    if (r < 0) return IO_FAILED;
    *sent = (size_t)r;
    return IO_DONE;
}

enum io conn_push(struct conn *c)
{
    if (c->gone) return IO_FAILED;
    if (c->out_at == c->out.n) return IO_DONE;

    enum io r = conn_secure(c);
    while (r == IO_DONE && c->out_at < c->out.n) {
        size_t sent = 0;
        str s = conn_unsent(c);
        r = c->tls ? tls_write(c->tls, s.p, s.n, &sent) : socket_write(c, s.p, s.n, &sent);
        c->out_at += sent;
        c->bytes_out += sent;
        metric_add(METRIC_BYTES_OUT, sent);
    }
    if (r == IO_END || r == IO_FAILED) c->gone = true;
    if (r == IO_DONE || c->gone) {
        buf_reset(&c->out);
        c->out_at = 0;
        conn_compress_sent(c);
    }
    return r;
}

enum err conn_flush(struct conn *c)
{
    conn_trace_flush(c);
    for (;;) {
        enum io r = conn_push(c);
        if (r == IO_DONE) return OK;
        if (c->gone) return ERR_GONE;
        if (conn_wait_io(c, r) != 0) return ERR_GONE;
    }
}

bool conn_gone(const struct conn *c)
{
    return c->gone;
}

/* What is being written while nobody may wait has to fit. */
static void make_room(struct conn *c)
{
    if (!fiber_self()) {
        c->gone = true;
        return;
    }
    enum err e = conn_flush(c);
    (void)e; /* c->gone says it too */
}

static void trace_output(struct conn *c, str s)
{
    if (c->trace && s.n) c->trace(c->trace_arg, '>', c->masked ? S("***\r\n") : s);
}

void conn_write(struct conn *c, str bytes)
{
    conn_trace_flush(c);
    if (!c->gone) trace_output(c, bytes);
    while (bytes.n && !c->gone) {
        size_t room = c->out.n < CONN_OUTPUT_BYTES ? CONN_OUTPUT_BYTES - c->out.n : 0;
        if (room == 0) {
            make_room(c);
            continue;
        }
        buf_add(&c->out, str_take(bytes, room));
        bytes = str_from(bytes, room);
    }
}

void conn_writef(struct conn *c, const char *format, ...)
{
    size_t before = c->out.n;
    va_list args;

    conn_trace_flush(c);
    if (c->gone) return;
    va_start(args, format);
    buf_addv(&c->out, format, args);
    va_end(args);
    if (c->out.full || c->out.n > CONN_OUTPUT_BYTES) { /* again, with the whole buffer to itself */
        buf_truncate(&c->out, before);
        c->out.full = false;
        make_room(c);
        if (c->gone) return;
        before = 0;
        va_start(args, format);
        buf_addv(&c->out, format, args);
        va_end(args);
        assert(!c->out.full && "a single conn_writef is shorter than CONN_OUTPUT_BYTES");
    }
    trace_output(c, str_from(buf_str(&c->out), before));
}
