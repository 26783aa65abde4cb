/* intake.c - a message on its way in: scanned, its header mended, stored, answered.
 *
 * The header is gathered (at most SMTP_HEADER_BYTES), mended and written; after it bytes stream to
 * the store and past the card as they come. The first thing that goes wrong is remembered and ends
 * the storing; the bytes are still read to their end, and then the answer says it.
 */
#include "base/budget.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "mail/card.h"
#include "mail/header.h"
#include "smtp/header_fix_int.h"
#include "smtp/smtp_int.h"

enum fault {
    FAULT_NONE,
    FAULT_BARE_CR,
    FAULT_BARE_LF,
    FAULT_NUL,
    FAULT_LINE,
    FAULT_SIZE,
    FAULT_HEADER,
    FAULT_HOPS,
    FAULT_FROM,
    FAULT_ROOM,
};

/* clang-format off */
static const struct { unsigned code; const char *enhanced; str text; } answers[] = {
    [FAULT_NONE]    = { 250, "2.0.0", S_INIT("ok") },
    [FAULT_BARE_CR] = { 550, "5.6.0", S_INIT("message holds a CR without LF; lines end in CRLF (RFC 5321 2.3.8)") },
    [FAULT_BARE_LF] = { 550, "5.6.0", S_INIT("message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)") },
    [FAULT_NUL]     = { 550, "5.6.0", S_INIT("message holds a NUL byte") },
    [FAULT_LINE]    = { 550, "5.6.0", S_INIT("message holds a line that is too long") },
    [FAULT_SIZE]    = { 552, "5.3.4", S_INIT("message too big") },
    [FAULT_HEADER]  = { 552, "5.3.4", S_INIT("message header too big") },
    [FAULT_HOPS]    = { 554, "5.4.6", S_INIT("too many Received lines: this message goes round in circles") },
    [FAULT_FROM]    = { 550, "5.7.1", S_INIT("the From address is not yours") },
    [FAULT_ROOM]    = { 452, "4.3.1", S_INIT("no room for a message now, try again") },
};
/* clang-format on */

struct intake {
    struct smtp *s;
    struct data_scan scan;
    struct data_scan probe; /* of a binary message: would it do as text? */
    struct body *body;
    struct card_builder *card;
    struct buf header; /* until its end has come */
    bool header_done;
    uint64_t seen;  /* bytes read, kept or not */
    uint64_t bytes; /* of the message, unstuffed */
    enum fault fault;
    bool tls_optional;
    str original; /* the header as it came, in the transaction's arena, if it is needed */
    struct msgid id;
    struct date now;
};

/* --- begin and end ---------------------------------------------------------------------------- */

static bool is_repaired(const struct smtp *s)
{
    const struct setting_nets *nets = &s->server->settings->repair_networks;
    for (size_t i = 0; i < nets->n; i++)
        if (netblock_has(&nets->items[i], conn_peer(s->conn))) return true;
    return false;
}

enum err intake_new(struct smtp *s, struct intake **out)
{
    struct body *body;
    enum err e = body_begin(store_engine(s->server->store), &body);
    if (e) return e;
    struct intake *in = MEM_NEW(struct intake);
    *in = (struct intake){
        .s = s,
        .scan = { .repair_lf = is_repaired(s) },
        .probe = { .chunk = true },
        .body = body,
        .card = card_begin(),
        .header = buf_make(SMTP_HEADER_BYTES + CONN_INPUT_BYTES),
        .id = store_msgid_new(s->server->store),
        .now = { .seconds = seam_wall_us(loop_seam(conn_loop(s->conn))) / 1000000 },
    };
    *out = in;
    return OK;
}

void intake_free(struct intake *in)
{
    if (!in) return;
    body_free(in->body);
    card_free(in->card);
    buf_free(&in->header);
    mem_free(in);
}

/* --- faults ----------------------------------------------------------------------------------- */

static enum fault scan_fault(unsigned found)
{
    if (found & TEXT_BARE_CR) return FAULT_BARE_CR;
    if (found & TEXT_BARE_LF) return FAULT_BARE_LF;
    if (found & TEXT_NUL) return FAULT_NUL;
    if (found & TEXT_LONG_LINE) return FAULT_LINE;
    return FAULT_NONE;
}

