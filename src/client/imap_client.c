/* imap_client.c - IMAP from the other side: commands out, whole responses in. */
#include "base/limits.h"
#include "client/client_int.h"

struct imap_client {
    struct conn *conn;
    struct client_options options;
    struct buf response; /* the one being read, literals in place */
    struct buf text;     /* the last tagged line */
    unsigned tag;
};

/* --- reading ------------------------------------------------------------------------------------
 */

/* The size of the literal that this line announces at its end: "{123}" CRLF. */
static bool literal_size(str line, uint64_t *size)
{
    str head = str_chomp(line);
    if (!str_ends(head, S("}"))) return false;
    size_t open = str_rchr(head, '{');
    return open != STR_NPOS &&
           str_u64(str_sub(head, open + 1, head.n - open - 2), CLIENT_RESPONSE_BYTES, size);
}

static enum err read_literal(struct imap_client *c, uint64_t n)
{
    while (n) {
        str bytes;
        enum err e = conn_read(c->conn, n, &bytes);
        if (e) return e;
        buf_add(&c->response, bytes);
        n -= bytes.n;
    }
    return OK;
}

/* One response, whole, without its last CRLF. */
static enum err read_response(struct imap_client *c)
{
    uint64_t literal;
    buf_reset(&c->response);
    for (;;) {
        str line;
        enum err e = conn_line(c->conn, CLIENT_LINE_BYTES, &line);
        if (e) return e;
        buf_add(&c->response, line);
        if (!literal_size(line, &literal)) break;
        e = read_literal(c, literal);
        if (e) return e;
    }
    if (c->response.full) return ERR_LIMIT;
    buf_truncate(&c->response, str_chomp(buf_str(&c->response)).n);
    return OK;
}

static enum err tagged(struct imap_client *c, str rest, str *text)
{
    buf_reset(&c->text);
    buf_add(&c->text, rest);
    if (text) *text = buf_str(&c->text);
    if (str_istarts(rest, S("OK"))) return OK;
    return str_istarts(rest, S("NO")) ? ERR_DENIED : ERR_SYNTAX;
}

/* Responses until the tagged one, or until "+" if wanted (ERR_EXISTS). */
static enum err read_until(struct imap_client *c, bool plus, imap_untagged_fn *each, void *arg,
                           str *text)
{
    char tag[16];
    struct buf b = buf_make(sizeof tag);
    buf_addf(&b, "A%04u ", c->tag);
    bytes_copy(tag, sizeof tag, b.p, b.n);
    str want = { tag, b.n };
    buf_free(&b);
    for (;;) {
        enum err e = read_response(c);
        if (e) return e;
        str r = buf_str(&c->response);
        if (str_starts(r, want)) return tagged(c, str_from(r, want.n), text);
        if (plus && str_starts(r, S("+"))) return ERR_EXISTS;
        if (each) each(arg, r);
    }
}

/* --- commands --------------------------------------------------------------------------------- */

static void begin(struct imap_client *c, str command)
{
    conn_deadline(c->conn, c->options.command_ms);
    conn_writef(c->conn, "A%04u ", ++c->tag);
    conn_write(c->conn, command);
    conn_write(c->conn, S("\r\n"));
}

enum err imap_client_command(struct imap_client *c, str command, imap_untagged_fn *each, void *arg,
                             str *text)
{
    begin(c, command);
    enum err e = conn_flush(c->conn);
    return e ? e : read_until(c, false, each, arg, text);
}

enum err imap_client_append(struct imap_client *c, str arguments, str message, str *text)
{
    struct buf head = buf_make(CLIENT_LINE_BYTES);
    buf_addf(&head, "APPEND %.*s {%zu}", STR_ARG(arguments), message.n);
    begin(c, buf_str(&head));
    buf_free(&head);
    enum err e = conn_flush(c->conn);
    if (!e) e = read_until(c, true, NULL, NULL, text);
    if (e != ERR_EXISTS) return e ? e : ERR_SYNTAX;
    conn_write(c->conn, message);
    conn_write(c->conn, S("\r\n"));
    e = conn_flush(c->conn);
    return e ? e : read_until(c, false, NULL, NULL, text);
}

static void quoted(struct buf *out, str s)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

enum err imap_client_login(struct imap_client *c, str user, str password, str *text)
{
    struct buf line = buf_make(CLIENT_LINE_BYTES);
    buf_add(&line, S("LOGIN "));
    quoted(&line, user);
    buf_addc(&line, ' ');
    quoted(&line, password);
    enum err e = client_is_line(&line) ? conn_flush(c->conn) : ERR_SYNTAX;
    if (!e) {
        conn_trace_mask(c->conn, true); /* the secret, not the answer */
        begin(c, buf_str(&line));
        conn_trace_mask(c->conn, false);
        e = conn_flush(c->conn);
    }
    bytes_wipe(line.p, line.n);
    buf_free(&line);
    return e ? e : read_until(c, false, NULL, NULL, text);
}

/* --- IDLE ------------------------------------------------------------------------------------- */

static enum err idle_wait(struct imap_client *c, unsigned ms, imap_untagged_fn *each, void *arg)
{
    enum err e = conn_await(c->conn, ms);
    if (e) return e;
    conn_deadline(c->conn, c->options.command_ms);
    e = read_response(c);
    if (!e) each(arg, buf_str(&c->response));
    return e;
}

enum err imap_client_idle(struct imap_client *c, unsigned ms, imap_untagged_fn *each, void *arg)
{
    begin(c, S("IDLE"));
    enum err e = conn_flush(c->conn);
    if (!e) e = read_until(c, true, each, arg, NULL);
    if (e != ERR_EXISTS) return e ? e : ERR_SYNTAX;
    enum err heard = idle_wait(c, ms, each, arg);
    if (heard && heard != ERR_LATER) return heard;
    conn_deadline(c->conn, c->options.command_ms);
    conn_write(c->conn, S("DONE\r\n"));
    e = conn_flush(c->conn);
    if (!e) e = read_until(c, false, each, arg, NULL);
    return e ? e : heard;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static enum err open_steps(struct imap_client *c)
{
    enum err e = read_response(c);
    if (!e && !str_istarts(buf_str(&c->response), S("* OK")) &&
        !str_istarts(buf_str(&c->response), S("* PREAUTH")))
        e = ERR_DENIED;
    if (e || c->options.tls != CLIENT_STARTTLS) return e;
    e = imap_client_command(c, S("STARTTLS"), NULL, NULL, NULL);
    return e ? e : client_upgrade(c->conn, &c->options);
}

enum err imap_client_open(const struct client_options *o, struct arena *a, struct imap_client **out)
{
    struct imap_client *c = ARENA_NEW(a, struct imap_client);
    if (!c) return ERR_LIMIT;
    *c = (struct imap_client){ .options = *o,
                               .response = buf_make(CLIENT_RESPONSE_BYTES),
                               .text = buf_make(CLIENT_LINE_BYTES) };
    enum err e = client_connect(o, &c->conn);
    if (e) return e;
    e = open_steps(c);
    if (e) {
        conn_close(c->conn);
        buf_free(&c->response);
        buf_free(&c->text);
        return e;
    }
    *out = c;
    return OK;
}

struct conn *imap_client_conn(struct imap_client *c)
{
    return c->conn;
}

void imap_client_close(struct imap_client *c)
{
    enum err e = imap_client_command(c, S("LOGOUT"), NULL, NULL, NULL);
    (void)e; /* the end is the end, said or not */
    conn_close(c->conn);
    buf_free(&c->response);
    buf_free(&c->text);
}
