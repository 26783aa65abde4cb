/* control.c - the control socket: a request as counted words, an answer as one counted text.
 *
 *     request:  COUNT LF, then each word and at last the secret as SIZE LF bytes
 *     answer:   ERR SIZE LF bytes
 *
 * A request that moves mail or checks the store (stream.c) is answered so too, and then goes on in
 * its own way.
 *
 * The socket is in the data folder with mode 0600: who may open it may also read the store.
 */
#include "admin/stream_int.h"
#include "base/limits.h"

enum {
    WORDS_MAX = 16,
    ANSWER_BYTES = 64 * 1024 * 1024, /* a queue of 100,000 messages is listed in 20 MiB */
    REQUEST_MS = 10 * 60 * 1000,     /* compaction of a large store */
    CONNECT_MS = 2000,
};

struct control {
    struct conn *conn;
    struct admin *admin;
};

static void *control_open(void *listener_arg, struct conn *c)
{
    struct control *s = MEM_NEW(struct control);
    *s = (struct control){ .conn = c, .admin = listener_arg };
    conn_class(c, FIBER_SYSTEM);
    conn_park_for(c, CONNECT_MS);
    return s;
}

static void control_closed(void *session)
{
    mem_free(session);
}

static enum err read_request(struct conn *c, struct arena *a, struct admin_request *r)
{
    uint64_t n;
    enum err e = stream_number(c, WORDS_MAX, &n);
    if (e) return e;
    str *words = ARENA_ARRAY(a, n + 1, str);
    if (!words) return ERR_LIMIT;
    for (size_t i = 0; i < n && !e; i++)
        e = stream_read_word(c, a, &words[i]);
    *r = (struct admin_request){ .words = words, .n = n };
    return e ? e : stream_read_word(c, a, &r->secret);
}

static enum serve control_serve(void *session, enum conn_why why)
{
    struct control *s = session;
    if (why == CONN_STARTED) return SERVE_PARK;
    if (why != CONN_INPUT) return SERVE_CLOSE;

    conn_deadline(s->conn, REQUEST_MS);
    struct arena a = arena_make(2 * WORDS_MAX * ADMIN_WORD_BYTES);
    struct buf out = buf_make(ANSWER_BYTES);
    struct admin_request r;
    enum err e = read_request(s->conn, &a, &r);
    if (!e && stream_find(&r)) {
        stream_find (&r)(s->admin, s->conn, &r);
    } else if (!e) {
        e = admin_run(s->admin, &r, &out);
        conn_writef(s->conn, "%d %zu\n", e, out.n);
        conn_write(s->conn, buf_str(&out));
        (void)!conn_flush(s->conn); /* who asked may have gone: the work is done all the same */
    }
    buf_free(&out);
    arena_wipe(&a); /* a password, perhaps */
    return SERVE_CLOSE;
}

const struct conn_handler admin_handler = {
    .open = control_open,
    .serve = control_serve,
    .closed = control_closed,
};

/* --- the client side -------------------------------------------------------------------------- */

enum err stream_answer(struct conn *c, struct buf *out, enum err *result)
{
    str line, code;
    enum err e = conn_line(c, 64, &line);
    if (e) return e;
    line = str_chomp(line);
    uint64_t err, n;
    if (!str_split(&line, ' ', &code) || !str_u64(code, ERR_CORRUPT, &err) ||
        !str_u64(line, ANSWER_BYTES, &n))
        return ERR_SYNTAX;
    *result = (enum err)err;
    return stream_bytes(c, n, out);
}

enum err stream_ask(const struct netaddr *socket, const struct admin_request *r, struct conn **out)
{
    struct conn *c;
    struct connect_options o = { .to = *socket, .connect_ms = CONNECT_MS };
    if (conn_connect(&o, &c, NULL)) return ERR_NOTFOUND;

    conn_deadline(c, REQUEST_MS);
    conn_writef(c, "%zu\n", r->n);
    for (size_t i = 0; i < r->n; i++)
        stream_word(c, r->words[i]);
    stream_word(c, r->secret);
    *out = c;
    return OK;
}

const str admin_gone_text =
    S_INIT("the server closed the control socket without an answer: it is stopping, or has as many "
           "requests open as it takes; try again\n");

enum err admin_call(const struct netaddr *socket, const struct admin_request *r, struct buf *out,
                    enum err *result)
{
    struct conn *c;
    enum err e = stream_ask(socket, r, &c);
    if (e) return e;
    e = conn_flush(c);
    if (!e) e = stream_answer(c, out, result);
    if (e == ERR_GONE && !out->n) buf_add(out, admin_gone_text);
    conn_close(c);
    return e;
}
