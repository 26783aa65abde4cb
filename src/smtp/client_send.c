/* client_send.c - one outgoing transaction: MAIL, RCPTs, the message, and who took it.
 *
 * RFC 5321 3.3, 4.1.1, 4.5.2 (transparency); RFC 2920 (pipelining); RFC 3030 (BDAT); RFC 3461
 * (DSN).
 */
#include "base/codec.h"
#include "mail/address.h"
#include "smtp/client_int.h"
#include "store/store.h"

enum { RCPTS_AT_ONCE = 100 }; /* pipelined before we read: their replies fit any socket buffer */

/* --- what the peer cannot take ---------------------------------------------------------------- */

static enum err refuse(struct smtp_reply *reply, unsigned code, str enhanced, str text)
{
    *reply = (struct smtp_reply){ .code = code, .enhanced = enhanced, .text = text };
    return ERR_LIMIT;
}

static enum err fits(const struct smtp_client *c, const struct smtp_client_message *m,
                     struct smtp_reply *reply)
{
    unsigned has = c->extensions;
    if (c->size_max && m->size_bytes > c->size_max)
        return refuse(reply, 552, S("5.3.4"),
                      S("5.3.4 the message is larger than the next server takes"));
    if ((m->utf8 || !str_is_ascii(m->sender)) && !(has & EXT_SMTPUTF8))
        return refuse(reply, 550, S("5.6.7"),
                      S("5.6.7 the next server does not take internationalised addresses"));
    if (m->binary && (!(has & EXT_CHUNKING) || !(has & EXT_BINARYMIME)))
        return refuse(reply, 550, S("5.6.3"), S("5.6.3 the next server does not take binary mail"));
    if (m->eight_bit && !(has & EXT_8BITMIME))
        return refuse(reply, 550, S("5.6.3"), S("5.6.3 the next server does not take 8-bit mail"));
    if (m->require_tls && !(has & EXT_REQUIRETLS))
        return refuse(reply, 550, S("5.7.30"),
                      S("5.7.30 the next server does not promise TLS onwards"));
    if (m->by && !m->by_notify && !(has & EXT_DELIVERBY))
        return refuse(reply, 550, S("5.3.3"),
                      S("5.3.3 the next server does not promise to deliver in time (DELIVERBY)"));
    return OK;
}

/* --- MAIL and RCPT ---------------------------------------------------------------------------- */

/* An address beyond ASCII makes the whole transaction an internationalised one. RFC 6531 3.4. */
static bool needs_utf8(const struct smtp_client_message *m)
{
    bool needs = m->utf8 || !str_is_ascii(m->sender);
    for (size_t i = 0; i < m->n && !needs; i++)
        needs = !str_is_ascii(m->rcpts[i].address);
    return needs;
}

/* What is asked of the time and the order of delivery. RFC 2852, RFC 6710. */
static void urgency_parameters(const struct smtp_client *c, const struct smtp_client_message *m,
                               struct buf *b)
{
    if (m->by && c->extensions & EXT_DELIVERBY)
        buf_addf(b, " BY=%lld;%s%s", (long long)m->by_s, m->by_notify ? "N" : "R",
                 m->by_trace ? "T" : "");
    if (m->priority && c->extensions & EXT_PRIORITY) buf_addf(b, " MT-PRIORITY=%d", m->priority);
}

static void mail_line(const struct smtp_client *c, const struct smtp_client_message *m,
                      struct buf *b)
{
    buf_addf(b, "MAIL FROM:<%.*s>", STR_ARG(m->sender));
    if (c->extensions & EXT_SIZE) buf_addf(b, " SIZE=%llu", (unsigned long long)m->size_bytes);
    if (m->binary)
        buf_add(b, S(" BODY=BINARYMIME"));
    else if (m->eight_bit)
        buf_add(b, S(" BODY=8BITMIME"));
    if (needs_utf8(m) && c->extensions & EXT_SMTPUTF8) buf_add(b, S(" SMTPUTF8"));
    if (m->require_tls) buf_add(b, S(" REQUIRETLS"));
    urgency_parameters(c, m, b);
    if (!(c->extensions & EXT_DSN)) return;
    if (m->dsn_ret) buf_add(b, m->ret_full ? S(" RET=FULL") : S(" RET=HDRS"));
    if (m->envid.n) {
        buf_add(b, S(" ENVID="));
        xtext_encode(b, m->envid);
    }
}

static const struct {
    unsigned bit;
    str word;
} notifies[] = {
    { NOTIFY_NEVER, S_INIT("NEVER") },
    { NOTIFY_SUCCESS, S_INIT("SUCCESS") },
    { NOTIFY_FAILURE, S_INIT("FAILURE") },
    { NOTIFY_DELAY, S_INIT("DELAY") },
};

static void notify_parameter(unsigned notify, struct buf *b)
{
    char sep = '=';
    if (!notify) return;
    buf_add(b, S(" NOTIFY"));
    for (size_t i = 0; i < COUNT_OF(notifies); i++)
        if (notify & notifies[i].bit) {
            buf_addc(b, sep);
            buf_add(b, notifies[i].word);
            sep = ',';
        }
}

