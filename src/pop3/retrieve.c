/* retrieve.c - RETR and TOP: a message's lines, dot-stuffed, streamed at the client's pace. */
#include "pop3/session_int.h"

struct lines {
    struct conn *conn;
    bool start;          /* the next byte begins a line */
    bool in_body;        /* past the empty line that ends the header */
    bool blank;          /* nothing but CR in this line so far */
    uint64_t body_lines; /* still wanted; UINT64_MAX: all */
};

/* Writes one piece of a line; RFC 1939 3: a dot that begins a line is doubled. */
static void write_piece(struct lines *l, str piece)
{
    if (l->start && str_starts(piece, S("."))) conn_write(l->conn, S("."));
    conn_write(l->conn, piece);
}

/* True while more is wanted. */
static bool line_part(struct lines *l, str piece, bool whole)
{
    if (l->in_body && !l->body_lines) return false;
    write_piece(l, piece);
    l->blank = (l->start || l->blank) &&
               (str_eq(piece, S("\r\n")) || str_eq(piece, S("\n")) || str_eq(piece, S("\r")));
    if (whole && l->in_body && l->body_lines != UINT64_MAX) l->body_lines--;
    if (whole && l->blank) l->in_body = true;
    l->start = whole;
    return true;
}

static bool write_lines(struct lines *l, str bytes)
{
    while (bytes.n) {
        size_t end = str_chr(bytes, '\n');
        bool whole = end != STR_NPOS;
        str piece = whole ? str_take(bytes, end + 1) : bytes;
        if (!line_part(l, piece, whole)) return false;
        bytes = str_from(bytes, piece.n);
    }
    return true;
}

static enum err stream(struct pop3 *s, struct body_reader *body, struct lines *l)
{
    uint64_t size = body_reader_size(body);
    bool more = true;
    for (uint64_t at = 0; at < size && more;) {
        str bytes;
        enum err e = body_read(body, at, POP3_READ_BYTES, &bytes);
        if (e) return e;
        at += bytes.n;
        more = write_lines(l, bytes);
        if (conn_gone(s->conn)) return ERR_GONE;
        conn_deadline(s->conn, s->stay.over ? 0 : (unsigned)s->server->settings->command_ms);
    }
    return OK;
}

/* Once +OK is said there is no way to take it back: a failure in the middle ends the connection,
 * so that the client does not believe it has the whole. */
static void give(struct pop3 *s, struct pop3_message *m, uint64_t body_lines)
{
    struct body_reader *body;
    enum err e = body_open(store_engine(s->server->store), m->blob, &body);
    if (e) {
        pop3_err(s, e == ERR_NOTFOUND ? "the message is gone"
                                      : "[SYS/TEMP] the message cannot be read now");
        return;
    }
    pop3_ok(s, "%llu bytes", (unsigned long long)m->size_bytes);
    struct lines l = { .conn = s->conn, .start = true, .body_lines = body_lines };
    e = stream(s, body, &l);
    body_close(body);
    if (e) {
        s->ended = true;
        return;
    }
    if (!l.start) conn_write(s->conn, S("\r\n"));
    conn_write(s->conn, S(".\r\n"));
}

void pop3_retr(struct pop3 *s, str args)
{
    struct pop3_message *m = maildrop_message(s, args);
    if (!m) return;
    give(s, m, UINT64_MAX);
    if (s->ended || !m->journey.n) return;
    struct buf who = buf_make(160);
    buf_add(&who, S("whole, over pop3, to "));
    netaddr_text(conn_peer(s->conn), &who);
    store_journey_note(s->server->store, m->journey, "fetched", buf_str(&who));
    buf_free(&who);
}

void pop3_top(struct pop3 *s, str args)
{
    str rest = args, number;
    uint64_t lines;
    if (!str_split(&rest, ' ', &number) || !str_u64(rest, UINT32_MAX, &lines)) {
        pop3_bad(s, "TOP wants a message number and a number of lines");
        return;
    }
    struct pop3_message *m = maildrop_message(s, number);
    if (m) give(s, m, lines);
}