static void set_fault(struct intake *in, enum fault fault)
{
    if (in->fault) return;
    if (fault == FAULT_SIZE || fault == FAULT_HEADER) budget_struck(BUDGET_SMTP_SIZE);
    in->fault = fault;
}

bool intake_failed(const struct intake *in)
{
    return in->fault != FAULT_NONE;
}

bool intake_is_hopeless(const struct intake *in)
{
    return in->fault && in->seen / 2 > in->s->server->settings->size_max_bytes;
}

enum err intake_refuse(struct intake *in, bool last)
{
    unsigned code = answers[in->fault].code;
    const char *enhanced = answers[in->fault].enhanced;
    str text = answers[in->fault].text;
    return last ? smtp_reply_each(in->s, code, enhanced, text)
                : smtp_reply(in->s, code, enhanced, text);
}

/* --- the header ------------------------------------------------------------------------------- */

static void store(struct intake *in, str bytes)
{
    if (in->fault || !bytes.n) return;
    if (body_write(in->body, bytes)) {
        set_fault(in, FAULT_ROOM);
        return;
    }
    card_feed(in->card, bytes);
}

/* RFC 3848, RFC 6531 4.3. */
static str protocol(const struct smtp *s, struct arena *a)
{
    str base = s->tx.mail.utf8 ? S("UTF8SMTP") : s->esmtp ? S("ESMTP") : S("SMTP");
    if (smtp_is_lmtp(s)) base = s->tx.mail.utf8 ? S("UTF8LMTP") : S("LMTP");
    if (!s->esmtp) return base;
    str secure = conn_has_tls(s->conn) ? S("S") : S(""), user = s->logged_in ? S("A") : S("");
    return arena_concat(a, (str[]){ base, secure, user }, 3);
}

static str tls_text(const struct smtp *s, struct arena *a)
{
    const struct tls_facts *tls = conn_tls_facts(s->conn);
    return tls ? arena_concat(a, (str[]){ tls->version, S(" "), tls->cipher }, 3) : (str){ 0 };
}

static str into_arena(struct arena *a, struct buf *b)
{
    str text = arena_copy(a, buf_str(b));
    buf_free(b);
    return text;
}

static str id_text(struct arena *a, struct msgid id)
{
    struct buf b = buf_make(64);
    msgid_text(id, &b);
    return into_arena(a, &b);
}

static str peer_ip(const struct smtp *s, struct arena *a)
{
    struct buf b = buf_make(64);
    if (conn_peer(s->conn)->family != NET_UNIX) netaddr_ip_text(conn_peer(s->conn), &b);
    return into_arena(a, &b);
}

static void describe(const struct intake *in, struct received *r)
{
    struct smtp *s = in->s;
    bool hidden = s->logged_in && s->server->settings->hide_client;
    *r = (struct received){
        .helo = hidden ? S("[submission]") : buf_str(&s->helo),
        .peer_ip = hidden ? (str){ 0 } : peer_ip(s, &s->command),
        .by = smtp_hostname(s),
        .with = protocol(s, &s->command),
        .tls = tls_text(s, &s->command),
        .id = id_text(&s->command, in->id),
        .date = in->now,
        .priority = s->tx.priority,
    };
    if (s->tx.rcpts == 1) r->for_ = s->tx.first_rcpt;
}

static str id_domain(const struct smtp *s)
{
    struct address sender = s->tx.mail.sender;
    bool usable = sender.domain.n && sender.domain.p[0] != '[' && str_is_ascii(sender.domain);
    return usable ? sender.domain : smtp_hostname(s);
}

static void ignore(void *arg, str run)
{
    (void)arg, (void)run;
}

/* Of a binary message (RFC 3030 3) the header is text all the same. */
static void scan_binary_header(struct intake *in, str header)
{
    struct data_scan scan = { .chunk = true };
    if (!in->s->tx.mail.binary) return;
    data_scan(&scan, header, ignore, NULL);
    set_fault(in, scan_fault(scan.found));
}

