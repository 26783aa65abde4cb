/* export.c - the server's side of an export: mailboxes, lists of messages, and their bytes, as they
 * are asked for over the control socket.
 *
 *     boxes LF             for each "ID UIDVALIDITY MESSAGES SUBSCRIBED EXISTS" LF name; "." LF
 *     words ID LF          "N" LF and the mailbox's N keywords, in the order of their bits
 *     list ID UID LF       MOVE_LISTED messages from that UID on, for each "UID FLAGS KEYWORDS DATE
 *                          ZONE SIZE" LF; "." LF
 *     get ID UID LF        chunks: SIZE LF bytes … 0 LF, or "bad" LF and a reason when it cannot be
 *                          read, or its rest
 *
 * A bad message is told of and passed over; only the other side ends an export.
 */
#include "admin/move_int.h"
#include "base/limits.h"

struct exporting {
    struct admin *admin;
    struct conn *conn;
    struct account account;
};

/* --- what there is ---------------------------------------------------------------------------- */

static bool add_box(void *arg, const struct mailbox *m)
{
    struct buf *out = arg;
    buf_addf(out, "%ju %u %u %d %d\n%zu\n", (uintmax_t)m->id.n, m->uidvalidity, m->messages,
             m->subscribed, m->exists, m->name.n);
    buf_add(out, m->name);
    return true;
}

static enum err boxes(struct exporting *s, const uint64_t *n, struct buf *out)
{
    (void)n;
    struct view *v = store_view(s->admin->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailboxes(v, s->account, add_box, out);
    view_end(v);
    buf_add(out, S(".\n"));
    return e;
}

static enum err words(struct exporting *s, const uint64_t *n, struct buf *out)
{
    struct arena arena = arena_make(64 * 1024);
    struct mailbox m;
    const str *names = NULL;
    size_t count = 0;
    struct view *v = store_view(s->admin->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailbox_by_id(v, s->account, (struct mailbox_id){ n[0] }, &m);
    if (!e) e = store_keywords(v, &m, &arena, &names, &count);
    view_end(v);
    buf_addf(out, "%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        buf_addf(out, "%zu\n", names[i].n);
        buf_add(out, names[i]);
    }
    arena_free(&arena);
    return e;
}

struct listed {
    struct buf *out;
    size_t n;
};

static bool add_message(void *arg, const struct message *m)
{
    struct listed *l = arg;
    buf_addf(l->out, "%u %u %ju %ju %u %ju\n", m->uid.n, m->flags.system & MOVE_FLAGS,
             (uintmax_t)m->flags.keywords, (uintmax_t)(uint64_t)m->internal_date_s,
             (unsigned)(m->internal_zone_min + MOVE_ZONE_BIAS), (uintmax_t)m->size_bytes);
    return ++l->n < MOVE_LISTED;
}

static enum err list(struct exporting *s, const uint64_t *n, struct buf *out)
{
    struct listed l = { .out = out };
    struct mailbox m;
    struct uid_range range = { n[1] > UINT32_MAX ? UINT32_MAX : (uint32_t)n[1], UINT32_MAX };
    struct view *v = store_view(s->admin->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailbox_by_id(v, s->account, (struct mailbox_id){ n[0] }, &m);
    if (!e && n[1] <= UINT32_MAX)
        e = store_messages(v, &m, range, WANT_FLAGS | WANT_CARD, add_message, &l);
    view_end(v);
    buf_add(out, S(".\n"));
    return e;
}

/* --- a message -------------------------------------------------------------------------------- */

static enum err open_message(struct exporting *s, const uint64_t *n, struct body_reader **out)
{
    struct mailbox m;
    struct message message = { 0 };
    struct view *v = store_view(s->admin->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailbox_by_id(v, s->account, (struct mailbox_id){ n[0] }, &m);
    if (!e) e = store_message(v, &m, (struct uid){ (uint32_t)n[1] }, &message);
    view_end(v);
    return e ? e : body_open(store_engine(s->admin->store), message.blob, out);
}

static enum err send_body(struct exporting *s, struct body_reader *r)
{
    uint64_t size = body_reader_size(r);
    for (uint64_t at = 0; at < size && !conn_gone(s->conn);) {
        str piece;
        enum err e = body_read(r, at, MOVE_CHUNK_BYTES, &piece);
        if (e) return e;
        stream_word(s->conn, piece);
        at += piece.n;
    }
    return OK;
}

static enum err get(struct exporting *s, const uint64_t *n, struct buf *out)
{
    struct body_reader *r = NULL;
    enum err e = open_message(s, n, &r);
    if (!e) e = send_body(s, r);
    if (r) body_close(r);
    if (!e)
        buf_add(out, S("0\n"));
    else
        buf_addf(out, "bad\n%zu\n%s", str_of(err_text(e)).n, err_text(e));
    return OK;
}

/* --- the conversation ------------------------------------------------------------------------- */

static const struct {
    str word;
    size_t numbers;
    enum err (*run)(struct exporting *s, const uint64_t *n, struct buf *out);
} orders[] = {
    { S_INIT("get"), 2, get },
    { S_INIT("list"), 2, list },
    { S_INIT("words"), 1, words },
    { S_INIT("boxes"), 0, boxes },
};

static enum err run_order(struct exporting *s, str line, struct buf *out)
{
    uint64_t n[2];
    str word;
    if (!str_split(&line, ' ', &word)) return ERR_SYNTAX;
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        if (!str_eq(word, orders[i].word)) continue;
        enum err e = stream_numbers(line, n, orders[i].numbers);
        return e ? e : orders[i].run(s, n, out);
    }
    return ERR_SYNTAX;
}

/* Orders come many at a time; what they are answered leaves before the next wait. */
static enum err order(struct exporting *s, struct buf *out)
{
    str line;
    conn_deadline(s->conn, STREAM_MS);
    enum err e = conn_line(s->conn, 256, &line);
    if (e) return e;
    struct buf copy = buf_make(256);
    buf_add(&copy, str_chomp(line));
    buf_reset(out);
    e = run_order(s, buf_str(&copy), out);
    buf_free(&copy);
    if (e) return e;
    if (out->full) return ERR_LIMIT;
    conn_write(s->conn, buf_str(out));
    return conn_gone(s->conn) ? ERR_GONE : OK;
}

void admin_export(struct admin *a, struct conn *c, const struct admin_request *r)
{
    enum { ANSWER_BYTES = 32 * 1024 * 1024 }; /* 10,000 mailboxes with names of 1,000 bytes */
    struct exporting s = { .admin = a, .conn = c };
    struct buf out = buf_make(ANSWER_BYTES);
    unsigned turn = 0;
    if (stream_user(a, c, r, &s.account))
        while (order(&s, &out) == OK)
            if (++turn % 16 == 0) fiber_yield();
    buf_free(&out);
}