static void rcpt_line(const struct smtp_client *c, const struct smtp_client_rcpt *r, bool utf8,
                      struct buf *b)
{
    buf_addf(b, "RCPT TO:<%.*s>", STR_ARG(r->address));
    if (!(c->extensions & EXT_DSN)) return;
    notify_parameter(r->notify, b);
    size_t semicolon = str_chr(r->orcpt, ';');
    if (semicolon == STR_NPOS) return;
    str type = str_take(r->orcpt, semicolon), text = str_from(r->orcpt, semicolon + 1);
    buf_addf(b, " ORCPT=%.*s;", STR_ARG(type));
    if (str_ieq(type, S("utf-8"))) /* RFC 6533 3 */
        address_utf8_xtext(b, text, !utf8);
    else
        xtext_encode(b, text);
}

/* The last door before the wire: whatever a stored field holds, it cannot end the line. */
static enum err write_command(struct smtp_client *c, struct buf *line)
{
    bool bad = line->full || str_has(buf_str(line), '\r') || str_has(buf_str(line), '\n') ||
               str_has(buf_str(line), '\0');
    if (!bad) client_write_line(c, buf_str(line));
    buf_reset(line);
    return bad ? ERR_LIMIT : OK;
}

static enum err flush(struct smtp_client *c)
{
    conn_deadline(c->conn, c->options.command_ms);
    if (!conn_flush(c->conn)) return OK;
    return client_lost(c, S("the server ended the connection"));
}

static enum err rcpt_reply(struct smtp_client *c, struct smtp_client_rcpt *r)
{
    enum err e = client_reply(c, c->options.command_ms, &r->reply);
    if (e == ERR_GONE) return e;
    r->accepted = !e;
    return OK;
}

/* Written as it is to a server that does not know it, an address would be garbled or lost. */
static bool can_name(const struct smtp_client *c, struct smtp_client_rcpt *r)
{
    if (c->extensions & EXT_SMTPUTF8 || str_is_ascii(r->address)) return true;
    (void)refuse(&r->reply, 553, S("5.6.7"),
                 S("5.6.7 the next server does not take internationalised addresses"));
    return false;
}

/* Some recipients that are named in one flight, and which of them were. */
struct flight {
    struct smtp_client_rcpt *rcpts;
    size_t n;
    bool said[RCPTS_AT_ONCE];
};

/* An address that no command line can hold is refused by ourselves; the others go on. */
static void say_rcpts(struct smtp_client *c, struct flight *f, bool utf8, struct buf *line)
{
    for (size_t i = 0; i < f->n; i++) {
        f->said[i] = can_name(c, &f->rcpts[i]);
        if (!f->said[i]) continue;
        rcpt_line(c, &f->rcpts[i], utf8, line);
        f->said[i] = !write_command(c, line);
        if (!f->said[i])
            (void)refuse(&f->rcpts[i].reply, 553, S("5.1.3"),
                         S("5.1.3 the recipient's address cannot be written"));
    }
}

static enum err hear_rcpts(struct smtp_client *c, const struct flight *f)
{
    enum err e = OK;
    c->step = S("RCPT");
    for (size_t i = 0; i < f->n && !e; i++)
        if (f->said[i]) e = rcpt_reply(c, &f->rcpts[i]);
    return e;
}

static struct flight flight_from(const struct smtp_client_message *m, size_t at, size_t most)
{
    size_t n = m->n - at;
    return (struct flight){ .rcpts = m->rcpts + at, .n = n < most ? n : most };
}

/* MAIL and the first recipients go together where the peer takes it (RFC 2920 3.1). */
static enum err envelope(struct smtp_client *c, const struct smtp_client_message *m,
                         struct buf *line, struct smtp_reply *reply)
{
    bool utf8 = needs_utf8(m) && c->extensions & EXT_SMTPUTF8; /* as MAIL says */
    bool together = c->extensions & EXT_PIPELINING;
    struct flight f = flight_from(m, 0, together ? RCPTS_AT_ONCE : 0);
    mail_line(c, m, line);
    if (write_command(c, line))
        return refuse(reply, 550, S("5.1.7"), S("5.1.7 the sender's address cannot be written"));
    say_rcpts(c, &f, utf8, line);
    c->step = S("MAIL");
    enum err e = flush(c), heard = OK;
    if (!e) e = client_reply(c, c->options.command_ms, reply);
    if (e != ERR_GONE) heard = hear_rcpts(c, &f); /* also what answers come after a refusal */
    if (!e) e = heard;
    for (size_t at = f.n; at < m->n && !e; at += f.n) {
        f = flight_from(m, at, together ? RCPTS_AT_ONCE : 1);
        say_rcpts(c, &f, utf8, line);
        c->step = S("RCPT");
        e = flush(c);
        if (!e) e = hear_rcpts(c, &f);
    }
    return e;
}

/* --- the message ------------------------------------------------------------------------------ */

/* RFC 5321 4.5.2: a dot that begins a line is doubled. *start says whether the next byte begins
 * one. */
