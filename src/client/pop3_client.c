/* pop3_client.c - POP3 from the other side: a command, its status line, and its lines. */
#include "base/limits.h"
#include "client/client_int.h"
#include "client/pop3_client.h"

struct pop3_client {
    struct conn *conn;
    struct client_options options;
    struct buf text; /* the last status line */
};

static enum err read_status(struct pop3_client *c, str *text)
{
    str line;
    enum err e = conn_line(c->conn, CLIENT_LINE_BYTES, &line);
    if (e) return e;
    bool good = str_starts(line, S("+OK"));
    if (!good && !str_starts(line, S("-ERR"))) return ERR_SYNTAX;
    buf_reset(&c->text);
    buf_add(&c->text, str_trim(str_from(line, good ? 3 : 4)));
    if (text) *text = buf_str(&c->text);
    return good ? OK : ERR_DENIED;
}

/* Lines until the one with only a dot; doubled dots are single again (RFC 1939 3). */
static enum err read_lines(struct pop3_client *c, struct buf *body)
{
    for (;;) {
        str line;
        enum err e = conn_line(c->conn, CLIENT_LINE_BYTES, &line);
        if (e) return e;
        if (str_eq(line, S(".\r\n"))) return body->full ? ERR_LIMIT : OK;
        buf_add(body, str_starts(line, S(".")) ? str_from(line, 1) : line);
    }
}

static void begin(struct pop3_client *c, str command)
{
    conn_deadline(c->conn, c->options.command_ms);
    conn_write(c->conn, command);
    conn_write(c->conn, S("\r\n"));
}

enum err pop3_client_command(struct pop3_client *c, str command, struct buf *body, str *text)
{
    begin(c, command);
    enum err e = conn_flush(c->conn);
    if (!e) e = read_status(c, text);
    if (!e && body) e = read_lines(c, body);
    return e;
}

static enum err pass(struct pop3_client *c, str password, str *text)
{
    struct buf line = buf_make(CLIENT_LINE_BYTES);
    buf_add(&line, S("PASS "));
    buf_add(&line, password);
    enum err e = client_is_line(&line) ? conn_flush(c->conn) : ERR_SYNTAX;
    if (!e) {
        conn_trace_mask(c->conn, true); /* the secret, not the answer */
        begin(c, buf_str(&line));
        conn_trace_mask(c->conn, false);
        e = conn_flush(c->conn);
    }
    bytes_wipe(line.p, line.n);
    buf_free(&line);
    return e ? e : read_status(c, text);
}

enum err pop3_client_login(struct pop3_client *c, str user, str password, str *text)
{
    struct buf line = buf_make(CLIENT_LINE_BYTES);
    buf_add(&line, S("USER "));
    buf_add(&line, user);
    enum err e =
        client_is_line(&line) ? pop3_client_command(c, buf_str(&line), NULL, text) : ERR_SYNTAX;
    buf_free(&line);
    return e ? e : pass(c, password, text);
}

static enum err open_steps(struct pop3_client *c)
{
    enum err e = read_status(c, NULL);
    if (e || c->options.tls != CLIENT_STARTTLS) return e;
    e = pop3_client_command(c, S("STLS"), NULL, NULL);
    return e ? e : client_upgrade(c->conn, &c->options);
}

enum err pop3_client_open(const struct client_options *o, struct arena *a, struct pop3_client **out)
{
    struct pop3_client *c = ARENA_NEW(a, struct pop3_client);
    if (!c) return ERR_LIMIT;
    *c = (struct pop3_client){ .options = *o, .text = buf_make(CLIENT_LINE_BYTES) };
    enum err e = client_connect(o, &c->conn);
    if (e) return e;
    e = open_steps(c);
    if (e) {
        conn_close(c->conn);
        buf_free(&c->text);
        return e;
    }
    *out = c;
    return OK;
}

struct conn *pop3_client_conn(struct pop3_client *c)
{
    return c->conn;
}

void pop3_client_close(struct pop3_client *c, bool quit)
{
    if (quit) {
        enum err e = pop3_client_command(c, S("QUIT"), NULL, NULL);
        (void)e; /* whether it was answered, the caller who must know asks with a command of its own
                  */
    }
    conn_close(c->conn);
    buf_free(&c->text);
}