/* RFC 8689 5: the sender would rather have it in clear than not at all. */
static bool is_tls_optional(const struct smtp *s, str header)
{
    struct header_field field;
    if (s->tx.mail.require_tls || header_count(header, S("TLS-Required")) != 1) return false;
    return header_find(header, S("TLS-Required"), &field) &&
           str_ieq(str_trim(field.value), S("No"));
}

static void header_ended(struct intake *in, str header)
{
    struct smtp *s = in->s;
    in->header_done = true;
    scan_binary_header(in, header);
    if (header.n > SMTP_HEADER_BYTES) set_fault(in, FAULT_HEADER);
    if (header_count(header, S("Received")) > s->server->settings->hops_max)
        set_fault(in, FAULT_HOPS);
    if (s->logged_in && !smtp_may_say_from(s, header)) set_fault(in, FAULT_FROM);
    if (in->fault) return;
    in->tls_optional = is_tls_optional(s, header);
    if (s->tx.told_n) in->original = arena_copy(&s->tx_arena, header);

    struct received received;
    describe(in, &received);
    struct header_fix fix = { .sender = s->tx.sender,
                              .received = &received,
                              .submission = s->logged_in,
                              .id_domain = id_domain(s) };
    seam_random(loop_seam(conn_loop(s->conn)), fix.random, sizeof(fix.random));
    struct buf out = buf_make(2 * SMTP_HEADER_BYTES);
    if (!smtp_header_fix(&out, header, &fix)) set_fault(in, FAULT_HEADER);
    store(in, buf_str(&out));
    buf_free(&out);
}

/* Bytes that the header's empty line ends, or 0 if it is not there yet. `fresh` of them are new. */
static size_t header_bytes(str held, size_t fresh)
{
    if (str_starts(held, S("\r\n"))) return 2;
    size_t old = held.n - fresh, from = old > 3 ? old - 3 : 0;
    size_t at = str_find(str_from(held, from), S("\r\n\r\n"));
    return at == STR_NPOS ? 0 : from + at + 4;
}