static void write_stuffed(struct conn *c, str bytes, bool *start)
{
    size_t from = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        if (*start && bytes.p[i] == '.') {
            conn_write(c, str_sub(bytes, from, i - from));
            conn_write(c, S("."));
            from = i;
        }
        *start = bytes.p[i] == '\n';
    }
    conn_write(c, str_from(bytes, from));
}

/* The message cannot be read to its end. Without the end the peer must forget it (RFC 5321
 * 4.1.1.4), and nothing else can be said to it. */
static enum err cut(struct smtp_client *c, enum err e, struct smtp_reply *reply)
{
    c->broken = true;
    if (e == ERR_GONE) return e;
    (void)refuse(reply, 451, S("4.3.0"), S("4.3.0 the message cannot be read now"));
    return ERR_LATER;
}

static enum err data(struct smtp_client *c, const struct smtp_client_message *m,
                     struct smtp_reply *reply)
{
    bool end = false, start = true;
    c->step = S("the message");
    while (!end) {
        str bytes;
        enum err e = m->source(m->source_arg, &bytes, &end);
        if (e) return cut(c, e, reply);
        conn_deadline(c->conn, c->options.data_ms);
        write_stuffed(c->conn, bytes, &start);
        if (conn_gone(c->conn)) return flush(c);
    }
    c->undecided = true;
    c->step = S("the end of the message");
    conn_write(c->conn, start ? S(".\r\n") : S("\r\n.\r\n"));
    return flush(c);
}

static enum err chunk(struct smtp_client *c, str bytes, bool end, struct smtp_reply *reply)
{
    conn_deadline(c->conn, c->options.data_ms);
    c->undecided = end;
    c->step = end ? S("the end of the message") : S("the message");
    conn_writef(c->conn, "BDAT %zu%s\r\n", bytes.n, end ? " LAST" : "");
    conn_write(c->conn, bytes);
    enum err e = flush(c);
    if (e || end) return e;
    return client_reply(c, c->options.data_ms, reply);
}

static enum err bdat(struct smtp_client *c, const struct smtp_client_message *m,
                     struct smtp_reply *reply)
{
    bool end = false;
    while (!end) {
        str bytes;
        enum err e = m->source(m->source_arg, &bytes, &end);
        if (e) return cut(c, e, reply);
        e = chunk(c, bytes, end, reply);
        if (e) return e;
    }
    return OK;
}

static void settle(struct smtp_client_rcpt *r, const struct smtp_client *c,
                   const struct smtp_reply *reply, bool taken)
{
    r->reply = *reply;
    r->accepted = taken;
    r->dsn_relayed = taken && c->extensions & EXT_DSN;
}

static void settle_all(const struct smtp_client *c, const struct smtp_client_message *m,
                       const struct smtp_reply *reply, bool taken)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->rcpts[i].accepted) settle(&m->rcpts[i], c, reply, taken);
}

/* One reply for all; in LMTP one for each recipient that was accepted (RFC 2033 4.2). */
static enum err verdict(struct smtp_client *c, const struct smtp_client_message *m,
                        struct smtp_reply *reply)
{
    if (!c->options.lmtp) {
        enum err e = client_reply(c, c->options.end_ms, reply);
        settle_all(c, m, reply, !e);
        c->undecided = e == ERR_GONE;
        return e == ERR_GONE ? e : OK;
    }
    for (size_t i = 0; i < m->n; i++) {
        if (!m->rcpts[i].accepted) continue;
        enum err e = client_reply(c, c->options.end_ms, reply);
        settle(&m->rcpts[i], c, reply, !e);
        if (e == ERR_GONE) return e;
        m->rcpts[i].decided = true;
    }
    c->undecided = false;
    return OK;
}

static enum err transfer(struct smtp_client *c, const struct smtp_client_message *m,
                         struct smtp_reply *reply)
{
    enum err e;
    if (m->binary) {
        e = bdat(c, m, reply);
    } else {
        e = client_data(c, reply);
        if (!e) e = data(c, m, reply);
    }
    if (e == ERR_LATER || e == ERR_DENIED) {
        settle_all(c, m, reply, false);
        return OK;
    }
    return e ? e : verdict(c, m, reply);
}

static bool any_accepted(const struct smtp_client_message *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->rcpts[i].accepted) return true;
    return false;
}

enum err smtp_client_send(struct smtp_client *c, const struct smtp_client_message *m,
                          struct smtp_reply *reply)
{
    if (c->broken) return ERR_GONE;
    for (size_t i = 0; i < m->n; i++)
        m->rcpts[i].accepted = m->rcpts[i].dsn_relayed = m->rcpts[i].decided = false;

    struct buf line = buf_make(SMTP_LINE_BYTES);
    enum err e = fits(c, m, reply);
    if (!e) e = envelope(c, m, &line, reply);
    buf_free(&line);
    if (!e && any_accepted(m)) return transfer(c, m, reply);
    if (e && e != ERR_GONE)
        for (size_t i = 0; i < m->n; i++)
            settle(&m->rcpts[i], c, reply, false);
    /* Nobody took it: the transaction that MAIL opened is closed again. */
    if (e != ERR_GONE && e != ERR_LIMIT && smtp_client_reset(c)) c->broken = true;
    return e;
}
