/* talk.c - someone with a bare connection who types SMTP. */
#include "demo/people.h"

static bool read_reply(struct talk *t)
{
    str line;
    buf_reset(&t->reply);
    do {
        if (conn_line(t->conn, 4096, &line)) return false;
        buf_add(&t->reply, line);
    } while (line.n > 3 && line.p[3] == '-');
    conn_write(t->conn, (str){ 0 }); /* shows the last line now */
    wire_end(&t->wire);
    return true;
}

bool talk_open(struct talk *t, struct demo *d, struct server *s, int port)
{
    struct connect_options o = { .to = address_of(d, s, port), .connect_ms = DEMO_WAIT_MS };
    t->reply = buf_make(16384);
    if (conn_connect(&o, &t->conn, NULL)) {
        t->conn = NULL;
        return false;
    }
    conn_trace(t->conn, wire_trace, &t->wire);
    conn_deadline(t->conn, DEMO_WAIT_MS);
    return read_reply(t);
}

bool talk_say(struct talk *t, const char *line, const char *expected)
{
    if (!t->conn) return false;
    conn_deadline(t->conn, DEMO_WAIT_MS);
    conn_write(t->conn, str_of(line));
    conn_write(t->conn, S("\r\n"));
    if (conn_flush(t->conn) || !read_reply(t)) return false;
    return str_starts(buf_str(&t->reply), str_of(expected));
}

void talk_close(struct talk *t)
{
    if (t->conn) conn_close(t->conn);
    t->conn = NULL;
    wire_end(&t->wire);
    buf_free(&t->reply);
}