static void gather(struct intake *in, str run)
{
    buf_add(&in->header, run);
    str held = buf_str(&in->header);
    size_t n = header_bytes(held, run.n);
    if (in->header.full || (!n && held.n > SMTP_HEADER_BYTES)) {
        set_fault(in, FAULT_HEADER);
        return;
    }
    if (!n) return;
    header_ended(in, str_take(held, n));
    store(in, str_from(held, n));
    buf_free(&in->header);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void take(void *arg, str run)
{
    struct intake *in = arg;
    in->bytes += run.n;
    if (!in->s->tx.mail.binary) set_fault(in, scan_fault(in->scan.found));
    if (in->bytes > in->s->server->settings->size_max_bytes) set_fault(in, FAULT_SIZE);
    if (in->fault) return;
    if (in->header_done)
        store(in, run);
    else
        gather(in, run);
}

bool intake_data(struct intake *in, str bytes, size_t *used)
{
    *used = data_scan(&in->scan, bytes, take, in);
    in->seen += *used;
    set_fault(in, scan_fault(in->scan.found));
    return in->scan.place == AT_END;
}

void intake_chunk(struct intake *in, str bytes)
{
    in->scan.chunk = true;
    if (in->s->tx.mail.binary) { /* byte for byte, whatever it holds */
        in->seen += bytes.n;
        data_scan(&in->probe, bytes, ignore, NULL);
        in->scan.found |= in->probe.found & TEXT_8BIT;
        take(in, bytes);
        return;
    }
    in->seen += data_scan(&in->scan, bytes, take, in);
    set_fault(in, scan_fault(in->scan.found));
}

/* --- the commit ------------------------------------------------------------------------------- */

/* For the journey: who gave it to us and how, on one line. */
static str journey_line(const struct intake *in, struct arena *a)
{
    struct smtp *s = in->s;
    struct received r;
    describe(in, &r);
    struct buf peer = buf_make(128);
    netaddr_text(conn_peer(s->conn), &peer);
    str from = into_arena(a, &peer);
    str login = s->logged_in ? arena_concat(a, (str[]){ S(", logged in as "), s->login.address }, 2)
                             : S("");
    str tls = r.tls.n ? arena_concat(a, (str[]){ S(", "), r.tls }, 2) : S("");
    return arena_concat(a, (str[]){ S("from "), from, S(" with "), r.with, tls, login }, 6);
}

/* Clients say SMTPUTF8 to be sure; what is ASCII throughout may go to anybody. RFC 6531 3.6. */
static bool needs_utf8(const struct intake *in)
{
    const struct transaction *tx = &in->s->tx;
    return tx->mail.utf8 && (in->scan.found & TEXT_8BIT || !str_is_ascii(tx->sender));
}

/* The same of BINARYMIME: what is text throughout needs no server that takes binary mail. */
static bool is_binary(const struct intake *in)
{
    bool text = !(in->probe.found & TEXT_FAULTS) && in->probe.place == AT_LINE_START;
    return in->s->tx.mail.binary && !text;
}

static enum err commit(struct intake *in, str card)
{
    struct smtp *s = in->s;
    const struct transaction *tx = &s->tx;
    if (smtp_is_lmtp(s) && !lmtp_drop_full(s, body_size(in->body))) return OK;
    enum err e = body_seal(in->body, card.n > STORE_CARD_INLINE_BYTES ? card : (str){ 0 });
    if (e) return e;
    struct accept message = {
        .id = in->id,
        .body = in->body,
        .card = card,
        .sender = tx->sender,
        .envid = tx->mail.envid,
        .ret_full = tx->mail.ret_full,
        .utf8 = needs_utf8(in),
        .binary = is_binary(in),
        .require_tls = tx->mail.require_tls,
        .tls_optional = in->tls_optional,
        .priority = tx->priority,
        .by = tx->by,
        .release_us = tx->release_us,
        .eight_bit = in->scan.found & TEXT_8BIT || is_binary(in),
        .local = tx->local,
        .local_n = tx->local_n,
        .queue = tx->queue,
        .queue_n = tx->queue_n,
        .received = journey_line(in, &s->command),
    };
    struct deliver_success success = { .rcpts = tx->told, .n = tx->told_n, .header = in->original };
    return deliver_accept_success(s->server->deliver, &message, &success);
}

static enum err accepted(struct intake *in)
{
    struct smtp *s = in->s;
    str id = id_text(&s->command, in->id);
    str text = arena_concat(&s->command, (str[]){ S("ok, id "), id }, 2);
    s->fruitless = 0;
    log_event(LOG_INFO, "smtp.accepted", conn_id(s->conn), F_STR("id", id),
              F_STR("from", s->tx.sender), F_NUM("rcpts", s->tx.rcpts),
              F_NUM("size_bytes", body_size(in->body)));
    return smtp_is_lmtp(s) ? lmtp_answer(s, text) : smtp_reply(s, 250, "2.0.0", text);
}

static enum err answer(struct intake *in, enum err e)
{
    struct smtp *s = in->s;
    switch (e) {
    case OK: return accepted(in);
    case ERR_LATER:
        return smtp_reply_each(s, 452, "4.3.1", S("no room for a message now, try again"));
    case ERR_LIMIT: return smtp_reply_each(s, 554, "5.3.4", S("too many destinations at once"));
    default: return smtp_reply_each(s, 451, "4.3.0", S("cannot store that now, try again"));
    }
}

enum err intake_finish(struct intake *in)
{
    if (in->scan.place != AT_END && !in->s->tx.mail.binary) data_scan_finish(&in->scan, take, in);
    set_fault(in, scan_fault(in->scan.found));
    if (!in->header_done && !in->fault) header_ended(in, buf_str(&in->header));
    if (in->fault) return intake_refuse(in, true);

    struct buf card = buf_make(CARD_BYTES);
    if (!card_end(in->card, &card)) set_fault(in, FAULT_HEADER);
    enum err e = in->fault ? intake_refuse(in, true) : answer(in, commit(in, buf_str(&card)));
    buf_free(&card);
    return e;
}
